//! The reports, worked out anew from the events alone: no table of a view is read, and no function of the projections is asked for more
//! than a word. What an application or a member *is* says the domain's fold; everything that is counted, cut into bands, ranked, divided
//! or withheld is written a second time here, as plainly as it goes.

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::Aggregate as _;
use domain::application::{
    Application, ApplicationEvent, ApplicationState, CertificationTrack, DecisionKind,
    DocumentTrack, ExamOutcome, ExamTrack, Proof, ProofState,
};
use domain::calendar::FiscalYear;
use domain::documents::DocumentKind;
use domain::eligibility::Scope;
use domain::member::{Certification, Member, MemberEvent, PaymentItem, SeminarKind};
use domain::program::{AttendanceRule, Program, ProgramText};
use domain::reporting::PREFECTURES;
use domain::requirements::{RequirementKind, requirements};
use domain::units::{RemarkKind, UnitAssessment};
use eventstore::{Database, on_database};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use projections::Missing;
use projections::reports::{Cell, ReportName};
use serde::Deserialize;

use super::histories::{ADDRESSES, WORKPLACES};

/// A table: its key, and its cells row by row.
pub(super) type Rows = Vec<Vec<Cell>>;

#[derive(Clone, Debug)]
enum Said {
    Application(ApplicationEvent),
    Member(MemberEvent),
}

/// An event of a member or an application, as it stands in the log.
#[derive(Clone, Debug)]
struct Event {
    number: i64,
    id: String,
    at_us: i64,
    role: String,
    actor: String,
    rules: String,
    said: Said,
}

#[derive(Deserialize)]
struct Beside {
    actor: String,
    role: String,
    rules_version: String,
    decided_at_us: i64,
}

/// The whole log, and every version of a program that it names.
pub(super) struct Log {
    events: Vec<Event>,
    rules: BTreeMap<String, Program>,
}

impl Log {
    pub(super) async fn read(database: &Database) -> Self {
        type Row = (i64, String, String, String, String);
        let rows: Vec<Row> = on_database!(database, pool => {
            sqlx::query_as(
                "SELECT l.global_seq, e.aggregate_type, e.aggregate_id, CAST(e.payload AS text), CAST(e.metadata AS text) \
                   FROM ledger l JOIN events e ON e.position = l.position ORDER BY l.global_seq",
            )
            .fetch_all(pool)
            .await
        })
        .unwrap();
        let mut events = Vec::new();
        for (number, kind, id, payload, metadata) in rows {
            let said = match kind.as_str() {
                "application" => Said::Application(serde_json::from_str(&payload).unwrap()),
                "member" => Said::Member(serde_json::from_str(&payload).unwrap()),
                _ => continue,
            };
            let beside: Beside = serde_json::from_str(&metadata).unwrap();
            events.push(Event {
                number,
                id,
                at_us: beside.decided_at_us,
                role: beside.role,
                actor: beside.actor,
                rules: beside.rules_version,
                said,
            });
        }
        let kept: Vec<(String, String, String, String)> = on_database!(database, pool => {
            sqlx::query_as("SELECT version, program_text, rules_name, rules_text FROM program_versions")
                .fetch_all(pool)
                .await
        })
        .unwrap();
        let rules = kept
            .into_iter()
            .map(|(version, program, rules_name, rules)| {
                let text = ProgramText {
                    program,
                    rules_name,
                    rules,
                };
                (version, text.read().unwrap())
            });
        Self {
            rules: rules.collect(),
            events,
        }
    }

    fn minutes(&self) -> impl Iterator<Item = (i64, i64)> {
        // The clock of the ledger does not go back.
        let mut latest = i64::MIN;
        self.events.iter().map(move |event| {
            latest = latest.max(event.at_us.div_euclid(60_000_000));
            (event.number, latest)
        })
    }

    /// The time of a ledger number: the end of the minute of the last event that it includes.
    pub(super) fn time_of(&self, number: i64, now: Timestamp) -> Timestamp {
        let last = self.minutes().take_while(|(of, _)| *of <= number).last();
        let minute = match (last, self.minutes().next()) {
            (Some((_, minute)), _) => minute + 1,
            (None, Some((_, first))) => first,
            (None, None) => return now,
        };
        now.min(Timestamp::from_second(minute * 60).unwrap())
    }

    /// The ledger number at the beginning of the minute of a time.
    pub(super) fn number_at(&self, at: Timestamp) -> i64 {
        let minute = at.as_second().div_euclid(60);
        let before = self.minutes().take_while(|(_, of)| *of < minute).last();
        before.map_or(0, |(number, _)| number)
    }
}

/// An application at the moment that is asked about.
struct Line {
    program: String,
    member: String,
    state: ApplicationState,
    withdrawn: bool,
    stage: usize,
    /// Total and required.
    units: (i64, i64),
    missing: BTreeSet<String>,
    closes: Option<Timestamp>,
    returned: i64,
    completed_days: Option<i64>,
}

/// A table of 会員構成 before anything is withheld: its key, how many there are of what, and whether that is free text.
type Counted = (&'static str, Vec<(String, i64)>, bool);

/// Somebody whose renewal comes: which one, whether an application is under way, and the 単位 so far.
type Coming = (i64, bool, i64);

/// From when to when an application stood somewhere.
struct Stay {
    program: String,
    track: &'static str,
    word: &'static str,
    from_us: i64,
    to_us: Option<i64>,
}

#[derive(Clone)]
struct Money {
    program: String,
    item: PaymentItem,
    month: String,
    route: String,
    yen: Option<i64>,
}

/// Everything that is known after an event.
pub(super) struct World<'a> {
    at: Timestamp,
    programs: Vec<&'a Program>,
    lines: Vec<Line>,
    members: BTreeMap<String, Member>,
    stays: Vec<Stay>,
    /// By application and what is billed.
    charges: BTreeMap<(String, PaymentItem), Money>,
    /// By application and 取引番号.
    confirmed: BTreeMap<(String, String), Money>,
    /// Program, application and document of each item.
    asked: Vec<(String, String, DocumentKind)>,
    /// Program, who and what.
    acts: Vec<(String, String, &'static str)>,
}

fn japan(at: Timestamp) -> Date {
    let local = at.checked_add(SignedDuration::from_hours(9)).unwrap();
    jiff::tz::Offset::UTC.to_datetime(local).date()
}

fn us(at: i64) -> Timestamp {
    Timestamp::from_microsecond(at).unwrap()
}

/// Days left until the last one that still counts; none when it is over.
fn left(now: Timestamp, end: Timestamp) -> Option<i64> {
    let last = end.checked_sub(SignedDuration::from_nanos(1)).unwrap();
    let days = japan(now).until(japan(last)).unwrap().get_days();
    (now < end).then(|| i64::from(days))
}

fn month(day: Date) -> String {
    day.strftime("%Y-%m").to_string()
}

fn fee(program: &Program, item: PaymentItem) -> (String, Option<i64>) {
    let fee = match item {
        PaymentItem::ReviewFee => &program.fees.review,
        PaymentItem::ExamFee => &program.fees.exam,
        PaymentItem::CertificationFee => &program.fees.certification,
    };
    (fee.route.clone(), fee.amount_yen.map(i64::from))
}

fn document_word(track: &DocumentTrack) -> &'static str {
    match track {
        DocumentTrack::NotApplied => "",
        DocumentTrack::Drafting => "申込済",
        DocumentTrack::UnderReview(_) => "書類確認中",
        DocumentTrack::Returned(_) => "差し戻し中",
        DocumentTrack::Accepted(_) => "書類受理",
        DocumentTrack::ReviewPassed(_) => "審査合格",
        DocumentTrack::ReviewFailed(_) => "審査不合格",
    }
}

fn exam_word(track: &ExamTrack) -> &'static str {
    match track {
        ExamTrack::NotApplied => "",
        ExamTrack::AwaitingPayment => "受験料の入金待ち",
        ExamTrack::Paid { .. } => "筆記試験の結果待ち",
        ExamTrack::Exempt { .. } => "免除",
        ExamTrack::Resulted { outcome, .. } => match outcome {
            ExamOutcome::Passed => "合格",
            ExamOutcome::Failed => "不合格",
            ExamOutcome::Absent => "欠席",
        },
    }
}

fn certification_word(track: &CertificationTrack) -> &'static str {
    match track {
        CertificationTrack::Pending => "",
        CertificationTrack::Approved => "更新認定可",
        CertificationTrack::FeeRequested { .. } => "認定料請求中",
        CertificationTrack::FeePaid => "認定料入金確認済み",
        CertificationTrack::Certified(_) => "認定",
        CertificationTrack::Deferred { .. } => "猶予",
        CertificationTrack::Lapsed => "失効",
    }
}

fn stage(state: &ApplicationState) -> usize {
    if matches!(state.certification, CertificationTrack::Certified(_)) {
        return 6;
    }
    match &state.documents_track {
        DocumentTrack::Accepted(_)
        | DocumentTrack::ReviewPassed(_)
        | DocumentTrack::ReviewFailed(_) => 5,
        DocumentTrack::UnderReview(_) => 4,
        _ if state.submissions > 0 => 3,
        _ => {
            let documents = &state.documents;
            let filled = DocumentKind::ALL
                .iter()
                .any(|kind| documents.is_registered(*kind));
            if filled { 2 } else { 1 }
        }
    }
}

fn is_open(state: &ApplicationState) -> bool {
    let in_hand = matches!(
        state.documents_track,
        DocumentTrack::Drafting | DocumentTrack::Returned(_)
    );
    in_hand && state.certification != CertificationTrack::Lapsed
}

/// Every code of what may be missing, in the order of the reports.
fn codes() -> Vec<String> {
    let mut codes: Vec<String> = [
        "units_short",
        "attendance_missing",
        "exam_fee",
        "certification_fee",
    ]
    .map(str::to_owned)
    .into();
    for kind in DocumentKind::ALL {
        for word in ["document_missing", "document_has_errors", "correction_open"] {
            codes.push(format!("{word}:{}", kind.slug()));
        }
    }
    codes.extend(
        [
            "proof:final_form",
            "proof:unit_proofs",
            "proof:certificates",
        ]
        .map(str::to_owned),
    );
    codes
}

/// 認められた単位: row by row, what the secretariat says or else what the rules count.
fn recognised(state: &ApplicationState, assessed: &UnitAssessment) -> i64 {
    let mut sum = 0;
    for row in &assessed.rows {
        let key = format!("{}/{}", row.document.slug(), row.row);
        sum += match state.review.adjustments.get(&key) {
            Some(adjusted) => i64::from(adjusted.units),
            None => i64::from(row.counted),
        };
    }
    sum
}

/// The OR rule, row by row: with 事務局欄 a row is attendance when that is not 0, without it when nothing says that it cannot count.
fn attended(state: &ApplicationState, assessed: &UnitAssessment, rules: &Program) -> bool {
    let mut attended = BTreeSet::new();
    for row in &assessed.rows {
        let key = format!("{}/{}", row.document.slug(), row.row);
        let is_void = row.remarks.iter().any(|remark| {
            [
                RemarkKind::HasErrors,
                RemarkKind::OutsideWindow,
                RemarkKind::OtherSociety,
                RemarkKind::Duplicate,
            ]
            .contains(&remark.kind)
        });
        let is_out = match state.review.adjustments.get(&key) {
            Some(adjusted) => adjusted.units == 0,
            None => is_void,
        };
        if is_out {
            continue;
        }
        if row.document == DocumentKind::Conferences {
            attended.insert("meeting");
        }
        match state.attendance.get(&row.row).map(|one| one.kind) {
            Some(SeminarKind::A) => attended.insert("A"),
            Some(SeminarKind::B) => attended.insert("B"),
            _ => false,
        };
    }
    rules.rules.requirements.attendance_rule == AttendanceRule::None
        || attended.contains("meeting")
        || (attended.contains("A") && attended.contains("B"))
}

fn missing(state: &ApplicationState, rules: Option<&Program>) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    if state.certification == CertificationTrack::Lapsed {
        return codes;
    }
    if let (Some(rules), DocumentTrack::UnderReview(_) | DocumentTrack::Accepted(_)) =
        (rules, &state.documents_track)
    {
        let assessed = state.assess_now(&rules.rules);
        if !attended(state, &assessed, rules) {
            codes.insert("attendance_missing".to_owned());
        }
        if recognised(state, &assessed) < i64::from(assessed.required) {
            codes.insert("units_short".to_owned());
        }
    }
    if let Some(rules) = rules
        && is_open(state)
    {
        for of in requirements(state, rules).missing {
            let slug = of.document.map(DocumentKind::slug).unwrap_or_default();
            codes.insert(match of.kind {
                RequirementKind::UnitsShort => "units_short".to_owned(),
                RequirementKind::AttendanceMissing => "attendance_missing".to_owned(),
                RequirementKind::PaymentMissing => "exam_fee".to_owned(),
                RequirementKind::DocumentMissing => format!("document_missing:{slug}"),
                RequirementKind::DocumentHasErrors => format!("document_has_errors:{slug}"),
                RequirementKind::CorrectionOpen => format!("correction_open:{slug}"),
            });
        }
    }
    if state.exam == ExamTrack::AwaitingPayment {
        codes.insert("exam_fee".to_owned());
    }
    if matches!(state.certification, CertificationTrack::FeeRequested { .. }) {
        codes.insert("certification_fee".to_owned());
    }
    if state.submission().is_some() {
        for (proof, code) in [
            (Proof::FinalForm, "proof:final_form"),
            (Proof::UnitProofs, "proof:unit_proofs"),
            (Proof::Certificates, "proof:certificates"),
        ] {
            let there = matches!(
                state.review.proof(proof),
                ProofState::Received | ProofState::Checked
            );
            if !there {
                codes.insert(code.to_owned());
            }
        }
    }
    codes
}

/// What is followed of an application from event to event.
#[derive(Default)]
struct Course<'a> {
    fold: Application,
    rules: Option<&'a Program>,
    returned: i64,
    completed_days: Option<i64>,
    standing: BTreeMap<&'static str, (&'static str, i64)>,
}

impl<'a> World<'a> {
    /// Everything up to a ledger number, as it looks at a time.
    pub(super) fn new(
        log: &'a Log,
        (upto, at): (i64, Timestamp),
        programs: Vec<&'a Program>,
    ) -> Self {
        let mut world = Self {
            at,
            programs,
            lines: Vec::new(),
            members: BTreeMap::new(),
            stays: Vec::new(),
            charges: BTreeMap::new(),
            confirmed: BTreeMap::new(),
            asked: Vec::new(),
            acts: Vec::new(),
        };
        let mut courses: BTreeMap<&str, Course<'_>> = BTreeMap::new();
        for event in log.events.iter().filter(|event| event.number <= upto) {
            match &event.said {
                Said::Member(said) => world
                    .members
                    .entry(event.id.clone())
                    .or_default()
                    .apply(said.clone()),
                Said::Application(said) => {
                    let course = courses.entry(&event.id).or_default();
                    course.rules = log.rules.get(&event.rules);
                    course.fold.apply(said.clone());
                    world.follow(event, said, course);
                }
            }
        }
        for course in courses.into_values() {
            world.finish(course);
        }
        world
    }

    fn follow(&mut self, event: &Event, said: &ApplicationEvent, course: &mut Course<'_>) {
        let withdrawn = matches!(course.fold, Application::Withdrawn(_));
        let state = course.fold.state().unwrap();
        let program = state.program.0.clone();
        if event.role == "secretariat" {
            self.acts
                .push((program.clone(), event.actor.clone(), said.name()));
        }
        match said {
            ApplicationEvent::Submitted { submission } if course.completed_days.is_none() => {
                course.completed_days = course
                    .rules
                    .map(|rules| left(submission.submitted_at, rules.period.closes).unwrap_or(-1));
            }
            ApplicationEvent::ReturnedForCorrection { request, .. } => {
                course.returned += 1;
                let items = request.items.iter();
                self.asked
                    .extend(items.map(|item| (program.clone(), event.id.clone(), item.document)));
            }
            _ => {}
        }
        self.bill(event, said, course.rules, &program);
        for (track, word) in [
            ("documents", document_word(&state.documents_track)),
            ("exam", exam_word(&state.exam)),
            ("certification", certification_word(&state.certification)),
        ] {
            let lapsed = state.certification == CertificationTrack::Lapsed;
            let gone = withdrawn || (lapsed && track != "certification");
            let word = if gone { "" } else { word };
            let stood = course.standing.get(track).copied();
            if stood.map_or("", |(word, _)| word) == word {
                continue;
            }
            if let Some((word, from_us)) = stood {
                self.stays.push(Stay {
                    program: program.clone(),
                    track,
                    word,
                    from_us,
                    to_us: Some(event.at_us),
                });
            }
            course.standing.remove(track);
            if !word.is_empty() {
                course.standing.insert(track, (word, event.at_us));
            }
        }
    }

    fn bill(
        &mut self,
        event: &Event,
        said: &ApplicationEvent,
        rules: Option<&Program>,
        program: &str,
    ) {
        let items: &[PaymentItem] = match said {
            ApplicationEvent::Applied {
                scope, exam_passed, ..
            } => match (scope, exam_passed) {
                (Scope::DocumentsOnly, _) | (Scope::DocumentsAndExam, Some(_)) => {
                    &[PaymentItem::ReviewFee]
                }
                (Scope::DocumentsAndExam, None) => &[PaymentItem::ReviewFee, PaymentItem::ExamFee],
                (Scope::ExamOnly, None) => &[PaymentItem::ExamFee],
                (Scope::ExamOnly, Some(_)) => &[],
            },
            ApplicationEvent::ExamAdded { .. } => &[PaymentItem::ExamFee],
            ApplicationEvent::CertificationFeeRequested { .. } => &[PaymentItem::CertificationFee],
            _ => &[],
        };
        for item in items {
            let Some((route, yen)) = rules.map(|rules| fee(rules, *item)) else {
                continue;
            };
            if yen == Some(0) {
                continue;
            }
            let charge = Money {
                program: program.to_owned(),
                item: *item,
                month: month(japan(us(event.at_us))),
                route,
                yen,
            };
            self.charges.insert((event.id.clone(), *item), charge);
        }
        match said {
            ApplicationEvent::PaymentConfirmed { payment } => {
                let received = Money {
                    program: program.to_owned(),
                    item: payment.item,
                    month: month(payment.paid_on),
                    route: rules
                        .map(|rules| fee(rules, payment.item).0)
                        .unwrap_or_default(),
                    yen: Some(i64::from(payment.amount_yen)),
                };
                let key = (event.id.clone(), payment.transaction.clone());
                self.confirmed.insert(key, received);
            }
            ApplicationEvent::DecisionUndone {
                decision: DecisionKind::CertificationFeeRequested,
                ..
            } => {
                let key = (event.id.clone(), PaymentItem::CertificationFee);
                self.charges.remove(&key);
            }
            ApplicationEvent::PaymentReversed { transaction, .. } => {
                self.confirmed
                    .remove(&(event.id.clone(), transaction.clone()));
            }
            _ => {}
        }
    }

    fn finish(&mut self, course: Course<'_>) {
        let (state, withdrawn) = match course.fold {
            Application::NotMade => return,
            Application::Made(state) => (*state, false),
            Application::Withdrawn(state) => (*state, true),
        };
        let program = state.program.0.clone();
        for (track, (word, from_us)) in course.standing {
            self.stays.push(Stay {
                program: program.clone(),
                track,
                word,
                from_us,
                to_us: None,
            });
        }
        let with_documents = state.documents_track != DocumentTrack::NotApplied;
        let units = course
            .rules
            .filter(|_| with_documents)
            .map_or((0, 0), |rules| {
                let assessed = state.assess_now(&rules.rules);
                (recognised(&state, &assessed), i64::from(assessed.required))
            });
        self.lines.push(Line {
            member: state.member.as_str().to_owned(),
            withdrawn,
            stage: stage(&state),
            units,
            missing: missing(&state, course.rules),
            closes: course
                .rules
                .filter(|_| !withdrawn && is_open(&state))
                .map(|rules| state.closes(rules)),
            returned: course.returned,
            completed_days: course.completed_days,
            program,
            state,
        });
    }

    /// The applications of a program that are not withdrawn.
    fn running<'b>(&'b self, program: Option<&'b str>) -> impl Iterator<Item = &'b Line> {
        self.lines
            .iter()
            .filter(move |line| !line.withdrawn && is_of(program, &line.program))
    }

    /// The tables of a report.
    pub(super) fn report(
        &self,
        name: ReportName,
        program: Option<&str>,
    ) -> Vec<(&'static str, Rows)> {
        match name {
            ReportName::Progress => vec![
                ("stages", self.stages(program)),
                ("states", self.states(program)),
                ("completions", self.completions(program)),
            ],
            ReportName::Incomplete => vec![
                ("days_left", self.days_left(program)),
                ("missing", lacking_rows(self.lacking(program))),
            ],
            ReportName::Units => {
                let mut lacking = self.lacking(program);
                lacking.sort_by_key(|(_, many)| -many);
                vec![
                    ("bands", self.bands(program)),
                    ("summary", self.summary(program)),
                    ("missing", lacking_rows(lacking)),
                ]
            }
            ReportName::Review => vec![
                ("waiting", self.waiting(program)),
                ("returned", self.returned(program)),
                ("reasons", self.reasons(program)),
                ("load", self.load(program)),
            ],
            ReportName::Money => vec![
                ("months", self.months(program)),
                ("routes", self.routes(program)),
            ],
            ReportName::Members => self.composition(),
            ReportName::Forecast => vec![
                ("due", self.due_in_years()),
                ("units", self.units_in_years()),
            ],
        }
    }

    /// Who is 対象者 of a program in question, and has no application in it.
    fn without(&self, program: Option<&str>) -> i64 {
        let is_waiting = |number: &str, certification: &Certification| {
            self.programs.iter().any(|of| {
                let (regular, renewal) = (regular(certification), renewal(certification));
                let grace = i64::from(of.rules.eligibility.grace_years);
                let year = i64::from(of.year.0);
                is_of(program, &of.id.0)
                    && (regular == year || (regular < year && year <= regular + grace))
                    && renewal >= i64::from(of.renewals.first)
                    && of
                        .renewals
                        .last
                        .is_none_or(|last| renewal <= i64::from(last))
                    && !self
                        .running(Some(&of.id.0))
                        .any(|line| line.member == number)
            })
        };
        many(
            self.certified_members()
                .filter(|(number, certification, _)| is_waiting(number, certification)),
        )
    }

    fn certified_members(&self) -> impl Iterator<Item = (&str, &Certification, &Member)> {
        self.members.iter().filter_map(|(number, member)| {
            let certification = member.record.as_ref()?.certification.as_ref()?;
            Some((number.as_str(), certification, member))
        })
    }

    fn stages(&self, program: Option<&str>) -> Rows {
        let without = self.without(program);
        let reached = |stage: usize| many(self.running(program).filter(|line| line.stage >= stage));
        let due = without + reached(1);
        let labels = [
            "対象者",
            "申込",
            "入力中",
            "完了",
            "書類確認中",
            "受理",
            "認定",
        ];
        let mut counts = vec![("対象者", due)];
        counts.extend((1..7).map(|stage| (labels[stage], reached(stage))));
        counts.push(("（うち未申込）", without));
        counts
            .into_iter()
            .map(|(label, many)| vec![text(label), number(many), share(many, due)])
            .collect()
    }

    fn states(&self, program: Option<&str>) -> Rows {
        let words = [
            "",
            "申込済",
            "書類確認中",
            "差し戻し中",
            "書類受理",
            "審査合格",
            "審査不合格",
        ];
        let mut rows: Rows = words
            .into_iter()
            .map(|word| {
                let there = |line: &&Line| document_word(&line.state.documents_track) == word;
                let label = if word.is_empty() {
                    "筆記試験のみ"
                } else {
                    word
                };
                vec![
                    text(label),
                    number(many(self.running(program).filter(there))),
                ]
            })
            .collect();
        let withdrawn = |line: &&Line| line.withdrawn && is_of(program, &line.program);
        rows.push(vec![
            text("取下げ"),
            number(many(self.lines.iter().filter(withdrawn))),
        ]);
        rows
    }

    /// The programs that stand beside each other, with their headings.
    fn compared(&self, program: Option<&str>) -> Vec<(String, String)> {
        let year = |id: &str| {
            id.split('-')
                .next_back()
                .and_then(|year| year.parse::<i64>().ok())
        };
        let series = |id: &str| id.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
        let completed = self
            .running(None)
            .filter(|line| line.completed_days.is_some());
        let mut ids: BTreeSet<String> = completed.map(|line| line.program.clone()).collect();
        ids.extend(program.map(str::to_owned));
        let mut ids: Vec<String> = ids
            .into_iter()
            .filter(|id| {
                program
                    .is_none_or(|of| of == id || (series(of) == series(id) && year(id) < year(of)))
            })
            .collect();
        ids.sort_by(|one, other| year(other).cmp(&year(one)).then(one.cmp(other)));
        ids.into_iter()
            .take(4)
            .map(|id| {
                let known = self.programs.iter().find(|program| program.id.0 == id);
                let title = known.map_or(id.as_str(), |program| &program.menu_title);
                let heading = format!("{title} {}年度", year(&id).unwrap());
                (id, heading)
            })
            .collect()
    }

    /// The headings of the columns of 完了 that depend on the programs.
    pub(super) fn headings(&self, program: Option<&str>) -> Vec<String> {
        self.compared(program)
            .into_iter()
            .map(|(_, heading)| heading)
            .collect()
    }

    fn completions(&self, program: Option<&str>) -> Rows {
        let compared = self.compared(program);
        let today = |id: &str| {
            let known = self.programs.iter().find(|known| known.id.0 == id)?;
            left(self.at, known.period.closes)
        };
        let mut marks = vec![98, 84, 70, 56, 42, 28, 21, 14, 7, 5, 3, 2, 1, 0, -1];
        for (id, _) in &compared {
            if let Some(days) = today(id).filter(|days| !marks.contains(days)) {
                marks.push(days);
            }
        }
        marks.sort_by_key(|mark| -mark);
        marks
            .into_iter()
            .map(|mark| {
                let mut row = vec![match mark {
                    -1 => text("締め切り後も含む"),
                    0 => text("締め切り当日まで"),
                    days => text(&format!("{days}日前まで")),
                }];
                row.extend(compared.iter().map(|(id, _)| {
                    // That day has not come.
                    if today(id).is_some_and(|days| days > mark) {
                        return Cell::Empty;
                    }
                    let in_time =
                        |line: &&Line| line.completed_days.is_some_and(|days| days >= mark);
                    number(many(self.running(Some(id)).filter(in_time)))
                }));
                row
            })
            .collect()
    }

    fn open<'b>(&'b self, program: Option<&'b str>) -> impl Iterator<Item = &'b Line> {
        self.running(program).filter(|line| is_open(&line.state))
    }

    fn days_left(&self, program: Option<&str>) -> Rows {
        let bands = [
            ("期限切れ", None),
            ("3日以内", Some(0..=3)),
            ("4〜7日", Some(4..=7)),
            ("8〜14日", Some(8..=14)),
            ("15〜30日", Some(15..=30)),
            ("31日以上", Some(31..=i64::MAX)),
        ];
        bands
            .into_iter()
            .map(|(label, band)| {
                let is_in = |closes| match (left(self.at, closes), &band) {
                    (Some(days), Some(band)) => band.contains(&days),
                    (days, band) => days.is_none() && band.is_none(),
                };
                let there = || {
                    self.open(program)
                        .filter(|line| line.closes.is_some_and(is_in))
                };
                let ready = many(there().filter(|line| line.missing.is_empty()));
                let all = many(there());
                vec![text(label), number(all), number(all - ready), number(ready)]
            })
            .collect()
    }

    fn lacking(&self, program: Option<&str>) -> Vec<(String, i64)> {
        let lack = |code: &String| {
            many(
                self.open(program)
                    .filter(|line| line.missing.contains(code)),
            )
        };
        let codes = codes().into_iter();
        codes
            .map(|code| {
                let many = lack(&code);
                (code, many)
            })
            .filter(|(_, many)| *many > 0)
            .collect()
    }

    /// Those with documents.
    fn measured<'b>(&'b self, program: Option<&'b str>) -> impl Iterator<Item = &'b Line> {
        self.running(program)
            .filter(|line| line.state.documents_track != DocumentTrack::NotApplied)
    }

    fn bands(&self, program: Option<&str>) -> Rows {
        (0..=10)
            .map(|band| {
                let label = match band {
                    10 => "100単位以上".to_owned(),
                    _ => format!("{}〜{}単位", band * 10, band * 10 + 9),
                };
                let is_in = |line: &&Line| (line.units.0 / 10).min(10) == band;
                let short = |line: &&Line| line.units.0 < line.units.1;
                vec![
                    text(&label),
                    number(many(self.measured(program).filter(is_in))),
                    number(many(self.measured(program).filter(is_in).filter(short))),
                ]
            })
            .collect()
    }

    /// Before which band the line of the units that are needed stands.
    pub(super) fn line(&self, program: Option<&str>) -> Option<usize> {
        let required: BTreeSet<i64> = self.measured(program).map(|line| line.units.1).collect();
        match (required.len(), required.first()) {
            (1, Some(required)) if *required > 0 => {
                Some(usize::try_from((required / 10).min(10)).unwrap())
            }
            _ => None,
        }
    }

    fn summary(&self, program: Option<&str>) -> Rows {
        let units: Vec<i64> = self.measured(program).map(|line| line.units.0).collect();
        let all = many(units.iter());
        let short = many(
            self.measured(program)
                .filter(|line| line.units.0 < line.units.1),
        );
        let counted = |label: &str, many: i64| vec![text(label), number(many), share(many, all)];
        let ranked =
            |label: &str, percent: i64| vec![text(label), percentile(&units, percent), Cell::Empty];
        vec![
            counted("申請", all),
            counted("単位が足りている申請", all - short),
            counted("単位が不足している申請", short),
            ranked("単位の25パーセンタイル", 25),
            ranked("単位の中央値", 50),
            ranked("単位の75パーセンタイル", 75),
        ]
    }

    fn waiting(&self, program: Option<&str>) -> Rows {
        [
            ("documents", "申込済", "会員"),
            ("documents", "書類確認中", "事務局"),
            ("documents", "差し戻し中", "会員"),
            ("documents", "書類受理", "委員会"),
            ("exam", "受験料の入金待ち", "会員"),
            ("exam", "筆記試験の結果待ち", "事務局"),
            ("certification", "更新認定可", "事務局"),
            ("certification", "認定料請求中", "会員"),
            ("certification", "認定料入金確認済み", "事務局"),
        ]
        .into_iter()
        .map(|(track, word, who)| {
            let there = self.stays.iter().filter(|stay| {
                is_of(program, &stay.program) && stay.track == track && stay.word == word
            });
            let days = |from_us: i64, to_us: i64| (to_us - from_us).max(0) / 86_400_000_000;
            let took: Vec<i64> = there
                .clone()
                .filter_map(|stay| Some(days(stay.from_us, stay.to_us?)))
                .collect();
            let open: Vec<i64> = there
                .filter(|stay| stay.to_us.is_none())
                .map(|stay| days(stay.from_us, self.at.as_microsecond()))
                .collect();
            vec![
                text(word),
                text(who),
                number(many(took.iter())),
                percentile(&took, 50),
                percentile(&took, 90),
                percentile(&took, 95),
                number(many(open.iter())),
                open.iter().max().map_or(Cell::Empty, |days| number(*days)),
            ]
        })
        .collect()
    }

    fn returned(&self, program: Option<&str>) -> Rows {
        let completed = || self.running(program).filter(|line| line.stage >= 3);
        let all = many(completed());
        let sent_back = many(completed().filter(|line| line.returned > 0));
        vec![
            vec![text("一度でも完了した申請"), number(all), Cell::Empty],
            vec![
                text("うち差し戻しのあった申請"),
                number(sent_back),
                share(sent_back, all),
            ],
            vec![
                text("差し戻しの回数"),
                number(completed().map(|line| line.returned).sum()),
                Cell::Empty,
            ],
        ]
    }

    fn reasons(&self, program: Option<&str>) -> Rows {
        DocumentKind::ALL
            .into_iter()
            .map(|kind| {
                let of = || {
                    self.asked
                        .iter()
                        .filter(|(of, _, document)| is_of(program, of) && *document == kind)
                };
                let applications: BTreeSet<&String> =
                    of().map(|(_, application, _)| application).collect();
                vec![
                    text(kind.title()),
                    number(many(of())),
                    number(many(applications.iter())),
                ]
            })
            .collect()
    }

    fn load(&self, program: Option<&str>) -> Rows {
        let acts = || self.acts.iter().filter(|(of, _, _)| is_of(program, of));
        let actors: BTreeSet<&str> = acts().map(|(_, actor, _)| actor.as_str()).collect();
        let group = |name: &str| match name {
            "ItemChecked" | "UnitsAdjusted" | "ProofRecorded" => 2,
            "ReturnedForCorrection" => 3,
            "DocumentsAccepted" => 4,
            "ReviewPassed"
            | "ReviewFailed"
            | "DecisionRevoked"
            | "ExamResultRecorded"
            | "ExamResultRetracted"
            | "CertificationApproved"
            | "Certified"
            | "Deferred"
            | "Lapsed"
            | "DecisionUndone" => 5,
            "PaymentConfirmed" | "PaymentReversed" | "CertificationFeeRequested" => 6,
            _ => 7,
        };
        actors
            .into_iter()
            .map(|actor| {
                let mut counts = [0; 8];
                for (_, _, name) in acts().filter(|(_, by, _)| by == actor) {
                    counts[1] += 1;
                    counts[group(name)] += 1;
                }
                let mut row = vec![text(actor)];
                row.extend(counts[1..].iter().map(|many| number(*many)));
                row
            })
            .collect()
    }

    /// Payments that no application has confirmed.
    fn unmatched(&self) -> Vec<Money> {
        let known: BTreeSet<&str> = self
            .confirmed
            .keys()
            .map(|(_, transaction)| transaction.as_str())
            .collect();
        let payments = self
            .members
            .values()
            .flat_map(|member| member.payments.values());
        payments
            .filter(|payment| !known.contains(payment.transaction.as_str()))
            .map(|payment| Money {
                program: String::new(),
                item: payment.item,
                month: month(payment.paid_on),
                route: String::new(),
                yen: Some(i64::from(payment.amount_yen)),
            })
            .collect()
    }

    fn months(&self, program: Option<&str>) -> Rows {
        let sums = self.money(program, |entry| vec![entry.month.clone()]);
        money_rows(sums, |key| vec![text(&key[0])], vec![text("合計")])
    }

    fn routes(&self, program: Option<&str>) -> Rows {
        // In the order of the words in the database.
        let word = |item: PaymentItem| match item {
            PaymentItem::CertificationFee => "certification_fee",
            PaymentItem::ExamFee => "exam_fee",
            PaymentItem::ReviewFee => "review_fee",
        };
        let sums = self.money(program, |entry| {
            vec![
                word(entry.item).to_owned(),
                entry.item.label().to_owned(),
                entry.route.clone(),
            ]
        });
        let first = |key: &[String]| {
            let route = if key[2].is_empty() {
                "（申請未特定）"
            } else {
                &key[2]
            };
            vec![text(&key[1]), text(route)]
        };
        money_rows(sums, first, vec![text("合計"), text("")])
    }

    fn money(
        &self,
        program: Option<&str>,
        key: impl Fn(&Money) -> Vec<String>,
    ) -> BTreeMap<Vec<String>, [i64; 7]> {
        let mut sums: BTreeMap<Vec<String>, [i64; 7]> = BTreeMap::new();
        let mut add = |entry: &Money, place: usize| {
            let of = sums.entry(key(entry)).or_default();
            of[place] += 1;
            of[place + 1] += entry.yen.unwrap_or_default();
            of[2] += i64::from(entry.yen.is_none());
        };
        for charge in self
            .charges
            .values()
            .filter(|entry| is_of(program, &entry.program))
        {
            add(charge, 0);
        }
        for received in self
            .confirmed
            .values()
            .filter(|entry| is_of(program, &entry.program))
        {
            add(received, 3);
        }
        for waiting in self.unmatched() {
            add(&waiting, 5);
        }
        sums
    }

    /// How many members each table of 会員構成 counts in each of its rows.
    pub(super) fn people(&self) -> Vec<Vec<i64>> {
        self.counted()
            .iter()
            .map(|(_, counts, _)| numbers(counts))
            .collect()
    }

    fn counted(&self) -> [Counted; 4] {
        let records = || {
            self.members
                .values()
                .filter_map(|member| member.record.as_ref())
        };
        let on = japan(self.at);
        let as_number = |day: Date| {
            i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
        };
        let ages = ["39歳以下", "40代", "50代", "60代", "70歳以上", "不明"];
        let age = |birth: Option<Date>| match birth.filter(|birth| *birth <= on) {
            None => "不明",
            Some(birth) => match (as_number(on) - as_number(birth)) / 10_000 {
                ..40 => "39歳以下",
                40..50 => "40代",
                50..60 => "50代",
                60..70 => "60代",
                70.. => "70歳以上",
            },
        };
        let kinds = [
            "大学病院",
            "がん専門病院",
            "国公立・公的病院",
            "診療所",
            "その他の病院・施設",
            "不明",
        ];
        let known = |pairs: &[(&'static str, &'static str)], of: &str| {
            pairs.iter().find(|(name, _)| *name == of).unwrap().1
        };
        let count = |labels: Vec<&str>,
                     of: &dyn Fn(&domain::member::MemberRecord) -> String|
         -> Vec<(String, i64)> {
            labels
                .into_iter()
                .map(|label| {
                    (
                        label.to_owned(),
                        many(records().filter(|record| of(record) == label)),
                    )
                })
                .collect()
        };
        let places: Vec<&str> = PREFECTURES.into_iter().chain(["不明"]).collect();
        let mut prefectures = count(places, &|record| {
            known(&ADDRESSES, &record.workplace.place.address).to_owned()
        });
        prefectures.retain(|(_, many)| *many > 0);
        let words: BTreeSet<&str> = records().map(|record| record.speciality.trim()).collect();
        let mut specialities = count(words.into_iter().collect(), &|record| {
            record.speciality.trim().to_owned()
        });
        for (word, _) in &mut specialities {
            if word.is_empty() {
                "不明".clone_into(word);
            }
        }
        [
            (
                "ages",
                count(ages.to_vec(), &|record| age(record.birth_date).to_owned()),
                false,
            ),
            ("prefectures", prefectures, false),
            (
                "hospitals",
                count(kinds.to_vec(), &|record| {
                    known(&WORKPLACES, &record.workplace.name).to_owned()
                }),
                false,
            ),
            ("specialities", specialities, true),
        ]
    }

    fn composition(&self) -> Vec<(&'static str, Rows)> {
        let tables = self.counted();
        // Where one table has nothing to hide behind, no other may tell how many there are.
        let all_untold = tables
            .iter()
            .any(|(_, counts, is_free)| !is_free && hidden(&numbers(counts)).is_none());
        tables
            .into_iter()
            .map(|(key, counts, is_free)| (key, told(&counts, is_free, all_untold)))
            .collect()
    }

    /// Members by 正規更新年度: renewal, whether an application is under way, and the 単位 so far.
    fn coming(&self) -> Vec<(String, Vec<Coming>)> {
        let first = i64::from(FiscalYear::of(japan(self.at)).0);
        // The year before is the year of grace of those who have not renewed.
        (first - 1..first + 5)
            .map(|year| {
                let there = self
                    .certified_members()
                    .filter(|(_, certification, _)| regular(certification) == year);
                let people = there.map(|(number, certification, member)| {
                    let own = self
                        .running(None)
                        .filter(|line| line.member == number && line.stage < 6);
                    let applied = own.map(|line| line.units.0).max();
                    let attended = member.attendance.values();
                    let seminars: i64 = attended
                        .filter(|one| one.key.first_day >= certification.last_certified_on)
                        .map(|one| i64::from(one.units))
                        .sum();
                    (
                        renewal(certification),
                        applied.is_some(),
                        applied.unwrap_or(seminars),
                    )
                });
                let label = if year < first {
                    format!("{year}年度（猶予）")
                } else {
                    format!("{year}年度")
                };
                (label, people.collect())
            })
            .collect()
    }

    fn due_in_years(&self) -> Rows {
        self.coming()
            .into_iter()
            .map(|(label, people)| {
                vec![
                    text(&label),
                    number(many(people.iter())),
                    number(many(people.iter().filter(|(renewal, _, _)| *renewal < 4))),
                    number(many(people.iter().filter(|(renewal, _, _)| *renewal > 3))),
                    number(many(people.iter().filter(|(_, applied, _)| *applied))),
                ]
            })
            .collect()
    }

    fn units_in_years(&self) -> Rows {
        self.coming()
            .into_iter()
            .map(|(label, people)| {
                let mut row = vec![text(&label)];
                for band in [0..1, 1..20, 20..30, 30..40, 40..50, 50..i64::MAX] {
                    row.push(number(many(
                        people.iter().filter(|(_, _, units)| band.contains(units)),
                    )));
                }
                row
            })
            .collect()
    }
}

fn is_of(program: Option<&str>, of: &str) -> bool {
    program.is_none_or(|program| program == of)
}

/// The fifth fiscal year, that of the last certification included.
fn regular(certification: &Certification) -> i64 {
    i64::from(FiscalYear::of(certification.last_certified_on).0) + 4
}

fn renewal(certification: &Certification) -> i64 {
    let applied = i64::from(FiscalYear::of(certification.first_certified_on).0) - 1;
    ((regular(certification) - applied) / 5).max(1)
}

fn lacking_rows(lacking: Vec<(String, i64)>) -> Rows {
    lacking
        .into_iter()
        .map(|(code, many)| vec![text(&Missing::read(&code).unwrap().label), number(many)])
        .collect()
}

fn money_rows(
    sums: BTreeMap<Vec<String>, [i64; 7]>,
    first: impl Fn(&[String]) -> Vec<Cell>,
    total: Vec<Cell>,
) -> Rows {
    let mut all = [0; 7];
    let mut rows = Vec::new();
    for (key, sums) in sums {
        let mut row = first(&key);
        row.extend(sums.map(number));
        rows.push(row);
        for (sum, of) in all.iter_mut().zip(sums) {
            *sum += of;
        }
    }
    let mut row = total;
    row.extend(all.map(number));
    rows.push(row);
    rows
}

fn numbers(counts: &[(String, i64)]) -> Vec<i64> {
    counts.iter().map(|(_, many)| *many).collect()
}

/// Which counts are not told beside their total: those from 1 to 4, and the places after the first of them in turn, until more than one is
/// hidden, five people or more are, and they are not all ones or all fours. None: nothing is left to hide behind.
pub(super) fn hidden(counts: &[i64]) -> Option<BTreeSet<usize>> {
    let is_small = |place: &usize| counts[*place] > 0 && counts[*place] < 5;
    let mut hidden: BTreeSet<usize> = (0..counts.len()).filter(is_small).collect();
    let Some(first) = hidden.first().copied() else {
        return Some(hidden);
    };
    let mut others = (first..counts.len())
        .chain(0..first)
        .filter(|place| counts[*place] >= 5);
    loop {
        let of: Vec<i64> = hidden.iter().map(|place| counts[*place]).collect();
        let all_are = |number: i64| of.iter().all(|count| *count == number);
        if of.len() > 1 && of.iter().sum::<i64>() >= 5 && !all_are(1) && !all_are(4) {
            return Some(hidden);
        }
        hidden.insert(others.next()?);
    }
}

/// The rows of one way of counting everybody.
fn told(counts: &[(String, i64)], is_free: bool, all_untold: bool) -> Rows {
    let total: i64 = numbers(counts).iter().sum();
    let everything = || (0..counts.len()).collect::<BTreeSet<usize>>();
    let hidden = match hidden(&numbers(counts)) {
        Some(hidden) if !all_untold => hidden,
        _ => everything(),
    };
    let mut rows = Vec::new();
    let mut others = 0;
    for (place, (label, many)) in counts.iter().enumerate() {
        match (hidden.contains(&place), is_free) {
            (false, _) => rows.push(vec![text(label), number(*many), share(*many, total)]),
            (true, true) => others += many,
            (true, false) => rows.push(vec![text(label), Cell::Withheld, Cell::Withheld]),
        }
    }
    if others > 0 && !all_untold {
        rows.push(vec![text("その他"), number(others), share(others, total)]);
    }
    let sum = if all_untold {
        Cell::Withheld
    } else {
        number(total)
    };
    rows.push(vec![text("合計"), sum, Cell::Empty]);
    rows
}

fn many<T>(of: impl Iterator<Item = T>) -> i64 {
    i64::try_from(of.count()).unwrap()
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

fn number(number: i64) -> Cell {
    Cell::Number(number)
}

/// Tenths of a percent, to the nearest.
fn share(part: i64, of: i64) -> Cell {
    if of == 0 {
        return Cell::Empty;
    }
    let thousandths = part * 1000;
    let (whole, rest) = (thousandths / of, thousandths % of);
    number(whole + i64::from(rest * 2 >= of))
}

/// The smallest of the values that so many percent of them do not exceed.
fn percentile(values: &[i64], percent: i64) -> Cell {
    let enough = |value: &&i64| {
        let upto = many(values.iter().filter(|other| other <= value));
        upto * 100 >= percent * many(values.iter())
    };
    values
        .iter()
        .filter(enough)
        .min()
        .map_or(Cell::Empty, |value| number(*value))
}
