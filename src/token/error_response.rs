//! Explains an API's refusal of a token: the possible reason and the remedy, in the terms of [`resource_server`](super::resource_server).

use serde_json::{Map, Value};

use super::jwt::{TokenKind, payload_unverified};
use super::rejection_reason::why;
use super::relative_time::relative;
use super::verify::shown;
use crate::error::{Advice, AdviceKind, Error, Kind, printable};
use crate::settings::types::PoolId;

/// The API that answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Any API.
    Http,
    /// Amazon Bedrock AgentCore Runtime, in front of an agent.
    Runtime,
    /// An MCP server, such as a gateway of Bedrock AgentCore.
    Gateway,
}

/// The API and the token, as far as an explanation needs them.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Who.
    pub api: Api,
    /// The options for `token check` that describe the API's configuration.
    pub check: String,
    /// The options that choose this token for another command, each with a space before it.
    pub options: String,
    /// The issuers of the profile's pool; empty if the pool is unknown.
    pub issuers: Vec<String>,
}

impl RequestContext {
    /// The command that compares the token with what is taken.
    fn comparison(&self) -> Advice {
        let RequestContext { api, check, options, .. } = self;
        let hint = match api {
            Api::Http => Advice::new(AdviceKind::CompareWithApi),
            Api::Runtime | Api::Gateway => Advice::new(AdviceKind::CompareWithAuthorizer),
        };
        hint.text("options", options).text("check", check)
    }
}

/// An answer that is a failure.
#[derive(Debug, Clone, Copy)]
pub struct ErrorResponse<'a> {
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

/// Whether AWS did not begin with the request, because of another one that it is busy with.
pub fn is_retryable_conflict(status: u16, error_type: Option<&str>) -> bool {
    status == 409 && error_type.is_some_and(|name| name.starts_with("RetryableConflictException"))
}

impl ErrorResponse<'_> {
    /// The class of the failure.
    pub fn kind(&self) -> Kind {
        match self.status {
            401 | 403 => Kind::Refused,
            429 | 500.. => Kind::Network,
            status if is_retryable_conflict(status, self.error_type) => Kind::Network,
            _ => Kind::Failure,
        }
    }

    /// The server's message, safe for a terminal; `None` without one.
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

    /// The possible reasons and remedies, the most likely first, for a `token` that was sent to `asked`, at `now` in milliseconds since the
    /// Unix epoch.
    pub fn explain(&self, asked: &RequestContext, token: &str, now: u64) -> Vec<Advice> {
        if let Some(hint) = self.other_reason(asked.api) {
            return vec![hint];
        }
        match self.status {
            401 | 403 => self.of_token(asked, token, now),
            _ if self.is_bare() => {
                let mut hints = vec!["a service that answers like this may have refused the token: see its log".into()];
                hints.extend(self.of_token(asked, token, now));
                hints
            }
            402 if asked.api == Api::Runtime => {
                vec!["the token was accepted, and the AWS account has used up a quota: see Service Quotas".into()]
            }
            404 if asked.api == Api::Runtime => {
                vec![AdviceKind::CheckRuntime.into()]
            }
            409 if asked.api == Api::Runtime => {
                vec!["the session is busy with another request: wait a little and try again".into()]
            }
            500.. if asked.api == Api::Runtime => {
                vec!["the token was accepted, and the runtime or the agent failed: see the agent's log, or try again later".into()]
            }
            429 => vec!["it receives too many requests: try again later".into()],
            500.. => vec![AdviceKind::ReportRequestId.into()],
            _ => {
                vec![AdviceKind::CheckRequest.into()]
            }
        }
    }

    /// The error that a 401 or 403 of an MCP server is: it names the claim for which the token was refused.
    pub fn refusal(&self, asked: &RequestContext, token: &str, now: u64) -> Error {
        let says = |error: Error| match self.said().trim() {
            "" => error,
            said => error.hint(Advice::new("it says: {said}").text("said", said)),
        };
        if let Some(hint) = self.other_reason(asked.api) {
            let message = format!("the server refused the request ({})", self.status);
            return says(Error::new(Kind::Refused, message).hint(hint));
        }
        let claims = payload_unverified(token);
        let error = match why(self, asked, claims.as_ref(), now) {
            None => says(Error::new(Kind::Refused, format!("the server refused the request ({})", self.status))),
            Some(why) => {
                let likely = if why.is_named { "" } else { "likely because of " };
                // A 403 by itself need not be about the token.
                let what = if why.is_named || self.status == 401 { "token" } else { "request" };
                let message = format!("the server refused the {what} ({}): {likely}{}", self.status, why.what);
                says(Error::new(Kind::Refused, message).hint(why.fix))
            }
        };
        let error = claims.iter().fold(error, |error, claims| error.hint(described(claims, now)));
        error.hint(asked.comparison())
    }

    /// A reason other than the token, and what to do.
    fn other_reason(&self, api: Api) -> Option<Advice> {
        let words = self.words().unwrap_or_default().to_ascii_lowercase();
        let code = self.error_type.map(str::to_owned).or_else(|| self.json("__type")).unwrap_or_default();
        let is_agents =
            self.status == 424 || words.contains("runtimeclienterror") || code.contains("RuntimeClientError");
        if api == Api::Runtime && is_agents {
            return Some("the token was accepted, and the agent's own code failed: see the agent's log".into());
        }
        if words.contains("authorization method mismatch") {
            return Some(
                "it accepts only requests signed with AWS credentials, and no bearer token: give it a customJWTAuthorizer, or call it with the AWS CLI".into(),
            );
        }
        let is_about_signature =
            ["authorization header requires", "key=value pair"].iter().any(|part| words.contains(part));
        if is_about_signature || code.contains("IncompleteSignature") {
            return Some(
                "it asks for a request signed with AWS credentials: the route has an IAM authorizer, or there is nothing at this path and method".into(),
            );
        }
        words.contains("missing authentication token").then_some(match api {
            Api::Runtime => {
                "check the runtime's ARN and its Region: there is nothing at this address, or it got no token".into()
            }
            Api::Http | Api::Gateway => AdviceKind::CheckPath.into(),
        })
    }

    fn of_token(&self, asked: &RequestContext, token: &str, now: u64) -> Vec<Advice> {
        let claims = payload_unverified(token);
        let mut hints = Vec::new();
        if let Some(why) = why(self, asked, claims.as_ref(), now) {
            let because = if why.is_named { "because of" } else { "likely because of" };
            hints.push(
                Advice::new("{because} {what}; {fix}")
                    .text("because", because)
                    .text("what", why.what)
                    .fill("fix", why.fix),
            );
        }
        hints.extend(claims.map(|claims| described(&claims, now).into()));
        hints.push(asked.comparison());
        hints
    }

    /// All text from the server: the challenge's error with its description, then the body.
    pub(crate) fn said(&self) -> String {
        let mut parts = Vec::new();
        for part in [self.parameter("error"), self.parameter("error_description"), self.body_words()] {
            parts.extend(part.filter(|part| !parts.contains(part)));
        }
        parts.join(": ")
    }

    /// A parameter of the challenge.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        challenge_parameter(self.challenge?, name)
    }

    /// A string at the top of a JSON body, or in its `error`.
    fn json(&self, name: &str) -> Option<String> {
        let json: Value = serde_json::from_slice(self.body).ok()?;
        let value = json.get(name).or_else(|| json.get("error")?.get(name))?;
        value.as_str().map(str::to_owned)
    }

    /// The message in the body; HTML pages are ignored.
    fn body_words(&self) -> Option<String> {
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

/// A parameter of `WWW-Authenticate` (RFC 6750 section 3).
pub fn challenge_parameter(challenge: &str, name: &str) -> Option<String> {
    let opening = format!("{name}=\"");
    let at = challenge.match_indices(&opening).map(|(at, _)| at).find(|at| {
        // `error` must not be the end of another name.
        challenge[..*at].chars().last().is_none_or(|c| c == ' ' || c == ',')
    })?;
    let mut value = String::new();
    let mut rest = challenge[at + opening.len()..].chars();
    while let Some(c) = rest.next().filter(|c| *c != '"') {
        value.push(if c == '\\' { rest.next().unwrap_or(c) } else { c });
    }
    (!value.is_empty()).then_some(value)
}

/// One line about a token, from its claims.
fn described(claims: &Map<String, Value>, now: u64) -> String {
    let kind = TokenKind::of(claims);
    let mut parts = vec![format!("what was sent is {}", kind.described())];
    for (word, claim) in [("client", kind.client_claim()), ("user", kind.username_claim()), ("scope", "scope")] {
        if claims.contains_key(claim) {
            parts.push(format!("{word} {}", shown(claims.get(claim))));
        }
    }
    if let Some(issuer) = claims.get("iss").and_then(Value::as_str) {
        // The last part of Cognito's issuers is the pool.
        let pool = issuer.rsplit('/').next().filter(|pool| pool.parse::<PoolId>().is_ok());
        parts.push(pool.map_or_else(|| format!("iss {}", printable(issuer, 80)), |pool| format!("pool {pool}")));
    }
    if let Some(end) = claims.get("exp").and_then(Value::as_i64) {
        parts.push(format!("exp {}", relative(end, now)));
    }
    parts.join(", ")
}

#[cfg(test)]
#[path = "error_response_tests.rs"]
mod tests;
