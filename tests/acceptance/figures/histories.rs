//! Random histories: members who are imported, corrected and taken back, and applications that go their way, or any way.
//!
//! The fold takes whatever it is told, so the histories need not be what the decider would write; but most of their steps are the next
//! one of a real way, or nothing would ever be certified.

use std::collections::BTreeMap;
use std::convert::Infallible;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use domain::access::AccessEvent;
use domain::application::{
    Application, ApplicationEvent, ApplicationState, CertificationTrack, DocumentTrack, ExamTrack,
};
use domain::documents::DocumentKind;
use domain::member::MemberEvent;
use domain::program::{Program, ProgramText, Programs};
use eventstore::{Envelope, EventLog, Metadata, write_in_turn};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{FIRST_TO_THIRD, FOURTH, LAST_YEAR};

/// 施設名, and the 施設区分 that it tells.
pub(super) const WORKPLACES: [(&str, &str); 8] = [
    ("臨床医科大学附属病院", "大学病院"),
    ("JSMO がんセンター", "がん専門病院"),
    ("国立大学がん研センター", "がん専門病院"),
    ("市立中央病院", "国公立・公的病院"),
    ("はなこクリニック", "診療所"),
    ("中央総合病院", "その他の病院・施設"),
    ("", "不明"),
    ("　", "不明"),
];
/// 現住所, and the 都道府県 that it begins with.
pub(super) const ADDRESSES: [(&str, &str); 7] = [
    ("東京都港区浜松町 2-1-15", "東京都"),
    ("京都府京都市", "京都府"),
    (" 大阪府 大阪市", "大阪府"),
    ("北海道札幌市", "北海道"),
    ("沖縄県那覇市", "沖縄県"),
    ("神戸市中央区", "不明"),
    ("", "不明"),
];
const SPECIALITIES: [&str; 7] = [
    "腫瘍内科",
    "消化器内科",
    "血液内科",
    " 腫瘍内科 ",
    "外科",
    "",
    "その他",
];
const BIRTHS: [&str; 10] = [
    "1988-02-29",
    "1976-03-01",
    "1986-06-15",
    "1986-01-31",
    "1966-12-31",
    "1956-05-03",
    "1950-10-10",
    "1992-07-07",
    "2031-01-01",
    "",
];
const STAFF: [&str; 4] = [
    "secretariat:tanaka",
    "secretariat:suzuki",
    "secretariat:a-b",
    "secretariat:ab",
];

/// `SplitMix64`: the same numbers on every machine and with every version of whatever else there is.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub(super) fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(super) fn one_in(&mut self, many: i64) -> bool {
        self.below(many) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let place = self.below(i64::try_from(from.len()).unwrap());
        from[usize::try_from(place).unwrap()]
    }
}

/// An event of one of the three kinds of streams that stand in these logs.
#[derive(Clone, Debug)]
enum Said {
    Application(ApplicationEvent),
    Member(MemberEvent),
    Access(AccessEvent),
}

/// An event with what stands beside it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    id: String,
    said: Said,
    actor: String,
    role: &'static str,
    rules: String,
    pub(super) at_us: i64,
}

/// The programs of these histories: the two that come with the software and the first of them a year earlier; and every version of them
/// that an event may name, among which one has other rules, fees and another end.
pub(super) struct Book {
    pub(super) programs: Vec<Program>,
    versions: Vec<Program>,
}

impl Book {
    pub(super) fn new() -> Self {
        let embedded = Programs::embedded().unwrap();
        let find = |id: &str| embedded.iter().find(|program| program.id.0 == id).unwrap();
        let (first, fourth) = (find(FIRST_TO_THIRD), find(FOURTH));
        let ProgramText {
            program,
            rules_name,
            rules,
        } = (*first.text).clone();
        let earlier = ProgramText {
            program: program
                .replace(FIRST_TO_THIRD, LAST_YEAR)
                .replace("year = 2026", "year = 2025")
                .replace("opens = \"2026-", "opens = \"2025-")
                .replace("closes = \"2026-", "closes = \"2025-"),
            rules_name: rules_name.clone(),
            rules: rules.clone(),
        };
        let changed = ProgramText {
            program: program
                .replace(
                    "closes = \"2026-08-01T00:00\"",
                    "closes = \"2026-09-15T12:30\"",
                )
                .replace("[fees.exam]\n", "[fees.exam]\namount_yen = 20000\n"),
            rules_name,
            rules: rules
                .replace("total_units = 50", "total_units = 40")
                .replace("payment_required = false", "payment_required = true"),
        };
        let (earlier, changed) = (earlier.read().unwrap(), changed.read().unwrap());
        assert_eq!(changed.fees.exam.amount_yen, Some(20_000));
        assert_eq!(changed.rules.requirements.total_units, 40);
        assert_eq!(earlier.year.0, 2025);
        Self {
            programs: vec![first.clone(), fourth.clone(), earlier.clone()],
            versions: vec![first.clone(), fourth.clone(), earlier, changed],
        }
    }

    /// Keeps every version, as a start of the service does.
    pub(super) async fn keep(&self, log: &EventLog) {
        for program in &self.versions {
            write_in_turn!(log, pool => {
                sqlx::query("INSERT INTO program_versions VALUES ($1, $2, $3, $4, $5, 0)")
                    .bind(&program.version)
                    .bind(&program.id.0)
                    .bind(&program.text.program)
                    .bind(&program.text.rules_name)
                    .bind(&program.text.rules)
                    .execute(pool)
                    .await
                    .map(drop)
            })
            .unwrap();
        }
    }
}

/// A history while it is made.
pub(super) struct Writer<'a> {
    book: &'a Book,
    chance: Chance,
    at_us: i64,
    rows: u128,
    /// Whether it is somebody's turn who fills in everything, without a mistake, and then completes; the others do so at any time.
    is_careful: bool,
    applications: BTreeMap<String, Application>,
    entries: Vec<Entry>,
}

fn application_event(value: Value) -> ApplicationEvent {
    serde_json::from_value(value).unwrap()
}

fn day_of(at_us: i64) -> String {
    let at = Timestamp::from_microsecond(at_us + 9 * 3_600_000_000).unwrap();
    at.strftime("%Y-%m-%d").to_string()
}

/// When the first application may be made.
fn start() -> Timestamp {
    "2025-05-10T03:00:00Z".parse().unwrap()
}

/// So many events about so many members.
pub(super) fn history(book: &Book, seed: u64, length: usize, members: i64) -> Vec<Entry> {
    let mut writer = Writer::new(book, seed);
    for member in 0..members {
        if !writer.chance.one_in(6) {
            writer.import(member);
        }
    }
    // Everybody was there before.
    writer.at_us = start().as_microsecond();
    while writer.entries.len() < length {
        match writer.chance.below(12) {
            0 => {
                let member = writer.chance.below(members);
                writer.member(member);
            }
            1 => writer.view(),
            _ => {
                let member = writer.chance.below(members.min(4));
                writer.application(member);
            }
        }
    }
    writer.entries
}

/// Nothing but members, so many events.
pub(super) fn membership(book: &Book, seed: u64, length: usize, members: i64) -> Vec<Entry> {
    let mut writer = Writer::new(book, seed);
    while writer.entries.len() < length {
        let member = writer.chance.below(members);
        if writer.chance.one_in(12) {
            let retracted = serde_json::from_value(json!({"RecordRetracted": {}})).unwrap();
            writer.push_member(member, retracted);
        } else {
            writer.import(member);
        }
    }
    writer.entries
}

impl<'a> Writer<'a> {
    fn new(book: &'a Book, seed: u64) -> Self {
        Self {
            book,
            chance: Chance::new(seed),
            at_us: start().as_microsecond() - 200 * 86_400_000_000,
            rows: 0,
            is_careful: false,
            applications: BTreeMap::new(),
            entries: Vec::new(),
        }
    }

    /// Mostly on; the clock of another node may be a little behind.
    fn tick(&mut self) {
        const SECOND: i64 = 1_000_000;
        const DAY: i64 = 86_400 * SECOND;
        self.at_us += match self.chance.below(20) {
            0 => -self.chance.below(200 * SECOND),
            1..=8 => self.chance.below(600 * SECOND),
            9..=15 => self.chance.below(DAY),
            16..=18 => self.chance.below(6 * DAY),
            _ => self.chance.below(40 * DAY),
        };
    }

    fn push(
        &mut self,
        id: String,
        said: Said,
        (role, actor): (&'static str, String),
        rules: String,
    ) {
        self.tick();
        self.entries.push(Entry {
            id,
            said,
            actor,
            role,
            rules,
            at_us: self.at_us,
        });
    }

    fn push_member(&mut self, member: i64, event: MemberEvent) {
        let system = ("system", "system:import".to_owned());
        self.push(number(member), Said::Member(event), system, String::new());
    }

    /// Somebody looks at something: it takes a number of the ledger, and is nothing to the reports.
    fn view(&mut self) {
        let member = self.chance.below(8);
        let viewed = json!({"PersonalDataViewed": {"viewing": {
            "viewer": {"role": "secretariat", "id": "tanaka"},
            "operation": "GET /", "application": null, "viewed_at": "2026-06-03T09:00:00Z",
        }}});
        let viewed = serde_json::from_value(viewed).unwrap();
        let who = ("secretariat", "secretariat:tanaka".to_owned());
        self.push(number(member), Said::Access(viewed), who, String::new());
    }

    fn import(&mut self, member: i64) {
        let record = self.record(member);
        let imported = json!({"RecordImported": {"record": {"$p": record}}});
        let imported = serde_json::from_value(imported).unwrap();
        self.push_member(member, imported);
    }

    fn record(&mut self, member: i64) -> Value {
        let certification = (!self.chance.one_in(8)).then(|| {
            let last = self
                .chance
                .pick(&[2017, 2020, 2021, 2022, 2022, 2023, 2024, 2025, 2026]);
            let first = last - self.chance.pick(&[0, 0, 5, 5, 10, 15, 20]);
            let (month, first_month) =
                (self.chance.pick(&[4, 4, 3, 10]), self.chance.pick(&[4, 1]));
            json!({
                "number": format!("{:07}", 500_000 + member),
                "first_certified_on": format!("{first}-{first_month:02}-01"),
                "last_certified_on": format!("{last}-{month:02}-01"),
                "valid_until": format!("{}-03-31", last + 5),
            })
        });
        let birth = self.chance.pick(&BIRTHS);
        json!({
            "number": number(member),
            "name": format!("臨床　瘍子{member}"),
            "furigana": "リンショウ　ヨウコ",
            "gender": "女",
            "birth_date": (!birth.is_empty()).then_some(birth),
            "contact": "workplace",
            "home": {"postal_code": "", "address": "", "phone": "", "fax": ""},
            "workplace": {
                "name": self.chance.pick(&WORKPLACES).0,
                "department": "臨床腫瘍科",
                "place": {"postal_code": "105-0013", "address": self.chance.pick(&ADDRESSES).0, "phone": "03-6809-1250", "fax": ""},
            },
            "email": format!("{member}@example.jp"),
            "medical_registration": {"date": "1999-05-10", "number": "999999"},
            "speciality": self.chance.pick(&SPECIALITIES),
            "joined_on": "2008-01-01",
            "dues_paid_year": 2026,
            "certification": certification,
            "exam_passed_year": null,
        })
    }

    fn attendance(&mut self) -> Value {
        json!({
            "code": self.chance.pick(&["ES38A", "ES38B", "BOA24"]),
            "first_day": self.chance.pick(&["2019-08-27", "2022-04-01", "2022-08-27", "2024-08-24", "2025-08-23"]),
            "name": "教育セミナー",
            "kind": self.chance.pick(&["A", "B", "BOA"]),
            "last_day": "2025-08-28",
            "units": self.chance.pick(&[0, 5, 10, 20]),
        })
    }

    /// Few transactions, so that an application often confirms one that a member is known for.
    fn transaction(&mut self) -> String {
        format!("T{}", self.chance.below(24))
    }

    fn payment(&mut self, item: &str) -> Value {
        json!({
            "transaction": self.transaction(),
            "item": item,
            "amount_yen": self.chance.pick(&[11_000, 11_000, 20_000, 1]),
            "paid_on": day_of(self.at_us + self.chance.below(10) * 86_400_000_000),
            "payer": {"$p": "リンショウ"},
        })
    }

    fn item(&mut self) -> &'static str {
        self.chance
            .pick(&["review_fee", "exam_fee", "certification_fee"])
    }

    fn member(&mut self, member: i64) {
        let attendance = self.attendance();
        let event = match self.chance.below(12) {
            0 => json!({"RecordRetracted": {}}),
            1..=3 => json!({"AttendanceRecorded": {"attendance": attendance}}),
            4 => json!({"AttendanceRetracted": {"seminar": {
                "code": attendance["code"], "first_day": attendance["first_day"],
            }}}),
            5..=8 => {
                let item = self.item();
                json!({"PaymentReceived": {"payment": self.payment(item)}})
            }
            9 => json!({"PaymentRetracted": {"transaction": self.transaction()}}),
            _ => return self.import(member),
        };
        self.push_member(member, serde_json::from_value(event).unwrap());
    }

    /// The next event of one of the applications of a member.
    fn application(&mut self, member: i64) {
        let program = self
            .chance
            .pick(&[FIRST_TO_THIRD, FIRST_TO_THIRD, FOURTH, LAST_YEAR]);
        let id = format!("{program}.{}", number(member));
        let known = self.applications.get(&id).cloned().unwrap_or_default();
        let versions: Vec<&Program> = self
            .book
            .versions
            .iter()
            .filter(|version| version.id.0 == program)
            .collect();
        let rules = self.chance.pick(&versions);
        self.is_careful = member % 2 == 0;
        let any = self.chance.below(10) + i64::from(self.is_careful) * 3;
        let value = match &known {
            Application::NotMade => self.applied(program, member),
            Application::Withdrawn(_) if any > 3 => self.applied(program, member),
            Application::Withdrawn(state) => self.any(state),
            Application::Made(_) if any == 0 => {
                json!({"Withdrawn": {"withdrawn_at": self.now()}})
            }
            Application::Made(state) if any < 4 => self.any(state),
            Application::Made(state) => self.next(state, rules),
        };
        let event = application_event(value);
        let of_members = matches!(
            event,
            ApplicationEvent::Applied { .. }
                | ApplicationEvent::Withdrawn { .. }
                | ApplicationEvent::ExamAdded { .. }
                | ApplicationEvent::Submitted { .. }
                | ApplicationEvent::CorrectionAnswered { .. }
                | ApplicationEvent::ResumeSaved { .. }
                | ApplicationEvent::ProfileSaved { .. }
                | ApplicationEvent::ClinicalExperienceSaved { .. }
                | ApplicationEvent::ConferenceAdded { .. }
                | ApplicationEvent::PaperAdded { .. }
                | ApplicationEvent::ResearchActivityAdded { .. }
                | ApplicationEvent::ResearchYearsRecorded { .. }
        );
        // Now and then somebody of the secretariat does it for the member.
        let who = if of_members && !self.chance.one_in(10) {
            ("member", format!("member:{}", number(member)))
        } else if self.chance.one_in(8) {
            ("system", "system:forwarder".to_owned())
        } else {
            ("secretariat", self.chance.pick(&STAFF).to_owned())
        };
        // A version that nobody has kept: nothing is measured by it.
        let rules = if self.chance.one_in(40) {
            "gone".to_owned()
        } else {
            rules.version.clone()
        };
        self.applications
            .entry(id.clone())
            .or_default()
            .apply(event.clone());
        self.push(id, Said::Application(event), who, rules);
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.at_us).unwrap()
    }

    fn signed(&mut self) -> Value {
        json!({"by": self.chance.pick(&STAFF), "at": self.now()})
    }

    fn row(&mut self) -> Uuid {
        self.rows += 1;
        Uuid::from_u128(self.rows)
    }

    fn applied(&mut self, program: &str, member: i64) -> Value {
        let scope = self.chance.pick(&[
            "documents_and_exam",
            "documents_and_exam",
            "documents_only",
            "exam_only",
        ]);
        let passed = self.chance.one_in(3).then_some(2025);
        let mut attendance = vec![self.attendance()];
        attendance.truncate(usize::from(self.chance.one_in(2)));
        json!({"Applied": {
            "program": program,
            "member": number(member),
            "scope": scope,
            "applied_at": self.now(),
            "record": {"$p": self.record(member)},
            "exam_passed": passed,
            "attendance": attendance,
        }})
    }

    fn paper(&mut self) -> Value {
        let row = self.row();
        let (date, units) = if self.is_careful {
            ("2024/05/01", "30")
        } else {
            let date = self
                .chance
                .pick(&["2024/05/01", "2025/01/07", "2019/05/01"]);
            (date, self.chance.pick(&["10", "25", "30", "99", "多数"]))
        };
        json!({"PaperAdded": {"row": row, "paper": {"$p": {
            "division": "筆頭",
            "kind": "原著（英文）",
            "date": date,
            "units": units,
            "content": format!("題{row}"),
        }}}})
    }

    fn conference(&mut self) -> Value {
        let day = if self.is_careful {
            "2026/3/26"
        } else {
            self.chance.pick(&["2026/3/26", "2025/3/6", "2025/9/9"])
        };
        json!({"ConferenceAdded": {"row": self.row(), "conference": {"$p": {
            "first_author": "",
            "place": "横浜",
            "held_on": day,
            "units": "5",
        }}}})
    }

    /// One of the documents, filled in without a mistake.
    fn document(&mut self, kind: DocumentKind) -> Value {
        match kind {
            DocumentKind::Resume => {
                let member = self.chance.below(8);
                json!({"ResumeSaved": {"resume": {"$p": {
                    "school": "臨床医科大学", "graduation_year": "平成11", "graduation_month": "3",
                    "basic_society": "日本内科学会", "qualification": "専門医", "qualification_number": "第12345号",
                    "withhold_home": false,
                }}, "record": {"$p": self.record(member)}}})
            }
            DocumentKind::Profile => {
                json!({"ProfileSaved": {"profile": {"$p": {"text": "安全な実施を心がけてきました。"}}}})
            }
            DocumentKind::ResearchActivities => {
                json!({"ResearchActivityAdded": {"row": self.row(), "activity": {"$p": {
                    "from_year": "2021", "from_month": "7", "to_year": "2026", "to_month": "6", "content": "診療に従事",
                }}}})
            }
            DocumentKind::ClinicalExperience => {
                json!({"ClinicalExperienceSaved": {"experience": {"$p": {
                    "examined": ["呼吸器"], "drug_therapy": ["呼吸器"], "consultation": [], "special_procedures": false,
                    "special_procedures_detail": "", "second_opinion": true, "trials": [],
                }}}})
            }
            DocumentKind::Conferences => self.conference(),
            DocumentKind::Papers | DocumentKind::Seminars => self.paper(),
        }
    }

    fn submitted(&mut self, state: &ApplicationState, rules: &Program) -> Value {
        json!({"Submitted": {"submission": {
            "number": state.submissions + 1,
            "submitted_at": self.now(),
            "assessment": state.assess_now(&rules.rules),
            "rules_version": rules.version,
            "digest": "0".repeat(64),
        }}})
    }

    fn returned(&mut self) -> Value {
        let signed = self.signed();
        let all = DocumentKind::ALL.map(|kind| serde_json::to_value(kind).unwrap());
        let first = usize::try_from(self.chance.below(7)).unwrap();
        let items: Vec<Value> = (0..=self.chance.below(3))
            .zip(all[first..].iter().chain(&all[..first]).cycle().step_by(2))
            .map(|(place, document)| {
                json!({"number": place + 1, "document": document, "comment": {"$p": "具体的にお書きください。"}})
            })
            .collect();
        let due = self.at_us + self.chance.below(30) * 86_400_000_000;
        json!({"ReturnedForCorrection": {
            "request": {"items": items, "message": {"$p": ""}, "due": Timestamp::from_microsecond(due).unwrap()},
            "signed": signed,
        }})
    }

    fn paid(&mut self, item: &str) -> Value {
        json!({"PaymentConfirmed": {"payment": self.payment(item)}})
    }

    /// The next step of the way.
    fn next(&mut self, state: &ApplicationState, rules: &Program) -> Value {
        let (at, to) = (self.now(), self.chance.below(3));
        match &state.documents_track {
            DocumentTrack::Drafting | DocumentTrack::Returned(_) => {
                if self.is_careful && state.exam == ExamTrack::AwaitingPayment && to == 0 {
                    return self.paid("exam_fee");
                }
                let activities = &state.documents.research_activities.value;
                if activities.total_years.is_empty() && to == 1 {
                    return json!({"ResearchYearsRecorded": {"total_years": {"$p": "25年"}}});
                }
                // 当会セミナー is never registered by the member.
                let open: Vec<DocumentKind> = DocumentKind::ALL
                    .into_iter()
                    .filter(|kind| *kind != DocumentKind::Seminars)
                    .filter(|kind| !state.documents.is_registered(*kind))
                    .collect();
                let assessed = state.assess_now(&rules.rules);
                let is_enough = open.is_empty() && assessed.total >= assessed.required;
                let submits = (is_enough || !self.is_careful) && self.chance.one_in(4);
                return if submits {
                    self.submitted(state, rules)
                } else if let Some(kind) = open.first() {
                    let kind = if to == 0 {
                        *kind
                    } else {
                        self.chance.pick(&open)
                    };
                    self.document(kind)
                } else if is_enough {
                    self.document(DocumentKind::Profile)
                } else {
                    self.paper()
                };
            }
            DocumentTrack::UnderReview(_) if to == 0 => return self.returned(),
            DocumentTrack::UnderReview(_) if to == 1 => {
                let proof = self
                    .chance
                    .pick(&["final_form", "unit_proofs", "certificates"]);
                let state = self
                    .chance
                    .pick(&["received", "checked", "missing", "defective"]);
                return json!({"ProofRecorded": {"proof": proof, "state": state, "signed": self.signed()}});
            }
            DocumentTrack::UnderReview(_) => return json!({"DocumentsAccepted": {"at": at}}),
            DocumentTrack::Accepted(_) if to == 0 => return json!({"ReviewFailed": {"at": at}}),
            DocumentTrack::Accepted(_) => return json!({"ReviewPassed": {"at": at}}),
            DocumentTrack::ReviewFailed(_) if to == 0 => {
                return json!({"DecisionRevoked": {"at": at}});
            }
            DocumentTrack::NotApplied
            | DocumentTrack::ReviewPassed(_)
            | DocumentTrack::ReviewFailed(_) => {}
        }
        match (&state.exam, &state.certification) {
            (ExamTrack::AwaitingPayment, _) if to > 0 => self.paid("exam_fee"),
            (ExamTrack::Paid { .. }, _) if to > 0 => {
                let outcome = self.chance.pick(&["passed", "failed", "absent"]);
                json!({"ExamResultRecorded": {"outcome": outcome, "at": at}})
            }
            (_, CertificationTrack::Pending) => json!({"CertificationApproved": {"at": at}}),
            (_, CertificationTrack::Approved) => {
                json!({"CertificationFeeRequested": {"due": "2027-02-28"}})
            }
            (_, CertificationTrack::FeeRequested { .. }) => self.paid("certification_fee"),
            (_, CertificationTrack::FeePaid) => json!({"Certified": {"certificate": {
                "certified_on": "2027-04-01", "expires_on": "2032-03-31",
            }}}),
            _ => self.any(state),
        }
    }

    /// Anything at all.
    fn any(&mut self, state: &ApplicationState) -> Value {
        let at = self.now();
        let until =
            Timestamp::from_microsecond(self.at_us + self.chance.below(120) * 86_400_000_000)
                .unwrap();
        match self.chance.below(23) {
            0 => self.paper(),
            1 => self.conference(),
            2 => json!({"ExamAdded": {"added_at": at}}),
            3 => json!({"SeminarAttendanceImported": {"attendance": self.attendance()}}),
            4 => {
                let item = self.item();
                self.paid(item)
            }
            5 | 6 => {
                let kept: Vec<&String> = state.payments.keys().collect();
                let transaction = if kept.is_empty() {
                    self.transaction()
                } else {
                    self.chance.pick(&kept).clone()
                };
                json!({"PaymentReversed": {"transaction": transaction, "retracted": self.chance.one_in(2)}})
            }
            7 => {
                json!({"ItemChecked": {"target": {"document": "papers"}, "mark": "checked", "signed": self.signed()}})
            }
            8 => {
                json!({"NoteAdded": {"note": {"text": {"$p": "電話で確認済み"}, "signed": self.signed()}}})
            }
            9 => self.returned(),
            10 => {
                json!({"CorrectionAnswered": {"item": self.chance.below(3) + 1, "answer": {"$p": "修正しました。"}}})
            }
            11 => json!({"Reopened": {"submission": 1, "until": until}}),
            12 => json!({"DeadlineExtended": {"until": until}}),
            13 => json!({"DocumentsAccepted": {"at": at}}),
            14 => json!({"DecisionRevoked": {"at": at}}),
            15 => json!({"ExamResultRetracted": {"at": at}}),
            16 => json!({"CertificationFeeRequested": {"due": "2027-02-28"}}),
            17 => json!({"Deferred": {"until": "2027-03-31"}}),
            18 => json!({"Lapsed": {"at": at}}),
            19 => json!({"LabelsSet": {"labels": ["要確認"]}}),
            20 => {
                json!({"Certified": {"certificate": {"certified_on": "2026-04-01", "expires_on": "2031-03-31"}}})
            }
            21 => match state.last_decision() {
                None => {
                    json!({"NoteAdded": {"note": {"text": {"$p": "取消なし"}, "signed": self.signed()}}})
                }
                Some(last) => json!({"DecisionUndone": {
                    "event": last.event, "decision": last.kind, "exam_result": last.earlier_result(), "at": at, "explanation": {"$p": "誤りのため。"},
                }}),
            },
            _ => json!({"ResearchYearsRecorded": {"total_years": {"$p": "二十五年"}}}),
        }
    }
}

fn number(member: i64) -> String {
    format!("{}", 9_000_001 + member)
}

macro_rules! stream {
    ($name:ident, $of:ty, $event:ty) => {
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        struct $name;

        /// Without rules: it writes whatever it is told.
        impl Aggregate for $name {
            const TYPE: &'static str = <$of as Aggregate>::TYPE;
            type Command = $event;
            type Event = $event;
            type Error = Infallible;
            type Services = ();

            async fn handle(
                &mut self,
                event: $event,
                (): &(),
                sink: &EventSink<Self>,
            ) -> Result<(), Infallible> {
                sink.write(event, self).await;
                Ok(())
            }

            fn apply(&mut self, _: $event) {}
        }
    };
}

stream!(OfApplications, Application, ApplicationEvent);
stream!(OfMembers, domain::member::Member, MemberEvent);
stream!(OfAccess, domain::access::Access, AccessEvent);

/// Appends these to the log, each as a command of its own.
pub(super) async fn write(log: &EventLog, entries: &[Entry]) {
    let applications = log.handler::<OfApplications>((), Vec::new);
    let members = log.handler::<OfMembers>((), Vec::new);
    let access = log.handler::<OfAccess>((), Vec::new);
    for entry in entries {
        let envelope = Envelope {
            metadata: Metadata {
                actor: entry.actor.clone(),
                role: entry.role.to_owned(),
                command_id: Uuid::new_v4(),
                correlation_id: Uuid::new_v4(),
                causation_id: None,
                reason: None,
                approval: None,
                rules_version: entry.rules.clone(),
                software_version: "test".to_owned(),
                decided_at_us: entry.at_us,
            },
            request_hash: [0; 32],
        };
        match entry.said.clone() {
            Said::Application(event) => applications
                .execute(&entry.id, event, envelope)
                .await
                .map(drop)
                .unwrap(),
            Said::Member(event) => members
                .execute(&entry.id, event, envelope)
                .await
                .map(drop)
                .unwrap(),
            Said::Access(event) => access
                .execute(&entry.id, event, envelope)
                .await
                .map(drop)
                .unwrap(),
        }
    }
}
