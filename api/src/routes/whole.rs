//! Documents that are saved as a whole: what reading and saving them answers.

use axum::response::Response;
use domain::{
    application::{ApplicationState, Revised},
    documents::{DocumentKind, FieldError},
    requirements::Requirement,
};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{
        Ref,
        schema::{ObjectBuilder, OneOfBuilder, Schema, Type},
    },
};

use crate::{
    app::App,
    problem::Problem,
    saving::Done,
    situation::{Found, Units, of_revision, program, standing, with_view_behind},
};

/// A document as it is saved, and what follows from it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WholeDocument<T: ToSchema> {
    /// For `If-Match` of the next save; 0 before the first.
    pub revision: u32,
    /// What is saved; null before the first save.
    #[schema(nullable = true)]
    #[schema(schema_with = null_or::<T>)]
    pub value: Option<T>,
    /// What is wrong with it, with a pointer into `value`.
    pub errors: Vec<FieldError>,
    /// What was sent and not saved, as a 修正のお願い does not open it; the rest is saved.
    pub left_out: Vec<FieldError>,
    /// 単位 of the application.
    pub units: Units,
    /// What is missing before 申請を完了する.
    pub missing: Vec<Requirement>,
}

/// The schema of an optional value of a generic answer: the derive writes the value's own, without the null.
pub(super) fn null_or<T: ToSchema>() -> Schema {
    OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .item(Ref::from_schema_name(T::name()))
        .into()
}

/// A document that has one value.
pub(super) trait Whole: Serialize + ToSchema + Clone {
    /// Which.
    const KIND: DocumentKind;
    /// Where it is.
    fn of(state: &ApplicationState) -> &Revised<Option<Self>>;
}

fn document<T: Whole>(
    app: &App,
    found: &Found,
    sent: Option<&T>,
) -> Result<WholeDocument<T>, Problem> {
    let state = found.state()?;
    let program = program(app, state)?;
    let standing = standing(state, program);
    let saved = T::of(state);
    Ok(WholeDocument {
        revision: saved.revision,
        value: saved.value.clone(),
        errors: state.documents.errors(T::KIND, &program.rules),
        left_out: sent.map_or_else(Vec::new, |sent| {
            state.left_out(T::KIND, None, (sent, saved.value.as_ref()))
        }),
        units: standing.units,
        missing: standing.missing,
    })
}

/// The answer to reading.
pub(super) fn read<T: Whole>(app: &App, found: &Found) -> Result<Response, Problem> {
    let document = document::<T>(app, found, None)?;
    Ok(of_revision(document.revision, &document))
}

/// The answer to saving what was sent.
pub(super) fn saved<T: Whole>(app: &App, done: &Done, sent: &T) -> Result<Response, Problem> {
    let document = document::<T>(app, &done.found, Some(sent))?;
    let answer = of_revision(document.revision, &document);
    Ok(with_view_behind(answer, done.behind))
}
