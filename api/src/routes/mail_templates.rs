//! `GET|PUT /api/v1/mail-templates/{notice}`, `POST …/preview`: the texts of mails.

use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use domain::notice::NoticeKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::Endpoint;
use crate::{
    access::Permission,
    app::App,
    mail::{Current, Templates, Text, desk},
    problem::{Kind, Problem},
    situation::of_revision,
    write::Write,
};

pub(super) fn endpoints() -> [Endpoint; 4] {
    let unknown: &[Kind] = &[Kind::UnknownMailTemplate];
    let saving = &[
        Kind::Invalid,
        Kind::StaleRevision,
        Kind::PreconditionRequired,
    ];
    let showing = &[Kind::Invalid, Kind::NotApplied, Kind::Unavailable];
    [
        super::endpoint(Permission::ManageMails, &[], routes!(list_templates)),
        super::endpoint(Permission::ManageMails, &[unknown], routes!(show_template)),
        super::endpoint(
            Permission::ManageMails,
            &[unknown, saving],
            routes!(save_template),
        ),
        // It shows what a member is told, so it is for those who may read that.
        super::endpoint(
            Permission::ReadMails,
            &[unknown, showing],
            routes!(preview_template),
        ),
    ]
}

/// The kinds of mail.
#[derive(Debug, Serialize, ToSchema)]
struct TemplatesAnswer {
    /// In the order of the way.
    templates: Vec<TemplateAnswer>,
}

/// The template of a kind of mail.
#[derive(Debug, Serialize, ToSchema)]
struct TemplateAnswer {
    /// Which mail.
    kind: &'static str,
    /// Its words.
    label: &'static str,
    /// 0: the one that comes with the program.
    version: u32,
    /// 件名
    subject: String,
    /// 本文
    body: String,
    /// Who made the version; null for the one that comes with the program.
    edited_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    edited_at: Option<Timestamp>,
    /// What it may speak of.
    placeholders: Vec<PlaceholderAnswer>,
    /// The text that comes with the program, to go back to.
    original: TextAnswer,
}

/// 差し込み項目
#[derive(Debug, Serialize, ToSchema)]
struct PlaceholderAnswer {
    /// The word between the braces: `{{ 氏名 }}`.
    name: &'static str,
    /// What it stands for.
    meaning: &'static str,
}

/// Subject and body.
#[derive(Debug, Serialize, ToSchema)]
struct TextAnswer {
    /// 件名
    subject: String,
    /// 本文
    body: String,
}

impl From<Text> for TextAnswer {
    fn from(text: Text) -> Self {
        Self {
            subject: text.subject,
            body: text.body,
        }
    }
}

impl TemplateAnswer {
    fn of(kind: NoticeKind, current: Current) -> Self {
        let (edited_by, edited_at) = current.edited.unzip();
        Self {
            kind: kind.as_str(),
            label: kind.label(),
            version: current.version,
            subject: current.text.subject,
            body: current.text.body,
            edited_by,
            edited_at,
            placeholders: kind
                .placeholders()
                .into_iter()
                .map(|placeholder| PlaceholderAnswer {
                    name: placeholder.name(),
                    meaning: placeholder.meaning(),
                })
                .collect(),
            original: Templates::original(kind).into(),
        }
    }
}

/// A text that is to be saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedText {
    /// 件名: one line.
    #[schema(max_length = 200, example = "お申込みを受け付けました")]
    subject: String,
    /// 本文 with `{{ 氏名 }}` and `{% if リンク %} … {% endif %}`.
    #[schema(
        max_length = 10000,
        example = "{{ 氏名 }} 様\nお申込みを受け付けました。"
    )]
    body: String,
}

impl From<WantedText> for Text {
    fn from(wanted: WantedText) -> Self {
        Self {
            subject: wanted.subject,
            body: wanted.body,
        }
    }
}

/// What is to be shown.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedPreview {
    /// Of which application: `<program>.<会員番号>`.
    #[schema(example = "specialist-renewal-4th-2026.9000001")]
    application: String,
    /// The text that is being edited; left out, the template as it is.
    #[serde(default)]
    text: Option<WantedText>,
}

/// The templates of mails
#[utoipa::path(
    get,
    path = "/api/v1/mail-templates",
    responses((status = OK, description = "A template for each kind.", body = TemplatesAnswer))
)]
async fn list_templates(State(app): State<App>) -> Result<Json<TemplatesAnswer>, Problem> {
    let mut templates = Vec::new();
    for kind in NoticeKind::ALL {
        templates.push(TemplateAnswer::of(kind, desk::template(&app, kind).await?));
    }
    Ok(Json(TemplatesAnswer { templates }))
}

/// The template of a kind of mail
#[utoipa::path(
    get,
    path = "/api/v1/mail-templates/{notice}",
    params(("notice" = String, Path, description = "Which mail: `applied`, `reminder` …")),
    responses((status = OK, description = "The template, its version as ETag.", body = TemplateAnswer))
)]
async fn show_template(
    State(app): State<App>,
    Path(notice): Path<String>,
) -> Result<Response, Problem> {
    let kind = desk::kind(&notice)?;
    let current = desk::template(&app, kind).await?;
    let version = current.version;
    Ok(of_revision(version, &TemplateAnswer::of(kind, current)))
}

/// Save the template of a kind of mail
///
/// As a new version; what was sent keeps the one that it was written from. A placeholder that there is not, or a text that cannot be read,
/// is refused with its line.
#[utoipa::path(
    put,
    path = "/api/v1/mail-templates/{notice}",
    params(("notice" = String, Path, description = "Which mail: `applied`, `reminder` …")),
    request_body = WantedText,
    responses((status = OK, description = "Saved.", body = TemplateAnswer))
)]
async fn save_template(
    State(app): State<App>,
    Path(notice): Path<String>,
    write: Write,
) -> Result<Response, Problem> {
    let kind = desk::kind(&notice)?;
    let base = write.base()?;
    let text: WantedText = write.decode()?;
    let saved = desk::save_template(&app, kind, text.into(), base, &write.call()).await?;
    let version = saved.version;
    Ok(of_revision(version, &TemplateAnswer::of(kind, saved)))
}

/// See a mail as it would be written about an application
///
/// At the last event of the kind; where there was none yet, `（未定）` stands for what is not decided. Nothing is stored but that somebody
/// looked (閲覧記録).
#[utoipa::path(
    post,
    path = "/api/v1/mail-templates/{notice}/preview",
    params(("notice" = String, Path, description = "Which mail: `applied`, `reminder` …")),
    request_body = WantedPreview,
    responses((status = OK, description = "The mail.", body = TextAnswer))
)]
async fn preview_template(
    State(app): State<App>,
    Path(notice): Path<String>,
    write: Write,
) -> Result<Json<TextAnswer>, Problem> {
    let kind = desk::kind(&notice)?;
    let wanted: WantedPreview = write.decode()?;
    let text = wanted.text.map(Text::from);
    let shown = desk::preview(&app, &write.identity, kind, &wanted.application, text).await?;
    Ok(Json(shown.into()))
}
