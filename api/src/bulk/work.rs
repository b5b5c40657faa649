//! Doing runs in the background, item by item.

use std::time::Duration;

use domain::{
    Actor, Role,
    application::{ApplicationId, Refusal},
};
use eventstore::{CancellationToken, ExecuteError};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{BulkRun, BulkRuns, ItemState, RunState, command};
use crate::service::{Call, Service};

/// How often it looks for runs of which nobody told it.
const LOOK: Duration = Duration::from_secs(10);

/// Items between two looks whether the run is to go on.
const STRIDE: i64 = 20;

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
        match next(&service, &runs, &cancellation).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "a bulk run could not go on"),
        }
        let _cancelled_or_not = cancellation.run_until_cancelled(runs.woken(LOOK)).await;
    }
}

/// Works on one run; false when there is none.
async fn next(
    service: &Service,
    runs: &BulkRuns,
    cancellation: &CancellationToken,
) -> Result<bool, WorkError> {
    let Some(id) = runs.lease(Timestamp::now()).await? else {
        return Ok(false);
    };
    let Some(run) = runs.find(id).await? else {
        return Ok(false);
    };
    loop {
        if cancellation.is_cancelled() || !runs.keep(id, Timestamp::now()).await? {
            return Ok(true);
        }
        let items = runs.items(id, Some(ItemState::Ready), STRIDE).await?;
        if items.is_empty() {
            runs.advance(id, RunState::Running, RunState::Done, None)
                .await?;
            return Ok(true);
        }
        for item in items {
            let (state, sentence) = one(service, &run, &item.application, item.seen).await?;
            runs.settle(id, &item.application, state, &sentence).await?;
        }
    }
}

/// One command, whose id follows from run and application: repeated after a crash it is the same one.
async fn one(
    service: &Service,
    run: &BulkRun,
    application: &str,
    seen: u32,
) -> Result<(ItemState, String), WorkError> {
    let refused = |sentence: String| Ok((ItemState::Refused, sentence));
    let Ok(id) = ApplicationId::parse(application) else {
        return refused(Refusal::NotApplied.to_string());
    };
    let account = run.started_by.as_deref().unwrap_or_default();
    let call = Call {
        actor: Actor {
            role: Role::Secretariat,
            id: account
                .strip_prefix("secretariat:")
                .unwrap_or(account)
                .to_owned(),
        },
        command_id: Uuid::new_v5(&run.id, application.as_bytes()),
        request_hash: Sha256::digest(format!("{}\n{application}\n{seen}", run.digest)).into(),
        correlation_id: run.id,
        causation_id: None,
        reason: Some(run.reason.clone()),
    };
    let command = match command(run.act, &run.until, &run.reason, seen) {
        Ok(command) => command,
        Err(problem) => return refused(problem.body().detail.clone()),
    };
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
