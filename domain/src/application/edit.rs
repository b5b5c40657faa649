//! What an event changes in the documents: which document, which row, which fields.

use serde::Serialize;
use serde_json::Value;

use super::{ApplicationEvent, Documents};
use crate::documents::{DocumentKind, RowId};

/// One change of the documents.
pub(crate) struct Edit {
    pub document: DocumentKind,
    pub row: Option<RowId>,
    /// A new row.
    pub adds_row: bool,
    /// The fields that differ, by their names in JSON; none when a row comes or goes as a whole.
    pub fields: Option<Vec<String>>,
}

impl Edit {
    /// What an event does to the documents as they are before it; none for an event about something else.
    pub fn of(documents: &Documents, event: &ApplicationEvent) -> Option<Self> {
        use ApplicationEvent as E;
        let whole = |document, fields| Self {
            document,
            row: None,
            adds_row: false,
            fields: Some(fields),
        };
        let row = |document, row, adds_row, fields| Self {
            document,
            row: Some(row),
            adds_row,
            fields,
        };
        Some(match event {
            E::ResumeSaved { resume, .. } => whole(
                DocumentKind::Resume,
                differing(
                    documents.resume.value.as_ref().map(|saved| &saved.resume),
                    &resume.value,
                ),
            ),
            E::ProfileSaved { profile } => whole(
                DocumentKind::Profile,
                differing(documents.profile.value.as_ref(), &profile.value),
            ),
            E::ClinicalExperienceSaved { experience } => whole(
                DocumentKind::ClinicalExperience,
                differing(
                    documents.clinical_experience.value.as_ref(),
                    &experience.value,
                ),
            ),
            E::ResearchYearsRecorded { .. } => whole(
                DocumentKind::ResearchActivities,
                vec!["total_years".to_owned()],
            ),
            E::ResearchActivityAdded { row: id, .. } => {
                row(DocumentKind::ResearchActivities, *id, true, None)
            }
            E::ConferenceAdded { row: id, .. } => row(DocumentKind::Conferences, *id, true, None),
            E::PaperAdded { row: id, .. } => row(DocumentKind::Papers, *id, true, None),
            E::ResearchActivityRemoved { row: id } => {
                row(DocumentKind::ResearchActivities, *id, false, None)
            }
            E::ConferenceRemoved { row: id } => row(DocumentKind::Conferences, *id, false, None),
            E::PaperRemoved { row: id } => row(DocumentKind::Papers, *id, false, None),
            E::ResearchActivityRevised { row: id, activity } => {
                let saved = documents.research_activities.value.rows.get(*id);
                let fields = differing(saved, &activity.value);
                row(DocumentKind::ResearchActivities, *id, false, Some(fields))
            }
            E::ConferenceRevised {
                row: id,
                conference,
            } => {
                let fields = differing(documents.conferences.value.get(*id), &conference.value);
                row(DocumentKind::Conferences, *id, false, Some(fields))
            }
            E::PaperRevised { row: id, paper } => {
                let fields = differing(documents.papers.value.get(*id), &paper.value);
                row(DocumentKind::Papers, *id, false, Some(fields))
            }
            _ => return None,
        })
    }
}

/// The fields of an object that differ, by name; all that hold something when there was nothing before.
fn differing<T: Serialize>(before: Option<&T>, after: &T) -> Vec<String> {
    let fields = |value: Option<&T>| match value.map(serde_json::to_value) {
        Some(Ok(Value::Object(fields))) => fields,
        _ => serde_json::Map::new(),
    };
    let before = fields(before);
    fields(Some(after))
        .into_iter()
        .filter(|(name, value)| before.get(name) != Some(value))
        .map(|(name, _)| name)
        .collect()
}
