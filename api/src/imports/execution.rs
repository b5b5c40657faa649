//! From the facts of a file to the log.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use cqrs_es::Aggregate as _;
use domain::{
    Actor, Role,
    member::{Member, MemberNumber, MemberRefusal, decide},
};
use eventstore::{DatabaseKind, ExecuteError};
use futures::{StreamExt as _, stream};
use uuid::Uuid;

use super::{
    ImportReport, Kind, Outcome, ReportedRow, Unusable,
    net_effect::{GoodRow, PlacedRow},
    read,
};
use crate::{Call, Service};

/// What became of a good row.
enum Done {
    Recorded,
    Unchanged,
    Not(ReportedRow),
}

/// Who imports, and under which id.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The actor of every event.
    pub actor: Actor,
    /// The command of a row is derived from it and the row's line. It must be new for each file: whether a row changes
    /// anything is for the member's state to say, and a corrected file must not be answered with the receipts of the one
    /// before.
    pub id: Uuid,
    /// What belongs together in the log.
    pub correlation_id: Uuid,
}

impl Origin {
    /// A run that nobody is signed in for: the command line, the demonstration.
    pub fn system() -> Self {
        let id = Uuid::new_v4();
        Self {
            actor: Actor {
                role: Role::System,
                id: "import".to_owned(),
            },
            id,
            correlation_id: id,
        }
    }
}

/// Imports a file, or with `dry_run` tells what it would do against the state of this moment and writes nothing.
///
/// May run beside a running server and beside another import of the same file.
///
/// # Errors
/// A file that cannot be used at all. What goes wrong with single rows is in the report.
pub async fn import(
    service: &Service,
    kind: Kind,
    file: &[u8],
    dry_run: bool,
    origin: Origin,
) -> Result<ImportReport, Unusable> {
    let file = read(kind, file, dry_run)?;
    let mut report = file.report;
    let import = Import {
        service,
        origin,
        dry_run,
        stopped: AtomicBool::new(false),
    };
    // A member's rows one after the other: side by side they would only wait for each other at the stream.
    let mut members: BTreeMap<MemberNumber, Vec<PlacedRow>> = BTreeMap::new();
    for row in file.rows {
        members.entry(row.row.member.clone()).or_default().push(row);
    }
    let side_by_side = match service.log.database().kind() {
        // One writer.
        DatabaseKind::Sqlite => 1,
        DatabaseKind::Postgres => 8,
    };
    let mut done = stream::iter(members)
        .map(|(number, rows)| import.member(number, rows))
        .buffer_unordered(side_by_side);
    while let Some(rows) = done.next().await {
        for row in rows {
            match row {
                Done::Recorded => report.recorded += 1,
                Done::Unchanged => report.unchanged += 1,
                Done::Not(row) => report.report(row),
            }
        }
    }
    report.reported.sort_by_key(|row| (row.line, row.outcome));
    tracing::info!(
        import = %import.origin.id,
        title = kind.title(),
        dry_run,
        rows = report.rows,
        recorded = report.recorded,
        unchanged = report.unchanged,
        reported = report.reported.len(),
        "import ended"
    );
    Ok(report)
}

/// One run.
struct Import<'a> {
    service: &'a Service,
    origin: Origin,
    dry_run: bool,
    /// The database failed: the rows that are left would only wait for it one by one.
    stopped: AtomicBool,
}

impl Import<'_> {
    async fn member(&self, number: MemberNumber, rows: Vec<PlacedRow>) -> Vec<Done> {
        if self.dry_run {
            return self.would_do(&number, rows).await;
        }
        let mut done = Vec::with_capacity(rows.len());
        for row in rows {
            done.push(self.row(&number, row).await);
        }
        done
    }

    async fn row(&self, number: &MemberNumber, PlacedRow { line, hash, row }: PlacedRow) -> Done {
        if self.stopped.load(Ordering::Relaxed) {
            return failed(line);
        }
        let call = Call {
            actor: self.origin.actor.clone(),
            command_id: Uuid::new_v5(&self.origin.id, line.to_string().as_bytes()),
            request_hash: hash,
            correlation_id: self.origin.correlation_id,
            causation_id: None,
            reason: None,
        };
        match self.service.command_member(number, row.command, call).await {
            Ok(receipt) if receipt.first_sequence <= receipt.last_sequence => Done::Recorded,
            Ok(_) => Done::Unchanged,
            Err(ExecuteError::Refused(refusal)) => refused(line, &refusal),
            Err(error) => {
                tracing::error!(import = %self.origin.id, line, %error, "a row could not be recorded");
                // Others writing to this member say nothing about the next one.
                if !matches!(error, ExecuteError::Conflict) {
                    self.stopped.store(true, Ordering::Relaxed);
                }
                failed(line)
            }
        }
    }

    /// The same decisions on a copy of the member.
    async fn would_do(&self, number: &MemberNumber, rows: Vec<PlacedRow>) -> Vec<Done> {
        let member = if self.stopped.load(Ordering::Relaxed) {
            None
        } else {
            match self.service.member(number).await {
                Ok(member) => Some(member.unwrap_or_default()),
                Err(error) => {
                    tracing::error!(import = %self.origin.id, %error, "a member could not be read");
                    self.stopped.store(true, Ordering::Relaxed);
                    None
                }
            }
        };
        let Some(mut member) = member else {
            return rows.iter().map(|row| failed(row.line)).collect();
        };
        rows.into_iter()
            .map(|PlacedRow { line, row, .. }| would_do(&mut member, line, row))
            .collect()
    }
}

fn would_do(member: &mut Member, line: usize, row: GoodRow) -> Done {
    match decide(member, row.command) {
        Ok(events) if events.is_empty() => Done::Unchanged,
        Ok(events) => {
            for event in events {
                member.apply(event);
            }
            Done::Recorded
        }
        Err(refusal) => refused(line, &refusal),
    }
}

fn refused(line: usize, refusal: &MemberRefusal) -> Done {
    Done::Not(ReportedRow {
        line,
        outcome: match refusal {
            MemberRefusal::UnknownMember => Outcome::UnknownMember,
        },
        message: refusal.to_string(),
    })
}

fn failed(line: usize) -> Done {
    Done::Not(ReportedRow {
        line,
        outcome: Outcome::Failed,
        message: "データベースに書き込めませんでした。もう一度取り込んでください（済んだ行は重複しません）。".to_owned(),
    })
}
