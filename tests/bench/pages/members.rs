//! Members with an application filled in up to one row below the limits, and members who have not applied yet.

use std::fmt::Write as _;
use std::path::Path;

use api::access::{Beginning, COOKIE, Duties, Keys, Principal, SessionTimes, Sessions};
use api::imports::{Kind, Origin, import};
use api::service::programs;
use api::{Call, ClockSetting, Service};
use domain::application::{ApplicationCommand, ApplicationId, RowValue};
use domain::documents::{
    ClinicalExperience, Conference, DocumentKind, Paper, Profile, ResearchActivity, Resume, RowId,
    Trial,
};
use domain::eligibility::Scope;
use domain::member::MemberNumber;
use domain::program::ProgramId;
use domain::{Actor, Role};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{Outcome, places};

const PROGRAM: &str = "specialist-renewal-4th-2026";

/// The demonstration's files: the members here are like its first one.
const RECORDS: &str = include_str!("../../../api/src/demonstration/members.csv");
const ATTENDANCE: &str = include_str!("../../../api/src/demonstration/seminar-attendance.csv");
const FIRST: &str = "9000001";

/// One row below the limits of the program: 新規作成 is still offered.
const ACTIVITIES: usize = 19;
const CONFERENCES: usize = 29;
const PAPERS: usize = 29;

/// Saves of プロフィール, for 変更履歴 and 以前の版.
const PROFILES: u32 = 5;

/// Commands at a time.
const WRITERS: usize = 8;

/// A member who is signed in.
pub struct Member {
    number: String,
    /// Name and value.
    pub cookie: String,
    /// A row of each list.
    rows: Vec<(DocumentKind, RowId)>,
    /// The event of an earlier プロフィール.
    profile: i64,
}

pub struct Members {
    pub applicants: Vec<Member>,
    pub newcomers: Vec<Member>,
}

impl Member {
    /// The address of a screen for this member.
    pub fn fill_in(&self, address: &str) -> String {
        let row = self
            .rows
            .iter()
            .find(|(kind, _)| address.contains(&format!("/{}?", kind.slug())));
        let row = row.map_or_else(String::new, |(_, row)| row.to_string());
        address
            .replace("{id}", &format!("{PROGRAM}.{}", self.number))
            .replace("{program}", PROGRAM)
            .replace("{row}", &row)
            .replace("{profile}", &self.profile.to_string())
    }
}

/// The lines of a file about its first member, for each of these in their place.
fn like_the_first(file: &str, numbers: &[String]) -> Vec<u8> {
    let mut lines = file.lines();
    let mut text = lines.next().unwrap_or_default().to_owned() + "\r\n";
    let lines: Vec<&str> = lines.filter_map(|line| line.strip_prefix(FIRST)).collect();
    for number in numbers {
        for line in &lines {
            // An address and a 医籍登録番号 of the own: what is another member's waits for a person.
            let line = line
                .replace("member9000001@", &format!("member{number}@"))
                .replace(",999999,", &format!(",{number},"));
            let _infallible = write!(text, "{number}{line}\r\n");
        }
    }
    text.into_bytes()
}

fn actor(number: &str) -> Actor {
    Actor {
        role: Role::Member,
        id: number.to_owned(),
    }
}

fn activity(number: usize) -> ResearchActivity {
    ResearchActivity {
        from_year: "2021".to_owned(),
        from_month: "7".to_owned(),
        to_year: "令和8".to_owned(),
        to_month: "６".to_owned(),
        content: format!("試験がんセンター 臨床腫瘍科にて消化器がんの薬物療法に従事 その{number}"),
    }
}

/// Of the meetings in the window, again and again, so that most of them say why they count nothing.
fn conference(number: usize) -> Conference {
    const MEETINGS: [(&str, &str); 5] = [
        ("京都", "令和4年2月17日"),
        ("福岡", "2023/3/16"),
        ("名古屋", "２０２４／２／２２"),
        ("神戸", "2025-03-06"),
        ("横浜", "R8.3.26"),
    ];
    let (place, day) = MEETINGS[number % MEETINGS.len()];
    Conference {
        first_author: if number < 2 { "筆頭" } else { "" }.to_owned(),
        place: place.to_owned(),
        held_on: day.to_owned(),
        units: "5".to_owned(),
    }
}

fn paper(number: usize) -> Paper {
    let society = number.is_multiple_of(3);
    Paper {
        division: if society { "参加" } else { "筆頭" }.to_owned(),
        kind: if society {
            "学会"
        } else {
            "原著（英文）"
        }
        .to_owned(),
        date: "2024/05/01".to_owned(),
        units: if society { "3" } else { "10" }.to_owned(),
        content: format!(
            "A phase II study of adjuvant chemotherapy, part {number}. Annals of Examples 2024; 35: 100-110. 試験 会員, ほか"
        ),
    }
}

fn resume() -> Resume {
    Resume {
        school: "試験医科大学".to_owned(),
        graduation_year: "平成１０".to_owned(),
        graduation_month: "3".to_owned(),
        basic_society: "日本内科学会".to_owned(),
        qualification: "専門医".to_owned(),
        qualification_number: "第１２３４５号".to_owned(),
        withhold_home: false,
    }
}

/// Nearly as long as it may be.
fn profile(number: u32) -> Profile {
    Profile {
        text: format!(
            "第{number}稿\n{}",
            "がん薬物療法の安全な実施と、患者さんの生活を大切にした診療を心がけてきました。"
                .repeat(26)
        ),
    }
}

fn experience() -> ClinicalExperience {
    let organs = ["呼吸器", "消化管", "乳房", "肝胆膵", "原発不明"].map(ToOwned::to_owned);
    ClinicalExperience {
        examined: organs.to_vec(),
        drug_therapy: organs.to_vec(),
        consultation: organs.to_vec(),
        special_procedures: Some(true),
        special_procedures_detail: "気管支鏡下生検".to_owned(),
        second_opinion: Some(true),
        trials: (1..=5)
            .map(|number| Trial {
                name: format!("EXAMPLE-{number:04}"),
                cases: "5件".to_owned(),
            })
            .collect(),
    }
}

/// One member's way through the documents.
struct Filling<'a> {
    service: &'a Service,
    id: ApplicationId,
    rows: Vec<(DocumentKind, RowId)>,
}

impl Filling<'_> {
    async fn execute(&self, command: ApplicationCommand) -> Outcome<i64> {
        let call = Call {
            actor: actor(self.id.member.as_str()),
            command_id: Uuid::new_v4(),
            request_hash: [0; 32],
            correlation_id: Uuid::new_v4(),
            causation_id: None,
            reason: None,
            counts_for: None,
        };
        Ok(self
            .service
            .command_application(&self.id, command, call)
            .await?
            .last_sequence)
    }

    async fn add(&mut self, kind: DocumentKind, value: RowValue) -> Outcome<()> {
        let row = RowId(Uuid::new_v4());
        self.execute(ApplicationCommand::AddRow {
            row,
            value,
            base: None,
        })
        .await?;
        if !self.rows.iter().any(|(known, _)| *known == kind) {
            self.rows.push((kind, row));
        }
        Ok(())
    }

    /// Everything, and the event of a プロフィール that is not the last one.
    async fn fill_in(&mut self) -> Outcome<i64> {
        let member = self
            .service
            .member(&self.id.member)
            .await?
            .ok_or("a member was not imported")?;
        let record = Box::new(member.record.clone().ok_or("a member without a record")?);
        self.execute(ApplicationCommand::Apply {
            program: self.id.program.clone(),
            // So that 筆記試験 can still be added.
            scope: Scope::DocumentsOnly,
            member: Box::new(member),
        })
        .await?;
        self.execute(ApplicationCommand::SaveResume {
            resume: resume(),
            record,
            base: 0,
        })
        .await?;
        let mut earlier = 0;
        for base in 0..PROFILES {
            let saved = self
                .execute(ApplicationCommand::SaveProfile {
                    profile: profile(base),
                    base,
                })
                .await?;
            if base == 0 {
                earlier = saved;
            }
        }
        self.execute(ApplicationCommand::SaveClinicalExperience {
            experience: experience(),
            base: 0,
        })
        .await?;
        self.execute(ApplicationCommand::RecordResearchYears {
            total_years: "２５年".to_owned(),
            base: 0,
        })
        .await?;
        for number in 0..ACTIVITIES {
            self.add(
                DocumentKind::ResearchActivities,
                RowValue::ResearchActivity(activity(number)),
            )
            .await?;
        }
        for number in 0..CONFERENCES {
            self.add(
                DocumentKind::Conferences,
                RowValue::Conference(conference(number)),
            )
            .await?;
        }
        for number in 0..PAPERS {
            self.add(DocumentKind::Papers, RowValue::Paper(paper(number)))
                .await?;
        }
        Ok(earlier)
    }
}

async fn sign_in(service: &Service, number: &str) -> Outcome<String> {
    let sessions = Sessions::new(service, SessionTimes::default());
    let principal = Principal::of(Role::Member, number, Duties::NONE);
    let beginning = Beginning::new(principal, "demo", "");
    let token = sessions.begin(&beginning, Timestamp::now()).await?;
    Ok(format!("{COOKIE}={}", token.as_str()))
}

async fn applicant(service: &Service, number: String) -> Outcome<Member> {
    let mut filling = Filling {
        service,
        id: ApplicationId {
            program: ProgramId(PROGRAM.to_owned()),
            member: MemberNumber::parse(&number)?,
        },
        rows: Vec::new(),
    };
    let profile = filling.fill_in().await?;
    Ok(Member {
        cookie: sign_in(service, &number).await?,
        rows: filling.rows,
        number,
        profile,
    })
}

async fn newcomer(service: &Service, number: String) -> Outcome<Member> {
    Ok(Member {
        cookie: sign_in(service, &number).await?,
        rows: Vec::new(),
        number,
        profile: 0,
    })
}

/// Makes a database with so many of both kinds, and closes it again.
pub async fn make(database: &Path, each: usize) -> Outcome<Members> {
    let clock = ClockSetting::Demonstration {
        earliest: api::clock::DEMONSTRATION_START,
    };
    let url = format!("sqlite://{}", database.display());
    let service = Service::open(&url, programs(None)?, clock).await?;
    let service = service.with_keys(Keys::read_or_make(&database.with_file_name("keys"))?);
    let numbers = |first: usize| (0..each).map(move |place| (first + place).to_string());
    let applicants: Vec<String> = numbers(9_100_001).collect();
    let newcomers: Vec<String> = numbers(9_200_001).collect();
    let everybody = [applicants.clone(), newcomers.clone()].concat();
    for (kind, file) in [
        (Kind::Members, RECORDS),
        (Kind::SeminarAttendance, ATTENDANCE),
    ] {
        let report = import(
            &service,
            kind,
            &like_the_first(file, &everybody),
            false,
            Origin::system(),
        )
        .await
        .map_err(|unusable| unusable.to_string())?;
        if !report.is_clean() {
            return Err(report.to_string().into());
        }
    }
    let applicants = stream::iter(applicants)
        .map(|number| applicant(&service, number))
        .buffered(WRITERS)
        .try_collect()
        .await?;
    let newcomers = stream::iter(newcomers)
        .then(|number| newcomer(&service, number))
        .try_collect()
        .await?;
    places::close(&service.log).await;
    Ok(Members {
        applicants,
        newcomers,
    })
}
