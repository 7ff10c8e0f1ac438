//! A user's sign-in: USER_SRP_AUTH or USER_PASSWORD_AUTH, and whatever Cognito asks on the way.

use super::challenge::{Answer, Question};
use crate::cognito::http::Wire;
use crate::cognito::idp::{Idp, Outcome};
use crate::error::{Error, Result};
use crate::profile::Profile;
use crate::profile::words::{AuthFlow, SecretKind, Username};
use crate::secret::Secret;
use crate::store::cache::CacheKey;
use crate::store::secrets::Binding;
use crate::token::TokenSet;

/// More challenges than any pool asks for in one sign-in.
const MOST_CHALLENGES: usize = 10;

/// What the user's tokens depend on. The flow is no part of it, and access and ID token are kept together.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) when the profile names no client, user or Region.
pub fn cache_key(profile: &Profile) -> Result<CacheKey> {
    Ok(CacheKey::of(&[
        ("kind", "user"),
        ("endpoint", &profile.cognito_idp_origin()?),
        ("client_id", profile.user_client_id()?.as_str()),
        ("username", profile.username()?.as_str()),
    ]))
}

/// What a secret of the users' client is bound to: the client's own secret, or the password of `username`.
///
/// # Errors
/// As [`cache_key`].
pub fn secret_binding(profile: &Profile, kind: SecretKind, username: Option<&Username>) -> Result<Binding> {
    Ok(Binding {
        kind,
        client_id: profile.user_client_id()?.clone(),
        origin: profile.cognito_idp_origin()?,
        username: username.cloned(),
    })
}

/// Signs the profile's user in. `answer` is asked for each challenge; it may be called several times.
///
/// # Errors
/// What Cognito refuses, see [`crate::cognito::error`]; [`Kind::NeedsHuman`](crate::error::Kind::NeedsHuman) for a
/// challenge that can't be answered here; what `answer` gives.
pub async fn sign_in(
    wire: &Wire,
    profile: &Profile,
    client_secret: Option<Secret>,
    password: &Secret,
    mut answer: impl FnMut(&Question) -> Result<Answer>,
) -> Result<TokenSet> {
    let username = profile.username()?;
    let idp = Idp::new(wire, profile, client_secret).await?;
    let mut step = match profile.user.auth_flow {
        AuthFlow::Srp => idp.start_srp(profile.user_pool_id()?, username, password).await?,
        AuthFlow::Password => idp.start_password(username, password).await?,
    };
    for _ in 0..MOST_CHALLENGES {
        let challenge = match step {
            Outcome::Tokens(tokens) => return Ok(*tokens),
            Outcome::Challenge(challenge) => challenge,
        };
        let responses = answer(&Question::of(&challenge)?)?.responses();
        step = idp.respond(username, &challenge, responses).await?;
    }
    Err(Error::network(format!("Cognito asked more than {MOST_CHALLENGES} questions")))
}
