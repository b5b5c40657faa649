//! How mails leave: to a mail server, or into a folder of this machine.

use std::{
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    transport::smtp::extension::ClientId,
};
use uuid::Uuid;

use super::Letterhead;
use crate::access::names_loopback;

/// A server that is silent for longer is not waited for.
const SILENCE: Duration = Duration::from_secs(30);

/// A conversation that lasts longer is hung up on; shorter than a claim lasts.
const CONVERSATION: Duration = Duration::from_mins(2);

/// How mails leave.
#[derive(Clone)]
pub enum Post {
    /// One file (`.eml`) for each mail. Nothing leaves the machine.
    Folder(PathBuf),
    /// A mail server.
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

/// An address of a mail server that cannot be used. It may hold a password, so it is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the mail server is named as smtps://USER:PASSWORD@HOST, smtp+starttls://USER:PASSWORD@HOST or, on this machine alone, smtp://HOST, with a port from 1 \
     to 65535 behind the host where it is not the usual one"
)]
pub struct NoServer;

/// Why a mail did not leave. It never carries what the server said: servers repeat addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// Nobody is there, or not one with whom one could speak: worth another try, and no other mail would fare better.
    #[error("{0}")]
    Unreachable(&'static str),
    /// Not now.
    #[error("smtp-{0}")]
    Deferred(u16),
    /// Never.
    #[error("smtp-{0}")]
    Refused(u16),
    /// The folder cannot be written.
    #[error("folder")]
    Folder,
}

/// Answers of a server that does not let this service in: a matter of its settings, not of the mail.
const NOT_LET_IN: [u16; 6] = [421, 454, 530, 534, 535, 538];

/// The host of an address, with its port if it has one.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    rest.rsplit('@').next().unwrap_or(rest)
}

/// Whether mails to a server of this address, and its password, would travel in the clear.
pub(super) fn in_the_clear(url: &str) -> bool {
    url.starts_with("smtp://") && !url.contains("tls=required") && !names_loopback(host(url))
}

impl Post {
    /// Reads `smtps://…`, `smtp+starttls://…`, `smtp://…`.
    ///
    /// # Errors
    /// Anything else.
    pub fn smtp(url: &str, from: &Letterhead) -> Result<Self, NoServer> {
        let url = match url.strip_prefix("smtp+starttls://") {
            Some(_) if url.contains('?') => return Err(NoServer),
            Some(rest) => format!("smtp://{rest}?tls=required"),
            None if url.starts_with("smtps://") || url.starts_with("smtp://") => url.to_owned(),
            None => return Err(NoServer),
        };
        if host(&url).ends_with(":0") {
            return Err(NoServer);
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url).map_err(|_| NoServer)?;
        let transport = builder
            .hello_name(ClientId::Domain(from.domain().to_owned()))
            .timeout(Some(SILENCE))
            .build();
        Ok(Self::Smtp(transport))
    }

    /// The word in the outbox.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Folder(_) => "folder",
            Self::Smtp(_) => "smtp",
        }
    }

    /// Lets a mail go.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn send(&self, id: Uuid, letter: Message) -> Result<(), NotSent> {
        match self {
            Self::Folder(folder) => {
                let (folder, bytes) = (folder.clone(), letter.formatted());
                let written = tokio::task::spawn_blocking(move || keep(&folder, id, &bytes)).await;
                match written {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(_)) | Err(_) => Err(NotSent::Folder),
                }
            }
            Self::Smtp(transport) => {
                match tokio::time::timeout(CONVERSATION, transport.send(letter)).await {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) => Err(why(&error)),
                    Err(_) => Err(NotSent::Unreachable("timeout")),
                }
            }
        }
    }
}

fn why(error: &lettre::transport::smtp::Error) -> NotSent {
    match error.status().map(u16::from) {
        Some(code) if NOT_LET_IN.contains(&code) => NotSent::Unreachable("not-let-in"),
        Some(code) if error.is_permanent() => NotSent::Refused(code),
        Some(code) => NotSent::Deferred(code),
        None if error.is_timeout() => NotSent::Unreachable("timeout"),
        None if error.is_tls() => NotSent::Unreachable("tls"),
        None if error.is_client() => NotSent::Unreachable("no-common-way"),
        None => NotSent::Unreachable("unreachable"),
    }
}

/// Makes the folder, and tries to keep something in it.
///
/// # Errors
/// What the system says.
pub fn try_folder(folder: &Path) -> std::io::Result<()> {
    make(folder)?;
    let trial = folder.join(format!(".{}", Uuid::new_v4()));
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&trial)?;
    std::fs::remove_file(trial)
}

fn make(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// A file that appears whole, for its owner only. The same mail again is the same file.
fn keep(folder: &Path, id: Uuid, bytes: &[u8]) -> std::io::Result<()> {
    make(folder)?;
    let draft = folder.join(format!(".{id}.{}", Uuid::new_v4()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, folder.join(format!("{id}.eml")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_mail_server_is_named_with_how_it_is_spoken_to() {
        let from = Letterhead::parse("shinsei@example.jp").unwrap();
        for url in [
            "smtps://user:p%40ss@mail.example.jp",
            "smtp+starttls://mail.example.jp:587",
            "smtp://127.0.0.1:2525",
        ] {
            assert!(matches!(Post::smtp(url, &from), Ok(Post::Smtp(_))), "{url}");
        }
        for url in [
            "",
            "mail.example.jp",
            "https://mail.example.jp",
            "smtp+starttls://mail.example.jp?tls=opportunistic",
            "smtps://",
            "smtps://u:p@mail.example.jp:0",
            "smtp+starttls://mail.example.jp:0",
            "smtps://mail.example.jp:99999",
        ] {
            assert_eq!(Post::smtp(url, &from).err(), Some(NoServer), "{url}");
        }
    }

    #[test]
    fn a_kept_mail_is_for_its_owner_only_and_the_same_file_when_it_comes_again() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("data/mail");
        let id = Uuid::from_u128(7);
        keep(&folder, id, b"first").unwrap();
        keep(&folder, id, b"again").unwrap();
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().collect();
        assert_eq!(files.len(), 1);
        assert_eq!(std::fs::read(files[0].path()).unwrap(), b"again");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&files[0].path()), 0o600);
        assert_eq!(mode(&folder), 0o700);
    }
}
