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
