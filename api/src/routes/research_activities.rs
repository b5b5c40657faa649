//! `…/documents/research-activities/rows`: 研究活動歴

use domain::{
    application::{Documents, RowValue},
    documents::{DocumentKind, ResearchActivity, Rows},
    program::Rules,
};

use super::rows::{ListedRow, row_endpoints};

row_endpoints!(
    ResearchActivity,
    "研究活動歴",
    "/api/v1/applications/{id}/documents/research-activities/rows",
    "/api/v1/applications/{id}/documents/research-activities/rows/{row}",
    "research_activity"
);

impl ListedRow for ResearchActivity {
    const KIND: DocumentKind = DocumentKind::ResearchActivities;

    fn rows(documents: &Documents) -> &Rows<Self> {
        &documents.research_activities.value.rows
    }

    fn limit(rules: &Rules) -> usize {
        rules.research_activities.row_limit
    }

    fn into_value(self) -> RowValue {
        RowValue::ResearchActivity(self)
    }

    fn total_years(documents: &Documents) -> Option<String> {
        Some(documents.research_activities.value.total_years.clone())
    }
}
