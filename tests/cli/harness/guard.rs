//! Background services that die with the test process, however it dies.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// A running service, its private directory and its log. Stopped on drop, and by the kernel closing our pipe otherwise.
pub struct Guard {
    /// The service's own process id.
    pub pid: i32,
    /// Private to the service; removed when it has stopped.
    pub dir: PathBuf,
    shell: Child,
    lifeline: Option<ChildStdin>,
}

impl Guard {
    /// A new private directory (0700) for a service.
    pub fn dir() -> PathBuf {
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        let dir = tempfile::Builder::new().prefix("cogtok-service-").permissions(private).tempdir();
        dir.expect("a temporary directory").keep()
    }

    /// Starts `command` with `input` (a file) as its stdin and a clean environment plus what `command` sets.
    pub fn start(dir: PathBuf, input: &Path, command: &[&str], env: &[(&str, &str)]) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", include_str!("../../fixtures/guard.sh"), "guard"])
            .arg(&dir)
            .arg(input)
            .args(command)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("HOME", &dir)
            .envs(env.iter().copied())
            .current_dir(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C on the tests' terminal must not stop the service before its guard can clean up.
            .process_group(0)
            .spawn()
            .expect("sh");
        let lifeline = shell.stdin.take();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().expect("piped")).read_line(&mut line).expect("the guard's first line");
        let pid = line.trim().parse().unwrap_or_else(|_| panic!("{}: the guard said {line:?}", command[0]));
        Self { pid, dir, shell, lifeline }
    }

    /// What the service has written to stdout and stderr.
    pub fn log(&self) -> String {
        std::fs::read(self.dir.join("log")).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }

    /// Whether the service has ended.
    pub fn ended(&self) -> bool {
        self.dir.join("ended").exists()
    }

    /// Sends the service a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("kill");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.shell.wait();
    }
}
