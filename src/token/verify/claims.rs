//! The claims of a verified token.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use crate::token::jwt::TokenKind;

/// The last second of the year 9999, in seconds since the Unix epoch.
const END_OF_9999: u64 = 253_402_300_799;

/// The claims of a token that [`verify`](super::verify) has accepted. Nothing else makes one.
///
/// ```compile_fail
/// let claims = cogtok::token::verify::Claims(serde_json::Map::new());
/// ```
#[derive(Debug, Clone)]
pub struct Claims(pub(super) Map<String, Value>);

impl Claims {
    /// All claims.
    #[doc(hidden)]
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// A claim that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// `sub`.
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// The user's name: `username` of an access token, `cognito:username` of an ID token.
    pub fn username(&self) -> Option<&str> {
        self.text(self.kind().username_claim())
    }

    /// The app client: `client_id` of an access token, `aud` of an ID token.
    pub fn client_id(&self) -> Option<&str> {
        self.text(self.kind().client_claim())
    }

    /// `exp`: when the token ends; the end of the year 9999 where it is beyond what the system can represent.
    pub fn expires_at(&self) -> SystemTime {
        let end = self.0.get("exp").and_then(Value::as_u64).unwrap_or_default();
        let time = |seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        time(end).or_else(|| time(END_OF_9999)).unwrap_or(UNIX_EPOCH)
    }

    /// `cognito:groups`: the groups that the user is in.
    pub fn groups(&self) -> Vec<&str> {
        let groups = self.0.get("cognito:groups").and_then(Value::as_array);
        groups.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// All claims as a JSON object.
    pub fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// `scope`, one by one.
    pub fn scopes(&self) -> Vec<&str> {
        self.text("scope").unwrap_or_default().split_ascii_whitespace().collect()
    }

    /// The kind of token.
    #[doc(hidden)]
    pub fn kind(&self) -> TokenKind {
        TokenKind::of(&self.0)
    }
}
