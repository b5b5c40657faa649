//! How far an application has been checked, and the list of all of them.

use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    application::{
        Application, CheckMark, CheckTarget, Correction, DecisionKind, Proof, ProofState,
        acceptance_obstacles, approval_obstacles,
    },
    calendar::show_deadline,
    documents::DocumentKind,
    units::Remark,
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::Endpoint;
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::Problem,
    situation::{Found, found, program},
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![super::super::endpoint(
        Permission::SearchApplications,
        &[],
        routes!(review),
    )]
}

/// How far an application has been checked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReviewAnswer {
    /// `<program>.<会員番号>`
    pub id: String,
    /// What a decision names as `seen`.
    pub revision: u32,
    /// The tracks in words.
    pub state: String,
    /// 状態 as the member sees it.
    pub lines: Vec<String>,
    /// The seven documents, in the order of the paper.
    pub documents: Vec<CheckedDocument>,
    /// 単位 that the secretariat recognises: the rules' with 事務局欄 in their place.
    pub recognised_units: u32,
    /// 単位 needed.
    pub required_units: u32,
    /// 提出書類
    pub proofs: Vec<ProofAnswer>,
    /// 内部メモ, oldest first.
    pub notes: Vec<NoteAnswer>,
    /// 内部ラベル
    pub labels: Vec<String>,
    /// The last 差し戻し.
    pub correction: Option<CorrectionAnswer>,
    /// The decision about the certification that can be undone now.
    pub undoable: Option<UndoableAnswer>,
    /// What keeps the documents from being accepted, in words.
    pub acceptance_obstacles: Vec<String>,
    /// What keeps the renewal from being approved, in words.
    pub approval_obstacles: Vec<String>,
}

/// A decision that can be undone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UndoableAnswer {
    /// Number of its event in the application.
    pub event: u64,
    /// Which one.
    pub decision: DecisionKind,
    /// Its words.
    pub label: &'static str,
}

/// A document with its mark.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckedDocument {
    /// Which.
    pub document: DocumentKind,
    /// 文書名
    pub title: &'static str,
    /// 未確認, 確認済 or 要修正.
    pub mark: CheckMark,
    /// Whose mark it is.
    pub marked_by: Option<String>,
    /// When it was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub marked_at: Option<Timestamp>,
    /// Its rows.
    pub rows: Vec<CheckedRow>,
}

/// A row with its mark and its units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckedRow {
    /// Its id.
    pub row: String,
    /// 未確認, 確認済 or 要修正.
    pub mark: CheckMark,
    /// 申請単位
    pub declared: Option<u32>,
    /// 単位 by the rules.
    pub counted: Option<u32>,
    /// 事務局欄
    pub adjusted: Option<u32>,
    /// Most 単位 that 事務局欄 may say without a further reason; none where no units are counted.
    pub most_units: Option<u32>,
    /// 要確認: 書類受理 waits until the row is 確認済 or has a 事務局欄.
    pub to_confirm: bool,
    /// What the rules say about it.
    pub remarks: Vec<Remark>,
}

/// Where a paper is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProofAnswer {
    /// Which.
    pub proof: Proof,
    /// Its words.
    pub label: &'static str,
    /// Where.
    pub state: ProofState,
}

/// 内部メモ
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoteAnswer {
    /// What it says.
    pub note: String,
    /// By whom.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// 差し戻し（修正のお願い）
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CorrectionAnswer {
    /// Whether it waits for the member.
    pub open: bool,
    /// Number of the 本紙 that was sent back.
    pub submission: u32,
    /// Words before the list.
    pub message: String,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    pub due: Timestamp,
    /// The same in Japan.
    pub due_label: String,
    /// What is to be corrected.
    pub items: Vec<CorrectionItemAnswer>,
}

/// One thing to be corrected.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CorrectionItemAnswer {
    /// Its number, from 1.
    pub number: u32,
    /// Which document.
    pub document: DocumentKind,
    /// 文書名
    pub title: &'static str,
    /// Which row.
    pub row: Option<String>,
    /// Its No on the pages; none for the document as a whole, and when the row is gone.
    pub row_number: Option<usize>,
    /// Which field, by its name in JSON.
    pub field: Option<String>,
    /// Its label.
    pub field_label: Option<&'static str>,
    /// What is to be corrected.
    pub comment: String,
    /// Whether it was changed since.
    pub changed: bool,
    /// What the member answered.
    pub answer: Option<String>,
}

impl CorrectionAnswer {
    /// The last one of an application.
    pub fn of(application: &Application) -> Option<Self> {
        let state = application.state()?;
        let correction: &Correction = state.review.correction.as_ref()?;
        let request = &correction.request;
        Some(Self {
            open: application.open_correction().is_some(),
            submission: correction.submission,
            message: request.message.value.clone(),
            due: request.due,
            due_label: show_deadline(request.due),
            items: request
                .items
                .iter()
                .map(|item| {
                    let progress = correction.progress_of(item.number);
                    let field = item.field.as_deref();
                    CorrectionItemAnswer {
                        number: item.number,
                        document: item.document,
                        title: item.document.title(),
                        row: item.row.map(|row| row.to_string()),
                        row_number: item
                            .row
                            .and_then(|row| state.row_number(item.document, &row.to_string())),
                        field: item.field.clone(),
                        field_label: field
                            .and_then(|name| item.document.field(name))
                            .map(|field| field.label),
                        comment: item.comment.value.clone(),
                        changed: progress.changed,
                        answer: progress.answer.map(|answer| answer.value),
                    }
                })
                .collect(),
        })
    }
}

impl ReviewAnswer {
    /// That of an application as it is.
    pub fn of(app: &App, found: &Found) -> Result<Self, Problem> {
        let state = found.state()?;
        let program = program(app, state)?;
        let review = &state.review;
        let assessment = state.assess_now(&program.rules);
        let to_confirm = review.to_confirm(&assessment);
        let documents = DocumentKind::ALL
            .into_iter()
            .map(|kind| {
                let target = CheckTarget::whole(kind);
                let check = review.checks.get(&target.key());
                let rows = state.review_rows(kind).into_iter().map(|row| {
                    let target = CheckTarget::row(kind, &row);
                    let assessed = assessment
                        .rows
                        .iter()
                        .find(|assessed| assessed.document == kind && assessed.row == row);
                    CheckedRow {
                        mark: review.mark(&target),
                        declared: assessed.and_then(|row| row.declared),
                        counted: assessed.map(|row| row.counted),
                        adjusted: review.adjustments.get(&target.key()).map(|one| one.units),
                        most_units: assessed.map(|_| state.most_units(&target, &program.rules)),
                        to_confirm: to_confirm
                            .iter()
                            .any(|asked| asked.document == kind && asked.row == row),
                        remarks: assessed.map_or_else(Vec::new, |row| row.remarks.clone()),
                        row,
                    }
                });
                CheckedDocument {
                    document: kind,
                    title: kind.title(),
                    mark: review.mark(&target),
                    marked_by: check.map(|check| check.signed.by.clone()),
                    marked_at: check.map(|check| check.signed.at),
                    rows: rows.collect(),
                }
            })
            .collect();
        Ok(Self {
            id: found.id.to_string(),
            revision: review.revision,
            state: found.application.track_words(),
            lines: found
                .application
                .status(program, app.service().clock.now())
                .map_or_else(Vec::new, |status| status.lines),
            documents,
            recognised_units: review.recognised_units(&assessment),
            required_units: assessment.required,
            proofs: Proof::ALL
                .into_iter()
                .map(|proof| ProofAnswer {
                    proof,
                    label: proof.label(),
                    state: review.proof(proof),
                })
                .collect(),
            notes: review
                .notes
                .iter()
                .map(|note| NoteAnswer {
                    note: note.text.value.clone(),
                    by: note.signed.by.clone(),
                    at: note.signed.at,
                })
                .collect(),
            labels: review.labels.iter().cloned().collect(),
            correction: CorrectionAnswer::of(&found.application),
            undoable: state.last_decision().map(|last| UndoableAnswer {
                event: last.event,
                decision: last.kind,
                label: last.kind.label(),
            }),
            acceptance_obstacles: acceptance_obstacles(state, program),
            approval_obstacles: approval_obstacles(state),
        })
    }
}

/// How far an application has been checked (確認)
#[utoipa::path(
    get,
    path = "/api/v1/applications/{id}/review",
    params(("id" = String, Path, description = "`<program>.<会員番号>`")),
    responses((status = OK, description = "The review.", body = ReviewAnswer))
)]
async fn review(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Json<ReviewAnswer>, Problem> {
    let found = found(&app, &identity, &id).await?;
    Ok(Json(ReviewAnswer::of(&app, &found)?))
}
