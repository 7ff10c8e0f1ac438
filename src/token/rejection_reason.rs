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
const COMPARE_CLOCKS: &str = "the server's clock seems to be behind: compare it with this machine's";

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
    Expired,
    NotYetValid,
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
    (" exp ", Reason::Expired),
    (" expired ", Reason::Expired),
    (" nbf ", Reason::NotYetValid),
    (" iat ", Reason::NotYetValid),
    (" not yet valid ", Reason::NotYetValid),
    (" jwt not active ", Reason::NotYetValid),
    (" token_use ", Reason::Use),
    (" token use ", Reason::Use),
    (" signature ", Reason::Signature),
    (" kid ", Reason::Signature),
    (" malformed ", Reason::Format),
    (" not enough segments ", Reason::Format),
    (" number of segments ", Reason::Format),
    (" no json web token ", Reason::Format),
];

/// Phrases that only a message about the token has. An API also refuses requests for what has nothing to do with it, in the same words:
/// an issuer of invoices, a subscription that has expired.
const ABOUT_TOKEN: [&str; 24] = [
    " token ",
    " tokens ",
    " jwt ",
    " bearer ",
    " claim ",
    " claims ",
    " token_use ",
    " access_token ",
    " id_token ",
    " invalid_token ",
    " insufficient_scope ",
    " insufficient scope ",
    " missing scope ",
    " required scope ",
    " required scopes ",
    " audience doesn t match ",
    " invalid audience ",
    " invalid issuer ",
    " issuer mismatch ",
    " invalid signature ",
    " signature has expired ",
    " signature verification ",
    " not enough segments ",
    " number of segments ",
];

/// How many seconds before its expiry some services refuse a token.
const LAST_SECONDS: u64 = 120;

/// By how many seconds a service's clock may be behind this machine's.
const CLOCK_DIFFERENCE: u64 = 300;

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
    let said = words(&failed.said());
    let is_about_token = asked.api != Api::Http || ABOUT_TOKEN.iter().any(|phrase| said.contains(phrase));
    let named = if is_about_token { named(&said) } else { Vec::new() };
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
    if named.contains(&Reason::NotYetValid) {
        let (name, begin) = beginning(claims, now);
        let begin =
            begin.map_or_else(String::new, |begin| format!("; its `{name}` is {begin} by this machine's clock"));
        let what = format!("{name}: the server says that the token is not yet valid{begin}");
        return Some(RejectionReason { is_named: true, what, fix: COMPARE_CLOCKS.into() });
    }
    if named.contains(&Reason::Expired) {
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

/// The words of a message in lower case, with a space around each.
fn words(said: &str) -> String {
    let said = said.to_ascii_lowercase();
    let words: Vec<&str> =
        said.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// The reasons that a message of these [`words`] names, in order; the least specific ones come last.
fn named(said: &str) -> Vec<Reason> {
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
    if reasons.contains(&Reason::Expired) || reasons.contains(&Reason::NotYetValid) {
        reasons.retain(|reason| !matches!(reason, Reason::Signature | Reason::Format));
    }
    reasons
}

/// Whether this token can have been refused for it.
fn can_be(reason: Reason, failed: &ErrorResponse<'_>, claims: &Map<String, Value>, now: u64) -> bool {
    match reason {
        // The token is a JSON Web Token.
        Reason::Format => false,
        Reason::Expired => is_outside(claims, now.saturating_add(LAST_SECONDS * 1000), "exp"),
        Reason::NotYetValid => {
            ["nbf", "iat"].iter().any(|name| is_outside(claims, now.saturating_sub(CLOCK_DIFFERENCE * 1000), name))
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

/// The claim that says from when the token is valid, and how far away that is.
fn beginning(claims: &Map<String, Value>, now: u64) -> (&'static str, Option<String>) {
    let is_iat = claims.contains_key("iat") && !claims.contains_key("nbf");
    let name = if is_iat { "iat" } else { "nbf" };
    (name, claims.get(name).and_then(Value::as_i64).map(|at| relative(at, now)))
}

/// Whether the token is refused at `at` for this claim.
fn is_outside(claims: &Map<String, Value>, at: u64, name: &str) -> bool {
    check_times(claims, at, 0).is_err_and(|rejection| rejection.claim == name)
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
        (Err(rejection), _, _) if rejection.claim != "exp" => Some(Reason::NotYetValid),
        (Err(_), _, _) => Some(Reason::Expired),
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
        Reason::Expired | Reason::NotYetValid => match check_times(claims, now, 0) {
            Err(why) => (why.claim, format!("`{}` is {}", why.claim, why.found), NEW_TOKEN.into()),
            Ok(()) if reason == Reason::NotYetValid => {
                let (name, begin) = beginning(claims, now);
                let begin = begin.unwrap_or_default();
                (name, format!("`{name}` is {begin} by this machine's clock"), COMPARE_CLOCKS.into())
            }
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
                // A request names its scopes anew.
                _ => {
                    let has = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
                    let mut all: Vec<&str> = has.split_whitespace().collect();
                    let lacks: Vec<&str> = wanted.split_whitespace().filter(|scope| !all.contains(scope)).collect();
                    all.extend(lacks);
                    Advice::new(AdviceKind::AskForWantedScope).quoted("wanted", all.join(" "))
                }
            };
            (name("allowedScopes", "scope"), found("scope"), fix)
        }
    }
}

#[cfg(test)]
#[path = "rejection_reason_tests.rs"]
mod tests;
