//! What is written to, replaced, edited and appended to, and what is refused.
#![allow(clippy::disallowed_methods)]

use super::*;

#[test]
fn devices_and_streams_of_windows_are_no_files() {
    for name in [r"\\.\NUL", "NUL", "con", "nul.txt", "COM1", "lpt9.log", "aux .x", "CONOUT$"] {
        assert_eq!(no_file_of_windows(name.as_ref()), Some("it is a device"), "{name}");
    }
    assert_eq!(no_file_of_windows("a:b".as_ref()), Some("it is a stream of another file"));
    for name in ["nullable", "COM0", "COM10", "COM", "COMA", "console", "token.txt", ".env"] {
        assert_eq!(no_file_of_windows(name.as_ref()), None, "{name}");
    }
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};

    use super::*;

    const STRANGER: u32 = 54_321;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_path_buf();
        (dir, path)
    }

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    fn text(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn refusal<T: std::fmt::Debug>(result: io::Result<T>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn only_the_path_of_a_regular_file_or_of_none_is_taken() {
        let (_dir, dir) = folder();
        let file = dir.join("file");
        std::fs::write(&file, "old").unwrap();
        symlink("file", dir.join("link")).unwrap();
        symlink("nowhere", dir.join("dangling")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(dir.join("pipe")).status().unwrap().success());
        for good in [&file, &dir.join("new"), &dir.join("a:b"), &dir.join("nul")] {
            check(good).unwrap();
        }
        for (bad, why) in [
            (dir.clone(), "it is a directory"),
            (dir.join("link"), "it is a symbolic link"),
            (dir.join("dangling"), "it is a symbolic link"),
            (dir.join("pipe"), "it is not a regular file"),
            (dir.join("absent/new"), "its directory does not exist"),
            (PathBuf::from("/dev/null"), "it is not a regular file"),
        ] {
            let error = check(&bad).unwrap_err();
            assert_eq!((error.kind(), error.to_string().as_str()), (io::ErrorKind::InvalidInput, why));
            assert_eq!(refusal(put(&bad, b"new")), why);
            assert_eq!(refusal(put_new(&bad, b"new")), why);
            assert_eq!(refusal(edit(&bad, 100, |_| Zeroizing::default())), why);
        }
        assert_eq!(check(&file.join("new")).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        assert_eq!(text(&file), "old");
        assert!(!dir.join("nowhere").exists());
        assert!(split(Path::new("..")).is_err() && split(Path::new("/")).is_err());
        assert_eq!(split(&file).unwrap(), (dir.as_path(), "file"));
    }

    #[test]
    fn a_file_is_replaced_by_a_private_one_and_what_was_killed_is_swept() {
        let (_dir, dir) = folder();
        let file = dir.join("file");
        put(&file, b"one").unwrap();
        assert_eq!((text(&file).as_str(), mode(&file)), ("one", 0o600));
        set_mode(&file, 0o644);
        for name in [".file.killed.tmp", ".file.tmp", ".file.x", ".other.x.tmp", ".file.busy.tmp"] {
            std::fs::write(dir.join(name), "").unwrap();
        }
        // Another writer is at it: what it holds stays.
        let busy = File::open(dir.join(".file.busy.tmp")).unwrap();
        busy.lock().unwrap();
        put(&file, b"two").unwrap();
        assert_eq!((text(&file).as_str(), mode(&file)), ("two", 0o600));
        assert_eq!(names(&dir), [".file.busy.tmp", ".file.x", ".other.x.tmp", "file"]);
        // Dropped before it is complete, it leaves nothing.
        let mut half = Replacement::begin(&file).unwrap();
        half.write(b"thr").unwrap();
        assert_eq!(names(&dir).len(), 5);
        sweep(&dir, ".file.");
        assert_eq!(names(&dir).len(), 5, "a held file was swept");
        drop(half);
        assert_eq!((text(&file).as_str(), names(&dir).len()), ("two", 4));
    }

    #[test]
    fn a_new_file_replaces_none() {
        let (_dir, dir) = folder();
        let file = dir.join("file");
        put_new(&file, b"one").unwrap();
        assert_eq!((text(&file).as_str(), mode(&file)), ("one", 0o600));
        assert_eq!(put_new(&file, b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!((text(&file).as_str(), names(&dir).len()), ("one", 1));
    }

    #[test]
    fn what_was_swept_just_before_it_was_finished_is_written_again() {
        let (_dir, dir) = folder();
        let file = dir.join("file");
        let mut replacement = Replacement::begin(&file).unwrap();
        replacement.write(b"whole").unwrap();
        std::fs::remove_file(replacement.file.path()).unwrap();
        replacement.finish().unwrap();
        assert_eq!((text(&file).as_str(), names(&dir).len()), ("whole", 1));
        // There is an end to it: the folder is gone.
        let below = dir.join("below");
        std::fs::create_dir(&below).unwrap();
        let replacement = Replacement::begin(&below.join("file")).unwrap();
        std::fs::remove_dir_all(&below).unwrap();
        assert_eq!(replacement.finish().unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn an_edit_keeps_mode_and_owner_and_is_limited() {
        let (_dir, dir) = folder();
        let file = dir.join("file");
        let add = |text: &str| Zeroizing::new(format!("{text}+"));
        edit(&file, 4, add).unwrap();
        assert_eq!((text(&file).as_str(), mode(&file)), ("+", 0o600));
        for mode_before in [0o640, 0o664, 0o600] {
            set_mode(&file, mode_before);
            edit(&file, 4, add).unwrap();
            assert_eq!(mode(&file), mode_before);
        }
        assert_eq!(text(&file), "++++");
        edit(&file, 4, add).unwrap();
        let error = edit(&file, 4, add).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (io::ErrorKind::InvalidData, "it is larger than 4 bytes")
        );
        std::fs::write(&file, [0xff]).unwrap();
        assert_eq!(edit(&file, 4, add).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!((std::fs::read(&file).unwrap().as_slice(), names(&dir).len()), (&[0xff][..], 1));
        std::fs::write(&file, "").unwrap();
        if lchown(&file, Some(STRANGER), Some(STRANGER)).is_ok() {
            edit(&file, 4, add).unwrap();
            let metadata = std::fs::metadata(&file).unwrap();
            assert_eq!((metadata.uid(), metadata.gid(), text(&file).as_str()), (STRANGER, STRANGER, "+"));
            lchown(&file, Some(0), Some(STRANGER)).unwrap();
            edit(&file, 4, add).unwrap();
            let metadata = std::fs::metadata(&file).unwrap();
            assert_eq!((metadata.uid(), metadata.gid(), text(&file).as_str()), (0, STRANGER, "++"));
        }
    }

    #[test]
    fn an_edit_that_can_make_no_file_says_so() {
        let (_dir, dir) = folder();
        // There is room for this name, but not for that of the file that is made first.
        let file = dir.join("a".repeat(250));
        let error = edit(&file, 4, |_| Zeroizing::default()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidFilename, "{error}");
        assert!(names(&dir).is_empty());
        let file = dir.join("closed");
        std::fs::write(&file, "").unwrap();
        set_mode(&file, 0o000);
        // Nothing is closed to root.
        if File::open(&file).is_err() {
            let error = edit(&file, 4, |_| Zeroizing::default()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
        }
    }

    #[test]
    fn those_who_edit_at_once_lose_nothing() {
        let (_dir, dir) = folder();
        let file = dir.join("file");
        let threads = (0..8).map(|_| {
            let file = file.clone();
            std::thread::spawn(move || {
                for _ in 0..8 {
                    edit(&file, 4096, |text| Zeroizing::new(format!("{text}+"))).unwrap();
                }
            })
        });
        threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!((text(&file).len(), names(&dir).len()), (64, 1));
    }

    #[test]
    fn a_file_that_is_open_is_known_again() {
        let (_dir, dir) = folder();
        let (file, other) = (dir.join("file"), dir.join("other"));
        put(&file, b"one").unwrap();
        let open = File::open(&file).unwrap();
        assert!(is_at(&open, &file) && !is_at(&open, &other));
        put(&other, b"one").unwrap();
        assert!(!is_at(&open, &other));
        put(&file, b"one").unwrap();
        assert!(!is_at(&open, &file));
        symlink("other", dir.join("link")).unwrap();
        assert!(!is_at(&File::open(&other).unwrap(), &dir.join("link")));
    }

    #[test]
    fn what_is_appended_begins_a_line() {
        let (_dir, dir) = folder();
        let file = dir.join("file");
        assert_eq!(Appendable::open(&file).unwrap_err().kind(), io::ErrorKind::NotFound);
        for (before, after) in [("", "A=1\n"), ("B=2\n", "B=2\nA=1\n"), ("B=2", "B=2\nA=1\n"), ("B\n2", "B\n2\nA=1\n")]
        {
            std::fs::write(&file, before).unwrap();
            Appendable::open(&file).unwrap().append(b"A=1\n").unwrap();
            assert_eq!(text(&file), after, "{before:?}");
        }
        symlink("file", dir.join("link")).unwrap();
        for bad in [dir.join("link"), dir.clone()] {
            assert!(Appendable::open(&bad).is_err());
        }
    }
}
