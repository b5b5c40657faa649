//! A form of a document or of a row: its fields, what is wrong, and both versions when another window was faster.

use askama::{Template, filters::HtmlSafe};
use domain::{
    application::ApplicationState,
    documents::{DocumentKind, FieldError, RowId},
    program::Rules,
};
use uuid::Uuid;

use super::{
    entry::Entry,
    field::{Control, Difference, Field, SummaryLine, differences, note_saved, place_errors},
};

/// A form that is ready to be drawn.
#[derive(Clone, Debug, Template)]
#[template(path = "pieces/form.html")]
pub(super) struct Form {
    /// Where it is sent.
    pub action: String,
    /// Where the panel is asked for while it is filled in.
    pub preview: String,
    /// Drawn with the form: sent twice, it is one command.
    pub key: Uuid,
    /// Revision of the document that it was drawn from.
    pub revision: u32,
    /// The row that it revises.
    pub row: Option<String>,
    pub fields: Vec<Field>,
    /// Every error once, with the way to its field.
    pub summary: Vec<SummaryLine>,
    /// 入力内容取消
    pub cancel: String,
    /// Where what was typed and what is saved differ, when another window was faster.
    pub stale: Option<Vec<Difference>>,
    /// What stands in it was typed and is stored nowhere.
    pub typed: bool,
    /// A field beside those of the row that is saved with it, and what was saved of it when the form was drawn.
    pub beside_row: Option<(Field, String)>,
}

impl HtmlSafe for Form {}

impl Form {
    /// A form that shows a value and what is wrong with it.
    pub fn of<T: Entry>(
        value: &T,
        rules: &Rules,
        errors: &[FieldError],
        action: String,
        revision: u32,
    ) -> Self {
        let mut fields = value.fields(rules);
        let summary = place_errors(&mut fields, errors, T::field_of);
        Self {
            preview: String::new(),
            key: Uuid::new_v4(),
            revision,
            row: None,
            fields,
            summary,
            cancel: String::new(),
            stale: None,
            typed: false,
            beside_row: None,
            action,
        }
    }

    /// The same beside what is saved meanwhile.
    #[must_use]
    pub fn beside<T: Entry>(mut self, saved: &T, rules: &Rules) -> Self {
        let saved = saved.fields(rules);
        self.stale = Some(differences(&self.fields, &saved));
        self.typed = true;
        note_saved(&mut self.fields, &saved);
        self
    }

    /// The same with what a 修正のお願い does not open shown as it is.
    #[must_use]
    pub fn opened<T: Entry>(
        mut self,
        state: &ApplicationState,
        document: DocumentKind,
        row: Option<RowId>,
    ) -> Self {
        for field in &mut self.fields {
            let opens = |name: &str| {
                document.field(name)?;
                Some(state.opens_field(document, row, name))
            };
            field.close(opens, T::name_of);
        }
        self
    }

    /// Nobody may tick this one. Who has ticked it may still take that back.
    pub fn forbid(&mut self, id: &str) {
        let field = self.fields.iter_mut().find(|field| field.id == id);
        if let Some(Control::Check {
            checked, forbidden, ..
        }) = field.map(|field| &mut field.control)
        {
            *forbidden = !*checked;
        }
    }

    /// The same with what could not be stored.
    #[must_use]
    pub fn unstored(mut self) -> Self {
        self.typed = true;
        self
    }
}
