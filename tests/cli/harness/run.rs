//! One run of cogtok: built here, supervised, and judged by the oracles before its output is handed back.

use super::barrier::{Barrier, Gate};
use super::home::Home;
use super::oracle::{self, Expect};
use super::output::Output;
use super::supervise::{Job, Supervised};
use rustix::process::Signal;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How a child is to be started, without saying by whom: std or a pseudo-terminal.
pub struct Prepared {
    pub argv: Vec<OsString>,
    pub env: Vec<(OsString, OsString)>,
    pub cwd: PathBuf,
}

/// A run in the making.
#[must_use = "a Run does nothing until .run(), .spawn() or .pty()"]
pub struct Run<'h> {
    pub(super) home: &'h Home,
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, Option<OsString>)>,
    stdin: Option<Vec<u8>>,
    cwd: PathBuf,
    umask: Option<u32>,
    redirect: String,
    under: Vec<OsString>,
    barrier: Option<Arc<Gate>>,
    pub(super) expect: Expect,
}

impl<'h> Run<'h> {
    pub(super) fn new(home: &'h Home, program: PathBuf) -> Self {
        Self {
            home,
            program,
            args: Vec::new(),
            env: Vec::new(),
            stdin: None,
            cwd: home.work(),
            umask: None,
            redirect: String::new(),
            under: Vec::new(),
            barrier: None,
            expect: Expect::default(),
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().into());
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_os_string()));
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().into(), Some(value.as_ref().into())));
        self
    }

    /// Takes an environment variable away.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().into(), None));
        self
    }

    /// These bytes, then the end of file. Without it stdin is /dev/null.
    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = Some(bytes.as_ref().to_vec());
        self
    }

    /// Another working directory than the home's empty one.
    pub fn cwd(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cwd = dir.into();
        self
    }

    /// Runs under this umask.
    pub fn umask(mut self, mask: u32) -> Self {
        self.umask = Some(mask);
        self
    }

    /// A shell redirection: `<&-` (stdin closed), `>/dev/full`, `>&-` …
    pub fn redirect(mut self, redirection: &str) -> Self {
        self.redirect = redirection.into();
        self
    }

    /// Runs under another program: `["strace", "-f", …]`, `["faketime", …]`.
    pub fn under<S: AsRef<OsStr>>(mut self, prefix: impl IntoIterator<Item = S>) -> Self {
        self.under.extend(prefix.into_iter().map(|arg| arg.as_ref().to_os_string()));
        self
    }

    /// The deadline that the run is held to (plus one second, and what a busy machine makes it wait), 30 s
    /// unless told.
    pub fn timeout(mut self, deadline: Duration) -> Self {
        self.expect.deadline = deadline;
        self
    }

    /// [`Home::canary`]
    pub fn canary(self, secret: impl Into<String>) -> Self {
        self.home.canary(secret);
        self
    }

    /// [`Home::canary_password`]
    pub fn canary_password(self, password: impl Into<String>) -> Self {
        self.home.canary_password(password);
        self
    }

    /// [`Home::canary_token`]
    pub fn canary_token(self, token: impl Into<String>) -> Self {
        self.home.canary_token(token);
        self
    }

    /// Prints on stdout even when it fails, by design (`--export`'s failing line).
    pub fn prints_on_failure(mut self) -> Self {
        self.expect.prints_on_failure = true;
        self
    }

    /// Warns of so many users that an error has more lines than it may.
    pub fn warns_of_many(mut self) -> Self {
        self.expect.warns_of_many = true;
        self
    }

    /// May be ended by a signal that the test does not send itself (strace's injection).
    pub fn may_be_killed(mut self) -> Self {
        self.expect.may_be_killed = true;
        self
    }

    /// Waits at `barrier` before it becomes cogtok.
    pub fn barrier(mut self, barrier: &Barrier) -> Self {
        self.barrier = Some(Arc::clone(&barrier.state));
        self
    }

    pub(super) fn foreign(mut self) -> Self {
        self.expect.foreign = true;
        self
    }

    pub(super) fn prepare(&self) -> Prepared {
        let mut argv = Vec::new();
        if self.umask.is_some() || self.barrier.is_some() || !self.redirect.is_empty() {
            let mut script = String::new();
            if let Some(mask) = self.umask {
                script += &format!("umask {mask:03o}; ");
            }
            if let Some(barrier) = &self.barrier {
                let fifo = barrier.dir.path().join("gate");
                // The file says that the gate is open for reading: nobody can come too late for its closing.
                script += &format!("exec 9<'{0}'; : >'{0}'.$$; read -r _ <&9; exec 9<&-; ", fifo.display());
            }
            script += &format!("exec \"$@\" {}", self.redirect);
            argv.extend(["sh".into(), "-c".into(), script.into(), "sh".into()]);
        }
        argv.extend(self.under.iter().cloned());
        argv.push(self.program.clone().into());
        argv.extend(self.args.iter().cloned());
        let mut env = self.home.env().to_vec();
        for (name, value) in &self.env {
            env.retain(|(known, _)| known != name);
            if let Some(value) = value {
                env.push((name.clone(), value.clone()));
            }
        }
        Prepared { argv, env, cwd: self.cwd.clone() }
    }

    /// Starts it; for races, signals and kills.
    pub fn spawn(self) -> Running<'h> {
        let prepared = self.prepare();
        let mut expect = self.expect;
        expect.verbose = self.args.iter().any(|arg| {
            let arg = arg.to_string_lossy();
            arg == "--verbose" || (arg.starts_with("-v") && arg[1..].chars().all(|c| c == 'v'))
        });
        expect.args = self.args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        expect.prints_on_failure |= oracle::prints_on_failure(&self.args);
        let mut state = self.home.state();
        state.alive += 1;
        let forbidden = state.canaries.clone();
        drop(state);
        let command_line = prepared.argv.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ");
        let released = self.barrier.as_ref().map(|barrier| Arc::clone(&barrier.released));
        let limit = expect.deadline + Duration::from_secs(if self.barrier.is_some() { 60 } else { 1 });
        let job = Job { prepared, stdin: self.stdin, limit, forbidden, released };
        Running { home: self.home, process: Some(Supervised::spawn(job)), expect, command_line }
    }

    /// Runs it to its end and asserts every oracle.
    pub fn run(self) -> Output {
        self.spawn().wait()
    }
}

/// A started run.
#[must_use = "wait() for it: the oracles are asserted there"]
pub struct Running<'h> {
    home: &'h Home,
    process: Option<Supervised>,
    expect: Expect,
    command_line: String,
}

impl Running<'_> {
    /// The process id (of cogtok itself, unless it runs `under` something).
    pub fn pid(&self) -> i32 {
        self.process.as_ref().expect("running").pid
    }

    /// Sends a signal; its death by one is then expected.
    pub fn signal(&mut self, signal: Signal) {
        self.expect.may_be_killed = true;
        self.process.as_ref().expect("running").signal(signal);
    }

    /// `kill -9`
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
    }

    /// Whether it has ended.
    pub fn ended(&self) -> bool {
        self.process.as_ref().expect("running").ended()
    }

    /// Waits for the end and asserts every oracle.
    pub fn wait(mut self) -> Output {
        let raw = self.process.take().expect("running").wait();
        oracle::judge(self.home, &self.expect, &self.command_line, raw)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.signal(Signal::KILL);
            self.home.state().alive -= 1;
        }
    }
}
