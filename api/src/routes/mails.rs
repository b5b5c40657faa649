//! `GET /api/v1/mails`, `GET /api/v1/mails/{mail}`, `POST …/resend`, `POST …/bounce`: what members were written.

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
};
use domain::notice::NoticeKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::{
    Endpoint,
    history::{page_size, text, unreadable},
};
use crate::{
    access::{Identity, Permission},
    app::App,
    mail::{Mail, MailFilter, MailState, desk},
    problem::{Kind, Problem},
    situation::created,
    write::Write,
};

pub(super) fn endpoints() -> [Endpoint; 4] {
    let unknown: &[Kind] = &[Kind::UnknownMail];
    [
        super::endpoint(
            Permission::ReadMails,
            &[&[Kind::Unavailable]],
            routes!(list_mails),
        ),
        super::endpoint(
            Permission::ReadMails,
            &[unknown, &[Kind::Unavailable]],
            routes!(show_mail),
        ),
        super::endpoint(
            Permission::ManageMails,
            &[
                unknown,
                &[Kind::MailWaiting, Kind::WrongState, Kind::Invalid],
            ],
            routes!(resend_mail),
        ),
        super::endpoint(
            Permission::ManageMails,
            &[unknown, &[Kind::MailNotSent, Kind::Invalid]],
            routes!(bounce_mail),
        ),
    ]
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// About this application: `<program>.<会員番号>`.
    application: Option<String>,
    /// `waiting`, `sent`, `failed`, `bounced`, `held`.
    state: Option<String>,
    /// `applied`, `reminder` … as in the addresses of the templates.
    kind: Option<String>,
    /// Number of the page, from 1.
    #[param(minimum = 1)]
    page: Option<u32>,
    /// Lines on a page, 1 to 200; 50 when nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

impl Asked {
    fn filter(&self) -> Result<MailFilter, Problem> {
        /// A word, if one is given.
        fn word<T>(
            (name, label): (&str, &str),
            value: Option<&str>,
            parse: impl Fn(&str) -> Option<T>,
        ) -> Result<Option<T>, Problem> {
            match value.filter(|value| !value.is_empty()) {
                None => Ok(None),
                Some(word) => Ok(Some(parse(word).ok_or_else(|| unreadable(name, label))?)),
            }
        }
        let application = self.application.as_deref().filter(|id| !id.is_empty());
        Ok(MailFilter {
            application: text("application", "申請番号", application)?,
            state: word(("state", "状態"), self.state.as_deref(), MailState::parse)?,
            kind: word(("kind", "種類"), self.kind.as_deref(), NoticeKind::parse)?,
        })
    }
}

/// A page of mails.
#[derive(Debug, Serialize, ToSchema)]
struct MailsAnswer {
    /// How many match in all.
    total: i64,
    /// Number of this page.
    page: u32,
    /// Its lines, newest first.
    mails: Vec<MailLine>,
}

/// A mail without its text.
#[derive(Debug, Serialize, ToSchema)]
struct MailLine {
    /// By which it is asked for; also its Message-ID.
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    /// About which application.
    application: String,
    /// 会員番号
    member: String,
    /// On which occasion.
    kind: &'static str,
    /// Its words.
    kind_label: &'static str,
    /// What became of it.
    state: &'static str,
    /// Its word.
    state_label: &'static str,
    /// How often it was tried.
    attempts: u32,
    /// What went wrong last, as a code; null when nothing did.
    error: Option<String>,
    /// In words.
    error_label: Option<&'static str>,
    /// When it is tried next; null when it is not.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Timestamp>,
    /// Number of the event in the application's stream; null for a reminder.
    sequence: Option<i64>,
    /// Version of the template; 0 for the one that comes with the program.
    template_version: u32,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The same in Japan.
    created_label: String,
    /// When it went; null before.
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
    /// `smtp`, or `folder` when it was only kept on this machine; null before it went.
    via: Option<String>,
    /// The mail of which it is a repetition.
    #[schema(value_type = Option<String>, format = Uuid)]
    resend_of: Option<Uuid>,
    /// When it came back; null when it did not.
    #[schema(value_type = Option<String>, format = DateTime)]
    bounced_at: Option<Timestamp>,
}

impl From<&Mail> for MailLine {
    fn from(mail: &Mail) -> Self {
        Self {
            id: mail.id,
            application: mail.application.to_string(),
            member: mail.application.member.to_string(),
            kind: mail.kind.as_str(),
            kind_label: mail.kind.label(),
            state: mail.state.as_str(),
            state_label: mail.state.label(),
            attempts: mail.attempts,
            error_label: mail.error.as_deref().map(desk::error_label),
            error: mail.error.clone(),
            next_attempt_at: mail.next_attempt_at,
            sequence: mail.sequence,
            template_version: mail.template_version,
            created_at: mail.created_at,
            created_label: desk::shown(mail.created_at),
            sent_at: mail.sent_at,
            via: mail.via.clone(),
            resend_of: mail.again.as_ref().map(|(of, _, _)| *of),
            bounced_at: mail.bounced.as_ref().map(|(at, _, _)| *at),
        }
    }
}

/// A mail with its text.
#[derive(Debug, Serialize, ToSchema)]
struct MailAnswer {
    #[serde(flatten)]
    line: MailLine,
    /// The address that it went to; null before it went.
    recipient: Option<String>,
    /// 件名
    subject: String,
    /// 本文, exactly as it is sent.
    body: String,
    /// Why it is sent again.
    reason: Option<String>,
    /// Who wanted it sent again.
    requested_by: Option<String>,
    /// What is said about its coming back.
    bounce_note: Option<String>,
    /// Who noted that.
    bounced_by: Option<String>,
}

impl From<Mail> for MailAnswer {
    fn from(mail: Mail) -> Self {
        let line = MailLine::from(&mail);
        let (reason, requested_by) = mail.again.map(|(_, reason, by)| (reason, by)).unzip();
        let (bounce_note, bounced_by) = mail.bounced.map(|(_, by, note)| (note, by)).unzip();
        Self {
            line,
            recipient: mail.recipient,
            subject: mail.text.subject,
            body: mail.text.body,
            reason,
            requested_by,
            bounce_note,
            bounced_by,
        }
    }
}

/// Why a mail is to be sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedAgain {
    /// Why; kept with the mail.
    #[schema(
        max_length = 1000,
        example = "メールアドレスの変更後に再送の依頼があったため"
    )]
    reason: String,
}

/// That a mail came back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CameBack {
    /// What is known about it; kept with the mail.
    #[schema(max_length = 1000, example = "宛先不明で戻りました")]
    note: String,
}

/// What members were written
///
/// Newest first, without the texts. To ask this is written down (閲覧記録).
#[utoipa::path(
    get,
    path = "/api/v1/mails",
    params(Asked),
    responses((status = OK, description = "The mails.", body = MailsAnswer))
)]
async fn list_mails(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Json<MailsAnswer>, Problem> {
    let limit = i64::from(page_size(asked.limit)?);
    let page = asked.page.unwrap_or(1);
    if page == 0 {
        return Err(unreadable("page", "ページ番号"));
    }
    let part = (i64::from(page - 1).saturating_mul(limit), limit);
    let (mails, total) = desk::list(&app, &identity, &asked.filter()?, part).await?;
    Ok(Json(MailsAnswer {
        total,
        page,
        mails: mails.iter().map(MailLine::from).collect(),
    }))
}

/// A mail exactly as the member gets it
///
/// Written down for the member (閲覧記録) before it is shown.
#[utoipa::path(
    get,
    path = "/api/v1/mails/{mail}",
    params(("mail" = String, Path, description = "Its id")),
    responses((status = OK, description = "The mail.", body = MailAnswer))
)]
async fn show_mail(
    State(app): State<App>,
    identity: Identity,
    Path(mail): Path<String>,
) -> Result<Json<MailAnswer>, Problem> {
    Ok(Json(desk::one(&app, &identity, &mail).await?.into()))
}

/// Send a mail again
///
/// The same text, to the address that the member has today, as a mail of its own. One that still waits is not sent twice.
#[utoipa::path(
    post,
    path = "/api/v1/mails/{mail}/resend",
    params(("mail" = String, Path, description = "Its id")),
    request_body = WantedAgain,
    responses((status = CREATED, description = "The new mail.", body = MailLine))
)]
async fn resend_mail(
    State(app): State<App>,
    Path(mail): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let wanted: WantedAgain = write.decode()?;
    let call = write.call();
    let sent = desk::resend(&app, &mail, &wanted.reason, (write.new_id(), &call)).await?;
    let location = format!("/api/v1/mails/{}", sent.id);
    let answer = Json(MailLine::from(&sent)).into_response();
    Ok(created(&location, answer))
}

/// Note that a mail came back
///
/// By hand, or by a program that reads the mailbox of bounces. Said again, it changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/mails/{mail}/bounce",
    params(("mail" = String, Path, description = "Its id")),
    request_body = CameBack,
    responses((status = OK, description = "Noted.", body = MailLine))
)]
async fn bounce_mail(
    State(app): State<App>,
    Path(mail): Path<String>,
    write: Write,
) -> Result<Json<MailLine>, Problem> {
    let back: CameBack = write.decode()?;
    let by = write.identity.actor().label();
    let noted = desk::bounce(&app, &mail, &back.note, &by).await?;
    Ok(Json(MailLine::from(&noted)))
}
