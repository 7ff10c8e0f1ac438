//! Checks whether other users may read or change a file.

use std::io;
use std::path::{Path, PathBuf};

#[cfg(windows)]
use super::access_list;
#[cfg(unix)]
use super::owner;

/// Why a file of another user is refused.
pub const FOREIGN: &str = "it belongs to another user";

/// The file behind `path`, through links, and what is known of it. Where the last part is no link it is the same path: the way there
/// is the system's to walk, and need not be walked link by link before.
///
/// # Errors
/// The operating system's error.
pub fn behind(path: &Path) -> io::Result<(PathBuf, std::fs::Metadata)> {
    let metadata = std::fs::symlink_metadata(path)?;
    if !metadata.is_symlink() {
        return Ok((path.to_path_buf(), metadata));
    }
    let target = dunce::canonicalize(path)?;
    let metadata = std::fs::metadata(&target)?;
    Ok((target, metadata))
}

/// Why the file at `path`, through links, is not private; `None` if it is, or does not exist.
pub fn permission_problem(path: &Path) -> Option<String> {
    let (target, metadata) = behind(path).ok()?;
    #[cfg(windows)]
    if access_list::is_read_by_others(&target).is_ok_and(|is_open| is_open) {
        return Some("other users can read it".to_owned());
    }
    check_private(&metadata, target.parent()).err().map(|why| why.to_string())
}

/// Why other users may read the file at `path`, and what to do about it; `None` if they may not.
#[cfg(unix)]
pub fn why_others_read(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let is_open = std::fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o044 != 0);
    is_open.then(|| format!("other users can read it: chmod 600 {}", path.display()))
}

/// Why other users may read the file at `path`, and where they may not; none where it is this user's alone. Where the access list
/// can't be read, the user's own folders count as private.
#[cfg(windows)]
pub fn why_others_read(path: &Path) -> Option<String> {
    let path = std::path::absolute(path).ok()?;
    let home = directories::BaseDirs::new()?.home_dir().to_path_buf();
    let lower = |path: &Path| PathBuf::from(path.to_string_lossy().to_lowercase());
    let who = match access_list::is_read_by_others(&path) {
        Ok(false) => return None,
        Ok(true) => "other users",
        Err(_) if lower(&path).starts_with(lower(&home)) => return None,
        Err(_) => "whoever can read its folder",
    };
    Some(format!("{who} can read it: keep it in {}", home.display()))
}

/// Why others may change the file at `path`, through links; `None` if they may not, or it does not exist.
#[cfg(unix)]
pub fn why_others_write(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let (target, file) = behind(path).ok().filter(|(_, file)| file.is_file())?;
    let dir = target.parent();
    let around = dir.and_then(|dir| std::fs::metadata(dir).ok());
    let is_open = around.as_ref().is_some_and(|dir| dir.mode() & 0o1002 == 0o0002);
    match file.uid() {
        other if other != 0 && !owner::is_ours(&file, dir) => {
            Some(format!("user {other} owns it: make a copy of your own"))
        }
        _ if file.mode() & 0o022 != 0 => Some(format!("other users can write to it: chmod go-w {}", target.display())),
        _ if around.as_ref().is_some_and(owner::is_of_another) => {
            let owner = around.map(|dir| dir.uid()).unwrap_or_default();
            Some(format!("user {owner} can replace it: keep it in a directory of your own"))
        }
        _ if is_open => dir.map(|dir| format!("other users can replace it: chmod o-w {}", dir.display())),
        _ => None,
    }
}

/// Unknown on this system.
#[cfg(not(unix))]
pub fn why_others_write(_: &Path) -> Option<String> {
    None
}

#[cfg(unix)]
pub(crate) fn check_private(metadata: &std::fs::Metadata, dir: Option<&Path>) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    check_own(metadata, dir)?;
    match metadata.mode() & 0o044 {
        0 => Ok(()),
        _ => Err(super::invalid("other users can read it".to_owned())),
    }
}

#[cfg(unix)]
pub(crate) fn check_own(metadata: &std::fs::Metadata, dir: Option<&Path>) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    match (owner::is_ours(metadata, dir), metadata.mode() & 0o022) {
        (false, _) => Err(super::invalid(FOREIGN.to_owned())),
        (true, 0) => Ok(()),
        (true, _) => Err(super::invalid("other users can write to it".to_owned())),
    }
}

/// Whether the symbolic link at `dir`, of this metadata, is one that may stand in the place of a private directory.
#[cfg(unix)]
pub(crate) fn check_link(link: &std::fs::Metadata, dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let target = std::fs::metadata(dir)?;
    let why = if link.uid() != 0 && !owner::is_ours(link, dir.parent()) {
        "it is a symbolic link of another user"
    } else if !owner::is_ours(&target, Some(dir)) {
        "it is a symbolic link to a directory of another user"
    } else if target.mode() & 0o022 != 0 {
        "it is a symbolic link to a directory that other users can write to"
    } else {
        return Ok(());
    };
    Err(super::invalid(why.to_owned()))
}

#[cfg(not(unix))]
pub(crate) fn check_private(_: &std::fs::Metadata, _: Option<&Path>) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn check_own(_: &std::fs::Metadata, _: Option<&Path>) -> io::Result<()> {
    Ok(())
}

/// Another user's directory or file that blocks access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// In another user's directory.
    Elsewhere,
    /// In this user's own directory, where somebody left a file.
    LeftHere {
        /// The file or directory.
        what: PathBuf,
        /// The owner's user id.
        owner: u32,
    },
}

/// What blocks this user from the file at `path`; `None` if nothing does, or only something of the user's own.
#[cfg(unix)]
pub fn closed(path: &Path) -> Option<Closed> {
    use std::os::unix::fs::MetadataExt;
    let is_denied = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    let us = rustix::process::geteuid().as_raw();
    let way: Vec<&Path> = path.ancestors().collect();
    let mut reached: Option<(&Path, u32)> = None;
    for step in way.into_iter().rev() {
        match std::fs::metadata(step) {
            Ok(there) => reached = Some((step, there.uid())),
            Err(error) if is_denied(&error) => break,
            Err(_) => return None,
        }
    }
    let (what, owner) = reached?;
    if owner == us || (what == path && !std::fs::File::open(path).is_err_and(|error| is_denied(&error))) {
        return None;
    }
    let around = what.parent().and_then(|dir| std::fs::metadata(dir).ok());
    Some(if around.is_some_and(|dir| dir.uid() == us) {
        Closed::LeftHere { what: what.to_owned(), owner }
    } else {
        Closed::Elsewhere
    })
}

/// Unknown on this system.
#[cfg(not(unix))]
pub fn closed(_: &Path) -> Option<Closed> {
    None
}
