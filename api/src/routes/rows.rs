//! Documents that are lists of rows (明細): one way to read, add, revise and remove.

use axum::response::Response;
use domain::{
    application::{ApplicationCommand, Documents, RowValue},
    documents::{DocumentKind, FieldError, Row, RowId, Rows},
    program::Rules,
    requirements::Requirement,
    units::AssessedRow,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::whole::null_or;
use crate::{
    app::App,
    problem::{Kind, Problem},
    saving::{self, Done},
    situation::{Found, Units, created, of_revision, program, standing, visible, with_view_behind},
    write::Write,
};

/// A row of one of the three lists.
pub(crate) trait ListedRow: Serialize + DeserializeOwned + ToSchema + Clone {
    /// The list.
    const KIND: DocumentKind;
    /// The rows that are saved.
    fn rows(documents: &Documents) -> &Rows<Self>;
    /// Most rows.
    fn limit(rules: &Rules) -> usize;
    /// As the decider takes it.
    fn into_value(self) -> RowValue;
    /// 総年数 of 研究活動歴.
    fn total_years(_: &Documents) -> Option<String> {
        None
    }
}

/// A list as it is saved, and what follows from it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RowList<T: ToSchema> {
    /// For `If-Match` of the next change; 0 before the first.
    revision: u32,
    /// The rows in the order in which they were added.
    rows: Vec<Row<T>>,
    /// Most rows.
    limit: usize,
    /// 研究活動歴 only: 総年数 as typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total_years: Option<String>,
    /// What is wrong, with pointers `/rows/<id>/<field>`.
    errors: Vec<FieldError>,
    /// What each row counts, and why not when it does not.
    assessment: Vec<AssessedRow>,
    /// 単位 of the application.
    units: Units,
    /// What is missing before 申請を完了する.
    missing: Vec<Requirement>,
}

/// A row after it was added, revised or removed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SavedRow<T: ToSchema> {
    /// Revision of the list, for `If-Match` of the next change.
    revision: u32,
    /// Id of the row.
    row: RowId,
    /// What is saved; null when it was removed.
    #[schema(nullable = true)]
    #[schema(schema_with = null_or::<T>)]
    value: Option<T>,
    /// What is wrong with it, with a pointer into `value`.
    errors: Vec<FieldError>,
    /// What was sent and not saved, as a 修正のお願い does not open it; the rest is saved.
    left_out: Vec<FieldError>,
    /// What it counts, and why not when it does not; null for 研究活動歴 and for a row that was removed.
    assessment: Option<AssessedRow>,
    /// 単位 of the application.
    units: Units,
    /// What is missing before 申請を完了する.
    missing: Vec<Requirement>,
}

/// The four endpoints of a list, once for all lists: `row_endpoints!(Conference, "学会参加", "/…/rows", "/…/rows/{row}", "conference")`.
///
/// A macro, because the description of an operation is made from what stands at its function.
macro_rules! row_endpoints {
    ($row:ident, $title:literal, $list:literal, $one:literal, $name:literal) => {
        pub(super) fn endpoints() -> Vec<$crate::routes::Endpoint> {
            use utoipa_axum::routes;

            use $crate::{
                access::Permission,
                problem::Kind,
                routes::{EDITS, endpoint},
            };
            let adding: &[Kind] = &[Kind::TooManyRows, Kind::RowExists];
            let changing: &[Kind] = &[Kind::PreconditionRequired, Kind::UnknownRow];
            vec![
                endpoint(Permission::ReadApplication, &[], routes!(list)),
                endpoint(Permission::EditDocuments, &[EDITS, adding], routes!(add)),
                endpoint(Permission::EditDocuments, &[EDITS, changing], routes!(revise)),
                endpoint(Permission::EditDocuments, &[EDITS, changing], routes!(remove)),
            ]
        }

        #[utoipa::path(
            get,
            path = $list,
            operation_id = concat!("list_", $name),
            summary = concat!("Read ", $title),
            description = "All rows as they were typed, what is wrong with them and what they count.",
            params(("id" = String, Path, description = "`<program>.<会員番号>`"), $crate::routes::status::AsOf),
            responses((
                status = OK, description = $title, body = $crate::routes::rows::RowList<$row>,
                headers(("ETag" = String, description = "The revision, for If-Match."))
            ))
        )]
        async fn list(
            axum::extract::State(app): axum::extract::State<$crate::App>,
            identity: $crate::access::Identity,
            axum::extract::Path(id): axum::extract::Path<String>,
            axum::extract::Query(asked): axum::extract::Query<$crate::routes::status::AsOf>,
        ) -> Result<axum::response::Response, $crate::problem::Problem> {
            let (found, _) = asked.found(&app, &identity, &id).await?;
            $crate::routes::rows::list_rows::<$row>(&app, &found)
        }

        #[utoipa::path(
            post,
            path = $list,
            operation_id = concat!("add_", $name),
            summary = concat!("Add a row to ", $title, " (新規作成)"),
            description = "If-Match may be left out: a new row overwrites nothing.",
            params(("id" = String, Path, description = "`<program>.<会員番号>`")),
            request_body = $row,
            responses((
                status = CREATED, description = "Added.", body = $crate::routes::rows::SavedRow<$row>,
                headers(
                    ("Location" = String, description = "Address of the row."),
                    ("ETag" = String, description = "The revision, for If-Match.")
                )
            ))
        )]
        async fn add(
            axum::extract::State(app): axum::extract::State<$crate::App>,
            axum::extract::Path(id): axum::extract::Path<String>,
            write: $crate::Write,
        ) -> Result<axum::response::Response, $crate::problem::Problem> {
            $crate::routes::rows::add_row::<$row>(&app, &id, &write).await
        }

        #[utoipa::path(
            put,
            path = $one,
            operation_id = concat!("revise_", $name),
            summary = concat!("Revise a row of ", $title, " (編集)"),
            description = "A draft is stored also when it is wrong; `errors` says what is.",
            params(
                ("id" = String, Path, description = "`<program>.<会員番号>`"),
                ("row" = String, Path, description = "Id of the row.")
            ),
            request_body = $row,
            responses((
                status = OK, description = "Saved.", body = $crate::routes::rows::SavedRow<$row>,
                headers(("ETag" = String, description = "The revision, for If-Match."))
            ))
        )]
        async fn revise(
            axum::extract::State(app): axum::extract::State<$crate::App>,
            axum::extract::Path((id, row)): axum::extract::Path<(String, String)>,
            write: $crate::Write,
        ) -> Result<axum::response::Response, $crate::problem::Problem> {
            $crate::routes::rows::revise_row::<$row>(&app, (&id, &row), &write).await
        }

        #[utoipa::path(
            delete,
            path = $one,
            operation_id = concat!("remove_", $name),
            summary = concat!("Remove a row of ", $title, " (削除)"),
            description = "The history keeps what it was.",
            params(
                ("id" = String, Path, description = "`<program>.<会員番号>`"),
                ("row" = String, Path, description = "Id of the row.")
            ),
            responses((
                status = OK, description = "Removed.", body = $crate::routes::rows::SavedRow<$row>,
                headers(("ETag" = String, description = "The revision, for If-Match."))
            ))
        )]
        async fn remove(
            axum::extract::State(app): axum::extract::State<$crate::App>,
            axum::extract::Path((id, row)): axum::extract::Path<(String, String)>,
            write: $crate::Write,
        ) -> Result<axum::response::Response, $crate::problem::Problem> {
            $crate::routes::rows::remove_row::<$row>(&app, (&id, &row), &write).await
        }
    };
}
pub(super) use row_endpoints;

/// The answer to reading a list.
pub(super) fn list_rows<T: ListedRow>(app: &App, found: &Found) -> Result<Response, Problem> {
    let state = found.state()?;
    let program = program(app, state)?;
    let standing = standing(state, program);
    let answer = RowList {
        revision: state.documents.revision(T::KIND),
        rows: T::rows(&state.documents).iter().cloned().collect(),
        limit: T::limit(&program.rules),
        total_years: T::total_years(&state.documents),
        errors: state.documents.errors(T::KIND, &program.rules),
        assessment: standing
            .assessment
            .rows
            .into_iter()
            .filter(|row| row.document == T::KIND)
            .collect(),
        units: standing.units,
        missing: standing.missing,
    };
    Ok(of_revision(answer.revision, &answer))
}

/// Adds a row. Its id follows from the command's, so repeating the request adds nothing.
pub(super) async fn add_row<T: ListedRow>(
    app: &App,
    id: &str,
    write: &Write,
) -> Result<Response, Problem> {
    let id = visible(app, &write.identity, id).await?;
    let value: T = write.decode()?;
    let sent = json!(value);
    let row = RowId(write.new_id());
    let command = ApplicationCommand::AddRow {
        row,
        value: value.into_value(),
        base: write.base_if_told(),
    };
    let done = saving::save(
        app,
        &id,
        command,
        write.call(),
        (write.base_if_told(), sent),
    )
    .await?;
    let address = format!(
        "/api/v1/applications/{id}/documents/{}/rows/{row}",
        T::KIND.slug()
    );
    Ok(created(&address, answer::<T>(app, &done, row, None)?))
}

/// Revises a row.
pub(super) async fn revise_row<T: ListedRow>(
    app: &App,
    (id, row): (&str, &str),
    write: &Write,
) -> Result<Response, Problem> {
    let id = visible(app, &write.identity, id).await?;
    let row = row_id(row)?;
    let base = write.base()?;
    let value: T = write.decode()?;
    let sent = json!(value);
    let command = ApplicationCommand::ReviseRow {
        row,
        value: value.clone().into_value(),
        base,
    };
    let done = saving::save(app, &id, command, write.call(), (Some(base), sent)).await?;
    answer::<T>(app, &done, row, Some(&value))
}

/// Removes a row.
pub(super) async fn remove_row<T: ListedRow>(
    app: &App,
    (id, row): (&str, &str),
    write: &Write,
) -> Result<Response, Problem> {
    let id = visible(app, &write.identity, id).await?;
    let row = row_id(row)?;
    let base = write.base()?;
    let command = ApplicationCommand::RemoveRow {
        document: T::KIND,
        row,
        base,
    };
    let done = saving::save(app, &id, command, write.call(), (Some(base), Value::Null)).await?;
    answer::<T>(app, &done, row, None)
}

/// What is no id at all is the id of no row.
fn row_id(text: &str) -> Result<RowId, Problem> {
    text.parse::<Uuid>()
        .map(RowId)
        .map_err(|_| Problem::new(Kind::UnknownRow))
}

fn answer<T: ListedRow>(
    app: &App,
    done: &Done,
    row: RowId,
    sent: Option<&T>,
) -> Result<Response, Problem> {
    let state = done.found.state()?;
    let program = program(app, state)?;
    let standing = standing(state, program);
    let value = T::rows(&state.documents).get(row).cloned();
    let id = row.to_string();
    let answer = SavedRow {
        revision: state.documents.revision(T::KIND),
        row,
        left_out: sent.map_or_else(Vec::new, |sent| {
            state.left_out(T::KIND, Some(row), (sent, value.as_ref()))
        }),
        errors: value
            .clone()
            .map_or_else(Vec::new, |value| value.into_value().errors(&program.rules)),
        value,
        assessment: standing
            .assessment
            .rows
            .into_iter()
            .find(|assessed| assessed.document == T::KIND && assessed.row == id),
        units: standing.units,
        missing: standing.missing,
    };
    Ok(with_view_behind(
        of_revision(answer.revision, &answer),
        done.behind,
    ))
}
