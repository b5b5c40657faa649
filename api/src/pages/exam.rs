//! 追加お申込み 筆記試験: 処理確認画面, and the application itself. Its page is the one of every such confirmation.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use domain::{application::ApplicationCommand, documents::with_commas, program::Fee};
use uuid::Uuid;

use super::{
    frame::{Frame, Notice},
    posted::Posted,
    rendered, see,
    visit::Visit,
};
use crate::{access::Identity, app::App, problem::Problem};

/// 処理確認画面: what will be done, with its button and the way back.
#[derive(Template)]
#[template(path = "confirmation.html")]
pub(super) struct Confirmation {
    pub frame: Frame,
    pub notices: Vec<Notice>,
    pub heading: &'static str,
    /// Whether it is the manual's 処理確認画面.
    pub process: bool,
    pub sentences: Vec<String>,
    pub facts: Vec<(&'static str, String)>,
    pub action: String,
    pub key: Uuid,
    pub hidden: Vec<(&'static str, String)>,
    pub button: &'static str,
    pub button_class: &'static str,
    pub back: String,
    pub back_words: &'static str,
}

/// A fee with its way of payment, in words: `0円（審査料は更新試験（web）受験サイトで決済となります。）`.
pub(super) fn fee(name: &str, fee: &Fee) -> String {
    let route = if fee.route.is_empty() {
        String::new()
    } else {
        format!("{name}は{}となります。", fee.route)
    };
    match fee.amount_yen {
        None => route,
        Some(yen) => {
            let yen = with_commas(usize::try_from(yen).unwrap_or(usize::MAX));
            if route.is_empty() {
                format!("{yen}円")
            } else {
                format!("{yen}円（{route}）")
            }
        }
    }
}

/// 処理確認画面 of 筆記試験.
pub(super) async fn confirmation(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &identity, &id).await?;
    if !visit.status()?.exam_can_be_added {
        // Nothing to confirm: 申請TOP says how it stands.
        return Ok(see(&visit.top()));
    }
    let page = Confirmation {
        frame: visit.frame("筆記試験を申し込む", []),
        notices: Vec::new(),
        heading: "筆記試験を申し込む",
        process: true,
        sentences: vec![
            "次の内容でお申込みします。よろしければ「筆記試験を申し込む」を押してください。"
                .to_owned(),
        ],
        facts: vec![
            ("申請の種類", visit.program.title.clone()),
            ("追加お申込み", "筆記試験".to_owned()),
            ("受験料", fee("受験料", &visit.program.fees.exam)),
        ],
        action: visit.below("exam/send"),
        key: Uuid::new_v4(),
        hidden: Vec::new(),
        button: "筆記試験を申し込む",
        button_class: "primary",
        back: visit.top(),
        back_words: "申請の画面に戻る",
    };
    Ok(rendered(&page, StatusCode::OK))
}

/// 筆記試験を申し込む
pub(super) async fn add(
    State(app): State<App>,
    Path(id): Path<String>,
    posted: Posted,
) -> Result<Response, Problem> {
    let visit = Visit::to(&app, &posted.identity, &id).await?;
    let address = format!("{}?notice=exam-added", visit.top());
    visit
        .execute_and_see(ApplicationCommand::AddExam, &posted, &address)
        .await
}
