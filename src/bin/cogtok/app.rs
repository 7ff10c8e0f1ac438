//! What every command receives. Nothing is opened before it is asked for.

use std::cell::OnceCell;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cogtok::cognito::{self, http::Wire};
use cogtok::error::{Error, Kind, Result};
use cogtok::profile::keys::{Key, OLD_VARIABLES, Origin, Settings};
use cogtok::profile::words::{ProfileName, SecretKind, StoreKind, parse_duration};
use cogtok::profile::{AwsEnvironment, Profile};
use cogtok::secret::Secret;
use cogtok::store::Dirs;
use cogtok::store::cache::Cache;
use cogtok::store::config::{Config, list};
use cogtok::store::keyring::{ATTENDED, Keyring, UNATTENDED};
use cogtok::store::sealed::{Key as SealingKey, SealedFile};
use cogtok::store::secrets::{Binding, SecretStore};

use crate::cli::{Global, Output};
use crate::{env, interrupt, terminal};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long after its deadline a call is ended from here: what it waits for has the first word.
const MARGIN: Duration = Duration::from_millis(50);

/// How long after its deadline a call that does not look at the clock is ended.
const GRACE: Duration = Duration::from_millis(200);

/// Seconds by which this machine's clock may differ from a server's before it is blamed for a refusal.
const CLOCK_TOLERANCE: i64 = 60;

/// The process, seen by a command.
pub struct App {
    pub global: Global,
    started: Instant,
    timeout: Duration,
    dirs: OnceCell<Dirs>,
    config: OnceCell<Config>,
    wire: OnceCell<Wire>,
}

impl App {
    pub fn new(global: Global) -> Result<Self> {
        env::check()?;
        let timeout = match (global.timeout, env::var("COGTOK_TIMEOUT")) {
            (Some(timeout), _) => timeout,
            (None, Some(text)) => parse_duration(&text).map_err(|error| error.context("COGTOK_TIMEOUT"))?,
            (None, None) => DEFAULT_TIMEOUT,
        };
        Ok(App {
            global,
            started: Instant::now(),
            timeout,
            dirs: OnceCell::new(),
            config: OnceCell::new(),
            wire: OnceCell::new(),
        })
    }

    /// When the whole call ends.
    pub fn deadline(&self) -> Instant {
        let a_day = Duration::from_secs(24 * 60 * 60);
        self.started + self.timeout.min(a_day)
    }

    /// The form to print in: the one that was asked for, else the first of those that the command has.
    pub fn output(&self, forms: &[Output]) -> Result<Output> {
        let asked = if self.global.json { Some(Output::Json) } else { self.global.output };
        match (asked, forms.first()) {
            (Some(asked), _) if forms.contains(&asked) => Ok(asked),
            (None, Some(first)) => Ok(*first),
            _ => {
                let names: Vec<String> = forms.iter().map(|form| format!("{form:?}").to_lowercase()).collect();
                Err(Error::usage("this command does not print in that form")
                    .hint(format!("its forms are {}", names.join(", "))))
            }
        }
    }

    pub fn dirs(&self) -> &Dirs {
        self.dirs.get_or_init(Dirs::of_this_machine)
    }

    pub fn cache(&self) -> Cache {
        Cache::new(self.dirs().cache.clone())
    }

    /// The configuration file, whether or not it exists.
    pub fn config_path(&self) -> Result<PathBuf> {
        config_path(self.global.config.as_deref())
    }

    /// The configuration; without a home directory an empty one.
    pub fn config(&self) -> Result<&Config> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let config = match self.config_path() {
            Ok(path) => Config::load(&path)?,
            Err(_) => Config::default(),
        };
        Ok(self.config.get_or_init(|| config))
    }

    /// The name of the profile to use: `-p`, COGTOK_PROFILE, the default; none where none of them is there.
    pub fn profile_name(&self) -> Result<Option<ProfileName>> {
        let name = match (&self.global.profile, env::var("COGTOK_PROFILE")) {
            (Some(name), _) => Some(name.parse()?),
            (None, Some(name)) => Some(name.parse().map_err(|error: Error| error.context("COGTOK_PROFILE"))?),
            (None, None) => self.config()?.default_profile()?,
        };
        terminal::set_profile(name.as_ref().map(ProfileName::as_str));
        Ok(name)
    }

    /// The profile with the options of the command, the global ones and the variables applied.
    pub fn profile(&self, options: &[(Key, Option<String>)]) -> Result<Profile> {
        let name = self.profile_name()?;
        let config = self.config()?;
        for oddity in config.oddities(name.as_ref()) {
            log::warn!(target: "cogtok", "{oddity}");
        }
        let mut settings = Settings::default();
        for (key, value) in options.iter().chain(&self.global_options()) {
            if let Some(value) = value {
                settings.offer(*key, vec![value.clone()], Origin::Flag);
            }
        }
        for (key, variable) in Key::ALL.iter().filter_map(|key| key.variable().map(|variable| (*key, variable))) {
            if let Some(value) = env::var(variable) {
                settings.offer(key, vec![value], Origin::Variable(variable));
            }
        }
        match &name {
            Some(name) => config.offer(name, &mut settings)?,
            // The variables of the old scripts stand in for a profile, and never mix with one.
            None => {
                for (key, variable) in OLD_VARIABLES {
                    if let Some(value) = env::var(variable) {
                        log::info!(target: "cogtok", "{variable} stands in for a profile");
                        settings.offer(key, vec![value], Origin::Variable(variable));
                    }
                }
            }
        }
        let profile = Profile::resolve(name, &settings, &aws_environment())?;
        if let Some(endpoint) = &profile.cognito_idp_endpoint {
            log::info!(target: "cogtok", "the Cognito API is at {endpoint}");
        }
        Ok(profile)
    }

    /// The global options that are settings of a profile.
    pub fn global_options(&self) -> [(Key, Option<String>); 3] {
        [
            (Key::Region, self.global.region.clone()),
            (Key::AwsProfile, self.global.aws_profile.clone()),
            (Key::EndpointUrl, self.global.endpoint_url.clone()),
        ]
    }

    /// An error about something missing, told as what it is where no profile was chosen at all.
    pub fn without_profile(&self, profile: &Profile, error: Error) -> Error {
        if profile.name.is_some() || error.kind() != Kind::Config {
            return error;
        }
        let names = self.config().map(Config::names).unwrap_or_default();
        let chosen = Error::config(format!("no profile is chosen, and {}", error.message()));
        // What an option can mend without a profile is still worth saying.
        let of_its_own = error.hints().iter().filter(|hint| !hint.contains("profile set"));
        let chosen = of_its_own.fold(chosen, |chosen, hint| chosen.hint(hint.clone()));
        match names.is_empty() {
            true => chosen.hint("make one: cogtok profile create NAME --user-pool-id ID --client-id ID"),
            false => chosen.hint(format!("choose one with `-p NAME` or `cogtok profile use NAME`: {}", list(&names))),
        }
    }

    /// Looks for the Region in `~/.aws/config` where nothing else names one, for calls that need it.
    pub fn settle_region(&self, profile: &mut Profile) {
        if profile.region.is_none() {
            profile.region = self.block_on(cognito::region(profile)).ok();
        }
    }

    /// The HTTP client for this call.
    pub fn wire(&self) -> Result<Wire> {
        if let Some(wire) = self.wire.get() {
            return Ok(wire.clone());
        }
        check_proxies()?;
        let path = self.global.ca_bundle.clone().or_else(|| env::var("AWS_CA_BUNDLE").map(PathBuf::from));
        let bundle = path.as_ref().map(|path| {
            std::fs::read(path).map_err(|error| Error::usage(format!("the CA bundle can't be read: {error}")))
        });
        let named = |error: Error| match &path {
            Some(path) => error.context(&path.display().to_string()),
            None => error,
        };
        let wire = bundle.transpose().and_then(|bundle| Wire::new(bundle, env::now, self.deadline())).map_err(named)?;
        Ok(self.wire.get_or_init(|| wire).clone())
    }

    /// Runs what needs the network, until the deadline.
    pub fn block_on<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        interrupt::watch();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::new(Kind::Failure, format!("no runtime: {error}")))?;
        let left = self.deadline().saturating_duration_since(Instant::now());
        // A server that keeps the one thread busy would keep it from looking at the clock.
        let watchdog =
            interrupt::end_after(left + GRACE, &format!("no result within {} s", self.timeout.as_secs_f32()));
        let result = runtime.block_on(async { tokio::time::timeout(left + MARGIN, work).await });
        drop(watchdog);
        // A name look-up on a thread of its own may never end; it is left behind.
        runtime.shutdown_background();
        let result = result.unwrap_or_else(|_| {
            let seconds = self.timeout.as_secs_f32();
            Err(Error::network(format!("no result within {seconds} s"))
                .hint("try again, or allow more with `--timeout 60s`"))
        });
        result.map_err(|error| self.with_clock(error))
    }

    /// Blames the clock where it may be the reason for a refusal.
    fn with_clock(&self, error: Error) -> Error {
        let offset = self.wire.get().map_or(0, Wire::clock_offset);
        if offset.abs() < CLOCK_TOLERANCE || !matches!(error.kind(), Kind::Refused | Kind::AwsCredentials) {
            return error;
        }
        let way = if offset > 0 { "behind" } else { "ahead of" };
        error.hint(format!("this machine's clock is {} s {way} the server's: set it", offset.abs()))
    }

    /// Where secrets are kept; opened when a secret is asked of it.
    pub fn secrets(&self) -> Result<SecretStore> {
        interrupt::watch();
        let kind = match env::var("COGTOK_SECRET_STORE") {
            Some(kind) => kind.parse().map_err(|error: Error| error.context("COGTOK_SECRET_STORE"))?,
            None => self.config()?.secret_store()?,
        };
        match kind {
            StoreKind::Keyring => {
                // There is more patience where somebody is there to unlock it.
                let patience = if terminal::can_ask() { ATTENDED } else { UNATTENDED };
                Ok(SecretStore::Keyring(Keyring::new(patience)))
            }
            StoreKind::File => {
                let path = self.dirs().secrets_file.clone().ok_or_else(|| {
                    Error::store("there is no home directory for the secrets file").hint("set HOME or XDG_DATA_HOME")
                })?;
                Ok(SecretStore::File(SealedFile::new(path, sealing_key()?, self.deadline())))
            }
        }
    }

    /// The secret of this kind that the environment or the keyring has; none where neither should have one.
    pub fn stored_secret(&self, profile: &Profile, binding: &Binding) -> Result<Option<Secret>> {
        let variable = match binding.kind {
            SecretKind::M2mClient => "COGTOK_M2M_CLIENT_SECRET",
            SecretKind::UserClient => "COGTOK_USER_CLIENT_SECRET",
            SecretKind::Password => "COGTOK_PASSWORD",
        };
        let old = match binding.kind {
            SecretKind::M2mClient => Some("COGNITO_M2M_CLIENT_SECRET"),
            SecretKind::Password => Some("COGNITO_PASSWORD"),
            SecretKind::UserClient => None,
        };
        let old = old.filter(|_| profile.name.is_none());
        if let Some(secret) = env::secret(variable).or_else(|| env::secret(old?)) {
            return Ok(Some(secret));
        }
        let is_listed =
            profile.secrets.contains(&binding.kind) || self.config()?.lists_secret(binding.kind, &binding.client_id);
        if !is_listed {
            return Ok(None);
        }
        match self.secrets().and_then(|store| store.get(binding, &profile.address_options)) {
            // A password is listed once and may be another user's.
            Ok(None) if binding.kind == SecretKind::Password => Ok(None),
            Ok(None) if !terminal::can_ask() => Err(binding.missing()),
            Ok(found) => Ok(found),
            // Where somebody is there to type it, the store is not the only source.
            Err(error) if error.kind() == Kind::Store && terminal::can_ask() => {
                log::warn!(target: "cogtok", "{error}");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The profiles of the configuration other than `name`, as it has them, those that can't be understood left out.
pub fn other_profiles<'a>(config: &'a Config, name: &'a ProfileName) -> impl Iterator<Item = Profile> + 'a {
    let names = config.names().into_iter().filter(move |other| other != name);
    names.filter_map(|other| as_written(config, &other).ok())
}

/// A profile as the configuration has it, with what the AWS tools' variables say and without options.
pub fn as_written(config: &Config, name: &ProfileName) -> Result<Profile> {
    let mut settings = Settings::default();
    config.offer(name, &mut settings)?;
    Profile::resolve(Some(name.clone()), &settings, &aws_environment())
}

/// The configuration file: the one that is named, else COGTOK_CONFIG, else this user's.
pub fn config_path(named: Option<&Path>) -> Result<PathBuf> {
    let named = named.map(Path::to_path_buf).or_else(|| env::var("COGTOK_CONFIG").map(PathBuf::from));
    named.or_else(|| Dirs::of_this_machine().config_file).ok_or_else(|| {
        Error::store("there is no home directory for the configuration")
            .hint("set HOME or XDG_CONFIG_HOME, or add `--config FILE`")
    })
}

/// A proxy that could not be used is said, not passed over. Its URL may hold a password and is not repeated.
fn check_proxies() -> Result<()> {
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let Some(proxy) = env::var(name) else { continue };
        let scheme = proxy.split_once("://").map_or("http", |(scheme, _)| scheme).to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            let kind = if scheme.starts_with("socks") {
                "a SOCKS proxy, which cogtok does not speak"
            } else {
                "no HTTP proxy"
            };
            return Err(
                Error::usage(format!("{name} names {kind}")).hint("unset it, or name an HTTP proxy: http://HOST:PORT")
            );
        }
    }
    Ok(())
}

/// What opens the secrets file: COGTOK_SECRET_IDENTITY, COGTOK_PASSPHRASE, or a passphrase that is asked for.
fn sealing_key() -> Result<SealingKey> {
    if let Some(path) = env::var("COGTOK_SECRET_IDENTITY") {
        return SealingKey::identity_from(Path::new(&path));
    }
    let passphrase = match env::secret("COGTOK_PASSPHRASE") {
        Some(passphrase) => passphrase,
        None => terminal::ask_secret(
            "the passphrase of the secrets file",
            "COGTOK_SECRET_IDENTITY (a file) or COGTOK_PASSPHRASE opens it",
        )
        .map_err(|error| if error.kind() == Kind::NeedsHuman { error.with_kind(Kind::Store) } else { error })?,
    };
    Ok(SealingKey::Passphrase(passphrase))
}

fn aws_environment() -> AwsEnvironment {
    let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, env::var(name)?)));
    let home = directories::BaseDirs::new().map(|base| base.home_dir().join(".aws"));
    let file = |variable: &str, name: &str| {
        env::var(variable).map(PathBuf::from).or_else(|| home.as_ref().map(|home| home.join(name)))
    };
    AwsEnvironment {
        profile: env::var("AWS_PROFILE"),
        config_file: file("AWS_CONFIG_FILE", "config"),
        credentials_file: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        region: first(["AWS_REGION", "AWS_DEFAULT_REGION"]),
        cognito_idp_endpoint: first(["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_ENDPOINT_URL"]),
        secretsmanager_endpoint: first(["AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL"]),
    }
}
