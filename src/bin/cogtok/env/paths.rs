//! The paths of this user's files.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cogtok::error::{Error, Result};
use cogtok::store::Dirs;

use super::var;

/// The folders of this user's files.
pub fn dirs() -> &'static Dirs {
    static DIRS: OnceLock<Dirs> = OnceLock::new();
    DIRS.get_or_init(Dirs::of_this_machine)
}

/// The home directory. The other folders, which the library looks for as well, cost each call more than this one.
pub fn home() -> Option<PathBuf> {
    if cfg!(windows) {
        return directories::BaseDirs::new().map(|base| base.home_dir().to_path_buf());
    }
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// The configuration file: the one that is named, else COGTOK_CONFIG, else this user's.
pub fn config_path(named: Option<&Path>) -> Result<PathBuf> {
    let named = named.map(Path::to_path_buf).or_else(|| var("COGTOK_CONFIG").map(PathBuf::from));
    // Made absolute, so that its directory has a name.
    let named = named.map(|path| std::path::absolute(&path).unwrap_or(path));
    named.or_else(|| dirs().config_file.clone()).ok_or_else(|| {
        let why = if is_home_relative() { ", since HOME is not an absolute path" } else { "" };
        Error::store(format!("there is no home directory for the configuration{why}"))
            .hint(format!("{}, or add `--config FILE`", name_a_home("XDG_CONFIG_HOME")))
    })
}

/// Whether HOME names a directory that depends on the working directory: it is not used then.
fn is_home_relative() -> bool {
    cfg!(unix) && std::env::home_dir().is_some_and(|home| !home.as_os_str().is_empty() && home.is_relative())
}

/// What to do if the system names no home directory; `variable` is the one for these files only.
pub fn name_a_home(variable: &str) -> String {
    if cfg!(windows) {
        "sign in to Windows as a user with a profile folder".to_owned()
    } else if cfg!(target_os = "macos") {
        "set HOME".to_owned()
    } else {
        format!("set HOME or {variable}")
    }
}
