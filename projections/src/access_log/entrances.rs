//! Who came in: sign-ins of staff, ends of their access, and tokens of machine clients.

use domain::Actor;
use eventstore::{Database, on_database};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use crate::error::{Error, Result, Unreadable};
use crate::feed::FedEvent;
use crate::projection::ROWS_PER_STATEMENT;
use crate::session::{Session, on_session};
use crate::views::{Page, instant};

const VIEW: &str = "access_entrances";

pub(super) const COLUMNS: &str = "global_seq, stream, sequence, event, account, actor, role, duties, way, token, client, request_id, at";

/// The account of a stream of one.
const ACCOUNT: &str = "account:";

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entrance {
    /// 職員のサインイン
    SignedIn,
    /// アカウントの利用終了
    AccessEnded,
    /// トークンの発行
    TokenMade,
    /// トークンの取消し
    TokenRevoked,
    /// 以前のトークンの封印
    EarlierTokensSealed,
}

impl Entrance {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::SignedIn,
        Self::AccessEnded,
        Self::TokenMade,
        Self::TokenRevoked,
        Self::EarlierTokensSealed,
    ];

    /// The word in the view and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::AccessEnded => "access-ended",
            Self::TokenMade => "token-made",
            Self::TokenRevoked => "token-revoked",
            Self::EarlierTokensSealed => "earlier-tokens-sealed",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }
}

/// A row as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CameIn {
    pub global_seq: i64,
    pub stream: String,
    pub sequence: i64,
    pub event: Entrance,
    pub account: Option<String>,
    pub actor: Actor,
    pub duties: Option<String>,
    pub way: Option<String>,
    pub token: Option<Uuid>,
    pub client: Option<String>,
    pub request_id: String,
    pub at_us: i64,
}

impl CameIn {
    /// What every event of these says.
    pub(super) fn of(
        event: &FedEvent,
        what: Entrance,
        actor: Actor,
        at: Timestamp,
    ) -> std::result::Result<Self, Unreadable> {
        Ok(Self {
            global_seq: event.global_seq,
            stream: event.id.clone(),
            sequence: event.sequence,
            event: what,
            account: event.id.strip_prefix(ACCOUNT).map(str::to_owned),
            actor,
            duties: None,
            way: None,
            token: None,
            client: None,
            request_id: event.metadata()?.correlation_id.to_string(),
            at_us: at.as_microsecond(),
        })
    }
}

pub(super) async fn save(session: &mut Session, generation: i64, rows: &[&CameIn]) -> Result<()> {
    for rows in rows.chunks(ROWS_PER_STATEMENT) {
        let full = rows.len() == ROWS_PER_STATEMENT;
        on_session!(&mut *session, connection => {
            let mut query = QueryBuilder::new(format!(
                "INSERT INTO view_access_entrances_g{generation} ({COLUMNS}) "
            ));
            query.push_values(rows, |mut columns, row| {
                columns
                    .push_bind(row.global_seq)
                    .push_bind(&row.stream)
                    .push_bind(row.sequence)
                    .push_bind(row.event.as_str())
                    .push_bind(&row.account)
                    .push_bind(row.actor.label())
                    .push_bind(row.actor.role.as_str())
                    .push_bind(&row.duties)
                    .push_bind(&row.way)
                    .push_bind(row.token.map(|token| token.to_string()))
                    .push_bind(&row.client)
                    .push_bind(&row.request_id)
                    .push_bind(row.at_us);
            });
            query.build().persistent(full).execute(connection).await.map(drop)
        })
        .map_err(Error::while_("writing who came in"))?;
    }
    Ok(())
}

/// Somebody of the staff came in or was ended, or a token was made, revoked or sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntranceEntry {
    /// Number of the event in the ledger.
    pub global_seq: i64,
    /// What.
    pub event: Entrance,
    /// The account of staff that came in, was ended, or made the token.
    pub account: Option<String>,
    /// Who did it: `secretariat:demo`, `system:command-line`.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// Of a sign-in: the duties as of then, words with blanks between them.
    pub duties: Option<String>,
    /// Of a sign-in: by which way.
    pub way: Option<String>,
    /// Of a token: which.
    pub token: Option<Uuid>,
    /// Of a token that was made: the name of its client.
    pub client: Option<String>,
    /// Number of the request or command.
    pub request_id: Uuid,
    /// When, by the service's clock.
    pub at: Timestamp,
}

#[derive(FromRow)]
struct Columns {
    global_seq: i64,
    event: String,
    account: Option<String>,
    actor: String,
    role: String,
    duties: Option<String>,
    way: Option<String>,
    token: Option<String>,
    client: Option<String>,
    request_id: String,
    at: i64,
}

impl Columns {
    fn into_entry(self) -> Result<EntranceEntry> {
        let foreign = || Error::ForeignRow(VIEW);
        let token = self.token.map(|token| token.parse()).transpose();
        Ok(EntranceEntry {
            global_seq: self.global_seq,
            event: Entrance::parse(&self.event).ok_or_else(foreign)?,
            account: self.account,
            actor: self.actor,
            role: self.role,
            duties: self.duties,
            way: self.way,
            token: token.map_err(|_| foreign())?,
            client: self.client,
            request_id: self.request_id.parse().map_err(|_| foreign())?,
            at: instant(self.at)?,
        })
    }
}

/// The newest first; of one account, or of all.
pub(crate) async fn entrances(
    database: &Database,
    account: Option<&str>,
    before: Option<i64>,
    limit: u32,
) -> Result<Page<EntranceEntry, i64>> {
    // One more than asked for tells whether there is a next page.
    let rows: Vec<Columns> = on_database!(database, pool => {
        let mut query = QueryBuilder::new(format!(
            "SELECT {COLUMNS} FROM access_entrances WHERE global_seq < "
        ));
        query.push_bind(before.unwrap_or(i64::MAX));
        if let Some(account) = account {
            query.push(" AND account = ").push_bind(account);
        }
        query.push(" ORDER BY global_seq DESC LIMIT ").push_bind(i64::from(limit) + 1);
        query.build_query_as().fetch_all(pool).await
    })
    .map_err(Error::while_("asking who came in"))?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    let items: Vec<EntranceEntry> = rows
        .into_iter()
        .take(wanted)
        .map(Columns::into_entry)
        .collect::<Result<_>>()?;
    let next = items.last().filter(|_| more).map(|entry| entry.global_seq);
    Ok(Page { items, next })
}

/// The last sign-in of each account, the latest first, at most `limit`.
pub(crate) async fn accounts(database: &Database, limit: u32) -> Result<Vec<EntranceEntry>> {
    let rows: Vec<Columns> = on_database!(database, pool => {
        sqlx::query_as(&format!(
            "SELECT {COLUMNS} FROM access_entrances WHERE global_seq IN
                    (SELECT MAX(global_seq) FROM access_entrances WHERE event = $1 GROUP BY account)
              ORDER BY global_seq DESC LIMIT $2"
        ))
        .bind(Entrance::SignedIn.as_str())
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await
    })
    .map_err(Error::while_("asking for the accounts"))?;
    rows.into_iter().map(Columns::into_entry).collect()
}
