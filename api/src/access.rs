//! Who may do what: signing in, sessions, tokens of machine clients, permissions, 閲覧記録, and where a write may come from.

mod clients;
pub mod command_line;
pub mod demo;
mod duty;
pub mod entrance;
mod form_token;
mod grant;
mod handover;
mod host;
mod identity;
mod kept_form;
mod log;
mod oidc;
mod origin;
mod pending;
mod permission;
mod scopes;
mod session;
pub mod sign_in;
pub mod two_persons;

pub use clients::{ClientToken, Clients, CreateError, Secret};
pub use duty::{Duties, Duty};
pub use entrance::{Entrance, NoPublicAddress, PublicAddress, let_in, names_loopback};
pub use form_token::{Expected, FormSecret, form_token, with_form_token};
pub use grant::Grant;
pub use handover::{BadLink, HandoverKeys, Link, NoKeys};
pub use host::known_host;
pub use identity::{Identity, Principal, authorize, signed_in};
pub use kept_form::{KEPT_COOKIE, KEPT_FOR, KeptForm, KeptForms};
pub use log::{EXPORT, NotNoted, PRINT, last_entry, note, subject};
pub use oidc::{Issuer, IssuerError, OidcSettings, SettingsError, Vouched};
pub use origin::same_origin;
pub use pending::{Pending, SignIns};
pub use permission::{Holder, Permission};
pub use scopes::Scopes;
pub use session::{Beginning, ListedSession, SessionTimes, Sessions, Token, role_named};

/// Name of the session's cookie where there is no TLS.
pub const COOKIE: &str = "shinsei_session";
