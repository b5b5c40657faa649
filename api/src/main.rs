//! The `shinsei` binary: the service and its tools.

use std::{
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use api::{
    Clock, ClockSetting, Exposure, Mode, Service,
    access::{
        Entrance, Keys, SessionTimes, Sessions,
        command_line::{self as tokens, TokenCommand, TokenError},
    },
    config::{
        Allowances, ReportingError, Settings, check_listen, listen_address, log_format,
        sqlite_file, with_variable, without_empty_variables,
    },
    demonstration::announcement,
    doctor::{self, Severity, Surroundings},
    imports, journey,
    mail::MailSettings,
    print::{Batch, print_all},
    proof::command_line::{self as proofs, Told},
    routes, serve, service,
    telemetry::{DEFAULT_FILTER, LogFormat, init_logging},
};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use domain::{Actor, Role, program::ProgramId};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use projections::ViewName;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};

/// Renewal applications of a medical society (申請). Without a subcommand it serves.
#[derive(Parser)]
#[command(name = "shinsei", version, args_conflicts_with_subcommands = false)]
struct CommandLine {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    logging: Logging,
    #[command(flatten)]
    serving: Serving,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct Logging {
    /// What is logged, e.g. `info`, `api=debug,sqlx=warn`; an import tells only what goes wrong unless told otherwise
    #[arg(
        long = "log",
        env = "SHINSEI_LOG",
        value_name = "FILTER",
        global = true
    )]
    filter: Option<String>,
    /// How log lines look
    #[arg(
        long = "log-format",
        env = "SHINSEI_LOG_FORMAT",
        value_name = "text|json",
        value_parser = log_format,
        default_value = "text",
        global = true
    )]
    format: LogFormat,
}

#[derive(Args, Clone)]
struct Serving {
    /// Address and port; the demonstration only on a loopback address
    #[arg(
        long,
        env = "SHINSEI_LISTEN",
        value_parser = listen_address,
        default_value = "127.0.0.1:8080",
        global = true
    )]
    listen: SocketAddr,
    #[command(flatten)]
    allowances: Allowances,
}

#[derive(Subcommand)]
enum Command {
    /// The service (also without a subcommand)
    Serve,
    /// Import an export (CSV or xlsx), also beside a running server
    Import {
        /// Which export
        kind: imports::Kind,
        /// The file: CSV in UTF-8 or CP932, or xlsx
        file: PathBuf,
        /// Write nothing and tell what would be done
        #[arg(long)]
        dry_run: bool,
        /// Names and dates of birth of many members are meant to change
        #[arg(long)]
        confirmed: bool,
    },
    /// Recompute the chain and name the first bad number; then compare with the anchors, where there are any
    Verify,
    /// Anchor the days that have ended; a running service does so by itself
    Anchor,
    /// Write one application's history with its proof into a new file
    ExportHistory {
        /// `<program>.<会員番号>`
        #[arg(long, value_name = "ID")]
        application: String,
        /// The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Check a history that was exported, without any database
    VerifyExport {
        /// The export
        file: PathBuf,
        /// Anchors that were kept elsewhere, one in a line
        #[arg(long, value_name = "FILE")]
        anchors: Option<PathBuf>,
    },
    /// What nodes had answered and is gone after a failover or a restore
    LostCommands {
        /// It is dealt with: tell it no more
        #[arg(long)]
        settled: bool,
    },
    /// After a restore of PostgreSQL, before the service starts
    Reanchor,
    /// Build a view anew beside the live one, compare, then switch
    Rebuild {
        /// `document_list`, `application_status`, `change_history`, `access_log`, `worklist`, `payments` or `reports`
        name: String,
        /// Switch also when rows differ
        #[arg(long)]
        accept_differences: bool,
    },
    /// Print every application of a program into a directory; what is there already is not made again
    Print {
        /// Key of the program: `specialist-renewal-2026`
        #[arg(long)]
        program: String,
        /// Where the files go
        #[arg(long, value_name = "DIRECTORY")]
        out: PathBuf,
        /// 申請書（本紙） only; what is not completed is left out
        #[arg(long)]
        final_only: bool,
    },
    /// Tokens of machine clients
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Play the manual's whole example over HTTP against a running demonstration
    Journey {
        /// Its address
        #[arg(default_value = journey::DEFAULT_URL)]
        url: String,
    },
    /// End every session of somebody: `member:9000001`, `secretariat:staff/…`
    EndSessions {
        /// As the log names them.
        actor: String,
    },
    /// End every session and every token of an account of staff, a lost laptop for one: `secretariat:staff/…`
    EndAccess {
        /// As the log names it.
        account: String,
    },
    /// After the upgrade to sealed rows, once: seal the tokens of before, which open nothing until then
    SealTokens {
        /// Seal what was listed
        #[arg(long)]
        confirm: bool,
    },
    /// Make a key in the directory of keys; it takes the place of those that are there, which go on checking what they have sealed
    NewKey,
    /// Look at the set-up as production would run it, and name what is unsafe
    Doctor,
    /// Print the API's description
    Openapi,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut command = without_empty_variables(CommandLine::command());
    let line = command
        .try_get_matches_from_mut(std::env::args_os())
        .and_then(|matches| CommandLine::from_arg_matches(&matches))
        .unwrap_or_else(|error| with_variable(error, &mut command).exit());
    match run(line).await {
        Ok(code) => code,
        Err(error) => {
            let mut told = format!("shinsei: {error}");
            let mut source = error.source();
            while let Some(inner) = source {
                told = format!("{told}: {inner}");
                source = inner.source();
            }
            // Nobody is left to tell when standard error is closed; the exit code still says it.
            let _closed = writeln!(std::io::stderr(), "{told}");
            // 1 means that the work was done and something was found: a bad row, a broken chain, a differing view.
            ExitCode::from(2)
        }
    }
}

type Failure = Box<dyn std::error::Error>;

async fn run(mut line: CommandLine) -> Result<ExitCode, Failure> {
    let command = line.command.unwrap_or(Command::Serve);
    let filter = line.logging.filter.as_deref().unwrap_or(match command {
        // One line for each row would bury the report.
        Command::Import { .. } => "warn",
        _ => DEFAULT_FILTER,
    });
    init_logging(filter, line.logging.format)?;
    line.settings.check()?;
    line.settings.read_files()?;
    line.settings.check_values()?;
    let settings = &line.settings;
    match command {
        Command::Serve => {
            check_listen(settings.mode(), line.serving.listen)?;
            // All that is set is looked at before anything is opened.
            let exposure = exposure(settings, &line.serving)?;
            let keys = settings.keys()?;
            let service = open(settings).await?.with_keys(keys);
            serve_until_told(service, settings.mode(), line.serving.listen, exposure).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Import {
            kind,
            file,
            dry_run,
            confirmed,
        } => import(settings, kind, &file, (dry_run, confirmed)).await,
        Command::Verify => {
            let service = open_existing(settings, ClockSetting::System).await?;
            tell(&proofs::verify(&service).await?)
        }
        Command::Anchor => {
            let service = open_existing(settings, ClockSetting::System).await?;
            tell(&proofs::anchor(&service, Timestamp::now()).await?)
        }
        Command::ExportHistory { application, out } => {
            let service = open_existing(settings, settings.clock()).await?;
            tell(&proofs::export_history(&service, &application, &out).await?)
        }
        Command::VerifyExport { file, anchors } => {
            tell(&proofs::verify_export(&file, anchors.as_deref())?)
        }
        Command::LostCommands { settled } => {
            let service = open_existing(settings, ClockSetting::System).await?;
            tell(&proofs::lost_commands(&service, settled).await?)
        }
        Command::Reanchor => {
            let service = open_existing(settings, ClockSetting::System).await?;
            let sealed = eventstore::reanchor(service.log.database()).await?;
            say(&format!("re-anchored; {sealed} events sealed"))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Rebuild {
            name,
            accept_differences,
        } => {
            let service = open_existing(settings, ClockSetting::System).await?;
            rebuild(&service, &name, accept_differences).await
        }
        Command::Print {
            program,
            out,
            final_only,
        } => {
            let batch = Batch {
                program: ProgramId(program),
                directory: out,
                final_only,
            };
            print(&open_existing(settings, settings.clock()).await?, &batch).await
        }
        Command::Token { command } => {
            let act = async |service: &Service| tokens::run(service, command).await;
            with_keys(settings, act).await
        }
        Command::EndAccess { account } => {
            let act = async |service: &Service| tokens::end_all_access(service, &account).await;
            with_keys(settings, act).await
        }
        Command::SealTokens { confirm } => {
            let act = async |service: &Service| tokens::seal_tokens(service, confirm).await;
            with_keys(settings, act).await
        }
        Command::NewKey => new_key(settings),
        // It blocks: it is a client like any other.
        Command::Journey { url } => {
            Ok(tokio::task::spawn_blocking(move || journey::run(&url)).await?)
        }
        Command::EndSessions { actor } => {
            end_sessions(
                &open_existing(settings, ClockSetting::System).await?,
                &actor,
            )
            .await
        }
        Command::Doctor => doctor(settings, &line.serving, filter).await,
        Command::Openapi => {
            say(&routes::description().to_pretty_json()?)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn import(
    settings: &Settings,
    kind: imports::Kind,
    file: &Path,
    how: (bool, bool),
) -> Result<ExitCode, Failure> {
    // What waits for a person is sealed, and the server must know it again.
    let keys = settings.keys()?;
    let service = open(settings).await?.with_keys(keys);
    let code = imports::run(&service, kind, file, how).await;
    // On PostgreSQL somebody must give the numbers; a running server does so anyway.
    eventstore::seal(service.log.database()).await?;
    Ok(code)
}

/// For tools that look at what is there: a mistyped path is no empty log, and opening seals nothing.
async fn open_existing(settings: &Settings, clock: ClockSetting) -> Result<Service, Failure> {
    let url = settings.database_url.as_str();
    if let Some(path) = sqlite_file(url)
        && !path.is_file()
    {
        return Err(format!("there is no database file {}", path.display()).into());
    }
    let programs = service::programs(settings.programs.as_deref())?;
    let service = Service::open(url, programs, clock).await?;
    Ok(with_surroundings(service, settings)?)
}

/// Does what seals rows or looks at seals, and writes events, by the clock of the mode.
async fn with_keys(
    settings: &Settings,
    act: impl AsyncFnOnce(&Service) -> Result<String, TokenError>,
) -> Result<ExitCode, Failure> {
    let keys = settings.keys()?;
    let service = open_existing(settings, settings.clock()).await?;
    let told = act(&service.with_keys(keys)).await?;
    write!(std::io::stdout(), "{told}")?;
    Ok(ExitCode::SUCCESS)
}

fn new_key(settings: &Settings) -> Result<ExitCode, Failure> {
    let file = Keys::make_next(&settings.keys_directory())?;
    say(&format!(
        "{}: copy it to every node, then restart them",
        file.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn open(settings: &Settings) -> Result<Service, Failure> {
    let programs = service::programs(settings.programs.as_deref())?;
    let service = Service::open(&settings.database_url, programs, settings.clock()).await?;
    Ok(with_surroundings(service, settings)?)
}

fn with_surroundings(service: Service, settings: &Settings) -> Result<Service, ReportingError> {
    Ok(service
        .with_anchors(settings.anchors())
        .with_deciding(settings.deciding.deciding())
        .with_reporting(settings.reporting_database()?))
}

fn say(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}

fn exposure(settings: &Settings, serving: &Serving) -> Result<Exposure, Failure> {
    let entrance = settings.doors.entrance()?;
    settings.check_sole_decider(&entrance)?;
    let mail = MailSettings::read(&settings.mail)?;
    settings.check_places()?;
    Ok(Exposure {
        limits: serving.allowances.limits(settings.mode()),
        entrance,
        mail: Some(mail),
    })
}

async fn serve_until_told(
    service: Service,
    mode: Mode,
    listen: SocketAddr,
    exposure: Exposure,
) -> Result<(), Failure> {
    // Before anybody can connect: whoever is answered may also tell it to stop.
    let told = told_to_stop();
    let clock = service.clock;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|source| format!("cannot listen on {listen}: {source}"))?;
    let greeting = greeting(mode, &clock, &exposure.entrance);
    let running = serve(service, mode, exposure, listener).await?;
    say(&format!("{greeting}\n{}", running.url()))?;
    tracing::info!(address = %running.address(), ?mode, "serving");
    let stopping = running.stopping();
    tokio::spawn(async move {
        told.await;
        tracing::info!("stopping: finishing what was accepted");
        stopping.cancel();
    });
    running.ended().await?;
    tracing::info!("stopped");
    Ok(())
}

/// What is said at the start: how people sign in.
fn greeting(mode: Mode, clock: &Clock, entrance: &Entrance) -> String {
    if mode == Mode::Demonstration {
        return announcement(clock).to_string();
    }
    let mut ways: Vec<&str> = entrance.issuers.iter().map(|one| one.label()).collect();
    if entrance.handover.is_some() {
        ways.push("会員専用ページからのリンク");
    }
    if ways.is_empty() {
        return "サインインの方法が設定されていないため、まだ誰もサインインできません（SHINSEI_OIDC、SHINSEI_HANDOVER_KEY_FILE。デモのサインインは本番では使えません）。".to_owned();
    }
    format!("サインインの方法: {}", ways.join("、"))
}

/// SIGTERM, or Ctrl-C, from this call on: a signal that comes before the future is awaited is not lost.
fn told_to_stop() -> impl Future<Output = ()> {
    let [mut terminated, mut interrupted] =
        [SignalKind::terminate(), SignalKind::interrupt()].map(|kind| {
            signal(kind)
                .inspect_err(|error| tracing::warn!(%error, ?kind, "a signal cannot be caught"))
                .ok()
        });
    async move {
        tokio::select! {
            () = received(&mut terminated) => {}
            () = received(&mut interrupted) => {}
        }
    }
}

/// Never, for a signal that cannot be caught: it ends the process by itself.
async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

async fn end_sessions(service: &Service, actor: &str) -> Result<ExitCode, Failure> {
    let actor = Actor::of_label(actor)
        .filter(|actor| actor.role != Role::System)
        .ok_or("an account is named as in the log: member:…, secretariat:… or reporter:…")?;
    let sessions = Sessions::new(service, SessionTimes::default());
    let ended = sessions.end_all(&actor).await?;
    say(&format!("{ended} sessions ended"))?;
    Ok(ExitCode::SUCCESS)
}

async fn doctor(settings: &Settings, serving: &Serving, filter: &str) -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let service = open_existing(settings, ClockSetting::System).await?;
    let surroundings = Surroundings {
        settings,
        allowances: &serving.allowances,
        listen: serving.listen,
        log_filter: filter,
        arguments: &arguments,
    };
    let found = doctor::examine(&service, &surroundings).await?;
    for finding in &found {
        say(&finding.to_string())?;
    }
    let count = |severity| found.iter().filter(|one| one.severity == severity).count();
    let (unsafe_, doubtful) = (count(Severity::Unsafe), count(Severity::Doubtful));
    say(&format!("{unsafe_} unsafe, {doubtful} to be looked at"))?;
    Ok(if unsafe_ == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn print(service: &Service, batch: &Batch) -> Result<ExitCode, Failure> {
    let behind: i64 = service
        .views
        .lag()
        .await?
        .iter()
        .filter(|view| view.name == ViewName::ApplicationStatus.as_str())
        .map(|view| view.events)
        .sum();
    if behind > 0 {
        tracing::warn!(
            behind,
            "the list of applications is behind the log; a running service brings it up to date"
        );
    }
    // Drawn on a terminal only.
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(
        "{bar:40} {pos}/{len} {per_sec} {eta}",
    )?);
    let report = print_all(service, batch, |done, total| {
        bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    })
    .await?;
    bar.finish_and_clear();
    write!(std::io::stdout(), "{report}")?;
    Ok(if report.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell(told: &Told) -> Result<ExitCode, Failure> {
    write!(std::io::stdout(), "{}", told.words)?;
    Ok(if told.sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn rebuild(
    service: &Service,
    name: &str,
    accept_differences: bool,
) -> Result<ExitCode, Failure> {
    let report = projections::rebuild(&service.log, name, accept_differences, |progress| {
        tracing::info!(
            checkpoint = progress.checkpoint,
            live = progress.live,
            "rebuilding"
        );
    })
    .await?;
    say(&format!(
        "{}: read {} events, {} rows, {} differ, {} ms",
        report.name,
        report.compared_at,
        report.rows,
        report.differences,
        report.took.as_millis()
    ))?;
    if report.other_version {
        say(
            "the live rows were made by another version of the view's code, so they were not compared",
        )?;
    }
    for row in &report.differing {
        say(&format!("differs: {} {}", row.table, row.key))?;
    }
    if report.switched {
        say(&format!("generation {} is live", report.new_generation))?;
        Ok(ExitCode::SUCCESS)
    } else {
        say("not switched: look at the rows that differ, then --accept-differences")?;
        Ok(ExitCode::FAILURE)
    }
}
