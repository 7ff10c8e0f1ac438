//! `cogtok logout`: a user's session ends, here and at Cognito.

mod remaining_session;

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::cache::token_cache::CacheKey;
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::oauth::authorization_code::{HostedClient, logout_url};
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{SecretKind, Username};
use cogtok::store::sessions::SessionLock;
use cogtok::token::identity::Identity;
use cogtok::user_pool::cognito_idp::Idp;
use cogtok::user_pool::user_token;
use url::Url;

use super::derived::Derived;
use super::token::renewal::signed_in;
use crate::app::{App, Expected};
use crate::io::moment::moment;
use crate::io::{browser, terminal};
use crate::{completion, env};

pub use remaining_session::RemainingSession;

/// The scope that GlobalSignOut wants of an access token.
const USER_ADMIN: &str = "aws.cognito.signin.user.admin";

/// Sign out: revoke the refresh token, then delete it
///
/// Deletes the cached tokens, what was obtained with them (AWS credentials, exchanged tokens), the refresh token, the
/// remembered device and the saved password. If Cognito can't be reached, nothing is deleted: try again, or add --local.
/// APIs that verify tokens offline still accept the last access token until it expires.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok logout -p ws\n  \
    cogtok logout -p ws --global\n  \
    cogtok logout -p ws --browser --logout-uri http://127.0.0.1:8484/callback")]
pub struct Logout {
    /// The user, if the profile names none or another
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
    /// End every session of the user, on all devices (GlobalSignOut)
    #[arg(long)]
    global: bool,
    /// Delete what is stored here without telling Cognito: the session goes on there
    #[arg(long, conflicts_with = "global")]
    local: bool,
    /// Also end the browser's session with the hosted pages
    #[arg(long, requires = "logout_uri")]
    browser: bool,
    /// Where the hosted pages lead to afterwards: one of the app client's LogoutURLs
    #[arg(long, value_name = "URI", requires = "browser")]
    logout_uri: Option<String>,
}

pub fn run(app: &App, args: &Logout) -> Result<()> {
    let profile = app.resolve_region(app.profile(&[(Key::Username, args.username.clone())])?);
    let again = match (args.global, args.local) {
        (true, _) => "logout --global",
        (_, true) => "logout --local",
        _ => "logout",
    };
    let profile = app.resolve_user(profile, Some(again))?;
    let key = user_token::cache_key(&profile).map_err(|error| app.without_profile(&profile, error))?;
    let page = args.logout_uri.as_deref().map(|uri| page(&profile, uri)).transpose()?;
    if args.global {
        sign_out_everywhere(app, &profile, &key)?;
    }
    let how = match (args.global, args.local) {
        (true, _) => Ending::IsOver,
        (_, true) => Ending::Local,
        _ => Ending::Revoke,
    };
    let Ended { was_there, left } = end(app, &profile, &key, how)?;
    let profile_name = profile.name.as_ref().map(|name| format!(" profile `{name}`"));
    let with = |word: &str| profile_name.as_ref().map(|name| format!(" {word}{name}")).unwrap_or_default();
    let others = if was_there.is_none() { app.for_others(&profile, Some(again)) } else { Vec::new() };
    terminal::note(&match (was_there, args.local) {
        (None, _) if !others.is_empty() => {
            let who = profile.user.username.as_ref().map_or("the user", Username::as_str);
            format!("{} is not signed in{}, but another user is", printable(who, 128), with("to"))
        }
        (None, _) => format!("no one is signed in{}: there was nothing to do", with("to")),
        (Some(who), false) => format!("{who} is signed out{}", with("of")),
        (Some(who), true) => {
            format!(
                "{who} is signed out{} on this machine only: at Cognito, the session lasts until it expires",
                with("of")
            )
        }
    });
    others.into_iter().for_each(terminal::hint);
    if let Some(page) = page {
        terminal::note("opening the hosted pages, which end the browser's session");
        browser::open(&page, false);
        browser::wait();
    }
    left.map_or(Ok(()), |error| {
        Err(error.hint("run `cogtok logout{p}` again to delete the rest: Cognito has ended the session already"))
    })
}

/// How to end the session at Cognito.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// It is revoked first.
    Revoke,
    /// It has ended already.
    IsOver,
    /// It stays; only this machine's copy is deleted.
    Local,
}

/// The result of ending a session.
struct Ended {
    /// The owner of the session; `None` if there was none.
    was_there: Option<String>,
    /// The error that kept a part of it on this machine after it had ended at Cognito.
    left: Option<Error>,
}

/// The first error, reported after everything else has been deleted. While the session lives at Cognito, an error stops everything.
struct Failures {
    is_over: bool,
    first: Option<Error>,
}

impl Failures {
    fn pass<T: Default>(&mut self, done: Result<T>) -> Result<T> {
        match done {
            Err(error) if self.is_over => {
                self.first.get_or_insert(error);
                Ok(T::default())
            }
            done => done,
        }
    }
}

fn page(profile: &Profile, uri: &str) -> Result<Url> {
    let client_of =
        HostedClient { domain: profile.domain()?, client_id: profile.user_client_id()?, client_secret: None };
    match Url::parse(uri) {
        Ok(_) => Ok(logout_url(&client_of, Some(uri))),
        Err(why) => Err(Error::usage(format!("`{}` is not a URL: {why}", printable(uri, 120)))),
    }
}

/// GlobalSignOut with the user's access token, which is renewed first where it has ended.
fn sign_out_everywhere(app: &App, profile: &Profile, key: &CacheKey) -> Result<()> {
    let nobody = || {
        let others = app.for_others(profile, Some("logout --global"));
        let who = if others.is_empty() { "no one" } else { "the user is not the one who" };
        let message = format!("{who} is signed in here, and signing out everywhere needs the user's token");
        let error = Error::new(Kind::NeedsHuman, message);
        others.into_iter().fold(error, Error::hint).hint("sign in first: `cogtok login{p}` or `cogtok token user{p}`")
    };
    let served = signed_in(app, profile, key, nobody)?;
    if served.tokens.scope.as_ref().is_some_and(|scopes| !scopes.iter().any(|scope| scope == USER_ADMIN)) {
        return Err(Error::config(format!("the access token lacks the scope {USER_ADMIN}, which GlobalSignOut wants"))
            .hint("allow the scope on the app client (AllowedOAuthScopes) and sign in again")
            .hint("without --global, `cogtok logout{p}` ends only this session"));
    }
    let wire = app.wire()?;
    app.block_on(async {
        let idp = Idp::new(&wire, profile, None).await?;
        idp.global_sign_out(&served.tokens.access.value).await
    })
    .map_err(|error| match &profile.user.username {
        Some(username) => error.fill_word("user", username.as_str()),
        None => error,
    })
    .map_err(|error| error.hint("nothing was removed; `cogtok logout{p} --local` removes what is stored here"))?;
    terminal::note("all sessions of the user have ended");
    Ok(())
}

/// Ends the session under its lock, so that no renewal brings it back. Once it has ended at Cognito, what can't be deleted here
/// keeps nothing else from being deleted.
fn end(app: &App, profile: &Profile, key: &CacheKey, how: Ending) -> Result<Ended> {
    let mut failures = Failures { is_over: how == Ending::IsOver, first: None };
    let cache = app.cache();
    let lock = cache.lock(key, app.deadline())?;
    let mut of_session = app.session_lock(key)?;
    let tokens = cache.read(key, env::now());
    let subjects = app.subjects(key);
    let remembered = app.remembered(key);
    let record = remembered.as_ref().ok().cloned().flatten();
    let mut was_there = tokens.is_some() || record.as_ref().is_some_and(|record| record.session.is_some());
    if let Some(kept) = failures.pass(RemainingSession::find(app, profile, remembered))? {
        was_there |= !kept.sessions.is_empty();
        if how == Ending::Revoke && !kept.sessions.is_empty() {
            kept.revoke(app, profile)?;
            failures.is_over = true;
        }
        was_there |= failures.pass(kept.forget(profile))?;
    }
    was_there |= failures.pass(forget_password(app, profile))?;
    failures.pass(cache.forget(key))?;
    failures.pass(of_session.as_mut().map_or(Ok(()), SessionLock::forget))?;
    drop((lock, of_session));
    let derived = Derived::in_cache(app)?.delete(key, &subjects);
    was_there |= derived.was_there;
    derived.tell_aws();
    failures.pass(derived.done)?;
    let Some(username) =
        profile.user.username.as_ref().map(Username::as_str).or(Some("the user")).filter(|_| was_there)
    else {
        return Ok(Ended { was_there: None, left: failures.first });
    };
    let identity = tokens.as_ref().and_then(Identity::of).or_else(|| record.and_then(|record| record.identity));
    if let Some(end) = tokens.and_then(|tokens| tokens.access.expires_at).filter(|end| *end > env::now() / 1000) {
        terminal::note(&format!(
            "APIs that verify tokens offline still accept the last access token until {}",
            moment(end)
        ));
    }
    let was_there = Some(printable(identity.as_ref().map_or(username, Identity::shown), 128));
    Ok(Ended { was_there, left: failures.first })
}

/// Deletes the stored password. The key of an authenticator app stays, since it can't be obtained again.
fn forget_password(app: &App, profile: &Profile) -> Result<bool> {
    let Some(username) = &profile.user.username else { return Ok(false) };
    let binding = |kind| user_token::secret_binding(profile, kind, Some(username));
    let may_be = |binding| app.expected_secret(profile, binding).map(|expected| expected != Expected::Never);
    let (password, totp) = (binding(SecretKind::Password)?, binding(SecretKind::Totp)?);
    let was_there = may_be(&password)? && app.secrets()?.delete(&password)?;
    if may_be(&totp)? && app.secrets()?.has(&totp)? {
        terminal::note("the key of the authenticator app is still stored");
        terminal::hint(
            Advice::new("to delete it: cogtok secret delete totp{p} --username {user}").word("user", username),
        );
    }
    Ok(was_there)
}
