//! Configuration: flags and environment, and what they add up to (architecture, "Configuration").

use std::{
    fmt::Display,
    net::SocketAddr,
    num::NonZeroU32,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use clap::{
    Arg, ArgAction, ValueEnum as _,
    builder::{OsStr, Resettable},
    error::{ContextKind, ContextValue, ErrorKind},
};
use domain::{Actor, Role};
use eventstore::{Anchors, ReadingDatabase};

use crate::{
    access::{
        Entrance, HandoverKeys, Issuer, Keys, KeysError, NoKeys, NoPublicAddress, OidcSettings,
        PublicAddress, SessionTimes, SettingsError, demo,
    },
    clock::{ClockSetting, DEMONSTRATION_START},
    decisions::Deciding,
    limits::{ConnectionLimits, IN_FLIGHT, Limits, RateLimits},
    mail::try_folder,
    telemetry::LogFormat,
};

/// The database when nothing is configured.
pub const DEFAULT_DATABASE: &str = "sqlite://data/shinsei.db";

/// Where what is kept in files lies when the database is a server's.
const DATA: &str = "data";

/// The words for on and off, in capitals or not. They are understood here and nowhere else.
const ON: [&str; 4] = ["true", "1", "yes", "on"];
const OFF: [&str; 4] = ["false", "0", "no", "off"];

/// A word that switches nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("allowed are true, 1, yes, on and false, 0, no, off")]
pub struct NoSwitch;

/// What names nobody of the secretariat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it names no account of the secretariat: it is to be the account as the log has it, with `secretariat:` before it or without (`issuer/subject`), and neither a client nor an account of another role"
)]
pub struct NoAccount;

/// An account of a person of the secretariat, without its role; empty for nobody.
///
/// # Errors
/// [`NoAccount`]
fn account_of_the_secretariat(text: &str) -> Result<String, NoAccount> {
    let text = text.trim();
    let account = match Actor::of_label(text) {
        Some(actor) if actor.role == Role::Secretariat => actor.id,
        Some(_) => return Err(NoAccount),
        None => text.to_owned(),
    };
    // What an issuer says of somebody stands behind its name, and may be anything that the log takes; no name has a colon.
    let (name, subject) = account.split_once('/').unwrap_or((&account, "-"));
    let halved = !account.is_empty() && (name.is_empty() || subject.is_empty());
    if halved || name.contains(':') || !account.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(NoAccount);
    }
    Ok(account)
}

/// Whether something is switched on.
///
/// # Errors
/// [`NoSwitch`]
pub fn switch(text: &str) -> Result<bool, NoSwitch> {
    let word = text.trim().to_ascii_lowercase();
    if ON.contains(&word.as_str()) {
        Ok(true)
    } else if OFF.contains(&word.as_str()) {
        Ok(false)
    } else {
        Err(NoSwitch)
    }
}

/// A value that can mean nothing, in a sentence that names its variable and what is allowed. Nothing that may hold a password is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAllowed(String);

/// A text without the blanks around it, as every value is taken: they come from files of settings, where nobody sees them.
#[expect(
    clippy::unnecessary_wraps,
    reason = "what reads an argument may refuse it"
)]
fn word(text: &str) -> Result<String, NotAllowed> {
    Ok(text.trim().to_owned())
}

/// The same of a file or directory.
#[expect(
    clippy::unnecessary_wraps,
    reason = "what reads an argument may refuse it"
)]
fn place(text: &str) -> Result<PathBuf, NotAllowed> {
    Ok(PathBuf::from(text.trim()))
}

/// Reads a whole number in a range.
fn whole<T>(
    allowed: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, NotAllowed> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.trim().parse().ok();
        number
            .filter(|number| allowed.contains(number))
            .ok_or_else(|| {
                NotAllowed(format!(
                    "it is not in {}..={}: allowed are whole numbers from the one to the other",
                    allowed.start(),
                    allowed.end()
                ))
            })
    }
}

fn acts_a_day(text: &str) -> Result<NonZeroU32, NotAllowed> {
    let number = whole(1..=1_000_000_u32)(text)?;
    Ok(NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN))
}

/// Reads where the service listens.
///
/// # Errors
/// A name in the place of an address, or no port.
pub fn listen_address(text: &str) -> Result<SocketAddr, NotAllowed> {
    text.trim().parse().map_err(|_| {
        NotAllowed(
            "it is no socket address: an IP address (no name) and a port are, 127.0.0.1:8080 or [::1]:8080".to_owned(),
        )
    })
}

/// Reads how log lines look.
///
/// # Errors
/// Anything but text and json.
pub fn log_format(text: &str) -> Result<LogFormat, NotAllowed> {
    LogFormat::from_str(text.trim(), true)
        .map_err(|_| NotAllowed("allowed are text and json".to_owned()))
}

/// Makes variables of the environment absent that are there and empty, as they are in a file of settings that lists them all.
pub fn without_empty_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| {
        let empty = variable(&argument).is_some_and(|value| value.trim().is_empty());
        if empty {
            argument.env(Resettable::<OsStr>::Reset)
        } else {
            argument
        }
    })
}

/// What stands in the environment for an argument.
fn variable(argument: &Arg) -> Option<String> {
    std::env::var(argument.get_env()?).ok()
}

/// An error of the command line with the name of the variable whose value is refused: whoever set it there knows it by that name.
#[must_use]
pub fn with_variable(error: clap::Error, command: &mut clap::Command) -> clap::Error {
    if !matches!(
        error.kind(),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::ArgumentConflict
    ) {
        return error;
    }
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    // A flag that is refused is no fault of the variable in whose place it stands.
    let refused = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) => Some(value.as_str()),
        _ => None,
    };
    let found = command.get_arguments().find(|argument| {
        argument.to_string() == *named
            && variable(argument).is_some_and(|set| refused.is_none_or(|value| value == set))
    });
    let setting = found.and_then(Arg::get_env);
    let Some(setting) = setting.map(|name| name.to_string_lossy().into_owned()) else {
        return error;
    };
    let told = error.to_string();
    let told = told.split("\n\n").next().unwrap_or(&told);
    let told = told.strip_prefix("error: ").unwrap_or(told);
    command.error(error.kind(), format!("{setting}: {told}"))
}

/// What every subcommand takes.
#[derive(clap::Args, Clone, Debug)]
pub struct Settings {
    /// `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`
    #[arg(long, env = "SHINSEI_DATABASE_URL", value_parser = word, hide_env_values = true, default_value = DEFAULT_DATABASE, global = true)]
    pub database_url: String,
    /// File that holds the address of the database, for one with a password
    #[arg(
        long,
        env = "SHINSEI_DATABASE_URL_FILE", value_parser = place,
        value_name = "FILE",
        conflicts_with = "database_url",
        global = true
    )]
    pub database_url_file: Option<PathBuf>,
    /// Directory of program files (TOML) instead of the programs that come with the binary
    #[arg(
        long,
        env = "SHINSEI_PROGRAMS", value_parser = place,
        value_name = "DIRECTORY",
        global = true
    )]
    pub programs: Option<PathBuf>,
    /// Directory in which the anchors of the log are kept, or `off`; `anchors` beside the SQLite file, with PostgreSQL
    /// `data/anchors`
    #[arg(long, env = "SHINSEI_ANCHORS", value_parser = place, value_name = "DIRECTORY", global = true)]
    pub anchors_directory: Option<PathBuf>,
    /// Directory of the keys with which sessions, tokens and rows of imports that wait are sealed, the same on every node and in no backup of the database; `keys` beside
    /// the SQLite file, with PostgreSQL `data/keys`. In production a key must be there
    #[arg(long, env = "SHINSEI_KEYS", value_parser = place, value_name = "DIRECTORY", global = true)]
    pub keys_directory: Option<PathBuf>,
    /// Demonstration on a database that would mean production (PostgreSQL)
    #[arg(
        long,
        env = "SHINSEI_DEMO",
        value_name = "true|false",
        action = ArgAction::Set,
        value_parser = switch,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        global = true
    )]
    pub demo: bool,
    /// Production on a database that would mean demonstration (SQLite)
    #[arg(
        long,
        env = "SHINSEI_PRODUCTION",
        value_name = "true|false",
        action = ArgAction::Set,
        value_parser = switch,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        global = true
    )]
    pub production: bool,
    /// Where reports are read from.
    #[command(flatten)]
    pub reporting: ReportingArguments,
    /// How people come in.
    #[command(flatten)]
    pub doors: Doors,
    /// How mails leave.
    #[command(flatten)]
    pub mail: MailArguments,
    /// Who decides, and how much alone.
    #[command(flatten)]
    pub deciding: DecidingArguments,
}

/// Who decides, and how much alone. On no page: nobody changes it who is signed in.
#[derive(clap::Args, Clone, Debug)]
pub struct DecidingArguments {
    /// Acts of 判定 that one account does in 24 hours without a second person; each one more waits for an approval
    #[arg(
        long,
        env = "SHINSEI_DECISIONS_A_DAY", value_parser = acts_a_day,
        value_name = "NUMBER",
        default_value_t = Deciding::default().a_day,
        global = true
    )]
    pub decisions_a_day: NonZeroU32,
    /// Account of the only person who holds 判定: what needs a second person waits 24 hours instead, and is marked 単独
    #[arg(
        long,
        env = "SHINSEI_SOLE_DECIDER",
        value_name = "ACCOUNT",
        value_parser = account_of_the_secretariat,
        global = true
    )]
    pub sole_decider: Option<String>,
}

impl DecidingArguments {
    /// What is said of 判定.
    pub fn deciding(&self) -> Deciding {
        Deciding {
            a_day: self.decisions_a_day,
            sole: self
                .sole_decider
                .clone()
                .filter(|account| !account.trim().is_empty()),
        }
    }
}

/// Where reports are read from.
#[derive(clap::Args, Clone, Default)]
pub struct ReportingArguments {
    /// Second PostgreSQL address, from which the reports are read and nothing else is done: a replica; without one, the database itself
    #[arg(
        long,
        env = "SHINSEI_REPORTING_DATABASE_URL", value_parser = word,
        hide_env_values = true,
        value_name = "URL",
        global = true
    )]
    pub reporting_database_url: Option<String>,
    /// File that holds that address, for one with a password
    #[arg(
        long,
        env = "SHINSEI_REPORTING_DATABASE_URL_FILE", value_parser = place,
        value_name = "FILE",
        conflicts_with = "reporting_database_url",
        global = true
    )]
    pub reporting_database_url_file: Option<PathBuf>,
}

/// A password may be in the address.
impl std::fmt::Debug for ReportingArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReportingArguments")
            .field(
                "reporting_database_url",
                &self.reporting_database_url.is_some(),
            )
            .field(
                "reporting_database_url_file",
                &self.reporting_database_url_file,
            )
            .finish()
    }
}

/// Why the reports can not be read from where it is said. That the server can not be reached now is no reason.
#[derive(Debug, thiserror::Error)]
pub enum ReportingError {
    /// SQLite has no replicas.
    #[error(
        "SHINSEI_REPORTING_DATABASE_URL needs a PostgreSQL database: the service itself is on SQLite"
    )]
    NoServer,
    /// The address.
    #[error("SHINSEI_REPORTING_DATABASE_URL is no address of a PostgreSQL server")]
    Address(#[source] eventstore::Error),
}

/// How mails leave.
#[derive(clap::Args, Clone)]
pub struct MailArguments {
    /// `smtps://USER:PASSWORD@HOST`, `smtp+starttls://USER:PASSWORD@HOST` or `smtp://HOST`; without one, mails are kept in a folder
    #[arg(
        long,
        env = "SHINSEI_SMTP_URL", value_parser = word,
        hide_env_values = true,
        value_name = "URL",
        global = true
    )]
    pub smtp_url: Option<String>,
    /// File that holds the address of the mail server, for one with a password
    #[arg(
        long,
        env = "SHINSEI_SMTP_URL_FILE", value_parser = place,
        value_name = "FILE",
        conflicts_with = "smtp_url",
        global = true
    )]
    pub smtp_url_file: Option<PathBuf>,
    /// In whose name mails are sent: `事務局 <shinsei@example.jp>`
    #[arg(long, env = "SHINSEI_MAIL_FROM", value_parser = word, value_name = "SENDER", global = true)]
    pub mail_from: Option<String>,
    /// Where mails are kept while there is no mail server
    #[arg(
        long,
        env = "SHINSEI_MAIL_FOLDER", value_parser = place,
        value_name = "DIRECTORY",
        default_value = "data/mail",
        global = true
    )]
    pub mail_folder: PathBuf,
}

/// A password may be in the address of the server.
impl std::fmt::Debug for MailArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailArguments")
            .field("smtp", &self.smtp_url.is_some())
            .field("mail_from", &self.mail_from)
            .field("mail_folder", &self.mail_folder)
            .finish_non_exhaustive()
    }
}

/// What the service allows its clients.
#[derive(clap::Args, Clone, Debug)]
pub struct Allowances {
    /// Proxies in front of the service that write who spoke to them into `X-Forwarded-For`
    #[arg(
        long,
        env = "SHINSEI_TRUSTED_PROXIES", value_parser = whole(0..=16_usize),
        value_name = "NUMBER",
        default_value_t = 0,
        global = true
    )]
    pub trusted_proxies: usize,
    /// Requests a minute of one account, 0 for any number; 600 in production
    #[arg(
        long,
        env = "SHINSEI_RATE_ACCOUNT", value_parser = whole(0..=1_000_000_u32),
        value_name = "NUMBER",
        global = true
    )]
    pub rate_account: Option<u32>,
    /// Requests a minute of one address by clients that are not signed in, 0 for any number; 1200 in production
    #[arg(
        long,
        env = "SHINSEI_RATE_ADDRESS", value_parser = whole(0..=1_000_000_u32),
        value_name = "NUMBER",
        global = true
    )]
    pub rate_address: Option<u32>,
    /// Seconds in which the service says at `/readyz` that it stops and still answers, before it takes no connection any more; 5 in
    /// production, none in the demonstration
    #[arg(
        long,
        env = "SHINSEI_STOP_DELAY", value_parser = whole(0..=30_u64),
        value_name = "SECONDS",
        global = true
    )]
    pub stop_delay: Option<u64>,
}

impl Allowances {
    /// What is allowed in a mode: the demonstration counts only when it is told to.
    pub fn limits(&self, mode: Mode) -> Limits {
        let usual = match mode {
            Mode::Production => RateLimits::PRODUCTION,
            Mode::Demonstration => RateLimits::NONE,
        };
        Limits {
            rates: RateLimits {
                account: self.rate_account.map_or(usual.account, NonZeroU32::new),
                address: self.rate_address.map_or(usual.address, NonZeroU32::new),
            },
            in_flight: (mode == Mode::Production).then_some(IN_FLIGHT),
            trusted_proxies: self.trusted_proxies,
            connections: ConnectionLimits {
                // A proxy brings everybody's requests.
                of_one_peer: match self.trusted_proxies {
                    0 => ConnectionLimits::default().of_one_peer,
                    _ => usize::MAX,
                },
                stop_delay: Duration::from_secs(self.stop_delay.unwrap_or(match mode {
                    Mode::Production => 5,
                    Mode::Demonstration => 0,
                })),
                ..ConnectionLimits::default()
            },
        }
    }
}

/// How people come in.
#[derive(clap::Args, Clone, Debug)]
pub struct Doors {
    /// Address under which people reach the service: `https://shinsei.example.jp`
    #[arg(long, env = "SHINSEI_PUBLIC_URL", value_parser = word, value_name = "URL", global = true)]
    pub public_url: Option<String>,
    /// File (TOML) with the OpenID Connect issuers
    #[arg(long, env = "SHINSEI_OIDC", value_parser = place, value_name = "FILE", global = true)]
    pub oidc: Option<PathBuf>,
    /// File with the keys of the member site's hand-over links, one in a line
    #[arg(
        long,
        env = "SHINSEI_HANDOVER_KEY_FILE", value_parser = place,
        value_name = "FILE",
        global = true
    )]
    pub handover_key_file: Option<PathBuf>,
    /// Minutes without use after which a session ends
    #[arg(
        long,
        env = "SHINSEI_SESSION_IDLE_MINUTES", value_parser = whole(1..=1_440_u32),
        value_name = "MINUTES",
        default_value_t = 60,
        global = true
    )]
    pub session_idle_minutes: u32,
    /// Hours after which a session ends however much it is used
    #[arg(
        long,
        env = "SHINSEI_SESSION_HOURS", value_parser = whole(1..=168_u32),
        value_name = "HOURS",
        default_value_t = 12,
        global = true
    )]
    pub session_hours: u32,
}

/// Why nobody could come in as configured.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The public address.
    #[error(transparent)]
    Address(#[from] NoPublicAddress),
    /// Issuers send people back to an address.
    #[error("SHINSEI_OIDC needs SHINSEI_PUBLIC_URL: issuers send people back to it")]
    NoAddress,
    /// The issuers.
    #[error("SHINSEI_OIDC: the issuers can not be used")]
    Issuers(#[from] SettingsError),
    /// The keys.
    #[error("SHINSEI_HANDOVER_KEY_FILE: the keys of the hand-over can not be used")]
    Handover(#[from] NoKeys),
}

impl Doors {
    /// Whether anything is set by which real people would come in.
    pub fn are_real(&self) -> bool {
        self.public_url.is_some() || self.oidc.is_some() || self.handover_key_file.is_some()
    }

    /// The ways in, with what is in their files.
    ///
    /// # Errors
    /// See [`DoorError`].
    pub fn entrance(&self) -> Result<Entrance, DoorError> {
        let address = self
            .public_url
            .as_deref()
            .map(PublicAddress::parse)
            .transpose()?;
        let mut issuers = Vec::new();
        if let Some(file) = &self.oidc {
            let address = address.as_ref().ok_or(DoorError::NoAddress)?;
            for (key, settings) in OidcSettings::read(file)?.issuers {
                issuers.push(Arc::new(Issuer::new(&key, settings, address)?));
            }
        }
        let handover = self
            .handover_key_file
            .as_deref()
            .map(HandoverKeys::read)
            .transpose()?;
        Ok(Entrance {
            address,
            times: SessionTimes {
                idle: Duration::from_mins(self.session_idle_minutes.into()),
                absolute: Duration::from_hours(self.session_hours.into()),
            },
            issuers,
            handover,
        })
    }
}

/// What the service is running as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Demo identities, demo members, shifted clock; loopback only.
    Demonstration,
    /// Real.
    Production,
}

impl Settings {
    /// Refuses what contradicts itself.
    ///
    /// # Errors
    /// [`BothModes`]
    pub fn check(&self) -> Result<(), BothModes> {
        if self.demo && self.production {
            return Err(BothModes);
        }
        Ok(())
    }

    /// Reads what is in files: secrets, which have no place on a command line.
    ///
    /// # Errors
    /// A file that cannot be read, by its name.
    pub fn read_files(&mut self) -> Result<(), UnreadableFile> {
        let read = |variable, file: &PathBuf| {
            let text = std::fs::read_to_string(file).map_err(|source| UnreadableFile {
                variable,
                file: file.clone(),
                source,
            });
            text.map(|text| text.trim().to_owned())
        };
        if let Some(file) = &self.database_url_file {
            self.database_url = read("SHINSEI_DATABASE_URL_FILE", file)?;
        }
        if let Some(file) = &self.reporting.reporting_database_url_file {
            self.reporting.reporting_database_url =
                Some(read("SHINSEI_REPORTING_DATABASE_URL_FILE", file)?);
        }
        if let Some(file) = &self.mail.smtp_url_file {
            self.mail.smtp_url = Some(read("SHINSEI_SMTP_URL_FILE", file)?);
        }
        Ok(())
    }

    /// Refuses what can mean nothing, before any of it is used.
    ///
    /// # Errors
    /// [`NotAllowed`]
    pub fn check_values(&self) -> Result<(), NotAllowed> {
        let url = &self.database_url;
        let server = ["postgres://", "postgresql://"];
        let is_address = sqlite_file(url).is_some_and(|file| !file.as_os_str().is_empty())
            || server.iter().any(|begins| url.starts_with(begins));
        if !is_address {
            return Err(NotAllowed(
                "SHINSEI_DATABASE_URL (or what is in the file of SHINSEI_DATABASE_URL_FILE) is no address of a database: it begins with \
                 sqlite:// and names a file, or with postgres:// and names a server"
                    .to_owned(),
            ));
        }
        if let Some(told) = &self.anchors_directory {
            let switches = told.to_str().is_some_and(|told| switch(told).is_ok());
            let is_path = told.components().count() > 1 || told.is_absolute() || told.is_dir();
            let is_path = is_path || told.starts_with(".") || told.starts_with("..");
            if !switches && !is_path {
                return Err(NotAllowed(format!(
                    "SHINSEI_ANCHORS: {} is neither on or off ({NoSwitch}) nor a directory: one that is to be made is written with a slash \
                     (./anchors)",
                    told.display()
                )));
            }
        }
        Ok(())
    }

    /// Refuses places in which the service could keep nothing, and makes those that are not there yet.
    ///
    /// # Errors
    /// [`NotAllowed`]
    pub fn check_places(&self) -> Result<(), NotAllowed> {
        let unusable = |variable: &str, place: &Path, error: std::io::Error| {
            NotAllowed(format!(
                "{variable}: nothing can be kept in {}: {error}. Name a directory into which the service may write",
                place.display()
            ))
        };
        let folder = &self.mail.mail_folder;
        if self.mail.smtp_url.is_none() {
            try_folder(folder).map_err(|error| unusable("SHINSEI_MAIL_FOLDER", folder, error))?;
        }
        if let Some(anchors) = self.anchors() {
            let file = anchors.path();
            let directory = file.parent().unwrap_or(&file);
            std::fs::create_dir_all(directory)
                .map_err(|error| unusable("SHINSEI_ANCHORS", directory, error))?;
        }
        Ok(())
    }

    /// Refuses an account that nobody can have here: of no issuer, or of nobody in the demonstration.
    ///
    /// # Errors
    /// [`NotAllowed`]
    pub fn check_sole_decider(&self, entrance: &Entrance) -> Result<(), NotAllowed> {
        let Some(account) = self.deciding.deciding().sole else {
            return Ok(());
        };
        let (known, accounts) = match self.mode() {
            Mode::Demonstration => (
                demo::SECRETARIAT.contains(&account.as_str()),
                demo::SECRETARIAT.join(", "),
            ),
            Mode::Production => {
                let keys = entrance.issuers.iter().map(|issuer| issuer.key());
                let issuer = account.split_once('/').map(|(issuer, _)| issuer);
                (
                    keys.clone().any(|key| Some(key) == issuer),
                    keys.map(|key| format!("{key}/…"))
                        .collect::<Vec<_>>()
                        .join(", "),
                )
            }
        };
        if known {
            return Ok(());
        }
        Err(NotAllowed(format!(
            "SHINSEI_SOLE_DECIDER: {account} names no account of the secretariat: it is to be the account as the log has it, issuer/subject with an \
             issuer of SHINSEI_OIDC ({accounts})"
        )))
    }

    /// The second database, from which reports are read; `None` when there is none. Nothing is connected yet.
    ///
    /// # Errors
    /// See [`ReportingError`].
    pub fn reporting_database(&self) -> Result<Option<ReadingDatabase>, ReportingError> {
        let Some(url) = &self.reporting.reporting_database_url else {
            return Ok(None);
        };
        if sqlite_file(&self.database_url).is_some() {
            return Err(ReportingError::NoServer);
        }
        ReadingDatabase::at(url)
            .map(Some)
            .map_err(ReportingError::Address)
    }

    /// Where the anchors are kept; `None` when this node keeps none.
    pub fn anchors(&self) -> Option<Anchors> {
        let directory = match &self.anchors_directory {
            Some(told) => match told.to_str().map(switch) {
                Some(Ok(false)) => return None,
                Some(Ok(true)) => self.kept_in(None, "anchors"),
                _ => told.clone(),
            },
            None => self.kept_in(None, "anchors"),
        };
        Some(Anchors::within(directory))
    }

    /// Where the keys are.
    pub fn keys_directory(&self) -> PathBuf {
        self.kept_in(self.keys_directory.as_deref(), "keys")
    }

    /// The directory that is told, or the one of this name: beside the SQLite file, or in [`DATA`] when the database is a server's.
    fn kept_in(&self, told: Option<&Path>, name: &str) -> PathBuf {
        let own = || match sqlite_file(&self.database_url) {
            Some(file) => file.with_file_name(name),
            None => Path::new(DATA).join(name),
        };
        told.map_or_else(own, Path::to_owned)
    }

    /// The keys. The demonstration makes its first; in production that is done by whoever runs it, as every node needs the same.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn keys(&self) -> Result<Keys, KeysError> {
        let directory = self.keys_directory();
        match self.mode() {
            Mode::Demonstration => Keys::read_or_make(&directory),
            Mode::Production => Keys::read(&directory),
        }
    }

    /// SQLite demonstrates unless told otherwise; PostgreSQL, and any way for real people to come in, is meant seriously unless
    /// told otherwise.
    pub fn mode(&self) -> Mode {
        let serious = self.doors.are_real() || !self.database_url.starts_with("sqlite:");
        if self.production || (!self.demo && serious) {
            Mode::Production
        } else {
            Mode::Demonstration
        }
    }

    /// The clock that belongs to the mode.
    pub fn clock(&self) -> ClockSetting {
        match self.mode() {
            Mode::Demonstration => ClockSetting::Demonstration {
                earliest: DEMONSTRATION_START,
            },
            Mode::Production => ClockSetting::System,
        }
    }
}

/// The file in the address of an SQLite database; `None` for a server's.
pub fn sqlite_file(database_url: &str) -> Option<&Path> {
    let path = database_url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    Some(Path::new(path.split('?').next().unwrap_or(path)))
}

/// Demonstration and production at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "SHINSEI_DEMO and SHINSEI_PRODUCTION (--demo, --production) are both on: one of them is true at most"
)]
pub struct BothModes;

/// A file of the configuration that cannot be read. What is in it is not told.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: {} can not be read", .file.display())]
pub struct UnreadableFile {
    /// Which setting names it.
    pub variable: &'static str,
    /// Which.
    pub file: PathBuf,
    /// Why.
    #[source]
    pub source: std::io::Error,
}

/// An address on which the demonstration would be seen by others.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the demonstration signs anybody in without a password, so it listens on a loopback address only, and {0} is none: \
     listen on 127.0.0.1, or configure production (--production, or a PostgreSQL database)"
)]
pub struct NotLoopback(pub SocketAddr);

/// Whether the mode may listen there.
///
/// # Errors
/// The demonstration on an address that others can reach.
pub fn check_listen(mode: Mode, listen: SocketAddr) -> Result<(), NotLoopback> {
    if mode == Mode::Demonstration && !listen.ip().is_loopback() {
        return Err(NotLoopback(listen));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(database_url: &str, demo: bool, production: bool) -> Settings {
        Settings {
            database_url: database_url.to_owned(),
            database_url_file: None,
            programs: None,
            anchors_directory: None,
            keys_directory: None,
            demo,
            production,
            reporting: ReportingArguments::default(),
            doors: Doors {
                public_url: None,
                oidc: None,
                handover_key_file: None,
                session_idle_minutes: 60,
                session_hours: 12,
            },
            mail: MailArguments {
                smtp_url: None,
                smtp_url_file: None,
                mail_from: None,
                mail_folder: "data/mail".into(),
            },
            deciding: DecidingArguments {
                decisions_a_day: Deciding::default().a_day,
                sole_decider: None,
            },
        }
    }

    #[test]
    fn on_and_off_are_said_in_eight_words_and_no_other() {
        for (words, expected) in [
            (["true", "1", "yes", "on"], true),
            (["false", "0", "no", "off"], false),
        ] {
            for word in words {
                assert_eq!(switch(word), Ok(expected));
                assert_eq!(switch(&format!(" {} ", word.to_uppercase())), Ok(expected));
            }
        }
        for word in ["", " ", "2", "ja", "enabled", "true false", "ｔｒｕｅ", "f"] {
            assert_eq!(switch(word), Err(NoSwitch), "{word}");
        }
    }

    #[test]
    fn demonstration_and_production_are_not_both_on() {
        for (demo, production, expected) in [
            (true, true, Err(BothModes)),
            (true, false, Ok(())),
            (false, true, Ok(())),
            (false, false, Ok(())),
        ] {
            assert_eq!(
                settings(DEFAULT_DATABASE, demo, production).check(),
                expected
            );
        }
    }

    #[test]
    fn who_decides_alone_is_an_account_and_an_empty_word_is_nobody() {
        let told = |account: &str| DecidingArguments {
            decisions_a_day: NonZeroU32::MIN,
            sole_decider: Some(account.to_owned()),
        };
        let sole = |account: &str| {
            let account = account_of_the_secretariat(account);
            account.map(|account| told(&account).deciding().sole)
        };
        let tanaka = || Ok(Some("tanaka".to_owned()));
        assert_eq!(sole("tanaka"), tanaka());
        assert_eq!(sole(" tanaka "), tanaka());
        assert_eq!(sole("secretariat:tanaka"), tanaka());
        assert_eq!(sole("staff/a:b"), Ok(Some("staff/a:b".to_owned())));
        assert_eq!(sole(" "), Ok(None));
        for nobody in [
            "reporter:tanaka",
            "member:9000001",
            "secretariat:client:nightly",
            "client:nightly",
            "secretariat:",
            "田中",
            "tanaka suzuki",
        ] {
            assert_eq!(sole(nobody), Err(NoAccount), "{nobody}");
        }
        assert_eq!(Deciding::default().a_day.get(), 20);
    }

    #[test]
    fn the_address_of_the_database_may_stand_in_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "postgres://u:secret@h/d\n").unwrap();
        let mut told = settings(DEFAULT_DATABASE, false, false);
        told.database_url_file = Some(file.path().to_owned());
        told.read_files().unwrap();
        assert_eq!(told.database_url, "postgres://u:secret@h/d");
        assert_eq!(told.mode(), Mode::Production);
        told.database_url_file = Some("/nowhere/at/all".into());
        let error = told.read_files().unwrap_err();
        assert_eq!(
            error.to_string(),
            "SHINSEI_DATABASE_URL_FILE: /nowhere/at/all can not be read"
        );
    }

    #[tokio::test]
    async fn reports_are_read_from_a_second_server_which_need_not_be_there() {
        let mut told = settings("postgres://h/d", false, false);
        assert!(told.reporting_database().unwrap().is_none());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "postgres://u:geheim@127.0.0.1:1/d\n").unwrap();
        told.reporting.reporting_database_url_file = Some(file.path().to_owned());
        told.read_files().unwrap();
        assert!(told.reporting_database().unwrap().is_some());
        assert!(!format!("{told:?}").contains("geheim"));
        told.reporting.reporting_database_url = Some("sqlite:copy.db".to_owned());
        let error = told.reporting_database().unwrap_err();
        assert!(matches!(error, ReportingError::Address(_)));
        let mut told = settings(DEFAULT_DATABASE, false, false);
        told.reporting.reporting_database_url = Some("postgres://h/d".to_owned());
        let error = told.reporting_database().unwrap_err();
        assert!(matches!(error, ReportingError::NoServer));
    }

    #[test]
    fn anchors_are_kept_beside_the_file_or_where_it_is_said_or_not_at_all() {
        let kept = |url: &str, told: Option<&str>| {
            let mut settings = settings(url, false, false);
            settings.anchors_directory = told.map(PathBuf::from);
            settings.anchors().map(|anchors| anchors.path())
        };
        for (url, told, expected) in [
            (DEFAULT_DATABASE, None, Some("data/anchors/anchors.jsonl")),
            (
                "sqlite:/var/x.db?mode=rwc",
                None,
                Some("/var/anchors/anchors.jsonl"),
            ),
            ("postgres://h/d", None, Some("data/anchors/anchors.jsonl")),
            (
                "postgres://h/d",
                Some("/mnt/worm"),
                Some("/mnt/worm/anchors.jsonl"),
            ),
            (DEFAULT_DATABASE, Some("off"), None),
            (DEFAULT_DATABASE, Some("FALSE"), None),
            (
                DEFAULT_DATABASE,
                Some("on"),
                Some("data/anchors/anchors.jsonl"),
            ),
        ] {
            assert_eq!(
                kept(url, told),
                expected.map(PathBuf::from),
                "{url} {told:?}"
            );
        }
    }

    #[test]
    fn the_demonstration_makes_its_first_key_and_production_refuses_to_be_without() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("x.db").display());
        let mut told = settings(&url, false, true);
        let error = told.keys().unwrap_err().to_string();
        for word in ["SHINSEI_KEYS", "shinsei new-key", "keys"] {
            assert!(error.contains(word), "{error}");
        }
        assert!(!directory.path().join("keys").exists(), "none was made");
        told.production = false;
        told.keys().unwrap();
        assert!(directory.path().join("keys/0001.key").is_file());
        told.production = true;
        told.keys().unwrap();
        let server = settings("postgres://h/d", false, false);
        assert_eq!(server.keys_directory(), PathBuf::from("data/keys"));
        let default = settings(DEFAULT_DATABASE, false, false);
        assert_eq!(default.keys_directory(), PathBuf::from("data/keys"));
        told.keys_directory = Some("/run/keys".into());
        assert_eq!(told.keys_directory(), PathBuf::from("/run/keys"));
    }

    #[test]
    fn without_configuration_it_is_a_demonstration() {
        assert_eq!(
            settings(DEFAULT_DATABASE, false, false).mode(),
            Mode::Demonstration
        );
    }

    #[test]
    fn postgresql_is_production_unless_it_is_called_a_demonstration() {
        assert_eq!(
            settings("postgres://h/d", false, false).mode(),
            Mode::Production
        );
        assert_eq!(
            settings("postgres://h/d", true, false).mode(),
            Mode::Demonstration
        );
    }

    #[test]
    fn issuers_need_an_address_to_send_people_back_to() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            "[issuers.society]\nlabel = \"ID\"\nissuer = \"https://id.example.jp\"\nclient_id = \"shinsei\"\nmember_claim = \"n\"\n",
        )
        .unwrap();
        let mut doors = Doors {
            public_url: None,
            oidc: Some(file.path().to_owned()),
            handover_key_file: None,
            session_idle_minutes: 30,
            session_hours: 8,
        };
        assert!(matches!(doors.entrance(), Err(DoorError::NoAddress)));
        doors.public_url = Some("https://shinsei.example.jp".to_owned());
        let entrance = doors.entrance().unwrap();
        assert_eq!(entrance.issuers[0].label(), "ID");
        assert_eq!(entrance.times.idle, Duration::from_mins(30));
        doors.public_url = Some("http://shinsei.example.jp".to_owned());
        assert!(matches!(doors.entrance(), Err(DoorError::Address(_))));
    }

    #[test]
    fn production_counts_requests_and_the_demonstration_only_when_told() {
        let mut told = Allowances {
            trusted_proxies: 1,
            rate_account: None,
            rate_address: None,
            stop_delay: None,
        };
        let delay = |mode| told.limits(mode).connections.stop_delay;
        assert_eq!(delay(Mode::Production), Duration::from_secs(5));
        assert_eq!(delay(Mode::Demonstration), Duration::ZERO);
        assert_eq!(told.limits(Mode::Production).rates, RateLimits::PRODUCTION);
        assert_eq!(told.limits(Mode::Demonstration).rates, RateLimits::NONE);
        told.rate_account = Some(0);
        told.rate_address = Some(30);
        for mode in [Mode::Production, Mode::Demonstration] {
            let limits = told.limits(mode);
            assert_eq!(limits.rates.account, None);
            assert_eq!(limits.rates.address, NonZeroU32::new(30));
            assert_eq!(limits.trusted_proxies, 1);
        }
    }

    #[test]
    fn any_way_in_for_real_people_switches_the_demonstration_off() {
        let with = |set: fn(&mut Doors)| {
            let mut settings = settings(DEFAULT_DATABASE, false, false);
            set(&mut settings.doors);
            settings.mode()
        };
        for mode in [
            with(|doors| doors.public_url = Some("https://shinsei.example.jp".to_owned())),
            with(|doors| doors.oidc = Some("oidc.toml".into())),
            with(|doors| doors.handover_key_file = Some("keys".into())),
        ] {
            assert_eq!(mode, Mode::Production);
        }
    }

    #[test]
    fn production_never_has_a_shifted_clock() {
        for url in [DEFAULT_DATABASE, "postgres://h/d"] {
            assert_eq!(settings(url, false, true).clock(), ClockSetting::System);
        }
        assert_eq!(
            settings("postgres://h/d", false, false).clock(),
            ClockSetting::System
        );
    }

    #[test]
    fn the_demonstration_is_refused_where_others_can_reach_it() {
        let open = "0.0.0.0:8080".parse().unwrap();
        assert_eq!(
            check_listen(Mode::Demonstration, open),
            Err(NotLoopback(open))
        );
        check_listen(Mode::Demonstration, "[::1]:8080".parse().unwrap()).unwrap();
        check_listen(Mode::Production, open).unwrap();
    }
}
