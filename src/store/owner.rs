//! Ownership of files: `sudo` with HOME kept, or a container's root in another user's home, must not leave files that lock the user out.
//! In any other directory of another user root is a stranger: what that user wrote is not used, and what root writes stays root's.

use std::fs::File;
#[cfg(unix)]
use std::fs::Metadata;
use std::io;
use std::path::Path;

/// Gives a new file or directory, opened as `made`, to the owner of its directory, if root created it in the home of another user.
///
/// # Errors
/// The operating system's error: then the file must be deleted.
#[cfg(unix)]
pub fn keep(made: &File, dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let Some(owner) = other_owner(dir)? else { return Ok(()) };
    // Some file systems have a single owner for everything.
    if made.metadata()?.uid() == owner.uid() {
        return Ok(());
    }
    fchown(made, Some(owner.uid()), Some(owner.gid())).map_err(|why| {
        let text = format!(
            "{} is the directory of user {}, and cogtok can't create files for that user here ({why}): run cogtok as that user",
            dir.display(),
            owner.uid()
        );
        io::Error::new(why.kind(), text)
    })
}

/// Gives a new file to the owner of the one that it replaces, if root replaces it.
///
/// # Errors
/// The operating system's error: then the file must be deleted.
#[cfg(unix)]
pub fn keep_owner(made: &File, old: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    match std::fs::symlink_metadata(old) {
        Ok(old) if old.is_file() && old.uid() != 0 && old.uid() != made.metadata()?.uid() => {
            fchown(made, Some(old.uid()), Some(old.gid()))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
pub fn keep_owner(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether a file is this user's: for root also one that belongs to the owner of the directory it is in, in the home of that user.
#[cfg(unix)]
pub fn is_ours(file: &Metadata, dir: Option<&Path>) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.uid() == rustix::process::geteuid().as_raw()
        || dir.is_some_and(|dir| other_owner(dir).is_ok_and(|owner| owner.is_some_and(|dir| dir.uid() == file.uid())))
}

/// The directory, where this is root and it is the directory of another user whose home is in use.
#[cfg(unix)]
fn other_owner(dir: &Path) -> io::Result<Option<Metadata>> {
    use std::os::unix::fs::MetadataExt;
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let owner = std::fs::metadata(dir)?;
    Ok((owner.uid() != 0 && home_owner() == Some(owner.uid())).then_some(owner))
}

/// The owner of the home directory in use, or of the directory where it would be made.
#[cfg(unix)]
fn home_owner() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let home = std::env::home_dir().filter(|home| home.is_absolute())?;
    home.ancestors().find_map(|dir| std::fs::metadata(dir).ok()).map(|dir| dir.uid())
}

/// Whether a directory is that of another user, who can replace what is in it. The administrator of the machine does not count.
#[cfg(unix)]
pub fn is_of_another(dir: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let us = rustix::process::geteuid();
    let is_ours = dir.uid() == us.as_raw() || (us.is_root() && home_owner() == Some(dir.uid()));
    dir.uid() != 0 && !is_ours
}

/// Makes the directories of `dir` that are missing, each only for this user.
///
/// # Errors
/// The operating system's error.
pub fn create_dirs(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !dir.as_os_str().is_empty() && !dir.exists()).collect();
    if missing.is_empty() {
        // Reports what is wrong with the existing path.
        return builder().recursive(true).create(dir);
    }
    for dir in missing.into_iter().rev() {
        match builder().create(dir) {
            Ok(()) => give_dir(dir).inspect_err(|_| drop(std::fs::remove_dir(dir)))?,
            // Another process created it first.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn builder() -> std::fs::DirBuilder {
    #[cfg(unix)]
    {
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
    }
    #[cfg(not(unix))]
    std::fs::DirBuilder::new()
}

/// As [`keep`], for the new directory at `made`.
///
/// # Errors
/// As [`keep`].
#[cfg(unix)]
pub fn give_dir(made: &Path) -> io::Result<()> {
    let Some(dir) = made.parent() else { return Ok(()) };
    if other_owner(dir)?.is_none() {
        return Ok(());
    }
    let mut options = std::fs::OpenOptions::new();
    let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::DIRECTORY).bits();
    std::os::unix::fs::OpenOptionsExt::custom_flags(options.read(true), flags.cast_signed());
    keep(&options.open(made)?, dir)
}

/// This system has no such owners.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn give_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

/// This system has no such owners.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn keep(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}
