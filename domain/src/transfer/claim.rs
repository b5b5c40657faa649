//! 請求: what is owed, and from it and what came, one state for each fee.

use jiff::civil::Date;

use super::Yen;
use crate::{
    application::{Application, ApplicationState, CertificationTrack, ExamTrack},
    calendar::jst_date,
    member::PaymentItem,
    program::{Fee, Program},
};

/// What is owed for a fee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// 費目
    pub fee: PaymentItem,
    /// 円; None where the society has not told it (受験料): any amount satisfies it then.
    pub amount: Option<Yen>,
    /// 納入期限: the last day; None where there is none of its own.
    pub due: Option<Date>,
    /// Whereto, in words for the member.
    pub route: String,
}

/// Where a claim stands, before any money is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimStanding {
    /// There is none and will be none: 0円, no exam, 免除（前年度合格）.
    Never,
    /// 請求前
    NotYet,
    /// It is owed.
    Open(Claim),
    /// 取下げ or 失効: it is owed no more.
    Ended(Claim),
    /// 免除
    Waived(Claim),
}

/// 費目ごとの状態
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeeState {
    /// No claim, and no money for it.
    NotOwed,
    /// 請求前
    NotYetClaimed,
    /// 未納
    Unpaid,
    /// 一部入金
    PartlyPaid,
    /// 入金確認済み
    Paid,
    /// 過入金
    PaidTooMuch,
    /// 二重入金
    PaidTwice,
    /// 前受: it came before it was claimed.
    PaidEarly,
    /// 返金済み
    Repaid,
    /// 返金または充当の対象: money for what is not owed any more.
    ToRepay,
    /// 免除
    Waived,
}

impl FeeState {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::NotOwed,
        Self::NotYetClaimed,
        Self::Unpaid,
        Self::PartlyPaid,
        Self::Paid,
        Self::PaidTooMuch,
        Self::PaidTwice,
        Self::PaidEarly,
        Self::Repaid,
        Self::ToRepay,
        Self::Waived,
    ];

    /// The word.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotOwed => "請求なし",
            Self::NotYetClaimed => "請求前",
            Self::Unpaid => "未納",
            Self::PartlyPaid => "一部入金",
            Self::Paid => "入金確認済み",
            Self::PaidTooMuch => "過入金",
            Self::PaidTwice => "二重入金",
            Self::PaidEarly => "前受",
            Self::Repaid => "返金済み",
            Self::ToRepay => "返金待ち",
            Self::Waived => "免除",
        }
    }

    /// Whether the fee is settled, so that what waits for it goes on.
    pub fn counts_as_paid(self) -> bool {
        matches!(self, Self::Paid | Self::PaidTooMuch | Self::Waived)
    }
}

/// A part as a fee sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// 円, with 手数料差.
    pub counted: Yen,
    /// 円, paid back of it.
    pub repaid: Yen,
}

impl Received {
    /// What is still here.
    fn kept(self) -> Yen {
        self.counted.minus(self.repaid).unwrap_or_default()
    }
}

/// The state of a fee, out of its claim and what was placed on it.
pub fn fee_state(standing: &ClaimStanding, received: &[Received]) -> FeeState {
    let kept: Vec<Yen> = received
        .iter()
        .map(|one| one.kept())
        .filter(|kept| !kept.is_zero())
        .collect();
    let sum = kept
        .iter()
        .fold(Yen::ZERO, |all, one| all.plus(*one).unwrap_or(Yen::MAX));
    let nothing_left = kept.is_empty();
    let all_repaid = nothing_left && !received.is_empty();
    match standing {
        ClaimStanding::Never | ClaimStanding::Ended(_) | ClaimStanding::NotYet if all_repaid => {
            FeeState::Repaid
        }
        ClaimStanding::Never | ClaimStanding::Ended(_) if nothing_left => FeeState::NotOwed,
        ClaimStanding::Never | ClaimStanding::Ended(_) => FeeState::ToRepay,
        ClaimStanding::NotYet if nothing_left => FeeState::NotYetClaimed,
        ClaimStanding::NotYet => FeeState::PaidEarly,
        ClaimStanding::Waived(_) if nothing_left => FeeState::Waived,
        ClaimStanding::Waived(_) => FeeState::PaidTooMuch,
        ClaimStanding::Open(claim) => match claim.amount {
            _ if nothing_left => FeeState::Unpaid,
            // One line satisfies a fee whose amount nobody knows; which of two is the right one a person says.
            None if kept.len() == 1 => FeeState::Paid,
            None => FeeState::PaidTwice,
            Some(amount) if sum < amount => FeeState::PartlyPaid,
            Some(amount) if sum == amount => FeeState::Paid,
            Some(_) => FeeState::PaidTooMuch,
        },
    }
}

/// What is owed for each fee of an application, in the order of the work.
pub fn claims(application: &Application, program: &Program) -> [(PaymentItem, ClaimStanding); 3] {
    PaymentItem::ALL.map(|fee| (fee, standing(application, program, fee)))
}

fn standing(application: &Application, program: &Program, fee: PaymentItem) -> ClaimStanding {
    let terms = match fee {
        PaymentItem::ReviewFee => &program.fees.review,
        PaymentItem::ExamFee => &program.fees.exam,
        PaymentItem::CertificationFee => &program.fees.certification,
    };
    if terms.amount_yen == Some(0) {
        return ClaimStanding::Never;
    }
    let Some(state) = application.state() else {
        return ClaimStanding::NotYet;
    };
    let ended = matches!(application, Application::Withdrawn(_)) || state.has_lapsed();
    match raised(state, program, fee, terms) {
        ClaimStanding::Open(claim) if ended => ClaimStanding::Ended(claim),
        // It will not be raised any more.
        ClaimStanding::NotYet if ended => ClaimStanding::Never,
        standing => standing,
    }
}

/// The claim as the tracks have raised it.
fn raised(
    state: &ApplicationState,
    program: &Program,
    fee: PaymentItem,
    terms: &Fee,
) -> ClaimStanding {
    let open = |due: Option<Date>| {
        ClaimStanding::Open(Claim {
            fee,
            amount: terms.amount_yen.map(Yen::from),
            due,
            route: terms.route.clone(),
        })
    };
    // The last day on which 申込 can be completed.
    let period = jst_date(
        state
            .closes(program)
            .checked_sub(jiff::SignedDuration::from_nanos(1))
            .unwrap_or_else(|_| state.closes(program)),
    );
    match fee {
        PaymentItem::ReviewFee if !state.has_documents() => ClaimStanding::Never,
        PaymentItem::ReviewFee => open(Some(period)),
        PaymentItem::ExamFee => match &state.exam {
            ExamTrack::NotApplied => ClaimStanding::NotYet,
            ExamTrack::Exempt { .. } => ClaimStanding::Never,
            ExamTrack::AwaitingPayment | ExamTrack::Paid { .. } | ExamTrack::Resulted { .. } => {
                open(Some(period))
            }
        },
        PaymentItem::CertificationFee => match &state.certification {
            CertificationTrack::FeeRequested { due } => open(Some(*due)),
            // Its day is over when it is paid.
            CertificationTrack::FeePaid | CertificationTrack::Certified(_) => open(None),
            CertificationTrack::Pending
            | CertificationTrack::Approved
            | CertificationTrack::Deferred { .. }
            | CertificationTrack::Lapsed => ClaimStanding::NotYet,
        },
    }
}
