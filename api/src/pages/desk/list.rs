//! 申請一覧: search, sort, pages, and the export of exactly this view.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use domain::calendar::{show_days_left, show_deadline, show_jst_minutes};
use projections::{
    CertificationTrack, DocumentTrack, ExamTrack, Missing, WorklistEntry, WorklistSort,
};

use super::{
    super::{
        frame::{Crumb, Frame, Notice},
        posted::Posted,
        rendered, see,
    },
    frame, sentences,
    spreadsheet::Spreadsheet,
};
use crate::{
    access::{Identity, named},
    acts,
    app::App,
    problem::{Kind, Problem},
    routes::{
        searches::{failed, keep},
        worklist::{Asked, Question, listed, note_list, unread},
    },
};
use uuid::Uuid;

/// Most lines of one export; more is asked for in parts.
const EXPORT_LIMIT: i64 = 100_000;

/// Lines that an export reads at a time.
const EXPORT_PART: i64 = 2_000;

/// A choice of a select.
pub(super) struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

#[derive(Template)]
#[template(path = "desk/list.html")]
struct Page {
    frame: Frame,
    notices: Vec<Notice>,
    filters: Filters,
    /// The conditions that are shown, for 保存する: name and value of each.
    conditions: Vec<(String, String)>,
    /// 検索の名前 as typed, when it was refused.
    name: String,
    /// What is asked for, in words.
    pills: Vec<String>,
    /// 保存した検索: id and name.
    saved: Vec<(Uuid, String)>,
    key: Uuid,
    total: i64,
    /// From which line to which.
    range: (i64, i64),
    lines: Vec<Line>,
    previous: Option<String>,
    next: Option<String>,
    export: String,
    /// The conditions as an address has them, for 一括処理.
    query: String,
    /// What this person may do on many at once.
    acts: Vec<Choice>,
    /// What stands in the form of 一括処理.
    bulk: Bulk,
}

/// 一括処理 as it was chosen and typed, when it was refused.
#[derive(Default)]
struct Bulk {
    act: String,
    all: bool,
    picks: Vec<String>,
    until: String,
    explanation: String,
    reason: String,
}

impl Bulk {
    fn picks(&self, application: &str) -> bool {
        self.picks.iter().any(|pick| pick == application)
    }
}

/// What was typed on the page, when it was refused.
#[derive(Default)]
struct Typed {
    /// 検索の名前
    name: String,
    /// 一括処理, and why not.
    bulk: Option<(Bulk, Problem)>,
}

/// The search form, with what is chosen in it.
struct Filters {
    q: String,
    label: String,
    closes_before: String,
    closes_from: String,
    programs: Vec<Choice>,
    documents: Vec<Choice>,
    exams: Vec<Choice>,
    certifications: Vec<Choice>,
    missing: Vec<Choice>,
    withdrawn: Vec<Choice>,
    sorts: Vec<Choice>,
    orders: Vec<Choice>,
}

struct Line {
    /// Id of the application.
    id: String,
    href: String,
    member: String,
    name: String,
    furigana: String,
    workplace: String,
    program: String,
    documents: &'static str,
    exam: &'static str,
    certification: &'static str,
    withdrawn: bool,
    units: String,
    missing: Vec<String>,
    unchecked: i64,
    labels: Vec<String>,
    closes: Option<String>,
    updated: String,
}

/// An address with what is asked for, never with a name: that is kept beside the id of a search.
fn address(path: &str, asked: &Asked) -> String {
    let told = match asked.search {
        None => Asked {
            q: String::new(),
            label: String::new(),
            ..asked.clone()
        },
        Some(_) => Asked {
            search: asked.search,
            sort: asked.sort.clone(),
            order: asked.order.clone(),
            page: asked.page,
            limit: asked.limit,
            ..Asked::default()
        },
    };
    let query = serde_urlencoded::to_string(told).unwrap_or_default();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

fn choices<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>, chosen: &str) -> Vec<Choice> {
    all.into_iter()
        .map(|(value, label)| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: value == chosen,
        })
        .collect()
}

/// 申請の種類 in words; its key where it is not known any more.
fn program_title(app: &App, key: &str) -> String {
    let mut programs = app.service().programs.iter();
    programs
        .find(|program| program.id.0 == key)
        .map_or_else(|| key.to_owned(), |program| program.menu_title.clone())
}

fn line(app: &App, entry: WorklistEntry) -> Line {
    let now = app.service().clock.now();
    let units = units(&entry).map_or_else(String::new, |(units, required)| {
        format!("{units} / {required}")
    });
    Line {
        href: super::of(&entry.application),
        id: entry.application.clone(),
        program: program_title(app, &entry.program),
        member: entry.member,
        name: entry.name,
        furigana: entry.furigana,
        workplace: entry.workplace,
        documents: entry.document_track.label(),
        exam: entry.exam_track.label(),
        certification: entry.certification.label(),
        withdrawn: entry.withdrawn,
        units,
        missing: entry.missing.into_iter().map(|one| one.label).collect(),
        unchecked: entry.unchecked,
        labels: entry.labels,
        closes: entry
            .closes_at
            .map(|at| format!("{}（{}）", show_deadline(at), show_days_left(now, at))),
        updated: show_jst_minutes(entry.updated_at),
    }
}

/// 認められた単位 and how many are needed; none for 筆記試験のみ, of which no unit is asked.
fn units(entry: &WorklistEntry) -> Option<(i64, i64)> {
    (entry.document_track != DocumentTrack::NotApplied).then_some((entry.units, entry.required))
}

/// What is asked for, in words.
fn pills(asked: &Asked) -> Vec<String> {
    let given = |text: &str| (!domain::text::is_blank(text)).then(|| text.trim().to_owned());
    [
        given(&asked.q).map(|q| format!("「{q}」")),
        given(&asked.program),
        DocumentTrack::parse(&asked.documents).map(|track| format!("申請: {}", track.label())),
        ExamTrack::parse(&asked.exam).map(|track| format!("筆記試験: {}", track.label())),
        CertificationTrack::parse(&asked.certification)
            .map(|track| format!("認定: {}", track.label())),
        Missing::read(&asked.missing).map(|missing| missing.label),
        given(&asked.label).map(|label| format!("ラベル: {label}")),
        given(&asked.withdrawn).map(|word| {
            if word == "yes" {
                "取下げのみ"
            } else {
                "取下げを含む"
            }
            .to_owned()
        }),
        given(&asked.closes_before).map(|_| "期限の指定あり".to_owned()),
        asked
            .read()
            .is_ok_and(|question| question.filter.without_lapsed())
            .then(|| "失効を除く".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The conditions as the search form sends them.
fn conditions(asked: &Asked) -> Vec<(String, String)> {
    let asked = Asked {
        search: None,
        page: None,
        limit: None,
        ..asked.clone()
    };
    let query = serde_urlencoded::to_string(asked).unwrap_or_default();
    serde_urlencoded::from_str(&query).unwrap_or_default()
}

/// What the search form says.
fn typed(posted: &Posted) -> Asked {
    let text = |name: &str| posted.fields.text(name);
    Asked {
        q: text("q"),
        label: text("label"),
        program: text("program"),
        documents: text("documents"),
        exam: text("exam"),
        certification: text("certification"),
        missing: text("missing"),
        withdrawn: text("withdrawn"),
        sort: text("sort"),
        order: text("order"),
        closes_before: text("closes_before"),
        closes_from: text("closes_from"),
        ..Asked::default()
    }
}

/// 検索する, or 保存する: what was typed is kept, and the address carries its id.
pub(super) async fn search(State(app): State<App>, posted: Posted) -> Result<Response, Problem> {
    let mut asked = typed(&posted);
    let name = posted.fields.text("name");
    let saving = posted.fields.says("step", "save");
    let named = saving.then(|| name.trim());
    let done = if named.is_some()
        || !domain::text::is_blank(&asked.q)
        || !domain::text::is_blank(&asked.label)
    {
        let id = posted.new_id();
        keep(&app, &posted.identity, (id, named), &asked)
            .await
            .map(|()| asked.search = Some(id))
    } else {
        asked.read().map(drop)
    };
    match done {
        Ok(()) => Ok(see(&address("/desk/applications", &asked))),
        Err(problem) if problem.kind().status().is_client_error() => {
            // Everything that was typed stands in the forms again; what can be searched for is listed.
            let shown = (sentences(&problem), problem.kind().status());
            let listed = if asked.read().is_ok() {
                asked.clone()
            } else {
                Asked::default()
            };
            let typed = Typed {
                name,
                ..Typed::default()
            };
            page(&app, &posted.identity, (&listed, &asked), shown, typed).await
        }
        Err(problem) => Err(problem),
    }
}

/// 保存した検索を削除する
pub(super) async fn forget(State(app): State<App>, posted: Posted) -> Result<Response, Problem> {
    let id = Uuid::parse_str(&posted.fields.text("search"))
        .map_err(|_| Problem::new(Kind::PageTampered))?;
    let gone = app.searches().forget(posted.identity.actor(), id).await;
    gone.map_err(|error| failed(&error))?;
    Ok(see("/desk/applications"))
}

impl Filters {
    fn of(app: &App, asked: &Asked, question: &Question) -> Self {
        let any = [("", "すべて")];
        let programs: Vec<(String, String)> = app
            .service()
            .programs
            .iter()
            .map(|program| (program.id.0.clone(), program.menu_title.clone()))
            .collect();
        let missing = Missing::codes();
        Self {
            programs: choices(
                any.into_iter().chain(
                    programs
                        .iter()
                        .map(|(id, title)| (id.as_str(), title.as_str())),
                ),
                &asked.program,
            ),
            documents: choices(
                any.into_iter()
                    .chain(DocumentTrack::ALL.map(|track| (track.as_str(), track.label()))),
                &asked.documents,
            ),
            exams: choices(
                any.into_iter()
                    .chain(ExamTrack::ALL.map(|track| (track.as_str(), track.label()))),
                &asked.exam,
            ),
            certifications: choices(
                any.into_iter()
                    .chain(CertificationTrack::ALL.map(|track| (track.as_str(), track.label()))),
                &asked.certification,
            ),
            missing: choices(
                [("", "指定しない")].into_iter().chain(
                    missing
                        .iter()
                        .map(|one| (one.code.as_str(), one.label.as_str())),
                ),
                &asked.missing,
            ),
            withdrawn: choices(
                [("", "含めない"), ("all", "含める"), ("yes", "取下げのみ")],
                &asked.withdrawn,
            ),
            sorts: choices(
                WorklistSort::ALL.map(|sort| (sort.as_str(), sort.label())),
                question.sort.as_str(),
            ),
            orders: choices([("desc", "降順"), ("asc", "昇順")], &asked.order),
            q: asked.q.clone(),
            label: asked.label.clone(),
            closes_before: asked.closes_before.clone(),
            closes_from: asked.closes_from.clone(),
        }
    }
}

/// 申請一覧
pub(super) async fn list(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let asked = asked.of_address(&app, &identity).await?;
    let shown = (Vec::new(), StatusCode::OK);
    page(&app, &identity, (&asked, &asked), shown, Typed::default()).await
}

/// 一括処理 that was refused: the list that it was sent from, with why and with everything that was chosen and typed.
pub(super) async fn with_refused_bulk(
    app: &App,
    posted: &Posted,
    problem: Problem,
) -> Result<Response, Problem> {
    let problem = problem.leading_to("/desk/applications".to_owned());
    // A search that is kept no more: never another list in its place, as the choice may have been all of it.
    let Ok(asked) = serde_urlencoded::from_str::<Asked>(&posted.fields.text("query")) else {
        return Err(problem);
    };
    let Ok(asked) = asked.of_address(app, &posted.identity).await else {
        return Err(problem);
    };
    if asked.read().is_err() {
        return Err(problem);
    }
    let bulk = Bulk {
        act: posted.fields.text("act"),
        all: posted.fields.says("which", "all"),
        picks: posted.fields.all("pick"),
        until: posted.fields.text("until"),
        explanation: posted.fields.text("explanation"),
        reason: posted.fields.text("reason"),
    };
    let shown = (sentences(&problem), problem.kind().status());
    let typed = Typed {
        bulk: Some((bulk, problem)),
        ..Typed::default()
    };
    page(app, &posted.identity, (&asked, &asked), shown, typed).await
}

/// The list of what is asked for, with what was typed in the search form.
async fn page(
    app: &App,
    identity: &Identity,
    (asked, typed): (&Asked, &Asked),
    (notices, status): (Vec<Notice>, StatusCode),
    Typed { name, bulk }: Typed,
) -> Result<Response, Problem> {
    let (question, page) = listed(app, identity, asked).await?;
    let saved = app.searches().named(identity.actor()).await;
    let saved = saved.map_err(|error| failed(&error))?;
    let (offset, limit) = question.part();
    let shown = i64::try_from(page.entries.len()).unwrap_or(i64::MAX);
    let turned = |number: u32| {
        let asked = Asked {
            page: Some(number),
            ..asked.clone()
        };
        address("/desk/applications", &asked)
    };
    // The list has grown shorter since its address was kept: what is the last page now.
    if shown == 0 && page.total > 0 && bulk.is_none() {
        let last = (page.total - 1) / limit.max(1) + 1;
        return Ok(see(&turned(u32::try_from(last).unwrap_or(1))));
    }
    // A page that answers another page's form leads back to that page.
    let (title, between, bulk) = match bulk {
        // Nothing to choose from any more: the page of the problem has what was typed.
        Some((_, problem)) if page.entries.is_empty() => {
            return Err(problem);
        }
        Some((bulk, _)) => (
            "一括処理",
            vec![Crumb::to("申請一覧", address("/desk/applications", asked))],
            bulk,
        ),
        None => ("申請一覧", Vec::new(), Bulk::default()),
    };
    let mut frame = frame(app, identity, title, between);
    frame.wrong = status.is_client_error();
    let screen = Page {
        frame,
        notices,
        filters: Filters::of(app, typed, &question),
        conditions: conditions(asked),
        name,
        pills: pills(asked),
        saved: saved.into_iter().map(|one| (one.id, one.name)).collect(),
        key: Uuid::new_v4(),
        total: page.total,
        range: (if shown == 0 { 0 } else { offset + 1 }, offset + shown),
        lines: page
            .entries
            .into_iter()
            .map(|entry| line(app, entry))
            .collect(),
        previous: (question.page > 1).then(|| turned(question.page - 1)),
        next: (offset + shown < page.total).then(|| turned(question.page.saturating_add(1))),
        export: address(
            "/desk/applications.csv",
            &Asked {
                page: None,
                limit: None,
                ..asked.clone()
            },
        ),
        query: address("", asked).trim_start_matches('?').to_owned(),
        acts: acts::ALL
            .iter()
            .filter(|act| act.in_bulk && identity.holds(act.permission))
            .map(|act| Choice {
                value: act.name.to_owned(),
                label: act.label.to_owned(),
                chosen: act.name == bulk.act,
            })
            .collect(),
        bulk,
    };
    Ok(rendered(&screen, status))
}

/// The list as CSV, UTF-8 with BOM, as spreadsheets in Japan open it: every line of this view, in its order.
pub(super) async fn export(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let asked = asked.of_address(&app, &identity).await?;
    let question = asked.read()?;
    let mut members = BTreeSet::new();
    let mut sheet = Spreadsheet::new([
        "申請番号",
        "会員番号",
        "氏名",
        "フリガナ",
        "所属施設",
        "申請の種類",
        "申請",
        "筆記試験",
        "認定",
        "取下げ",
        "認められた単位",
        "必要単位",
        "不足",
        "未確認の書類",
        "ラベル",
        "本紙",
        "完了日時",
        "期限",
        "更新日時",
    ])?;
    let mut offset = 0;
    loop {
        let page = app
            .service()
            .views
            .worklist(
                &question.filter,
                (question.sort, question.order),
                (offset, EXPORT_PART),
            )
            .await
            .map_err(unread)?;
        if page.entries.is_empty() || offset >= EXPORT_LIMIT {
            break;
        }
        offset += EXPORT_PART;
        members.extend(named(page.entries.iter().map(|entry| &*entry.member)));
        for entry in page.entries {
            let (units, required) = units(&entry)
                .map_or_else(Default::default, |of| (of.0.to_string(), of.1.to_string()));
            let missing: Vec<_> = entry.missing.into_iter().map(|one| one.label).collect();
            let cells = [
                entry.application,
                entry.member,
                entry.name,
                entry.furigana,
                entry.workplace,
                program_title(&app, &entry.program),
                entry.document_track.label().to_owned(),
                entry.exam_track.label().to_owned(),
                entry.certification.label().to_owned(),
                if entry.withdrawn { "取下げ" } else { "" }.to_owned(),
                units,
                required,
                missing.join("、"),
                entry.unchecked.to_string(),
                entry.labels.join("、"),
                entry
                    .submission_number
                    .map(|number| number.to_string())
                    .unwrap_or_default(),
                entry.submitted_at.map(show_jst_minutes).unwrap_or_default(),
                entry.closes_at.map(show_deadline).unwrap_or_default(),
                show_jst_minutes(entry.updated_at),
            ];
            sheet.line(&cells)?;
        }
    }
    note_list(&app, &identity, members).await?;
    sheet.download("attachment; filename=\"applications.csv\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_never_carries_what_was_searched_for() {
        let asked = Asked {
            q: "高橋".to_owned(),
            label: "要相談".to_owned(),
            documents: "under_review".to_owned(),
            page: Some(4),
            ..Asked::default()
        };
        assert_eq!(
            pills(&asked),
            [
                "「高橋」",
                "申請: 書類確認中",
                "ラベル: 要相談",
                "失効を除く"
            ]
        );
        let plain = address("/desk/applications", &asked);
        assert_eq!(plain, "/desk/applications?documents=under_review&page=4");
        let kept = Asked {
            search: Some(Uuid::nil()),
            ..asked
        };
        assert_eq!(
            address("/desk/applications", &kept),
            "/desk/applications?search=00000000-0000-0000-0000-000000000000&page=4"
        );
    }
}
