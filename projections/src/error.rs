//! What can go wrong. No variant carries a payload.

/// The failure of an [`Effect`](crate::Effect). Its text is logged and stored, so it must not carry personal data.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An event that a view can not take in. It stops the view.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {global_seq} ({event_type} {event_version}): {reason}")]
pub struct Unreadable {
    /// Its ledger number.
    pub global_seq: i64,
    /// Its name.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// What is wrong, in words of our own: a decoder's message would quote the value.
    pub reason: &'static str,
}

/// A failure of the views.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error("the database failed while {doing}")]
    Database {
        /// The step.
        doing: &'static str,
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
    /// The second database, from which the reports are read, can not be asked now. The service goes on.
    #[error("the database that the reports are read from failed while {doing}")]
    Replica {
        /// The step.
        doing: &'static str,
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
    /// The event log failed.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
    /// An event can not be taken in.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The ledger has no row where one must be.
    #[error("the ledger has a gap after {0}")]
    Gap(i64),
    /// The rows were made by another version of the view's code.
    #[error(
        "the rows of {name} were made by version {found} of its code, this is version {expected}: rebuild it"
    )]
    OtherVersion {
        /// The view.
        name: &'static str,
        /// Of the rows.
        found: i64,
        /// Of this program.
        expected: i64,
    },
    /// A view or effect stands still at an event.
    #[error("{name} has failed at ledger number {at}: {reason}")]
    Failed {
        /// The view or effect.
        name: String,
        /// The ledger number that it can not pass.
        at: i64,
        /// Why.
        reason: String,
    },
    /// No view or effect has this name.
    #[error("there is no view of this name")]
    UnknownName,
    /// Another rebuild of the same view began, or the view was switched meanwhile.
    #[error("another rebuild of this view took over")]
    RebuildSuperseded,
    /// The effect refused a batch.
    #[error("the effect failed")]
    Effect(#[source] BoxError),
    /// A row holds what this crate did not write.
    #[error("a row of {0} is not one that this program wrote")]
    ForeignRow(&'static str),
}

impl Error {
    /// For `map_err`: the database failed while doing this.
    pub(crate) fn while_(doing: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Database { doing, source }
    }

    /// Whether the same event may pass when it is simply tried again. Everything else is a matter of the event and the code.
    pub(crate) fn passes_with_time(&self) -> bool {
        matches!(self, Self::RebuildSuperseded) || eventstore::trouble(self).is_some()
    }
}
