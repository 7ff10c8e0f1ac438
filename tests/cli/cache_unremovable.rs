//! `cogtok cache clear` where a session's tokens can't be taken out of their file.

use crate::harness::challenges::PASSWORD;
use crate::harness::{Home, Keyring, Sessions, need};

#[test]
fn it_is_said_that_tokens_can_not_be_removed_and_why() {
    need("strace", "strace");
    let (home, keyring, sessions) = (Home::new(), Keyring::start(), Sessions::start(true, 3600));
    home.scripted_user(&sessions.server.url());
    home.cogtok(["token", "user", "--password-stdin"]).keyring(&keyring).stdin(PASSWORD).run().ok();
    let clear = |error: &str| {
        let inject = format!("inject=?rename,?renameat,renameat2:error={error}");
        home.cogtok(["cache", "clear"]).under(["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject]).run()
    };
    let denied = clear("EACCES");
    denied.code(7).stderr_has("the tokens in ").stderr_has("can't be removed: Permission denied");
    denied.stderr_lacks("cached").stderr_lacks("make room");
    clear("EDQUOT").code(7).stderr_has("can't be removed").stderr_has("make room");
    home.cogtok(["cache", "clear"]).run().ok().stderr_has("removed: user token");
}

#[test]
fn where_nothing_was_removed_nothing_else_is_claimed() {
    let (home, keyring, sessions) = (Home::new(), Keyring::start(), Sessions::start(true, 3600));
    home.scripted_user(&sessions.server.url());
    home.cogtok(["token", "user", "--password-stdin"]).keyring(&keyring).stdin(PASSWORD).run().ok();
    let lock = home.cache_files().into_keys().find(|path| path.extension().is_some_and(|end| end == "lock"));
    let lock = home.allow(home.cache_dir()).join(lock.unwrap().file_name().unwrap());
    std::fs::remove_file(&lock).unwrap();
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(&lock).unwrap();
    let output = home.cogtok(["cache", "clear"]).run();
    output.code(7).stderr_has("can't be removed: ").stderr_lacks("its lock can't be used");
    output.stderr_lacks("nothing to remove").stderr_lacks("everything else").stderr_lacks("can't be cached");
}
