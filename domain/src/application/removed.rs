//! Rows that were taken away, so that they can be brought back.

use super::{ApplicationEvent, RowValue};
use crate::documents::{DocumentKind, RowId};

/// A row that is in no list any more, with what it held last.
#[derive(Clone, Debug, PartialEq)]
pub struct RemovedRow {
    /// Its id, under which it comes back.
    pub row: RowId,
    /// What it held.
    pub value: RowValue,
}

/// The rows that were removed and not brought back, the last removed first. `events` is the application's whole stream.
pub fn removed_rows<'a>(events: impl IntoIterator<Item = &'a ApplicationEvent>) -> Vec<RemovedRow> {
    let mut listed: Vec<RemovedRow> = Vec::new();
    let mut removed: Vec<RemovedRow> = Vec::new();
    for event in events {
        let (row, value) = match event {
            ApplicationEvent::ResearchActivityAdded { row, activity }
            | ApplicationEvent::ResearchActivityRevised { row, activity } => {
                (row, RowValue::ResearchActivity(activity.value.clone()))
            }
            ApplicationEvent::ConferenceAdded { row, conference }
            | ApplicationEvent::ConferenceRevised { row, conference } => {
                (row, RowValue::Conference(conference.value.clone()))
            }
            ApplicationEvent::PaperAdded { row, paper }
            | ApplicationEvent::PaperRevised { row, paper } => {
                (row, RowValue::Paper(paper.value.clone()))
            }
            event => {
                if let Some((document, row)) = taken_away(event)
                    && let Some(place) = listed.iter().position(|one| one.is(document, row))
                {
                    removed.push(listed.remove(place));
                }
                continue;
            }
        };
        let document = value.document();
        removed.retain(|one| !one.is(document, *row));
        match listed.iter_mut().find(|one| one.is(document, *row)) {
            Some(one) => one.value = value,
            None => listed.push(RemovedRow { row: *row, value }),
        }
    }
    removed.reverse();
    removed
}

impl RemovedRow {
    /// An id names a row within its document only.
    fn is(&self, document: DocumentKind, row: RowId) -> bool {
        self.row == row && self.value.document() == document
    }
}

/// The row that an event takes away.
fn taken_away(event: &ApplicationEvent) -> Option<(DocumentKind, RowId)> {
    match event {
        ApplicationEvent::ResearchActivityRemoved { row } => {
            Some((DocumentKind::ResearchActivities, *row))
        }
        ApplicationEvent::ConferenceRemoved { row } => Some((DocumentKind::Conferences, *row)),
        ApplicationEvent::PaperRemoved { row } => Some((DocumentKind::Papers, *row)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        application::examples::{conference, paper, row},
        personal::Personal,
    };

    fn added(number: u128, day: &str) -> ApplicationEvent {
        ApplicationEvent::ConferenceAdded {
            row: row(number),
            conference: Personal::new(conference(day, "5")),
        }
    }

    fn removal(number: u128) -> ApplicationEvent {
        ApplicationEvent::ConferenceRemoved { row: row(number) }
    }

    #[test]
    fn what_was_removed_is_remembered_with_its_last_value_the_last_one_first() {
        let revised = ApplicationEvent::ConferenceRevised {
            row: row(1),
            conference: Personal::new(conference("2025/3/6", "10")),
        };
        let events = [
            added(1, "2026/3/26"),
            added(2, "2024/2/22"),
            revised,
            removal(1),
            removal(2),
        ];
        let removed = removed_rows(&events);
        assert_eq!(
            removed.iter().map(|one| one.row).collect::<Vec<_>>(),
            [row(2), row(1)]
        );
        assert_eq!(
            removed[1].value,
            RowValue::Conference(conference("2025/3/6", "10"))
        );
    }

    #[test]
    fn a_row_that_was_brought_back_is_not_removed() {
        let events = [added(1, "2026/3/26"), removal(1), added(1, "2026/3/26")];
        assert_eq!(removed_rows(&events), []);
    }

    #[test]
    fn the_same_id_in_two_documents_names_two_rows() {
        let of_a_paper = ApplicationEvent::PaperAdded {
            row: row(1),
            paper: Personal::new(paper("題", "10")),
        };
        let events = [added(1, "2026/3/26"), of_a_paper, removal(1)];
        assert_eq!(
            removed_rows(&events),
            [RemovedRow {
                row: row(1),
                value: RowValue::Conference(conference("2026/3/26", "5")),
            }]
        );
    }
}
