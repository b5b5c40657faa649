//! What makes a view.

use std::fmt;
use std::future::Future;
use std::str::FromStr;

use cqrs_es::Aggregate as _;
use domain::application::Application;

use crate::error::{Error, Unreadable};
use crate::feed::FedEvent;
use crate::session::Session;

/// The views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ViewName {
    /// 申請書類一覧
    DocumentList,
    /// 状態 of the applications
    ApplicationStatus,
    /// 変更履歴
    ChangeHistory,
    /// 閲覧記録
    AccessLog,
    /// 申請一覧
    Worklist,
    /// 入金
    Payments,
    /// 集計
    Reports,
}

impl ViewName {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::DocumentList,
        Self::ApplicationStatus,
        Self::ChangeHistory,
        Self::AccessLog,
        Self::Worklist,
        Self::Payments,
        Self::Reports,
    ];

    /// Those that follow applications: who has written to one waits for these.
    pub const OF_APPLICATIONS: [Self; 4] = [
        Self::DocumentList,
        Self::ApplicationStatus,
        Self::ChangeHistory,
        Self::Worklist,
    ];

    /// The name in the database, on the command line and in metrics; also that of the SQL view over the live generation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DocumentList => "document_list",
            Self::ApplicationStatus => "application_status",
            Self::ChangeHistory => "change_history",
            Self::AccessLog => "access_log",
            Self::Worklist => "worklist",
            Self::Payments => "payments",
            Self::Reports => "reports",
        }
    }
}

impl fmt::Display for ViewName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ViewName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|name| name.as_str() == text)
            .ok_or(Error::UnknownName)
    }
}

/// Rows in one statement. A full one always has the same text, so the database prepares it once; below that it is prepared
/// for the occasion. SQLite takes 32,766 parameters.
pub(crate) const ROWS_PER_STATEMENT: usize = 500;

/// A table of a view, as far as comparing two generations needs to know it.
pub(crate) struct Table {
    /// Name before the `_g<generation>`.
    pub name: &'static str,
    /// The columns of its key, as text joined for a report.
    pub key: &'static [&'static str],
    /// All its columns.
    pub columns: &'static str,
    /// The name under which readers know its live generation, if they do.
    pub public: Option<&'static str>,
}

/// A view: what it needs to know of events, and how its rows follow from them.
pub(crate) trait Projection: Send + Sync + 'static {
    /// Its name.
    const NAME: ViewName;
    /// Types of the streams that it follows.
    const STREAMS: &'static [&'static str] = &[Application::TYPE];
    /// To be raised with every change of what the rows say: rows of another version are not continued.
    const VERSION: i64;
    /// The tables of one generation, `{generation}` standing for its number.
    const SCHEMA: &'static str;
    /// Its tables.
    const TABLES: &'static [Table];
    /// The events whose payload it reads: transferring and decoding the others is most of the cost of catching up.
    const PAYLOADS: &'static [&'static str];
    /// Events in one transaction.
    const BATCH: i64;

    /// What an event says to this view.
    type Fact: Send + Sync;
    /// The rows that a batch may touch.
    type Rows: Send + Sync;

    /// Understands an event.
    fn read(event: FedEvent) -> Result<Self::Fact, Unreadable>;

    /// The rows that the facts may touch, as they are.
    fn load(
        session: &mut Session,
        generation: i64,
        facts: &[Self::Fact],
    ) -> impl Future<Output = Result<Self::Rows, Error>> + Send;

    /// Pure: the rows after one more fact.
    fn apply(rows: &mut Self::Rows, fact: Self::Fact);

    /// Writes the rows.
    fn save(
        session: &mut Session,
        generation: i64,
        rows: Self::Rows,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Runs the same expression with the type of the view of that name.
macro_rules! on_view {
    ($name:expr, $view:ident => $body:expr) => {
        match $name {
            $crate::projection::ViewName::DocumentList => {
                type $view = $crate::document_list::DocumentListView;
                $body
            }
            $crate::projection::ViewName::ApplicationStatus => {
                type $view = $crate::application_status::ApplicationStatusView;
                $body
            }
            $crate::projection::ViewName::ChangeHistory => {
                type $view = $crate::change_history::ChangeHistoryView;
                $body
            }
            $crate::projection::ViewName::AccessLog => {
                type $view = $crate::access_log::AccessLogView;
                $body
            }
            $crate::projection::ViewName::Worklist => {
                type $view = $crate::worklist::WorklistView;
                $body
            }
            $crate::projection::ViewName::Payments => {
                type $view = $crate::payments::PaymentsView;
                $body
            }
            $crate::projection::ViewName::Reports => {
                type $view = $crate::reports::ReportsView;
                $body
            }
        }
    };
}
pub(crate) use on_view;
