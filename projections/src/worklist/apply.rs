//! From the fold of an application to its line: every rule is the domain's.

use domain::application::{
    Application, ApplicationState, CertificationTrack as Certification, CheckMark, CheckTarget,
    DocumentTrack as Documents, Proof, ProofState,
};
use domain::documents::DocumentKind;
use domain::member::MemberRecord;
use domain::program::Program;
use domain::requirements::{RequirementKind, requirements};
use domain::text::{kana_key, name_key, name_keys};
use domain::units::UnitAssessment;
use serde::{Deserialize, Serialize};

use crate::application_status::{DocumentTrack, ExamTrack};

/// 認定, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificationTrack {
    /// 判定待ち
    Pending,
    /// 更新認定可
    Approved,
    /// 認定料請求中
    FeeRequested,
    /// 認定料入金確認済み
    FeePaid,
    /// 認定
    Certified,
    /// 猶予
    Deferred,
    /// 失効
    Lapsed,
}

impl CertificationTrack {
    /// All of them, in the order of the way.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Approved,
        Self::FeeRequested,
        Self::FeePaid,
        Self::Certified,
        Self::Deferred,
        Self::Lapsed,
    ];

    /// That of an application.
    pub fn of(track: &Certification) -> Self {
        match track {
            Certification::Pending => Self::Pending,
            Certification::Approved => Self::Approved,
            Certification::FeeRequested { .. } => Self::FeeRequested,
            Certification::FeePaid => Self::FeePaid,
            Certification::Certified(_) => Self::Certified,
            Certification::Deferred { .. } => Self::Deferred,
            Certification::Lapsed => Self::Lapsed,
        }
    }

    /// The word in the database and in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::FeeRequested => "fee_requested",
            Self::FeePaid => "fee_paid",
            Self::Certified => "certified",
            Self::Deferred => "deferred",
            Self::Lapsed => "lapsed",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|track| track.as_str() == text)
    }

    /// The word of the secretariat's screens.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pending => "判定待ち",
            Self::Approved => "更新認定可",
            Self::FeeRequested => "認定料請求中",
            Self::FeePaid => "認定料入金確認済み",
            Self::Certified => "認定",
            Self::Deferred => "猶予",
            Self::Lapsed => "失効",
        }
    }
}

/// The line of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub program: String,
    pub member: String,
    pub name: String,
    pub furigana: String,
    /// Everything by which a person is found, as it is folded for search, a line each.
    pub search_key: String,
    pub furigana_key: String,
    pub workplace: String,
    pub document_track: DocumentTrack,
    pub exam_track: ExamTrack,
    pub certification: CertificationTrack,
    pub withdrawn: bool,
    pub units: u32,
    pub required: u32,
    /// Codes of what is missing: see [`Missing`](super::Missing).
    pub missing: Vec<String>,
    /// Documents that are not 確認済.
    pub unchecked: usize,
    pub labels: Vec<String>,
    pub submission_number: Option<u32>,
    pub submitted_at_us: Option<i64>,
    /// The first instant at which it is too late for the member; none when nothing waits for the member.
    pub closes_at_us: Option<i64>,
    pub applied_at_us: i64,
}

/// Without its program an application has a line too, only that nothing is measured: the service that knows the rules shows them on
/// the application's own page.
pub(crate) fn line(application: &Application, program: Option<&Program>) -> Option<Line> {
    let state = application.state()?;
    let withdrawn = matches!(application, Application::Withdrawn(_));
    let record = state
        .documents
        .resume
        .value
        .as_ref()
        .map_or(&state.record, |saved| &saved.record);
    let assessment = assessed(state, program);
    Some(Line {
        program: state.program.to_string(),
        member: state.member.as_str().to_owned(),
        name: record.name.clone(),
        furigana: record.furigana.clone(),
        search_key: search_key(state, record),
        furigana_key: kana_key(&record.furigana),
        workplace: record.workplace.name.clone(),
        document_track: DocumentTrack::of(&state.documents_track),
        exam_track: ExamTrack::of(&state.exam),
        certification: CertificationTrack::of(&state.certification),
        withdrawn,
        units: assessment
            .as_ref()
            .map_or(0, |assessment| state.review.recognised_units(assessment)),
        required: assessment.map_or(0, |assessment| assessment.required),
        missing: if withdrawn {
            Vec::new()
        } else {
            missing(state, program)
        },
        unchecked: DocumentKind::ALL
            .into_iter()
            // 筆記試験のみ has no documents to check, and of what has lapsed nobody checks any.
            .filter(|_| state.documents_track != Documents::NotApplied && !state.has_lapsed())
            .filter(|kind| state.review.mark(&CheckTarget::whole(*kind)) != CheckMark::Checked)
            .count(),
        labels: state.review.labels.iter().cloned().collect(),
        submission_number: (state.submissions > 0).then_some(state.submissions),
        submitted_at_us: state
            .submission()
            .map(|submission| submission.submitted_at.as_microsecond()),
        closes_at_us: program
            .filter(|_| !withdrawn && state.is_open())
            .map(|program| state.closes(program).as_microsecond()),
        applied_at_us: state.applied_at.as_microsecond(),
    })
}

/// What the rows count; none without the rules, and none for 筆記試験のみ, of which no unit is asked.
pub(crate) fn assessed(
    state: &ApplicationState,
    program: Option<&Program>,
) -> Option<UnitAssessment> {
    program
        .filter(|_| state.documents_track != Documents::NotApplied)
        .map(|program| state.assess_now(&program.rules))
}

/// By what an application is found. Kana have keys of their own, which never look like those of a name.
fn search_key(state: &ApplicationState, record: &MemberRecord) -> String {
    let mut keys = name_keys(&record.name);
    let kana: Vec<&str> = record.furigana.split_whitespace().collect();
    keys.push(kana_key(&record.furigana));
    if let [family, given @ ..] = kana.as_slice()
        && !given.is_empty()
    {
        keys.push(kana_key(&format!("{}{family}", given.concat())));
    }
    let certification = record.certification.as_ref();
    let told = [
        format!("{}.{}", state.program, state.member.as_str()),
        certification.map_or_else(String::new, |one| one.number.clone()),
        record.email.clone(),
        record.workplace.name.clone(),
        record.workplace.department.clone(),
    ];
    keys.extend(told.iter().map(|text| name_key(text)));
    keys.retain(|key| !key.is_empty());
    keys.join("\n")
}

/// What is missing on the member's side, as codes.
pub(crate) fn missing(state: &ApplicationState, program: Option<&Program>) -> Vec<String> {
    let mut codes = Vec::new();
    // 失効: nothing is the member's to bring any more.
    if state.has_lapsed() {
        return codes;
    }
    if let Some(program) = program.filter(|_| state.is_open()) {
        for requirement in requirements(state, program).missing {
            let code = match requirement.kind {
                RequirementKind::UnitsShort => "units_short",
                RequirementKind::AttendanceMissing => "attendance_missing",
                RequirementKind::DocumentMissing => "document_missing",
                RequirementKind::DocumentHasErrors => "document_has_errors",
                RequirementKind::PaymentMissing => "exam_fee",
                RequirementKind::CorrectionOpen => "correction_open",
            };
            codes.push(match requirement.document {
                Some(document) => format!("{code}:{}", document.slug()),
                None => code.to_owned(),
            });
        }
    }
    if let Some(program) = program.filter(|_| awaits_decision(state)) {
        let rules = &program.rules;
        let assessment = state.assess_now(rules);
        // What the member completed has enough by the rules; after 事務局欄, or without attendance that was taken back, it may not.
        if state.review.recognised_units(&assessment) < assessment.required {
            codes.push("units_short".to_owned());
        }
        let attended = state.recognised_attendance(&assessment);
        if !attended.meets(rules.requirements.attendance_rule) {
            codes.push("attendance_missing".to_owned());
        }
    }
    if matches!(state.exam, domain::application::ExamTrack::AwaitingPayment) {
        codes.push("exam_fee".to_owned());
    }
    if let Certification::FeeRequested { .. } = state.certification {
        codes.push("certification_fee".to_owned());
    }
    if state.submission().is_some() {
        for proof in Proof::ALL {
            let code = match (proof, state.review.proof(proof)) {
                (_, ProofState::Received | ProofState::Checked) => continue,
                (Proof::FinalForm, _) => "proof:final_form",
                (Proof::UnitProofs, _) => "proof:unit_proofs",
                (Proof::Certificates, _) => "proof:certificates",
            };
            codes.push(code.to_owned());
        }
    }
    codes.sort();
    codes.dedup();
    codes
}

/// Whether the society is still to say whether the documents suffice: 書類確認中, and 書類受理 before the committee.
fn awaits_decision(state: &ApplicationState) -> bool {
    matches!(
        state.documents_track,
        Documents::UnderReview(_) | Documents::Accepted(_)
    )
}
