//! What an API's answer says of the token that it was sent: why it may have been refused, and what mends it, in the words of
//! [`consumer`](super::consumer).

use serde_json::{Map, Value};

use super::consumer::NO_AUDIENCE;
use super::jwt::{TokenKind, payload_unverified};
use super::verify::{check_times, shown};
use super::when::relative;
use crate::error::printable;
use crate::profile::words::PoolId;

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Any API.
    Http,
    /// Amazon Bedrock AgentCore Runtime, with an agent behind it.
    Runtime,
}

/// An answer that is a failure.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    /// The HTTP status.
    pub status: u16,
    /// `WWW-Authenticate` (RFC 6750 section 3).
    pub challenge: Option<&'a str>,
    /// `x-amzn-errortype`, the name of an error of AWS.
    pub error_type: Option<&'a str>,
    /// The media type of the body, in lower case.
    pub media_type: &'a str,
    /// The beginning of the body.
    pub body: &'a [u8],
}

impl Failed<'_> {
    /// What the server says went wrong, fit for a terminal; none where it says nothing.
    pub fn words(&self) -> Option<String> {
        let challenge = ["error_description", "error"].iter().find_map(|name| self.parameter(name));
        let words = challenge.or_else(|| self.body_words())?;
        let words = printable(words.trim(), 200);
        (!words.is_empty()).then_some(words)
    }

    /// Whether it is the bare error of a service whose check of the token fails outside of its error handling: starlette's
    /// BaseHTTPMiddleware makes one of a 401.
    pub fn is_bare(&self) -> bool {
        self.status == 500 && self.media_type == "text/plain" && self.body.trim_ascii() == b"Internal Server Error"
    }

    /// What may be the reason and what mends it, the most likely first, for a `token` of a pool with these `issuers` (none
    /// where the pool is not known) at `now`, in milliseconds since the Unix epoch. `options` choose this token for another
    /// command, which `{p}` makes one of the profile's.
    pub fn explain(&self, api: Api, token: &str, options: &str, issuers: &[String], now: u64) -> Vec<String> {
        let words = self.words().unwrap_or_default();
        let says = |text: &str| words.to_ascii_lowercase().contains(text);
        let code = self.error_type.map(str::to_owned).or_else(|| self.json("__type")).unwrap_or_default();
        if api == Api::Runtime
            && (self.status == 424 || says("runtimeclienterror") || code.contains("RuntimeClientError"))
        {
            return vec!["the token was taken and the agent's own code failed: look into the agent's log".to_owned()];
        }
        if says("authorization method mismatch") {
            return vec!["it takes requests signed with AWS credentials, and no bearer token: give it a customJWTAuthorizer, or call it with the AWS CLI".to_owned()];
        }
        if says("missing authentication token") {
            let fix = match api {
                Api::Runtime => {
                    "check the runtime's ARN and its Region: there is nothing at this address, or it got no token"
                }
                Api::Http => {
                    "check the path: there is nothing at this address, or it got no token; a runtime's whole ARN is percent-encoded, as `cogtok call runtime ARN` does it"
                }
            };
            return vec![fix.to_owned()];
        }
        match self.status {
            401 | 403 => self.of_token(api, token, options, issuers, now),
            _ if self.is_bare() => {
                let mut hints = vec!["a service that answers so may have refused the token: its log says".to_owned()];
                hints.extend(self.of_token(api, token, options, issuers, now));
                hints
            }
            500.. if api == Api::Runtime => {
                vec!["the token was taken, and the runtime or the agent failed: look into the agent's log, or try again later".to_owned()]
            }
            429 => vec!["it is asked too often: try again later".to_owned()],
            500.. => vec!["try again later; `-v` shows the request id, for whoever runs it".to_owned()],
            _ => {
                vec!["check address, method and data; `-v` shows what was asked, `-i` the answer's headers".to_owned()]
            }
        }
    }

    fn of_token(&self, api: Api, token: &str, options: &str, issuers: &[String], now: u64) -> Vec<String> {
        let Some(claims) = payload_unverified(token) else {
            return vec!["the token is no JSON Web Token: get one of Cognito, add `--force-refresh`".to_owned()];
        };
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let kind = TokenKind::of(&claims);
        let mut hints = Vec::new();
        if let Err(why) = check_times(&claims, now, 0) {
            hints.push(format!("the token's `{}` is {}: add `--force-refresh` for a new one", why.claim, why.found));
        }
        if kind == TokenKind::Id {
            hints.push(
                "an ID token was sent, which has no client_id and no scope: send the access token, `--token access`"
                    .to_owned(),
            );
        }
        let issuer = text("iss").unwrap_or_default();
        if !issuers.is_empty() && !issuers.iter().any(|known| known == issuer) {
            hints.push(format!(
                "the token is of another pool than the profile's: `iss` is {}",
                shown(claims.get("iss"))
            ));
        }
        if hints.is_empty() {
            hints.extend(self.of_rules(&claims, kind));
        }
        hints.push(described(&claims, kind, now));
        hints.push(match api {
            Api::Runtime => format!("compare it with the runtime's authorizer: `cogtok token check --for agentcore-runtime --authorizer FILE{options}{{p}}`"),
            Api::Http => format!("compare that with what the API takes: `cogtok token inspect{options}{{p}}` shows all claims, `cogtok token check --help` knows the rules of AWS's services"),
        });
        hints
    }

    /// What the server's words mean for a token that is in order by itself.
    fn of_rules(&self, claims: &Map<String, Value>, kind: TokenKind) -> Option<String> {
        let words = self.words().unwrap_or_default().to_ascii_lowercase();
        let challenge = self.challenge.unwrap_or_default();
        if words.contains("client_id") {
            return Some(format!(
                "add the token's client {} to allowedClients, or get the token with a client that is there",
                shown(claims.get("client_id"))
            ));
        }
        if words.contains("'aud'") || words.contains("audience") {
            return Some(NO_AUDIENCE.to_owned());
        }
        if challenge.contains("insufficient_scope") || words.contains("scope") {
            let wanted = self.parameter("scope").map(|scope| printable(&scope, 120));
            let wanted = wanted.as_deref().unwrap_or("SCOPE");
            return Some(match kind {
                TokenKind::Machine => {
                    format!("it lacks a scope: `--scope '{wanted}'` asks for it, which the app client must be allowed")
                }
                _ => format!(
                    "it lacks a scope ({wanted}): scopes of your own come from the token endpoint, `cogtok login --help`, or from a pre token generation trigger"
                ),
            });
        }
        None
    }

    /// A parameter of the challenge.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let challenge = self.challenge?;
        let opening = format!("{name}=\"");
        let at = challenge.match_indices(&opening).map(|(at, _)| at).find(|at| {
            // `error` is the end of no other name.
            challenge[..*at].chars().last().is_none_or(|c| c == ' ' || c == ',')
        })?;
        let mut value = String::new();
        let mut rest = challenge[at + opening.len()..].chars();
        while let Some(c) = rest.next().filter(|c| *c != '"') {
            value.push(if c == '\\' { rest.next().unwrap_or(c) } else { c });
        }
        (!value.is_empty()).then_some(value)
    }

    /// A string at the top of a JSON body, or in its `error`.
    fn json(&self, name: &str) -> Option<String> {
        let json: Value = serde_json::from_slice(self.body).ok()?;
        let value = json.get(name).or_else(|| json.get("error")?.get(name))?;
        value.as_str().map(str::to_owned)
    }

    /// What the body says in words; a page for browsers says nothing about a token.
    pub(super) fn body_words(&self) -> Option<String> {
        self.json_words().or_else(|| self.text_words())
    }

    fn json_words(&self) -> Option<String> {
        ["message", "Message", "error_description", "detail", "error"].iter().find_map(|name| self.json(name))
    }

    fn text_words(&self) -> Option<String> {
        if !matches!(self.media_type, "text/plain" | "") {
            return None;
        }
        let text = std::str::from_utf8(self.body).ok()?;
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        (!line.starts_with('<')).then(|| line.to_owned())
    }
}

/// One line about a token, as it says of itself.
fn described(claims: &Map<String, Value>, kind: TokenKind, now: u64) -> String {
    let mut parts = vec![format!("what was sent is {}", kind.described())];
    let client = if kind == TokenKind::Id { "aud" } else { "client_id" };
    for (word, claim) in [("client", client), ("user", "username"), ("scope", "scope")] {
        if claims.contains_key(claim) {
            parts.push(format!("{word} {}", shown(claims.get(claim))));
        }
    }
    if let Some(issuer) = claims.get("iss").and_then(Value::as_str) {
        // Of Cognito's issuers the last part is the pool.
        let pool = issuer.rsplit('/').next().filter(|pool| pool.parse::<PoolId>().is_ok());
        parts.push(pool.map_or_else(|| format!("iss {}", printable(issuer, 80)), |pool| format!("pool {pool}")));
    }
    if let Some(end) = claims.get("exp").and_then(Value::as_i64) {
        parts.push(format!("exp {}", relative(end, now)));
    }
    parts.join(", ")
}

#[cfg(test)]
#[path = "refused_tests.rs"]
mod tests;
