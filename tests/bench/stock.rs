//! The other side: `cqrs-es` with `postgres-es` as their documentation sets them up.

use sqlx::{Executor as _, PgPool};

use crate::Outcome;
use crate::places::Place;

/// `db/init.sql` of postgres-es 0.5, with a view table for [`VIEW`].
const TABLES: &str = "
    CREATE TABLE events (
        aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint CHECK (sequence >= 0) NOT NULL,
        event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, sequence));
    CREATE TABLE document_list (
        view_id text NOT NULL, version bigint CHECK (version >= 0) NOT NULL, payload json NOT NULL,
        PRIMARY KEY (view_id));";

/// The table of the one view.
pub const VIEW: &str = "document_list";

/// Makes the tables.
pub async fn prepare(place: &Place) -> Outcome<()> {
    let pool = place.pool().await?;
    pool.execute(TABLES).await?;
    pool.close().await;
    Ok(())
}

/// The pool as postgres-es documents it. It asks the server before each use whether the connection is alive, which is a round
/// trip; so the other side is also measured on the pool of our service, which does not.
pub async fn documented_pool(place: &Place) -> PgPool {
    postgres_es::default_postgress_pool(&place.url).await
}
