//! The real nushell, which no Debian package has.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The program, installed from npm at the first use.
pub fn nushell() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(installed).clone()
}

fn installed() -> PathBuf {
    super::need("npm", "npm");
    let target = super::target_dir();
    let lock = File::create(target.join("nushell.lock")).expect("nushell's lock file");
    lock.lock().expect("lock");
    let done = Command::new("sh")
        .args(["-c", include_str!("../../fixtures/nushell.sh"), "nushell.sh"])
        .arg(&target)
        .stdin(Stdio::null())
        .output()
        .expect("sh");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    target.join("nushell/nu")
}
