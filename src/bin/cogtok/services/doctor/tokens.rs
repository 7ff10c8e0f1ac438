//! The cached tokens: their owners and lifetimes, never the tokens.

use crate::services::doctor::{Check, Finding, hints};
use cogtok::cache::token_cache::Cache;
use cogtok::error::Advice;
use cogtok::oauth::client_credentials;
use cogtok::secrets::store::SecretId;
use cogtok::settings::profile::Profile;
use cogtok::token::TokenSet;
use cogtok::token::identity::Identity;
use cogtok::token::relative_time::relative;
use cogtok::user_pool::user_token;

/// The cached tokens of the profile. `never_stored` is the secret without which a machine can't get another.
pub fn tokens(profile: &Profile, cache: &Cache, never_stored: Option<&SecretId>, now: u64) -> Vec<Finding> {
    let mut found = Vec::new();
    if profile.user.client_id.is_some()
        && let Ok(key) = user_token::cache_key(profile)
    {
        let whose = |tokens: &TokenSet| Identity::of(tokens).map(|identity| identity.shown().to_owned());
        found.push(token(Check::UserToken, cache.read(&key, now), whose, now));
    }
    if (profile.m2m.client_id.is_some() || profile.m2m.secret_arn.is_some())
        && let Ok(key) = client_credentials::cache_key(profile)
    {
        let whose = |_: &TokenSet| profile.m2m.client_id.as_ref().map(|id| format!("client {id}"));
        let tokens = cache.read(&key, now);
        found.push(match never_stored.filter(|_| tokens.is_none()) {
            Some(binding) => {
                let hint = Advice::new(hints::STORE).fill("value", binding.command());
                Finding::warn(Check::M2mToken, format!("none is cached, and the {binding} was never stored"), hint)
            }
            None => token(Check::M2mToken, tokens, whose, now),
        });
    }
    found
}

fn token(check: Check, tokens: Option<TokenSet>, whose: impl Fn(&TokenSet) -> Option<String>, now: u64) -> Finding {
    let Some(tokens) = tokens else { return Finding::ok(check, "none is cached") };
    let whose = whose(&tokens).unwrap_or_else(|| "without a subject".to_owned());
    let end = tokens.access.expires_at.and_then(|end| i64::try_from(end).ok());
    let until = match (tokens.access.seconds_left(now), end) {
        (Some(0), Some(end)) => format!("it expired {}", relative(end, now)),
        (Some(_), Some(end)) => format!("it expires {}", relative(end, now)),
        _ => "cogtok does not know when it expires".to_owned(),
    };
    let renewed = if tokens.renewal.session().is_some() { ", and is renewed then" } else { "" };
    Finding::ok(check, format!("{whose}; {until}{renewed}"))
}
