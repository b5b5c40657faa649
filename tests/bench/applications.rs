//! Applications as members make them: 申込, each document, rows, then mending.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::Arc;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use domain::application::{Application, ApplicationCommand, ApplicationEvent, Command};
use domain::documents::{
    ClinicalExperience, Conference, Paper, Profile, ResearchActivity, Resume, RowId, Trial,
};
use domain::eligibility::Scope;
use domain::member::{Contact, MemberNumber, MemberRecord, Place, Workplace};
use domain::program::{ProgramId, Programs};
use domain::{Actor, Context, Personal, Role};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Outcome;

pub const PROGRAM: &str = "specialist-renewal-2026";

/// Row limits of the program.
const RESEARCH_ROWS: usize = 20;
const CONFERENCE_ROWS: usize = 30;
const PAPER_ROWS: usize = 30;

/// Events before the first row that is not of 研究活動歴.
const OPENING: usize = 6;

/// The stream of a member's application.
pub fn id(member: u32) -> String {
    format!("{PROGRAM}.{}", member_number(member))
}

/// 会員番号
pub fn member_number(member: u32) -> u32 {
    1_000_000 + member
}

/// 会員基本情報 of a member.
pub fn record(member: u32) -> Outcome<MemberRecord> {
    Ok(MemberRecord {
        number: MemberNumber::parse(&member_number(member).to_string())?,
        name: format!("試験 会員{member}"),
        furigana: "シケン カイイン".to_owned(),
        gender: "女".to_owned(),
        birth_date: Some(jiff::civil::date(1974, 5, 3)),
        contact: Contact::Workplace,
        home: Place::default(),
        workplace: Workplace {
            name: "試験がんセンター".to_owned(),
            department: "臨床腫瘍科".to_owned(),
            place: Place {
                postal_code: "105-0013".to_owned(),
                address: "東京都港区浜松町 2-1-15".to_owned(),
                phone: "03-0000-0000".to_owned(),
                fax: "03-0000-0001".to_owned(),
            },
        },
        email: format!("member{member}@example.jp"),
        medical_registration: None,
        speciality: "腫瘍内科".to_owned(),
        joined_on: Some(jiff::civil::date(2008, 1, 1)),
        dues_paid_year: None,
        certification: None,
        exam_passed_year: None,
    })
}

/// プロフィール of about 200 characters, another text for another number.
pub fn profile(number: u32) -> Profile {
    Profile {
        text: format!(
            "第{number}稿\n{}",
            "がん薬物療法の安全な実施と、患者さんの生活を大切にした診療を心がけてきました。"
                .repeat(5)
        ),
    }
}

fn activity(number: usize) -> Personal<ResearchActivity> {
    Personal::new(ResearchActivity {
        from_year: "2021".to_owned(),
        from_month: "7".to_owned(),
        to_year: "令和8".to_owned(),
        to_month: "６".to_owned(),
        content: format!("試験がんセンターにて診療に従事 その{number}"),
    })
}

fn conference(number: usize) -> Personal<Conference> {
    Personal::new(Conference {
        first_author: format!("発表者{number}"),
        place: "横浜".to_owned(),
        held_on: "2026/3/26".to_owned(),
        units: "5".to_owned(),
    })
}

fn paper(number: usize) -> Personal<Paper> {
    Personal::new(Paper {
        division: "筆頭".to_owned(),
        kind: "原著（英文）".to_owned(),
        date: "2024/05/01".to_owned(),
        units: "10".to_owned(),
        content: format!(
            "A phase II study of adjuvant chemotherapy, part {number}. Annals of Examples 2024; 35: 100-110"
        ),
    })
}

fn experience() -> Personal<ClinicalExperience> {
    Personal::new(ClinicalExperience {
        examined: vec!["呼吸器".to_owned(), "消化管".to_owned(), "乳腺".to_owned()],
        drug_therapy: vec!["呼吸器".to_owned(), "消化管".to_owned()],
        consultation: vec!["乳腺".to_owned()],
        special_procedures: Some(false),
        special_procedures_detail: String::new(),
        second_opinion: Some(true),
        trials: vec![Trial {
            name: "EXAMPLE-0001".to_owned(),
            cases: "5件".to_owned(),
        }],
    })
}

fn row(member: u32, document: u8, place: usize) -> RowId {
    RowId(Uuid::from_u128(
        (u128::from(member) << 64) | (u128::from(document) << 32) | place as u128,
    ))
}

/// The first events of a member's application, by what the decider would allow: 申込, the documents, rows up to their limits,
/// and from then on revisions of rows and of プロフィール in turn.
pub fn events(member: u32, length: usize) -> Outcome<Vec<ApplicationEvent>> {
    let record = record(member)?;
    let event = |place: usize| match place {
        0 => ApplicationEvent::Applied {
            program: ProgramId(PROGRAM.to_owned()),
            member: record.number.clone(),
            scope: Scope::DocumentsAndExam,
            applied_at: Timestamp::UNIX_EPOCH,
            record: Personal::new(Box::new(record.clone())),
            exam_passed: None,
            attendance: Vec::new(),
        },
        1 => ApplicationEvent::ResumeSaved {
            resume: Personal::new(Resume {
                school: "試験医科大学".to_owned(),
                graduation_year: "平成11".to_owned(),
                graduation_month: "3".to_owned(),
                basic_society: "日本内科学会".to_owned(),
                qualification: "専門医".to_owned(),
                qualification_number: "第12345号".to_owned(),
                withhold_home: false,
            }),
            record: Personal::new(Box::new(record.clone())),
        },
        2 => ApplicationEvent::ProfileSaved {
            profile: Personal::new(profile(0)),
        },
        3 => ApplicationEvent::ResearchActivityAdded {
            row: row(member, 1, 0),
            activity: activity(0),
        },
        4 => ApplicationEvent::ResearchYearsRecorded {
            total_years: Personal::new("25年".to_owned()),
        },
        5 => ApplicationEvent::ClinicalExperienceSaved {
            experience: experience(),
        },
        _ => row_event(member, place),
    };
    Ok((0..length).map(event).collect())
}

/// 学会参加, 論文, 研究活動歴 and プロフィール in turn.
fn row_event(member: u32, place: usize) -> ApplicationEvent {
    let turn = (place - OPENING) / 4;
    match (place - OPENING) % 4 {
        0 => {
            let row = row(member, 2, turn % CONFERENCE_ROWS);
            let conference = conference(place);
            if turn < CONFERENCE_ROWS {
                ApplicationEvent::ConferenceAdded { row, conference }
            } else {
                ApplicationEvent::ConferenceRevised { row, conference }
            }
        }
        1 => {
            let row = row(member, 3, turn % PAPER_ROWS);
            let paper = paper(place);
            if turn < PAPER_ROWS {
                ApplicationEvent::PaperAdded { row, paper }
            } else {
                ApplicationEvent::PaperRevised { row, paper }
            }
        }
        2 => {
            // Its row 0 has been there since the opening.
            let row = row(member, 1, (turn + 1) % RESEARCH_ROWS);
            let activity = activity(place);
            if turn + 1 < RESEARCH_ROWS {
                ApplicationEvent::ResearchActivityAdded { row, activity }
            } else {
                ApplicationEvent::ResearchActivityRevised { row, activity }
            }
        }
        _ => ApplicationEvent::ProfileSaved {
            profile: Personal::new(profile(u32::try_from(place).unwrap_or(u32::MAX))),
        },
    }
}

/// How often プロフィール was saved in these events.
pub fn profile_saves(events: &[ApplicationEvent]) -> Outcome<u32> {
    let saves = events
        .iter()
        .filter(|event| matches!(event, ApplicationEvent::ProfileSaved { .. }));
    Ok(u32::try_from(saves.count())?)
}

/// プロフィール: 入力内容保存, seen at a revision.
pub fn save_profile(member: u32, base: u32) -> Command {
    let command = ApplicationCommand::SaveProfile {
        // Different from what any stream of ours holds.
        profile: profile(1_000_000 + base),
        base,
    };
    let context = Context {
        actor: Actor {
            role: Role::Member,
            id: member_number(member).to_string(),
        },
        at: Timestamp::now(),
    };
    (command, context)
}

/// What the application's handler needs.
pub fn programs() -> Outcome<Arc<Programs>> {
    Ok(Arc::new(Programs::embedded()?))
}

/// Writes given events into the streams of an aggregate, so that both sides are filled through their own front door.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Filling<A = Application>(PhantomData<A>);

impl<A: Aggregate> Aggregate for Filling<A> {
    const TYPE: &'static str = A::TYPE;
    type Command = Vec<A::Event>;
    type Event = A::Event;
    type Error = Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        events: Vec<A::Event>,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Infallible> {
        for event in events {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, _: A::Event) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decider_goes_on_from_the_events_that_are_made_up() {
        let programs = programs().unwrap();
        for length in [3, 10, 100, 500] {
            let events = events(1, length).unwrap();
            assert_eq!(events.len(), length);
            let base = profile_saves(&events).unwrap();
            let mut application = Application::default();
            for event in events {
                application.apply(event);
            }
            let (command, context) = save_profile(1, base);
            let decided =
                domain::application::decide(&application, command, &context, &programs).unwrap();
            assert!(matches!(
                decided.as_slice(),
                [ApplicationEvent::ProfileSaved { .. }]
            ));
        }
    }
}
