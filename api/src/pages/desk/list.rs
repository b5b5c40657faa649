//! 申請一覧: search, sort, pages, and the export of exactly this view.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::calendar::{show_days_left, show_deadline, show_jst_minutes};
use projections::{
    CertificationTrack, DocumentTrack, ExamTrack, Missing, WorklistEntry, WorklistSort,
};

use super::{super::frame::Frame, super::rendered, frame};
use crate::{
    access::Identity,
    app::App,
    problem::{Kind, Problem},
    routes::worklist::{Asked, note_list, unread},
};

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
    q: String,
    label: String,
    programs: Vec<Choice>,
    documents: Vec<Choice>,
    exams: Vec<Choice>,
    certifications: Vec<Choice>,
    missing: Vec<Choice>,
    withdrawn: Vec<Choice>,
    sorts: Vec<Choice>,
    orders: Vec<Choice>,
    /// What is asked for beside the first page, in words: each with the address without it.
    pills: Vec<(String, String)>,
    total: i64,
    /// From which line to which.
    range: (i64, i64),
    lines: Vec<Line>,
    previous: Option<String>,
    next: Option<String>,
    export: String,
}

struct Line {
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

fn address(path: &str, asked: &Asked) -> String {
    let query = serde_urlencoded::to_string(asked).unwrap_or_default();
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

fn line(app: &App, entry: WorklistEntry) -> Line {
    let programs = &app.service().programs;
    let now = app.service().clock.now();
    Line {
        href: super::of(&entry.application),
        program: programs
            .iter()
            .find(|program| program.id.0 == entry.program)
            .map_or(entry.program, |program| program.menu_title.clone()),
        member: entry.member,
        name: entry.name,
        furigana: entry.furigana,
        workplace: entry.workplace,
        documents: entry.document_track.label(),
        exam: entry.exam_track.label(),
        certification: entry.certification.label(),
        withdrawn: entry.withdrawn,
        units: format!("{} / {}", entry.units, entry.required),
        missing: entry.missing.into_iter().map(|one| one.label).collect(),
        unchecked: entry.unchecked,
        labels: entry.labels,
        closes: entry
            .closes_at
            .map(|at| format!("{}（{}）", show_deadline(at), show_days_left(now, at))),
        updated: show_jst_minutes(entry.updated_at),
    }
}

/// What is asked for, in words, each with the address of the list without it.
fn pills(asked: &Asked) -> Vec<(String, String)> {
    let mut pills = Vec::new();
    let mut pill = |words: Option<String>, without: Asked| {
        if let Some(words) = words {
            let without = Asked {
                page: None,
                ..without
            };
            pills.push((words, address("/desk/applications", &without)));
        }
    };
    let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let none = String::new;
    pill(
        given(&asked.q).map(|q| format!("「{q}」")),
        Asked {
            q: none(),
            ..asked.clone()
        },
    );
    pill(
        given(&asked.program),
        Asked {
            program: none(),
            ..asked.clone()
        },
    );
    pill(
        DocumentTrack::parse(&asked.documents).map(|track| format!("申請: {}", track.label())),
        Asked {
            documents: none(),
            ..asked.clone()
        },
    );
    pill(
        ExamTrack::parse(&asked.exam).map(|track| format!("筆記試験: {}", track.label())),
        Asked {
            exam: none(),
            ..asked.clone()
        },
    );
    pill(
        CertificationTrack::parse(&asked.certification)
            .map(|track| format!("認定: {}", track.label())),
        Asked {
            certification: none(),
            ..asked.clone()
        },
    );
    pill(
        Missing::read(&asked.missing).map(|missing| missing.label),
        Asked {
            missing: none(),
            ..asked.clone()
        },
    );
    pill(
        given(&asked.label).map(|label| format!("ラベル: {label}")),
        Asked {
            label: none(),
            ..asked.clone()
        },
    );
    pill(
        given(&asked.withdrawn).map(|word| {
            if word == "yes" {
                "取下げのみ"
            } else {
                "取下げを含む"
            }
            .to_owned()
        }),
        Asked {
            withdrawn: none(),
            ..asked.clone()
        },
    );
    pill(
        given(&asked.closes_before).map(|_| "期限の指定あり".to_owned()),
        Asked {
            closes_before: none(),
            closes_from: none(),
            ..asked.clone()
        },
    );
    pills
}

/// 申請一覧
pub(super) async fn list(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let question = asked.read()?;
    note_list(&app, &identity).await?;
    let views = &app.service().views;
    let page = views
        .worklist(
            &question.filter,
            (question.sort, question.order),
            question.part(),
        )
        .await
        .map_err(unread)?;
    let (offset, _) = question.part();
    let shown = i64::try_from(page.entries.len()).unwrap_or(i64::MAX);
    let turned = |number: u32| {
        let asked = Asked {
            page: Some(number),
            ..asked.clone()
        };
        address("/desk/applications", &asked)
    };
    let any = [("", "すべて")];
    let programs: Vec<(String, String)> = app
        .service()
        .programs
        .iter()
        .map(|program| (program.id.0.clone(), program.menu_title.clone()))
        .collect();
    let missing = Missing::codes();
    let screen = Page {
        frame: frame(&app, &identity, "申請一覧", Vec::new()),
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
        pills: pills(&asked),
        total: page.total,
        range: (if shown == 0 { 0 } else { offset + 1 }, offset + shown),
        lines: page
            .entries
            .into_iter()
            .map(|entry| line(&app, entry))
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
        q: asked.q,
        label: asked.label,
    };
    Ok(rendered(&screen, StatusCode::OK))
}

/// What a spreadsheet would take for a formula is text: an apostrophe in front of it (OWASP, CSV injection).
pub(super) fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The list as CSV, UTF-8 with BOM, as spreadsheets in Japan open it: every line of this view, in its order.
pub(super) async fn export(
    State(app): State<App>,
    identity: Identity,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let question = asked.read()?;
    note_list(&app, &identity).await?;
    let failed = |error: csv::Error| {
        tracing::error!(%error, "writing a list");
        Problem::new(Kind::Internal)
    };
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    writer
        .write_record([
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
            "単位",
            "必要単位",
            "不足",
            "未確認の書類",
            "ラベル",
            "本紙",
            "完了日時",
            "期限",
            "更新日時",
        ])
        .map_err(failed)?;
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
        for entry in page.entries {
            let missing: Vec<_> = entry.missing.into_iter().map(|one| one.label).collect();
            let cells = [
                entry.application,
                entry.member,
                entry.name,
                entry.furigana,
                entry.workplace,
                entry.program,
                entry.document_track.label().to_owned(),
                entry.exam_track.label().to_owned(),
                entry.certification.label().to_owned(),
                if entry.withdrawn { "取下げ" } else { "" }.to_owned(),
                entry.units.to_string(),
                entry.required.to_string(),
                missing.join("、"),
                entry.unchecked.to_string(),
                entry.labels.join("、"),
                entry
                    .submission_number
                    .map(|number| number.to_string())
                    .unwrap_or_default(),
                entry.submitted_at.map(show_jst_minutes).unwrap_or_default(),
                entry.closes_at.map(show_jst_minutes).unwrap_or_default(),
                show_jst_minutes(entry.updated_at),
            ];
            writer
                .write_record(cells.iter().map(|cell| harmless(cell)))
                .map_err(failed)?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| {
        tracing::error!(%error, "writing a list");
        Problem::new(Kind::Internal)
    })?;
    Ok((
        [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/csv; charset=utf-8"),
            ),
            (
                header::CONTENT_DISPOSITION,
                HeaderValue::from_static("attachment; filename=\"applications.csv\""),
            ),
        ],
        bytes,
    )
        .into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_made_harmless() {
        for formula in ["=1+1", "+81", "-1", "@SUM(A1)"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        assert_eq!(harmless("髙﨑　葛"), "髙﨑　葛");
    }

    #[test]
    fn a_pill_leads_to_the_list_without_what_it_says() {
        let asked = Asked {
            q: "高橋".to_owned(),
            documents: "under_review".to_owned(),
            page: Some(4),
            ..Asked::default()
        };
        let pills = pills(&asked);
        assert_eq!(pills.len(), 2);
        assert_eq!(pills[0].0, "「高橋」");
        assert_eq!(pills[0].1, "/desk/applications?documents=under_review");
    }
}
