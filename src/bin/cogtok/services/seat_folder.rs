//! A folder of private files that are handed out, one for each attendee: all of them are in it, or none.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{TempDir, TempPath};
use zeroize::Zeroizing;

use super::output_file;
use cogtok::store::{durable, file, owner};

/// The longest name of a file without its extension, in characters: 240 bytes at the most.
const LONGEST_NAME: usize = 60;

/// Where the files wait that take the place of others.
const REPLACED: &str = "replaced";

/// A file to be written.
#[derive(Debug)]
pub struct NewFile {
    /// Its name in the folder.
    pub name: String,
    /// What is in it.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Names for the files of these users: `seat-07.age` for seat-07@example.com, with the domain where two would have one name.
pub fn file_names<'a>(usernames: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let local = |name: &'a str| name.split('@').next().unwrap_or(name);
    let mut seen = HashSet::new();
    let are_short = usernames.clone().all(|name| seen.insert(harmless(local(name)).to_lowercase()));
    let mut taken = HashSet::new();
    let unique = |name: &'a str| {
        let stem = harmless(if are_short { local(name) } else { name });
        let numbered = std::iter::once(stem.clone()).chain((2..).map(|number| format!("{stem}-{number}")));
        let free = numbered.into_iter().find(|name| taken.insert(name.to_lowercase()));
        format!("{}.age", free.unwrap_or(stem))
    };
    usernames.map(unique).collect()
}

/// A name that is a file's in its folder wherever it is copied to, and no option of a command.
fn harmless(name: &str) -> String {
    let keep = |c: char| if c.is_alphanumeric() || "._+@".contains(c) { c } else { '-' };
    let name: String = name.chars().map(keep).take(LONGEST_NAME).collect();
    if name.starts_with(char::is_alphanumeric) { name } else { format!("seat{name}") }
}

/// Why no folder can be made or filled at `dir`, which is absolute, where that is known beforehand.
///
/// # Errors
/// The operating system's error; [`io::ErrorKind::InvalidInput`] for an unsuitable file at the path.
pub fn check(dir: &Path) -> io::Result<()> {
    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why.to_owned()));
    match std::fs::metadata(dir) {
        Ok(there) if there.is_dir() => Ok(()),
        Ok(_) => refused("it is not a directory"),
        Err(why) if why.kind() == io::ErrorKind::NotFound && std::fs::symlink_metadata(dir).is_ok() => {
            refused("it is a symbolic link to nothing")
        }
        Err(why) if why.kind() == io::ErrorKind::NotFound => match dir.parent().map(std::fs::metadata) {
            Some(Ok(parent)) if parent.is_dir() => Ok(()),
            _ => refused("the directory that it would be in does not exist"),
        },
        Err(why) => Err(why),
    }
}

/// The first of these names that something in the folder has.
pub fn first_there<'a>(dir: &Path, mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names.find(|name| std::fs::symlink_metadata(dir.join(name)).is_ok())
}

/// The files in their place, for as long as they may still be taken back.
#[derive(Debug)]
pub struct PlacedFiles {
    dir: PathBuf,
    /// Each with whether it took the place of another.
    names: Vec<(String, bool)>,
    /// Where those others are; none where the folder is new.
    stage: Option<TempDir>,
}

/// Puts the files into the folder, which is made where it is missing; `replaces` says whether they may take the place of
/// others of their names.
///
/// # Errors
/// As [`check`] and the operating system say, with the folder as it was; [`io::ErrorKind::AlreadyExists`] where one of them
/// is there.
pub fn put_all(dir: &Path, files: &[NewFile], replaces: bool) -> io::Result<PlacedFiles> {
    check(dir)?;
    let is_new = !dir.exists();
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or("seats");
    let prefix = format!(".{name}.");
    // Beside it, where a folder that is missing gets its name at once; else within it, and surely on the same disk.
    let place = if is_new { dir.parent().unwrap_or(dir) } else { dir };
    sweep(place, &prefix);
    let stage = private_dir(place, &prefix)?;
    owner::give_dir(stage.path())?;
    let held = hold(stage.path());
    for NewFile { name, bytes } in files {
        let path = stage.path().join(name);
        output_file::check(&path)?;
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.write(true).create_new(true).open(&path)?;
        owner::keep(&file, stage.path())?;
        file.write_all(bytes)?;
        durable::flush(&file, stage.path())?;
    }
    if is_new {
        // A handle on a folder keeps Windows from renaming it.
        drop(held);
        durable::settle(stage.path());
        std::fs::rename(stage.path(), dir)?;
        // It has another name now, under which nothing removes it.
        let _ = stage.keep();
        durable::settle(place);
        let names = files.iter().map(|file| (file.name.clone(), false)).collect();
        return Ok(PlacedFiles { dir: dir.to_path_buf(), names, stage: None });
    }
    file::create_dir(&stage.path().join(REPLACED))?;
    let mut placed = PlacedFiles { dir: dir.to_path_buf(), names: Vec::new(), stage: Some(stage) };
    for file in files {
        if let Err(why) = placed.place(&file.name, replaces) {
            placed.take_back();
            return Err(why);
        }
    }
    durable::settle(dir);
    drop(held);
    Ok(placed)
}

impl PlacedFiles {
    fn place(&mut self, name: &str, replaces: bool) -> io::Result<()> {
        let Some(stage) = &self.stage else { return Ok(()) };
        let path = self.dir.join(name);
        output_file::check(&path)?;
        let is_there = replaces && path.exists();
        if is_there {
            std::fs::rename(&path, stage.path().join(REPLACED).join(name))?;
        }
        self.names.push((name.to_owned(), is_there));
        let new = TempPath::try_from_path(stage.path().join(name))?;
        let kept = new.persist_noclobber(&path).map_err(|error| error.error);
        kept.inspect_err(|_| {
            self.names.pop();
            if is_there && let Some(stage) = &self.stage {
                let _ = std::fs::rename(stage.path().join(REPLACED).join(name), &path);
            }
        })
    }

    /// Removes the files again, and puts those back that were there before.
    pub fn take_back(self) {
        for (name, was_there) in &self.names {
            let path = self.dir.join(name);
            let _ = match &self.stage {
                Some(stage) if *was_there => std::fs::rename(stage.path().join(REPLACED).join(name), &path),
                _ => std::fs::remove_file(&path),
            };
        }
        if self.stage.is_none() {
            let _ = std::fs::remove_dir(&self.dir);
        }
    }
}

fn private_dir(place: &Path, prefix: &str) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(place)
}

/// Holds a folder for this process alone, so that others can tell it from what a killed one left.
fn hold(dir: &Path) -> Option<File> {
    File::open(dir).ok().filter(|dir| dir.try_lock().is_ok())
}

/// Removes what killed processes left; where a folder can't be held, it can't be told.
fn sweep(place: &Path, prefix: &str) {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(prefix) && name.ends_with(".tmp"));
        if is_ours && hold(&entry.path()).is_some() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(names: &[&str], text: &str) -> Vec<NewFile> {
        let file = |name: &&str| NewFile { name: (*name).to_owned(), bytes: text.as_bytes().to_vec().into() };
        names.iter().map(file).collect()
    }

    fn content(dir: &Path) -> Vec<(String, String)> {
        let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        let mut all: Vec<(String, String)> = entries
            .map(|path| {
                (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap())
            })
            .collect();
        all.sort();
        all
    }

    #[test]
    fn names_are_short_unique_and_harmless() {
        let of = |names: &[&str]| file_names(names.iter().copied());
        assert_eq!(of(&["seat-01@example.com", "seat-02@example.com"]), ["seat-01.age", "seat-02.age"]);
        assert_eq!(of(&["ann@a.example", "Ann@b.example"]), ["ann@a.example.age", "Ann@b.example.age"]);
        assert_eq!(of(&["a/b", "a:b", "../x", "-rf"]), ["a-b.age", "a-b-2.age", "seat..-x.age", "seat-rf.age"]);
        assert_eq!(of(&[&"w".repeat(128)])[0].len(), LONGEST_NAME + 4);
    }

    #[test]
    fn all_are_there_or_none_and_what_was_there_comes_back() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("seats");
        put_all(&dir, &new(&["a", "b"], "one"), false).unwrap();
        let first = [("a".to_owned(), "one".to_owned()), ("b".to_owned(), "one".to_owned())];
        assert_eq!(content(&dir), first);
        let error = put_all(&dir, &new(&["0", "b", "c"], "two"), false).unwrap_err();
        assert_eq!((error.kind(), content(&dir)), (io::ErrorKind::AlreadyExists, first.to_vec()));
        put_all(&dir, &new(&["0", "b"], "two"), true).unwrap().take_back();
        assert_eq!(content(&dir), first);
        // What can't be replaced brings those back that were.
        std::fs::create_dir(dir.join("c")).unwrap();
        assert!(put_all(&dir, &new(&["a", "b", "c"], "two"), true).is_err());
        std::fs::remove_dir(dir.join("c")).unwrap();
        assert_eq!(content(&dir), first);
        put_all(&dir, &new(&["b", "c"], "two"), true).unwrap();
        assert_eq!(content(&dir).iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["one", "two", "two"]);
        let other = root.path().join("other");
        put_all(&other, &new(&["a"], "x"), false).unwrap().take_back();
        assert!(!other.exists() && std::fs::read_dir(root.path()).unwrap().count() == 1);
        assert!(put_all(&root.path().join("none/seats"), &new(&["a"], "x"), false).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_held_stays() {
        let root = tempfile::tempdir().unwrap();
        let (left, held) = (root.path().join(".seats.left.tmp"), root.path().join(".seats.held.tmp"));
        [&left, &held].iter().for_each(|dir| std::fs::create_dir(dir).unwrap());
        let _holder = hold(&held).unwrap();
        put_all(&root.path().join("seats"), &new(&["a"], "x"), false).unwrap();
        assert!(!left.exists() && held.exists());
    }
}
