//! What one form fills in: a document that is saved as a whole, or a row of a list.

use domain::{
    application::{ApplicationCommand, ApplicationId, Documents},
    calendar::{
        date_boxes, date_from_boxes, long_date, parse_date, parse_year_month, show_date,
        show_year_month,
    },
    documents::{
        ClinicalExperience, Conference, DocumentKind, FieldError, Paper, Profile, RESEARCH_YEARS,
        ResearchActivity, Resume, Trial,
    },
    member::MemberRecord,
    program::{BasicSociety, Rules},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    corrections,
    document::kept,
    field::{Choice, Control, Field, Need},
    posted::Fields,
};
use crate::{
    acts::{EXPLANATION, REASON},
    app::App,
    problem::{Kind, Problem},
};

/// A value that a form shows and takes.
pub(super) trait Entry: Clone + Default + Serialize + DeserializeOwned {
    /// What the form sent.
    fn posted(fields: &Fields, rules: &Rules) -> Self;
    /// The form's fields, always the same ones in the same order for the same rules, so that two versions can be compared.
    fn fields(&self, rules: &Rules) -> Vec<Field>;
    /// What is wrong with it. `record` is the member's record that belongs to it.
    fn wrong(&self, rules: &Rules, record: &MemberRecord) -> Vec<FieldError>;
    /// The field that a pointer of an error means.
    fn field_of(pointer: &str) -> String {
        pointer.trim_start_matches('/').to_owned()
    }
    /// The name in JSON that a field or box belongs to.
    fn name_of(field: &str) -> String {
        field.to_owned()
    }
}

/// A document that is saved as a whole.
pub(super) trait WholeEntry: Entry {
    const KIND: DocumentKind;
    /// What is saved.
    fn saved(documents: &Documents) -> Option<&Self>;
    /// 入力内容保存
    fn command(self, base: u32, record: MemberRecord) -> ApplicationCommand;
}

/// What a form sent, when it is whole: a browser sends every box, be it empty, and what lacks one would empty what is saved.
///
/// # Errors
/// [`Kind::PageTampered`] with what was typed.
pub(super) fn whole<T: Entry>(fields: &Fields, rules: &Rules) -> Result<T, Problem> {
    let typed = T::posted(fields, rules);
    if missing(&typed, fields, rules).is_empty() {
        Ok(typed)
    } else {
        Err(Problem::new(Kind::PageTampered).keeping(kept(&typed.fields(rules))))
    }
}

/// The names of what the form did not send, though a browser sends it, and did not show as closed.
pub(super) fn missing<T: Entry>(typed: &T, fields: &Fields, rules: &Rules) -> Vec<String> {
    let closed = fields.all("closed");
    let is_closed = |name: &str| closed.contains(&T::name_of(name));
    let lost = |name: &str| !fields.has(name) && !is_closed(name);
    let drawn = typed.fields(rules).into_iter();
    drawn
        .filter(|field| match &field.control {
            Control::Text(_) | Control::Area { .. } | Control::Select { .. } => lost(&field.id),
            Control::Boxes(boxes) => boxes.iter().any(|one| lost(one.id)) && !is_closed(&field.id),
            // What is not ticked is not sent.
            Control::Radio(_) | Control::Checkboxes(_) | Control::Check { .. } => false,
        })
        .map(|field| T::name_of(&field.id))
        .collect()
}

fn of<T: Entry>(fields: &Fields, rules: &Rules) -> Vec<(String, String)> {
    kept(&T::posted(fields, rules).fields(rules))
}

/// What is typed into the forms of the secretariat, with its labels.
const OF_THE_DESK: [(&str, &str); 8] = [
    ("note", "メモ"),
    ("labels", "ラベル"),
    ("explanation", EXPLANATION),
    ("reason", REASON),
    ("message", "お知らせ"),
    ("subject", "件名"),
    ("body", "本文"),
    ("name", "名前"),
];

fn of_the_desk(fields: &Fields) -> Vec<(String, String)> {
    fields
        .iter()
        .filter_map(|(name, text)| {
            let known = OF_THE_DESK.iter().find(|(known, _)| known == name);
            let label = match known {
                Some((_, label)) => *label,
                None if name.starts_with("comment:") => "修正の内容",
                None => return None,
            };
            (!domain::text::is_blank(text)).then(|| (label.to_owned(), text.clone()))
        })
        .collect()
}

/// Label and text of what a form sent, by the address that it was sent to.
pub(super) fn typed(app: &App, path: &str, fields: &Fields) -> Vec<(String, String)> {
    let mut parts = path.trim_start_matches("/applications/").split('/');
    if path.ends_with("/corrections/answers") {
        return corrections::kept(fields);
    }
    if path.starts_with("/desk/") {
        return of_the_desk(fields);
    }
    let program = parts
        .next()
        .and_then(|id| ApplicationId::parse(id).ok())
        .and_then(|id| app.service().programs.get(&id.program));
    let (Some(program), Some("documents"), Some(slug)) = (program, parts.next(), parts.next())
    else {
        return Vec::new();
    };
    let rules = &program.rules;
    match DocumentKind::from_slug(slug) {
        _ if parts.next() == Some("total-years") => {
            vec![(RESEARCH_YEARS.to_owned(), fields.text("total_years"))]
        }
        Some(DocumentKind::Resume) => of::<Resume>(fields, rules),
        Some(DocumentKind::Profile) => of::<Profile>(fields, rules),
        Some(DocumentKind::ResearchActivities) => {
            let mut typed = of::<ResearchActivity>(fields, rules);
            let years = fields.all("total_years").into_iter();
            typed.extend(years.map(|years| (RESEARCH_YEARS.to_owned(), years)));
            typed
        }
        Some(DocumentKind::Conferences) => of::<Conference>(fields, rules),
        Some(DocumentKind::Papers) => of::<Paper>(fields, rules),
        Some(DocumentKind::ClinicalExperience) => of::<ClinicalExperience>(fields, rules),
        Some(DocumentKind::Seminars) | None => Vec::new(),
    }
}

fn year_month_echo(year: &str, month: &str) -> Option<String> {
    parse_year_month(year, month).ok().map(show_year_month)
}

fn date_field(
    id: &'static str,
    label: &str,
    boxes: [&'static str; 3],
    stored: &str,
    rules: &Rules,
) -> Field {
    let values = date_boxes(stored);
    let boxes = boxes
        .into_iter()
        .zip(["年", "月", "日"])
        .zip(values)
        .map(|((id, label), value)| (id, label, value));
    Field::boxes(id, label, Need::Required, boxes)
        .supported(format!(
            "例）2025年3月6日、令和7年3月6日。対象期間は {} ~ {} です。",
            show_date(rules.window.first_day),
            show_date(rules.window.last_day)
        ))
        .understood(parse_date(stored).ok().map(long_date))
}

fn posted_date(fields: &Fields, boxes: [&str; 3]) -> String {
    let [year, month, day] = boxes.map(|name| fields.text(name));
    date_from_boxes(&year, &month, &day)
}

impl Entry for Resume {
    fn posted(fields: &Fields, _: &Rules) -> Self {
        Self {
            school: fields.line("school"),
            graduation_year: fields.text("graduation_year"),
            graduation_month: fields.text("graduation_month"),
            basic_society: fields.text("basic_society"),
            qualification: fields.text("qualification"),
            qualification_number: fields.line("qualification_number"),
            withhold_home: fields.says("withhold_home", "on"),
        }
    }

    fn fields(&self, rules: &Rules) -> Vec<Field> {
        let societies = rules.basic_societies.iter();
        let mut qualifications: Vec<&str> = Vec::new();
        for society in societies.clone() {
            for name in &society.qualifications {
                if !qualifications.contains(&name.as_str()) {
                    qualifications.push(name);
                }
            }
        }
        let notes = societies
            .clone()
            .filter_map(|society| Some(format!("{}: {}", society.name, society.note.as_ref()?)));
        let mut qualification = Field::select(
            "qualification",
            "基本学会 資格種別",
            Need::Required,
            &self.qualification,
            qualifications,
        );
        qualification.support.extend(notes);
        let chosen = societies
            .clone()
            .find(|society| society.name == self.basic_society);
        qualification
            .support
            .extend(chosen.map(BasicSociety::choice));
        vec![
            Field::new(
                "withhold_home",
                "自宅情報の表示",
                Need::Optional,
                Control::Check {
                    checked: self.withhold_home,
                    forbidden: false,
                    words: "個人情報の公開を希望しません".to_owned(),
                },
            )
            .supported("自宅情報を表示させたくない場合にチェック")
            .supported("ただし、連絡先が「自宅」の方は選択できません"),
            Field::text("school", "学歴 出身校", Need::Required, &self.school)
                .supported("例）浜松町大学医学部"),
            Field::boxes(
                "graduation",
                "学歴 卒業年月",
                Need::Required,
                [
                    ("graduation_year", "年", self.graduation_year.clone()),
                    ("graduation_month", "月", self.graduation_month.clone()),
                ],
            )
            .supported("例）1998年3月、平成10年3月")
            .understood(
                year_month_echo(&self.graduation_year, &self.graduation_month)
                    .map(|month| format!("{month} 卒業")),
            ),
            Field::select(
                "basic_society",
                "基本学会認定医・専門医 学会名",
                Need::Required,
                &self.basic_society,
                societies.map(|society| society.name.as_str()),
            ),
            qualification,
            Field::text(
                "qualification_number",
                "基本学会 認定番号",
                Need::Required,
                &self.qualification_number,
            )
            .wide(16),
        ]
    }

    fn wrong(&self, rules: &Rules, record: &MemberRecord) -> Vec<FieldError> {
        self.errors(rules, record)
    }
}

impl WholeEntry for Resume {
    const KIND: DocumentKind = DocumentKind::Resume;

    fn saved(documents: &Documents) -> Option<&Self> {
        documents.resume.value.as_ref().map(|saved| &saved.resume)
    }

    fn command(self, base: u32, record: MemberRecord) -> ApplicationCommand {
        ApplicationCommand::SaveResume {
            resume: self,
            record: Box::new(record),
            base,
        }
    }
}

impl Entry for Profile {
    fn posted(fields: &Fields, _: &Rules) -> Self {
        Self {
            text: fields.text("text"),
        }
    }

    fn fields(&self, rules: &Rules) -> Vec<Field> {
        vec![Field::area(
            "text",
            "プロフィール",
            Need::Required,
            &self.text,
            (16, rules.profile.character_limit),
        )]
    }

    fn wrong(&self, rules: &Rules, _: &MemberRecord) -> Vec<FieldError> {
        self.errors(rules)
    }
}

impl WholeEntry for Profile {
    const KIND: DocumentKind = DocumentKind::Profile;

    fn saved(documents: &Documents) -> Option<&Self> {
        documents.profile.value.as_ref()
    }

    fn command(self, base: u32, _: MemberRecord) -> ApplicationCommand {
        ApplicationCommand::SaveProfile {
            profile: self,
            base,
        }
    }
}

/// Ids of the fields of the trials; the rules ask for no more than these.
const TRIALS: [(&str, &str); 5] = [
    ("trial_1_name", "trial_1_cases"),
    ("trial_2_name", "trial_2_cases"),
    ("trial_3_name", "trial_3_cases"),
    ("trial_4_name", "trial_4_cases"),
    ("trial_5_name", "trial_5_cases"),
];

fn answer(fields: &Fields, name: &str) -> Option<bool> {
    match fields.text(name).as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn yes_or_no(answer: Option<bool>) -> Control {
    Control::Radio(
        [("yes", "あり", true), ("no", "なし", false)]
            .map(|(value, words, means)| Choice {
                value: value.to_owned(),
                words: words.to_owned(),
                chosen: answer == Some(means),
            })
            .into(),
    )
}

impl Entry for ClinicalExperience {
    fn posted(fields: &Fields, _: &Rules) -> Self {
        let mut trials: Vec<Trial> = TRIALS
            .into_iter()
            .map(|(name, cases)| Trial {
                name: fields.line(name),
                cases: fields.text(cases),
            })
            .collect();
        let used = trials
            .iter()
            .rposition(|trial| !trial.name.is_empty() || !trial.cases.is_empty())
            .map_or(0, |last| last + 1);
        trials.truncate(used);
        Self {
            examined: fields.all("examined"),
            drug_therapy: fields.all("drug_therapy"),
            consultation: fields.all("consultation"),
            special_procedures: answer(fields, "special_procedures"),
            special_procedures_detail: fields.text("special_procedures_detail"),
            second_opinion: answer(fields, "second_opinion"),
            trials,
        }
    }

    fn fields(&self, rules: &Rules) -> Vec<Field> {
        let experience = &rules.clinical_experience;
        let organs = |ticked: &[String]| {
            let mut choices: Vec<_> = experience
                .organs
                .iter()
                .map(|organ| Choice::named(organ, ticked.contains(organ)))
                .collect();
            let gone = ticked.iter().filter(|one| !experience.organs.contains(one));
            choices.extend(gone.map(|organ| Choice::named(organ, true)));
            Control::Checkboxes(choices)
        };
        let mut fields = vec![
            Field::new(
                "examined",
                "1. 主治医あるいは担当医として（チーム医療の一員として）がん患者を診察した実績（診察した実績がある臓器・領域をチェックする）",
                Need::Optional,
                organs(&self.examined),
            ),
            Field::new(
                "drug_therapy",
                "2. がん薬物療法の施行実績（施行した実績がある臓器・領域をチェックする）",
                Need::Optional,
                organs(&self.drug_therapy),
            ),
            Field::new(
                "consultation",
                "3. がん診療に関するコンサルテーションの実績（コンサルテーションした実績がある臓器・領域をチェックする）",
                Need::Optional,
                organs(&self.consultation),
            ),
            Field::new(
                "special_procedures",
                "4. その他 a) 特殊な検査・治療の実績",
                Need::Required,
                yes_or_no(self.special_procedures),
            ),
            Field::area(
                "special_procedures_detail",
                "特殊な検査・治療の実績 の具体的な内容",
                Need::If("「あり」の場合"),
                &self.special_procedures_detail,
                (4, rules.limits.long_text),
            )
            .supported("※ある場合は、その内容を具体的に記載する。"),
            Field::new(
                "second_opinion",
                "b) セカンドオピニオンの実施",
                Need::Required,
                yes_or_no(self.second_opinion),
            ),
        ];
        for (place, (name, cases)) in TRIALS.into_iter().enumerate().take(experience.trial_limit) {
            let blank = Trial::default();
            let trial = self.trials.get(place).unwrap_or(&blank);
            fields.push(
                Field::text(
                    name,
                    format!("c) 臨床試験名（{}）", place + 1),
                    Need::If("登録症例数を入力する場合"),
                    &trial.name,
                )
                .limited(experience.trial_name_limit),
            );
            fields.push(Field::number(
                cases,
                format!("c) 登録症例数（{}）", place + 1),
                Need::If("臨床試験名を入力する場合"),
                &trial.cases,
                "件",
            ));
        }
        fields
    }

    fn wrong(&self, rules: &Rules, _: &MemberRecord) -> Vec<FieldError> {
        self.errors(rules)
    }

    fn name_of(field: &str) -> String {
        if field.starts_with("trial_") {
            "trials".to_owned()
        } else {
            field.to_owned()
        }
    }

    fn field_of(pointer: &str) -> String {
        let parts: Vec<&str> = pointer.split('/').skip(1).collect();
        match parts[..] {
            ["trials", place, field] => {
                let place = place.parse::<usize>().unwrap_or_default() + 1;
                format!("trial_{place}_{field}")
            }
            ["trials"] => "trial_1_name".to_owned(),
            [name, ..] => name.to_owned(),
            [] => String::new(),
        }
    }
}

impl WholeEntry for ClinicalExperience {
    const KIND: DocumentKind = DocumentKind::ClinicalExperience;

    fn saved(documents: &Documents) -> Option<&Self> {
        documents.clinical_experience.value.as_ref()
    }

    fn command(self, base: u32, _: MemberRecord) -> ApplicationCommand {
        ApplicationCommand::SaveClinicalExperience {
            experience: self,
            base,
        }
    }
}

impl Entry for ResearchActivity {
    fn posted(fields: &Fields, _: &Rules) -> Self {
        Self {
            from_year: fields.text("from_year"),
            from_month: fields.text("from_month"),
            to_year: fields.text("to_year"),
            to_month: fields.text("to_month"),
            content: fields.text("content"),
        }
    }

    fn fields(&self, rules: &Rules) -> Vec<Field> {
        vec![
            Field::boxes(
                "from",
                "期間（開始年月）",
                Need::Required,
                [
                    ("from_year", "年", self.from_year.clone()),
                    ("from_month", "月", self.from_month.clone()),
                ],
            )
            .supported("例）2021年9月、令和3年9月")
            .understood(year_month_echo(&self.from_year, &self.from_month)),
            Field::boxes(
                "to",
                "期間（終了年月）",
                Need::Required,
                [
                    ("to_year", "年", self.to_year.clone()),
                    ("to_month", "月", self.to_month.clone()),
                ],
            )
            .supported("現在も続いている場合は、申請する月を入力してください。")
            .understood(year_month_echo(&self.to_year, &self.to_month)),
            Field::area(
                "content",
                "内容",
                Need::Required,
                &self.content,
                (3, rules.limits.long_text),
            )
            .supported("例）JSMO がんセンター 臨床腫瘍科にて消化器がんの薬物療法に従事"),
        ]
    }

    fn wrong(&self, rules: &Rules, _: &MemberRecord) -> Vec<FieldError> {
        self.errors(rules)
    }
}

/// Boxes of 開催日.
const HELD_ON: [&str; 3] = ["held_on_year", "held_on_month", "held_on_day"];

impl Entry for Conference {
    fn posted(fields: &Fields, _: &Rules) -> Self {
        Self {
            first_author: fields.text("first_author"),
            place: fields.line("place"),
            held_on: posted_date(fields, HELD_ON),
            units: fields.text("units"),
        }
    }

    fn fields(&self, rules: &Rules) -> Vec<Field> {
        let mut first_author = Field::select(
            "first_author",
            "筆頭",
            Need::Optional,
            &self.first_author,
            ["筆頭"],
        );
        if let Control::Select { options, .. } = &mut first_author.control {
            for option in options {
                if option.value == "筆頭" {
                    "筆頭（筆頭演者として発表）".clone_into(&mut option.words);
                }
            }
        }
        let meeting = &rules.units.meeting;
        vec![
            first_author.supported("参加のみの場合は選択しないでください。"),
            Field::text("place", "開催地", Need::Required, &self.place)
                .wide(16)
                .supported("例）横浜"),
            date_field("held_on", "開催日", HELD_ON, &self.held_on, rules),
            Field::number("units", "申請単位数", Need::Required, &self.units, "単位").supported(
                format!(
                    "参加は{}単位、筆頭演者としての発表は{}単位です。",
                    meeting.attendance, meeting.first_author
                ),
            ),
        ]
    }

    fn wrong(&self, rules: &Rules, _: &MemberRecord) -> Vec<FieldError> {
        self.errors(rules)
    }
}

/// Boxes of 日付.
const DATE: [&str; 3] = ["date_year", "date_month", "date_day"];

impl Entry for Paper {
    fn posted(fields: &Fields, _: &Rules) -> Self {
        Self {
            division: fields.text("division"),
            kind: fields.text("kind"),
            date: posted_date(fields, DATE),
            units: fields.text("units"),
            content: fields.text("content"),
        }
    }

    fn fields(&self, rules: &Rules) -> Vec<Field> {
        let kinds = &rules.units.kinds;
        let mut divisions: Vec<&str> = Vec::new();
        for kind in kinds {
            for name in kind.units.keys() {
                if !divisions.contains(&name.as_str()) {
                    divisions.push(name);
                }
            }
        }
        vec![
            Field::select(
                "division",
                "区分",
                Need::Required,
                &self.division,
                divisions,
            ),
            Field::select(
                "kind",
                "種別",
                Need::Required,
                &self.kind,
                kinds.iter().map(|kind| kind.name.as_str()),
            )
            .supported(
                "※他学会の出席登録は、プルダウンメニューの 種別：学会 を選択して入力してください。",
            ),
            date_field("date", "日付", DATE, &self.date, rules)
                .supported("論文は採択された日、学会・セミナー等は開催日を入力してください。"),
            Field::number("units", "申請単位", Need::Required, &self.units, "単位"),
            Field::area(
                "content",
                "内容",
                Need::Required,
                &self.content,
                (3, rules.limits.long_text),
            )
            .supported(
                "論文は題名・掲載誌・巻・頁、学会・セミナー等は名称と主催学会を入力してください。",
            ),
        ]
    }

    fn wrong(&self, rules: &Rules, _: &MemberRecord) -> Vec<FieldError> {
        self.errors(rules)
    }
}
