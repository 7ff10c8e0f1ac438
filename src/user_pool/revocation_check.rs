//! Asks Cognito whether a verified token is still valid: it may have been revoked.

use crate::error::{AdviceKind, Error, Kind, Result};
use crate::http::client::HttpClient;
use crate::secret::Secret;
use crate::settings::profile::Profile;
use crate::token::jwt::TokenKind;
use crate::token::verify::Claims;
use crate::user_pool::token_status;

/// The endpoint that answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationStatus {
    /// GetUser took the token.
    GetUser,
    /// userInfo took it.
    UserInfo,
    /// None: nobody can be asked about a machine's token, which can't be revoked either.
    Nobody,
}

impl RevocationStatus {
    /// The name of the call.
    pub const fn call(self) -> Option<&'static str> {
        match self {
            RevocationStatus::GetUser => Some("GetUser"),
            RevocationStatus::UserInfo => Some("userInfo"),
            RevocationStatus::Nobody => None,
        }
    }
}

/// Checks the token with these claims, with one request. Its scopes determine the endpoint.
///
/// # Errors
/// [`Kind::InvalidToken`] if the token is no longer valid; [`Kind::Failure`] for a user's token that can't be checked; else as
/// [`token_status::get_user`] and [`token_status::user_info`].
pub async fn ask(wire: &HttpClient, profile: &Profile, claims: &Claims, token: &Secret) -> Result<RevocationStatus> {
    let scopes = claims.scopes();
    let has = |wanted: &str| scopes.contains(&wanted);
    if claims.kind() == TokenKind::Machine {
        return Ok(RevocationStatus::Nobody);
    }
    if has("aws.cognito.signin.user.admin") {
        let user = token_status::get_user(wire, profile, token).await?;
        let is_same = |claim: Option<&str>, named: &str| claim.is_none_or(|claim| claim == named);
        let is_its = is_same(claims.username(), &user.username)
            && user.subject.is_none_or(|subject| is_same(claims.subject(), &subject));
        return if is_its { Ok(RevocationStatus::GetUser) } else { Err(of_another_user("GetUser")) };
    }
    let impossible = |why: &str| Error::new(Kind::Failure, format!("Cognito can't be asked about this token: {why}"));
    if !has("openid") {
        return Err(impossible("it accepts access tokens with the scope aws.cognito.signin.user.admin or openid")
            .hint(AdviceKind::VerifyLocallyOrAccessToken));
    }
    let domain = profile.domain.as_ref().ok_or_else(|| {
        impossible("userInfo is at the pool's domain, and `domain` is not set").hint(AdviceKind::SetDomain)
    })?;
    let subject = token_status::user_info(wire, domain, token).await?;
    // Required by OpenID Connect Core section 5.3.2.
    if claims.subject() == Some(subject.as_str()) {
        Ok(RevocationStatus::UserInfo)
    } else {
        Err(of_another_user("userInfo"))
    }
}

fn of_another_user(call: &str) -> Error {
    Error::new(Kind::InvalidToken, format!("{call} names a different user than the token"))
}
