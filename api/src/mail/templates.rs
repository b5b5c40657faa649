//! The templates: those that come with the program, and every version that the secretariat has made of them.

use domain::notice::NoticeKind;
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::Timestamp;
use uuid::Uuid;

use super::Text;

/// The text that comes with the program: the subject, an empty line, the body.
fn file(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Applied => include_str!("templates/applied.txt"),
        NoticeKind::ExamAdded => include_str!("templates/exam_added.txt"),
        NoticeKind::PaymentConfirmed => include_str!("templates/payment_confirmed.txt"),
        NoticeKind::Submitted => include_str!("templates/submitted.txt"),
        NoticeKind::ReturnedForCorrection => include_str!("templates/returned_for_correction.txt"),
        NoticeKind::Reopened => include_str!("templates/reopened.txt"),
        NoticeKind::DeadlineExtended => include_str!("templates/deadline_extended.txt"),
        NoticeKind::DocumentsAccepted => include_str!("templates/documents_accepted.txt"),
        NoticeKind::ReviewPassed => include_str!("templates/review_passed.txt"),
        NoticeKind::ReviewFailed => include_str!("templates/review_failed.txt"),
        NoticeKind::ExamResultRecorded => include_str!("templates/exam_result_recorded.txt"),
        NoticeKind::CertificationApproved => include_str!("templates/certification_approved.txt"),
        NoticeKind::CertificationFeeRequested => {
            include_str!("templates/certification_fee_requested.txt")
        }
        NoticeKind::Certified => include_str!("templates/certified.txt"),
        NoticeKind::Deferred => include_str!("templates/deferred.txt"),
        NoticeKind::Lapsed => include_str!("templates/lapsed.txt"),
        NoticeKind::DecisionUndone => include_str!("templates/decision_undone.txt"),
        NoticeKind::Withdrawn => include_str!("templates/withdrawn.txt"),
        NoticeKind::Reminder => include_str!("templates/reminder.txt"),
    }
}

/// A template as it is used now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// 0: the one that comes with the program.
    pub version: u32,
    /// Its text.
    pub text: Text,
    /// Who made the version, and when; none for the one that comes with the program.
    pub edited: Option<(String, Timestamp)>,
}

/// A new version.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Of which template.
    pub kind: NoticeKind,
    /// What it says.
    pub text: Text,
    /// The version that was seen.
    pub base: u32,
    /// The request: repeated, it makes no second version.
    pub request: (Uuid, [u8; 32]),
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Why no version was made.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// Somebody else made one since.
    #[error("the template has been edited since")]
    Stale(Box<Current>),
    /// The same id for another request.
    #[error("the id stands for another edit")]
    IdReused,
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The table of templates. Versions stay: what was sent names the one it was made from.
#[derive(Clone)]
pub struct Templates {
    log: EventLog,
}

type Row = (i64, String, String, String, i64);

impl Templates {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self { log }
    }

    /// The text that comes with the program.
    pub fn original(kind: NoticeKind) -> Text {
        let file = file(kind);
        let (subject, body) = file.split_once("\n\n").unwrap_or((file, ""));
        Text {
            subject: subject.to_owned(),
            body: body.to_owned(),
        }
    }

    /// The template that mails of a kind are written from.
    ///
    /// # Errors
    /// The database.
    pub async fn current(&self, kind: NoticeKind) -> Result<Current, sqlx::Error> {
        let row: Option<Row> = on_database!(self.log.database(), pool => {
            sqlx::query_as(
                "SELECT version, subject, body, edited_by, edited_at_us FROM mail_templates
                  WHERE kind = $1 ORDER BY version DESC LIMIT 1",
            )
                .bind(kind.as_str())
                .fetch_optional(pool)
                .await
        })?;
        let Some((version, subject, body, by, at)) = row else {
            return Ok(Current {
                version: 0,
                text: Self::original(kind),
                edited: None,
            });
        };
        Ok(Current {
            version: u32::try_from(version).map_err(foreign)?,
            text: Text { subject, body },
            edited: Some((by, Timestamp::from_microsecond(at).map_err(foreign)?)),
        })
    }

    /// Makes a version after the one that was seen. A text that is there already makes none.
    ///
    /// # Errors
    /// See [`EditError`]. Whether mails can be written from the text is for [`super::check`] to say before.
    pub async fn edit(&self, edit: &Edit) -> Result<Current, EditError> {
        let (request, hash) = &edit.request;
        let known: Option<Vec<u8>> = on_database!(self.log.database(), pool => {
            sqlx::query_scalar("SELECT request_hash FROM mail_templates WHERE request_id = $1")
                .bind(request.to_string())
                .fetch_optional(pool)
                .await
        })?;
        let current = self.current(edit.kind).await?;
        match known {
            Some(known) if known == hash => return Ok(current),
            Some(_) => return Err(EditError::IdReused),
            None => {}
        }
        if current.version != edit.base {
            return Err(EditError::Stale(Box::new(current)));
        }
        if current.text == edit.text {
            return Ok(current);
        }
        let made: u64 = write_in_turn!(self.log, pool => {
            sqlx::query(
                "INSERT INTO mail_templates (kind, version, subject, body, request_id, request_hash, edited_by, edited_at_us)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
            )
                .bind(edit.kind.as_str())
                .bind(i64::from(edit.base) + 1)
                .bind(&edit.text.subject)
                .bind(&edit.text.body)
                .bind(request.to_string())
                .bind(&hash[..])
                .bind(&edit.by)
                .bind(edit.at.as_microsecond())
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        let current = self.current(edit.kind).await?;
        if made == 0 && current.text != edit.text {
            // Somebody else at the same moment.
            return Err(EditError::Stale(Box::new(current)));
        }
        Ok(current)
    }
}

/// A row that this program did not write.
fn foreign(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::check;

    #[test]
    fn a_mail_of_every_kind_can_be_written_from_what_comes_with_the_program() {
        for kind in NoticeKind::ALL {
            let text = Templates::original(kind);
            assert_eq!(check(kind, &text), Ok(()), "{kind:?}");
            for used in ["氏名", "申請の種類", "申請番号", "リンク"] {
                assert!(text.body.contains(used), "{kind:?} has no {used}");
            }
            let sentences: Vec<_> = text
                .body
                .lines()
                .filter(|line| line.ends_with('。'))
                .collect();
            assert!(sentences.len() >= 3, "{kind:?}");
            for sentence in sentences {
                assert!(
                    ["ます。", "です。", "ください。", "ました。", "ません。"]
                        .iter()
                        .any(|polite| sentence.ends_with(polite)),
                    "{kind:?}: {sentence}"
                );
            }
        }
    }
}
