//! A transfer's state, and its seat in cqrs-es.

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::{Aggregate, event_sink::EventSink};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Line, LineKey, Place, Question, Source, TransferCommand, TransferEvent, TransferRefusal,
    TransferSettings, Yen, decide,
};
use crate::personal::Personal;

/// A line and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldLine {
    /// As it counts.
    pub said: Line,
    /// 取消: it counts no more.
    pub taken_back: bool,
    /// What sources say of it otherwise, each waiting for a person, in the order in which it came.
    pub corrections: Vec<Line>,
    /// What it was said to be, and a person did not take; a file that says so again is not asked about again.
    pub left: Vec<Line>,
    /// Whether it was placed by itself: what a person took back then is not placed by itself again.
    pub was_placed: bool,
}

/// A part (割り当て).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Where it belongs.
    pub place: Place,
    /// 円
    pub amount: Yen,
    /// 手数料差
    pub forgone: Yen,
    /// The line that the import placed it from; none where a person placed it.
    pub from_line: Option<Uuid>,
}

impl Part {
    /// What the fee has of it.
    pub fn counts(&self) -> Yen {
        self.amount.plus(self.forgone).unwrap_or(Yen::MAX)
    }
}

/// 返金
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repayment {
    /// The part whose money it was.
    pub part: Option<Uuid>,
    /// 円; 0 where it was corrected to nothing.
    pub amount: Yen,
    /// 返金日
    pub on: Date,
    /// The last digits of the account.
    pub account: Personal<String>,
}

/// 入金
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// Who told of it first; none before anybody did.
    pub source: Option<Source>,
    /// 取引番号
    pub number: Option<Personal<String>>,
    /// Its lines by id.
    pub lines: BTreeMap<Uuid, HeldLine>,
    /// Its parts by id.
    pub parts: BTreeMap<Uuid, Part>,
    /// What was paid back, by id.
    pub repayments: BTreeMap<Uuid, Repayment>,
    /// 保留
    pub on_hold: bool,
    /// 要確認
    pub questions: BTreeSet<Question>,
    /// The number of its events.
    pub revision: u64,
}

impl Transfer {
    /// The lines that count.
    pub fn counting(&self) -> impl Iterator<Item = (&Uuid, &Line)> {
        self.lines
            .iter()
            .filter(|(_, line)| !line.taken_back)
            .map(|(id, line)| (id, &line.said))
    }

    /// The line of a key, also one that was taken back.
    pub fn line_of(&self, key: &LineKey) -> Option<(&Uuid, &HeldLine)> {
        self.lines.iter().find(|(_, line)| line.said.key == *key)
    }

    /// 入金額: the sum of its lines.
    pub fn amount(&self) -> Yen {
        sum(self.counting().map(|(_, line)| line.amount))
    }

    /// What of it is placed, paid back or not.
    pub fn placed(&self) -> Yen {
        sum(self.parts.values().map(|part| part.amount))
    }

    /// What was paid back of no part.
    pub fn repaid_unplaced(&self) -> Yen {
        sum(self
            .repayments
            .values()
            .filter(|repayment| repayment.part.is_none())
            .map(|repayment| repayment.amount))
    }

    /// What was paid back of a part.
    pub fn repaid_of(&self, part: Uuid) -> Yen {
        sum(self
            .repayments
            .values()
            .filter(|repayment| repayment.part == Some(part))
            .map(|repayment| repayment.amount))
    }

    /// 未照合: what is neither placed nor paid back. Nothing where more is placed than came, as the log of before can have it.
    pub fn left(&self) -> Yen {
        let used = sum([self.placed(), self.repaid_unplaced()].into_iter());
        self.amount().minus(used).unwrap_or_default()
    }

    /// Whether a correction waits for a person.
    pub fn has_correction(&self) -> bool {
        self.lines.values().any(|line| !line.corrections.is_empty())
    }

    /// 要確認: a question or a correction is open.
    pub fn needs_a_person(&self) -> bool {
        !self.questions.is_empty() || self.has_correction()
    }
}

/// A sum that stays an amount: the decider lets no line or part in that would go beyond, so the limit is never met here.
fn sum(amounts: impl Iterator<Item = Yen>) -> Yen {
    amounts.fold(Yen::ZERO, |all, one| all.plus(one).unwrap_or(Yen::MAX))
}

impl Aggregate for Transfer {
    const TYPE: &'static str = "transfer";
    type Command = TransferCommand;
    type Event = TransferEvent;
    type Error = TransferRefusal;
    type Services = TransferSettings;

    async fn handle(
        &mut self,
        command: Self::Command,
        settings: &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        for event in decide(self, command, *settings)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        self.revision += 1;
        match event {
            TransferEvent::TransferRecorded { source, number } => {
                self.source = Some(source);
                self.number = number;
            }
            TransferEvent::LineReceived { line, said } => {
                let left = self
                    .lines
                    .remove(&line)
                    .map_or_else(Vec::new, |before| before.left);
                self.lines.insert(
                    line,
                    HeldLine {
                        said,
                        taken_back: false,
                        corrections: Vec::new(),
                        left,
                        was_placed: false,
                    },
                );
            }
            TransferEvent::CorrectionHeld { line, said } => {
                if let Some(held) = self.lines.get_mut(&line) {
                    held.corrections.push(said);
                }
            }
            TransferEvent::CorrectionTaken { line, said } => {
                if let Some(held) = self.lines.get_mut(&line) {
                    held.corrections.retain(|waiting| *waiting != said);
                    // The file of before, sent once more, is no news.
                    held.left.push(std::mem::replace(&mut held.said, said));
                    held.was_placed = false;
                }
            }
            TransferEvent::CorrectionLeft { line, said } => {
                if let Some(held) = self.lines.get_mut(&line) {
                    held.corrections.retain(|waiting| *waiting != said);
                    held.left.push(said);
                }
            }
            TransferEvent::LineTakenBack { line } => {
                if let Some(held) = self.lines.get_mut(&line) {
                    held.taken_back = true;
                    held.corrections.clear();
                }
            }
            TransferEvent::PartPlaced {
                part,
                place,
                amount,
                forgone,
                from_line,
            } => {
                if let Some(held) = from_line.and_then(|line| self.lines.get_mut(&line)) {
                    held.was_placed = true;
                }
                self.parts.insert(
                    part,
                    Part {
                        place,
                        amount,
                        forgone,
                        from_line,
                    },
                );
            }
            TransferEvent::PartTakenBack { part } => {
                self.parts.remove(&part);
            }
            TransferEvent::Repaid {
                repayment,
                part,
                amount,
                on,
                account,
            } => {
                self.repayments.insert(
                    repayment,
                    Repayment {
                        part,
                        amount,
                        on,
                        account,
                    },
                );
            }
            TransferEvent::Held {} => self.on_hold = true,
            TransferEvent::Released {} => self.on_hold = false,
            TransferEvent::Questioned { question } => {
                self.questions.insert(question);
            }
            TransferEvent::QuestionSettled { question } => {
                self.questions.remove(&question);
            }
        }
    }
}
