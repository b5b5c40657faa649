//! `shinsei doctor`: looks at a set-up as production would run it, and names what is unsafe with what to do about it.

use std::{fmt, net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path, str::FromStr as _};

use domain::member::MemberNumber;
use eventstore::{Database, DatabaseKind, Finding as Altered};
use jiff::Timestamp;

use crate::{
    Service,
    access::{Clients, Keys},
    config::{Allowances, Doors, MailArguments, Mode, Settings, sqlite_file},
    demonstration::FIRST_MEMBER,
    mail::{MailSettings, MailState, Outbox},
    reporting::{Found, look},
};

/// Clocks that are further apart than this (ms) make deadlines and sessions differ between machines.
const CLOCKS_APART_MS: i64 = 2_000;

/// A view that is so many events behind keeps people waiting.
const FAR_BEHIND: i64 = 10_000;

/// The whole log is verified at least so often, in microseconds: two days.
const VERIFIED_WITHIN_US: i64 = 2 * 86_400_000_000;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Sound,
    /// To be looked at: it may be meant.
    Doubtful,
    /// Real people's data must not come here before it is mended.
    Unsafe,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub subject: &'static str,
    /// How bad.
    pub severity: Severity,
    /// What was found and, unless it is sound, what to do. No secret and no person is in it.
    pub words: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Sound => "ok",
            Severity::Doubtful => "LOOK",
            Severity::Unsafe => "UNSAFE",
        };
        write!(f, "{severity:<7}{}: {}", self.subject, self.words)
    }
}

/// Everything that is looked at beside the database.
pub struct Surroundings<'a> {
    /// As the service would be started.
    pub settings: &'a Settings,
    /// What it would allow.
    pub allowances: &'a Allowances,
    /// Where it would listen.
    pub listen: SocketAddr,
    /// What it would log.
    pub log_filter: &'a str,
    /// The arguments of this process, which everybody on the machine can read.
    pub arguments: &'a [String],
}

struct Findings(Vec<Finding>);

impl Findings {
    fn sound(&mut self, subject: &'static str, words: impl Into<String>) {
        self.add(subject, Severity::Sound, words);
    }

    fn doubtful(&mut self, subject: &'static str, words: impl Into<String>) {
        self.add(subject, Severity::Doubtful, words);
    }

    fn unsafe_(&mut self, subject: &'static str, words: impl Into<String>) {
        self.add(subject, Severity::Unsafe, words);
    }

    fn add(&mut self, subject: &'static str, severity: Severity, words: impl Into<String>) {
        self.0.push(Finding {
            subject,
            severity,
            words: words.into(),
        });
    }
}

/// Looks at the set-up.
///
/// # Errors
/// The database cannot be asked.
pub async fn examine(
    service: &Service,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<Finding>, Box<dyn std::error::Error>> {
    let mut found = Findings(Vec::new());
    mode(surroundings, &mut found);
    network(surroundings, &mut found);
    doors(&surroundings.settings.doors, &mut found).await;
    deciding(surroundings.settings, &mut found);
    secrets(surroundings, &mut found);
    logging(surroundings.log_filter, &mut found);
    mail(&surroundings.settings.mail, &mut found);
    outbox(service, &mut found).await?;
    database(service, &surroundings.settings.database_url, &mut found).await?;
    log_and_views(service, &mut found).await?;
    verification(service, &mut found).await?;
    continuity(service, &mut found).await?;
    reporting(service, surroundings.settings, &mut found).await?;
    anchors(surroundings.settings, &mut found);
    keys(surroundings.settings, &mut found);
    tokens(service, &mut found).await?;
    programs(service, service.clock.now(), &mut found);
    demonstration(service, &mut found).await?;
    Ok(found.0)
}

fn mode(surroundings: &Surroundings<'_>, found: &mut Findings) {
    match surroundings.settings.mode() {
        Mode::Production => found.sound("mode", "production; the demonstration's sign-in is off"),
        Mode::Demonstration => found.unsafe_(
            "mode",
            "this is the demonstration: anybody on this machine signs in without a password. Set SHINSEI_PRODUCTION=true or use PostgreSQL",
        ),
    }
}

fn network(surroundings: &Surroundings<'_>, found: &mut Findings) {
    let open = !surroundings.listen.ip().is_loopback();
    let proxies = surroundings.allowances.trusted_proxies;
    match (open, proxies) {
        (true, _) => found.doubtful(
            "network",
            format!(
                "listening on {}, and the service does not encrypt: let a proxy that does stand in front, and listen where only it can connect",
                surroundings.listen
            ),
        ),
        (false, 0) => found.doubtful(
            "network",
            "SHINSEI_TRUSTED_PROXIES is 0: behind a proxy every client has the proxy's address, and all of them are counted as one",
        ),
        (false, proxies) => found.sound(
            "network",
            format!("listening on loopback behind {proxies} trusted proxies"),
        ),
    }
    let limits = surroundings.allowances.limits(Mode::Production).rates;
    if limits.account.is_none() || limits.address.is_none() {
        found.doubtful(
            "rates",
            "requests are not counted by account or by address: tokens can be guessed as fast as the database reads. Leave out SHINSEI_RATE_ACCOUNT and SHINSEI_RATE_ADDRESS, or set them above 0",
        );
    } else {
        found.sound("rates", "requests are counted by account and by address");
    }
}

async fn doors(doors: &Doors, found: &mut Findings) {
    match &doors.public_url {
        None => found.unsafe_(
            "address",
            "SHINSEI_PUBLIC_URL is not set: any host name is answered, and cookies may travel without TLS",
        ),
        Some(url) if !url.starts_with("https://") => found.unsafe_(
            "address",
            "SHINSEI_PUBLIC_URL is not https: cookies and everything that is typed travel in the clear",
        ),
        Some(_) => found.sound("address", "https; cookies are of this host and of TLS only"),
    }
    for file in doors.handover_key_file.iter().chain(&doors.oidc) {
        only_for_owner("sign-in", file, found);
    }
    let entrance = match doors.entrance() {
        Ok(entrance) => entrance,
        Err(error) => {
            let why = std::error::Error::source(&error).map(ToString::to_string);
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            return found.unsafe_("sign-in", format!("{error}{why}"));
        }
    };
    if entrance.issuers.is_empty() && entrance.handover.is_none() {
        found.unsafe_(
            "sign-in",
            "nobody can sign in: set SHINSEI_OIDC or SHINSEI_HANDOVER_KEY_FILE",
        );
    }
    for issuer in &entrance.issuers {
        match issuer.metadata(std::time::Duration::ZERO).await {
            Ok(_) => found.sound("sign-in", format!("issuer {} answers", issuer.key())),
            Err(error) => found.doubtful("sign-in", format!("issuer {}: {error}", issuer.key())),
        }
    }
}

/// Who decides, and whether a second person is asked.
fn deciding(settings: &Settings, found: &mut Findings) {
    const SUBJECT: &str = "deciding";
    let deciding = settings.deciding.deciding();
    // What is wrong with the issuers is said above.
    let entrance = settings.doors.entrance();
    let issuers = entrance.map_or_else(|_| Vec::new(), |entrance| entrance.issuers);
    let is_vouched_for = |account: &str| {
        let issuer = account.split_once('/').map(|(issuer, _)| issuer);
        issuers.is_empty() || issuers.iter().any(|known| Some(known.key()) == issuer)
    };
    match deciding.sole {
        Some(account) if !is_vouched_for(&account) => found.unsafe_(
            SUBJECT,
            format!(
                "{account} (SHINSEI_SOLE_DECIDER) is no account of an issuer of SHINSEI_OIDC (issuer/subject): nobody decides alone, and what needs a second person waits for one"
            ),
        ),
        Some(account) => found.doubtful(
            SUBJECT,
            format!(
                "{account} decides alone (SHINSEI_SOLE_DECIDER): what needs a second person waits 24 hours instead and is marked 単独. Leave it out as soon as a second person holds 判定"
            ),
        ),
        None => found.sound(
            SUBJECT,
            format!(
                "a second person is asked for what needs one, and beyond {} acts of 判定 a day (SHINSEI_DECISIONS_A_DAY)",
                deciding.a_day
            ),
        ),
    }
}

fn anchors(settings: &Settings, found: &mut Findings) {
    match settings.anchors() {
        Some(anchors) => found.sound(
            "anchors",
            format!(
                "kept in {}: copy its lines to where whoever holds the database cannot write",
                anchors.path().display()
            ),
        ),
        None => found.doubtful(
            "anchors",
            "SHINSEI_ANCHORS is off: unless another node keeps anchors, nobody can tell when the whole log is rewritten",
        ),
    }
}

fn keys(settings: &Settings, found: &mut Findings) {
    const SUBJECT: &str = "keys";
    let directory = settings.keys_directory();
    match Keys::files(&directory) {
        Ok(files) if files.is_empty() => found.unsafe_(
            SUBJECT,
            format!(
                "there is no key in {}: in production the service refuses to start. Copy the keys of the other nodes there or, for the first node, run `shinsei new-key` (SHINSEI_KEYS)",
                directory.display()
            ),
        ),
        Ok(files) => {
            for file in files {
                only_for_owner(SUBJECT, &file, found);
            }
        }
        Err(error) => return found.unsafe_(SUBJECT, error.to_string()),
    }
    let beside = sqlite_file(&settings.database_url).and_then(Path::parent);
    if settings.mode() == Mode::Production
        && beside.is_some_and(|beside| directory.starts_with(beside))
    {
        found.doubtful(
            SUBJECT,
            "the keys are kept beside the database: leave them out of its backups, or whoever has one may sign in as anybody (SHINSEI_KEYS)",
        );
    }
}

/// Tokens of machine clients that wait for their seals.
async fn tokens(service: &Service, found: &mut Findings) -> Result<(), sqlx::Error> {
    let unsealed = Clients::new(service).without_seal().await?;
    if unsealed > 0 {
        found.doubtful(
            "tokens",
            format!(
                "{unsealed} tokens of machine clients have no seal and open nothing: after an upgrade, look at them by `shinsei seal-tokens`; if they were sealed before, find out who wrote these rows"
            ),
        );
    }
    Ok(())
}

fn secrets(surroundings: &Surroundings<'_>, found: &mut Findings) {
    // A password in an address stands between ':' and '@'.
    let shown = surroundings.arguments.iter().any(|argument| {
        argument
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('@'))
            .is_some_and(|(user, _)| user.contains(':'))
    });
    if shown {
        found.unsafe_(
            "secrets",
            "a password is on the command line, where every user of the machine can read it: use SHINSEI_DATABASE_URL_FILE",
        );
    } else {
        found.sound("secrets", "no password on the command line");
    }
    if let Some(file) = &surroundings.settings.database_url_file {
        only_for_owner("secrets", file, found);
    }
}

fn mail(mail: &MailArguments, found: &mut Findings) {
    if let Err(error) = MailSettings::read(mail) {
        // No password is in it.
        return found.unsafe_("mail", error.to_string());
    }
    if let Some(file) = &mail.smtp_url_file {
        only_for_owner("mail", file, found);
    }
    let Some(url) = &mail.smtp_url else {
        return found.doubtful(
            "mail",
            format!(
                "SHINSEI_SMTP_URL is not set: members are written nothing, their mails are kept in {}",
                mail.mail_folder.display()
            ),
        );
    };
    // In the clear it goes no further than this machine: another address is refused above.
    let told = if url.starts_with("smtp://") && !url.contains("tls=required") {
        "handed to a mail server on this machine"
    } else {
        "handed to a mail server, encrypted"
    };
    found.sound("mail", told);
}

async fn outbox(service: &Service, found: &mut Findings) -> Result<(), Box<dyn std::error::Error>> {
    for (state, count) in Outbox::new(service.log.clone()).open().await? {
        let failed = matches!(state, MailState::Failed | MailState::Held);
        if failed && count > 0 {
            found.doubtful(
                "outbox",
                format!(
                    "{count} mails are {}: look at GET /api/v1/mails?state={}",
                    state.as_str(),
                    state.as_str()
                ),
            );
        }
    }
    Ok(())
}

async fn reporting(
    service: &Service,
    settings: &Settings,
    found: &mut Findings,
) -> Result<(), Box<dyn std::error::Error>> {
    const SUBJECT: &str = "reporting";
    if let Some(file) = &settings.reporting.reporting_database_url_file {
        only_for_owner(SUBJECT, file, found);
    }
    if let Database::Postgres(pool) = service.log.database() {
        let there: bool = sqlx::query_scalar("SELECT to_regclass('reporting.as_of') IS NOT NULL")
            .fetch_one(pool)
            .await?;
        if there {
            found.sound(SUBJECT, "the schema reporting is there");
        } else {
            found.doubtful(
                SUBJECT,
                "there is no schema reporting for spreadsheets and BI tools: start the service once; if its log says that the role may not \
                 make it, let an administrator run CREATE SCHEMA reporting AUTHORIZATION <the service's role>",
            );
        }
    }
    match look(service).await? {
        None => {}
        Some(Found::Sound { follows, behind }) => {
            let what = if follows { "a replica" } else { "a read-only connection" };
            let words = format!("reports are read from {what}, {behind} events behind");
            if behind > FAR_BEHIND {
                found.doubtful(SUBJECT, words);
            } else {
                found.sound(SUBJECT, words);
            }
        }
        Some(Found::OtherLog) => found.unsafe_(
            SUBJECT,
            "SHINSEI_REPORTING_DATABASE_URL names a database with another log: its figures are not this service's. Name a replica of this database",
        ),
        Some(Found::Writable) => found.unsafe_(
            SUBJECT,
            "the server of SHINSEI_REPORTING_DATABASE_URL does not keep its connections from writing: is something between that drops their options?",
        ),
        Some(Found::Unreachable(why)) => found.doubtful(
            SUBJECT,
            format!("the database of SHINSEI_REPORTING_DATABASE_URL can not be asked, so reports answer 503: {why}"),
        ),
    }
    Ok(())
}

/// Whether others may read a file.
fn only_for_owner(subject: &'static str, file: &Path, found: &mut Findings) {
    match std::fs::metadata(file) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => found.unsafe_(
            subject,
            format!(
                "others may read or write {}: chmod 600 it, and start the service with UMask=0077",
                file.display()
            ),
        ),
        Ok(_) => found.sound(subject, format!("{} is for its owner only", file.display())),
        Err(error) => found.doubtful(
            subject,
            format!("{} can not be looked at: {error}", file.display()),
        ),
    }
}

fn logging(filter: &str, found: &mut Findings) {
    let loud = filter.split(',').any(|part| {
        let level = part.rsplit('=').next().unwrap_or(part).trim();
        tracing::Level::from_str(level).is_ok_and(|level| level > tracing::Level::INFO)
    });
    if loud {
        found.doubtful(
            "logging",
            "SHINSEI_LOG tells more than `info`: libraries may write what the service itself never does. For a while and on purpose only",
        );
    } else {
        found.sound("logging", "no more than `info`");
    }
}

async fn database(
    service: &Service,
    url: &str,
    found: &mut Findings,
) -> Result<(), eventstore::Error> {
    let database = service.log.database();
    let setup = service.log.examine().await?;
    if setup.durability.is_empty() {
        found.sound("durability", "acknowledged events survive a power failure");
    }
    for problem in &setup.durability {
        found.unsafe_("durability", problem);
    }
    if setup.missing_guards.is_empty() {
        found.sound("guards", "the log is append-only");
    } else {
        found.unsafe_(
            "guards",
            format!(
                "the triggers that keep these tables append-only are gone: {}. Find out who removed them, run `shinsei verify`, restore",
                setup.missing_guards.join(", ")
            ),
        );
    }
    if setup.superuser == Some(true) {
        found.unsafe_(
            "role",
            "the service connects as a superuser, for whom neither triggers nor privileges hold: give it a role of its own",
        );
    } else if setup.owns_log == Some(true) {
        found.doubtful(
            "role",
            "the service's role owns the log, as it migrates at its start, and so may switch off what keeps it append-only: keep its password in a file, and run `shinsei verify` daily with the last chain hash kept elsewhere",
        );
    } else if setup.superuser.is_some() {
        found.sound("role", "the service's role can not switch off the guards");
    }
    match setup.encrypted {
        Some(false) => found.doubtful(
            "connection",
            "the connection to the database is not encrypted: add sslmode=verify-full unless the network between is yours alone",
        ),
        Some(true) => found.sound("connection", "encrypted"),
        None => {}
    }
    if let Some(ahead) = setup.clock_ahead_ms {
        if ahead.abs() > CLOCKS_APART_MS {
            found.unsafe_(
                "clock",
                format!("the database's clock differs by {ahead} ms: deadlines are decided by clocks. Let both machines follow a time server"),
            );
        } else {
            found.sound("clock", format!("{ahead} ms from the database's"));
        }
    }
    if database.kind() == DatabaseKind::Sqlite {
        let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
        let path = path.split('?').next().unwrap_or(path);
        only_for_owner("file", Path::new(path), found);
    }
    Ok(())
}

async fn log_and_views(
    service: &Service,
    found: &mut Findings,
) -> Result<(), Box<dyn std::error::Error>> {
    let waiting = service.log.unsealed().await?;
    if waiting > FAR_BEHIND {
        found.doubtful(
            "ledger",
            format!("{waiting} events wait for their number (ops/runbooks/stuck-sealer.md)"),
        );
    } else {
        found.sound("ledger", format!("{} events", service.log.head().await?));
    }
    for view in service.views.lag().await? {
        if view.failure.is_some() {
            found.doubtful(
                "views",
                format!(
                    "{} stands still (ops/runbooks/failed-projection.md)",
                    view.name
                ),
            );
        } else if view.checkpoint > view.head {
            found.unsafe_(
                "views",
                format!(
                    "{} is at {}, and the log ends at {}: they are of two logs. `shinsei rebuild {}` (ops/runbooks/failover.md)",
                    view.name, view.checkpoint, view.head, view.name
                ),
            );
        } else if view.events > FAR_BEHIND {
            found.doubtful(
                "views",
                format!("{} is {} events behind", view.name, view.events),
            );
        }
    }
    Ok(())
}

async fn verification(
    service: &Service,
    found: &mut Findings,
) -> Result<(), Box<dyn std::error::Error>> {
    const SUBJECT: &str = "verification";
    let state = service.log.verification().await?;
    if let Some(Altered { global_seq, what }) = state.found {
        let at = global_seq.map_or_else(String::new, |number| format!(" at {number}"));
        found.unsafe_(
            SUBJECT,
            format!("a running service has found that the log is not what was recorded: {what}{at} (ops/runbooks/log-altered.md)"),
        );
        return Ok(());
    }
    let under_way = format!("the next has come up to {}", state.verified);
    match state.completed_at_us {
        None => found.sound(SUBJECT, "no running service has verified the whole log yet"),
        Some(at) if service.log.database_time().await? - at > VERIFIED_WITHIN_US => found.doubtful(
            SUBJECT,
            format!("the whole log was last verified more than two days ago, and {under_way}: does a service run, and what does it say?"),
        ),
        Some(_) => found.sound(
            SUBJECT,
            format!("{} passes over the whole log found nothing; {under_way}", state.passes),
        ),
    }
    Ok(())
}

async fn continuity(
    service: &Service,
    found: &mut Findings,
) -> Result<(), Box<dyn std::error::Error>> {
    const SUBJECT: &str = "continuity";
    let breaks = service.log.open_breaks().await?;
    if breaks.is_empty() {
        found.sound(
            SUBJECT,
            "no node has noticed that the log is not the one it knew",
        );
    }
    for one in breaks {
        let commands: Vec<String> = one.named().iter().map(ToString::to_string).collect();
        let when = Timestamp::from_microsecond(one.noticed_at_us).unwrap_or(Timestamp::MIN);
        found.unsafe_(
            SUBJECT,
            format!(
                "a node noticed at {when} that the log is not the one it knew: {} numbers are gone ({} to {}), and {} commands that it had answered [{}]. \
                 `shinsei lost-commands` lists all and says whose (ops/runbooks/failover.md)",
                one.gone(),
                one.common + 1,
                one.last_seen,
                one.commands.len(),
                commands.join(" "),
            ),
        );
    }
    Ok(())
}

fn programs(service: &Service, now: Timestamp, found: &mut Findings) {
    let to_come = service
        .programs
        .iter()
        .filter(|program| program.takes_applications(now))
        .count();
    if to_come == 0 {
        found.doubtful(
            "programs",
            "every period is over: nobody can apply. Set SHINSEI_PROGRAMS to this year's",
        );
    } else {
        found.sound("programs", format!("{to_come} are open or will be"));
    }
}

async fn demonstration(
    service: &Service,
    found: &mut Findings,
) -> Result<(), Box<dyn std::error::Error>> {
    let first = MemberNumber::parse(FIRST_MEMBER)?;
    if service.member(&first).await?.is_some() {
        found.doubtful(
            "members",
            format!("member {FIRST_MEMBER} of the demonstration is in this database: begin with an empty one"),
        );
    } else {
        found.sound("members", "none of the demonstration's");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severity(look: impl FnOnce(&mut Findings)) -> Severity {
        let mut found = Findings(Vec::new());
        look(&mut found);
        found.0.iter().map(|one| one.severity).max().unwrap()
    }

    #[test]
    fn a_filter_that_tells_more_than_info_is_doubtful() {
        for filter in ["debug", "info,sqlx=debug", "api=trace"] {
            assert_eq!(
                severity(|found| logging(filter, found)),
                Severity::Doubtful,
                "{filter}"
            );
        }
        for filter in ["info,sqlx=warn", "warn", "error,api=info", ""] {
            assert_eq!(severity(|found| logging(filter, found)), Severity::Sound);
        }
    }

    #[test]
    fn mail_that_goes_nowhere_is_doubtful_and_mail_in_the_clear_unsafe() {
        let with = |smtp_url: Option<&str>, mail_from: Option<&str>| {
            let arguments = MailArguments {
                smtp_url: smtp_url.map(str::to_owned),
                smtp_url_file: None,
                mail_from: mail_from.map(str::to_owned),
                mail_folder: "data/mail".into(),
            };
            severity(|found| mail(&arguments, found))
        };
        let from = Some("事務局 <shinsei@example.jp>");
        assert_eq!(with(None, None), Severity::Doubtful);
        for (url, expected) in [
            ("smtps://u:p@mail.example.jp", Severity::Sound),
            ("smtp+starttls://mail.example.jp:587", Severity::Sound),
            ("smtp://u:p@mail.example.jp", Severity::Unsafe),
            ("smtp://mail.example.jp:25", Severity::Unsafe),
            ("smtp://127.0.0.1:25", Severity::Sound),
            ("smtp://localhost", Severity::Sound),
        ] {
            assert_eq!(with(Some(url), from), expected, "{url}");
        }
        assert_eq!(
            with(Some("smtps://mail.example.jp"), None),
            Severity::Unsafe
        );
    }

    #[test]
    fn a_file_that_others_may_read_is_unsafe() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let set = |mode| {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(file.path(), permissions).unwrap();
        };
        for (mode, expected) in [
            (0o600, Severity::Sound),
            (0o640, Severity::Unsafe),
            (0o604, Severity::Unsafe),
        ] {
            set(mode);
            let found = severity(|found| only_for_owner("file", file.path(), found));
            assert_eq!(found, expected, "{mode:o}");
        }
    }
}
