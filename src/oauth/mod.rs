//! OAuth 2.0 and OpenID Connect at the pool's domain: token endpoint, authorization code with PKCE, discovery, keys.

pub mod authorization_code;
pub mod client_bundle;
pub mod client_credentials;
pub mod discovery;
pub mod jwks_uri;
pub mod login;
pub mod loopback_server;
pub mod token_endpoint;
