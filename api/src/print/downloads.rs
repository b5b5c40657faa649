//! What a member downloaded last, and what has changed since.

use std::collections::BTreeMap;

use domain::{
    application::ApplicationId,
    calendar::show_jst_minutes,
    sentences::{Sentence, Stand},
};
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::Timestamp;

use super::{Content, Sheet};

/// The last 申請書 that a member has downloaded of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// When.
    pub at: Timestamp,
    /// Number of the 本紙; `None` for 申請書（仮）.
    pub number: Option<u32>,
    /// See [`Content::fingerprints`].
    pub fingerprints: BTreeMap<String, String>,
}

/// How the last download stands to what would be printed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It says the same.
    Same,
    /// Other parts say something else now: their titles.
    Changed(Vec<String>),
    /// It is no print of the 本紙 that there is now.
    AnotherSheet,
}

impl Download {
    /// A download of this moment.
    pub fn new(content: &Content, sheet: &Sheet, at: Timestamp) -> Self {
        Self {
            at,
            number: sheet.number(),
            fingerprints: content.fingerprints(),
        }
    }

    /// How it stands to what would be printed now: the 本紙 with a number, or 申請書（仮）. A 本紙 never changes, so what it says
    /// is not asked for.
    pub fn freshness(&self, number: Option<u32>, content: impl FnOnce() -> Content) -> Freshness {
        if self.number != number {
            return Freshness::AnotherSheet;
        }
        if number.is_some() {
            return Freshness::Same;
        }
        let content = content();
        let now = content.fingerprints();
        let changed: Vec<String> = content
            .parts()
            .map(str::to_owned)
            .filter(|part| self.fingerprints.get(part) != now.get(part))
            .collect();
        if changed.is_empty() {
            Freshness::Same
        } else {
            Freshness::Changed(changed)
        }
    }

    /// What the member is told, if there is something to do where the application stands.
    pub fn stale_notice(
        &self,
        stand: Stand,
        number: Option<u32>,
        content: impl FnOnce() -> Content,
    ) -> Option<String> {
        let at = show_jst_minutes(self.at);
        match (self.freshness(number, content), number) {
            (Freshness::Same, _) => None,
            (Freshness::Changed(parts), _) => {
                let said = Sentence::PrintChanged;
                stand.allows(said).then(|| {
                    let parts = parts.join("」「");
                    format!(
                        "前回のダウンロード（{at}）のあとに、「{parts}」{}",
                        said.words()
                    )
                })
            }
            (Freshness::AnotherSheet, Some(number)) => {
                let said = Sentence::FetchFinalForm;
                stand.allows(said).then(|| {
                    format!(
                        "前回ダウンロードされた申請書（{at}）は、提出できる申請書ではありません。申請書（本紙）第{number}号{}",
                        said.words()
                    )
                })
            }
            (Freshness::AnotherSheet, None) => {
                let said = Sentence::EarlierFormVoid;
                stand.allows(said).then(|| {
                    format!(
                        "{}申請を完了すると、新しい申請書（本紙）が出力できます。",
                        said.words()
                    )
                })
            }
        }
    }
}

/// The table of downloads.
#[derive(Clone)]
pub struct Downloads {
    log: EventLog,
}

impl Downloads {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self { log }
    }

    /// Keeps a download in the place of the one before.
    ///
    /// # Errors
    /// The database.
    pub async fn keep(&self, id: &ApplicationId, download: &Download) -> Result<(), sqlx::Error> {
        let fingerprints = serde_json::to_string(&download.fingerprints)
            .map_err(|error| sqlx::Error::Encode(error.into()))?;
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "INSERT INTO downloads (application, submission_number, fingerprints, downloaded_at_us) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (application) DO UPDATE SET submission_number = excluded.submission_number,
                     fingerprints = excluded.fingerprints, downloaded_at_us = excluded.downloaded_at_us",
            )
            .bind(id.to_string())
            .bind(download.number.map(i64::from))
            .bind(&fingerprints)
            .bind(download.at.as_microsecond())
            .execute(pool)
            .await
            .map(drop)
        })?;
        Ok(())
    }

    /// The last download of an application.
    ///
    /// # Errors
    /// The database.
    pub async fn last(&self, id: &ApplicationId) -> Result<Option<Download>, sqlx::Error> {
        let row: Option<(Option<i64>, String, i64)> = on_database!(self.log.database(), pool => {
            sqlx::query_as(
                "SELECT submission_number, fingerprints, downloaded_at_us FROM downloads WHERE application = $1",
            )
            .bind(id.to_string())
            .fetch_optional(pool)
            .await
        })?;
        row.map(|(number, fingerprints, at)| {
            let foreign = |error| sqlx::Error::Decode(error);
            Ok(Download {
                at: Timestamp::from_microsecond(at).map_err(|error| foreign(error.into()))?,
                number: number
                    .map(u32::try_from)
                    .transpose()
                    .map_err(|error| foreign(error.into()))?,
                fingerprints: serde_json::from_str(&fingerprints)
                    .map_err(|error| foreign(error.into()))?,
            })
        })
        .transpose()
    }
}

#[cfg(test)]
mod tests {
    use eventstore::Database;

    use domain::sentences::{ExamPhase, Phase};

    use super::{super::sample, *};

    const AT_WORK: Stand = Stand {
        phase: Phase::Drafting,
        exam: ExamPhase::NotApplied,
    };
    const CHECKED: Stand = Stand {
        phase: Phase::UnderReview,
        exam: ExamPhase::NotApplied,
    };

    #[test]
    fn what_changed_since_the_download_is_named_by_part() {
        let (mut state, program) = (sample::small(), sample::program());
        let sheet = sample::provisional();
        let before = Content::new(&state, &program, &sheet);
        let download = Download::new(&before, &sheet, sheet.at());
        assert_eq!(download.freshness(None, || before), Freshness::Same);

        // Another hour alone changes nothing that is to be read again.
        let later = Sheet::Provisional {
            generated_at: sheet.at() + jiff::SignedDuration::from_hours(1),
        };
        let again = Content::new(&state, &program, &later);
        assert_eq!(download.stale_notice(AT_WORK, None, || again), None);

        let profile = state.documents.profile.value.as_mut().unwrap();
        profile.text.push('。');
        let experience = state.documents.clinical_experience.value.as_mut().unwrap();
        experience.examined.pop();
        let after = Content::new(&state, &program, &later);
        assert_eq!(
            download.stale_notice(AT_WORK, None, || after).unwrap(),
            "前回のダウンロード（2026/06/03 18:00）のあとに、「プロフィール」「業績目録」が変わっています。PDFをもう一度ダウンロードして、内容をご確認ください。"
        );
    }

    #[test]
    fn a_provisional_print_is_no_print_of_the_final_form() {
        let (mut state, program) = (sample::small(), sample::program());
        let sheet = sample::provisional();
        let before = Content::new(&state, &program, &sheet);
        let download = Download::new(&before, &sheet, sheet.at());
        let submitted = sample::submitted(&mut state, &program);
        let after = Content::new(&state, &program, &submitted);
        let notice = download
            .stale_notice(CHECKED, Some(1), || after.clone())
            .unwrap();
        assert!(
            notice.contains("申請書（本紙）第1号をダウンロード"),
            "{notice}"
        );
        let fetched = Download::new(&after, &submitted, submitted.at());
        assert_eq!(
            fetched.stale_notice(CHECKED, Some(1), || after.clone()),
            None
        );
        assert!(
            fetched
                .stale_notice(CHECKED, Some(2), || after.clone())
                .is_some()
        );
        let returned = Stand {
            phase: Phase::Returned,
            ..CHECKED
        };
        let void = fetched.stale_notice(returned, None, || after.clone());
        assert!(void.unwrap().starts_with("差し戻し（または"));
        // Where nothing is to be handed in, nothing is asked for.
        for phase in [Phase::Withdrawn, Phase::Lapsed, Phase::Certified] {
            let stand = Stand { phase, ..CHECKED };
            for number in [None, Some(2)] {
                assert_eq!(fetched.stale_notice(stand, number, || after.clone()), None);
            }
        }
    }

    #[tokio::test]
    async fn the_last_download_is_kept_and_read_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("downloads.db").display());
        let database = Database::connect(&url).await.unwrap();
        database.migrate().await.unwrap();
        let downloads = Downloads::new(EventLog::new(database));
        let id = ApplicationId::parse("specialist-renewal-4th-2026.9000001").unwrap();
        assert_eq!(downloads.last(&id).await.unwrap(), None);
        let mut download = Download {
            at: sample::provisional().at(),
            number: None,
            fingerprints: BTreeMap::from([("表紙".to_owned(), "00".to_owned())]),
        };
        downloads.keep(&id, &download).await.unwrap();
        assert_eq!(downloads.last(&id).await.unwrap(), Some(download.clone()));
        download.number = Some(2);
        downloads.keep(&id, &download).await.unwrap();
        assert_eq!(downloads.last(&id).await.unwrap(), Some(download));
    }
}
