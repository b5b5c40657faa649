//! Who may do what: signing in, sessions, permissions, and where a write may come from.

pub mod demo;
mod duty;
pub mod entrance;
mod form_token;
mod handover;
mod host;
mod identity;
mod kept_form;
mod oidc;
mod origin;
mod pending;
mod permission;
mod session;
pub mod sign_in;

pub use duty::{Duties, Duty};
pub use entrance::{Entrance, NoPublicAddress, PublicAddress, let_in, names_loopback};
pub use form_token::{Expected, FormSecret, form_token, with_form_token};
pub use handover::{BadLink, HandoverKeys, Link, NoKeys};
pub use host::known_host;
pub use identity::{Identity, Principal, authorize, signed_in};
pub use kept_form::{KEPT_COOKIE, KEPT_FOR, KeptForm, KeptForms};
pub use oidc::{Issuer, IssuerError, OidcSettings, SettingsError, Vouched};
pub use origin::same_origin;
pub use pending::{Pending, SignIns};
pub use permission::{Holder, Permission};
pub use session::{Beginning, ListedSession, SessionTimes, Sessions, Token, role_named};

/// Name of the session's cookie where there is no TLS.
pub const COOKIE: &str = "shinsei_session";
