//! The pool's domain, where the profile does not name it: the pool's discovery document does.

use cogtok::error::{Error, Result};
use cogtok::oauth::discovery;
use cogtok::settings::aws_services::Service;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::{Profile, aws_origin};
use cogtok::settings::types::Endpoint;

use crate::app::App;
use crate::io::terminal;

/// Whether the domain is there for users who sign in with the browser, as far as the profile says it: a machine's tokens come from the
/// domain as well.
pub fn is_for_users(profile: &Profile) -> bool {
    let has_machine = profile.m2m.client_id.is_some() || profile.m2m.secret_arn.is_some();
    !has_machine || !profile.user.redirect_uris.is_empty()
}

/// The profile with the domain of its pool, which is saved for the calls that renew the token.
///
/// # Errors
/// [`Kind::Config`](cogtok::error::Kind::Config) for a pool without sign-in pages, and where it can't be asked.
pub fn discovered(app: &App, mut profile: Profile) -> Result<Profile> {
    let (None, Some(pool)) = (&profile.domain, &profile.user_pool_id) else { return Ok(profile) };
    // The domain does not help without the client.
    if profile.user.client_id.is_none() {
        return Ok(profile);
    }
    let base = match profile.endpoint(Service::CognitoIdp) {
        Some(endpoint) => endpoint.clone(),
        None => aws_origin("cognito-idp", &pool.region()).parse()?,
    };
    let wire = app.wire()?;
    let named = app.block_on(discovery::token_endpoint(&wire, &base, pool)).map_err(|why| match profile.domain() {
        Err(missing) => missing.hint(format!("cogtok could not ask the pool for it: {}", why.message())),
        Ok(_) => why,
    })?;
    let domain = named.as_ref().and_then(|url| url.as_str().strip_suffix("/oauth2/token")).map(str::parse::<Endpoint>);
    let Some(domain) = domain.transpose()? else {
        return Err(Error::config(format!("the pool {pool} has no sign-in pages"))
            .hint("sign in with user name and password: `cogtok token user{p}`")
            .hint("if it has a domain all the same: add `--domain URL`"));
    };
    let saved = profile.name.as_ref().map(|name| (name, app.save_setting(name, Key::Domain, domain.as_str())));
    match saved {
        Some((name, Ok(()))) => terminal::note(&format!("saved {domain}, the pool's domain, in profile `{name}`")),
        Some((_, Err(error))) => log::warn!(target: "cogtok", "the pool's domain is not saved: {error}"),
        None => {}
    }
    profile.domain = Some(domain);
    Ok(profile)
}
