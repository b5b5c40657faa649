//! Mail addresses as systems keep them: with a name around, with signs that nobody sees, and as mobile carriers once gave them out.

use super::half_width;

/// Most characters before and behind the @ (RFC 5321, 4.5.3.1).
const LOCAL_LIMIT: usize = 64;
const DOMAIN_LIMIT: usize = 253;
const LABEL_LIMIT: usize = 63;

/// An address that mail can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAddress {
    /// Before the @, without quotation marks.
    local: String,
    domain: String,
}

/// Why no mail can be sent to an entry. It never carries what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMailable {
    /// Nothing stands there.
    #[error("no mail address")]
    Missing,
    /// More than one address: which of them is not for us to choose.
    #[error("more than one mail address")]
    Several,
    /// No address, or one with characters that SMTP does not carry.
    #[error("not a mail address")]
    Unreadable,
}

impl NotMailable {
    /// The word for the secretariat.
    pub fn label(self) -> &'static str {
        match self {
            Self::Missing => "メールアドレスの登録がありません",
            Self::Several => "メールアドレスが2つ以上登録されています",
            Self::Unreadable => "メールアドレスとして使用できません",
        }
    }
}

impl MailAddress {
    /// Reads an address, whatever it is dressed up with ([`undressed`]).
    ///
    /// # Errors
    /// See [`NotMailable`].
    pub fn parse(text: &str) -> Result<Self, NotMailable> {
        let text = undressed(text);
        if text.is_empty() {
            return Err(NotMailable::Missing);
        }
        let unreadable = match ats(&text) {
            0 | 1 => NotMailable::Unreadable,
            _ => NotMailable::Several,
        };
        let (local, domain) = text.rsplit_once('@').ok_or(unreadable)?;
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        let local = match local.strip_prefix('"').and_then(|it| it.strip_suffix('"')) {
            Some(quoted) => unescaped(quoted),
            None if local.chars().all(|c| c == '.' || is_atom(c)) => Some(local.to_owned()),
            None => None,
        };
        let local = local.filter(|local| (1..=LOCAL_LIMIT).contains(&local.len()));
        match local {
            Some(local) if is_domain(domain) => Ok(Self {
                local,
                domain: domain.to_owned(),
            }),
            _ => Err(unreadable),
        }
    }

    /// The part before the @ as it travels: quoted where RFC 5321 asks for it, as for the `taro.` that carriers gave out until 2009.
    pub fn local(&self) -> String {
        let mut parts = self.local.split('.');
        if parts.all(|part| !part.is_empty() && part.chars().all(is_atom)) {
            return self.local.clone();
        }
        let mut quoted = String::with_capacity(self.local.len() + 2);
        quoted.push('"');
        for c in self.local.chars() {
            if matches!(c, '"' | '\\') {
                quoted.push('\\');
            }
            quoted.push(c);
        }
        quoted.push('"');
        quoted
    }

    /// The part behind the @.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The same for every way of writing one mailbox.
    pub fn key(&self) -> String {
        format!("{}@{}", self.local, self.domain).to_ascii_lowercase()
    }
}

/// The address alone: without signs that are not seen (U+200B), `mailto:`, a label, a name or brackets around it. What is no single address
/// stays as it is.
pub fn undressed(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let mut address = half_width(&visible);
    loop {
        let undressed = undressed_once(&address);
        if undressed == address {
            return address;
        }
        address = undressed;
    }
}

fn undressed_once(text: &str) -> String {
    let text = text.trim().trim_matches([',', ';', '、', '。']).trim();
    for (open, close) in [
        ('"', '"'),
        ('\'', '\''),
        ('「', '」'),
        ('“', '”'),
        ('[', ']'),
        ('(', ')'),
    ] {
        let inside = text
            .strip_prefix(open)
            .and_then(|it| it.strip_suffix(close));
        if let Some(inside) = inside.filter(|it| ats(it) == 1 && !it.contains([open, close])) {
            return inside.to_owned();
        }
    }
    if let Some((label, rest)) = text.split_once(':')
        && !label.contains(['@', '"', '<'])
        && rest.contains('@')
    {
        let is_link = label.trim().eq_ignore_ascii_case("mailto");
        let address = rest.split_once('?').filter(|_| is_link);
        return address.map_or(rest, |(address, _)| address).to_owned();
    }
    if let Some((before, rest)) = text.rsplit_once('<')
        && let Some((inside, behind)) = rest.split_once('>')
        && ats(inside) == 1
    {
        let around = [before, behind].map(|it| it.trim().trim_matches('"').trim());
        if around.iter().all(|it| ats(it) == 0 || *it == inside.trim()) {
            return inside.to_owned();
        }
    }
    if let Some((rest, comment)) = text.strip_suffix(')').and_then(|it| it.rsplit_once('('))
        && ats(comment) == 0
        && ats(rest) == 1
    {
        return rest.to_owned();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.len() > 1 && ats(text) == 1 && !text.starts_with('"') {
        // A name beside it; a blank at the @ is a slip of the hand.
        let joined = words
            .iter()
            .any(|word| word.starts_with('@') || word.ends_with('@'));
        if joined {
            let close = words.join(" ").replace(" @", "@").replace("@ ", "@");
            return close;
        }
        // Words of the letters of an address may be parts of it, as a blank is typed for a `_`: to cut them off would be to write to somebody else.
        let is_part = |word: &&str| word.chars().all(|c| c == '.' || is_atom(c));
        let (addresses, others): (Vec<&str>, Vec<&str>) =
            words.into_iter().partition(|word| word.contains('@'));
        if let [address] = addresses.as_slice()
            && !others.iter().any(is_part)
        {
            return (*address).to_owned();
        }
    }
    text.to_owned()
}

/// How many @ stand outside quotation marks.
fn ats(text: &str) -> usize {
    let mut quoted = false;
    let mut number = 0;
    let mut escaped = false;
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '@' if !quoted => number += 1,
            _ => {}
        }
    }
    number
}

/// What is between the quotation marks of a local part.
fn unescaped(quoted: &str) -> Option<String> {
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(c) = characters.next() {
        let c = match c {
            '\\' => characters.next()?,
            '"' => return None,
            other => other,
        };
        if !matches!(c, ' '..='~') {
            return None;
        }
        text.push(c);
    }
    Some(text)
}

fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=LABEL_LIMIT).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.len() <= DOMAIN_LIMIT && domain.contains('.') && domain.split('.').all(label)
}

/// Characters without a form of their own, which copying brings along: zero width, marks of direction, a soft hyphen, the mark of byte order.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<String, NotMailable> {
        MailAddress::parse(text).map(|address| format!("{}@{}", address.local(), address.domain()))
    }

    #[test]
    fn addresses_of_old_mobile_carriers_are_quoted() {
        for (text, expected) in [
            ("taro.@docomo.ne.jp", "\"taro.\"@docomo.ne.jp"),
            ("taro..y@docomo.ne.jp", "\"taro..y\"@docomo.ne.jp"),
            (".taro@ezweb.ne.jp", "\".taro\"@ezweb.ne.jp"),
            ("\"taro.\"@docomo.ne.jp", "\"taro.\"@docomo.ne.jp"),
            ("\"a\\\"b\"@example.jp", "\"a\\\"b\"@example.jp"),
            ("\"taro\"@example.jp", "taro@example.jp"),
            ("taro.y@example.jp", "taro.y@example.jp"),
            ("taro/y+x=1@softbank.ne.jp", "taro/y+x=1@softbank.ne.jp"),
        ] {
            assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
        }
        let key = |text| MailAddress::parse(text).unwrap().key();
        assert_eq!(key("Taro.@Docomo.ne.jp"), key("\"taro.\"@docomo.ne.jp"));
    }

    #[test]
    fn what_an_address_is_dressed_up_with_is_taken_off() {
        for text in [
            "taro@example.jp\u{200B}",
            "\u{FEFF}taro@example.jp",
            "\u{202A}taro@example.jp\u{202C}",
            "mailto:taro@example.jp",
            "MAILTO:taro@example.jp?subject=x",
            "山田太郎 <taro@example.jp>",
            "\"山田 太郎\" <taro@example.jp>",
            "山田太郎＜taro@example.jp＞",
            "<taro@example.jp>",
            "<mailto:taro@example.jp>",
            "taro@example.jp (山田太郎)",
            "taro@example.jp（自宅）",
            "山田太郎　taro@example.jp",
            "(株)検査 taro@example.jp",
            "taro@example.jp 山田",
            "taro@example.jp;",
            "taro@example.jp、",
            "'taro@example.jp'",
            "\"taro@example.jp\"",
            "「taro@example.jp」",
            "E-mail: taro@example.jp",
            "メール：taro@example.jp",
            "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ",
            "taro @example.jp",
            "taro@example.jp.",
            "taro@example.jp <taro@example.jp>",
        ] {
            assert_eq!(written(text).as_deref(), Ok("taro@example.jp"), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_written_to_is_told_from_what_can() {
        for (text, expected) in [
            ("", NotMailable::Missing),
            (" \u{200B}", NotMailable::Missing),
            ("taro@example.jp；hanako@example.jp", NotMailable::Several),
            ("taro@example.jp,hanako@example.jp", NotMailable::Several),
            ("taro@example.jp hanako@example.jp", NotMailable::Several),
            ("taro@example.jp\r\nBcc: x@example.jp", NotMailable::Several),
            ("taro", NotMailable::Unreadable),
            ("taro@", NotMailable::Unreadable),
            ("@example.jp", NotMailable::Unreadable),
            ("taro@localhost", NotMailable::Unreadable),
            ("taro@-example.jp", NotMailable::Unreadable),
            ("taro@exa mple.jp", NotMailable::Unreadable),
            ("suzuki 21@example.jp", NotMailable::Unreadable),
            ("taro yamada@example.jp", NotMailable::Unreadable),
            ("yamada taro@example.jp 山田", NotMailable::Unreadable),
            ("taro@example.jp jp", NotMailable::Unreadable),
            ("太郎@example.jp", NotMailable::Unreadable),
            ("taro@例え.jp", NotMailable::Unreadable),
            ("ta(ro@example.jp", NotMailable::Unreadable),
            ("なし", NotMailable::Unreadable),
            ("\"\"@example.jp", NotMailable::Unreadable),
        ] {
            assert_eq!(written(text), Err(expected), "{text}");
        }
        let long = format!("{}@example.jp", "a".repeat(65));
        assert_eq!(written(&long), Err(NotMailable::Unreadable));
    }
}
