//! What events do to the rows.

use std::collections::{BTreeMap, HashMap};

use domain::documents::DocumentKind;
use serde::{Deserialize, Serialize};

use super::document_of;
use crate::error::Unreadable;
use crate::feed::FedEvent;

/// An application's row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Number of the last event in its stream.
    pub sequence: i64,
    /// Time of its last event.
    pub updated_at_us: i64,
    /// The documents that were ever touched.
    pub documents: BTreeMap<DocumentKind, Document>,
}

/// What is known of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Document {
    /// 更新日時, microseconds.
    pub at: i64,
    /// Saved as a whole.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub saved: bool,
    /// Rows that it holds.
    #[serde(skip_serializing_if = "is_zero")]
    pub rows: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Document {
    /// 登録中
    pub(crate) fn is_registered(&self) -> bool {
        self.saved || self.rows > 0
    }
}

/// What an event says to this view.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub application: String,
    sequence: i64,
    at_us: i64,
    change: Change,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    /// Saved as a whole; for 研究活動歴 whether 総年数 holds anything.
    Whole(DocumentKind, bool),
    RowAdded(DocumentKind),
    RowRevised(DocumentKind),
    RowRemoved(DocumentKind),
    /// No document, but the row has seen it: who waits for the event must not wait in vain.
    Nothing,
}

#[derive(Deserialize)]
enum Years {
    ResearchYearsRecorded {
        total_years: domain::Personal<String>,
    },
}

impl Fact {
    pub(super) fn read(event: FedEvent) -> Result<Self, Unreadable> {
        let change = match (document_of(&event.event_type), event.event_type.as_str()) {
            (Some(document), "ResearchYearsRecorded") => {
                let Years::ResearchYearsRecorded { total_years } = event.decode()?;
                Change::Whole(document, !total_years.value.is_empty())
            }
            (Some(document), name) if name.ends_with("Added") => Change::RowAdded(document),
            (Some(document), name) if name.ends_with("Revised") => Change::RowRevised(document),
            (Some(document), name) if name.ends_with("Removed") => Change::RowRemoved(document),
            (Some(document), _) => Change::Whole(document, true),
            (
                None,
                "Applied"
                | "ExamAdded"
                | "Submitted"
                | "Withdrawn"
                | "SeminarAttendanceImported"
                | "SeminarAttendanceRetracted"
                | "PaymentConfirmed",
            ) => Change::Nothing,
            (None, name) if crate::acts::ACTS.contains(&name) => Change::Nothing,
            (None, _) => return Err(event.unknown()),
        };
        Ok(Self {
            sequence: event.sequence,
            at_us: event.decided_at_us()?,
            application: event.id,
            change,
        })
    }
}

pub(super) fn apply(rows: &mut HashMap<String, Row>, fact: Fact) {
    let row = rows.entry(fact.application).or_default();
    row.sequence = fact.sequence;
    row.updated_at_us = fact.at_us;
    let (kind, change): (_, fn(&mut Document)) = match fact.change {
        Change::Whole(kind, true) => (kind, |document| document.saved = true),
        Change::Whole(kind, false) => (kind, |document| document.saved = false),
        // The decider gives every row a new id and revises or removes only what is there, so counting is enough.
        Change::RowAdded(kind) => (kind, |document| {
            document.rows = document.rows.saturating_add(1);
        }),
        Change::RowRevised(kind) => (kind, |_| ()),
        Change::RowRemoved(kind) => (kind, |document| {
            document.rows = document.rows.saturating_sub(1);
        }),
        Change::Nothing => return,
    };
    let document = row.documents.entry(kind).or_default();
    document.at = fact.at_us;
    change(document);
}

#[cfg(test)]
mod tests {
    use domain::application::ApplicationEvent;

    use super::*;
    use crate::examples::{START_US, conference, corpus, fed, profile, row, years};

    fn row_after(events: &[ApplicationEvent]) -> Row {
        let mut rows = HashMap::new();
        for event in fed(events) {
            apply(&mut rows, Fact::read(event).unwrap());
        }
        rows.remove("p.1").unwrap()
    }

    #[test]
    fn a_saved_document_is_registered_with_the_time_of_the_decision() {
        let list = row_after(&[corpus("Applied"), profile("一"), profile("二")]);
        let saved = &list.documents[&DocumentKind::Profile];
        assert!(saved.is_registered());
        assert_eq!(saved.at, START_US + 3 * 60_000_000);
        assert_eq!((list.sequence, list.documents.len()), (3, 1));
    }

    #[test]
    fn a_list_is_registered_while_it_has_a_row_and_keeps_the_time_of_its_emptying() {
        let added = |number| ApplicationEvent::ConferenceAdded {
            row: row(number),
            conference: conference("横浜", "5"),
        };
        let removed = |number| ApplicationEvent::ConferenceRemoved { row: row(number) };
        let one_left = row_after(&[corpus("Applied"), added(1), added(2), removed(1)]);
        assert!(one_left.documents[&DocumentKind::Conferences].is_registered());
        let none_left = row_after(&[corpus("Applied"), added(1), removed(1)]);
        let emptied = &none_left.documents[&DocumentKind::Conferences];
        assert!(!emptied.is_registered());
        assert_eq!(emptied.at, START_US + 3 * 60_000_000);
    }

    #[test]
    fn total_years_alone_register_the_research_activities_until_they_are_cleared() {
        let kind = DocumentKind::ResearchActivities;
        let typed = row_after(&[corpus("Applied"), years("12")]);
        assert!(typed.documents[&kind].is_registered());
        let cleared = row_after(&[corpus("Applied"), years("12"), years("")]);
        assert!(!cleared.documents[&kind].is_registered());
    }

    #[test]
    fn an_event_of_no_document_moves_the_sequence_only() {
        let list = row_after(&[corpus("Applied"), corpus("PaymentConfirmed")]);
        assert_eq!(list.sequence, 2);
        assert!(list.documents.is_empty());
    }

    #[test]
    fn an_event_that_the_program_does_not_know_is_refused_by_name() {
        let mut event = fed(&[corpus("Applied")]).remove(0);
        event.event_type = "PaperPraised".into();
        let refused = Fact::read(event).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "event 1 (PaperPraised 1.0): this program does not know the event"
        );
    }
}
