//! `/api/v1/searches`: what is searched for in 申請一覧, kept beside an id so that no address carries a name.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use domain::text::{is_blank, too_long};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{Endpoint, worklist::Asked};
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::{Kind, Problem},
    searches::LIMIT,
    situation::created,
    write::Write,
};

/// Most characters of a search's name.
const NAME_LIMIT: usize = 40;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let endpoint = |problems: &[&[Kind]], routes| {
        super::endpoint(Permission::SearchApplications, problems, routes)
    };
    vec![
        endpoint(&[&[Kind::Invalid]], routes!(keep_search)),
        endpoint(&[], routes!(named_searches)),
        endpoint(&[&[Kind::NotFound]], routes!(forget_search)),
    ]
}

/// What is searched for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSearch {
    /// Under which it is kept (保存した検索); without a name it ends by itself.
    #[serde(default)]
    #[schema(max_length = 40)]
    name: Option<String>,
    /// 会員番号, 氏名 or フリガナ: 新旧字体, spaces and kana do not matter.
    #[serde(default)]
    #[schema(max_length = 100)]
    q: String,
    /// 内部ラベル
    #[serde(default)]
    #[schema(max_length = 40)]
    label: String,
    /// The other conditions, as an address of `GET /api/v1/applications` has them: `documents=under_review&sort=member`.
    #[serde(default)]
    #[schema(max_length = 500)]
    conditions: String,
}

/// A search that is kept.
#[derive(Debug, Serialize, ToSchema)]
struct KeptSearch {
    /// `search` of `GET /api/v1/applications`.
    #[schema(value_type = String, format = Uuid)]
    id: Uuid,
    /// Its name.
    name: Option<String>,
}

/// 保存した検索, by name.
#[derive(Debug, Serialize, ToSchema)]
struct SearchesAnswer {
    searches: Vec<KeptSearch>,
}

pub(crate) fn failed(error: &sqlx::Error) -> Problem {
    Problem::failed("reading or writing a search", error)
}

/// Keeps a question of somebody.
///
/// # Errors
/// [`Kind::Invalid`] for a name that is none or one too many; [`Kind::MalformedAddress`] for a question that means nothing.
pub(crate) async fn keep(
    app: &App,
    identity: &Identity,
    (id, name): (Uuid, Option<&str>),
    asked: &Asked,
) -> Result<(), Problem> {
    asked.read()?;
    if let Some(name) = name {
        let wrong = |message: String| Problem::new(Kind::Invalid).at("/name", message);
        if is_blank(name) {
            return Err(wrong("検索の名前 を入力してください。".to_owned()));
        }
        if let Some(sentence) = too_long("検索の名前", name, NAME_LIMIT) {
            return Err(wrong(sentence));
        }
        if let Some(found) = domain::text::undecodable(name) {
            return Err(wrong(found.message("検索の名前")));
        }
        let named = app.searches().named(identity.actor()).await;
        if named.map_err(|error| failed(&error))?.len() >= LIMIT {
            return Err(wrong(format!(
                "保存できる検索は{LIMIT}件までです。使っていないものを削除してください。"
            )));
        }
    }
    let question = serde_json::to_string(asked).map_err(|error| {
        tracing::error!(%error, "a search can not be written as text");
        Problem::new(Kind::Internal)
    })?;
    app.searches()
        .keep(identity.actor(), (id, name), &question, Timestamp::now())
        .await
        .map_err(|error| failed(&error))
}

/// Keep what is searched for
///
/// A name or フリガナ is searched for by the id that this answers, because an address must not carry a name.
#[utoipa::path(
    post,
    path = "/api/v1/searches",
    request_body = NewSearch,
    responses((status = CREATED, description = "Kept.", body = KeptSearch))
)]
async fn keep_search(State(app): State<App>, write: Write) -> Result<Response, Problem> {
    let new: NewSearch = write.decode()?;
    let conditions: Asked = serde_urlencoded::from_str(&new.conditions)
        .map_err(|_| Problem::new(Kind::Invalid).at("/conditions", "検索条件を読み取れません。"))?;
    let asked = Asked {
        q: new.q,
        label: new.label,
        page: None,
        ..conditions
    };
    let id = write.new_id();
    let name = new.name.as_deref().map(str::trim);
    keep(&app, &write.identity, (id, name), &asked).await?;
    let body = KeptSearch {
        id,
        name: name.map(str::to_owned),
    };
    let location = format!("/api/v1/applications?search={id}");
    Ok(created(&location, Json(body).into_response()))
}

/// The searches that were given a name (保存した検索)
#[utoipa::path(
    get,
    path = "/api/v1/searches",
    responses((status = OK, description = "The searches.", body = SearchesAnswer))
)]
async fn named_searches(
    State(app): State<App>,
    identity: Identity,
) -> Result<Json<SearchesAnswer>, Problem> {
    let named = app.searches().named(identity.actor()).await;
    let named = named.map_err(|error| failed(&error))?;
    Ok(Json(SearchesAnswer {
        searches: named
            .into_iter()
            .map(|one| KeptSearch {
                id: one.id,
                name: Some(one.name),
            })
            .collect(),
    }))
}

/// Forget a search
#[utoipa::path(
    delete,
    path = "/api/v1/searches/{search}",
    params(("search" = String, Path, format = Uuid, description = "Its id.")),
    responses((status = NO_CONTENT, description = "Forgotten."))
)]
async fn forget_search(
    State(app): State<App>,
    Path(search): Path<Uuid>,
    write: Write,
) -> Result<Response, Problem> {
    let gone = app.searches().forget(write.identity.actor(), search).await;
    if gone.map_err(|error| failed(&error))? {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(Problem::new(Kind::NotFound))
    }
}
