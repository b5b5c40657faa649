//! 確認画面: the seven documents in the order of the paper beside the checklist, the papers, the notes, and what can be done now.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::{
        Application, ApplicationState, CheckMark, CheckTarget, Proof, ProofState, RowValue,
        acceptance_obstacles,
    },
    calendar::{show_date, show_jst_minutes},
    documents::DocumentKind,
    program::Rules,
    units::{AssessedRow, UnitAssessment},
};
use projections::WorklistFilter;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    super::frame::{Crumb, Frame, Notice},
    super::rendered,
    acts::{Offer, mark_word, offers, proof_state_word, proof_word},
    frame, who,
};
use crate::{
    access::{Identity, Permission},
    acts::{Asks, EXPLANATION, REASON},
    app::App,
    bulk,
    print::{Block, Content, Section, Sheet},
    problem::Problem,
    routes::{society::CorrectionAnswer, worklist::unread},
    situation::{Found, found, program},
};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// What has just been done.
    notice: Option<String>,
}

/// What was typed into a form that was refused.
#[derive(Debug, Default)]
pub(super) struct Typed {
    pub act: String,
    pub explanation: String,
    pub reason: String,
    pub note: String,
    /// The row whose form it was.
    pub row: Option<CheckTarget>,
    pub units: String,
    pub further_reason: String,
    /// JSON pointer and sentence of each field that is wrong.
    pub errors: Vec<(String, String)>,
    pub until: String,
    /// None when another form was sent.
    pub labels: Option<String>,
    pub transaction: String,
}

#[derive(Template)]
#[template(path = "desk/review.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each shows or hides a part of the page"
)]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    address: String,
    as_member: String,
    mails: String,
    export: String,
    name: String,
    furigana: String,
    facts: Vec<(&'static str, String)>,
    lines: Vec<String>,
    documents: Vec<Document>,
    /// Whether this person may check, and the application is in the state for it.
    checking: bool,
    key: Uuid,
    seen: u32,
    /// None where no documents are applied for: there is nothing that they would be needed for.
    units: Option<Units>,
    proofs: Vec<Paper>,
    /// Whether papers can be recorded.
    papers: bool,
    obstacles: Vec<String>,
    correction: Option<CorrectionAnswer>,
    notes: Vec<(String, String, String)>,
    labels: String,
    /// Whether notes and labels may be written.
    writing: bool,
    offers: Vec<Offer>,
    /// What waits for a second person: the run's address, its act, who proposed it.
    waiting: Vec<(String, &'static str, String)>,
    send_back: bool,
    payments: Vec<Payment>,
    reversing: bool,
    /// Where the member's attendance is corrected, for those who may.
    attendance: Option<String>,
    next: Option<String>,
    typed: Typed,
    /// What was typed into a form that is not here: label and text.
    left: Vec<(&'static str, String)>,
    marks: Vec<(&'static str, &'static str)>,
}

impl Typed {
    /// 会員への説明 typed into the form of this act.
    fn explanation_of(&self, act: &str) -> &str {
        if self.act == act {
            &self.explanation
        } else {
            ""
        }
    }

    /// What was typed into the form of 事務局欄 of this row.
    fn units_of(&self, target: &CheckTarget) -> Option<TypedUnits> {
        let is_here = self.act == "units" && self.row.as_ref() == Some(target);
        is_here.then(|| TypedUnits {
            units: self.units.clone(),
            reason: self.reason.clone(),
            further_reason: self.further_reason.clone(),
            errors: self.errors.clone(),
        })
    }

    /// What was typed into a form that is not on the page: it is shown beside why it was refused.
    fn left(&self, offers: &[Offer], payments: &[Payment]) -> Vec<(&'static str, String)> {
        let on_the_page = match self.act.as_str() {
            "note" | "labels" => true,
            "units" => self.row.is_some(),
            "reverse" => payments
                .iter()
                .any(|payment| payment.transaction == self.transaction),
            act => offers.iter().any(|offer| offer.act == act),
        };
        [
            ("認める単位", &self.units),
            ("期限", &self.until),
            (EXPLANATION, &self.explanation),
            (REASON, &self.reason),
        ]
        .into_iter()
        .filter(|(_, text)| !on_the_page && !domain::text::is_blank(text))
        .map(|(label, text)| (label, text.clone()))
        .collect()
    }

    /// The time typed into the form of this act.
    fn until_of(&self, act: &str) -> &str {
        if self.act == act { &self.until } else { "" }
    }

    /// The reason typed into the form that takes back this payment.
    fn reversal_of(&self, transaction: &str) -> Option<&str> {
        (self.act == "reverse" && self.transaction == transaction).then_some(&*self.reason)
    }

    /// The reason typed into the form of this act.
    fn reason_of(&self, act: &str) -> &str {
        if self.act == act { &self.reason } else { "" }
    }
}

/// The form of 事務局欄 of a row, as it was refused.
#[derive(Default)]
struct TypedUnits {
    units: String,
    reason: String,
    further_reason: String,
    errors: Vec<(String, String)>,
}

impl TypedUnits {
    /// What is wrong with this field; empty when nothing is.
    fn error_of(&self, pointer: &str) -> String {
        let here = self.errors.iter().filter(|(at, _)| at == pointer);
        here.map(|(_, message)| message.as_str()).collect()
    }
}

struct Units {
    declared: u32,
    counted: u32,
    recognised: u32,
    required: u32,
}

struct Document {
    kind: DocumentKind,
    mark: Mark,
    section: Option<Section>,
    rows: Vec<Row>,
    history: String,
    changed: Option<String>,
}

struct Mark {
    word: &'static str,
    label: &'static str,
    /// Whose it is, when.
    signed: Option<String>,
}

struct Row {
    id: String,
    number: usize,
    words: String,
    declared: Option<u32>,
    counted: Option<u32>,
    adjusted: Option<u32>,
    remarks: Vec<String>,
    mark: Mark,
    /// 要確認: 書類受理 waits for it.
    to_confirm: bool,
    /// Most 単位 without a further reason.
    most: u32,
    /// Whether its form was refused, and stands open.
    refused: bool,
    /// What stands in its form.
    typed: TypedUnits,
}

struct Paper {
    word: &'static str,
    label: &'static str,
    state: &'static str,
    signed: Option<String>,
    states: Vec<(&'static str, &'static str, bool)>,
}

impl Paper {
    fn word_done(&self) -> bool {
        self.states
            .iter()
            .any(|(word, _, chosen)| *chosen && *word == "checked")
    }
}

struct Payment {
    transaction: String,
    words: String,
}

fn mark(state: &ApplicationState, target: &CheckTarget) -> Mark {
    let check = state.review.checks.get(&target.key());
    let mark = state.review.mark(target);
    Mark {
        word: mark_word(mark),
        label: mark.label(),
        signed: check.map(|check| {
            format!(
                "{}　{}",
                who(&check.signed.by),
                show_jst_minutes(check.signed.at)
            )
        }),
    }
}

/// A row in a line of words.
pub(super) fn words(state: &ApplicationState, kind: DocumentKind, id: &str) -> String {
    let documents = &state.documents;
    let found = match kind {
        DocumentKind::ResearchActivities => documents
            .research_activities
            .value
            .rows
            .iter()
            .find(|row| row.id.to_string() == id)
            .map(|row| RowValue::ResearchActivity(row.value.clone())),
        DocumentKind::Conferences => documents
            .conferences
            .value
            .iter()
            .find(|row| row.id.to_string() == id)
            .map(|row| RowValue::Conference(row.value.clone())),
        DocumentKind::Papers => documents
            .papers
            .value
            .iter()
            .find(|row| row.id.to_string() == id)
            .map(|row| RowValue::Paper(row.value.clone())),
        _ => None,
    };
    match found {
        Some(RowValue::ResearchActivity(row)) => format!(
            "{}年{}月～{}年{}月 {}",
            row.from_year, row.from_month, row.to_year, row.to_month, row.content
        ),
        Some(RowValue::Conference(row)) => {
            format!("{} {} {}", row.held_on, row.place, row.first_author)
        }
        Some(RowValue::Paper(row)) => {
            format!("{} {} {} {}", row.division, row.kind, row.date, row.content)
        }
        None => state.attendance.get(id).map_or_else(String::new, |one| {
            format!(
                "{} {} ～ {}",
                one.name,
                show_date(one.key.first_day),
                show_date(one.last_day)
            )
        }),
    }
}

fn rows(
    state: &ApplicationState,
    kind: DocumentKind,
    (assessment, rules): (&UnitAssessment, &Rules),
    typed: &Typed,
) -> Vec<Row> {
    let to_confirm = state.review.to_confirm(assessment);
    let assessed = |id: &str| -> Option<&AssessedRow> {
        assessment
            .rows
            .iter()
            .find(|row| row.document == kind && row.row == id)
    };
    state
        .review_rows(kind)
        .into_iter()
        .zip(1..)
        .map(|(id, number)| {
            let target = CheckTarget::row(kind, &id);
            let units = assessed(&id);
            let adjusted = state.review.adjustments.get(&target.key());
            let refused = typed.units_of(&target);
            Row {
                to_confirm: to_confirm
                    .iter()
                    .any(|row| row.document == kind && row.row == id),
                most: state.most_units(&target, rules),
                refused: refused.is_some(),
                typed: refused.unwrap_or_else(|| TypedUnits {
                    units: adjusted.map_or_else(String::new, |one| one.units.to_string()),
                    ..TypedUnits::default()
                }),
                number,
                words: words(state, kind, &id),
                declared: units.and_then(|row| row.declared),
                counted: units.map(|row| row.counted),
                adjusted: adjusted.map(|one| one.units),
                remarks: units.map_or_else(Vec::new, |row| state.review.sentences(row)),
                mark: mark(state, &target),
                id,
            }
        })
        .collect()
}

/// What has changed since the 本紙 that was sent back, document by document.
fn changed_since(state: &ApplicationState, kind: DocumentKind) -> bool {
    state.review.correction.as_ref().is_some_and(|correction| {
        correction
            .request
            .items
            .iter()
            .any(|item| item.document == kind && correction.progress_of(item.number).changed)
    })
}

/// The application after this one in the list of those that wait for a check.
async fn next(app: &App, id: &str) -> Result<Option<String>, Problem> {
    let filter = WorklistFilter {
        document_track: Some(projections::DocumentTrack::UnderReview),
        withdrawn: Some(false),
        ..WorklistFilter::default()
    };
    let waiting = app
        .service()
        .views
        .selection(&filter, 10_000)
        .await
        .map_err(unread)?;
    let after = waiting.iter().find(|other| other.as_str() > id);
    let next = after.or_else(|| waiting.first());
    Ok(next.filter(|next| next.as_str() != id).map(super::of))
}

/// What waits for a second person in an application.
async fn waiting(
    app: &App,
    application: &str,
) -> Result<Vec<(String, &'static str, String)>, Problem> {
    let runs = app.bulk_runs().waiting_for(application).await;
    let runs = runs.map_err(|error| bulk::failed(&error))?;
    Ok(runs
        .into_iter()
        .map(|run| {
            let by = format!("{}　{}", who(&run.made_by), show_jst_minutes(run.made_at));
            (format!("/desk/bulk/{}", run.id), run.act.label, by)
        })
        .collect())
}

/// The page of an application as it is.
#[expect(clippy::too_many_lines, reason = "one page, part by part")]
pub(super) async fn page(
    app: &App,
    identity: &Identity,
    found: &Found,
    (notices, status): (Vec<Notice>, StatusCode),
    typed: &Typed,
) -> Result<Response, Problem> {
    let state = found.state()?;
    let program = program(app, state)?;
    let now = app.service().clock.now();
    let address = super::of(&found.id);
    let withdrawn = matches!(found.application, Application::Withdrawn(_));
    let assessment = state.assess_now(&program.rules);
    let sheet = Sheet::Provisional { generated_at: now };
    let mut sections = Content::new(state, program, &sheet).sections;
    let checks = identity.holds(Permission::CheckDocuments) && !withdrawn;
    let under_review = matches!(
        state.documents_track,
        domain::application::DocumentTrack::UnderReview(_)
    );
    let documents = DocumentKind::ALL
        .into_iter()
        .map(|kind| Document {
            kind,
            mark: mark(state, &CheckTarget::whole(kind)),
            section: sections
                .iter()
                .position(|section| section.document == kind)
                // Their rows stand in the table of the check, with everything that is typed in them.
                .filter(|_| !matches!(kind, DocumentKind::Conferences | DocumentKind::Papers))
                .map(|place| sections.swap_remove(place)),
            rows: rows(state, kind, (&assessment, &program.rules), typed),
            history: format!("{address}/history?document={}", kind.slug()),
            changed: changed_since(state, kind).then(|| {
                let earlier = state
                    .review
                    .correction
                    .as_ref()
                    .map_or(1, |one| one.submission);
                format!("{address}/moment?submission={earlier}#{}", kind.slug())
            }),
        })
        .collect();
    let declared = assessment
        .rows
        .iter()
        .filter_map(|row| row.declared)
        .fold(0, u32::saturating_add);
    let mut frame = frame(
        app,
        identity,
        "確認画面",
        vec![Crumb::to("申請一覧", "/desk/applications")],
    );
    frame.wrong = status.is_client_error();
    let offers = offers(app, identity, &found.application);
    let payments: Vec<Payment> = state
        .payments
        .values()
        .map(|payment| Payment {
            transaction: payment.transaction.clone(),
            words: format!(
                "{} {}円　{}　{}　{}",
                payment.item.label(),
                payment.amount_yen,
                show_date(payment.paid_on),
                payment.payer.value,
                payment.transaction
            ),
        })
        .collect();
    let screen = Page {
        frame,
        notices,
        left: typed.left(&offers, &payments),
        mails: format!("/desk/mails?application={}", found.id),
        as_member: format!("/desk/as-member/{}", found.id),
        export: format!("/api/v1/audit/export?application={}", found.id),
        name: state.record.name.clone(),
        furigana: state.record.furigana.clone(),
        facts: vec![
            ("申請の種類", program.title.clone()),
            ("会員番号", state.member.as_str().to_owned()),
            ("所属施設", state.record.workplace.name.clone()),
            (
                "お申込み",
                format!(
                    "{}　{}",
                    state.scope.label(),
                    show_jst_minutes(state.applied_at)
                ),
            ),
            (
                "本紙",
                state.submission().map_or_else(
                    || "まだ完了していません".to_owned(),
                    |one| {
                        format!(
                            "第{}号　{} 確定",
                            one.number,
                            show_jst_minutes(one.submitted_at)
                        )
                    },
                ),
            ),
        ],
        lines: found
            .application
            .status(program, now)
            .map_or_else(Vec::new, |status| status.lines),
        documents,
        checking: checks && under_review,
        key: Uuid::new_v4(),
        seen: state.review.revision,
        units: state.has_documents().then(|| Units {
            declared,
            counted: assessment.total,
            recognised: state.review.recognised_units(&assessment),
            required: assessment.required,
        }),
        proofs: Proof::ALL
            .into_iter()
            .map(|proof| {
                let at = state.review.proof(proof);
                Paper {
                    word: proof_word(proof),
                    label: proof.label(),
                    state: at.label(),
                    signed: state.review.proofs.get(&proof).map(|(_, signed)| {
                        format!("{}　{}", who(&signed.by), show_jst_minutes(signed.at))
                    }),
                    states: ProofState::ALL
                        .map(|one| (proof_state_word(one), one.label(), one == at))
                        .into(),
                }
            })
            .collect(),
        papers: checks && state.submission().is_some(),
        obstacles: if under_review {
            acceptance_obstacles(state, program)
        } else {
            Vec::new()
        },
        correction: CorrectionAnswer::of(&found.application),
        notes: state
            .review
            .notes
            .iter()
            .rev()
            .map(|note| {
                (
                    note.text.value.clone(),
                    who(&note.signed.by),
                    show_jst_minutes(note.signed.at),
                )
            })
            .collect(),
        labels: typed.labels.clone().unwrap_or_else(|| {
            let labels = state.review.labels.iter().cloned();
            labels.collect::<Vec<_>>().join("、")
        }),
        writing: checks,
        offers,
        waiting: waiting(app, &found.id.to_string()).await?,
        send_back: checks && under_review,
        payments,
        reversing: identity.holds(Permission::ConfirmPayments) && !withdrawn,
        attendance: checks.then(|| format!("/desk/members/{}", found.id.member)),
        next: next(app, &found.id.to_string()).await?,
        typed: Typed {
            act: typed.act.clone(),
            explanation: typed.explanation.clone(),
            reason: typed.reason.clone(),
            note: typed.note.clone(),
            until: typed.until.clone(),
            labels: typed.labels.clone(),
            transaction: typed.transaction.clone(),
            ..Typed::default()
        },
        marks: CheckMark::ALL
            .map(|mark| (mark_word(mark), mark.label()))
            .into(),
        address,
    };
    Ok(rendered(&screen, status))
}

/// 確認画面
pub(super) async fn show(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let found = found(&app, &identity, &id).await?;
    let notices = match asked.notice.as_deref() {
        Some("done") => vec![Notice::success("記録しました。")],
        Some("returned") => vec![Notice::success(
            "差し戻しました。会員には、修正をお願いした項目だけが編集できるようになります。",
        )],
        _ => Vec::new(),
    };
    page(
        &app,
        &identity,
        &found,
        (notices, StatusCode::OK),
        &Typed::default(),
    )
    .await
}
