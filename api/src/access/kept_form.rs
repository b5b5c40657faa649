//! Forms that came after their session had ended: kept for whose they are, so that signing in again loses nothing.

use std::time::Duration;

use domain::Actor;
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::Timestamp;

use super::Token;

/// Cookie by which a browser finds its form again.
pub const KEPT_COOKIE: &str = "shinsei_kept";

/// A form is kept so long.
pub const KEPT_FOR: Duration = Duration::from_mins(30);

/// A form as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptForm {
    /// Where to.
    pub path: String,
    /// What it said.
    pub body: Vec<u8>,
}

/// The table of kept forms.
#[derive(Clone)]
pub struct KeptForms {
    log: EventLog,
}

impl KeptForms {
    /// In the database of the log.
    pub fn new(log: EventLog) -> Self {
        Self { log }
    }

    /// Keeps a form for an account; gives what the browser finds it again by.
    ///
    /// # Errors
    /// The database.
    pub async fn keep(
        &self,
        actor: &Actor,
        form: &KeptForm,
        now: Timestamp,
    ) -> Result<Token, sqlx::Error> {
        let token = Token::random();
        let turn = self.log.write_turn().await;
        on_database!(self.log.database(), pool => {
            sqlx::query("DELETE FROM kept_forms WHERE kept_at_us <= $1")
                .bind(expired(now))
                .execute(pool)
                .await
                .map(drop)
        })?;
        on_database!(self.log.database(), pool => {
            sqlx::query(
                "INSERT INTO kept_forms (token_hash, role, actor_id, path, body, kept_at_us) VALUES ($1, $2, $3, $4, $5, $6)",
            )
                .bind(token.hash())
                .bind(actor.role.as_str())
                .bind(&actor.id)
                .bind(&form.path)
                .bind(&form.body)
                .bind(now.as_microsecond())
                .execute(pool)
                .await
                .map(drop)
        })?;
        drop(turn);
        Ok(token)
    }

    /// The form of an account; nothing for anybody else.
    ///
    /// # Errors
    /// The database.
    pub async fn find(
        &self,
        token: &Token,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Option<KeptForm>, sqlx::Error> {
        let row: Option<(String, Vec<u8>)> = on_database!(self.log.database(), pool => {
            sqlx::query_as(
                "SELECT path, body FROM kept_forms
                  WHERE token_hash = $1 AND role = $2 AND actor_id = $3 AND kept_at_us > $4",
            )
                .bind(token.hash())
                .bind(actor.role.as_str())
                .bind(&actor.id)
                .bind(expired(now))
                .fetch_optional(pool)
                .await
        })?;
        Ok(row.map(|(path, body)| KeptForm { path, body }))
    }

    /// Forgets a form that has been sent to where it was meant for.
    ///
    /// # Errors
    /// The database.
    pub async fn sent(&self, token: &Token, path: &str) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM kept_forms WHERE token_hash = $1 AND path = $2")
                .bind(token.hash())
                .bind(path)
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// Forgets a form.
    ///
    /// # Errors
    /// The database.
    pub async fn forget(&self, token: &Token) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM kept_forms WHERE token_hash = $1")
                .bind(token.hash())
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }
}

fn expired(now: Timestamp) -> i64 {
    let kept = i64::try_from(KEPT_FOR.as_micros()).unwrap_or(i64::MAX);
    now.as_microsecond().saturating_sub(kept)
}

#[cfg(test)]
mod tests {
    use domain::Role;
    use eventstore::Database;
    use jiff::ToSpan as _;

    use super::*;

    #[tokio::test]
    async fn a_form_is_found_again_by_whose_it_is_for_half_an_hour() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("kept.db").display());
        let database = Database::connect(&url).await.unwrap();
        database.migrate().await.unwrap();
        let kept = KeptForms::new(EventLog::new(database));
        let yoko = Actor {
            role: Role::Member,
            id: "9000001".to_owned(),
        };
        let other = Actor {
            id: "9000002".to_owned(),
            ..yoko.clone()
        };
        let form = KeptForm {
            path: "/applications/p.9000001/documents/profile".to_owned(),
            body: b"text=x".to_vec(),
        };
        let now = Timestamp::now();
        let token = kept.keep(&yoko, &form, now).await.unwrap();
        assert_eq!(kept.find(&token, &yoko, now).await.unwrap(), Some(form));
        assert_eq!(kept.find(&token, &other, now).await.unwrap(), None);
        assert_eq!(kept.find(&Token::random(), &yoko, now).await.unwrap(), None);
        let later = kept.find(&token, &yoko, now + 31.minutes()).await.unwrap();
        assert_eq!(later, None);
        kept.forget(&token).await.unwrap();
        assert_eq!(kept.find(&token, &yoko, now).await.unwrap(), None);
    }
}
