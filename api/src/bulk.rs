//! 一括処理: one act on many applications, previewed before anything is done, and safe to repeat.
//!
//! A run stands in the database before it begins: which applications, with the revision that the preview saw, and why others are left
//! out. Each item is then a command of its own whose id follows from run and application, so that a run that was cut goes on where it
//! was, and nothing is done twice. 判定 needs a second person ([`crate::access::two_persons`]): what is approved is the digest over act,
//! reason and items.

mod table;
mod work;

use domain::{
    Context,
    application::{ApplicationCommand, ApplicationId, SocietyCommand, decide},
    proposal::{Proposal, ProposalKind, ProposalState},
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    access::{
        Identity, Permission,
        two_persons::{self, TwoPersonsError},
    },
    acts::NamedAct,
    app::App,
    problem::{Kind, Problem},
    routes::worklist::{Asked, unread},
    service::Call,
};

pub(crate) use table::{BulkItem, BulkRun, BulkRuns, ItemState, RunState};
pub(crate) use work::work;

/// Most applications of one run: a preview answers within seconds.
pub(crate) const LIMIT: usize = 2_000;

/// What is to be done, on what.
pub(crate) struct Wanted {
    /// The run's id.
    pub id: Uuid,
    /// Which act.
    pub act: &'static NamedAct,
    /// What it asks for.
    pub until: String,
    /// Why.
    pub reason: String,
    /// On which applications.
    pub applications: Vec<String>,
}

/// The tables of the runs.
pub(crate) fn failed(error: &sqlx::Error) -> Problem {
    tracing::error!(%error, "a bulk run can not be read or written");
    Problem::new(Kind::Internal)
}

/// Whether somebody may do an act.
fn permitted(identity: &Identity, act: &NamedAct) -> Result<(), Problem> {
    if identity.holds(act.permission) {
        Ok(())
    } else {
        Err(Problem::new(Kind::NotPermitted))
    }
}

/// The ids of all applications that match, as an address has the conditions; one more than a run may have tells that they are too many.
///
/// # Errors
/// [`Kind::Invalid`]; see [`Asked::of_address`].
pub(crate) async fn matching(
    app: &App,
    identity: &Identity,
    conditions: &str,
) -> Result<Vec<String>, Problem> {
    let asked: Asked = serde_urlencoded::from_str(conditions)
        .map_err(|_| Problem::new(Kind::Invalid).at("/matching", "検索条件を読み取れません。"))?;
    let question = asked.of_address(app, identity).await?.read()?;
    let limit = i64::try_from(LIMIT + 1).unwrap_or(i64::MAX);
    let views = &app.service().views;
    views
        .selection(&question.filter, limit)
        .await
        .map_err(unread)
}

/// What the decider says about one application: the revision it was asked of, and why it is left out.
async fn item(
    app: &App,
    context: &Context,
    wanted: &Wanted,
    application: &str,
) -> Result<BulkItem, Problem> {
    let service = app.service();
    let left_out = |seen: u32, sentence: String| BulkItem {
        application: application.to_owned(),
        seen,
        state: ItemState::Excluded,
        sentence,
    };
    let found = match ApplicationId::parse(application) {
        Ok(id) => service.application(&id).await?,
        Err(_) => None,
    };
    let Some((found, _)) = found else {
        return Ok(left_out(0, "お申込みが見つかりません。".to_owned()));
    };
    let seen = found.state().map_or(0, |state| state.review.revision);
    let command = command(wanted.act, &wanted.until, &wanted.reason, seen)?;
    Ok(match decide(&found, command, context, &service.programs) {
        Ok(events) if events.is_empty() => left_out(seen, "すでにその状態です。".to_owned()),
        Ok(_) => BulkItem {
            application: application.to_owned(),
            seen,
            state: ItemState::Ready,
            sentence: String::new(),
        },
        Err(refusal) => left_out(seen, refusal.to_string()),
    })
}

fn command(
    act: &NamedAct,
    until: &str,
    reason: &str,
    seen: u32,
) -> Result<ApplicationCommand, Problem> {
    Ok(ApplicationCommand::Society(SocietyCommand {
        act: act.read(until)?,
        reason: reason.to_owned(),
        seen: Some(seen),
    }))
}

/// Writes down what would be done, and does nothing of it.
///
/// # Errors
/// [`Kind::Invalid`] for an act that is not done in bulk, a reason or a time that is missing, no application or too many.
pub(crate) async fn preview(
    app: &App,
    identity: &Identity,
    mut wanted: Wanted,
) -> Result<(), Problem> {
    permitted(identity, wanted.act)?;
    let invalid =
        |pointer: &str, sentence: String| Problem::new(Kind::Invalid).at(pointer, sentence);
    if !wanted.act.in_bulk {
        return Err(invalid("/act", "この処理は一括では行えません。".to_owned()));
    }
    wanted.applications.sort();
    wanted.applications.dedup();
    if wanted.applications.is_empty() {
        return Err(invalid(
            "/applications",
            "申請を選択してください。".to_owned(),
        ));
    }
    if wanted.applications.len() > LIMIT {
        return Err(invalid(
            "/applications",
            format!("一度に処理できるのは{LIMIT}件までです。条件を絞り込んでください。"),
        ));
    }
    wanted.act.read(&wanted.until)?;
    if wanted.reason.trim().is_empty() {
        return Err(invalid("/reason", "理由 を入力してください。".to_owned()));
    }
    let context = Context {
        actor: identity.actor().clone(),
        at: app.service().clock.now(),
    };
    let mut items = Vec::with_capacity(wanted.applications.len());
    for application in &wanted.applications {
        items.push(item(app, &context, &wanted, application).await?);
    }
    let run = BulkRun {
        id: wanted.id,
        act: wanted.act,
        until: wanted.until,
        reason: wanted.reason,
        state: RunState::Previewed,
        digest: String::new(),
        made_by: identity.actor().label(),
        started_by: None,
        made_at: app.service().clock.now(),
    };
    let run = BulkRun {
        digest: digest(&run, &items),
        ..run
    };
    let runs = app.bulk_runs();
    runs.make(&run, &items)
        .await
        .map_err(|error| failed(&error))
}

/// SHA-256 (hexadecimal) over exactly what is to be done.
fn digest(run: &BulkRun, items: &[BulkItem]) -> String {
    let mut hash = Sha256::new();
    for part in [run.act.name, &run.until, &run.reason] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    for item in items.iter().filter(|item| item.state == ItemState::Ready) {
        hash.update(
            u64::try_from(item.application.len())
                .unwrap_or(u64::MAX)
                .to_be_bytes(),
        );
        hash.update(&item.application);
        hash.update(item.seen.to_be_bytes());
    }
    hex::encode(hash.finalize())
}

/// A run, for somebody who may see applications.
///
/// # Errors
/// [`Kind::NotFound`]
pub(crate) async fn find(app: &App, id: Uuid) -> Result<BulkRun, Problem> {
    let run = app.bulk_runs().find(id).await;
    run.map_err(|error| failed(&error))?
        .ok_or(Problem::new(Kind::NotFound))
}

/// Whether a second person must approve it.
pub(crate) fn needs_two_persons(run: &BulkRun) -> bool {
    run.act.permission == Permission::Decide
}

/// Whether a second person has approved it.
///
/// # Errors
/// The log.
pub(crate) async fn is_approved(app: &App, run: &BulkRun) -> Result<bool, Problem> {
    let state = app
        .service()
        .log
        .load::<ProposalState>(&run.id.to_string(), domain::upcasters)
        .await?;
    Ok(state.is_some_and(|loaded| {
        matches!(
            loaded.aggregate,
            ProposalState::Made {
                approved_by: Some(_),
                ..
            }
        )
    }))
}

async fn proposal(app: &App, run: &BulkRun) -> Result<Proposal, Problem> {
    let counts = app.bulk_runs().counts(run.id).await;
    let counts = counts.map_err(|error| failed(&error))?;
    Ok(Proposal {
        kind: ProposalKind::DecideInBulk,
        subject: format!("{} {}件", run.act.label, counts.ready),
        digest: run.digest.clone(),
    })
}

/// A run that waits: for its start, or for a second person.
fn waiting(run: &BulkRun) -> Result<(), Problem> {
    match run.state {
        RunState::Previewed | RunState::Proposed => Ok(()),
        RunState::Running | RunState::Done | RunState::Cancelled => Err(Problem::saying(
            Kind::WrongState,
            "この一括処理はすでに開始されたか、終わっています。一覧を開き直してご確認ください。",
        )),
    }
}

/// 起案, or 実行 where one person is enough or a second one has approved.
///
/// # Errors
/// [`Kind::NotPermitted`], [`Kind::WrongState`]; the refusal of 二者承認.
pub(crate) async fn start(
    app: &App,
    identity: &Identity,
    (id, permission): (Uuid, Permission),
    call: Call,
) -> Result<(), Problem> {
    let run = find(app, id).await?;
    // Each permission has its own address: another run's act would go past the gate.
    if run.act.permission != permission {
        return Err(Problem::new(Kind::NotPermitted));
    }
    permitted(identity, run.act)?;
    if run.state == RunState::Running {
        return Ok(());
    }
    waiting(&run)?;
    let service = app.service();
    let runs = app.bulk_runs();
    if needs_two_persons(&run) {
        let seen = proposal(app, &run).await?;
        let principal = identity.principal();
        if run.state == RunState::Previewed {
            let call = Call {
                reason: Some(run.reason.clone()),
                ..call
            };
            two_persons::propose(service, principal, id, seen, call).await?;
            let moved = runs
                .advance(id, RunState::Previewed, RunState::Proposed, None)
                .await;
            moved.map_err(|error| failed(&error))?;
            return Ok(());
        }
        two_persons::use_up(service, principal, id, seen, call).await?;
    }
    let by = identity.actor().label();
    let moved = runs
        .advance(id, run.state, RunState::Running, Some(&by))
        .await;
    moved.map_err(|error| failed(&error))?;
    runs.wake();
    Ok(())
}

/// 承認 by a second person.
///
/// # Errors
/// The refusal of 二者承認.
pub(crate) async fn approve(
    app: &App,
    identity: &Identity,
    id: Uuid,
    call: Call,
) -> Result<(), Problem> {
    let run = find(app, id).await?;
    waiting(&run)?;
    let seen = proposal(app, &run).await?;
    two_persons::approve(app.service(), identity.principal(), id, seen, call).await?;
    Ok(())
}

/// 中止: what is done stays done, nothing more is begun.
///
/// # Errors
/// [`Kind::NotPermitted`]
pub(crate) async fn cancel(app: &App, identity: &Identity, id: Uuid) -> Result<(), Problem> {
    let run = find(app, id).await?;
    permitted(identity, run.act)?;
    let runs = app.bulk_runs();
    for from in [RunState::Previewed, RunState::Proposed, RunState::Running] {
        let moved = runs.advance(id, from, RunState::Cancelled, None).await;
        moved.map_err(|error| failed(&error))?;
    }
    Ok(())
}

impl From<TwoPersonsError> for Problem {
    fn from(error: TwoPersonsError) -> Self {
        use eventstore::ExecuteError;
        match error {
            TwoPersonsError::NotAPerson | TwoPersonsError::NotPermitted => {
                Self::saying(Kind::NotPermitted, error.to_string())
            }
            TwoPersonsError::Proposal(ExecuteError::Refused(refusal)) => {
                Self::saying(Kind::ProposalRefused, refusal.to_string())
            }
            TwoPersonsError::Proposal(ExecuteError::KeyReused) => {
                Self::new(Kind::IdempotencyKeyReused)
            }
            TwoPersonsError::Proposal(ExecuteError::Conflict) => Self::new(Kind::Conflict),
            TwoPersonsError::Proposal(ExecuteError::Database(error)) => error.into(),
        }
    }
}
