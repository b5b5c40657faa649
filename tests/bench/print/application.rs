//! What is printed: an application with every row that the forms allow, submitted.

use api::print::{Content, Sheet};
use cqrs_es::Aggregate as _;
use domain::Personal;
use domain::application::{
    Application, ApplicationEvent, ApplicationState, DocumentTrack, Submission,
};
use domain::documents::{
    ClinicalExperience, Conference, Paper, Profile, ResearchActivity, Resume, RowId, Trial,
};
use domain::eligibility::Scope;
use domain::member::{
    Certification, Contact, MedicalRegistration, MemberNumber, MemberRecord, Place,
    SeminarAttendance, SeminarKey, SeminarKind, Workplace,
};
use domain::program::{Program, ProgramId, Programs};
use jiff::Timestamp;
use jiff::civil::date;
use uuid::Uuid;

use crate::Outcome;

const PROGRAM: &str = "specialist-renewal-4th-2026";

/// Pages of the print.
pub const PAGES: usize = 12;

/// Row limits of the program.
const RESEARCH_ROWS: usize = 20;
const CONFERENCE_ROWS: usize = 30;
const PAPER_ROWS: usize = 30;
const TRIALS: usize = 5;

/// Characters of プロフィール, its limit.
const PROFILE: usize = 1_040;

/// 申請を完了する: 2026-06-10 09:30 in Japan.
const SUBMITTED: i64 = 1_781_051_400;

/// A submitted application, ready to be printed as 本紙.
pub struct Submitted {
    state: ApplicationState,
    program: Program,
    sheet: Sheet,
}

impl Submitted {
    /// That of a member; every row says something that stands in no other row and in no other member's application.
    pub fn of(member: u32) -> Outcome<Self> {
        let programs = Programs::embedded()?;
        let program = programs
            .get(&ProgramId(PROGRAM.to_owned()))
            .ok_or("the program is not there")?
            .clone();
        let mut application = Application::default();
        for event in events(member)? {
            application.apply(event);
        }
        let mut state = application
            .state()
            .ok_or("there is no application")?
            .clone();
        let submission = Submission {
            number: 1,
            submitted_at: Timestamp::from_second(SUBMITTED)?,
            assessment: state.assess(&program.rules),
            rules_version: program.version.clone(),
            digest: hex::encode([0x5A; 32]),
        };
        state.submissions = submission.number;
        state.documents_track = DocumentTrack::UnderReview(Box::new(submission.clone()));
        Ok(Self {
            state,
            program,
            sheet: Sheet::Final {
                submission: Box::new(submission),
                ledger_number: i64::from(member),
                ledger_hash: hex::encode([0xA3; 32]),
            },
        })
    }

    /// What stands on its pages.
    pub fn content(&self) -> Content {
        Content::new(&self.state, &self.program, &self.sheet)
    }
}

fn events(member: u32) -> Outcome<Vec<ApplicationEvent>> {
    let record = record(member)?;
    let mut events = vec![
        ApplicationEvent::Applied {
            program: ProgramId(PROGRAM.to_owned()),
            member: record.number.clone(),
            scope: Scope::DocumentsOnly,
            applied_at: Timestamp::from_second(SUBMITTED - 30 * 86_400)?,
            record: Personal::new(Box::new(record.clone())),
            exam_passed: Some(2025),
            attendance: seminars(),
        },
        ApplicationEvent::ResumeSaved {
            resume: Personal::new(Resume {
                school: "試験医科大学".to_owned(),
                graduation_year: "平成11".to_owned(),
                graduation_month: "3".to_owned(),
                basic_society: "日本内科学会".to_owned(),
                qualification: "専門医".to_owned(),
                qualification_number: "第12345号".to_owned(),
                withhold_home: false,
            }),
            record: Personal::new(Box::new(record)),
        },
        ApplicationEvent::ProfileSaved {
            profile: Personal::new(profile(member)),
        },
        ApplicationEvent::ResearchYearsRecorded {
            total_years: Personal::new("25年".to_owned()),
        },
        ApplicationEvent::ClinicalExperienceSaved {
            experience: Personal::new(experience()),
        },
    ];
    let row =
        |document: u128, place: usize| RowId(Uuid::from_u128((document << 32) | place as u128));
    events.extend(
        (0..RESEARCH_ROWS).map(|place| ApplicationEvent::ResearchActivityAdded {
            row: row(1, place),
            activity: Personal::new(activity(member, place)),
        }),
    );
    events.extend(
        (0..CONFERENCE_ROWS).map(|place| ApplicationEvent::ConferenceAdded {
            row: row(2, place),
            conference: Personal::new(Conference {
                first_author: String::new(),
                place: format!("神戸国際会議場 {}号室", member % 1_000 + number(place)),
                held_on: "2025/03/06".to_owned(),
                units: "5".to_owned(),
            }),
        }),
    );
    events.extend((0..PAPER_ROWS).map(|place| ApplicationEvent::PaperAdded {
        row: row(3, place),
        paper: Personal::new(paper(member, place)),
    }));
    Ok(events)
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn record(member: u32) -> Outcome<MemberRecord> {
    Ok(MemberRecord {
        number: MemberNumber::parse(&format!("{}", 9_000_000 + member % 1_000_000))?,
        name: format!("髙﨑 瘍子{member}"),
        furigana: "タカサキ ヨウコ".to_owned(),
        gender: "女".to_owned(),
        birth_date: Some(date(1974, 5, 3)),
        contact: Contact::Workplace,
        home: Place {
            postal_code: "158-0083".to_owned(),
            address: format!("東京都世田谷区奥沢 3-2-{member} 髙﨑マンション 405"),
            phone: "03-0000-0001".to_owned(),
            fax: String::new(),
        },
        workplace: Workplace {
            name: "試験がんセンター".to_owned(),
            department: "臨床腫瘍科".to_owned(),
            place: Place {
                postal_code: "105-0013".to_owned(),
                address: "東京都港区浜松町 2-1-15".to_owned(),
                phone: "03-0000-0002".to_owned(),
                fax: "03-0000-0003".to_owned(),
            },
        },
        email: format!("member{member}@example.jp"),
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
    })
}

fn seminars() -> Vec<SeminarAttendance> {
    let seminar = |code: &str, name: &str, kind, first_day, last_day| SeminarAttendance {
        key: SeminarKey {
            code: code.to_owned(),
            first_day,
        },
        name: name.to_owned(),
        kind,
        last_day,
        units: 10,
    };
    vec![
        seminar(
            "A38",
            "第38回教育セミナーAセッション",
            SeminarKind::A,
            date(2022, 7, 2),
            date(2022, 7, 3),
        ),
        seminar(
            "B24",
            "2024年度教育セミナーBセッション",
            SeminarKind::B,
            date(2024, 1, 1),
            date(2024, 12, 31),
        ),
        seminar(
            "BOA25",
            "Best of ASCO 2025 in Japan",
            SeminarKind::BestOfAsco,
            date(2025, 7, 5),
            date(2025, 7, 5),
        ),
    ]
}

/// In paragraphs, as a person writes them.
fn profile(member: u32) -> Profile {
    let sentence = format!(
        "　がん薬物療法専門医（{member}）として、患者さんの生活の質を第一に考え、エビデンスに基づいた治療の実施と、\
         多職種によるチーム医療の推進（薬剤師・看護師・管理栄養士・医療ソーシャルワーカー等）に努めてきました。とくに\
         「高齢者のがん薬物療法」では、G8やCGAによる評価を取り入れ、FOLFOX療法・Weekly Paclitaxel療法等の投与量を個別に検討しております。\n"
    );
    Profile {
        text: sentence.chars().cycle().take(PROFILE).collect(),
    }
}

fn activity(member: u32, place: usize) -> ResearchActivity {
    ResearchActivity {
        from_year: "2021".to_owned(),
        from_month: "7".to_owned(),
        to_year: "令和8".to_owned(),
        to_month: "１０".to_owned(),
        content: format!(
            "試験がんセンターにて固形がんの薬物療法と研修医{member}-{place}名の指導に従事"
        ),
    }
}

fn paper(member: u32, place: usize) -> Paper {
    Paper {
        division: "筆頭".to_owned(),
        kind: "原著（英文）".to_owned(),
        date: format!("2024/{}/{}", place % 12 + 1, place % 28 + 1),
        units: "10単位".to_owned(),
        content: format!(
            "Takasaki Y, Rinsho M, Yoshino K, et al. Randomized phase III study of weekly paclitaxel with or without ramucirumab in \
             elderly patients with advanced gastric cancer. J Clin Oncol. 2024;{member}({place}):1234. Presented in part at JSMO Nagoya."
        ),
    }
}

fn experience() -> ClinicalExperience {
    let organs = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    ClinicalExperience {
        examined: organs(&["造血器", "呼吸器", "消化管", "乳房", "原発不明"]),
        drug_therapy: organs(&["呼吸器", "消化管"]),
        consultation: organs(&["胚細胞", "骨軟部"]),
        special_procedures: Some(true),
        special_procedures_detail:
            "遺伝子パネル検査の結果に基づく治療方針の検討（エキスパートパネル）を主宰。".to_owned(),
        second_opinion: Some(false),
        trials: (0..TRIALS)
            .map(|number| Trial {
                name: format!(
                    "切除不能進行・再発胃癌に対する一次治療としての化学療法の無作為化比較第Ⅲ相試験（EXAMPLE{number:04}）"
                ),
                cases: format!("{}例", number * 7 + 3),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_s_print_has_twelve_pages_and_lacks_no_glyph() {
        // As many as the batch prints: a longer number would make lines of a row two.
        for member in [1, 999, 1_000] {
            let content = Submitted::of(member).unwrap().content();
            assert_eq!(api::print::Layout::new(&content).pages.len(), PAGES);
            assert!(content.unprintable().is_empty());
        }
    }
}
