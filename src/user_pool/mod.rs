//! A user's sign-in at the user pool's API: InitiateAuth, its challenges, SRP, refresh and revocation.

pub mod account;
pub mod challenge;
pub mod cognito_idp;
pub mod device;
pub mod get_client_token;
pub(crate) mod initiate_auth;
pub mod refresh;
pub mod refresh_session;
pub mod revocation_check;
pub(crate) mod revoke;
pub mod sign_in;
pub(crate) mod software_token;
pub mod srp;
pub mod token_status;
pub mod totp;
pub mod user_session;
pub mod user_token;
