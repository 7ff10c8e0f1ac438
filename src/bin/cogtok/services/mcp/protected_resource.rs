//! The server's metadata about its tokens (RFC 9728, OAuth 2.0 Protected Resource Metadata), compared with the profile.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use cogtok::error::printable;
use cogtok::http::streaming::Outgoing;

use crate::services::mcp::transport::McpEndpoint;

/// The most bytes of metadata, and how long they may take: they only explain what has failed already.
const MOST_BYTES: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// The mismatch between the metadata that a refusal names in `challenge` and the issuers of the profile's pool; `None` without one, or
/// without metadata. Only the server itself is asked, without a token.
pub async fn mismatch(place: &McpEndpoint, challenge: Option<&str>, issuers: &[String]) -> Option<String> {
    let ours = issuers.first()?;
    let url = metadata_url(challenge?, &place.url)?;
    let asked = tokio::time::timeout(PATIENCE, fetch(place, url)).await.ok()??;
    let metadata: Value = serde_json::from_slice(&asked).ok()?;
    let named = metadata.get("authorization_servers")?.as_array()?;
    let named: Vec<&str> = named.iter().filter_map(Value::as_str).map(issuer).collect();
    let is_ours = |named: &&str| issuers.iter().any(|ours| issuer(ours) == *named);
    if named.is_empty() || named.iter().any(is_ours) {
        return None;
    }
    let named: Vec<String> = named.iter().take(3).map(|named| place.without_secrets(&printable(named, 200))).collect();
    Some(format!("its metadata names the issuer {}, but the profile's pool is {ours}", named.join(" or ")))
}

/// The address of the metadata, where it is on the server that refused.
fn metadata_url(challenge: &str, server: &Url) -> Option<Url> {
    let (_, rest) = challenge.split_once("resource_metadata=")?;
    let rest = rest.trim_start();
    let text = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split([',', ' ']).next(),
    };
    let url = Url::parse(text?).ok()?;
    (url.origin() == server.origin()).then_some(url)
}

/// An issuer as it is compared: without what leads to its own metadata.
fn issuer(text: &str) -> &str {
    text.trim_end_matches("/.well-known/openid-configuration").trim_end_matches('/')
}

async fn fetch(place: &McpEndpoint, url: Url) -> Option<Vec<u8>> {
    let headers = vec![("Accept".to_owned(), "application/json".to_owned())];
    let request = Outgoing { method: "GET".to_owned(), url, headers, body: Vec::new().into() };
    let mut answer = place.wire.open(request, None, PATIENCE).await.ok()?;
    if answer.status() == 200 { answer.rest(MOST_BYTES).await.ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read_from_the_server_itself_alone() {
        let server: Url = "https://a.example/mcp".parse().unwrap();
        let found = |challenge: &str| metadata_url(challenge, &server).map(|url| url.to_string());
        let there = "https://a.example/.well-known/oauth-protected-resource/mcp";
        assert_eq!(found(&format!("Bearer resource_metadata=\"{there}\"")).as_deref(), Some(there));
        assert_eq!(found(&format!("Bearer error=\"x\", resource_metadata={there}, a=b")).as_deref(), Some(there));
        for challenge in ["Bearer", "Bearer resource_metadata=\"https://b.example/x\"", "Bearer resource_metadata=\"x"]
        {
            assert_eq!(found(challenge), None, "{challenge}");
        }
        assert_eq!(issuer("https://i/pool/.well-known/openid-configuration"), issuer("https://i/pool/"));
    }
}
