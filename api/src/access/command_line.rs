//! `shinsei token`, `shinsei seal-tokens`, `shinsei end-access`: for the first token, after an upgrade, and for when nobody can sign in.

use std::fmt::Write as _;

use clap::Subcommand;
use domain::{Actor, Role, access::TokenEnd, documents::FieldError};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    AccessError, ClientToken, Clients, CreateError, Grant, Permission, SealError, account,
    accounts::{is_staff, principal_of},
    end_access, operators_call,
};
use crate::Service;

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
        /// Account of the secretariat that answers for it and holds what it may, as the log names it: `secretariat:…`; the token ends with
        /// that account's duties. Without one, whoever runs the service answers for it until it is over
        #[arg(long, value_name = "ACCOUNT")]
        maker: Option<String>,
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
    /// The table, the log.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Those of before.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Nothing of that id.
    #[error("there is no token {0}")]
    Unknown(Uuid),
    /// Nobody answers for a token whom the log does not know.
    #[error(
        "nobody of the secretariat has signed in as {0}: an account is named as in the log, secretariat:…, and has signed in before"
    )]
    UnknownMaker(String),
    /// No such account.
    #[error(
        "nobody of the staff has signed in as {0}, and there is no token of that account: an account is named as in the log, secretariat:…"
    )]
    UnknownAccount(String),
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
    let clients = Clients::new(service);
    let now = Timestamp::now();
    let call = operators_call();
    match command {
        TokenCommand::Create {
            name,
            role,
            scopes,
            days,
            maker,
        } => {
            let grant = Grant::read(&name, &role, &scopes, days).map_err(TokenError::Invalid)?;
            let maker = match maker {
                None => call.actor.clone(),
                Some(label) => maker_named(service, &label, &grant).await?,
            };
            let request = (Uuid::new_v4(), &call);
            let (token, secret) = clients.create(&grant, &maker, request, now).await?;
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
            let revoked = clients.revoke(id, &call.actor, now, call.correlation_id);
            let token = revoked.await?;
            let token = token.ok_or(TokenError::Unknown(id))?;
            Ok(format!("{}\n", line(&token, now)))
        }
    }
}

/// An account of the secretariat that holds what is to be given, as of its last sign-in.
async fn maker_named(service: &Service, label: &str, grant: &Grant) -> Result<Actor, TokenError> {
    let unknown = || TokenError::UnknownMaker(label.to_owned());
    let actor = Actor::of_label(label).filter(|actor| actor.role == Role::Secretariat);
    let actor = actor.ok_or_else(unknown)?;
    let known = account(service, &actor.id).await;
    let known = known.map_err(AccessError::from)?;
    let sign_in = known.last_sign_in(actor.role).ok_or_else(unknown)?;
    grant
        .given_by(&principal_of(sign_in))
        .map_err(TokenError::Invalid)?;
    Ok(actor)
}

/// Seals the tokens from before rows were sealed, or says which that would be; the answer is for standard output.
///
/// # Errors
/// See [`TokenError`].
pub async fn seal_tokens(service: &Service, confirmed: bool) -> Result<String, TokenError> {
    let clients = Clients::new(service);
    let now = Timestamp::now();
    let mut told = String::new();
    for token in clients.earlier().await? {
        // Writing into a text cannot fail.
        let _infallible = writeln!(told, "{}", line(&token, now));
    }
    let last = if confirmed {
        let tokens = clients.seal_earlier(&operators_call()).await?;
        format!("{tokens} tokens sealed; no other will be")
    } else {
        "nothing sealed yet: look whether each is one that was made, then --confirm".to_owned()
    };
    let _infallible = writeln!(told, "{last}");
    Ok(told)
}

/// Ends every session and token of an account of staff; the answer is for standard output.
///
/// # Errors
/// See [`TokenError`].
pub async fn end_all_access(service: &Service, label: &str) -> Result<String, TokenError> {
    let unknown = || TokenError::UnknownAccount(label.to_owned());
    let actor = Actor::of_label(label).filter(|actor| is_staff(actor.role));
    let actor = actor.ok_or_else(unknown)?;
    let ended = end_access(service, &actor.id, operators_call()).await?;
    let ended = ended.ok_or_else(unknown)?;
    Ok(format!(
        "{} sessions and {} tokens ended\n",
        ended.sessions, ended.tokens
    ))
}

/// `<id> good nightly-import secretariat import …`
fn line(token: &ClientToken, now: Timestamp) -> String {
    let standing = match &token.revoked {
        Some((at, by)) => format!("revoked {at:.0} by {by}"),
        None if token.is_good(now) => format!("good until {:.0}", token.expires_at),
        None if let Some(end) = token.end => format!("ended: {}", end_words(end)),
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

/// Why a token opens nothing, for whoever runs the service.
fn end_words(end: TokenEnd) -> &'static str {
    match end {
        TokenEnd::NotMade => "the log does not know that it was made",
        TokenEnd::Revoked => "it was revoked, and its row says otherwise",
        TokenEnd::MakerEnded => "all access of who made it was ended",
        TokenEnd::MakersDuties => "who made it does not hold any more what it may",
        TokenEnd::MakerAway => "nobody has signed in at the account of who made it for 90 days",
    }
}
