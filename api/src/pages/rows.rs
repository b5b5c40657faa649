//! The three lists: 研究活動歴, 学会参加, 論文. Rows are added and edited in place, with what each counts and why not.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use domain::{
    application::{ApplicationCommand, CheckTarget, RowValue, removed_rows, with_closed},
    calendar::{YearMonth, jst_date, show_date},
    documents::{
        Conference, DocumentKind, FieldError, RESEARCH_YEARS, ResearchActivity, RowId,
        research_years, uncovered,
    },
    program::AnnualMeeting,
    units::{AssessedRow, CategoryTotal, UnitAssessment},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    document::{has_documents, kept, left, notices},
    entry,
    field::{Field, Need, SummaryLine},
    form::Form,
    frame::{Frame, Notice},
    listed::ListEntry,
    panel::Panel,
    posted::{Fields, Posted},
    rendered, see,
    visit::{Tab, Visit},
};
use crate::{
    access::Identity,
    app::App,
    problem::{Kind, Problem},
    saving::Done,
};

/// 総年数 in forms.
const TOTAL_YEARS: &str = "total_years";

/// What an address of a list may say.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// What has just been done.
    notice: Option<String>,
    /// The row whose form is open.
    row: Option<Uuid>,
    /// Names of the fields that a save did not take.
    left: Option<String>,
    /// 新規作成: the empty form is open.
    new: Option<String>,
    /// 回 of the 学術集会 that fills in the new form.
    meeting: Option<u32>,
}

#[derive(Template)]
#[template(path = "rows.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each shows or hides a part of the page"
)]
struct Page {
    frame: Frame,
    panel: Panel,
    tabs: Vec<Tab>,
    notices: Vec<Notice>,
    document: DocumentKind,
    /// Where the list is.
    address: String,
    limit: usize,
    columns: &'static [&'static str],
    rows: Vec<Line>,
    /// The form of a new row.
    new: Option<Form>,
    /// Both versions of a row, when another window was faster.
    conflicting: Option<Form>,
    summary: Vec<SummaryLine>,
    /// What the summary is about is stored nowhere.
    unstored: bool,
    removed: Vec<Removed>,
    totals: Vec<Total>,
    editable: bool,
    /// Whether rows may be added.
    addable: bool,
    full: bool,
    key: Uuid,
    revision: u32,
    years: Option<Years>,
    gaps: Vec<String>,
    meetings: Vec<Meeting>,
    history: String,
    since: String,
    window: (String, String),
    unit_table: String,
    recognised_events: String,
    papers: String,
}

/// A row of 登録済データ一覧.
struct Line {
    id: RowId,
    number: usize,
    cells: Vec<String>,
    /// 算入単位; none for 研究活動歴.
    counted: Option<u32>,
    /// 事務局欄, where it says another figure.
    office: Option<u32>,
    /// Why it counts 0 or less, and what to look at.
    remarks: Vec<String>,
    /// What is wrong with it.
    errors: Vec<String>,
    /// Its form, when it is open.
    form: Option<Form>,
    /// Whether anything of it may be edited.
    editable: bool,
    /// Whether it may be taken away.
    removable: bool,
}

/// A row that was removed and can be brought back.
struct Removed {
    id: RowId,
    words: String,
}

/// The growing total of a category.
struct Total {
    label: &'static str,
    total: CategoryTotal,
}

/// がん治療に関する研究活動・診療歴の総年数
struct Years {
    field: Field,
    saved: String,
}

/// A 学術集会 to choose.
struct Meeting {
    number: u32,
    words: String,
}

/// What stands open on the page.
#[derive(Default)]
struct Open {
    new: Option<Form>,
    row: Option<(RowId, Form)>,
    notices: Vec<Notice>,
    /// 総年数 as it was just typed, when it was not stored.
    years: Option<String>,
    /// Why not.
    years_wrong: Vec<String>,
}

fn form<T: ListEntry>(
    visit: &Visit<'_>,
    value: &T,
    row: Option<RowId>,
    errors: &[FieldError],
) -> Result<Form, Problem> {
    let address = visit.document(T::KIND);
    let revision = visit.state()?.documents.revision(T::KIND);
    let action = match row {
        Some(row) => format!("{address}/rows/{row}"),
        None => format!("{address}/rows"),
    };
    let mut form = Form::of(value, &visit.program.rules, errors, action, revision);
    form.preview = format!("{address}/preview");
    form.cancel = address;
    form.row = row.map(|row| row.to_string());
    Ok(match row {
        Some(_) => form.opened::<T>(visit.state()?, T::KIND, row),
        None => form,
    })
}

/// What a row's form saves: the row, and with it 総年数 when that was changed in the same form, or alone.
pub(super) fn save_command<T: ListEntry>(
    fields: &Fields,
    (row, new): (RowId, bool),
    value: T,
    base: u32,
) -> ApplicationCommand {
    match (value.into_value(), typed_years(fields)) {
        // 総年数 alone was typed: a row in which nothing stands would only have to be removed again.
        (RowValue::ResearchActivity(activity), Some(total_years))
            if new && activity == ResearchActivity::default() =>
        {
            ApplicationCommand::RecordResearchYears { total_years, base }
        }
        (RowValue::ResearchActivity(activity), total_years @ Some(_)) => {
            ApplicationCommand::SaveResearchActivities {
                total_years,
                row,
                activity,
                new,
                base,
            }
        }
        (value, _) if new => ApplicationCommand::AddRow {
            row,
            value,
            base: None,
        },
        (value, _) => ApplicationCommand::ReviseRow { row, value, base },
    }
}

/// 総年数 as the form of a row sent it, when it is not what the form was drawn with.
fn typed_years(fields: &Fields) -> Option<String> {
    let typed = fields.all(TOTAL_YEARS).pop()?;
    (!fields.says("total_years_drawn", &typed)).then_some(typed)
}

fn totals(kind: DocumentKind, assessment: &UnitAssessment) -> Vec<Total> {
    match kind {
        DocumentKind::Conferences => vec![Total {
            label: "学会参加",
            total: assessment.meetings,
        }],
        DocumentKind::Papers => vec![
            Total {
                label: "論文",
                total: assessment.papers,
            },
            Total {
                label: "他学会・セミナー等",
                total: assessment.other_societies,
            },
        ],
        _ => Vec::new(),
    }
}

fn line<T: ListEntry>(
    visit: &Visit<'_>,
    number: usize,
    id: RowId,
    value: &T,
    assessed: Option<&AssessedRow>,
) -> Line {
    let mut errors: Vec<String> = Vec::new();
    for error in value.wrong(&visit.program.rules, &visit.record) {
        if !errors.contains(&error.message) {
            errors.push(error.message);
        }
    }
    Line {
        id,
        number,
        cells: value.cells(),
        counted: assessed.map(|row| row.counted),
        office: None,
        remarks: match (visit.state(), assessed) {
            (Ok(state), Some(row)) => state.review.sentences(row),
            _ => Vec::new(),
        },
        errors,
        form: None,
        editable: visit
            .state()
            .is_ok_and(|state| state.opens_row(T::KIND, id)),
        removable: visit
            .state()
            .is_ok_and(|state| state.opens_removal(T::KIND, id)),
    }
}

fn years<T: ListEntry>(
    visit: &Visit<'_>,
    (typed, wrong): (Option<&str>, Vec<String>),
) -> Result<Option<Years>, Problem> {
    let Some(saved) = T::years(&visit.state()?.documents) else {
        return Ok(None);
    };
    let value = typed.unwrap_or(&saved);
    let mut field = Field::number(TOTAL_YEARS, RESEARCH_YEARS, Need::Required, value, "年")
        .supported("休業等の間は除いてください。");
    let state = visit.state()?;
    field.close(
        |name| Some(state.opens_field(T::KIND, None, name)),
        str::to_owned,
    );
    if value != saved {
        field.saved = Some(if saved.is_empty() {
            "（未入力）".to_owned()
        } else {
            format!("{saved}年")
        });
    }
    if !wrong.is_empty() {
        field.errors = wrong;
    } else if !value.is_empty() {
        field
            .errors
            .extend(research_years(value).err().map(|error| error.message));
    }
    Ok(Some(Years { field, saved }))
}

fn meetings<T: ListEntry>(visit: &Visit<'_>) -> Vec<Meeting> {
    if T::KIND != DocumentKind::Conferences {
        return Vec::new();
    }
    let rules = &visit.program.rules;
    rules
        .annual_meetings
        .iter()
        .filter(|meeting| rules.window.contains(meeting.first_day))
        .map(|meeting| Meeting {
            number: meeting.number,
            words: format!(
                "第{}回学術集会（{} {}～{}）",
                meeting.number,
                meeting.place,
                show_date(meeting.first_day),
                show_date(meeting.last_day)
            ),
        })
        .collect()
}

/// A row for a 学術集会, attended without speaking.
fn attended(visit: &Visit<'_>, meeting: &AnnualMeeting) -> RowValue {
    RowValue::Conference(Conference {
        first_author: String::new(),
        place: meeting.place.clone(),
        held_on: show_date(meeting.first_day),
        units: visit.program.rules.units.meeting.attendance.to_string(),
    })
}

/// The rows that were removed and may be brought back.
async fn removed_lines<T: ListEntry>(visit: &Visit<'_>) -> Result<Vec<Removed>, Problem> {
    let state = visit.state()?;
    let events = visit.app.service().application_events(visit.id()).await?;
    Ok(removed_rows(&events)
        .into_iter()
        .filter(|removed| state.opens_removal(T::KIND, removed.row))
        .filter_map(|removed| {
            let cells = T::from_value(&removed.value)?.cells().into_iter();
            let said: Vec<String> = cells.filter(|cell| !domain::text::is_blank(cell)).collect();
            Some(Removed {
                id: removed.row,
                words: said.join(" / "),
            })
        })
        .collect())
}

async fn page<T: ListEntry>(
    visit: &Visit<'_>,
    open: Open,
    status: StatusCode,
) -> Result<Response, Problem> {
    let state = visit.state()?;
    let rules = &visit.program.rules;
    let editable = visit.may_edit(T::KIND)?;
    let assessment = state.assess(rules);
    let saved = T::rows(&state.documents);
    let mut rows: Vec<Line> = saved
        .iter()
        .enumerate()
        .map(|(place, row)| {
            let id = row.id.to_string();
            let assessed = assessment
                .rows
                .iter()
                .find(|one| one.document == T::KIND && one.row == id);
            Line {
                office: state
                    .review
                    .office(&CheckTarget::row(T::KIND, &id), assessed),
                ..line(visit, place + 1, row.id, &row.value, assessed)
            }
        })
        .collect();
    let mut conflicting = None;
    let mut summary = Vec::new();
    // 総年数 stands in the form that is open: one save.
    let years = years::<T>(visit, (open.years.as_deref(), open.years_wrong))?;
    let beside_row = years
        .as_ref()
        .filter(|years| years.field.closed.is_empty())
        .map(|years| (years.field.clone(), years.saved.clone()));
    let in_a_row = beside_row.is_some() && (open.new.is_some() || open.row.is_some());
    let mut new = open.new;
    if let Some(form) = &mut new {
        summary.extend(form.summary.clone());
        form.beside_row.clone_from(&beside_row);
    }
    if let Some((id, mut form)) = open.row {
        form.beside_row = beside_row;
        summary.extend(form.summary.clone());
        if form.stale.is_some() {
            summary.clear();
            conflicting = Some(form);
        } else if let Some(line) = rows.iter_mut().find(|line| line.id == id) {
            line.form = Some(form);
        }
    }
    if let Some(years) = &years {
        summary.extend(years.field.errors.iter().map(|message| SummaryLine {
            anchor: TOTAL_YEARS.to_owned(),
            message: message.clone(),
        }));
    }
    let removed = if editable {
        removed_lines::<T>(visit).await?
    } else {
        Vec::new()
    };
    let mut frame = visit.document_frame(T::KIND);
    frame.wrong = !summary.is_empty() || conflicting.is_some() || status.is_client_error();
    let page = Page {
        frame,
        panel: visit.panel()?,
        tabs: visit.tabs(Some(T::KIND))?,
        notices: open.notices,
        document: T::KIND,
        address: visit.document(T::KIND),
        limit: T::limit(rules),
        columns: T::COLUMNS,
        full: saved.len() >= T::limit(rules),
        rows,
        new,
        addable: editable && state.opens_new_row(T::KIND),
        conflicting,
        summary,
        unstored: status.is_client_error(),
        removed,
        totals: totals(T::KIND, &assessment),
        editable,
        key: Uuid::new_v4(),
        revision: state.documents.revision(T::KIND),
        years: years.filter(|_| !in_a_row),
        gaps: gaps::<T>(visit)?,
        meetings: meetings::<T>(visit),
        history: visit.below(&format!("history?document={}", T::KIND.slug())),
        since: format!(
            "{}/{}",
            rules.activities_since().year,
            rules.activities_since().month
        ),
        window: (
            show_date(rules.window.first_day),
            show_date(rules.window.last_day),
        ),
        unit_table: visit.program.links.unit_table.clone(),
        recognised_events: visit.program.links.recognised_events.clone(),
        papers: visit.document(DocumentKind::Papers),
    };
    Ok(rendered(&page, status))
}

/// Months that 研究活動歴 does not tell about.
fn gaps<T: ListEntry>(visit: &Visit<'_>) -> Result<Vec<String>, Problem> {
    let rows = &visit.state()?.documents.research_activities.value.rows;
    if T::KIND != DocumentKind::ResearchActivities || rows.is_empty() {
        return Ok(Vec::new());
    }
    let until = YearMonth::of(jst_date(visit.now));
    Ok(uncovered(rows, &visit.program.rules, until)
        .into_iter()
        .map(|gap| gap.sentence())
        .collect())
}

/// A list's screen.
pub(super) async fn show<T: ListEntry>(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    has_documents(&visit)?;
    let mut open = Open {
        notices: notices(
            &visit,
            T::KIND,
            (asked.notice.as_deref(), asked.left.as_deref()),
        )
        .await?,
        ..Open::default()
    };
    if visit.may_edit(T::KIND)? {
        let rules = &visit.program.rules;
        let rows = T::rows(&visit.state()?.documents);
        if let Some(row) = asked.row.map(RowId) {
            let value = rows.get(row).ok_or_else(|| gone::<T>(&visit))?;
            let errors = value.wrong(rules, &visit.record);
            if visit.state()?.opens_row(T::KIND, row) {
                open.row = Some((row, form(&visit, value, Some(row), &errors)?));
            }
        } else if asked.new.is_some()
            && rows.len() < T::limit(rules)
            && visit.state()?.opens_new_row(T::KIND)
        {
            let meeting = asked.meeting.and_then(|number| {
                let known = rules.annual_meetings.iter();
                known.into_iter().find(|meeting| meeting.number == number)
            });
            let value = meeting
                .and_then(|meeting| T::from_value(&attended(&visit, meeting)))
                .unwrap_or_default();
            open.new = Some(form(&visit, &value, None, &[])?);
        }
    }
    page::<T>(&visit, open, StatusCode::OK).await
}

/// A row that is there no more: the list is, and what was removed can be brought back there.
fn gone<T: ListEntry>(visit: &Visit<'_>) -> Problem {
    Problem::new(Kind::UnknownRow).leading_to(visit.document(T::KIND))
}

/// After a row was stored: the list, with the row's form still open while something is wrong with it.
fn stored<T: ListEntry>(
    visit: &Visit<'_>,
    done: &Done,
    (posted, value): (&Posted, &T),
    (row, notice): (RowId, &str),
) -> Result<Response, Problem> {
    let state = done.found.state()?;
    let saved = T::rows(&state.documents).get(row);
    let mut left_out = state.left_out(T::KIND, Some(row), (value, saved));
    if let Some(years) = typed_years(&posted.fields) {
        left_out.extend(state.left_out_years(&years));
    }
    let left = left(&left_out);
    let address = visit.document(T::KIND);
    let wrong = !value.wrong(&visit.program.rules, &visit.record).is_empty();
    Ok(see(&if wrong {
        format!("{address}?notice={notice}{left}&row={row}#error-summary")
    } else {
        format!("{address}?notice={notice}{left}#notice")
    }))
}

/// 新規作成 and 入力内容保存
pub(super) async fn add<T: ListEntry>(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let typed = entry::whole::<T>(&posted.fields, &visit.program.rules)?;
    let row = RowId(posted.new_id());
    let new = (row, true);
    let command = save_command(&posted.fields, new, typed.clone(), posted.revision()?);
    let years_alone = matches!(command, ApplicationCommand::RecordResearchYears { .. });
    match visit.execute(command, posted.call()).await {
        Ok(_) if years_alone => Ok(see(&format!(
            "{}?notice=saved#notice",
            visit.document(T::KIND)
        ))),
        Ok(done) => stored(&visit, &done, (&posted, &typed), (row, "added")),
        Err(problem) => refused(&app, &posted, &id, (None, &typed), problem).await,
    }
}

/// 編集 and 入力内容保存
pub(super) async fn revise<T: ListEntry>(
    State(app): State<App>,
    Path((id, row)): Path<(String, Uuid)>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let row = RowId(row);
    let saved = T::rows(&visit.state()?.documents).get(row);
    let typed = entry::whole::<T>(&posted.fields, &visit.program.rules)?;
    let typed = with_closed(saved, typed, &posted.fields.all("closed"));
    let known = (row, false);
    let command = save_command(&posted.fields, known, typed.clone(), posted.revision()?);
    match visit.execute(command, posted.call()).await {
        Ok(done) => stored(&visit, &done, (&posted, &typed), (row, "saved")),
        Err(problem) => refused(&app, &posted, &id, (Some(row), &typed), problem).await,
    }
}

/// The same form again with what was typed, where there is something to be done about it there.
async fn refused<T: ListEntry>(
    app: &App,
    posted: &Posted,
    id: &str,
    (row, typed): (Option<RowId>, &T),
    problem: Problem,
) -> Result<Response, Problem> {
    let visit = Visit::to(app, &posted.identity, id).await?;
    let rules = &visit.program.rules;
    let saved = row.and_then(|row| T::rows(&visit.state().ok()?.documents).get(row));
    let (of_years, errors): (Vec<FieldError>, Vec<FieldError>) = problem
        .body()
        .errors
        .iter()
        .cloned()
        .partition(|error| error.pointer.trim_start_matches('/') == TOTAL_YEARS);
    let mut open = Open {
        years: posted.fields.all(TOTAL_YEARS).pop(),
        years_wrong: of_years.into_iter().map(|error| error.message).collect(),
        ..Open::default()
    };
    let status = problem.kind().status();
    match (problem.kind(), row, saved) {
        (Kind::StaleRevision, Some(row), Some(saved)) => {
            let errors = typed.wrong(rules, &visit.record);
            let form = form(&visit, typed, Some(row), &errors)?.beside(saved, rules);
            open.row = Some((row, form));
        }
        (Kind::Undecodable | Kind::TooLong | Kind::TooManyRows | Kind::StaleRevision, None, _) => {
            open.notices
                .push(Notice::error(problem.body().detail.clone()));
            open.new = Some(form(&visit, typed, None, &errors)?.unstored());
        }
        (Kind::Undecodable | Kind::TooLong | Kind::NotReturned, Some(row), Some(_)) => {
            open.notices
                .push(Notice::error(problem.body().detail.clone()));
            let form = form(&visit, typed, Some(row), &errors)?.unstored();
            open.row = Some((row, form));
        }
        (Kind::StaleRevision, Some(_), None) | (Kind::UnknownRow, ..) => {
            return Err(gone::<T>(&visit).keeping(kept(&typed.fields(rules))));
        }
        _ => return Err(problem.keeping(kept(&typed.fields(rules)))),
    }
    page::<T>(&visit, open, status).await
}

/// 削除
pub(super) async fn remove<T: ListEntry>(
    State(app): State<App>,
    Path((id, row)): Path<(String, Uuid)>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let command = ApplicationCommand::RemoveRow {
        document: T::KIND,
        row: RowId(row),
        base: posted.revision()?,
    };
    let address = format!("{}?notice=removed#notice", visit.document(T::KIND));
    visit.execute_and_see(command, &posted, &address).await
}

/// 元に戻す: a removed row comes back under its id, with what it held last.
pub(super) async fn bring_back<T: ListEntry>(
    State(app): State<App>,
    Path((id, row)): Path<(String, Uuid)>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let row = RowId(row);
    let events = app.service().application_events(visit.id()).await?;
    let value = removed_rows(&events)
        .into_iter()
        .find(|removed| removed.row == row && removed.value.document() == T::KIND)
        .map(|removed| removed.value);
    let address = format!("{}?notice=returned#notice", visit.document(T::KIND));
    let Some(value) = value else {
        // Sent twice, it is back already.
        return if T::rows(&visit.state()?.documents).get(row).is_some() {
            Ok(see(&address))
        } else {
            Err(gone::<T>(&visit))
        };
    };
    let command = ApplicationCommand::AddRow {
        row,
        value,
        base: None,
    };
    visit.execute_and_see(command, &posted, &address).await
}

/// 総年数: 登録
pub(super) async fn record_years(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let total_years = posted.fields.sent(TOTAL_YEARS)?;
    let command = ApplicationCommand::RecordResearchYears {
        total_years: total_years.clone(),
        base: posted.revision()?,
    };
    let address = format!(
        "{}?notice=saved#notice",
        visit.document(DocumentKind::ResearchActivities)
    );
    match visit.execute(command, posted.call()).await {
        Ok(_) => Ok(see(&address)),
        Err(problem)
            if matches!(
                problem.kind(),
                Kind::StaleRevision | Kind::Undecodable | Kind::TooLong
            ) =>
        {
            // One figure: what was typed stands in its box again beside the saved one, and nothing is overwritten.
            let visit = Visit::to(&app, &posted.identity, &id).await?;
            let saved = &visit.state()?.documents.research_activities.value;
            let sentence = format!(
                "{}（保存済みの総年数: {}）",
                problem.body().detail,
                if saved.total_years.is_empty() {
                    "未入力"
                } else {
                    &saved.total_years
                }
            );
            let open = Open {
                notices: vec![Notice::error(sentence)],
                years: Some(total_years),
                ..Open::default()
            };
            page::<ResearchActivity>(&visit, open, problem.kind().status()).await
        }
        Err(problem) => {
            let typed = vec![(RESEARCH_YEARS.to_owned(), total_years)];
            Err(problem.keeping(typed))
        }
    }
}
