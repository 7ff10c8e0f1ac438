//! A private session bus and a real, unlocked gnome-keyring on it. The machine's own keyrings are out of reach: own bus, own
//! HOME, own control directory.

use super::guard::Guard;
use super::run::Run;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output as Done, Stdio};
use std::time::Duration;

const PACKAGES: &str = "dbus gnome-keyring libsecret-tools";
const PASSWORD: &str = "unlock-the-test-keyring";

/// A session bus that activates nothing.
pub struct Bus {
    address: String,
    guard: Guard,
}

impl Bus {
    /// Starts one.
    pub fn start() -> Self {
        super::need("dbus-daemon", PACKAGES);
        let dir = Guard::dir();
        let socket = dir.join("bus");
        let address = format!("unix:path={}", socket.display());
        let config = dir.join("session.conf");
        // Not the machine's session.conf: its service directories would start the machine's own keyring.
        let text = format!(
            "<busconfig><type>session</type><listen>{address}</listen><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>"
        );
        std::fs::write(&config, text).expect("write");
        let config = format!("--config-file={}", config.display());
        let guard = Guard::start(dir, "/dev/null".as_ref(), &["dbus-daemon", &config, "--nofork", "--nopidfile"], &[]);
        super::poll("dbus-daemon listens", Duration::from_secs(20), || {
            assert!(!guard.ended(), "dbus-daemon ended:\n{}", guard.log());
            std::os::unix::net::UnixStream::connect(&socket).ok()
        });
        Self { address, guard }
    }

    /// For DBUS_SESSION_BUS_ADDRESS.
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// A private bus with a gnome-keyring.
pub struct Keyring {
    daemon: Guard,
    bus: Bus,
}

impl Keyring {
    /// Starts one, unlocked.
    pub fn start() -> Self {
        super::need("gnome-keyring-daemon", PACKAGES);
        super::need("secret-tool", PACKAGES);
        let bus = Bus::start();
        let daemon = Self::daemon(&bus, Guard::dir());
        let keyring = Self { daemon, bus };
        super::poll("gnome-keyring answers", Duration::from_secs(30), || {
            assert!(!keyring.daemon.ended(), "gnome-keyring-daemon ended:\n{}", keyring.daemon.log());
            let ready = keyring.secret_tool(&["store", "--label=ready", "harness", "ready"], b"ready");
            ready.status.success().then_some(())
        });
        keyring
    }

    fn daemon(bus: &Bus, dir: PathBuf) -> Guard {
        let input = dir.join("password");
        std::fs::write(&input, PASSWORD).expect("write");
        let path = |sub: &str| dir.join(sub).to_str().expect("a UTF-8 path").to_string();
        let command = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"];
        let (runtime, data, config, cache) = (path("run"), path("data"), path("config"), path("cache"));
        let env = [
            ("DBUS_SESSION_BUS_ADDRESS", bus.address()),
            ("XDG_RUNTIME_DIR", &runtime),
            ("XDG_DATA_HOME", &data),
            ("XDG_CONFIG_HOME", &config),
            ("XDG_CACHE_HOME", &cache),
        ];
        std::fs::create_dir(&runtime).expect("create_dir");
        Guard::start(dir.clone(), &input, &command, &env)
    }

    /// Whether this machine has what a keyring needs; for the workshop example, never for a test.
    pub fn available() -> bool {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let has = |program: &str| std::env::split_paths(&path).any(|dir: PathBuf| dir.join(program).is_file());
        ["dbus-daemon", "gnome-keyring-daemon", "secret-tool"].into_iter().all(has)
    }

    /// For DBUS_SESSION_BUS_ADDRESS.
    pub fn address(&self) -> &str {
        self.bus.address()
    }

    /// The entries whose attribute `service` is `cogtok`: their attributes, and the value under `secret`.
    pub fn entries(&self) -> Vec<BTreeMap<String, String>> {
        let done = self.secret_tool(&["search", "--all", "service", "cogtok"], b"");
        // Attributes go to stderr, the rest to stdout; each entry begins with `[path]` on stdout and has one of each.
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (values, attributes) = (text(&done.stdout), text(&done.stderr));
        let mut entries: Vec<BTreeMap<String, String>> = Vec::new();
        for line in values.lines() {
            if line.starts_with('[') {
                entries.push(BTreeMap::new());
            } else if let (Some((key, value)), Some(entry)) = (line.split_once(" = "), entries.last_mut()) {
                entry.insert(key.into(), value.into());
            }
        }
        let mut at = 0;
        for (key, value) in attributes.lines().filter_map(|line| line.strip_prefix("attribute.")?.split_once(" = ")) {
            if entries.get(at).is_some_and(|entry| entry.contains_key(key)) {
                at += 1;
            }
            if let Some(entry) = entries.get_mut(at) {
                entry.insert(key.into(), value.into());
            }
        }
        entries
    }

    /// Runs `secret-tool` on this bus.
    pub fn secret_tool(&self, args: &[&str], input: &[u8]) -> Done {
        use std::io::Write;
        let mut child = Command::new("secret-tool")
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("HOME", self.home())
            .env("DBUS_SESSION_BUS_ADDRESS", self.address())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("secret-tool");
        // It may end before it has read.
        let _ = child.stdin.take().expect("piped").write_all(input);
        child.wait_with_output().expect("wait")
    }

    /// Locks the collection; nothing on this bus can ask for its password.
    pub fn lock(&self) {
        super::need("dbus-send", "dbus-bin");
        // `secret-tool lock` crashes in libsecret 0.20.
        let done = Command::new("dbus-send")
            .arg(format!("--bus={}", self.address()))
            .args(["--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"])
            .arg("org.freedesktop.Secret.Service.Lock")
            .arg("array:objpath:/org/freedesktop/secrets/collection/login")
            .output()
            .expect("dbus-send");
        assert!(done.status.success(), "Lock: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// SIGSTOP: the service owns its name and never answers.
    pub fn stop(&self) {
        self.daemon.signal(Signal::STOP);
    }

    /// SIGCONT
    pub fn cont(&self) {
        self.daemon.signal(Signal::CONT);
    }

    /// SIGKILL
    pub fn kill(&self) {
        self.daemon.signal(Signal::KILL);
    }

    fn home(&self) -> &Path {
        &self.daemon.dir
    }
}

impl Run<'_> {
    /// Puts the run on this keyring's bus.
    pub fn keyring(self, keyring: &Keyring) -> Self {
        self.env("DBUS_SESSION_BUS_ADDRESS", keyring.address())
    }

    /// Puts the run on a bus without any secret service.
    pub fn bus(self, bus: &Bus) -> Self {
        self.env("DBUS_SESSION_BUS_ADDRESS", bus.address())
    }
}
