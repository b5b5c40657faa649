//! `shinsei anchor`, `verify`, `export-history` and `verify-export`.

use std::{
    fmt::Write as _,
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use domain::{
    Actor, Role,
    access::{Viewing, Whose},
    application::ApplicationId,
};
use eventstore::{Made, StreamProof, anchor_ended_days, check_proof, read_anchors};
use jiff::Timestamp;
use uuid::Uuid;

use super::{ExportError, Findings, compare_with_anchors, export};
use crate::{
    access::{EXPORT, NotNoted, note},
    service::Service,
};

/// What a tool has to say, and whether all was well.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// For standard output.
    pub words: String,
    /// Whether nothing was found: the exit code.
    pub sound: bool,
}

/// Why a tool could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The log or its anchors.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
    /// There is nothing to export.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// 閲覧記録 cannot be written.
    #[error(transparent)]
    NotNoted(#[from] NotNoted),
    /// No name of an application.
    #[error("an application is named as in addresses: <program>.<会員番号>")]
    NoApplication,
    /// This node keeps no anchors.
    #[error("SHINSEI_ANCHORS is off: this node keeps no anchors")]
    Off,
    /// A file cannot be read or written.
    #[error("{} can not be used", .file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn failing(file: &Path) -> impl FnOnce(io::Error) -> ProofError {
    let file = file.to_owned();
    move |source| ProofError::File { file, source }
}

/// `shinsei anchor`: makes the anchors that are missing.
///
/// # Errors
/// See [`ProofError`].
pub async fn anchor(service: &Service, now: Timestamp) -> Result<Told, ProofError> {
    let anchors = service.anchors.as_ref().ok_or(ProofError::Off)?;
    let database = service.log.database();
    eventstore::seal(database).await?;
    let Made { made, last } = anchor_ended_days(database, anchors, now.as_microsecond()).await?;
    let mut words = String::new();
    for anchor in &made {
        let (day, count, last, hash) = (anchor.day, anchor.count, anchor.last, anchor.hash);
        // Writing to a String cannot fail.
        let _infallible = writeln!(words, "{day}: {count} events up to {last}; anchor {hash}");
    }
    let _infallible = match last {
        Some(last) => writeln!(
            words,
            "{} new; anchored through {} in {}",
            made.len(),
            last.day,
            anchors.path().display()
        ),
        None => writeln!(words, "nothing to anchor: no day with events has ended yet"),
    };
    Ok(Told { words, sound: true })
}

/// `shinsei lost-commands`: what nodes noticed to be gone, with the streams that it belonged to, for those who are to ask for it again.
///
/// # Errors
/// See [`ProofError`].
pub async fn lost_commands(service: &Service, settled: bool) -> Result<Told, ProofError> {
    let breaks = service.log.open_breaks().await?;
    let mut words = String::new();
    for one in &breaks {
        let at = Timestamp::from_microsecond(one.noticed_at_us).unwrap_or(Timestamp::MIN);
        let _infallible = writeln!(
            words,
            "noticed {at}: {} numbers are gone ({} to {}), the log ended at {}; {} answered commands are gone",
            one.gone(),
            one.common + 1,
            one.last_seen,
            one.found,
            one.commands.len()
        );
        for command in &one.commands {
            let at = Timestamp::from_microsecond(command.answered_at_us).unwrap_or(Timestamp::MIN);
            let _infallible = writeln!(
                words,
                "{at} {} {} {} events {} to {}",
                command.command_id,
                command.aggregate_type,
                command.aggregate_id,
                command.first_sequence,
                command.last_sequence
            );
        }
    }
    if settled {
        service.log.settle_breaks(&breaks).await?;
        let _infallible = writeln!(words, "{} settled", breaks.len());
    } else if breaks.is_empty() {
        words.push_str("nothing is gone that a node knew\n");
    }
    Ok(Told {
        words,
        sound: settled || breaks.is_empty(),
    })
}

/// `shinsei verify`: the chain, and the anchors where there are any.
///
/// # Errors
/// See [`ProofError`].
pub async fn verify(service: &Service) -> Result<Told, ProofError> {
    let report = eventstore::verify(service.log.database()).await?;
    let mut sound = report.problem.is_none();
    let mut words = match report.problem {
        None => format!(
            "{} events are sound; chain {}\n",
            report.verified,
            hex::encode(report.chain_hash)
        ),
        Some(problem) => format!(
            "BAD {problem}; {} events before it are sound\n",
            report.verified
        ),
    };
    if let Some(report) = compare_with_anchors(service).await? {
        sound &= report.problem.is_none();
        let through = report.last.map(|last| format!(" through {}", last.day));
        let through = through.unwrap_or_default();
        let _infallible = match report.problem {
            None => writeln!(words, "{} anchors agree{through}", report.agreed),
            Some(problem) => writeln!(
                words,
                "BAD {problem}; {} anchors before it agree{through}",
                report.agreed
            ),
        };
    }
    Ok(Told { words, sound })
}

/// `shinsei export-history`: one application's history with its proof into a new file that only its owner may read.
///
/// # Errors
/// See [`ProofError`].
pub async fn export_history(
    service: &Service,
    application: &str,
    out: &Path,
) -> Result<Told, ProofError> {
    let id = ApplicationId::parse(application).map_err(|_| ProofError::NoApplication)?;
    if service.application(&id).await?.is_none() {
        return Err(ExportError::NotApplied.into());
    }
    let viewing = Viewing {
        viewer: Actor {
            role: Role::System,
            id: "export".to_owned(),
        },
        operation: EXPORT.to_owned(),
        application: Some(id.clone()),
        viewed_at: service.clock.now(),
    };
    note(
        service,
        &Whose::Member(id.member.clone()),
        viewing,
        Uuid::new_v4(),
    )
    .await?;
    eventstore::seal(service.log.database()).await?;
    let exported = export(service, &id).await?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(out)
        .map_err(failing(out))?;
    file.write_all(&exported.bytes)
        .and_then(|()| file.sync_all())
        .map_err(failing(out))?;
    Ok(Told {
        words: format!(
            "{} events, {} of them anchored\n",
            exported.events, exported.anchored
        ),
        sound: true,
    })
}

/// `shinsei verify-export`: checks an export without any database, at best with anchors that were kept elsewhere.
///
/// # Errors
/// See [`ProofError`].
pub fn verify_export(file: &Path, anchors: Option<&Path>) -> Result<Told, ProofError> {
    let bytes = std::fs::read(file).map_err(failing(file))?;
    let unsound = |words: String| Told {
        words,
        sound: false,
    };
    let Ok(proof) = serde_json::from_slice::<StreamProof>(&bytes) else {
        return Ok(unsound(
            "書き出しのファイルを読み取れません。壊れているか、この版の形式ではありません。\n"
                .to_owned(),
        ));
    };
    let elsewhere = match anchors.map(read_anchors).transpose() {
        Ok(elsewhere) => elsewhere,
        Err(eventstore::Error::Anchor(problem)) => {
            return Ok(unsound(format!(
                "別に保管されたアンカーの {} 行目を読み取れません。\n",
                problem.line
            )));
        }
        Err(error) => return Err(error.into()),
    };
    let report = check_proof(&proof, elsewhere.as_deref());
    let findings = Findings {
        proof: &proof,
        report: &report,
    };
    Ok(Told {
        words: findings.to_string(),
        sound: report.problems.is_empty(),
    })
}
