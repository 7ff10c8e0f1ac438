//! The reason why a service refused a token: the claim that it names, else the likeliest by the token's claims.
//!
//! Only the service knows its rules, so a reason that it does not name is reported as likely.

use serde_json::{Map, Value};

use super::error_response::{Api, ErrorResponse, RequestContext};
use super::jwt::TokenKind;
use super::relative_time::relative;
use super::resource_server::NO_AUDIENCE;
use super::verify::{check_times, one_of, shown};
use crate::error::{Advice, AdviceKind};

/// Every command that sends a token has these options.
const NEW_TOKEN: AdviceKind = AdviceKind::GetNewToken;
const ACCESS_TOKEN: AdviceKind = AdviceKind::SendAccessToken;

/// Why a token was refused.
#[derive(Debug)]
pub(crate) struct RejectionReason {
    /// Whether the service names the reason itself; else it is what is likeliest.
    pub is_named: bool,
    /// The rule as the service calls it, and what the token has.
    pub what: String,
    /// How to fix it.
    pub fix: Advice,
}

/// A claim, or another property, for which a token can be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Format,
    Signature,
    Times,
    Issuer,
    Use,
    Client,
    Audience,
    Scope,
}

/// Phrases in services' messages and their reasons; other characters than letters, digits and `_` count as one space.
const WORDS: [(&str, Reason); 27] = [
    (" insufficient_scope ", Reason::Scope),
    (" scope ", Reason::Scope),
    (" scopes ", Reason::Scope),
    (" allowedscopes ", Reason::Scope),
    (" client_id ", Reason::Client),
    (" client id ", Reason::Client),
    (" clientid ", Reason::Client),
    (" allowedclients ", Reason::Client),
    (" aud ", Reason::Audience),
    (" audience ", Reason::Audience),
    (" allowedaudience ", Reason::Audience),
    (" iss ", Reason::Issuer),
    (" issuer ", Reason::Issuer),
    (" exp ", Reason::Times),
    (" expired ", Reason::Times),
    (" nbf ", Reason::Times),
    (" iat ", Reason::Times),
    (" not yet valid ", Reason::Times),
    (" jwt not active ", Reason::Times),
    (" token_use ", Reason::Use),
    (" token use ", Reason::Use),
    (" signature ", Reason::Signature),
    (" kid ", Reason::Signature),
    (" malformed ", Reason::Format),
    (" not enough segments ", Reason::Format),
    (" number of segments ", Reason::Format),
    (" no json web token ", Reason::Format),
];

/// How many seconds before its expiry some services refuse a token.
const LAST_SECONDS: u64 = 120;

/// The reason for refusing a token with these `claims` (`None` for an opaque token) at `now`, in milliseconds since the Unix epoch. `None`
/// if neither the service nor the token shows a reason, and the service is unknown.
///
/// The service's message only selects among reasons that this token can have.
pub(crate) fn why(
    failed: &ErrorResponse<'_>,
    asked: &RequestContext,
    claims: Option<&Map<String, Value>>,
    now: u64,
) -> Option<RejectionReason> {
    let Some(claims) = claims else {
        let (rule, detail, fix) = told(failed, asked, Reason::Format, &Map::new(), now);
        return Some(RejectionReason { is_named: false, what: format!("{rule}: {detail}"), fix });
    };
    let named = named(&failed.said());
    let chosen = named.iter().copied().find(|reason| can_be(*reason, failed, claims, now));
    let seen = likeliest(claims, asked, now).filter(|_| is_at_fault(claims, asked, now));
    match (chosen, seen) {
        // A wrong claim explains more than the wrong signature.
        (Some(Reason::Signature), Some(seen)) | (None, Some(seen)) => {
            return Some(because(failed, asked, seen, claims, now, false));
        }
        (Some(chosen), _) => return Some(because(failed, asked, chosen, claims, now, true)),
        (None, None) => {}
    }
    if named.contains(&Reason::Times) {
        let end = claims.get("exp").and_then(Value::as_i64).map(|end| relative(end, now)).unwrap_or_default();
        let what =
            format!("exp: the server says that the token has expired; its `exp` is {end} by this machine's clock");
        let fix = "compare its clock with this machine's; a service may also accept tokens for less time than their `exp` says";
        return Some(RejectionReason { is_named: true, what, fix: fix.into() });
    }
    likeliest(claims, asked, now).map(|reason| because(failed, asked, reason, claims, now, false))
}

fn because(
    failed: &ErrorResponse<'_>,
    asked: &RequestContext,
    reason: Reason,
    claims: &Map<String, Value>,
    now: u64,
    is_named: bool,
) -> RejectionReason {
    let (rule, detail, fix) = told(failed, asked, reason, claims, now);
    RejectionReason { is_named, what: format!("{rule}: {detail}"), fix }
}

/// The named reasons, in order; the least specific ones come last.
fn named(said: &str) -> Vec<Reason> {
    let said = said.to_ascii_lowercase();
    let words: Vec<&str> =
        said.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    let said = format!(" {} ", words.join(" "));
    let mut found: Vec<(usize, Reason)> =
        WORDS.iter().filter_map(|(word, reason)| Some((said.find(word)?, *reason))).collect();
    found.sort_by_key(|(at, reason)| (matches!(reason, Reason::Signature | Reason::Format), *at));
    let mut reasons = Vec::new();
    for (_, reason) in found {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    // "Signature has expired" is not about the signature.
    if reasons.contains(&Reason::Times) {
        reasons.retain(|reason| !matches!(reason, Reason::Signature | Reason::Format));
    }
    reasons
}

/// Whether this token can have been refused for it.
fn can_be(reason: Reason, failed: &ErrorResponse<'_>, claims: &Map<String, Value>, now: u64) -> bool {
    match reason {
        // The token is a JSON Web Token.
        Reason::Format => false,
        Reason::Times => {
            check_times(claims, now.saturating_add(LAST_SECONDS * 1000), 0).is_err()
                || check_times(claims, now, 0).is_err()
        }
        Reason::Scope => {
            let has =
                |wanted: &str| text(claims, "scope").is_some_and(|scope| scope.split(' ').any(|has| has == wanted));
            // A service that accepts any of several scopes names them all.
            !failed.parameter("scope").is_some_and(|wanted| wanted.split_whitespace().any(has))
        }
        Reason::Use => claims.contains_key("token_use"),
        Reason::Signature | Reason::Issuer | Reason::Client | Reason::Audience => true,
    }
}

/// Whether the token has a fault that can be seen from here.
fn is_at_fault(claims: &Map<String, Value>, asked: &RequestContext, now: u64) -> bool {
    check_times(claims, now, 0).is_err() || !is_of_pool(claims, asked) || TokenKind::of(claims) == TokenKind::Id
}

fn is_of_pool(claims: &Map<String, Value>, asked: &RequestContext) -> bool {
    asked.issuers.is_empty() || asked.issuers.iter().any(|issuer| Some(issuer.as_str()) == text(claims, "iss"))
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

fn likeliest(claims: &Map<String, Value>, asked: &RequestContext, now: u64) -> Option<Reason> {
    match (check_times(claims, now, 0), is_of_pool(claims, asked), TokenKind::of(claims)) {
        (Err(_), _, _) => Some(Reason::Times),
        (_, false, _) => Some(Reason::Issuer),
        (_, _, TokenKind::Id) => Some(Reason::Use),
        // Nothing is known about another API; AgentCore has a list of clients.
        _ => (asked.api != Api::Http).then_some(Reason::Client),
    }
}

/// The rule as the service calls it, what the token has, and how to fix it.
fn told(
    failed: &ErrorResponse<'_>,
    asked: &RequestContext,
    reason: Reason,
    claims: &Map<String, Value>,
    now: u64,
) -> (&'static str, String, Advice) {
    let has_lists = asked.api != Api::Http;
    let name = |of_lists, claim| if has_lists { of_lists } else { claim };
    let found = |claim: &str| format!("`{claim}` is {}", shown(claims.get(claim)));
    let is_id = TokenKind::of(claims) == TokenKind::Id;
    match reason {
        Reason::Format => ("format", "it is not a JSON Web Token".to_owned(), NEW_TOKEN.into()),
        Reason::Signature => {
            let detail = format!("{}, and its keys must be those of the configured pool", found("iss"));
            ("signature", detail, "choose the profile of the configured pool, or configure the token's".into())
        }
        Reason::Times => match check_times(claims, now, 0) {
            Err(why) => (why.claim, format!("`{}` is {}", why.claim, why.found), NEW_TOKEN.into()),
            Ok(()) => {
                let end = claims.get("exp").and_then(Value::as_i64).map(|end| relative(end, now)).unwrap_or_default();
                ("exp", format!("`exp` is {end}"), NEW_TOKEN.into())
            }
        },
        Reason::Issuer => {
            let wanted = if asked.issuers.is_empty() {
                String::new()
            } else {
                format!(", the profile's pool: {}", one_of(&asked.issuers))
            };
            let fix = "the issuer that it is configured for must be the token's: choose the profile of that pool, or configure the token's";
            ("iss", format!("{}{wanted}", found("iss")), fix.into())
        }
        Reason::Use => {
            let fix = match TokenKind::of(claims) {
                TokenKind::UserAccess => AdviceKind::SendIdToken.into(),
                TokenKind::Machine => "if it takes ID tokens, a user has to sign in: a machine has none".into(),
                _ => Advice::new(ACCESS_TOKEN).then("; an ID token has no client_id and no scope"),
            };
            ("token_use", found("token_use"), fix)
        }
        Reason::Client if is_id => (
            name("allowedClients", "client_id"),
            found("client_id"),
            Advice::new(ACCESS_TOKEN).then("; an ID token has no client_id"),
        ),
        Reason::Client => {
            let client = shown(claims.get("client_id"));
            let add = if has_lists {
                format!("add the token's client {client} to allowedClients")
            } else {
                format!("let it accept the token's client {client}")
            };
            let detail = format!("{}, `scope` is {}", found("client_id"), shown(claims.get("scope")));
            let fix = format!("{add}, or get the token with a client that is there");
            (name("allowedClients", "client_id"), detail, fix.into())
        }
        Reason::Audience => {
            let fix = match claims.get("aud") {
                None if has_lists => NO_AUDIENCE,
                None => "let it look at `client_id` instead: Cognito's access tokens have no aud",
                Some(_) => {
                    "add the token's audience to its configuration, or get the token with a client that is there"
                }
            };
            (name("allowedAudience", "aud"), found("aud"), fix.into())
        }
        Reason::Scope => {
            let wanted = failed.parameter("scope").unwrap_or_else(|| "SCOPE".to_owned());
            let fix = match TokenKind::of(claims) {
                TokenKind::Id => Advice::new(ACCESS_TOKEN).then("; an ID token has no scope"),
                TokenKind::UserAccess => Advice::new(AdviceKind::SignInForWantedScopes).text("wanted", wanted),
                _ => Advice::new(AdviceKind::AskForWantedScope).quoted("wanted", wanted),
            };
            (name("allowedScopes", "scope"), found("scope"), fix)
        }
    }
}

#[cfg(test)]
#[path = "rejection_reason_tests.rs"]
mod tests;
