//! Local files: the configuration, secrets in the operating system's keyring or a sealed file, cached tokens, and the journal of new users.

pub mod agent_sessions;
pub mod aws_files;

pub mod cache_key;
pub mod config;

pub mod durable;
pub mod file;
#[cfg(test)]
mod format_tests;

pub mod name_history;

pub mod owner;
pub mod previous;

pub mod request_counts;
pub mod sessions;
pub mod state_file;

pub mod used_codes;
pub mod within;

use std::path::{Path, PathBuf};

/// Whether variables (XDG_CONFIG_HOME and others) determine these paths on this system.
pub const HAS_XDG: bool = cfg!(all(unix, not(target_os = "macos")));

/// What follows an error of a file that the user may not use or write: the variable that puts its folder elsewhere.
pub fn elsewhere(why: &std::io::Error, variable: &str) -> String {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    let is_of_place = matches!(why.kind(), PermissionDenied | ReadOnlyFilesystem);
    if is_of_place { another_place(variable) } else { String::new() }
}

/// The variable that puts a folder elsewhere, as the end of a sentence; nothing where there are no such variables.
pub fn another_place(variable: &str) -> String {
    if HAS_XDG { format!("; {variable} names another place") } else { String::new() }
}

/// The folders of cogtok's files. A folder without a usable path (no home directory, a relative path) is `None`: nothing is ever written to
/// the current directory instead.
#[derive(Debug, Clone, Default)]
pub struct Dirs {
    /// `config.toml`.
    pub config_file: Option<PathBuf>,
    /// Cached tokens and their locks.
    pub cache: Option<PathBuf>,
    /// The journal of new users, and what is remembered of sessions.
    pub state: Option<PathBuf>,
    /// The path of the secrets file.
    pub secrets_file: Option<PathBuf>,
}

impl Dirs {
    /// The places of this platform: the XDG base directories, on macOS `~/.config` for the configuration, on Windows
    /// `%APPDATA%\cogtok`, where people look for it, and `%LOCALAPPDATA%\cogtok` for all else.
    pub fn of_this_machine() -> Self {
        let Some(project) = directories::ProjectDirs::from("", "", "cogtok") else { return Dirs::default() };
        let absolute = |path: &Path| path.is_absolute().then(|| path.to_path_buf());
        let config = if cfg!(target_os = "macos") {
            directories::BaseDirs::new().and_then(|base| absolute(&base.home_dir().join(".config/cogtok")))
        } else if cfg!(windows) {
            directories::BaseDirs::new().and_then(|base| absolute(&base.config_dir().join("cogtok")))
        } else {
            absolute(project.config_dir())
        };
        Dirs {
            config_file: config.map(|dir| dir.join("config.toml")),
            cache: absolute(project.cache_dir()),
            secrets_file: absolute(project.data_local_dir()).map(|dir| dir.join("secrets.age")),
            state: absolute(project.state_dir().unwrap_or(project.data_local_dir())),
        }
    }
}
