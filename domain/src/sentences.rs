//! Which sentences may be said of an application where it stands: one table for TOP, home, panel, notices and mails.
//!
//! Pages said untrue things because each worked out for itself what a state means: 「お申込みをやり直されています」 after 差し戻し,
//! 「本紙をご提出ください」 after 取下げ, 「受験料をご納入ください」 to who has paid. Here a sentence stands once, with the states in which it is true; a
//! page that would say it asks first.

use jiff::Timestamp;

use crate::{
    application::{Application, ApplicationState, CertificationTrack, DocumentTrack, ExamTrack},
    next_step::NextStep,
    notice::NoticeKind,
    program::Program,
};

/// Where an application stands, as far as sentences about its documents and its certification depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// 取下げ, and お申込み is still possible; also before any.
    Withdrawn,
    /// 取下げ, and the period is over.
    WithdrawnLate,
    /// 筆記試験のみ
    ExamOnly,
    /// 申込済
    Drafting,
    /// 申込済 after 再開 or another お申込み: there was a 本紙, and it is good for nothing any more.
    DraftingAgain,
    /// 期限切れ
    PeriodOver,
    /// 書類確認中, and papers can still be handed in.
    UnderReview,
    /// 書類確認中, and no paper is to be handed in any more: the deadline is past, or all have come.
    UnderReviewClosed,
    /// 修正のお願い（差し戻し）
    Returned,
    /// 修正のお願い whose 修正の期限 is past.
    CorrectionOverdue,
    /// 書類受理
    Accepted,
    /// 審査合格
    ReviewPassed,
    /// 審査不合格
    ReviewFailed,
    /// 更新認定可
    Approved,
    /// 認定料請求中
    FeeRequested,
    /// 認定料入金確認済み
    FeePaid,
    /// 認定
    Certified,
    /// 失効
    Lapsed,
}

impl Phase {
    /// Of an application that is not withdrawn; `over`: the deadline that counts for it is past.
    pub(crate) fn of_made(state: &ApplicationState, over: bool) -> Self {
        match &state.certification {
            CertificationTrack::Lapsed => return Self::Lapsed,
            CertificationTrack::Certified(_) => return Self::Certified,
            CertificationTrack::FeePaid => return Self::FeePaid,
            CertificationTrack::FeeRequested { .. } => return Self::FeeRequested,
            CertificationTrack::Approved => return Self::Approved,
            // 猶予 ends nothing: the documents go on as they are.
            CertificationTrack::Pending | CertificationTrack::Deferred { .. } => {}
        }
        match &state.documents_track {
            DocumentTrack::NotApplied => Self::ExamOnly,
            DocumentTrack::Drafting if over => Self::PeriodOver,
            DocumentTrack::Drafting if state.submissions > 0 => Self::DraftingAgain,
            DocumentTrack::Drafting => Self::Drafting,
            DocumentTrack::UnderReview(_) if over || state.review.has_all_papers() => {
                Self::UnderReviewClosed
            }
            DocumentTrack::UnderReview(_) => Self::UnderReview,
            DocumentTrack::Returned(_) if over => Self::CorrectionOverdue,
            DocumentTrack::Returned(_) => Self::Returned,
            DocumentTrack::Accepted(_) => Self::Accepted,
            DocumentTrack::ReviewPassed(_) => Self::ReviewPassed,
            DocumentTrack::ReviewFailed(_) => Self::ReviewFailed,
        }
    }

    /// All of them, in the order of the way.
    pub const ALL: [Self; 18] = [
        Self::Withdrawn,
        Self::WithdrawnLate,
        Self::ExamOnly,
        Self::Drafting,
        Self::DraftingAgain,
        Self::PeriodOver,
        Self::UnderReview,
        Self::UnderReviewClosed,
        Self::Returned,
        Self::CorrectionOverdue,
        Self::Accepted,
        Self::ReviewPassed,
        Self::ReviewFailed,
        Self::Approved,
        Self::FeeRequested,
        Self::FeePaid,
        Self::Certified,
        Self::Lapsed,
    ];

    /// What the deadline that counts now is called; none where nothing depends on it any more.
    pub const fn deadline(self) -> Option<&'static str> {
        match self {
            Self::Returned | Self::CorrectionOverdue => Some("修正の期限"),
            Self::Withdrawn
            | Self::WithdrawnLate
            | Self::ExamOnly
            | Self::Drafting
            | Self::DraftingAgain
            | Self::PeriodOver
            | Self::UnderReview => Some("申請期限"),
            Self::UnderReviewClosed
            | Self::Accepted
            | Self::ReviewPassed
            | Self::ReviewFailed
            | Self::Approved
            | Self::FeeRequested
            | Self::FeePaid
            | Self::Certified
            | Self::Lapsed => None,
        }
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Withdrawn => "取下げ",
            Self::WithdrawnLate => "取下げ（受付終了後）",
            Self::ExamOnly => "筆記試験のみ",
            Self::Drafting => "申込済",
            Self::DraftingAgain => "申込済（以前の本紙あり）",
            Self::PeriodOver => "期限切れ",
            Self::UnderReview => "書類確認中",
            Self::UnderReviewClosed => "書類確認中（受領済み・期限後）",
            Self::Returned => "修正のお願い",
            Self::CorrectionOverdue => "修正の期限切れ",
            Self::Accepted => "書類受理",
            Self::ReviewPassed => "審査合格",
            Self::ReviewFailed => "審査不合格",
            Self::Approved => "更新認定可",
            Self::FeeRequested => "認定料請求中",
            Self::FeePaid => "認定料入金確認済み",
            Self::Certified => "認定",
            Self::Lapsed => "失効",
        }
    }
}

/// Where 筆記試験 stands, as far as sentences depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExamPhase {
    /// 未申込
    NotApplied,
    /// 受験料未納
    Unpaid,
    /// 入金確認済み
    Paid,
    /// 免除（前年度合格）
    Exempt,
    /// 合格, 不合格 or 欠席
    Resulted,
}

impl ExamPhase {
    fn of(exam: &ExamTrack) -> Self {
        match exam {
            ExamTrack::NotApplied => Self::NotApplied,
            ExamTrack::AwaitingPayment => Self::Unpaid,
            ExamTrack::Paid { .. } => Self::Paid,
            ExamTrack::Exempt { .. } => Self::Exempt,
            ExamTrack::Resulted { .. } => Self::Resulted,
        }
    }

    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::NotApplied,
        Self::Unpaid,
        Self::Paid,
        Self::Exempt,
        Self::Resulted,
    ];

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotApplied => "未申込",
            Self::Unpaid => "受験料未納",
            Self::Paid => "入金確認済み",
            Self::Exempt => "免除",
            Self::Resulted => "結果あり",
        }
    }
}

/// Where an application stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Documents and certification.
    pub phase: Phase,
    /// 筆記試験
    pub exam: ExamPhase,
}

impl Stand {
    /// Of an application at a moment. 期限切れ is derived from the time asked about.
    pub fn of(application: &Application, program: &Program, at: Timestamp) -> Self {
        Self {
            phase: match application {
                Application::Made(state) => Phase::of_made(state, at >= state.closes(program)),
                // お申込み goes by the program, whatever one application was granted.
                _ if program.takes_applications(at) => Phase::Withdrawn,
                _ => Phase::WithdrawnLate,
            },
            exam: application
                .state()
                .map_or(ExamPhase::NotApplied, |state| ExamPhase::of(&state.exam)),
        }
    }

    /// What the deadline that counts now is called; none where nothing depends on it any more.
    pub fn deadline(self) -> Option<&'static str> {
        match (self.phase, self.exam) {
            // Who has paid has nothing left to do in time.
            (Phase::ExamOnly, exam) if exam != ExamPhase::Unpaid => None,
            (phase, _) => phase.deadline(),
        }
    }

    /// Whether a sentence is true here.
    pub fn allows(self, sentence: Sentence) -> bool {
        TABLE.iter().any(|row| {
            row.sentence == sentence
                && row.phases.contains(&self.phase)
                && row.exams.contains(&self.exam)
        })
    }

    /// The first of some sentences that is true here.
    pub fn first_of(self, sentences: &[Sentence]) -> Option<Sentence> {
        sentences
            .iter()
            .copied()
            .find(|sentence| self.allows(*sentence))
    }

    /// Why no document of it can be edited and none is handed in, where it has ended: 取下げ or 失効.
    pub fn ended(self) -> Option<Sentence> {
        self.first_of(&[
            Sentence::DocumentWithdrawn,
            Sentence::DocumentWithdrawnLate,
            Sentence::DocumentLapsed,
        ])
    }

    /// Whether a next step may be asked for here.
    pub fn allows_step(self, step: NextStep) -> bool {
        steps_in(self.phase, self.exam).contains(&kind_of(step))
    }
}

/// What a page says about where an application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sentence {
    /// After お申込み: documents and 受験料.
    AppliedFillInAndPay,
    /// After お申込み: documents.
    AppliedFillIn,
    /// After お申込み of 筆記試験のみ.
    AppliedPay,
    /// The same where 受験料 was there already.
    AppliedPaid,
    /// After 追加お申込み.
    ExamAddedPay,
    /// The same where 受験料 was there already.
    ExamAddedPaid,
    /// After 申請を完了する.
    Completed,
    /// After 取下げ.
    Withdrawn,
    /// After 取下げ when no applications are taken any more.
    WithdrawnLate,
    /// TOP, while the documents are open.
    EditIntroduction,
    /// 申請書類一覧: everything may still be changed.
    EditFreely,
    /// TOP: the button 申請を完了する is explained.
    CompletionHint,
    /// TOP: how 受験料 is paid.
    ExamFeeRoute,
    /// TOP: the printed 本紙 and the proofs are to be handed in.
    PapersToHandIn,
    /// 申請書（本紙）, on the paper and above its preview.
    HandInFinalForm,
    /// TOP: the society's turn.
    OfficeChecks,
    /// TOP: 本紙 can be had.
    FinalFormReady,
    /// TOP, before: 本紙 comes with 申請を完了する.
    FinalFormToCome,
    /// TOP, before: what the screen is for, beside the print.
    ProvisionalFormHint,
    /// TOP, before: until when to complete.
    CompleteInTime,
    /// TOP, before: until when to hand in.
    HandInInTime,
    /// Panel.
    PanelCompleted,
    /// Panel of 筆記試験のみ.
    PanelExamOnly,
    /// Panel after 取下げ.
    PanelWithdrawn,
    /// Panel after 失効.
    PanelLapsed,
    /// What was downloaded is not the 本紙 that is to be handed in.
    FetchFinalForm,
    /// What was handed in or printed before is good for nothing any more.
    EarlierFormVoid,
    /// What was downloaded says something else by now.
    PrintChanged,
    /// A document after 取下げ.
    DocumentWithdrawn,
    /// A document after 取下げ when the period is over.
    DocumentWithdrawnLate,
    /// A document after 失効.
    DocumentLapsed,
    /// A document after 申請を完了する.
    DocumentCompleted,
    /// A document that was not asked for.
    DocumentNotAskedFor,
}

impl Sentence {
    /// All of them.
    pub const ALL: [Self; 33] = [
        Self::AppliedFillInAndPay,
        Self::AppliedFillIn,
        Self::AppliedPay,
        Self::AppliedPaid,
        Self::ExamAddedPay,
        Self::ExamAddedPaid,
        Self::Completed,
        Self::Withdrawn,
        Self::WithdrawnLate,
        Self::EditIntroduction,
        Self::EditFreely,
        Self::CompletionHint,
        Self::ExamFeeRoute,
        Self::PapersToHandIn,
        Self::HandInFinalForm,
        Self::OfficeChecks,
        Self::FinalFormReady,
        Self::FinalFormToCome,
        Self::ProvisionalFormHint,
        Self::CompleteInTime,
        Self::HandInInTime,
        Self::PanelCompleted,
        Self::PanelExamOnly,
        Self::PanelWithdrawn,
        Self::PanelLapsed,
        Self::FetchFinalForm,
        Self::EarlierFormVoid,
        Self::PrintChanged,
        Self::DocumentWithdrawn,
        Self::DocumentWithdrawnLate,
        Self::DocumentLapsed,
        Self::DocumentCompleted,
        Self::DocumentNotAskedFor,
    ];

    /// The words; of a sentence with a value in it the part that is always the same.
    pub const fn words(self) -> &'static str {
        match self {
            Self::AppliedFillInAndPay => {
                "お申込みを受け付けました。続けて、申請書類の入力と受験料のご納入をお願いします。"
            }
            Self::AppliedFillIn => {
                "お申込みを受け付けました。続けて、申請書類の入力をお願いします。"
            }
            Self::AppliedPay => {
                "筆記試験のみのお申込みを受け付けました。続けて、受験料のご納入をお願いします。"
            }
            Self::AppliedPaid => {
                "筆記試験のみのお申込みを受け付けました。受験料の入金は確認できていますので、このあとのお手続きは必要ありません。"
            }
            Self::ExamAddedPay => {
                "筆記試験のお申込みを受け付けました。続けて、受験料のご納入をお願いします。"
            }
            Self::ExamAddedPaid => {
                "筆記試験のお申込みを受け付けました。受験料の入金は確認できています。"
            }
            Self::Completed => {
                "申請を完了しました。申請内容は確定されています。本紙を印刷して、ご提出をお願いします。"
            }
            Self::Withdrawn => {
                "お申込みを取り下げました。入力された内容は残っています。期間内であれば、もう一度お申込みいただけます。"
            }
            Self::WithdrawnLate => {
                "お申込みを取り下げました。入力された内容は残っています。お申込みの受付が終わっているため、もう一度のお申込みはできません。"
            }
            Self::EditIntroduction => "申請書登録の開始、申請内容の確定を行う画面です",
            Self::EditFreely => "この時点では、再編集が自由にできます。",
            Self::CompletionHint => {
                "申請書入力が完了したら、申請を完了する ボタンを押下し、申請内容を確定してください。"
            }
            Self::ExamFeeRoute => "受験料のご納入方法",
            Self::PapersToHandIn => {
                "本紙を印刷し、研究業績目録に記載した業績を証明する書類（写）とともに、申請期限までに提出してください。"
            }
            Self::HandInFinalForm => {
                "研究業績を証明する書類（写）とともに、申請期限までにご提出ください。"
            }
            Self::OfficeChecks => "事務局で書類を確認します。",
            Self::FinalFormReady => "確定された申請書（本紙）を出力できます",
            Self::FinalFormToCome => "申請書を確定すると申請書（本紙）が出力できます",
            Self::ProvisionalFormHint => "申請書（仮）の内容確認後、申請書を確定する画面です。",
            Self::CompleteInTime => {
                "※申請期限までに申請書を確定し、申請書（本紙）を出力してください。"
            }
            Self::HandInInTime => {
                "※研究業績目録に記載した業績を証明する書類（写）とともに、申請期限までに提出してください。"
            }
            Self::PanelCompleted => "申請を完了しています。",
            Self::PanelExamOnly => "筆記試験のみのお申込みのため、申請書類の入力は必要ありません。",
            Self::PanelWithdrawn => "お申込みは取り下げ済みです。",
            Self::PanelLapsed => "失効のお知らせをお送りしています。",
            Self::FetchFinalForm => "をダウンロードして、ご提出ください。",
            Self::EarlierFormVoid => {
                "差し戻し（またはお申込みのやり直し）により、以前の申請書は提出できなくなりました。"
            }
            Self::PrintChanged => {
                "が変わっています。PDFをもう一度ダウンロードして、内容をご確認ください。"
            }
            Self::DocumentWithdrawn => {
                "お申込みは取り下げ済みです。入力された内容は残っています。期間内であれば、もう一度お申込みいただけます。"
            }
            Self::DocumentWithdrawnLate => {
                "お申込みは取り下げ済みです。入力された内容は残っています。お申込みの受付が終わっているため、もう一度のお申込みはできません。"
            }
            Self::DocumentLapsed => {
                "失効のお知らせをお送りしているため、申請書類は編集できません。入力された内容は残っています。ご不明な点は事務局へお問い合わせください。"
            }
            Self::DocumentCompleted => {
                "申請を完了しているため、申請書類は編集できません。修正が必要な場合は事務局へお問い合わせください。"
            }
            Self::DocumentNotAskedFor => {
                "事務局が修正をお願いした書類ではないため、編集できません。修正のお願いは申請の画面からご確認いただけます。"
            }
        }
    }
}

/// Where a sentence is true.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which.
    pub sentence: Sentence,
    /// In these phases …
    pub phases: &'static [Phase],
    /// … where 筆記試験 stands so.
    pub exams: &'static [ExamPhase],
}

const OPEN: &[Phase] = &[Phase::Drafting, Phase::DraftingAgain, Phase::Returned];
const BEING_FILLED_IN: &[Phase] = &[Phase::Drafting, Phase::DraftingAgain];
/// Documents that are in the society's hands, or decided about.
const COMPLETED: &[Phase] = &[
    Phase::UnderReview,
    Phase::UnderReviewClosed,
    Phase::Accepted,
    Phase::ReviewPassed,
    Phase::ReviewFailed,
    Phase::Approved,
    Phase::FeeRequested,
    Phase::FeePaid,
    Phase::Certified,
];
/// Where 筆記試験 is still something to go to.
const EXAM_GOES_ON: &[Phase] = &[
    Phase::ExamOnly,
    Phase::Drafting,
    Phase::DraftingAgain,
    Phase::PeriodOver,
    Phase::UnderReview,
    Phase::UnderReviewClosed,
    Phase::Returned,
    Phase::CorrectionOverdue,
    Phase::Accepted,
    Phase::ReviewPassed,
    Phase::ReviewFailed,
];
const WHATEVER_EXAM: &[ExamPhase] = &ExamPhase::ALL;
const NOTHING_TO_PAY: &[ExamPhase] = &[
    ExamPhase::NotApplied,
    ExamPhase::Paid,
    ExamPhase::Exempt,
    ExamPhase::Resulted,
];

const fn row(sentence: Sentence, phases: &'static [Phase], exams: &'static [ExamPhase]) -> Row {
    Row {
        sentence,
        phases,
        exams,
    }
}

/// Every sentence with the states in which it may appear.
pub const TABLE: &[Row] = &[
    row(
        Sentence::AppliedFillInAndPay,
        BEING_FILLED_IN,
        &[ExamPhase::Unpaid],
    ),
    row(Sentence::AppliedFillIn, BEING_FILLED_IN, NOTHING_TO_PAY),
    row(
        Sentence::AppliedPay,
        &[Phase::ExamOnly],
        &[ExamPhase::Unpaid],
    ),
    row(
        Sentence::AppliedPaid,
        &[Phase::ExamOnly],
        &[ExamPhase::Paid],
    ),
    row(Sentence::ExamAddedPay, EXAM_GOES_ON, &[ExamPhase::Unpaid]),
    row(Sentence::ExamAddedPaid, EXAM_GOES_ON, &[ExamPhase::Paid]),
    row(Sentence::Completed, &[Phase::UnderReview], WHATEVER_EXAM),
    row(Sentence::Withdrawn, &[Phase::Withdrawn], WHATEVER_EXAM),
    row(
        Sentence::WithdrawnLate,
        &[Phase::WithdrawnLate],
        WHATEVER_EXAM,
    ),
    row(Sentence::EditIntroduction, OPEN, WHATEVER_EXAM),
    row(Sentence::EditFreely, BEING_FILLED_IN, WHATEVER_EXAM),
    row(Sentence::CompletionHint, OPEN, WHATEVER_EXAM),
    row(Sentence::ExamFeeRoute, EXAM_GOES_ON, &[ExamPhase::Unpaid]),
    row(
        Sentence::PapersToHandIn,
        &[Phase::UnderReview],
        WHATEVER_EXAM,
    ),
    row(
        Sentence::HandInFinalForm,
        &[Phase::UnderReview],
        WHATEVER_EXAM,
    ),
    row(
        Sentence::OfficeChecks,
        &[Phase::UnderReview, Phase::UnderReviewClosed],
        WHATEVER_EXAM,
    ),
    row(Sentence::FinalFormReady, COMPLETED, WHATEVER_EXAM),
    row(Sentence::FinalFormToCome, OPEN, WHATEVER_EXAM),
    row(Sentence::ProvisionalFormHint, OPEN, WHATEVER_EXAM),
    row(Sentence::CompleteInTime, BEING_FILLED_IN, WHATEVER_EXAM),
    row(Sentence::HandInInTime, BEING_FILLED_IN, WHATEVER_EXAM),
    row(Sentence::PanelCompleted, COMPLETED, WHATEVER_EXAM),
    row(Sentence::PanelExamOnly, &[Phase::ExamOnly], WHATEVER_EXAM),
    row(
        Sentence::PanelWithdrawn,
        &[Phase::Withdrawn, Phase::WithdrawnLate],
        WHATEVER_EXAM,
    ),
    row(Sentence::PanelLapsed, &[Phase::Lapsed], WHATEVER_EXAM),
    row(
        Sentence::FetchFinalForm,
        &[Phase::UnderReview],
        WHATEVER_EXAM,
    ),
    row(
        Sentence::EarlierFormVoid,
        &[Phase::DraftingAgain, Phase::Returned],
        WHATEVER_EXAM,
    ),
    row(Sentence::PrintChanged, OPEN, WHATEVER_EXAM),
    row(
        Sentence::DocumentWithdrawn,
        &[Phase::Withdrawn],
        WHATEVER_EXAM,
    ),
    row(
        Sentence::DocumentWithdrawnLate,
        &[Phase::WithdrawnLate],
        WHATEVER_EXAM,
    ),
    row(Sentence::DocumentLapsed, &[Phase::Lapsed], WHATEVER_EXAM),
    row(Sentence::DocumentCompleted, COMPLETED, WHATEVER_EXAM),
    row(
        Sentence::DocumentNotAskedFor,
        &[Phase::Returned, Phase::CorrectionOverdue],
        WHATEVER_EXAM,
    ),
];

/// A next step without its document.
fn kind_of(step: NextStep) -> std::mem::Discriminant<NextStep> {
    std::mem::discriminant(&step)
}

/// The next steps that may be asked for.
fn steps_in(phase: Phase, exam: ExamPhase) -> Vec<std::mem::Discriminant<NextStep>> {
    use crate::documents::DocumentKind::Resume;
    let unpaid = exam == ExamPhase::Unpaid;
    let exam_step = match exam {
        ExamPhase::NotApplied if phase == Phase::UnderReview => Some(NextStep::AddExam),
        ExamPhase::Unpaid => Some(NextStep::PayExamFee),
        // Where it is not applied for later on, whether it still can be depends on the time.
        ExamPhase::NotApplied | ExamPhase::Paid | ExamPhase::Exempt | ExamPhase::Resulted => None,
    };
    let steps: Vec<NextStep> = match phase {
        Phase::Withdrawn => vec![NextStep::ApplyAgain],
        Phase::WithdrawnLate => vec![NextStep::PeriodOver, NextStep::Nothing],
        Phase::PeriodOver => vec![NextStep::PeriodOver],
        Phase::ExamOnly | Phase::ReviewFailed if unpaid => vec![NextStep::PayExamFee],
        Phase::Drafting | Phase::DraftingAgain => {
            let mut steps = vec![
                NextStep::FillIn(Resume),
                NextStep::CollectUnits(Resume),
                NextStep::Complete,
            ];
            steps.extend(exam_step.filter(|_| unpaid));
            steps
        }
        Phase::UnderReview => exam_step
            .into_iter()
            .chain([NextStep::DeliverFinalForm])
            .collect(),
        Phase::UnderReviewClosed | Phase::Accepted | Phase::ReviewPassed
            if exam == ExamPhase::NotApplied =>
        {
            vec![NextStep::AddExam, NextStep::ExamPeriodOver]
        }
        Phase::UnderReviewClosed | Phase::Accepted | Phase::ReviewPassed => {
            exam_step.into_iter().chain([NextStep::Wait]).collect()
        }
        Phase::ExamOnly | Phase::Approved | Phase::FeePaid => vec![NextStep::Wait],
        Phase::Returned => vec![NextStep::Correct, NextStep::CompleteAgain],
        Phase::CorrectionOverdue => vec![NextStep::CorrectionOverdue],
        Phase::FeeRequested => vec![NextStep::PayCertificationFee],
        Phase::ReviewFailed | Phase::Certified | Phase::Lapsed => vec![NextStep::Nothing],
    };
    steps.into_iter().map(kind_of).collect()
}

/// Where an application may stand, at the event that it is about, when a mail of a kind is written.
pub fn phases_of_mail(kind: NoticeKind) -> &'static [Phase] {
    match kind {
        NoticeKind::Applied => &[Phase::ExamOnly, Phase::Drafting, Phase::DraftingAgain],
        NoticeKind::ExamAdded => EXAM_GOES_ON,
        NoticeKind::Submitted => &[Phase::UnderReview],
        NoticeKind::ReturnedForCorrection => &[Phase::Returned],
        NoticeKind::Reopened => &[Phase::DraftingAgain],
        NoticeKind::DeadlineExtended => &[
            Phase::Drafting,
            Phase::DraftingAgain,
            Phase::Returned,
            Phase::PeriodOver,
            Phase::CorrectionOverdue,
        ],
        NoticeKind::DocumentsAccepted => &[Phase::Accepted],
        NoticeKind::ReviewPassed => &[Phase::ReviewPassed],
        NoticeKind::ReviewFailed => &[Phase::ReviewFailed],
        NoticeKind::CertificationApproved => &[Phase::Approved],
        // A fee that came before it was asked for.
        NoticeKind::CertificationFeeRequested => &[Phase::FeeRequested, Phase::FeePaid],
        NoticeKind::Certified => &[Phase::Certified],
        NoticeKind::Lapsed => &[Phase::Lapsed],
        NoticeKind::Withdrawn => &[Phase::Withdrawn, Phase::WithdrawnLate],
        NoticeKind::Reminder => OPEN,
        // Money, results and corrections are facts of their own, wherever the rest stands.
        NoticeKind::PaymentConfirmed
        | NoticeKind::ExamResultRecorded
        | NoticeKind::Deferred
        | NoticeKind::DecisionUndone => &Phase::ALL,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cqrs_es::Aggregate as _;
    use jiff::civil::date;

    use super::*;
    use crate::{
        application::{
            Act, ApplicationCommand, ApplicationEvent, ExamOutcome, decide, examples as e,
        },
        eligibility::Scope,
        member::PaymentItem,
        next_step::next_step,
    };

    const BEFORE: &str = "2026-06-03T18:00";
    const AFTER: &str = "2026-08-10T09:00";
    /// When every date that was granted to one application is past too.
    const LATE: &str = "2026-10-10T09:00";

    fn lapsed(events: Vec<ApplicationEvent>) -> Vec<ApplicationEvent> {
        e::after_acts(events, [Act::Lapse])
    }

    fn with(mut events: Vec<ApplicationEvent>, event: ApplicationEvent) -> Vec<ApplicationEvent> {
        events.push(event);
        events
    }

    fn withdrawn(events: Vec<ApplicationEvent>) -> Vec<ApplicationEvent> {
        with(
            events,
            ApplicationEvent::Withdrawn {
                withdrawn_at: e::at(BEFORE),
            },
        )
    }

    fn paid() -> ApplicationEvent {
        ApplicationEvent::PaymentConfirmed {
            payment: e::payment("T1", PaymentItem::ExamFee, 11_000),
        }
    }

    fn scoped(events: Vec<ApplicationEvent>, scope: Scope) -> Vec<ApplicationEvent> {
        let mut events = events;
        events[0] = e::applied(scope);
        events
    }

    /// Histories that reach every state.
    fn histories() -> Vec<Vec<ApplicationEvent>> {
        let drafting = vec![e::applied(Scope::DocumentsAndExam)];
        let request = Act::RequestCertificationFee {
            due: date(2027, 2, 28),
        };
        let reopened = e::after_acts(
            e::under_review(),
            [Act::Reopen {
                until: e::at("2026-08-31T17:00"),
            }],
        );
        let mut again = withdrawn(e::under_review());
        again.push(e::applied(Scope::DocumentsAndExam));
        let mut all = vec![
            vec![e::applied(Scope::ExamOnly)],
            vec![e::applied(Scope::ExamOnly), paid()],
            scoped(e::complete(), Scope::DocumentsOnly),
            drafting.clone(),
            with(drafting.clone(), paid()),
            e::complete(),
            again,
            reopened,
            e::under_review(),
            e::after_acts(e::under_review(), [e::send_back()]),
            e::accepted(),
            e::after_acts(e::accepted(), [Act::RecordExamResult(ExamOutcome::Failed)]),
            e::after_acts(e::accepted(), [Act::PassReview]),
            e::after_acts(e::accepted(), [Act::FailReview]),
            e::approved(),
            e::after_acts(e::approved(), [request]),
            e::fee_paid(),
            e::after_acts(e::fee_paid(), [Act::Certify]),
            e::after_acts(
                e::under_review(),
                [Act::Defer {
                    until: date(2027, 3, 31),
                }],
            ),
        ];
        let ended: Vec<_> = all
            .iter()
            .filter(|events| {
                !events
                    .iter()
                    .any(|event| matches!(event, ApplicationEvent::Certified { .. }))
            })
            .flat_map(|events| [lapsed(events.clone()), withdrawn(events.clone())])
            .collect();
        all.extend(ended);
        all
    }

    fn everywhere() -> impl Iterator<Item = (Vec<ApplicationEvent>, Application, Timestamp)> {
        histories().into_iter().flat_map(|events| {
            [BEFORE, AFTER, LATE].map(|moment| (events.clone(), e::folded(&events), e::at(moment)))
        })
    }

    #[test]
    fn every_state_is_reached_and_its_next_step_is_one_that_may_be_asked_for() {
        let mut reached = BTreeSet::new();
        let mut exams = BTreeSet::new();
        for (events, application, at) in everywhere() {
            let stand = Stand::of(&application, &e::fourth(), at);
            reached.insert(stand.phase);
            exams.insert(stand.exam);
            let step = next_step(&application, &e::fourth(), at);
            let names: Vec<_> = events.iter().map(ApplicationEvent::name).collect();
            assert!(stand.allows_step(step), "{stand:?} {step:?} {names:?}");
        }
        assert_eq!(reached, BTreeSet::from(Phase::ALL));
        // 免除 needs a member who has passed before.
        assert_eq!(exams.len(), ExamPhase::ALL.len() - 1);
    }

    #[test]
    fn every_sentence_stands_once_in_the_table_and_is_said_somewhere() {
        for sentence in Sentence::ALL {
            let rows: Vec<_> = TABLE
                .iter()
                .filter(|row| row.sentence == sentence)
                .collect();
            assert_eq!(rows.len(), 1, "{sentence:?}");
            assert!(!rows[0].phases.is_empty() && !rows[0].exams.is_empty());
        }
        assert_eq!(TABLE.len(), Sentence::ALL.len());
    }

    /// Two that must never be said of the same state.
    const CONTRADICTIONS: &[(Sentence, Sentence)] = &[
        (Sentence::PapersToHandIn, Sentence::PanelWithdrawn),
        (Sentence::FetchFinalForm, Sentence::PanelWithdrawn),
        (Sentence::PanelCompleted, Sentence::PanelWithdrawn),
        (Sentence::PanelCompleted, Sentence::PanelLapsed),
        (Sentence::PanelCompleted, Sentence::EditIntroduction),
        (Sentence::PanelCompleted, Sentence::FinalFormToCome),
        (Sentence::PanelLapsed, Sentence::EditIntroduction),
        (Sentence::PanelLapsed, Sentence::CompletionHint),
        (Sentence::PanelLapsed, Sentence::ExamFeeRoute),
        (Sentence::FetchFinalForm, Sentence::EarlierFormVoid),
        (Sentence::AppliedPay, Sentence::AppliedFillIn),
        (Sentence::ExamAddedPay, Sentence::ExamAddedPaid),
        (Sentence::Withdrawn, Sentence::WithdrawnLate),
        (Sentence::DocumentCompleted, Sentence::DocumentNotAskedFor),
    ];

    #[test]
    fn no_two_sentences_that_contradict_each_other_are_true_in_one_state() {
        for phase in Phase::ALL {
            for exam in ExamPhase::ALL {
                let stand = Stand { phase, exam };
                for (one, other) in CONTRADICTIONS {
                    assert!(
                        !(stand.allows(*one) && stand.allows(*other)),
                        "{stand:?}: {one:?} and {other:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn who_has_paid_is_asked_for_no_fee_of_the_exam_and_who_has_withdrawn_or_lapsed_for_nothing() {
        let asks = [
            Sentence::AppliedFillInAndPay,
            Sentence::AppliedPay,
            Sentence::ExamAddedPay,
            Sentence::ExamFeeRoute,
        ];
        for phase in Phase::ALL {
            for exam in ExamPhase::ALL {
                let stand = Stand { phase, exam };
                let ended = matches!(
                    phase,
                    Phase::Withdrawn | Phase::WithdrawnLate | Phase::Lapsed | Phase::Certified
                );
                if ended || exam != ExamPhase::Unpaid {
                    assert_eq!(stand.first_of(&asks), None, "{stand:?}");
                    assert!(!stand.allows_step(NextStep::PayExamFee), "{stand:?}");
                }
                if ended {
                    for demand in [
                        Sentence::PapersToHandIn,
                        Sentence::FetchFinalForm,
                        Sentence::CompletionHint,
                        Sentence::EditIntroduction,
                    ] {
                        assert!(!stand.allows(demand), "{stand:?} {demand:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_mail_of_an_event_is_about_a_state_in_which_it_is_true() {
        for events in histories() {
            let mut application = Application::default();
            for event in events {
                application.apply(event.clone());
                let Some(kind) = NoticeKind::of(&event) else {
                    continue;
                };
                let phase = Stand::of(&application, &e::fourth(), e::at(BEFORE)).phase;
                assert!(
                    phases_of_mail(kind).contains(&phase),
                    "{kind:?} in {phase:?}"
                );
            }
        }
        for (_, application, at) in everywhere() {
            let phase = Stand::of(&application, &e::fourth(), at).phase;
            let reminded = crate::notice::reminder(&application, &e::fourth(), at);
            assert!(
                reminded.is_none() || phases_of_mail(NoticeKind::Reminder).contains(&phase),
                "{phase:?}"
            );
        }
    }

    #[test]
    fn who_has_lapsed_can_do_nothing_and_is_told_so() {
        for events in histories() {
            let application = e::folded(&events);
            if Stand::of(&application, &e::fourth(), e::at(BEFORE)).phase != Phase::Lapsed {
                continue;
            }
            for command in [
                ApplicationCommand::Submit,
                ApplicationCommand::AddExam,
                ApplicationCommand::Withdraw,
                ApplicationCommand::SaveProfile {
                    profile: e::profile(),
                    base: 0,
                },
                ApplicationCommand::AnswerCorrection {
                    answers: vec![crate::application::ItemAnswer {
                        item: 1,
                        answer: "修正しました。".to_owned(),
                        seen: None,
                    }],
                },
            ] {
                let decided = decide(&application, command.clone(), &e::in_june(), &e::programs());
                // What was completed before is completed: said again, it changes nothing.
                let repeated =
                    matches!(command, ApplicationCommand::Submit) && decided == Ok(vec![]);
                assert!(repeated || decided.is_err(), "{command:?}: {decided:?}");
            }
        }
    }
}
