//! What pages ask.

use std::collections::BTreeMap;

use domain::documents::DocumentKind;
use eventstore::{Database, on_database};
use jiff::Timestamp;
use serde::Serialize;

use super::apply::Document;
use crate::error::{Error, Result};
use crate::views::instant;

/// 申請書類一覧 of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DocumentList {
    /// Id of the application.
    pub application: String,
    /// Number of the last event of the application that the list knows.
    pub sequence: i64,
    /// Time of that event.
    pub updated_at: Timestamp,
    /// The seven documents in the order of 申請書類一覧.
    pub documents: Vec<DocumentLine>,
}

/// A line of 申請書類一覧.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DocumentLine {
    /// Which document (文書名 is its title).
    pub kind: DocumentKind,
    /// 登録中. Never for 当会セミナー, which nobody fills in.
    pub registered: bool,
    /// 更新日時: when it was last saved, also by a save that emptied it; none before the first.
    pub updated_at: Option<Timestamp>,
}

pub(crate) async fn document_list(
    database: &Database,
    application: &str,
) -> Result<Option<DocumentList>> {
    let row: Option<(i64, i64, String)> = on_database!(database, pool => {
        sqlx::query_as("SELECT sequence, updated_at, documents FROM document_list WHERE application = $1")
            .bind(application)
            .fetch_optional(pool)
            .await
    })
    .map_err(Error::while_("asking document_list"))?;
    let Some((sequence, updated_at, documents)) = row else {
        return Ok(None);
    };
    let documents: BTreeMap<DocumentKind, Document> =
        serde_json::from_str(&documents).map_err(|_| Error::ForeignRow("document_list"))?;
    let documents = DocumentKind::ALL
        .into_iter()
        .map(|kind| {
            let document = documents.get(&kind);
            Ok(DocumentLine {
                kind,
                registered: document.is_some_and(Document::is_registered),
                updated_at: document.map(|document| instant(document.at)).transpose()?,
            })
        })
        .collect::<Result<_>>()?;
    Ok(Some(DocumentList {
        application: application.to_owned(),
        sequence,
        updated_at: instant(updated_at)?,
        documents,
    }))
}
