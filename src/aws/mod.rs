//! The wire: the only folder that names the AWS SDK, `oauth2` or the HTTP client.

#[cfg(feature = "aws")]
pub mod admin;
#[cfg(feature = "aws")]
pub mod agentcore;
#[cfg(feature = "aws")]
pub(crate) mod answer;
#[cfg(feature = "aws")]
pub mod app_clients;

#[cfg(feature = "aws")]
pub mod bedrock;
#[cfg(feature = "aws")]
pub mod client_secrets;
#[cfg(feature = "aws")]
pub mod cloudformation;
#[cfg(feature = "aws")]
pub(crate) mod connector;
#[cfg(feature = "aws")]
pub(crate) mod credentials;
#[cfg(feature = "aws")]
pub(crate) mod error_response;
#[cfg(feature = "aws")]
pub(crate) mod event_stream;
#[cfg(feature = "aws")]
pub mod groups;

pub mod service_error;

#[cfg(feature = "aws")]
pub mod identity_pool;

#[cfg(feature = "aws")]
pub mod runtime_command;
#[cfg(feature = "aws")]
pub mod secrets_manager;
#[cfg(feature = "aws")]
pub(crate) mod sigv4;

#[cfg(feature = "aws")]
pub mod ssm;

#[cfg(feature = "aws")]
pub mod sts;

#[cfg(feature = "aws")]
pub mod user_state;
#[cfg(feature = "aws")]
pub mod users;
#[cfg(feature = "aws")]
pub(crate) mod xml;

#[cfg(feature = "aws")]
mod sdk_config;
#[cfg(feature = "aws")]
pub(crate) mod sdk_error;

#[cfg(feature = "aws")]
pub use crate::http::limits::MAX_TRIES;
#[cfg(feature = "aws")]
pub use sdk_config::region;
#[cfg(feature = "aws")]
pub(crate) use sdk_config::{signed_config, unsigned_config};
