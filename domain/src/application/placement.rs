//! 入金の照合: where a payment of a member belongs, asked of the decider that would confirm it.

use jiff::Timestamp;

use super::{Application, ApplicationCommand, ApplicationEvent, Refusal, decide};
use crate::{
    actor::{Actor, Context, Role},
    member::Payment,
    program::{ProgramId, Programs},
};

/// What an import of a payment comes to at an application, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placement {
    /// It is confirmed there.
    Confirmed,
    /// Fee, amount and 振込名義 fit: it is confirmed without a person.
    Matches,
    /// 振込名義 is not the member's.
    PayerDiffers,
    /// Not the fee's amount.
    AmountDiffers {
        /// The fee (円).
        expected: u32,
    },
    /// A person has taken it back.
    TakenBack,
    /// No application that awaits this fee.
    FitsNothing,
}

impl Placement {
    /// The word of the secretariat's screens.
    pub fn label(self) -> &'static str {
        match self {
            Self::Confirmed => "確認済み",
            Self::Matches => "一致",
            Self::PayerDiffers => "名義相違",
            Self::AmountDiffers { .. } => "金額相違",
            Self::TakenBack => "取消済み",
            Self::FitsNothing => "未照合",
        }
    }

    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Matches => "matches",
            Self::PayerDiffers => "payer_differs",
            Self::AmountDiffers { .. } => "amount_differs",
            Self::TakenBack => "taken_back",
            Self::FitsNothing => "fits_nothing",
        }
    }

    /// Why it is not confirmed by itself, in the sentence of the refusal; nothing when it is.
    pub fn sentence(self) -> Option<String> {
        match self {
            Self::Confirmed | Self::Matches => None,
            Self::PayerDiffers => Some(Refusal::PayerDiffers.to_string()),
            Self::AmountDiffers { expected } => {
                Some(Refusal::AmountDiffers { expected }.to_string())
            }
            Self::TakenBack => Some(
                "入金確認が取り消されています。確認し直す場合は、手動で照合してください。"
                    .to_owned(),
            ),
            Self::FitsNothing => Some(Refusal::PaymentFitsNothing.to_string()),
        }
    }
}

/// What an import of this payment comes to at one application.
pub fn placement(
    application: &Application,
    payment: &Payment,
    programs: &Programs,
    at: Timestamp,
) -> Placement {
    let context = Context {
        actor: Actor {
            role: Role::System,
            id: "placement".to_owned(),
        },
        at,
    };
    let command = ApplicationCommand::ConfirmPayment(payment.clone());
    match decide(application, command, &context, programs) {
        Ok(events) if events.is_empty() => Placement::Confirmed,
        Ok(_) => Placement::Matches,
        Err(Refusal::PayerDiffers) => Placement::PayerDiffers,
        Err(Refusal::AmountDiffers { expected }) => Placement::AmountDiffers { expected },
        Err(_) => {
            let taken_back = application
                .state()
                .is_some_and(|state| state.reversed.get(&payment.transaction) == Some(payment));
            if taken_back {
                Placement::TakenBack
            } else {
                Placement::FitsNothing
            }
        }
    }
}

/// The best place of a payment among a member's applications.
///
/// Where it would be confirmed, it is: the next payment for the same fee then meets what it would meet.
pub fn place(
    applications: &mut [(ProgramId, Application)],
    payment: &Payment,
    programs: &Programs,
    at: Timestamp,
) -> (Placement, Option<ProgramId>) {
    let best = applications
        .iter_mut()
        .map(|(program, application)| {
            let placement = placement(application, payment, programs, at);
            (placement, program, application)
        })
        .min_by_key(|(placement, ..)| *placement);
    match best {
        None | Some((Placement::FitsNothing, ..)) => (Placement::FitsNothing, None),
        Some((placement, program, application)) => {
            if placement == Placement::Matches {
                cqrs_es::Aggregate::apply(
                    application,
                    ApplicationEvent::PaymentConfirmed {
                        payment: payment.clone(),
                    },
                );
            }
            (placement, Some(program.clone()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        application::examples::*, eligibility::Scope, member::PaymentItem, personal::Personal,
    };

    fn placed(events: &[ApplicationEvent], payment: &Payment) -> Placement {
        placement(&folded(events), payment, &programs(), in_june().at)
    }

    #[test]
    fn each_payment_has_its_place_by_the_refusal_that_it_would_meet() {
        let events = vec![applied(Scope::DocumentsAndExam)];
        let good = payment("T1", PaymentItem::ExamFee, 22_000);
        assert_eq!(placed(&events, &good), Placement::Matches);
        let mut other_payer = good.clone();
        other_payer.payer = Personal::new("ヤマダ".to_owned());
        assert_eq!(placed(&events, &other_payer), Placement::PayerDiffers);
        let short = payment("T1", PaymentItem::CertificationFee, 1);
        assert_eq!(
            placed(&events, &short),
            Placement::AmountDiffers { expected: 11_000 }
        );
        let mut confirmed = events.clone();
        confirmed.push(ApplicationEvent::PaymentConfirmed {
            payment: good.clone(),
        });
        assert_eq!(placed(&confirmed, &good), Placement::Confirmed);
        let another = payment("T2", PaymentItem::ExamFee, 22_000);
        assert_eq!(placed(&confirmed, &another), Placement::FitsNothing);
        confirmed.push(ApplicationEvent::PaymentReversed {
            transaction: "T1".to_owned(),
            retracted: false,
            explanation: None,
        });
        assert_eq!(placed(&confirmed, &good), Placement::TakenBack);
        assert_eq!(placed(&[], &good), Placement::FitsNothing);
    }

    #[test]
    fn the_best_of_a_members_applications_is_told_and_a_second_payment_finds_the_fee_paid() {
        let fourth = folded(&[applied(Scope::DocumentsAndExam)]);
        let (one, other) = (ProgramId("a".to_owned()), ProgramId("b".to_owned()));
        let mut both = [
            (one.clone(), Application::default()),
            (other.clone(), fourth),
        ];
        let place_in = |both: &mut [(ProgramId, Application)], transaction| {
            let payment = payment(transaction, PaymentItem::ExamFee, 22_000);
            place(both, &payment, &programs(), in_june().at)
        };
        assert_eq!(
            place_in(&mut both, "T1"),
            (Placement::Matches, Some(other.clone()))
        );
        assert_eq!(
            place_in(&mut both, "T1"),
            (Placement::Confirmed, Some(other))
        );
        assert_eq!(place_in(&mut both, "T2"), (Placement::FitsNothing, None));
        let mut none = [(one, Application::default())];
        assert_eq!(place_in(&mut none, "T1"), (Placement::FitsNothing, None));
    }
}
