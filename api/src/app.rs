//! What the handlers share.

use std::sync::Arc;

use crate::{
    access::{Clients, Sessions},
    config::Mode,
    limits::{Limits, Rates},
    print::Downloads,
    service::Service,
};

/// The running service as its handlers see it. Cloning shares it.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    service: Service,
    mode: Mode,
    sessions: Sessions,
    clients: Clients,
    downloads: Downloads,
    limits: Limits,
    rates: Rates,
}

impl App {
    /// A service in a mode, with what it allows its clients.
    pub fn new(service: Service, mode: Mode, limits: Limits) -> Self {
        let sessions = Sessions::new(service.log.clone());
        let clients = Clients::new(service.log.clone());
        let downloads = Downloads::new(service.log.clone());
        Self {
            inner: Arc::new(Inner {
                service,
                mode,
                sessions,
                clients,
                downloads,
                limits,
                rates: Rates::new(limits.rates),
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

    /// The tokens of machine clients.
    pub fn clients(&self) -> &Clients {
        &self.inner.clients
    }

    /// What clients are allowed.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// What clients have asked lately.
    pub fn rates(&self) -> &Rates {
        &self.inner.rates
    }

    /// What members have downloaded last.
    pub fn downloads(&self) -> &Downloads {
        &self.inner.downloads
    }
}
