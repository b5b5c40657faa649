//! 閲覧記録: what is shown of a member to somebody else is written down before it is shown, and what was refused.

use std::collections::BTreeSet;

use domain::{
    access::{AccessCommand, AccessRefusal, Viewing, Whose},
    application::ApplicationId,
    documents::DocumentKind,
    member::MemberNumber,
    upcasters,
};
use eventstore::{ExecuteError, Receipt};
use uuid::Uuid;

use super::Identity;
use crate::{
    problem::{Kind, Problem},
    service::{Call, Service},
};

/// How often an entry is tried again that others of the same member came before. The log itself tries a few times; a screen that asks
/// for a member's seven documents at once, on several nodes, may need more.
const ATTEMPTS: u32 = 5;

/// The entry could not be written, so nothing may be shown.
#[derive(Debug, thiserror::Error)]
#[error("the access log can not be written")]
pub struct NotNoted(#[source] ExecuteError<AccessRefusal>);

impl NotNoted {
    /// What the log said.
    pub(crate) fn why(&self) -> &ExecuteError<AccessRefusal> {
        &self.0
    }
}

impl From<NotNoted> for Problem {
    fn from(error: NotNoted) -> Self {
        tracing::error!(error = %error.0, "the access log can not be written, so nothing is shown");
        Self::saying(
            Kind::Unavailable,
            "閲覧記録を残せないため、内容を表示できません。少し待ってから、もう一度お試しください。",
        )
    }
}

/// Writes down that somebody looks. The receipt says where the stream then ends, also when it is one with an earlier entry.
///
/// # Errors
/// The log; then nothing may be shown.
pub async fn note(
    service: &Service,
    whose: &Whose,
    viewing: Viewing,
    request: Uuid,
) -> Result<Receipt, NotNoted> {
    write(service, whose, AccessCommand::View(viewing), request).await
}

/// Writes down whom a list or a file, or a part of one, shows to somebody. `list` is the same for all parts of a file.
///
/// # Errors
/// The log; then nothing may be shown.
pub async fn note_listed(
    service: &Service,
    identity: &Identity,
    list: Uuid,
    members: BTreeSet<MemberNumber>,
) -> Result<(), NotNoted> {
    let command = AccessCommand::List {
        viewing: identity.viewing(service, None),
        members,
    };
    write(service, &Whose::List(list), command, identity.request()).await?;
    Ok(())
}

/// The members of these numbers, as views have them.
pub(crate) fn named<'a>(numbers: impl IntoIterator<Item = &'a str>) -> BTreeSet<MemberNumber> {
    let numbers = numbers.into_iter();
    // A view has no other than those that were read before.
    numbers
        .filter_map(|number| MemberNumber::parse(number).ok())
        .collect()
}

/// The members of these applications.
pub(crate) fn named_by<'a>(
    applications: impl IntoIterator<Item = &'a str>,
) -> BTreeSet<MemberNumber> {
    let applications = applications.into_iter();
    applications
        .filter_map(|id| ApplicationId::parse(id).ok())
        .map(|id| id.member)
        .collect()
}

/// Writes down that somebody was refused. That it could not be written changes nothing for who was refused.
pub(super) async fn note_refusal(service: &Service, identity: &Identity) {
    let command = AccessCommand::Refuse(identity.viewing(service, None));
    if let Err(NotNoted(error)) =
        write(service, &Whose::Everybody, command, identity.request()).await
    {
        tracing::error!(%error, "the access log can not be written: a refusal has no entry");
    }
}

/// Writes an event of one who comes in, or an entry.
pub(super) async fn write(
    service: &Service,
    whose: &Whose,
    command: AccessCommand,
    request: Uuid,
) -> Result<Receipt, NotNoted> {
    // Each looking is one of its own: only time folds them.
    let call = Call::once(command.actor().clone(), Uuid::new_v4(), request);
    write_as(service, whose, command, call).await
}

/// The same for a call that may be repeated.
pub(super) async fn write_as(
    service: &Service,
    whose: &Whose,
    command: AccessCommand,
    call: Call,
) -> Result<Receipt, NotNoted> {
    let mut attempts = 1;
    loop {
        match service
            .note_access(whose, command.clone(), call.clone())
            .await
        {
            Err(ExecuteError::Conflict) if attempts < ATTEMPTS => attempts += 1,
            noted => return noted.map_err(NotNoted),
        }
    }
}

impl Identity {
    /// That this person looks at something at this moment.
    pub(crate) fn viewing(&self, service: &Service, application: Option<ApplicationId>) -> Viewing {
        Viewing {
            viewer: self.actor().clone(),
            operation: self.operation().to_owned(),
            application,
            viewed_at: service.clock.now(),
        }
    }
}

/// The number of the last entry about a member.
///
/// # Errors
/// The log.
pub async fn last_entry(service: &Service, whose: &Whose) -> Result<i64, eventstore::Error> {
    let loaded = service
        .log
        .load::<domain::access::Access>(&whose.id(), upcasters)
        .await?;
    Ok(loaded.map_or(0, |loaded| loaded.sequence))
}

/// Where 申請一覧 is.
const LISTS: [&str; 3] = [
    "/api/v1/applications",
    "/desk/applications",
    "/desk/applications.csv",
];

/// What was looked at, in words for the member whose data it was: that they stood among what waits for a second person would tell of a
/// decision before there is one, and an act on many by its name as well.
pub fn subject_to_member(operation: &str) -> &'static str {
    match subject(operation) {
        BULK | APPROVALS => "申請一覧",
        other => other,
    }
}

/// 一括処理, as a thing that was looked at.
const BULK: &str = "一括処理";

/// 承認待ち, as a thing that was looked at.
const APPROVALS: &str = "承認待ち";

/// What was looked at, in words for the secretariat.
pub fn subject(operation: &str) -> &'static str {
    let (_, path) = operation.split_once(' ').unwrap_or_default();
    let below = path
        .split_once("/applications/{id}/")
        .map_or("", |(_, below)| below);
    let (first, rest) = below.split_once('/').unwrap_or((below, ""));
    let document = rest.split('/').next().unwrap_or_default();
    match (first, DocumentKind::from_slug(document)) {
        ("documents", Some(document)) => document.title(),
        ("documents", None) => "申請書類一覧",
        ("history", _) => "変更履歴",
        ("requirements", _) => "申請完了要件",
        ("submissions", _) => "申請書（本紙）の一覧",
        ("application.pdf" | "print", _) => "申請書の印刷",
        ("payments", _) => "入金確認",
        _ if operation == PRINT => "申請書の印刷",
        _ if operation == EXPORT || path.ends_with("/audit/export") => "変更履歴の書き出し",
        _ if path.ends_with("/access-log") => "閲覧記録",
        _ if path.contains("/mails") || path.contains("/mail-templates") => "お知らせのメール",
        _ if path.contains("/imports") => "取込",
        _ if path.contains("/bulk") => BULK,
        _ if path == "/" || path.starts_with("/desk/approvals") => APPROVALS,
        _ if path == "/desk/history" => "変更履歴（全体）",
        _ if LISTS.contains(&path) => "申請一覧",
        _ if path.ends_with("/payments") || path.contains("/payments/") => "入金",
        _ if path.contains("/report-") || path.contains("/reports/") => "集計の一覧",
        _ if path.contains("/members/{member}") => "セミナーの出欠",
        _ => "お申込みの状況",
    }
}

/// What `shinsei print` does, in the log.
pub const PRINT: &str = "shinsei print";

/// What `shinsei export-history` does, in the log.
pub const EXPORT: &str = "shinsei export-history";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_is_told_in_words_of_the_screens() {
        for (operation, said) in [
            ("GET /api/v1/applications/{id}", "お申込みの状況"),
            ("GET /api/v1/applications/{id}/documents", "申請書類一覧"),
            (
                "GET /api/v1/applications/{id}/documents/profile",
                "プロフィール",
            ),
            (
                "GET /api/v1/applications/{id}/documents/papers/rows",
                DocumentKind::Papers.title(),
            ),
            ("GET /api/v1/applications/{id}/history", "変更履歴"),
            (
                "HEAD /api/v1/applications/{id}/application.pdf",
                "申請書の印刷",
            ),
            ("GET /api/v1/access-log", "閲覧記録"),
            ("GET /api/v1/applications", "申請一覧"),
            ("GET /desk/applications.csv", "申請一覧"),
            ("GET /desk/bulk/{run}", "一括処理"),
            ("GET /desk/approvals", "承認待ち"),
            ("GET /", "承認待ち"),
            ("POST /api/v1/report-exports", "集計の一覧"),
            ("GET /api/v1/mails/{mail}", "お知らせのメール"),
            (PRINT, "申請書の印刷"),
            ("GET /api/v1/audit/export", "変更履歴の書き出し"),
            (EXPORT, "変更履歴の書き出し"),
        ] {
            assert_eq!(subject(operation), said, "{operation}");
        }
        for waits in ["GET /", "GET /desk/approvals", "GET /desk/bulk/{run}"] {
            assert_eq!(subject_to_member(waits), "申請一覧", "{waits}");
        }
        assert_eq!(subject_to_member(PRINT), "申請書の印刷");
    }
}
