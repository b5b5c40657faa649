//! 差し戻し: what is to be corrected, written beside what it is about; then exactly what the member will get; then it is sent.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::{
        Act, ApplicationCommand, ApplicationState, AskedCorrection, CheckMark, CheckTarget,
        SocietyCommand,
    },
    calendar::{jst_date, parse_deadline, show_deadline},
    documents::{DocumentKind, RowId},
};
use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use super::{
    super::{
        frame::{Crumb, Frame, Notice},
        posted::Posted,
        rendered, see,
    },
    frame,
    review::words,
};
use crate::{
    access::Identity,
    app::App,
    problem::{Kind, Problem},
    saving::execute,
    situation::{Found, found},
};

/// Days that a member has when nothing else is typed (A, reference 4.3).
const DAYS: i32 = 14;

/// Phrases that are needed again and again; the browser offers them beside the field.
const PHRASES: [&str; 7] = [
    "証明書の写しと内容が異なります。ご確認のうえ修正してください。",
    "開催日が学術集会の会期と異なります。ご確認ください。",
    "掲載誌名・巻・号・頁を追記してください。",
    "採択日が対象期間内であることを確認できません。日付をご確認ください。",
    "他学会の業績は「研究業績 論文」に種別「学会」で登録してください。",
    "具体的な内容を追記してください。",
    "期間に空白があります。該当期間の診療・研究活動を追記してください。",
];

#[derive(Template)]
#[template(path = "desk/send_back.html")]
struct Form {
    frame: Frame,
    notices: Vec<Notice>,
    address: String,
    name: String,
    key: Uuid,
    seen: String,
    phrases: &'static [&'static str],
    documents: Vec<Document>,
    message: String,
    until: String,
    reason: String,
    /// What will be sent, after it was checked.
    preview: Option<Preview>,
}

struct Preview {
    due: String,
    items: Vec<(String, String)>,
}

struct Document {
    title: &'static str,
    /// The document as a whole and its own fields.
    whole: Vec<Target>,
    rows: Vec<Target>,
    open: bool,
}

/// Something that a comment may be tied to.
struct Target {
    /// Name of the comment's field.
    name: String,
    /// Name of the select for the field of a row.
    field_name: Option<String>,
    id: String,
    label: String,
    fields: Vec<(&'static str, &'static str, bool)>,
    comment: String,
    needs_correction: bool,
}

/// Where a comment is found in the form.
fn name_of(document: DocumentKind, row: Option<&str>, field: Option<&str>) -> String {
    format!(
        "comment:{}:{}:{}",
        document.slug(),
        row.unwrap_or_default(),
        field.unwrap_or_default()
    )
}

fn documents(state: &ApplicationState, typed: &dyn Fn(&str) -> String) -> Vec<Document> {
    DocumentKind::ALL
        .into_iter()
        .map(|kind| {
            let whole = std::iter::once((None, "書類全体"))
                .chain(
                    kind.fields()
                        .iter()
                        .filter(|field| !field.of_row)
                        .map(|field| (Some(field.name), field.label)),
                )
                .map(|(field, label)| {
                    let name = name_of(kind, None, field);
                    let needs = field.is_none()
                        && state.review.mark(&CheckTarget::whole(kind))
                            == CheckMark::NeedsCorrection;
                    Target {
                        comment: typed(&name),
                        id: format!("{}-{}", kind.slug(), field.unwrap_or("whole")),
                        field_name: None,
                        label: label.to_owned(),
                        fields: Vec::new(),
                        needs_correction: needs,
                        name,
                    }
                })
                .collect::<Vec<_>>();
            let rows = state
                .review_rows(kind)
                .into_iter()
                .zip(1..)
                .map(|(row, number)| {
                    let name = name_of(kind, Some(&row), None);
                    let field_name = format!("field:{}:{row}", kind.slug());
                    let chosen = typed(&field_name);
                    let target = CheckTarget::row(kind, &row);
                    Target {
                        comment: typed(&name),
                        id: format!("{}-{number}", kind.slug()),
                        label: format!("{number}　{}", words(state, kind, &row)),
                        fields: kind
                            .fields()
                            .iter()
                            .filter(|field| field.of_row)
                            .map(|field| (field.name, field.label, field.name == chosen))
                            .collect(),
                        field_name: Some(field_name),
                        needs_correction: state.review.mark(&target) == CheckMark::NeedsCorrection,
                        name,
                    }
                })
                .collect::<Vec<_>>();
            let open = whole
                .iter()
                .chain(&rows)
                .any(|target| target.needs_correction || !target.comment.is_empty());
            Document {
                title: kind.title(),
                whole,
                rows: if kind == DocumentKind::Seminars {
                    Vec::new()
                } else {
                    rows
                },
                open,
            }
        })
        .collect()
}

/// The items of a form, in its order.
fn items(posted: &Posted) -> Result<Vec<AskedCorrection>, Problem> {
    let tampered = || Problem::new(Kind::PageTampered);
    let mut items = Vec::new();
    for (name, comment) in posted.fields.iter() {
        let Some(rest) = name.strip_prefix("comment:") else {
            continue;
        };
        if domain::text::is_blank(comment) {
            continue;
        }
        let mut parts = rest.split(':');
        let (document, row, field) = (parts.next(), parts.next(), parts.next());
        let document = document
            .and_then(DocumentKind::from_slug)
            .ok_or_else(tampered)?;
        let row = match row.unwrap_or_default() {
            "" => None,
            row => Some(RowId(Uuid::parse_str(row).map_err(|_| tampered())?)),
        };
        let field = match (row, field.unwrap_or_default()) {
            (Some(row), _) => posted
                .fields
                .text(&format!("field:{}:{row}", document.slug())),
            (None, field) => field.to_owned(),
        };
        items.push(AskedCorrection {
            document,
            row,
            field: (!field.is_empty()).then_some(field),
            comment: comment.clone(),
        });
    }
    Ok(items)
}

/// What stands in `<input type="datetime-local">`, in Japan.
fn due(posted: &Posted) -> Result<Timestamp, Problem> {
    parse_deadline(&posted.fields.text("until"))
        .map_err(|error| Problem::new(Kind::Invalid).at("/until", error.message("修正の期限")))
}

fn page(
    app: &App,
    identity: &Identity,
    found: &Found,
    (notices, status): (Vec<Notice>, StatusCode),
    posted: Option<&Posted>,
    preview: Option<Preview>,
) -> Result<Response, Problem> {
    let state = found.state()?;
    let typed = |name: &str| posted.map_or_else(String::new, |posted| posted.fields.text(name));
    let address = super::of(&found.id);
    let mut frame = frame(
        app,
        identity,
        "差し戻し",
        vec![
            Crumb::to("申請一覧", "/desk/applications"),
            Crumb::to("確認画面", address.clone()),
        ],
    );
    frame.wrong = status.is_client_error();
    let day = jst_date(app.service().clock.now()).saturating_add(DAYS.days());
    let until = match typed("until") {
        typed if typed.is_empty() => format!("{day}T17:00"),
        typed => typed,
    };
    let screen = Form {
        frame,
        notices,
        name: state.record.name.clone(),
        key: Uuid::new_v4(),
        seen: match typed("seen") {
            seen if seen.is_empty() => state.review.revision.to_string(),
            seen => seen,
        },
        phrases: &PHRASES,
        documents: documents(state, &typed),
        message: typed("message"),
        until,
        reason: typed("reason"),
        preview,
        address,
    };
    Ok(rendered(&screen, status))
}

/// The form.
pub(super) async fn form(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let found = found(&app, &identity, &id).await?;
    page(
        &app,
        &identity,
        &found,
        (Vec::new(), StatusCode::OK),
        None,
        None,
    )
}

/// An item in the words in which the member will read it.
fn shown(state: &ApplicationState, item: &AskedCorrection) -> (String, String) {
    let mut place = item.document.title().to_owned();
    if let Some(row) = item.row {
        let rows = state.review_rows(item.document);
        let number = rows.iter().position(|known| *known == row.to_string());
        if let Some(number) = number {
            place = format!("{place} 明細{}", number + 1);
        }
    }
    if let Some(field) = item
        .field
        .as_deref()
        .and_then(|name| item.document.field(name))
    {
        place.push(' ');
        place.push_str(field.label);
    }
    (place, item.comment.clone())
}

/// 内容を確認する, then 差し戻す.
pub(super) async fn send(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let identity = posted.identity.clone();
    let found = found(&app, &identity, &id).await?;
    if posted.fields.says("step", "edit") {
        return page(
            &app,
            &identity,
            &found,
            (Vec::new(), StatusCode::OK),
            Some(&posted),
            None,
        );
    }
    let reason = posted.fields.text("reason");
    let read = || -> Result<(Act, Vec<AskedCorrection>), Problem> {
        let items = items(&posted)?;
        let act = Act::Return {
            items: items.clone(),
            message: posted.fields.text("message"),
            due: due(&posted)?,
        };
        Ok((act, items))
    };
    let (act, items) = match read() {
        Ok(read) => read,
        Err(problem) => return refused(&app, &identity, &found, &posted, &problem),
    };
    let command = ApplicationCommand::Society(SocietyCommand {
        act,
        // What the member is told are the message and the items.
        explanation: String::new(),
        reason: reason.clone(),
        seen: posted.fields.text("seen").parse().ok(),
        approved: None,
    });
    if !posted.fields.says("step", "send") {
        // Decided, and done nowhere: the preview shows what would be sent, or why it can not be.
        let context = domain::Context {
            actor: identity.actor().clone(),
            at: app.service().clock.now(),
        };
        let programs = &app.service().programs;
        return match domain::application::decide(&found.application, command, &context, programs) {
            Ok(_) => {
                let state = found.state()?;
                let due = due(&posted);
                let preview = Preview {
                    due: due.map(show_deadline).unwrap_or_default(),
                    items: items.iter().map(|item| shown(state, item)).collect(),
                };
                let ok = (Vec::new(), StatusCode::OK);
                page(&app, &identity, &found, ok, Some(&posted), Some(preview))
            }
            Err(refusal) => refused(&app, &identity, &found, &posted, &refusal.into()),
        };
    }
    let call = if domain::text::is_blank(&reason) {
        posted.call()
    } else {
        posted.call_because(reason)
    };
    match execute(&app, &found.id, command, call).await {
        Ok(_) => Ok(see(&format!("{}?notice=returned", super::of(&found.id)))),
        Err(problem) if problem.kind().status().is_client_error() => {
            refused(&app, &identity, &found, &posted, &problem)
        }
        Err(problem) => Err(problem),
    }
}

fn refused(
    app: &App,
    identity: &Identity,
    found: &Found,
    posted: &Posted,
    problem: &Problem,
) -> Result<Response, Problem> {
    let mut notices = vec![Notice::error(problem.body().detail.clone())];
    notices.extend(
        problem
            .body()
            .errors
            .iter()
            .filter(|error| error.message != problem.body().detail)
            .map(|error| Notice::error(error.message.clone())),
    );
    let status = problem.kind().status();
    page(app, identity, found, (notices, status), Some(posted), None)
}
