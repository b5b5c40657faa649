//! 事務局の最初の画面: what stands where, each with the list behind it.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use domain::Role;

use super::{
    super::{frame::Frame, rendered},
    approvals::{self, Waiting},
    imports::HELD,
    unmailable::{ADDRESS as UNMAILABLE, members_without_mail},
};
use crate::{
    access::{Identity, Permission},
    app::App,
    imports::HeldRows,
    problem::Problem,
    routes::{
        imports::{kinds_of, sees_members, unkept},
        worklist::unread,
    },
};

/// What waits and stands here; all of it has a page of its own.
const SHOWN: usize = 10;

#[derive(Template)]
#[template(path = "staff.html")]
struct Page {
    frame: Frame,
    role: &'static str,
    /// 状態, how many, and the list of them; none for those who may not see applications.
    counts: Option<Vec<Count>>,
    /// 承認待ち, the oldest first, and how many there are in all; none for those who see none of it.
    waiting: Option<(Vec<Waiting>, usize)>,
    /// Other places, with what is there.
    places: Vec<(&'static str, &'static str)>,
}

struct Count {
    label: &'static str,
    number: i64,
    href: String,
}

/// What is to be mended of members: rows of imports that wait for a person, and who cannot be written to.
async fn of_members(app: &App, identity: &Identity) -> Result<Vec<Count>, Problem> {
    let mut lines = Vec::new();
    let kinds = kinds_of(identity);
    if !kinds.is_empty() && sees_members(identity) {
        let held = HeldRows::of(app.service());
        lines.push(Count {
            label: "取込の確認待ち",
            number: held.count(&kinds).await.map_err(|error| unkept(&error))?,
            href: HELD.to_owned(),
        });
    }
    let unmailable = members_without_mail(app).await?;
    lines.push(Count {
        label: "メールを送信できない会員",
        number: i64::try_from(unmailable.len()).unwrap_or(i64::MAX),
        href: UNMAILABLE.to_owned(),
    });
    Ok(lines)
}

/// The page of the secretariat and of reporters after signing in.
pub(in super::super) async fn dashboard(
    app: &App,
    identity: &Identity,
) -> Result<Response, Problem> {
    let principal = identity.principal();
    let role = principal.actor.role;
    let words = match role {
        Role::Secretariat => "事務局",
        Role::Reporter => "集計担当",
        Role::Member | Role::System => "システム",
    };
    let may = |permission: Permission| permission.is_held_by(principal);
    let counts = if may(Permission::SearchApplications) {
        let views = &app.service().views;
        let counts = views
            .worklist_counts(app.service().clock.now())
            .await
            .map_err(unread)?;
        let mut lines: Vec<Count> = counts
            .documents
            .iter()
            .map(|(track, number)| Count {
                label: track.label(),
                number: *number,
                href: format!("/desk/applications?documents={}", track.as_str()),
            })
            .collect();
        lines.push(Count {
            label: "差し戻し中（期限超過）",
            number: counts.overdue,
            href: format!(
                "/desk/applications?documents=returned&closes_before={}",
                app.service().clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            ),
        });
        lines.push(Count {
            label: "失効",
            number: counts.lapsed,
            href: "/desk/applications?certification=lapsed".to_owned(),
        });
        lines.push(Count {
            label: "取下げ",
            number: counts.withdrawn,
            href: "/desk/applications?withdrawn=yes".to_owned(),
        });
        lines.extend(of_members(app, identity).await?);
        Some(lines)
    } else {
        None
    };
    let waiting = if may(Permission::SeeRuns) {
        Some(approvals::waiting(app, identity, SHOWN).await?)
    } else {
        None
    };
    let mut places = Vec::new();
    if may(Permission::SeeRuns) {
        places.push(("/desk/approvals", "承認待ち"));
    }
    if may(Permission::SearchApplications) {
        places.push(("/desk/applications", "申請一覧"));
        places.push(("/desk/history", "変更履歴（全体）"));
    }
    if may(Permission::SeeRuns) {
        places.push(("/desk/bulk", "一括処理の一覧"));
    }
    if may(Permission::ReadMails) {
        places.push(("/desk/mails", "メールの送信箱"));
    }
    if may(Permission::ConfirmPayments) {
        places.push(("/desk/payments", "入金の照合"));
    }
    if may(Permission::SeeImports) {
        places.push(("/desk/imports", "取込"));
    }
    if may(Permission::ReadReports) {
        places.push(("/reports", "集計"));
    }
    if may(Permission::VerifyLog) {
        places.push(("/desk/verification", "記録が書き換えられていないかの確認"));
    }
    if may(Permission::ReadAccessLog) {
        places.push(("/desk/accounts", "サインインの記録"));
    }
    if role == Role::Secretariat {
        places.push(("/api/v1/reference/", "API（データの取り込みなど）"));
    }
    let mut frame = Frame::plain(app, words);
    frame.person = Some(words.to_owned());
    let page = Page {
        frame,
        role: words,
        counts,
        waiting,
        places,
    };
    Ok(rendered(&page, StatusCode::OK))
}
