//! OAuth 2.0 and OpenID Connect at the pool's domain: token endpoint, authorization code with PKCE, discovery, keys.

#[cfg(feature = "sign-in")]
pub mod authorization_code;
#[cfg(feature = "aws")]
pub mod client_bundle;
#[cfg(feature = "m2m")]
pub mod client_credentials;
#[cfg(feature = "aws")]
pub mod discovery;
pub mod jwks_uri;
#[cfg(feature = "sign-in")]
pub mod login;
#[cfg(feature = "sign-in")]
pub mod loopback_server;
#[cfg(feature = "m2m")]
pub(crate) mod request_limit;
#[cfg(feature = "m2m")]
pub mod token_endpoint;
