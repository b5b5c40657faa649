//! `…/documents/papers/rows`: 研究業績 論文

use domain::{
    application::{Documents, RowValue},
    documents::{DocumentKind, Paper, Rows},
    program::Rules,
};

use super::rows::{ListedRow, row_endpoints};

row_endpoints!(
    Paper,
    "研究業績 論文",
    "/api/v1/applications/{id}/documents/papers/rows",
    "/api/v1/applications/{id}/documents/papers/rows/{row}",
    "paper"
);

impl ListedRow for Paper {
    const KIND: DocumentKind = DocumentKind::Papers;

    fn rows(documents: &Documents) -> &Rows<Self> {
        &documents.papers.value
    }

    fn limit(rules: &Rules) -> usize {
        rules.papers.row_limit
    }

    fn into_value(self) -> RowValue {
        RowValue::Paper(self)
    }
}
