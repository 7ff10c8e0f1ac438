//! What every test stands on: a hermetic home, real services, hostile servers, and the oracles that hold in every run.
//!
//! A service or tool that is missing is a failure that says how to install it; nothing is skipped.

// The tests and the workshop example share this code and each uses a part of it.
#![allow(dead_code, unused_imports)]

pub mod apis;
pub mod barrier;
pub mod challenges;
pub mod contract;
pub mod fake_secret_service;
pub mod guard;
pub mod hints;
pub mod home;
pub mod http;
pub mod keyring;
pub mod login;
pub mod mcp;
pub mod message;
pub mod ministack;
pub mod mutated_tokens;
pub mod nginx;
pub mod npm_programs;
pub mod oracle;
pub mod output;
pub mod page;
pub mod pool;
pub mod ports;
pub mod promises;
pub mod proxy;
pub mod pty;
pub mod rotation;
pub mod run;
pub mod scripted;
pub mod server;
pub mod sessions;
pub mod shell;
pub mod sign;
pub mod signals;
pub mod signature;
pub mod srp;
pub mod state;
pub mod supervise;
pub mod tls;
pub mod verify;
pub mod workshop;

pub use apis::{agent, api};
pub use barrier::{Barrier, herd};
pub use fake_secret_service::FakeSecretService;
pub use home::Home;
pub use keyring::{Bus, Keyring};
pub use mcp::McpServer;
pub use message::{Answer, Request, jwt, m2m_jwt};
pub use npm_programs::nushell;
pub use output::Output;
pub use promises::target_dir;
pub use proxy::Proxy;
pub use run::{Run, Running};
pub use server::Server;
pub use sessions::Sessions;
pub use workshop::{Client, Workshop, workshop};

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

static BINARY: OnceLock<PathBuf> = OnceLock::new();

/// Names the executable under test where Cargo does not: in an example.
pub fn set_binary(path: PathBuf) {
    BINARY.set(path).expect("the binary is set once");
}

/// The executable under test.
pub fn binary() -> PathBuf {
    BINARY
        .get()
        .cloned()
        .or_else(|| option_env!("CARGO_BIN_EXE_cogtok").map(PathBuf::from))
        .expect("no cogtok executable: call harness::set_binary first")
}

/// Asks again and again until there is an answer; panics with `what` when `limit` has passed.
pub fn poll<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < limit, "timed out after {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// How /proc/PID/syscall begins for a process that reads its standard input: the call has a number of each architecture.
pub const READS_STDIN: &str = if cfg!(target_arch = "x86_64") { "0 0x0 " } else { "63 0x0 " };

/// Panics with what to allow unless a process may be root of a namespace of its own, as some containers forbid.
pub fn need_namespaces() {
    need("unshare", "util-linux");
    let done = std::process::Command::new("unshare").args(["-Urm", "true"]).output().expect("unshare");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "{said}user namespaces are not allowed here. In Docker: --security-opt seccomp=unconfined; \
         on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    );
}

/// Panics with the package to install unless `program` is on the PATH.
pub fn need(program: &str, package: &str) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    assert!(found, "`{program}` is missing. Install it with: apt-get install {package}");
}

/// A name that no other test, thread or run of the tests uses.
pub fn unique(prefix: &str) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("clock");
    format!("{prefix}-{:08x}-{:x}-{n}", std::process::id(), now.as_micros())
}
