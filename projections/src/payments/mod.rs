//! 入金: what came in (streams of members) and what was confirmed (streams of applications), to find what belongs to nothing yet.
//!
//! One view over both, because the question is what is in the one and not in the other: two views would be at two places in the log.
//! They meet in the query and by 取引番号 alone, as a person may confirm a payment for another member than the one it came under.
//! 振込名義 is not here: who asks reads it where it stands.

mod apply;
mod query;

use std::collections::BTreeMap;

use cqrs_es::Aggregate as _;
use domain::application::Application;
use domain::member::Member;
use sqlx::QueryBuilder;

use crate::error::{Error, Result, Unreadable};
use crate::feed::FedEvent;
use crate::projection::{Projection, ROWS_PER_STATEMENT, Table, ViewName};
use crate::session::{Session, on_session};

pub(crate) use apply::{Fact, Row, Rows};
pub use query::{UnmatchedPage, UnmatchedPayment};
pub(crate) use query::{confirmations, seen, unmatched};

/// The view.
pub(crate) struct PaymentsView;

const RECEIVED: &str = "member, transaction_number, sequence, item, amount_yen, paid_on, retracted";
const CONFIRMED: &str = "application, transaction_number, sequence, item, amount_yen, reversed";
const PAYLOADS: &[&str] = &[
    "PaymentReceived",
    "PaymentRetracted",
    "PaymentConfirmed",
    "PaymentReversed",
];

impl Projection for PaymentsView {
    const NAME: ViewName = ViewName::Payments;
    const STREAMS: &'static [&'static str] = &[Member::TYPE, Application::TYPE];
    const VERSION: i64 = 1;
    const SCHEMA: &'static str = include_str!("schema.sql");
    const TABLES: &'static [Table] = &[
        Table {
            name: "view_payments",
            key: &["member", "transaction_number"],
            columns: RECEIVED,
            public: Some("payments"),
        },
        Table {
            name: "view_payment_confirmations",
            key: &["application", "transaction_number"],
            columns: CONFIRMED,
            public: Some("payment_confirmations"),
        },
    ];
    const PAYLOADS: &'static [&'static str] = PAYLOADS;
    const BATCH: i64 = 4_000;

    type Fact = Fact;
    type Rows = Rows;

    fn read(event: FedEvent) -> Result<Fact, Unreadable> {
        Fact::read(event)
    }

    async fn load(_: &mut Session, _: i64, _: &[Fact]) -> Result<Rows> {
        Ok(Rows::default())
    }

    fn apply(rows: &mut Rows, fact: Fact) {
        apply::apply(rows, fact);
    }

    async fn save(session: &mut Session, generation: i64, rows: Rows) -> Result<()> {
        let received: Vec<_> = rows.received.iter().collect();
        for rows in received.chunks(ROWS_PER_STATEMENT) {
            let full = rows.len() == ROWS_PER_STATEMENT;
            on_session!(&mut *session, connection => {
                let mut query = QueryBuilder::new(format!(
                    "INSERT INTO view_payments_g{generation} ({RECEIVED}) "
                ));
                query.push_values(rows, |mut columns, ((member, transaction), row)| {
                    columns
                        .push_bind(member)
                        .push_bind(transaction)
                        .push_bind(row.sequence)
                        .push_bind(row.item)
                        .push_bind(row.amount_yen)
                        .push_bind(&row.paid_on)
                        .push_bind(i64::from(row.taken_back));
                });
                query.push(" ON CONFLICT (member, transaction_number) DO UPDATE SET ");
                let mut set = query.separated(", ");
                for column in RECEIVED.split(", ").skip(2) {
                    set.push(format!("{column} = excluded.{column}"));
                }
                query.build().persistent(full).execute(connection).await.map(drop)
            })
            .map_err(Error::while_("writing rows of payments"))?;
        }
        save_confirmed(session, generation, &rows.confirmed).await
    }
}

async fn save_confirmed(
    session: &mut Session,
    generation: i64,
    rows: &BTreeMap<(String, String), Row>,
) -> Result<()> {
    let confirmed: Vec<_> = rows.iter().collect();
    for rows in confirmed.chunks(ROWS_PER_STATEMENT) {
        let full = rows.len() == ROWS_PER_STATEMENT;
        on_session!(&mut *session, connection => {
            let mut query = QueryBuilder::new(format!(
                "INSERT INTO view_payment_confirmations_g{generation} ({CONFIRMED}) "
            ));
            query.push_values(rows, |mut columns, ((application, transaction), row)| {
                columns
                    .push_bind(application)
                    .push_bind(transaction)
                    .push_bind(row.sequence)
                    .push_bind(row.item)
                    .push_bind(row.amount_yen)
                    .push_bind(i64::from(row.taken_back));
            });
            query.push(" ON CONFLICT (application, transaction_number) DO UPDATE SET ");
            let mut set = query.separated(", ");
            for column in CONFIRMED.split(", ").skip(2) {
                set.push(format!("{column} = excluded.{column}"));
            }
            query.build().persistent(full).execute(connection).await.map(drop)
        })
        .map_err(Error::while_("writing rows of payments"))?;
    }
    Ok(())
}
