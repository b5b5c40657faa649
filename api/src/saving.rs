//! One way for every write: command, receipt, the state at that receipt, and the views that have caught up with it.

use std::time::Duration;

use domain::{
    application::{ApplicationCommand, ApplicationId, ApplicationState, Refusal},
    documents::DocumentKind,
};
use eventstore::{ExecuteError, Receipt};
use projections::ViewName;
use serde_json::{Value, json};

use crate::situation::Found;
use crate::{
    app::App,
    problem::{Kind, Problem, Version},
    service::Call,
};

/// How long an answer waits for the views.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a write came to.
pub(crate) struct Done {
    /// The application at the receipt: later writes of others are not in it, or their revision would be taken for one that
    /// the person has seen.
    pub found: Found,
    /// Whether the views do not show it yet.
    pub behind: bool,
}

/// Executes a command and waits for the views.
///
/// # Errors
/// The refusal as a problem.
pub(crate) async fn execute(
    app: &App,
    id: &ApplicationId,
    command: ApplicationCommand,
    call: Call,
) -> Result<Done, Problem> {
    let receipt = app.service().command_application(id, command, call).await?;
    done(app, id, &receipt).await
}

/// The same for a save: a stale one is answered with both versions.
///
/// # Errors
/// The refusal as a problem.
pub(crate) async fn save(
    app: &App,
    id: &ApplicationId,
    command: ApplicationCommand,
    call: Call,
    (base, sent): (Option<u32>, Value),
) -> Result<Done, Problem> {
    match app.service().command_application(id, command, call).await {
        Ok(receipt) => done(app, id, &receipt).await,
        Err(ExecuteError::Refused(refusal)) => {
            let Refusal::StaleRevision { document, .. } = refusal else {
                return Err(refusal.into());
            };
            let problem = Problem::from(refusal);
            let now = app.service().application(id).await?;
            let state = now
                .as_ref()
                .and_then(|(application, _)| application.state());
            Err(match state {
                None => problem,
                Some(state) => problem.with_versions(
                    Version {
                        revision: state.documents.revision(document),
                        document: saved(state, document),
                    },
                    Version {
                        revision: base.unwrap_or_default(),
                        document: sent,
                    },
                ),
            })
        }
        Err(error) => Err(error.into()),
    }
}

async fn done(app: &App, id: &ApplicationId, receipt: &Receipt) -> Result<Done, Problem> {
    let (found, behind) = tokio::join!(
        at(app, id, receipt.last_sequence),
        is_behind(app, id, receipt.last_sequence)
    );
    Ok(Done {
        found: found?,
        behind,
    })
}

/// The application after one of its events.
async fn at(app: &App, id: &ApplicationId, sequence: i64) -> Result<Found, Problem> {
    let now = app.service().application(id).await?;
    let then = match now {
        Some((_, last)) if last != sequence => app.service().application_at(id, sequence).await?,
        now => now,
    };
    let (application, sequence) = then.ok_or(Problem::new(Kind::NotApplied))?;
    Ok(Found {
        id: id.clone(),
        application,
        sequence,
    })
}

/// Waits for every view of applications. That one cannot be read is no failure of the write.
async fn is_behind(app: &App, id: &ApplicationId, sequence: i64) -> bool {
    let views = &app.service().views;
    let id = id.to_string();
    let waits =
        ViewName::OF_APPLICATIONS.map(|view| views.wait_once(view, &id, sequence, PATIENCE));
    futures::future::join_all(waits)
        .await
        .into_iter()
        .any(|reached| {
            !reached.unwrap_or_else(|error| {
                tracing::warn!(%error, "waiting for a view");
                false
            })
        })
}

/// A document as it is saved, in the form in which it is read.
pub(crate) fn saved(state: &ApplicationState, document: DocumentKind) -> Value {
    let documents = &state.documents;
    match document {
        DocumentKind::Resume => json!(documents.resume.value.as_ref().map(|saved| &saved.resume)),
        DocumentKind::Profile => json!(documents.profile.value),
        DocumentKind::ResearchActivities => json!(documents.research_activities.value),
        DocumentKind::Conferences => json!({ "rows": documents.conferences.value }),
        DocumentKind::Seminars => Value::Null,
        DocumentKind::Papers => json!({ "rows": documents.papers.value }),
        DocumentKind::ClinicalExperience => json!(documents.clinical_experience.value),
    }
}
