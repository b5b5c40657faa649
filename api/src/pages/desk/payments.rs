//! 入金: what belongs to nothing yet, and the page on which a person says where one belongs.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{application::Placement, calendar::show_date};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::{
        frame::{Crumb, Frame, Notice},
        posted::Posted,
        rendered, see,
    },
    frame, sentences,
};
use crate::{
    access::Identity,
    app::App,
    intake::{Candidate, Incoming, candidates, match_by_hand, one, undo, unmatched},
    problem::{Kind, Problem},
    routes::worklist::note_list,
};

/// Where they begin.
const ADDRESS: &str = "/desk/payments";

/// Payments on a page.
const LINES: i64 = 50;

#[derive(Template)]
#[template(path = "desk/payments/list.html")]
struct List {
    frame: Frame,
    total: i64,
    lines: Vec<Line>,
    newer: Option<String>,
    older: Option<String>,
}

struct Line {
    href: String,
    member: String,
    furigana: String,
    transaction: String,
    item: &'static str,
    amount: u32,
    paid_on: String,
    payer: String,
    placement: &'static str,
    message: String,
}

#[derive(Template)]
#[template(path = "desk/payments/match.html")]
struct Match {
    frame: Frame,
    notices: Vec<Notice>,
    key: Uuid,
    line: Line,
    /// Where its form is sent.
    action: String,
    /// Where it is confirmed.
    confirmed: Option<String>,
    candidates: Vec<Choice>,
    chosen: String,
    reason: String,
}

struct Choice {
    application: String,
    program: String,
    member: String,
    name: String,
    furigana: String,
    why: &'static str,
}

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListAsked {
    page: Option<u32>,
}

/// Which payment.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MatchAsked {
    member: String,
    transaction: String,
    notice: String,
}

fn of_payment(incoming: &Incoming) -> String {
    let query = [
        ("member", incoming.member.as_str()),
        ("transaction", incoming.payment.transaction.as_str()),
    ];
    let query = serde_urlencoded::to_string(query).unwrap_or_default();
    format!("{ADDRESS}/match?{query}")
}

fn line(incoming: Incoming) -> Line {
    Line {
        href: of_payment(&incoming),
        member: incoming.member.into(),
        furigana: incoming.furigana,
        transaction: incoming.payment.transaction,
        item: incoming.payment.item.label(),
        amount: incoming.payment.amount_yen,
        paid_on: show_date(incoming.payment.paid_on),
        payer: incoming.payment.payer.value,
        placement: incoming.placement.label(),
        message: incoming.placement.sentence().unwrap_or_default(),
    }
}

fn choice(app: &App, candidate: Candidate) -> Choice {
    let programs = &app.service().programs;
    let id = candidate.application;
    Choice {
        program: programs
            .get(&id.program)
            .map_or_else(|| id.program.to_string(), |one| one.menu_title.clone()),
        application: id.to_string(),
        member: id.member.into(),
        name: candidate.name,
        furigana: candidate.furigana,
        why: if candidate.by_number {
            "会員番号"
        } else {
            "振込名義"
        },
    }
}

/// Payments that no application has.
pub(super) async fn list(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<ListAsked>,
) -> Result<Response, Problem> {
    let number = asked.page.unwrap_or(1).max(1);
    let offset = i64::from(number - 1).saturating_mul(LINES);
    let (payments, total) = unmatched(&app, (offset, LINES)).await?;
    let members = payments.iter().flat_map(Incoming::members);
    note_list(&app, &identity, members.collect()).await?;
    let page = List {
        frame: frame(&app, &identity, "入金の照合", Vec::new()),
        total,
        lines: payments.into_iter().map(line).collect(),
        newer: (number > 1).then(|| format!("{ADDRESS}?page={}", number - 1)),
        older: (offset.saturating_add(LINES) < total)
            .then(|| format!("{ADDRESS}?page={}", number.saturating_add(1))),
    };
    Ok(rendered(&page, StatusCode::OK))
}

async fn page(
    app: &App,
    identity: &Identity,
    incoming: Incoming,
    (notices, status): (Vec<Notice>, StatusCode),
    (chosen, reason): (String, String),
) -> Result<Response, Problem> {
    let confirmed = incoming
        .application
        .as_ref()
        .filter(|_| incoming.placement == Placement::Confirmed)
        .map(ToString::to_string);
    let found = if confirmed.is_some() {
        Vec::new()
    } else {
        candidates(app, identity, &incoming).await?
    };
    // Names of other members are among the candidates.
    let members = found.iter().map(|one| one.application.member.clone());
    note_list(app, identity, members.chain(incoming.members()).collect()).await?;
    let mut frame = frame(
        app,
        identity,
        "入金の手動照合",
        vec![Crumb::to("入金の照合", ADDRESS)],
    );
    frame.wrong = status.is_client_error();
    let page = Match {
        frame,
        notices,
        key: Uuid::new_v4(),
        action: of_payment(&incoming).replacen("/match?", "/match/send?", 1),
        line: line(incoming),
        confirmed,
        candidates: found.into_iter().map(|one| choice(app, one)).collect(),
        chosen,
        reason,
    };
    Ok(rendered(&page, status))
}

/// One payment with where it could belong.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<MatchAsked>,
) -> Result<Response, Problem> {
    let incoming = one(&app, &identity, &asked.member, &asked.transaction).await?;
    let notices = match asked.notice.as_str() {
        "matched" => vec![Notice::success("入金を確認しました。")],
        "undone" => vec![Notice::success("入金確認を取り消しました。")],
        _ => Vec::new(),
    };
    let nothing = (String::new(), String::new());
    page(
        &app,
        &identity,
        incoming,
        (notices, StatusCode::OK),
        nothing,
    )
    .await
}

/// What is needed before anything is done: a reason, as for every payment by hand.
fn reason(posted: &Posted) -> Result<String, Problem> {
    let reason = posted.fields.text("reason");
    domain::application::check_reason(&reason, true)?;
    Ok(reason)
}

/// Does one of the two, and shows the payment again.
async fn done(app: App, posted: Posted, undoing: bool) -> Result<Response, Problem> {
    let text = |name| posted.fields.text(name);
    let (member, transaction, application) =
        (text("member"), text("transaction"), text("application"));
    let incoming = one(&app, &posted.identity, &member, &transaction).await?;
    let address = of_payment(&incoming);
    let attempt = async {
        let reason = reason(&posted)?;
        let call = posted.call_because(reason.clone());
        if undoing {
            let why = (reason, call);
            undo(&app, &posted.identity, &application, &transaction, why).await
        } else {
            if application.is_empty() {
                return Err(Problem::new(Kind::Invalid)
                    .at("/application", "照合する申請を選んでください。"));
            }
            match_by_hand(&app, &posted.identity, &incoming, &application, call).await
        }
    };
    match attempt.await {
        Ok(()) => {
            let notice = if undoing { "undone" } else { "matched" };
            Ok(see(&format!("{address}&notice={notice}")))
        }
        Err(problem) if problem.kind().status().is_client_error() => {
            let shown = (sentences(&problem), problem.kind().status());
            let typed = (application, text("reason"));
            page(&app, &posted.identity, incoming, shown, typed).await
        }
        Err(problem) => Err(problem),
    }
}

/// A person says where the payment belongs.
pub(super) async fn confirm(State(app): State<App>, posted: Posted) -> Result<Response, Problem> {
    done(app, posted, false).await
}

/// The same taken back.
pub(super) async fn reverse(State(app): State<App>, posted: Posted) -> Result<Response, Problem> {
    done(app, posted, true).await
}
