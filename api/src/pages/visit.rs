//! A member's look at the own application: what every page of it starts from.

use axum::response::Response;
use domain::{
    Actor, Context, Role,
    application::{
        Application, ApplicationCommand, ApplicationId, ApplicationState, Refusal, StatusView,
        decide,
    },
    calendar::show_deadline,
    documents::DocumentKind,
    eligibility::completion_reason,
    member::{MemberNumber, MemberRecord},
    program::Program,
    sentences::{Phase, Stand},
};
use jiff::Timestamp;

use super::{
    frame::{Crumb, Frame, Notice, Viewing},
    panel::Panel,
    posted::Posted,
};
use crate::{
    access::Identity,
    app::App,
    print::{Content, Sheet},
    problem::{Kind, Problem},
    saving::{self, Done},
    service::Call,
    situation::{Found, found, program, record_of_today},
};

/// An application, its rules, and the moment.
pub(super) struct Visit<'a> {
    pub app: &'a App,
    pub found: Found,
    pub program: &'a Program,
    /// The member's record of today.
    pub record: MemberRecord,
    pub now: Timestamp,
    /// 会員として表示: the account of the secretariat that looks at the member's pages, and can do nothing on them.
    pub viewer: Option<String>,
}

/// A document with its state, as a tab.
#[derive(Clone, Debug)]
pub(super) struct Tab {
    pub title: &'static str,
    pub href: String,
    pub state: String,
    pub current: bool,
}

impl<'a> Visit<'a> {
    /// The application that an address names.
    ///
    /// # Errors
    /// [`Kind::NotApplied`], also for another member's.
    pub async fn to(app: &'a App, identity: &Identity, id: &str) -> Result<Self, Problem> {
        let found = found(app, identity, id).await?;
        let mut visit = Self::of(app, found).await?;
        if identity.member().is_none() {
            visit.viewer = Some(identity.actor().id.clone());
        }
        Ok(visit)
    }

    /// The same for one that has been found.
    pub async fn of(app: &'a App, found: Found) -> Result<Self, Problem> {
        let state = found.state()?;
        let program = program(app, state)?;
        let record = record_of_today(app, state).await?;
        Ok(Self {
            app,
            found,
            program,
            record,
            now: app.service().clock.now(),
            viewer: None,
        })
    }

    /// What it holds.
    pub fn state(&self) -> Result<&ApplicationState, Problem> {
        self.found.state()
    }

    pub fn id(&self) -> &ApplicationId {
        &self.found.id
    }

    /// Where it stands now, for what may be said of it.
    pub fn stand(&self) -> Stand {
        Stand::of(&self.found.application, self.program, self.now)
    }

    /// 状態, as every page says it.
    pub fn status(&self) -> Result<StatusView, Problem> {
        self.found
            .application
            .status(self.program, self.now)
            .ok_or(Problem::new(Kind::NotApplied))
    }

    /// Whether the decider would do it now. A page offers nothing that is refused.
    pub fn would_do(&self, command: ApplicationCommand) -> bool {
        let context = Context {
            actor: Actor {
                role: Role::Member,
                id: self.found.id.member.to_string(),
            },
            at: self.now,
        };
        let programs = &self.app.service().programs;
        decide(&self.found.application, command, &context, programs)
            .is_ok_and(|events| !events.is_empty())
    }

    /// Whether it is withdrawn.
    pub fn is_withdrawn(&self) -> bool {
        matches!(self.found.application, Application::Withdrawn(_))
    }

    /// Whether the documents may be edited.
    pub fn is_editable(&self) -> Result<bool, Problem> {
        self.state()?;
        Ok(self.viewer.is_none() && self.found.application.is_open())
    }

    /// Whether anything of a document may be edited: after 差し戻し only what was asked for is open.
    pub fn may_edit(&self, kind: DocumentKind) -> Result<bool, Problem> {
        Ok(self.state()?.opens_document(kind) && self.is_editable()?)
    }

    /// The first instant at which it is too late for this application.
    pub fn closes(&self) -> Timestamp {
        self.found.application.closes(self.program)
    }

    /// Why it cannot be completed at this time, whatever is filled in: the sentence of the decider's refusal.
    pub fn closed(&self) -> Option<String> {
        let closes = self.closes();
        if self.stand().phase == Phase::CorrectionOverdue {
            let due = show_deadline(closes);
            return Some(Refusal::CorrectionOverdue { due }.to_string());
        }
        completion_reason(self.program, closes, self.now).map(|reason| reason.message)
    }

    /// 申請TOP
    pub fn top(&self) -> String {
        match self.viewer {
            None => format!("/applications/{}", self.found.id),
            Some(_) => format!("/desk/as-member/{}", self.found.id),
        }
    }

    /// Below 申請TOP.
    pub fn below(&self, path: &str) -> String {
        format!("{}/{path}", self.top())
    }

    /// A document's screen.
    pub fn document(&self, kind: DocumentKind) -> String {
        self.below(&format!("documents/{}", kind.slug()))
    }

    /// Header and breadcrumb of a page below 申請TOP: 専門医 > program > … > here.
    pub fn frame(&self, title: &str, between: impl IntoIterator<Item = Crumb>) -> Frame {
        let mut frame = Frame::of_program(self.app, title, self.program);
        frame.person = Some(person(&self.record));
        if let Some(account) = &self.viewer {
            frame.viewing = Some(Viewing {
                words: format!(
                    "会員として表示しています（閲覧のみ）。事務局 {account} が、会員番号 {} の画面を表示しています。この表示は閲覧記録に残ります。",
                    self.record.number.as_str()
                ),
                back: format!("/desk/applications/{}", self.found.id),
            });
        }
        frame.crumbs = vec![
            Crumb::to(
                if self.viewer.is_some() {
                    "事務局"
                } else {
                    "専門医"
                },
                "/",
            ),
            Crumb::to(self.program.title.clone(), self.top()),
        ];
        frame.crumbs.extend(between);
        frame.crumbs.push(Crumb::here(title));
        frame
    }

    /// Header and breadcrumb of a document's screen.
    pub fn document_frame(&self, kind: DocumentKind) -> Frame {
        let list = Crumb::to("申請書類一覧", self.below("documents"));
        self.frame(kind.title(), [list])
    }

    /// The seven documents.
    pub fn tabs(&self, current: Option<DocumentKind>) -> Result<Vec<Tab>, Problem> {
        let documents = &self.state()?.documents;
        Ok(DocumentKind::ALL
            .into_iter()
            .map(|kind| Tab {
                title: kind.title(),
                href: self.document(kind),
                state: documents.state(kind, &self.program.rules).label(),
                current: current == Some(kind),
            })
            .collect())
    }

    /// What 申請書（仮） would say now.
    pub fn provisional(&self) -> Result<Content, Problem> {
        let sheet = Sheet::Provisional {
            generated_at: self.now,
        };
        Ok(Content::new(self.state()?, self.program, &sheet))
    }

    /// That the printed application which the member has is not the one of today, if so.
    pub async fn stale_print(&self) -> Result<Option<Notice>, Problem> {
        let last = self.app.downloads().last(self.id()).await;
        let last = last.map_err(|error| Problem::failed("reading the last download", &error))?;
        let Some(last) = last else {
            return Ok(None);
        };
        let state = self.state()?;
        if !state.has_documents() {
            return Ok(None);
        }
        let number = state.final_form().map(|form| form.number);
        let provisional = self.provisional()?;
        Ok(last
            .stale_notice(self.stand(), number, || provisional)
            .map(Notice::warning))
    }

    /// 申請完了要件
    pub fn panel(&self) -> Result<Panel, Problem> {
        Panel::of(self)
    }

    /// Executes a command of a form.
    ///
    /// # Errors
    /// The refusal as a problem.
    pub async fn execute(&self, command: ApplicationCommand, call: Call) -> Result<Done, Problem> {
        saving::execute(self.app, &self.found.id, command, call).await
    }

    /// The same, and then the page that shows it.
    pub async fn execute_and_see(
        &self,
        command: ApplicationCommand,
        posted: &Posted,
        address: &str,
    ) -> Result<Response, Problem> {
        self.execute(command, posted.call()).await?;
        Ok(super::see(address))
    }
}

/// 氏名 and 会員番号 of somebody who is signed in.
pub(super) fn person(record: &MemberRecord) -> String {
    format!("{}（会員番号 {}）", record.name, record.number)
}

/// The record of a member who is signed in.
pub(super) async fn record(app: &App, identity: &Identity) -> Result<MemberRecord, Problem> {
    let number: MemberNumber = identity.member().ok_or(Problem::new(Kind::NotPermitted))?;
    app.service()
        .member(&number)
        .await?
        .and_then(|member| member.record)
        .ok_or(Problem::new(Kind::UnknownMember))
}
