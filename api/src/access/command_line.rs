//! `shinsei token`: for the first token, and for when nobody can sign in.

use std::fmt::Write as _;

use clap::Subcommand;
use domain::{Role, documents::FieldError};
use jiff::Timestamp;
use uuid::Uuid;

use super::{ClientToken, Clients, CreateError, Grant, Permission};
use crate::Service;

/// Who makes and revokes here, in the table.
const ACTOR: &str = "system:command-line";

/// What is to be done with the tokens of machine clients.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print its secret, once
    Create {
        /// Name of the client, as the log shows it: `nightly-import`
        #[arg(long)]
        name: String,
        /// The role in which it acts: `secretariat` or `reporter`
        #[arg(long)]
        role: String,
        /// A permission that it may use, as the API's description names it: `read-application`; to be repeated
        #[arg(long = "scope", value_name = "PERMISSION", required = true)]
        scopes: Vec<String>,
        /// For how many days, at most 365
        #[arg(long)]
        days: u16,
    },
    /// List the tokens, those that are good first
    List,
    /// End a token at once
    Revoke {
        /// Its id, from the list
        id: Uuid,
    },
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// What was asked for cannot be given.
    #[error("{}", sentences(.0))]
    Invalid(Vec<FieldError>),
    /// The table.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The table.
    #[error("the table of tokens can not be used")]
    Database(#[from] sqlx::Error),
    /// Nothing of that id.
    #[error("there is no token {0}")]
    Unknown(Uuid),
}

fn sentences(errors: &[FieldError]) -> String {
    let told: Vec<_> = errors
        .iter()
        .map(|error| format!("{}: {}", error.pointer, error.message))
        .collect();
    told.join("\n")
}

/// Does it; the answer is for standard output.
///
/// # Errors
/// See [`TokenError`].
pub async fn run(service: &Service, command: TokenCommand) -> Result<String, TokenError> {
    let clients = Clients::new(service.log.clone());
    let now = Timestamp::now();
    match command {
        TokenCommand::Create {
            name,
            role,
            scopes,
            days,
        } => {
            let grant = Grant::read(&name, &role, &scopes, days).map_err(TokenError::Invalid)?;
            // Nothing repeats a command line by itself.
            let request = (Uuid::new_v4(), [0; 32]);
            let (token, secret) = clients.create(&grant, request, ACTOR, now).await?;
            Ok(format!("{}\n{}\n", secret.as_str(), line(&token, now)))
        }
        TokenCommand::List => {
            let mut list = String::new();
            for token in clients.list(now).await? {
                // Writing into a text cannot fail.
                let _infallible = writeln!(list, "{}", line(&token, now));
            }
            Ok(list)
        }
        TokenCommand::Revoke { id } => {
            let token = clients.revoke(id, ACTOR, now).await?;
            let token = token.ok_or(TokenError::Unknown(id))?;
            Ok(format!("{}\n", line(&token, now)))
        }
    }
}

/// `<id> good nightly-import secretariat import …`
fn line(token: &ClientToken, now: Timestamp) -> String {
    let standing = match &token.revoked {
        Some((at, by)) => format!("revoked {at:.0} by {by}"),
        None if token.is_good(now) => format!("good until {:.0}", token.expires_at),
        None => format!("expired {:.0}", token.expires_at),
    };
    let used = token.seen_at.map_or_else(
        || "never used".to_owned(),
        |seen| format!("last used {seen:.0}"),
    );
    let scopes: Vec<_> = token.scopes.iter().map(Permission::as_str).collect();
    format!(
        "{} {} as {} may {}; {standing}; {used}; made {:.0} by {}",
        token.id,
        token.name,
        token.role.map_or("nobody", Role::as_str),
        scopes.join(", "),
        token.created_at,
        token.created_by
    )
}
