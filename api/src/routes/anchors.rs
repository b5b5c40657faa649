//! `GET /api/v1/audit/anchors`: what is to be kept elsewhere.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::Endpoint;
use crate::{access::Permission, app::App, problem::Problem, proof::anchors_of};

pub(super) fn endpoint() -> Endpoint {
    super::endpoint(Permission::VerifyLog, &[], routes!(anchors))
}

/// The anchors of this node.
#[derive(Debug, Serialize, ToSchema)]
struct AnchorsAnswer {
    /// One for each day in Japan that has ended, oldest first; none on a node that keeps none.
    anchors: Vec<Anchor>,
}

/// What the ledger was at the end of a day.
#[derive(Debug, Serialize, ToSchema)]
struct Anchor {
    /// The day in Japan.
    #[schema(value_type = String, format = Date)]
    day: jiff::civil::Date,
    /// The first ledger number of the day.
    #[schema(minimum = 1)]
    first: i64,
    /// The last one; one below `first` when there was none.
    #[schema(minimum = 0)]
    last: i64,
    /// How many.
    #[schema(minimum = 0)]
    count: i64,
    /// Merkle root (RFC 6962, hexadecimal) over the chain hashes of these rows.
    root: String,
    /// Chain hash of row `last` (hexadecimal).
    ledger_hash: String,
    /// Hash of the anchor before (hexadecimal).
    previous: String,
    /// Hash over all of it (hexadecimal).
    hash: String,
}

impl From<eventstore::Anchor> for Anchor {
    fn from(anchor: eventstore::Anchor) -> Self {
        Self {
            day: anchor.day,
            first: anchor.first,
            last: anchor.last,
            count: anchor.count,
            root: anchor.root.to_string(),
            ledger_hash: anchor.ledger_hash.to_string(),
            previous: anchor.previous.to_string(),
            hash: anchor.hash.to_string(),
        }
    }
}

/// The anchors
///
/// Each is a line of the anchors' file with the same fields. Keep them where whoever holds the database cannot reach: then a rewritten
/// log is found, however well it was rewritten. That they agree with the ledger is what `/api/v1/audit/verify` checks.
#[utoipa::path(
    get,
    path = "/api/v1/audit/anchors",
    responses((status = OK, description = "The anchors.", body = AnchorsAnswer))
)]
async fn anchors(State(app): State<App>) -> Result<Json<AnchorsAnswer>, Problem> {
    let anchors = anchors_of(app.service()).await?;
    Ok(Json(AnchorsAnswer {
        anchors: anchors.into_iter().map(Anchor::from).collect(),
    }))
}
