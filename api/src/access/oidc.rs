//! Sign-in by OpenID Connect: authorization code with PKCE, state and nonce, with one or several issuers.
//!
//! What an issuer says of somebody becomes a [`Principal`] by the settings of that issuer alone ([`settings`]); the protocol and all
//! checks of tokens are the crate `openidconnect`'s ([`issuer`]).

mod http;
mod issuer;
mod settings;

pub use issuer::{Issuer, IssuerError};
pub use settings::{IssuerSettings, OidcSettings, SettingsError, Vouched};
