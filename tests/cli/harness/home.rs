//! A home that belongs to one test: nothing of the machine's is read, nothing outside is written.

use super::run::Run;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use tempfile::TempDir;

/// Where a planted secret may be found on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nowhere.
    Secret,
    /// In the journal of made users, under XDG_STATE_HOME.
    Password,
    /// In the token cache, under XDG_CACHE_HOME.
    Token,
}

/// A value that must not leak.
#[derive(Debug, Clone)]
pub struct Canary {
    pub value: String,
    pub kind: Kind,
}

/// What the oracles know of a home.
#[derive(Default)]
pub struct State {
    /// Processes started and not yet waited for; the state is judged when there are none.
    pub alive: usize,
    /// A killed process may leave a temporary file until a later run sweeps it.
    pub killed: bool,
    pub canaries: Vec<Canary>,
    pub planted: BTreeMap<PathBuf, Vec<u8>>,
    pub allowed: BTreeSet<PathBuf>,
}

/// A hermetic home directory.
pub struct Home {
    root: TempDir,
    env: Vec<(OsString, OsString)>,
    state: Mutex<State>,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// An empty home. Its XDG directories do not exist yet, as on a new account; no session bus answers.
    pub fn new() -> Self {
        super::signals::as_in_the_foreground();
        let root = tempfile::Builder::new().prefix("cogtok-home-").tempdir().expect("a temporary directory");
        let path = root.path().to_path_buf();
        for dir in ["run", "tmp", "work"] {
            let dir = path.join(dir);
            std::fs::create_dir(&dir).expect("create_dir");
            std::fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("chmod");
        }
        let mut env: Vec<(OsString, OsString)> = vec![
            ("PATH".into(), std::env::var_os("PATH").unwrap_or_default()),
            ("LANG".into(), "C.UTF-8".into()),
            ("AWS_EC2_METADATA_DISABLED".into(), "true".into()),
            ("DBUS_SESSION_BUS_ADDRESS".into(), format!("unix:path={}/run/no-bus", path.display()).into()),
        ];
        for (name, dir) in [
            ("HOME", ""),
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_CACHE_HOME", ".cache"),
            ("XDG_STATE_HOME", ".local/state"),
            ("XDG_DATA_HOME", ".local/share"),
            ("XDG_RUNTIME_DIR", "run"),
            ("TMPDIR", "tmp"),
        ] {
            let dir = if dir.is_empty() { path.clone() } else { path.join(dir) };
            env.push((name.into(), dir.into()));
        }
        Self { root, env, state: Mutex::default() }
    }

    /// A run of `cogtok` with these arguments.
    pub fn cogtok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run<'_> {
        Run::new(self, super::binary()).args(args)
    }

    /// A run of another program in the same environment; O1 and O7 are not asked of it.
    pub fn program<S: AsRef<OsStr>>(&self, program: impl Into<PathBuf>, args: impl IntoIterator<Item = S>) -> Run<'_> {
        Run::new(self, program.into()).args(args).foreign()
    }

    /// A plain command in this environment, unsupervised.
    pub fn command(&self, program: impl AsRef<OsStr>) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command.env_clear().envs(self.env.iter().cloned()).current_dir(self.work());
        command
    }

    /// A shell script judged as if it were cogtok: shows that the oracles can fail.
    pub fn cogtok_like(&self, script: &str) -> Run<'_> {
        Run::new(self, "sh".into()).args(["-c", script])
    }

    /// The home's path, or a path in it.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(relative)
    }

    /// The default working directory, which cogtok must leave empty.
    pub fn work(&self) -> PathBuf {
        self.path("work")
    }

    /// `$XDG_CONFIG_HOME/cogtok`
    pub fn config_dir(&self) -> PathBuf {
        self.path(".config/cogtok")
    }

    /// `$XDG_CONFIG_HOME/cogtok/config.toml`
    pub fn config_file(&self) -> PathBuf {
        self.config_dir().join("config.toml")
    }

    /// `$XDG_CACHE_HOME/cogtok`
    pub fn cache_dir(&self) -> PathBuf {
        self.path(".cache/cogtok")
    }

    /// `$XDG_STATE_HOME/cogtok`
    pub fn state_dir(&self) -> PathBuf {
        self.path(".local/state/cogtok")
    }

    /// The directories that are cogtok's own.
    pub fn own_dirs(&self) -> [PathBuf; 5] {
        [
            self.config_dir(),
            self.cache_dir(),
            self.state_dir(),
            self.path(".local/share/cogtok"),
            self.path("run/cogtok"),
        ]
    }

    /// Writes a file (0600, its new directories 0700) that the oracles take as given until cogtok changes it.
    pub fn plant(&self, relative: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        use std::io::Write;
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        let path = self.path(relative);
        let parent = path.parent().expect("a parent");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).expect("create_dir");
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.write_all(content.as_ref()).expect("write");
        self.state().planted.insert(path.clone(), content.as_ref().to_vec());
        path
    }

    /// Plants `config.toml`.
    pub fn config(&self, content: &str) -> PathBuf {
        self.plant(".config/cogtok/config.toml", content)
    }

    /// Exempts a path (and all under it) from the oracles, say a `--output-file`.
    pub fn allow(&self, path: impl Into<PathBuf>) -> PathBuf {
        let path = path.into();
        self.state().allowed.insert(path.clone());
        path
    }

    /// From now on `secret` may be neither on a stderr, nor in a child's arguments, nor in any file.
    pub fn canary(&self, secret: impl Into<String>) {
        self.add_canary(secret.into(), Kind::Secret);
    }

    /// A canary that the journal of made users may hold.
    pub fn canary_password(&self, password: impl Into<String>) {
        self.add_canary(password.into(), Kind::Password);
    }

    /// A canary that the token cache may hold.
    pub fn canary_token(&self, token: impl Into<String>) {
        self.add_canary(token.into(), Kind::Token);
    }

    fn add_canary(&self, value: String, kind: Kind) {
        assert!(value.len() >= 6, "a canary of {} bytes would be found by chance", value.len());
        self.state().canaries.push(Canary { value, kind });
    }

    /// Every file under the cache directory with its content.
    pub fn cache_files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        super::state::files(&self.cache_dir())
    }

    /// Fails if a temporary file is left in cogtok's directories; for tests that killed a run and made another.
    pub fn assert_swept(&self) {
        let strays = super::state::strays(self);
        assert!(strays.is_empty(), "left behind: {strays:?}");
    }

    pub(super) fn env(&self) -> &[(OsString, OsString)] {
        &self.env
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
