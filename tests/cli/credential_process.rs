//! The `credential_process` that cogtok runs: how long it may live.

use crate::harness::Home;
use std::path::PathBuf;
use std::time::Duration;

#[test]
fn it_ends_with_the_call_that_waits_for_it() {
    let home = Home::new();
    home.config("[profiles.ws]\nuser_pool_id = \"us-east-1_AbCdEf123\"\nendpoint_url = \"http://127.0.0.1:9\"\n");
    let pid = home.path("pid");
    let script = home.plant("wait.sh", format!("echo $$ >'{}'\nexec sleep 300\n", pid.display()));
    // In a shell of its own: the one that cogtok starts becomes this one.
    home.plant(".aws/config", format!("[profile slow]\ncredential_process = exec sh '{}'\n", script.display()));
    let run = home.cogtok(["user", "list", "-p", "ws", "--aws-profile", "slow", "--timeout", "2s"]).run();
    run.code(6).stderr_has("no result within 2 s");
    let pid = std::fs::read_to_string(pid).expect("it was run");
    let place = PathBuf::from(format!("/proc/{}/stat", pid.trim()));
    let is_alive = || std::fs::read_to_string(&place).is_ok_and(|stat| !stat.contains(") Z "));
    for _ in 0..500 {
        if !is_alive() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("process {} goes on", pid.trim());
}
