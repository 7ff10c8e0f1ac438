//! `cogtok login`: a user's sign-in through the browser.

pub mod domain;
mod sign_up_first;

use std::cell::RefCell;
use std::future::pending;
use std::time::Duration;

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::oauth::authorization_code::AuthorizationOptions;
use cogtok::oauth::login;
use cogtok::oauth::login::Login as SignIn;
use cogtok::oauth::loopback_server::{AuthorizationResponse, Listener, PendingBrowser};
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::redirect_uri::RedirectUri;
use cogtok::settings::types::{Scopes, StoreKind};
use cogtok::store::sessions::Record;
use cogtok::token::identity::Identity;
use cogtok::token::session::{RefreshState, SessionOrigin};
use cogtok::user_pool::cognito_idp::AuthenticationResult;
use cogtok::user_pool::{refresh_session, user_token};
use url::Url;

use crate::app::options::{duration, not_empty};
use crate::app::{App, remember};
use crate::commands::derived::Derived;
use crate::commands::refused_scopes;
use crate::io::moment::moment;
use crate::io::{browser, terminal};
use crate::{completion, env};

/// How long a person may take by default.
const PATIENCE: Duration = Duration::from_secs(120);

/// Sign in through the browser, at the pool's hosted pages
///
/// The browser returns to a port of this machine. That address must be among the app client's CallbackURLs exactly:
/// http://127.0.0.1:8484/callback, or what the profile's `user.redirect_uris` says. cogtok stores the tokens for
/// `cogtok token user`. Where the profile names no domain, cogtok finds it by the pool's discovery document. --timeout
/// does not count while you sign in: use --wait for that.
#[derive(Debug, Default, Args)]
#[command(after_help = "Examples:\n  \
    cogtok login -p ws\n  \
    cogtok login -p ws --sign-up --username alice@example.com\n  \
    cogtok login -p ws --identity-provider Google --port 8485\n  \
    cogtok login -p ws --no-browser       # over ssh, with a browser elsewhere")]
pub struct Login {
    /// The user who is to sign in; another one is refused
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
    /// Sign up first, where the pool allows it: asks for the e-mail address, a password and the code
    #[arg(long)]
    sign_up: bool,
    /// A port to come back to instead of the profile's; repeat it for others to try
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Vec<u16>,
    /// Open no browser: show the address, and take the one that it leads to
    #[arg(long)]
    no_browser: bool,
    /// A scope to ask for; repeat it or separate them by spaces [default: all that the app client may have]
    #[arg(long, value_name = "SCOPE", value_parser = not_empty, add = ArgValueCandidates::new(completion::scopes))]
    scope: Vec<String>,
    /// The identity provider to sign in with, such as Google
    #[arg(long, value_name = "NAME", value_parser = not_empty)]
    identity_provider: Option<String>,
    /// What the pages may ask: login (in any case), none (nothing), select_account or consent
    #[arg(long, value_name = "WHAT", value_parser = ["login", "none", "select_account", "consent"], hide_possible_values = true)]
    prompt: Option<String>,
    /// The name that the pages begin with [default: the profile's user]
    #[arg(long, value_name = "NAME")]
    login_hint: Option<String>,
    /// The language of the pages, such as de
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<String>,
    /// How long you may take to sign in [default: 120s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,
    /// The app client
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The pool's domain: its URL, its host, or just the prefix
    #[arg(long, value_name = "URL")]
    domain: Option<String>,
}

impl Login {
    /// The sign-in of this user, with the browser and this time limit.
    pub fn of(username: Option<String>, wait: Option<Duration>) -> Self {
        Login { username, wait, ..Login::default() }
    }
}

/// Another party that follows a sign-in.
pub struct Witness<'a> {
    /// Gets the address that the browser is to open.
    pub address: &'a dyn Fn(&Url),
    /// Whether nobody is waiting for it any more.
    pub is_over: &'a dyn Fn() -> bool,
}

pub fn run(app: &App, args: &Login) -> Result<()> {
    if args.sign_up {
        sign_up_first::run(app, profile(app, args)?)?;
        // The time that a person took does not count.
        app.restart_timeout();
    }
    sign_in(app, args, &Witness { address: &|_| {}, is_over: &|| false })
}

fn profile(app: &App, args: &Login) -> Result<Profile> {
    let profile = app.profile(&[
        (Key::Username, args.username.clone()),
        (Key::UserClientId, args.client_id.clone()),
        (Key::Domain, args.domain.clone()),
    ])?;
    Ok(app.resolve_region(profile))
}

/// Signs in, and keeps the tokens.
///
/// # Errors
/// [`Kind::NeedsHuman`] if nobody comes back from the browser; also Cognito's refusals.
pub fn sign_in(app: &App, args: &Login, witness: &Witness<'_>) -> Result<()> {
    let profile = domain::discovered(app, profile(app, args)?)?;
    let needs = profile.domain().and_then(|_| profile.user_client_id());
    needs.map(drop).map_err(|error| app.without_profile(&profile, error))?;
    let wishes = AuthorizationOptions {
        scopes: Scopes::parse(args.scope.iter().map(String::as_str))?,
        identity_provider: args.identity_provider.clone(),
        prompt: args.prompt.clone(),
        login_hint: args.login_hint.clone().or_else(|| profile.user.username.as_ref().map(ToString::to_string)),
        lang: args.lang.clone(),
    };
    let uris = login::redirect_uris(&profile, &args.port)?;
    // Everything that could be missing is checked before the person signs in.
    let client_secret = app.stored_secret(&profile, &login::secret_binding(&profile)?)?;
    let wire = app.wire()?;
    let listener = match app.block_on(Listener::bind(&uris)) {
        Ok(listener) => Some(listener),
        // Without opening a browser, the redirect URI can be typed.
        Err(_) if args.no_browser && terminal::can_ask() => None,
        Err(error) => return Err(error),
    };
    let uri = match (&listener, uris.first()) {
        (Some(listener), _) => listener.uri().clone(),
        (None, Some(first)) => first.clone(),
        (None, None) => RedirectUri::standard()?,
    };
    let sign_in = SignIn::begin(&profile, &uri, &wishes)?;
    let (returned, visitor) = come_back(app, args, &sign_in, &uri, listener, witness)?;
    let finished = app.block_on(sign_in.finish(&wire, client_secret.as_ref(), returned));
    if let Some(visitor) = visitor {
        let (title, text) = match &finished {
            Ok((_, identity)) => ("Signed in", format!("cogtok has signed in {}.", identity.shown())),
            Err(error) => ("Not signed in", error.message().to_owned()),
        };
        app.block_on(async {
            visitor.tell(title, &text).await;
            Ok(())
        })?;
    }
    let (signed_in, identity) = finished.map_err(|error| match profile.user_client_id() {
        Ok(client_id) => {
            let asked = (&*wishes.scopes.to_string(), ["invalid_scope"].as_slice());
            refused_scopes::named(app, &profile, client_id, asked, error)
        }
        Err(_) => error,
    })?;
    keep(app, &profile, signed_in, &identity)
}

/// Sends the person away and waits for the browser, or for what is typed.
fn come_back(
    app: &App,
    args: &Login,
    sign_in: &SignIn<'_>,
    uri: &RedirectUri,
    listener: Option<Listener>,
    witness: &Witness<'_>,
) -> Result<(AuthorizationResponse, Option<PendingBrowser>)> {
    let patience = args.wait.unwrap_or(PATIENCE);
    let seconds = patience.as_secs();
    if args.no_browser {
        terminal::note(&format!("open this address in a browser and sign in, within {seconds} s:"));
    } else {
        terminal::note(&format!("sign in with a browser on this machine, within {seconds} s: it comes back to {uri}"));
        terminal::note("if none opens, open this address:");
    }
    // Some openers report success without opening anything.
    terminal::address(sign_in.url().as_str());
    (witness.address)(sign_in.url());
    if !args.no_browser {
        browser::open(sign_in.url(), true);
    }
    let is_listening = listener.is_some();
    let is_typing = args.no_browser && terminal::can_ask();
    let last_reason = RefCell::new(None);
    let not_taken = |why: &Error| {
        log::info!(target: "cogtok", "a request to {uri} was not taken: {why}");
        *last_reason.borrow_mut() = Some(why.to_string());
    };
    let listening = async {
        match listener {
            Some(listener) => listener.wait(&sign_in.expected(), not_taken).await,
            None => pending().await,
        }
    };
    let typing = async {
        if !is_typing {
            return pending().await;
        }
        terminal::show(&format!("After signing in, the browser shows an error page at {uri}…\n"));
        loop {
            let line = terminal::ask_in_background("Paste its full address here (hidden)");
            match line.await {
                Ok(line) => match sign_in.read(line.expose()) {
                    Ok(returned) => return Ok(returned),
                    Err(error) => {
                        terminal::complain(error.message());
                        error.advice().iter().for_each(|hint| terminal::hint(hint.clone()));
                    }
                },
                // The end of standard input does not end the wait for the browser.
                Err(_) if is_listening => return pending().await,
                Err(_) => return Err(Error::new(Kind::NeedsHuman, "no address was typed")),
            }
        }
    };
    let back = app.wait_for_person(patience, async {
        tokio::select! {
            (returned, visitor) = listening => {
                terminal::stop_asking();
                Ok((returned, Some(visitor)))
            }
            typed = typing => typed.map(|returned| (returned, None)),
            () = until(witness.is_over) => Err(Error::new(Kind::NeedsHuman, "the sign-in was cancelled")),
        }
    })?;
    back.unwrap_or_else(|| {
        terminal::stop_asking();
        let error = Error::new(Kind::NeedsHuman, format!("no sign-in within {seconds} s"))
            .hint(format!("if the page speaks of a redirect mismatch, add {uri} to the app client's CallbackURLs"))
            .hint("try again, with more time if need be: `cogtok login{p} --wait 5m`");
        let error = if args.no_browser {
            error
        } else {
            error.hint("where no browser opens, or it is on another machine: `cogtok login{p} --no-browser`")
        };
        Err(match last_reason.take() {
            Some(why) => error.hint(format!("cogtok ignored a request that came: {why}")),
            None => error,
        })
    })
}

/// Ends when this is so.
async fn until(is_so: &dyn Fn() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Keeps the tokens for `token user`, and prints who signed in and how long the session lasts.
fn keep(app: &App, profile: &Profile, signed_in: AuthenticationResult, identity: &Identity) -> Result<()> {
    let key = user_token::cache_key(profile)?;
    let cache = app.cache();
    let not_kept = || {
        Error::store("cogtok could not store the tokens, so the sign-in is lost")
            .hint("fix what the warning says, then sign in again")
    };
    let mut lock = cache.lock(&key, app.deadline())?.ok_or_else(not_kept)?;
    let mut of_session = app.session_lock(&key)?;
    let subjects = app.subjects(&key);
    let before = match app.remembered(&key) {
        Ok(record) => record.unwrap_or_default(),
        // Only the store knows of a device then.
        Err(_) => Record {
            has_device: refresh_session::device_binding(profile)
                .and_then(|device| app.secrets_noninteractive()?.has(&device))
                .unwrap_or_default(),
            ..Record::default()
        },
    };
    let keep = |app: &App| {
        let store = app.secrets_noninteractive()?;
        let renewal = refresh_session::keep(store, profile, SessionOrigin::Endpoint, &signed_in, false)?;
        // The refresh token of a session with another endpoint would be orphaned.
        let of_before = before.session.as_ref();
        let of_before =
            of_before.map(|session| refresh_session::refresh_token_binding(profile, session)).transpose()?;
        let of_now =
            renewal.session().map(|session| refresh_session::refresh_token_binding(profile, session)).transpose()?;
        if let Some(binding) = of_before.filter(|before| Some(before) != of_now.as_ref()) {
            store.delete(&binding)?;
        }
        Ok(renewal)
    };
    let renewal = app.with_store(keep).unwrap_or_else(|error| {
        log::warn!(target: "cogtok", "you will have to sign in again when this token expires: {error}");
        if app.store_kind().is_ok_and(|kind| kind == StoreKind::Keyring) {
            terminal::hint("to stay signed in, store secrets in an encrypted file: cogtok secret init");
        }
        RefreshState::NotKept
    });
    // Without a session of its own this sign-in must not go on with the one before it, which may be another user's.
    // Its refresh token is still stored, for `logout` to revoke.
    let over = renewal.session().is_none().then_some(SessionOrigin::Endpoint);
    let session = if renewal == RefreshState::NotKept { before.session.clone() } else { renewal.session().cloned() };
    remember(
        of_session.as_mut(),
        &Record { session, identity: Some(identity.clone()), has_device: before.has_device, over },
    );
    let mut tokens = signed_in.tokens;
    tokens.renewal = renewal;
    // An interrupted renewal of the old session does not concern the new one.
    lock.mark_refresh_in_flight(false);
    if let Some(lock) = &mut of_session {
        lock.mark_refresh_in_flight(false);
    }
    lock.keep(&tokens);
    let kept = cache.read(&key, env::now()).ok_or_else(not_kept)?;
    drop((lock, of_session));
    Derived::delete_of_users_before(app, &key, subjects, identity);
    let who = printable(identity.shown(), 128);
    let name = profile.name.as_ref().map(|name| format!(" to profile `{name}`")).unwrap_or_default();
    let until = kept.access.expires_at.map(|end| format!(" until {}", moment(end))).unwrap_or_default();
    let renews = match kept.renewal.session() {
        Some(_) => {
            let renews = Advice::new("; `cogtok token user{p}` renews the token from then on");
            terminal::shown(&renews).unwrap_or_default()
        }
        None => String::new(),
    };
    terminal::note(&format!("{who} is signed in{name}{until}{renews}"));
    Ok(())
}
