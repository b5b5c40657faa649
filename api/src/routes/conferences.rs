//! `…/documents/conferences/rows`: 研究業績 学会参加

use domain::{
    application::{Documents, RowValue},
    documents::{Conference, DocumentKind, Rows},
    program::Rules,
};

use super::rows::{ListedRow, row_endpoints};

row_endpoints!(
    Conference,
    "研究業績 学会参加",
    "/api/v1/applications/{id}/documents/conferences/rows",
    "/api/v1/applications/{id}/documents/conferences/rows/{row}",
    "conference"
);

impl ListedRow for Conference {
    const KIND: DocumentKind = DocumentKind::Conferences;

    fn rows(documents: &Documents) -> &Rows<Self> {
        &documents.conferences.value
    }

    fn limit(rules: &Rules) -> usize {
        rules.conferences.row_limit
    }

    fn into_value(self) -> RowValue {
        RowValue::Conference(self)
    }
}
