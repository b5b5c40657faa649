//! Random sequences of requests against the rule book in memory: what the service accepts, refuses and shows in the end is
//! what `domain` says, whatever lies between.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use api::clock::DEMONSTRATION_START;
use cqrs_es::Aggregate as _;
use domain::application::{Application, ApplicationCommand, ApplicationId, RowValue, decide};
use domain::calendar::parse_date;
use domain::documents::{
    ClinicalExperience, Conference, DocumentKind, Paper, Profile, ResearchActivity, Resume, RowId,
    Trial,
};
use domain::eligibility::Scope;
use domain::member::{Member, MemberNumber, Payment, PaymentItem};
use domain::program::{ProgramId, Programs};
use domain::requirements::requirements;
use domain::{Actor, Context, Personal, Role};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::service::{
    Answer, Applicant, FIRST_TO_THIRD, FOURTH, Person, TestService, each_service, files, forms,
    missing,
};

/// Change it to look elsewhere; it stands in the output of a failure.
const SEED: u64 = 20_260_603;
const CASES: u32 = 10;
const STEPS: usize = 30;

/// Which revision a screen was drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Base {
    Current,
    Other(u32),
}

#[derive(Clone, Debug)]
enum Step {
    /// For the scope that is open to the member, or for this one.
    Apply(Option<Scope>),
    AddExam,
    Save(Whole, Base),
    Add(RowValue, Option<Base>),
    Revise(usize, RowValue, Base),
    Remove(usize, DocumentKind, Base),
    TotalYears(String, Base),
    Submit,
    Withdraw,
    Pay(&'static str, PaymentItem, u32),
    /// One of the writes so far, sent again with its key.
    Repeat(usize),
}

#[derive(Clone, Debug)]
enum Whole {
    Resume(Resume),
    Profile(Profile),
    ClinicalExperience(ClinicalExperience),
}

fn read<T: serde::de::DeserializeOwned>(form: Value) -> T {
    serde_json::from_value(form).unwrap()
}

/// Texts that can be decoded; the others never reach the rules.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "", "5", "１０", "十", "2026/3/26", "令和8年3月26日", "2026/02/31", "横浜", "筆頭", "原著（英文）", "学会", "参加",
            "日本内科学会", "専門医", "呼吸器", "2021", "7", "25年", "髙﨑𠮷葛\u{E0100}", "99999999999", "a\nb",
        ])
        .prop_map(str::to_owned),
        1 => r"[^\x00-\x1f\x7f-\x{9f}]{0,40}",
    ]
}

fn base() -> impl Strategy<Value = Base> {
    prop_oneof![9 => Just(Base::Current), 1 => (0_u32..9).prop_map(Base::Other)]
}

fn row_value() -> impl Strategy<Value = RowValue> {
    prop_oneof![
        3 => Just(RowValue::Conference(read(forms::conference()))),
        3 => Just(RowValue::ResearchActivity(read(forms::research_activity()))),
        4 => (0..9).prop_map(|number| RowValue::Paper(read(forms::paper(&format!("論文 その{number}"))))),
        1 => (text(), text(), text(), text()).prop_map(|(first_author, place, held_on, units)| {
            RowValue::Conference(Conference { first_author, place, held_on, units })
        }),
        1 => (text(), text(), text(), text(), text()).prop_map(|(division, kind, date, units, content)| {
            RowValue::Paper(Paper { division, kind, date, units, content })
        }),
        1 => (text(), text(), text(), text(), text()).prop_map(|(from_year, from_month, to_year, to_month, content)| {
            RowValue::ResearchActivity(ResearchActivity { from_year, from_month, to_year, to_month, content })
        }),
    ]
}

fn whole() -> impl Strategy<Value = Whole> {
    prop_oneof![
        3 => Just(Whole::Resume(read(forms::resume()))),
        3 => Just(Whole::Profile(read(forms::profile()))),
        3 => Just(Whole::ClinicalExperience(read(forms::clinical_experience()))),
        1 => text().prop_map(|school| Whole::Resume(Resume { school, ..Resume::default() })),
        1 => text().prop_map(|text| Whole::Profile(Profile { text })),
        1 => (text(), text(), text()).prop_map(|(organ, name, cases)| {
            Whole::ClinicalExperience(ClinicalExperience {
                examined: vec![organ],
                trials: vec![Trial { name, cases }],
                ..ClinicalExperience::default()
            })
        }),
    ]
}

fn list() -> impl Strategy<Value = DocumentKind> {
    prop::sample::select(vec![
        DocumentKind::ResearchActivities,
        DocumentKind::Conferences,
        DocumentKind::Papers,
    ])
}

fn step() -> impl Strategy<Value = Step> {
    let item = prop::sample::select(vec![
        PaymentItem::ExamFee,
        PaymentItem::ReviewFee,
        PaymentItem::CertificationFee,
    ]);
    prop_oneof![
        3 => Just(Step::Apply(None)),
        1 => prop::sample::select(Scope::ALL.to_vec()).prop_map(|scope| Step::Apply(Some(scope))),
        1 => Just(Step::AddExam),
        8 => (whole(), base()).prop_map(|(value, base)| Step::Save(value, base)),
        8 => (row_value(), prop::option::weighted(0.3, base())).prop_map(|(value, base)| Step::Add(value, base)),
        3 => (0_usize..6, row_value(), base()).prop_map(|(row, value, base)| Step::Revise(row, value, base)),
        2 => (0_usize..6, list(), base()).prop_map(|(row, document, base)| Step::Remove(row, document, base)),
        3 => (prop_oneof![3 => Just("25".to_owned()), 1 => text()], base())
            .prop_map(|(typed, base)| Step::TotalYears(typed, base)),
        3 => Just(Step::Submit),
        1 => Just(Step::Withdraw),
        2 => (prop::sample::select(vec!["T1", "T2"]), item, prop::sample::select(vec![11_000_u32, 22_000]))
            .prop_map(|(transaction, item, amount)| Step::Pay(transaction, item, amount)),
        3 => (0_usize..40).prop_map(Step::Repeat),
    ]
}

/// A member like one of the demonstration's, and mostly the program that is theirs.
fn somebody() -> impl Strategy<Value = (&'static str, &'static str, Scope)> {
    prop::sample::select(vec![
        ("9000001", FOURTH, Scope::DocumentsAndExam),
        ("9000001", FOURTH, Scope::DocumentsOnly),
        ("9000002", FIRST_TO_THIRD, Scope::DocumentsOnly),
        ("9000003", FIRST_TO_THIRD, Scope::ExamOnly),
        ("9000004", FIRST_TO_THIRD, Scope::DocumentsOnly),
        ("9000005", FIRST_TO_THIRD, Scope::DocumentsOnly),
        ("9000008", FOURTH, Scope::DocumentsAndExam),
        ("9000008", FIRST_TO_THIRD, Scope::DocumentsAndExam),
    ])
}

/// The application as the rule book has it.
struct Model {
    application: Application,
    id: ApplicationId,
    member: Member,
    programs: Arc<Programs>,
    /// Rows by the number that the steps give them, also those that are gone.
    rows: Vec<RowId>,
}

impl Model {
    /// What the rules say: how many events there are, or the code of the refusal.
    fn decide(&mut self, command: ApplicationCommand) -> Result<usize, String> {
        let context = Context {
            actor: Actor {
                role: Role::Member,
                id: self.id.member.to_string(),
            },
            at: DEMONSTRATION_START,
        };
        let events = decide(&self.application, command, &context, &self.programs)
            .map_err(|refusal| refusal.code().to_owned())?;
        let number = events.len();
        for event in events {
            self.application.apply(event);
        }
        Ok(number)
    }

    fn base(&self, base: Base, document: DocumentKind) -> u32 {
        let state = self.application.state();
        match base {
            Base::Current => state.map_or(0, |state| state.documents.revision(document)),
            Base::Other(revision) => revision,
        }
    }

    fn row(&self, number: usize) -> RowId {
        self.rows.get(number).copied().unwrap_or(RowId(Uuid::nil()))
    }

    /// The lines of 状態.
    fn status(&self) -> Vec<String> {
        let Some(state) = self.application.state() else {
            return Vec::new();
        };
        let program = self.programs.get(&state.program).unwrap();
        let status = self.application.status(program, DEMONSTRATION_START);
        status.unwrap().lines
    }
}

/// A write that was answered.
struct Done {
    request: Request,
    answer: Answer,
}

/// A write that can be sent again.
#[derive(Clone)]
struct Request {
    person: Person,
    method: &'static str,
    path: String,
    body: Option<Value>,
    revision: Option<u32>,
    key: String,
}

impl Request {
    fn send(&self) -> Answer {
        let method = self.method.parse().unwrap();
        let mut request = self.person.request(method, &self.path).key(&self.key);
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        if let Some(revision) = self.revision {
            request = request.revision(revision);
        }
        request.send()
    }
}

/// What is the same each time a write is answered.
fn lasting(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("as_of");
    (answer.status, body)
}

struct Case<'a> {
    applicant: Applicant,
    secretariat: &'a Person,
    model: Model,
    /// What is open to the member, if anything is.
    scope: Scope,
    done: Vec<Done>,
    refused: u32,
    repeated: u32,
}

/// What happened in all sequences.
#[derive(Debug, Default)]
struct Tally {
    accepted: AtomicU32,
    refused: AtomicU32,
    repeated: AtomicU32,
    completed: AtomicU32,
    withdrawn: AtomicU32,
}

impl Tally {
    fn add(&self, case: &Case<'_>) {
        let count = |count: &AtomicU32, more: u32| {
            count.fetch_add(more, Ordering::Relaxed);
        };
        count(&self.accepted, u32::try_from(case.done.len()).unwrap());
        count(&self.refused, case.refused);
        count(&self.repeated, case.repeated);
        let state = case.model.application.state();
        count(&self.completed, state.map_or(0, |state| state.submissions));
        let withdrawals = case
            .done
            .iter()
            .filter(|done| done.request.path.ends_with("/withdrawal"));
        count(&self.withdrawn, u32::try_from(withdrawals.count()).unwrap());
    }
}

/// All that 申請を完了する asks for, so that sequences go on behind it.
fn everything() -> Vec<Step> {
    let current = Base::Current;
    let mut steps = vec![
        Step::Save(Whole::Resume(read(forms::resume())), current),
        Step::Save(Whole::Profile(read(forms::profile())), current),
        Step::Save(
            Whole::ClinicalExperience(read(forms::clinical_experience())),
            current,
        ),
        Step::Add(
            RowValue::ResearchActivity(read(forms::research_activity())),
            None,
        ),
        Step::TotalYears("25".to_owned(), current),
        Step::Add(RowValue::Conference(read(forms::conference())), None),
    ];
    steps.extend((10..15).map(|number| {
        let paper = read(forms::paper(&format!("論文 その{number}")));
        Step::Add(RowValue::Paper(paper), None)
    }));
    steps
}

impl Case<'_> {
    fn request(
        &self,
        method: &'static str,
        rest: &str,
        body: Option<Value>,
        revision: Option<u32>,
    ) -> Request {
        Request {
            person: self.applicant.person.clone(),
            method,
            path: self.applicant.path(rest),
            body,
            revision,
            key: Uuid::new_v4().to_string(),
        }
    }

    /// The same step over HTTP and as a command. The id of a new row is the service's to give.
    fn translated(&self, step: &Step) -> (Request, ApplicationCommand) {
        let model = &self.model;
        match step.clone() {
            Step::Apply(scope) => {
                let scope = scope.unwrap_or(self.scope);
                let body = json!({ "program": model.id.program, "scope": scope });
                let mut request = self.request("POST", "", Some(body), None);
                request.path = String::from("/api/v1/applications");
                let command = ApplicationCommand::Apply {
                    program: model.id.program.clone(),
                    scope,
                    member: Box::new(model.member.clone()),
                };
                (request, command)
            }
            Step::AddExam => (
                self.request("POST", "/exam", None, None),
                ApplicationCommand::AddExam,
            ),
            Step::Submit => (
                self.request("POST", "/submission", None, None),
                ApplicationCommand::Submit,
            ),
            Step::Withdraw => (
                self.request("POST", "/withdrawal", None, None),
                ApplicationCommand::Withdraw,
            ),
            Step::Pay(transaction, item, amount_yen) => {
                let body = json!({
                    "transaction": transaction, "item": item, "amount_yen": amount_yen, "paid_on": "令和8年6月3日",
                    "reason": "窓口で確認",
                });
                let mut request = self.request("POST", "/payments", Some(body), None);
                request.person = self.secretariat.clone();
                let payment = Payment {
                    transaction: transaction.to_owned(),
                    item,
                    amount_yen,
                    paid_on: parse_date("2026-06-03").unwrap(),
                    payer: Personal::new(String::new()),
                };
                (request, ApplicationCommand::ConfirmPayment(payment))
            }
            edit => self.translated_edit(edit),
        }
    }

    fn translated_edit(&self, edit: Step) -> (Request, ApplicationCommand) {
        let model = &self.model;
        match edit {
            Step::Save(Whole::Resume(resume), base) => {
                let base = model.base(base, DocumentKind::Resume);
                let request =
                    self.request("PUT", "/documents/resume", Some(json!(resume)), Some(base));
                let record = Box::new(model.member.record.clone().unwrap());
                (
                    request,
                    ApplicationCommand::SaveResume {
                        resume,
                        record,
                        base,
                    },
                )
            }
            Step::Save(Whole::Profile(profile), base) => {
                let base = model.base(base, DocumentKind::Profile);
                let request = self.request(
                    "PUT",
                    "/documents/profile",
                    Some(json!(profile)),
                    Some(base),
                );
                (request, ApplicationCommand::SaveProfile { profile, base })
            }
            Step::Save(Whole::ClinicalExperience(experience), base) => {
                let base = model.base(base, DocumentKind::ClinicalExperience);
                let body = Some(json!(experience));
                let request =
                    self.request("PUT", "/documents/clinical-experience", body, Some(base));
                (
                    request,
                    ApplicationCommand::SaveClinicalExperience { experience, base },
                )
            }
            Step::TotalYears(total_years, base) => {
                let base = model.base(base, DocumentKind::ResearchActivities);
                let body = Some(json!({ "total_years": total_years }));
                let request = self.request(
                    "PUT",
                    "/documents/research-activities/total-years",
                    body,
                    Some(base),
                );
                (
                    request,
                    ApplicationCommand::RecordResearchYears { total_years, base },
                )
            }
            Step::Add(value, base) => {
                let document = value.document();
                let base = base.map(|base| model.base(base, document));
                let rest = format!("/documents/{}/rows", document.slug());
                let request = self.request("POST", &rest, Some(row_body(&value)), base);
                let row = RowId(Uuid::new_v4());
                (request, ApplicationCommand::AddRow { row, value, base })
            }
            Step::Revise(number, value, base) => {
                let document = value.document();
                let (row, base) = (model.row(number), model.base(base, document));
                let rest = format!("/documents/{}/rows/{row}", document.slug());
                let request = self.request("PUT", &rest, Some(row_body(&value)), Some(base));
                (request, ApplicationCommand::ReviseRow { row, value, base })
            }
            Step::Remove(number, document, base) => {
                let (row, base) = (model.row(number), model.base(base, document));
                let rest = format!("/documents/{}/rows/{row}", document.slug());
                let request = self.request("DELETE", &rest, None, Some(base));
                (
                    request,
                    ApplicationCommand::RemoveRow {
                        document,
                        row,
                        base,
                    },
                )
            }
            _ => unreachable!("no edit"),
        }
    }

    fn take(&mut self, step: &Step) {
        if let Step::Repeat(number) = step {
            if let Some(done) = self.done.get(*number % self.done.len().max(1)) {
                assert_eq!(
                    lasting(&done.request.send()),
                    lasting(&done.answer),
                    "repeated"
                );
                self.repeated += 1;
            }
        } else {
            let (request, mut command) = self.translated(step);
            let answer = request.send();
            if let ApplicationCommand::AddRow { row, .. } = &mut command
                && answer.status < 400
            {
                *row = read(answer.json()["row"].clone());
                self.model.rows.push(*row);
            }
            let decided = self.model.decide(command);
            match answer.problem() {
                Some(code) => {
                    assert_eq!(decided, Err(code), "{answer:?}");
                    self.refused += 1;
                }
                None => assert!(decided.is_ok(), "{decided:?} {answer:?}"),
            }
            if decided.is_ok_and(|events| events > 0) {
                self.done.push(Done { request, answer });
            }
        }
        self.assert_shown();
    }

    fn assert_shown(&self) {
        let shown = self.applicant.get("");
        let Some(state) = self.model.application.state() else {
            shown.refused(404, "not-applied");
            return;
        };
        let body = shown.ok();
        let lines: Vec<String> = read(body["status"]["lines"].clone());
        assert_eq!(lines, self.model.status());
        assert_eq!(body["scope"], json!(state.scope));
        let withdrawn = matches!(self.model.application, Application::Withdrawn(_));
        assert_eq!(body["withdrawn"], json!(withdrawn));
    }

    /// Every document, value for value, with its revision, its mistakes and what is missing.
    fn assert_documents(&self) {
        let Some(state) = self.model.application.state() else {
            return;
        };
        let program = self.model.programs.get(&state.program).unwrap();
        let documents = &state.documents;
        for (kind, value) in [
            (
                DocumentKind::Resume,
                json!(documents.resume.value.as_ref().map(|saved| &saved.resume)),
            ),
            (DocumentKind::Profile, json!(documents.profile.value)),
            (
                DocumentKind::ClinicalExperience,
                json!(documents.clinical_experience.value),
            ),
            (
                DocumentKind::ResearchActivities,
                json!(documents.research_activities.value.rows),
            ),
            (
                DocumentKind::Conferences,
                json!(documents.conferences.value),
            ),
            (DocumentKind::Papers, json!(documents.papers.value)),
        ] {
            let shown = self.applicant.document(kind.slug());
            let body = shown.ok();
            let name = if forms::ROW_DOCUMENTS.contains(&kind.slug()) {
                "rows"
            } else {
                "value"
            };
            assert_eq!(body[name], value, "{kind:?}");
            assert_eq!(shown.revision(), documents.revision(kind), "{kind:?}");
            assert_eq!(
                body["errors"],
                json!(documents.errors(kind, &program.rules)),
                "{kind:?}"
            );
        }
        let years = self.applicant.document("research-activities").ok()["total_years"].clone();
        assert_eq!(
            years,
            json!(documents.research_activities.value.total_years)
        );
        let found = requirements(state, program);
        let shown = self.applicant.get("/requirements").ok();
        assert_eq!(shown["assessment"], json!(found.assessment));
        if state.documents_track == domain::application::DocumentTrack::Drafting {
            let sentences: Vec<_> = found.missing.into_iter().map(|one| one.message).collect();
            assert_eq!(missing(&shown), sentences);
        }
        let payments: BTreeMap<String, u32> = state
            .payments
            .values()
            .map(|payment| (payment.transaction.clone(), payment.amount_yen))
            .collect();
        let shown = self.applicant.get("").ok();
        let shown: BTreeMap<String, u32> = shown["payments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|payment| {
                (
                    read(payment["transaction"].clone()),
                    read(payment["amount_yen"].clone()),
                )
            })
            .collect();
        assert_eq!(shown, payments);
    }
}

fn row_body(value: &RowValue) -> Value {
    match value {
        RowValue::ResearchActivity(value) => json!(value),
        RowValue::Conference(value) => json!(value),
        RowValue::Paper(value) => json!(value),
    }
}

fn member(service: &TestService, number: &MemberNumber) -> Member {
    tokio::task::block_in_place(|| {
        let found = service.inside.member(number);
        tokio::runtime::Handle::current()
            .block_on(found)
            .unwrap()
            .unwrap()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_sequence_of_requests_does_what_the_rules_say() {
    each_service(async |service| {
        println!("seed {SEED}, {CASES} cases");
        let secretariat = service.secretariat();
        let number = AtomicU32::new(8_000_000);
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&SEED.to_le_bytes());
        let config = ProptestConfig {
            cases: CASES,
            max_shrink_iters: 60,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let mut runner =
            TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let sequences = (
            somebody(),
            any::<bool>(),
            prop::collection::vec(step(), STEPS),
        );
        let tally = Tally::default();
        let outcome = runner.run(&sequences, |((like, program, scope), filled_in, steps)| {
            let number = number.fetch_add(1, Ordering::Relaxed).to_string();
            files::members_like(&secretariat, like, std::slice::from_ref(&number));
            let member_number = MemberNumber::parse(&number).unwrap();
            let mut case = Case {
                applicant: Applicant::new(service.member(&number), program, &number),
                secretariat: &secretariat,
                model: Model {
                    application: Application::default(),
                    member: member(service, &member_number),
                    id: ApplicationId {
                        program: ProgramId(program.to_owned()),
                        member: member_number,
                    },
                    programs: Arc::clone(&service.inside.programs),
                    rows: Vec::new(),
                },
                scope,
                done: Vec::new(),
                refused: 0,
                repeated: 0,
            };
            // Most sequences begin with the 申込 that is open to the member, or little would happen in them.
            case.take(&Step::Apply(None));
            let begun = if filled_in { everything() } else { Vec::new() };
            for step in begun.iter().chain(&steps) {
                case.take(step);
            }
            case.assert_documents();
            tally.add(&case);
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("seed {SEED}: {failure}");
        }
        // Or the sequences were too tame to prove anything.
        println!("{tally:?}");
        for count in [
            &tally.accepted,
            &tally.refused,
            &tally.repeated,
            &tally.completed,
            &tally.withdrawn,
        ] {
            assert!(count.load(Ordering::Relaxed) > 0, "{tally:?}");
        }
    })
    .await;
}
