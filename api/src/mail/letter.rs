//! A mail as it travels: headers, encoded words, one address.

use std::time::SystemTime;

use domain::text::MailAddress;
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Mailbox,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use super::Text;

/// In whose name mails are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letterhead {
    mailbox: Mailbox,
}

/// A text that names no sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sender of mails is an address, or a name and an address: 事務局 <shinsei@example.jp>")]
pub struct NoSender;

impl Letterhead {
    /// Reads `事務局 <shinsei@example.jp>` or `shinsei@example.jp`.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, NoSender> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|it| it.rsplit_once('<')) {
            Some((name, address)) => (Some(name.trim().trim_matches('"')), address),
            None => (None, text),
        };
        if name.is_some_and(|name| name.chars().any(char::is_control)) {
            return Err(NoSender);
        }
        let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        Ok(Self {
            mailbox: Mailbox::new(name, address_of(address).ok_or(NoSender)?),
        })
    }

    /// The part of its address behind the @.
    pub fn domain(&self) -> &str {
        self.mailbox.email.domain()
    }
}

/// An address that mail can be sent to, as RFC 5321 writes it. What is none (two addresses, letters that SMTP does not carry) never gets into
/// a header, nor does anything that stood around it.
pub(super) fn address_of(text: &str) -> Option<Address> {
    let address = MailAddress::parse(text).ok()?;
    Address::new(address.local(), address.domain()).ok()
}

/// Why a mail could not be put together.
#[derive(Debug, thiserror::Error)]
#[error("the mail can not be put together")]
pub(super) struct Unwritable(#[from] lettre::error::Error);

/// The mail under its id: sent twice after a crash, it is the same message to whoever receives it.
pub(super) fn letter(
    id: Uuid,
    text: &Text,
    from: &Letterhead,
    to: &Address,
) -> Result<Message, Unwritable> {
    // RFC 3834: so that no absence note answers.
    let automatic = HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    );
    // Said, and not read out of the headers again: that reader does not know quoted local parts.
    let envelope = Envelope::new(Some(from.mailbox.email.clone()), vec![to.clone()])?;
    Ok(Message::builder()
        .envelope(envelope)
        .message_id(Some(message_id(id, from)))
        .date(SystemTime::now())
        .from(from.mailbox.clone())
        // The address alone: who it is need not stand in the clear on the way.
        .to(Mailbox::new(None, to.clone()))
        .subject(text.subject.as_str())
        .raw_header(automatic)
        .header(ContentType::TEXT_PLAIN)
        .header(ContentTransferEncoding::Base64)
        .body(text.body.clone())?)
}

/// `<id@domain>`
fn message_id(id: Uuid, from: &Letterhead) -> String {
    format!("<{id}@{}>", from.domain())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(subject: &str, body: &str) -> String {
        let from = Letterhead::parse("日本臨床学会 事務局 <shinsei@example.jp>").unwrap();
        let text = Text {
            subject: subject.to_owned(),
            body: body.to_owned(),
        };
        let to = address_of(" yoko@example.jp ").unwrap();
        let message = letter(Uuid::from_u128(7), &text, &from, &to).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn a_japanese_mail_travels_in_ascii_lines_of_a_legal_length() {
        let mail = written(
            &"とても長い件名のお知らせ".repeat(10),
            &"臨床 瘍子 様\n".repeat(200),
        );
        assert!(mail.is_ascii());
        // 998 is the law, 78 the custom; the name of the sender and its address stay on one line.
        let long: Vec<_> = mail.lines().filter(|line| line.len() > 100).collect();
        assert!(long.is_empty(), "{long:?}");
        assert!(mail.contains("Message-ID: <00000000-0000-0000-0000-000000000007@example.jp>"));
        assert!(mail.contains("Auto-Submitted: auto-generated"));
        assert!(mail.contains("Content-Type: text/plain; charset=utf-8"));
        assert!(mail.contains("\r\nTo: yoko@example.jp\r\n"));
    }

    #[test]
    fn c04_an_address_that_carriers_gave_out_is_quoted_and_a_dressed_up_one_is_sent_to() {
        let from = Letterhead::parse("shinsei@example.jp").unwrap();
        let text = Text {
            subject: "件名".to_owned(),
            body: "本文".to_owned(),
        };
        for (written, sent_to) in [
            ("taro.@docomo.ne.jp", "\"taro.\"@docomo.ne.jp"),
            (".taro@ezweb.ne.jp", "\".taro\"@ezweb.ne.jp"),
            ("ta..ro@ezweb.ne.jp", "\"ta..ro\"@ezweb.ne.jp"),
            ("\"taro.\"@docomo.ne.jp", "\"taro.\"@docomo.ne.jp"),
            ("taro@example.jp\u{200B}", "taro@example.jp"),
            ("山田太郎 <taro@example.jp>", "taro@example.jp"),
            ("mailto:taro@example.jp", "taro@example.jp"),
        ] {
            let to = address_of(written).unwrap();
            let message = letter(Uuid::from_u128(7), &text, &from, &to).unwrap();
            assert_eq!(message.envelope().to(), [to], "{written}");
            let mail = String::from_utf8(message.formatted()).unwrap();
            let header = format!("\r\nTo: {sent_to}\r\n");
            assert!(mail.contains(&header), "{written}: {mail}");
        }
    }

    #[test]
    fn no_header_can_be_smuggled_in() {
        let mail = written("件名\r\nBcc: everybody@example.jp", "本文");
        let (head, _) = mail.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        for bad in [
            "",
            "yoko",
            "yoko@example.jp\r\nBcc: x@example.jp",
            "yoko@example.jp,x@example.jp",
            "yoko@example.jp x@example.jp",
            "瘍子@example.jp",
            "yoko@例え.jp",
        ] {
            assert_eq!(address_of(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_sender_is_an_address_with_or_without_a_name() {
        assert_eq!(
            Letterhead::parse("shinsei@example.jp").unwrap().domain(),
            "example.jp"
        );
        assert_eq!(
            Letterhead::parse("事務局 <shinsei@example.jp>"),
            Letterhead::parse("\"事務局\" <shinsei@example.jp>")
        );
        for bad in ["", "事務局", "事務局 <>", "a\nb <shinsei@example.jp>"] {
            assert_eq!(Letterhead::parse(bad), Err(NoSender), "{bad:?}");
        }
    }
}
