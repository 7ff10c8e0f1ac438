//! The hints for findings, in one table. Hints for errors of AWS and the network are in [`cogtok::aws::service_error`] and
//! [`cogtok::http::transport_error`].

use cogtok::error::{Advice, Error};
use cogtok::http::transport_error::ConnectFailure;

pub(crate) const HELP: &str = "see `cogtok help checks`";

// The configuration.
pub(crate) const PRIVATE: &str = if cfg!(windows) {
    // The rights of the owner, whatever the account and the language are called.
    "icacls {value} /inheritance:r /grant:r *S-1-3-4:F"
} else {
    "chmod 600 {value}"
};
pub(crate) const FOREIGN: &str = "run cogtok as that user, or name another file: cogtok doctor{p} --config FILE";
pub(crate) const SECRET_STORE: &str =
    "fix it: cogtok profile edit; use `keyring` or `file`; `cogtok secret init` creates a file";
pub(crate) const LINT: &str = "see all: cogtok profile lint";
pub(crate) const TAKE_OUT: &str =
    "remove it (cogtok profile unset {name} {value}) and store it: cogtok secret set KIND{p}";
pub(crate) const CHOOSE: &str = "cogtok profile use NAME, or add `-p NAME`; the profiles are {value}";
pub(crate) const SET: &str = "cogtok profile set {name} {value} VALUE";
pub(crate) const UNSET: &str = "{unset}{value}";
pub(crate) const RENAME: &str = "set {value} instead";
pub(crate) const FOR_USERS: &str = "cogtok profile set {name} user.client_id ID, or m2m.client_id";
pub(crate) const TOKEN_URL: &str = "cogtok profile set {name} m2m.token_url URL";

// Secrets.
pub(crate) const UNLOCK: &str = "unlock it: log in to the desktop, or start the keyring with its password";
pub(crate) const STORE: &str = "store it: {value}";
pub(crate) const NO_SECRET: &str = "{unset}COGTOK_USER_CLIENT_SECRET, or cogtok secret delete user-client{p}";
pub(crate) const STORE_AGAIN: &str = "if that is right, store it again: {value}";

// The network.
pub(crate) const CLOCK: &str = if cfg!(windows) {
    "set the clock: w32tm /resync"
} else if cfg!(target_os = "macos") {
    "set the clock: sudo sntp -sS time.apple.com"
} else {
    "set the clock: timedatectl set-ntp true"
};
pub(crate) const NAME: &str =
    "check the name and this machine's DNS: cogtok profile show {name}; a new domain takes a minute to appear";
pub(crate) const CLOSED: &str =
    "check address and port: cogtok profile show {name}; is the server up, and no firewall in the way?";
pub(crate) const CERTIFICATE: &str = "check the address and this machine's clock; for a company's own CA: `cogtok doctor{p} --ca-bundle FILE`, or AWS_CA_BUNDLE";
pub(crate) const PROXY: &str = "check the proxy that HTTPS_PROXY or ALL_PROXY names, or name the host in NO_PROXY";
pub(crate) const SILENCE: &str = "is a firewall or a proxy in the way? `cogtok doctor{p} -v` shows the requests";
pub(crate) const BROKEN: &str = "is that the right address? cogtok profile show {name}";

// The pool and its clients.
pub(crate) const REGION: &str = "cogtok profile set {name} region {value}";
pub(crate) const NO_REGION: &str = "leave `--region` out";
pub(crate) const ISSUER: &str = "check `user_pool_id` and `endpoint_url`: cogtok profile show {name}";
pub(crate) const FLOW: &str = "cogtok profile set {name} user.auth_flow {value}";
pub(crate) const NO_FLOW: &str =
    "enable a flow on the app client (see `cogtok help cognito-setup`), or sign in with the browser: cogtok login{p}";
pub(crate) const WRONG_CLIENT: &str = "cogtok profile set {name} {value} ID";
pub(crate) const CODE_GRANT: &str =
    "allow the code grant on the app client, if `cogtok login{p}` is to work (see `cogtok help cognito-setup`)";
pub(crate) const CALLBACKS: &str = "cogtok profile set {name} user.redirect_uris ";
pub(crate) const NO_CALLBACKS: &str =
    "register one of them as a callback URL of the app client (see `cogtok help cognito-setup`)";
pub(crate) const SCOPES: &str = "cogtok profile set {name} m2m.scopes {value}";
pub(crate) const TRANSPORT: &str = "cogtok profile set {name} m2m.transport {value}";
pub(crate) const IDENTITY_POOL: &str = "cogtok profile set {name} identity_pool.id REGION:UUID";

pub(crate) const SIGN_UP: &str =
    "let only administrators create users: AllowAdminCreateUserOnly (see `cogtok help cognito-setup`)";

// Targets.
pub(crate) const WHOSE: &str = "cogtok profile set {name} targets.{value}.as m2m, or user; or say --as with each call";
pub(crate) const KIND: &str = "cogtok profile unset {name} targets.{value}.kind";

// AWS's own variables.
pub(crate) const BEDROCK: &str =
    "{unset}AWS_BEARER_TOKEN_BEDROCK; get credentials that Bedrock accepts: cogtok aws-credentials{p}";

/// A hint with its value as one word of a command.
pub(crate) fn with(hint: &'static str, value: impl std::fmt::Display) -> Advice {
    Advice::new(hint).word("value", value)
}

/// The first hint of an error.
pub(crate) fn first_of(error: &Error) -> Advice {
    error.advice().first().cloned().unwrap_or_else(|| HELP.into())
}

/// What to do about an unreachable server.
pub(crate) const fn about(cause: ConnectFailure) -> &'static str {
    match cause {
        ConnectFailure::Name => NAME,
        ConnectFailure::Closed => CLOSED,
        ConnectFailure::Certificate => CERTIFICATE,
        ConnectFailure::Proxy => PROXY,
        ConnectFailure::Silence => SILENCE,
        ConnectFailure::Other => BROKEN,
    }
}
