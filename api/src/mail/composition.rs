//! A mail as it is written: the current template with the words of the occasion.

use domain::{
    application::{ApplicationEvent, ApplicationState},
    member::MemberRecord,
    notice::{NoticeKind, Placeholder, Words, words},
    program::Program,
};
use jiff::Timestamp;

use super::{Templates, Text, render};
use crate::service::Service;

/// What is written about.
pub(super) struct Occasion<'a> {
    /// Which mail.
    pub kind: NoticeKind,
    /// The application after the event.
    pub state: &'a ApplicationState,
    /// The event; none for a reminder.
    pub event: Option<&'a ApplicationEvent>,
    /// Its program.
    pub program: &'a Program,
    /// When.
    pub at: Timestamp,
}

/// Why a mail could not be written.
#[derive(Debug, thiserror::Error)]
pub enum CompositionError {
    /// The log.
    #[error(transparent)]
    Log(#[from] eventstore::Error),
    /// The templates.
    #[error("the templates of mails can not be read")]
    Templates(#[from] sqlx::Error),
    /// What comes with the program is broken; a test writes a mail of every kind.
    #[error("the template of {0} that comes with the program can not be used")]
    Original(&'static str),
}

/// Writes mails.
#[derive(Clone)]
pub(super) struct Composer {
    service: Service,
    templates: Templates,
    link: Option<String>,
}

impl Composer {
    /// With the address of the service, where there is one.
    pub fn new(service: Service, link: Option<String>) -> Self {
        Self {
            templates: Templates::new(service.log.clone()),
            service,
            link,
        }
    }

    /// The words of an occasion.
    pub async fn words(&self, occasion: &Occasion<'_>) -> Result<Words, eventstore::Error> {
        let member = self.service.member(&occasion.state.member).await?;
        let record: &MemberRecord = member
            .as_ref()
            .and_then(|member| member.record.as_ref())
            .unwrap_or(&occasion.state.record);
        let mut words = words(
            occasion.kind,
            occasion.state,
            occasion.event,
            (occasion.program, record),
            occasion.at,
        );
        words.insert(
            Placeholder::Link.name(),
            self.link.clone().unwrap_or_default(),
        );
        Ok(words)
    }

    /// Version of the template, and the text.
    ///
    /// A version that was saved and cannot be used after all (made under another version of the software) is passed over for the one that
    /// comes with the program: a mail in plain words is better than none.
    pub async fn compose(&self, occasion: &Occasion<'_>) -> Result<(u32, Text), CompositionError> {
        let words = self.words(occasion).await?;
        let current = self.templates.current(occasion.kind).await?;
        if let Ok(mut text) = render(&current.text, &words) {
            // A text that was edited before there was 会員への説明 has no place for it, and the member is told all the same.
            let told = words.get(Placeholder::Explanation.name());
            if let Some(told) = told.filter(|told| !text.body.contains(told.as_str())) {
                text.body = format!("{}\n【事務局からの説明】\n{told}\n", text.body);
            }
            return Ok((current.version, text));
        }
        let kind = occasion.kind.as_str();
        tracing::error!(
            kind,
            version = current.version,
            "a template can not be used; the one that comes with the program is"
        );
        render(&Templates::original(occasion.kind), &words)
            .map(|text| (0, text))
            .map_err(|_| CompositionError::Original(kind))
    }
}
