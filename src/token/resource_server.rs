//! Whether a service would take a token: the rules of AWS services, each with its verdict and how to fix it.
//!
//! AWS documents the checks of each service; where it does not, cogtok makes no claim, and docs/verify.md says so.

use serde_json::{Map, Value};

use super::authorizer::{Authorizer, ClaimForm, ClaimRule, DISCOVERY, issuer_of};
use super::jwks::KeySet;
use super::jwt::{self, TokenKind};
use super::verify::{Rejection, check_times, key_id, one_of, shown, verify_signature};
use crate::error::{Advice, AdviceKind, Error, Result, printable};

/// A service that takes tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceServer {
    /// Amazon Bedrock AgentCore Runtime with a JWT authorizer.
    AgentcoreRuntime,
    /// Amazon Bedrock AgentCore Gateway with a JWT authorizer.
    AgentcoreGateway,
    /// An HTTP API of API Gateway with a JWT authorizer.
    ApigatewayHttp,
    /// A REST API of API Gateway with a COGNITO_USER_POOLS authorizer.
    ApigatewayRest,
    /// An Application Load Balancer with a jwt-validation action.
    Alb,
    /// A Cognito identity pool.
    IdentityPool,
}

impl ResourceServer {
    /// All of them.
    pub const ALL: [ResourceServer; 6] = [
        ResourceServer::AgentcoreRuntime,
        ResourceServer::AgentcoreGateway,
        ResourceServer::ApigatewayHttp,
        ResourceServer::ApigatewayRest,
        ResourceServer::Alb,
        ResourceServer::IdentityPool,
    ];

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            ResourceServer::AgentcoreRuntime => "agentcore-runtime",
            ResourceServer::AgentcoreGateway => "agentcore-gateway",
            ResourceServer::ApigatewayHttp => "apigateway-http",
            ResourceServer::ApigatewayRest => "apigateway-rest",
            ResourceServer::Alb => "alb",
            ResourceServer::IdentityPool => "identity-pool",
        }
    }

    /// The settings of the authorizer that this service ignores.
    pub fn ignores(self, authorizer: &Authorizer) -> Vec<&'static str> {
        let is_rest = self == ResourceServer::ApigatewayRest;
        let is_pool = self == ResourceServer::IdentityPool;
        let named = [
            (is_rest && !authorizer.clients.is_empty(), "app clients"),
            ((is_rest || is_pool) && !authorizer.audiences.is_empty(), "audiences"),
            (is_pool && !authorizer.scopes.is_empty(), "scopes"),
        ];
        named.into_iter().filter(|(is_named, _)| *is_named).map(|(_, what)| what).collect()
    }

    /// A required setting that the authorizer lacks; `None` if it is complete.
    pub fn lacks(self, authorizer: &Authorizer) -> Option<&'static str> {
        let Authorizer { clients, audiences, scopes, claims, .. } = authorizer;
        let has_list = !(clients.is_empty() && audiences.is_empty() && scopes.is_empty() && claims.is_empty());
        match self {
            ResourceServer::AgentcoreRuntime | ResourceServer::AgentcoreGateway if !has_list => {
                Some("allowedClients, allowedAudience or allowedScopes")
            }
            ResourceServer::ApigatewayHttp if clients.is_empty() && audiences.is_empty() => Some("Audience"),
            ResourceServer::IdentityPool if clients.is_empty() => Some("the app client of its user pool provider"),
            _ => None,
        }
    }
}

/// A rule, and whether the token passes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule: a claim, or a setting of the service.
    pub rule: String,
    /// Whether the token keeps it.
    pub passes: bool,
    /// The actual and the expected value, safe for a terminal.
    pub detail: String,
    /// How to fix it, where the token fails.
    pub fix: Option<Advice>,
}

impl Finding {
    fn pass(rule: &str, detail: impl Into<String>) -> Self {
        Finding { rule: rule.to_owned(), passes: true, detail: detail.into(), fix: None }
    }

    fn fail(rule: &str, detail: impl Into<String>, fix: impl Into<Advice>) -> Self {
        Finding { rule: rule.to_owned(), passes: false, detail: detail.into(), fix: Some(fix.into()) }
    }
}

/// The seconds before its end from which AgentCore refuses a token.
const AGENTCORE_REFUSES_FROM: i64 = 60;

pub(crate) const NEW_TOKEN: AdviceKind = AdviceKind::ReplaceToken;
pub(crate) const ACCESS_TOKEN: AdviceKind = AdviceKind::GetAccessToken;
/// Why no access token has the audience that is asked for, and what to configure instead.
pub(crate) const NO_AUDIENCE: &str =
    "name the app client in allowedClients instead, and leave allowedAudience out: Cognito's access tokens have no aud";
const ID_TOKEN: AdviceKind = AdviceKind::GetIdToken;

/// Every rule of the service, in the order in which a failure explains most, at `now` (milliseconds since the Unix epoch).
/// `keys` gives the key set of an issuer, which is one of the authorizer's, to look for a `kid` in; it is not called for a
/// token of another issuer.
///
/// # Errors
/// The error of `keys`.
pub fn check(
    consumer: ResourceServer,
    authorizer: &Authorizer,
    token: &str,
    now: u64,
    keys: impl FnOnce(&str, &str) -> Result<KeySet>,
) -> Result<Vec<Finding>> {
    let claims = jwt::parts(token).and_then(|parts| jwt::object(parts[1]));
    let (id, claims) = match (key_id(token), claims) {
        (Ok(id), Some(claims)) => (id, claims),
        (Err(rejection), _) => {
            let fix = "send a token of Cognito, whole and unchanged; refresh tokens are only for Cognito";
            return Ok(vec![Finding::fail("format", rejection.to_string(), fix)]);
        }
        (Ok(_), None) => return Ok(vec![Finding::fail("format", "its payload is not a JSON object", NEW_TOKEN)]),
    };
    let mut findings = vec![Finding::pass("format", "a JSON Web Token, RS256")];
    let rules = Rules { consumer, authorizer, claims: &claims, kind: TokenKind::of(&claims) };
    findings.extend(rules.discovery_url());
    findings.extend(rules.token_use());
    let issuer = rules.issuer();
    let is_of_issuer = issuer.passes;
    findings.push(issuer);
    findings.push(if is_of_issuer {
        match verify_signature(token, &keys(rules.text("iss").unwrap_or_default(), &id)?) {
            Ok(_) => Finding::pass("signature", format!("by the issuer's key {}", printable(&id, 80))),
            Err(rejection) => Finding::fail("signature", rejection.to_string(), NEW_TOKEN),
        }
    } else {
        Finding::fail("signature", "by another issuer", "see `iss`")
    });
    findings.push(rules.times(now));
    findings.extend(rules.clients());
    findings.extend(rules.audiences());
    findings.extend(rules.scopes());
    findings.extend(authorizer.claims.iter().map(|rule| rules.claim(rule)));
    findings.extend(rules.actor());
    Ok(findings)
}

/// The error for the first failed rule; `None` if all pass.
pub fn refusal(consumer: ResourceServer, findings: &[Finding]) -> Option<Error> {
    let failed = findings.iter().find(|finding| !finding.passes)?;
    let message = format!("{} would refuse this token: {}: {}", consumer.as_str(), failed.rule, failed.detail);
    let error = Error::new(crate::error::Kind::InvalidToken, message);
    Some(failed.fix.iter().fold(error, |error, fix| error.hint(fix.clone())))
}

struct Rules<'a> {
    consumer: ResourceServer,
    authorizer: &'a Authorizer,
    claims: &'a Map<String, Value>,
    kind: TokenKind,
}

impl Rules<'_> {
    fn shown(&self, name: &str) -> String {
        shown(self.claims.get(name))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    fn discovery_url(&self) -> Option<Finding> {
        if !self.is_agentcore() {
            return None;
        }
        let url = self.authorizer.discovery_url.as_deref()?;
        let shown = printable(url, 200);
        Some(if issuer_of(url).is_some() {
            Finding::pass("discoveryUrl", shown)
        } else {
            Finding::fail("discoveryUrl", shown, format!("it must end in {DISCOVERY}"))
        })
    }

    /// Which of Cognito's tokens the service wants, where it wants one.
    fn token_use(&self) -> Option<Finding> {
        let has_scopes = !self.authorizer.scopes.is_empty();
        let (wants_id, why) = match self.consumer {
            ResourceServer::IdentityPool => (true, "identity pools accept only ID tokens"),
            ResourceServer::ApigatewayRest if has_scopes => {
                (false, "with authorization scopes the method accepts access tokens")
            }
            ResourceServer::ApigatewayRest => (true, "without authorization scopes the method accepts ID tokens"),
            _ => return None,
        };
        let detail = format!("{}; {why}", self.shown("token_use"));
        let is_right = if wants_id { self.kind == TokenKind::Id } else { self.text("token_use") == Some("access") };
        let fix = match (wants_id, self.consumer) {
            (true, ResourceServer::ApigatewayRest) if self.kind == TokenKind::Machine => {
                "give the method authorization scopes, for access tokens: a machine has no ID token".into()
            }
            (true, ResourceServer::ApigatewayRest) => {
                Advice::new(ID_TOKEN).then("; or give the method authorization scopes, for access tokens")
            }
            (true, _) => ID_TOKEN.into(),
            (false, _) => ACCESS_TOKEN.into(),
        };
        Some(if is_right { Finding::pass("token_use", detail) } else { Finding::fail("token_use", detail, fix) })
    }

    fn issuer(&self) -> Finding {
        let wanted = &self.authorizer.issuers;
        let issuer = self.text("iss").unwrap_or_default();
        if wanted.iter().any(|wanted| wanted == issuer) {
            return Finding::pass("iss", printable(issuer, 200));
        }
        let original = |issuer: &str| issuer.replace("https://issuer-cognito-idp.", "https://cognito-idp.");
        let is_other_form = wanted.iter().any(|wanted| original(wanted) == original(issuer));
        let fix = match (is_other_form, self.consumer) {
            (true, ResourceServer::ApigatewayRest | ResourceServer::IdentityPool) => {
                "the pool's issuer is the updated one, which this service does not accept: set IssuerConfiguration to ORIGINAL".to_owned()
            }
            (true, ResourceServer::AgentcoreRuntime | ResourceServer::AgentcoreGateway) => {
                format!("the pool has two issuers and its tokens name this one: configure {}{DISCOVERY}", printable(issuer, 200))
            }
            (true, _) => format!("the pool has two issuers and its tokens name this one: configure {}", printable(issuer, 200)),
            (false, _) if wanted.iter().any(|wanted| wanted.trim_end_matches('/') == issuer) => {
                "remove the slash from the end of the configured issuer".to_owned()
            }
            (false, _) => "the token is of another pool: choose the profile of the configured one, or configure the token's".to_owned(),
        };
        Finding::fail("iss", format!("{}, expected: {}", self.shown("iss"), one_of(wanted)), fix)
    }

    fn is_agentcore(&self) -> bool {
        matches!(self.consumer, ResourceServer::AgentcoreRuntime | ResourceServer::AgentcoreGateway)
    }

    fn times(&self, now: u64) -> Finding {
        match check_times(self.claims, now, 0) {
            Ok(()) => {
                let end = self.claims.get("exp").and_then(Value::as_i64).unwrap_or(i64::MAX);
                let ends = super::relative_time::relative(end, now);
                if self.is_agentcore() && end.saturating_sub_unsigned(now / 1000) < AGENTCORE_REFUSES_FROM {
                    Finding::fail("exp", format!("{ends}, expected: a minute or more"), Advice::new(NEW_TOKEN))
                } else {
                    Finding::pass("exp", ends)
                }
            }
            Err(Rejection { claim, found, expected, .. }) => {
                let fix = if claim == "exp" {
                    Advice::new(NEW_TOKEN)
                } else {
                    "set this machine's clock, or wait: the token is not valid yet".into()
                };
                Finding::fail(claim, format!("{found}, expected: {expected}"), fix)
            }
        }
    }

    /// Rules on the app client. For an HTTP API they are the audience's.
    fn clients(&self) -> Option<Finding> {
        let of_issuer =
            self.authorizer.providers.iter().filter(|(issuer, _)| Some(issuer.as_str()) == self.text("iss"));
        let of_issuer: Vec<String> = of_issuer.map(|(_, client)| client.clone()).collect();
        // A token of no provider has its own message.
        let wanted = if of_issuer.is_empty() { &self.authorizer.clients } else { &of_issuer };
        let (rule, claim) = match self.consumer {
            ResourceServer::AgentcoreRuntime | ResourceServer::AgentcoreGateway => ("allowedClients", "client_id"),
            ResourceServer::Alb => ("client_id", "client_id"),
            ResourceServer::IdentityPool => ("aud", "aud"),
            ResourceServer::ApigatewayHttp | ResourceServer::ApigatewayRest => return None,
        };
        if wanted.is_empty() {
            return None;
        }
        let detail = format!("`{claim}` is {}, expected: {}", self.shown(claim), one_of(wanted));
        if self.text(claim).is_some_and(|client| wanted.iter().any(|wanted| wanted == client)) {
            return Some(Finding::pass(rule, format!("`{claim}` is {}", self.shown(claim))));
        }
        let fix = match (self.kind, self.consumer) {
            (TokenKind::Id, ResourceServer::IdentityPool) => {
                "add the app client to the identity pool's provider, or sign in with the one that is there".into()
            }
            (_, ResourceServer::IdentityPool) => ID_TOKEN.into(),
            (TokenKind::Id, _) => Advice::new(ACCESS_TOKEN).then("; an ID token has no client_id"),
            _ => format!("add the token's client to {rule}, or get the token with a client that is there").into(),
        };
        Some(Finding::fail(rule, detail, fix))
    }

    fn audiences(&self) -> Option<Finding> {
        let audience = self.claims.get("aud");
        if self.consumer == ResourceServer::ApigatewayHttp {
            // client_id is checked only if there is no aud.
            let claim = if audience.is_some() { "aud" } else { "client_id" };
            let wanted = [self.authorizer.audiences.as_slice(), &self.authorizer.clients].concat();
            let detail = format!("`{claim}` is {}, expected: {}", self.shown(claim), one_of(&wanted));
            return Some(match is_among(self.claims.get(claim), &wanted) {
                true => Finding::pass("Audience", format!("`{claim}` is {}", self.shown(claim))),
                false if audience.is_some() => Finding::fail(
                    "Audience",
                    detail,
                    "add the token's aud to the authorizer's Audience, or get a token without one: client_id counts only then",
                ),
                false => Finding::fail(
                    "Audience",
                    detail,
                    "add the token's app client to the authorizer's Audience, or get the token with one that is there",
                ),
            });
        }
        let wanted = &self.authorizer.audiences;
        if wanted.is_empty() || matches!(self.consumer, ResourceServer::ApigatewayRest | ResourceServer::IdentityPool) {
            return None;
        }
        let rule = if self.consumer == ResourceServer::Alb { "aud" } else { "allowedAudience" };
        let detail = format!("`aud` is {}, expected: {}", self.shown("aud"), one_of(wanted));
        if is_among(audience, wanted) {
            return Some(Finding::pass(rule, format!("`aud` is {}", self.shown("aud"))));
        }
        let fix = match (self.consumer, audience) {
            (ResourceServer::Alb, None) => Advice::new("check client_id instead: Cognito's access tokens have no aud"),
            (_, None) => Advice::new(NO_AUDIENCE),
            _ => Advice::new("add the token's audience to {rule}, or get the token with a client that is there")
                .text("rule", rule),
        };
        Some(Finding::fail(rule, detail, fix))
    }

    fn scopes(&self) -> Option<Finding> {
        let wanted = &self.authorizer.scopes;
        if wanted.is_empty() || self.consumer == ResourceServer::IdentityPool {
            return None;
        }
        let rule = match self.consumer {
            ResourceServer::AgentcoreRuntime | ResourceServer::AgentcoreGateway => "allowedScopes",
            ResourceServer::Alb => "scope",
            _ => "authorizationScopes",
        };
        let has = |name: &str| {
            let words = self.text(name).map(|text| text.split(' ').collect::<Vec<_>>()).unwrap_or_default();
            words.iter().any(|word| wanted.iter().any(|wanted| wanted == word))
                || (name == "scp" && is_among(self.claims.get(name), wanted))
        };
        if has("scope") || (self.consumer == ResourceServer::ApigatewayHttp && has("scp")) {
            return Some(Finding::pass(rule, format!("`scope` is {}", self.shown("scope"))));
        }
        let detail = format!("`scope` is {}, expected: {}", self.shown("scope"), one_of(wanted));
        let fix = match self.kind {
            TokenKind::Id => Advice::new(ACCESS_TOKEN).then("; an ID token has no scope"),
            TokenKind::Machine => AdviceKind::AskForScopes.into(),
            _ => "a sign-in with user name and password gives only aws.cognito.signin.user.admin: scopes of your own come from the token endpoint, or from a pre token generation trigger".into(),
        };
        Some(Finding::fail(rule, detail, fix))
    }

    /// Who acts for the subject, where the token says so: AgentCore's authorizer has no rule about it.
    fn actor(&self) -> Option<Finding> {
        let actor = jwt::actors(self.claims).into_iter().next().filter(|_| self.is_agentcore())?;
        let who = jwt::described_actor(actor);
        let detail =
            format!("{who} acts for the subject; the authorizer checks `client_id`, `aud` and `scope` as of any token");
        Some(Finding::pass("act", detail))
    }

    fn claim(&self, rule: &ClaimRule) -> Finding {
        let value = self.claims.get(&rule.name);
        let keeps = match (rule.form, value) {
            (ClaimForm::Text, Some(Value::String(text))) => rule.values.contains(text),
            (ClaimForm::List, Some(Value::Array(_))) => is_among(value, &rule.values),
            (ClaimForm::Words, Some(Value::String(text))) => {
                text.split(' ').any(|word| rule.values.iter().any(|wanted| wanted == word))
            }
            _ => false,
        };
        let name = printable(&rule.name, 80);
        if keeps {
            Finding::pass(&name, shown(value))
        } else {
            let detail = format!("{}, expected: {}", shown(value), one_of(&rule.values));
            Finding::fail(&name, detail, "the user or the client lacks what the service asks for: change one of them")
        }
    }
}

/// Whether a string, or one of a list of strings, is among those that are wanted.
fn is_among(value: Option<&Value>, wanted: &[String]) -> bool {
    match value {
        Some(Value::String(text)) => wanted.contains(text),
        Some(Value::Array(items)) => {
            items.iter().any(|item| item.as_str().is_some_and(|text| wanted.iter().any(|wanted| wanted == text)))
        }
        _ => false,
    }
}

#[cfg(test)]
#[path = "resource_server_tests.rs"]
mod tests;
