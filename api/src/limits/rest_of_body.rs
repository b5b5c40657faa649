//! Who is refused before the body was read still sends it, and does not listen meanwhile: when the connection is closed on that, the
//! browser tells of a connection that was cut and not of what we say. So what is still coming is taken in, and thrown away, before the
//! answer goes out.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// Most bytes that are taken in of a form or a command that was refused unread. Files have a limit of their own.
const LIMIT: usize = 1024 * 1024;

/// How long whoever was refused is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body that can be read on by whoever refuses what was read of it.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Body>>);

impl Shared {
    /// Of a request.
    pub(crate) fn of(body: Body) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    /// Also after a panic: the body has no state that could be half changed.
    fn lock(&self) -> MutexGuard<'_, Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same body, for one reader.
    pub(crate) fn body(&self) -> Body {
        Body::new(Read(self.clone()))
    }

    /// Takes in what is still coming, up to a limit and for a time.
    pub(crate) async fn take_the_rest(&self, limit: usize, patience: Duration) {
        let rest = async {
            let mut left = limit;
            while let Some(Ok(frame)) =
                poll_fn(|context| Pin::new(&mut *self.lock()).poll_frame(context)).await
            {
                let length = frame.data_ref().map_or(0, Bytes::len);
                match left.checked_sub(length) {
                    Some(less) => left = less,
                    None => return,
                }
            }
        };
        let _in_time = tokio::time::timeout(patience, rest).await;
    }
}

struct Read(Shared);

impl HttpBody for Read {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.0.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().size_hint()
    }
}

/// Answers when what was sent has come.
pub(crate) async fn heard_out(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let body = Shared::of(body);
    let response = next.run(Request::from_parts(parts, body.body())).await;
    body.take_the_rest(LIMIT, PATIENCE).await;
    response
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::{Router, http::StatusCode, middleware, routing::post};
    use futures::{StreamExt as _, stream};
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn who_is_refused_unread_is_heard_out_up_to_a_limit() {
        const CHUNK: usize = 64 * 1024;
        for (sent, expected) in [(3, 3), (40, LIMIT / CHUNK + 1)] {
            let taken = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&taken);
            let chunks =
                stream::iter((0..sent).map(|_| Ok::<_, std::io::Error>(vec![b'a'; CHUNK])));
            let body = Body::from_stream(chunks.inspect(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
            }));
            let router = Router::new()
                .route("/", post(|| async { StatusCode::UNAUTHORIZED }))
                .layer(middleware::from_fn(heard_out));
            let answer = router.oneshot(Request::post("/").body(body).unwrap()).await;
            assert_eq!(answer.unwrap().status(), StatusCode::UNAUTHORIZED);
            assert_eq!(taken.load(Ordering::Relaxed), expected);
        }
    }
}
