//! The endpoints of the JSON API, one file each, with what each needs and may refuse.

mod access_log;
pub(crate) mod accounts;
mod add_exam;
mod anchors;
pub(crate) mod application_pdf;
mod apply;
pub(crate) mod attendance;
mod bulk_runs;
mod clinical_experience;
mod conferences;
mod confirm_payment;
mod document_list;
mod export;
pub(crate) mod history;
pub mod imports;
mod mail_templates;
mod mails;
mod me;
mod papers;
mod payments;
mod profile;
mod programs;
pub(crate) mod reports;
mod requirements;
mod research_activities;
mod research_years;
mod restoration;
mod resume;
mod rows;
pub(crate) mod searches;
mod seminars;
mod sessions;
pub(crate) mod society;
pub(crate) mod status;
mod submissions;
mod submit;
mod tokens;
pub(crate) mod verify;
mod whole;
mod withdraw;
pub(crate) mod worklist;

pub(crate) use rows::ListedRow;

use axum::{Router, middleware};
use utoipa::{
    PartialSchema as _, ToSchema as _,
    openapi::{
        ContentBuilder, HeaderBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, Ref,
        RefOr, Required, ResponseBuilder,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt as _};

use crate::{
    access::{COOKIE, Permission, authorize},
    app::App,
    moment::of_today_only,
    problem::{self, Kind},
};

/// An endpoint: it cannot be made without saying which permission it needs.
pub struct Endpoint {
    permission: Permission,
    problems: Vec<Kind>,
    routes: UtoipaMethodRouter<App>,
}

impl Endpoint {
    /// Whether it can be asked about another moment than now.
    fn knows_moments(&self) -> bool {
        let (_, paths, _) = &self.routes;
        let mut items = paths.paths.values();
        items.any(|item| {
            [&item.get, &item.put, &item.post, &item.delete]
                .into_iter()
                .flatten()
                .any(status::knows_moments)
        })
    }
}

/// An endpoint with the permission that it needs, and the problems that it answers beside those that all of its kind do.
pub fn endpoint(
    permission: Permission,
    problems: &[&[Kind]],
    routes: UtoipaMethodRouter<App>,
) -> Endpoint {
    Endpoint {
        permission,
        problems: problems.concat(),
        routes,
    }
}

/// What every endpoint may answer.
const ALWAYS: &[Kind] = &[
    Kind::MalformedAddress,
    Kind::TwoIdentities,
    Kind::NotSignedIn,
    Kind::InvalidToken,
    Kind::NotPermitted,
    Kind::TooManyRequests,
    Kind::Internal,
    Kind::Unavailable,
];

/// What every write may answer.
const WRITES: &[Kind] = &[
    Kind::IdempotencyKeyRequired,
    Kind::MalformedIfMatch,
    Kind::BodyCutOff,
    Kind::ForeignOrigin,
    Kind::Conflict,
    Kind::TooLarge,
    Kind::IdempotencyKeyReused,
];

/// What every write with a body may answer.
const BODIES: &[Kind] = &[
    Kind::MalformedJson,
    Kind::UnsupportedMediaType,
    Kind::Undecodable,
];

/// What changing a document may answer.
const EDITS: &[Kind] = &[
    Kind::NotApplied,
    Kind::Withdrawn,
    Kind::DocumentsNotApplied,
    Kind::AlreadySubmitted,
    Kind::StaleRevision,
    Kind::TooLong,
    Kind::DayIsFull,
];

/// Every endpoint of the API.
fn endpoints() -> Vec<Endpoint> {
    let mut all = vec![
        me::endpoint(),
        programs::endpoint(),
        apply::endpoint(),
        status::endpoint(),
        add_exam::endpoint(),
        submit::endpoint(),
        withdraw::endpoint(),
        confirm_payment::endpoint(),
        document_list::endpoint(),
        research_years::endpoint(),
        seminars::endpoint(),
        requirements::endpoint(),
        restoration::endpoint(),
        application_pdf::endpoint(),
        submissions::endpoint(),
        history::endpoint(),
        verify::endpoint(),
        worklist::endpoint(),
        anchors::endpoint(),
        export::endpoint(),
    ];
    all.extend(resume::endpoints());
    all.extend(profile::endpoints());
    all.extend(clinical_experience::endpoints());
    all.extend(research_activities::endpoints());
    all.extend(conferences::endpoints());
    all.extend(papers::endpoints());
    all.extend(imports::endpoints());
    all.extend(payments::endpoints());
    all.extend(attendance::endpoints());
    all.extend(sessions::endpoints());
    all.extend(tokens::endpoints());
    all.extend(access_log::endpoints());
    all.extend(accounts::endpoints());
    all.extend(society::endpoints());
    all.extend(searches::endpoints());
    all.extend(bulk_runs::endpoints());
    all.extend(mails::endpoints());
    all.extend(mail_templates::endpoints());
    all.extend(reports::endpoints());
    all
}

/// The API: each endpoint behind the gate of its permission.
pub fn router(app: &App) -> Router<App> {
    let gated = endpoints()
        .into_iter()
        .fold(OpenApiRouter::default(), |router, endpoint| {
            let gate =
                middleware::from_fn_with_state((app.clone(), endpoint.permission), authorize);
            let knows_moments = endpoint.knows_moments();
            router.routes(endpoint.routes.map(|methods| {
                let methods = if knows_moments {
                    methods
                } else {
                    methods.route_layer(middleware::from_fn(of_today_only))
                };
                methods.route_layer(gate)
            }))
        });
    gated.into()
}

/// The description of the API.
pub fn description() -> OpenApi {
    let about = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Shinsei (申請)")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(ABOUT))
                .build(),
        )
        .build();
    let router =
        endpoints()
            .into_iter()
            .fold(OpenApiRouter::with_openapi(about), |router, endpoint| {
                let (schemas, mut paths, methods) = endpoint.routes;
                for (path, item) in &mut paths.paths {
                    for (method, operation) in operations(item) {
                        describe(
                            operation,
                            method != HttpMethod::Get,
                            path,
                            endpoint.permission,
                            &endpoint.problems,
                        );
                    }
                }
                router.routes((schemas, paths, methods))
            });
    let mut description = router.into_openapi();
    let components = description.components.get_or_insert_default();
    let mut schemas = vec![(problem::Body::name().into_owned(), problem::Body::schema())];
    problem::Body::schemas(&mut schemas);
    components.schemas.extend(schemas);
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            COOKIE,
            "The session cookie that signing in gives.",
        ))),
    );
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some(
                    "The token of a machine client: `Authorization: Bearer shinsei_…`. It may use the operations whose `x-permission` is \
                     among its scopes, as far as its role may.",
                ))
                .build(),
        ),
    );
    description
}

/// Scopes are names of permissions and stand in `x-permission`: the description has a place for them with OAuth only.
const NO_SCOPES: [String; 0] = [];

const ABOUT: &str = "The renewal-application service of a medical society.

Every write names an `Idempotency-Key`: the same key again gets the same answer again, and the same key with another \
request is refused. Documents are saved with `If-Match: \"<revision>\"`, the revision being that of the `ETag` from which the \
form was drawn; a stale one is refused with both versions.

A draft is stored as it was typed, also when it is wrong: the answer is 200 and `errors` says what is wrong. What cannot be \
read at all (no JSON, a wrong type, a control character) is refused and nothing is stored.

Every refusal is a problem document (RFC 9457) with a stable `type`, the sentence for the person in `detail`, and a JSON \
pointer for each field. After a write the answer waits until the views show it; `Shinsei-View-Behind: true` says that it \
gave up waiting.";

fn operations(
    item: &mut utoipa::openapi::PathItem,
) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, item.get.as_mut()),
        (HttpMethod::Put, item.put.as_mut()),
        (HttpMethod::Post, item.post.as_mut()),
        (HttpMethod::Delete, item.delete.as_mut()),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation?)))
}

/// Adds what is the same everywhere: permission, session, headers, problems.
fn describe(
    operation: &mut Operation,
    writes: bool,
    path: &str,
    permission: Permission,
    problems: &[Kind],
) {
    operation
        .extensions
        .get_or_insert_default()
        .insert("x-permission".to_owned(), permission.as_str().into());
    let holders: Vec<_> = permission
        .holders()
        .iter()
        .map(|holder| holder.word())
        .collect();
    operation
        .extensions
        .get_or_insert_default()
        .insert("x-holders".to_owned(), holders.into());
    // One of them, never both.
    let mut security = vec![SecurityRequirement::new("session", NO_SCOPES)];
    if permission.may_be_scope() {
        security.push(SecurityRequirement::new("bearer", NO_SCOPES));
    }
    operation.security = Some(security);
    operation.tags = Some(vec![permission.as_str().to_owned()]);

    let mut problems: Vec<Kind> = problems.to_vec();
    problems.extend(ALWAYS);
    if writes {
        problems.extend(WRITES);
        let parameters = operation.parameters.get_or_insert_default();
        parameters.push(RefOr::T(idempotency_key_parameter()));
        if problems.contains(&Kind::StaleRevision) {
            parameters.push(RefOr::T(if_match_parameter(
                problems.contains(&Kind::PreconditionRequired),
            )));
        }
    }
    if operation.request_body.is_some() {
        problems.extend(BODIES);
    }
    if path.contains("/{id}") {
        problems.push(Kind::NotApplied);
    }
    if writes {
        for (status, response) in &mut operation.responses.responses {
            if let RefOr::T(response) = response
                && status.starts_with('2')
            {
                let told = HeaderBuilder::new()
                    .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                    .description(Some("`true` when the views do not show the write yet."))
                    .build();
                response
                    .headers
                    .insert("Shinsei-View-Behind".to_owned(), RefOr::T(told));
            }
        }
    }
    for kind in problems {
        add_problem(operation, kind);
    }
}

fn idempotency_key_parameter() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some("1 to 200 visible ASCII characters, new for each intention of a person, the same for a repetition."))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(200))
                .pattern(Some("^[!-~]+$")),
        ))
        .example(Some("7f1c2a52-save-profile-3".into()))
        .build()
}

fn if_match_parameter(required: bool) -> Parameter {
    ParameterBuilder::new()
        .name("If-Match")
        .parameter_in(ParameterIn::Header)
        .required(if required {
            Required::True
        } else {
            Required::False
        })
        .description(Some(
            "Revision of the document that the form was drawn from, in quotes: the ETag.",
        ))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some("^\"[0-9]{1,9}\"$")),
        ))
        .example(Some("\"3\"".into()))
        .build()
}

/// One answer for each status, naming the problems that have it.
fn add_problem(operation: &mut Operation, kind: Kind) {
    let status = kind.status().as_u16().to_string();
    let line = format!("`/problems/{}`: {}", kind.code(), kind.title());
    let responses = &mut operation.responses.responses;
    match responses.get_mut(&status) {
        Some(RefOr::T(response)) if !response.description.contains(&line) => {
            response.description = format!("{}\n\n{line}", response.description);
        }
        Some(_) => {}
        None => {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name(problem::Body::name())))
                .build();
            let response = ResponseBuilder::new()
                .description(line)
                .content("application/problem+json", content)
                .build();
            responses.insert(status, RefOr::T(response));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use super::*;

    fn described() -> Vec<(String, HttpMethod, Operation)> {
        let mut description = description();
        let mut all = Vec::new();
        for (path, item) in &mut description.paths.paths {
            for (method, operation) in operations(item) {
                all.push((path.clone(), method, operation.clone()));
            }
        }
        all
    }

    #[test]
    fn every_operation_names_its_permission() {
        let all = described();
        assert!(all.len() > 25, "{} operations", all.len());
        for (path, _, operation) in all {
            let permission = &operation.extensions.unwrap()["x-permission"];
            assert!(
                Permission::ALL
                    .iter()
                    .any(|known| permission == known.as_str()),
                "{path}: {permission}"
            );
        }
    }

    #[test]
    fn no_two_operations_share_an_id() {
        let all = described();
        let ids: HashSet<_> = all
            .iter()
            .map(|(_, _, operation)| operation.operation_id.clone())
            .collect();
        assert_eq!(ids.len(), all.len());
    }

    /// Names of the types in a file that have a schema.
    fn schemas(text: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut derives = false;
        for line in text.lines() {
            derives |= line.starts_with("#[derive(") && line.contains("ToSchema");
            let declared = line
                .split_once("struct ")
                .or_else(|| line.split_once("enum "));
            match declared {
                Some((before, rest)) if before.is_empty() || before.starts_with("pub") => {
                    let name = rest.split(|c: char| !c.is_alphanumeric()).next();
                    names.extend(name.filter(|_| derives).map(str::to_owned));
                    derives = false;
                }
                _ => {}
            }
        }
        names
    }

    fn schemas_below(directory: &std::path::Path, names: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                schemas_below(&path, names);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                names.extend(schemas(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }

    /// The description takes one of two types of the same name for both: the runs of 取込 and of 一括処理 were one, once.
    #[test]
    fn no_two_types_of_the_description_share_a_name() {
        let mut names = Vec::new();
        let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        schemas_below(std::path::Path::new(sources), &mut names);
        assert!(names.len() > 80, "{}", names.len());
        let mut seen = HashSet::new();
        let twice: Vec<_> = names.iter().filter(|name| !seen.insert(*name)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn every_write_asks_for_a_key_and_every_operation_describes_itself() {
        for (path, method, operation) in described() {
            assert!(
                operation
                    .summary
                    .as_ref()
                    .is_some_and(|text| !text.is_empty()),
                "{path}"
            );
            let parameters = operation.parameters.unwrap_or_default();
            let asks = parameters.iter().any(
                |parameter| matches!(parameter, RefOr::T(one) if one.name == "Idempotency-Key"),
            );
            assert_eq!(asks, method != HttpMethod::Get, "{path}");
        }
    }

    #[test]
    fn every_reference_of_the_description_leads_somewhere() {
        let description = serde_json::to_value(description()).unwrap();
        let mut references = Vec::new();
        collect(&description, &mut references);
        assert!(!references.is_empty());
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(description.pointer(pointer).is_some(), "{reference}");
        }
    }

    fn collect(value: &serde_json::Value, references: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, field) in fields {
                    match field.as_str() {
                        Some(reference) if name == "$ref" => references.push(reference.to_owned()),
                        _ => collect(field, references),
                    }
                }
            }
            serde_json::Value::Array(items) => {
                for item in items {
                    collect(item, references);
                }
            }

            _ => {}
        }
    }

    #[test]
    fn who_may_do_what_is_as_it_was_agreed() {
        let mut table = BTreeMap::<String, usize>::new();
        for (_, _, operation) in described() {
            let permission = operation.extensions.unwrap()["x-permission"]
                .as_str()
                .unwrap()
                .to_owned();
            let known = Permission::ALL
                .into_iter()
                .find(|known| known.as_str() == permission)
                .unwrap();
            for holder in known.holders() {
                *table.entry(holder.word()).or_default() += 1;
            }
        }
        // The reporter asks who it is, which programs there are, and for the own sessions (5); for reports and their files (2), for lists and
        // theirs (2), and has files made (5).
        assert_eq!(table["reporter"], 14);
    }
}
