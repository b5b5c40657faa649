//! Asking the views.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use eventstore::{Database, EventLog};
use jiff::Timestamp;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::access_log::{self, AccessEntry, AccessFilter, EntranceEntry};
use crate::application_status::{self, ApplicationStatus, StatusFilter};
use crate::change_history::{self, HistoryEntry, HistoryFilter};
use crate::document_list::{self, DocumentList};
use crate::error::{Error, Result};
use crate::lag::{self, ProjectionLag};
use crate::payments::{self, UnmatchedPage};
use crate::projection::ViewName;
use crate::registry;
use crate::worklist::{self, Order, WorklistCounts, WorklistFilter, WorklistPage, WorklistSort};

/// How often a waiting reader looks: often at first, as most events are there within milliseconds.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LATER_LOOK: Duration = Duration::from_millis(10);

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page begins; none on the last.
    pub next: Option<C>,
}

/// What of each view was waited for in vain: until it shows that, nobody waits for it again.
#[derive(Default)]
struct Missed {
    of: HashMap<ViewName, (String, i64)>,
    /// As many times had the log become another one: what was waited for before may never come.
    breaks: u64,
}

/// The views, as last written. Cloning shares everything.
#[derive(Clone)]
pub struct Views {
    log: EventLog,
    prepared: Arc<OnceCell<()>>,
    behind: Arc<Mutex<Missed>>,
}

impl Views {
    /// The views of a log.
    pub fn new(log: EventLog) -> Self {
        Self {
            log,
            prepared: Arc::new(OnceCell::new()),
            behind: Arc::default(),
        }
    }

    /// A page may be asked for before any runner has made the tables.
    pub(crate) async fn database(&self) -> Result<&Database> {
        self.prepared
            .get_or_try_init(|| registry::prepare(&self.log))
            .await?;
        Ok(self.log.database())
    }

    /// 申請書類一覧 of an application; none when the view does not know it (yet).
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::ForeignRow`].
    pub async fn document_list(&self, application: &str) -> Result<Option<DocumentList>> {
        document_list::document_list(self.database().await?, application).await
    }

    /// Where an application stands; none when the view does not know it (yet).
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::ForeignRow`].
    pub async fn status(&self, application: &str) -> Result<Option<ApplicationStatus>> {
        application_status::status(self.database().await?, application).await
    }

    /// Applications by id, at most `limit`, after the one named by the page before.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::ForeignRow`].
    pub async fn statuses(
        &self,
        filter: &StatusFilter,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<ApplicationStatus, String>> {
        application_status::statuses(self.database().await?, filter, after, limit).await
    }

    /// 変更履歴, newest first: the matching entries of at most `events` events before the ledger number named by the page
    /// before. A page never cuts an event in two.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::ForeignRow`].
    pub async fn history(
        &self,
        filter: &HistoryFilter,
        before: Option<i64>,
        events: u32,
    ) -> Result<Page<HistoryEntry, i64>> {
        change_history::history(self.database().await?, filter, before, events).await
    }

    /// 閲覧記録, newest first: at most `limit` matching entries before the ledger number named by the page before.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::ForeignRow`].
    pub async fn access_log(
        &self,
        filter: &AccessFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<AccessEntry, i64>> {
        access_log::access_log(self.database().await?, filter, before, limit).await
    }

    /// Who of the staff came in, and the tokens of machine clients, newest first: at most `limit` entries of an account, or of all, before the
    /// ledger number named by the page before.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::ForeignRow`].
    pub async fn entrances(
        &self,
        account: Option<&str>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<EntranceEntry, i64>> {
        access_log::entrances(self.database().await?, account, before, limit).await
    }

    /// The last sign-in of each account of staff, the latest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::ForeignRow`].
    pub async fn accounts(&self, limit: u32) -> Result<Vec<EntranceEntry>> {
        access_log::accounts(self.database().await?, limit).await
    }

    /// 申請一覧: a part of the matching applications, from the line `offset`, at most `limit`, and how many there are.
    ///
    /// # Errors
    ///
    /// [`Error::Database`], [`Error::ForeignRow`].
    pub async fn worklist(
        &self,
        filter: &WorklistFilter,
        by: (WorklistSort, Order),
        part: (i64, i64),
    ) -> Result<WorklistPage> {
        worklist::worklist(self.database().await?, filter, by, part).await
    }

    /// The ids of the matching applications, at most `limit`, in the order of their ids.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn selection(&self, filter: &WorklistFilter, limit: i64) -> Result<Vec<String>> {
        worklist::selection(self.database().await?, filter, limit).await
    }

    /// How many applications stand where.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn worklist_counts(&self, now: Timestamp) -> Result<WorklistCounts> {
        worklist::counts(self.database().await?, now).await
    }

    /// Payments that no application has, from that place, at most `limit`, and how many there are.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn unmatched_payments(&self, part: (i64, i64)) -> Result<UnmatchedPage> {
        payments::unmatched(self.database().await?, part).await
    }

    /// The applications that have confirmed a payment of this 取引番号.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn confirmations(&self, transaction: &str) -> Result<Vec<String>> {
        payments::confirmations(self.database().await?, transaction).await
    }

    /// Waits until a view shows an application (閲覧記録: a member's stream) as it is after its event `sequence` (the last one of a receipt), at most
    /// `timeout`. False: it gave up, and the page should say that it may be behind.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn wait_for(
        &self,
        view: ViewName,
        stream: &str,
        sequence: i64,
        timeout: Duration,
    ) -> Result<bool> {
        let deadline = Instant::now() + timeout;
        let mut pause = FIRST_LOOK;
        loop {
            if self.shows(view, stream, sequence).await? {
                return Ok(true);
            }
            let now = Instant::now();
            if now >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(pause.min(deadline - now)).await;
            pause = (pause * 2).min(LATER_LOOK);
        }
    }

    /// The same for people, who are not to wait on every page while a view stands still: until one that was waited for in vain shows
    /// what that wait was for, it is known to be behind, and looked at once.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn wait_once(
        &self,
        view: ViewName,
        stream: &str,
        sequence: i64,
        timeout: Duration,
    ) -> Result<bool> {
        let known = self.is_behind(view).await?;
        let timeout = if known { Duration::ZERO } else { timeout };
        let shown = self.wait_for(view, stream, sequence, timeout).await?;
        if !shown && !known {
            self.known_behind()
                .of
                .insert(view, (stream.to_owned(), sequence));
        }
        Ok(shown)
    }

    async fn shows(&self, view: ViewName, stream: &str, sequence: i64) -> Result<bool> {
        let seen = self.seen(view, stream).await?;
        Ok(seen.is_some_and(|seen| seen >= sequence))
    }

    /// Whether a view still does not show what was last waited for in vain.
    async fn is_behind(&self, view: ViewName) -> Result<bool> {
        let missed = self.known_behind().of.get(&view).cloned();
        let Some((stream, sequence)) = missed else {
            return Ok(false);
        };
        if !self.shows(view, &stream, sequence).await? {
            return Ok(true);
        }
        self.known_behind().of.remove(&view);
        Ok(false)
    }

    fn known_behind(&self) -> MutexGuard<'_, Missed> {
        // What a holder that panicked has left in it is whole: each use is one call.
        let mut missed = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        let breaks = self.log.breaks();
        if missed.breaks != breaks {
            *missed = Missed {
                breaks,
                ..Missed::default()
            };
        }
        missed
    }

    async fn seen(&self, view: ViewName, stream: &str) -> Result<Option<i64>> {
        let database = self.database().await?;
        let statement = match view {
            ViewName::DocumentList => "SELECT sequence FROM document_list WHERE application = $1",
            ViewName::ApplicationStatus => {
                "SELECT sequence FROM application_status WHERE application = $1"
            }
            ViewName::ChangeHistory => return change_history::seen(database, stream).await,
            ViewName::AccessLog => return access_log::seen(database, stream).await,
            ViewName::Payments => return payments::seen(database, stream).await,
            ViewName::Worklist => "SELECT sequence FROM worklist WHERE application = $1",
            // It has no row of a stream as a whole, but it takes all in, in the order of the ledger.
            ViewName::Reports => {
                "SELECT MAX(e.sequence) FROM events e JOIN ledger l ON l.position = e.position \
                  WHERE e.aggregate_type IN ('member', 'application') AND e.aggregate_id = $1 AND l.global_seq <= \
                        (SELECT checkpoint FROM projections WHERE name = 'reports' AND status = 'live')"
            }
        };
        eventstore::on_database!(database, pool => {
            sqlx::query_scalar(statement).bind(stream).fetch_optional(pool).await.map(Option::flatten)
        })
        .map_err(Error::while_("asking how far a view is"))
    }

    /// 会員番号, 氏名 and mail address of every member as of now, by number.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn mail_addresses(&self) -> Result<Vec<(String, String, String)>> {
        crate::reports::mail_addresses(self.database().await?).await
    }

    /// How far every view and effect is behind the ledger.
    ///
    /// # Errors
    ///
    /// [`Error::Database`].
    pub async fn lag(&self) -> Result<Vec<ProjectionLag>> {
        lag::lag(self.database().await?).await
    }
}

/// Microseconds of a row as an instant.
pub(crate) fn instant(us: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(us).map_err(|_| Error::ForeignRow("a view"))
}
