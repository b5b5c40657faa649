//! The first page: sign-in for those who are not, 認定情報 and お申込み for a member, and what there is for staff.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use domain::{
    Actor, Role,
    application::{Application, ApplicationId},
    calendar::{long_date, show_jst_minutes},
    eligibility::{Eligibility, eligibility},
    member::{Certification, MemberRecord},
    next_step::next_step,
    program::Program,
    sentences::{Phase, Stand},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    frame::{Frame, Notice},
    rendered,
    visit::person,
};
use crate::{
    access::{Identity, Principal, signed_in},
    app::App,
    demonstration::{FIRST_MEMBER, IDENTITIES},
    problem::{Kind, Problem},
};

/// What is said at the top of the start page, and where to go on to after signing in.
#[derive(Debug, Default)]
pub struct Said<'a> {
    /// The sentence.
    pub notice: Option<&'a str>,
    /// The address, when it is one of ours.
    pub from: Option<&'a str>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    from: Option<String>,
}

/// An address of this service and of no other: a path that no browser takes for another host.
pub fn local(address: &str) -> Option<&str> {
    let rest = address.strip_prefix('/')?;
    let foreign = rest.starts_with(['/', '\\'])
        || address
            .chars()
            .any(|c| c.is_control() || c == '\\' || !c.is_ascii());
    (!foreign).then_some(address)
}

/// An address as the value of a parameter in another one.
pub(super) fn escaped(address: &str) -> String {
    serde_urlencoded::to_string([("from", address)])
        .unwrap_or_default()
        .trim_start_matches("from=")
        .to_owned()
}

/// `/`
pub(super) async fn start_page(
    State(app): State<App>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let said = Said {
        notice: None,
        from: asked.from.as_deref().and_then(local),
    };
    match signed_in(&app, &headers).await {
        Ok(None) => start(&app, &said, StatusCode::OK),
        Ok(Some(principal)) => home(&app, &principal)
            .await
            .unwrap_or_else(axum::response::IntoResponse::into_response),
        Err(problem) => problem.into_response(),
    }
}

#[derive(Template)]
#[template(path = "start.html")]
struct SignIn<'a> {
    frame: Frame,
    notices: Vec<Notice>,
    demonstration: bool,
    /// The issuers: label and address.
    issuers: Vec<(String, String)>,
    /// Whether the member site hands members over.
    handover: bool,
    from: Option<&'a str>,
    first_member: &'static str,
    members: Vec<(&'static str, &'static str)>,
    programs: Vec<(String, String)>,
    /// 申請書サンプル
    sample: Option<String>,
    now: String,
}

/// The page for those who are not signed in.
pub fn start(app: &App, said: &Said<'_>, status: StatusCode) -> Response {
    let mut frame = Frame::plain(app, "サインイン");
    frame.wrong = status.is_client_error() || status.is_server_error();
    let mut notices = Vec::new();
    notices.extend(said.notice.map(Notice::error));
    if said.from.is_some() {
        notices.push(Notice::info(
            "サインインしていないか、有効期限が切れています。サインインすると、元の画面に進みます。",
        ));
    }
    let page = SignIn {
        frame,
        notices,
        demonstration: app.is_demonstration(),
        issuers: app
            .entrance()
            .issuers
            .iter()
            .map(|issuer| {
                let from = said.from.map(|from| format!("?from={}", escaped(from)));
                let address = format!("/sign-in/{}{}", issuer.key(), from.unwrap_or_default());
                (issuer.label().to_owned(), address)
            })
            .collect(),
        handover: app.entrance().handover.is_some(),
        from: said.from,
        first_member: FIRST_MEMBER,
        members: IDENTITIES
            .iter()
            .filter_map(|identity| Some((identity.member?, identity.label)))
            .collect(),
        programs: app
            .service()
            .programs
            .offered()
            .map(|program| (program.menu_title.clone(), program.period.show()))
            .collect(),
        sample: sample(app),
        now: show_jst_minutes(app.service().clock.now()),
    };
    rendered(&page, status)
}

#[derive(Template)]
#[template(path = "handover.html")]
struct Handover<'a> {
    frame: Frame,
    member: &'a str,
    state: &'a str,
}

/// Whose link of the member site it is, and the press that signs in.
pub fn handover(app: &App, member: &str, state: &str) -> Response {
    let page = Handover {
        frame: Frame::plain(app, "サインインの確認"),
        member,
        state,
    };
    rendered(&page, StatusCode::OK)
}

/// 申請書サンプル: the same for all programs of a year.
fn sample(app: &App) -> Option<String> {
    let program = app.service().programs.offered().next()?;
    Some(program.links.sample.clone())
}

async fn home(app: &App, principal: &Principal) -> Result<Response, Problem> {
    match principal.actor.role {
        Role::Member => certification(app, &principal.actor).await,
        Role::Secretariat | Role::Reporter | Role::System => {
            super::desk::dashboard(app, &Identity::on_first_page(principal.clone())).await
        }
    }
}

#[derive(Template)]
#[template(path = "certification.html")]
struct CertificationPage {
    frame: Frame,
    facts: Option<Vec<(&'static str, String)>>,
    programs: Vec<Offered>,
    /// 申請書サンプル
    sample: Option<String>,
    now: String,
}

/// A program as it stands to the member.
struct Offered {
    menu_title: String,
    period: String,
    /// 申込/詳細
    href: String,
    /// 状態, when something has been applied for.
    lines: Vec<String>,
    /// 次にすること about it.
    next: Option<String>,
    open: bool,
    reasons: Vec<String>,
}

fn facts(
    certification: &Certification,
    eligibility: Option<&Eligibility>,
) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("認定番号", format!("{} (専門医)", certification.number)),
        ("認定日", long_date(certification.first_certified_on)),
        ("直近の認定日", long_date(certification.last_certified_on)),
        ("有効期限", long_date(certification.valid_until)),
    ];
    if let Some(eligibility) = eligibility {
        if let Some(year) = eligibility.regular_year {
            let grace = if eligibility.grace {
                "（今年度は猶予年度です）"
            } else {
                ""
            };
            facts.push(("次回更新年度", format!("{}年{grace}", year.0)));
        }
        if let Some(renewal) = eligibility.renewal {
            facts.push(("次回の更新", format!("更新{renewal}回目")));
        }
    }
    facts
}

async fn offered(
    app: &App,
    record: &MemberRecord,
    program: &Program,
    now: Timestamp,
) -> Result<Offered, Problem> {
    let id = ApplicationId {
        program: program.id.clone(),
        member: record.number.clone(),
    };
    let application = app.service().application(&id).await?;
    let next = application
        .as_ref()
        .filter(|(made, _)| {
            let phase = Stand::of(made, program, now).phase;
            *made != Application::NotMade && phase != Phase::WithdrawnLate
        })
        .map(|(made, _)| next_step(made, program, now).sentence());
    let (href, lines) = match application {
        None => (format!("/apply/{}", program.id), Vec::new()),
        Some((application, _)) => match application.status(program, now) {
            Some(status) => (format!("/applications/{id}"), status.lines),
            None => (format!("/apply/{}", program.id), Vec::new()),
        },
    };
    let eligibility = eligibility(record, program, now);
    let open = eligibility
        .offers
        .iter()
        .any(domain::eligibility::Offer::is_open);
    let mut reasons: Vec<String> = Vec::new();
    if !open && lines.is_empty() {
        for reason in eligibility
            .offers
            .into_iter()
            .flat_map(|offer| offer.reasons)
        {
            if !reasons.contains(&reason.message) {
                reasons.push(reason.message);
            }
        }
    }
    Ok(Offered {
        menu_title: program.menu_title.clone(),
        period: program.period.show(),
        href,
        lines,
        next,
        open,
        reasons,
    })
}

/// M1 認定情報 and お申込み
async fn certification(app: &App, actor: &Actor) -> Result<Response, Problem> {
    let number = domain::member::MemberNumber::parse(&actor.id)
        .map_err(|_| Problem::new(Kind::UnknownMember))?;
    let record = app
        .service()
        .member(&number)
        .await?
        .and_then(|member| member.record)
        .ok_or(Problem::new(Kind::UnknownMember))?;
    let now = app.service().clock.now();
    let mut programs = Vec::new();
    for program in app.service().programs.iter() {
        let one = offered(app, &record, program, now).await?;
        // A program of before is shown to those who have applied for it.
        if !one.lines.is_empty() || program.offered {
            programs.push(one);
        }
    }
    // The right one first.
    programs.sort_by_key(|one| !one.open && one.lines.is_empty());
    let year = app.service().programs.offered().next();
    let eligibility = year.map(|program| eligibility(&record, program, now));
    let mut frame = Frame::plain(app, "認定情報・お申込み");
    frame.person = Some(person(&record));
    let page = CertificationPage {
        frame,
        facts: record
            .certification
            .as_ref()
            .map(|certification| facts(certification, eligibility.as_ref())),
        programs,
        sample: sample(app),
        now: show_jst_minutes(now),
    };
    Ok(rendered(&page, StatusCode::OK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_our_own_is_gone_on_to() {
        assert_eq!(
            local("/applications/a.1?x=1"),
            Some("/applications/a.1?x=1")
        );
        for foreign in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a\\b",
            "/a\r\nSet-Cookie: x",
            "/名前",
            "evil",
        ] {
            assert_eq!(local(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn an_address_in_an_address_is_escaped() {
        assert_eq!(escaped("/a?b=c&d"), "%2Fa%3Fb%3Dc%26d");
    }
}
