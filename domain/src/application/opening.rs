//! 修正のお願い: what of the documents it opens, and what of a save it takes.
//!
//! Without an open request everything is open here; whether documents can be edited at all is decided elsewhere.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{ApplicationEvent, ApplicationState, Correction, Documents, Refusal, edit::Edit};
use crate::{
    documents::{DocumentKind, FieldError, RowId},
    personal::Personal,
};

/// Why something of a save was not taken.
pub const NOT_ASKED_FOR: &str = "この項目は変更できません（修正のお願いの対象外です）";

impl ApplicationState {
    fn opens(&self, asked: impl FnOnce(&Correction) -> bool) -> bool {
        self.open_correction().is_none_or(asked)
    }

    /// Whether anything of a document is open.
    pub fn opens_document(&self, document: DocumentKind) -> bool {
        self.opens(|correction| {
            let mut items = correction.request.items.iter();
            items.any(|item| item.document == document)
        })
    }

    /// Whether a field of a document (`row` is none) or of one of its rows is open. `field` is its name in JSON.
    pub fn opens_field(&self, document: DocumentKind, row: Option<RowId>, field: &str) -> bool {
        let edit = Edit {
            document,
            row,
            adds_row: false,
            fields: Some(vec![field.to_owned()]),
        };
        self.opens(|correction| correction.opens(&edit))
    }

    /// Whether anything of a row is open.
    pub fn opens_row(&self, document: DocumentKind, row: RowId) -> bool {
        let mut fields = document.fields().iter().filter(|field| field.of_row);
        fields.any(|field| self.opens_field(document, Some(row), field.name))
    }

    /// Whether a row may be taken away, or brought back.
    pub fn opens_removal(&self, document: DocumentKind, row: RowId) -> bool {
        let edit = Edit {
            document,
            row: Some(row),
            adds_row: false,
            fields: None,
        };
        self.opens(|correction| correction.opens(&edit))
    }

    /// Whether rows may be added.
    pub fn opens_new_row(&self, document: DocumentKind) -> bool {
        self.opens(|correction| {
            let mut items = correction.request.items.iter();
            items
                .any(|item| item.document == document && item.row.is_none() && item.field.is_none())
        })
    }

    /// What of a document or row as it was sent is not what is saved now because the request does not open it, each with its name.
    /// Asked of the state that a save has left behind, these are the fields that it did not take.
    pub fn left_out<T: Serialize>(
        &self,
        document: DocumentKind,
        row: Option<RowId>,
        (sent, saved): (&T, Option<&T>),
    ) -> Vec<FieldError> {
        let (Some(saved), Ok(Value::Object(sent))) = (saved, serde_json::to_value(sent)) else {
            return Vec::new();
        };
        let Ok(Value::Object(saved)) = serde_json::to_value(saved) else {
            return Vec::new();
        };
        document
            .fields()
            .iter()
            .filter(|field| sent.get(field.name) != saved.get(field.name))
            .filter(|field| !self.opens_field(document, row, field.name))
            .map(|field| refused(field.name, field.label))
            .collect()
    }

    /// The same of 総年数.
    pub fn left_out_years(&self, sent: &str) -> Vec<FieldError> {
        const NAME: &str = "total_years";
        let document = DocumentKind::ResearchActivities;
        let closed = self.documents.research_activities.value.total_years != sent
            && !self.opens_field(document, None, NAME);
        let field = document.field(NAME).filter(|_| closed);
        field.map_or_else(Vec::new, |field| vec![refused(field.name, field.label)])
    }
}

/// Why something of that name was not taken, as a sentence.
pub fn not_asked_for(label: &str) -> String {
    format!("{label}: {NOT_ASKED_FOR}。")
}

fn refused(name: &str, label: &str) -> FieldError {
    FieldError {
        pointer: format!("/{name}"),
        message: not_asked_for(label),
    }
}

/// Of what would happen that which the open request asks for: an edit of several fields keeps those that are open, and a save whose
/// open part says something new is a save. What is `whole` is taken as it is or not at all.
///
/// # Errors
/// [`Refusal::NotReturned`] with the names of what is closed, when nothing that is open would change.
pub(super) fn asked_for(
    state: &ApplicationState,
    events: Vec<ApplicationEvent>,
    whole: bool,
) -> Result<Vec<ApplicationEvent>, Refusal> {
    let Some(correction) = state.open_correction() else {
        return Ok(events);
    };
    let mut taken = Vec::new();
    let mut closed = Vec::new();
    for event in events {
        let edit = Edit::of(&state.documents, &event).filter(|edit| !correction.opens(edit));
        let Some(edit) = edit else {
            taken.push(event);
            continue;
        };
        let opens = |name: &str| state.opens_field(edit.document, edit.row, name);
        closed.extend(closed_of(&edit, opens));
        taken.extend(narrowed(&state.documents, event, opens));
    }
    if closed.is_empty() || (!whole && !taken.is_empty()) {
        Ok(taken)
    } else {
        Err(Refusal::NotReturned(closed))
    }
}

/// What of an edit is closed, by name.
fn closed_of(edit: &Edit, opens: impl Fn(&str) -> bool) -> Vec<FieldError> {
    match &edit.fields {
        None => vec![FieldError {
            pointer: String::new(),
            message: not_asked_for(&format!(
                "{} 明細の{}",
                edit.document.title(),
                if edit.adds_row { "追加" } else { "削除" }
            )),
        }],
        Some(fields) => fields
            .iter()
            .filter(|name| !opens(name))
            .map(|name| {
                let field = edit.document.field(name);
                refused(
                    name,
                    field.map_or(edit.document.title(), |field| field.label),
                )
            })
            .collect(),
    }
}

/// The same edit of nothing but what is open; none when that changes nothing.
fn narrowed(
    documents: &Documents,
    event: ApplicationEvent,
    opens: impl Fn(&str) -> bool,
) -> Option<ApplicationEvent> {
    use ApplicationEvent as E;
    match event {
        E::ResumeSaved { resume, record } => {
            let saved = documents.resume.value.as_ref();
            let resume = open_part(saved.map(|saved| &saved.resume), &resume.value, opens)?;
            Some(E::ResumeSaved {
                resume: Personal::new(resume),
                record,
            })
        }
        E::ClinicalExperienceSaved { experience } => {
            let saved = documents.clinical_experience.value.as_ref();
            let experience = open_part(saved, &experience.value, opens)?;
            Some(E::ClinicalExperienceSaved {
                experience: Personal::new(experience),
            })
        }
        E::ResearchActivityRevised { row, activity } => {
            let saved = documents.research_activities.value.rows.get(row);
            let activity = open_part(saved, &activity.value, opens)?;
            Some(E::ResearchActivityRevised {
                row,
                activity: Personal::new(activity),
            })
        }
        E::ConferenceRevised { row, conference } => {
            let saved = documents.conferences.value.get(row);
            let conference = open_part(saved, &conference.value, opens)?;
            Some(E::ConferenceRevised {
                row,
                conference: Personal::new(conference),
            })
        }
        E::PaperRevised { row, paper } => {
            let paper = open_part(documents.papers.value.get(row), &paper.value, opens)?;
            Some(E::PaperRevised {
                row,
                paper: Personal::new(paper),
            })
        }
        // One field, or a row that comes or goes: there is no part of it.
        _ => None,
    }
}

/// What is saved with the open fields as they were sent; none when that is what is saved.
fn open_part<T: Serialize + DeserializeOwned + Default + PartialEq>(
    saved: Option<&T>,
    sent: &T,
    opens: impl Fn(&str) -> bool,
) -> Option<T> {
    let nothing = T::default();
    let saved = saved.unwrap_or(&nothing);
    let part = mixed(saved, sent, opens)?;
    (part != *saved).then_some(part)
}

/// What a form sent, with what is saved in the fields that it showed as closed: it sends nothing of them.
pub fn with_closed<T: Serialize + DeserializeOwned + Default>(
    saved: Option<&T>,
    sent: T,
    closed: &[String],
) -> T {
    let nothing = T::default();
    let opens = |name: &str| !closed.iter().any(|one| one == name);
    mixed(saved.unwrap_or(&nothing), &sent, opens).unwrap_or(sent)
}

/// The fields that are open as they were sent, the others as they are saved.
fn mixed<T: Serialize + DeserializeOwned>(
    saved: &T,
    sent: &T,
    opens: impl Fn(&str) -> bool,
) -> Option<T> {
    let Ok(Value::Object(kept)) = serde_json::to_value(saved) else {
        return None;
    };
    let Ok(Value::Object(mut fields)) = serde_json::to_value(sent) else {
        return None;
    };
    for (name, value) in &mut fields {
        if !opens(name) {
            *value = kept.get(name).cloned().unwrap_or_default();
        }
    }
    serde_json::from_value(Value::Object(fields)).ok()
}
