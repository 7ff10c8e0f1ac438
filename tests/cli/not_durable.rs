//! File systems that can't flush a file or a directory, as some network shares and FUSE ones: what was written counts as
//! written, with one warning.

use crate::harness::challenges::PASSWORD;
use crate::harness::{Home, Output, Run, Sessions, need};
use crate::user_create::{assert_signs_in, counted, create, journal};

/// How flushing can fail: for nothing and nobody, or for directories alone, which are flushed after each file.
const WAYS: [&str; 4] = ["EINVAL", "ENOSYS", "EIO:when=2+2", "EACCES:when=2+2"];

/// The run on such a file system, which ends well all the same and says so once.
#[track_caller]
fn warned_once(run: Run<'_>, how: &str) -> Output {
    need("strace", "strace");
    let inject = format!("inject=fsync:error={how}");
    let output = run.under(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", &inject]).run();
    let warnings = output.stderr.matches("may not survive a crash").count();
    output.ok().check(warnings == 1, &format!("{how}: {warnings} warnings"));
    output
}

#[test]
fn an_edit_that_is_written_is_told_as_written() {
    for how in WAYS {
        let home = Home::new();
        let made =
            home.cogtok(["profile", "create", "ws", "--user-pool-id", "us-east-1_Example01", "--client-id", "c"]);
        warned_once(made, how).stderr_lacks("can't be written");
        warned_once(home.cogtok(["profile", "set", "ws", "user.username", "alice"]), how).ok();
        assert!(std::fs::read_to_string(home.config_file()).unwrap().contains("alice"));
        let identity = home.path("identity");
        warned_once(home.cogtok(["secret", "init"]).arg(&identity), how).ok();
        let set = home.cogtok(["secret", "set", "password", "-p", "ws"]).stdin(PASSWORD);
        warned_once(set.env("COGTOK_SECRET_IDENTITY", &identity), how).ok();
        home.cogtok(["secret", "status", "-p", "ws"]).env("COGTOK_SECRET_IDENTITY", &identity).run().ok();
    }
}

#[test]
fn a_user_is_made() {
    for how in WAYS {
        let (home, proxy) = counted();
        assert_signs_in(&warned_once(create(&home, &[]), how).json());
        assert_eq!((proxy.count("AdminCreateUser"), journal(&home).len()), (1, 0));
    }
}

#[test]
fn a_renewal_keeps_the_session() {
    for how in WAYS {
        let sessions = Sessions::start(true, 30);
        let home = Home::new();
        home.scripted_user(&sessions.server.url());
        let identity = home.path("identity");
        home.cogtok(["secret", "init"]).arg(&identity).run().ok();
        let token = || home.cogtok(["token", "user", "-p", "ws"]).env("COGTOK_SECRET_IDENTITY", &identity);
        warned_once(token().arg("--password-stdin").stdin(PASSWORD), how).ok();
        for _ in 0..2 {
            warned_once(token(), how).stderr_lacks("could not be kept");
        }
        let state = sessions.state();
        assert_eq!((state.sign_ins, state.renewals, state.reuses), (1, 2, 0), "{how}");
    }
}
