//! The log as the views read it: in its dense order, with no more of each event than the view asks for.
//!
//! `EventLog::feed` decodes everything of every event. A view that needs a name and a time spends most of its catching up
//! on payloads that it throws away, so the views read by a statement of their own.

use std::fmt::Write as _;

use cqrs_es::persist::SerializedEvent;
use domain::catalogue::EVENTS;
use eventstore::Metadata;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result, Unreadable};
use crate::session::{Session, on_session};

/// An event of a stream that the view follows.
#[derive(Clone, Debug)]
pub(crate) struct FedEvent {
    /// Its number in the ledger.
    pub global_seq: i64,
    /// Type of its stream.
    pub stream: &'static str,
    /// Id of its stream: of the application, for almost all views.
    pub id: String,
    /// Its number in its stream.
    pub sequence: i64,
    /// Its name.
    pub event_type: String,
    /// The version of its shape when it was written.
    pub event_version: String,
    /// Its content, for the views that asked for it.
    pub payload: Option<String>,
    /// The column as it is.
    pub metadata: String,
}

/// A part of the ledger.
pub(crate) struct Batch {
    /// Those of its events that the view follows.
    pub events: Vec<FedEvent>,
    /// The number of its last event, of whatever stream; `None` when there was nothing.
    pub last: Option<i64>,
}

type Row = (
    i64,
    String,
    String,
    i64,
    String,
    String,
    Option<String>,
    String,
);

/// The part of the ledger after `checkpoint`, at most `limit` events: those of streams of these types, with the payloads of these
/// events.
pub(crate) async fn read(
    session: &mut Session,
    (checkpoint, limit): (i64, i64),
    streams: &'static [&'static str],
    payloads: &[&str],
) -> Result<Batch> {
    let statement = statement(streams, payloads);
    let rows: Vec<Row> = on_session!(session, connection => {
        sqlx::query_as(&statement)
            .bind(checkpoint)
            .bind(checkpoint.saturating_add(limit))
            .fetch_all(connection)
            .await
    })
    .map_err(Error::while_("reading the feed"))?;
    let mut batch = Batch {
        events: Vec::with_capacity(rows.len()),
        last: None,
    };
    for (
        (global_seq, aggregate_type, id, sequence, event_type, event_version, payload, metadata),
        expected,
    ) in rows.into_iter().zip(checkpoint + 1..)
    {
        if global_seq != expected {
            return Err(Error::Gap(expected - 1));
        }
        batch.last = Some(global_seq);
        if let Some(stream) = streams
            .iter()
            .copied()
            .find(|stream| *stream == aggregate_type)
        {
            batch.events.push(FedEvent {
                global_seq,
                stream,
                id,
                sequence,
                event_type,
                event_version,
                payload,
                metadata,
            });
        }
    }
    Ok(batch)
}

/// Names of our own code, never a value.
fn quoted(names: &[&str]) -> String {
    let mut list = String::new();
    for name in names {
        let _infallible = write!(list, "{}'{name}'", if list.is_empty() { "" } else { ", " });
    }
    list
}

/// A range and not a limit: a planner that does not know the limit's value prepares for a tenth of the log.
fn statement(streams: &[&str], payloads: &[&str]) -> String {
    let (streams, names) = (quoted(streams), quoted(payloads));
    format!(
        "SELECT l.global_seq, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
                CASE WHEN e.aggregate_type IN ({streams}) AND e.event_type IN ({names})
                     THEN CAST(e.payload AS text) END AS payload,
                CAST(e.metadata AS text) AS metadata
           FROM ledger l
           JOIN events e ON e.position = l.position
          WHERE l.global_seq > $1 AND l.global_seq <= $2
          ORDER BY l.global_seq"
    )
}

/// Only the time, out of a column that holds much more.
#[derive(Deserialize)]
struct Decided {
    decided_at_us: i64,
}

impl FedEvent {
    /// The event is not one that this view can take in.
    pub(crate) fn unreadable(&self, reason: &'static str) -> Unreadable {
        Unreadable {
            global_seq: self.global_seq,
            event_type: self.event_type.clone(),
            event_version: self.event_version.clone(),
            reason,
        }
    }

    /// Its name is none that this program knows.
    pub(crate) fn unknown(&self) -> Unreadable {
        self.unreadable("this program does not know the event")
    }

    /// The time of the decision, microseconds since 1970-01-01T00:00:00Z.
    pub(crate) fn decided_at_us(&self) -> Result<i64, Unreadable> {
        serde_json::from_str(&self.metadata)
            .map(|decided: Decided| decided.decided_at_us)
            .map_err(|_| self.unreadable("its metadata can not be decoded"))
    }

    /// Who, when and why.
    pub(crate) fn metadata(&self) -> Result<Metadata, Unreadable> {
        serde_json::from_str(&self.metadata)
            .map_err(|_| self.unreadable("its metadata can not be decoded"))
    }

    /// Its content: the event itself, or as much of it as `T` asks for.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        let payload = self
            .payload
            .as_deref()
            .ok_or_else(|| self.unreadable("its payload was not read"))?;
        let newest = EVENTS
            .iter()
            .find(|entry| entry.stream == self.stream && entry.name == self.event_type)
            .ok_or_else(|| self.unknown())?;
        if newest.version == self.event_version {
            serde_json::from_str(payload).ok()
        } else {
            self.upcast(payload)
                .and_then(|payload| serde_json::from_value(payload).ok())
        }
        .ok_or_else(|| self.unreadable("its payload can not be decoded"))
    }

    /// The content in today's form, if there is a way from the version in which it was written.
    fn upcast(&self, payload: &str) -> Option<serde_json::Value> {
        let event = SerializedEvent::new(
            self.id.clone(),
            usize::try_from(self.sequence).ok()?,
            self.stream.to_owned(),
            self.event_type.clone(),
            self.event_version.clone(),
            serde_json::from_str(payload).ok()?,
            serde_json::Value::Null,
        );
        let mut lifted = false;
        let event = domain::upcasters().iter().fold(event, |event, upcaster| {
            if upcaster.can_upcast(&event.event_type, &event.event_version) {
                lifted = true;
                upcaster.upcast(event)
            } else {
                event
            }
        });
        lifted.then_some(event.payload)
    }
}
