//! Machine clients: tokens with scopes, hashed in the database. Real time, never the demonstration's.

use domain::{
    Actor, Role,
    access::{Access, AccessCommand, Account, Making, Revocation, Sealing, TokenEnd, Whose},
    upcasters,
};
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    AccessError, Grant, NotNoted, Principal, Scopes,
    accounts::{STAFF, account, principal_of},
    keys::{Columns, Purpose},
    log::write_as,
    session::{is_hexadecimal, note_use},
};
use crate::service::{Call, Service};

/// By which a secret is known as one of ours, also by those who look for secrets in what was published by mistake.
const PREFIX: &str = "shinsei_";

/// Most tokens that are good at the same time: a list that people still look through.
pub const MOST: i64 = 100;

/// Most tokens in the list; those that are good come first.
const LISTED: i64 = 1_000;

/// Use is noted once a minute: a write for each request would be a burden for nothing.
const NOTED: SignedDuration = SignedDuration::from_mins(1);

/// What a client sends: `shinsei_` and 256 random bits in hexadecimal. Shown once, kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    fn random() -> Self {
        Self(format!(
            "{PREFIX}{}",
            hex::encode(rand::random::<[u8; 32]>())
        ))
    }

    /// The secret of a header; `None` for what was never one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let random = text.strip_prefix(PREFIX)?;
        (random.len() == 64 && is_hexadecimal(random)).then(|| Self(text.to_owned()))
    }

    /// To be shown once.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without salt and stretching: nobody guesses 256 random bits.
    fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }
}

/// A token as it is listed: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientToken {
    /// By which it is revoked.
    pub id: Uuid,
    /// Name of the client.
    pub name: String,
    /// The role in which it acts; `None` for one that this program does not know, which opens nothing.
    pub role: Option<Role>,
    /// How far it goes.
    pub scopes: Scopes,
    /// Who made it: `secretariat:demo`, `system:command-line`.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// From when on it is good for nothing.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Option<Timestamp>,
    /// When it was revoked, and by whom.
    pub revoked: Option<(Timestamp, String)>,
    /// Why it opens nothing, by what the log says of it and of who made it.
    pub end: Option<TokenEnd>,
}

impl ClientToken {
    /// Whether it opens anything.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.expires_at && self.end.is_none()
    }

    /// Of one that is good: its row says then what the log says of its maker.
    fn principal(&self) -> Option<Principal> {
        self.role.map(|role| {
            Principal::client(role, &self.name, self.scopes.clone()).made_by(&self.created_by)
        })
    }
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The same request again: its secret has been shown.
    #[error("this token has been made, and its secret is shown once")]
    Made,
    /// The same id for another request.
    #[error("the id stands for another token")]
    IdReused,
    /// [`MOST`] are good.
    #[error("{MOST} tokens are good, and more are not made")]
    TooMany,
    /// The database, the log.
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl From<sqlx::Error> for CreateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Access(error.into())
    }
}

/// Why the tokens of before were not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It is done once: whoever writes a row afterwards is not this service.
    #[error(
        "the tokens of before were sealed at {at:.0} by {by}; a row without a seal was not written by this service since: find out who did, and \
         make a new token in its place"
    )]
    Sealed {
        /// When.
        at: Timestamp,
        /// By whom.
        by: String,
    },
    /// The database, the log.
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// The table of tokens. Rows stay: who had access until when is asked afterwards. A row that this service did not write counts as not there,
/// and one whose making is not in the log opens nothing.
#[derive(Clone)]
pub struct Clients {
    service: Service,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    request_hash: Vec<u8>,
    token_hash: Vec<u8>,
    name: String,
    role: String,
    scopes: String,
    created_by: String,
    created_at_us: i64,
    expires_at_us: i64,
    seen_at_us: Option<i64>,
    revoked_at_us: Option<i64>,
    revoked_by: Option<String>,
    seal: Vec<u8>,
}

const COLUMNS: &str = "id, request_hash, token_hash, name, role, scopes, created_by, created_at_us, expires_at_us, seen_at_us, revoked_at_us, revoked_by, seal";

impl Row {
    fn columns(&self) -> Columns {
        Columns::of(Purpose::Token)
            .text(&self.id)
            .bytes(&self.request_hash)
            .bytes(&self.token_hash)
            .text(&self.name)
            .text(&self.role)
            .text(&self.scopes)
            .text(&self.created_by)
            .number(self.created_at_us)
            .number(self.expires_at_us)
            .number_or_none(self.revoked_at_us)
            .text(self.revoked_by.as_deref().unwrap_or_default())
    }

    fn role(&self) -> Option<Role> {
        STAFF.into_iter().find(|role| role.as_str() == self.role)
    }

    /// Whether it says what the log says of the token's making.
    fn agrees_with(&self, making: &Making) -> bool {
        self.name == making.client
            && self.role == making.role.as_str()
            && self.scopes.split_whitespace().eq(&making.scopes)
            && self.created_by == making.maker.label()
            && self.expires_at_us == making.expires_at.as_microsecond()
    }

    fn read(self) -> Result<ClientToken, sqlx::Error> {
        let time = |us| Timestamp::from_microsecond(us).map_err(foreign);
        let role = self.role();
        let revoked = match self.revoked_at_us.zip(self.revoked_by) {
            Some((at, by)) => Some((time(at)?, by)),
            None => None,
        };
        Ok(ClientToken {
            id: self.id.parse().map_err(foreign)?,
            name: self.name,
            role,
            scopes: Scopes::parse(&self.scopes),
            created_by: self.created_by,
            created_at: time(self.created_at_us)?,
            expires_at: time(self.expires_at_us)?,
            seen_at: self.seen_at_us.map(time).transpose()?,
            revoked,
            end: None,
        })
    }
}

/// A row that this program did not write.
fn foreign(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

impl Clients {
    /// In the database of the service.
    pub fn new(service: &Service) -> Self {
        Self {
            service: service.clone(),
        }
    }

    fn log(&self) -> &EventLog {
        &self.service.log
    }

    /// Makes a token for which `maker` answers: an account of the secretariat, or `system` at the console. `id` and the hash of the call are
    /// those of the request: repeated, it makes no second one. Its making stands in the log before its secret is given out.
    ///
    /// # Errors
    /// See [`CreateError`].
    pub async fn create(
        &self,
        grant: &Grant,
        maker: &Actor,
        (id, call): (Uuid, &Call),
        now: Timestamp,
    ) -> Result<(ClientToken, Secret), CreateError> {
        if let Some(earlier) = self.request_hash(id).await? {
            return Err(if earlier == call.request_hash {
                CreateError::Made
            } else {
                CreateError::IdReused
            });
        }
        let good: i64 = on_database!(self.log().database(), pool => {
            sqlx::query_scalar("SELECT count(*) FROM client_tokens WHERE revoked_at_us IS NULL AND expires_at_us > $1")
                .bind(now.as_microsecond())
                .fetch_one(pool)
                .await
        })?;
        if good >= MOST {
            return Err(CreateError::TooMany);
        }
        let secret = Secret::random();
        let expires_at = now + SignedDuration::from_hours(24 * i64::from(grant.days()));
        let mut row = Row {
            id: id.to_string(),
            request_hash: call.request_hash.to_vec(),
            token_hash: secret.hash(),
            name: grant.name().to_owned(),
            role: grant.role().as_str().to_owned(),
            scopes: grant.scopes().to_string(),
            created_by: maker.label(),
            created_at_us: now.as_microsecond(),
            expires_at_us: expires_at.as_microsecond(),
            seen_at_us: None,
            revoked_at_us: None,
            revoked_by: None,
            seal: Vec::new(),
        };
        let making = Making {
            token: id,
            client: row.name.clone(),
            role: grant.role(),
            scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
            expires_at: Timestamp::from_microsecond(row.expires_at_us).map_err(foreign)?,
            maker: maker.clone(),
            as_of: self.account_of(maker).await?.last_event(),
            made_at: self.service.clock.now(),
            earlier: false,
        };
        let made = self.note_making(making, call).await?;
        // An earlier attempt may have come as far as this.
        row.expires_at_us = made.expires_at.as_microsecond();
        if !row.agrees_with(&made) {
            return Err(CreateError::IdReused);
        }
        row.seal = self.service.keys.seal(&row.columns());
        if !self.insert(&row).await? {
            // The same request at the same moment.
            return Err(CreateError::Made);
        }
        let token = self.get(id).await?.ok_or(sqlx::Error::RowNotFound)?;
        Ok((token, secret))
    }

    /// Writes that a token is made, unless it stands in the log already; gives what stands there.
    async fn note_making(&self, making: Making, call: &Call) -> Result<Making, AccessError> {
        let whose = Whose::Token(making.token);
        let call = Call {
            command_id: Uuid::new_v4(),
            ..call.clone()
        };
        let command = AccessCommand::MakeToken(making.clone());
        write_as(&self.service, &whose, command, call).await?;
        let stands = self.in_log(&whose).await?;
        Ok(stands.token().making().cloned().unwrap_or(making))
    }

    async fn insert(&self, row: &Row) -> Result<bool, sqlx::Error> {
        let made: u64 = write_in_turn!(self.log(), pool => {
            sqlx::query(
                "INSERT INTO client_tokens
                     (id, request_hash, token_hash, name, role, scopes, created_by, created_at_us, expires_at_us, seal)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING",
            )
                .bind(&row.id)
                .bind(&row.request_hash)
                .bind(&row.token_hash)
                .bind(&row.name)
                .bind(&row.role)
                .bind(&row.scopes)
                .bind(&row.created_by)
                .bind(row.created_at_us)
                .bind(row.expires_at_us)
                .bind(&row.seal)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(made == 1)
    }

    async fn request_hash(&self, id: Uuid) -> Result<Option<Vec<u8>>, sqlx::Error> {
        on_database!(self.log().database(), pool => {
            sqlx::query_scalar("SELECT request_hash FROM client_tokens WHERE id = $1")
                .bind(id.to_string())
                .fetch_optional(pool)
                .await
        })
    }

    /// The row of an id, if this service wrote it.
    async fn row(&self, id: Uuid) -> Result<Option<Row>, sqlx::Error> {
        let row: Option<Row> = on_database!(self.log().database(), pool => {
            sqlx::query_as(&format!("SELECT {COLUMNS} FROM client_tokens WHERE id = $1"))
                .bind(id.to_string())
                .fetch_optional(pool)
                .await
        })?;
        Ok(row.filter(|row| self.service.keys.knows(&row.columns(), &row.seal)))
    }

    async fn get(&self, id: Uuid) -> Result<Option<ClientToken>, AccessError> {
        match self.row(id).await? {
            Some(row) => self.standing(row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn in_log(&self, whose: &Whose) -> Result<Access, eventstore::Error> {
        let loaded = self.log().load(&whose.id(), upcasters).await?;
        Ok(loaded.map_or_else(Access::default, |loaded| loaded.aggregate))
    }

    /// The account of who answers for a token; whoever runs the service has none.
    async fn account_of(&self, maker: &Actor) -> Result<Account, AccessError> {
        match maker.role {
            Role::System => Ok(Account::default()),
            Role::Member | Role::Secretariat | Role::Reporter => {
                Ok(account(&self.service, &maker.id).await?)
            }
        }
    }

    /// A token with what the log says of it, and of who made it.
    async fn standing(&self, row: Row) -> Result<ClientToken, AccessError> {
        let id: Uuid = row.id.parse().map_err(foreign)?;
        let known = self.in_log(&Whose::Token(id)).await?;
        let known = known.token();
        let end = match known.making() {
            Some(making) if row.agrees_with(making) => {
                let scopes = Scopes::parse(&row.scopes);
                let maker = self.account_of(&making.maker).await?;
                known.end(&maker, self.service.clock.now(), |sign_in| {
                    let maker = principal_of(sign_in);
                    scopes
                        .iter()
                        .all(|permission| permission.is_held_by(&maker))
                })
            }
            Some(_) | None => Some(TokenEnd::NotMade),
        };
        Ok(ClientToken { end, ..row.read()? })
    }

    /// Who a secret stands for, if it is good. Being asked counts as use.
    ///
    /// # Errors
    /// The database; the log.
    pub async fn find(
        &self,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Option<Principal>, AccessError> {
        let row: Option<Row> = on_database!(self.log().database(), pool => {
            sqlx::query_as(&format!("SELECT {COLUMNS} FROM client_tokens WHERE token_hash = $1"))
                .bind(secret.hash())
                .fetch_optional(pool)
                .await
        })?;
        let keys = &self.service.keys;
        let Some(row) = row.filter(|row| keys.fits(&row.columns(), &row.seal)) else {
            return Ok(None);
        };
        let token = self.standing(row).await?;
        if !token.is_good(now) {
            return Ok(None);
        }
        if token.seen_at.is_none_or(|seen| seen + NOTED <= now) {
            let (log, id) = (self.log().clone(), token.id.to_string());
            note_use(self.log(), async move {
                write_in_turn!(log, pool => {
                    sqlx::query("UPDATE client_tokens SET seen_at_us = $2 WHERE id = $1 AND (seen_at_us IS NULL OR seen_at_us < $2)")
                        .bind(&id)
                        .bind(now.as_microsecond())
                        .execute(pool)
                        .await
                        .map(drop)
                })
            })
            .await;
        }
        Ok(token.principal())
    }

    /// The tokens, those first that are neither revoked nor over, then the newest; at most 1,000.
    ///
    /// # Errors
    /// The database; the log.
    pub async fn list(&self, now: Timestamp) -> Result<Vec<ClientToken>, AccessError> {
        let rows: Vec<Row> = on_database!(self.log().database(), pool => {
            sqlx::query_as(&format!(
                "SELECT {COLUMNS} FROM client_tokens
                  ORDER BY CASE WHEN revoked_at_us IS NULL AND expires_at_us > $1 THEN 0 ELSE 1 END, created_at_us DESC, id
                  LIMIT {LISTED}"
            ))
                .bind(now.as_microsecond())
                .fetch_all(pool)
                .await
        })?;
        let mut tokens = Vec::with_capacity(rows.len());
        for row in rows {
            if self.service.keys.knows(&row.columns(), &row.seal) {
                tokens.push(self.standing(row).await?);
            }
        }
        Ok(tokens)
    }

    /// The tokens for which an account of staff answers and that are not revoked, with the event of the account as of which each was made.
    pub(super) async fn made_by(&self, account: &str) -> Result<Vec<(Uuid, i64)>, AccessError> {
        let makers = STAFF.map(|role| {
            let id = account.to_owned();
            Actor { role, id }.label()
        });
        let rows: Vec<Row> = on_database!(self.log().database(), pool => {
            sqlx::query_as(&format!(
                "SELECT {COLUMNS} FROM client_tokens WHERE revoked_at_us IS NULL AND created_by IN ($1, $2)"
            ))
                .bind(&makers[0])
                .bind(&makers[1])
                .fetch_all(pool)
                .await
        })?;
        let mut tokens = Vec::new();
        for row in rows {
            let id: Uuid = row.id.parse().map_err(foreign)?;
            let known = self.in_log(&Whose::Token(id)).await?;
            if let Some(making) = known.token().making()
                && self.service.keys.knows(&row.columns(), &row.seal)
            {
                tokens.push((id, making.as_of));
            }
        }
        Ok(tokens)
    }

    /// Ends a token at once; `None` when there is none of that id. What is revoked stays revoked by whom it was first.
    ///
    /// # Errors
    /// The database; the log.
    pub async fn revoke(
        &self,
        id: Uuid,
        by: &Actor,
        now: Timestamp,
        request: Uuid,
    ) -> Result<Option<ClientToken>, AccessError> {
        let Some(mut row) = self.row(id).await? else {
            return Ok(None);
        };
        self.note_revocation(id, by, request).await?;
        if row.revoked_at_us.is_none() {
            row.revoked_at_us = Some(now.as_microsecond());
            row.revoked_by = Some(by.label());
            let seal = self.service.keys.seal(&row.columns());
            write_in_turn!(self.log(), pool => {
                sqlx::query(
                    "UPDATE client_tokens SET revoked_at_us = $2, revoked_by = $3, seal = $4 WHERE id = $1 AND revoked_at_us IS NULL",
                )
                    .bind(&row.id)
                    .bind(row.revoked_at_us)
                    .bind(&row.revoked_by)
                    .bind(&seal)
                    .execute(pool)
                    .await
                    .map(drop)
            })?;
        }
        self.get(id).await
    }

    async fn note_revocation(&self, id: Uuid, by: &Actor, request: Uuid) -> Result<(), NotNoted> {
        let revocation = Revocation {
            token: id,
            by: by.clone(),
            revoked_at: self.service.clock.now(),
        };
        let command = AccessCommand::RevokeToken(revocation);
        super::log::write(&self.service, &Whose::Token(id), command, request).await?;
        Ok(())
    }

    /// Rows without a seal.
    async fn unsealed(&self) -> Result<Vec<Row>, sqlx::Error> {
        on_database!(self.log().database(), pool => {
            sqlx::query_as(&format!(
                "SELECT {COLUMNS} FROM client_tokens WHERE length(seal) = 0 ORDER BY created_at_us, id"
            ))
                .fetch_all(pool)
                .await
        })
    }

    /// How many rows have no seal.
    ///
    /// # Errors
    /// The database.
    pub async fn without_seal(&self) -> Result<i64, sqlx::Error> {
        on_database!(self.log().database(), pool => {
            sqlx::query_scalar("SELECT count(*) FROM client_tokens WHERE length(seal) = 0")
                .fetch_one(pool)
                .await
        })
    }

    /// The tokens from before rows were sealed, which open nothing until they are.
    ///
    /// # Errors
    /// See [`SealError`].
    pub async fn earlier(&self) -> Result<Vec<ClientToken>, SealError> {
        let everybody = self.in_log(&Whose::Everybody).await;
        if let Some(sealing) = everybody.map_err(AccessError::from)?.earlier_tokens() {
            return Err(SealError::Sealed {
                at: sealing.sealed_at,
                by: sealing.by.label(),
            });
        }
        let rows = self.unsealed().await.map_err(AccessError::from)?;
        let read: Result<Vec<_>, _> = rows.into_iter().map(Row::read).collect();
        Ok(read.map_err(AccessError::from)?)
    }

    /// Seals the tokens from before, once: with the events of their making and revocation, and one that says that it was done. Interrupted, it
    /// goes on when it is called again. Says how many there were.
    ///
    /// # Errors
    /// See [`SealError`].
    pub async fn seal_earlier(&self, call: &Call) -> Result<u64, SealError> {
        self.earlier().await?;
        let mut tokens = 0;
        for row in self.unsealed().await.map_err(AccessError::from)? {
            self.seal_one(row, call).await?;
            tokens += 1;
        }
        let sealing = Sealing {
            by: call.actor.clone(),
            tokens,
            sealed_at: self.service.clock.now(),
        };
        let command = AccessCommand::SealEarlierTokens(sealing);
        let noted = write_as(&self.service, &Whose::Everybody, command, call.clone()).await;
        noted.map_err(AccessError::from)?;
        Ok(tokens)
    }

    async fn seal_one(&self, row: Row, call: &Call) -> Result<(), AccessError> {
        let id: Uuid = row.id.parse().map_err(foreign)?;
        // Whoever the row names; what names nobody was made at the console.
        let named = |label: &str| Actor::of_label(label).unwrap_or_else(|| call.actor.clone());
        let maker = named(&row.created_by);
        let making = Making {
            token: id,
            client: row.name.clone(),
            role: row.role().unwrap_or(Role::Reporter),
            scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
            expires_at: Timestamp::from_microsecond(row.expires_at_us).map_err(foreign)?,
            as_of: self.account_of(&maker).await?.last_event(),
            maker,
            made_at: self.service.clock.now(),
            earlier: true,
        };
        self.note_making(making, call).await?;
        if let Some(by) = &row.revoked_by {
            self.note_revocation(id, &named(by), call.correlation_id)
                .await?;
        }
        let seal = self.service.keys.seal(&row.columns());
        write_in_turn!(self.log(), pool => {
            sqlx::query("UPDATE client_tokens SET seal = $2 WHERE id = $1")
                .bind(&row.id)
                .bind(&seal)
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_be_ours_is_a_secret() {
        let secret = Secret::random();
        assert_eq!(secret.as_str().len(), PREFIX.len() + 64);
        assert!(Secret::parse(secret.as_str()) == Some(secret.clone()));
        assert!(Secret::random() != secret);
        for text in [
            "",
            "shinsei_",
            &secret.as_str()[1..],
            &secret.as_str().to_uppercase(),
            &format!("{}0", secret.as_str()),
        ] {
            assert!(Secret::parse(text).is_none(), "{text}");
        }
    }
}
