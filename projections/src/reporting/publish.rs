//! Making the schema `reporting` in the database: on PostgreSQL only.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::LazyLock;

use eventstore::{DatabaseKind, EventLog};

use super::schema::{quoted, views};
use crate::error::{Error, Result};
use crate::registry::{LEASES, replace_view};
use crate::session::Session;

const MAKING: &str = "making the views of the schema reporting";

/// All statements, but for the comment that says which they were.
static STATEMENTS: LazyLock<String> = LazyLock::new(|| {
    // CREATE SCHEMA IF NOT EXISTS asks for the privilege also when it is there already.
    let mut statements = "DO $schema$ BEGIN \
           IF to_regnamespace('reporting') IS NULL THEN CREATE SCHEMA reporting; END IF; \
         END $schema$;"
        .to_owned();
    for view in views() {
        let name = format!("reporting.{}", view.name);
        // A barrier: no function of the reader is given a row that the view leaves out.
        statements.push_str(&replace_view(
            &name,
            "WITH (security_barrier = true)",
            &view.query(),
        ));
        let about = quoted(view.about);
        // Writing into a String does not fail.
        let _infallible = write!(statements, "COMMENT ON VIEW {name} IS {about};");
        for column in &view.columns {
            let meaning = quoted(&column.meaning);
            let _infallible = write!(
                statements,
                "COMMENT ON COLUMN {name}.{} IS {meaning};",
                column.name
            );
        }
    }
    statements
});

/// Which views these are. It stands in a comment, by which a start sees that there is nothing to do. What another version of the
/// standard library makes of it differs, and then the views are made again, which is no harm.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    hasher.write(STATEMENTS.as_bytes());
    format!("{:016x}", hasher.finish())
});

/// Makes the views, or brings them up to what this program says they are. Several processes may do it at the same time.
pub(crate) async fn prepare(log: &EventLog) -> Result<()> {
    if log.database().kind() == DatabaseKind::Sqlite {
        return Ok(());
    }
    let mut reading = Session::read(log.database()).await?;
    let there = made(&mut reading).await?;
    reading.end().await?;
    if there {
        return Ok(());
    }
    let mut session = Session::write(log.database()).await?;
    take_turn(&mut session).await?;
    publish(&mut session).await?;
    session.commit().await
}

/// Waits until nobody else makes the views, until the transaction ends. A rebuild takes its turn before it touches what the views are
/// made from: the other way round, each would wait for the other.
pub(crate) async fn take_turn(session: &mut Session) -> Result<()> {
    if let Session::Postgres(transaction) = session {
        // No generation has the id 0.
        sqlx::query("SELECT pg_advisory_xact_lock($1, 0)")
            .bind(LEASES)
            .execute(&mut **transaction)
            .await
            .map_err(Error::while_(MAKING))?;
    }
    Ok(())
}

/// The same within a transaction whose turn it is, which goes on also when the views could not be made: a service whose role may not make
/// a schema is a service all the same, and so is a rebuild.
pub(crate) async fn publish(session: &mut Session) -> Result<()> {
    // Another process may have made them while this one waited for its turn.
    if made(session).await? {
        return Ok(());
    }
    let statements = format!(
        "SAVEPOINT reporting; {} COMMENT ON SCHEMA reporting IS {}; RELEASE SAVEPOINT reporting;",
        STATEMENTS.as_str(),
        quoted(&comment())
    );
    match session.run(&statements).await {
        Ok(()) => Ok(()),
        Err(sqlx::Error::Database(error)) => {
            tracing::warn!(
                code = error.code().as_deref().unwrap_or_default(),
                error = error.message(),
                "the schema `reporting` could not be made, so spreadsheets and BI tools have no views, or old ones; everything else \
                 works. Let an administrator of the database run: CREATE SCHEMA reporting AUTHORIZATION <the service's role> \
                 (docs/reporting.md)"
            );
            session
                .run("ROLLBACK TO SAVEPOINT reporting")
                .await
                .map_err(Error::while_(MAKING))
        }
        Err(error) => Err(Error::while_(MAKING)(error)),
    }
}

fn comment() -> String {
    format!(
        "What spreadsheets and BI tools may read: docs/reporting.md. Version {}",
        VERSION.as_str()
    )
}

/// Whether all views are there, as this program has them.
async fn made(session: &mut Session) -> Result<bool> {
    let Session::Postgres(transaction) = session else {
        return Ok(true);
    };
    let names: Vec<String> = views()
        .into_iter()
        .map(|view| view.name.to_owned())
        .collect();
    sqlx::query_scalar(
        "SELECT obj_description(to_regnamespace('reporting'), 'pg_namespace') IS NOT DISTINCT FROM $1 \
            AND (SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('reporting') AND relkind = 'v' \
                    AND relname = ANY ($2)) = $3",
    )
    .bind(comment())
    .bind(&names)
    .bind(i64::try_from(names.len()).unwrap_or_default())
    .fetch_one(&mut **transaction)
    .await
    .map_err(Error::while_("looking for the schema reporting"))
}
