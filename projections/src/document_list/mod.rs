//! 申請書類一覧: 文書名, 状態 (登録中), 更新日時 of each document of an application.

mod apply;
mod query;

use std::collections::{BTreeSet, HashMap};

use domain::documents::DocumentKind;
use sqlx::QueryBuilder;

use crate::error::{Error, Result, Unreadable};
use crate::feed::FedEvent;
use crate::projection::{Projection, ROWS_PER_STATEMENT, Table, ViewName};
use crate::session::{Session, on_session};

#[cfg(test)]
pub(crate) use apply::Document;
pub(crate) use apply::{Fact, Row};
pub(crate) use query::document_list;
pub use query::{DocumentLine, DocumentList};

/// The view.
pub(crate) struct DocumentListView;

/// The rows of a batch, by application.
pub(crate) type Rows = HashMap<String, Row>;

impl Projection for DocumentListView {
    const NAME: ViewName = ViewName::DocumentList;
    const VERSION: i64 = 1;
    const SCHEMA: &'static str = include_str!("schema.sql");
    const TABLES: &'static [Table] = &[Table {
        name: "view_document_list",
        key: &["application"],
        columns: "application, sequence, updated_at, documents",
        public: Some("document_list"),
    }];
    const PAYLOADS: &'static [&'static str] = &["ResearchYearsRecorded"];
    const BATCH: i64 = 4_000;

    type Fact = Fact;
    type Rows = Rows;

    fn read(event: FedEvent) -> Result<Fact, Unreadable> {
        Fact::read(event)
    }

    async fn load(session: &mut Session, generation: i64, facts: &[Fact]) -> Result<Rows> {
        let wanted: BTreeSet<&str> = facts.iter().map(|fact| fact.application.as_str()).collect();
        let wanted: Vec<_> = wanted.into_iter().collect();
        let mut rows = Rows::with_capacity(wanted.len());
        for wanted in wanted.chunks(ROWS_PER_STATEMENT) {
            let full = wanted.len() == ROWS_PER_STATEMENT;
            let found: Vec<(String, i64, i64, String)> = on_session!(&mut *session, connection => {
                let mut query = QueryBuilder::new(format!(
                    "SELECT application, sequence, updated_at, documents FROM view_document_list_g{generation} WHERE application IN ("
                ));
                let mut list = query.separated(", ");
                for application in wanted {
                    list.push_bind(*application);
                }
                query.push(")");
                query.build_query_as().persistent(full).fetch_all(connection).await
            })
            .map_err(Error::while_("reading rows of document_list"))?;
            for (application, sequence, updated_at_us, documents) in found {
                let documents = serde_json::from_str(&documents)
                    .map_err(|_| Error::ForeignRow("document_list"))?;
                let row = Row {
                    sequence,
                    updated_at_us,
                    documents,
                };
                rows.insert(application, row);
            }
        }
        Ok(rows)
    }

    fn apply(rows: &mut Rows, fact: Fact) {
        apply::apply(rows, fact);
    }

    async fn save(session: &mut Session, generation: i64, rows: Rows) -> Result<()> {
        let rows: Vec<(String, i64, i64, String)> = rows
            .into_iter()
            .map(|(application, row)| {
                let documents = serde_json::to_string(&row.documents)
                    .map_err(|_| Error::ForeignRow("document_list"))?;
                Ok((application, row.sequence, row.updated_at_us, documents))
            })
            .collect::<Result<_>>()?;
        for rows in rows.chunks(ROWS_PER_STATEMENT) {
            let full = rows.len() == ROWS_PER_STATEMENT;
            on_session!(&mut *session, connection => {
                let mut query = QueryBuilder::new(format!(
                    "INSERT INTO view_document_list_g{generation} (application, sequence, updated_at, documents) "
                ));
                query.push_values(rows, |mut columns, (application, sequence, updated_at, documents)| {
                    columns
                        .push_bind(application)
                        .push_bind(sequence)
                        .push_bind(updated_at)
                        .push_bind(documents);
                });
                query.push(
                    " ON CONFLICT (application) DO UPDATE SET sequence = excluded.sequence, \
                     updated_at = excluded.updated_at, documents = excluded.documents",
                );
                query.build().persistent(full).execute(connection).await.map(drop)
            })
            .map_err(Error::while_("writing rows of document_list"))?;
        }
        Ok(())
    }
}

/// The document that an event changes.
pub fn document_of(event_type: &str) -> Option<DocumentKind> {
    Some(match event_type {
        "ResumeSaved" => DocumentKind::Resume,
        "ProfileSaved" => DocumentKind::Profile,
        "ResearchActivityAdded"
        | "ResearchActivityRevised"
        | "ResearchActivityRemoved"
        | "ResearchYearsRecorded" => DocumentKind::ResearchActivities,
        "ConferenceAdded" | "ConferenceRevised" | "ConferenceRemoved" => DocumentKind::Conferences,
        "PaperAdded" | "PaperRevised" | "PaperRemoved" => DocumentKind::Papers,
        "ClinicalExperienceSaved" => DocumentKind::ClinicalExperience,
        _ => return None,
    })
}
