//! Clients: one thread and one connection each, HTTP/1.1 by hand, so that they cost next to nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::Outcome;
use crate::figures::ms;

/// A page that somebody asks for.
pub struct Request {
    pub path: String,
    /// Name and value.
    pub cookie: String,
}

/// How the requests come.
#[derive(Clone)]
pub enum Load {
    /// So many in a second over all connections, evenly.
    Thinking { rate: u32, time: Duration },
    /// Each connection asks as soon as it is answered.
    Closed(Duration),
}

/// An answer with 200.
pub struct Answer {
    /// Place among the requests of a connection.
    pub screen: usize,
    /// From writing the request to the last byte.
    pub ms: f64,
    /// `X-Request-Id`
    pub number: Option<Uuid>,
}

struct Connection {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
}

/// Head and body as they came.
struct Received {
    status: u16,
    number: Option<Uuid>,
    body: Vec<u8>,
}

impl Connection {
    fn open(host: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self {
            stream: BufReader::new(stream),
            host,
        })
    }

    fn get(&mut self, screen: usize, request: &Request, compressed: bool) -> Outcome<Received> {
        let encoding = if compressed {
            "gzip, deflate, br"
        } else {
            "identity"
        };
        // In one piece, as a browser sends it.
        let head = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nAccept: text/html\r\nAccept-Encoding: {encoding}\r\n{}: {screen}\r\n\r\n",
            request.path,
            self.host,
            request.cookie,
            super::bare::SCREEN,
        );
        self.stream.get_mut().write_all(head.as_bytes())?;
        let mut status = 0;
        let mut number = None;
        let mut length = None;
        let mut chunked = false;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if status == 0 {
                status = line.split(' ').nth(1).unwrap_or_default().parse()?;
                continue;
            }
            let (name, value) = line.split_once(": ").ok_or("a head that is none")?;
            match name {
                "content-length" => length = Some(value.parse()?),
                "transfer-encoding" => chunked = value == "chunked",
                "x-request-id" => number = Some(Uuid::parse_str(value)?),
                _ => {}
            }
        }
        let body = match length {
            Some(length) => self.exactly(length)?,
            None if chunked => self.chunks()?,
            None => return Err("a body without a length".into()),
        };
        Ok(Received {
            status,
            number,
            body,
        })
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err("the service hung up".into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn exactly(&mut self, length: usize) -> Outcome<Vec<u8>> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    fn chunks(&mut self) -> Outcome<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let length = usize::from_str_radix(&self.line()?, 16)?;
            body.extend(self.exactly(length)?);
            self.line()?;
            if length == 0 {
                return Ok(body);
            }
        }
    }
}

/// Status and body of one request on a connection of its own.
pub fn once(
    host: SocketAddr,
    screen: usize,
    request: &Request,
    compressed: bool,
) -> Outcome<(u16, Vec<u8>)> {
    let received = Connection::open(host)?.get(screen, request, compressed)?;
    Ok((received.status, received.body))
}

/// What one connection does from a moment on.
fn client(
    place: usize,
    connection: &mut Connection,
    requests: &[Vec<Request>],
    load: &Load,
    start: Instant,
) -> Outcome<Vec<Answer>> {
    let connections = u32::try_from(requests.len())?;
    let mut answers = Vec::new();
    for turn in 0.. {
        // Of all requests in their order it is this one's turn every so often; each takes the next screen.
        let tick = u32::try_from(place)? + turn * connections;
        match load {
            Load::Thinking { rate, time } => {
                let at = Duration::from_secs(u64::from(tick)) / *rate;
                if at >= *time {
                    break;
                }
                thread::sleep((start + at).saturating_duration_since(Instant::now()));
            }
            Load::Closed(time) => {
                if start.elapsed() >= *time {
                    break;
                }
                thread::sleep(start.saturating_duration_since(Instant::now()));
            }
        }
        let own = &requests[place];
        let screen = usize::try_from(tick)? % own.len();
        let asked = Instant::now();
        let received = connection.get(screen, &own[screen], true)?;
        let took = ms(asked.elapsed());
        if received.status != 200 {
            return Err(
                format!("{} is answered with {}", own[screen].path, received.status).into(),
            );
        }
        answers.push(Answer {
            screen,
            ms: took,
            number: received.number,
        });
    }
    Ok(answers)
}

/// Puts a load on a service and returns all answers.
pub fn run(
    host: SocketAddr,
    requests: &Arc<Vec<Vec<Request>>>,
    load: &Load,
) -> Outcome<Vec<Answer>> {
    let mut connections = Vec::new();
    for _ in 0..requests.len() {
        connections.push(Connection::open(host)?);
    }
    // A little later, when every thread is there.
    let start = Instant::now() + Duration::from_millis(100);
    let threads: Vec<_> = connections
        .into_iter()
        .enumerate()
        .map(|(place, mut connection)| {
            let (requests, load) = (Arc::clone(requests), load.clone());
            thread::spawn(move || client(place, &mut connection, &requests, &load, start))
        })
        .collect();
    let mut answers = Vec::new();
    for thread in threads {
        answers.extend(thread.join().map_err(|_| "a client panicked")??);
    }
    Ok(answers)
}
