//! お申込み: what a program offers, 処理確認画面, and the application itself.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::{ApplicationCommand, ApplicationId},
    calendar::{show_days_left, show_deadline},
    eligibility::{Eligibility, Offer, Scope, eligibility},
    member::MemberRecord,
    program::{Program, ProgramId},
};
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    exam::{Confirmation, fee},
    frame::{Crumb, Frame, Notice},
    posted::Posted,
    rendered, see,
    visit::{person, record},
};
use crate::{
    access::Identity,
    app::App,
    problem::{Kind, Problem},
    saving,
};

/// The word of a scope in addresses and forms.
fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::DocumentsAndExam => "documents_and_exam",
        Scope::DocumentsOnly => "documents_only",
        Scope::ExamOnly => "exam_only",
    }
}

fn scope(word_: &str) -> Option<Scope> {
    Scope::ALL.into_iter().find(|scope| word(*scope) == word_)
}

/// What is said of each scope beside its button: for whom it is, in the member's own year.
fn explained(scope: Scope, grace: bool) -> &'static str {
    match scope {
        Scope::DocumentsAndExam if grace => "猶予年度（筆記試験を同時に受験）の方",
        Scope::DocumentsOnly if grace => {
            "猶予年度で、前年度までに筆記試験に合格された方。合格されている方は、筆記試験の申込は不要です。"
        }
        Scope::DocumentsAndExam => "正規更新年度（筆記試験を同時に受験）の方",
        Scope::DocumentsOnly => {
            "正規更新年度で、前年までに筆記試験に合格された方。筆記試験の事前受験をし 合格されている方は、筆記試験の申込は不要です。"
        }
        Scope::ExamOnly => "正規更新の前年度で 筆記試験のみ受験する方",
    }
}

#[derive(Template)]
#[template(path = "apply.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    title: String,
    period: String,
    deadline: String,
    days_left: String,
    review_fee: String,
    certification_fee: String,
    exam_fee: String,
    choices: Vec<Choice>,
    renewal: Option<u16>,
    regular_year: Option<String>,
    grace: bool,
    guide: String,
    sample: String,
}

struct Choice {
    label: &'static str,
    explained: &'static str,
    /// The confirmation, when it is open.
    href: Option<String>,
    reasons: Vec<String>,
}

struct Asking<'a> {
    program: &'a Program,
    record: MemberRecord,
    now: Timestamp,
    id: ApplicationId,
}

impl<'a> Asking<'a> {
    async fn about(app: &'a App, identity: &Identity, program: &str) -> Result<Self, Problem> {
        let program = app
            .service()
            .programs
            .get(&ProgramId(program.to_owned()))
            .ok_or(Problem::new(Kind::NotFound))?;
        let record = record(app, identity).await?;
        Ok(Self {
            id: ApplicationId {
                program: program.id.clone(),
                member: record.number.clone(),
            },
            program,
            record,
            now: app.service().clock.now(),
        })
    }

    fn eligibility(&self) -> Eligibility {
        eligibility(&self.record, self.program, self.now)
    }

    /// Whether the member has applied and not withdrawn.
    async fn has_applied(&self, app: &App) -> Result<bool, Problem> {
        let application = app.service().application(&self.id).await?;
        Ok(matches!(
            application,
            Some((domain::application::Application::Made(_), _))
        ))
    }

    fn frame(&self, app: &App, title: &str, between: impl IntoIterator<Item = Crumb>) -> Frame {
        let mut frame = Frame::of_program(app, title, self.program);
        frame.person = Some(person(&self.record));
        frame.crumbs = vec![Crumb::to("専門医", "/")];
        frame.crumbs.extend(between);
        frame.crumbs.push(Crumb::here(title));
        frame
    }

    fn address(&self) -> String {
        format!("/apply/{}", self.program.id)
    }

    fn choice(&self, offer: &Offer, grace: bool) -> Choice {
        Choice {
            label: offer.label,
            explained: explained(offer.scope, grace),
            href: offer.is_open().then(|| {
                format!(
                    "{}/confirmation?scope={}",
                    self.address(),
                    word(offer.scope)
                )
            }),
            reasons: offer
                .reasons
                .iter()
                .map(|reason| reason.message.clone())
                .collect(),
        }
    }

    fn page(&self, app: &App, notices: Vec<Notice>, status: StatusCode) -> Response {
        let eligibility = self.eligibility();
        let mut frame = self.frame(app, &self.program.menu_title, []);
        frame.wrong = status.is_client_error();
        let fees = &self.program.fees;
        let page = Page {
            frame,
            notices,
            title: self.program.title.clone(),
            period: self.program.period.show(),
            deadline: show_deadline(self.program.period.closes),
            days_left: show_days_left(self.now, self.program.period.closes),
            review_fee: fee("審査料", &fees.review),
            certification_fee: fee("認定料", &fees.certification),
            exam_fee: fee("受験料", &fees.exam),
            choices: eligibility
                .offers
                .iter()
                .map(|offer| self.choice(offer, eligibility.grace))
                .collect(),
            renewal: eligibility.renewal,
            regular_year: eligibility.regular_year.map(|year| year.to_string()),
            grace: eligibility.grace,
            guide: self.program.links.guide.clone(),
            sample: self.program.links.sample.clone(),
        };
        rendered(&page, status)
    }
}

/// M2 お申込み
pub(super) async fn offer(
    State(app): State<App>,
    identity: Identity,
    Path(program): Path<String>,
) -> Result<Response, Problem> {
    let asking = Asking::about(&app, &identity, &program).await?;
    if asking.has_applied(&app).await? {
        return Ok(see(&format!("/applications/{}", asking.id)));
    }
    Ok(asking.page(&app, Vec::new(), StatusCode::OK))
}

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    scope: Option<String>,
}

/// 処理確認画面 of an application.
pub(super) async fn confirmation(
    State(app): State<App>,
    identity: Identity,
    Path(program): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let asking = Asking::about(&app, &identity, &program).await?;
    let eligibility = asking.eligibility();
    let open = wanted
        .scope
        .as_deref()
        .and_then(scope)
        .and_then(|scope| eligibility.offers.iter().find(|offer| offer.scope == scope))
        .filter(|offer| offer.is_open());
    let Some(offer) = open else {
        // It says why not.
        return Ok(see(&asking.address()));
    };
    if asking.has_applied(&app).await? {
        return Ok(see(&format!("/applications/{}", asking.id)));
    }
    let program = asking.program;
    let mut facts = vec![
        ("申請の種類", program.title.clone()),
        ("お申込み内容", offer.label.to_owned()),
        (
            "お申込み期間",
            format!("{} まで", show_deadline(program.period.closes)),
        ),
        ("審査料", fee("審査料", &program.fees.review)),
        ("認定料", fee("認定料", &program.fees.certification)),
    ];
    if offer.scope != Scope::DocumentsOnly {
        facts.push(("受験料", fee("受験料", &program.fees.exam)));
    }
    let page = Confirmation {
        frame: asking.frame(
            &app,
            "お申込み内容の確認",
            [Crumb::to(program.menu_title.clone(), asking.address())],
        ),
        notices: Vec::new(),
        heading: "お申込み内容の確認",
        process: true,
        sentences: vec![
            "次の内容でお申込みします。よろしければ「この内容で申し込む」を押してください。"
                .to_owned(),
        ],
        facts,
        action: asking.address(),
        key: Uuid::new_v4(),
        hidden: vec![("scope", word(offer.scope).to_owned())],
        button: "この内容で申し込む",
        button_class: "primary",
        back: asking.address(),
        back_words: "選び直す",
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// 申込
pub(super) async fn apply(
    State(app): State<App>,
    Path(program): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let asking = Asking::about(&app, &posted.identity, &program).await?;
    let Some(scope) = scope(&posted.fields.text("scope")) else {
        return Err(Problem::new(Kind::PageTampered));
    };
    let member = app
        .service()
        .member(&asking.record.number)
        .await?
        .ok_or(Problem::new(Kind::UnknownMember))?;
    let command = ApplicationCommand::Apply {
        program: asking.program.id.clone(),
        scope,
        member: Box::new(member),
    };
    match saving::execute(&app, &asking.id, command, posted.call()).await {
        Ok(_) => Ok(see(&format!("/applications/{}?notice=applied", asking.id))),
        Err(problem) if problem.kind() == Kind::AlreadyApplied => {
            Ok(see(&format!("/applications/{}", asking.id)))
        }
        Err(problem) if matches!(problem.kind(), Kind::NotEligible | Kind::PeriodNotOpen) => {
            let notice = Notice::error(problem.body().detail.clone());
            Ok(asking.page(&app, vec![notice], problem.kind().status()))
        }
        Err(problem) => Err(problem),
    }
}
