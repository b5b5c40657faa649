//! From events to what holds, and from when: every rule is the domain's.

use std::collections::BTreeMap;

use cqrs_es::Aggregate as _;
use domain::application::{
    Application, ApplicationEvent, ApplicationState, CertificationTrack as Certification,
    DecisionKind,
};
use domain::calendar::{days_left, jst_date};
use domain::eligibility::{Scope, regular_year, renewal_number};
use domain::member::{MemberEvent, MemberRecord, Payment, PaymentItem, SeminarKey};
use domain::program::{Fee, Program};
use domain::reporting::{HospitalKind, Stage, prefecture};
use jiff::{Timestamp, civil::Date};

use super::versions::{At, Key, Value, Versioned, Versions};
use crate::application_status::{DocumentTrack, ExamTrack};
use crate::error::Unreadable;
use crate::feed::FedEvent;
use crate::folds::{self, Folds};
use crate::worklist::{CertificationTrack, Missing, assessed, missing};

pub(super) const APPLICATIONS: Versioned = Versioned {
    name: "view_report_applications",
    key: &["application"],
    values: &[
        ("program", false),
        ("member", false),
        ("name", false),
        ("furigana", false),
        ("workplace", false),
        ("certification_number", false),
        ("scope", false),
        ("stage", true),
        ("document_track", false),
        ("exam_track", false),
        ("certification", false),
        ("withdrawn", true),
        ("units", true),
        ("required", true),
        ("missing", true),
        ("returned", true),
        ("completed_days", true),
        ("submitted_at", true),
        ("closes_at", true),
        ("certified_on", false),
        ("expires_on", false),
    ],
};
/// Places in the values above that the next row goes on from.
const RETURNED: usize = 15;
const COMPLETED_DAYS: usize = 16;

pub(super) const STAYS: Versioned = Versioned {
    name: "view_report_stays",
    key: &["application", "track"],
    values: &[("program", false), ("state", false)],
};
pub(super) const CHARGES: Versioned = Versioned {
    name: "view_report_charges",
    key: &["application", "item"],
    values: &[
        ("program", false),
        ("member", false),
        ("month", false),
        ("route", false),
        ("amount_yen", true),
    ],
};
pub(super) const CONFIRMATIONS: Versioned = Versioned {
    name: "view_report_confirmations",
    key: &["application", "transaction_number"],
    values: &[
        ("program", false),
        ("member", false),
        ("item", false),
        ("month", false),
        ("route", false),
        ("amount_yen", true),
    ],
};
pub(super) const RECEIPTS: Versioned = Versioned {
    name: "view_report_receipts",
    key: &["member", "transaction_number"],
    values: &[("item", false), ("month", false), ("amount_yen", true)],
};
pub(super) const MEMBERS: Versioned = Versioned {
    name: "view_report_members",
    key: &["member"],
    values: &[
        ("name", false),
        ("furigana", false),
        ("email", false),
        ("workplace", false),
        ("birth_date", false),
        ("prefecture", false),
        ("hospital", false),
        ("speciality", false),
        ("certification_number", false),
        ("last_certified_on", false),
        ("valid_until", false),
        ("seminar_units", true),
        ("regular_year", true),
        ("renewal", true),
    ],
};
pub(super) const ATTENDANCE: Versioned = Versioned {
    name: "view_report_attendance",
    key: &["member", "seminar"],
    values: &[("first_day", false), ("units", true)],
};

/// What an event says to this view.
pub(crate) struct Fact {
    pub number: i64,
    pub at_us: i64,
    pub said: Said,
}

/// By the stream that it stands in.
pub(crate) enum Said {
    Application {
        fact: folds::Fact,
        /// The account, when the secretariat did it.
        staff: Option<String>,
    },
    Member {
        member: String,
        event: Box<MemberEvent>,
    },
}

impl Fact {
    pub(super) fn read(event: FedEvent) -> Result<Self, Unreadable> {
        let number = event.global_seq;
        let metadata = event.metadata()?;
        let said = if event.stream == Application::TYPE {
            let staff =
                (metadata.role == domain::Role::Secretariat.as_str()).then_some(metadata.actor);
            Said::Application {
                fact: folds::Fact::read(event)?,
                staff,
            }
        } else {
            Said::Member {
                event: Box::new(event.decode()?),
                member: event.id,
            }
        };
        Ok(Self {
            number,
            at_us: metadata.decided_at_us,
            said,
        })
    }
}

/// Something asked for by a 差し戻し.
pub(crate) struct ReturnItem {
    pub number: i64,
    pub item: i64,
    pub application: String,
    pub program: String,
    pub document: &'static str,
}

/// Something that somebody of the secretariat did.
pub(crate) struct Act {
    pub number: i64,
    pub at_us: i64,
    pub application: String,
    pub program: String,
    pub actor: String,
    pub event: &'static str,
}

/// The rows of a batch.
#[derive(Default)]
pub(crate) struct Rows {
    pub folds: Folds,
    pub applications: Versions,
    pub stays: Versions,
    pub charges: Versions,
    pub confirmations: Versions,
    pub receipts: Versions,
    pub members: Versions,
    pub attendance: Versions,
    pub return_items: Vec<ReturnItem>,
    pub acts: Vec<Act>,
    /// First and last ledger number by minute.
    pub minutes: BTreeMap<i64, (i64, i64)>,
    /// The latest minute of all events so far.
    pub minute: i64,
}

pub(super) fn apply(rows: &mut Rows, fact: Fact) {
    let at = (fact.number, fact.at_us);
    rows.minute = rows.minute.max(fact.at_us.div_euclid(60_000_000));
    let minute = rows.minutes.entry(rows.minute);
    minute.or_insert((fact.number, fact.number)).1 = fact.number;
    match fact.said {
        Said::Application { fact, staff } => application(rows, at, fact, staff),
        Said::Member { member, event } => self::member(rows, at, &member, *event),
    }
}

fn application(rows: &mut Rows, at: At, fact: folds::Fact, staff: Option<String>) {
    let id = fact.application.clone();
    let program = rows.folds.programs.get(&fact.rules_version).cloned();
    let program = program.as_deref();
    let event = fact.event.clone();
    let fold = rows.folds.apply(fact);
    let withdrawn = matches!(fold.application, Application::Withdrawn(_));
    // Only Applied begins a stream; without it there is nothing to count.
    let Some(state) = fold.application.state() else {
        return;
    };
    let key = (id.clone(), String::new());
    let before = rows.applications.get(&key);
    let number_before = |place: usize| match before.and_then(|before| before.get(place)) {
        Some(Value::Number(number)) => *number,
        _ => None,
    };
    let mut returned = number_before(RETURNED).unwrap_or_default();
    let mut completed_days = number_before(COMPLETED_DAYS);
    match &*event {
        ApplicationEvent::ReturnedForCorrection { request, .. } => {
            returned += 1;
            for item in &request.items {
                rows.return_items.push(ReturnItem {
                    number: at.0,
                    item: i64::from(item.number),
                    application: id.clone(),
                    program: state.program.to_string(),
                    document: item.document.slug(),
                });
            }
        }
        ApplicationEvent::Submitted { submission } if completed_days.is_none() => {
            completed_days = program.map(|program| {
                // Later than 締め切り日時 (修正, 期限延長): the day after the last one.
                days_left(submission.submitted_at, program.period.closes).unwrap_or(-1)
            });
        }
        _ => {}
    }
    if let Some(actor) = staff {
        rows.acts.push(Act {
            number: at.0,
            at_us: at.1,
            application: id.clone(),
            program: state.program.to_string(),
            actor,
            event: event.name(),
        });
    }
    money(
        (&mut rows.charges, &mut rows.confirmations),
        &id,
        at,
        state,
        program,
        &event,
    );
    stays(&mut rows.stays, &id, at, state, withdrawn);
    let line = line(state, program, withdrawn, returned, completed_days);
    rows.applications.set(key, at, Some(line));
}

fn line(
    state: &ApplicationState,
    program: Option<&Program>,
    withdrawn: bool,
    returned: i64,
    completed_days: Option<i64>,
) -> Vec<Value> {
    let record = state
        .documents
        .resume
        .value
        .as_ref()
        .map_or(&state.record, |saved| &saved.record);
    let assessment = assessed(state, program);
    let codes = if withdrawn {
        Vec::new()
    } else {
        missing(state, program)
    };
    let (certified_on, expires_on) = match &state.certification {
        Certification::Certified(certificate) => (
            certificate.certified_on.to_string(),
            certificate.expires_on.to_string(),
        ),
        _ => (String::new(), String::new()),
    };
    let certification_number = record
        .certification
        .as_ref()
        .map(|certification| certification.number.clone());
    let us = |at: Timestamp| at.as_microsecond();
    vec![
        state.program.to_string().into(),
        state.member.as_str().into(),
        record.name.as_str().into(),
        record.furigana.as_str().into(),
        record.workplace.name.as_str().into(),
        certification_number.unwrap_or_default().into(),
        scope(state.scope).into(),
        i64::from(Stage::of(state).place()).into(),
        DocumentTrack::of(&state.documents_track).as_str().into(),
        ExamTrack::of(&state.exam).as_str().into(),
        CertificationTrack::of(&state.certification).as_str().into(),
        i64::from(withdrawn).into(),
        assessment
            .as_ref()
            .map_or(0, |of| i64::from(state.review.recognised_units(of)))
            .into(),
        assessment
            .as_ref()
            .map_or(0, |of| i64::from(of.required))
            .into(),
        Missing::bits(codes.iter().map(String::as_str)).into(),
        returned.into(),
        completed_days.into(),
        state
            .submission()
            .map(|submission| us(submission.submitted_at))
            .into(),
        program
            .filter(|_| !withdrawn && state.is_open())
            .map(|program| us(state.closes(program)))
            .into(),
        certified_on.into(),
        expires_on.into(),
    ]
}

/// The word of 申込の内容 in the tables.
pub(crate) fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::DocumentsAndExam => "documents_and_exam",
        Scope::DocumentsOnly => "documents_only",
        Scope::ExamOnly => "exam_only",
    }
}

/// Where each of the three tracks stands. What is withdrawn stands nowhere, and what has lapsed waits for nobody.
fn stays(stays: &mut Versions, id: &str, at: At, state: &ApplicationState, withdrawn: bool) {
    let documents = DocumentTrack::of(&state.documents_track);
    let exam = ExamTrack::of(&state.exam);
    let certification = CertificationTrack::of(&state.certification);
    let tracks = [
        (
            "documents",
            documents.as_str(),
            documents == DocumentTrack::NotApplied || state.has_lapsed(),
        ),
        (
            "exam",
            exam.as_str(),
            exam == ExamTrack::NotApplied || state.has_lapsed(),
        ),
        (
            "certification",
            certification.as_str(),
            certification == CertificationTrack::Pending,
        ),
    ];
    for (track, word, nowhere) in tracks {
        let values = vec![state.program.to_string().into(), word.into()];
        let values = (!withdrawn && !nowhere).then_some(values);
        stays.set((id.to_owned(), track.to_owned()), at, values);
    }
}

fn money(
    (charges, confirmations): (&mut Versions, &mut Versions),
    id: &str,
    at: At,
    state: &ApplicationState,
    program: Option<&Program>,
    event: &ApplicationEvent,
) {
    let fee = |item: PaymentItem| program.map(|program| fee(program, item));
    let mut billed = Vec::new();
    match event {
        ApplicationEvent::Applied {
            scope, exam_passed, ..
        } => {
            if *scope != Scope::ExamOnly {
                billed.push(PaymentItem::ReviewFee);
            }
            if *scope != Scope::DocumentsOnly && exam_passed.is_none() {
                billed.push(PaymentItem::ExamFee);
            }
        }
        ApplicationEvent::ExamAdded { .. } => billed.push(PaymentItem::ExamFee),
        ApplicationEvent::CertificationFeeRequested { .. } => {
            billed.push(PaymentItem::CertificationFee);
        }
        // What was asked for by mistake was never owed; what was paid is.
        ApplicationEvent::DecisionUndone {
            decision: DecisionKind::CertificationFeeRequested,
            ..
        } => {
            let item = item_word(PaymentItem::CertificationFee).to_owned();
            charges.set((id.to_owned(), item), at, None);
        }
        ApplicationEvent::PaymentConfirmed { payment } => {
            let values = vec![
                state.program.to_string().into(),
                state.member.as_str().into(),
                item_word(payment.item).into(),
                month(payment.paid_on).into(),
                fee(payment.item)
                    .map_or("", |fee| fee.route.as_str())
                    .into(),
                i64::from(payment.amount_yen).into(),
            ];
            let key = (id.to_owned(), payment.transaction.clone());
            confirmations.set(key, at, Some(values));
        }
        ApplicationEvent::PaymentReversed { transaction, .. } => {
            let key = (id.to_owned(), transaction.clone());
            confirmations.set(key, at, None);
        }
        _ => {}
    }
    let billed_on = jst_date(Timestamp::from_microsecond(at.1).unwrap_or_default());
    for item in billed {
        let Some(fee) = fee(item).filter(|fee| fee.amount_yen != Some(0)) else {
            continue;
        };
        let values = vec![
            state.program.to_string().into(),
            state.member.as_str().into(),
            month(billed_on).into(),
            fee.route.as_str().into(),
            fee.amount_yen.map(i64::from).into(),
        ];
        let key = (id.to_owned(), item_word(item).to_owned());
        charges.set(key, at, Some(values));
    }
}

fn fee(program: &Program, item: PaymentItem) -> &Fee {
    match item {
        PaymentItem::ReviewFee => &program.fees.review,
        PaymentItem::CertificationFee => &program.fees.certification,
        PaymentItem::ExamFee => &program.fees.exam,
    }
}

/// The word of 費目 in the tables.
pub(crate) fn item_word(item: PaymentItem) -> &'static str {
    match item {
        PaymentItem::ReviewFee => "review_fee",
        PaymentItem::ExamFee => "exam_fee",
        PaymentItem::CertificationFee => "certification_fee",
    }
}

/// `2026-06`
fn month(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// Places in the values of a member.
const LAST_CERTIFIED_ON: usize = 9;
const SEMINAR_UNITS: usize = 11;

fn member(rows: &mut Rows, at: At, member: &str, event: MemberEvent) {
    let key = |of: &str| -> Key { (member.to_owned(), of.to_owned()) };
    let mut person = rows.members.get(&key("")).map(<[Value]>::to_vec);
    match event {
        MemberEvent::RecordImported { record } => person = Some(self::person(&record.value)),
        MemberEvent::RecordRetracted {} => person = None,
        MemberEvent::AttendanceRecorded { attendance, .. } => {
            let values = vec![
                attendance.key.first_day.to_string().into(),
                i64::from(attendance.units).into(),
            ];
            let seminar = seminar_key(&attendance.key);
            rows.attendance.set(key(&seminar), at, Some(values));
        }
        MemberEvent::AttendanceRetracted { seminar, .. } => {
            rows.attendance.set(key(&seminar_key(&seminar)), at, None);
        }
        MemberEvent::PaymentReceived { payment } => {
            let values = receipt(&payment);
            rows.receipts
                .set(key(&payment.transaction), at, Some(values));
        }
        MemberEvent::PaymentRetracted { transaction } => {
            rows.receipts.set(key(&transaction), at, None);
        }
    }
    if let Some(person) = &mut person {
        person[SEMINAR_UNITS] =
            seminar_units(&rows.attendance, member, &person[LAST_CERTIFIED_ON]).into();
    }
    rows.members.set(key(""), at, person);
}

/// 単位 of the seminars since the last certification: what will count towards the next one, whichever program's window it falls into.
fn seminar_units(attendance: &Versions, member: &str, since: &Value) -> i64 {
    attendance
        .of(member)
        .filter_map(|values| match values {
            [day, Value::Number(Some(units))] if day >= since => Some(*units),
            _ => None,
        })
        .sum()
}

fn seminar_key(key: &SeminarKey) -> String {
    format!("{}@{}", key.code, key.first_day)
}

fn receipt(payment: &Payment) -> Vec<Value> {
    vec![
        item_word(payment.item).into(),
        month(payment.paid_on).into(),
        i64::from(payment.amount_yen).into(),
    ]
}

fn person(record: &MemberRecord) -> Vec<Value> {
    let certification = record.certification.as_ref();
    vec![
        record.name.as_str().into(),
        record.furigana.as_str().into(),
        record.email.as_str().into(),
        record.workplace.name.as_str().into(),
        record
            .birth_date
            .map(|date| date.to_string())
            .unwrap_or_default()
            .into(),
        prefecture(&record.workplace.place.address)
            .unwrap_or_default()
            .into(),
        HospitalKind::of(&record.workplace.name).as_str().into(),
        record.speciality.trim().into(),
        certification
            .map(|of| of.number.clone())
            .unwrap_or_default()
            .into(),
        certification
            .map(|of| of.last_certified_on.to_string())
            .unwrap_or_default()
            .into(),
        certification
            .map(|of| of.valid_until.to_string())
            .unwrap_or_default()
            .into(),
        0.into(),
        certification.map(|of| i64::from(regular_year(of).0)).into(),
        certification.map(|of| i64::from(renewal_number(of))).into(),
    ]
}
