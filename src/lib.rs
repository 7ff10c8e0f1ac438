//! The authentication library under the `cogtok` command line: from a profile to an Amazon Cognito token.
//!
//! It has no terminal and no argument parser, and prints nothing; it logs to the [`log`] crate under the target `cogtok`. Secrets are
//! [`Secret`] values from the first line that reads them.
//!
//! Begin with [`Client`]: [`m2m_token`](Client::m2m_token) and a [`TokenProvider`] that keeps one fresh,
//! [`user_token`](Client::user_token) and [`sign_in`](Client::sign_in) with what Cognito asks as data,
//! [`exchange_token`](Client::exchange_token) on behalf of a user, and a [`Verifier`].
//!
//! ```no_run
//! # async fn example() -> Result<(), cogtok::Error> {
//! let client = cogtok::Client::from_profile("ws")?;
//! let token = client.m2m_token().await?;
//! println!("Authorization: Bearer {}", token.value().expose());
//! # Ok(())
//! # }
//! ```
//!
//! The functions that are `async` need a tokio runtime with I/O and time.
//!
//! Everything else belongs to the program: those modules are hidden and follow no semantic versioning. They depend in one direction:
//! `client` on `oauth` and `user_pool`, these on `aws`, `http`, `cache` and `secrets`, these on `token`, `settings`, `error` and `secret`.
#![forbid(unsafe_code)]
// With fewer features, code shared by the others is unused.
#![cfg_attr(not(feature = "cli"), allow(dead_code))]

#[cfg(feature = "m2m")]
#[doc(hidden)]
pub mod aws;
#[cfg(feature = "m2m")]
#[doc(hidden)]
pub mod cache;
#[doc(hidden)]
pub mod client;
#[doc(hidden)]
pub mod error;
#[cfg(all(any(test, fuzzing), feature = "cli"))]
#[doc(hidden)]
#[path = "../tests/fuzz/library.rs"]
pub mod fuzz_library;
#[doc(hidden)]
pub mod http;
#[doc(hidden)]
pub mod oauth;
#[doc(hidden)]
pub mod secret;
#[cfg(feature = "m2m")]
#[doc(hidden)]
pub mod secrets;

#[doc(hidden)]
pub mod settings;
#[cfg(feature = "m2m")]
#[doc(hidden)]
pub mod store;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod token;
#[cfg(feature = "aws")]
#[doc(hidden)]
pub mod user_pool;

// `cargo fuzz` builds one crate, of the library and the program's own readers.
#[cfg(fuzzing)]
extern crate self as cogtok;
#[cfg(fuzzing)]
#[doc(hidden)]
#[path = "../tests/fuzz/program.rs"]
pub mod fuzz_program;
#[cfg(fuzzing)]
#[allow(missing_docs, unused)]
#[path = "bin/cogtok"]
mod program {
    pub(crate) mod advice;
    pub(crate) mod app;
    pub(crate) mod args;
    pub(crate) mod cli;
    pub(crate) mod commands;
    pub(crate) mod completion;
    pub(crate) mod env;
    pub(crate) mod io;
    pub(crate) mod services;
}
#[cfg(fuzzing)]
#[allow(unused)]
use program::*;

#[cfg(any(feature = "keyring", feature = "file-store"))]
pub use client::StoredSecrets;
#[cfg(feature = "m2m")]
pub use client::{AccessToken, BoxFuture, CachedToken, SecretRequest, SecretSource, TokenCache, TokenProvider};
pub use client::{Client, ClientBuilder, Verifier};
#[cfg(feature = "sign-in")]
pub use client::{PendingSignIn, SignInBuilder, SignInStep, UserTokens};
pub use error::{Advice, AdviceKind, Error, Kind as ErrorKind};
pub use http::service_text::ServiceText;
pub use secret::Secret;
#[cfg(feature = "m2m")]
pub use settings::types::SecretKind;
pub use settings::types::TokenUse;
#[cfg(feature = "sign-in")]
pub use settings::types::{AuthFlow, FirstFactor};
pub use token::verify::Claims;
#[cfg(feature = "sign-in")]
pub use user_pool::challenge::{Challenge, ChallengeResponse, CodeFrom};
#[cfg(feature = "sign-in")]
pub use user_pool::get_derived_token::{TokenExchange, TokenType};
