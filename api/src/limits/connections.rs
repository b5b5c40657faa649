//! Connections: how many there are, and how long the head of a request may take. `axum::serve` knows neither, so that a few
//! clients that send a letter a second would hold all of it; what it does beside is done here as it does it.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use eventstore::CancellationToken;
use futures::{FutureExt as _, future::FusedFuture as _};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use super::{
    kept_body::keeping,
    places::{Answering, Places},
};

/// A pause when the system has no more handles for connections.
const BREATH: Duration = Duration::from_millis(100);

/// What a client may take before a request is understood.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Connections at once. One more takes the place of an idle one of whoever has most, or is closed at once.
    pub connections: usize,
    /// Connections of one peer; with proxies in front, who all are one, as many as there are.
    pub of_one_peer: usize,
    /// How long the head of a request may take, the pause before it included.
    pub head_patience: Duration,
    /// Most bytes of a head, the address among them.
    pub head_bytes: usize,
    /// Most lines of a head.
    pub head_lines: usize,
    /// How long connections are still taken after the service was told to stop: whoever asks whether it is ready sends people elsewhere
    /// meanwhile.
    pub stop_delay: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            // A hospital behind one address: two hundred browsers, each with all that a browser opens.
            of_one_peer: 1_024,
            // Longer than a browser holds a connection that it has opened ahead, shorter than anybody's patience.
            head_patience: Duration::from_secs(30),
            head_bytes: 32 * 1024,
            head_lines: 100,
            stop_delay: Duration::ZERO,
        }
    }
}

/// Answers connections until it is told to stop; then those that are being answered are finished.
///
/// # Errors
/// The listener has broken.
pub async fn serve_connections(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stop: CancellationToken,
) -> io::Result<()> {
    let places = Places::new(limits.connections, limits.of_one_peer);
    let graceful = GracefulShutdown::new();
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_patience)
        .max_headers(limits.head_lines)
        .max_buf_size(limits.head_bytes);
    let over = async {
        stop.cancelled().await;
        tokio::time::sleep(limits.stop_delay).await;
    };
    let mut over = std::pin::pin!(over.fuse());
    // What waits to be taken when the time is over has been answered by the system already: closed, it would be cut off.
    let mut waiting = limits.connections;
    loop {
        let accepted = if over.is_terminated() {
            waiting -= 1;
            match listener.accept().now_or_never() {
                Some(accepted) if waiting > 0 => accepted,
                _ => break,
            }
        } else {
            tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut over => continue,
            }
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                // Out of handles: those that are open will be closed.
                tracing::error!(%error, "a connection could not be taken");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let Some(place) = places.take(peer.ip()) else {
            metrics::counter!("shinsei_connections_refused_total").increment(1);
            continue;
        };
        let answering = place.answering();
        let connection = connection(&protocol, stream, peer, router.clone(), &answering);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let needed = place.needed();
            tokio::pin!(connection);
            tokio::select! {
                // A connection that breaks concerns nobody but who is at its other end.
                _ = &mut connection => {}
                () = needed.cancelled() => {
                    // Something was asked on it at the same moment: that is answered.
                    if answering.load(Ordering::Relaxed) > 0 {
                        let _ended = connection.await;
                    }
                }
            }
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
    Ok(())
}

/// One connection, with the peer's address on each of its requests.
fn connection(
    protocol: &http1::Builder,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    answering: &Arc<AtomicUsize>,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send + use<> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::trace!(%error, "a connection is slower than it might be");
    }
    let answering = Arc::clone(answering);
    let service = service_fn(move |request: Request<Incoming>| {
        let underway = Answering::new(Arc::clone(&answering));
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = router.clone().oneshot(request);
        async move {
            let answer = answer.await?;
            Ok::<_, std::convert::Infallible>(answer.map(|body| keeping(body, underway)))
        }
    });
    protocol.serve_connection(TokioIo::new(stream), service)
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::{extract::State, routing::get};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::Notify;

    use super::*;

    /// Longer than anything here takes that works.
    const PATIENCE: Duration = Duration::from_mins(5);

    const LIMITS: ConnectionLimits = ConnectionLimits {
        connections: 2,
        of_one_peer: 2,
        head_patience: PATIENCE,
        head_bytes: 8 * 1024,
        head_lines: 20,
        stop_delay: Duration::ZERO,
    };

    struct Serving {
        address: SocketAddr,
        stop: CancellationToken,
        task: tokio::task::JoinHandle<io::Result<()>>,
        /// An answer that takes long has begun; it ends when it is told to.
        begun: Arc<Notify>,
        end: Arc<Notify>,
    }

    async fn serving(limits: ConnectionLimits) -> Serving {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let router = Router::new()
            .route(
                "/",
                get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()),
            )
            .route(
                "/body",
                // Answers its head at once, and the rest when the body has come.
                axum::routing::post(async |body: Body| {
                    let read = async { axum::body::to_bytes(body, 100).await };
                    let said = futures::stream::once(async {
                        read.await.map(|body| [b"read ", &body[..]].concat())
                    });
                    Body::from_stream(said)
                }),
            )
            .route(
                "/slow",
                get(
                    async |State((begun, end)): State<(Arc<Notify>, Arc<Notify>)>| {
                        begun.notify_one();
                        end.notified().await;
                        "done"
                    },
                ),
            )
            .with_state((begun.clone(), end.clone()));
        let task = tokio::spawn(serve_connections(listener, router, limits, stop.clone()));
        Serving {
            address,
            stop,
            task,
            begun,
            end,
        }
    }

    /// What comes until the connection is closed.
    async fn answer(stream: &mut TcpStream) -> String {
        let mut said = Vec::new();
        // A reset closes it too.
        let _closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said))
            .await
            .expect("the connection is closed");
        String::from_utf8_lossy(&said).into_owned()
    }

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        answer(&mut stream).await
    }

    #[tokio::test]
    async fn a_request_is_answered_and_knows_its_peer() {
        let address = serving(LIMITS).await.address;
        let said = ask(
            address,
            "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        )
        .await;
        assert!(
            said.starts_with("HTTP/1.1 200") && said.ends_with("127.0.0.1"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn a_head_that_does_not_end_is_not_waited_for() {
        let limits = ConnectionLimits {
            head_patience: Duration::from_millis(300),
            ..LIMITS
        };
        let address = serving(limits).await.address;
        let began = Instant::now();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n")
            .await
            .unwrap();
        let (mut reading, mut writing) = stream.split();
        let trickle = async {
            while writing.write_all(b"x-a: b\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let mut said = Vec::new();
        let closed = async {
            let _closed = reading.read_to_end(&mut said).await;
        };
        tokio::select! {
            () = trickle => {}
            () = closed => {}
            () = tokio::time::sleep(PATIENCE) => panic!("still waiting"),
        }
        assert!(began.elapsed() >= Duration::from_millis(250));
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_or_has_too_many_lines_is_refused() {
        let address = serving(LIMITS).await.address;
        let long = format!(
            "GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n",
            "a".repeat(16 * 1024)
        );
        assert!(ask(address, &long).await.starts_with("HTTP/1.1 431"));
        let many = "x-a: b\r\n".repeat(30);
        let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n");
        assert!(ask(address, &many).await.starts_with("HTTP/1.1 431"));
    }

    #[tokio::test]
    async fn a_connection_too_many_takes_the_place_of_the_oldest_that_is_idle() {
        let address = serving(LIMITS).await.address;
        let mut first = TcpStream::connect(address).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        let request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        assert!(ask(address, request).await.starts_with("HTTP/1.1 200"));
        assert_eq!(answer(&mut first).await, "", "it was the oldest");
        second.write_all(request.as_bytes()).await.unwrap();
        assert!(answer(&mut second).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn a_connection_too_many_is_closed_where_all_are_being_answered() {
        let address = serving(LIMITS).await.address;
        let mut busy = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // A body that does not come.
            stream
                .write_all(b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n")
                .await
                .unwrap();
            let mut said = [0; 25];
            stream.read_exact(&mut said).await.unwrap();
            busy.push(stream);
        }
        let mut third = TcpStream::connect(address).await.unwrap();
        assert_eq!(answer(&mut third).await, "");
        for mut stream in busy {
            stream.write_all(b"text").await.unwrap();
            let (mut rest, mut part) = (Vec::new(), [0; 1_024]);
            while !String::from_utf8_lossy(&rest).contains("read text") {
                let read = stream.read(&mut part).await.unwrap();
                assert!(read > 0, "it was cut off");
                rest.extend(&part[..read]);
            }
        }
    }

    #[tokio::test]
    async fn what_is_being_answered_is_finished_before_the_end() {
        let serving = serving(LIMITS).await;
        let address = serving.address;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        serving.begun.notified().await;
        serving.stop.cancel();
        while TcpStream::connect(address).await.is_ok() {}
        serving.end.notify_one();
        assert!(answer(&mut stream).await.ends_with("done"));
        serving.task.await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
