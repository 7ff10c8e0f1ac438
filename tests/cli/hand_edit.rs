//! A configuration that a person saves in the very moment in which cogtok writes it.

use crate::harness::{Home, need, poll};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::time::Duration;

const BEFORE: &str = "[profiles.ws]\nregion = \"us-east-1\"\n";
const THEIRS: &str = "# mine\n[profiles.ws]\nregion = \"ap-south-1\"\n";

/// How an editor saves.
type Save = fn(&Path);

/// The child of strace.
fn child_of(pid: i32) -> Pid {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    Pid::from_raw(children.split_whitespace().next().unwrap().parse().unwrap()).unwrap()
}

#[test]
fn what_is_saved_while_the_new_file_is_flushed_is_not_lost() {
    need("strace", "strace");
    let in_place: Save = |path| std::fs::write(path, THEIRS).unwrap();
    let by_renaming: Save = |path| {
        let new = path.with_extension("new");
        std::fs::write(&new, THEIRS).unwrap();
        std::fs::rename(&new, path).unwrap();
    };
    let by_removing: Save = |path| std::fs::remove_file(path).unwrap();
    for (save, left) in [(in_place, Some(THEIRS)), (by_renaming, Some(THEIRS)), (by_removing, None)] {
        let home = Home::new();
        let path = home.config(BEFORE);
        home.allow(&path);
        let log = home.path("tmp/calls");
        let strace = ["strace", "-f", "-qq", "-e", "trace=fsync", "-e", "inject=fsync:signal=STOP:when=1", "-o"];
        let set = home.cogtok(["profile", "set", "ws", "region", "eu-west-1"]);
        let running = set.under(strace.into_iter().chain([log.to_str().unwrap()])).spawn();
        let is_stopped = || std::fs::read_to_string(&log).unwrap_or_default().contains("stopped by SIGSTOP");
        poll("the new file is flushed", Duration::from_secs(20), || is_stopped().then_some(()));
        save(&path);
        kill_process(child_of(running.pid()), Signal::CONT).unwrap();
        let output = running.wait();
        output.code(7).stderr_has("was changed by another program just now").stderr_has("try again");
        assert_eq!(std::fs::read_to_string(&path).ok().as_deref(), left);
        home.assert_swept();
    }
}

#[test]
fn nothing_stands_between_the_last_look_and_the_renaming() {
    need("strace", "strace");
    let home = Home::new();
    home.config(BEFORE);
    let log = home.path("tmp/calls");
    let strace = ["strace", "-f", "-qq", "-o", log.to_str().unwrap()];
    home.cogtok(["profile", "set", "ws", "region", "eu-west-1"]).under(strace).run().ok();
    let calls = std::fs::read_to_string(&log).unwrap();
    let calls: Vec<&str> = calls.lines().collect();
    let renaming = calls.iter().position(|line| line.contains(" rename") && line.contains(".config.toml.")).unwrap();
    let look = calls[renaming - 1];
    assert!(look.contains("stat") && look.contains("/config.toml\""), "{look}");
}
