//! Every version of the programs that the service has ever started with.
//!
//! An application keeps the version of the rules that it was submitted under, not the rules. Their files may be changed in the
//! middle of a period (a typing error, a longer list of organs), and a 本紙 of before must still be printed as it was.

use std::collections::BTreeMap;

use domain::program::{Program, ProgramError, ProgramId, ProgramText, Programs};
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::Timestamp;

/// Why a version of a program could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The database.
    #[error("the kept versions of programs can not be read")]
    Database(#[from] sqlx::Error),
    /// This version of the software does not understand the files of then.
    #[error("version {version} of a program can not be read any more")]
    Unreadable {
        /// Which.
        version: String,
        /// Why.
        #[source]
        source: ProgramError,
    },
}

/// Keeps the versions of this start; those that are kept already stay as they are, and are the last ones that were in force.
///
/// # Errors
/// The database.
pub async fn keep(log: &EventLog, programs: &Programs) -> Result<(), sqlx::Error> {
    for program in programs.iter() {
        write_in_turn!(log, pool => {
            sqlx::query(
                "INSERT INTO program_versions (version, program, program_text, rules_name, rules_text, kept_at_us)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (version) DO UPDATE SET kept_at_us = excluded.kept_at_us",
            )
            .bind(&program.version)
            .bind(&program.id.0)
            .bind(&program.text.program)
            .bind(&program.text.rules_name)
            .bind(&program.text.rules)
            .bind(Timestamp::now().as_microsecond())
            .execute(pool)
            .await
            .map(drop)
        })?;
    }
    Ok(())
}

/// The programs that this start is not configured with, each as it was last kept. Next year's files may stand in the place of this year's while its
/// applications are still at work, also those that another node takes in after this one has started.
///
/// A text that this version of the software does not understand is left out and told: its applications cannot be shown.
///
/// # Errors
/// [`ArchiveError::Database`]
pub async fn earlier(log: &EventLog, programs: &Programs) -> Result<Vec<Program>, ArchiveError> {
    type Row = (String, String, String, String, String);
    let rows: Vec<Row> = on_database!(log.database(), pool => {
        sqlx::query_as(
            "SELECT program, version, program_text, rules_name, rules_text FROM program_versions ORDER BY kept_at_us, version",
        )
        .fetch_all(pool)
        .await
    })?;
    // The last of each.
    let kept: BTreeMap<ProgramId, _> = rows
        .into_iter()
        .map(|(program, version, program_text, rules_name, rules)| {
            let text = ProgramText {
                program: program_text,
                rules_name,
                rules,
            };
            (ProgramId(program), (version, text))
        })
        .filter(|(program, _)| programs.get(program).is_none())
        .collect();
    let mut earlier = Vec::new();
    for (program, (version, text)) in kept {
        match text.read() {
            Ok(read) => {
                tracing::warn!(%program, version, "a program is not configured any more: for its applications its rules are those that were kept");
                earlier.push(read);
            }
            Err(error) => {
                tracing::error!(%program, version, %error, "a program is not configured any more, and its kept rules can not be read");
            }
        }
    }
    Ok(earlier)
}

/// A version that was kept; `None` when no service with it has ever started on this database.
///
/// # Errors
/// See [`ArchiveError`].
pub async fn find(log: &EventLog, version: &str) -> Result<Option<Program>, ArchiveError> {
    let row: Option<(String, String, String)> = on_database!(log.database(), pool => {
        sqlx::query_as(
            "SELECT program_text, rules_name, rules_text FROM program_versions WHERE version = $1",
        )
        .bind(version)
        .fetch_optional(pool)
        .await
    })?;
    let Some((program, rules_name, rules)) = row else {
        return Ok(None);
    };
    let text = ProgramText {
        program,
        rules_name,
        rules,
    };
    match text.read() {
        Ok(program) => Ok(Some(program)),
        Err(source) => Err(ArchiveError::Unreadable {
            version: version.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use domain::program::ProgramId;
    use eventstore::Database;

    use super::*;

    #[tokio::test]
    async fn a_version_is_read_again_after_the_programs_have_changed() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("rules.db").display());
        let database = Database::connect(&url).await.unwrap();
        database.migrate().await.unwrap();
        let log = EventLog::new(database);
        let first = Programs::embedded().unwrap();
        let first = first
            .get(&ProgramId("specialist-renewal-2026".to_owned()))
            .unwrap();
        let changed = first.text.rules.replace("造血器", "血液");
        let files = [
            ("specialist-renewal-2026", first.text.program.as_str()),
            (first.text.rules_name.as_str(), changed.as_str()),
        ];
        let second = Programs::from_files(&files).unwrap();

        keep(&log, &Programs::embedded().unwrap()).await.unwrap();
        keep(&log, &second).await.unwrap();
        keep(&log, &second).await.unwrap();

        let found = find(&log, &first.version).await.unwrap().unwrap();
        assert_eq!(found.version, first.version);
        assert_eq!(found.rules.clinical_experience.organs[0], "造血器");
        let second = second.iter().next().unwrap();
        let found = find(&log, &second.version).await.unwrap().unwrap();
        assert_eq!(found.rules.clinical_experience.organs[0], "血液");
        assert!(find(&log, "0123456789abcdef").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn an_edit_that_was_taken_back_is_not_what_was_kept_last() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("rules.db").display());
        let database = Database::connect(&url).await.unwrap();
        database.migrate().await.unwrap();
        let log = EventLog::new(database);
        let embedded = Programs::embedded().unwrap();
        let first = embedded.iter().next().unwrap();
        let edited = first.text.program.replace("11000", "12345");
        assert_ne!(edited, first.text.program);
        let files = [
            (first.id.0.as_str(), edited.as_str()),
            (first.text.rules_name.as_str(), first.text.rules.as_str()),
        ];
        let edited = Programs::from_files(&files).unwrap();
        let last = async || {
            let Database::Sqlite(pool) = log.database() else {
                unreachable!("the test opened SQLite")
            };
            sqlx::query_scalar::<_, String>(
                "SELECT version FROM program_versions WHERE program = $1 ORDER BY kept_at_us DESC",
            )
            .bind(&first.id.0)
            .fetch_one(pool)
            .await
            .unwrap()
        };
        for programs in [&embedded, &edited, &embedded] {
            keep(&log, programs).await.unwrap();
            assert_eq!(last().await, programs.get(&first.id).unwrap().version);
        }
    }

    #[tokio::test]
    async fn a_version_that_is_not_understood_any_more_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("rules.db").display());
        let database = Database::connect(&url).await.unwrap();
        database.migrate().await.unwrap();
        let log = EventLog::new(database);
        let Database::Sqlite(pool) = log.database() else {
            unreachable!("the test opened SQLite")
        };
        sqlx::query("INSERT INTO program_versions VALUES ('old', 'p', 'id = 1', 'rules-1', '', 0)")
            .execute(pool)
            .await
            .unwrap();
        let error = find(&log, "old").await.unwrap_err();
        assert!(error.to_string().contains("version old"), "{error}");
    }
}
