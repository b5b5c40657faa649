//! Programs (申請の種類) and their rules, as data.
//!
//! A program is one TOML file; the rules that several programs of a year have in common are a second one. The version of a
//! program is the hash of both texts; it is recorded with every event. Nothing about a year is written in Rust.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    calendar::{FiscalYear, YearMonth, jst_date, jst_instant, parse_jst_instant},
    text::is_blank,
};

/// Key of a program, e.g. `specialist-renewal-2026`: letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProgramId(pub String);

impl std::fmt::Display for ProgramId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One kind of application in one year, with all its rules.
#[derive(Clone, Debug)]
pub struct Program {
    /// Key in addresses and stream names.
    pub id: ProgramId,
    /// Title of the screens: 専門医資格【更新】認定申請.
    pub title: String,
    /// Name in the list of お申込み.
    pub menu_title: String,
    /// The fiscal year in which one applies.
    pub year: FiscalYear,
    /// お申込み期間
    pub period: Period,
    /// Which renewals (1st, 2nd …) it is for.
    pub renewals: Renewals,
    /// 審査料, 認定料, 受験料
    pub fees: Fees,
    /// Addresses shown to the member.
    pub links: Links,
    /// Everything that programs of a year have in common.
    pub rules: Rules,
    /// Whether anybody applies for it: not when it is here only for the applications that name it ([`Programs::with_earlier`]).
    pub offered: bool,
    /// First 16 hexadecimal digits of the SHA-256 of both files.
    pub version: String,
    /// The files it was read from.
    pub text: Arc<ProgramText>,
}

impl Program {
    /// Whether お申込み is still possible, or will be: everything that offers one asks here.
    pub fn takes_applications(&self, at: Timestamp) -> bool {
        self.offered && at < self.period.closes
    }
}

/// The two files of a program. Who keeps them can read a version again when the program has been changed since: a 本紙 is
/// printed again by the rules it was submitted under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramText {
    /// The program's file.
    pub program: String,
    /// Name of the file of its rules, as the program's file names it.
    pub rules_name: String,
    /// The file of its rules.
    pub rules: String,
}

impl ProgramText {
    /// The program that is written there.
    ///
    /// # Errors
    /// A text that this version of the software cannot use, with the reason.
    pub fn read(&self) -> Result<Program, ProgramError> {
        let files = [(self.rules_name.as_str(), self.rules.as_str())];
        read_program("program", &self.program, &files)
    }
}

/// お申込み期間: half-open, the end is the first instant at which it is too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Period {
    /// First instant of the period.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub opens: Timestamp,
    /// First instant after the period (締め切り日時).
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub closes: Timestamp,
}

impl Period {
    /// Whether an instant lies in the period.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.opens <= at && at < self.closes
    }

    /// In words, its end as every deadline is spelled: `2026年4月25日(土) 00:00 ~ 2026年7月31日(金) 24:00`.
    pub fn show(&self) -> String {
        format!(
            "{} ~ {}",
            crate::calendar::show_opening(self.opens),
            crate::calendar::show_deadline(self.closes)
        )
    }
}

/// Range of renewals a program is for, both ends included; no `last` means "and later".
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Renewals {
    /// First renewal (1 = the first after certification).
    pub first: u16,
    /// Last renewal, if there is one.
    pub last: Option<u16>,
}

impl Renewals {
    /// Whether the n-th renewal belongs to the program.
    pub fn contain(&self, renewal: u16) -> bool {
        renewal >= self.first && self.last.is_none_or(|last| renewal <= last)
    }
}

/// A fee in yen and how it is paid.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fee {
    /// 円. None where the society has not told it (受験料).
    pub amount_yen: Option<u32>,
    /// How it is paid, in words for the member.
    pub route: String,
}

/// The fees of a program.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fees {
    /// 審査料
    pub review: Fee,
    /// 認定料
    pub certification: Fee,
    /// 受験料
    pub exam: Fee,
}

/// Addresses shown beside the forms.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Links {
    /// 案内詳細ページ
    pub guide: String,
    /// 各業績の単位数
    pub unit_table: String,
    /// 本学会教育委員会により認められた他学会・セミナー
    pub recognised_events: String,
    /// 申請書サンプル
    pub sample: String,
}

/// Rules that the programs of a year have in common.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The five years that count.
    pub window: Window,
    /// 研究活動歴
    pub research_activities: ResearchActivityRules,
    /// 学会参加
    pub conferences: RowRules,
    /// 論文
    pub papers: RowRules,
    /// プロフィール
    pub profile: ProfileRules,
    /// 業績目録
    pub clinical_experience: ClinicalExperienceRules,
    /// Lengths the manual does not give.
    pub limits: Limits,
    /// 申請完了要件
    pub requirements: RequirementRules,
    /// The unit table.
    pub units: UnitRules,
    /// 学術集会
    pub annual_meetings: Vec<AnnualMeeting>,
    /// 基本学会 with the 資格種別 that count.
    pub basic_societies: Vec<BasicSociety>,
    /// Who may apply.
    pub eligibility: EligibilityRules,
}

/// 起算日 and the five years; both days belong to it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// First day that counts.
    pub first_day: Date,
    /// Last day that counts.
    pub last_day: Date,
}

impl Window {
    /// Whether a day counts.
    pub fn contains(&self, day: Date) -> bool {
        self.first_day <= day && day <= self.last_day
    }
}

/// Rules of 研究活動歴.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResearchActivityRules {
    /// Year of the month from which activities are expected.
    pub since_year: i16,
    /// Its month, 1 to 12.
    pub since_month: i8,
    /// Most rows.
    pub row_limit: usize,
    /// Whether 総年数 is required for 申請を完了する.
    pub total_years_required: bool,
}

/// Rules of a document that is a list of rows.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowRules {
    /// Most rows.
    pub row_limit: usize,
}

/// Rules of プロフィール.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileRules {
    /// Most characters, as a person counts them.
    pub character_limit: usize,
}

/// Rules of 業績目録.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClinicalExperienceRules {
    /// 臓器・領域 in the order of the screen.
    pub organs: Vec<String>,
    /// Most 臨床試験.
    pub trial_limit: usize,
    /// Most characters of a 臨床試験名.
    pub trial_name_limit: usize,
    /// Whether one organ must be ticked in item 1 or 2.
    pub organ_required: bool,
}

/// Lengths in characters as a person counts them.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// One-line fields.
    pub short_text: usize,
    /// 内容
    pub long_text: usize,
}

/// 申請完了要件
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequirementRules {
    /// Units needed (単位).
    pub total_units: u32,
    /// The rule about attendance.
    pub attendance_rule: AttendanceRule,
    /// Documents that must be registered.
    pub registered_documents: Vec<crate::documents::DocumentKind>,
    /// Whether 受験料 must have arrived.
    pub payment_required: bool,
}

/// Which attendance is required.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum AttendanceRule {
    /// 「学会に 1 回以上参加」「セミナー A B の双方に参加」のいずれか
    MeetingOrSeminarsAAndB,
    /// No such rule.
    None,
}

/// The unit table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitRules {
    /// Whether a declared figure counts at most as much as the table says.
    pub cap_by_table: bool,
    /// Which day of a seminar decides whether it lies in the window.
    pub seminar_counts_by: SeminarDay,
    /// Whether one 学術集会 counts once only.
    pub once_per_meeting: bool,
    /// Largest figure accepted as 申請単位数.
    pub declared_limit: u32,
    /// 学会参加
    pub meeting: MeetingUnits,
    /// 当会セミナー
    pub seminar: CategoryUnits,
    /// 論文
    pub papers: CategoryUnits,
    /// 他学会
    pub other_societies: CategoryUnits,
    /// 種別 of 研究業績 論文 with the figure for each 区分 they allow.
    pub kinds: Vec<PaperKind>,
}

/// Units of 学会参加.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeetingUnits {
    /// Attendance (単位).
    pub attendance: u32,
    /// 筆頭, attendance included (単位).
    pub first_author: u32,
    /// Most units of the category, if there is a cap.
    pub cap: Option<u32>,
}

/// A category of units.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryUnits {
    /// Most units of the category, if there is a cap.
    pub cap: Option<u32>,
}

/// 種別 of 研究業績 論文.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperKind {
    /// The word in the list.
    pub name: String,
    /// Which cap it falls under.
    pub category: PaperCategory,
    /// 区分 allowed, with their units.
    pub units: BTreeMap<String, u32>,
}

/// What a row of 研究業績 論文 is about.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PaperCategory {
    /// 論文
    Paper,
    /// 他学会・セミナー等
    OtherSociety,
}

/// Which day of a seminar counts.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum SeminarDay {
    /// 開始日
    FirstDay,
    /// 終了日
    LastDay,
}

/// 学術集会 of the society.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnualMeeting {
    /// 回
    pub number: u32,
    /// First day.
    pub first_day: Date,
    /// Last day.
    pub last_day: Date,
    /// 開催地
    pub place: String,
    /// Other spellings of it, as members type them: kana, Latin letters, the hall.
    #[serde(default)]
    pub spellings: Vec<String>,
}

/// 基本学会
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BasicSociety {
    /// 学会名
    pub name: String,
    /// 資格種別 that count.
    pub qualifications: Vec<String>,
    /// A word of help beside the choice.
    pub note: Option<String>,
}

impl BasicSociety {
    /// Which 資格種別 may be chosen with it, in words.
    pub fn choice(&self) -> String {
        let quoted: Vec<_> = self
            .qualifications
            .iter()
            .map(|name| format!("「{name}」"))
            .collect();
        format!(
            "基本学会 資格種別 は、「{}」では{}から選択してください。",
            self.name,
            quoted.join("または")
        )
    }
}

/// Who may apply.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EligibilityRules {
    /// Years of 猶予 after the regular year in which documents may still be applied for.
    pub grace_years: i16,
    /// Whether 会費 of the current year must be paid.
    pub dues_required: bool,
    /// Whether 医籍登録日・医籍登録番号 must be registered.
    pub medical_registration_required: bool,
}

/// Days beside a 学術集会 on which a row is told of it. Only a hint: nothing counts by it.
const NEAR_DAYS: i32 = 7;

impl Rules {
    /// The month from which 研究活動歴 is expected.
    pub fn activities_since(&self) -> YearMonth {
        YearMonth {
            year: self.research_activities.since_year,
            month: self.research_activities.since_month,
        }
    }

    /// The 学術集会 held on a day.
    pub fn meeting_on(&self, day: Date) -> Option<&AnnualMeeting> {
        self.annual_meetings
            .iter()
            .find(|meeting| meeting.first_day <= day && day <= meeting.last_day)
    }

    /// The 学術集会 nearest to a day, if it is near enough for the day to be one of its, mistyped.
    pub fn meeting_near(&self, day: Date) -> Option<&AnnualMeeting> {
        let distance = |meeting: &AnnualMeeting| {
            let days = |from: Date, to: Date| (to - from).get_days();
            days(meeting.last_day, day)
                .max(days(day, meeting.first_day))
                .max(0)
        };
        self.annual_meetings
            .iter()
            .filter(|meeting| distance(meeting) <= NEAR_DAYS)
            .min_by_key(|meeting| distance(meeting))
    }

    /// The 種別 of 研究業績 論文 with that name.
    pub fn paper_kind(&self, name: &str) -> Option<&PaperKind> {
        self.units.kinds.iter().find(|kind| kind.name == name)
    }
}

/// A program file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramFile {
    id: String,
    title: String,
    menu_title: String,
    year: i16,
    rules: String,
    opens: String,
    closes: String,
    renewals: Renewals,
    fees: Fees,
    links: Links,
}

/// A program file that cannot be used, and why.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ProgramError {
    /// Not TOML, an unknown key, a missing key or a wrong type.
    #[error("{file}: {reason}")]
    Unreadable {
        /// Name of the file.
        file: String,
        /// What the parser says.
        reason: String,
    },
    /// The rules it names are not there.
    #[error("{file}: the rules file {rules}.toml is missing")]
    MissingRules {
        /// Name of the file.
        file: String,
        /// The rules it asks for.
        rules: String,
    },
    /// No program at all: nobody could apply for anything.
    #[error(
        "there is no file of a program (a .toml file whose name does not begin with rules-); at least one is needed"
    )]
    None,
    /// A value that contradicts itself.
    #[error("{file}: {reason}")]
    Inconsistent {
        /// Name of the file.
        file: String,
        /// What is wrong.
        reason: String,
    },
}

/// All programs the service knows.
#[derive(Clone, Debug)]
pub struct Programs {
    by_id: BTreeMap<ProgramId, Program>,
    version: String,
}

const EMBEDDED: [(&str, &str); 3] = [
    ("rules-2026", include_str!("../programs/rules-2026.toml")),
    (
        "specialist-renewal-2026",
        include_str!("../programs/specialist-renewal-2026.toml"),
    ),
    (
        "specialist-renewal-4th-2026",
        include_str!("../programs/specialist-renewal-4th-2026.toml"),
    ),
];

impl Program {
    /// The latest moment until which the secretariat can give a member time: the end of the 年度 in which the period closes, with which the
    /// 認定期間 that is renewed ends and the next year's program takes its place; where that is past, the end of this 年度. What lies beyond is a
    /// slip of the keyboard (2126, or next year for this).
    pub fn latest_deadline(&self, now: Timestamp) -> Timestamp {
        let year = FiscalYear::of(jst_date(self.period.closes.max(now)));
        let next = FiscalYear(year.0.saturating_add(1)).first_day();
        // Only at the very end of the calendar there is no such instant.
        jst_instant(next, 0, 0).unwrap_or(Timestamp::MAX)
    }
}

impl Programs {
    /// The largest figure of 単位 that one row may have in any program; an attendance is of no program, and reaches all of them.
    pub fn most_units(&self) -> u32 {
        let limits = self
            .iter()
            .map(|program| program.rules.units.declared_limit);
        limits.max().unwrap_or(u32::MAX)
    }

    /// The programs that come with the binary.
    ///
    /// # Errors
    /// None for the files as they are tested; the type is that of [`Programs::from_files`].
    pub fn embedded() -> Result<Self, ProgramError> {
        Self::from_files(&EMBEDDED)
    }

    /// Reads `(file name without .toml, text)` pairs: names that begin with `rules-` are rules, the others programs.
    ///
    /// # Errors
    /// The first file that cannot be used, with the reason.
    pub fn from_files(files: &[(&str, &str)]) -> Result<Self, ProgramError> {
        let mut programs = BTreeMap::new();
        let mut all = Sha256::new();
        for (file, text) in files.iter().filter(|(file, _)| !file.starts_with("rules-")) {
            let program = read_program(file, text, files)?;
            if let Some(reason) = contradiction(&program) {
                return Err(ProgramError::Inconsistent {
                    file: format!("{file}.toml"),
                    reason,
                });
            }
            all.update(program.version.as_bytes());
            match programs.entry(program.id.clone()) {
                Entry::Vacant(place) => {
                    place.insert(program);
                }
                // A copy that was left beside: nobody would see which of the two is in force.
                Entry::Occupied(_) => {
                    return Err(ProgramError::Inconsistent {
                        file: format!("{file}.toml"),
                        reason: format!(
                            "its id {} is that of another file; each program has an id of its own",
                            program.id
                        ),
                    });
                }
            }
        }
        if programs.is_empty() {
            return Err(ProgramError::None);
        }
        Ok(Self {
            by_id: programs,
            version: hex::encode(&all.finalize()[..8]),
        })
    }

    /// The same, with programs of before that applications name; one that is here already stays as it is.
    #[must_use]
    pub fn with_earlier(&self, programs: impl IntoIterator<Item = Program>) -> Self {
        let mut all = self.clone();
        for program in programs {
            all.by_id.entry(program.id.clone()).or_insert(Program {
                offered: false,
                ..program
            });
        }
        all
    }

    /// Whether one can apply for it, in its period.
    pub fn is_offered(&self, id: &ProgramId) -> bool {
        self.get(id).is_some_and(|program| program.offered)
    }

    /// Those that one can apply for, in the order of their keys.
    pub fn offered(&self) -> impl Iterator<Item = &Program> {
        self.iter().filter(|program| program.offered)
    }

    /// The program with that key.
    pub fn get(&self, id: &ProgramId) -> Option<&Program> {
        self.by_id.get(id)
    }

    /// All of them, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Program> {
        self.by_id.values()
    }

    /// Hash over all programs, for events that belong to no single one.
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// What no program can mean, of one that is configured: a kept one is shown as it was.
fn contradiction(program: &Program) -> Option<String> {
    let titles = [
        ("title", &program.title),
        ("menu_title", &program.menu_title),
    ];
    if let Some((name, _)) = titles.iter().find(|(_, text)| is_blank(text)) {
        return Some(format!("{name} is empty"));
    }
    let links = &program.links;
    let links = [
        ("guide", &links.guide),
        ("unit_table", &links.unit_table),
        ("recognised_events", &links.recognised_events),
        ("sample", &links.sample),
    ];
    // A page shows them as they are, and a browser takes what has no scheme for an address of our own.
    let leads_away = |text: &str| {
        let host = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        host.is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    if let Some((name, _)) = links.iter().find(|(_, text)| !leads_away(text)) {
        return Some(format!(
            "{name} is no address: it begins with https:// or http:// and names a host"
        ));
    }
    let renewals = &program.renewals;
    if renewals.last.is_some_and(|last| last < renewals.first) {
        return Some("the last renewal comes before the first".to_owned());
    }
    None
}

fn read_program(file: &str, text: &str, files: &[(&str, &str)]) -> Result<Program, ProgramError> {
    let unreadable = |file: &str, error: &toml::de::Error| ProgramError::Unreadable {
        file: format!("{file}.toml"),
        reason: error.to_string(),
    };
    let inconsistent = |reason: String| ProgramError::Inconsistent {
        file: format!("{file}.toml"),
        reason,
    };
    let written: ProgramFile = toml::from_str(text).map_err(|error| unreadable(file, &error))?;
    let (rules_file, rules_text) = files
        .iter()
        .find(|(name, _)| *name == written.rules)
        .ok_or_else(|| ProgramError::MissingRules {
            file: format!("{file}.toml"),
            rules: written.rules.clone(),
        })?;
    let rules: Rules =
        toml::from_str(rules_text).map_err(|error| unreadable(rules_file, &error))?;
    let instant = |text: &str| {
        parse_jst_instant(text).map_err(|_| inconsistent(format!("{text} is not a time of day")))
    };
    let period = Period {
        opens: instant(&written.opens)?,
        closes: instant(&written.closes)?,
    };
    if period.opens >= period.closes {
        return Err(inconsistent("the period closes before it opens".to_owned()));
    }
    if written.id.is_empty()
        || !written
            .id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    {
        return Err(inconsistent(
            "the id has other characters than letters, digits and hyphens".to_owned(),
        ));
    }
    if rules.window.first_day > rules.window.last_day {
        return Err(inconsistent("the window ends before it begins".to_owned()));
    }
    let mut version = Sha256::new();
    version.update(text.as_bytes());
    version.update([0]);
    version.update(rules_text.as_bytes());
    Ok(Program {
        id: ProgramId(written.id),
        title: written.title,
        menu_title: written.menu_title,
        year: FiscalYear(written.year),
        period,
        renewals: written.renewals,
        fees: written.fees,
        links: written.links,
        rules,
        offered: true,
        version: hex::encode(&version.finalize()[..8]),
        text: Arc::new(ProgramText {
            program: text.to_owned(),
            rules_name: written.rules,
            rules: (*rules_text).to_owned(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(id: &str) -> Program {
        Programs::embedded()
            .unwrap()
            .get(&ProgramId(id.to_owned()))
            .unwrap()
            .clone()
    }

    #[test]
    fn both_programs_of_2026_are_embedded_with_the_periods_of_the_manual() {
        assert_eq!(
            program("specialist-renewal-2026").period.show(),
            "2026年5月1日(金) 10:00 ~ 2026年7月31日(金) 24:00"
        );
        assert_eq!(
            program("specialist-renewal-4th-2026").period.show(),
            "2026年4月25日(土) 00:00 ~ 2026年7月31日(金) 24:00"
        );
    }

    #[test]
    fn the_rules_name_15_organs_14_basic_societies_and_limits_of_the_manual() {
        let rules = program("specialist-renewal-2026").rules;
        assert_eq!(rules.clinical_experience.organs.len(), 15);
        assert_eq!(rules.basic_societies.len(), 14);
        assert_eq!(rules.research_activities.row_limit, 20);
        assert_eq!(rules.conferences.row_limit, 30);
        assert_eq!(rules.papers.row_limit, 30);
        assert_eq!(rules.profile.character_limit, 1_040);
    }

    #[test]
    fn the_period_is_half_open() {
        let period = program("specialist-renewal-2026").period;
        assert!(period.contains(period.opens));
        assert!(!period.contains(period.closes));
    }

    #[test]
    fn a_program_with_an_unknown_key_is_refused_with_the_name_of_its_file() {
        let text = format!("{}\nsurprise = 1\n", EMBEDDED[1].1);
        let error =
            Programs::from_files(&[EMBEDDED[0], ("specialist-renewal-2026", &text)]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("specialist-renewal-2026.toml"),
            "{error}"
        );
    }

    #[test]
    fn no_program_at_all_and_two_of_one_id_are_refused() {
        for nothing in [vec![], vec![EMBEDDED[0]]] {
            let error = Programs::from_files(&nothing).unwrap_err();
            assert_eq!(error, ProgramError::None);
        }
        let copy = ("copy-of-specialist-renewal-2026", EMBEDDED[1].1);
        let error = Programs::from_files(&[EMBEDDED[0], EMBEDDED[1], copy]).unwrap_err();
        let told = error.to_string();
        assert!(
            told.contains("specialist-renewal-2026 is that of another file"),
            "{told}"
        );
    }

    #[test]
    fn a_program_with_a_title_or_a_link_that_can_mean_nothing_is_refused() {
        let text = EMBEDDED[1].1;
        let value = |key: &str| {
            let start = format!("{key} = ");
            let line = text.lines().find(|line| line.starts_with(&start));
            line.unwrap()
        };
        for (key, instead, told) in [
            ("title", "\"\"", "title is empty"),
            ("menu_title", "\"\u{200B}\"", "menu_title is empty"),
            ("guide", "\"javascript:alert(1)\"", "guide is no address"),
            ("guide", "\"www.jsmo.or.jp\"", "guide is no address"),
            ("sample", "\"https:///x\"", "sample is no address"),
        ] {
            let other = text.replace(value(key), &format!("{key} = {instead}"));
            let error = Programs::from_files(&[EMBEDDED[0], (EMBEDDED[1].0, &other)]).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
    }

    #[test]
    fn a_program_of_before_takes_no_applications_also_in_its_period() {
        let all = Programs::embedded().unwrap();
        let [first, fourth] =
            ["specialist-renewal-2026", "specialist-renewal-4th-2026"].map(program);
        let opens = first.period.opens;
        assert!(first.takes_applications(opens) && !first.takes_applications(first.period.closes));
        let text = [EMBEDDED[0], EMBEDDED[2]];
        let later = Programs::from_files(&text).unwrap();
        let later = later.with_earlier([first.clone(), fourth.clone()]);
        let kept = later.get(&first.id).unwrap();
        assert!(!kept.takes_applications(opens) && !later.is_offered(&first.id));
        assert!(later.is_offered(&fourth.id), "it is there already");
        assert_eq!(all.offered().count(), 2);
        assert_eq!(later.offered().count(), 1);
    }

    #[test]
    fn a_program_that_closes_before_it_opens_is_refused() {
        let text = EMBEDDED[1]
            .1
            .replace("2026-08-01T00:00", "2026-04-01T00:00");
        let error =
            Programs::from_files(&[EMBEDDED[0], ("specialist-renewal-2026", &text)]).unwrap_err();
        assert!(matches!(error, ProgramError::Inconsistent { .. }));
    }

    #[test]
    fn the_version_changes_with_any_letter_of_the_rules() {
        let changed = EMBEDDED[0]
            .1
            .replace("total_units = 50", "total_units = 51");
        let other =
            Programs::from_files(&[("rules-2026", &changed), EMBEDDED[1], EMBEDDED[2]]).unwrap();
        assert_ne!(other.version(), Programs::embedded().unwrap().version());
    }
}
