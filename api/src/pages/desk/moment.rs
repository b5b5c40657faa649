//! ある時点の申請: as the secretariat would have seen it then, and two moments beside each other.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::{Application, ApplicationId, ApplicationState},
    calendar::{parse_instant, show_jst_minutes},
    documents::DocumentKind,
};
use serde::Deserialize;

use super::{
    super::{
        field::Difference,
        frame::{Crumb, Frame, Notice},
        history::compared,
        rendered,
    },
    frame,
};
use crate::{
    access::Identity,
    app::App,
    print::{Block, Content, Section, Sheet, completions},
    problem::{Kind, Problem},
    routes::{history::unreadable, status::Moment},
    situation::{found, program},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Number of an event of the application.
    sequence: String,
    /// Ledger number.
    ledger: String,
    /// `2026-06-03T18:30`, in Japan.
    at: String,
    /// Number of a 本紙.
    submission: String,
    /// Number of the event to compare with; today's state when it is left out.
    with: String,
}

#[derive(Template)]
#[template(path = "desk/moment.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    address: String,
    review: String,
    asked: Asked,
    then: Then,
    other: Then,
    sections: Vec<Section>,
    differences: Vec<(DocumentKind, Vec<Difference>)>,
    last: i64,
}

/// An application at a moment.
struct Then {
    sequence: i64,
    at: String,
    lines: Vec<String>,
    state: ApplicationState,
}

fn number(name: &str, text: &str) -> Result<Option<i64>, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .map(Some)
        .ok_or_else(|| unreadable(name, "番号"))
}

/// Which moment is asked for; none for today.
async fn moment(app: &App, id: &ApplicationId, asked: &Asked) -> Result<Option<Moment>, Problem> {
    if let Some(sequence) = number("sequence", &asked.sequence)? {
        return Ok(Some(Moment::After(sequence)));
    }
    if let Some(ledger) = number("ledger", &asked.ledger)? {
        let sequence = app
            .service()
            .log
            .sequence_at::<Application>(&id.to_string(), ledger)
            .await?;
        return match sequence {
            Some(sequence) => Ok(Some(Moment::After(sequence))),
            None => Err(Problem::saying(
                Kind::NotFound,
                "この台帳番号の時点では、まだお申込みがありません。番号をご確認ください。",
            )),
        };
    }
    if let Some(wanted) = number("submission", &asked.submission)? {
        let events = app.service().application_events(id).await?;
        let completion = completions(&events)
            .into_iter()
            .find(|one| i64::from(one.submission.number) == wanted)
            .ok_or(Problem::new(Kind::NoSuchSubmission))?;
        return Ok(Some(Moment::After(completion.sequence)));
    }
    let at = asked.at.trim();
    if at.is_empty() {
        return Ok(None);
    }
    let at = parse_instant(at).map_err(|_| unreadable("at", "日時"))?;
    // A minute that is named is over: everything that was decided in it has happened.
    let end = at
        .checked_add(jiff::SignedDuration::from_micros(59_999_999))
        .unwrap_or(at);
    Ok(Some(Moment::At(end)))
}

async fn then(app: &App, id: &ApplicationId, moment: Moment) -> Result<Then, Problem> {
    let (sequence, at) = moment.in_history_of(app, id).await?;
    let (application, sequence) = app
        .service()
        .application_at(id, sequence)
        .await?
        .ok_or(Problem::new(Kind::NotApplied))?;
    let state = application
        .state()
        .ok_or(Problem::new(Kind::NotApplied))?
        .clone();
    let program = program(app, &state)?;
    Ok(Then {
        sequence,
        at: show_jst_minutes(at),
        lines: match application {
            Application::Withdrawn(_) => vec!["申請: 取下げ".to_owned()],
            _ => state.status(program, at).lines,
        },
        state,
    })
}

/// ある時点の申請を表示
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let found = found(&app, &identity, &id).await?;
    let id = found.id.clone();
    let last = Moment::After(found.sequence);
    let wanted = moment(&app, &id, &asked).await?.unwrap_or(last);
    let shown = then(&app, &id, wanted).await?;
    let with = number("with", &asked.with)?.map_or(last, Moment::After);
    let other = then(&app, &id, with).await?;
    let program = program(&app, &shown.state)?;
    let sheet = Sheet::Provisional {
        generated_at: app.service().clock.now(),
    };
    let address = super::of(&id);
    let screen = Page {
        frame: frame(
            &app,
            &identity,
            "ある時点の申請",
            vec![
                Crumb::to("申請一覧", "/desk/applications"),
                Crumb::to("確認画面", address.clone()),
            ],
        ),
        notices: Vec::new(),
        sections: Content::new(&shown.state, program, &sheet).sections,
        differences: DocumentKind::ALL
            .into_iter()
            .map(|kind| {
                let (then, now) = (&shown.state.documents, &other.state.documents);
                (kind, compared(kind, then, now, &program.rules))
            })
            .filter(|(_, differences)| !differences.is_empty())
            .collect(),
        then: shown,
        other,
        last: found.sequence,
        asked,
        review: address.clone(),
        address: format!("{address}/moment"),
    };
    Ok(rendered(&screen, StatusCode::OK))
}
