//! What a server says of the tokens that it takes (RFC 9728, OAuth 2.0 Protected Resource Metadata), compared with the profile and
//! with the token that it refused.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use cogtok::error::printable;
use cogtok::http::streaming::Outgoing;
use cogtok::secret::Secret;
use cogtok::token::jwt::payload_unverified;

use crate::services::mcp::transport::{McpEndpoint, Refusal};

/// The most bytes of metadata, and how long they may take: they only explain what has failed already.
const MOST_BYTES: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// The most names that a message repeats.
const MOST_NAMES: usize = 3;

/// Where the metadata of one server is.
#[derive(Debug, Default)]
pub struct ProtectedResource {
    // Found by the well-known place, which is looked at once.
    well_known: RefCell<Option<Option<Url>>>,
}

impl ProtectedResource {
    /// What is at odds between the server's metadata, the issuers of the profile's pool and the token that the server refused;
    /// nothing where nothing is, or nothing is known. Only the server itself is asked, without a token.
    pub async fn mismatches(
        &self,
        place: &McpEndpoint,
        refusal: &Refusal,
        issuers: &[String],
        token: &Secret,
    ) -> Vec<String> {
        let asked = tokio::time::timeout(PATIENCE, self.metadata(place, refusal)).await;
        let Ok(Some(metadata)) = asked else { return Vec::new() };
        if !is_of(&metadata, &place.url) {
            return Vec::new();
        }
        let said = |names: &[&str]| {
            let names = names.iter().take(MOST_NAMES);
            let names: Vec<String> = names.map(|name| place.without_secrets(&printable(name, 200))).collect();
            names.join(" or ")
        };
        let mut found = Vec::new();
        if let Some(named) = other_issuers(&metadata, issuers) {
            let ours = issuers.first().map(String::as_str).unwrap_or_default();
            found.push(format!("its metadata names the issuer {}, but the profile's pool is {ours}", said(&named)));
        }
        if let Some((named, has)) = other_scopes(&metadata, token) {
            found.push(format!(
                "its metadata asks for the scope {}, but the token has {}",
                said(&named),
                printable(&has, 200)
            ));
        }
        found
    }

    async fn metadata(&self, place: &McpEndpoint, refusal: &Refusal) -> Option<Value> {
        if let Some(url) = refusal.challenge.as_deref().and_then(|challenge| named_url(challenge, &place.url)) {
            return fetch(place, url).await;
        }
        // A server that says why with 403 has no need of its metadata (RFC 9728 section 5.1).
        if refusal.status != 401 {
            return None;
        }
        let known = self.well_known.borrow().clone();
        if let Some(known) = known {
            return fetch(place, known?).await;
        }
        for url in well_known_urls(&place.url) {
            if let Some(metadata) = fetch(place, url.clone()).await {
                *self.well_known.borrow_mut() = Some(Some(url));
                return Some(metadata);
            }
        }
        *self.well_known.borrow_mut() = Some(None);
        None
    }
}

/// Whether metadata is about this server: what is about another one is not to be used (RFC 9728 section 3.3).
fn is_of(metadata: &Value, server: &Url) -> bool {
    match metadata.get("resource").and_then(Value::as_str) {
        Some(resource) => Url::parse(resource).is_ok_and(|resource| resource.origin() == server.origin()),
        None => true,
    }
}

/// The issuers that the metadata names, where none is one of ours.
fn other_issuers<'a>(metadata: &'a Value, ours: &[String]) -> Option<Vec<&'a str>> {
    let named: Vec<&str> = strings(metadata, "authorization_servers").into_iter().map(issuer).collect();
    let is_ours = |named: &&str| ours.iter().any(|ours| issuer(ours) == *named);
    (!ours.is_empty() && !named.is_empty() && !named.iter().any(is_ours)).then_some(named)
}

/// The scopes that the metadata names and those of the token, where they have none in common. A token without scopes, such as an ID
/// token, is refused for another reason.
fn other_scopes<'a>(metadata: &'a Value, token: &Secret) -> Option<(Vec<&'a str>, String)> {
    let named = strings(metadata, "scopes_supported");
    let has = payload_unverified(token.expose())?.get("scope")?.as_str()?.to_owned();
    let is_there = |scope: &str| has.split_ascii_whitespace().any(|has| has == scope);
    let is_other = !named.is_empty() && !has.trim().is_empty() && !named.iter().any(|scope| is_there(scope));
    is_other.then_some((named, has))
}

fn strings<'a>(metadata: &'a Value, name: &str) -> Vec<&'a str> {
    metadata.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The address of the metadata that a challenge names, where it is on the server that refused.
fn named_url(challenge: &str, server: &Url) -> Option<Url> {
    let (_, rest) = challenge.split_once("resource_metadata=")?;
    let rest = rest.trim_start();
    let text = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split([',', ' ']).next(),
    };
    let url = Url::parse(text?).ok()?;
    (url.origin() == server.origin()).then_some(url)
}

/// Where the metadata is by rule: with the path of the server behind it, and at the root.
fn well_known_urls(server: &Url) -> Vec<Url> {
    let at = |path: &str| {
        let mut url = server.clone();
        url.set_path(&format!("/.well-known/oauth-protected-resource{path}"));
        url.set_fragment(None);
        url
    };
    let mut root = at("");
    root.set_query(None);
    let path = server.path().trim_end_matches('/');
    if path.is_empty() { vec![root] } else { vec![at(path), root] }
}

/// An issuer as it is compared: without what leads to its own metadata.
fn issuer(text: &str) -> &str {
    text.trim_end_matches("/.well-known/openid-configuration").trim_end_matches('/')
}

async fn fetch(place: &McpEndpoint, url: Url) -> Option<Value> {
    let headers = vec![("Accept".to_owned(), "application/json".to_owned())];
    let request = Outgoing { method: "GET".to_owned(), url, headers, body: Vec::new().into() };
    let mut answer = place.wire.open(request, None, PATIENCE).await.ok()?;
    if answer.status() != 200 {
        return None;
    }
    let metadata: Value = serde_json::from_slice(&answer.rest(MOST_BYTES).await.ok()?).ok()?;
    metadata.is_object().then_some(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    fn server() -> Url {
        "https://a.example/mcp?x=1".parse().unwrap()
    }

    #[test]
    fn metadata_is_read_from_the_server_itself_alone() {
        let found = |challenge: &str| named_url(challenge, &server()).map(|url| url.to_string());
        let there = "https://a.example/.well-known/oauth-protected-resource/mcp";
        assert_eq!(found(&format!("Bearer resource_metadata=\"{there}\"")).as_deref(), Some(there));
        assert_eq!(found(&format!("Bearer error=\"x\", resource_metadata={there}, a=b")).as_deref(), Some(there));
        for challenge in ["Bearer", "Bearer resource_metadata=\"https://b.example/x\"", "Bearer resource_metadata=\"x"]
        {
            assert_eq!(found(challenge), None, "{challenge}");
        }
        let urls: Vec<String> = well_known_urls(&server()).iter().map(Url::to_string).collect();
        assert_eq!(urls, [format!("{there}?x=1"), "https://a.example/.well-known/oauth-protected-resource".to_owned()]);
        assert_eq!(well_known_urls(&"https://a.example/".parse().unwrap()).len(), 1);
        assert!(is_of(&json!({"resource": "https://a.example/mcp"}), &server()) && is_of(&json!({}), &server()));
        assert!(!is_of(&json!({"resource": "https://b.example/mcp"}), &server()));
    }

    #[test]
    fn what_is_at_odds_is_found_and_nothing_else() {
        let ours = ["https://i/pool".to_owned(), "https://issuer-i/pool".to_owned()];
        let issuers = |named: Value| json!({ "authorization_servers": named });
        assert_eq!(other_issuers(&issuers(json!(["https://i/other"])), &ours), Some(vec!["https://i/other"]));
        for named in
            [json!(["https://i/other", "https://issuer-i/pool/"]), json!([]), json!("https://i/other"), json!([1])]
        {
            assert_eq!(other_issuers(&issuers(named.clone()), &ours), None, "{named}");
        }
        assert_eq!(other_issuers(&issuers(json!(["https://i/other"])), &[]), None);
        assert_eq!(issuer("https://i/pool/.well-known/openid-configuration"), issuer("https://i/pool/"));
        let token = |claims: Value| Secret::new(format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims.to_string())));
        let scopes = json!({"scopes_supported": ["gw/invoke", "gw/list"]});
        let other = other_scopes(&scopes, &token(json!({"scope": "api/read openid"})));
        assert_eq!(other, Some((vec!["gw/invoke", "gw/list"], "api/read openid".to_owned())));
        for claims in [json!({"scope": "x gw/list"}), json!({"scope": ""}), json!({}), json!({"scope": 1})] {
            assert_eq!(other_scopes(&scopes, &token(claims.clone())), None, "{claims}");
        }
        assert_eq!(other_scopes(&json!({}), &token(json!({"scope": "x"}))), None);
    }
}
