//! What to say where the app client does not allow the scopes that were requested.

use cogtok::aws::admin::Admin;
use cogtok::error::{Error, Result, printable};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::ClientId;

use crate::app::App;
use crate::env;

/// The most characters of a list of scopes.
const MOST: usize = 400;

/// The error, with the scopes that were requested of this client where its code says that they are what was refused, and with
/// those that the client allows where AWS credentials were named to ask with.
pub fn named(
    app: &App,
    profile: &Profile,
    client_id: &ClientId,
    (requested, codes): (&str, &[&str]),
    error: Error,
) -> Error {
    let is_about_scopes =
        error.code().is_some_and(|code| codes.contains(&code)) || error.message().contains("invalid_scope");
    if !is_about_scopes || requested.is_empty() {
        return error;
    }
    let error = error.hint(format!("cogtok requested: {}", listed(requested.split(' '))));
    match allowed(app, profile, client_id) {
        Some(Ok(scopes)) if scopes.is_empty() => error.hint("the app client allows no scopes"),
        Some(Ok(scopes)) => error.hint(format!("the app client allows: {}", listed(scopes.iter().map(String::as_str)))),
        Some(Err(why)) => {
            log::info!(target: "cogtok", "which scopes the app client allows is not known: {why}");
            error
        }
        None => error,
    }
}

/// AllowedOAuthScopes of the client; none where nobody named AWS credentials, or the pool is not known.
fn allowed(app: &App, profile: &Profile, client_id: &ClientId) -> Option<Result<Vec<String>>> {
    let may_ask = profile.aws_profile.is_some() || env::var("AWS_ACCESS_KEY_ID").is_some();
    let wire = app.wire().ok().filter(|_| may_ask && profile.user_pool_id.is_some())?;
    Some(app.block_on(async { Ok(Admin::new(&wire, profile).await?.app_client(client_id).await?.scopes) }))
}

fn listed<'a>(scopes: impl Iterator<Item = &'a str>) -> String {
    printable(&scopes.collect::<Vec<_>>().join(", "), MOST)
}
