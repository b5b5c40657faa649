//! Applications as the domain folds them, for the views whose rows follow from rules.
//!
//! What counts is a rule, so such a row is made by the domain from the fold of the application, under the rules of its event: the versions
//! of the programs stand in the database (`program_versions`), and every event names its own. A batch reads the earlier events of the
//! applications that it touches; keeping the folds beside the rows would be the log a second time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cqrs_es::Aggregate as _;
use domain::application::{Application, ApplicationEvent};
use domain::program::{Program, ProgramText, Programs};
use sqlx::QueryBuilder;

use crate::error::{Error, Result, Unreadable};
use crate::feed::FedEvent;
use crate::session::{Session, on_session};

/// Applications whose earlier events are read at a time.
const STREAMS_PER_STATEMENT: usize = 50;

/// An event of an application.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub application: String,
    pub sequence: i64,
    /// Version of the program that the event was decided by.
    pub rules_version: String,
    /// Microseconds.
    pub at_us: i64,
    pub event: Box<ApplicationEvent>,
}

impl Fact {
    pub(crate) fn read(event: FedEvent) -> Result<Self, Unreadable> {
        let metadata = event.metadata()?;
        Ok(Self {
            sequence: event.sequence,
            rules_version: metadata.rules_version,
            at_us: metadata.decided_at_us,
            event: Box::new(event.decode()?),
            application: event.id,
        })
    }
}

/// An application with the rules of its last event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fold {
    pub application: Application,
    pub sequence: i64,
    pub rules_version: String,
    pub updated_at_us: i64,
}

/// The applications of a batch, and the programs that they are measured by.
#[derive(Default)]
pub(crate) struct Folds {
    pub folds: HashMap<String, Fold>,
    pub programs: HashMap<String, Arc<Program>>,
}

impl Folds {
    /// The applications that these facts are about, as they were before them.
    pub(crate) async fn load<'a>(
        session: &mut Session,
        facts: impl Iterator<Item = &'a Fact> + Clone,
    ) -> Result<Self> {
        let mut folds = Self::default();
        // The number of the first event of each application in the batch: what is before it has been applied already.
        let mut first: BTreeMap<&str, i64> = BTreeMap::new();
        for fact in facts.clone() {
            first.entry(&fact.application).or_insert(fact.sequence);
        }
        let begun: Vec<(&str, i64)> = first.into_iter().filter(|(_, first)| *first > 1).collect();
        for begun in begun.chunks(STREAMS_PER_STATEMENT) {
            fold_earlier(session, begun, &mut folds).await?;
        }
        let versions: BTreeSet<&str> = facts.map(|fact| fact.rules_version.as_str()).collect();
        for version in versions {
            let program = match known(version) {
                Some(program) => Some(program),
                None => find_program(session, version).await?,
            };
            if let Some(program) = program {
                folds.programs.insert(version.to_owned(), program);
            }
        }
        Ok(folds)
    }

    /// The application after one more fact.
    pub(crate) fn apply(&mut self, fact: Fact) -> &Fold {
        let fold = self.folds.entry(fact.application).or_default();
        fold.application.apply(*fact.event);
        fold.sequence = fact.sequence;
        fold.rules_version = fact.rules_version;
        fold.updated_at_us = fact.at_us;
        fold
    }
}

/// Programs that were read before, by version. A version is the hash of its text, so what is here is never another one.
static READ: LazyLock<Mutex<HashMap<String, Arc<Program>>>> = LazyLock::new(|| {
    let embedded = Programs::embedded().ok();
    let programs = embedded.iter().flat_map(Programs::iter);
    Mutex::new(
        programs
            .map(|program| (program.version.clone(), Arc::new(program.clone())))
            .collect(),
    )
});

/// A program that is known to this process.
fn known(version: &str) -> Option<Arc<Program>> {
    let read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    read.get(version).cloned()
}

/// Reads a program's files and keeps it; none when this program does not understand them any more.
fn read_program(version: &str, text: &ProgramText) -> Option<Arc<Program>> {
    let program = Arc::new(text.read().ok()?);
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    read.insert(version.to_owned(), Arc::clone(&program));
    Some(program)
}

/// Folds the events before these numbers.
async fn fold_earlier(
    session: &mut Session,
    begun: &[(&str, i64)],
    folds: &mut Folds,
) -> Result<()> {
    type Earlier = (String, i64, String, String, String);
    // A rebuild reads a long stream batch by batch: without the bound it would read all of it for each.
    let bound = begun.iter().map(|(_, first)| *first).max();
    let earlier: Vec<Earlier> = on_session!(session, connection => {
        let mut query = QueryBuilder::new(
            "SELECT aggregate_id, sequence, event_type, event_version, CAST(payload AS text) \
               FROM events WHERE aggregate_type = 'application' AND aggregate_id IN (",
        );
        let mut list = query.separated(", ");
        for (application, _) in begun {
            list.push_bind(*application);
        }
        query.push(") AND sequence < ").push_bind(bound);
        query.push(" ORDER BY aggregate_id, sequence");
        query
            .build_query_as()
            .persistent(begun.len() == STREAMS_PER_STATEMENT)
            .fetch_all(connection)
            .await
    })
    .map_err(Error::while_("reading the earlier events of applications"))?;
    let first: BTreeMap<&str, i64> = begun.iter().copied().collect();
    for (id, sequence, event_type, event_version, payload) in earlier {
        if first
            .get(id.as_str())
            .is_none_or(|first| sequence >= *first)
        {
            continue;
        }
        let event = FedEvent {
            global_seq: 0,
            stream: "application",
            id,
            sequence,
            event_type,
            event_version,
            payload: Some(payload),
            metadata: String::new(),
        };
        let payload = event.decode().map_err(Error::from)?;
        let fold = folds.folds.entry(event.id).or_default();
        fold.application.apply(payload);
    }
    Ok(())
}

/// A version of a program that the service has kept.
async fn find_program(session: &mut Session, version: &str) -> Result<Option<Arc<Program>>> {
    let found: Option<(String, String, String)> = on_session!(session, connection => {
        sqlx::query_as(
            "SELECT program_text, rules_name, rules_text FROM program_versions WHERE version = $1",
        )
        .bind(version)
        .fetch_optional(connection)
        .await
    })
    .map_err(Error::while_("reading a version of a program"))?;
    Ok(found.and_then(|(program, rules_name, rules)| {
        let text = ProgramText {
            program,
            rules_name,
            rules,
        };
        read_program(version, &text)
    }))
}
