//! What stands on the pages, as plain data: no page, no millimetre, no glyph. The printed form and its twin on the screen
//! are two views of it.

use std::collections::BTreeMap;

use domain::{
    application::{ApplicationId, ApplicationState, CheckTarget, SavedResume, Submission},
    calendar::{
        jst_date, parse_date, parse_year_month, show_date, show_jst_minutes, show_year_month,
    },
    documents::{
        ClinicalExperience, Conference, DocumentKind, Paper, RESEARCH_YEARS, ResearchActivity, Row,
        Rows, research_years,
    },
    member::{MemberRecord, Place},
    program::{Program, Rules},
    sentences::Sentence,
    text::{is_blank, parse_number},
    units::{AssessedRow, UnitAssessment},
};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// 日本臨床腫瘍学会
pub const SOCIETY: &str = "日本臨床腫瘍学会";
/// Title of the cover.
pub const TITLE: &str = "専門医【更新】申請書";
/// Right of each page's heading.
pub const RUNNING_TITLE: &str = "専門医 更新 申請書";
/// 表紙: the part before the documents.
pub const COVER: &str = "表紙";
/// The mark of 申請書（仮）, in red.
pub const INCOMPLETE: &str = "申請未完了";
/// What 申請書（仮） says of itself.
pub const NOT_ACCEPTED: &str = "※この申請書では受理されません。";

/// Which print of an application it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Sheet {
    /// 申請書（仮）: the documents as they are now.
    Provisional {
        /// When it is asked for.
        generated_at: Timestamp,
    },
    /// 申請書（本紙）: the documents as they were submitted. The state to print is the one right after the submission.
    Final {
        /// Number, time, units, version of the rules and digest.
        submission: Box<Submission>,
        /// Ledger number of the submission.
        ledger_number: i64,
        /// Ledger hash of the submission, hexadecimal.
        ledger_hash: String,
    },
}

impl Sheet {
    /// The moment the sheet speaks of, never that of printing it again.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Provisional { generated_at } => *generated_at,
            Self::Final { submission, .. } => submission.submitted_at,
        }
    }

    /// Number of the 本紙; `None` for 申請書（仮）.
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::Provisional { .. } => None,
            Self::Final { submission, .. } => Some(submission.number),
        }
    }

    /// Whether it is 申請書（仮）.
    pub fn is_provisional(&self) -> bool {
        matches!(self, Self::Provisional { .. })
    }
}

/// A printed application.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Title of the document; it names no person.
    pub title: String,
    /// 申請者氏名
    pub author: String,
    /// The moment it speaks of.
    pub at: Timestamp,
    /// Whether every page but the cover carries 申請未完了.
    pub provisional: bool,
    /// 表紙
    pub cover: Cover,
    /// One for each document, in the order of 申請書類一覧.
    pub sections: Vec<Section>,
    /// Two lines at the foot of every page.
    pub foot: [String; 2],
}

/// 表紙
#[derive(Clone, Debug, PartialEq)]
pub struct Cover {
    /// 提出書類リスト
    pub list: Vec<String>,
    /// 受験番号, 会員番号, 申請者氏名, 所属施設, 専門医認定番号, E-mail
    pub applicant: Vec<Labelled>,
    /// 申請書（仮） or 申請書（本紙）
    pub kind: &'static str,
    /// What the kind means, for the reader.
    pub remark: &'static str,
    /// What identifies this print; of 本紙 also what proves that paper and log agree.
    pub record: Vec<Labelled>,
}

/// A value with its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// What it is.
    pub label: String,
    /// The value; empty when there is none.
    pub value: String,
}

impl Labelled {
    fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            value: value.into(),
        }
    }
}

/// The pages of one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Which.
    pub document: DocumentKind,
    /// What stands in it, from top to bottom.
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A question of 業績目録.
    Question(String),
    /// A sentence: nothing is registered, or something is to be known about a table.
    Remark(String),
    /// Free text with the member's line breaks.
    Prose(String),
    /// Labels and values, in groups.
    Particulars(Vec<Group>),
    /// Boxes to tick.
    Choices {
        /// Each with whether it is ticked.
        choices: Vec<(String, bool)>,
        /// How many stand side by side.
        columns: usize,
    },
    /// Rows.
    Table(Table),
}

/// Values that belong together: 自宅, 所属施設. The label of a group of one stands alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// 自宅
    pub label: String,
    /// 住所, 電話, FAX
    pub values: Vec<Labelled>,
}

impl Group {
    fn of(label: &str, values: Vec<Labelled>) -> Self {
        Self {
            label: label.to_owned(),
            values,
        }
    }

    fn single(label: &str, value: impl Into<String>) -> Self {
        Self::of(label, vec![Labelled::new("", value)])
    }
}

/// Rows under headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// A text for each column, empty where the form leaves room.
    pub rows: Vec<Vec<String>>,
    /// Label and figure of the last line; the figure stands under [`ColumnKind::Units`].
    pub total: Option<Labelled>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub heading: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
}

/// What a column holds, from which follow its width and how it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// No
    Number,
    /// A day.
    Day,
    /// Two days or months.
    Period,
    /// A choice of few characters: 区分
    Choice,
    /// A choice of more characters: 種別
    Kind,
    /// Free text; takes the room that is left.
    Text,
    /// 単位
    Units,
    /// 登録症例数, or another figure with its unit.
    Figure,
    /// 事務局欄: empty until the secretariat has adjusted the row.
    Office,
}

const fn column(heading: &'static str, kind: ColumnKind) -> Column {
    Column { heading, kind }
}

impl Content {
    /// What stands on the pages of an application.
    ///
    /// For 本紙 the state is the one right after its submission: later facts about the member do not reach the paper.
    pub fn new(state: &ApplicationState, program: &Program, sheet: &Sheet) -> Self {
        let rules = &program.rules;
        let resume = state.documents.resume.value.as_ref();
        // What the member confirmed by saving 履歴書; until then what the society knew at 申込.
        let record = resume.map_or(&state.record, |saved| &saved.record);
        let assessment = match sheet {
            Sheet::Provisional { .. } => state.assess(rules),
            Sheet::Final { submission, .. } => submission.assessment.clone(),
        };
        let sections = DocumentKind::ALL
            .into_iter()
            // M: 申請内容確定前の仮申請書では、セミナー業績のページは出力されません
            .filter(|kind| *kind != DocumentKind::Seminars || !sheet.is_provisional())
            .map(|document| section(document, state, rules, &assessment, sheet.at()))
            .collect();
        Self {
            title: format!("専門医更新申請書（{}）", short_kind(sheet)),
            author: record.name.clone(),
            at: sheet.at(),
            provisional: sheet.is_provisional(),
            cover: cover(state, record, program, sheet),
            sections,
            foot: foot(state, program, sheet),
        }
    }

    /// The seven documents as the secretariat looks at them, with what each row counts by what was known then: 当会セミナー too.
    pub fn documents(state: &ApplicationState, program: &Program, at: Timestamp) -> Vec<Section> {
        let rules = &program.rules;
        let assessment = state.assess_now(rules);
        DocumentKind::ALL
            .map(|document| section(document, state, rules, &assessment, at))
            .into()
    }

    /// Names 事務局欄 of today on the cover of 本紙, where it differs from what the paper says: the units of the pages are those that were
    /// submitted, and stay so.
    #[must_use]
    pub fn naming_adjustments(
        mut self,
        submission: &Submission,
        today: &ApplicationState,
        rules: &Rules,
    ) -> Self {
        let assessment = &submission.assessment;
        if !today.review.differing(assessment).is_empty() {
            self.cover.record.push(Labelled::new(
                "事務局欄",
                format!(
                    "認められた単位 {} 単位（規則による算入 {} 単位）",
                    today.recognised_units(rules),
                    assessment.total
                ),
            ));
        }
        self
    }

    /// The titles of its parts, in their order: 表紙 and the documents.
    pub fn parts(&self) -> impl Iterator<Item = &'static str> {
        let sections = self.sections.iter().map(|section| section.document.title());
        std::iter::once(COVER).chain(sections)
    }

    /// A hash of what each part says, by its title; of the cover, of what it says about the applicant, as the rest names the
    /// moment of printing. By these the service tells what has changed since a download.
    pub fn fingerprints(&self) -> BTreeMap<String, String> {
        let hash = |said: String| hex::encode(&Sha256::digest(said)[..8]);
        let cover = format!("{:?}", self.cover.applicant);
        let sections = self
            .sections
            .iter()
            .map(|section| format!("{:?}", section.blocks));
        self.parts()
            .map(str::to_owned)
            .zip(std::iter::once(cover).chain(sections).map(hash))
            .collect()
    }

    /// Every text of the pages with the document it stands in; none: the cover.
    pub fn texts(&self) -> Vec<(Option<DocumentKind>, &str)> {
        let mut texts: Vec<(Option<DocumentKind>, &str)> = Vec::new();
        let cover = &self.cover;
        texts.extend(cover.list.iter().map(|line| (None, line.as_str())));
        for labelled in cover.applicant.iter().chain(&cover.record) {
            texts.extend([&labelled.label, &labelled.value].map(|text| (None, text.as_str())));
        }
        for section in &self.sections {
            for block in &section.blocks {
                let found = block.texts().into_iter();
                texts.extend(found.map(|text| (Some(section.document), text)));
            }
        }
        texts
    }

    /// Everything that cannot be printed as typed, by document, for telling the member before 申請を完了する.
    pub fn unprintable(&self) -> Vec<Unprintable> {
        let mut found: Vec<Unprintable> = Vec::new();
        for (document, text) in self.texts() {
            let missing = super::missing(text).into_iter().map(String::from);
            let plain = super::plain_forms(text);
            for (characters, replaced) in [(missing.collect(), true), (plain, false)] {
                let characters: Vec<String> = characters;
                for character in characters {
                    let one = Unprintable {
                        document,
                        character,
                        replaced,
                    };
                    if !found.contains(&one) {
                        found.push(one);
                    }
                }
            }
        }
        found
    }
}

/// A character that does not come out as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unprintable {
    /// Where it stands; none: the cover.
    pub document: Option<DocumentKind>,
    /// The character, with its variation selector if it is about that.
    pub character: String,
    /// Printed as 〓; otherwise in its usual form.
    pub replaced: bool,
}

impl Unprintable {
    /// 表紙, or the title of the document.
    pub fn place(&self) -> &'static str {
        self.document.map_or(COVER, DocumentKind::title)
    }

    /// Its code points: `U+9089 U+E01EF`.
    pub fn codes(&self) -> String {
        let codes: Vec<_> = self
            .character
            .chars()
            .map(|c| format!("U+{:04X}", u32::from(c)))
            .collect();
        codes.join(" ")
    }

    /// What the member is told.
    pub fn message(&self) -> String {
        let (place, codes, character) = (self.place(), self.codes(), &self.character);
        if self.replaced {
            // What the cover and most of 履歴書 say is 会員基本情報, which is not changed here.
            let what_to_do = match self.document {
                None => "会員情報の文字については事務局にお知らせください。",
                Some(DocumentKind::Resume) => {
                    "別の文字に置き換えてください。会員情報の文字については事務局にお知らせください。"
                }
                Some(_) => "別の文字に置き換えてください。",
            };
            format!(
                "{place} の「{character}」（{codes}）は印刷できない文字のため、申請書では「〓」になります。{what_to_do}"
            )
        } else {
            format!(
                "{place} の「{character}」（{codes}）は、申請書では標準の字形で印刷されます。字形の違いが必要な場合は事務局にお知らせください。"
            )
        }
    }
}

impl Block {
    fn texts(&self) -> Vec<&str> {
        match self {
            Self::Question(text) | Self::Remark(text) | Self::Prose(text) => vec![text],
            Self::Particulars(groups) => groups
                .iter()
                .flat_map(|group| {
                    let values = group.values.iter().flat_map(|one| [&one.label, &one.value]);
                    std::iter::once(&group.label).chain(values)
                })
                .map(String::as_str)
                .collect(),
            Self::Choices { choices, .. } => {
                choices.iter().map(|(label, _)| label.as_str()).collect()
            }
            Self::Table(table) => table.rows.iter().flatten().map(String::as_str).collect(),
        }
    }
}

fn short_kind(sheet: &Sheet) -> &'static str {
    if sheet.is_provisional() {
        "仮"
    } else {
        "本紙"
    }
}

fn application_number(state: &ApplicationState) -> String {
    ApplicationId {
        program: state.program.clone(),
        member: state.member.clone(),
    }
    .to_string()
}

fn cover(
    state: &ApplicationState,
    record: &MemberRecord,
    program: &Program,
    sheet: &Sheet,
) -> Cover {
    // The manual's list; 業績目録 is printed although the list does not name it (reference 7, no. 5).
    let documents = DocumentKind::ALL
        .into_iter()
        .filter(|kind| *kind != DocumentKind::ClinicalExperience)
        .map(|kind| kind.title().to_owned());
    let enclosed = [
        "[添付] 研究業績取得単位を証明するもの(写)",
        "[添付] 基本学会認定証・専門医認定書(写)",
    ];
    let certification = record.certification.as_ref();
    let number = Labelled::new("申請番号", application_number(state));
    let (kind, remark, identification) = match sheet {
        Sheet::Provisional { generated_at } => (
            "申請書（仮）",
            NOT_ACCEPTED,
            vec![
                number,
                Labelled::new("出力日時", show_jst_minutes(*generated_at)),
                Labelled::new("規則の版", &program.version),
            ],
        ),
        Sheet::Final {
            submission,
            ledger_number,
            ledger_hash,
        } => (
            "申請書（本紙）",
            Sentence::HandInFinalForm.words(),
            vec![
                number,
                Labelled::new("本紙の番号", format!("第{}号", submission.number)),
                Labelled::new("申請完了日時", show_jst_minutes(submission.submitted_at)),
                Labelled::new("規則の版", &submission.rules_version),
                Labelled::new("内容の照合番号", &submission.digest),
                Labelled::new("台帳の番号", ledger_number.to_string()),
                Labelled::new("台帳の照合番号", ledger_hash),
            ],
        ),
    };
    Cover {
        list: documents.chain(enclosed.map(str::to_owned)).collect(),
        applicant: vec![
            // 受験番号 is given by the exam site and written in by hand.
            Labelled::new("受験番号", ""),
            Labelled::new("会員番号", state.member.as_str()),
            Labelled::new("申請者氏名", &record.name),
            Labelled::new("所属施設", &record.workplace.name),
            Labelled::new(
                "専門医認定番号",
                certification.map_or("", |one| one.number.as_str()),
            ),
            Labelled::new("E-mail", &record.email),
        ],
        kind,
        remark,
        record: identification,
    }
}

fn foot(state: &ApplicationState, program: &Program, sheet: &Sheet) -> [String; 2] {
    let number = application_number(state);
    match sheet {
        Sheet::Provisional { generated_at } => [
            format!("申請書（仮）　申請番号 {number}　{NOT_ACCEPTED}"),
            format!(
                "出力日時 {}　規則の版 {}",
                show_jst_minutes(*generated_at),
                program.version
            ),
        ],
        Sheet::Final {
            submission,
            ledger_number,
            ledger_hash,
        } => [
            format!(
                "申請書（本紙）第{}号　申請番号 {number}　申請完了日時 {}",
                submission.number,
                show_jst_minutes(submission.submitted_at)
            ),
            format!(
                "台帳 {ledger_number}　照合番号 {}　規則の版 {}",
                ledger_hash.chars().take(16).collect::<String>(),
                submission.rules_version
            ),
        ],
    }
}

fn not_registered(document: DocumentKind) -> Vec<Block> {
    vec![Block::Remark(format!(
        "{}はまだ登録されていません。",
        document.title()
    ))]
}

fn resume_blocks(saved: Option<&SavedResume>, at: Timestamp) -> Vec<Block> {
    let Some(SavedResume { resume, record }) = saved else {
        return not_registered(DocumentKind::Resume);
    };
    let day = |day: Option<jiff::civil::Date>| day.map(show_date).unwrap_or_default();
    let home = if resume.withhold_home {
        Group::single("自宅", "個人情報の公開を希望しません")
    } else {
        Group::of("自宅", place("住所", &record.home))
    };
    let mut workplace = vec![
        Labelled::new("施設名", &record.workplace.name),
        Labelled::new("部署名", &record.workplace.department),
    ];
    workplace.extend(place("現住所", &record.workplace.place));
    let graduation = parse_year_month(&resume.graduation_year, &resume.graduation_month)
        .map_or_else(
            |_| {
                as_typed(&[
                    (&resume.graduation_year, "年"),
                    (&resume.graduation_month, "月"),
                ])
            },
            show_year_month,
        );
    let registration = record.medical_registration.as_ref();
    let years = record
        .membership_years(jst_date(at))
        .map(|years| format!("{years}年"))
        .unwrap_or_default();
    vec![Block::Particulars(vec![
        Group::single("フリガナ", &record.furigana),
        Group::single("氏名", &record.name),
        Group::single("性別", &record.gender),
        Group::single("生年月日", day(record.birth_date)),
        home,
        Group::of("所属施設", workplace),
        Group::of(
            "学歴",
            vec![
                Labelled::new("出身校", &resume.school),
                Labelled::new("卒業年月", graduation),
            ],
        ),
        Group::of(
            "医籍",
            vec![
                Labelled::new("登録日", day(registration.and_then(|one| one.date))),
                Labelled::new(
                    "登録番号",
                    registration.map_or("", |one| one.number.as_str()),
                ),
            ],
        ),
        Group::of(
            "基本学会",
            vec![
                Labelled::new("学会名", &resume.basic_society),
                Labelled::new("資格種別", &resume.qualification),
                Labelled::new("認定番号", &resume.qualification_number),
            ],
        ),
        Group::single("専門分野", &record.speciality),
        Group::single("JSMO入会日", day(record.joined_on)),
        Group::single("会員歴", years),
    ])]
}

fn place(label: &str, place: &Place) -> Vec<Labelled> {
    let address = if place.postal_code.is_empty() {
        place.address.clone()
    } else {
        format!("〒{} {}", place.postal_code, place.address)
    };
    vec![
        Labelled::new(label, address.trim_end()),
        Labelled::new("電話", &place.phone),
        Labelled::new("FAX", &place.fax),
    ]
}

/// Boxes that cannot be read, as they were typed, each with its unit.
fn as_typed(boxes: &[(&str, &str)]) -> String {
    let mut shown = String::new();
    for (typed, unit) in boxes.iter().filter(|(typed, _)| !is_blank(typed)) {
        // 年 may have been typed behind the year.
        shown.push_str(typed.trim().trim_end_matches(unit));
        shown.push_str(unit);
    }
    shown
}

fn profile_blocks(state: &ApplicationState) -> Vec<Block> {
    match &state.documents.profile.value {
        Some(profile) if !is_blank(&profile.text) => {
            vec![Block::Prose(profile.text.clone())]
        }
        _ => not_registered(DocumentKind::Profile),
    }
}

fn activity_blocks(state: &ApplicationState) -> Vec<Block> {
    let activities = &state.documents.research_activities.value;
    let mut blocks = Vec::new();
    if !is_blank(&activities.total_years) {
        let years = research_years(&activities.total_years).map_or_else(
            |_| activities.total_years.clone(),
            |years| format!("{years}年"),
        );
        blocks.push(Block::Particulars(vec![Group::single(
            RESEARCH_YEARS,
            years,
        )]));
    }
    if activities.rows.is_empty() {
        blocks.extend(not_registered(DocumentKind::ResearchActivities));
        return blocks;
    }
    let month = |year: &str, month: &str| {
        parse_year_month(year, month).map_or_else(
            |_| as_typed(&[(year, "年"), (month, "月")]),
            |at| format!("{}年{}月", at.year, at.month),
        )
    };
    blocks.push(table(
        [
            column("No", ColumnKind::Number),
            column("期間", ColumnKind::Period),
            column("内容", ColumnKind::Text),
        ],
        &activities.rows,
        |_, row: &ResearchActivity| {
            let from = month(&row.from_year, &row.from_month);
            let to = month(&row.to_year, &row.to_month);
            vec![format!("{from} ～ {to}"), row.content.clone()]
        },
        None,
    ));
    blocks
}

/// The pages of a document.
fn section(
    document: DocumentKind,
    state: &ApplicationState,
    rules: &Rules,
    assessment: &UnitAssessment,
    at: Timestamp,
) -> Section {
    let blocks = match document {
        DocumentKind::Resume => resume_blocks(state.documents.resume.value.as_ref(), at),
        DocumentKind::Profile => profile_blocks(state),
        DocumentKind::ResearchActivities => activity_blocks(state),
        DocumentKind::Conferences => conference_blocks(state, assessment),
        DocumentKind::Seminars => seminar_blocks(state, rules, assessment),
        DocumentKind::Papers => paper_blocks(state, assessment),
        DocumentKind::ClinicalExperience => experience_blocks(state, rules),
    };
    Section { document, blocks }
}

/// 事務局欄 of a row; empty where it has none.
fn office(state: &ApplicationState, document: DocumentKind, row: &str) -> String {
    let key = CheckTarget::row(document, row).key();
    let adjustment = state.review.adjustments.get(&key);
    adjustment.map_or_else(String::new, |one| one.units.to_string())
}

/// The rows numbered from 1.
fn table<T, const COLUMNS: usize>(
    columns: [Column; COLUMNS],
    rows: &Rows<T>,
    cells: impl Fn(&Row<T>, &T) -> Vec<String>,
    total: Option<Labelled>,
) -> Block {
    let rows = rows.iter().zip(1_u32..).map(|(row, number)| {
        let mut texts = vec![number.to_string()];
        texts.extend(cells(row, &row.value));
        texts
    });
    Block::Table(Table {
        columns: columns.into(),
        rows: rows.collect(),
        total,
    })
}

/// 申請単位 of a document, by row, and their sum.
struct Declared<'a>(Vec<&'a AssessedRow>);

impl<'a> Declared<'a> {
    fn of(assessment: &'a UnitAssessment, document: DocumentKind) -> Self {
        let rows = assessment.rows.iter();
        Self(rows.filter(|row| row.document == document).collect())
    }

    /// The figure of a row, or what was typed when it cannot be read.
    fn show<T>(&self, row: &Row<T>, typed: &str) -> String {
        let id = row.id.to_string();
        let declared = self
            .0
            .iter()
            .find(|assessed| assessed.row == id)
            .and_then(|assessed| assessed.declared);
        declared.map_or_else(|| typed.trim().to_owned(), |units| units.to_string())
    }

    fn sum(&self) -> u32 {
        self.0
            .iter()
            .filter_map(|row| row.declared)
            .fold(0, u32::saturating_add)
    }

    fn counted(&self) -> u32 {
        self.0
            .iter()
            .map(|row| row.counted)
            .fold(0, u32::saturating_add)
    }

    fn total(&self) -> Labelled {
        Labelled::new("申請単位合計", self.sum().to_string())
    }

    /// Said when not everything that is applied for counts.
    fn remark(&self) -> Option<Block> {
        let (sum, counted) = (self.sum(), self.counted());
        (sum != counted).then(|| {
            Block::Remark(format!(
                "※ 申請単位合計 {sum} 単位のうち、規則により算入される単位は {counted} 単位です。"
            ))
        })
    }
}

fn conference_blocks(state: &ApplicationState, assessment: &UnitAssessment) -> Vec<Block> {
    let rows = &state.documents.conferences.value;
    if rows.is_empty() {
        return vec![Block::Remark("登録された学会参加はありません。".to_owned())];
    }
    let declared = Declared::of(assessment, DocumentKind::Conferences);
    // M: No, 実施日, 開催場所, 単位, 事務局欄; 筆頭 is not printed.
    let mut blocks = vec![table(
        [
            column("No", ColumnKind::Number),
            column("実施日", ColumnKind::Day),
            column("開催場所", ColumnKind::Text),
            column("単位", ColumnKind::Units),
            column("事務局欄", ColumnKind::Office),
        ],
        rows,
        |row, conference: &Conference| {
            vec![
                day(&conference.held_on),
                conference.place.clone(),
                declared.show(row, &conference.units),
                office(state, DocumentKind::Conferences, &row.id.to_string()),
            ]
        },
        Some(declared.total()),
    )];
    blocks.extend(declared.remark());
    blocks
}

/// A day in one form, or what was typed when it cannot be read.
fn day(typed: &str) -> String {
    parse_date(typed).map_or_else(|_| typed.to_owned(), show_date)
}

fn seminar_blocks(
    state: &ApplicationState,
    rules: &Rules,
    assessment: &UnitAssessment,
) -> Vec<Block> {
    let settled = Declared::of(assessment, DocumentKind::Seminars);
    if settled.0.is_empty() {
        return vec![Block::Remark(
            "参加が記録されている当会セミナーはありません。".to_owned(),
        )];
    }
    // The rows are those of the assessment, which is frozen with the submission.
    let rows = settled.0.iter().zip(1_u32..).map(|(row, number)| {
        let attendance = state.attendance.get(&row.row);
        let (name, days) = attendance.map_or_else(
            || (row.row.clone(), String::new()),
            |one| {
                let (first, last) = (one.key.first_day, one.last_day);
                let days = if first == last {
                    show_date(first)
                } else {
                    format!("{} ～ {}", show_date(first), show_date(last))
                };
                (one.name.clone(), days)
            },
        );
        vec![number.to_string(), name, days, row.counted.to_string()]
    });
    let mut blocks = vec![Block::Table(Table {
        columns: vec![
            column("No", ColumnKind::Number),
            column("セミナー名", ColumnKind::Text),
            column("開催日", ColumnKind::Period),
            column("単位", ColumnKind::Units),
        ],
        rows: rows.collect(),
        total: Some(Labelled::new("単位合計", settled.counted().to_string())),
    })];
    if settled.sum() != settled.counted() {
        blocks.push(Block::Remark(format!(
            "※ 対象期間（{} ～ {}）の外のセミナーと上限を超える単位は算入されません。",
            show_date(rules.window.first_day),
            show_date(rules.window.last_day)
        )));
    }
    // The form has no column for it here.
    for (row, number) in settled.0.iter().zip(1_u32..) {
        let units = office(state, DocumentKind::Seminars, &row.row);
        if !units.is_empty() {
            blocks.push(Block::Remark(format!(
                "※ 事務局欄: No {number} は {units} 単位"
            )));
        }
    }
    blocks
}

fn paper_blocks(state: &ApplicationState, assessment: &UnitAssessment) -> Vec<Block> {
    let rows = &state.documents.papers.value;
    if rows.is_empty() {
        return vec![Block::Remark("登録された論文はありません。".to_owned())];
    }
    let declared = Declared::of(assessment, DocumentKind::Papers);
    let mut blocks = vec![table(
        [
            column("No", ColumnKind::Number),
            column("区分", ColumnKind::Choice),
            column("種別", ColumnKind::Kind),
            column("日付", ColumnKind::Day),
            column("内容", ColumnKind::Text),
            column("単位", ColumnKind::Units),
            column("事務局欄", ColumnKind::Office),
        ],
        rows,
        |row, paper: &Paper| {
            vec![
                paper.division.clone(),
                paper.kind.clone(),
                day(&paper.date),
                paper.content.clone(),
                declared.show(row, &paper.units),
                office(state, DocumentKind::Papers, &row.id.to_string()),
            ]
        },
        Some(declared.total()),
    )];
    blocks.extend(declared.remark());
    blocks
}

fn experience_blocks(state: &ApplicationState, rules: &Rules) -> Vec<Block> {
    let Some(experience) = &state.documents.clinical_experience.value else {
        return not_registered(DocumentKind::ClinicalExperience);
    };
    let organs = |ticked: &[String]| {
        let listed = &rules.clinical_experience.organs;
        let gone = ticked.iter().filter(|organ| !listed.contains(organ));
        Block::Choices {
            choices: listed
                .iter()
                .map(|organ| (organ.clone(), ticked.contains(organ)))
                .chain(gone.map(|organ| (organ.clone(), true)))
                .collect(),
            columns: 5,
        }
    };
    let question = |words: &str| Block::Question(words.to_owned());
    let mut blocks = vec![
        question("1. 主治医あるいは担当医として（チーム医療の一員として）がん患者を診察した実績"),
        organs(&experience.examined),
        question("2. がん薬物療法の施行実績"),
        organs(&experience.drug_therapy),
        question("3. がん診療に関するコンサルテーションの実績"),
        organs(&experience.consultation),
        question("4. その他 a) 特殊な検査・治療の実績"),
        yes_or_no(experience.special_procedures),
    ];
    if !is_blank(&experience.special_procedures_detail) {
        blocks.push(Block::Prose(experience.special_procedures_detail.clone()));
    }
    blocks.extend([
        question("4. その他 b) セカンドオピニオンの実施"),
        yes_or_no(experience.second_opinion),
        question("4. その他 c) 臨床試験名と登録症例数"),
        trials(experience),
    ]);
    blocks
}

fn yes_or_no(answer: Option<bool>) -> Block {
    Block::Choices {
        choices: vec![
            ("あり".to_owned(), answer == Some(true)),
            ("なし".to_owned(), answer == Some(false)),
        ],
        columns: 5,
    }
}

fn trials(experience: &ClinicalExperience) -> Block {
    let trials: Vec<_> = experience
        .trials
        .iter()
        .filter(|trial| !is_blank(&trial.name) || !is_blank(&trial.cases))
        .collect();
    if trials.is_empty() {
        return Block::Remark("登録された臨床試験はありません。".to_owned());
    }
    let rows = trials.iter().zip(1_u32..).map(|(trial, number)| {
        let cases = parse_number(&trial.cases, &["件", "例"]).map_or_else(
            |_| trial.cases.trim().to_owned(),
            |cases| format!("{cases}件"),
        );
        vec![number.to_string(), trial.name.clone(), cases]
    });
    Block::Table(Table {
        columns: vec![
            column("No", ColumnKind::Number),
            column("臨床試験名", ColumnKind::Text),
            column("登録症例数", ColumnKind::Figure),
        ],
        rows: rows.collect(),
        total: None,
    })
}

#[cfg(test)]
mod tests;
