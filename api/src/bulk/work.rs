//! Doing runs in the background, item by item.
//!
//! Whose acts they are, what exactly is to be done and that it may be done is read from the log, never from the rows: these are held
//! against it at the start and each time a run is taken up again, and the commands are built from the copy that was checked.

use std::{collections::HashSet, time::Duration};

use domain::{
    Actor,
    application::{ApplicationId, Refusal},
    proposal::{Approval, ProposalState},
};
use eventstore::{CancellationToken, ExecuteError};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    BeginError, BulkItem, BulkRun, BulkRuns, EXPIRED, ItemState, RunState, Starts, all_items,
    begin, command, end_changed, given, is_of, proposal_of,
};
use crate::{
    access::two_persons,
    clock::shared_time,
    service::{Call, Service},
};

/// How often it looks for runs of which nobody told it.
const LOOK: Duration = Duration::from_secs(10);

/// Items between two looks whether the run is to go on.
const STRIDE: usize = 20;

/// Why a run could not go on; it is taken up again.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error("the table of bulk runs failed")]
    Table(#[from] sqlx::Error),
    #[error(transparent)]
    Log(#[from] eventstore::Error),
}

/// Does what there is to do until it is cancelled.
pub(crate) async fn work(service: Service, runs: BulkRuns, cancellation: CancellationToken) {
    while !cancellation.is_cancelled() {
        if let Err(error) = due(&service, &runs).await {
            tracing::error!(%error, "the runs that wait could not be looked through");
        }
        match next(&service, &runs, &cancellation).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "a bulk run could not go on"),
        }
        let _cancelled_or_not = cancellation.run_until_cancelled(runs.woken(LOOK)).await;
    }
}

/// Begins what has been approved and was cut before it began, and what has waited for a day (単独); ends what nobody has approved in time.
async fn due(service: &Service, runs: &BulkRuns) -> Result<(), WorkError> {
    for run in runs.waiting().await? {
        let now = service.clock.now();
        let state = service.proposal(run.id).await?;
        let approval = two_persons::approval(service, &state, now);
        let ProposalState::Made {
            proposed_by,
            expires_at,
            approved_by,
            cancelled_by,
            ..
        } = state
        else {
            continue;
        };
        if cancelled_by.is_some() || now >= expires_at {
            let sentence = if cancelled_by.is_some() { "" } else { EXPIRED };
            runs.end(run.id, sentence).await?;
            continue;
        }
        // What was approved and is to be started is started by somebody.
        let is_started = run.starts == Starts::Pressed && approved_by.is_some();
        let begins = approval.is_some() && !is_started;
        if !begins {
            continue;
        }
        let by = approved_by.unwrap_or(proposed_by);
        match begin(service, runs, &run, &by).await {
            Ok(()) => {}
            Err(error) if error.is_changed() => {
                end_changed(runs, run.id).await?;
            }
            Err(BeginError::Table(error)) => return Err(error.into()),
            Err(error) => tracing::warn!(%error, run = %run.id, "a run that is due did not begin"),
        }
    }
    Ok(())
}

/// A run as it was approved.
struct Checked {
    run: BulkRun,
    items: Vec<BulkItem>,
    /// Whose acts they are.
    by: Actor,
    approved: Option<Approval>,
}

/// The rows of a run, if they are exactly what the log says that was proposed, approved and begun.
async fn checked(
    service: &Service,
    runs: &BulkRuns,
    id: Uuid,
) -> Result<Option<Checked>, WorkError> {
    let Some(run) = runs.find(id).await? else {
        return Ok(None);
    };
    let items = all_items(runs, id).await?;
    let state = service.proposal(id).await?;
    let kind = state.approval(service.clock.now());
    let ProposalState::Made {
        proposal,
        proposed_by,
        used: true,
        ..
    } = state
    else {
        return Ok(None);
    };
    let seconded = !proposal.kind.waits_for_approval() || kind.is_some();
    if !seconded || proposal_of(&run, &items) != proposal {
        return Ok(None);
    }
    let approved = kind
        .filter(|_| proposal.kind.waits_for_approval())
        .map(|kind| Approval { proposal: id, kind });
    Ok(Some(Checked {
        run,
        items,
        by: proposed_by,
        approved,
    }))
}

/// Works on one run; false when there is none.
async fn next(
    service: &Service,
    runs: &BulkRuns,
    cancellation: &CancellationToken,
) -> Result<bool, WorkError> {
    let Some(id) = runs.lease(shared_time(&service.log).await?).await? else {
        return Ok(false);
    };
    let Some(checked) = checked(service, runs, id).await? else {
        end_changed(runs, id).await?;
        return Ok(true);
    };
    let ids: Vec<Uuid> = checked
        .items
        .iter()
        .map(|item| checked.run.command_id(item))
        .collect();
    let receipts = service.log.receipts(&ids).await?;
    let in_the_log: HashSet<Uuid> = receipts.into_iter().map(|(id, _)| id).collect();
    let mut left = Vec::new();
    for item in checked.items.iter().filter(|item| is_of(item)) {
        if in_the_log.contains(&checked.run.command_id(item)) {
            runs.settle(id, &item.application, ItemState::Done, "")
                .await?;
        } else {
            // Whatever its row says: what is done stands in the log, and what was refused is refused once more, for its true reason.
            left.push(item);
        }
    }
    for items in left.chunks(STRIDE) {
        if cancellation.is_cancelled() || !runs.keep(id, shared_time(&service.log).await?).await? {
            return Ok(true);
        }
        for item in items {
            let (state, sentence) = one(service, &checked, item).await?;
            runs.settle(id, &item.application, state, &sentence).await?;
        }
    }
    runs.advance(id, RunState::Running, RunState::Done, None)
        .await?;
    Ok(true)
}

/// One command, whose id follows from run and application: repeated after a crash it is the same one.
async fn one(
    service: &Service,
    Checked {
        run, by, approved, ..
    }: &Checked,
    item: &BulkItem,
) -> Result<(ItemState, String), WorkError> {
    let refused = |sentence: String| Ok((ItemState::Refused, sentence));
    let Ok(id) = ApplicationId::parse(&item.application) else {
        return refused(Refusal::NotApplied.to_string());
    };
    let call = Call {
        request_hash: Sha256::digest(format!("{}\n{}\n{}", run.id, item.application, item.seen))
            .into(),
        reason: given(&run.reason),
        ..Call::once(by.clone(), run.command_id(item), run.id)
    };
    let act = match run.act.read(&run.until) {
        Ok(act) => act,
        Err(problem) => return refused(problem.body().detail.clone()),
    };
    let explanation = if item.explanation.is_empty() {
        &run.explanation
    } else {
        &item.explanation
    };
    let command = command(act, (explanation, &run.reason), item.seen, *approved);
    match service.command_application(&id, command, call).await {
        Ok(_) => Ok((ItemState::Done, String::new())),
        Err(ExecuteError::Refused(refusal)) => refused(refusal.to_string()),
        Err(ExecuteError::Conflict | ExecuteError::KeyReused) => refused(
            "ほかの操作と重なったため、実行できませんでした。この申請の画面から操作してください。"
                .to_owned(),
        ),
        Err(ExecuteError::Database(error)) => Err(error.into()),
    }
}
