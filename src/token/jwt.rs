//! Reading a JSON Web Token without trusting it: enough to keep a token no longer than it lives and to compare scopes.
//! Nothing here says that a token is genuine.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::profile::words::Scopes;

/// Claims as they stand in a token, NOT VERIFIED.
#[derive(Debug, Clone, Default)]
pub struct UnverifiedClaims {
    /// `exp`, in seconds since the Unix epoch.
    pub exp: Option<u64>,
    /// `scope` (RFC 9068 section 2.2.3).
    pub scope: Option<Scopes>,
    /// `username`: the user as the pool knows it, in access tokens of users.
    pub username: Option<String>,
}

/// The claims of a compact JWS (RFC 7515 section 3.1), or nothing where `token` is not one.
pub fn read_unverified(token: &str) -> Option<UnverifiedClaims> {
    let claims = payload_unverified(token)?;
    Some(UnverifiedClaims {
        exp: claims.get("exp").and_then(Value::as_u64),
        scope: claims.get("scope").and_then(Value::as_str).and_then(|scope| Scopes::parse([scope]).ok()),
        username: claims.get("username").and_then(Value::as_str).map(str::to_owned),
    })
}

/// The whole payload of a compact JWS, NOT VERIFIED, or nothing where `token` is not one.
pub fn payload_unverified(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    match serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()? {
        Value::Object(claims) => Some(claims),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_jwt_has_no_claims() {
        for token in ["", "opaque", "a.b", "a.b.c", "a.b.c.d.e", "e30.bm90anNvbg.c2ln", "e30.W10.c2ln"] {
            assert!(read_unverified(token).is_none(), "{token}");
        }
        assert!(read_unverified("e30.e30.c2ln").is_some_and(|claims| claims.exp.is_none() && claims.scope.is_none()));
    }
}
