//! Whether the log is still the one that this process has seen.
//!
//! A replica that is promoted while it lags, or a backup that is restored, has lost the last events. A process that goes on with it knows
//! things that are not so: what it keeps of streams, how far the ledger came, what it has answered. So it remembers ledger numbers with
//! their chain hashes, each of which follows from everything before it, and compares: with whatever connection is new, with each feed,
//! and whenever it looks for new events. When the log does not go on from what is remembered, it forgets all it knows, and what it alone
//! can tell, which numbers and which answered commands are gone, it says loudly and writes down in the database.
//!
//! What is decided meanwhile does not depend on this: a stream that is kept is only gone on with, and appended to, where its last event
//! is the one that is known ([`crate::cache`], `append_events`).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as Turn;
use uuid::Uuid;

use crate::append::now_us;
use crate::database::{Database, connected};
use crate::error::{Error, Stage, told_source};
use crate::handler::Receipt;
use crate::hash::{Digest, GENESIS};
use crate::ledger::entry::LedgerEntry;
use crate::log::EventLog;
use crate::{on_database, write_in_turn};

/// How many ledger rows are remembered: 40 bytes each, and minutes of a service that is written to all the time.
const MARKS: usize = 10_000;

/// How many answered commands are remembered, about 200 bytes each.
const ANSWERED: usize = 10_000;

/// How many of the commands that are gone are named in a line. All of them are in the database.
const NAMED: usize = 50;

/// A command that this process has answered as done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Its id, which its log line has too.
    pub command_id: Uuid,
    /// The type of its stream.
    pub aggregate_type: String,
    /// The id of its stream.
    pub aggregate_id: String,
    /// The number of its first event in the stream.
    pub first_sequence: i64,
    /// The number of its last one.
    pub last_sequence: i64,
    /// When it was written, microseconds since 1970-01-01T00:00:00Z by this machine's clock.
    pub answered_at_us: i64,
}

/// That the log is not the one that a node has seen, as that node noticed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// Of this notice.
    pub id: Uuid,
    /// When, microseconds since 1970-01-01T00:00:00Z by the clock of the node.
    pub noticed_at_us: i64,
    /// The last ledger number that the node knew.
    pub last_seen: i64,
    /// Up to which number the log is known to be the same.
    pub common: i64,
    /// The number at which the log ended when it was noticed.
    pub found: i64,
    /// What the node had answered as done and is not there.
    pub commands: Vec<Answered>,
}

impl Break {
    /// How many ledger numbers are gone, or stand for other events now.
    pub fn gone(&self) -> i64 {
        self.last_seen - self.common
    }

    /// The ids of the first fifty commands that are gone, for where all would be too much.
    pub fn named(&self) -> Vec<Uuid> {
        let ids = self.commands.iter().map(|command| command.command_id);
        ids.take(NAMED).collect()
    }
}

#[derive(Default)]
pub(crate) struct Memory {
    inner: Mutex<Remembered>,
    comparing: Turn<()>,
}

#[derive(Default)]
struct Remembered {
    /// Rows of the ledger as they were seen, in its order.
    marks: VecDeque<LedgerEntry>,
    answered: VecDeque<Answered>,
    /// Which server it was, where there is one.
    server: Option<String>,
    /// How many connections this process had opened when it last compared.
    connections: u64,
    /// How often the log broke off.
    breaks: u64,
    /// What is not in the database yet.
    unwritten: Vec<Break>,
}

impl Remembered {
    fn last(&self) -> LedgerEntry {
        self.marks.back().copied().unwrap_or(LedgerEntry {
            global_seq: 0,
            chain_hash: GENESIS,
        })
    }

    fn mark(&mut self, entry: LedgerEntry) {
        if entry.global_seq > self.last().global_seq {
            if self.marks.len() == MARKS {
                self.marks.pop_front();
            }
            self.marks.push_back(entry);
        }
    }
}

impl Memory {
    /// Each use is one call, so what a holder that panicked has left is whole.
    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last row of the ledger that this process has seen; number 0 when it has seen none.
    pub fn last(&self) -> LedgerEntry {
        self.lock().last()
    }

    pub fn answered(&self, command_id: Uuid, receipt: &Receipt) {
        let mut remembered = self.lock();
        if remembered.answered.len() == ANSWERED {
            remembered.answered.pop_front();
        }
        remembered.answered.push_back(Answered {
            command_id,
            aggregate_type: receipt.aggregate_type.clone(),
            aggregate_id: receipt.aggregate_id.clone(),
            first_sequence: receipt.first_sequence,
            last_sequence: receipt.last_sequence,
            answered_at_us: now_us(),
        });
    }
}

/// The end of a ledger, beside its row of a number that was asked for.
pub(crate) struct Found {
    pub head: LedgerEntry,
    pub remembered: Option<Vec<u8>>,
}

impl Found {
    pub fn new(
        global_seq: i64,
        chain_hash: Vec<u8>,
        remembered: Option<Vec<u8>>,
    ) -> Result<Self, Error> {
        Ok(Self {
            head: LedgerEntry {
                global_seq,
                chain_hash: Digest::try_from(chain_hash)
                    .map_err(|_| Error::Inconsistent("the head of the ledger is no SHA-256"))?,
            },
            remembered,
        })
    }

    /// Whether this ledger goes on from a row.
    fn goes_on_from(&self, last: LedgerEntry) -> bool {
        last.global_seq == 0 || self.remembered.as_deref() == Some(&last.chain_hash[..])
    }
}

impl EventLog {
    /// How often the log was found not to be the one that this process has seen. Whoever keeps assumptions about it in memory drops them
    /// when this number rises.
    pub fn breaks(&self) -> u64 {
        self.memory().lock().breaks
    }

    /// Compares the log with what this process remembers if it has opened a connection since it last did: there may be another server
    /// behind the same address. Costs nothing otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] when it can not be read.
    pub async fn heed_new_connections(&self) -> Result<(), Error> {
        // Read as one: the guard must not be held while the database is asked.
        let compared = self.memory().lock().connections;
        if compared == connected() {
            return Ok(());
        }
        self.compare(false).await
    }

    /// What was seen of the ledger by whoever had asked for the row that was last remembered. When it does not go on from there, it is
    /// looked at whole.
    pub(crate) async fn seen(&self, asked: LedgerEntry, found: Found) -> Result<(), Error> {
        if found.goes_on_from(asked) && asked.global_seq > 0 {
            let mut remembered = self.memory().lock();
            // Unless another log was found meanwhile: then this was seen on a server that is gone.
            if remembered.last().global_seq >= asked.global_seq {
                remembered.mark(found.head);
                drop(remembered);
                self.announce(found.head.global_seq);
            }
            return Ok(());
        }
        self.compare(false).await
    }

    /// Compares the log with what is remembered, and forgets everything when it does not go on from there. `thoroughly`: somebody has
    /// found a stream that is not the one that was known, so the answered commands are looked for also where the ledger goes on.
    pub(crate) async fn compare(&self, thoroughly: bool) -> Result<(), Error> {
        let _one_at_a_time = self.memory().comparing.lock().await;
        let connections = connected();
        let (last, server) = {
            let remembered = self.memory().lock();
            (remembered.last(), remembered.server.clone())
        };
        let (found, pending, serving) = self.found(last.global_seq).await?;
        let goes_on = found.goes_on_from(last);
        if !goes_on && found.remembered.is_none() && pending {
            // A server that crashed has lost the last numbers, and not the events: they get the same ones again.
            return Ok(());
        }
        let another = server.is_some_and(|server| server != serving);
        let commands = if !goes_on || another || thoroughly {
            self.gone().await?
        } else {
            Vec::new()
        };
        if goes_on && commands.is_empty() {
            let mut remembered = self.memory().lock();
            remembered.mark(found.head);
            remembered.server = Some(serving);
            remembered.connections = connections;
            drop(remembered);
            self.announce(found.head.global_seq);
            return Ok(());
        }
        let common = if goes_on {
            last.global_seq
        } else {
            self.common(found.head.global_seq).await?
        };
        let noticed = Break {
            id: Uuid::new_v4(),
            noticed_at_us: now_us(),
            last_seen: last.global_seq,
            common,
            found: found.head.global_seq,
            commands,
        };
        self.cache().clear();
        {
            let mut remembered = self.memory().lock();
            remembered.marks.retain(|mark| mark.global_seq <= common);
            remembered.mark(found.head);
            let is_gone = |one: &Answered| {
                noticed
                    .commands
                    .iter()
                    .any(|gone| gone.command_id == one.command_id)
            };
            remembered.answered.retain(|one| !is_gone(one));
            remembered.server = Some(serving);
            remembered.connections = connections;
            remembered.breaks += 1;
            remembered.unwritten.push(noticed.clone());
        }
        // Also down: whoever waits for numbers of the other log would wait for ever.
        self.announce_anew(found.head.global_seq);
        let named: Vec<String> = noticed.named().iter().map(ToString::to_string).collect();
        tracing::error!(
            last_seen = noticed.last_seen,
            common = noticed.common,
            found = noticed.found,
            gone = noticed.gone(),
            answered_and_gone = noticed.commands.len(),
            commands = named.join(" "),
            "the log is not the one that this node has seen: events are gone, as after a failover or a restore (ops/runbooks/failover.md)"
        );
        Ok(())
    }

    async fn found(&self, number: i64) -> Result<(Found, bool, String), Error> {
        let statement = match self.database() {
            Database::Sqlite(_) => include_str!("sql/continuity_sqlite.sql"),
            Database::Postgres(_) => include_str!("sql/continuity_postgres.sql"),
        };
        let (global_seq, chain_hash, remembered, pending, server): (
            i64,
            Vec<u8>,
            Option<Vec<u8>>,
            bool,
            String,
        ) = on_database!(self.database(), pool => {
            sqlx::query_as(statement).bind(number).fetch_one(pool).await
        })
        .map_err(Error::at(Stage::Continuity))?;
        Ok((
            Found::new(global_seq, chain_hash, remembered)?,
            pending,
            server,
        ))
    }

    /// The commands that were answered and are not there.
    async fn gone(&self) -> Result<Vec<Answered>, Error> {
        let answered: Vec<Answered> = self.memory().lock().answered.iter().cloned().collect();
        let ids: Vec<Uuid> = answered.iter().map(|one| one.command_id).collect();
        let there: std::collections::HashSet<Uuid> = self
            .receipts(&ids)
            .await?
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        Ok(answered
            .into_iter()
            .filter(|one| !there.contains(&one.command_id))
            .collect())
    }

    /// The last number up to which the ledger, which ends at `head` now, is known to be the same. As each hash follows from all before
    /// it, the remembered rows that are the same come before those that are not.
    async fn common(&self, head: i64) -> Result<i64, Error> {
        let marks: Vec<LedgerEntry> = self.memory().lock().marks.iter().copied().collect();
        let (mut same, mut other) = (0, marks.len());
        while same < other {
            let middle = usize::midpoint(same, other);
            let mark = marks[middle];
            let hash: Option<Vec<u8>> = on_database!(self.database(), pool => {
                sqlx::query_scalar("SELECT chain_hash FROM ledger WHERE global_seq = $1")
                    .bind(mark.global_seq)
                    .fetch_optional(pool)
                    .await
            })
            .map_err(Error::at(Stage::Continuity))?;
            if hash.as_deref() == Some(&mark.chain_hash[..]) {
                same = middle + 1;
            } else {
                other = middle;
            }
        }
        // None of those that this process has seen: what was before them, it can not tell.
        let before = marks.first().map_or(0, |mark| mark.global_seq - 1);
        Ok(same
            .checked_sub(1)
            .map_or(before.min(head), |last| marks[last].global_seq))
    }

    /// Writes down what is not written yet, so that other processes can tell it too.
    pub(crate) async fn write_down_breaks(&self) {
        let unwritten = self.memory().lock().unwritten.clone();
        for noticed in unwritten {
            match self.write_down(&noticed).await {
                Ok(()) => {
                    let mut remembered = self.memory().lock();
                    remembered.unwritten.retain(|one| one.id != noticed.id);
                }
                Err(error) => {
                    tracing::warn!(%error, source = told_source(&error), "a break of the log could not be written down");
                    return;
                }
            }
        }
    }

    async fn write_down(&self, noticed: &Break) -> Result<(), Error> {
        let commands = serde_json::to_string(&noticed.commands)
            .map_err(|_| Error::Inconsistent("a command can not be named"))?;
        write_in_turn!(self, pool => {
            sqlx::query(
                "INSERT INTO log_breaks (id, noticed_at_us, last_seen, common, found, commands)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            )
            .bind(noticed.id.to_string())
            .bind(noticed.noticed_at_us)
            .bind(noticed.last_seen)
            .bind(noticed.common)
            .bind(noticed.found)
            .bind(&commands)
            .execute(pool)
            .await
            .map(drop)
        })
        .map_err(Error::at(Stage::Continuity))
    }

    /// The breaks of the log that nodes have noticed and no operator has dealt with, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] when they can not be read, [`Error::Inconsistent`] when a row is not one that this crate wrote.
    pub async fn open_breaks(&self) -> Result<Vec<Break>, Error> {
        let foreign = || Error::Inconsistent("a break of the log is told in a foreign way");
        let rows: Vec<(String, i64, i64, i64, i64, String)> =
            on_database!(self.database(), pool => {
                sqlx::query_as(
                    "SELECT id, noticed_at_us, last_seen, common, found, commands FROM log_breaks
                      WHERE settled_at_us IS NULL ORDER BY noticed_at_us, id",
                )
                .fetch_all(pool)
                .await
            })
            .map_err(Error::at(Stage::Continuity))?;
        rows.into_iter()
            .map(|(id, noticed_at_us, last_seen, common, found, commands)| {
                Ok(Break {
                    id: Uuid::parse_str(&id).map_err(|_| foreign())?,
                    noticed_at_us,
                    last_seen,
                    common,
                    found,
                    commands: serde_json::from_str(&commands).map_err(|_| foreign())?,
                })
            })
            .collect()
    }

    /// Notes that an operator has dealt with these breaks. They stay in the database, and are told no more.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] when it can not be written.
    pub async fn settle_breaks(&self, settled: &[Break]) -> Result<(), Error> {
        for one in settled {
            write_in_turn!(self, pool => {
                sqlx::query("UPDATE log_breaks SET settled_at_us = $1 WHERE id = $2")
                    .bind(now_us())
                    .bind(one.id.to_string())
                    .execute(pool)
                    .await
                    .map(drop)
            })
            .map_err(Error::at(Stage::Continuity))?;
        }
        Ok(())
    }
}
