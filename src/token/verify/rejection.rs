//! Why a token was not accepted, and what helps.

use crate::error::{Advice, AdviceKind, Error, Kind};
use crate::settings::types::Scopes;
use crate::token::jwt::TokenKind;

/// Why a token was not accepted: the first rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The claim or header parameter, or `format`, `signature`.
    pub claim: &'static str,
    /// The token's value, safe for a terminal. Of `format`, a sentence.
    pub found: String,
    /// The expected value.
    pub expected: String,
    /// The kind of token, where its claims are those of the pool; for `aud`, where it is about a resource and not about the app client.
    pub kind: TokenKind,
}

impl Rejection {
    pub(super) fn new(claim: &'static str, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Rejection { claim, found: found.into(), expected: expected.into(), kind: TokenKind::Unknown }
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.claim {
            // It is no claim that has a value: what was found is a sentence.
            "format" => write!(f, "{}, expected: {}", self.found, self.expected),
            claim => write!(f, "`{claim}` is {}, expected: {}", self.found, self.expected),
        }
    }
}

impl std::error::Error for Rejection {}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        let advice: Advice = match rejection.claim {
            "format" => "give the whole token, three parts with dots between, and nothing else".into(),
            "exp" => AdviceKind::RenewToken.into(),
            "iat" | "nbf" => "check this machine's clock".into(),
            "iss" => AdviceKind::CheckPoolOrNameIssuer.into(),
            "kid" | "signature" => "the token is of another pool, or was changed on its way".into(),
            "token_use" => AdviceKind::ChooseTokenUse.into(),
            "aud" if rejection.is_for_unnamed_resource() => AdviceKind::NameAudience.into(),
            "aud" if rejection.kind == TokenKind::Id => AdviceKind::ChooseTokenUse.into(),
            "aud" if rejection.kind == TokenKind::Unknown => AdviceKind::NameClient.into(),
            "aud" if rejection.found == MISSING => AdviceKind::OmitAudience.into(),
            "aud" => AdviceKind::NameAudience.into(),
            "client_id" => AdviceKind::NameClient.into(),
            "scope" if rejection.expected.starts_with("with ") => return without_scope(&rejection),
            _ => AdviceKind::InspectToken.into(),
        };
        Error::new(Kind::InvalidToken, format!("NOT verified: {rejection}")).hint(advice)
    }
}

/// What is found of a claim that a token does not have.
pub(super) const MISSING: &str = "missing";

/// The expected `aud` if no resource is named.
pub(super) const UNNAMED_RESOURCE: &str = "none in an access token, unless it is bound to a resource";

impl Rejection {
    /// Whether the token is bound to a resource and none was named.
    pub fn is_for_unnamed_resource(&self) -> bool {
        self.expected.starts_with(UNNAMED_RESOURCE)
    }
}

/// All scopes that a new token needs: a request names them anew, so those that this one has are among them. A list that was cut for the
/// message is no list of scopes.
fn wanted_scopes(rejection: &Rejection) -> String {
    let missing = rejection.expected.strip_prefix("with ").unwrap_or("SCOPE");
    let is_list = |found: &&str| !matches!(*found, MISSING | "empty") && Scopes::parse([*found]).is_ok();
    let has = Some(rejection.found.as_str()).filter(is_list);
    has.into_iter().chain([missing]).collect::<Vec<_>>().join(" ")
}

/// The error for a token that lacks a scope: how it would get it depends on where it came from.
fn without_scope(rejection: &Rejection) -> Error {
    let error = Error::new(Kind::InvalidToken, format!("NOT verified: {rejection}"));
    match rejection.kind {
        TokenKind::Machine => error
            .hint(AdviceKind::GetTokenWithScope)
            .fill_word("scope", &wanted_scopes(rejection))
            .hint("the app client may have the scopes of its AllowedOAuthScopes"),
        TokenKind::Id => error.hint(AdviceKind::GetAccessTokenWithScope),
        TokenKind::UserAccess | TokenKind::Unknown => error.hint(AdviceKind::SignInForScopes),
    }
}
