//! 会員のセミナーの出欠: what the society has recorded, and its correction by hand.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    calendar::show_date,
    member::{Member, MemberNumber, SeminarKind},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::{
        frame::{Frame, Notice},
        posted::Posted,
        rendered, see,
    },
    frame, sentences,
};
use crate::{
    access::Identity,
    app::App,
    problem::Problem,
    routes::attendance::{TypedAttendance, TypedRetraction, known, record, retract},
};

#[derive(Template)]
#[template(path = "desk/member.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    address: String,
    key: Uuid,
    number: String,
    name: String,
    furigana: String,
    seminars: Vec<Seminar>,
    kinds: [&'static str; 3],
    typed: TypedAttendance,
}

struct Seminar {
    /// What was typed about taking it back, and refused.
    reason: String,
    code: String,
    name: String,
    kind: &'static str,
    first_day: String,
    days: String,
    units: u32,
}

/// What has just been done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    notice: String,
}

fn page(
    app: &App,
    identity: &Identity,
    (number, member): (MemberNumber, Member),
    (notices, status): (Vec<Notice>, StatusCode),
    typed: TypedAttendance,
    retracting: &TypedRetraction,
) -> Response {
    let record = member.record.as_ref();
    let mut frame = frame(app, identity, "セミナーの出欠", Vec::new());
    frame.wrong = status.is_client_error();
    let page = Page {
        frame,
        notices,
        address: format!("/desk/members/{number}"),
        key: Uuid::new_v4(),
        name: record.map(|record| record.name.clone()).unwrap_or_default(),
        furigana: record
            .map(|record| record.furigana.clone())
            .unwrap_or_default(),
        number: number.into(),
        seminars: member
            .attendance
            .into_values()
            .map(|one| Seminar {
                kind: match one.kind {
                    SeminarKind::A => "A",
                    SeminarKind::B => "B",
                    SeminarKind::BestOfAsco => "BOA",
                },
                days: format!(
                    "{} ~ {}",
                    show_date(one.key.first_day),
                    show_date(one.last_day)
                ),
                reason: if retracting.code == one.key.code
                    && retracting.first_day == one.key.first_day.to_string()
                {
                    retracting.reason.clone()
                } else {
                    String::new()
                },
                first_day: one.key.first_day.to_string(),
                code: one.key.code,
                name: one.name,
                units: one.units,
            })
            .collect(),
        kinds: ["A", "B", "BOA"],
        typed,
    };
    rendered(&page, status)
}

/// The attendance of a member.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(number): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let found = known(&app, &identity, &number).await?;
    let notices = match asked.notice.as_str() {
        "recorded" => vec![Notice::success("出席を登録しました。")],
        "retracted" => vec![Notice::success("出席を取り消しました。")],
        _ => Vec::new(),
    };
    let nothing = TypedAttendance::default();
    Ok(page(
        &app,
        &identity,
        found,
        (notices, StatusCode::OK),
        nothing,
        &TypedRetraction::default(),
    ))
}

fn answered(
    app: &App,
    identity: &Identity,
    found: (MemberNumber, Member),
    (done, notice): (Result<(), Problem>, &str),
    typed: TypedAttendance,
    retracting: &TypedRetraction,
) -> Result<Response, Problem> {
    match done {
        Ok(()) => Ok(see(&format!("/desk/members/{}?notice={notice}", found.0))),
        Err(problem) if problem.kind().status().is_client_error() => {
            let shown = (sentences(&problem), problem.kind().status());
            Ok(page(app, identity, found, shown, typed, retracting))
        }
        Err(problem) => Err(problem),
    }
}

/// 出席, new or in the place of the earlier one.
pub(super) async fn add(
    State(app): State<App>,
    Path(number): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let found = known(&app, &posted.identity, &number).await?;
    let text = |name| posted.fields.text(name);
    let typed = TypedAttendance {
        code: text("code"),
        name: text("name"),
        kind: text("kind"),
        first_day: text("first_day"),
        last_day: text("last_day"),
        units: text("units"),
        reason: text("reason"),
    };
    let done = record(&app, &found.0, &typed, posted.call()).await;
    answered(
        &app,
        &posted.identity,
        found,
        (done, "recorded"),
        typed,
        &TypedRetraction::default(),
    )
}

/// 出席の取消
pub(super) async fn take_back(
    State(app): State<App>,
    Path(number): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let found = known(&app, &posted.identity, &number).await?;
    let text = |name| posted.fields.text(name);
    let typed = TypedRetraction {
        code: text("code"),
        first_day: text("first_day"),
        reason: text("reason"),
    };
    let done = retract(&app, &found.0, &typed, posted.call()).await;
    let nothing = TypedAttendance::default();
    answered(
        &app,
        &posted.identity,
        found,
        (done, "retracted"),
        nothing,
        &typed,
    )
}
