//! The secretariat's pages: find an application, check it, send it back, decide, and see who did what.

mod accounts;
mod acts;
mod approvals;
mod bulk;
mod dashboard;
mod diff;
mod history;
mod imports;
mod list;
mod mails;
mod member;
mod moment;
mod payments;
mod review;
mod send_back;
mod spreadsheet;
mod unmailable;
mod verification;

use super::{
    Screen,
    frame::{Crumb, Frame, Notice},
    get, post, screen,
};
use crate::{
    access::{Identity, Permission},
    app::App,
    problem::Problem,
};

pub(super) use dashboard::dashboard;

/// Every page and form of the secretariat.
pub(super) fn screens() -> Vec<Screen> {
    let mut all = imports::screens();
    all.extend(application_screens());
    all.extend(bulk_screens());
    all.extend(mail_screens());
    all.extend(intake_screens());
    all.extend(access_screens());
    all
}

/// Finding applications, one of them, and the history.
fn application_screens() -> Vec<Screen> {
    use Permission::{CheckDocuments, ConfirmPayments, Decide, SearchApplications, VerifyLog};
    vec![
        screen(
            SearchApplications,
            unmailable::ADDRESS,
            get(unmailable::list),
        ),
        screen(SearchApplications, "/desk/applications", get(list::list)),
        screen(SearchApplications, "/desk/searches", post(list::search)),
        screen(
            SearchApplications,
            "/desk/searches/removal",
            post(list::forget),
        ),
        screen(
            SearchApplications,
            "/desk/applications.csv",
            get(list::export),
        ),
        screen(
            SearchApplications,
            "/desk/applications/{id}",
            get(review::show),
        ),
        screen(
            CheckDocuments,
            "/desk/applications/{id}/check",
            post(acts::check),
        ),
        screen(
            Decide,
            "/desk/applications/{id}/decision",
            post(acts::decide),
        ),
        screen(
            ConfirmPayments,
            "/desk/applications/{id}/payments",
            post(acts::payments),
        ),
        screen(
            CheckDocuments,
            "/desk/applications/{id}/return",
            get(send_back::form),
        ),
        screen(
            CheckDocuments,
            "/desk/applications/{id}/return/send",
            post(send_back::send),
        ),
        screen(VerifyLog, "/desk/verification", get(verification::show)),
        // Not 履歴の閲覧, which members have of their own application: this page tells accounts and 内部の理由.
        screen(
            SearchApplications,
            "/desk/applications/{id}/history",
            get(history::of_one),
        ),
        screen(
            SearchApplications,
            "/desk/applications/{id}/moment",
            get(moment::show),
        )
        .of_any_moment(),
        screen(SearchApplications, "/desk/history", get(history::of_all)),
    ]
}

/// 一括処理
fn bulk_screens() -> Vec<Screen> {
    use Permission::{CheckDocuments, ConfirmPayments, Decide, SearchApplications, SeeRuns};
    vec![
        screen(SeeRuns, "/desk/approvals", get(approvals::show)),
        screen(Decide, "/desk/approvals/approval", post(approvals::approve)),
        screen(SeeRuns, "/desk/approvals/refusal", post(approvals::refuse)),
        screen(SeeRuns, "/desk/bulk", get(bulk::list)),
        screen(SearchApplications, "/desk/bulk", post(bulk::make)),
        screen(SeeRuns, "/desk/bulk/{run}", get(bulk::show)),
        screen(
            CheckDocuments,
            "/desk/bulk/{run}/check",
            post(bulk::start_checks),
        ),
        screen(
            Decide,
            "/desk/bulk/{run}/decision",
            post(bulk::start_decisions),
        ),
        screen(
            ConfirmPayments,
            "/desk/bulk/{run}/payments",
            post(bulk::start_payments),
        ),
        screen(Decide, "/desk/bulk/{run}/approval", post(bulk::approve)),
        screen(SeeRuns, "/desk/bulk/{run}/cancellation", post(bulk::cancel)),
    ]
}

/// メール
fn mail_screens() -> Vec<Screen> {
    use Permission::{ManageMails, ReadMails};
    vec![
        screen(ReadMails, "/desk/mails", get(mails::list)),
        screen(ReadMails, "/desk/mails/{mail}", get(mails::show)),
        screen(
            ManageMails,
            "/desk/mails/{mail}/resend",
            post(mails::resend),
        ),
        screen(
            ManageMails,
            "/desk/mails/{mail}/bounce",
            post(mails::bounce),
        ),
        screen(ManageMails, "/desk/mail-templates", get(mails::templates)),
        screen(
            ManageMails,
            "/desk/mail-templates/{notice}",
            get(mails::template),
        ),
        screen(
            ManageMails,
            "/desk/mail-templates/{notice}/save",
            post(mails::edit),
        ),
    ]
}

/// 入金 that belongs to nothing, and attendance by hand.
fn intake_screens() -> Vec<Screen> {
    use Permission::{CheckDocuments, ConfirmPayments};
    vec![
        screen(ConfirmPayments, "/desk/payments", get(payments::list)),
        screen(ConfirmPayments, "/desk/payments/match", get(payments::show)),
        screen(
            ConfirmPayments,
            "/desk/payments/match/send",
            post(payments::confirm),
        ),
        screen(
            ConfirmPayments,
            "/desk/payments/reversal",
            post(payments::reverse),
        ),
        screen(CheckDocuments, "/desk/members/{member}", get(member::show)),
        screen(
            CheckDocuments,
            "/desk/members/{member}/attendance",
            post(member::add),
        ),
        screen(
            CheckDocuments,
            "/desk/members/{member}/attendance-retractions",
            post(member::take_back),
        ),
    ]
}

/// サインインの記録
fn access_screens() -> Vec<Screen> {
    use Permission::{ManageTokens, ReadAccessLog};
    vec![
        screen(ReadAccessLog, "/desk/accounts", get(accounts::show)),
        screen(ManageTokens, "/desk/accounts/end", post(accounts::end)),
    ]
}

/// Where the page of an application is.
fn of(id: &impl std::fmt::Display) -> String {
    format!("/desk/applications/{id}")
}

/// Header and breadcrumb of a page of the secretariat.
fn frame(app: &App, identity: &Identity, title: &str, between: Vec<Crumb>) -> Frame {
    let mut frame = Frame::plain(app, title);
    frame.person = Some(format!("事務局 {}", identity.actor().id));
    frame.crumbs = vec![Crumb::to("事務局", "/")];
    frame.crumbs.extend(between);
    frame.crumbs.push(Crumb::here(title));
    frame.wide = true;
    frame
}

/// Who, in words: an account of staff, a number of a member.
fn who(actor: &str) -> String {
    match actor.split_once(':') {
        Some(("member", number)) => format!("会員 {number}"),
        Some(("secretariat", account)) => format!("事務局 {account}"),
        Some(("reporter", account)) => format!("集計担当 {account}"),
        Some(("system", part)) => format!("自動処理 {part}"),
        _ => actor.to_owned(),
    }
}

/// A client error as the sentences that the page shows.
fn sentences(problem: &Problem) -> Vec<Notice> {
    let mut sentences: Vec<String> = problem
        .body()
        .errors
        .iter()
        .map(|error| error.message.clone())
        .collect();
    if sentences.is_empty() {
        sentences.push(problem.body().detail.clone());
    }
    sentences.into_iter().map(Notice::error).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Holder;

    #[test]
    fn no_page_of_the_secretariat_needs_what_members_have_too() {
        for Screen { gate, .. } in screens() {
            let holders = gate.permission.holders();
            assert!(!holders.contains(&Holder::Member), "{gate:?}");
        }
    }
}
