//! One application's history as a file that proves itself.

use std::time::Duration;

use domain::application::{Application, ApplicationId};

use super::anchors_of;
use crate::service::Service;

/// How long an export waits until the last event has its ledger number (PostgreSQL).
const PATIENCE: Duration = Duration::from_secs(2);

/// A history with its proof.
#[derive(Debug)]
pub struct Exported {
    /// `history_specialist-renewal-4th-2026.9000001.json`: by 会員番号, without the name of a person.
    pub file_name: String,
    /// The document.
    pub bytes: Vec<u8>,
    /// How many events are in it.
    pub events: usize,
    /// How many of them are anchored.
    pub anchored: usize,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Nothing was applied for.
    #[error("there is no such application")]
    NotApplied,
    /// The log, or its anchors.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
    /// It cannot be written as JSON.
    #[error("the proof can not be written as JSON")]
    Unwritable(#[source] serde_json::Error),
}

/// Makes the file. Whoever asks for it is shown personal data: 閲覧記録 comes first, and is the caller's.
///
/// # Errors
/// See [`ExportError`]; [`eventstore::Error::Anchor`] when the ledger is not the one that was anchored.
pub async fn export(service: &Service, id: &ApplicationId) -> Result<Exported, ExportError> {
    let (_, sequence) = service
        .application(id)
        .await?
        .ok_or(ExportError::NotApplied)?;
    let name = id.to_string();
    // Whether it has its number by then, the proof says by itself.
    service
        .log
        .ledger_entry_within::<Application>(&name, sequence, PATIENCE)
        .await?;
    let anchors = anchors_of(service).await?;
    let proof = service
        .log
        .proof::<Application>(&name, anchors)
        .await?
        .ok_or(ExportError::NotApplied)?;
    let bytes = serde_json::to_vec(&proof).map_err(ExportError::Unwritable)?;
    Ok(Exported {
        file_name: file_name(&name),
        bytes,
        events: proof.events.len(),
        anchored: proof
            .events
            .iter()
            .filter(|one| one.anchor.is_some())
            .count(),
    })
}

/// What is no part of an id has no place in a header or a path.
fn file_name(id: &str) -> String {
    let id: String = id
        .chars()
        .filter(|&c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
        .collect();
    format!("history_{id}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_named_by_the_application_and_nothing_leads_out_of_it() {
        assert_eq!(
            file_name("specialist-renewal-4th-2026.9000001"),
            "history_specialist-renewal-4th-2026.9000001.json"
        );
        assert_eq!(file_name("../a\"\r\n/臨床.1"), "history_..a.1.json");
    }
}
