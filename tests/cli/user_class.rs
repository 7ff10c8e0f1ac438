//! The organiser's whole story: a class of forty, killed after some and resumed, handed out, tried, and nothing left behind.

use crate::harness::workshop::GROUPS;
use crate::harness::{Answer, Home, Proxy, Run, Workshop, poll, workshop};
use crate::user_create_many::{id, the_run};
use rustix::process::Signal;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().prints_on_failure().timeout(Duration::from_secs(120))
}

#[test]
fn forty_seats_on_cards_and_in_a_file_sign_in_and_leave_an_empty_group() {
    let pool = Workshop::provision(workshop().ministack);
    let pid = Arc::new(AtomicI32::new(0));
    let (victim, made) = (Arc::clone(&pid), AtomicUsize::new(0));
    let proxy = Proxy::with(&pool.endpoint, move |request| {
        if request.operation() != Some("AdminSetUserPassword") || made.fetch_add(1, Ordering::SeqCst) != 9 {
            return None;
        }
        let pid = poll("the process id", Duration::from_secs(10), || {
            Some(victim.load(Ordering::SeqCst)).filter(|pid| *pid != 0)
        });
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        Some(Answer::close())
    });
    let home = Home::new();
    home.profile("ws", &pool, &proxy.url(), &proxy.token_url());
    let (cards, seats) = (home.path("cards.html"), home.path("seats.csv"));
    home.allow(&cards);
    home.allow(&seats);
    let class = ["--cards", cards.to_str().unwrap(), "-o", "csv"];
    let into = format!(">'{}'", seats.display());
    let create = user(&home, &[&["create", "--count", "40", "--group", GROUPS[2]][..], &class].concat());
    let running = create.redirect(&into).may_be_killed().spawn();
    pid.store(running.pid(), Ordering::SeqCst);
    assert_eq!(running.wait().signal, Some(9));
    assert!(!cards.exists() && std::fs::read(&seats).unwrap().is_empty());

    user(&home, &[&["create", "--resume"][..], &class].concat()).redirect(&into).run().ok();
    let mut reader = csv::Reader::from_path(&seats).unwrap();
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 40);
    let page = std::fs::read_to_string(&cards).unwrap();
    assert_eq!((page.matches("<main class=\"page\">").count(), page.matches("<section ").count()), (5, 40));
    for row in &rows {
        assert!(page.contains(&row["username"]) && page.contains(&row["password"]), "{}", row["username"]);
        assert_eq!(row["groups"], GROUPS[2]);
    }
    let run = id(&the_run(&home));
    let tried = user(&home, &["try", "--run", &run, "--sample", "all"]).run();
    tried.ok().stdout_is("40 of 40 users can sign in\n");

    let members = || {
        pool.admin("ListUsersInGroup", json!({"GroupName": GROUPS[2], "Limit": 60}))["Users"].as_array().unwrap().len()
    };
    assert_eq!(members(), 40);
    user(&home, &["delete", "--run", &run, "--yes"]).run().ok();
    assert_eq!(members(), 0);
    user(&home, &["runs", "--json"]).run().ok().stdout_is("[]\n");
}
