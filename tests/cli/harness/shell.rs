//! Real shells, with cogtok on their PATH.

use super::home::Home;
use super::output::Output;
use super::run::Run;

/// The shells that evaluate `--export`.
pub const SHELLS: [&str; 4] = ["bash", "dash", "zsh", "fish"];

impl Home {
    /// `script` in `shell`, without the user's start-up files.
    pub fn shell(&self, shell: &str, script: &str) -> Run<'_> {
        super::need(shell, shell);
        let quiet: &[&str] = match shell {
            "bash" => &["--norc", "--noprofile"],
            "zsh" => &["-f"],
            "fish" => &["--no-config"],
            _ => &[],
        };
        self.program(shell, quiet).args(["-c", script]).env("PATH", path_with_cogtok())
    }

    /// [`shell`](Self::shell), run.
    pub fn eval_in(&self, shell: &str, script: &str) -> Output {
        self.shell(shell, script).run()
    }
}

/// The PATH with the executable under test before everything else.
pub fn path_with_cogtok() -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dir = super::binary().parent().expect("a directory").to_path_buf();
    std::env::join_paths(std::iter::once(dir).chain(std::env::split_paths(&path))).expect("a PATH")
}
