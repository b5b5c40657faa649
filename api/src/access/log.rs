//! 閲覧記録: what is shown of a member to somebody else is written down before it is shown, and what was refused.

use domain::{
    access::{AccessCommand, AccessRefusal, Viewing, Whose},
    documents::DocumentKind,
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

/// Writes down that somebody was refused. That it could not be written changes nothing for who was refused.
pub(super) async fn note_refusal(service: &Service, identity: &Identity) {
    let command = AccessCommand::Refuse(identity.viewing(service, None));
    if let Err(NotNoted(error)) =
        write(service, &Whose::Everybody, command, identity.request()).await
    {
        tracing::error!(%error, "the access log can not be written: a refusal has no entry");
    }
}

async fn write(
    service: &Service,
    whose: &Whose,
    command: AccessCommand,
    request: Uuid,
) -> Result<Receipt, NotNoted> {
    let (AccessCommand::View(viewing) | AccessCommand::Refuse(viewing)) = &command;
    let mut attempts = 1;
    loop {
        let call = Call {
            actor: viewing.viewer.clone(),
            // Each looking is one of its own: only time folds them.
            command_id: Uuid::new_v4(),
            request_hash: [0; 32],
            correlation_id: request,
            causation_id: None,
            reason: None,
        };
        match service.note_access(whose, command.clone(), call).await {
            Err(ExecuteError::Conflict) if attempts < ATTEMPTS => attempts += 1,
            noted => return noted.map_err(NotNoted),
        }
    }
}

impl Identity {
    /// That this person looks at something at this moment.
    pub(crate) fn viewing(
        &self,
        service: &Service,
        application: Option<domain::application::ApplicationId>,
    ) -> Viewing {
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
        .load::<domain::access::Access>(whose.id(), upcasters)
        .await?;
    Ok(loaded.map_or(0, |loaded| loaded.sequence))
}

/// What was looked at, in words for members and the secretariat.
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
            ("GET /api/v1/mails/{mail}", "お知らせのメール"),
            (PRINT, "申請書の印刷"),
            ("GET /api/v1/audit/export", "変更履歴の書き出し"),
            (EXPORT, "変更履歴の書き出し"),
        ] {
            assert_eq!(subject(operation), said, "{operation}");
        }
    }
}
