//! One act of one person on one application: done at once, or written down to wait for a second person.

use domain::{
    Actor, Context,
    application::{ApplicationCommand, ApplicationId, SocietyCommand, decide},
    proposal::ProposalKind,
};
use uuid::Uuid;

use super::{
    BulkItem, BulkRun, BulkRuns, ItemState, RunState, Starts, failed, given, proposal_of, step,
};
use crate::{
    access::{
        Identity,
        two_persons::{self, TwoPersonsError},
    },
    acts::NamedAct,
    app::App,
    problem::{Kind, Problem},
    saving::{Done, execute},
    service::{Call, Service},
    situation::Found,
    write::new_id,
};

/// What an act came to.
pub(crate) enum Acted {
    /// It is done, or was so already.
    Done(Box<Done>),
    /// It waits in this run for a second person.
    Waits(Uuid),
}

/// Does an act. What one person must not do alone, or not so often in a day, is proposed in its place: nothing of it is to be seen before
/// it is approved.
///
/// # Errors
/// The refusal as a problem.
pub(crate) async fn act(
    app: &App,
    identity: &Identity,
    id: &ApplicationId,
    command: SocietyCommand,
    call: Call,
) -> Result<Acted, Problem> {
    let decides = command.act.decides();
    let run = new_id(&call);
    if decides {
        let known = app.bulk_runs().find(run).await;
        let known = known.map_err(|error| failed(&error))?;
        let asked = hex::encode(call.request_hash);
        if known
            .as_ref()
            .is_some_and(|run| run.is_of_another_request(&asked))
        {
            return Err(Problem::new(Kind::IdempotencyKeyReused));
        }
        // Asked for again, it is the run of the first time, whatever has become of it; one that was cut before it was proposed is proposed now.
        if known.is_some_and(|run| run.state != RunState::Previewed) {
            return Ok(Acted::Waits(run));
        }
    }
    let society = ApplicationCommand::Society(command.clone());
    match execute(app, id, society, call.clone()).await {
        Ok(done) => Ok(Acted::Done(Box::new(done))),
        Err(problem) if decides && problem.kind() == Kind::ProposalRefused => {
            two_persons::permitted(identity.principal(), ProposalKind::Decide)?;
            wait(app, identity, (run, id), command, call).await
        }
        Err(problem) => Err(problem),
    }
}

/// Writes down what waits, if it could be done as far as can be told now.
async fn wait(
    app: &App,
    identity: &Identity,
    (run, id): (Uuid, &ApplicationId),
    command: SocietyCommand,
    call: Call,
) -> Result<Acted, Problem> {
    let service = app.service();
    let found = service.application(id).await?;
    let (application, sequence) = found.ok_or(Problem::new(Kind::NotApplied))?;
    // A result of the exam comes without what was seen: approved is it on what stands now.
    let seen = command.seen.unwrap_or(application.review_revision());
    let now = service.clock.now();
    let context = Context {
        actor: identity.actor().clone(),
        at: now,
    };
    let trial = ApplicationCommand::Society(command.clone().once_approved(run, seen));
    if decide(&application, trial, &context, &service.programs)?.is_empty() {
        let found = Found {
            id: id.clone(),
            application,
            sequence,
        };
        return Ok(Acted::Done(Box::new(Done {
            found,
            behind: false,
        })));
    }
    let (act, until) = NamedAct::of(&command.act).ok_or(Problem::new(Kind::Internal))?;
    let items = [BulkItem {
        application: id.to_string(),
        seen,
        state: ItemState::Ready,
        sentence: String::new(),
        explanation: String::new(),
        line: 0,
    }];
    let run = BulkRun {
        id: run,
        act,
        until,
        explanation: command.explanation,
        reason: command.reason,
        state: RunState::Previewed,
        made_by: identity.actor().label(),
        started_by: None,
        made_at: now,
        starts: Starts::Approved,
        import: None,
        sentence: String::new(),
        request_hash: hex::encode(call.request_hash),
    };
    propose(
        service,
        app.bulk_runs(),
        run,
        &items,
        identity.actor(),
        call,
    )
    .await
    .map(Acted::Waits)
    .map_err(Problem::from)
}

/// Why something could not be proposed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProposeError {
    /// The table.
    #[error("the table of bulk runs failed")]
    Table(#[from] sqlx::Error),
    /// The log.
    #[error(transparent)]
    TwoPersons(#[from] TwoPersonsError),
    /// Its id stands for what another request has asked for.
    #[error("the id stands for another run")]
    IdReused,
}

impl From<ProposeError> for Problem {
    fn from(error: ProposeError) -> Self {
        match error {
            ProposeError::Table(error) => failed(&error),
            ProposeError::TwoPersons(error) => error.into(),
            ProposeError::IdReused => Self::new(Kind::IdempotencyKeyReused),
        }
    }
}

/// Writes a run down and proposes it: it begins when it is approved.
///
/// # Errors
/// The database, the log. Then nothing waits, and it may be repeated. Another request under the same id.
pub(crate) async fn propose(
    service: &Service,
    runs: &BulkRuns,
    run: BulkRun,
    items: &[BulkItem],
    by: &Actor,
    call: Call,
) -> Result<Uuid, ProposeError> {
    if !runs.make(&run, items).await? {
        return Err(ProposeError::IdReused);
    }
    let call = Call {
        actor: by.clone(),
        reason: given(&run.reason),
        ..step(run.id, "propose", call)
    };
    let proposing = two_persons::proposing(service, by, proposal_of(&run, items));
    let proposed = service.command_proposal(run.id, proposing, call).await;
    proposed.map_err(TwoPersonsError::from)?;
    runs.advance(run.id, RunState::Previewed, RunState::Proposed, None)
        .await?;
    Ok(run.id)
}
