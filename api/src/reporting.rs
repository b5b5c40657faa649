//! The second database, from which reports may be read: how it is, told at the start and by `shinsei doctor`.

use eventstore::on_database;
use projections::Error;

use crate::service::Service;

/// How the second database was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has the log of this service, and refuses to write.
    Sound {
        /// A physical replica, which follows another server.
        follows: bool,
        /// Events that its reports do not know yet.
        behind: i64,
    },
    /// It has the tables of a service, but not this one's log: its figures are others.
    OtherLog,
    /// It would let itself be written to.
    Writable,
    /// It can not be asked now. No password is in the words.
    Unreachable(String),
}

/// Looks at the second database; none when there is none.
///
/// # Errors
/// The service's own database can not be asked.
pub async fn look(service: &Service) -> Result<Option<Found>, Box<dyn std::error::Error>> {
    let state = match service.reporting.replica().await {
        Ok(Some(state)) => state,
        Ok(None) => return Ok(None),
        Err(error) => return Ok(Some(Found::Unreachable(unreachable(&error)))),
    };
    if !state.read_only {
        return Ok(Some(Found::Writable));
    }
    let own: Option<Vec<u8>> = on_database!(service.log.database(), pool => {
        sqlx::query_scalar("SELECT chain_hash FROM ledger WHERE global_seq = $1")
            .bind(state.checkpoint)
            .fetch_optional(pool)
            .await
    })?;
    if own.as_deref() != state.chain_hash.as_ref().map(<[u8; 32]>::as_slice) {
        return Ok(Some(Found::OtherLog));
    }
    Ok(Some(Found::Sound {
        follows: state.follows,
        behind: service.log.head().await? - state.checkpoint,
    }))
}

/// Writes into the log how the second database is found. Whatever it is, the service starts: only the reports need it.
pub(crate) async fn tell(service: &Service) {
    match look(service).await {
        Ok(None) => {}
        Ok(Some(Found::Sound { follows, behind })) => {
            tracing::info!(follows, behind, "reports are read from a second database");
        }
        Ok(Some(Found::OtherLog)) => tracing::error!(
            "SHINSEI_REPORTING_DATABASE_URL names a database with another log: the reports show another service's figures"
        ),
        Ok(Some(Found::Writable)) => tracing::warn!(
            "the server of SHINSEI_REPORTING_DATABASE_URL does not keep its connections from writing"
        ),
        Ok(Some(Found::Unreachable(why))) => tracing::warn!(
            why,
            "the database of SHINSEI_REPORTING_DATABASE_URL can not be asked: reports answer 503 until it can, everything else works"
        ),
        Err(error) => tracing::warn!(%error, "the second database could not be looked at"),
    }
}

/// A failure of the second database in words for those who run the service. Of what the server says only the code, as its words may
/// quote a value.
pub(crate) fn unreachable(error: &Error) -> String {
    let Error::Replica { source, .. } = error else {
        return error.to_string();
    };
    match source.as_database_error() {
        Some(told) => format!("{error}: {}", told.code().unwrap_or_default()),
        None => format!("{error}: {source}"),
    }
}
