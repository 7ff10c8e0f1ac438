//! `cogtok token revoke`: ends the session of a refresh token.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::cache::token_cache::CacheKey;
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::SecretKind;
use cogtok::token::jwt;
use cogtok::user_pool::cognito_idp::Idp;
use cogtok::user_pool::user_token;

use super::renewal::ended;
use crate::app::App;
use crate::args::token_options::secret_from_stdin;
use crate::commands::derived::Derived;
use crate::commands::logout::RemainingSession;
use crate::completion;
use crate::io::shell::HERE;
use crate::io::terminal;

/// Revoke the stored refresh token, or one from standard input
///
/// This also ends the access and ID tokens that were issued for it, as far as Cognito's own APIs go. cogtok deletes
/// what it stored for the session, and the AWS credentials and exchanged tokens that were obtained with it. The saved
/// password and the remembered device stay.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok token revoke -p ws\n  \
    printf %s \"$REFRESH_TOKEN\" | cogtok token revoke -p ws -")]
pub struct Revoke {
    /// `-` for a refresh token on standard input; else the profile's own
    #[arg(value_name = "-")]
    stdin: Option<String>,
    /// The user, if the profile names none or another
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
}

pub fn run(app: &App, args: &Revoke) -> Result<()> {
    let profile = app.resolve_region(app.profile(&[(Key::Username, args.username.clone())])?);
    match args.stdin.as_deref() {
        None => {
            let profile = app.resolve_user(profile, Some("token revoke"))?;
            revoke_own(app, &profile)
        }
        Some("-") => revoke_given(app, &profile),
        Some(_) => Err(Error::usage(
            "cogtok takes no token to revoke from the command line: every user of this machine can read it",
        )
        .hint(
            Advice::new("pipe it in: {token} | cogtok token revoke{p} -").text("token", HERE.printed("REFRESH_TOKEN")),
        )
        .hint("if that was a real one, revoke it: your shell's history may contain it")),
    }
}

fn revoke_own(app: &App, profile: &Profile) -> Result<()> {
    let key = user_token::cache_key(profile).map_err(|error| app.without_profile(profile, error))?;
    let cache = app.cache();
    let lock = cache.lock(&key, app.deadline())?;
    let subjects = app.subjects(&key);
    let mut of_session = app.session_lock(&key)?;
    match RemainingSession::find(app, profile, app.remembered(&key))? {
        Some(kept) if !kept.sessions.is_empty() => {
            kept.revoke(app, profile)?;
            kept.forget_refresh_tokens(profile)?;
            ended(app, &key, of_session.as_mut(), None);
            let forgotten = cache.forget(&key);
            drop((lock, of_session));
            let of = profile.user.username.as_ref().map(|name| format!(" of {}", printable(name.as_str(), 128)));
            let of = of.unwrap_or_default();
            let removed = if forgotten.is_ok() { ", and removed its tokens" } else { "" };
            terminal::note(&format!("revoked the refresh token{of}{removed}"));
            forgotten.and_then(|()| forget_derived(app, &key, &subjects)).map_err(|error| {
                error.hint("run `cogtok logout{p}` to delete the rest: Cognito has ended the session already")
            })?;
        }
        _ => {
            drop((lock, of_session));
            terminal::note("there is no refresh token to revoke");
            forget_derived(app, &key, &subjects)?;
            app.for_others(profile, Some("token revoke")).into_iter().for_each(terminal::hint);
        }
    }
    Ok(())
}

/// Deletes what was obtained with the tokens of the session.
fn forget_derived(app: &App, key: &CacheKey, subjects: &[String]) -> Result<()> {
    let derived = Derived::in_cache(app)?.delete(key, subjects);
    derived.tell_aws();
    derived.done
}

fn revoke_given(app: &App, profile: &Profile) -> Result<()> {
    let token = secret_from_stdin(Ok)?;
    // Cognito would refuse it too, but only after it was sent.
    let claims = jwt::payload_unverified(token.expose().trim());
    let token_use = claims.as_ref().and_then(|claims| claims.get("token_use")?.as_str());
    if let Some(of) = token_use.filter(|of| matches!(*of, "access" | "id")) {
        return Err(Error::usage(format!("this is an {of} token, and only a refresh token can be revoked"))
            .with_code("UnsupportedTokenTypeException")
            .hint("it ends with its refresh token: `cogtok token revoke{p}`; or else at its `exp`")
            .hint("to end every session of the user: `cogtok logout{p} --global`"));
    }
    let client_secret =
        app.stored_secret(profile, &user_token::secret_binding(profile, SecretKind::UserClient, None)?)?;
    let wire = app.wire()?;
    app.block_on(async { Idp::new(&wire, profile, client_secret).await?.revoke(&token).await })?;
    terminal::note("revoked the refresh token");
    Ok(())
}
