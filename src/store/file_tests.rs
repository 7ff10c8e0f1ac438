//! What is read and what is refused, how a file is replaced, and who gets a lock.
#![cfg(unix)]
#![allow(clippy::disallowed_methods)]

use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::*;

/// A user who is not this one.
const STRANGER: u32 = 54_321;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_path_buf();
    (dir, path)
}

/// When a lock that nobody holds is certainly free: those who gave up waiting may still get it for a moment.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// A file of this mode.
fn file_of(dir: &Path, name: &str, mode: u32) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, "content").unwrap();
    set_mode(&path, mode);
    path
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn refusal<T: std::fmt::Debug>(result: io::Result<T>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
    error.to_string()
}

#[test]
fn only_a_regular_file_is_read_and_no_more_of_it_than_allowed() {
    let (_dir, dir) = folder();
    let file = file_of(&dir, "file", 0o644);
    assert_eq!(read(&file, 7).unwrap().unwrap().as_slice(), b"content");
    assert_eq!(refusal(read(&file, 6)), "it is larger than 6 bytes");
    assert!(read(&dir.join("absent"), 7).unwrap().is_none());
    assert!(read(&dir.join("absent/below"), 7).unwrap().is_none());
    assert_eq!(refusal(read(&dir, 7)), "it is a directory");
    symlink(&file, dir.join("link")).unwrap();
    assert_eq!(refusal(read(&dir.join("link"), 7)), "it is a symbolic link");
    let pipe = dir.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(refusal(read(&pipe, 7)), "it is not a regular file");
    let error = read(&file.join("below"), 7).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotADirectory, "{error}");
}

#[test]
fn what_others_may_read_or_write_is_not_private() {
    let (_dir, dir) = folder();
    for (mode, own, private) in [
        (0o600, None, None),
        (0o400, None, None),
        (0o711, None, None),
        (0o640, None, Some("other users can read it")),
        (0o604, None, Some("other users can read it")),
        (0o620, Some("other users can write to it"), Some("other users can write to it")),
        (0o602, Some("other users can write to it"), Some("other users can write to it")),
        (0o666, Some("other users can write to it"), Some("other users can write to it")),
    ] {
        let file = file_of(&dir, "file", mode);
        let told = |read: io::Result<Option<Zeroizing<Vec<u8>>>>| match read {
            Ok(content) => {
                assert_eq!(content.unwrap().as_slice(), b"content");
                None
            }
            error => Some(refusal(error)),
        };
        assert_eq!(told(read_own(&file, 7)).as_deref(), own, "{mode:o}");
        assert_eq!(told(read_private(&file, 7)).as_deref(), private, "{mode:o}");
        assert_eq!(told(read(&file, 7)), None, "{mode:o}");
        assert_eq!(permission_problem(&file).as_deref(), private, "{mode:o}");
        let readable = (mode & 0o044 != 0).then(|| format!("other users can read it: chmod 600 {}", file.display()));
        assert_eq!(why_others_read(&file), readable, "{mode:o}");
        set_mode(&file, 0o600);
    }
    assert!(read_private(&dir.join("absent"), 7).unwrap().is_none());
    assert!(read_own(&dir.join("absent"), 7).unwrap().is_none());
    assert_eq!((permission_problem(&dir.join("absent")), why_others_read(&dir.join("absent"))), (None, None));
    // The file behind a link is what counts.
    file_of(&dir, "file", 0o604);
    symlink("file", dir.join("link")).unwrap();
    assert_eq!(permission_problem(&dir.join("link")).as_deref(), Some("other users can read it"));
}

#[test]
fn what_others_may_change_is_told_with_the_command_that_ends_it() {
    let (_dir, dir) = folder();
    let real = std::fs::canonicalize(&dir).unwrap();
    for (dir_mode, file_mode, told) in [
        (0o700, 0o600, None),
        (0o755, 0o644, None),
        (0o700, 0o620, Some(format!("other users can write to it: chmod go-w {}", real.join("file").display()))),
        (0o700, 0o602, Some(format!("other users can write to it: chmod go-w {}", real.join("file").display()))),
        (0o777, 0o600, Some(format!("other users can replace it: chmod o-w {}", real.display()))),
        (0o1777, 0o600, None),
        (0o770, 0o600, None),
    ] {
        let file = file_of(&real, "file", file_mode);
        set_mode(&real, dir_mode);
        assert_eq!(why_others_write(&file), told, "{dir_mode:o} {file_mode:o}");
        let _ = std::fs::remove_file(real.join("link"));
        symlink("file", real.join("link")).unwrap();
        assert_eq!(why_others_write(&real.join("link")), told, "{dir_mode:o} {file_mode:o}");
        set_mode(&real, 0o700);
    }
    assert_eq!((why_others_write(&real), why_others_write(&real.join("absent"))), (None, None));
}

#[test]
fn root_takes_no_file_of_another_user_and_gives_none_away() {
    let (_dir, dir) = folder();
    let (ours, theirs) = (dir.join("ours"), dir.join("theirs"));
    for folder in [&ours, &theirs] {
        create_dir(folder).unwrap();
        set_mode(folder, 0o755);
    }
    let foreign = file_of(&ours, "foreign", 0o600);
    let (root, left) = (file_of(&theirs, "root", 0o600), file_of(&theirs, "left", 0o600));
    // Only root can give files away. The home in use is root's here.
    if [&foreign, &left, &theirs].into_iter().any(|path| lchown(path, Some(STRANGER), Some(STRANGER)).is_err()) {
        return;
    }
    for file in [&foreign, &left] {
        assert_eq!(refusal(read_private(file, 7)), FOREIGN);
        assert_eq!(refusal(read_own(file, 7)), FOREIGN);
        assert!(read(file, 7).unwrap().is_some());
        assert_eq!(permission_problem(file).as_deref(), Some(FOREIGN));
        let told = why_others_write(file).unwrap();
        assert_eq!(told, format!("user {STRANGER} owns it: make a copy of your own"));
    }
    assert!(read_private(&root, 7).unwrap().is_some());
    let told = why_others_write(&root).unwrap();
    assert_eq!(told, format!("user {STRANGER} can replace it: keep it in a directory of your own"));
    // What root makes in another's folder stays root's.
    let made = theirs.join("below/made");
    replace(&made, b"1").unwrap();
    create_new(&theirs.join("new"), b"1").unwrap();
    let lock = Lock::exclusive(&theirs.join("lock"), soon()).unwrap();
    drop(lock);
    for path in [theirs.join("below"), made, theirs.join("new"), theirs.join("lock")] {
        let metadata = std::fs::metadata(&path).unwrap();
        assert_eq!(metadata.uid(), 0, "{}", path.display());
    }
    replace(&ours.join("file"), b"1").unwrap();
    assert_eq!(std::fs::metadata(ours.join("file")).unwrap().uid(), 0);
    // A folder of another user is not opened up or closed by root.
    set_mode(&theirs, 0o750);
    create_private_dir(&theirs).unwrap();
    assert_eq!(mode(&theirs), 0o750);
    assert_eq!(closed(&foreign), None, "root is kept from nothing");
    assert_eq!((closed(&theirs.join("absent")), closed(&ours.join("absent"))), (None, None));
}

#[test]
fn a_file_is_replaced_as_a_whole_and_private_from_the_start() {
    let (_dir, dir) = folder();
    let file = dir.join("a/b/file.json");
    replace(&file, b"one").unwrap();
    assert_eq!((mode(&file), mode(&dir.join("a")), mode(&dir.join("a/b"))), (0o600, 0o700, 0o700));
    set_mode(&file, 0o644);
    let (folder, strange) = (dir.join("a/b"), [".file.json.", ".file.jsonx.tmp", ".other.x.tmp", "file.json.x.tmp"]);
    for name in strange {
        file_of(&folder, name, 0o600);
    }
    file_of(&folder, ".file.json.killed.tmp", 0o600);
    let before = std::fs::metadata(&file).unwrap().ino();
    replace(&file, b"two").unwrap();
    assert_eq!((std::fs::read(&file).unwrap().as_slice(), mode(&file)), (&b"two"[..], 0o600));
    assert_ne!(std::fs::metadata(&file).unwrap().ino(), before, "it was written into");
    let mut expected = [strange.as_slice(), &["file.json"]].concat();
    expected.sort_unstable();
    assert_eq!(names(&folder), expected);
    // Not wanted after all: everything is as before, and nothing is left.
    let at_last = || {
        assert_eq!(names(&folder).len(), expected.len() + 1);
        false
    };
    assert!(!replace_if(&file, b"three", at_last).unwrap());
    assert!(replace_if(&file, b"three", || true).unwrap());
    assert_eq!(std::fs::read(&file).unwrap(), b"three");
    assert_eq!(names(&folder), expected);
    // A link is replaced, not followed.
    symlink("file.json", folder.join("link")).unwrap();
    replace(&folder.join("link"), b"four").unwrap();
    assert!(!folder.join("link").is_symlink());
    assert_eq!(std::fs::read(&file).unwrap(), b"three");
    for no_file in ["/", "..", ""] {
        assert_eq!(replace(Path::new(no_file), b"").unwrap_err().kind(), io::ErrorKind::InvalidData, "{no_file}");
    }
    assert!(replace(&file.join("below"), b"").is_err());
}

#[test]
fn a_new_file_replaces_none() {
    let (_dir, dir) = folder();
    let file = dir.join("a/file");
    create_new(&file, b"one").unwrap();
    assert_eq!((mode(&file), mode(&dir.join("a"))), (0o600, 0o700));
    assert_eq!(create_new(&file, b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&file).unwrap(), b"one");
    assert_eq!(names(&dir.join("a")), ["file"]);
}

#[test]
fn a_private_folder_is_made_so() {
    let (_dir, dir) = folder();
    let (open, closed, group, new) = (dir.join("open"), dir.join("closed"), dir.join("group"), dir.join("x/new"));
    for (folder, before) in [(&open, 0o755), (&closed, 0o500), (&group, 0o710)] {
        create_dir(folder).unwrap();
        assert_eq!(mode(folder), 0o700);
        set_mode(folder, before);
    }
    for folder in [&open, &closed, &group, &new] {
        create_private_dir(folder).unwrap();
    }
    assert_eq!((mode(&open), mode(&closed), mode(&group), mode(&new)), (0o700, 0o500, 0o700, 0o700));
    // One that is there stays as it is where no privacy was asked for.
    set_mode(&open, 0o755);
    create_dir(&open).unwrap();
    assert_eq!(mode(&open), 0o755);
    let file = file_of(&dir, "file", 0o644);
    assert!(create_private_dir(&file).is_err());
    assert!(create_private_dir(&file.join("below")).is_err());
    assert!(create_dir(&file).is_err() && create_dir(&file.join("below")).is_err());
    // The way there may begin where this process is.
    let up: PathBuf = std::env::current_dir().unwrap().components().skip(1).map(|_| "..").collect();
    create_dir(&up.join(dir.strip_prefix("/").unwrap()).join("y/new")).unwrap();
    assert_eq!(mode(&dir.join("y/new")), 0o700);
    assert_eq!(mode(&file), 0o644);
    // A link is not followed to be closed.
    symlink(&open, dir.join("link")).unwrap();
    create_private_dir(&dir.join("link")).unwrap();
    assert_eq!(mode(&open), 0o755);
}

#[test]
fn removing_what_is_not_there_is_fine() {
    let (_dir, dir) = folder();
    let file = file_of(&dir, "file", 0o600);
    remove(&file).unwrap();
    assert!(!file.exists());
    remove(&file).unwrap();
    assert!(remove(&dir).is_err());
    assert!(remove(&dir.join("absent/below")).is_ok());
}

#[test]
fn a_stamp_changes_with_its_file() {
    let (_dir, dir) = folder();
    let file = dir.join("file");
    assert_eq!(Stamp::of(&file), None);
    replace(&file, b"one").unwrap();
    let one = Stamp::of(&file).unwrap();
    assert_eq!(Stamp::of(&file), Some(Stamp::of(&file).unwrap()));
    replace(&file, b"two").unwrap();
    assert_ne!(Stamp::of(&file).unwrap(), one);
}

#[test]
fn a_file_that_is_opened_or_made_keeps_its_content_and_is_private() {
    let (_dir, dir) = folder();
    let file = dir.join("file");
    let open = |path: &Path| {
        let mut options = OpenOptions::new();
        open_or_make(options.read(true).append(true), path, &dir)
    };
    open(&file).unwrap().write_all(b"one").unwrap();
    assert_eq!(mode(&file), 0o600);
    open(&file).unwrap().write_all(b"two").unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"onetwo");
    symlink("nowhere", dir.join("link")).unwrap();
    assert_eq!(refusal(open(&dir.join("link"))), "it is a symbolic link");
    assert!(!dir.join("nowhere").exists());
    assert_eq!(open(&dir.join("absent/file")).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn one_process_has_a_lock_and_the_others_know_which() {
    let (_dir, dir) = folder();
    let path = dir.join("below/file.lock");
    let mut held = Lock::exclusive(&path, soon()).unwrap();
    assert_eq!((mode(&path), mode(&dir.join("below"))), (0o600, 0o700));
    let us = std::process::id();
    assert_eq!((held.note().pid, held.note().is_refreshing), (us, false));
    for refused in [Lock::exclusive(&path, Instant::now()), Lock::shared(&path, Instant::now())] {
        match refused.unwrap_err() {
            LockError::Timeout { pid } => assert_eq!(pid, Some(us)),
            other => panic!("{other}"),
        }
    }
    held.change_note(|note| (note.failure, note.is_refreshing) = (Some("a long failure".into()), true));
    held.change_note(|note| note.failure = Some("short".into()));
    drop(held);
    // The next holder reads what the last one left, and makes it its own.
    let next = Lock::exclusive(&path, soon()).unwrap();
    assert_eq!(*next.note(), LockNote { pid: us, failure: Some("short".into()), is_refreshing: true });
    drop(next);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, format!(r#"{{"pid":{us},"failure":"short","is_refreshing":true}}"#));

    let (one, two) = (Lock::shared(&path, soon()).unwrap(), Lock::shared(&path, soon()).unwrap());
    assert_eq!(*one.note(), LockNote::default());
    assert!(matches!(Lock::exclusive(&path, Instant::now()), Err(LockError::Timeout { .. })));
    drop((one, two));
    // However long the last failure was.
    let long = serde_json::Value::from("x".repeat(60_000));
    let mut held = Lock::exclusive(&path, soon()).unwrap();
    held.change_note(|note| note.failure = Some(long.clone()));
    drop(held);
    assert_eq!(Lock::exclusive(&path, soon()).unwrap().note().failure, Some(long));
    // Who waits gets it as soon as it is free.
    let held = Lock::exclusive(&path, soon()).unwrap();
    let waiting = std::thread::spawn({
        let path = path.clone();
        move || Lock::exclusive(&path, soon()).map(drop)
    });
    std::thread::sleep(Duration::from_millis(50));
    drop(held);
    waiting.join().unwrap().unwrap();
    // A note without a process names none.
    std::fs::write(&path, r#"{"pid":0}"#).unwrap();
    let _held = File::open(&path).inspect(|file| file.lock().unwrap()).unwrap();
    assert!(matches!(Lock::exclusive(&path, Instant::now()), Err(LockError::Timeout { pid: None })));
}

#[test]
fn a_lock_that_others_could_hold_is_closed_to_them_or_refused() {
    let (_dir, dir) = folder();
    for open in [0o666, 0o644, 0o601] {
        let path = file_of(&dir, "lock", open);
        drop(Lock::exclusive(&path, soon()).unwrap());
        assert_eq!(mode(&path), 0o600, "{open:o}");
    }
    let path = file_of(&dir, "lock", 0o700);
    drop(Lock::exclusive(&path, soon()).unwrap());
    assert_eq!(mode(&path), 0o700, "nobody else could hold it");
    let path = file_of(&dir, "lock", 0o400);
    std::fs::hard_link(&path, dir.join("second")).unwrap();
    let error = Lock::exclusive(&path, Instant::now()).unwrap_err();
    assert_eq!(error.to_string(), "the lock file has a second name (a hard link)");
    std::fs::remove_file(dir.join("second")).unwrap();
    let foreign = file_of(&dir, "foreign", 0o644);
    if lchown(&foreign, Some(STRANGER), Some(STRANGER)).is_ok() {
        drop(Lock::exclusive(&foreign, soon()).unwrap());
        assert_eq!(mode(&foreign), 0o644, "another user's stays as it is");
    }
}

#[test]
fn the_error_for_a_lock_says_who_holds_it() {
    let of = |error: LockError| error.into_error(|why| crate::error::Error::store(format!("unavailable: {why}")));
    let error = of(LockError::Timeout { pid: Some(7) });
    assert!(error.message().starts_with("process 7 is doing the same"), "{error}");
    assert!(error.advises(crate::error::AdviceKind::EndProcess));
    let error = of(LockError::Timeout { pid: None });
    assert!(error.message().starts_with("another process is doing the same"), "{error}");
    assert!(!error.advises(crate::error::AdviceKind::EndProcess));
    let error = of(LockError::Unavailable(io::Error::other("no disk")));
    assert_eq!((error.message(), error.kind()), ("unavailable: no disk", crate::error::Kind::Store));
    assert_eq!(LockError::Unavailable(io::Error::other("no disk")).to_string(), "no disk");
    assert_eq!(LockError::Timeout { pid: Some(7) }.to_string(), "another process holds its lock");
}

#[test]
fn what_no_file_can_be_called_is_absent() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    assert!(!is_absent(&file) && !is_absent(dir.path()));
    for name in ["other", "file/below", "other/below", &"x".repeat(300)] {
        assert!(is_absent(&dir.path().join(name)), "{name}");
    }
}
