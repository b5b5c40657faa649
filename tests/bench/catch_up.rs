//! How fast a view is made from the log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use cqrs_es::persist::{GenericQuery, QueryReplay};
use cqrs_es::{EventEnvelope, View};
use domain::application::{Application, ApplicationEvent};
use domain::documents::DocumentKind;
use eventstore::EventLog;
use futures::{TryStreamExt as _, stream};
use postgres_es::{PostgresEventRepository, PostgresViewRepository, postgres_cqrs};
use projections::{Runner, ViewName, Views};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::applications::{self, Filling};
use crate::counter::{envelope, metadata_map};
use crate::figures::{Series, number, ratio};
use crate::places::{self, Place};
use crate::report::{Finding, Goal, Table};
use crate::{Outcome, ROUNDS, stock};

/// About 10,000 events: stock needs half of the whole run for them.
const APPLICATIONS: u32 = 667;

/// 10 to 20 events, 15 on the average.
fn length(member: u32) -> usize {
    10 + (member as usize * 7) % 11
}

/// One event of one application after the other, as if all members were at it at the same time: the events of an application
/// lie far apart, which is what a view has to live with.
fn scattered() -> Outcome<Vec<(u32, ApplicationEvent)>> {
    let mut all = Vec::new();
    for member in 0..APPLICATIONS {
        let events = applications::events(member, length(member))?;
        all.extend(
            events
                .into_iter()
                .enumerate()
                .map(|(place, event)| (place, member, event)),
        );
    }
    all.sort_by_key(|(place, member, _)| (*place, *member));
    Ok(all
        .into_iter()
        .map(|(_, member, event)| (member, event))
        .collect())
}

/// 申請書類一覧 as somebody would write it for [`GenericQuery`].
#[derive(Debug, Default, Serialize, Deserialize)]
struct StockList {
    sequence: usize,
    updated_at_us: i64,
    documents: BTreeMap<DocumentKind, StockLine>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct StockLine {
    at_us: i64,
    saved: bool,
    rows: u32,
}

impl View<Application> for StockList {
    fn update(&mut self, event: &EventEnvelope<Application>) {
        let at_us = event
            .metadata
            .get("decided_at_us")
            .and_then(|text| text.parse().ok())
            .unwrap_or_default();
        self.sequence = event.sequence;
        self.updated_at_us = at_us;
        let mut change = |kind: DocumentKind, change: &dyn Fn(&mut StockLine)| {
            let line = self.documents.entry(kind).or_default();
            line.at_us = at_us;
            change(line);
        };
        match &event.payload {
            ApplicationEvent::ResumeSaved { .. } => {
                change(DocumentKind::Resume, &|line| line.saved = true);
            }
            ApplicationEvent::ProfileSaved { .. } => {
                change(DocumentKind::Profile, &|line| line.saved = true);
            }
            ApplicationEvent::ClinicalExperienceSaved { .. } => {
                change(DocumentKind::ClinicalExperience, &|line| line.saved = true);
            }
            ApplicationEvent::ResearchYearsRecorded { total_years } => {
                let saved = !total_years.value.is_empty();
                change(DocumentKind::ResearchActivities, &|line| line.saved = saved);
            }
            ApplicationEvent::ResearchActivityAdded { .. } => {
                change(DocumentKind::ResearchActivities, &|line| line.rows += 1);
            }
            ApplicationEvent::ConferenceAdded { .. } => {
                change(DocumentKind::Conferences, &|line| line.rows += 1);
            }
            ApplicationEvent::PaperAdded { .. } => {
                change(DocumentKind::Papers, &|line| line.rows += 1);
            }
            ApplicationEvent::ResearchActivityRevised { .. } => {
                change(DocumentKind::ResearchActivities, &|_| ());
            }
            ApplicationEvent::ConferenceRevised { .. } => {
                change(DocumentKind::Conferences, &|_| ());
            }
            ApplicationEvent::PaperRevised { .. } => change(DocumentKind::Papers, &|_| ()),
            // Nothing else is in the events that are made up here.
            _ => {}
        }
    }
}

/// The same events in both, in the same order, as 8 writers append them.
async fn fill(theirs: &Place, ours: &Place, events: Vec<(u32, ApplicationEvent)>) -> Outcome<()> {
    let pool = theirs.pool().await?;
    let framework = Arc::new(postgres_cqrs::<Filling>(pool.clone(), vec![], ()));
    let log = ours.log().await?;
    let handler = log.handler::<Filling>((), Vec::new);
    let (framework, handler) = (&framework, &handler);
    stream::iter(events.into_iter().map(Ok))
        .try_for_each_concurrent(8, |(member, event)| async move {
            let id = applications::id(member);
            framework
                .execute_with_metadata(&id, vec![event.clone()], metadata_map())
                .await?;
            handler.execute(&id, vec![event], envelope()).await?;
            Outcome::Ok(())
        })
        .await?;
    eventstore::seal(log.database()).await?;
    Views::new(log.clone()).lag().await?;
    places::analyze(&pool).await?;
    let eventstore::Database::Postgres(own) = log.database() else {
        return Err("not PostgreSQL".into());
    };
    places::analyze(own).await?;
    places::close(&log).await;
    pool.close().await;
    Ok(())
}

type StockViews = PostgresViewRepository<StockList, Application>;

async fn replay(pool: PgPool) -> Outcome<f64> {
    sqlx::query("SELECT 1").execute(&pool).await?;
    let failures = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&failures);
    let views = Arc::new(StockViews::new(stock::VIEW, pool.clone()));
    let mut query = GenericQuery::<StockViews, StockList, Application>::new(views);
    query.use_error_handler(Box::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    let replay: QueryReplay<_, _, Application> =
        QueryReplay::new(PostgresEventRepository::new(pool), query);
    let began = Instant::now();
    replay.replay_all().await?;
    let seconds = began.elapsed().as_secs_f64();
    match failures.load(Ordering::Relaxed) {
        0 => Ok(seconds),
        failures => Err(format!("stock replay failed for {failures} events").into()),
    }
}

/// Seconds of each view of ours, in the order of [`ViewName::ALL`].
async fn catch_up(log: &EventLog) -> Outcome<Vec<f64>> {
    let runner = Runner::new(log.clone());
    Views::new(log.clone()).lag().await?;
    let mut seconds = Vec::new();
    for view in ViewName::ALL {
        let began = Instant::now();
        runner.catch_up(view.as_str()).await?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    Ok(seconds)
}

/// Both sides must say the same of every application, or the figures compare different things.
async fn compare(pool: &PgPool, log: &EventLog) -> Outcome<()> {
    let views = Views::new(log.clone());
    for member in 0..APPLICATIONS {
        let id = applications::id(member);
        let (payload,): (serde_json::Value,) =
            sqlx::query_as("SELECT payload FROM document_list WHERE view_id = $1")
                .bind(&id)
                .fetch_one(pool)
                .await?;
        let theirs: StockList = serde_json::from_value(payload)?;
        let ours = views
            .document_list(&id)
            .await?
            .ok_or("an application is missing in our view")?;
        let same_length = i64::try_from(theirs.sequence)? == ours.sequence;
        let same_documents = ours.documents.iter().all(|line| {
            let registered = theirs
                .documents
                .get(&line.kind)
                .is_some_and(|line| line.saved || line.rows > 0);
            registered == line.registered
        });
        if !same_length || !same_documents {
            return Err("the two sides made different document lists".into());
        }
    }
    Ok(())
}

#[derive(Default)]
struct Figures {
    documented: Series,
    tuned: Series,
    ours: [Series; ViewName::ALL.len()],
    all_ours: Series,
}

async fn round(theirs: &Place, ours: &Place, events: f64, figures: &mut Figures) -> Outcome<()> {
    let fresh = theirs.copy().await?;
    places::settle().await?;
    let pool = stock::documented_pool(&fresh).await;
    figures
        .documented
        .push(events / replay(pool.clone()).await?);
    pool.close().await;
    fresh.remove().await?;

    let own = ours.copy().await?;
    let log = own.log().await?;
    places::settle().await?;
    let seconds = catch_up(&log).await?;
    for (series, seconds) in figures.ours.iter_mut().zip(&seconds) {
        series.push(events / seconds);
    }
    figures.all_ours.push(events / seconds.iter().sum::<f64>());

    let fresh = theirs.copy().await?;
    places::settle().await?;
    let pool = fresh.pool().await?;
    figures.tuned.push(events / replay(pool.clone()).await?);
    compare(&pool, &log).await?;
    pool.close().await;
    fresh.remove().await?;
    places::close(&log).await;
    own.remove().await
}

pub async fn measure() -> Outcome<Finding> {
    let theirs = Place::empty().await?;
    stock::prepare(&theirs).await?;
    let ours = Place::empty().await?;
    let events = scattered()?;
    let count = f64::from(u32::try_from(events.len())?);
    fill(&theirs.hasty(), &ours.hasty(), events).await?;
    let mut figures = Figures::default();
    for number in 1..=ROUNDS {
        eprintln!("round {number} of {ROUNDS}");
        round(&theirs, &ours, count, &mut figures).await?;
    }
    ours.remove().await?;
    theirs.remove().await?;

    let mut table = Table::new(&["side", "events/s", "document list of ours / it"]);
    let document_list = figures.ours[0].median();
    let mut line = |side: String, series: &Series| {
        table.row([side, series.show(0), ratio(document_list / series.median())]);
    };
    line("stock, its documented pool".to_owned(), &figures.documented);
    line("stock, our pool".to_owned(), &figures.tuned);
    for (view, series) in ViewName::ALL.iter().zip(&figures.ours) {
        line(format!("ours, {view}"), series);
    }
    line(
        "ours, all three one after the other".to_owned(),
        &figures.all_ours,
    );
    let goal = |side: &str, series: &Series| Goal {
        what: format!("catching up with the document list, against {side}"),
        ours: format!("{} events/s", number(document_list, 0)),
        peer: format!("{} events/s", number(series.median(), 0)),
        measured: ratio(document_list / series.median()),
        wanted: "≥ 40×",
        met: document_list >= 40.0 * series.median(),
    };
    let goals = vec![
        goal("stock, its documented pool", &figures.documented),
        goal("stock, our pool", &figures.tuned),
    ];
    Ok(Finding {
        title: "Catching up",
        method: format!(
            "PostgreSQL. {} events of {APPLICATIONS} applications, 10 to 20 each, scattered: the events of an application lie \
             hundreds of others apart. The logs are sealed and analyzed, the tables of the views empty; each round begins with a copy of \
             the databases. Stock is `QueryReplay` into `GenericQuery` with `PostgresViewRepository`, its view holding what our \
             document list holds; after each round all lists of both sides are compared. Our views commit rows and checkpoint \
             together with `synchronous_commit` off (they can be made again from the log); stock commits every event with it on.",
            number(count, 0)
        ),
        table,
        goals,
    })
}
