//! The signed link from the member site: somebody who is signed in there comes here as the member that they are.
//!
//! `/handover?member=9000001&at=1780477200&nonce=…&signature=…`: `at` is the second in which the site made it, `nonce` 16 to 64
//! letters and digits, `signature` HMAC-SHA-256 in lower-case hexadecimal over the text `shinsei-handover-1\n<member>\n<at>\n<nonce>` under
//! a key that both sites have. It may be opened for 60 seconds and used once: what is spent is the signature itself, however it was written.
//!
//! The link shows whose it is and asks for a press before it signs anybody in: a link that somebody else slipped in would sign a
//! person in as another, and what is typed then would be another's (login CSRF). Looking changes nothing (RFC 9110, 9.2.1): programs that
//! look at links before people do spend none. The press does.

use std::{fmt, path::Path, time::Duration};

use domain::member::MemberNumber;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::Sha256;

use super::session::is_hexadecimal;

/// How long a link is good.
pub const GOOD_FOR: Duration = Duration::from_mins(1);

/// By how much the member site's clock may be ahead of ours.
const AHEAD: Duration = Duration::from_secs(5);

/// Fewest bytes of a key.
const SHORTEST_KEY: usize = 32;

/// The keys of the member site: while one takes the place of another, both are good.
#[derive(Clone)]
pub struct HandoverKeys(Vec<Vec<u8>>);

/// How many, never which.
impl fmt::Debug for HandoverKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HandoverKeys({})", self.0.len())
    }
}

/// Keys that cannot be used. What they are is not told.
#[derive(Debug, thiserror::Error)]
pub enum NoKeys {
    /// The file.
    #[error("the file of the hand-over keys can not be read")]
    Unreadable(#[source] std::io::Error),
    /// None, one that can be guessed, or a line that is none: a comment would be a key with which links are signed.
    #[error(
        "a hand-over key has at least 32 characters without blanks between them, one key in a line and nothing else, no comment either (for example: openssl \
         rand -hex 32)"
    )]
    TooShort,
}

impl HandoverKeys {
    /// Reads a file with one key in a line.
    ///
    /// # Errors
    /// See [`NoKeys`].
    pub fn read(file: &Path) -> Result<Self, NoKeys> {
        Self::parse(&std::fs::read_to_string(file).map_err(NoKeys::Unreadable)?)
    }

    /// Reads keys, one in a line.
    ///
    /// # Errors
    /// [`NoKeys::TooShort`]
    pub fn parse(text: &str) -> Result<Self, NoKeys> {
        let keys: Vec<Vec<u8>> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| line.as_bytes().to_vec())
            .collect();
        let is_key = |key: &Vec<u8>| {
            key.len() >= SHORTEST_KEY
                && !key.starts_with(b"#")
                && key.iter().all(u8::is_ascii_graphic)
        };
        if keys.is_empty() || !keys.iter().all(is_key) {
            return Err(NoKeys::TooShort);
        }
        Ok(Self(keys))
    }

    /// Whether a link is signed by one of the keys and good at a moment; whose it is then, and what is spent by using it.
    ///
    /// # Errors
    /// See [`BadLink`].
    pub fn check(&self, link: &Link, now: Timestamp) -> Result<GoodLink, BadLink> {
        let (good, made) = self.signed(link)?;
        let age = now.duration_since(made);
        let too_old = age.as_secs() >= i64::try_from(GOOD_FOR.as_secs()).unwrap_or(i64::MAX);
        let from_the_future = -age.as_secs() > i64::try_from(AHEAD.as_secs()).unwrap_or(0);
        if too_old {
            return Err(BadLink::TooOld(good.member));
        }
        if from_the_future {
            return Err(BadLink::FromTheFuture(good.member));
        }
        Ok(good)
    }

    /// What a link says when it is signed by one of the keys, whenever that was, and when it was.
    fn signed(&self, link: &Link) -> Result<(GoodLink, Timestamp), BadLink> {
        let nonce_is_one = (16..=64).contains(&link.nonce.len())
            && link.nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !nonce_is_one || !is_hexadecimal(&link.signature) {
            return Err(BadLink::Unsigned);
        }
        let signature = hex::decode(&link.signature).map_err(|_| BadLink::Unsigned)?;
        let signed = self.0.iter().any(|key| {
            // A key of any length makes an HMAC; comparing takes the same time whatever differs.
            Hmac::<Sha256>::new_from_slice(key)
                .map(|mac| mac.chain_update(link.text()))
                .is_ok_and(|mac| mac.verify_slice(&signature).is_ok())
        });
        if !signed {
            return Err(BadLink::Unsigned);
        }
        let made = Timestamp::from_second(link.at).map_err(|_| BadLink::Unsigned)?;
        let member = MemberNumber::parse(&link.member).map_err(|_| BadLink::Unsigned)?;
        Ok((GoodLink { member, signature }, made))
    }
}

/// A link that signs somebody in, unless it is spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodLink {
    /// 会員番号
    pub member: MemberNumber,
    /// What makes it this link and no other: the bytes, of which there may be more than one writing.
    pub signature: Vec<u8>,
}

/// What a link says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Link {
    /// 会員番号
    pub member: String,
    /// When it was made, in seconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    /// Makes each link another.
    pub nonce: String,
    /// HMAC-SHA-256, lower-case hexadecimal.
    pub signature: String,
}

impl Link {
    /// What is signed.
    fn text(&self) -> String {
        format!(
            "shinsei-handover-1\n{}\n{}\n{}",
            self.member, self.at, self.nonce
        )
    }
}

/// Why a link signs nobody in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadLink {
    /// By none of our keys, or something in it was changed.
    Unsigned,
    /// Too old; whose it is.
    TooOld(MemberNumber),
    /// From a clock that is ahead of ours; whose it is.
    FromTheFuture(MemberNumber),
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";
    const OLDER: &str = "fedcba9876543210fedcba9876543210";
    const NONCE: &str = "a1b2c3d4e5f6a7b8";

    /// A link as the member site makes it.
    fn signed(member: &str, at: i64, nonce: &str, key: &str) -> Link {
        let mut link = Link {
            member: member.to_owned(),
            at,
            nonce: nonce.to_owned(),
            signature: String::new(),
        };
        let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        let mac = mac.chain_update(link.text()).finalize();
        link.signature = hex::encode(mac.into_bytes());
        link
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_780_477_200).unwrap() + SignedDuration::from_secs(seconds)
    }

    fn link(key: &str) -> Link {
        signed("9000001", 1_780_477_200, NONCE, key)
    }

    #[test]
    fn a_signed_link_is_good_for_a_minute() {
        let keys = HandoverKeys::parse(KEY).unwrap();
        for seconds in [-5, 0, 59] {
            let good = keys.check(&link(KEY), at(seconds)).unwrap();
            assert_eq!(good.member.as_str(), "9000001");
            assert_eq!(hex::encode(good.signature), link(KEY).signature);
        }
        let member = || MemberNumber::parse("9000001").unwrap();
        for (seconds, refusal) in [
            (-6, BadLink::FromTheFuture(member())),
            (-3_600, BadLink::FromTheFuture(member())),
            (60, BadLink::TooOld(member())),
            (3_600, BadLink::TooOld(member())),
        ] {
            assert_eq!(keys.check(&link(KEY), at(seconds)), Err(refusal));
        }
    }

    #[test]
    fn both_keys_are_good_while_one_takes_the_place_of_the_other() {
        let keys = HandoverKeys::parse(&format!("{KEY}\n{OLDER}\n")).unwrap();
        for key in [KEY, OLDER] {
            assert!(keys.check(&link(key), at(1)).is_ok());
        }
        let keys = HandoverKeys::parse(KEY).unwrap();
        assert_eq!(keys.check(&link(OLDER), at(1)), Err(BadLink::Unsigned));
    }

    #[test]
    fn nothing_in_a_link_may_be_changed() {
        let keys = HandoverKeys::parse(KEY).unwrap();
        let good = link(KEY);
        for changed in [
            Link {
                member: "9000002".to_owned(),
                ..good.clone()
            },
            Link {
                at: good.at + 1,
                ..good.clone()
            },
            Link {
                nonce: "b1b2c3d4e5f6a7b8".to_owned(),
                ..good.clone()
            },
            Link {
                signature: "00".repeat(32),
                ..good.clone()
            },
            Link {
                signature: String::new(),
                ..good.clone()
            },
            Link {
                signature: "zz".to_owned(),
                ..good.clone()
            },
            Link {
                signature: good.signature.to_uppercase(),
                ..good.clone()
            },
        ] {
            assert_eq!(
                keys.check(&changed, at(1)),
                Err(BadLink::Unsigned),
                "{changed:?}"
            );
        }
        // Signed, but no nonce: it could be guessed.
        let short = signed("9000001", 1_780_477_200, "a", KEY);
        assert_eq!(keys.check(&short, at(1)), Err(BadLink::Unsigned));
    }

    #[test]
    fn a_key_that_can_be_guessed_is_refused_and_none_is_ever_shown() {
        for text in [
            "",
            "\n\n",
            "short",
            &format!("{KEY}\nshort"),
            &format!("# comment of the member site key here\n{KEY}"),
            &format!("#{KEY}"),
            &format!("key = {KEY}"),
            "会員サイトの鍵会員サイトの鍵会員サイトの鍵",
        ] {
            assert!(matches!(HandoverKeys::parse(text), Err(NoKeys::TooShort)));
        }
        let keys = HandoverKeys::parse(KEY).unwrap();
        assert!(!format!("{keys:?}").contains("0123"));
    }
}
