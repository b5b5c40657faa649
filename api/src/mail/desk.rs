//! What the secretariat does with mails: one core for routes and pages.

use domain::{
    access::Whose,
    application::{Application, ApplicationEvent, ApplicationId, LIST_LIMIT, TEXT_LIMIT},
    documents::FieldError,
    notice::NoticeKind,
    text::{is_blank, too_long, undecodable},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Current, Edit, Mail, MailFilter, MailState, NewMail, Text, check,
    composition::{Composer, CompositionError, Occasion},
    outbox::Again,
    render,
    templates::EditError,
};
use crate::{
    access::{Identity, note},
    app::App,
    problem::{Kind, Problem, Version},
    routes::worklist::note_list,
    service::Call,
    situation::{program, visible},
};

fn failed(error: &sqlx::Error) -> Problem {
    Problem::failed("using the tables of mail", error)
}

/// The matching mails, newest first, and how many there are. Looking at the list is written down; of one application, for its member.
///
/// # Errors
/// [`Kind::Unavailable`] when it cannot be written down.
pub(crate) async fn list(
    app: &App,
    identity: &Identity,
    filter: &MailFilter,
    part: (i64, i64),
) -> Result<(Vec<Mail>, i64), Problem> {
    let service = app.service();
    match filter.application.as_deref().map(ApplicationId::parse) {
        // There are no mails about what is none.
        Some(Err(_)) => return Ok((Vec::new(), 0)),
        Some(Ok(id)) => {
            if service.application(&id).await?.is_none() {
                return Ok((Vec::new(), 0));
            }
            let whose = Whose::Member(id.member.clone());
            let viewing = identity.viewing(service, Some(id));
            note(service, &whose, viewing, identity.request()).await?;
        }
        None => {}
    }
    let (mails, total) = app
        .outbox()
        .list(filter, part)
        .await
        .map_err(|error| failed(&error))?;
    if filter.application.is_none() {
        let members = mails.iter().map(|mail| mail.application.member.clone());
        note_list(app, identity, members.collect()).await?;
    }
    Ok((mails, total))
}

async fn find(app: &App, id: &str) -> Result<Mail, Problem> {
    let unknown = || Problem::new(Kind::UnknownMail);
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    app.outbox()
        .get(id)
        .await
        .map_err(|error| failed(&error))?
        .ok_or_else(unknown)
}

/// A mail as the member got it. Looking at it is written down for the member, before it is shown.
///
/// # Errors
/// [`Kind::UnknownMail`]; [`Kind::Unavailable`] when it cannot be written down.
pub(crate) async fn one(app: &App, identity: &Identity, id: &str) -> Result<Mail, Problem> {
    let mail = find(app, id).await?;
    let whose = Whose::Member(mail.application.member.clone());
    let viewing = identity.viewing(app.service(), Some(mail.application.clone()));
    note(app.service(), &whose, viewing, identity.request()).await?;
    Ok(mail)
}

/// Sends a mail once more: the same text to the address of today, as a mail of its own that names the first.
///
/// `id` is that of the new mail: the same again for the same request.
///
/// # Errors
/// [`Kind::UnknownMail`], [`Kind::MailWaiting`], [`Kind::Invalid`], [`Kind::IdempotencyKeyReused`].
pub(crate) async fn resend(
    app: &App,
    of: &str,
    reason: &str,
    (id, call): (Uuid, &Call),
) -> Result<Mail, Problem> {
    let first = find(app, of).await?;
    let reason = said("/reason", "理由", reason)?;
    if let Some(known) = repeated(app, id, call).await? {
        return Ok(known);
    }
    if first.state == MailState::Waiting {
        return Err(Problem::new(Kind::MailWaiting));
    }
    if first.state == MailState::Cancelled {
        return Err(Problem::saying(
            Kind::WrongState,
            "このメールは、お知らせする処理が取り消されたため、再送できません。現在の状態をご確認ください。",
        ));
    }
    let mail = NewMail {
        id,
        application: first.application,
        kind: first.kind,
        sequence: first.sequence,
        template_version: first.template_version,
        text: first.text,
        held: None,
        created_at: app.service().clock.now(),
        again: Some(Again {
            of: first.id,
            reason,
            by: call.actor.label(),
            request_hash: call.request_hash,
        }),
    };
    app.outbox()
        .put(&mail)
        .await
        .map_err(|error| failed(&error))?;
    tracing::info!(mail = %id, of = %first.id, by = call.actor.label(), "a mail is sent again");
    // Put by the same request at the same moment, it is there as well.
    repeated(app, id, call)
        .await?
        .ok_or(Problem::new(Kind::Internal))
}

async fn repeated(app: &App, id: Uuid, call: &Call) -> Result<Option<Mail>, Problem> {
    let outbox = app.outbox();
    let hash = outbox
        .request_hash(id)
        .await
        .map_err(|error| failed(&error))?;
    match hash {
        None => Ok(None),
        Some(hash) if hash == call.request_hash => {
            outbox.get(id).await.map_err(|error| failed(&error))
        }
        Some(_) => Err(Problem::new(Kind::IdempotencyKeyReused)),
    }
}

/// Notes that a mail came back. Said again, it changes nothing.
///
/// # Errors
/// [`Kind::UnknownMail`], [`Kind::MailNotSent`], [`Kind::Invalid`].
pub(crate) async fn bounce(
    app: &App,
    id: &str,
    said_of_it: &str,
    by: &str,
) -> Result<Mail, Problem> {
    let mail = find(app, id).await?;
    let text = said("/note", "メモ", said_of_it)?;
    let now = app.service().clock.now();
    app.outbox()
        .bounce(mail.id, &text, by, now)
        .await
        .map_err(|error| failed(&error))?;
    let mail = find(app, id).await?;
    if mail.state == MailState::Bounced {
        Ok(mail)
    } else {
        Err(Problem::new(Kind::MailNotSent))
    }
}

/// A text of the secretariat that may not be empty.
fn said(pointer: &str, label: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let wrong = if is_blank(text) {
        format!("{label} を入力してください。")
    } else if let Some(sentence) = too_long(label, text, TEXT_LIMIT) {
        sentence
    } else if let Some(found) = undecodable(text) {
        found.message(label)
    } else {
        return Ok(text.to_owned());
    };
    Err(Problem::new(Kind::Invalid).at(pointer, wrong))
}

/// The mail of an address.
///
/// # Errors
/// [`Kind::UnknownMailTemplate`]
pub(crate) fn kind(text: &str) -> Result<NoticeKind, Problem> {
    NoticeKind::parse(text).ok_or(Problem::new(Kind::UnknownMailTemplate))
}

/// The template that mails of a kind are written from.
///
/// # Errors
/// The database.
pub(crate) async fn template(app: &App, kind: NoticeKind) -> Result<Current, Problem> {
    app.mail_templates()
        .current(kind)
        .await
        .map_err(|error| failed(&error))
}

/// Makes a new version of a template, from the one that was seen.
///
/// # Errors
/// [`Kind::Invalid`] with what is wrong and where; [`Kind::StaleRevision`] with both versions; [`Kind::IdempotencyKeyReused`].
pub(crate) async fn save_template(
    app: &App,
    kind: NoticeKind,
    text: Text,
    base: u32,
    call: &Call,
) -> Result<Current, Problem> {
    check(kind, &text).map_err(invalid)?;
    // What is saved as it is, is no new version.
    let current = template(app, kind).await?;
    if current.version == base && current.text == text {
        return Ok(current);
    }
    let edit = Edit {
        kind,
        text,
        base,
        request: (call.command_id, call.request_hash),
        by: call.actor.label(),
        at: app.service().clock.now(),
    };
    let edited = app.mail_templates().edit(&edit).await;
    edited.map_err(|error| match error {
        EditError::Stale(current) => Problem::saying(
            Kind::StaleRevision,
            "このメールの文面は別の画面で更新されています。保存済みの内容をご確認のうえ、もう一度保存してください。",
        )
        .with_versions(
            version(current.version, &current.text),
            version(base, &edit.text),
        ),
        EditError::IdReused => Problem::new(Kind::IdempotencyKeyReused),
        EditError::Database(error) => failed(&error),
    })
}

fn version(revision: u32, text: &Text) -> Version {
    Version {
        revision,
        document: serde_json::json!({ "subject": text.subject, "body": text.body }),
    }
}

fn invalid(errors: Vec<FieldError>) -> Problem {
    errors
        .into_iter()
        .take(LIST_LIMIT)
        .fold(Problem::new(Kind::Invalid), |problem, error| {
            problem.at(error.pointer, error.message)
        })
}

/// A mail of a kind about an application, as it would be written: at the last event of the kind, or, where there was none yet, of the
/// application as it is. From the text that is given, or from the template as it is. Looking at it is written down.
///
/// # Errors
/// [`Kind::NotApplied`], [`Kind::Invalid`]; [`Kind::Unavailable`] when it cannot be written down.
pub(crate) async fn preview(
    app: &App,
    identity: &Identity,
    kind: NoticeKind,
    application: &str,
    text: Option<Text>,
) -> Result<Text, Problem> {
    if let Some(text) = &text {
        check(kind, text).map_err(invalid)?;
    }
    let id = visible(app, identity, application).await?;
    let events = app.service().application_events(&id).await?;
    let (application, event) = at_last(kind, events);
    let state = application.state().ok_or(Problem::new(Kind::NotApplied))?;
    let occasion = Occasion {
        kind,
        state,
        event: event.as_ref(),
        program: program(app, state)?,
        at: app.service().clock.now(),
    };
    let composer = Composer::new(app.service().clone(), app.link());
    let written = match text {
        None => composer.compose(&occasion).await.map(|(_, text)| text),
        Some(text) => {
            let words = composer.words(&occasion).await?;
            // Checked above; only what the words are could still be too much for it.
            return render(&text, &words).map_err(|_| {
                Problem::new(Kind::Invalid).at(
                    "/body",
                    "この文面では、このお申込みのメールを作成できません。",
                )
            });
        }
    };
    written.map_err(|error| match error {
        CompositionError::Log(error) => error.into(),
        CompositionError::Templates(error) => failed(&error),
        CompositionError::Original(kind) => {
            tracing::error!(
                kind,
                "a template that comes with the program can not be used"
            );
            Problem::new(Kind::Internal)
        }
    })
}

/// The application at the last event that calls for a mail of the kind, with that event; as it is where there is none.
fn at_last(
    kind: NoticeKind,
    mut events: Vec<ApplicationEvent>,
) -> (Application, Option<ApplicationEvent>) {
    use cqrs_es::Aggregate as _;
    let last = events
        .iter()
        .rposition(|event| NoticeKind::of(event) == Some(kind));
    let event = last.map(|last| {
        events.truncate(last + 1);
        events[last].clone()
    });
    let mut application = Application::default();
    for event in events {
        application.apply(event);
    }
    (application, event)
}

/// Why a mail was not sent, in words for people.
pub(crate) fn error_label(code: &str) -> &'static str {
    match code {
        "no-address" => "会員情報に送信できるメールアドレスがありません",
        "late" => "送信の時機を過ぎています。必要な場合は再送してください",
        "not-let-in" => "メールサーバーに接続を拒否されました。設定をご確認ください",
        "unreachable" | "timeout" | "tls" | "no-common-way" => "メールサーバーに接続できません",
        "folder" => "メールを保存するフォルダーに書き込めません",
        "unwritable" => "メールを作成できません",
        _ => "メールサーバーが受け付けませんでした",
    }
}

/// A moment in the words of the screens.
pub(crate) fn shown(at: Timestamp) -> String {
    domain::calendar::show_jst_minutes(at)
}
