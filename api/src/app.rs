//! What the handlers share.

use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::{
    access::{Clients, Entrance, FormSecret, KeptForms, Sessions, SignIns},
    bulk::BulkRuns,
    config::Mode,
    exports::Exports,
    limits::{InFlight, Limits, Rates},
    mail::{MailSettings, Outbox, Templates},
    operations::Readiness,
    print::Downloads,
    searches::Searches,
    service::Service,
};

/// How a service meets the world.
#[derive(Debug, Clone)]
pub struct Exposure {
    /// What it allows its clients.
    pub limits: Limits,
    /// How people come in.
    pub entrance: Entrance,
    /// How mails leave; none: none are written.
    pub mail: Option<MailSettings>,
}

impl Exposure {
    /// On this machine alone: the demonstration's way in, nothing counted, and no mail.
    pub fn local() -> Self {
        Self {
            limits: Limits::uncounted(),
            entrance: Entrance::default(),
            mail: None,
        }
    }
}

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
    outbox: Outbox,
    mail_templates: Templates,
    limits: Limits,
    rates: Rates,
    in_flight: InFlight,
    entrance: Entrance,
    sign_ins: SignIns,
    form_secret: OnceCell<FormSecret>,
    kept_forms: KeptForms,
    searches: Searches,
    bulk_runs: BulkRuns,
    exports: Exports,
    readiness: Readiness,
}

impl App {
    /// A service in a mode, as it meets the world.
    pub fn new(service: Service, mode: Mode, exposure: Exposure) -> Self {
        let Exposure {
            limits, entrance, ..
        } = exposure;
        let sessions = Sessions::new(&service, entrance.times);
        let sign_ins = SignIns::new(&service);
        let kept_forms = KeptForms::new(&service);
        let bulk_runs = BulkRuns::new(service.log.clone());
        let exports = Exports::new(service.log.clone());
        let searches = Searches::new(service.log.clone());
        let clients = Clients::new(&service);
        let downloads = Downloads::new(service.log.clone());
        let outbox = Outbox::new(service.log.clone());
        let mail_templates = Templates::new(service.log.clone());
        Self {
            inner: Arc::new(Inner {
                service,
                mode,
                sessions,
                clients,
                downloads,
                outbox,
                mail_templates,
                limits,
                rates: Rates::new(limits.rates),
                in_flight: InFlight::new(limits.in_flight),
                entrance,
                sign_ins,
                form_secret: OnceCell::new(),
                kept_forms,
                searches,
                bulk_runs,
                exports,
                readiness: Readiness::default(),
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

    /// How people come in.
    pub fn entrance(&self) -> &Entrance {
        &self.inner.entrance
    }

    /// What the tokens of forms are made from; read once.
    ///
    /// # Errors
    /// The database.
    pub async fn form_secret(&self) -> Result<FormSecret, sqlx::Error> {
        let secret = self
            .inner
            .form_secret
            .get_or_try_init(|| FormSecret::of(&self.inner.service.log));
        secret.await.cloned()
    }

    /// Forms that came too late for their session.
    pub fn kept_forms(&self) -> &KeptForms {
        &self.inner.kept_forms
    }

    /// 一括処理
    pub(crate) fn bulk_runs(&self) -> &BulkRuns {
        &self.inner.bulk_runs
    }

    /// Long lists as files.
    pub fn exports(&self) -> &Exports {
        &self.inner.exports
    }

    /// What the secretariat searches for.
    pub fn searches(&self) -> &Searches {
        &self.inner.searches
    }

    /// Sign-ins that have begun.
    pub fn sign_ins(&self) -> &SignIns {
        &self.inner.sign_ins
    }

    /// What members were written.
    pub fn outbox(&self) -> &Outbox {
        &self.inner.outbox
    }

    /// The texts of mails.
    pub fn mail_templates(&self) -> &Templates {
        &self.inner.mail_templates
    }

    /// The address of the service that people are told, where there is one.
    pub fn link(&self) -> Option<String> {
        let address = self.inner.entrance.address.as_ref();
        address.map(|address| address.as_str().to_owned())
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

    /// Whether it is ready.
    pub fn readiness(&self) -> &Readiness {
        &self.inner.readiness
    }

    /// What is being answered now.
    pub fn in_flight(&self) -> &InFlight {
        &self.inner.in_flight
    }

    /// What members have downloaded last.
    pub fn downloads(&self) -> &Downloads {
        &self.inner.downloads
    }
}
