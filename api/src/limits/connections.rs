//! Connections: how many there are, and how long the head of a request may take. `axum::serve` knows neither, so that a few
//! clients that send a letter a second would hold all of it; what it does beside is done here as it does it.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
};
use eventstore::CancellationToken;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::ServiceExt as _;

/// A pause when the system has no more handles for connections.
const BREATH: Duration = Duration::from_millis(100);

/// What a client may take before a request is understood.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Connections at once; one more is closed at once.
    pub connections: usize,
    /// How long the head of a request may take, the pause before it included.
    pub head_patience: Duration,
    /// Most bytes of a head, the address among them.
    pub head_bytes: usize,
    /// Most lines of a head.
    pub head_lines: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            // Longer than a browser holds a connection that it has opened ahead, shorter than anybody's patience.
            head_patience: Duration::from_secs(30),
            head_bytes: 32 * 1024,
            head_lines: 100,
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
    let places = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_patience)
        .max_headers(limits.head_lines)
        .max_buf_size(limits.head_bytes);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
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
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            metrics::counter!("shinsei_connections_refused_total").increment(1);
            continue;
        };
        let connection = graceful.watch(connection(&protocol, stream, peer, router.clone()));
        tokio::spawn(async move {
            // A connection that breaks concerns nobody but who is at its other end.
            let _ended = connection.await;
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
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send + use<> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::trace!(%error, "a connection is slower than it might be");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
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

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const LIMITS: ConnectionLimits = ConnectionLimits {
        connections: 2,
        head_patience: Duration::from_millis(300),
        head_bytes: 8 * 1024,
        head_lines: 20,
    };

    async fn serving() -> (
        SocketAddr,
        CancellationToken,
        tokio::task::JoinHandle<io::Result<()>>,
    ) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let router = Router::new()
            .route(
                "/",
                get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()),
            )
            .route(
                "/slow",
                get(async || {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    "done"
                }),
            );
        let task = tokio::spawn(serve_connections(listener, router, LIMITS, stop.clone()));
        (address, stop, task)
    }

    /// What comes until the connection is closed.
    async fn answer(stream: &mut TcpStream) -> String {
        let mut said = Vec::new();
        // A reset closes it too.
        let _closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut said))
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
        let (address, ..) = serving().await;
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
        let (address, ..) = serving().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n")
            .await
            .unwrap();
        let began = Instant::now();
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
            () = tokio::time::sleep(Duration::from_secs(5)) => panic!("still waiting"),
        }
        assert!(began.elapsed() >= Duration::from_millis(250));
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_or_has_too_many_lines_is_refused() {
        let (address, ..) = serving().await;
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
    async fn a_connection_too_many_is_closed_and_the_others_are_answered() {
        let (address, ..) = serving().await;
        let mut first = TcpStream::connect(address).await.unwrap();
        let _second = TcpStream::connect(address).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut third = TcpStream::connect(address).await.unwrap();
        assert_eq!(answer(&mut third).await, "");
        first
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        assert!(answer(&mut first).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn what_is_being_answered_is_finished_before_the_end() {
        let (address, stop, task) = serving().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.cancel();
        assert!(answer(&mut stream).await.ends_with("done"));
        task.await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
