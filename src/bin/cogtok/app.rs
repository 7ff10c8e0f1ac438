//! The context that every command gets. Files, stores and connections are opened when they are first used.

mod expected_secret;
mod first_profile;
mod missing_profile;
mod moved_address;
pub use moved_address::instead;
mod network;
pub use network::check_descriptors;
pub mod options;
mod other_profiles;
mod secret_origin;
mod secrets;
mod sessions;
mod settings;
mod users;
mod variables;

use std::cell::{Cell, OnceCell, RefCell};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cogtok::cache::jwks_cache::KeySets;
use cogtok::cache::token_cache::Cache;
use cogtok::error::{Error, Result};
use cogtok::http::client::HttpClient;
use cogtok::secrets::store::SecretStore;
use cogtok::settings::keys::Settings;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ProfileName, SecretKind, parse_duration};
use cogtok::store::Dirs;
use cogtok::store::config::Config;
use cogtok::store::file::{Closed, closed};
use tokio::runtime::Runtime;

use crate::env;
use crate::env::config_path;
use crate::io::terminal;
use options::{Global, Output};

pub use expected_secret::Expected;
pub use other_profiles::{UnreadableProfile, other_profiles};
pub use secret_origin::{SecretSource, can_store_for};
pub use secrets::{NOT_ASKED, given_passphrase, is_there, variable};
pub use sessions::remember;
pub use settings::{about, as_written, offer_old_variables, with_options, without_variables};
pub use users::SignedIn;
pub use variables::first_old_variable;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What to do if HOME is a directory that this user can't enter.
const ANOTHER_HOME: &str =
    "HOME belongs to another user: set XDG_CONFIG_HOME to a directory of your own, or HOME to your home";

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The process, seen by a command.
pub struct App {
    pub global: Global,
    started: Cell<Instant>,
    timeout: Duration,
    is_timeout_given: bool,
    config: OnceCell<Config>,
    wire: OnceCell<HttpClient>,
    runtime: OnceCell<Runtime>,
    secrets: OnceCell<SecretStore>,
    /// The secrets file that this call created.
    sealed: OnceCell<SecretStore>,
    offers_nothing: Cell<bool>,
    sources: RefCell<Vec<(SecretKind, SecretSource)>>,
    is_inside: Cell<bool>,
    may_lack_config: Cell<bool>,
    /// The settings that profiles were resolved from in this call, each once.
    used: RefCell<Vec<Settings>>,
    on_profile: fn(&Profile),
}

impl App {
    /// `on_profile` gets each profile that a command works with.
    pub fn new(global: Global, on_profile: fn(&Profile)) -> Result<Self> {
        env::check()?;
        let is_timeout_given = global.timeout.is_some() || env::var("COGTOK_TIMEOUT").is_some();
        let timeout = match (global.timeout, env::var("COGTOK_TIMEOUT")) {
            (Some(timeout), _) => timeout,
            (None, Some(text)) => parse_duration(&text).map_err(|error| error.context("COGTOK_TIMEOUT"))?,
            (None, None) => DEFAULT_TIMEOUT,
        };
        Ok(App {
            global,
            started: Cell::new(Instant::now()),
            timeout,
            is_timeout_given,
            config: OnceCell::new(),
            wire: OnceCell::new(),
            runtime: OnceCell::new(),
            secrets: OnceCell::new(),
            sealed: OnceCell::new(),
            offers_nothing: Cell::new(false),
            sources: RefCell::default(),
            is_inside: Cell::new(false),
            may_lack_config: Cell::new(false),
            used: RefCell::default(),
            on_profile,
        })
    }

    /// The same call with another profile.
    ///
    /// # Errors
    /// As [`App::new`].
    pub fn with_profile(&self, name: &str) -> Result<Self> {
        let other = App::new(Global { profile: Some(name.to_owned()), ..self.global.clone() }, self.on_profile)?;
        other.started.set(self.started.get());
        Ok(other)
    }

    /// Marks this call as the credential process of AWS's tools. It must not call itself: AWS credentials then come only from the profile's
    /// own `aws_profile`, and processes that are run for them learn of it.
    pub fn enter_aws_credentials(&self) {
        self.is_inside.set(true);
    }

    /// When the whole call ends. The time that a person took to answer does not count.
    pub fn deadline(&self) -> Instant {
        self.started.get() + self.timeout.min(A_DAY) + terminal::time_asking()
    }

    /// Restarts the time-out, for a command that serves one request after another.
    pub fn restart_timeout(&self) {
        self.started.set(Instant::now());
    }

    /// Restarts the default time-out within one call; a time-out that was given limits the whole call.
    pub fn extend_default_timeout(&self) {
        if !self.is_timeout_given {
            self.restart_timeout();
        }
    }

    /// The time-out, where one was given.
    pub fn given_timeout(&self) -> Option<Duration> {
        self.is_timeout_given.then_some(self.timeout)
    }

    /// Whether the time-out that was given leaves no more than this.
    pub fn has_less_than(&self, time: Duration) -> bool {
        self.pause_limit().is_some_and(|left| left <= time)
    }

    /// Whether the time-out that was given has run out.
    pub fn is_out_of_time(&self) -> bool {
        self.has_less_than(Duration::ZERO)
    }

    /// How long a pause may be that does not count for the default time-out; no limit where no time-out was given.
    pub fn pause_limit(&self) -> Option<Duration> {
        self.is_timeout_given.then(|| self.deadline().saturating_duration_since(Instant::now()))
    }

    /// The form to print in: the one that was asked for, else the first of those that the command has.
    pub fn output(&self, forms: &[Output]) -> Result<Output> {
        let asked = if self.global.json { Some(Output::Json) } else { self.global.output };
        match (asked, forms.first()) {
            (Some(asked), _) if forms.contains(&asked) => Ok(asked),
            (None, Some(first)) => Ok(*first),
            _ => {
                let mut names: Vec<String> = forms.iter().map(|form| format!("-o {form:?}").to_lowercase()).collect();
                let last = names.pop().unwrap_or_default();
                let names = if names.is_empty() { last } else { format!("{} or {last}", names.join(", ")) };
                Err(Error::usage("this command can't print that form here").hint(format!("use {names}")))
            }
        }
    }

    pub fn dirs(&self) -> &'static Dirs {
        env::dirs()
    }

    pub fn cache(&self) -> Cache {
        Cache::new(self.dirs().cache.clone())
    }

    pub fn key_sets(&self) -> KeySets {
        KeySets::new(self.dirs().cache.clone())
    }

    /// The configuration file. This user's own need not exist; one that was named must.
    pub fn config_path(&self) -> Result<PathBuf> {
        let path = config_path(self.global.config.as_deref())?;
        if self.may_lack_config.get() { Ok(path) } else { self.refuse_missing(&path).map(|()| path) }
    }

    /// Treats a named configuration that does not exist as empty, for a command that creates it.
    pub fn expect_new_config(&self) {
        self.may_lack_config.set(true);
    }

    /// As [`App::expect_new_config`], for a command that has all it needs without one; it learns that there is none.
    pub fn allow_missing_config(&self) {
        let named = config_path(self.global.config.as_deref());
        if let Some(Err(error)) = named.ok().map(|path| self.refuse_missing(&path)) {
            log::warn!(target: "cogtok", "{}", error.message());
            self.expect_new_config();
        }
    }

    fn refuse_missing(&self, path: &Path) -> Result<()> {
        let (named_by, instead) = match (&self.global.config, env::var("COGTOK_CONFIG")) {
            (Some(_), _) => ("--config", "leave `--config` out"),
            (None, Some(_)) => ("COGTOK_CONFIG", "unset COGTOK_CONFIG"),
            (None, None) => return Ok(()),
        };
        // A dangling link exists, and reading it reports what it is.
        match std::fs::symlink_metadata(path) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Err(Error::config(format!("there is no file {}, which {named_by} names", path.display()))
                    .hint(format!("check the path; {instead} for your own configuration"))
                    .hint("to create it: cogtok profile create NAME, or cogtok profile import SOURCE"))
            }
            _ => Ok(()),
        }
    }

    /// The configuration; without a home directory an empty one.
    pub fn config(&self) -> Result<&Config> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let config = match config_path(self.global.config.as_deref()) {
            Ok(_) => {
                let path = self.config_path()?;
                Config::load(&path).map_err(|error| self.out_of_reach(&path, error))?
            }
            Err(_) => Config::default(),
        };
        Ok(self.config.get_or_init(|| config))
    }

    /// The configuration; `None` if it would be in another user's home, which this user can't enter.
    pub fn config_in_reach(&self) -> Result<Option<&Config>> {
        match self.config() {
            Err(_) if self.is_out_of_reach() => Ok(None),
            config => config.map(Some),
        }
    }

    /// Whether no configuration was named and the default one would be in another user's home, which this user can't enter.
    fn is_out_of_reach(&self) -> bool {
        let is_named = self.global.config.is_some() || env::var("COGTOK_CONFIG").is_some();
        let own = self.dirs().config_file.as_deref().filter(|_| !is_named);
        own.is_some_and(|path| closed(path) == Some(Closed::Elsewhere))
    }

    /// The error with what to do if another user's file or directory blocks the configuration.
    fn out_of_reach(&self, path: &Path, error: Error) -> Error {
        match closed(path) {
            Some(Closed::LeftHere { what, owner }) => {
                let shown = what.display().to_string();
                let what = shlex::try_quote(&shown).unwrap_or_else(|_| "DIRECTORY".into());
                error.hint(format!("user {owner} created it, perhaps with `sudo`: sudo chown -R \"$USER\" {what}"))
            }
            Some(Closed::Elsewhere) if self.is_out_of_reach() => error.hint(ANOTHER_HOME),
            _ => error,
        }
    }

    /// Forgets what was read of the configuration, which this call has changed.
    pub fn reread_config(&mut self) {
        self.config = OnceCell::new();
    }

    /// Turns off offers that go beyond the command's own questions.
    pub fn offer_nothing(&self) {
        self.offers_nothing.set(true);
    }

    /// Whether a person may be offered what the command can do without.
    pub fn may_offer(&self) -> bool {
        terminal::can_offer() && !self.offers_nothing.get()
    }

    /// The option that names the profile in use, for a command to type; empty where none is.
    pub fn profile_option(&self) -> String {
        let name = self.profile_name().ok().flatten();
        name.map(|name| format!(" -p {name}")).unwrap_or_default()
    }

    /// The profile that `-p` names, for a command that is about all of them without it: a variable or the default is not enough.
    pub fn named_profile(&self) -> Result<Option<ProfileName>> {
        let Some(name) = self.global.profile.as_deref().map(str::parse::<ProfileName>).transpose()? else {
            return Ok(None);
        };
        let config = self.config()?;
        if config.names().contains(&name) { Ok(Some(name)) } else { Err(config.no_such_profile(&name)) }
    }

    /// The name of the profile to use: `-p`, COGTOK_PROFILE, or the default; `None` without any of them.
    pub fn profile_name(&self) -> Result<Option<ProfileName>> {
        let name = match (&self.global.profile, env::var("COGTOK_PROFILE")) {
            (Some(name), _) => Some(name.parse()?),
            (None, Some(name)) => Some(name.parse().map_err(|error: Error| error.context("COGTOK_PROFILE"))?),
            (None, None) => self.config_in_reach()?.map(Config::default_profile).transpose()?.flatten(),
        };
        terminal::set_profile(name.as_ref().map(ProfileName::as_str));
        Ok(name)
    }
}
