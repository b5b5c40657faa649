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
    if !visit.would_do(ApplicationCommand::Withdraw) {
        // 申請TOP says how it stands.
        return Ok(see(&visit.top()));
    }
    let page = Confirmation {
        frame: visit.frame("お申込みの取下げ", []),
        notices: Vec::new(),
        heading: "お申込みの取下げ",
        process: false,
        sentences: consequences(&visit)?,
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

/// What follows from it here: what the member has in hand, and whether there is a way back.
fn consequences(visit: &Visit<'_>) -> Result<Vec<String>, Problem> {
    let mut sentences = vec![match visit.state()?.final_form() {
        Some(form) => format!(
            "お申込みを取り下げると、確定された申請書（本紙 第{}号）は提出できなくなります。入力された内容は残ります。",
            form.number
        ),
        None => {
            "お申込みを取り下げると、申請書類の編集ができなくなります。入力された内容は残ります。"
                .to_owned()
        }
    }];
    sentences.push(
        if visit.program.takes_applications(visit.now) {
            "期間内にもう一度お申込みいただくと、続きから入力できます。"
        } else {
            "お申込みの受付が終わっているため、もう一度のお申込みはできません。"
        }
        .to_owned(),
    );
    sentences.push("お申込みを取り下げてよろしいですか？".to_owned());
    Ok(sentences)
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
