//! Configuration: flags and environment, and what they add up to (architecture, "Configuration").

use std::{
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::builder::FalseyValueParser;
use eventstore::{Anchors, ReadingDatabase};

use crate::{
    access::{
        Entrance, HandoverKeys, Issuer, NoKeys, NoPublicAddress, OidcSettings, PublicAddress,
        SessionTimes, SettingsError,
    },
    clock::{ClockSetting, DEMONSTRATION_START},
    limits::{Limits, RateLimits},
};

/// The database when nothing is configured.
pub const DEFAULT_DATABASE: &str = "sqlite://data/shinsei.db";

/// Where the anchors are kept when the database is a server's.
pub const DEFAULT_ANCHORS: &str = "data/anchors";

/// What is said instead of a directory by a node that keeps no anchors.
const NO_ANCHORS: &str = "off";

/// What every subcommand takes.
#[derive(clap::Args, Clone, Debug)]
pub struct Settings {
    /// `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`
    #[arg(long, env = "SHINSEI_DATABASE_URL", hide_env_values = true, default_value = DEFAULT_DATABASE, global = true)]
    pub database_url: String,
    /// File that holds the address of the database, for one with a password
    #[arg(
        long,
        env = "SHINSEI_DATABASE_URL_FILE",
        value_name = "FILE",
        conflicts_with = "database_url",
        global = true
    )]
    pub database_url_file: Option<PathBuf>,
    /// Directory of program files (TOML) instead of the programs that come with the binary
    #[arg(
        long,
        env = "SHINSEI_PROGRAMS",
        value_name = "DIRECTORY",
        global = true
    )]
    pub programs: Option<PathBuf>,
    /// Directory in which the anchors of the log are kept, or `off`; `anchors` beside the SQLite file, with PostgreSQL
    /// `data/anchors`
    #[arg(long, env = "SHINSEI_ANCHORS", value_name = "DIRECTORY", global = true)]
    pub anchors_directory: Option<PathBuf>,
    /// Demonstration on a database that would mean production (PostgreSQL)
    #[arg(long, env = "SHINSEI_DEMO", value_parser = FalseyValueParser::new(), conflicts_with = "production", global = true)]
    pub demo: bool,
    /// Production on a database that would mean demonstration (SQLite)
    #[arg(long, env = "SHINSEI_PRODUCTION", value_parser = FalseyValueParser::new(), global = true)]
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
}

/// Where reports are read from.
#[derive(clap::Args, Clone, Default)]
pub struct ReportingArguments {
    /// Second PostgreSQL address, from which the reports are read and nothing else is done: a replica; without one, the database itself
    #[arg(
        long,
        env = "SHINSEI_REPORTING_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        global = true
    )]
    pub reporting_database_url: Option<String>,
    /// File that holds that address, for one with a password
    #[arg(
        long,
        env = "SHINSEI_REPORTING_DATABASE_URL_FILE",
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
        env = "SHINSEI_SMTP_URL",
        hide_env_values = true,
        value_name = "URL",
        global = true
    )]
    pub smtp_url: Option<String>,
    /// File that holds the address of the mail server, for one with a password
    #[arg(
        long,
        env = "SHINSEI_SMTP_URL_FILE",
        value_name = "FILE",
        conflicts_with = "smtp_url",
        global = true
    )]
    pub smtp_url_file: Option<PathBuf>,
    /// In whose name mails are sent: `事務局 <shinsei@example.jp>`
    #[arg(long, env = "SHINSEI_MAIL_FROM", value_name = "SENDER", global = true)]
    pub mail_from: Option<String>,
    /// Where mails are kept while there is no mail server
    #[arg(
        long,
        env = "SHINSEI_MAIL_FOLDER",
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
        env = "SHINSEI_TRUSTED_PROXIES",
        value_name = "NUMBER",
        default_value_t = 0,
        global = true
    )]
    pub trusted_proxies: usize,
    /// Requests a minute of one account, 0 for any number; 600 in production
    #[arg(
        long,
        env = "SHINSEI_RATE_ACCOUNT",
        value_name = "NUMBER",
        global = true
    )]
    pub rate_account: Option<u32>,
    /// Requests a minute of one address by clients that are not signed in, 0 for any number; 1200 in production
    #[arg(
        long,
        env = "SHINSEI_RATE_ADDRESS",
        value_name = "NUMBER",
        global = true
    )]
    pub rate_address: Option<u32>,
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
            trusted_proxies: self.trusted_proxies,
            ..Limits::uncounted()
        }
    }
}

/// How people come in.
#[derive(clap::Args, Clone, Debug)]
pub struct Doors {
    /// Address under which people reach the service: `https://shinsei.example.jp`
    #[arg(long, env = "SHINSEI_PUBLIC_URL", value_name = "URL", global = true)]
    pub public_url: Option<String>,
    /// File (TOML) with the OpenID Connect issuers
    #[arg(long, env = "SHINSEI_OIDC", value_name = "FILE", global = true)]
    pub oidc: Option<PathBuf>,
    /// File with the keys of the member site's hand-over links, one in a line
    #[arg(
        long,
        env = "SHINSEI_HANDOVER_KEY_FILE",
        value_name = "FILE",
        global = true
    )]
    pub handover_key_file: Option<PathBuf>,
    /// Minutes without use after which a session ends
    #[arg(
        long,
        env = "SHINSEI_SESSION_IDLE_MINUTES",
        value_name = "MINUTES",
        default_value_t = 60,
        value_parser = clap::value_parser!(u32).range(1..=1_440),
        global = true
    )]
    pub session_idle_minutes: u32,
    /// Hours after which a session ends however much it is used
    #[arg(
        long,
        env = "SHINSEI_SESSION_HOURS",
        value_name = "HOURS",
        default_value_t = 12,
        value_parser = clap::value_parser!(u32).range(1..=168),
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
    #[error("the issuers can not be used")]
    Issuers(#[from] SettingsError),
    /// The keys.
    #[error("the keys of the hand-over can not be used")]
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
    /// Reads what is in files: secrets, which have no place on a command line.
    ///
    /// # Errors
    /// A file that cannot be read, by its name.
    pub fn read_files(&mut self) -> Result<(), UnreadableFile> {
        let read = |file: &PathBuf| {
            let text = std::fs::read_to_string(file).map_err(|source| UnreadableFile {
                file: file.clone(),
                source,
            });
            text.map(|text| text.trim().to_owned())
        };
        if let Some(file) = &self.database_url_file {
            self.database_url = read(file)?;
        }
        if let Some(file) = &self.reporting.reporting_database_url_file {
            self.reporting.reporting_database_url = Some(read(file)?);
        }
        if let Some(file) = &self.mail.smtp_url_file {
            self.mail.smtp_url = Some(read(file)?);
        }
        Ok(())
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
            Some(told) if told.as_os_str() == NO_ANCHORS => return None,
            Some(told) => told.clone(),
            None => match sqlite_file(&self.database_url) {
                Some(file) => file.with_file_name("anchors"),
                None => DEFAULT_ANCHORS.into(),
            },
        };
        Some(Anchors::within(directory))
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

/// A file of the configuration that cannot be read. What is in it is not told.
#[derive(Debug, thiserror::Error)]
#[error("{} can not be read", .file.display())]
pub struct UnreadableFile {
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
        }
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
        assert_eq!(error.to_string(), "/nowhere/at/all can not be read");
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
        ] {
            assert_eq!(
                kept(url, told),
                expected.map(PathBuf::from),
                "{url} {told:?}"
            );
        }
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
        };
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
