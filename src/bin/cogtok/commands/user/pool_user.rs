//! A user of the pool: what it is called, and that it was seen.

use cogtok::aws::admin::User;
use cogtok::error::{Error, Kind, Result, printable};
use cogtok::settings::profile::Profile;
use cogtok::store::name_history;

use crate::app::App;

/// The result of a call about a user that may not exist.
pub fn or_no_such_user<T>(username: &str, result: Result<T>) -> Result<T> {
    result.map_err(|error| match error.code() {
        Some("UserNotFoundException") => no_such_user(username),
        _ => error,
    })
}

/// Leaves names of users and groups of the profile's pool for completion.
pub fn note_seen<'a>(
    app: &App,
    profile: &Profile,
    users: impl IntoIterator<Item = &'a str>,
    groups: impl IntoIterator<Item = &'a str>,
) {
    if let (Some(pool), Ok(origin)) = (&profile.user_pool_id, profile.cognito_idp_origin()) {
        name_history::note(app.dirs().cache.as_deref(), pool.as_str(), &origin, users, groups);
    }
}

/// The name under which a person types a user: in pools that sign in by e-mail the user names are the subs.
pub fn typed(user: &User) -> &str {
    let has_name = user.sub.as_deref() != Some(user.username.as_str());
    user.email.as_deref().filter(|_| !has_name).unwrap_or(&user.username)
}

pub fn no_such_user(username: &str) -> Error {
    Error::new(Kind::Failure, format!("there is no user {}", printable(username, 128)))
        .hint("the users: cogtok user list{p}")
}
