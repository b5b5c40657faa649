//! Who may do what: signing in, sessions, tokens of machine clients, the keys that both are sealed with, permissions, 閲覧記録, and where a write
//! may come from.

mod accounts;
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
mod keys;
mod log;
mod oidc;
mod origin;
mod pending;
mod permission;
mod scopes;
mod session;
pub mod sign_in;
pub mod two_persons;

pub use accounts::{AccessError, Ended, account, end_access, operators_call};
pub use clients::{ClientToken, Clients, CreateError, SealError, Secret};
pub use duty::{Duties, Duty};
pub use entrance::{Entrance, NoPublicAddress, PublicAddress, goes_on_to, let_in, names_loopback};
pub use form_token::{Expected, FormSecret, form_token, with_form_token};
pub use grant::Grant;
pub use handover::{BadLink, GoodLink, HandoverKeys, Link, NoKeys};
pub use host::known_host;
pub use identity::{Identity, Principal, authorize, signed_in};
pub use kept_form::{KEPT_COOKIE, KEPT_FOR, KeptForm, KeptForms};
pub(crate) use keys::{Columns, Purpose};
pub use keys::{Keys, KeysError};
pub use log::{EXPORT, NotNoted, PRINT, last_entry, note, note_listed, subject, subject_to_member};
pub(crate) use log::{named, named_by};
pub use oidc::{Issuer, IssuerError, OidcSettings, SettingsError, Vouched};
pub use origin::same_origin;
pub use pending::{Pending, SignIns};
pub use permission::{Holder, Permission};
pub use scopes::Scopes;
pub use session::{Beginning, ListedSession, SessionTimes, Sessions, Token};

/// Name of the session's cookie; behind TLS it begins with `__Host-`, as the names of all cookies do ([`Entrance::cookie`]).
pub const COOKIE: &str = "shinsei_session";
