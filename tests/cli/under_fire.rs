//! Every command that writes, killed and refused at each system call of its writes: what it changes is as it was or as it should
//! be, every reader goes on, and the same command again ends the work.

use crate::harness::{Home, Output, Run, Server, need, promises};
use crate::local_faults::CALLS;
use crate::sealed::{init, scripted, sent};
use std::path::{Path, PathBuf};
use std::process::Command;

const OTHER_SECRET: &str = "another/secret+canary=43";

/// A home with two profiles, a sealed secret and a cached token, which every trial begins with.
struct World {
    home: Home,
    server: Server,
    identity: PathBuf,
    saved: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        need("strace", "strace");
        let home = Home::new();
        home.canary(OTHER_SECRET);
        let server = scripted(&home);
        let identity = init(&home);
        let world = Self { home, server, identity, saved: tempfile::tempdir().expect("a directory") };
        world.run(&["secret", "set", "m2m-client"]).stdin(crate::harness::scripted::SECRET).run().ok();
        world.run(&["token", "m2m"]).run().ok();
        world.run(&["profile", "copy", "ws", "spare"]).run().ok();
        copy(&world.home.path(""), world.saved.path());
        world
    }

    fn run<'h>(&'h self, words: &[&str]) -> Run<'h> {
        self.home.cogtok(words).env("COGTOK_SECRET_IDENTITY", &self.identity)
    }

    fn restore(&self) {
        for dir in [".config", ".cache", ".local"] {
            std::fs::remove_dir_all(self.home.path(dir)).expect("remove_dir_all");
        }
        copy(self.saved.path(), &self.home.path(""));
    }

    /// What later commands see: the configuration, and the secret that is sent for a token.
    fn seen(&self) -> (String, String) {
        let config = std::fs::read_to_string(self.home.config_file()).unwrap_or_default();
        let before = self.server.hits();
        let token = self.run(&["token", "m2m", "-p", "spare", "--no-cache"]).run();
        // Without a secret, the exit code depends on whether the configuration still names one.
        token.check(matches!(token.code, Some(0 | 3 | 5 | 7)), "a token, or no secret for one");
        let secret = if self.server.hits() > before { sent(&self.server) } else { "none".to_owned() };
        (config, secret)
    }

    /// Every reader of what is stored.
    fn readers_go_on(&self) {
        for words in
            [&["profile", "list"][..], &["profile", "lint"], &["cache", "list"], &["secret", "status", "-p", "spare"]]
        {
            self.run(words).run().ok().stderr_lacks("ignored").stderr_lacks("damaged");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for dir in [".config", ".cache", ".local"] {
        let done = Command::new("cp").arg("-a").arg(from.join(dir)).arg(to).status().expect("cp");
        assert!(done.success());
    }
}

/// A command that writes, what it reads on standard input, and the codes with which a second run may end.
struct Writer {
    words: &'static [&'static str],
    stdin: &'static str,
    again: &'static [i32],
}

const WRITERS: [Writer; 7] = [
    Writer { words: &["profile", "set", "ws", "region", "eu-west-1"], stdin: "", again: &[0] },
    Writer { words: &["profile", "rename", "ws", "berlin"], stdin: "", again: &[0, 3] },
    Writer { words: &["profile", "use", "spare"], stdin: "", again: &[0] },
    Writer { words: &["profile", "delete", "ws", "--yes"], stdin: "", again: &[0, 3] },
    Writer { words: &["secret", "set", "m2m-client", "-p", "spare"], stdin: OTHER_SECRET, again: &[0] },
    Writer { words: &["secret", "delete", "m2m-client", "-p", "spare"], stdin: "", again: &[0] },
    Writer { words: &["cache", "clear"], stdin: "", again: &[0] },
];

/// One trial: the command with an injection. Gives nothing where the injection met no call.
fn trial(world: &World, writer: &Writer, inject: &str) -> Option<Output> {
    world.restore();
    let log = world.home.allow(world.home.path("strace.log"));
    let strace = ["strace", "-f", "-qq", "-o", log.to_str().expect("UTF-8"), "-e", inject];
    let output = world.run(writer.words).stdin(writer.stdin).under(strace).may_be_killed().run();
    let met = output.signal.is_some() || std::fs::read_to_string(&log).expect("a log").contains("(INJECTED)");
    met.then_some(output)
}

/// All trials of a kind of injection. Gives their number.
fn campaign(world: &World, calls: &str, what: &str) -> usize {
    let stride = promises::length(7, 1);
    let mut cases = 0;
    for (which, writer) in WRITERS.iter().enumerate() {
        world.restore();
        let before = world.seen();
        world.run(writer.words).stdin(writer.stdin).run().ok();
        let after = world.seen();
        // The short form takes another few of each command's calls.
        for n in (1 + which % stride..).step_by(stride) {
            assert!(n < 300, "{calls} are called without end");
            let inject = format!("inject={calls}:{what}:when={n}");
            let Some(output) = trial(world, writer, &inject) else { break };
            let told = format!("{:?} with {inject}", writer.words);
            output.check(!output.stderr.contains("panicked"), &told);
            output.check(output.signal.is_some() || matches!(output.code, Some(0..=10)), &told);
            world.readers_go_on();
            let left = world.seen();
            assert!(left == before || left == after || is_between(&left, &before, &after), "{told}: {left:?}");
            let again = world.run(writer.words).stdin(writer.stdin).run();
            again.check(again.code.is_some_and(|code| writer.again.contains(&code)), &told);
            assert_eq!(world.seen(), after, "{told}, and once more");
            cases += 1;
        }
    }
    cases
}

/// Whether each part is that of the one or the other: a command that changes two files may have changed one of them.
fn is_between(left: &(String, String), before: &(String, String), after: &(String, String)) -> bool {
    [&before.0, &after.0].contains(&&left.0) && [&before.1, &after.1].contains(&&left.1)
}

#[test]
fn every_command_that_writes_can_be_killed_at_each_of_its_calls() {
    let world = World::new();
    let cases: usize = CALLS.iter().map(|calls| campaign(&world, calls, "signal=KILL")).sum();
    assert!(cases >= promises::length(20, 140), "{cases} kill points");
    promises::held(
        "a command killed at a system call of its writes loses nothing, and the next run ends the work",
        cases,
    );
}

#[test]
fn every_command_that_writes_can_be_refused_at_each_of_its_calls() {
    let world = World::new();
    let mut cases = 0;
    for error in ["ENOSPC", "EIO"] {
        for calls in &CALLS[3..] {
            cases += campaign(&world, calls, &format!("error={error}"));
        }
    }
    assert!(cases >= promises::length(15, 100), "{cases} refusals");
    promises::held("a disk that refuses a write (ENOSPC, EIO) costs an error, and nothing that was stored", cases);
}

#[test]
fn every_state_file_can_be_cut_at_each_byte() {
    let world = World::new();
    let mut cases = 0;
    for dir in [".cache", ".local/state", ".local/share"] {
        for (path, content) in crate::harness::state::files(&world.home.path(dir)) {
            let stride = promises::length(content.len() / 12 + 1, 1);
            for at in (0..content.len()).step_by(stride) {
                world.restore();
                world.home.plant(path.strip_prefix(world.home.path("")).expect("in the home"), &content[..at]);
                for words in
                    [&["status"][..], &["cache", "list"], &["secret", "status"], &["token", "m2m", "-p", "spare"]]
                {
                    let output = world.run(words).run();
                    let told = format!("{words:?}, {} cut at {at}", path.display());
                    output.check(!output.stderr.contains("panicked"), &told);
                    output.check(matches!(output.code, Some(0..=10)), &told);
                    cases += 1;
                }
            }
        }
    }
    assert!(cases >= 40, "{cases} cuts");
    promises::held("a state file that is cut off anywhere stops no command with a panic", cases);
}
