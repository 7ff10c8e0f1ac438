//! Programs that come from npm: the real nushell, which no Debian package has, and the CLI of MCP's inspector.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// nushell, installed at the first use.
pub fn nushell() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| installed("nushell", include_str!("../../fixtures/nushell.sh")).join("nushell/nu")).clone()
}

/// The directory of the inspector's CLI, which has to be run there; installed at the first use. The program is `cli.js`.
pub fn inspector() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let install = || installed("mcp-inspector", include_str!("../../fixtures/inspector.sh"));
    let build = "mcp-inspector/node_modules/@modelcontextprotocol/inspector-cli/build";
    PROGRAM.get_or_init(|| install().join(build)).clone()
}

/// Runs the script that installs a program; gives the directory that it was given.
fn installed(name: &str, script: &str) -> PathBuf {
    super::need("npm", "npm");
    let target = super::target_dir();
    let lock = File::create(target.join(format!("{name}.lock"))).expect("the program's lock file");
    lock.lock().expect("lock");
    let done = Command::new("sh").args(["-c", script, name]).arg(&target).stdin(Stdio::null()).output().expect("sh");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    target
}
