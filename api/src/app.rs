//! What the handlers share.

use std::sync::Arc;

use crate::{access::Sessions, config::Mode, print::Downloads, service::Service};

/// The running service as its handlers see it. Cloning shares it.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    service: Service,
    mode: Mode,
    sessions: Sessions,
    downloads: Downloads,
}

impl App {
    /// A service in a mode.
    pub fn new(service: Service, mode: Mode) -> Self {
        let sessions = Sessions::new(service.log.clone());
        let downloads = Downloads::new(service.log.clone());
        Self {
            inner: Arc::new(Inner {
                service,
                mode,
                sessions,
                downloads,
            }),
        }
    }

    /// Commands and questions.
    pub fn service(&self) -> &Service {
        &self.inner.service
    }

    /// Demonstration or production.
    pub fn mode(&self) -> Mode {
        self.inner.mode
    }

    /// Whether this is the demonstration.
    pub fn is_demonstration(&self) -> bool {
        self.inner.mode == Mode::Demonstration
    }

    /// Who is signed in.
    pub fn sessions(&self) -> &Sessions {
        &self.inner.sessions
    }

    /// What members have downloaded last.
    pub fn downloads(&self) -> &Downloads {
        &self.inner.downloads
    }
}
