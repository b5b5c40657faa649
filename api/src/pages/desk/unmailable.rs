//! メールを送信できない会員: of whom no mail address is recorded, or one that mail cannot be sent to.

use askama::Template;
use axum::response::Response;
use axum::{extract::State, http::StatusCode};
use domain::{
    member::MemberNumber,
    text::{MailAddress, NotMailable},
};

use super::{
    super::{frame::Frame, rendered},
    frame,
};
use crate::{
    access::Identity,
    app::App,
    problem::Problem,
    routes::worklist::{note_list, unread},
};

/// Where they are listed.
pub(super) const ADDRESS: &str = "/desk/unmailable-members";

/// Members on the page.
const SHOWN: usize = 500;

#[derive(Template)]
#[template(path = "desk/unmailable.html")]
struct Page {
    frame: Frame,
    total: usize,
    members: Vec<Unmailable>,
}

/// A member who cannot be written to.
pub(super) struct Unmailable {
    number: String,
    name: String,
    why: NotMailable,
}

/// Those who cannot be written to, by 会員番号.
pub(super) async fn members_without_mail(app: &App) -> Result<Vec<Unmailable>, Problem> {
    let members = app.service().views.mail_addresses().await.map_err(unread)?;
    Ok(members
        .into_iter()
        .filter_map(|(number, name, address)| {
            let why = MailAddress::parse(&address).err()?;
            Some(Unmailable { number, name, why })
        })
        .collect())
}

/// The list; whom it shows is written down before.
pub(super) async fn list(State(app): State<App>, identity: Identity) -> Result<Response, Problem> {
    let mut members = members_without_mail(&app).await?;
    let total = members.len();
    members.truncate(SHOWN);
    let shown = members
        .iter()
        .filter_map(|member| MemberNumber::parse(&member.number).ok())
        .collect();
    note_list(&app, &identity, shown).await?;
    let page = Page {
        frame: frame(&app, &identity, "メールを送信できない会員", Vec::new()),
        total,
        members,
    };
    Ok(rendered(&page, StatusCode::OK))
}
