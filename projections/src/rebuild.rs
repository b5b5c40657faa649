//! A new generation of a view beside the live one, compared before readers see it.

use std::time::{Duration, Instant};

use eventstore::EventLog;
use tokio::sync::MutexGuard;

use crate::error::{Error, Result};
use crate::projection::{Projection, Table, ViewName, on_view};
use crate::registry::{self, Generation, Role};
use crate::reporting;
use crate::runner::catch_up_view;
use crate::session::{Session, on_session};
use crate::step::{Bounds, Step, step};

/// Rows named in a report.
const NAMED: usize = 1_000;

/// How far a rebuild is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Ledger number up to which the new rows are written.
    pub checkpoint: i64,
    /// Ledger number of the live view.
    pub live: i64,
}

/// A row that is not the same in both generations, or is in one only.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DifferingRow {
    /// The table, without its generation.
    pub table: &'static str,
    /// The key of the row, its parts joined by `/`. Never a value.
    pub key: String,
}

/// What a rebuild found and did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RebuildReport {
    /// The view.
    pub name: &'static str,
    /// Number of the generation that was live.
    pub old_generation: i64,
    /// Number of the new generation.
    pub new_generation: i64,
    /// Ledger number at which both were compared: so many events were read.
    pub compared_at: i64,
    /// Rows of the new generation then.
    pub rows: i64,
    /// Whether the live rows were made by another version of the view's code. They are not compared then.
    pub other_version: bool,
    /// How many rows differ.
    pub differences: i64,
    /// The first thousand of them.
    pub differing: Vec<DifferingRow>,
    /// Whether readers see the new generation now. If not, it is gone.
    pub switched: bool,
    /// How long it took.
    pub took: Duration,
}

/// Builds a view anew from number 1 beside the live one, compares both at the same ledger number, and switches readers over
/// in one transaction, when they are equal or `accept_differences` says so. The service may go on meanwhile, and it may be
/// stopped at any time: the next rebuild begins afresh.
///
/// # Errors
///
/// [`Error::UnknownName`]; [`Error::Unreadable`] when the code can not take in an event (the live view stays);
/// [`Error::RebuildSuperseded`] when another rebuild of the view began; [`Error::Database`].
pub async fn rebuild(
    log: &EventLog,
    name: &str,
    accept_differences: bool,
    progress: impl Fn(Progress) + Send + Sync,
) -> Result<RebuildReport> {
    registry::prepare(log).await?;
    on_view!(name.parse()?, P => Rebuild::<P>::begin(log).await?.finish(accept_differences, &progress).await)
}

struct Rebuild<'a, P> {
    log: &'a EventLog,
    /// The new generation as it was made.
    new: Generation,
    began: Instant,
    view: std::marker::PhantomData<fn() -> P>,
}

/// While it is held, the live generation stands still.
struct Hold<'a> {
    turn: Option<MutexGuard<'a, ()>>,
    /// PostgreSQL: the transaction that has the lease.
    lease: Option<Session>,
}

impl<'a, P: Projection> Rebuild<'a, P> {
    async fn begin(log: &'a EventLog) -> Result<Self> {
        let began = Instant::now();
        // Where no service runs, the live one would be compared as far back as it was left. One that has failed stays there.
        match catch_up_view::<P>(log).await {
            Ok(()) | Err(Error::Failed { .. }) => {}
            Err(error) => return Err(error),
        }
        let at = Error::while_("making the tables of a rebuild");
        let _turn = registry::turn(log).await?;
        let mut session = Session::write(log.database()).await?;
        let live = require(registry::find(&mut session, P::NAME, Role::Live).await?)?;
        let left = registry::find(&mut session, P::NAME, Role::Rebuilding).await?;
        if let Some(left) = &left {
            remove::<P>(&mut session, left).await?;
        }
        let number = left.map_or(live.number, |left| left.number.max(live.number)) + 1;
        on_session!(&mut session, connection => {
            sqlx::query("INSERT INTO projections (name, generation, version, status) VALUES ($1, $2, $3, 'rebuilding')")
                .bind(P::NAME.as_str())
                .bind(number)
                .bind(P::VERSION)
                .execute(connection)
                .await
                .map(drop)
        })
        .map_err(&at)?;
        session
            .run(&registry::schema::<P>(number))
            .await
            .map_err(&at)?;
        let new = require(registry::find(&mut session, P::NAME, Role::Rebuilding).await?)?;
        session.commit().await?;
        Ok(Self {
            log,
            new,
            began,
            view: std::marker::PhantomData,
        })
    }

    async fn finish(
        self,
        accept_differences: bool,
        progress: &(impl Fn(Progress) + Send + Sync),
    ) -> Result<RebuildReport> {
        self.follow(false, progress).await?;
        let mut report = self.compare(progress).await?;
        if accept_differences || (report.differences == 0 && !report.other_version) {
            self.switch(progress).await?;
            report.switched = true;
        } else {
            self.give_up().await?;
        }
        report.took = self.began.elapsed();
        Ok(report)
    }

    /// Both generations as a transaction sees them.
    async fn both(&self, session: &mut Session) -> Result<(Generation, Generation)> {
        let live = require(registry::find(session, P::NAME, Role::Live).await?)?;
        let new = require(registry::find(session, P::NAME, Role::Rebuilding).await?)?;
        if new.id != self.new.id {
            return Err(Error::RebuildSuperseded);
        }
        Ok((live, new))
    }

    /// Brings the new generation up to where the live one is at the call, never past it: there both can be compared. Where
    /// events keep arriving, it draws level only with a live one that stands still.
    async fn follow(
        &self,
        turn_is_held: bool,
        progress: &(impl Fn(Progress) + Send + Sync),
    ) -> Result<()> {
        let mut goal = None;
        loop {
            let mut session = Session::read(self.log.database()).await?;
            let (live, new) = self.both(&mut session).await?;
            session.end().await?;
            progress(Progress {
                checkpoint: new.checkpoint,
                live: live.checkpoint,
            });
            let goal = *goal.get_or_insert(live.checkpoint);
            if new.checkpoint >= goal {
                return Ok(());
            }
            let bounds = Bounds {
                limit: P::BATCH,
                upto: goal,
                turn_is_held,
            };
            match step::<P>(self.log, Role::Rebuilding, bounds).await? {
                Step::Applied { .. } | Step::Overtaken | Step::Idle { .. } => {}
                // Another rebuild is working on a generation of its own.
                Step::Leased | Step::Missing => return Err(Error::RebuildSuperseded),
            }
        }
    }

    /// Makes the live generation stand still. On SQLite that holds for this process; against others one looks again.
    async fn hold(&self) -> Result<Hold<'a>> {
        let turn = registry::turn(self.log).await?;
        if turn.is_some() {
            return Ok(Hold { turn, lease: None });
        }
        let mut session = Session::write(self.log.database()).await?;
        session.sit().await?;
        let (live, _) = self.both(&mut session).await?;
        registry::wait_for_lease(&mut session, &live).await?;
        Ok(Hold {
            turn,
            lease: Some(session),
        })
    }

    async fn compare(&self, progress: &(impl Fn(Progress) + Send + Sync)) -> Result<RebuildReport> {
        loop {
            self.follow(false, progress).await?;
            let hold = self.hold().await?;
            self.follow(hold.turn.is_some(), progress).await?;
            let mut snapshot = Session::snapshot(self.log.database()).await?;
            let (live, new) = self.both(&mut snapshot).await?;
            // What the snapshot sees stays as it is; the service may go on.
            if let Some(lease) = hold.lease {
                lease.end().await?;
            }
            drop(hold.turn);
            if live.checkpoint == new.checkpoint {
                let report = self.differences(&mut snapshot, &live, &new).await?;
                snapshot.end().await?;
                return Ok(report);
            }
            snapshot.end().await?;
        }
    }

    async fn differences(
        &self,
        snapshot: &mut Session,
        live: &Generation,
        new: &Generation,
    ) -> Result<RebuildReport> {
        let mut report = RebuildReport {
            name: P::NAME.as_str(),
            old_generation: live.number,
            new_generation: new.number,
            compared_at: new.checkpoint,
            rows: 0,
            other_version: live.version != P::VERSION,
            differences: 0,
            differing: Vec::new(),
            switched: false,
            took: Duration::ZERO,
        };
        for table in P::TABLES {
            let name = table.name;
            let rows: i64 = scalar(
                snapshot,
                &format!("SELECT count(*) FROM {name}_g{}", new.number),
            )
            .await?;
            report.rows += rows;
            if report.other_version {
                continue;
            }
            let keys = differing_keys(table, live.number, new.number);
            let count: i64 = scalar(
                snapshot,
                &format!("SELECT count(*) FROM ({keys}) differing"),
            )
            .await?;
            if count == 0 {
                continue;
            }
            report.differences += count;
            let room = NAMED.saturating_sub(report.differing.len());
            let named = format!("{keys} ORDER BY 1 LIMIT {room}");
            let named: Vec<String> = on_session!(&mut *snapshot, connection => {
                sqlx::query_scalar(&named).fetch_all(connection).await
            })
            .map_err(Error::while_("comparing two generations"))?;
            report.differing.extend(
                named
                    .into_iter()
                    .map(|key| DifferingRow { table: name, key }),
            );
        }
        Ok(report)
    }

    /// Shows readers the new generation and removes the old one, at the same ledger number, so that nobody sees a view go
    /// back.
    async fn switch(&self, progress: &(impl Fn(Progress) + Send + Sync)) -> Result<()> {
        let at = Error::while_("switching to the new generation");
        loop {
            self.follow(false, progress).await?;
            let hold = self.hold().await?;
            self.follow(hold.turn.is_some(), progress).await?;
            let mut session = match hold.lease {
                Some(session) => session,
                None => Session::write(self.log.database()).await?,
            };
            let (live, new) = self.both(&mut session).await?;
            if live.checkpoint != new.checkpoint {
                session.end().await?;
                continue;
            }
            on_session!(&mut session, connection => {
                sqlx::query("DELETE FROM projections WHERE id = $1")
                    .bind(live.id)
                    .execute(&mut *connection)
                    .await
                    .map_err(&at)?;
                sqlx::query("UPDATE projections SET status = 'live' WHERE id = $1")
                    .bind(new.id)
                    .execute(&mut *connection)
                    .await
                    .map_err(&at)?;
            });
            if P::NAME == ViewName::Reports {
                reporting::take_turn(&mut session).await?;
            }
            session
                .run(&registry::publish::<P>(
                    self.log.database().kind(),
                    new.number,
                ))
                .await
                .map_err(&at)?;
            if P::NAME == ViewName::Reports {
                reporting::publish(&mut session).await?;
            }
            session
                .run(&registry::drop_tables::<P>(live.number))
                .await
                .map_err(&at)?;
            return session.commit().await;
        }
    }

    /// Removes the new generation.
    async fn give_up(&self) -> Result<()> {
        let _turn = registry::turn(self.log).await?;
        let mut session = Session::write(self.log.database()).await?;
        let (_, new) = self.both(&mut session).await?;
        remove::<P>(&mut session, &new).await?;
        session.commit().await
    }
}

fn require(generation: Option<Generation>) -> Result<Generation> {
    generation.ok_or(Error::RebuildSuperseded)
}

async fn remove<P: Projection>(session: &mut Session, generation: &Generation) -> Result<()> {
    let at = Error::while_("removing a generation");
    on_session!(&mut *session, connection => {
        sqlx::query("DELETE FROM projections WHERE id = $1")
            .bind(generation.id)
            .execute(connection)
            .await
            .map(drop)
    })
    .map_err(&at)?;
    session
        .run(&registry::drop_tables::<P>(generation.number))
        .await
        .map_err(&at)
}

async fn scalar(session: &mut Session, statement: &str) -> Result<i64> {
    on_session!(session, connection => sqlx::query_scalar(statement).fetch_one(connection).await)
        .map_err(Error::while_("comparing two generations"))
}

/// The keys of the rows that are in one generation only, or different in both: the databases compare whole rows.
fn differing_keys(table: &Table, one: i64, other: i64) -> String {
    let Table { name, columns, .. } = table;
    let parts: Vec<String> = table
        .key
        .iter()
        .map(|part| format!("CAST({part} AS text)"))
        .collect();
    let key = parts.join(" || '/' || ");
    let only = |one: i64, other: i64| {
        format!(
            "SELECT {key} AS differing_key FROM (SELECT {columns} FROM {name}_g{one} \
             EXCEPT SELECT {columns} FROM {name}_g{other}) only_{one}"
        )
    };
    format!("{} UNION {}", only(one, other), only(other, one))
}
