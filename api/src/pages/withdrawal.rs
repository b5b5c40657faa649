//! 取下げ

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use domain::application::ApplicationCommand;
use uuid::Uuid;

use super::{exam::Confirmation, posted::Posted, rendered, see, visit::Visit};
use crate::{access::Identity, app::App, problem::Problem};

/// What 取下げ means, and its button.
pub(super) async fn confirmation(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    if visit.is_withdrawn() {
        return Ok(see(&visit.top()));
    }
    let page = Confirmation {
        frame: visit.frame("お申込みの取下げ", []),
        notices: Vec::new(),
        heading: "お申込みの取下げ",
        process: false,
        sentences: vec![
            "お申込みを取り下げると、申請書類の編集ができなくなります。入力された内容は残り、期間内にもう一度お申込みいただくと続きから入力できます。".to_owned(),
            "お申込みを取り下げてよろしいですか？".to_owned(),
        ],
        facts: vec![("申請の種類", visit.program.title.clone())],
        action: visit.below("withdrawal/send"),
        key: Uuid::new_v4(),
        hidden: Vec::new(),
        button: "お申込みを取り下げる",
        button_class: "danger",
        back: visit.top(),
        back_words: "申請の画面に戻る",
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// お申込みを取り下げる
pub(super) async fn withdraw(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let address = format!("{}?notice=withdrawn", visit.top());
    visit
        .execute_and_see(ApplicationCommand::Withdraw, &posted, &address)
        .await
}
