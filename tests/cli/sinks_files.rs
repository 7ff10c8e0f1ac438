//! `--output-file`: private from its first instant, the old one or the new one, and no way round it.

use crate::export::{issuing, m2m};
use crate::harness::{Answer, Home, Server, herd, jwt, unique};
use serde_json::json;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

const TOKEN: &str = "~aZ09-._~+/aZ09==";

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().mode() & 0o7777
}

/// A directory of the user's own, which no oracle looks into.
fn place(home: &Home) -> std::path::PathBuf {
    let dir = home.allow(home.path("place"));
    std::fs::create_dir(&dir).unwrap();
    dir
}

#[test]
fn the_file_is_private_holds_what_would_have_been_printed_and_nothing_is_printed() {
    let (home, server) = issuing(TOKEN);
    let file = place(&home).join("token");
    let path = file.to_str().unwrap();
    for (args, umask) in [
        (&[][..], 0o000),
        (&["--json"], 0o022),
        (&["--header"], 0o077),
        (&["--export"], 0o777),
        (&["--export=dotenv"], 0o002),
        (&["--export=nushell", "--env-var", "T"], 0o022),
        (&["--export-credentials=json"], 0o000),
    ] {
        let mut wanted = m2m(&home, args).run().ok().stdout.clone();
        if args == ["--export=dotenv"] {
            // Of a file that is there it would keep the other lines.
            std::fs::remove_file(&file).unwrap();
        }
        m2m(&home, args).args(["--output-file", path]).umask(umask).run().ok().stdout_is("");
        let mut got = read(&file);
        if args == ["--json"] {
            // Seconds go by.
            let strip = |text: &str| {
                let mut json: serde_json::Value = serde_json::from_str(text).unwrap();
                json.as_object_mut().unwrap().retain(|name, _| name != "expires_in" && name != "source");
                json.to_string()
            };
            (wanted, got) = (strip(&wanted), strip(&got));
        }
        assert_eq!(got, wanted, "{args:?}");
        assert_eq!(mode(&file), 0o600);
    }
    assert_eq!(server.hits(), 1);
    // A file that others could read is replaced, not written into.
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o666)).unwrap();
    let second = file.with_file_name("second-name");
    std::fs::hard_link(&file, &second).unwrap();
    let before = read(&second);
    m2m(&home, &["--output-file", path]).run().ok();
    assert_eq!((mode(&file), read(&file), read(&second)), (0o600, format!("{TOKEN}\n"), before));
    // Relative to where it is typed.
    let dir = file.parent().unwrap();
    m2m(&home, &["--output-file", "here"]).cwd(dir).run().ok();
    m2m(&home, &["--output-file=../place/there"]).cwd(dir).run().ok();
    assert_eq!((read(&dir.join("here")), read(&dir.join("there"))), (format!("{TOKEN}\n"), format!("{TOKEN}\n")));
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 4, "nothing else is left there");
}

#[test]
fn what_is_not_a_file_is_refused_before_anything_is_asked() {
    let (home, server) = issuing(TOKEN);
    let dir = place(&home);
    let victim = home.plant("victim", "precious");
    let link = |name: &str, to: &Path| {
        std::os::unix::fs::symlink(to, dir.join(name)).unwrap();
        dir.join(name)
    };
    let fifo = dir.join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let plain = dir.join("plain");
    std::fs::write(&plain, "x").unwrap();
    for (path, says) in [
        (link("to-victim", &victim), "symbolic link"),
        (link("dangling", &dir.join("nothing")), "symbolic link"),
        (link("to-dir", &dir), "symbolic link"),
        (link("loop", &dir.join("loop")), "symbolic link"),
        (dir.clone(), "directory"),
        ("/".into(), "directory"),
        (fifo, "not a regular file"),
        ("/dev/full".into(), "not a regular file"),
        ("/dev/null".into(), "not a regular file"),
        ("/dev/stdout".into(), "symbolic link"),
        (dir.join("no/such/directory"), "its directory does not exist"),
        (plain.join("x"), "Not a directory"),
        (dir.join(".."), "directory"),
        ("".into(), "needs a value"),
    ] {
        let output = m2m(&home, &["--output-file"]).arg(&path).run();
        output.check(matches!(output.code, Some(2 | 7)), "2 or 7").stdout_is("").stderr_has(says);
    }
    assert_eq!(server.hits(), 0);
    assert_eq!((read(&victim), dir.join("nothing").exists()), ("precious".into(), false));
}

#[test]
fn a_link_that_appears_after_the_check_is_replaced_and_never_followed() {
    let home = Home::new();
    let dir = place(&home);
    let (file, victim) = (dir.join("token"), home.plant("victim", "precious"));
    let (at, to) = (file.clone(), victim.clone());
    // The link is made while the token is on its way.
    let server = Server::start(move |_| {
        let _ = std::os::unix::fs::symlink(&to, &at);
        Answer::token(TOKEN)
    });
    home.scripted_profile(&server.token_url());
    let output = home.scripted_m2m(&["--output-file", file.to_str().unwrap()]).run();
    output.code(7).stdout_is("").stderr_has("symbolic link");
    assert_eq!(read(&victim), "precious");
}

#[test]
fn a_disk_that_is_full_or_read_only_leaves_the_old_file_and_no_other() {
    crate::harness::need("strace", "strace");
    let (home, _server) = issuing(TOKEN);
    let dir = place(&home);
    let file = dir.join("token");
    m2m(&home, &[]).run().ok();
    let log = home.allow(home.path("strace.log"));
    for (inject, says) in [
        ("inject=fsync:error=EIO", "Input/output error"),
        ("inject=fsync:error=ENOSPC", "No space left"),
        ("inject=fsync:error=EDQUOT", "uota exceeded"),
        ("inject=?rename,?renameat,renameat2:error=EROFS", "Read-only file system"),
        ("inject=?rename,?renameat,renameat2:error=EACCES", "Permission denied"),
    ] {
        std::fs::write(&file, "the old one").unwrap();
        let strace = ["strace", "-f", "-qq", "-o", log.to_str().unwrap(), "-e", inject];
        let output = m2m(&home, &["--output-file", file.to_str().unwrap()]).under(strace).run();
        output.code(7).stdout_is("").stderr_has(says).stderr_has("token can't be written");
        assert_eq!(read(&file), "the old one", "{inject}");
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1, "{inject}: a file is left");
    }
    // A file system that is really full, and one that is really read-only.
    crate::harness::need_namespaces();
    let real = |options: &str, before: &str| {
        let script = format!(
            "mount -t tmpfs -o size=16k tmpfs '{0}' && printf old >'{0}/token' && {before} {options}; \"$@\"; code=$?; \
             ls -A '{0}'; cat '{0}/token'; exit $code",
            dir.display()
        );
        let run = m2m(&home, &["--output-file", file.to_str().unwrap()]).prints_on_failure();
        run.under(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"]).run()
    };
    let fill = format!("head -c 12288 /dev/zero >'{}/filler'; true", dir.display());
    let full = real("", &fill);
    full.code(7).stderr_has("No space left on device").stderr_lacks(".tmp").stdout_is("filler\ntoken\nold");
    let read_only = real("", &format!("mount -o remount,ro '{}'", dir.display()));
    read_only.code(7).stderr_has("Read-only file system").stderr_lacks(".tmp").stdout_is("token\nold");
}

#[test]
fn killed_at_any_instant_there_is_the_old_file_or_the_new_one_and_the_next_call_sweeps() {
    let (home, _server) = issuing(TOKEN);
    let dir = place(&home);
    let file = dir.join("token");
    m2m(&home, &[]).run().ok();
    let run = || {
        std::fs::write(&file, "the old one").unwrap();
        m2m(&home, &["--output-file", file.to_str().unwrap()])
    };
    let (mut old, mut new) = (0, 0);
    for calls in ["write", "fsync", "?rename,?renameat,renameat2", "flock"] {
        let kills = crate::local_faults::at_each(calls, "signal=KILL", run, |n, _| {
            match read(&file).as_str() {
                "the old one" => old += 1,
                text if text == format!("{TOKEN}\n") => new += 1,
                text => panic!("killed at {calls} {n}: {text:?}"),
            }
            m2m(&home, &["--output-file", file.to_str().unwrap()]).run().ok();
            assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1, "killed at {calls} {n}");
        });
        assert!(kills > 0, "{calls}");
    }
    assert!(old > 0 && new > 0, "{old} {new}");
}

#[test]
fn any_number_of_writers_leave_one_whole_token() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let server = Server::start(move |_| Answer::token(&jwt(&json!({"exp": now + 3600, "jti": unique("t")}))));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    let dir = place(&home);
    let file = dir.join("token");
    let run = || home.scripted_m2m(&["--no-cache", "--output-file", file.to_str().unwrap()]);
    for output in herd((0..30).map(|_| run())) {
        output.ok().stdout_is("");
    }
    let left = read(&file);
    assert!(left.ends_with('\n') && left.matches('.').count() == 2, "{left}");
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1);
}

#[test]
fn a_failure_leaves_the_old_file_as_it_is() {
    let refusing = Server::always(Answer::json(400, &json!({"error": "invalid_client"})));
    let home = crate::export::home_for(&refusing);
    let file = place(&home).join("token");
    std::fs::write(&file, "the old one").unwrap();
    for args in [&[][..], &["--json"], &["--export"]] {
        m2m(&home, args).args(["--output-file", file.to_str().unwrap()]).run().code(4).stdout_is("");
        assert_eq!(read(&file), "the old one");
    }
}
