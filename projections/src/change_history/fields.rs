//! What an event says in the words of the screens: field labels of the manual, and values as text.

use domain::application::{ApplicationEvent, CheckMark, CheckTarget, DecisionKind, ExamOutcome};
use domain::calendar::{show_date, show_deadline, show_last_day};
use domain::documents::{
    ClinicalExperience, Conference, DocumentKind, Paper, Profile, ResearchActivity, Resume, RowId,
};
use domain::member::{MemberRecord, Payment, SeminarAttendance, SeminarKey};

/// Every event that is understood here.
pub(crate) const EVENTS: &[&str] = &[
    "Applied",
    "ExamAdded",
    "ResumeSaved",
    "ProfileSaved",
    "ResearchActivityAdded",
    "ResearchActivityRevised",
    "ResearchActivityRemoved",
    "ResearchYearsRecorded",
    "ConferenceAdded",
    "ConferenceRevised",
    "ConferenceRemoved",
    "PaperAdded",
    "PaperRevised",
    "PaperRemoved",
    "ClinicalExperienceSaved",
    "Submitted",
    "Withdrawn",
    "SeminarAttendanceImported",
    "SeminarAttendanceRetracted",
    "PaymentConfirmed",
    "PaymentReversed",
    "ItemChecked",
    "UnitsAdjusted",
    "ProofRecorded",
    "NoteAdded",
    "LabelsSet",
    "ReturnedForCorrection",
    "CorrectionAnswered",
    "Reopened",
    "DeadlineExtended",
    "DocumentsAccepted",
    "ReviewPassed",
    "ReviewFailed",
    "DecisionRevoked",
    "ExamResultRecorded",
    "ExamResultRetracted",
    "CertificationApproved",
    "CertificationFeeRequested",
    "Certified",
    "Deferred",
    "Lapsed",
    "DecisionUndone",
];

/// The new values of one slot: a document, a row of one, or what concerns the application as a whole.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Under which the values are kept.
    pub slot: String,
    /// The document, if it is one.
    pub document: Option<DocumentKind>,
    /// What the keys of the values are.
    pub keys: Keys,
    /// Key and text, in the order of the screen.
    pub values: Vec<(String, String)>,
    /// Whether a key that is not among the values keeps what it had.
    pub partial: bool,
}

/// What the keys of a slot's values are.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    /// Labels of fields, of this row if it is one.
    Fields(Option<RowId>),
    /// Ids of rows, which all have this one field.
    Rows(&'static str),
}

const APPLICATION: &str = "application";
const SEMINARS: &str = "seminars";
const PAYMENTS: &str = "payments";
const CHECKS: &str = "checks";
const ADJUSTMENTS: &str = "adjustments";
const CORRECTIONS: &str = "corrections";
const EXPLANATIONS: &str = "explanations";

/// Label of the way of the documents after 申請を完了する.
const DOCUMENTS: &str = "書類審査";

/// Label of 認定.
const CERTIFICATION: &str = "認定";

/// Label of 申込 and 取下げ.
const APPLIED: &str = "お申込み";

/// 会員への説明 of the event of that number: it explains this event alone, so nothing stood there before.
pub(super) fn explanation(sequence: i64, text: &str) -> Change {
    Change {
        slot: format!("{EXPLANATIONS}/{sequence}"),
        document: None,
        keys: Keys::Fields(None),
        values: vec![("会員への説明".to_owned(), text.to_owned())],
        partial: false,
    }
}

/// What the event changes. The values before are no matter here.
#[expect(clippy::too_many_lines, reason = "one arm for each event")]
pub(super) fn changes(event: ApplicationEvent) -> Vec<Change> {
    use ApplicationEvent as E;
    match event {
        E::Applied {
            scope,
            exam_passed,
            attendance,
            ..
        } => {
            let mut values = vec![(APPLIED.to_owned(), scope.label().to_owned())];
            if let Some(year) = exam_passed {
                values.push(("筆記試験 合格年度".to_owned(), format!("{year}年度")));
            }
            let attendance = attendance
                .iter()
                .map(|one| (seminar_row(&one.key), seminar_text(one)))
                .collect();
            vec![
                whole_application(values),
                Change {
                    partial: false,
                    ..seminars(attendance)
                },
            ]
        }
        E::ExamAdded { .. } => vec![application("筆記試験", "追加お申込み")],
        E::Submitted { submission } => vec![application(
            "申請の完了",
            format!(
                "本紙 第{}号（{}単位）",
                submission.number, submission.assessment.total
            ),
        )],
        E::Withdrawn { .. } => vec![application(APPLIED, "取下げ")],
        E::ResumeSaved { resume, record } => vec![document(
            DocumentKind::Resume,
            resume_fields(&record.value, resume.value),
        )],
        E::ProfileSaved { profile } => {
            let Profile { text } = profile.value;
            vec![document(
                DocumentKind::Profile,
                vec![("プロフィール".to_owned(), text)],
            )]
        }
        E::ResearchActivityAdded { row: id, activity }
        | E::ResearchActivityRevised { row: id, activity } => vec![row(
            DocumentKind::ResearchActivities,
            id,
            activity_fields(activity.value),
        )],
        E::ResearchActivityRemoved { row: id } => {
            vec![row(DocumentKind::ResearchActivities, id, Vec::new())]
        }
        E::ResearchYearsRecorded { total_years } => vec![document(
            DocumentKind::ResearchActivities,
            vec![(
                "がん治療に関する研究活動・診療歴の総年数".to_owned(),
                total_years.value,
            )],
        )],
        E::ConferenceAdded {
            row: id,
            conference,
        }
        | E::ConferenceRevised {
            row: id,
            conference,
        } => vec![row(
            DocumentKind::Conferences,
            id,
            conference_fields(conference.value),
        )],
        E::ConferenceRemoved { row: id } => vec![row(DocumentKind::Conferences, id, Vec::new())],
        E::PaperAdded { row: id, paper } | E::PaperRevised { row: id, paper } => {
            vec![row(DocumentKind::Papers, id, paper_fields(paper.value))]
        }
        E::PaperRemoved { row: id } => vec![row(DocumentKind::Papers, id, Vec::new())],
        E::ClinicalExperienceSaved { experience } => vec![document(
            DocumentKind::ClinicalExperience,
            clinical_fields(experience.value),
        )],
        E::SeminarAttendanceImported { attendance } => vec![seminars(vec![(
            seminar_row(&attendance.key),
            seminar_text(&attendance),
        )])],
        E::SeminarAttendanceRetracted { seminar } => {
            vec![seminars(vec![(seminar_row(&seminar), String::new())])]
        }
        E::PaymentConfirmed { payment } => vec![Change {
            slot: PAYMENTS.to_owned(),
            document: None,
            keys: Keys::Rows("入金"),
            values: vec![(payment.transaction.clone(), payment_text(&payment))],
            partial: true,
        }],
        E::PaymentReversed { transaction, .. } => vec![Change {
            slot: PAYMENTS.to_owned(),
            document: None,
            keys: Keys::Rows("入金"),
            values: vec![(transaction, String::new())],
            partial: true,
        }],
        event => act_changes(event),
    }
}

/// What the society did, and what was answered.
fn act_changes(event: ApplicationEvent) -> Vec<Change> {
    use ApplicationEvent as E;
    match event {
        E::ItemChecked { target, mark, .. } => vec![review(
            CHECKS,
            target,
            "確認",
            if mark == CheckMark::Unchecked {
                String::new()
            } else {
                mark.label().to_owned()
            },
        )],
        E::UnitsAdjusted { target, units, .. } => vec![review(
            ADJUSTMENTS,
            target,
            "事務局欄",
            units.map_or_else(String::new, |units| format!("{units}単位")),
        )],
        E::ProofRecorded { proof, state, .. } => vec![application(proof.label(), state.label())],
        E::NoteAdded { note } => vec![application("内部メモ", note.text.value)],
        E::LabelsSet { labels } => {
            let labels: Vec<_> = labels.into_iter().collect();
            vec![application("内部ラベル", labels.join("、"))]
        }
        E::ReturnedForCorrection { request, .. } => {
            let mut changes = vec![
                application(DOCUMENTS, "差し戻し"),
                application("修正の期限", show_deadline(request.due)),
            ];
            if !request.message.value.is_empty() {
                changes.push(application("修正のお願い", request.message.value));
            }
            changes.extend(request.items.into_iter().map(|item| {
                let field = item
                    .field
                    .as_deref()
                    .and_then(|name| item.document.field(name));
                let label = format!(
                    "修正のお願い {}{}",
                    item.number,
                    field.map_or_else(String::new, |field| format!("（{}）", field.label))
                );
                Change {
                    slot: format!("{CORRECTIONS}/{}/{}", item.target().key(), item.number),
                    document: Some(item.document),
                    keys: Keys::Fields(item.row),
                    values: vec![(label, item.comment.value)],
                    partial: false,
                }
            }));
            changes
        }
        E::CorrectionAnswered { item, answer } => {
            let label = format!("修正のお願い {item} への回答");
            vec![application(&label, answer.value)]
        }
        E::Reopened {
            submission, until, ..
        } => vec![
            application(DOCUMENTS, format!("再開（本紙 第{submission}号）")),
            application("締め切り日時", show_deadline(until)),
        ],
        E::DeadlineExtended { until, .. } => {
            vec![application("締め切り日時", show_deadline(until))]
        }
        E::DocumentsAccepted { .. } => vec![application(DOCUMENTS, "書類受理")],
        E::ReviewPassed { .. } => vec![application(DOCUMENTS, "審査合格")],
        E::ReviewFailed { .. } => vec![application(DOCUMENTS, "審査不合格")],
        E::DecisionRevoked { .. } => vec![application(DOCUMENTS, "書類確認中（判定の取消）")],
        E::ExamResultRecorded { outcome, .. } => {
            vec![application("筆記試験の結果", outcome.label())]
        }
        E::ExamResultRetracted { .. } => vec![application("筆記試験の結果", "")],
        E::CertificationApproved { .. } => vec![application(CERTIFICATION, "更新認定可")],
        E::CertificationFeeRequested { due, .. } => vec![application(
            CERTIFICATION,
            format!("認定料の請求（{} まで）", show_last_day(due)),
        )],
        E::Certified { certificate, .. } => vec![application(
            CERTIFICATION,
            format!(
                "認定（{} ~ {}）",
                show_date(certificate.certified_on),
                show_date(certificate.expires_on)
            ),
        )],
        E::Deferred { until, .. } => vec![application(
            CERTIFICATION,
            format!("猶予（{} まで）", show_last_day(until)),
        )],
        E::Lapsed { .. } => vec![application(CERTIFICATION, "失効")],
        E::DecisionUndone {
            decision,
            exam_result,
            ..
        } => vec![undone(decision, exam_result)],
        _ => Vec::new(),
    }
}

/// What stands again where a decision was undone.
fn undone(decision: DecisionKind, exam_result: Option<ExamOutcome>) -> Change {
    match decision {
        DecisionKind::ExamResult => {
            application("筆記試験の結果", exam_result.map_or("", ExamOutcome::label))
        }
        _ => application(CERTIFICATION, decision.undone()),
    }
}

/// A mark or a figure of the secretariat on a document or one of its rows.
fn review(slot: &str, target: CheckTarget, field: &'static str, value: String) -> Change {
    let key = target.key();
    let (keys, name) = match target.row {
        None => (Keys::Fields(None), field.to_owned()),
        Some(row) => (Keys::Rows(field), row),
    };
    Change {
        slot: format!("{slot}/{key}"),
        document: Some(target.document),
        keys,
        values: vec![(name, value)],
        partial: false,
    }
}

fn whole_application(values: Vec<(String, String)>) -> Change {
    Change {
        slot: APPLICATION.to_owned(),
        document: None,
        keys: Keys::Fields(None),
        values,
        partial: true,
    }
}

fn application(label: &str, text: impl Into<String>) -> Change {
    whole_application(vec![(label.to_owned(), text.into())])
}

fn seminars(values: Vec<(String, String)>) -> Change {
    Change {
        slot: SEMINARS.to_owned(),
        document: Some(DocumentKind::Seminars),
        keys: Keys::Rows("参加"),
        values,
        partial: true,
    }
}

fn document(kind: DocumentKind, values: Vec<(String, String)>) -> Change {
    Change {
        slot: kind.slug().to_owned(),
        document: Some(kind),
        keys: Keys::Fields(None),
        values,
        partial: false,
    }
}

fn row(kind: DocumentKind, id: RowId, values: Vec<(String, String)>) -> Change {
    Change {
        slot: format!("{}/{id}", kind.slug()),
        document: Some(kind),
        keys: Keys::Fields(Some(id)),
        values,
        partial: false,
    }
}

fn labelled<const N: usize>(fields: [(&str, String); N]) -> Vec<(String, String)> {
    fields.map(|(label, text)| (label.to_owned(), text)).into()
}

fn yes_or_no(answer: bool) -> String {
    if answer { "あり" } else { "なし" }.to_owned()
}

/// What 履歴書 shows of the record, then what is typed.
fn resume_fields(record: &MemberRecord, resume: Resume) -> Vec<(String, String)> {
    let mut fields: Vec<_> = record
        .shown_fields()
        .into_iter()
        .map(|(label, text)| (label.to_owned(), text))
        .collect();
    fields.extend(labelled([
        (
            "個人情報の公開を希望しません",
            yes_or_no(resume.withhold_home),
        ),
        ("学歴 出身校", resume.school),
        ("学歴 卒業年月 年", resume.graduation_year),
        ("学歴 卒業年月 月", resume.graduation_month),
        ("基本学会 学会名", resume.basic_society),
        ("基本学会 資格種別", resume.qualification),
        ("基本学会 認定番号", resume.qualification_number),
    ]));
    fields
}

fn activity_fields(activity: ResearchActivity) -> Vec<(String, String)> {
    labelled([
        ("期間 始まりの年", activity.from_year),
        ("期間 始まりの月", activity.from_month),
        ("期間 終わりの年", activity.to_year),
        ("期間 終わりの月", activity.to_month),
        ("内容", activity.content),
    ])
}

fn conference_fields(conference: Conference) -> Vec<(String, String)> {
    labelled([
        ("筆頭", conference.first_author),
        ("開催地", conference.place),
        ("開催日", conference.held_on),
        ("申請単位数", conference.units),
    ])
}

fn paper_fields(paper: Paper) -> Vec<(String, String)> {
    labelled([
        ("区分", paper.division),
        ("種別", paper.kind),
        ("日付", paper.date),
        ("申請単位", paper.units),
        ("内容", paper.content),
    ])
}

fn clinical_fields(experience: ClinicalExperience) -> Vec<(String, String)> {
    let answer = |answer: Option<bool>| answer.map(yes_or_no).unwrap_or_default();
    let mut fields = labelled([
        (
            "診察した実績がある臓器・領域",
            experience.examined.join("、"),
        ),
        (
            "がん薬物療法の施行実績がある臓器・領域",
            experience.drug_therapy.join("、"),
        ),
        (
            "コンサルテーションした実績がある臓器・領域",
            experience.consultation.join("、"),
        ),
        (
            "特殊な検査・治療の実績",
            answer(experience.special_procedures),
        ),
        (
            "特殊な検査・治療の実績 の具体的な内容",
            experience.special_procedures_detail,
        ),
        (
            "セカンドオピニオンの実施",
            answer(experience.second_opinion),
        ),
    ]);
    for (trial, number) in experience.trials.into_iter().zip(1..) {
        fields.push((format!("臨床試験{number} 臨床試験名"), trial.name));
        fields.push((format!("臨床試験{number} 登録症例数"), trial.cases));
    }
    fields
}

fn seminar_row(seminar: &SeminarKey) -> String {
    format!("{}@{}", seminar.code, seminar.first_day)
}

fn seminar_text(attendance: &SeminarAttendance) -> String {
    format!(
        "{} {} ～ {} {}単位",
        attendance.name,
        show_date(attendance.key.first_day),
        show_date(attendance.last_day),
        attendance.units
    )
}

fn payment_text(payment: &Payment) -> String {
    format!(
        "{} {}円 {} {}",
        payment.item.label(),
        payment.amount_yen,
        show_date(payment.paid_on),
        payment.payer.value
    )
}
