//! メール: what members were written, sending it again, 不達, and the texts with a preview on a real application.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{calendar::show_jst_minutes, notice::NoticeKind};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    super::{
        frame::{Crumb, Frame, Notice},
        posted::Posted,
        rendered, see,
    },
    frame,
    list::Choice,
    who,
};
use crate::{
    access::{Identity, Permission},
    app::App,
    mail::{Current, Mail, MailFilter, MailState, Templates, Text, desk},
    problem::{Kind, Problem},
    routes::history::{text, unreadable},
};

/// Lines on a page.
const PAGE: i64 = 50;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Asked {
    #[serde(skip_serializing_if = "String::is_empty")]
    application: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    #[serde(skip_serializing)]
    notice: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/mails.html")]
struct List {
    frame: Frame,
    application: String,
    states: Vec<Choice>,
    kinds: Vec<Choice>,
    /// Whether this person may edit the texts.
    templates: bool,
    total: i64,
    mails: Vec<Line>,
    previous: Option<String>,
    next: Option<String>,
}

struct Line {
    href: String,
    member: String,
    kind: &'static str,
    state: &'static str,
    wrong: bool,
    error: Option<&'static str>,
    created: String,
    sent: Option<String>,
}

fn line(mail: &Mail) -> Line {
    Line {
        href: format!("/desk/mails/{}", mail.id),
        member: mail.application.member.as_str().to_owned(),
        kind: mail.kind.label(),
        state: mail.state.label(),
        wrong: matches!(mail.state, MailState::Failed | MailState::Bounced),
        error: mail.error.as_deref().map(desk::error_label),
        created: show_jst_minutes(mail.created_at),
        sent: mail.sent_at.map(show_jst_minutes),
    }
}

fn choice(value: &str, label: &str, chosen: &str) -> Choice {
    Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        chosen: value == chosen,
    }
}

/// 送信箱
pub(super) async fn list(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let application = asked.application.trim();
    text("application", "申請番号", Some(application))?;
    let filter = MailFilter {
        application: (!application.is_empty()).then(|| application.to_owned()),
        state: match asked.state.as_str() {
            "" => None,
            word => Some(MailState::parse(word).ok_or_else(|| unreadable("state", "状態"))?),
        },
        kind: match asked.kind.as_str() {
            "" => None,
            word => Some(NoticeKind::parse(word).ok_or_else(|| unreadable("kind", "種類"))?),
        },
    };
    let number = asked.page.unwrap_or(1).max(1);
    let offset = i64::from(number - 1).saturating_mul(PAGE);
    let (mails, total) = desk::list(&app, &identity, &filter, (offset, PAGE)).await?;
    let turned = |page: u32| {
        let asked = Asked {
            page: Some(page),
            ..asked.clone()
        };
        let query = serde_urlencoded::to_string(asked).unwrap_or_default();
        format!("/desk/mails?{query}")
    };
    let shown = i64::try_from(mails.len()).unwrap_or(i64::MAX);
    let mut states = vec![choice("", "すべて", &asked.state)];
    states.extend(MailState::ALL.map(|one| choice(one.as_str(), one.label(), &asked.state)));
    let mut kinds = vec![choice("", "すべて", &asked.kind)];
    kinds.extend(NoticeKind::ALL.map(|one| choice(one.as_str(), one.label(), &asked.kind)));
    let screen = List {
        frame: frame(&app, &identity, "メールの送信箱", Vec::new()),
        templates: identity.holds(Permission::ManageMails),
        states,
        kinds,
        total,
        mails: mails.iter().map(line).collect(),
        previous: (number > 1).then(|| turned(number - 1)),
        next: (offset + shown < total).then(|| turned(number.saturating_add(1))),
        application: asked.application,
    };
    Ok(rendered(&screen, StatusCode::OK))
}

#[derive(Template)]
#[template(path = "desk/mail.html")]
struct One {
    frame: Frame,
    notices: Vec<Notice>,
    line: Line,
    application: String,
    recipient: Option<String>,
    text: Text,
    again: Option<(String, String, String)>,
    bounced: Option<(String, String, String)>,
    address: String,
    key: Uuid,
    resend: bool,
    bounce: bool,
    typed: TypedAbout,
}

/// What was typed about a mail and refused.
#[derive(Default)]
struct TypedAbout {
    reason: String,
    note: String,
}

fn one_page(
    app: &App,
    identity: &Identity,
    mail: Mail,
    (notices, status): (Vec<Notice>, StatusCode),
    typed: TypedAbout,
) -> Response {
    let may = identity.holds(Permission::ManageMails);
    let mut frame = frame(
        app,
        identity,
        "メール",
        vec![Crumb::to("メールの送信箱", "/desk/mails")],
    );
    frame.wrong = status.is_client_error();
    let screen = One {
        frame,
        notices,
        line: line(&mail),
        application: super::of(&mail.application),
        recipient: mail.recipient,
        again: mail
            .again
            .map(|(of, reason, by)| (format!("/desk/mails/{of}"), reason, who(&by))),
        bounced: mail
            .bounced
            .map(|(at, by, note)| (show_jst_minutes(at), who(&by), note)),
        address: format!("/desk/mails/{}", mail.id),
        key: Uuid::new_v4(),
        resend: may && mail.state != MailState::Waiting,
        bounce: may && mail.state == MailState::Sent,
        text: mail.text,
        typed,
    };
    rendered(&screen, status)
}

/// A mail as the member got it.
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(mail): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let mail = desk::one(&app, &identity, &mail).await?;
    let notices = match asked.notice.as_deref() {
        Some("resent") => vec![Notice::success(
            "もう一度送信する準備ができました。まもなく送信されます。",
        )],
        Some("bounced") => vec![Notice::success("不達として記録しました。")],
        _ => Vec::new(),
    };
    let shown = (notices, StatusCode::OK);
    Ok(one_page(
        &app,
        &identity,
        mail,
        shown,
        TypedAbout::default(),
    ))
}

async fn refused(
    app: &App,
    posted: &Posted,
    mail: &str,
    problem: Problem,
) -> Result<Response, Problem> {
    if !matches!(
        problem.kind(),
        Kind::Invalid | Kind::MailWaiting | Kind::MailNotSent | Kind::WrongState
    ) {
        return Err(problem);
    }
    let shown = desk::one(app, &posted.identity, mail).await?;
    let errors = problem.body().errors.first();
    let sentence = errors.map_or(&problem.body().detail, |error| &error.message);
    let notices = vec![Notice::error(sentence.clone())];
    Ok(one_page(
        app,
        &posted.identity,
        shown,
        (notices, problem.kind().status()),
        TypedAbout {
            reason: posted.fields.text("reason"),
            note: posted.fields.text("note"),
        },
    ))
}

/// もう一度送信する
pub(super) async fn resend(
    State(app): State<App>,
    Path(mail): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let reason = posted.fields.text("reason");
    let call = posted.call();
    match desk::resend(&app, &mail, &reason, (posted.new_id(), &call)).await {
        Ok(again) => Ok(see(&format!("/desk/mails/{}?notice=resent", again.id))),
        Err(problem) => refused(&app, &posted, &mail, problem).await,
    }
}

/// 不達を記録する
pub(super) async fn bounce(
    State(app): State<App>,
    Path(mail): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let note = posted.fields.text("note");
    let by = posted.identity.actor().label();
    match desk::bounce(&app, &mail, &note, &by).await {
        Ok(noted) => Ok(see(&format!("/desk/mails/{}?notice=bounced", noted.id))),
        Err(problem) => refused(&app, &posted, &mail, problem).await,
    }
}

#[derive(Template)]
#[template(path = "desk/mail_templates.html")]
struct TemplateList {
    frame: Frame,
    templates: Vec<(String, &'static str, String)>,
}

fn edited(current: &Current) -> String {
    current.edited.as_ref().map_or_else(
        || "はじめから入っている文面".to_owned(),
        |(by, at)| {
            format!(
                "第{}版　{}　{}",
                current.version,
                who(by),
                show_jst_minutes(*at)
            )
        },
    )
}

/// メールの文面の一覧
pub(super) async fn templates(
    State(app): State<App>,
    identity: Identity,
) -> Result<Response, Problem> {
    let mut templates = Vec::new();
    for kind in NoticeKind::ALL {
        let current = desk::template(&app, kind).await?;
        templates.push((
            format!("/desk/mail-templates/{}", kind.as_str()),
            kind.label(),
            edited(&current),
        ));
    }
    let screen = TemplateList {
        frame: frame(&app, &identity, "メールの文面", Vec::new()),
        templates,
    };
    Ok(rendered(&screen, StatusCode::OK))
}

#[derive(Template)]
#[template(path = "desk/mail_template.html")]
struct TemplatePage {
    frame: Frame,
    notices: Vec<Notice>,
    label: &'static str,
    address: String,
    key: Uuid,
    version: u32,
    edited: String,
    subject: String,
    body: String,
    original: Text,
    placeholders: Vec<(String, String)>,
    application: String,
    preview: Option<Text>,
}

/// What stands in the form.
struct Typed {
    text: Text,
    version: u32,
    application: String,
}

fn template_page(
    app: &App,
    identity: &Identity,
    (kind, current): (NoticeKind, &Current),
    typed: Option<Typed>,
    (notices, preview, status): (Vec<Notice>, Option<Text>, StatusCode),
) -> Response {
    let mut frame = frame(
        app,
        identity,
        kind.label(),
        vec![Crumb::to("メールの文面", "/desk/mail-templates")],
    );
    frame.wrong = status.is_client_error();
    let typed = typed.unwrap_or_else(|| Typed {
        text: current.text.clone(),
        version: current.version,
        application: String::new(),
    });
    let screen = TemplatePage {
        frame,
        notices,
        label: kind.label(),
        address: format!("/desk/mail-templates/{}", kind.as_str()),
        key: Uuid::new_v4(),
        version: typed.version,
        edited: edited(current),
        subject: typed.text.subject,
        body: typed.text.body,
        original: Templates::original(kind),
        placeholders: kind
            .placeholders()
            .into_iter()
            .map(|one| {
                (
                    format!("{{{{ {} }}}}", one.name()),
                    one.meaning().to_owned(),
                )
            })
            .collect(),
        application: typed.application,
        preview,
    };
    rendered(&screen, status)
}

/// メールの文面
pub(super) async fn template(
    State(app): State<App>,
    identity: Identity,
    Path(notice): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let kind = desk::kind(&notice)?;
    let current = desk::template(&app, kind).await?;
    let notices = match asked.notice.as_deref() {
        Some("saved") => vec![Notice::success(
            "文面を保存しました。これから作成されるメールに使われます。",
        )],
        _ => Vec::new(),
    };
    let shown = (notices, None, StatusCode::OK);
    Ok(template_page(
        &app,
        &identity,
        (kind, &current),
        None,
        shown,
    ))
}

/// 保存する, or 内容を確認する: on a real application, without storing anything.
pub(super) async fn edit(
    State(app): State<App>,
    Path(notice): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let kind = desk::kind(&notice)?;
    let identity = posted.identity.clone();
    let typed = Typed {
        text: Text {
            subject: posted.fields.text("subject"),
            body: posted.fields.text("body"),
        },
        version: posted.revision()?,
        application: posted.fields.text("application"),
    };
    let previewing = posted.fields.says("step", "preview");
    let done = if previewing {
        let application = typed.application.trim().to_owned();
        let text = Some(typed.text.clone());
        desk::preview(&app, &identity, kind, &application, text)
            .await
            .map(Some)
    } else {
        let call = posted.call();
        desk::save_template(&app, kind, typed.text.clone(), typed.version, &call)
            .await
            .map(|_| None)
    };
    match done {
        Ok(None) => Ok(see(&format!(
            "/desk/mail-templates/{}?notice=saved",
            kind.as_str()
        ))),
        Ok(preview) => {
            let current = desk::template(&app, kind).await?;
            let shown = (Vec::new(), preview, StatusCode::OK);
            Ok(template_page(
                &app,
                &identity,
                (kind, &current),
                Some(typed),
                shown,
            ))
        }
        Err(problem)
            if matches!(
                problem.kind(),
                Kind::Invalid | Kind::StaleRevision | Kind::NotApplied
            ) =>
        {
            let mut notices: Vec<Notice> = problem
                .body()
                .errors
                .iter()
                .map(|error| Notice::error(error.message.clone()))
                .collect();
            if notices.is_empty() {
                notices.push(Notice::error(problem.body().detail.clone()));
            }
            let current = desk::template(&app, kind).await?;
            let shown = (notices, None, problem.kind().status());
            Ok(template_page(
                &app,
                &identity,
                (kind, &current),
                Some(typed),
                shown,
            ))
        }
        Err(problem) => Err(problem),
    }
}
