//! A mail server that keeps what it takes and answers as it is told.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::task::block_in_place;

use crate::patience::until_blocking;

/// What the server does with the next mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// 250
    Takes,
    /// Answers the recipient with this.
    Refuses(&'static str),
    /// Takes the whole mail and says nothing more: as if the sender died before the answer.
    TakesInSilence,
}

/// A mail as it was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub recipient: String,
    /// Lines with CRLF, dots unstuffed.
    pub text: String,
}

impl Taken {
    /// A header, unfolded.
    pub fn header(&self, name: &str) -> String {
        let (head, _) = self.text.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let prefix = format!("{name}: ");
        let line = head.lines().find_map(|line| line.strip_prefix(&prefix));
        line.unwrap_or_else(|| panic!("no {name} in {head}"))
            .to_owned()
    }

    /// 件名, decoded as RFC 2047 says.
    pub fn subject(&self) -> String {
        decoded(&self.header("Subject"))
    }

    /// 本文, decoded as its headers say.
    pub fn body(&self) -> String {
        assert_eq!(self.header("Content-Type"), "text/plain; charset=utf-8");
        assert_eq!(self.header("Content-Transfer-Encoding"), "base64");
        let (_, body) = self.text.split_once("\r\n\r\n").unwrap();
        let bytes = STANDARD.decode(body.replace("\r\n", "")).unwrap();
        String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
    }
}

/// Encoded words; what stands between two of them is nothing.
pub fn decoded(header: &str) -> String {
    let mut text = Vec::new();
    for word in header.split_whitespace() {
        let encoded = word
            .strip_prefix("=?utf-8?b?")
            .and_then(|word| word.strip_suffix("?="));
        if let Some(encoded) = encoded {
            text.extend(STANDARD.decode(encoded).unwrap());
        } else {
            if !text.is_empty() {
                text.push(b' ');
            }
            text.extend(word.bytes());
        }
    }
    String::from_utf8(text).unwrap()
}

#[derive(Default)]
struct Kept {
    taken: Vec<Taken>,
    /// Manners of the mails to come; then it takes.
    manners: Vec<Manner>,
}

/// The server. It ends with the test's process.
pub struct SmtpServer {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

impl SmtpServer {
    /// On a free port.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap())
    }

    pub fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            kept: Arc::default(),
        };
        let kept = Arc::clone(&server.kept);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || {
                    // A client that hangs up ends its conversation only.
                    let _ended = converse(&stream, &kept);
                });
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// What becomes of the next mails, one after another.
    pub fn will(&self, manners: &[Manner]) {
        self.kept.lock().unwrap().manners = manners.iter().rev().copied().collect();
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.kept.lock().unwrap().taken.clone()
    }

    /// Waits until so many have been taken.
    pub fn taken_at_last(&self, count: usize) -> Vec<Taken> {
        block_in_place(|| {
            until_blocking(&format!("{count} mails"), || self.taken().len() >= count);
        });
        self.taken()
    }
}

fn converse(stream: &TcpStream, kept: &Mutex<Kept>) -> std::io::Result<()> {
    let mut answers = stream;
    let mut lines = BufReader::new(stream);
    let mut say = |text: &str| answers.write_all(format!("{text}\r\n").as_bytes());
    say("220 stub")?;
    let mut recipient = String::new();
    let mut manner = Manner::Takes;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_ascii_uppercase();
        if command.starts_with("EHLO") {
            say("250-stub")?;
            say("250 8BITMIME")?;
        } else if command.starts_with("MAIL FROM:") {
            manner = kept.lock().unwrap().manners.pop().unwrap_or(Manner::Takes);
            say("250 ok")?;
        } else if command.starts_with("RCPT TO:") {
            line.trim_end().clone_into(&mut recipient);
            match manner {
                Manner::Refuses(answer) => say(answer)?,
                _ => say("250 ok")?,
            }
        } else if command == "DATA" {
            say("354 go on")?;
            let mut text = String::new();
            loop {
                let mut line = String::new();
                if lines.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                if line == ".\r\n" {
                    break;
                }
                text.push_str(line.strip_prefix('.').unwrap_or(&line));
            }
            kept.lock().unwrap().taken.push(Taken {
                recipient: recipient.clone(),
                text,
            });
            match manner {
                Manner::TakesInSilence => {
                    std::thread::sleep(Duration::from_mins(1));
                    return Ok(());
                }
                _ => say("250 queued")?,
            }
        } else if command == "QUIT" {
            return say("221 bye");
        } else {
            say("250 ok")?;
        }
    }
}
