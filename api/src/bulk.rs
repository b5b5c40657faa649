//! 一括処理, and decisions that wait for a second person: one act on applications, written down before anything is done, and safe to repeat.
//!
//! A run stands in the database before it begins: which applications, with the revision that was seen, and why others are left out. Each
//! item is then a command of its own whose id follows from run and application, so that a run that was cut goes on where it was, and
//! nothing is done twice. What is done, by whom and whether a second person has approved it stands in the log, in the stream of the run's
//! proposal ([`crate::access::two_persons`]): the digest over act, the two sentences and items is made anew from the rows before anything of
//! them is done, and rows of which it is another one do nothing.

mod alone;
mod table;
mod work;

use domain::{
    Actor, Context,
    application::{Act, ApplicationCommand, ApplicationId, Refusal, SocietyCommand, decide},
    proposal::{
        Approval, ApprovalKind, GOOD_FOR, Proposal, ProposalCommand, ProposalKind, ProposalRefusal,
        ProposalState,
    },
};
use eventstore::ExecuteError;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    access::{
        Identity, Permission,
        two_persons::{self, TwoPersonsError},
    },
    acts::{Asks, NamedAct},
    app::App,
    problem::{Kind, Problem},
    routes::worklist::{Asked, unread},
    service::{Call, Service},
};

pub(crate) use alone::{Acted, ProposeError, act, propose};
pub(crate) use table::{BulkItem, BulkRun, BulkRuns, Counts, ItemState, RunState, Starts};
pub(crate) use work::work;

/// Most applications of one run: a preview answers within seconds.
pub(crate) const LIMIT: usize = 2_000;

/// What a run says whose rows are not what was proposed.
const CHANGED: &str = "起案の後に内容が書き換えられているため、実行していません。システムの管理者に知らせてください。必要な処理は、もう一度起案してください。";

/// What is said of a run whose rows, as they are to be shown, are not what was proposed.
pub(crate) const UNLIKE: &str = "表示している内容は、起案された内容と一致していません。書き換えられたおそれがあるため、この内容では承認も実行もできません。システムの管理者に知らせてください。必要な処理は、もう一度起案してください。";

/// What is said to who approves, or begins, what was not shown.
const SHOWN_OTHERWISE: &str = "画面に表示されていた内容が、実際に行われる内容と一致していません。承認も実行もしていません。システムの管理者に知らせたうえで、画面を開き直し、表示された内容をもう一度ご確認ください。";

/// What is said of a run that somebody has taken back.
const TAKEN_BACK: &str = "この処理は取り消されたか却下されたため、実行されません。必要な場合は、もう一度起案してください。";

/// What a run says that nobody has approved in time.
const EXPIRED: &str = "有効期限までに承認されなかったため、実行していません。必要な場合は、もう一度起案してください。";

/// What is to be done, on what.
pub(crate) struct Wanted {
    /// The run's id.
    pub id: Uuid,
    /// Which act.
    pub act: &'static NamedAct,
    /// What it asks for.
    pub until: String,
    /// 会員への説明
    pub explanation: String,
    /// 内部の理由
    pub reason: String,
    /// On which applications.
    pub applications: Vec<String>,
    /// Hash over the request.
    pub request_hash: [u8; 32],
}

/// The tables of the runs.
pub(crate) fn failed(error: &sqlx::Error) -> Problem {
    Problem::failed("using the tables of bulk runs", error)
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
        explanation: String::new(),
        line: 0,
    };
    let found = match ApplicationId::parse(application) {
        Ok(id) => service.application(&id).await?,
        Err(_) => None,
    };
    let Some((found, _)) = found else {
        return Ok(left_out(0, "お申込みが見つかりません。".to_owned()));
    };
    let seen = found.review_revision();
    let command = command(
        wanted.act.read(&wanted.until)?,
        (&wanted.explanation, &wanted.reason),
        seen,
        seconded(wanted.act).then_some(Approval {
            proposal: wanted.id,
            kind: ApprovalKind::TwoPersons,
        }),
    );
    Ok(match decide(&found, command, context, &service.programs) {
        Ok(events) if events.is_empty() => left_out(seen, "すでにその状態です。".to_owned()),
        Ok(_) => BulkItem {
            application: application.to_owned(),
            seen,
            state: ItemState::Ready,
            sentence: String::new(),
            explanation: String::new(),
            line: 0,
        },
        // What was typed is wrong for all of them.
        Err(refusal @ (Refusal::Invalid { .. } | Refusal::Undecodable { .. })) => {
            return Err(refusal.into());
        }
        Err(refusal) => left_out(seen, refusal.to_string()),
    })
}

fn command(
    act: Act,
    (explanation, reason): (&str, &str),
    seen: u32,
    approved: Option<Approval>,
) -> ApplicationCommand {
    ApplicationCommand::Society(SocietyCommand {
        act,
        explanation: explanation.to_owned(),
        reason: reason.to_owned(),
        seen: Some(seen),
        approved,
    })
}

/// Whether an act is done in bulk only after a second person.
fn seconded(act: &NamedAct) -> bool {
    act.permission == Permission::Decide
}

/// Writes down what would be done, and does nothing of it.
///
/// # Errors
/// [`Kind::Invalid`] for an act that is not done in bulk, a sentence or a time that is missing, no application or too many;
/// [`Kind::IdempotencyKeyReused`].
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
    let request_hash = hex::encode(wanted.request_hash);
    let known = app.bulk_runs().find(wanted.id).await;
    if let Some(run) = known.map_err(|error| failed(&error))? {
        return same_request(!run.is_of_another_request(&request_hash));
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
        explanation: wanted.explanation,
        reason: wanted.reason,
        state: RunState::Previewed,
        made_by: identity.actor().label(),
        started_by: None,
        made_at: app.service().clock.now(),
        starts: Starts::Pressed,
        import: None,
        sentence: String::new(),
        request_hash,
    };
    let made = app.bulk_runs().make(&run, &items).await;
    same_request(made.map_err(|error| failed(&error))?)
}

/// The same Idempotency-Key with another request is no preview of that one.
fn same_request(is_same: bool) -> Result<(), Problem> {
    if is_same {
        Ok(())
    } else {
        Err(Problem::new(Kind::IdempotencyKeyReused))
    }
}

/// SHA-256 (hexadecimal) over exactly what is to be done: everything of which commands are made, of all items but those that were left
/// out from the beginning.
fn digest(run: &BulkRun, items: &[BulkItem]) -> String {
    let mut hash = Sha256::new();
    let import = run.import.map(|id| id.to_string()).unwrap_or_default();
    let mut of_text = |text: &str| {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text);
    };
    for part in [
        run.act.name,
        &run.until,
        &run.explanation,
        &run.reason,
        &import,
    ] {
        of_text(part);
    }
    let mut items: Vec<&BulkItem> = items.iter().filter(|item| is_of(item)).collect();
    items.sort_by(|one, other| one.application.cmp(&other.application));
    for item in items {
        for part in [
            &item.application,
            &item.seen.to_string(),
            &item.explanation,
            &item.line.to_string(),
        ] {
            of_text(part);
        }
    }
    hex::encode(hash.finalize())
}

/// Whether an item is one of those that were proposed.
fn is_of(item: &BulkItem) -> bool {
    item.state != ItemState::Excluded
}

/// All items of a run.
async fn all_items(runs: &BulkRuns, run: Uuid) -> Result<Vec<BulkItem>, sqlx::Error> {
    runs.items(run, None, i64::MAX).await
}

/// What an act of a run asks for, as people read it; of an undoing the decision that it undoes.
///
/// # Errors
/// The log.
pub(crate) async fn asked(app: &App, run: &BulkRun, items: &[BulkItem]) -> Result<String, Problem> {
    let Asks::Decision = run.act.asks else {
        return Ok(run.act.shown(&run.until));
    };
    // An undoing is about one application.
    let id = items
        .iter()
        .find_map(|item| ApplicationId::parse(&item.application).ok());
    let found = match id {
        Some(id) => app.service().application(&id).await?,
        None => None,
    };
    let decision = found.as_ref().and_then(|(application, _)| {
        let event = run.until.parse().ok()?;
        application.state()?.decision(event)
    });
    let record = format!("変更履歴の記録 {}", run.until);
    Ok(match decision {
        Some(decision) => format!("{}（{record}）", decision.kind.label()),
        // It is undone.
        None => record,
    })
}

/// What kind of thing a run proposes: whether it waits for a second person, and when it begins.
pub(crate) fn kind_of(run: &BulkRun) -> ProposalKind {
    match run.starts {
        Starts::Approved => ProposalKind::Decide,
        Starts::Pressed if seconded(run.act) => ProposalKind::DecideInBulk,
        Starts::Pressed => ProposalKind::ActInBulk,
    }
}

/// What a run proposes by its rows as they are.
fn proposal_of(run: &BulkRun, items: &[BulkItem]) -> Proposal {
    Proposal {
        kind: kind_of(run),
        subject: format!(
            "{} {}件",
            run.act.label,
            items.iter().filter(|item| is_of(item)).count()
        ),
        digest: digest(run, items),
    }
}

/// The rows of a run as they are to be shown, next to what the log says that was proposed.
pub(crate) struct Rows {
    /// All items.
    pub items: Vec<BulkItem>,
    /// Over exactly these rows: whoever approves them names it.
    pub digest: String,
    /// Whether it is something else that was proposed.
    pub is_changed: bool,
    /// What the log says of it.
    pub told: Told,
}

impl Rows {
    /// The items that were proposed, whatever their rows say of what has become of them.
    pub fn proposed(&self) -> impl Iterator<Item = &BulkItem> {
        self.items.iter().filter(|item| is_of(item))
    }

    /// How many items stand where.
    pub fn counts(&self) -> Counts {
        let of = |state: ItemState| {
            let number = self.items.iter().filter(|item| item.state == state).count();
            i64::try_from(number).unwrap_or(i64::MAX)
        };
        Counts {
            ready: of(ItemState::Ready),
            excluded: of(ItemState::Excluded),
            done: of(ItemState::Done),
            refused: of(ItemState::Refused),
        }
    }
}

/// Reads the rows of a run once, for what is shown and for the digest that is held against the log: in between nothing can be put in
/// their place.
///
/// # Errors
/// The database, the log.
pub(crate) async fn rows(app: &App, run: &BulkRun) -> Result<Rows, Problem> {
    let items = all_items(app.bulk_runs(), run.id).await;
    let items = items.map_err(|error| failed(&error))?;
    let stands = proposal_of(run, &items);
    let proposed = app.service().proposal(run.id).await?;
    let is_changed = match &proposed {
        ProposalState::Made { proposal, .. } => *proposal != stands,
        // A row alone says that it was.
        ProposalState::None => matches!(run.state, RunState::Proposed | RunState::Running),
    };
    Ok(Rows {
        items,
        digest: stands.digest,
        is_changed,
        told: Told::of(app.service(), &proposed),
    })
}

/// Whether what somebody was shown is what would be done: what the log says that was proposed, or these rows, if nothing was yet. The
/// rows may have been others when they were shown, and be right again now.
async fn shown_as_it_is(
    app: &App,
    (run, shown): (Uuid, Option<&str>),
    stands: &Proposal,
) -> Result<(), Problem> {
    let Some(shown) = shown else {
        return Ok(());
    };
    let proposed = app.service().proposal(run).await?;
    let is_so = match &proposed {
        ProposalState::Made { proposal, .. } => proposal.digest == shown,
        ProposalState::None => stands.digest == shown,
    };
    if is_so {
        return Ok(());
    }
    tracing::error!(%run, "what was shown of a run is not what was proposed: it is not done");
    Err(Problem::saying(Kind::ProposalRefused, SHOWN_OTHERWISE))
}

/// Whether somebody may see a run: every run with 閲覧, and what one has proposed by hand oneself. What a file proposes is none of these: that
/// something waits tells that its rows have met applications.
pub(crate) fn sees(identity: &Identity, run: &BulkRun) -> bool {
    let by_hand = run.starts == Starts::Approved && run.import.is_none();
    identity.holds(Permission::SearchApplications)
        || (by_hand && run.made_by == identity.actor().label())
}

/// A run, for somebody who may see it.
///
/// # Errors
/// [`Kind::NotFound`], also where one may not.
pub(crate) async fn find(app: &App, identity: &Identity, id: Uuid) -> Result<BulkRun, Problem> {
    let run = app.bulk_runs().find(id).await;
    run.map_err(|error| failed(&error))?
        .filter(|run| sees(identity, run))
        .ok_or(Problem::new(Kind::NotFound))
}

/// The last runs that somebody may see, newest first.
///
/// # Errors
/// The database.
pub(crate) async fn last(
    app: &App,
    identity: &Identity,
    limit: i64,
) -> Result<Vec<BulkRun>, Problem> {
    let own = (!identity.holds(Permission::SearchApplications)).then(|| identity.actor().label());
    let runs = app.bulk_runs().list(own.as_deref(), limit).await;
    Ok(seen_by(identity, runs.map_err(|error| failed(&error))?))
}

/// The runs that wait for a second person and that somebody may see, oldest first.
///
/// # Errors
/// The database.
pub(crate) async fn all_waiting(app: &App, identity: &Identity) -> Result<Vec<BulkRun>, Problem> {
    let runs = app.bulk_runs().waiting().await;
    Ok(seen_by(identity, runs.map_err(|error| failed(&error))?))
}

fn seen_by(identity: &Identity, mut runs: Vec<BulkRun>) -> Vec<BulkRun> {
    runs.retain(|run| sees(identity, run));
    runs
}

/// What the log says of a run: who proposed and approved it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Role and account.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: Option<Timestamp>,
    /// Role and account.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<Timestamp>,
    /// 単独: from when on it is done without a second person.
    pub alone_from: Option<Timestamp>,
    /// By whom it was taken back.
    pub cancelled_by: Option<String>,
}

impl Told {
    fn of(service: &Service, state: &ProposalState) -> Self {
        match state {
            ProposalState::None => Self::default(),
            ProposalState::Made {
                proposed_by,
                expires_at,
                approved_by,
                approved_at,
                cancelled_by,
                ..
            } => Self {
                alone_from: two_persons::alone_from(service, state),
                proposed_by: Some(proposed_by.label()),
                proposed_at: expires_at.checked_sub(GOOD_FOR).ok(),
                approved_by: approved_by.as_ref().map(Actor::label),
                approved_at: *approved_at,
                cancelled_by: cancelled_by.as_ref().map(Actor::label),
            },
        }
    }
}

/// What the log says of a run whose rows are not asked for; with them it is in [`Rows`].
///
/// # Errors
/// The log.
pub(crate) async fn told(app: &App, run: &BulkRun) -> Result<Told, Problem> {
    let service = app.service();
    Ok(Told::of(service, &service.proposal(run.id).await?))
}

async fn proposal(app: &App, run: &BulkRun) -> Result<Proposal, Problem> {
    let items = all_items(app.bulk_runs(), run.id).await;
    Ok(proposal_of(run, &items.map_err(|error| failed(&error))?))
}

/// The identity of one of the steps of a run: whoever repeats it does it once.
fn step(run: Uuid, name: &str, call: Call) -> Call {
    let command_id = Uuid::new_v5(&run, name.as_bytes());
    Call {
        command_id,
        request_hash: Sha256::digest(command_id).into(),
        correlation_id: run,
        ..call
    }
}

fn given(reason: &str) -> Option<String> {
    Some(reason.to_owned()).filter(|reason| !domain::text::is_blank(reason))
}

/// A run that waits: for its start, or for a second person.
fn waiting(run: &BulkRun) -> Result<(), Problem> {
    match run.state {
        RunState::Previewed | RunState::Proposed => Ok(()),
        RunState::Cancelled if run.sentence.is_empty() => {
            Err(Problem::saying(Kind::WrongState, TAKEN_BACK))
        }
        RunState::Cancelled => Err(Problem::saying(Kind::WrongState, run.sentence.clone())),
        RunState::Running | RunState::Done => Err(Problem::saying(
            Kind::WrongState,
            "この一括処理はすでに開始されたか、終わっています。一覧を開き直してご確認ください。",
        )),
    }
}

/// 起案, or 実行 where one person is enough or a second one has approved; of what was shown, if the digest of that is told.
///
/// # Errors
/// [`Kind::NotPermitted`], [`Kind::WrongState`], [`Kind::ProposalRefused`] for rows that are not those that were shown; the refusal of
/// 二者承認.
pub(crate) async fn start(
    app: &App,
    identity: &Identity,
    (id, shown): (Uuid, Option<&str>),
    permission: Permission,
    call: Call,
) -> Result<(), Problem> {
    let run = find(app, identity, id).await?;
    // Each permission has its own address: another run's act would go past the gate.
    if run.act.permission != permission {
        return Err(Problem::new(Kind::NotPermitted));
    }
    permitted(identity, run.act)?;
    if run.state == RunState::Running {
        return Ok(());
    }
    waiting(&run)?;
    let runs = app.bulk_runs();
    let seen = proposal(app, &run).await?;
    shown_as_it_is(app, (id, shown), &seen).await?;
    let principal = identity.principal();
    let waits = seen.kind.waits_for_approval();
    if waits {
        two_persons::permitted(principal, seen.kind)?;
    }
    if run.state == RunState::Previewed {
        let call = Call {
            reason: given(&run.reason),
            ..step(id, "propose", call)
        };
        if waits {
            two_persons::propose(app.service(), principal, id, seen, call).await?;
            let moved = runs
                .advance(id, RunState::Previewed, RunState::Proposed, None)
                .await;
            moved.map_err(|error| failed(&error))?;
            return Ok(());
        }
        let proposing = ProposalCommand::Propose(seen);
        let proposed = app.service().command_proposal(id, proposing, call).await;
        proposed.map_err(TwoPersonsError::from)?;
    }
    let begun = begin(app.service(), runs, &run, identity.actor()).await;
    held_against(runs, &run, begun).await
}

/// 実施: nobody does it a second time, and it is not done when the rows are not what was proposed.
async fn begin(
    service: &Service,
    runs: &BulkRuns,
    run: &BulkRun,
    by: &Actor,
) -> Result<(), BeginError> {
    let seen = proposal_of(run, &all_items(runs, run.id).await?);
    let state = service.proposal(run.id).await;
    let state = state.map_err(ExecuteError::Database)?;
    let now = service.clock.now();
    if state.approval(now).is_some() && two_persons::approval(service, &state, now).is_none() {
        return Err(ExecuteError::Refused(ProposalRefusal::NotApproved).into());
    }
    let call = step(run.id, "use", Call::once(by.clone(), Uuid::nil(), run.id));
    service
        .command_proposal(run.id, ProposalCommand::Use(seen), call)
        .await?;
    let by = by.label();
    runs.advance(run.id, run.state, RunState::Running, Some(&by))
        .await?;
    runs.wake();
    Ok(())
}

/// Why a run did not begin, or did not end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeginError {
    /// The table.
    #[error("the table of bulk runs failed")]
    Table(#[from] sqlx::Error),
    /// The log, or by the rule.
    #[error(transparent)]
    Proposal(#[from] ExecuteError<ProposalRefusal>),
}

impl BeginError {
    /// Whether the rows are not what was proposed.
    fn is_changed(&self) -> bool {
        matches!(
            self,
            Self::Proposal(ExecuteError::Refused(ProposalRefusal::Changed))
        )
    }
}

/// Ends a run whose rows are not what was proposed. Told to those who run the service: nobody who is signed in can change these rows.
async fn end_changed(runs: &BulkRuns, run: Uuid) -> Result<(), sqlx::Error> {
    tracing::error!(%run, "the rows of a run are not what was proposed: nothing more of it is done");
    runs.end(run, CHANGED).await
}

/// A run whose rows are not what was proposed is over, and says so.
async fn held_against(
    runs: &BulkRuns,
    run: &BulkRun,
    begun: Result<(), BeginError>,
) -> Result<(), Problem> {
    let Err(error) = begun else {
        return Ok(());
    };
    if error.is_changed() {
        let ended = end_changed(runs, run.id).await;
        ended.map_err(|error| failed(&error))?;
    }
    Err(match error {
        BeginError::Table(error) => failed(&error),
        BeginError::Proposal(error) => TwoPersonsError::from(error).into(),
    })
}

/// 承認 by a second person, of what was shown to that one, if the digest of that is told. What was only waiting for it is done then.
///
/// # Errors
/// [`Kind::ProposalRefused`] when something else was shown than was proposed; the refusal of 二者承認.
pub(crate) async fn approve(
    app: &App,
    identity: &Identity,
    (id, shown): (Uuid, Option<&str>),
    call: Call,
) -> Result<(), Problem> {
    // Told before anything of the run is: a token sees none of them.
    two_persons::permitted(identity.principal(), ProposalKind::Decide)?;
    let run = find(app, identity, id).await?;
    if run.starts == Starts::Approved && matches!(run.state, RunState::Running | RunState::Done) {
        return Err(
            TwoPersonsError::from(ExecuteError::Refused(ProposalRefusal::AlreadyApproved)).into(),
        );
    }
    waiting(&run)?;
    let seen = proposal(app, &run).await?;
    shown_as_it_is(app, (id, shown), &seen).await?;
    let approved = two_persons::approve(app.service(), identity.principal(), id, seen, call).await;
    match approved {
        Ok(_) => {}
        // It was cut after the approval: what is left is done now.
        Err(TwoPersonsError::Proposal(ExecuteError::Refused(ProposalRefusal::AlreadyApproved)))
            if run.starts == Starts::Approved => {}
        Err(TwoPersonsError::Proposal(error)) => {
            let error = BeginError::from(error);
            return held_against(app.bulk_runs(), &run, Err(error)).await;
        }
        Err(error) => return Err(error.into()),
    }
    if run.starts == Starts::Pressed {
        return Ok(());
    }
    let begun = begin(app.service(), app.bulk_runs(), &run, identity.actor()).await;
    held_against(app.bulk_runs(), &run, begun).await
}

/// 中止, 却下・取消: what is done stays done, nothing more is begun.
///
/// # Errors
/// [`Kind::NotPermitted`]
pub(crate) async fn cancel(
    app: &App,
    identity: &Identity,
    id: Uuid,
    call: Call,
) -> Result<(), Problem> {
    let run = find(app, identity, id).await?;
    if run.made_by != identity.actor().label() {
        permitted(identity, run.act)?;
    }
    let call = Call {
        actor: identity.actor().clone(),
        ..call
    };
    let ended = take_back(app.service(), app.bulk_runs(), (id, ""), call).await;
    held_against(app.bulk_runs(), &run, ended).await
}

/// Takes back what is proposed, and ends its run with a sentence.
///
/// # Errors
/// The database, the log.
pub(crate) async fn take_back(
    service: &Service,
    runs: &BulkRuns,
    (id, sentence): (Uuid, &str),
    call: Call,
) -> Result<(), BeginError> {
    let cancel = ProposalCommand::Cancel;
    match service
        .command_proposal(id, cancel, step(id, "cancel", call))
        .await
    {
        Ok(_)
        // What was not proposed yet, is over or has begun is ended by its rows alone.
        | Err(ExecuteError::Refused(
            ProposalRefusal::Unknown | ProposalRefusal::Cancelled | ProposalRefusal::AlreadyUsed,
        )) => {}
        Err(error) => return Err(error.into()),
    }
    runs.end(id, sentence).await?;
    Ok(())
}

impl From<TwoPersonsError> for Problem {
    fn from(error: TwoPersonsError) -> Self {
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
