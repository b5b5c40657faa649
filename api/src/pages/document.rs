//! Documents that are saved as a whole: 履歴書, プロフィール, 業績目録.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::{Refusal, not_asked_for, with_closed},
    calendar::{jst_date, show_jst_minutes},
    documents::{DocumentKind, FieldError, Resume, with_commas},
    member::{Contact, FieldDifference, MemberRecord},
    sentences::Sentence,
};
use serde::Deserialize;

use super::{
    entry::{self, WholeEntry},
    field::Field,
    form::Form,
    frame::{Frame, Notice},
    panel::Panel,
    posted::Posted,
    rendered, see,
    visit::{Tab, Visit},
};
use crate::{
    access::Identity,
    app::App,
    print::Unprintable,
    problem::{Kind, Problem},
};

/// What an address of a document may say.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// What has just been done.
    pub notice: Option<String>,
    /// Names of the fields that a save did not take.
    pub left: Option<String>,
}

#[derive(Template)]
#[template(path = "document.html")]
struct Page {
    frame: Frame,
    panel: Panel,
    tabs: Vec<Tab>,
    notices: Vec<Notice>,
    document: DocumentKind,
    /// What it shows when it cannot be edited.
    fields: Vec<Field>,
    form: Option<Form>,
    resume: Option<Record>,
    history: String,
    /// `1,040`
    character_limit: String,
}

/// 会員基本情報 as 履歴書 shows it.
struct Record {
    fields: Vec<(&'static str, String)>,
    /// 会員歴
    membership: Option<String>,
    differences: Vec<FieldDifference>,
    home_is_contact: bool,
}

impl Record {
    fn of(visit: &Visit<'_>) -> Result<Self, Problem> {
        let saved = visit.state()?.documents.resume.value.as_ref();
        let shown: &MemberRecord = saved.map_or(&visit.record, |saved| &saved.record);
        let today = jst_date(visit.now);
        Ok(Self {
            fields: shown.shown_fields(),
            membership: shown
                .membership_years(today)
                .map(|years| format!("{years}年")),
            differences: saved
                .map(|saved| saved.record.differences(&visit.record))
                .unwrap_or_default(),
            home_is_contact: shown.contact == Contact::Home,
        })
    }
}

/// What has just been done with a document, in words.
pub(super) async fn notices(
    visit: &Visit<'_>,
    kind: DocumentKind,
    (notice, left): (Option<&str>, Option<&str>),
) -> Result<Vec<Notice>, Problem> {
    let mut notices = Vec::new();
    let said = match notice {
        Some("saved") => Some("入力内容を保存しました。"),
        Some("added") => Some("明細を登録しました。"),
        Some("removed") => Some("明細を削除しました。「削除した明細」から元に戻せます。"),
        Some("returned") => Some("削除した明細を元に戻しました。"),
        Some("restored") => {
            Some("以前の版の内容に戻しました。変更履歴に新しい変更として残っています。")
        }
        _ => None,
    };
    if let Some(said) = said {
        let at = updated_at(visit, kind).await?;
        let at = at.map_or_else(String::new, |at| format!("（更新日時 {at}）"));
        notices.push(Notice::success(format!("{said}{at}")));
        // By name, as the rest is saved.
        let fields = left.unwrap_or_default().split(',');
        notices.extend(
            fields
                .filter_map(|name| kind.field(name))
                .map(|field| Notice::warning(not_asked_for(field.label))),
        );
    }
    if visit.viewer.is_some() {
        return Ok(notices);
    }
    if let Some(ended) = visit.stand().ended() {
        notices.push(Notice::warning(ended.words()));
    } else if visit.may_edit(kind)? {
        notices.extend(asked_for(visit, kind)?);
        // Where it can be mended, and not only when it is printed.
        let unprintable = visit.provisional()?.unprintable();
        notices.extend(
            unprintable
                .iter()
                .filter(|one| one.document == Some(kind))
                .map(unprintable_notice),
        );
    } else if let Some(closed) = visit
        .stand()
        .first_of(&[Sentence::DocumentNotAskedFor, Sentence::DocumentCompleted])
    {
        notices.push(Notice::info(closed.words()));
    }
    Ok(notices)
}

/// What the secretariat asked for in a document, where it is to be mended.
fn asked_for(visit: &Visit<'_>, kind: DocumentKind) -> Result<Vec<Notice>, Problem> {
    let state = visit.state()?;
    let Some(correction) = visit.found.application.open_correction() else {
        return Ok(Vec::new());
    };
    let rows = state.review_rows(kind);
    Ok(correction
        .request
        .items
        .iter()
        .filter(|item| item.document == kind)
        .map(|item| {
            let row = item.row.map_or_else(String::new, |row| {
                let number = rows.iter().position(|known| *known == row.to_string());
                number.map_or_else(String::new, |number| format!(" 明細{}", number + 1))
            });
            let field = item.field.as_deref().and_then(|name| kind.field(name));
            let field = field.map_or_else(String::new, |field| format!(" {}", field.label));
            Notice::warning(format!(
                "修正のお願い {}{row}{field}: {}",
                item.number, item.comment.value
            ))
        })
        .collect())
}

/// That a character is not printed as typed.
pub(super) fn unprintable_notice(one: &Unprintable) -> Notice {
    if one.replaced {
        Notice::warning(one.message())
    } else {
        Notice::info(one.message())
    }
}

/// 更新日時 of a document.
async fn updated_at(visit: &Visit<'_>, kind: DocumentKind) -> Result<Option<String>, Problem> {
    let list = visit
        .app
        .service()
        .views
        .document_list(&visit.id().to_string())
        .await
        .map_err(|error| Problem::failed("reading the document list", &error))?;
    Ok(list
        .and_then(|list| list.documents.into_iter().find(|line| line.kind == kind))
        .and_then(|line| line.updated_at)
        .map(show_jst_minutes))
}

fn form<T: WholeEntry>(
    visit: &Visit<'_>,
    value: &T,
    errors: &[FieldError],
) -> Result<Form, Problem> {
    let address = visit.document(T::KIND);
    let revision = visit.state()?.documents.revision(T::KIND);
    let mut form = Form::of(
        value,
        &visit.program.rules,
        errors,
        format!("{address}/save"),
        revision,
    );
    form.preview = format!("{address}/preview");
    form.cancel = address;
    let mut form = form.opened::<T>(visit.state()?, T::KIND, None);
    if T::KIND == DocumentKind::Resume && !Resume::may_withhold_home(&visit.record) {
        form.forbid("withhold_home");
    }
    Ok(form)
}

/// How an address says what a save did not take: the names of the fields.
pub(super) fn left(errors: &[FieldError]) -> String {
    if errors.is_empty() {
        return String::new();
    }
    let names: Vec<_> = errors
        .iter()
        .map(|error| error.pointer.trim_start_matches('/'))
        .collect();
    format!("&left={}", names.join(","))
}

fn page<T: WholeEntry>(
    visit: &Visit<'_>,
    notices: Vec<Notice>,
    form: Option<Form>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let state = visit.state()?;
    let mut frame = visit.document_frame(T::KIND);
    frame.wrong = form
        .as_ref()
        .is_some_and(|form| !form.summary.is_empty() || form.stale.is_some());
    let rules = &visit.program.rules;
    let saved = T::saved(&state.documents);
    let page = Page {
        frame,
        panel: visit.panel()?,
        tabs: visit.tabs(Some(T::KIND))?,
        notices,
        document: T::KIND,
        fields: saved.map_or_else(Vec::new, |saved| saved.fields(rules)),
        form,
        resume: (T::KIND == DocumentKind::Resume)
            .then(|| Record::of(visit))
            .transpose()?,
        history: visit.below(&format!("history?document={}", T::KIND.slug())),
        character_limit: with_commas(rules.profile.character_limit),
    };
    Ok(rendered(&page, status))
}

/// A document's screen.
pub(super) async fn show<T: WholeEntry>(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    has_documents(&visit)?;
    let state = visit.state()?;
    let form = if visit.may_edit(T::KIND)? {
        let errors = state.documents.errors(T::KIND, &visit.program.rules);
        let value = T::saved(&state.documents).cloned().unwrap_or_default();
        Some(form(&visit, &value, &errors)?)
    } else {
        None
    };
    let done = (asked.notice.as_deref(), asked.left.as_deref());
    let notices = notices(&visit, T::KIND, done).await?;
    page::<T>(&visit, notices, form, StatusCode::OK)
}

/// 筆記試験のみ has no documents to fill in.
pub(super) fn has_documents(visit: &Visit<'_>) -> Result<(), Problem> {
    if visit.state()?.has_documents() {
        Ok(())
    } else {
        Err(Refusal::DocumentsNotApplied.into())
    }
}

/// 入力内容保存
pub(super) async fn save<T: WholeEntry>(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let saved = T::saved(&visit.state()?.documents);
    let rules = &visit.program.rules;
    let mut closed = posted.fields.all("closed");
    let typed = if visit.state()?.open_correction().is_some() {
        // Most of the form is closed then: what it does not send stays as it is, and what it sends is not lost for that.
        let typed = T::posted(&posted.fields, rules);
        closed.extend(entry::missing(&typed, &posted.fields, rules));
        typed
    } else {
        entry::whole::<T>(&posted.fields, rules)?
    };
    let typed = with_closed(saved, typed, &closed);
    let command = typed
        .clone()
        .command(posted.revision()?, visit.record.clone());
    match visit.execute(command, posted.call()).await {
        Ok(done) => {
            let state = done.found.state()?;
            let saved = T::saved(&state.documents);
            let left = left(&state.left_out(T::KIND, None, (&typed, saved)));
            let address = visit.document(T::KIND);
            Ok(see(&format!("{address}?notice=saved{left}")))
        }
        Err(problem) => refused(&app, &posted, &id, &typed, problem).await,
    }
}

/// The same form again with what was typed, where there is something to be done about it there.
async fn refused<T: WholeEntry>(
    app: &App,
    posted: &Posted,
    id: &str,
    typed: &T,
    problem: Problem,
) -> Result<Response, Problem> {
    // As it is now, which is not as it was before the command.
    let visit = Visit::to(app, &posted.identity, id).await?;
    let rules = &visit.program.rules;
    match problem.kind() {
        Kind::StaleRevision => {
            let saved = T::saved(&visit.state()?.documents)
                .cloned()
                .unwrap_or_default();
            let errors = typed.wrong(rules, &visit.record);
            let form = form(&visit, typed, &errors)?.beside(&saved, rules);
            page::<T>(&visit, Vec::new(), Some(form), StatusCode::CONFLICT)
        }
        Kind::Undecodable | Kind::TooLong | Kind::NotReturned => {
            let form = form(&visit, typed, &problem.body().errors)?.unstored();
            let notice = Notice::error(problem.body().detail.clone());
            page::<T>(&visit, vec![notice], Some(form), problem.kind().status())
        }
        _ => Err(problem.keeping(kept(&typed.fields(rules)))),
    }
}

/// What was typed, for a page that cannot show the form any more.
pub(super) fn kept(fields: &[Field]) -> Vec<(String, String)> {
    fields
        .iter()
        .map(|field| (field.label.clone(), field.shown()))
        .filter(|(_, shown)| !shown.is_empty())
        .collect()
}
