//! The token in every form of a page: made for the account that is signed in, so a form that another site or another account's page
//! sends is told from one of one's own. It is the same for all sessions of an account: who signs in again goes on with the page
//! that is open.

use axum::{
    extract::{FromRequestParts, Request},
    http::request::Parts,
    middleware::Next,
    response::Response,
};
use domain::Actor;
use eventstore::{EventLog, on_database, write_in_turn};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::session::is_hexadecimal;
use crate::problem::{Kind, Problem};

tokio::task_local! {
    /// The token of the account whose request this task answers.
    static CURRENT: String;
}

/// The token for the forms of the page that is being drawn; empty where nobody is signed in.
pub fn form_token() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// The secret from which the tokens are made.
#[derive(Clone)]
pub struct FormSecret([u8; 32]);

impl FormSecret {
    /// Reads the secret of this database, or makes it.
    ///
    /// # Errors
    /// The database.
    pub async fn of(log: &EventLog) -> Result<Self, sqlx::Error> {
        const NAME: &str = "forms";
        write_in_turn!(log, pool => {
            sqlx::query("INSERT INTO service_secrets (name, secret) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
                .bind(NAME)
                .bind(rand::random::<[u8; 32]>().to_vec())
                .execute(pool)
                .await
                .map(drop)
        })?;
        let secret: Vec<u8> = on_database!(log.database(), pool => {
            sqlx::query_scalar("SELECT secret FROM service_secrets WHERE name = $1")
                .bind(NAME)
                .fetch_one(pool)
                .await
        })?;
        let secret = secret
            .try_into()
            .map_err(|_| sqlx::Error::Decode("a secret has 32 bytes".into()))?;
        Ok(Self(secret))
    }

    fn mac(&self, actor: &Actor) -> Option<Hmac<Sha256>> {
        // A key of any length makes an HMAC.
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        Some(mac.chain_update(actor.label()))
    }

    fn token(&self, actor: &Actor) -> String {
        self.mac(actor)
            .map(|mac| hex::encode(mac.finalize().into_bytes()))
            .unwrap_or_default()
    }
}

/// What the form of a request must carry.
#[derive(Clone)]
pub struct Expected {
    secret: FormSecret,
    actor: Actor,
}

impl Expected {
    /// Whether a form carries it; comparing takes the same time whatever differs.
    ///
    /// # Errors
    /// [`Kind::ForeignForm`]
    pub fn check(&self, carried: &str) -> Result<(), Problem> {
        let good = Some(carried)
            .filter(|carried| is_hexadecimal(carried))
            .and_then(|carried| hex::decode(carried).ok())
            .zip(self.secret.mac(&self.actor))
            .is_some_and(|(carried, mac)| mac.verify_slice(&carried).is_ok());
        if good {
            Ok(())
        } else {
            Err(Problem::new(Kind::ForeignForm))
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Expected {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Absent only where no gate stands in front of the handler.
        parts
            .extensions
            .get()
            .cloned()
            .ok_or(Problem::new(Kind::NotSignedIn))
    }
}

/// Answers a request of an account: its pages carry the token, and its forms must.
pub async fn with_form_token(
    secret: FormSecret,
    actor: &Actor,
    mut request: Request,
    next: Next,
) -> Response {
    let token = secret.token(actor);
    request.extensions_mut().insert(Expected {
        secret,
        actor: actor.clone(),
    });
    CURRENT.scope(token, next.run(request)).await
}

#[cfg(test)]
mod tests {
    use domain::Role;
    use eventstore::Database;

    use super::*;

    fn actor(role: Role, id: &str) -> Actor {
        Actor {
            role,
            id: id.to_owned(),
        }
    }

    #[tokio::test]
    async fn a_token_is_an_accounts_own_and_the_same_for_every_node() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("forms.db").display());
        let database = Database::connect(&url).await.unwrap();
        database.migrate().await.unwrap();
        let log = EventLog::new(database);
        let (one, other) = (
            FormSecret::of(&log).await.unwrap(),
            FormSecret::of(&log).await.unwrap(),
        );
        let yoko = actor(Role::Member, "9000001");
        let token = one.token(&yoko);
        let expected = Expected {
            secret: other,
            actor: yoko,
        };
        assert!(expected.check(&token).is_ok());
        for foreign in [
            "",
            "x",
            &token[1..],
            &token.to_uppercase(),
            &one.token(&actor(Role::Member, "9000002")),
            &one.token(&actor(Role::Secretariat, "9000001")),
        ] {
            assert!(expected.check(foreign).is_err(), "{foreign}");
        }
    }

    #[test]
    fn without_anybody_there_is_no_token() {
        assert_eq!(form_token(), "");
    }
}
