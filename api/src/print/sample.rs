//! Applications to print: a small one, and one filled to the limits.

use cqrs_es::Aggregate as _;
use domain::{
    Personal,
    application::{Application, ApplicationEvent, ApplicationState, DocumentTrack},
    calendar::parse_jst_instant,
    documents::{
        ClinicalExperience, Conference, Paper, Profile, ResearchActivity, Resume, RowId, Trial,
    },
    eligibility::Scope,
    member::{
        Certification, Contact, MedicalRegistration, MemberNumber, MemberRecord, Place,
        SeminarAttendance, SeminarKey, SeminarKind, Workplace,
    },
    program::{Program, ProgramId, Programs},
};
use jiff::{Timestamp, civil::date};
use uuid::Uuid;

use super::content::Sheet;

pub fn program() -> Program {
    let programs = Programs::embedded().unwrap();
    programs
        .get(&ProgramId("specialist-renewal-4th-2026".to_owned()))
        .unwrap()
        .clone()
}

fn at(text: &str) -> Timestamp {
    parse_jst_instant(text).unwrap()
}

pub fn provisional() -> Sheet {
    Sheet::Provisional {
        generated_at: at("2026-06-03T18:00"),
    }
}

/// 本紙 of a state, submitted here if it is not.
pub fn submitted(state: &mut ApplicationState, program: &Program) -> Sheet {
    let submission = domain::application::Submission {
        number: state.submissions + 1,
        submitted_at: at("2026-06-10T09:30"),
        assessment: state.assess(&program.rules),
        rules_version: program.version.clone(),
        digest: "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0".to_owned(),
    };
    state.submissions = submission.number;
    state.documents_track = DocumentTrack::UnderReview(Box::new(submission.clone()));
    Sheet::Final {
        submission: Box::new(submission),
        ledger_number: 1204,
        ledger_hash: "a3c1f5e7092b4d6f8a3c1f5e7092b4d6f8a3c1f5e7092b4d6f8a3c1f5e7092b4".to_owned(),
    }
}

pub fn record() -> MemberRecord {
    MemberRecord {
        number: MemberNumber::parse("9000001").unwrap(),
        name: "臨床 瘍子".to_owned(),
        furigana: "リンショウ ハナコ".to_owned(),
        gender: "女".to_owned(),
        birth_date: Some(date(1974, 5, 3)),
        contact: Contact::Workplace,
        home: Place {
            postal_code: "158-0083".to_owned(),
            address: "東京都世田谷区奥沢 3-2-1 髙﨑マンション𠮷野 405".to_owned(),
            phone: "03-0000-0001".to_owned(),
            fax: String::new(),
        },
        workplace: Workplace {
            name: "JSMO がんセンター".to_owned(),
            department: "臨床腫瘍科".to_owned(),
            place: Place {
                postal_code: "105-0013".to_owned(),
                address: "東京都港区浜松町 2-1-15".to_owned(),
                phone: "03-6809-1250".to_owned(),
                fax: "03-6809-1138".to_owned(),
            },
        },
        email: "yoko@example.jp".to_owned(),
        medical_registration: Some(MedicalRegistration {
            date: Some(date(1999, 5, 10)),
            number: "999999".to_owned(),
        }),
        speciality: "腫瘍内科".to_owned(),
        joined_on: Some(date(2008, 1, 1)),
        dues_paid_year: None,
        certification: Some(Certification {
            number: "0500026".to_owned(),
            first_certified_on: date(2007, 4, 1),
            last_certified_on: date(2022, 4, 1),
            valid_until: date(2027, 3, 31),
        }),
        exam_passed_year: None,
    }
}

fn row(number: u128) -> RowId {
    RowId(Uuid::from_u128(number))
}

fn applied(attendance: Vec<SeminarAttendance>) -> ApplicationEvent {
    ApplicationEvent::Applied {
        program: program().id,
        member: record().number,
        scope: Scope::DocumentsOnly,
        applied_at: at("2026-05-01T10:00"),
        record: Personal::new(Box::new(record())),
        exam_passed: Some(2025),
        attendance,
    }
}

fn state(events: Vec<ApplicationEvent>) -> ApplicationState {
    let mut application = Application::default();
    for event in events {
        application.apply(event);
    }
    application.state().unwrap().clone()
}

fn seminar(
    code: &str,
    name: &str,
    kind: SeminarKind,
    first: &str,
    last: &str,
) -> SeminarAttendance {
    SeminarAttendance {
        key: SeminarKey {
            code: code.to_owned(),
            first_day: first.parse().unwrap(),
        },
        name: name.to_owned(),
        kind,
        last_day: last.parse().unwrap(),
        units: 10,
    }
}

fn seminars() -> Vec<SeminarAttendance> {
    vec![
        seminar(
            "A38",
            "第38回教育セミナーAセッション",
            SeminarKind::A,
            "2022-07-02",
            "2022-07-03",
        ),
        seminar(
            "B24",
            "2024年度教育セミナーBセッション",
            SeminarKind::B,
            "2024-01-01",
            "2024-12-31",
        ),
        seminar(
            "BOA25",
            "Best of ASCO 2025 in Japan",
            SeminarKind::BestOfAsco,
            "2025-07-05",
            "2025-07-05",
        ),
        seminar(
            "BOA19",
            "Best of ASCO 2019 in Japan",
            SeminarKind::BestOfAsco,
            "2019-07-06",
            "2019-07-07",
        ),
    ]
}

pub fn resume() -> ApplicationEvent {
    ApplicationEvent::ResumeSaved {
        resume: Personal::new(Resume {
            school: "日本臨床医科大学".to_owned(),
            graduation_year: "平成11".to_owned(),
            graduation_month: "3".to_owned(),
            basic_society: "日本内科学会".to_owned(),
            qualification: "専門医".to_owned(),
            qualification_number: "第12345号".to_owned(),
            withhold_home: false,
        }),
        record: Personal::new(Box::new(record())),
    }
}

pub fn profile(text: &str) -> ApplicationEvent {
    ApplicationEvent::ProfileSaved {
        profile: Personal::new(Profile {
            text: text.to_owned(),
        }),
    }
}

pub fn activity(number: u128, content: &str) -> ApplicationEvent {
    ApplicationEvent::ResearchActivityAdded {
        row: row(1000 + number),
        activity: Personal::new(ResearchActivity {
            from_year: "2021".to_owned(),
            from_month: "7".to_owned(),
            to_year: "令和8".to_owned(),
            to_month: "１０".to_owned(),
            content: content.to_owned(),
        }),
    }
}

pub fn conference(number: u128, place: &str, held_on: &str, units: &str) -> ApplicationEvent {
    ApplicationEvent::ConferenceAdded {
        row: row(2000 + number),
        conference: Personal::new(Conference {
            first_author: String::new(),
            place: place.to_owned(),
            held_on: held_on.to_owned(),
            units: units.to_owned(),
        }),
    }
}

pub fn paper(number: u128, content: &str) -> ApplicationEvent {
    ApplicationEvent::PaperAdded {
        row: row(3000 + number),
        paper: Personal::new(Paper {
            division: "筆頭".to_owned(),
            kind: "原著（英文）".to_owned(),
            date: format!("2024/{}/{}", number % 12 + 1, number % 28 + 1),
            units: "10単位".to_owned(),
            content: content.to_owned(),
        }),
    }
}

pub fn experience(trials: usize) -> ApplicationEvent {
    let organs = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    ApplicationEvent::ClinicalExperienceSaved {
        experience: Personal::new(ClinicalExperience {
            examined: organs(&["造血器", "呼吸器", "消化管", "乳房", "原発不明"]),
            drug_therapy: organs(&["呼吸器", "消化管"]),
            consultation: organs(&["胚細胞", "骨軟部"]),
            special_procedures: Some(true),
            special_procedures_detail:
                "遺伝子パネル検査の結果に基づく治療方針の検討（エキスパートパネル）を主宰。".to_owned(),
            second_opinion: Some(false),
            trials: (0..trials)
                .map(|number| Trial {
                    name: format!(
                        "切除不能進行・再発胃癌に対する一次治療としての化学療法の無作為化比較第Ⅲ相試験（JCOG{number:04}）"
                    ),
                    cases: format!("{}例", number * 7 + 3),
                })
                .collect(),
        }),
    }
}

/// The manual's 臨床 瘍子 with a row of everything.
pub fn small() -> ApplicationState {
    state(vec![
        applied(seminars()),
        resume(),
        profile("がん薬物療法の\n安全な実施を心がけてきました。"),
        activity(1, "JSMOがんセンター臨床腫瘍科にて診療に従事"),
        ApplicationEvent::ResearchYearsRecorded {
            total_years: Personal::new("25".to_owned()),
        },
        conference(1, "大阪", "2012/07/26", "5"),
        conference(2, "横浜", "R8.3.26", "5"),
        paper(
            1,
            "Rinsho Y, Takasaki M, et al. Weekly paclitaxel in elderly patients. J Clin Oncol. 2024;42(3):123-130.",
        ),
        experience(1),
    ])
}

/// Nothing filled in.
pub fn blank() -> ApplicationState {
    with(Vec::new())
}

/// What is told, after 申込.
pub fn with(told: Vec<ApplicationEvent>) -> ApplicationState {
    let mut events = vec![applied(Vec::new())];
    events.extend(told);
    state(events)
}

/// 1,040 characters in paragraphs, as a person writes them.
pub fn long_profile() -> String {
    let sentence = "　がん薬物療法専門医として、患者さんの生活の質を第一に考え、エビデンスに基づいた治療の実施と、多職種によるチーム医療の推進（薬剤師・看護師・管理栄養士・医療ソーシャルワーカー等）に努めてきました。とくに「高齢者のがん薬物療法」では、G8やCGAによる評価を取り入れ、FOLFOX療法・Weekly Paclitaxel療法等の投与量を個別に検討しております。\n";
    sentence.chars().cycle().take(1040).collect()
}

/// Every row the forms allow, with the given contents of activities and papers.
pub fn filled(activity_text: &str, paper_text: &str) -> ApplicationState {
    let mut events = vec![applied(seminars()), resume(), profile(&long_profile())];
    events.push(ApplicationEvent::ResearchYearsRecorded {
        total_years: Personal::new("25年".to_owned()),
    });
    for number in 0..20 {
        events.push(activity(number, activity_text));
    }
    for number in 0..30 {
        events.push(conference(number, "神戸国際会議場", "2025/03/06", "5"));
    }
    for number in 0..30 {
        events.push(paper(number, paper_text));
    }
    events.push(experience(5));
    state(events)
}

/// Every row the forms allow, of the usual length.
pub fn full() -> ApplicationState {
    filled(
        "JSMOがんセンターにて固形がんの薬物療法と研修医の指導に従事",
        "Rinsho Y, Takasaki M, Yoshino K, et al. Randomized phase III study of weekly paclitaxel with or without ramucirumab in elderly patients with advanced gastric cancer. J Clin Oncol. 2024;42(3):1234-1245. Presented in part at JSMO Nagoya.",
    )
}
