//! ある時点の申請: as the secretariat would have seen it then, and two moments beside each other.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::{ApplicationId, ApplicationState},
    calendar::show_jst_minutes,
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
    moment::{Fields, chosen},
    print::{Block, Content, Section, completions},
    problem::{Kind, Problem},
    routes::{history::unreadable, status::Moment},
    situation::{Found, found, program},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Number of an event of the application.
    sequence: String,
    /// Ledger number.
    ledger: String,
    /// A moment as it is written anywhere, in an address.
    at: String,
    /// The same, called as everywhere else.
    as_of: String,
    /// The day that is chosen in the form.
    day: String,
    /// The time that is chosen in the form; none: the whole day.
    time: String,
    /// Number of a 本紙.
    submission: String,
    /// Number of the event to compare with; today's state when it is left out.
    with: String,
}

impl Asked {
    /// A moment that is written out in the address.
    fn written(&self) -> Option<&str> {
        let mut written = [&self.as_of, &self.at].into_iter().map(|text| text.trim());
        written.find(|text| !text.is_empty())
    }

    /// What stands in the form: what was chosen in it, else what the address says.
    fn fields(&self) -> Fields {
        let read = match self.written() {
            Some(written) => Fields::showing(written),
            None => Fields::default(),
        };
        if read != Fields::default() {
            return read;
        }
        Fields {
            day: self.day.clone(),
            time: self.time.clone(),
            number: String::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "desk/moment.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    address: String,
    review: String,
    asked: Asked,
    fields: Fields,
    /// What was asked for; none when it was refused, and the form stays to be mended.
    shown: Option<Shown>,
    last: i64,
}

/// The moment beside the other one.
struct Shown {
    then: Then,
    /// 認められた単位, and what is needed; none where no documents are applied for.
    units: Option<(u32, u32)>,
    other: Then,
    sections: Vec<Section>,
    differences: Vec<(DocumentKind, Vec<Difference>)>,
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
    if let Some(written) = asked.written() {
        return Moment::asked(app, id, written).await.map(Some);
    }
    if let Some(sequence) = number("sequence", &asked.sequence)? {
        return Ok(Some(Moment::After(sequence)));
    }
    if let Some(ledger) = number("ledger", &asked.ledger)? {
        return Moment::after_ledger(app, id, ledger).await.map(Some);
    }
    if let Some(wanted) = number("submission", &asked.submission)? {
        let events = app.service().application_events(id).await?;
        let completion = completions(&events)
            .into_iter()
            .find(|one| i64::from(one.submission.number) == wanted)
            .ok_or(Problem::new(Kind::NoSuchSubmission))?;
        return Ok(Some(Moment::After(completion.sequence)));
    }
    match chosen(&asked.day, &asked.time)? {
        None => Ok(None),
        Some(at) => Moment::asked(app, id, &at).await.map(Some),
    }
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
        lines: application
            .status(program, at)
            .map_or_else(Vec::new, |status| status.lines),
        state,
    })
}

/// The moment that is asked for, beside the other one.
async fn look(app: &App, found: &Found, asked: &Asked) -> Result<Shown, Problem> {
    let id = &found.id;
    let last = Moment::After(found.sequence);
    let wanted = moment(app, id, asked).await?.unwrap_or(last);
    let shown = then(app, id, wanted).await?;
    let with = number("with", &asked.with)?.map_or(last, Moment::After);
    let other = then(app, id, with).await?;
    let program = program(app, &shown.state)?;
    Ok(Shown {
        sections: Content::documents(&shown.state, program, app.service().clock.now()),
        units: shown.state.has_documents().then(|| {
            (
                shown.state.recognised_units(&program.rules),
                program.rules.requirements.total_units,
            )
        }),
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
    })
}

/// ある時点の申請を表示. A moment that is refused leaves the form with what was typed.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let found = found(&app, &identity, &id).await?;
    let (shown, notices, status) = match look(&app, &found, &asked).await {
        Ok(shown) => (Some(shown), Vec::new(), StatusCode::OK),
        Err(problem) if problem.kind().status().is_client_error() => {
            (None, super::sentences(&problem), problem.kind().status())
        }
        Err(problem) => return Err(problem),
    };
    let address = super::of(&found.id);
    let mut frame = frame(
        &app,
        &identity,
        "ある時点の申請",
        vec![
            Crumb::to("申請一覧", "/desk/applications"),
            Crumb::to("確認画面", address.clone()),
        ],
    );
    frame.wrong = shown.is_none();
    let screen = Page {
        frame,
        notices,
        shown,
        last: found.sequence,
        fields: asked.fields(),
        asked,
        review: address.clone(),
        address: format!("{address}/moment"),
    };
    Ok(rendered(&screen, status))
}
