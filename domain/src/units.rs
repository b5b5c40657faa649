//! Units (単位): what each row counts, and why not when it does not.
//!
//! Order of evaluation (A, reference 1.3): rows outside the window are dropped; units are resolved; of the rows about one meeting or
//! one paper the greatest counts; what counts is summed by category, caps applied, and the total taken. The order in which rows were
//! typed decides nothing of that.

mod place;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::{
    calendar::show_date,
    documents::{Conference, ConferenceFacts, DocumentKind, Paper, PaperFacts, Row, RowId, Rows},
    member::{SeminarAttendance, SeminarKind},
    program::{AnnualMeeting, AttendanceRule, PaperCategory, Rules, SeminarDay},
    text::with_commas,
};

/// Why a row counts nothing or less, or what to look at although it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RemarkKind {
    /// The row has mistakes.
    HasErrors,
    /// Its day lies outside the five years.
    OutsideWindow,
    /// No 学術集会 of the society was held on that day.
    OtherSociety,
    /// The same meeting, paper or seminar counts already.
    Duplicate,
    /// The category has reached its cap.
    Cap,
    /// Counts less than declared, as the table says.
    CappedByTable,
    /// The declared figure differs from the table (a warning).
    DiffersFromTable,
    /// Counts only if 教育委員会 has recognised the event (a notice).
    NeedsRecognition,
    /// 要確認: the place is not that of the 学術集会 of that day. It counts, and 書類受理 waits until the secretariat has looked at it.
    PlaceDiffers,
}

/// A remark on a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Remark {
    /// Which.
    pub kind: RemarkKind,
    /// The sentence.
    pub message: String,
}

/// What one row counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssessedRow {
    /// The document it stands in.
    pub document: DocumentKind,
    /// Id of the row; code and first day of a seminar.
    pub row: String,
    /// 申請単位; None when it cannot be read.
    pub declared: Option<u32>,
    /// 単位 that count.
    pub counted: u32,
    /// Why not, or what to look at.
    pub remarks: Vec<Remark>,
}

impl AssessedRow {
    /// Whether it may count at all: a row that is only above a cap, or declares nothing, was attended all the same.
    fn may_count(&self) -> bool {
        !self.remarks.iter().any(|remark| {
            matches!(
                remark.kind,
                RemarkKind::HasErrors
                    | RemarkKind::OutsideWindow
                    | RemarkKind::OtherSociety
                    | RemarkKind::Duplicate
            )
        })
    }

    /// Whether it is attendance for the secretariat: 事務局欄 has the last word, and who is given nothing for it was not there.
    pub(crate) fn is_attended(&self, office: Option<u32>) -> bool {
        office.map_or_else(|| self.may_count(), |units| units > 0)
    }
}

/// What was attended, as far as the OR rule asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attendance {
    /// A 学術集会.
    pub meeting: bool,
    /// A 教育セミナー A.
    pub seminar_a: bool,
    /// A 教育セミナー B.
    pub seminar_b: bool,
}

impl Attendance {
    /// Whether it is what the rule asks for.
    pub fn meets(self, rule: AttendanceRule) -> bool {
        match rule {
            AttendanceRule::MeetingOrSeminarsAAndB => {
                self.meeting || (self.seminar_a && self.seminar_b)
            }
            AttendanceRule::None => true,
        }
    }
}

/// Sum of a category before and after its cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CategoryTotal {
    /// 単位 before the cap.
    pub before_cap: u32,
    /// 単位 that count.
    pub counted: u32,
}

/// All rows with their units, and what follows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnitAssessment {
    /// 現在 N 単位: the total after caps.
    pub total: u32,
    /// 単位 needed.
    pub required: u32,
    /// 学会参加
    pub meetings: CategoryTotal,
    /// 当会セミナー
    pub seminars: CategoryTotal,
    /// 論文
    pub papers: CategoryTotal,
    /// 他学会・セミナー等
    pub other_societies: CategoryTotal,
    /// 学術集会 attended in the window.
    pub meetings_attended: u32,
    /// Whether a 教育セミナー A was attended in the window.
    pub seminar_a: bool,
    /// Whether a 教育セミナー B was attended in the window.
    pub seminar_b: bool,
    /// Every row, in the order of the documents.
    pub rows: Vec<AssessedRow>,
}

impl UnitAssessment {
    /// What was attended by the rules.
    pub fn attendance(&self) -> Attendance {
        Attendance {
            meeting: self.meetings_attended > 0,
            seminar_a: self.seminar_a,
            seminar_b: self.seminar_b,
        }
    }
}

/// A category while it is summed.
struct Category {
    total: CategoryTotal,
    cap: Option<u32>,
}

impl Category {
    fn new(cap: Option<u32>) -> Self {
        Self {
            total: CategoryTotal::default(),
            cap,
        }
    }

    /// Adds units and tells how many of them still fit under the cap.
    fn add(&mut self, units: u32, remarks: &mut Vec<Remark>) -> u32 {
        self.total.before_cap = self.total.before_cap.saturating_add(units);
        let room = self
            .cap
            .map_or(u32::MAX, |cap| cap.saturating_sub(self.total.counted));
        let counted = units.min(room);
        if let Some(cap) = self.cap.filter(|_| counted < units) {
            remarks.push(Remark {
                kind: RemarkKind::Cap,
                message: format!(
                    "この区分の上限は{cap}単位です。この行は{counted}単位のみ算入されます。"
                ),
            });
        }
        self.total.counted = self.total.counted.saturating_add(counted);
        counted
    }
}

/// The sentence for a figure above the largest one that is taken for one row, whoever writes it: a member, the secretariat or a file.
pub fn too_many(label: &str, units: u32, most: u32) -> Option<String> {
    (units > most).then(|| {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        format!(
            "{label} は{}以下の数字で入力してください。",
            with_commas(most)
        )
    })
}

fn remark(kind: RemarkKind, message: impl Into<String>) -> Remark {
    Remark {
        kind,
        message: message.into(),
    }
}

fn has_errors() -> Remark {
    remark(
        RemarkKind::HasErrors,
        "入力に誤りがあるため、単位に算入されません。編集して修正してください。",
    )
}

fn outside_window(rules: &Rules, what: &str) -> Remark {
    remark(
        RemarkKind::OutsideWindow,
        format!(
            "{what}が対象期間（{} ~ {}）の外にあるため、単位に算入されません。",
            show_date(rules.window.first_day),
            show_date(rules.window.last_day)
        ),
    )
}

/// Assesses the rows that carry units.
pub fn assess<'a>(
    rules: &Rules,
    conferences: &Rows<Conference>,
    attendance: impl Iterator<Item = &'a SeminarAttendance>,
    papers: &Rows<Paper>,
) -> UnitAssessment {
    let mut assessment = UnitAssessment {
        required: rules.requirements.total_units,
        ..UnitAssessment::default()
    };
    assess_conferences(rules, conferences, &mut assessment);
    assess_seminars(rules, attendance, &mut assessment);
    assess_papers(rules, papers, &mut assessment);
    assessment.total = [
        assessment.meetings,
        assessment.seminars,
        assessment.papers,
        assessment.other_societies,
    ]
    .iter()
    .fold(0, |sum, category| sum.saturating_add(category.counted));
    assessment
}

/// A declared figure against the table: warns, or counts the table's figure where the rules say so.
fn against_table(rules: &Rules, declared: u32, table: u32, remarks: &mut Vec<Remark>) -> u32 {
    if declared > table && rules.units.cap_by_table {
        remarks.push(remark(
            RemarkKind::CappedByTable,
            format!("単位表では{table}単位のため、{table}単位のみ算入されます。"),
        ));
        return table;
    }
    if declared != table {
        remarks.push(remark(
            RemarkKind::DiffersFromTable,
            format!(
                "申請単位数（{declared}単位）が単位表（{table}単位）と異なります。ご確認ください。"
            ),
        ));
    }
    declared
}

/// What a row that may count says, and which row it is: where two are about the same thing, the greater one counts.
struct Candidate<F> {
    id: RowId,
    /// 単位 that it would count.
    units: u32,
    facts: F,
}

/// Figure of the table for a row of 学会参加.
fn meeting_units(rules: &Rules, facts: &ConferenceFacts) -> u32 {
    if facts.first_author {
        rules.units.meeting.first_author
    } else {
        rules.units.meeting.attendance
    }
}

/// Figure of the table for a row of 論文; 0 where the table has none.
fn paper_units(rules: &Rules, facts: &PaperFacts) -> u32 {
    rules
        .paper_kind(&facts.kind)
        .and_then(|kind| kind.units.get(&facts.division))
        .copied()
        .unwrap_or(0)
}

/// Figure of the table for a row of 学会参加; none while the row cannot be read.
pub(crate) fn table_of_conference(rules: &Rules, row: &Conference) -> Option<u32> {
    let facts = row.read(rules).ok()?;
    Some(meeting_units(rules, &facts))
}

/// Figure of the table for a row of 論文; none while the row cannot be read.
pub(crate) fn table_of_paper(rules: &Rules, row: &Paper) -> Option<u32> {
    let facts = row.read(rules).ok()?;
    Some(paper_units(rules, &facts))
}

/// 単位 that a readable row would count, before caps.
fn units_of(rules: &Rules, declared: u32, table: u32) -> u32 {
    against_table(rules, declared, table, &mut Vec::new())
}

/// Why a day counts nothing on which the society held no meeting; and which meeting is near, where a day may be mistyped.
fn no_meeting(rules: &Rules, facts: &ConferenceFacts) -> Remark {
    let near = rules
        .meeting_near(facts.held_on)
        .map_or_else(String::new, |meeting| {
            format!(
                "近い日程に{}があります。こちらに参加された場合は、開催日を訂正してください。",
                named(meeting)
            )
        });
    remark(
        RemarkKind::OtherSociety,
        format!(
            "開催日に本学会の学術集会は開催されていないため、単位に算入されません。{near}他学会の業績は「研究業績 論文」に種別「学会」で登録してください。"
        ),
    )
}

/// 第23回学術集会（横浜 2026/03/26 ～ 2026/03/28）
fn named(meeting: &AnnualMeeting) -> String {
    format!(
        "第{}回学術集会（{} {} ～ {}）",
        meeting.number,
        meeting.place,
        show_date(meeting.first_day),
        show_date(meeting.last_day)
    )
}

fn place_differs(meeting: &AnnualMeeting) -> Remark {
    remark(
        RemarkKind::PlaceDiffers,
        format!(
            "要確認: 開催地が第{}回学術集会の開催地（{}）と異なります。単位には算入されていますが、事務局で確認します。開催地が誤っている場合は訂正し、他学会の業績は「研究業績 論文」に種別「学会」で登録してください。",
            meeting.number, meeting.place
        ),
    )
}

fn assess_conferences(rules: &Rules, rows: &Rows<Conference>, assessment: &mut UnitAssessment) {
    struct Attended<'a> {
        meeting: &'a AnnualMeeting,
        held_on: jiff::civil::Date,
        place: &'a str,
        is_named: bool,
    }
    let read: Vec<_> = rows.iter().map(|row| row.value.read(rules).ok()).collect();
    let candidates: Vec<Candidate<Attended<'_>>> = rows
        .iter()
        .zip(&read)
        .filter_map(|(row, facts)| {
            let facts = facts.as_ref()?;
            let meeting = rules
                .meeting_on(facts.held_on)
                .filter(|_| rules.window.contains(facts.held_on))?;
            Some(Candidate {
                id: row.id,
                units: units_of(rules, facts.units, meeting_units(rules, facts)),
                facts: Attended {
                    meeting,
                    held_on: facts.held_on,
                    place: &facts.place,
                    is_named: place::names(rules, meeting, &facts.place),
                },
            })
        })
        .collect();
    let is_same = |one: &Attended<'_>, other: &Attended<'_>| {
        one.meeting.number == other.meeting.number
            && (rules.units.once_per_meeting
                || (one.held_on == other.held_on && one.place == other.place))
    };
    // Of equal ones that which surely is of this meeting, then the first day: the row's id settles what is left.
    let rank = |one: &Candidate<Attended<'_>>| {
        let facts = &one.facts;
        (
            one.units,
            facts.is_named,
            Reverse(facts.held_on),
            Reverse(one.id),
        )
    };
    let mut category = Category::new(rules.units.meeting.cap);
    for (Row { id, .. }, facts) in rows.iter().zip(&read) {
        let mut remarks = Vec::new();
        let mut counted = 0;
        let candidate = candidates.iter().find(|candidate| candidate.id == *id);
        match (facts, candidate) {
            (None, _) => remarks.push(has_errors()),
            (Some(facts), _) if !rules.window.contains(facts.held_on) => {
                remarks.push(outside_window(rules, "開催日"));
            }
            (Some(facts), None) => remarks.push(no_meeting(rules, facts)),
            (Some(facts), Some(candidate)) => {
                let greater = candidates.iter().any(|other| {
                    is_same(&other.facts, &candidate.facts) && rank(other) > rank(candidate)
                });
                let Attended {
                    meeting, is_named, ..
                } = &candidate.facts;
                if greater {
                    remarks.push(remark(
                        RemarkKind::Duplicate,
                        format!(
                            "第{}回学術集会は別の行で算入されているため、単位に算入されません。",
                            meeting.number
                        ),
                    ));
                } else {
                    let table = meeting_units(rules, facts);
                    let units = against_table(rules, facts.units, table, &mut remarks);
                    counted = category.add(units, &mut remarks);
                    assessment.meetings_attended += 1;
                    if !is_named {
                        remarks.push(place_differs(meeting));
                    }
                }
            }
        }
        assessment.rows.push(AssessedRow {
            document: DocumentKind::Conferences,
            row: id.to_string(),
            declared: facts.as_ref().map(|facts| facts.units),
            counted,
            remarks,
        });
    }
    assessment.meetings = category.total;
}

fn assess_seminars<'a>(
    rules: &Rules,
    attendance: impl Iterator<Item = &'a SeminarAttendance>,
    assessment: &mut UnitAssessment,
) {
    let mut category = Category::new(rules.units.seminar.cap);
    for one in attendance {
        let mut remarks = Vec::new();
        let mut counted = 0;
        let (day, what) = match rules.units.seminar_counts_by {
            SeminarDay::FirstDay => (one.key.first_day, "開催日（初日）"),
            SeminarDay::LastDay => (one.last_day, "開催日（最終日）"),
        };
        if rules.window.contains(day) {
            counted = category.add(one.units, &mut remarks);
            assessment.seminar_a |= one.kind == SeminarKind::A;
            assessment.seminar_b |= one.kind == SeminarKind::B;
        } else {
            remarks.push(outside_window(rules, what));
        }
        assessment.rows.push(AssessedRow {
            document: DocumentKind::Seminars,
            row: format!("{}@{}", one.key.code, one.key.first_day),
            declared: Some(one.units),
            counted,
            remarks,
        });
    }
    assessment.seminars = category.total;
}

fn assess_papers(rules: &Rules, rows: &Rows<Paper>, assessment: &mut UnitAssessment) {
    let read: Vec<_> = rows.iter().map(|row| row.value.read(rules).ok()).collect();
    let candidates: Vec<Candidate<&PaperFacts>> = rows
        .iter()
        .zip(&read)
        .filter_map(|(row, facts)| {
            let facts = facts.as_ref()?;
            rules.window.contains(facts.date).then(|| Candidate {
                id: row.id,
                units: units_of(rules, facts.units, paper_units(rules, facts)),
                facts,
            })
        })
        .collect();
    let is_same = |one: &PaperFacts, other: &PaperFacts| {
        one.kind == other.kind && one.date == other.date && one.content == other.content
    };
    let rank = |one: &Candidate<&PaperFacts>| (one.units, Reverse(one.id));
    let mut papers = Category::new(rules.units.papers.cap);
    let mut others = Category::new(rules.units.other_societies.cap);
    for (Row { id, .. }, facts) in rows.iter().zip(&read) {
        let mut remarks = Vec::new();
        let mut counted = 0;
        let candidate = candidates.iter().find(|candidate| candidate.id == *id);
        match (facts, candidate) {
            (None, _) => remarks.push(has_errors()),
            (Some(_), None) => remarks.push(outside_window(rules, "日付")),
            (Some(facts), Some(candidate)) => {
                let greater = candidates
                    .iter()
                    .any(|other| is_same(other.facts, facts) && rank(other) > rank(candidate));
                if greater {
                    remarks.push(remark(
                        RemarkKind::Duplicate,
                        "種別・日付・内容が同じ行が既に算入されているため、単位に算入されません。",
                    ));
                } else if let Some(kind) = rules.paper_kind(&facts.kind) {
                    let table = paper_units(rules, facts);
                    let units = against_table(rules, facts.units, table, &mut remarks);
                    let category = match kind.category {
                        PaperCategory::Paper => &mut papers,
                        PaperCategory::OtherSociety => {
                            remarks.push(remark(
                                RemarkKind::NeedsRecognition,
                                "他学会主催の学会・セミナー等は、本学会教育委員会により認められたもののみ有効です。",
                            ));
                            &mut others
                        }
                    };
                    counted = category.add(units, &mut remarks);
                }
            }
        }
        assessment.rows.push(AssessedRow {
            document: DocumentKind::Papers,
            row: id.to_string(),
            declared: facts.as_ref().map(|facts| facts.units),
            counted,
            remarks,
        });
    }
    assessment.papers = papers.total;
    assessment.other_societies = others.total;
}

#[cfg(test)]
mod tests;
