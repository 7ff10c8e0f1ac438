//! What TAB offers from what a profile has seen: users, groups, scopes and claims of its tokens, of the journal and of lists;
//! and from what AWS's tools know.

use crate::completion::{names, tab};
use crate::harness::pty::Pty;
use crate::harness::{Home, Server, need, state, unique, workshop};
use serde_json::json;
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-7-Battery";

/// A home whose profile `ws` has tokens of a user in a group and of the machine; gives the user.
fn signed_in() -> (Home, String) {
    let (home, ws) = (Home::new(), workshop());
    home.workshop_profile(ws);
    home.canary_password(PASSWORD);
    let email = ws.user(PASSWORD);
    ws.admin("AdminAddUserToGroup", json!({"Username": email, "GroupName": "platform_admin"}));
    let user = home.cogtok(["token", "user", "--username", &email]).env("COGTOK_PASSWORD", PASSWORD).run();
    home.canary_token(user.ok().line());
    home.cogtok(["token", "m2m", "--scope", "api.dev/read"]).m2m_secret(ws).run().ok();
    (home, email)
}

#[test]
fn users_groups_scopes_and_claims_are_those_of_the_profiles_tokens() {
    let (home, email) = signed_in();
    home.cogtok(["profile", "create", "stranger", "--client-id", "x", "--user-pool-id", "us-east-1_Other"]).run().ok();
    for words in [
        &["token", "user", "--username", ""][..],
        &["user", "show", "-p", "ws", ""],
        &["user", "delete", ""],
        &["user", "set-password", ""],
        &["logout", "--username", ""],
        &["login", "-pws", "--username", ""],
        &["exec", "--profile=ws", "--username", ""],
        &["secret", "set", "password", "--username", ""],
        &["aws-credentials", "--username", ""],
        &["token", "verify", "--username", ""],
        &["profile", "set", "ws", "user.username", ""],
    ] {
        assert_eq!(names(&home, words), [email.as_str()], "{words:?}");
    }
    for words in [&["user", "create", "--group", ""][..], &["token", "verify", "--group", ""]] {
        assert_eq!(names(&home, words), ["platform_admin"], "{words:?}");
    }
    let scopes = names(&home, &["token", "m2m", "--scope", ""]);
    for scope in ["api.dev/read", "api.dev/write", "aws.cognito.signin.user.admin"] {
        assert!(scopes.iter().any(|known| known == scope), "{scope}: {scopes:?}");
    }
    assert_eq!(names(&home, &["profile", "set", "ws", "m2m.scopes", "api.dev/read", "api.dev/w"]), ["api.dev/write"]);
    let claims = names(&home, &["token", "inspect", "--claim", ""]);
    for claim in ["exp", "token_use", "cognito:groups"] {
        assert!(claims.iter().any(|known| known == claim), "{claim}: {claims:?}");
    }
    // Another profile has seen none of it.
    for words in
        [["token", "user", "-p", "stranger", "--username", ""], ["token", "m2m", "-pstranger", "--json", "--scope", ""]]
    {
        assert_eq!(names(&home, &words), [""; 0], "{words:?}");
    }
    let elsewhere = tab(&home, "fish", &["token", "user", "--username", ""]).env("COGTOK_PROFILE", "stranger").run();
    elsewhere.ok().quiet().stdout_is("");
    home.cogtok(["cache", "clear"]).run().ok();
    assert_eq!(names(&home, &["token", "verify", "--group", ""]), [""; 0]);
}

#[test]
fn what_lists_of_users_showed_is_offered_until_the_cache_is_cleared() {
    let (home, ws) = (Home::new(), workshop());
    home.workshop_profile(ws);
    let offered = || names(&home, &["user", "show", ""]);
    assert_eq!(offered(), [""; 0]);
    let email = format!("{}@example.com", unique("seen"));
    let made = home.cogtok(["user", "create", &email, "--group", "platform_user", "--json"]).aws().run();
    home.canary_password(made.ok().json()["password"].as_str().unwrap());
    assert_eq!(offered(), [email.as_str()]);
    assert_eq!(names(&home, &["user", "create", "--group", ""]), ["platform_user"]);
    let other = ws.user(PASSWORD);
    home.cogtok(["user", "show", &other]).aws().run().ok();
    assert!(offered().contains(&other) && offered().contains(&email));
    home.cogtok(["user", "delete", &email, "--yes"]).aws().run().ok();
    assert_eq!(offered(), [other.as_str()]);
    home.cogtok(["cache", "list"]).run().ok().stderr_has("no tokens are cached");
    home.cogtok(["cache", "clear"]).run().ok();
    assert_eq!(offered(), [""; 0]);
    home.cogtok(["user", "list"]).aws().run().ok();
    assert!(offered().contains(&other), "{:?}", offered());
    // Where nothing can be kept the command is none the worse.
    let home = Home::new();
    home.workshop_profile(ws);
    home.plant(".cache/cogtok", "in the way");
    home.cogtok(["user", "show", &other]).aws().run().ok().quiet();
}

#[test]
fn values_of_keys_regions_and_aws_profiles_are_offered() {
    let home = Home::new();
    home.config("[profiles.ws]\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\n");
    home.plant(".aws/config", "[default]\nregion = x\n[profile  organiser]\n# [profile no]\n [profile no]\n[profile\tdev]\n[sso-session corp]\n[profile $(touch ran)]\n");
    home.plant(".aws/credentials", "[old]\naws_access_key_id = x\n[organiser]\n[a b]\n");
    let aws = ["default", "dev", "old", "organiser"];
    for words in [&["user", "list", "--aws-profile", ""][..], &["profile", "set", "ws", "aws_profile", ""]] {
        assert_eq!(names(&home, words), aws, "{words:?}");
    }
    let elsewhere = home.plant("elsewhere", "[profile there]\n");
    let run = tab(&home, "fish", &["--aws-profile", ""]).env("AWS_CONFIG_FILE", &elsewhere);
    run.env("AWS_SHARED_CREDENTIALS_FILE", "~/nowhere").run().ok().quiet().stdout_is("there\n");
    for words in [&["--region", "eu-central"][..], &["profile", "set", "ws", "region", "eu-central"]] {
        assert_eq!(names(&home, words), ["eu-central-1", "eu-central-2"], "{words:?}");
    }
    for (key, values) in [
        ("user.auth_flow", &["srp", "password", "user-auth", "admin", "custom"][..]),
        ("user.token", &["access", "id"]),
        ("user.preferred_challenge", &["password-srp", "password", "email-otp", "sms-otp", "web-authn"]),
        ("m2m.auth_method", &["client_secret_basic", "client_secret_post"]),
        ("m2m.transport", &["auto", "endpoint", "api"]),
        ("m2m.scope_in_query", &["true", "false"]),
        ("m2m.max_requests_per_hour", &[]),
        ("user.client_id", &[]),
    ] {
        assert_eq!(names(&home, &["profile", "set", "ws", key, ""]), values, "{key}");
        for value in values {
            home.cogtok(["profile", "set", "ws", key, value]).run().ok();
        }
    }
    for region in names(&home, &["--region", ""]) {
        home.cogtok(["profile", "set", "ws", "region", &region]).run().ok();
    }
    assert_eq!(names(&home, &["token", "user", "--mfa-type", ""]), ["app", "sms", "email"]);
    assert_eq!(names(&home, &["profile", "export", "--keep", ""]), ["aws_profile", "user.username"]);
    assert_eq!(names(&home, &["profile", "export", "--with-secrets=m"]), ["--with-secrets=m2m-client"]);
}

/// Files that offer nothing must keep TAB neither waiting nor speaking.
#[test]
fn broken_hostile_and_endless_files_offer_nothing_and_say_nothing() {
    let (home, _) = signed_in();
    let questions: [&[&str]; 4] = [
        &["user", "show", ""],
        &["user", "create", "--group", ""],
        &["token", "inspect", "--claim", ""],
        &["user", "list", "--aws-profile", ""],
    ];
    let ask = |words: &[&str]| {
        let start = std::time::Instant::now();
        let offered = names(&home, words);
        assert!(start.elapsed() < Duration::from_secs(10), "{words:?}");
        offered
    };
    assert!(questions[..3].iter().all(|words| !ask(words).is_empty()));
    let whole = home.cache_files();
    for content in [&b""[..], b"{", b"\xff", &[b'['; 100_000]] {
        for path in whole.keys() {
            std::fs::write(path, content).unwrap();
            home.allow(path);
        }
        assert!(questions.iter().all(|words| ask(words).is_empty()), "{content:?}");
    }
    for (path, content) in &whole {
        std::fs::remove_file(path).unwrap();
        if content.is_empty() || path.extension().is_some_and(|end| end == "lock") {
            std::fs::write(path, content).unwrap();
            continue;
        }
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    }
    let aws = home.allow(home.path(".aws"));
    std::fs::create_dir(&aws).unwrap();
    for name in ["config", "credentials"] {
        rustix::fs::mknodat(rustix::fs::CWD, aws.join(name), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    }
    assert!(questions.iter().all(|words| ask(words).is_empty()));
}

#[test]
fn local_files_alone_are_read_with_a_full_cache_too() {
    need("strace", "strace");
    let (home, _) = signed_in();
    home.plant(".aws/config", "[profile organiser]\ncredential_process = touch ran\n");
    let bus = Server::canary();
    let before = state::files(&home.path(""));
    let log = home.allow(home.path("calls"));
    for words in [
        &["user", "show", ""][..],
        &["token", "m2m", "--scope", ""],
        &["user", "create", "--group", ""],
        &["token", "inspect", "--claim", ""],
        &["--aws-profile", ""],
        &["profile", "set", "ws", "user.username", ""],
    ] {
        let strace = ["strace", "-f", "-qq", "-e", "trace=%network,%file,%process,write", "-o", log.to_str().unwrap()];
        let run = tab(&home, "fish", words).under(strace).aws();
        let output = run.env("DBUS_SESSION_BUS_ADDRESS", format!("tcp:host=127.0.0.1,port={}", bus.port())).run();
        output.ok().quiet().check(!output.stdout.is_empty(), "candidates");
        let calls = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(&log).unwrap();
        for (call, sign) in [
            ("a socket", "socket("),
            ("a process", "fork("),
            ("a thread", "clone("),
            ("a thread", "clone3("),
            ("a new file", "O_CREAT"),
            ("a bus", "/bus"),
        ] {
            assert!(!calls.contains(sign), "{words:?} wants {call}:\n{calls}");
        }
        let writes = calls.lines().filter(|line| line.contains("write("));
        assert!(writes.clone().all(|line| line.contains("write(1, ")), "{calls}");
    }
    bus.assert_untouched();
    assert_eq!(state::files(&home.path("")), before);
}

#[test]
fn a_name_that_somebody_signed_up_with_becomes_no_command() {
    let evil = ["$(touch$IFS$HOME/ran)", "`touch${IFS}ran`", "a;touch", "*", "~root", "a&b", "zoe'", "zed\\x"];
    for shell in ["bash", "zsh", "fish"] {
        let (home, ws) = (Home::new(), workshop());
        home.workshop_profile(ws);
        let names: Vec<String> =
            evil.iter().map(|name| (*name).to_string()).chain(["zara@example.com".to_string()]).collect();
        home.cogtok(["user", "show", &ws.user(PASSWORD)]).aws().run().ok();
        let seen = home.cache_files().into_keys().find(|path| path.to_str().unwrap().ends_with(".json")).unwrap();
        let text = json!({"version": 1, "users": names, "groups": evil}).to_string();
        std::fs::write(&seen, text).unwrap();
        let mut terminal: Pty<'_> = crate::completion_tab::start(&home, shell, crate::completion_tab::Way::Sourced);
        terminal.send("cogtok user show z\t").send(crate::completion_tab::SHOW).expect("<show><zara@example.com>");
        terminal.expect("ready> ").send("cogtok user show a\t").send(crate::completion_tab::SHOW).expect("<show><a>");
        terminal.expect("ready> ").send("cogtok user create --group z\t").send(crate::completion_tab::SHOW);
        terminal.expect("<--group><z>").expect("ready> ");
        terminal.send_line("exit");
        let session = terminal.wait();
        assert!(!home.path("ran").exists() && !home.work().join("ran").exists(), "{shell}: {session:?}");
    }
}
