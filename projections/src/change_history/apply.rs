//! From the values before and the event's values: one entry for each field that changed.

use std::collections::{HashMap, HashSet};

use domain::application::ApplicationEvent;
use domain::catalogue::EVENTS;
use domain::documents::DocumentKind;

use super::fields::{self, Change, Keys};
use crate::error::Unreadable;
use crate::feed::FedEvent;

/// What an event says to this view.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    global_seq: i64,
    application: String,
    sequence: i64,
    event: &'static str,
    actor: String,
    role: String,
    reason: Option<String>,
    approval: Option<String>,
    command_id: String,
    decided_at_us: i64,
    changes: Vec<Change>,
}

/// One field that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub global_seq: i64,
    /// Its place among the entries of its event, from 0.
    pub place: i64,
    pub application: String,
    pub sequence: i64,
    pub event: &'static str,
    pub document: Option<&'static str>,
    pub row: Option<String>,
    pub field: String,
    pub before: String,
    pub after: String,
    pub actor: String,
    pub role: String,
    pub reason: Option<String>,
    pub approval: Option<String>,
    pub command_id: String,
    pub decided_at_us: i64,
}

/// The last values of a slot, in the order of the screen.
type Values = Vec<(String, String)>;

/// The values that a batch may touch, and the entries that it makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    values: HashMap<(String, String), Values>,
    touched: HashSet<(String, String)>,
    entries: Vec<Entry>,
}

/// Application, slot and values as they lie in the table.
pub(crate) type Saved = (String, String, String);

impl Fact {
    pub(super) fn read(event: &FedEvent) -> Result<Self, Unreadable> {
        let name = fields::EVENTS
            .iter()
            .find(|name| **name == event.event_type)
            .ok_or_else(|| event.unknown())?;
        let metadata = event.metadata()?;
        let content = event.decode::<ApplicationEvent>()?;
        let explanation = content
            .explanation()
            .map(|text| fields::explanation(event.sequence, text));
        let mut changes = fields::changes(content);
        changes.extend(explanation);
        Ok(Self {
            global_seq: event.global_seq,
            application: event.id.clone(),
            sequence: event.sequence,
            event: name,
            actor: metadata.actor,
            role: metadata.role,
            reason: metadata.reason,
            approval: metadata.approval,
            command_id: metadata.command_id.to_string(),
            decided_at_us: metadata.decided_at_us,
            changes,
        })
    }

    /// Application and slot of everything that it may change.
    pub(super) fn slots(&self) -> impl Iterator<Item = (&str, &str)> {
        self.changes
            .iter()
            .map(|change| (self.application.as_str(), change.slot.as_str()))
    }

    fn entry(&self, place: i64) -> Entry {
        Entry {
            global_seq: self.global_seq,
            place,
            application: self.application.clone(),
            sequence: self.sequence,
            event: self.event,
            document: None,
            row: None,
            field: String::new(),
            before: String::new(),
            after: String::new(),
            actor: self.actor.clone(),
            role: self.role.clone(),
            reason: self.reason.clone(),
            approval: self.approval.clone(),
            command_id: self.command_id.clone(),
            decided_at_us: self.decided_at_us,
        }
    }
}

impl Rows {
    pub(crate) fn from_saved(saved: Vec<Saved>) -> Option<Self> {
        let values = saved
            .into_iter()
            .map(|(application, slot, values)| {
                Some(((application, slot), serde_json::from_str(&values).ok()?))
            })
            .collect::<Option<_>>()?;
        Some(Self {
            values,
            ..Self::default()
        })
    }

    pub(crate) fn into_changes(mut self) -> Option<(Vec<Saved>, Vec<Entry>)> {
        let saved = self
            .touched
            .into_iter()
            .map(|key| {
                let values = self.values.remove(&key).unwrap_or_default();
                let values = serde_json::to_string(&values).ok()?;
                Some((key.0, key.1, values))
            })
            .collect::<Option<_>>()?;
        Some((saved, self.entries))
    }

    pub(super) fn apply(&mut self, mut fact: Fact) {
        let changes = std::mem::take(&mut fact.changes);
        let mut place = 0;
        for change in changes {
            let key = (fact.application.clone(), change.slot);
            let values = self.values.entry(key.clone()).or_default();
            for (name, before, after) in replace(values, change.values, change.partial) {
                let (row, field) = match &change.keys {
                    Keys::Fields(row) => (row.map(|row| row.to_string()), name),
                    Keys::Rows(field) => (Some(name), (*field).to_owned()),
                };
                self.entries.push(Entry {
                    document: change.document.map(DocumentKind::slug),
                    row,
                    field,
                    before,
                    after,
                    ..fact.entry(place)
                });
                place += 1;
            }
            self.touched.insert(key);
        }
        if place == 0 {
            // Whoever reads the history must find every event in it, also one that says again what was known.
            let label = EVENTS.iter().find(|entry| entry.name == fact.event);
            self.entries.push(Entry {
                field: label.map_or(fact.event, |entry| entry.label).to_owned(),
                ..fact.entry(0)
            });
        }
    }
}

/// Puts the new values in the place of the old ones and tells key, before and after of those that differ: in the order of
/// the new ones, then those that are gone. A value that is empty and one that is not there are the same.
fn replace(
    values: &mut Values,
    new: Vec<(String, String)>,
    partial: bool,
) -> Vec<(String, String, String)> {
    let mut old = std::mem::take(values);
    let mut differences = Vec::new();
    for (name, after) in new {
        let place = old.iter().position(|(known, _)| *known == name);
        let before = place.map_or_else(String::new, |place| old.remove(place).1);
        if before != after {
            differences.push((name.clone(), before, after.clone()));
        }
        if !after.is_empty() {
            values.push((name, after));
        }
    }
    if partial {
        values.splice(..0, old);
    } else {
        differences.extend(
            old.into_iter()
                .map(|(name, before)| (name, before, String::new())),
        );
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{conference, corpus, fed, profile, row};

    fn entries(events: &[ApplicationEvent]) -> Vec<Entry> {
        let mut rows = Rows::default();
        for event in fed(events) {
            rows.apply(Fact::read(&event).unwrap());
        }
        rows.into_changes().unwrap().1
    }

    /// Event number, document, field, before and after.
    fn shown(entry: &Entry) -> (i64, &str, &str, &str, &str) {
        (
            entry.global_seq,
            entry.document.unwrap_or_default(),
            &entry.field,
            &entry.before,
            &entry.after,
        )
    }

    #[test]
    fn a_second_save_shows_what_was_there_before() {
        let entries = entries(&[profile("一"), profile("二")]);
        let shown: Vec<_> = entries.iter().map(shown).collect();
        assert_eq!(
            shown,
            [
                (1, "profile", "プロフィール", "", "一"),
                (2, "profile", "プロフィール", "一", "二"),
            ]
        );
    }

    #[test]
    fn only_the_fields_of_a_row_that_changed_are_shown_with_the_row() {
        let entries = entries(&[
            ApplicationEvent::ConferenceAdded {
                row: row(1),
                conference: conference("横浜", "5"),
            },
            ApplicationEvent::ConferenceRevised {
                row: row(1),
                conference: conference("横浜", "7"),
            },
            ApplicationEvent::ConferenceRemoved { row: row(1) },
        ]);
        let id = row(1).to_string();
        assert!(
            entries
                .iter()
                .all(|entry| entry.row.as_deref() == Some(&id))
        );
        let shown: Vec<_> = entries.iter().map(shown).collect();
        assert_eq!(
            shown,
            [
                (1, "conferences", "開催地", "", "横浜"),
                (1, "conferences", "申請単位数", "", "5"),
                (2, "conferences", "申請単位数", "5", "7"),
                (3, "conferences", "開催地", "横浜", ""),
                (3, "conferences", "申請単位数", "7", ""),
            ]
        );
    }

    #[test]
    fn a_changed_workplace_and_a_ticked_box_are_told_in_the_words_of_the_screen() {
        let mut moved = corpus("ResumeSaved");
        if let ApplicationEvent::ResumeSaved { resume, record } = &mut moved {
            record.value.workplace.name = "中央総合病院".into();
            resume.value.withhold_home = true;
        }
        let entries = entries(&[corpus("ResumeSaved"), moved]);
        let second: Vec<_> = entries
            .iter()
            .filter(|entry| entry.global_seq == 2)
            .map(|entry| {
                (
                    entry.field.as_str(),
                    entry.before.as_str(),
                    entry.after.as_str(),
                )
            })
            .collect();
        assert_eq!(
            second,
            [
                ("施設名", "JSMO がんセンター", "中央総合病院"),
                ("個人情報の公開を希望しません", "なし", "あり"),
            ]
        );
    }

    #[test]
    fn organs_are_joined_and_a_removed_trial_is_shown_as_gone() {
        let mut shorter = corpus("ClinicalExperienceSaved");
        if let ApplicationEvent::ClinicalExperienceSaved { experience } = &mut shorter {
            experience.value.examined = vec!["造血器".into(), "呼吸器".into()];
            experience.value.trials.clear();
        }
        let entries = entries(&[corpus("ClinicalExperienceSaved"), shorter]);
        let second: Vec<_> = entries
            .iter()
            .filter(|entry| entry.global_seq == 2)
            .collect();
        let organs = second
            .iter()
            .find(|entry| entry.field == "診察した実績がある臓器・領域");
        assert_eq!(organs.unwrap().after, "造血器、呼吸器");
        let trial = second
            .iter()
            .find(|entry| entry.field == "臨床試験1 臨床試験名");
        assert_eq!(trial.unwrap().after, "");
        assert_ne!(trial.unwrap().before, "");
    }

    #[test]
    fn application_withdrawal_payment_and_completion_are_told_as_a_person_would() {
        let entries = entries(&[
            corpus("Applied"),
            corpus("PaymentConfirmed"),
            corpus("Submitted"),
            corpus("Withdrawn"),
        ]);
        let of = |global_seq| {
            entries
                .iter()
                .filter(move |entry| entry.global_seq == global_seq)
                .map(|entry| (entry.field.as_str(), entry.after.as_str()))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(1)[0].0, "お申込み");
        assert!(of(2)[0].1.contains('円'), "{:?}", of(2));
        assert_eq!(of(3), [("申請の完了", "本紙 第1号（55単位）")]);
        assert_eq!(of(4), [("お申込み", "取下げ")]);
    }

    #[test]
    fn what_the_member_is_told_stands_beside_what_was_done_and_an_undoing_says_of_what() {
        let mut lapsed = corpus("Lapsed");
        if let ApplicationEvent::Lapsed { explanation, .. } = &mut lapsed {
            *explanation = Some(domain::Personal::new("ご連絡がなかったため。".to_owned()));
        }
        let entries = entries(&[lapsed.clone(), lapsed, corpus("DecisionUndone")]);
        let shown: Vec<_> = entries
            .iter()
            .map(|entry| {
                (
                    entry.field.as_str(),
                    entry.before.as_str(),
                    entry.after.as_str(),
                )
            })
            .collect();
        let told = ("会員への説明", "", "ご連絡がなかったため。");
        assert_eq!(shown[..2], [("認定", "", "失効"), told]);
        assert_eq!(shown[2], told);
        assert_eq!(shown[3], ("認定", "失効", "失効の取消"));
        assert_eq!(shown[4].0, "会員への説明");
    }

    #[test]
    fn an_event_that_says_what_was_known_already_still_has_its_entry() {
        let entries = entries(&[profile("一"), profile("一")]);
        assert_eq!(shown(&entries[1]), (2, "", "プロフィールの保存", "", ""));
    }

    #[test]
    fn a_new_application_shows_the_seminars_that_are_no_longer_known() {
        let with = corpus("SeminarAttendanceImported");
        let mut without = corpus("Applied");
        if let ApplicationEvent::Applied { attendance, .. } = &mut without {
            attendance.clear();
        }
        let entries = entries(&[without.clone(), with, corpus("Withdrawn"), without]);
        let gone: Vec<_> = entries
            .iter()
            .filter(|entry| entry.global_seq == 4 && entry.document == Some("seminars"))
            .collect();
        assert_eq!(gone.len(), 1);
        assert_eq!(gone[0].field, "参加");
        assert!(gone[0].after.is_empty() && !gone[0].before.is_empty());
    }
}
