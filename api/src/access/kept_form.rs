//! Forms that came after their session had ended: kept for whose they are, so that signing in again loses nothing.

use std::time::Duration;

use domain::Actor;
use eventstore::{EventLog, on_database, write_in_turn};
use jiff::Timestamp;

use super::{
    Keys, Token,
    keys::{Columns, Purpose},
};
use crate::service::Service;

/// Cookie by which a browser finds its form again.
pub const KEPT_COOKIE: &str = "shinsei_kept";

/// A form is kept so long.
pub const KEPT_FOR: Duration = Duration::from_mins(30);

/// Forms of one account at once: a new one takes the place of the oldest. Somebody with two browsers has two.
pub const KEPT_OF_ONE: i64 = 5;

/// A form as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptForm {
    /// Where to.
    pub path: String,
    /// What it said.
    pub body: Vec<u8>,
}

impl KeptForm {
    fn columns(&self, token: &Token, owner: &Actor, kept_at_us: i64) -> Columns {
        Columns::of(Purpose::KeptForm)
            .bytes(&token.hash())
            .text(&owner.label())
            .text(&self.path)
            .bytes(&self.body)
            .number(kept_at_us)
    }
}

/// The table of kept forms. A row that this service did not write counts as not there: whoever presses would send what somebody else wrote.
#[derive(Clone)]
pub struct KeptForms {
    log: EventLog,
    keys: Keys,
}

impl KeptForms {
    /// In the database of the service.
    pub fn new(service: &Service) -> Self {
        Self {
            log: service.log.clone(),
            keys: service.keys.clone(),
        }
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
        let kept_at = now.as_microsecond();
        let seal = self.keys.seal(&form.columns(&token, actor, kept_at));
        let turn = self.log.write_turn().await?;
        on_database!(self.log.database(), pool => {
            sqlx::query(
                "INSERT INTO kept_forms (token_hash, role, actor_id, path, body, kept_at_us, seal) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
                .bind(token.hash())
                .bind(actor.role.as_str())
                .bind(&actor.id)
                .bind(&form.path)
                .bind(&form.body)
                .bind(kept_at)
                .bind(&seal)
                .execute(pool)
                .await
                .map(drop)
        })?;
        on_database!(self.log.database(), pool => {
            sqlx::query(
                "DELETE FROM kept_forms
                  WHERE role = $1 AND actor_id = $2 AND token_hash NOT IN
                        (SELECT token_hash FROM kept_forms WHERE role = $1 AND actor_id = $2
                          ORDER BY kept_at_us DESC, token_hash LIMIT $3)",
            )
                .bind(actor.role.as_str())
                .bind(&actor.id)
                .bind(KEPT_OF_ONE)
                .execute(pool)
                .await
                .map(drop)
        })?;
        drop(turn);
        Ok(token)
    }

    /// Forgets all that have been kept long enough.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_expired(&self, now: Timestamp) -> Result<(), sqlx::Error> {
        write_in_turn!(self.log, pool => {
            sqlx::query("DELETE FROM kept_forms WHERE kept_at_us <= $1")
                .bind(expired(now))
                .execute(pool)
                .await
                .map(drop)
        })
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
        let row: Option<(String, Vec<u8>, i64, Vec<u8>)> = on_database!(self.log.database(), pool => {
            sqlx::query_as(
                "SELECT path, body, kept_at_us, seal FROM kept_forms
                  WHERE token_hash = $1 AND role = $2 AND actor_id = $3 AND kept_at_us > $4",
            )
                .bind(token.hash())
                .bind(actor.role.as_str())
                .bind(&actor.id)
                .bind(expired(now))
                .fetch_optional(pool)
                .await
        })?;
        Ok(row.and_then(|(path, body, kept_at, seal)| {
            let form = KeptForm { path, body };
            let ours = self.keys.fits(&form.columns(token, actor, kept_at), &seal);
            ours.then_some(form)
        }))
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
    use jiff::ToSpan as _;

    use super::*;

    #[tokio::test]
    async fn a_form_is_found_again_by_whose_it_is_for_half_an_hour() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("kept.db").display());
        let programs = crate::service::programs(None).unwrap();
        let service = Service::open(&url, programs, crate::ClockSetting::System);
        let kept = KeptForms::new(&service.await.unwrap());
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
        assert_eq!(
            kept.find(&token, &yoko, now).await.unwrap(),
            Some(form.clone())
        );
        assert_eq!(kept.find(&token, &other, now).await.unwrap(), None);
        assert_eq!(kept.find(&Token::random(), &yoko, now).await.unwrap(), None);
        let later = kept.find(&token, &yoko, now + 31.minutes()).await.unwrap();
        assert_eq!(later, None);
        kept.forget(&token).await.unwrap();
        assert_eq!(kept.find(&token, &yoko, now).await.unwrap(), None);

        // An account has so many, and the oldest makes room; another's are its own.
        let of_other = kept.keep(&other, &form, now).await.unwrap();
        let mut tokens = Vec::new();
        for second in 0..KEPT_OF_ONE + 2 {
            let at = now + second.seconds();
            tokens.push(kept.keep(&yoko, &form, at).await.unwrap());
        }
        for (place, token) in tokens.iter().enumerate() {
            let found = kept.find(token, &yoko, now).await.unwrap();
            assert_eq!(found.is_some(), place >= 2, "{place}");
        }
        assert!(kept.find(&of_other, &other, now).await.unwrap().is_some());
    }
}
