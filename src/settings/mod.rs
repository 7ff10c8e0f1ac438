//! A profile: its keys, their types, and where each value came from.

pub(crate) mod agentcore;
pub mod aws_services;
pub(crate) mod endpoint;
pub(crate) mod enums;
pub mod issuer;
pub mod keys;
pub mod profile;
pub mod provenance;
pub mod redirect_uri;
pub(crate) mod scopes;
pub mod secret_detection;
pub mod secret_id;
pub mod targets;
pub mod types;
pub(crate) mod url;
