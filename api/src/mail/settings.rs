//! How mails are to leave, and in whose name.

use super::{
    Letterhead, Post,
    letter::NoSender,
    post::{NoServer, in_the_clear},
};
use crate::config::MailArguments;

/// In whose name mails are kept in the folder when nothing is set: a domain that nobody can have.
const NOBODY: &str = "事務局 <no-reply@shinsei.invalid>";

/// How mails leave.
#[derive(Clone)]
pub struct MailSettings {
    /// In whose name.
    pub from: Letterhead,
    /// How.
    pub post: Post,
}

/// A password may be in the address of the server.
impl std::fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailSettings")
            .field("from", &self.from)
            .field("post", &self.post.as_str())
            .finish()
    }
}

/// Why mails could not leave as configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailSettingsError {
    /// Whoever receives a mail must see whose it is.
    #[error("SHINSEI_SMTP_URL needs SHINSEI_MAIL_FROM: mails are sent in somebody's name")]
    NoFrom,
    /// The sender.
    #[error("SHINSEI_MAIL_FROM: {0}")]
    From(NoSender),
    /// The server.
    #[error("SHINSEI_SMTP_URL: {0}")]
    Server(NoServer),
    /// A server elsewhere, without TLS.
    #[error(
        "SHINSEI_SMTP_URL: mails, and the password of the mail server, would travel in the clear: smtp:// is for a server on this machine alone, use \
         smtps:// or smtp+starttls://"
    )]
    InTheClear,
}

impl MailSettings {
    /// What was set, with the folder where there is no server.
    ///
    /// # Errors
    /// See [`MailSettingsError`].
    pub fn read(arguments: &MailArguments) -> Result<Self, MailSettingsError> {
        let told = arguments.mail_from.as_deref();
        let from = Letterhead::parse(told.unwrap_or(NOBODY)).map_err(MailSettingsError::From)?;
        let post = match &arguments.smtp_url {
            Some(url) => {
                // What is wrong with the address itself comes first.
                let post = Post::smtp(url, &from).map_err(MailSettingsError::Server)?;
                if in_the_clear(url) {
                    return Err(MailSettingsError::InTheClear);
                }
                if told.is_none() {
                    return Err(MailSettingsError::NoFrom);
                }
                post
            }
            None => Post::Folder(arguments.mail_folder.clone()),
        };
        Ok(Self { from, post })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn read(smtp_url: Option<&str>, mail_from: Option<&str>) -> Result<&'static str, String> {
        let arguments = MailArguments {
            smtp_url: smtp_url.map(str::to_owned),
            smtp_url_file: None,
            mail_from: mail_from.map(str::to_owned),
            mail_folder: "data/mail".into(),
        };
        MailSettings::read(&arguments)
            .map(|settings| settings.post.as_str())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_settings_nothing_leaves_the_machine() {
        assert_eq!(read(None, None), Ok("folder"));
        assert_eq!(read(None, Some("shinsei@example.jp")), Ok("folder"));
    }

    #[test]
    fn a_server_needs_a_sender_and_no_error_repeats_a_password() {
        let from = Some("事務局 <shinsei@example.jp>");
        assert_eq!(
            read(Some("smtps://u:secret@mail.example.jp"), from),
            Ok("smtp")
        );
        for (url, from) in [
            ("smtps://u:secret@mail.example.jp", None),
            ("imap://u:secret@mail.example.jp", from),
            ("smtps://u:secret@mail.example.jp", Some("nobody")),
            ("smtp://u:secret@mail.example.jp", from),
        ] {
            let error = read(Some(url), from).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
        // The address itself comes first, and nothing is said twice.
        let error = read(Some("http://x"), None).unwrap_err();
        assert!(
            error.starts_with("SHINSEI_SMTP_URL: the mail server"),
            "{error}"
        );
        let source = |from| MailSettingsError::From(from).source().is_none();
        assert!(source(NoSender));
    }
}
