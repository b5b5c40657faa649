//! 以前の版の内容に戻す: a document as it was, as a new change.

use super::{ApplicationEvent, ApplicationState, Documents, Refusal, decide::unless};
use crate::{
    documents::{DocumentKind, RowId, Rows},
    member::MemberRecord,
    personal::Personal,
    program::Rules,
};

/// The events that make one document what it was; none when it is that already. That it may be edited has been decided.
pub(super) fn restore(
    state: &ApplicationState,
    rules: &Rules,
    document: DocumentKind,
    earlier: &Documents,
    record: &MemberRecord,
) -> Result<Vec<ApplicationEvent>, Refusal> {
    let now = &state.documents;
    match document {
        DocumentKind::Seminars => Err(Refusal::NotARowDocument),
        DocumentKind::Resume => {
            let then = earlier.resume.value.as_ref().ok_or(Refusal::NotSavedThen)?;
            let same =
                |saved: &super::SavedResume| saved.resume == then.resume && saved.record == *record;
            Ok(unless(now.resume.value.as_ref().is_some_and(same), || {
                ApplicationEvent::ResumeSaved {
                    resume: Personal::new(then.resume.clone()),
                    record: Personal::new(Box::new(record.clone())),
                }
            }))
        }
        DocumentKind::Profile => {
            let then = earlier
                .profile
                .value
                .as_ref()
                .ok_or(Refusal::NotSavedThen)?;
            Ok(unless(now.profile.value.as_ref() == Some(then), || {
                ApplicationEvent::ProfileSaved {
                    profile: Personal::new(then.clone()),
                }
            }))
        }
        DocumentKind::ClinicalExperience => {
            let then = earlier
                .clinical_experience
                .value
                .as_ref()
                .ok_or(Refusal::NotSavedThen)?;
            Ok(unless(
                now.clinical_experience.value.as_ref() == Some(then),
                || ApplicationEvent::ClinicalExperienceSaved {
                    experience: Personal::new(then.clone()),
                },
            ))
        }
        DocumentKind::ResearchActivities => {
            let (then, now) = (
                &earlier.research_activities.value,
                &now.research_activities.value,
            );
            let changes = changes(
                document,
                &then.rows,
                &now.rows,
                rules.research_activities.row_limit,
            )?;
            let mut events = rows(
                changes,
                |row, activity| ApplicationEvent::ResearchActivityAdded { row, activity },
                |row, activity| ApplicationEvent::ResearchActivityRevised { row, activity },
                |row| ApplicationEvent::ResearchActivityRemoved { row },
            );
            events.extend(unless(then.total_years == now.total_years, || {
                ApplicationEvent::ResearchYearsRecorded {
                    total_years: Personal::new(then.total_years.clone()),
                }
            }));
            Ok(events)
        }
        DocumentKind::Conferences => {
            let (then, now) = (&earlier.conferences.value, &now.conferences.value);
            let changes = changes(document, then, now, rules.conferences.row_limit)?;
            Ok(rows(
                changes,
                |row, conference| ApplicationEvent::ConferenceAdded { row, conference },
                |row, conference| ApplicationEvent::ConferenceRevised { row, conference },
                |row| ApplicationEvent::ConferenceRemoved { row },
            ))
        }
        DocumentKind::Papers => {
            let (then, now) = (&earlier.papers.value, &now.papers.value);
            let changes = changes(document, then, now, rules.papers.row_limit)?;
            Ok(rows(
                changes,
                |row, paper| ApplicationEvent::PaperAdded { row, paper },
                |row, paper| ApplicationEvent::PaperRevised { row, paper },
                |row| ApplicationEvent::PaperRemoved { row },
            ))
        }
    }
}

/// What happens to one row.
enum Change<T> {
    Remove(RowId),
    Revise(RowId, T),
    Add(RowId, T),
}

/// What makes a list what it was, in its order: a new row is always the last, so rows that stand behind one that comes back
/// are taken away and added again.
fn changes<T: Clone + PartialEq>(
    document: DocumentKind,
    then: &Rows<T>,
    now: &Rows<T>,
    limit: usize,
) -> Result<Vec<Change<T>>, Refusal> {
    if then.len() > limit {
        return Err(Refusal::TooManyRows { document, limit });
    }
    let in_place = then
        .iter()
        .zip(now.iter().filter(|row| then.get(row.id).is_some()))
        .take_while(|(then, now)| then.id == now.id)
        .count();
    let stays = |id: RowId| then.iter().take(in_place).any(|row| row.id == id);
    let mut changes: Vec<Change<T>> = now
        .iter()
        .filter(|row| !stays(row.id))
        .map(|row| Change::Remove(row.id))
        .collect();
    for (place, row) in then.iter().enumerate() {
        if place >= in_place {
            changes.push(Change::Add(row.id, row.value.clone()));
        } else if now.get(row.id) != Some(&row.value) {
            changes.push(Change::Revise(row.id, row.value.clone()));
        }
    }
    Ok(changes)
}

fn rows<T>(
    changes: Vec<Change<T>>,
    added: impl Fn(RowId, Personal<T>) -> ApplicationEvent,
    revised: impl Fn(RowId, Personal<T>) -> ApplicationEvent,
    removed: impl Fn(RowId) -> ApplicationEvent,
) -> Vec<ApplicationEvent> {
    changes
        .into_iter()
        .map(|change| match change {
            Change::Remove(row) => removed(row),
            Change::Revise(row, value) => revised(row, Personal::new(value)),
            Change::Add(row, value) => added(row, Personal::new(value)),
        })
        .collect()
}
