//! How often the cache is read: once, and once more under the lock where there was nothing that will do.

use crate::harness::scripted::CLIENT;
use crate::harness::{Answer, Home, Run, Server, m2m_jwt, need};

/// How often the run opens each file of the cache to read it: the tokens', and the lock's.
fn opens(run: Run<'_>, home: &Home) -> [usize; 2] {
    need("strace", "strace");
    let log = home.allow(home.path("strace.log"));
    let log = log.to_str().unwrap();
    run.under(["strace", "-f", "-o", log, "-e", "trace=openat"]).run().ok();
    let trace = std::fs::read_to_string(log).unwrap();
    let of = |ending: &str| trace.lines().filter(|line| line.contains("/m2m-") && line.contains(ending)).count();
    [of(".json\", O_RDONLY"), of(".lock\", O_RDWR|O_NOCTTY")]
}

#[test]
fn a_miss_reads_the_cache_before_the_lock_and_under_it_and_a_hit_once() {
    let (home, server) = (Home::new(), Server::start(|_| Answer::token(&m2m_jwt(CLIENT, "api/read api/write"))));
    home.scripted_profile(&server.token_url());
    let get = |args: &[&str]| opens(home.scripted_m2m(args), &home);
    assert_eq!(get(&[]), [2, 1], "nothing there");
    assert_eq!(get(&[]), [1, 0], "a hit");
    assert_eq!(get(&["--min-validity", "2h"]), [2, 1], "not for long enough");
    assert_eq!(get(&["--force-refresh"]), [1, 1], "a new one in any case");
    assert_eq!(get(&["--no-cache"]), [0, 0], "without the cache");
    assert_eq!(server.hits(), 4);
}
