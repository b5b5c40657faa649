//! Decisions about a transfer. What a source says is by state, so that files can come again and in any order.

use uuid::Uuid;

use super::{
    Line, NewPart, Place, Question, Told, Transfer, TransferAct, TransferCommand, TransferEvent,
    TransferRefusal, Yen,
};
use crate::{application::check_reason, personal::Personal, text::undecodable};

/// What the society has set about money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferSettings {
    /// 手数料差: how much of a fee the society forgoes where a bank kept it.
    pub forgone_limit: Yen,
}

impl Default for TransferSettings {
    /// 880円: what a bank asks of a transfer to another bank at its counter.
    fn default() -> Self {
        Self {
            forgone_limit: Yen::from(880),
        }
    }
}

type Decision = Result<Vec<TransferEvent>, TransferRefusal>;

/// What a command does to a transfer as it is.
///
/// # Errors
/// See [`TransferRefusal`].
pub fn decide(
    transfer: &Transfer,
    command: TransferCommand,
    settings: TransferSettings,
) -> Decision {
    match command {
        TransferCommand::Tell(told) => tell(transfer, *told),
        _ if transfer.source.is_none() => Err(TransferRefusal::UnknownTransfer),
        TransferCommand::TakeLineBack { line } => take_line_back(transfer, line),
        TransferCommand::PlaceByImport { line, part } => place_by_import(transfer, line, part),
        TransferCommand::Act { act, reason, seen } => {
            check_reason(&reason, true).map_err(|refusal| TransferRefusal::Invalid {
                pointer: "/reason",
                message: refusal.to_string(),
            })?;
            if seen != transfer.revision {
                return Err(TransferRefusal::Stale {
                    current: transfer.revision,
                });
            }
            do_act(transfer, act, settings)
        }
    }
}

// ── What sources say ─────────────────────────────────────────────────────────────────────────────────────────────────

fn tell(transfer: &Transfer, told: Told) -> Decision {
    let Told {
        source,
        number,
        line: said,
        id,
    } = told;
    if said.amount.is_zero() {
        return Err(TransferRefusal::Nothing);
    }
    let Some((known, held)) = transfer.line_of(&said.key) else {
        let mut events = Vec::new();
        if transfer.source.is_none() {
            events.push(TransferEvent::TransferRecorded {
                source,
                number: number.map(Personal::new),
            });
        }
        fits_the_sum(transfer, said.amount)?;
        let questions = questions_of(transfer, &said);
        events.push(TransferEvent::LineReceived { line: id, said });
        events.extend(
            questions
                .into_iter()
                .filter(|question| !transfer.questions.contains(question))
                .map(|question| TransferEvent::Questioned { question }),
        );
        return Ok(events);
    };
    let line = *known;
    if held.taken_back {
        fits_the_sum(transfer, said.amount)?;
        return Ok(vec![TransferEvent::LineReceived { line, said }]);
    }
    if held.said == said || held.corrections.contains(&said) || held.left.contains(&said) {
        return Ok(vec![]);
    }
    Ok(vec![TransferEvent::CorrectionHeld { line, said }])
}

/// Lines add up to an amount that can be written.
fn fits_the_sum(transfer: &Transfer, more: Yen) -> Result<(), TransferRefusal> {
    transfer
        .amount()
        .plus(more)
        .map(|_| ())
        .map_err(|_| TransferRefusal::TooMuch)
}

/// What a further line makes doubtful of those before it.
fn questions_of(transfer: &Transfer, said: &Line) -> Vec<Question> {
    let mut questions = Vec::new();
    let other_fee = transfer.counting().any(|(_, line)| {
        line.key.member == said.key.member
            && line.key.fee != said.key.fee
            && (line.amount, line.paid_on, &line.payer) == (said.amount, said.paid_on, &said.payer)
    });
    if other_fee {
        questions.push(Question::AnotherFee);
    }
    let other_member = transfer
        .counting()
        .any(|(_, line)| line.key.member != said.key.member);
    if other_member && transfer.parts.values().any(|part| part.from_line.is_some()) {
        questions.push(Question::AnotherMember);
    }
    questions
}

fn take_line_back(transfer: &Transfer, line: Uuid) -> Decision {
    let held = transfer
        .lines
        .get(&line)
        .ok_or(TransferRefusal::UnknownLine)?;
    if held.taken_back {
        return Ok(vec![]);
    }
    let (own, own_amount) = unrepaid_parts_of(transfer, line);
    let used = used(transfer).minus(own_amount).unwrap_or_default();
    let without = transfer
        .amount()
        .minus(held.said.amount)
        .unwrap_or_default();
    let repaid = transfer
        .parts
        .iter()
        .any(|(id, part)| part.from_line == Some(line) && !own.contains(id));
    if used > without || repaid {
        // What a person did with it stands, and a person is told.
        let asked = transfer.questions.contains(&Question::TakenBackLeft);
        return Ok(if asked {
            vec![]
        } else {
            vec![TransferEvent::Questioned {
                question: Question::TakenBackLeft,
            }]
        });
    }
    let mut events: Vec<_> = own
        .into_iter()
        .map(|part| TransferEvent::PartTakenBack { part })
        .collect();
    events.push(TransferEvent::LineTakenBack { line });
    Ok(events)
}

/// The parts that were placed from a line by themselves and of which nothing was paid back, and their sum.
fn unrepaid_parts_of(transfer: &Transfer, line: Uuid) -> (Vec<Uuid>, Yen) {
    let mut amount = Yen::ZERO;
    let mut parts = Vec::new();
    for (id, part) in &transfer.parts {
        if part.from_line == Some(line) && transfer.repaid_of(*id).is_zero() {
            amount = amount.plus(part.amount).unwrap_or(Yen::MAX);
            parts.push(*id);
        }
    }
    (parts, amount)
}

/// What of the transfer is spoken for.
fn used(transfer: &Transfer) -> Yen {
    transfer
        .placed()
        .plus(transfer.repaid_unplaced())
        .unwrap_or(Yen::MAX)
}

/// Nothing where a person has had a hand in it, something is doubtful, or it belongs to several members: those are for a
/// person to place. The import asks again and again, so that is no refusal.
fn place_by_import(transfer: &Transfer, line: Uuid, part: NewPart) -> Decision {
    let held = transfer
        .lines
        .get(&line)
        .ok_or(TransferRefusal::UnknownLine)?;
    let members = transfer
        .counting()
        .any(|(_, other)| other.key.member != held.said.key.member);
    let possible = !held.taken_back
        && !held.was_placed
        && !transfer.on_hold
        && !transfer.needs_a_person()
        && !members
        && held.said.amount == part.amount
        && part.forgone.is_zero()
        && part.amount <= transfer.left();
    Ok(if possible {
        vec![TransferEvent::PartPlaced {
            part: part.id,
            place: part.place,
            amount: part.amount,
            forgone: Yen::ZERO,
            from_line: Some(line),
        }]
    } else {
        vec![]
    })
}

// ── What people do ───────────────────────────────────────────────────────────────────────────────────────────────────

fn do_act(transfer: &Transfer, act: TransferAct, settings: TransferSettings) -> Decision {
    match act {
        TransferAct::Place(parts) => {
            if transfer.on_hold {
                return Err(TransferRefusal::OnHold);
            }
            placed(transfer, parts, transfer.left(), settings)
        }
        TransferAct::Replace { part, by } => {
            let before = unrepaid(transfer, part)?;
            let left = transfer
                .left()
                .plus(before)
                .map_err(|_| TransferRefusal::TooMuch)?;
            let mut events = vec![TransferEvent::PartTakenBack { part }];
            events.extend(placed(transfer, by, left, settings)?);
            Ok(events)
        }
        TransferAct::TakeBack { part } => {
            unrepaid(transfer, part)?;
            Ok(vec![TransferEvent::PartTakenBack { part }])
        }
        TransferAct::Repay {
            repayment,
            part,
            amount,
            on,
            account,
        } => {
            check_account(&account)?;
            let left = repayable(transfer, repayment, part, amount)?;
            if amount > left {
                return Err(TransferRefusal::BeyondPart { left });
            }
            Ok(vec![TransferEvent::Repaid {
                repayment,
                part,
                amount,
                on,
                account: Personal::new(account),
            }])
        }
        TransferAct::TakeCorrection { line, number } => take_correction(transfer, line, number),
        TransferAct::LeaveCorrection { line, number } => {
            let said = correction(transfer, line, number)?.1.clone();
            Ok(vec![TransferEvent::CorrectionLeft { line, said }])
        }
        TransferAct::Hold => Ok(unless(transfer.on_hold, TransferEvent::Held {})),
        TransferAct::Release => Ok(unless(!transfer.on_hold, TransferEvent::Released {})),
        TransferAct::Settle { question } => Ok(unless(
            !transfer.questions.contains(&question),
            TransferEvent::QuestionSettled { question },
        )),
    }
}

fn unless(is_so: bool, event: TransferEvent) -> Vec<TransferEvent> {
    if is_so { vec![] } else { vec![event] }
}

/// The amount of a part of which nothing was paid back.
fn unrepaid(transfer: &Transfer, part: Uuid) -> Result<Yen, TransferRefusal> {
    let known = transfer
        .parts
        .get(&part)
        .ok_or(TransferRefusal::UnknownPart)?;
    if transfer.repaid_of(part).is_zero() {
        Ok(known.amount)
    } else {
        Err(TransferRefusal::Repaid)
    }
}

fn placed(
    transfer: &Transfer,
    parts: Vec<NewPart>,
    left: Yen,
    settings: TransferSettings,
) -> Decision {
    if parts.is_empty() {
        return Err(TransferRefusal::Nothing);
    }
    let mut wanted = Yen::ZERO;
    let mut events = Vec::with_capacity(parts.len());
    for part in parts {
        if part.amount.is_zero() {
            return Err(TransferRefusal::Nothing);
        }
        // A part's id names it for good: two of them would be one.
        if transfer.parts.contains_key(&part.id) {
            return Err(TransferRefusal::Stale {
                current: transfer.revision,
            });
        }
        let forgone = match part.place {
            Place::Fee { .. } => part.forgone,
            Place::NotOurs | Place::PaidOut { .. } => Yen::ZERO,
        };
        if forgone > settings.forgone_limit {
            return Err(TransferRefusal::TooMuchForgone {
                limit: settings.forgone_limit,
            });
        }
        wanted = wanted
            .plus(part.amount)
            .map_err(|_| TransferRefusal::TooMuch)?;
        events.push(TransferEvent::PartPlaced {
            part: part.id,
            place: part.place,
            amount: part.amount,
            forgone,
            from_line: None,
        });
    }
    if wanted > left {
        return Err(TransferRefusal::BeyondAmount { left });
    }
    Ok(events)
}

fn check_account(account: &str) -> Result<(), TransferRefusal> {
    let digits =
        (3..=8).contains(&account.len()) && account.bytes().all(|byte| byte.is_ascii_digit());
    if digits && undecodable(account).is_none() {
        return Ok(());
    }
    Err(TransferRefusal::Invalid {
        pointer: "/account",
        message: "返金先の口座番号は、下3桁から8桁までを半角数字で入力してください。".to_owned(),
    })
}

/// How much this repayment may be: of its part, or of what is placed nowhere. Its own earlier figure is not in the way.
fn repayable(
    transfer: &Transfer,
    repayment: Uuid,
    part: Option<Uuid>,
    amount: Yen,
) -> Result<Yen, TransferRefusal> {
    let earlier = match transfer.repayments.get(&repayment) {
        // A correction corrects the figure, day and account; of what it was paid stays.
        Some(known) if known.part != part => return Err(TransferRefusal::UnknownPart),
        Some(known) => known.amount,
        None if amount.is_zero() => return Err(TransferRefusal::Nothing),
        None => Yen::ZERO,
    };
    let left = match part {
        None => transfer.left(),
        Some(id) => transfer
            .parts
            .get(&id)
            .ok_or(TransferRefusal::UnknownPart)?
            .amount
            .minus(transfer.repaid_of(id))
            .unwrap_or_default(),
    };
    left.plus(earlier).map_err(|_| TransferRefusal::TooMuch)
}

fn correction(
    transfer: &Transfer,
    line: Uuid,
    number: usize,
) -> Result<(&Line, &Line), TransferRefusal> {
    let held = transfer
        .lines
        .get(&line)
        .ok_or(TransferRefusal::UnknownLine)?;
    let correction = held
        .corrections
        .get(number)
        .ok_or(TransferRefusal::NoCorrection)?;
    Ok((&held.said, correction))
}

/// The part that was placed from the line by itself goes with what it was placed for.
fn take_correction(transfer: &Transfer, line: Uuid, number: usize) -> Decision {
    let (before, after) = correction(transfer, line, number)?;
    let (own, own_amount) = unrepaid_parts_of(transfer, line);
    let amount = transfer
        .amount()
        .minus(before.amount)
        .unwrap_or_default()
        .plus(after.amount)
        .map_err(|_| TransferRefusal::TooMuch)?;
    let used = used(transfer).minus(own_amount).unwrap_or_default();
    if used > amount {
        return Err(TransferRefusal::BeyondAmount {
            left: transfer.left(),
        });
    }
    let mut events: Vec<_> = own
        .into_iter()
        .map(|part| TransferEvent::PartTakenBack { part })
        .collect();
    events.push(TransferEvent::CorrectionTaken {
        line,
        said: after.clone(),
    });
    Ok(events)
}
