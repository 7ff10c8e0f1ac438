//! How a service is configured to take tokens, from options or from the JSON that AWS gives of it.

use serde_json::{Map, Value};

use super::resource_server::ResourceServer;
use crate::error::{Advice, AdviceKind, Error, Result, printable};
use crate::settings::profile::issuers;
use crate::settings::types::PoolId;

/// The end of an OpenID Connect discovery URL.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The other ending that AgentCore accepts (RFC 8414 section 3).
const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";

/// The issuer of a discovery URL; `None` for another URL.
pub fn issuer_of(discovery_url: &str) -> Option<&str> {
    [DISCOVERY, OAUTH_METADATA].into_iter().find_map(|end| discovery_url.strip_suffix(end))
}

/// The settings that decide which tokens a service takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorizer {
    /// `discoveryUrl` as it was given, where the service has one.
    pub discovery_url: Option<String>,
    /// The issuers of which one must be the token's.
    pub issuers: Vec<String>,
    /// App clients: `allowedClients`, or what the service has for it.
    pub clients: Vec<String>,
    /// An identity pool's providers, each with its issuer and its app client, which counts only for that issuer.
    pub providers: Vec<(String, String)>,
    /// Audiences: `allowedAudience`, `Audience`.
    pub audiences: Vec<String>,
    /// Scopes of which the token must have one: `allowedScopes`, the route's or method's `authorizationScopes`.
    pub scopes: Vec<String>,
    /// Rules for other claims.
    pub claims: Vec<ClaimRule>,
}

/// A rule for one claim: `customClaims` of AgentCore, `AdditionalClaims` of a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRule {
    /// The claim.
    pub name: String,
    /// The form that it must have.
    pub form: ClaimForm,
    /// The values of which it must be or contain one.
    pub values: Vec<String>,
}

/// The form of a claim's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimForm {
    /// A string.
    Text,
    /// A list of strings.
    List,
    /// Words with spaces between.
    Words,
}

impl Authorizer {
    /// Sets a discovery URL, or an issuer.
    pub fn set_discovery_url(&mut self, url: &str) {
        self.discovery_url = Some(url.to_owned());
        self.issuers = vec![issuer_of(url).unwrap_or(url).to_owned()];
    }

    /// Parses AWS's output of a service's configuration: AgentCore's `customJWTAuthorizer`, an HTTP API's `JwtConfiguration`, a REST API's
    /// `providerARNs`, a load balancer's `JwtValidationConfig`, an identity pool's `CognitoIdentityProviders`, alone or inside a whole
    /// answer, in any spelling of the names.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) when it is not JSON or has no such configuration.
    pub fn read(consumer: ResourceServer, json: &[u8]) -> Result<Self> {
        let json: Value = serde_json::from_slice(json).map_err(|_| Error::usage("the authorizer is not JSON"))?;
        let mut read = Authorizer::default();
        let absent = |what: &str| {
            Error::usage(format!("the authorizer has no {what}"))
                .hint(Advice::new(AdviceKind::CheckConsumer).text("service", consumer.as_str()))
        };
        match consumer {
            ResourceServer::AgentcoreRuntime | ResourceServer::AgentcoreGateway => {
                let found = find(&json, "discoveryurl", 0).ok_or_else(|| {
                    absent("customJWTAuthorizer")
                        .hint("without one it accepts only requests signed with AWS credentials")
                })?;
                let url = text(found, "discoveryurl").ok_or_else(|| absent("discoveryUrl that is a string"))?;
                read.set_discovery_url(&url);
                read.clients = texts(found, "allowedclients");
                read.audiences = texts(found, "allowedaudience");
                read.scopes = texts(found, "allowedscopes");
                let rules = get(found, "customclaims").and_then(Value::as_array).into_iter().flatten();
                read.claims = rules.map(custom_claim).collect::<Result<_>>()?;
            }
            ResourceServer::ApigatewayHttp => {
                let found = find(&json, "audience", 0).ok_or_else(|| absent("JwtConfiguration"))?;
                let issuer = text(found, "issuer").ok_or_else(|| absent("Issuer"))?;
                read.issuers = vec![issuer];
                read.audiences = texts(found, "audience");
                read.scopes = find(&json, "authorizationscopes", 0)
                    .map(|found| texts(found, "authorizationscopes"))
                    .unwrap_or_default();
            }
            ResourceServer::ApigatewayRest => {
                let found = find(&json, "providerarns", 0).ok_or_else(|| absent("providerARNs"))?;
                let arns = texts(found, "providerarns");
                let pools = arns.iter().filter_map(|arn| arn.rsplit('/').next()?.parse::<PoolId>().ok());
                read.issuers = pools.map(|pool| issuers(&pool)[0].clone()).collect();
                read.scopes = find(&json, "authorizationscopes", 0)
                    .map(|found| texts(found, "authorizationscopes"))
                    .unwrap_or_default();
            }
            ResourceServer::Alb => {
                let found = find(&json, "jwksendpoint", 0).ok_or_else(|| absent("JwtValidationConfig"))?;
                read.issuers = vec![text(found, "issuer").ok_or_else(|| absent("Issuer"))?];
                let rules = get(found, "additionalclaims").and_then(Value::as_array).into_iter().flatten();
                read.claims = rules.map(additional_claim).collect::<Result<_>>()?;
            }
            ResourceServer::IdentityPool => {
                let found =
                    find(&json, "cognitoidentityproviders", 0).ok_or_else(|| absent("CognitoIdentityProviders"))?;
                let list = get(found, "cognitoidentityproviders").and_then(Value::as_array).into_iter().flatten();
                for provider in list.filter_map(Value::as_object) {
                    let issuer = text(provider, "providername").map(|name| format!("https://{name}"));
                    let client = text(provider, "clientid");
                    read.providers.extend(issuer.clone().zip(client.clone()));
                    read.issuers.extend(issuer);
                    read.clients.extend(client);
                }
            }
        }
        if read.issuers.is_empty() { Err(absent("user pool")) } else { Ok(read) }
    }
}

fn custom_claim(rule: &Value) -> Result<ClaimRule> {
    let malformed = || Error::usage("an entry of customClaims can't be understood");
    let rule = rule.as_object().ok_or_else(malformed)?;
    let name = text(rule, "inboundtokenclaimname").ok_or_else(malformed)?;
    let is_any_of = |word: &str, known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
    let is_list = match text(rule, "inboundtokenclaimvaluetype") {
        Some(form) if is_any_of(&form, &["STRING_ARRAY"]) => true,
        Some(form) if !is_any_of(&form, &["STRING"]) => return Err(unknown("inboundTokenClaimValueType", &form)),
        _ => false,
    };
    let matches = get(rule, "authorizingclaimmatchvalue").and_then(|value| find(value, "claimmatchvalue", 0));
    // The form of the claim says which of the known ones it is: AWS accepts no other pairs.
    let operator = matches.and_then(|found| text(found, "claimmatchoperator"));
    if let Some(operator) = operator.filter(|word| !is_any_of(word, &["EQUALS", "CONTAINS", "CONTAINS_ANY"])) {
        return Err(unknown("claimMatchOperator", &operator));
    }
    let value =
        matches.and_then(|found| get(found, "claimmatchvalue")).and_then(Value::as_object).ok_or_else(malformed)?;
    let mut values = texts(value, "matchvaluestringlist");
    values.extend(text(value, "matchvaluestring"));
    if values.is_empty() {
        return Err(malformed());
    }
    Ok(ClaimRule { name, form: if is_list { ClaimForm::List } else { ClaimForm::Text }, values })
}

/// The error for a value of a rule that AWS may know and cogtok does not: without it, nothing can be said about a token.
fn unknown(setting: &str, value: &str) -> Error {
    Error::usage(format!("cogtok does not know the {setting} `{}` of customClaims", printable(value, 40)))
}

fn additional_claim(rule: &Value) -> Result<ClaimRule> {
    let malformed = || Error::usage("an entry of AdditionalClaims can't be understood");
    let rule = rule.as_object().ok_or_else(malformed)?;
    let form = match text(rule, "format").ok_or_else(malformed)?.as_str() {
        "single-string" => ClaimForm::Text,
        "string-array" => ClaimForm::List,
        "space-separated-values" => ClaimForm::Words,
        other => return Err(Error::usage(format!("`{}` is not a format of AdditionalClaims", printable(other, 40)))),
    };
    let name = text(rule, "name").ok_or_else(malformed)?;
    Ok(ClaimRule { name, form, values: texts(rule, "values") })
}

/// The names of JSON, CloudFormation and Terraform differ in case and underscores.
fn is_named(name: &str, wanted: &str) -> bool {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).eq(wanted.chars())
}

fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| is_named(key, name)).map(|(_, value)| value)
}

/// The first object, here or below, that has a field of this name.
fn find<'a>(value: &'a Value, name: &str, depth: usize) -> Option<&'a Map<String, Value>> {
    match value {
        Value::Object(object) if get(object, name).is_some() => Some(object),
        _ if depth > 12 => None,
        Value::Object(object) => object.values().find_map(|value| find(value, name, depth + 1)),
        Value::Array(items) => items.iter().find_map(|value| find(value, name, depth + 1)),
        _ => None,
    }
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    get(object, name).and_then(Value::as_str).map(str::to_owned)
}

fn texts(object: &Map<String, Value>, name: &str) -> Vec<String> {
    match get(object, name) {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}
