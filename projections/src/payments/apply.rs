//! From events to the two lists: the last event about a transaction says all there is.

use std::collections::BTreeMap;

use cqrs_es::Aggregate as _;
use domain::application::{Application, ApplicationEvent};
use domain::member::{MemberEvent, Payment};

use crate::error::Unreadable;
use crate::feed::FedEvent;

/// A payment, or its confirmation, as its last event leaves it. Taken back: only its place stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub sequence: i64,
    pub item: &'static str,
    pub amount_yen: i64,
    pub paid_on: String,
    pub taken_back: bool,
}

impl Row {
    fn of(sequence: i64, payment: &Payment) -> Self {
        Self {
            sequence,
            item: payment.item.label(),
            amount_yen: i64::from(payment.amount_yen),
            paid_on: payment.paid_on.to_string(),
            taken_back: false,
        }
    }

    fn taken_back(sequence: i64) -> Self {
        Self {
            sequence,
            item: "",
            amount_yen: 0,
            paid_on: String::new(),
            taken_back: true,
        }
    }
}

/// What an event says to this view.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    /// Of a member: the member's number, 取引番号.
    Received((String, String), Row),
    /// Of an application: its id, 取引番号.
    Confirmed((String, String), Row),
    /// Of something else.
    Nothing,
}

/// The rows that a batch writes: none of them follows from another.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub received: BTreeMap<(String, String), Row>,
    pub confirmed: BTreeMap<(String, String), Row>,
}

impl Fact {
    pub(super) fn read(event: FedEvent) -> Result<Self, Unreadable> {
        if !super::PAYLOADS.contains(&event.event_type.as_str()) {
            return Ok(Self::Nothing);
        }
        let sequence = event.sequence;
        if event.stream == Application::TYPE {
            return Ok(match event.decode()? {
                ApplicationEvent::PaymentConfirmed { payment } => {
                    let row = Row::of(sequence, &payment);
                    Self::Confirmed((event.id, payment.transaction), row)
                }
                ApplicationEvent::PaymentReversed { transaction, .. } => {
                    Self::Confirmed((event.id, transaction), Row::taken_back(sequence))
                }
                _ => Self::Nothing,
            });
        }
        Ok(match event.decode()? {
            MemberEvent::PaymentReceived { payment } => {
                let row = Row::of(sequence, &payment);
                Self::Received((event.id, payment.transaction), row)
            }
            MemberEvent::PaymentRetracted { transaction } => {
                Self::Received((event.id, transaction), Row::taken_back(sequence))
            }
            _ => Self::Nothing,
        })
    }
}

pub(super) fn apply(rows: &mut Rows, fact: Fact) {
    match fact {
        Fact::Received(key, row) => {
            rows.received.insert(key, row);
        }
        Fact::Confirmed(key, row) => {
            rows.confirmed.insert(key, row);
        }
        Fact::Nothing => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{corpus, fed, metadata};

    fn of_member(name: &str, sequence: i64) -> FedEvent {
        let file = format!(
            "{}/../domain/corpus/member/{name}@1.0.json",
            env!("CARGO_MANIFEST_DIR")
        );
        FedEvent {
            global_seq: sequence,
            stream: "member",
            id: "9000001".to_owned(),
            sequence,
            event_type: name.to_owned(),
            event_version: "1.0".to_owned(),
            payload: Some(std::fs::read_to_string(file).unwrap()),
            metadata: serde_json::to_string(&metadata(7)).unwrap(),
        }
    }

    fn after(events: Vec<FedEvent>) -> Rows {
        let mut rows = Rows::default();
        for event in events {
            apply(&mut rows, Fact::read(event).unwrap());
        }
        rows
    }

    #[test]
    fn the_last_event_about_a_transaction_says_what_there_is() {
        let rows = after(vec![
            of_member("RecordImported", 1),
            of_member("PaymentReceived", 2),
        ]);
        let row = rows.received.values().next().unwrap();
        assert_eq!((row.sequence, row.taken_back), (2, false));
        let rows = after(vec![
            of_member("PaymentReceived", 2),
            of_member("PaymentRetracted", 3),
        ]);
        assert_eq!(rows.received.len(), 1, "one transaction");
        assert!(rows.received.values().all(|row| row.taken_back));
        let rows = after(fed(&[corpus("Applied"), corpus("PaymentConfirmed")]));
        assert!(rows.confirmed.values().all(|row| !row.taken_back));
        let rows = after(fed(&[
            corpus("PaymentConfirmed"),
            corpus("PaymentReversed"),
        ]));
        assert!(rows.confirmed.values().all(|row| row.taken_back));
        assert_eq!(rows.confirmed.len(), 1);
    }
}
