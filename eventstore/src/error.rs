//! What can go wrong, told by the step at which it did. No variant carries a payload, not even in a source: a decoder's
//! own message would quote the value that it stumbled over, so only its kind and place are kept.

use std::fmt;

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
    /// Events of a stream have no ledger number yet, so nothing can be proved of them.
    #[error("the stream's last events have no ledger number yet")]
    Unsealed,
    /// The task of the command panicked or was aborted; whether it wrote is unknown. Repeating it with its id is safe.
    #[error("the command's task ended early")]
    Interrupted,
}

impl Error {
    /// For `map_err`: the database failed at `stage`.
    pub(crate) fn at(stage: Stage) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Database { stage, source }
    }
}
