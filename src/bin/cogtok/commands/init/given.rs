//! Recognises what a person was given (a file, URL, id or stack), and asks for it.

use std::path::Path;

use cogtok::error::{Error, Result, printable};
use cogtok::settings::issuer;
use cogtok::settings::profile::{domain, issuers};
use cogtok::settings::types::{ClientId, Endpoint, PoolId, StackName, is_pool_id};

use crate::commands::profile::import::located;
use crate::io::terminal;
use crate::io::terminal::Question;
use crate::services::import::{SourceKind, file_name, is_address};

/// The length of the ids that Cognito gives app clients.
const CLIENT_ID_LENGTH: usize = 26;

/// The input, by its kind.
pub enum Given {
    /// A user pool, by its issuer's URL.
    Pool(String),
    /// An app client.
    Client(ClientId),
    /// A pool's domain, or its token endpoint.
    Endpoint(String),
    /// Anything else that a profile comes from.
    Source(String, Option<SourceKind>),
}

/// Asks what the person was given.
pub fn ask() -> Result<Given> {
    terminal::show("What were you given? A file, a URL, a pool id, a client id or a stack's name.\n");
    let question = Question::new("Source", "the source");
    terminal::until_taken(|| {
        Ok(terminal::ask_line_once(question.clone(), "")?.and_then(|typed| {
            let given = read(&typed)?;
            if let Given::Source(source, kind) = &given {
                located(source, *kind)?;
            }
            Ok(given)
        }))
    })
}

/// The kind of a text.
///
/// # Errors
/// [`Kind::Usage`](cogtok::error::Kind::Usage) for an id that can't be one, and a URL of nothing that is known.
pub fn read(text: &str) -> Result<Given> {
    let is_file = !is_address(text) && Path::new(text).exists();
    if is_file || file_name(text).is_some() || text == "-" || text.starts_with("arn:") {
        return Ok(Given::Source(text.to_owned(), None));
    }
    if is_pool_id(text) {
        return pool(text);
    }
    if text.contains("://") {
        return Ok(match issuer::parse(text) {
            Ok(_) => Given::Pool(text.to_owned()),
            Err(error) => Given::Endpoint(endpoint(text).map_err(|_| error)?),
        });
    }
    if is_client_id(text) {
        return text.parse().map(Given::Client);
    }
    let is_host = text.ends_with(".amazoncognito.com");
    if is_host {
        return endpoint(text).map(Given::Endpoint);
    }
    // Only the name of a stack has no distinct shape.
    let kind = text.parse::<StackName>().is_ok().then_some(SourceKind::Stack);
    Ok(Given::Source(text.to_owned(), kind))
}

/// Asks for the app client.
pub fn ask_client() -> Result<ClientId> {
    let question = Question::new("App client id", "the app client id");
    terminal::until_taken(|| Ok(terminal::ask_line_once(question.clone(), "")?.and_then(|typed| typed.parse())))
}

/// Asks for the pool once more: the issuer's URL.
pub fn ask_pool() -> Result<String> {
    let question = Question::new("User pool id", "the user pool id");
    terminal::until_taken(|| {
        Ok(terminal::ask_line_once(question.clone(), "")?.and_then(|typed| match read(&typed) {
            Ok(Given::Pool(issuer)) => Ok(issuer),
            _ => Err(no_pool()),
        }))
    })
}

/// Asks for what an app client belongs to.
pub fn ask_pool_or_endpoint() -> Result<Given> {
    let question = Question::new("User pool id (for a machine: its token URL or domain)", "the user pool id");
    terminal::until_taken(|| {
        Ok(terminal::ask_line_once(question.clone(), "")?.and_then(|typed| match read(&typed) {
            Ok(given @ (Given::Pool(_) | Given::Endpoint(_))) => Ok(given),
            Ok(_) if typed.contains('.') => endpoint(&typed).map(Given::Endpoint),
            _ => Err(no_pool()),
        }))
    })
}

fn no_pool() -> Error {
    Error::usage("a user pool id looks like us-east-1_AbCdEfGhI")
}

fn pool(text: &str) -> Result<Given> {
    let [issuer, _] = issuers(&text.parse::<PoolId>()?);
    Ok(Given::Pool(issuer))
}

/// Whether a URL is that of a token endpoint rather than of a domain.
pub fn is_token_url(url: &str) -> bool {
    url.parse::<Endpoint>().is_ok_and(|url| url.url().path() != "/")
}

/// A domain or a token endpoint.
fn endpoint(text: &str) -> Result<String> {
    let url = domain::read(text, None)?;
    let is_known = url.url().path() == "/" || url.url().path().ends_with("/token");
    if is_known {
        Ok(url.to_string())
    } else {
        Err(Error::usage(format!("`{}` is not a token URL", printable(text, 120))))
    }
}

fn is_client_id(text: &str) -> bool {
    text.len() == CLIENT_ID_LENGTH
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_digit())
}
