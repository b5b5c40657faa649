//! The outbox: every mail with its text, and what became of it. Rows stay.

use domain::{application::ApplicationId, notice::NoticeKind};
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::Timestamp;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::Text;

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// 送信待ち
    Waiting,
    /// 送信済み: a mail server took it, or it lies in the folder. Whether somebody read it nobody knows.
    Sent,
    /// 送信失敗: nobody tries again by itself.
    Failed,
    /// 不達: it came back.
    Bounced,
    /// 保留: not tried, as there is no address or as it would come too late.
    Held,
    /// 取消: what it was to tell was undone before it had gone.
    Cancelled,
}

impl MailState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Sent,
        Self::Failed,
        Self::Bounced,
        Self::Held,
        Self::Cancelled,
    ];

    /// The word in the database and in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Bounced => "bounced",
            Self::Held => "held",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// The word of the screens.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "送信待ち",
            Self::Sent => "送信済み",
            Self::Failed => "送信失敗",
            Self::Bounced => "不達",
            Self::Held => "保留",
            Self::Cancelled => "取消",
        }
    }
}

/// A mail that is to be sent.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// The same for the same occasion.
    pub id: Uuid,
    /// About which application, and so to which member.
    pub application: ApplicationId,
    /// On which occasion.
    pub kind: NoticeKind,
    /// Number of the event in the application's stream; none for a reminder.
    pub sequence: Option<i64>,
    /// From which version of the template.
    pub template_version: u32,
    /// What it says.
    pub text: Text,
    /// Why it is not to be sent by itself, as a code.
    pub held: Option<&'static str>,
    /// When, by the service's clock.
    pub created_at: Timestamp,
    /// Of which mail it is a repetition.
    pub again: Option<Again>,
}

/// That a mail is sent again.
#[derive(Clone, Debug)]
pub struct Again {
    /// Which one.
    pub of: Uuid,
    /// Why.
    pub reason: String,
    /// Who wants it.
    pub by: String,
    /// Of the request: its id is that of the mail.
    pub request_hash: [u8; 32],
}

/// A mail of the outbox.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// By which it is asked for; also its Message-ID.
    pub id: Uuid,
    /// About which application.
    pub application: ApplicationId,
    /// On which occasion.
    pub kind: NoticeKind,
    /// Number of the event in the application's stream; none for a reminder.
    pub sequence: Option<i64>,
    /// Version of the template.
    pub template_version: u32,
    /// What it says.
    pub text: Text,
    /// What became of it.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, real time; none when it is not.
    pub next_attempt_at: Option<Timestamp>,
    /// What went wrong last, as a code.
    pub error: Option<String>,
    /// Where it went, once it went.
    pub recipient: Option<String>,
    /// `smtp` or `folder`, once it went.
    pub via: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it went.
    pub sent_at: Option<Timestamp>,
    /// Of which mail it is a repetition, why, and who wanted it.
    pub again: Option<(Uuid, String, String)>,
    /// When it came back, who noted it, and what is said about it.
    pub bounced: Option<(Timestamp, String, String)>,
}

/// Never prints what it says or to whom.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// Which mails. Nothing asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailFilter {
    /// About this application.
    pub application: Option<String>,
    /// Of which this became.
    pub state: Option<MailState>,
    /// On this occasion.
    pub kind: Option<NoticeKind>,
}

/// The table.
#[derive(Clone)]
pub struct Outbox {
    log: EventLog,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    application: String,
    kind: String,
    sequence: Option<i64>,
    template_version: i64,
    subject: String,
    body: String,
    state: String,
    attempts: i64,
    next_attempt_us: i64,
    error: Option<String>,
    recipient: Option<String>,
    via: Option<String>,
    created_at_us: i64,
    sent_at_us: Option<i64>,
    resend_of: Option<String>,
    reason: Option<String>,
    requested_by: Option<String>,
    bounced_at_us: Option<i64>,
    bounced_by: Option<String>,
    bounce_note: Option<String>,
}

const COLUMNS: &str = "id, application, kind, sequence, template_version, subject, body, state, attempts, next_attempt_us, error, \
                       recipient, via, created_at_us, sent_at_us, resend_of, reason, requested_by, bounced_at_us, bounced_by, bounce_note";

/// A word that this program did not write.
#[derive(Debug, thiserror::Error)]
#[error("a row of the outbox has a word that this version of the software does not know")]
struct ForeignWord;

fn foreign(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

impl Row {
    fn read(self) -> Result<Mail, sqlx::Error> {
        let time = |us| Timestamp::from_microsecond(us).map_err(foreign);
        let state = MailState::parse(&self.state).ok_or_else(|| foreign(ForeignWord))?;
        let again = match (self.resend_of, self.requested_by) {
            (Some(of), Some(by)) => Some((
                of.parse().map_err(foreign)?,
                self.reason.unwrap_or_default(),
                by,
            )),
            _ => None,
        };
        let bounced = match (self.bounced_at_us, self.bounced_by) {
            (Some(at), Some(by)) => Some((time(at)?, by, self.bounce_note.unwrap_or_default())),
            _ => None,
        };
        Ok(Mail {
            id: self.id.parse().map_err(foreign)?,
            application: ApplicationId::parse(&self.application).map_err(foreign)?,
            kind: NoticeKind::parse(&self.kind).ok_or_else(|| foreign(ForeignWord))?,
            sequence: self.sequence,
            template_version: u32::try_from(self.template_version).map_err(foreign)?,
            text: Text {
                subject: self.subject,
                body: self.body,
            },
            attempts: u32::try_from(self.attempts).map_err(foreign)?,
            next_attempt_at: match state {
                MailState::Waiting => Some(time(self.next_attempt_us)?),
                _ => None,
            },
            state,
            error: self.error,
            recipient: self.recipient,
            via: self.via,
            created_at: time(self.created_at_us)?,
            sent_at: self.sent_at_us.map(time).transpose()?,
            again,
            bounced,
        })
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It went.
    Sent {
        /// Where to.
        recipient: String,
        /// `smtp` or `folder`.
        via: &'static str,
        /// When, by the service's clock.
        at: Timestamp,
    },
    /// Once more, later.
    PutOff {
        /// Why, as a code.
        error: String,
        /// When, real time.
        until: Timestamp,
    },
    /// Not again by itself.
    GivenUp {
        /// [`MailState::Failed`] or [`MailState::Held`].
        state: MailState,
        /// Why, as a code.
        error: String,
    },
}

impl Outbox {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self { log }
    }

    /// Puts a mail in; false when it was there already.
    ///
    /// # Errors
    /// The database.
    pub async fn put(&self, mail: &NewMail) -> Result<bool, sqlx::Error> {
        let state = match mail.held {
            Some(_) => MailState::Held,
            None => MailState::Waiting,
        };
        let again = mail.again.as_ref();
        let put: u64 = write_in_turn!(self.log, pool => {
            sqlx::query(
                "INSERT INTO outbox (id, application, member, kind, sequence, template_version, subject, body, state, next_attempt_us,
                                     error, created_at_us, resend_of, reason, requested_by, request_hash)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, $13, $14, $15) ON CONFLICT (id) DO NOTHING",
            )
                .bind(mail.id.to_string())
                .bind(mail.application.to_string())
                .bind(mail.application.member.as_str())
                .bind(mail.kind.as_str())
                .bind(mail.sequence)
                .bind(i64::from(mail.template_version))
                .bind(&mail.text.subject)
                .bind(&mail.text.body)
                .bind(state.as_str())
                .bind(mail.held)
                .bind(mail.created_at.as_microsecond())
                .bind(again.map(|again| again.of.to_string()))
                .bind(again.map(|again| again.reason.as_str()))
                .bind(again.map(|again| again.by.as_str()))
                .bind(again.map(|again| &again.request_hash[..]))
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(put == 1)
    }

    /// Whether a mail is there.
    ///
    /// # Errors
    /// The database.
    pub async fn has(&self, id: Uuid) -> Result<bool, sqlx::Error> {
        let found: i64 = on_database!(self.log.database(), pool => {
            sqlx::query_scalar("SELECT count(*) FROM outbox WHERE id = $1")
                .bind(id.to_string())
                .fetch_one(pool)
                .await
        })?;
        Ok(found > 0)
    }

    /// A mail.
    ///
    /// # Errors
    /// The database.
    pub async fn get(&self, id: Uuid) -> Result<Option<Mail>, sqlx::Error> {
        let row: Option<Row> = on_database!(self.log.database(), pool => {
            sqlx::query_as(&format!("SELECT {COLUMNS} FROM outbox WHERE id = $1"))
                .bind(id.to_string())
                .fetch_optional(pool)
                .await
        })?;
        row.map(Row::read).transpose()
    }

    /// The request that a repetition was wanted by.
    ///
    /// # Errors
    /// The database.
    pub(super) async fn request_hash(&self, id: Uuid) -> Result<Option<Vec<u8>>, sqlx::Error> {
        let found: Option<Option<Vec<u8>>> = on_database!(self.log.database(), pool => {
            sqlx::query_scalar("SELECT request_hash FROM outbox WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(pool)
                .await
        })?;
        Ok(found.flatten())
    }

    /// The matching mails, newest first, and how many there are.
    ///
    /// # Errors
    /// The database.
    pub async fn list(
        &self,
        filter: &MailFilter,
        (offset, limit): (i64, i64),
    ) -> Result<(Vec<Mail>, i64), sqlx::Error> {
        macro_rules! push_conditions {
            ($query:expr) => {
                $query.push(" WHERE 1 = 1");
                if let Some(application) = &filter.application {
                    $query
                        .push(" AND application = ")
                        .push_bind(application.clone());
                }
                if let Some(state) = filter.state {
                    $query.push(" AND state = ").push_bind(state.as_str());
                }
                if let Some(kind) = filter.kind {
                    $query.push(" AND kind = ").push_bind(kind.as_str());
                }
            };
        }
        let total: i64 = on_database!(self.log.database(), pool => {
            let mut query = QueryBuilder::new("SELECT count(*) FROM outbox");
            push_conditions!(query);
            query.build_query_scalar().fetch_one(pool).await
        })?;
        let rows: Vec<Row> = on_database!(self.log.database(), pool => {
            let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} FROM outbox"));
            push_conditions!(query);
            query.push(" ORDER BY created_at_us DESC, id LIMIT ").push_bind(limit);
            query.push(" OFFSET ").push_bind(offset);
            query.build_query_as().fetch_all(pool).await
        })?;
        let mails: Result<Vec<_>, _> = rows.into_iter().map(Row::read).collect();
        Ok((mails?, total))
    }

    /// How many wait, failed, came back or are held.
    ///
    /// # Errors
    /// The database.
    pub async fn open(&self) -> Result<Vec<(MailState, i64)>, sqlx::Error> {
        let rows: Vec<(String, i64)> = on_database!(self.log.database(), pool => {
            sqlx::query_as(
                "SELECT state, count(*) FROM outbox WHERE state <> 'sent' AND state <> 'cancelled' GROUP BY state",
            )
                .fetch_all(pool)
                .await
        })?;
        let count = |state: MailState| {
            let found = rows.iter().find(|(name, _)| name == state.as_str());
            (state, found.map_or(0, |(_, count)| *count))
        };
        let open = MailState::ALL
            .into_iter()
            .filter(|state| !matches!(state, MailState::Sent | MailState::Cancelled));
        Ok(open.map(count).collect())
    }

    /// Takes the mail that has been due longest: until `until`, nobody else takes it. Counts as an attempt.
    ///
    /// Times are by the clock of the database, which all nodes share.
    ///
    /// # Errors
    /// The database.
    pub async fn claim(
        &self,
        holder: &str,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<Option<Mail>, sqlx::Error> {
        // The condition stands twice: whoever waited for another one's claim of the same row looks at it again.
        let due = "state = 'waiting' AND next_attempt_us <= $3 AND claimed_until_us <= $3";
        let statement = format!(
            "UPDATE outbox SET holder = $1, claimed_until_us = $2, attempts = attempts + 1
              WHERE id = (SELECT id FROM outbox WHERE {due} ORDER BY next_attempt_us, created_at_us, id LIMIT 1) AND {due}
              RETURNING {COLUMNS}"
        );
        let rows: Vec<Row> = write_in_turn!(self.log, pool => {
            sqlx::query_as(&statement)
                .bind(holder)
                .bind(until.as_microsecond())
                .bind(now.as_microsecond())
                .fetch_all(pool)
                .await
        })?;
        rows.into_iter().next().map(Row::read).transpose()
    }

    /// Writes down what became of an attempt; false when the claim was not this holder's any more.
    ///
    /// # Errors
    /// The database.
    pub(super) async fn note(
        &self,
        id: Uuid,
        holder: &str,
        outcome: &Outcome,
    ) -> Result<bool, sqlx::Error> {
        let (state, error, next, sent) = match outcome {
            Outcome::Sent { recipient, via, at } => {
                (MailState::Sent, None, 0, Some((recipient, *via, at)))
            }
            Outcome::PutOff { error, until } => (
                MailState::Waiting,
                Some(error),
                until.as_microsecond(),
                None,
            ),
            Outcome::GivenUp { state, error } => (*state, Some(error), 0, None),
        };
        let noted: u64 = write_in_turn!(self.log, pool => {
            sqlx::query(
                "UPDATE outbox
                    SET state = $3, error = $4, next_attempt_us = $5, recipient = $6, via = $7, sent_at_us = $8,
                        holder = NULL, claimed_until_us = 0
                  WHERE id = $1 AND holder = $2 AND state = 'waiting'",
            )
                .bind(id.to_string())
                .bind(holder)
                .bind(state.as_str())
                .bind(error)
                .bind(next)
                .bind(sent.map(|(recipient, _, _)| recipient))
                .bind(sent.map(|(_, via, _)| via))
                .bind(sent.map(|(_, _, at)| at.as_microsecond()))
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(noted == 1)
    }

    /// Cancels the mails about an event that have not gone, and says whether one may have gone: it was sent, or somebody was sending it and
    /// nobody has written down what became of it.
    ///
    /// # Errors
    /// The database.
    pub(super) async fn cancel(
        &self,
        application: &ApplicationId,
        sequence: i64,
    ) -> Result<bool, sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query(
                "UPDATE outbox SET state = 'cancelled', error = 'undone', claimed_until_us = 0
                  WHERE application = $1 AND sequence = $2 AND state IN ('waiting', 'failed', 'held')",
            )
                .bind(application.to_string())
                .bind(sequence)
                .execute(pool)
                .await
                .map(drop)
        })?;
        let gone: i64 = on_database!(self.log.database(), pool => {
            sqlx::query_scalar(
                "SELECT count(*) FROM outbox
                  WHERE application = $1 AND sequence = $2
                    AND (state IN ('sent', 'bounced') OR state = 'cancelled' AND holder IS NOT NULL)",
            )
                .bind(application.to_string())
                .bind(sequence)
                .fetch_one(pool)
                .await
        })?;
        Ok(gone > 0)
    }

    /// Notes that a mail came back; false when it was not one that had gone.
    ///
    /// # Errors
    /// The database.
    pub async fn bounce(
        &self,
        id: Uuid,
        note: &str,
        by: &str,
        at: Timestamp,
    ) -> Result<bool, sqlx::Error> {
        let noted: u64 = write_in_turn!(self.log, pool => {
            sqlx::query(
                "UPDATE outbox SET state = 'bounced', bounced_at_us = $2, bounced_by = $3, bounce_note = $4
                  WHERE id = $1 AND state = 'sent'",
            )
                .bind(id.to_string())
                .bind(at.as_microsecond())
                .bind(by)
                .bind(note)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(noted == 1)
    }
}
