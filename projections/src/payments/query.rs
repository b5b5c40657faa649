//! What the secretariat asks: which payments belong to nothing yet.

use eventstore::{Database, on_database};

use crate::error::{Error, Result};

/// A payment that no application has as it is.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct UnmatchedPayment {
    /// 会員番号 under which it came.
    pub member: String,
    /// 取引番号
    pub transaction_number: String,
}

/// Some of them, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmatchedPage {
    /// Those with the latest 入金日 first.
    pub payments: Vec<UnmatchedPayment>,
    /// How many there are in all.
    pub total: i64,
}

/// A correction that the application has not taken leaves the payment unmatched, so fee and amount must be those that were confirmed.
const UNMATCHED: &str = "FROM payments p WHERE p.retracted = 0 AND NOT EXISTS (
    SELECT 1 FROM payment_confirmations c
     WHERE c.transaction_number = p.transaction_number AND c.reversed = 0 AND c.item = p.item AND c.amount_yen = p.amount_yen)";

pub(crate) async fn unmatched(
    database: &Database,
    (offset, limit): (i64, i64),
) -> Result<UnmatchedPage> {
    let asking = Error::while_("asking payments");
    let total: i64 = on_database!(database, pool => {
        sqlx::query_scalar(&format!("SELECT COUNT(*) {UNMATCHED}")).fetch_one(pool).await
    })
    .map_err(&asking)?;
    let payments: Vec<UnmatchedPayment> = on_database!(database, pool => {
        sqlx::query_as(&format!(
            "SELECT p.member, p.transaction_number {UNMATCHED}
              ORDER BY p.paid_on DESC, p.transaction_number, p.member LIMIT $1 OFFSET $2"
        ))
        .bind(limit)
        .bind(offset)
        .fetch_all(pool)
        .await
    })
    .map_err(&asking)?;
    Ok(UnmatchedPage { payments, total })
}

pub(crate) async fn confirmations(database: &Database, transaction: &str) -> Result<Vec<String>> {
    on_database!(database, pool => {
        sqlx::query_scalar(
            "SELECT application FROM payment_confirmations WHERE transaction_number = $1 AND reversed = 0 ORDER BY application",
        )
        .bind(transaction)
        .fetch_all(pool)
        .await
    })
    .map_err(Error::while_("asking payments"))
}

/// Number of the last event of a stream, of a member or of an application, that says something of a payment.
pub(crate) async fn seen(database: &Database, stream: &str) -> Result<Option<i64>> {
    on_database!(database, pool => {
        sqlx::query_scalar(
            "SELECT MAX(sequence) FROM (
                 SELECT sequence FROM payments WHERE member = $1
                 UNION ALL SELECT sequence FROM payment_confirmations WHERE application = $1
             ) AS events",
        )
        .bind(stream)
        .fetch_one(pool)
        .await
    })
    .map_err(Error::while_("asking payments"))
}
