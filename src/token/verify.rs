//! Verifying a token: signature and claims, from its text, a key set, expectations and the time. No I/O.
//!
//! The rules are those of the Cognito developer guide ("Verifying JSON web tokens") and RFC 8725: only RS256, the key by its `kid` from the
//! configured pool's set, and every claim compared with an expected value, never with another claim.
//!
//! ```
//! use cogtok::settings::types::ClientId;
//! use cogtok::token::jwks::KeySet;
//! use cogtok::token::verify::{Expectations, verify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let jwks = include_bytes!("../../tests/fixtures/jwt/jwks.json");
//! # let token = include_str!("../../tests/fixtures/jwt/access.jwt").trim();
//! let keys = KeySet::parse(jwks)?; // what https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01/.well-known/jwks.json gave
//! let client: ClientId = "1example23456789abcdefghij".parse()?;
//! let expected = Expectations::of_pool(&"us-east-1_Example01".parse()?, vec![client]);
//!
//! let now = 1_700_000_000_000; // milliseconds since the Unix epoch
//! let claims = verify(token, &keys, &expected, now)?;
//! assert_eq!(claims.username(), Some("alice"));
//!
//! let two_hours_later = now + 2 * 3_600_000;
//! let rejection = verify(token, &keys, &expected, two_hours_later).unwrap_err();
//! assert_eq!(rejection.claim, "exp");
//! # Ok(())
//! # }
//! ```

mod claims;
mod rejection;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::jwks::KeySet;
use super::jwt::{self, TokenKind};
use super::relative_time::relative;
use crate::error::printable;
use crate::settings::profile::issuers;
use crate::settings::types::{ClientId, PoolId, Scopes, TokenUse};

pub use claims::Claims;
pub use rejection::Rejection;
use rejection::{MISSING, UNNAMED_RESOURCE};

/// Seconds by which clocks may differ.
pub const LEEWAY_SECONDS: u64 = 60;

/// Header parameters that Cognito never sets and that bring a key, another form of token, or rules of their own.
const REFUSED_HEADERS: [&str; 8] = ["crit", "b64", "enc", "jku", "jwk", "x5c", "x5u", "zip"];

/// The header parameters that a token may have (RFC 7515 section 4.1). Reading one refuses another type, and the same twice.
#[derive(Deserialize)]
#[allow(dead_code, reason = "read for their types")]
struct Header {
    alg: String,
    typ: Option<String>,
    cty: Option<String>,
    kid: Option<String>,
    x5t: Option<String>,
    #[serde(rename = "x5t#S256")]
    x5t_s256: Option<String>,
    url: Option<String>,
    nonce: Option<String>,
}

/// The required claims.
#[derive(Debug, Clone, Default)]
pub struct Expectations {
    /// `iss` must be one of these, exactly; with none nothing passes.
    pub issuers: Vec<String>,
    /// `client_id` (access token) or `aud` (ID token) must be one of these; with none nothing passes.
    pub clients: Vec<ClientId>,
    /// `token_use`, where only one is wanted.
    pub token: Option<TokenUse>,
    /// `aud` of an access token with resource binding (RFC 8707). Without it an access token must have no `aud`.
    pub audience: Option<String>,
    /// Scopes that must all be in `scope`.
    pub scopes: Scopes,
    /// Groups that must all be in `cognito:groups`.
    pub groups: Vec<String>,
}

impl Expectations {
    /// A token of this pool, by either of its issuers, for one of these app clients.
    pub fn of_pool(pool: &PoolId, clients: Vec<ClientId>) -> Self {
        Expectations { issuers: issuers(pool).to_vec(), clients, ..Expectations::default() }
    }
}

/// The `kid` of a token whose header can be accepted: what decides which key set is needed, before one is fetched.
///
/// # Errors
/// The [`Rejection`] of `format`, `alg`, `kid`, or of a header parameter that Cognito never sets.
pub fn key_id(token: &str) -> Result<String, Rejection> {
    let malformed = |found: &str| Rejection::new("format", found, "a JSON Web Token (three base64url parts)");
    let parts = jwt::parts(token).ok_or_else(|| malformed("it is not three parts between dots"))?;
    let header = jwt::object(parts[0]).ok_or_else(|| malformed("the header is not a JSON object in base64url"))?;
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(Rejection::new("alg", shown(header.get("alg")), "RS256, which is all that Cognito uses"));
    }
    if let Some(name) = REFUSED_HEADERS.into_iter().find(|name| header.contains_key(*name)) {
        return Err(Rejection::new(name, "in the header", "none, as Cognito never sets it"));
    }
    if !jwt::has_header_of::<Header>(parts[0]) {
        return Err(malformed("the header has parameters of a wrong type, or twice the same"));
    }
    match header.get("kid").and_then(Value::as_str) {
        Some(id) => Ok(id.to_owned()),
        None => Err(Rejection::new("kid", shown(header.get("kid")), "the name of a key of the pool")),
    }
}

/// The payload of a token with a valid RS256 signature by one of `keys`. Its claims are not checked.
///
/// # Errors
/// The [`Rejection`] of `format`, `alg`, `kid` or `signature`, or of a header parameter that Cognito never sets.
pub fn verify_signature<'a>(token: &'a str, keys: &KeySet) -> Result<&'a str, Rejection> {
    let id = key_id(token)?;
    let key = keys.get(&id).ok_or_else(|| {
        let known: Vec<String> = keys.ids().take(4).map(|id| printable(id, 60)).collect();
        Rejection::new("kid", printable(&id, 80), format!("a key of the pool ({})", known.join(", ")))
    })?;
    let unsigned =
        || Rejection::new("signature", "not valid for that key", "the pool's signature of header and payload");
    let (message, signature) = token.rsplit_once('.').ok_or_else(unsigned)?;
    let (_, payload) = message.split_once('.').ok_or_else(unsigned)?;
    if key.has_signed(message, signature) { Ok(payload) } else { Err(unsigned()) }
}

/// Verifies a token at `now` (milliseconds since the Unix epoch); the error is the first broken rule. The order: format, `alg`, other
/// header parameters, `kid`, `signature`, `exp`, `nbf`, `iat`, `iss`, `token_use`, `client_id` or `aud`, types (`sub`, `jti`, `scope`),
/// `scope`, `cognito:groups`. Clocks may differ by [`LEEWAY_SECONDS`].
///
/// # Errors
/// The [`Rejection`].
pub fn verify(token: &str, keys: &KeySet, expected: &Expectations, now: u64) -> Result<Claims, Rejection> {
    let payload = verify_signature(token, keys)?;
    let claims = jwt::object(payload)
        .ok_or_else(|| Rejection::new("format", "the payload is not a JSON object", "claims (RFC 7519)"))?;
    check_claims(&claims, expected, now)?;
    Ok(Claims(claims))
}

/// Whether the claims of a token whose signature is right are those that are expected.
pub(crate) fn check_claims(claims: &Map<String, Value>, expected: &Expectations, now: u64) -> Result<(), Rejection> {
    check_times(claims, now, LEEWAY_SECONDS)?;
    check_issuer(claims, &expected.issuers)?;
    check_use(claims, expected)?;
    if let Some((name, wanted)) = jwt::mistyped(claims) {
        return Err(Rejection::new(name, shown(claims.get(name)), wanted));
    }
    check_scopes(claims, &expected.scopes)?;
    check_groups(claims, &expected.groups)
}

/// Whether a token with these claims lives at `now` (milliseconds since the Unix epoch), and `grace` seconds longer. Its
/// beginning has [`LEEWAY_SECONDS`]: a new token's is the present of another clock.
pub(crate) fn check_times(claims: &Map<String, Value>, now: u64, grace: u64) -> Result<(), Rejection> {
    let found = |value: &Value| match value.as_i64() {
        Some(seconds) => format!("{seconds} ({})", relative(seconds, now)),
        None if value.is_string() => format!("the text {}", shown(Some(value))),
        None => shown(Some(value)),
    };
    let numeric = "a whole number of seconds since 1970";
    let end = claims.get("exp").ok_or_else(|| Rejection::new("exp", "missing", numeric))?;
    let ends = end.as_u64().ok_or_else(|| Rejection::new("exp", found(end), numeric))?;
    if now / 1000 >= ends.saturating_add(grace) {
        return Err(Rejection::new("exp", found(end), "in the future"));
    }
    for name in ["nbf", "iat"] {
        let Some(begin) = claims.get(name) else { continue };
        let begins = begin.as_u64().ok_or_else(|| Rejection::new(name, found(begin), numeric))?;
        if begins > (now / 1000).saturating_add(LEEWAY_SECONDS) {
            return Err(Rejection::new(name, found(begin), "in the past"));
        }
    }
    Ok(())
}

fn check_issuer(claims: &Map<String, Value>, issuers: &[String]) -> Result<(), Rejection> {
    let issuer = claims.get("iss");
    match issuer.and_then(Value::as_str) {
        Some(issuer) if issuers.iter().any(|expected| expected == issuer) => Ok(()),
        _ => Err(Rejection::new("iss", shown(issuer), one_of(issuers))),
    }
}

fn check_use(claims: &Map<String, Value>, expected: &Expectations) -> Result<(), Rejection> {
    let value = claims.get("token_use");
    let token = match value.and_then(Value::as_str) {
        Some("access") => TokenUse::Access,
        Some("id") => TokenUse::Id,
        _ => return Err(Rejection::new("token_use", shown(value), "access or id")),
    };
    if let Some(wanted) = expected.token.filter(|wanted| *wanted != token) {
        return Err(Rejection::new("token_use", token.as_str(), wanted.as_str()));
    }
    let name = match token {
        TokenUse::Access => "client_id",
        TokenUse::Id => "aud",
    };
    let client = claims.get(name);
    let is_expected = |client: &str| expected.clients.iter().any(|expected| expected.as_str() == client);
    if !client.and_then(Value::as_str).is_some_and(is_expected) {
        let clients: Vec<String> = expected.clients.iter().map(ToString::to_string).collect();
        return Err(Rejection::new(name, shown(client), one_of(&clients)));
    }
    // RFC 7519 section 4.1.3: a recipient that `aud` does not name must refuse the token.
    let for_resource = |audience, expected| Rejection {
        kind: TokenKind::of(claims),
        ..Rejection::new("aud", shown(audience), expected)
    };
    match (token, claims.get("aud"), &expected.audience) {
        (TokenUse::Id, _, None) | (TokenUse::Access, None, None) => Ok(()),
        (_, Some(Value::String(audience)), Some(wanted)) if audience == wanted => Ok(()),
        (_, audience, Some(wanted)) => Err(for_resource(audience, printable(wanted, 200))),
        (TokenUse::Access, audience, None) => Err(for_resource(audience, UNNAMED_RESOURCE.to_owned())),
    }
}

fn check_scopes(claims: &Map<String, Value>, wanted: &Scopes) -> Result<(), Rejection> {
    if wanted.iter().next().is_none() {
        return Ok(());
    }
    let value = claims.get("scope");
    let granted = value.and_then(Value::as_str).and_then(|scope| Scopes::parse([scope]).ok());
    match granted.map(|granted| wanted.missing_from(&granted).join(" ")) {
        Some(missing) if missing.is_empty() => Ok(()),
        Some(missing) => Err(missing),
        None => Err(wanted.to_string()),
    }
    .map_err(|missing| {
        let kind = TokenKind::of(claims);
        Rejection { kind, ..Rejection::new("scope", shown(value), format!("with {missing}")) }
    })
}

fn check_groups(claims: &Map<String, Value>, wanted: &[String]) -> Result<(), Rejection> {
    let value = claims.get("cognito:groups");
    let groups: Vec<&str> = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    match wanted.iter().find(|group| !groups.contains(&group.as_str())) {
        None => Ok(()),
        Some(group) => Err(Rejection::new("cognito:groups", shown(value), format!("with {}", printable(group, 128)))),
    }
}

/// A value of a token as it may be shown.
pub(crate) fn shown(value: Option<&Value>) -> String {
    match value {
        None => MISSING.to_owned(),
        Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
        Some(Value::String(text)) => brief(text),
        Some(Value::Array(items)) if items.len() > 20 => format!("a list of {}", items.len()),
        Some(Value::Object(_)) => "an object".to_owned(),
        Some(other) => brief(&other.to_string()),
    }
}

/// Text that leaves room for the rest of a line, however much of it has to be escaped.
fn brief(text: &str) -> String {
    let shown = printable(text, 200);
    if shown.len() > 400 { printable(text, 40) } else { shown }
}

pub(crate) fn one_of(values: &[String]) -> String {
    match values {
        [] => "one that is named, and none is".to_owned(),
        [only] => printable(only, 200),
        many => format!("one of {}", printable(&many.join(", "), 400)),
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "wycheproof_tests.rs"]
mod wycheproof;
