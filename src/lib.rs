//! The authentication library under the `cogtok` command line: from a profile to an Amazon Cognito token.
//!
//! It has no terminal, no argument parser and prints nothing; what is worth telling on the way goes to the [`log`]
//! crate under the target `cogtok`. Secrets are [`Secret`] values from the first line that reads them.
//!
//! Begin with [`Client`]: a machine-to-machine token, a [`TokenProvider`] that keeps one fresh, a [`Verifier`].
//!
//! Dependencies point one way: [`client`] on [`oauth`] and [`user_pool`], these on [`aws`], [`http`], [`cache`] and
//! [`secrets`], these on [`token`], [`settings`], [`error`] and [`secret`]. [`services`] are the program's.
#![forbid(unsafe_code)]

pub mod aws;
pub mod cache;
pub mod client;
pub mod error;
pub mod http;
pub mod oauth;
pub mod secret;
pub mod secrets;
pub mod services;
pub mod settings;
pub mod store;
pub mod text;
pub mod token;
pub mod user_pool;

pub use client::{AccessToken, Client, ClientBuilder, TokenProvider, Verifier};
pub use error::{Error, Kind as ErrorKind};
pub use secret::Secret;
pub use settings::types::TokenUse;
pub use token::verify::Claims;
