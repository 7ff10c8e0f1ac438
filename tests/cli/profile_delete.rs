//! `cogtok profile delete`: what it asks, what goes with the profile and what stays.

use crate::harness::workshop::SCOPES;
use crate::harness::{Answer, Bus, Home, Keyring, Server, workshop};

fn file(home: &Home) -> String {
    std::fs::read_to_string(home.config_file()).unwrap()
}

fn two_profiles() -> Home {
    let home = Home::new();
    home.config(
        "default_profile = \"ws\"\n\n[profiles.ws.m2m]\nclient_id = \"a\"\n\n# kept\n[profiles.two.m2m]\nclient_id = \"b\"\n",
    );
    home
}

/// The accounts in the keyring.
fn accounts(keyring: &Keyring) -> Vec<String> {
    let mut accounts: Vec<_> = keyring.entries().iter().map(|entry| entry["username"].clone()).collect();
    accounts.sort();
    accounts
}

#[test]
fn it_asks_at_a_terminal_and_takes_only_yes() {
    let home = two_profiles();
    let before = file(&home);
    for answer in ["", "n", "x", "yess"] {
        let mut terminal = home.cogtok(["profile", "delete", "ws"]).pty();
        terminal.expect("Delete profile `ws` with its secrets and cached tokens? [y/N]").send_line(answer);
        let session = terminal.wait();
        assert_eq!((session.code, file(&home)), (Some(1), before.clone()), "{}", session.text);
        assert!(session.text.contains("nothing was deleted"), "{}", session.text);
    }
    let mut terminal = home.cogtok(["profile", "delete", "ws"]).pty();
    terminal.expect("[y/N]").send_line("Y");
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{}", session.text);
    assert_eq!(file(&home), "\n# kept\n[profiles.two.m2m]\nclient_id = \"b\"\n");
    insta::assert_snapshot!(home.cogtok(["profile", "current"]).run().message(), @"
    exit 3
    error: no profile is chosen
    hint: choose one with `cogtok profile use NAME`: two
    ");
}

#[test]
fn without_a_terminal_it_needs_a_yes_on_the_command_line() {
    let home = two_profiles();
    let before = file(&home);
    let delete = || home.cogtok(["profile", "delete", "two"]);
    for run in [delete(), delete().stdin("y\n"), delete().redirect("<&-"), delete().arg("--no-input")] {
        run.run().code(5).stderr_has("cogtok profile delete two --yes");
    }
    let session = delete().arg("--no-input").pty().wait();
    assert_eq!(session.code, Some(5), "{}", session.text);
    assert_eq!(file(&home), before);
    delete().arg("--yes").run().ok().stdout_is("").stderr_has("deleted profile `two`");
    home.cogtok(["profile", "current"]).run().ok().stdout_is("ws\n");
    insta::assert_snapshot!(delete().arg("-y").run().message(), @"
    exit 3
    error: there is no profile `two`
    hint: the only profile is ws
    ");
}

#[test]
fn with_the_default_goes_no_comment_but_its_own() {
    let home = Home::new();
    let (header, own) = ("# header comment, mine\n\n", "# about defaults\ndefault_profile = \"zurich\" # the one\n\n");
    let other = "# B\n[profiles.bern]\nregion = \"eu-central-2\"\n";
    home.config(&format!("{header}{own}{other}\n# Z\n[profiles.zurich]\n"));
    let output = home.cogtok(["profile", "delete", "zurich", "--yes"]).run();
    output.ok().stderr_has("it was the default").stderr_has("cogtok profile use bern");
    assert_eq!(file(&home), format!("{header}{other}"));
    home.cogtok(["profile", "delete", "bern", "--yes"]).run().ok().stderr_lacks("default");
}

#[test]
fn its_secrets_and_tokens_go_and_what_others_use_stays() {
    let (keyring, home) = (Keyring::start(), Home::new());
    let server = Server::always(Answer::token("cached-token"));
    let url = server.token_url();
    let secrets = ["own-client-secret", "shared-client-secret", "elsewhere-client-secret"];
    for secret in secrets {
        home.canary(secret);
    }
    let profile = |name: &str, client: &str, url: &str| {
        let words = ["profile", "create", name, "--m2m-client-id", client, "--token-url", url];
        home.cogtok(words).run().ok();
    };
    profile("own", "client-1", &url);
    profile("one", "client-2", &url);
    profile("two", "client-2", &url);
    profile("elsewhere", "client-2", "https://elsewhere.example/oauth2/token");
    for (name, secret) in [("own", secrets[0]), ("one", secrets[1]), ("elsewhere", secrets[2])] {
        home.cogtok(["secret", "set", "m2m-client", "-p", name]).stdin(secret).keyring(&keyring).run().ok();
    }
    for name in ["own", "two"] {
        home.cogtok(["token", "m2m", "-p", name]).keyring(&keyring).run().ok().stdout_is("cached-token\n");
    }
    let tokens = || home.cache_files().keys().filter(|path| path.extension().unwrap() == "json").count();
    let delete = |name: &str| home.cogtok(["profile", "delete", name, "--yes"]).keyring(&keyring).run();
    let account = |client: &str, origin: &str| format!("m2m-client|{client}|{origin}|");
    let (here, there) = (account("client-2", &server.url()), account("client-2", "https://elsewhere.example"));
    assert_eq!((accounts(&keyring).len(), tokens()), (3, 2));

    delete("own").ok();
    assert_eq!((accounts(&keyring), tokens()), (vec![here.clone(), there.clone()], 1));
    // The same client, but for an address that only this profile has.
    delete("elsewhere").ok();
    assert_eq!((accounts(&keyring), tokens()), (vec![here.clone()], 1));
    delete("one").ok();
    assert_eq!((accounts(&keyring), tokens()), (vec![here], 1));
    home.cogtok(["token", "m2m", "-p", "two", "--force-refresh"]).keyring(&keyring).run().ok();
    delete("two").ok();
    assert_eq!((accounts(&keyring), tokens()), (vec![], 0));
    assert!(!file(&home).contains("client-"), "{}", file(&home));
}

#[test]
fn the_password_of_its_own_user_goes_though_the_client_is_shared() {
    let (keyring, home) = (Keyring::start(), Home::new());
    for (name, user) in [("ws", "alice"), ("two", "bob")] {
        let words = ["profile", "create", name, "--client-id", "web", "--region", "us-east-1", "--username", user];
        home.cogtok(words).run().ok();
        let password = format!("password-of-{user}");
        home.cogtok(["secret", "set", "password", "-p", name])
            .canary(&password)
            .stdin(&password)
            .keyring(&keyring)
            .run()
            .ok();
    }
    home.cogtok(["secret", "set", "user-client", "-p", "ws"])
        .canary("web-client-secret")
        .stdin("web-client-secret")
        .keyring(&keyring)
        .run()
        .ok();
    home.cogtok(["profile", "delete", "ws", "--yes"]).keyring(&keyring).run().ok();
    let origin = "https://cognito-idp.us-east-1.amazonaws.com";
    assert_eq!(accounts(&keyring), [format!("password|web|{origin}|bob"), format!("user-client|web|{origin}|")]);
}

#[test]
fn what_is_kept_for_all_users_and_scopes_of_its_client_goes_with_the_last_profile() {
    let (keyring, home, workshop) = (Keyring::start(), Home::new(), workshop());
    let password = "Correct-Horse-7-Battery";
    home.workshop_profile(workshop);
    home.canary(workshop.m2m_secret());
    let run = |words: &[&str]| home.cogtok(words).keyring(&keyring);
    let users = [workshop.user(password), workshop.user(password)];
    for user in &users {
        run(&["secret", "set", "password", "--username", user]).canary(password).stdin(password).run().ok();
        run(&["token", "user", "--username", user]).run().ok();
    }
    run(&["secret", "set", "m2m-client"]).stdin(workshop.m2m_secret()).run().ok();
    run(&["token", "m2m"]).run().ok();
    run(&["token", "m2m", "--scope", SCOPES[0]]).run().ok();
    let tokens = || home.cache_files().keys().filter(|path| path.extension().unwrap() == "json").count();
    let before = (accounts(&keyring), tokens());
    assert!(before.0.len() >= 5 && before.1 >= 3, "{before:?}");
    // Another profile has the same clients: nothing of theirs goes.
    run(&["profile", "copy", "ws", "two"]).run().ok();
    run(&["profile", "delete", "ws", "--yes"]).run().ok();
    assert_eq!((accounts(&keyring), tokens()), before);
    run(&["token", "user", "-p", "two", "--username", &users[1], "--force-refresh"]).run().ok();
    // With the secrets kept, nothing is opened for them.
    run(&["profile", "copy", "two", "three"]).run().ok();
    run(&["profile", "delete", "three", "--yes", "--keep-secrets"]).bus(&Bus::start()).run().ok();
    run(&["profile", "delete", "two", "--yes"]).run().ok();
    assert_eq!((accounts(&keyring), tokens()), (vec![], 0));
}

#[test]
fn with_the_keyring_out_of_reach_nothing_is_deleted() {
    let (home, bus) = (Home::new(), Bus::start());
    let text = "default_profile = \"ws\"\n\n[profiles.ws]\nsecrets = [\"m2m-client\"]\n\n[profiles.ws.m2m]\nclient_id = \"a\"\ntoken_url = \"https://t.example/\"\n";
    home.config(text);
    let output = home.cogtok(["profile", "delete", "ws", "--yes"]).bus(&bus).run();
    output.code(7).stderr_has("no keyring service").stderr_has("nothing was deleted");
    assert_eq!(file(&home), text);
    let hint = output.stderr.split("cogtok ").last().unwrap().split_whitespace();
    home.cogtok(hint).bus(&bus).run().ok();
    home.cogtok(["profile", "list", "-o", "text"]).run().ok().stdout_is("");
    // A profile without stored secrets needs no keyring to go.
    home.config(&text.replace("secrets = [\"m2m-client\"]\n", ""));
    home.cogtok(["profile", "delete", "ws", "--yes"]).bus(&bus).run().ok();
}

#[test]
fn a_profile_that_cannot_be_understood_can_be_deleted() {
    let home = Home::new();
    home.config("[profiles.ws]\nregion = 5\nm2m.token_url = \"http://a.example\"\n[profiles.two]\n");
    home.cogtok(["profile", "delete", "ws", "--yes"]).run().ok();
    home.cogtok(["profile", "list", "-o", "text"]).run().ok().stdout_is("two\n");
}

/// Two profiles of one machine client and one user client, whose secrets are set through the first.
fn shared(keyring: &Keyring) -> Home {
    let home = Home::new();
    let profile = |name: &str| {
        format!(
            "[profiles.{name}]\nregion = \"us-east-1\"\n[profiles.{name}.user]\nclient_id = \"web\"\nusername = \"al\"\n\
             [profiles.{name}.m2m]\nclient_id = \"m\"\ntoken_url = \"https://t.example/oauth2/token\"\n"
        )
    };
    home.config(&format!("{}{}", profile("a"), profile("b")));
    for kind in ["m2m-client", "password"] {
        let secret = format!("{kind}-of-both");
        home.cogtok(["secret", "set", kind, "-p", "a"]).canary(&secret).stdin(&secret).keyring(keyring).run().ok();
    }
    home
}

/// Spoils a value of profile `b`, and returns the file as it was.
fn spoil(home: &Home, from: &str, to: &str) -> String {
    let before = file(home);
    let at = before.find("[profiles.b]").unwrap();
    home.config(&format!("{}{}", &before[..at], before[at..].replace(from, to)));
    before
}

#[test]
fn what_a_profile_may_use_that_cannot_be_read_stays() {
    let keyring = Keyring::start();
    let region = "region = \"us-east-1\"";
    let user = "[profiles.b.user]\nclient_id = \"web\"\nusername = \"al\"\n";
    let spoiled = [
        (region, "region = 5"),
        (region, "region = \"not a region\""),
        (user, "user = 5\n"),
        ("client_id = \"web\"", "client_id = [\"web\"]"),
        ("[profiles.b", "[profiles.\"b b\""),
    ];
    for (from, to) in spoiled {
        let home = shared(&keyring);
        let whole = spoil(&home, from, to);
        let (spoiled, before) = (file(&home), accounts(&keyring));
        let output = home.cogtok(["profile", "delete", "a", "--yes"]).keyring(&keyring).run();
        output.code(3).stderr_has("nothing was deleted").stderr_has("and it can't be read");
        assert_eq!((file(&home), accounts(&keyring)), (spoiled, before.clone()), "{to}");
        // The hint's command leaves the secrets, of which the other profile knows from then on.
        home.cogtok(["profile", "delete", "a", "--yes", "--keep-secrets"]).keyring(&keyring).run().ok();
        assert_eq!(accounts(&keyring), before, "{to}");
        if to.starts_with("region") {
            home.config(&file(&home).replacen(to, from, 1));
            let status = home.cogtok(["secret", "status", "-p", "b", "--json"]).keyring(&keyring).run();
            let listed = status.ok().stdout.matches("m2m-client").count() + status.stdout.matches("password").count();
            assert!(listed >= 2 && !status.stdout.contains("missing"), "{}", status.stdout);
        }
        home.config(&whole);
        for name in ["a", "b"] {
            home.cogtok(["profile", "delete", name, "--yes"]).keyring(&keyring).run().ok();
        }
        assert_eq!(accounts(&keyring).len(), 0, "{to}");
    }
}

#[test]
fn a_profile_of_other_clients_that_cannot_be_read_is_in_no_ones_way() {
    let keyring = Keyring::start();
    let home = shared(&keyring);
    let file = file(&home);
    let at = file.find("[profiles.b]").unwrap();
    let other = file[at..].replace("\"web\"", "\"w\"").replace("\"m\"", "\"n\"").replace("\"us-east-1\"", "5");
    home.config(&format!("{}{other}", &file[..at]));
    home.cogtok(["profile", "delete", "a", "--yes"]).keyring(&keyring).run().ok();
    assert_eq!(accounts(&keyring).len(), 0);
}

#[test]
fn the_error_says_which_profile_cannot_be_read_and_what_it_may_use() {
    let keyring = Keyring::start();
    let home = shared(&keyring);
    spoil(&home, "region = \"us-east-1\"", "region = 5");
    insta::assert_snapshot!(home.cogtok(["profile", "delete", "a", "--yes"]).keyring(&keyring).run().message(), @"
    exit 3
    error: profile `b` may use the m2m-client secret of client m, and it can't be read: `region` is not a string (profile `a`)
    hint: fix it: cogtok profile edit
    hint: nothing was deleted; to keep the secrets: cogtok profile delete a --yes --keep-secrets
    ");
    // A profile that can't be read goes without what is stored for it.
    let output = home.cogtok(["profile", "delete", "b", "--yes"]).keyring(&keyring).run();
    output.ok().stderr_has("what is stored for profile `b` stays").stderr_has("`region` is not a string");
    assert_eq!(accounts(&keyring).len(), 2);
}

#[test]
fn a_replaced_profile_leaves_what_another_may_use_that_cannot_be_read() {
    let keyring = Keyring::start();
    let home = shared(&keyring);
    spoil(&home, "region = \"us-east-1\"", "region = 5");
    let (file_before, before) = (file(&home), accounts(&keyring));
    for more in [&[][..], &["--dry-run"]] {
        let import = home.cogtok(["profile", "import", "-", "--name", "a", "--replace"]).args(more);
        let source = "COGNITO_USER_POOL_ID=us-east-1_AbCdEfGhI\nCOGNITO_CLIENT_ID=other\n";
        let output = import.stdin(source).keyring(&keyring).run();
        output.code(3).stderr_has("profile `b` may use").stderr_has("nothing was replaced");
        assert_eq!((file(&home), accounts(&keyring)), (file_before.clone(), before.clone()));
    }
}

#[test]
fn its_hints_name_the_configuration_of_the_line() {
    let (home, bus) = (Home::new(), Bus::start());
    let machine = "secrets = [\"m2m-client\"]\nm2m.client_id = \"a\"\nm2m.token_url = \"https://t.example/\"\n";
    let text = format!("default_profile = \"ws\"\n[profiles.ws]\n{machine}[profiles.two]\n");
    let other = home.plant("other.toml", &text);
    let delete = |more: &[&str]| {
        let delete = home.cogtok(["--config", other.to_str().unwrap(), "profile", "delete", "ws", "--yes"]);
        delete.args(more).bus(&bus).run()
    };
    let named = format!("cogtok --config {} profile", other.display());
    delete(&[]).code(7).stderr_has(&format!("{named} delete ws --yes --keep-secrets"));
    delete(&["--keep-secrets"]).ok().stderr_has(&format!("{named} use two"));
}
