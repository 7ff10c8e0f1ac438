//! File systems that can't lock a file, as some network shares and FUSE ones: the message says that it is the lock that fails, and
//! what helps.

use crate::harness::{Home, Output, Run, need};

const WAY: &str = "name a folder on a file system that has locks in XDG_CONFIG_HOME, XDG_STATE_HOME and XDG_CACHE_HOME";

/// The run where locking fails in this way.
fn without_locks(run: Run<'_>, how: &str) -> Output {
    need("strace", "strace");
    let inject = format!("inject=flock:error={how}");
    run.under(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=flock", "-e", &inject]).run()
}

#[test]
fn a_lock_that_fails_is_told_as_one_with_the_way() {
    for (how, reason) in
        [("ENOSYS", "Function not implemented"), ("ENOLCK", "No locks available"), ("EOPNOTSUPP", "not supported")]
    {
        let home = Home::new();
        let create = ["profile", "create", "ws", "--user-pool-id", "us-east-1_Example01", "--client-id", "c"];
        let out = without_locks(home.cogtok(create), how);
        out.code(7).stderr_has("config.toml can't be written: the file system can't lock files: ");
        out.stderr_has(reason).stderr_has(WAY);
        home.cogtok(create).run().ok();
        let out = without_locks(
            home.cogtok(["user", "create", "alice@example.com", "-p", "ws"])
                .env("AWS_ACCESS_KEY_ID", "x")
                .env("AWS_SECRET_ACCESS_KEY", "y"),
            how,
        );
        out.code(7).stderr_has("the file system can't lock files: ").stderr_has(WAY);
    }
}
