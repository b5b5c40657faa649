//! What can go wrong, told by the step at which it did. No variant carries a payload, not even in a source: a decoder's
//! own message would quote the value that it stumbled over, so only its kind and place are kept.

use std::fmt;

use cqrs_es::persist::PersistenceError;

use crate::ledger::anchor::AnchorProblem;

/// The step at which a database failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Opening the pool or looking at the server's settings.
    Connect,
    /// Reading a stream.
    Load,
    /// Writing a command's events.
    Append,
    /// Looking up the row of a command.
    CommandLookup,
    /// Reading the ordered feed or the head of the ledger.
    Feed,
    /// Moving events into the ledger.
    Seal,
    /// Checking the chain.
    Verify,
    /// Re-anchoring after a restore.
    Reanchor,
    /// Reading what an anchor or a proof is made from.
    Prove,
    /// Trying whether a write would be committed.
    Trial,
    /// Comparing the log with what the process has seen of it.
    Continuity,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Load => "loading a stream",
            Self::Append => "appending events",
            Self::CommandLookup => "looking up a command",
            Self::Feed => "reading the feed",
            Self::Seal => "sealing the ledger",
            Self::Verify => "verifying the ledger",
            Self::Reanchor => "re-anchoring the ledger",
            Self::Prove => "reading the ledger for a proof",
            Self::Trial => "trying to write",
            Self::Continuity => "comparing the log with what was seen of it",
        })
    }
}

/// A failure of the event log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address names neither an SQLite file nor a PostgreSQL server.
    #[error(
        "the database address must begin with sqlite: or postgres: and name a file or a server"
    )]
    UnsupportedAddress,
    /// The directory of the SQLite file can not be made, or the migration lock not taken.
    #[error("the directory of the database file can not be used")]
    Directory(#[source] std::io::Error),
    /// A migration failed or does not fit the database.
    #[error("the database could not be migrated")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The database failed at a step.
    #[error("the database failed while {stage}")]
    Database {
        /// The step.
        stage: Stage,
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
    /// The reader of `postgres-es` or `sqlite-es` failed.
    #[error("a stream could not be read")]
    Reader(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored event can not be decoded into what the code expects: an upcaster is missing.
    #[error(
        "{aggregate_type} event {sequence} ({event_type} {event_version}) can not be decoded: {category} error at column {column}"
    )]
    Undecodable {
        /// The type of the stream.
        aggregate_type: String,
        /// The event's number in its stream.
        sequence: i64,
        /// The name of the event.
        event_type: String,
        /// The version of the event.
        event_version: String,
        /// `syntax`, `data`, `eof` or `io`.
        category: &'static str,
        /// Where in the text; 0 when the text itself is sound.
        column: usize,
    },
    /// An event of the aggregate can not be written as JSON.
    #[error("an event of {aggregate_type} can not be serialized")]
    Unserializable {
        /// The type of the stream.
        aggregate_type: &'static str,
    },
    /// The metadata can not be written as JSON.
    #[error("the metadata can not be serialized")]
    UnserializableMetadata,
    /// An append without the typed [`Metadata`](crate::Metadata).
    #[error("an append needs an envelope with typed metadata and the request hash")]
    EnvelopeMissing,
    /// The events of one append are not one stream's consecutive events.
    #[error("the events of an append must be consecutive events of one stream")]
    NotConsecutive,
    /// The append would leave a hole in its stream.
    #[error("the stream does not reach up to the event before the first of the append")]
    Hole,
    /// The stream's last event is not the one that was decided on: the database was replaced below the process.
    #[error("the stream has another event before the first of the append")]
    OtherPast,
    /// The command's id has a row already.
    #[error("the command has been recorded before")]
    DuplicateCommand,
    /// A row contradicts what the log itself guarantees.
    #[error("the log contradicts itself: {0}")]
    Inconsistent(&'static str),
    /// The ledger comes from another PostgreSQL cluster and was not re-anchored.
    #[error("the ledger was restored from another cluster: re-anchor it before writing")]
    NeedsReanchor,
    /// Reading across streams by `cqrs-es` is refused: it has no order and ends early when a connection breaks.
    #[error("reading across streams goes through the feed")]
    CrossStreamRead,
    /// Snapshots of `cqrs-es` are refused: it applies each event to them twice.
    #[error("snapshots are not kept")]
    SnapshotsRefused,
    /// The file of the anchors can not be read or written.
    #[error("the file of the anchors can not be used")]
    AnchorFile(#[source] std::io::Error),
    /// An anchor does not follow from the one before it, or the ledger is not the one that was anchored.
    #[error("{0}")]
    Anchor(AnchorProblem),
    /// SQLite: an event stands in the log that no command of ours has written there, so that nothing can follow the ledger's last row.
    #[error("an event stands in the log without a row of the ledger: nothing can follow")]
    OutsideLedger,
    /// Events of a stream have no ledger number yet, so nothing can be proved of them.
    #[error("the stream's last events have no ledger number yet")]
    Unsealed,
    /// The task of the command panicked or was aborted; whether it wrote is unknown. Repeating it with its id is safe.
    #[error("the command's task ended early")]
    Interrupted,
}

/// The reader of `postgres-es` or `sqlite-es` failed.
impl From<PersistenceError> for Error {
    fn from(error: PersistenceError) -> Self {
        Self::Reader(match error {
            PersistenceError::ConnectionError(source)
            | PersistenceError::DeserializationError(source)
            | PersistenceError::UnknownError(source) => source,
            PersistenceError::OptimisticLockError => Box::new(error),
        })
    }
}

impl Error {
    /// For `map_err`: the database failed at `stage`.
    pub(crate) fn at(stage: Stage) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Database { stage, source }
    }
}

/// What is wrong with a database that may be right again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No room on its disk.
    Full,
    /// Somebody else has locked what is to be written.
    Locked,
    /// It can not be reached, or does not answer in time.
    Away,
    /// It says that it can not do it now.
    Unable,
    /// The log's guards refuse what would follow the ledger's end: something was written beside the service.
    Guarded,
}

impl Trouble {
    /// Its name in answers and figures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "disk-full",
            Self::Locked => "locked",
            Self::Away => "no-answer",
            Self::Unable => "database-unable",
            Self::Guarded => "ledger-blocked",
        }
    }
}

/// The trouble of the database behind an error, found in its sources, when the same may pass if it is simply tried again: the connection, a
/// lock, a full disk, something that was written beside the service. `None` for what is a matter of the content and the code.
pub fn trouble(error: &(dyn std::error::Error + 'static)) -> Option<Trouble> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<sqlx::Error>() {
            return of_the_driver(error);
        }
        if let Some(Error::OutsideLedger) = error.downcast_ref::<Error>() {
            return Some(Trouble::Guarded);
        }
        next = error.source();
    }
    None
}

fn of_the_driver(error: &sqlx::Error) -> Option<Trouble> {
    match error {
        sqlx::Error::Database(error) => match error.code() {
            Some(code) => by_code(&code),
            None => Some(Trouble::Unable),
        },
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Some(Trouble::Away),
        // Of a connection whose transaction is not what the driver thinks.
        sqlx::Error::BeginFailed | sqlx::Error::InvalidSavePointStatement => Some(Trouble::Unable),
        _ => None,
    }
}

/// About the content are PostgreSQL's classes 22 data, 23 constraints, 42 names and types, and SQLite's codes error, too big, constraint,
/// mismatch and range; it says more in the higher bytes. Its one constraint that is not about the content is a trigger's: all of ours are
/// guards of the log, which refuse no append unless something else has been written to where it belongs.
fn by_code(code: &str) -> Option<Trouble> {
    if code.len() == 5 {
        return match (code.get(..2)?, code) {
            ("22" | "23" | "42", _) => None,
            (_, "53100") => Some(Trouble::Full),
            (_, "55P03" | "57014" | "40001" | "40P01") => Some(Trouble::Locked),
            ("08" | "57", _) | (_, "25P03" | "53300") => Some(Trouble::Away),
            _ => Some(Trouble::Unable),
        };
    }
    if code == "1811" {
        return Some(Trouble::Guarded);
    }
    match code.parse::<u32>().ok()? & 0xff {
        1 | 18 | 19 | 20 | 25 => None,
        5 | 6 => Some(Trouble::Locked),
        13 => Some(Trouble::Full),
        _ => Some(Trouble::Unable),
    }
}

/// What lies behind an error, for a log line. Of what a database says only the code: its words, and more so its details ("Failing row
/// contains (…)", "Key (…)=(…) already exists"), quote values, and those are somebody's.
pub fn told_source(error: &dyn std::error::Error) -> String {
    let mut told = Vec::new();
    let mut next = error.source();
    while let Some(source) = next {
        let database = source
            .downcast_ref::<sqlx::Error>()
            .and_then(sqlx::Error::as_database_error);
        if let Some(database) = database {
            let code = database.code();
            told.push(format!(
                "database error {}",
                code.as_deref().unwrap_or("without a code")
            ));
            break;
        }
        told.push(source.to_string());
        next = source.source();
    }
    told.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_or_a_lock_passes_and_a_value_that_does_not_fit_stays() {
        for code in ["22021", "23505", "42P01", "1", "2067", "20"] {
            assert_eq!(by_code(code), None, "{code}");
        }
        for (code, trouble) in [
            ("57P01", Trouble::Away),
            ("08006", Trouble::Away),
            ("25P03", Trouble::Away),
            ("53100", Trouble::Full),
            ("13", Trouble::Full),
            ("40001", Trouble::Locked),
            ("5", Trouble::Locked),
            ("261", Trouble::Locked),
            ("10", Trouble::Unable),
            ("1811", Trouble::Guarded),
        ] {
            assert_eq!(by_code(code), Some(trouble), "{code}");
        }
    }

    #[test]
    fn trouble_is_found_behind_whatever_stands_before_it() {
        let lost = || Error::at(Stage::Append)(sqlx::Error::PoolTimedOut);
        assert_eq!(trouble(&lost()), Some(Trouble::Away));
        assert_eq!(
            trouble(&Error::Reader(Box::new(lost()))),
            Some(Trouble::Away)
        );
        let unfit = Error::at(Stage::Load)(sqlx::Error::RowNotFound);
        assert_eq!(trouble(&unfit), None);
        assert_eq!(trouble(&Error::NotConsecutive), None);
    }

    #[tokio::test]
    async fn of_what_a_database_says_a_log_line_holds_the_code_alone() {
        let pool = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
        let refused = sqlx::query("SELECT * FROM \"山田 太郎\"")
            .execute(&pool)
            .await
            .unwrap_err();
        assert!(refused.to_string().contains("山田"));
        let error = Error::at(Stage::Load)(refused);
        assert_eq!(told_source(&error), "database error 1");
        let error = Error::Directory(std::io::Error::other("no such place"));
        assert_eq!(told_source(&error), "no such place");
        assert_eq!(told_source(&Error::Hole), "");
    }
}
