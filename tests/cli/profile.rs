//! `cogtok profile`: making, listing, showing and choosing profiles.

use crate::harness::{Home, Server};
use serde_json::json;

const POOL: &str = "us-east-1_AbCdEfGhI";

/// A home with these profiles, in this order, made by the program.
fn home_with(names: &[&str]) -> Home {
    let home = Home::new();
    for name in names {
        home.cogtok(["profile", "create", name, "--user-pool-id", POOL, "--client-id", "web"]).run().ok();
    }
    home
}

fn file(home: &Home) -> String {
    std::fs::read_to_string(home.config_file()).unwrap()
}

#[test]
fn the_first_profile_becomes_the_default_and_says_so() {
    let home = Home::new();
    let create = |name: &str| home.cogtok(["profile", "create", name, "--client-id", "web", "--region", "eu-west-1"]);
    create("ws").run().ok().stdout_is("").stderr_has("profile `ws`").stderr_has("(now the default)");
    create("two").run().ok().stdout_is("").stderr_has("profile `two`").stderr_lacks("default");
    let profile = |name: &str| {
        format!("\n[profiles.{name}]\nregion = \"eu-west-1\"\n\n[profiles.{name}.user]\nclient_id = \"web\"\n")
    };
    let expected = format!("version = 1\ndefault_profile = \"ws\"\n{}{}", profile("ws"), profile("two"));
    assert_eq!(file(&home), expected);
    insta::assert_snapshot!(create("ws").run().message(), @"
    exit 3
    error: profile `ws` already exists
    hint: change it: cogtok profile set ws KEY VALUE
    ");
    assert_eq!(file(&home), expected);
}

#[test]
fn every_key_has_its_option_and_comes_back_in_both_forms() {
    let home = Home::new();
    let options = [
        ("--description", "description", "Workshop, Berlin"),
        ("--user-pool-id", "user_pool_id", POOL),
        ("--region", "region", "eu-central-1"),
        ("--domain", "domain", "https://ws.auth.us-east-1.amazoncognito.com"),
        ("--aws-profile", "aws_profile", "organiser"),
        ("--endpoint-url", "endpoint_url", "http://127.0.0.1:4566"),
        ("--min-validity", "min_validity", "5m"),
        ("--client-id", "user.client_id", "web"),
        ("--username", "user.username", "alice@example.com"),
        ("--auth-flow", "user.auth_flow", "password"),
        ("--token", "user.token", "id"),
        ("--m2m-client-id", "m2m.client_id", "machine"),
        ("--token-url", "m2m.token_url", "https://cache.example/oauth2/token"),
        ("--secret-arn", "m2m.secret_arn", "arn:aws:secretsmanager:us-east-1:111122223333:secret:x-AbCdEf"),
        ("--auth-method", "m2m.auth_method", "client_secret_post"),
    ];
    let flat = options.iter().flat_map(|(option, _, value)| [*option, *value]);
    home.cogtok(["profile", "create", "ws", "--scope", "a/x a/y", "--scope", "b/z"]).args(flat).run().ok();
    let mut expected = json!({"name": "ws", "m2m.scopes": ["a/x", "a/y", "b/z"]});
    for (_, key, value) in options {
        expected[key] = json!(value);
    }
    let shown = home.cogtok(["profile", "show", "ws", "--json"]).run();
    assert_eq!(shown.ok().json(), expected);
    let text = home.cogtok(["profile", "show"]).run();
    for (_, key, value) in options {
        let line = format!("{key:<16} {value}");
        text.ok().quiet().check(text.stdout.lines().any(|shown| shown == line), &line);
    }
    text.stdout_has("m2m.scopes       a/x a/y b/z\n");
}

#[test]
fn the_list_has_three_forms_and_marks_the_one_in_use() {
    let home = home_with(&["ws", "b.2"]);
    home.cogtok(["profile", "create", "m-1", "--m2m-client-id", "m", "--description", "Machines"]).run().ok();
    let list = |form: &str| home.cogtok(["profile", "list", "-o", form]).run();
    list("text").ok().quiet().stdout_is("b.2\nm-1\nws\n");
    let table = list("table");
    let lines: Vec<Vec<&str>> = table.ok().quiet().stdout.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(
        lines,
        [
            vec!["NAME", "USER", "POOL", "TOKENS", "DESCRIPTION"],
            vec!["b.2", POOL, "user"],
            vec!["m-1", "m2m", "Machines"],
            vec!["*", "ws", POOL, "user"],
        ]
    );
    home.cogtok(["profile", "list"]).run().stdout_is(&table.stdout);
    let entry = |name: &str, is_current: bool| {
        json!({"name": name, "is_current": is_current, "description": null, "user_pool_id": POOL, "region": null,
            "client_id": "web", "m2m_client_id": null, "user.client_id": "web", "m2m.client_id": null})
    };
    let machine = json!({"name": "m-1", "is_current": false, "description": "Machines", "user_pool_id": null,
        "region": null, "client_id": null, "m2m_client_id": "m", "user.client_id": null, "m2m.client_id": "m"});
    assert_eq!(list("json").ok().json(), json!([entry("b.2", false), machine, entry("ws", true)]));
    let other = home.cogtok(["profile", "list", "--json", "-p", "b.2"]).run();
    assert_eq!(other.ok().json()[0]["is_current"], true);
}

#[test]
fn an_empty_list_is_no_failure() {
    let home = Home::new();
    home.cogtok(["profile", "list"]).run().ok().stdout_is("").stderr_has("cogtok profile create NAME");
    home.cogtok(["profile", "list", "--json"]).run().ok().stdout_is("[]\n").quiet();
    home.cogtok(["profile", "list", "-q"]).run().ok().stdout_is("").quiet();
    assert!(!home.config_dir().exists(), "looking makes no files");
}

#[test]
fn the_list_fits_80_columns() {
    let home = home_with(&["ws", &"n".repeat(64)]);
    let words = "one or two words more ".repeat(11);
    home.cogtok(["profile", "set", "ws", "description", words.trim()]).run().ok();
    let list = home.cogtok(["profile", "list"]).env("COLUMNS", "80").run();
    let widest = list.ok().stdout.lines().map(|line| line.chars().count()).max().unwrap();
    list.check(widest <= 80, &format!("{widest} columns"));
}

#[test]
fn the_option_wins_over_the_variable_and_that_over_the_default() {
    let home = home_with(&["one", "two", "three"]);
    let current = || home.cogtok(["profile", "current"]);
    current().run().ok().quiet().stdout_is("one\n");
    current().env("COGTOK_PROFILE", "two").run().ok().stdout_is("two\n");
    current().env("COGTOK_PROFILE", "two").args(["-p", "three"]).run().ok().stdout_is("three\n");
    current().env("COGTOK_PROFILE", "").run().ok().stdout_is("one\n");
    current().args(["--json", "-p", "two"]).run().ok().stdout_is("{\"name\":\"two\"}\n");

    home.cogtok(["profile", "use", "two"]).run().ok().stdout_is("").stderr_has("profile `two` is now the default");
    current().run().ok().stdout_is("two\n");
    let shadowed = home.cogtok(["profile", "use", "three"]).env("COGTOK_PROFILE", "one").run();
    shadowed.ok().stderr_has("warning: COGTOK_PROFILE is set to `one`, which takes precedence in this shell");
    home.cogtok(["profile", "show", "--json"]).run().ok().stdout_has("\"name\":\"three\"");
}

#[test]
fn a_value_comes_from_the_option_then_the_variable_then_the_profile() {
    let home = home_with(&["ws"]);
    // The address that the user client's secret is for, as it follows from everything that can name it.
    let sent_to = |env: &[(&str, &str)], args: &[&str]| {
        let run = home.cogtok(["secret", "status", "--json", "-p", "ws"]).args(args);
        let run = env.iter().fold(run, |run, (name, value)| run.env(name, value)).run();
        run.ok().json()[0]["origin"].as_str().unwrap().to_string()
    };
    let (aws, any) =
        (("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "http://[::1]:3"), ("AWS_ENDPOINT_URL", "http://[::1]:4"));
    let (own, region) = (("COGTOK_ENDPOINT_URL", "http://[::1]:2"), ("COGTOK_REGION", "eu-west-1"));
    assert_eq!(sent_to(&[], &[]), "https://cognito-idp.us-east-1.amazonaws.com");
    assert_eq!(sent_to(&[("AWS_REGION", "eu-north-1")], &[]), "https://cognito-idp.us-east-1.amazonaws.com");
    assert_eq!(sent_to(&[region], &[]), "https://cognito-idp.eu-west-1.amazonaws.com");
    assert_eq!(sent_to(&[region], &["--region", "cn-north-1"]), "https://cognito-idp.cn-north-1.amazonaws.com.cn");
    home.cogtok(["profile", "set", "ws", "endpoint_url", "http://127.0.0.1:5"]).run().ok();
    assert_eq!(sent_to(&[region], &[]), "http://127.0.0.1:5");
    assert_eq!(sent_to(&[any], &[]), "http://[::1]:4");
    assert_eq!(sent_to(&[any, aws], &[]), "http://[::1]:3");
    assert_eq!(sent_to(&[any, aws, own], &[]), "http://[::1]:2");
    assert_eq!(sent_to(&[any, aws, own], &["--endpoint-url", "http://[::1]:1"]), "http://[::1]:1");
}

#[test]
fn an_unknown_profile_is_exit_3_with_the_nearest_name() {
    let home = home_with(&["workshop", "other"]);
    let before = file(&home);
    let commands: [&[&str]; 10] = [
        &["profile", "show", "worksop"],
        &["profile", "show", "-p", "worksop"],
        &["profile", "use", "worksop"],
        &["profile", "set", "worksop", "region", "us-east-1"],
        &["profile", "delete", "worksop", "--yes"],
        &["profile", "current", "-p", "worksop"],
        &["secret", "status", "-p", "worksop"],
        &["secret", "delete", "m2m-client", "-p", "worksop"],
        &["token", "m2m", "-p", "worksop"],
        &["token", "user", "-p", "worksop"],
    ];
    for command in commands {
        let output = home.cogtok(command).run();
        output.code(3).stderr_has("there is no profile `worksop`").stderr_has("did you mean `workshop`?");
    }
    insta::assert_snapshot!(home.cogtok(["profile", "current"]).env("COGTOK_PROFILE", "worksop").run().message(), @"
    exit 3
    error: there is no profile `worksop`, which COGTOK_PROFILE names
    hint: did you mean `workshop`? set COGTOK_PROFILE to that, or use no profile: unset COGTOK_PROFILE
    ");
    insta::assert_snapshot!(home.cogtok(["profile", "show", "zzz"]).run().message(), @"
    exit 3
    error: there is no profile `zzz`
    hint: the profiles are other, workshop
    ");
    assert_eq!(file(&home), before);
    let empty = Home::new();
    insta::assert_snapshot!(empty.cogtok(["profile", "show", "ws"]).run().message(), @"
    exit 3
    error: there is no profile `ws`
    hint: create one: cogtok profile import SOURCE, or cogtok profile create NAME --user-pool-id ID --client-id ID
    ");
    insta::assert_snapshot!(empty.cogtok(["profile", "show"]).run().message(), @"
    exit 3
    error: no profile is chosen
    hint: create one: cogtok profile import SOURCE, or cogtok profile create NAME --user-pool-id ID --client-id ID
    ");
    insta::assert_snapshot!(empty.cogtok(["profile", "current"]).run().message(), @"
    exit 3
    error: no profile is chosen
    hint: create one: cogtok profile import SOURCE, or cogtok profile create NAME --user-pool-id ID --client-id ID
    ");
    insta::assert_snapshot!(empty.cogtok(["token", "m2m"]).run().message(), @"
    exit 3
    error: no profile is chosen, and `m2m.client_id` is not set
    hint: create one: cogtok profile import SOURCE, or cogtok profile create NAME --m2m-client-id ID --token-url URL
    ");
}

#[test]
fn a_name_outside_the_rule_is_a_usage_error_and_touches_nothing() {
    let home = Home::new();
    let keyring = Server::canary();
    let bus = format!("tcp:host=127.0.0.1,port={}", keyring.port());
    let long = "n".repeat(65);
    let names = [
        "../x",
        "/abs",
        "a/b",
        ".",
        "..",
        "",
        "-x",
        "--export=",
        "a\nb",
        "a\u{1b}[31m",
        "a b",
        "ws ",
        "a=b",
        "a\"b",
        "[a]",
        "a#b",
        "a'b",
        "$(touch x)",
        "`x`",
        "ä",
        "a\u{202e}b",
        "_a",
        ".a",
        "a\\b",
        "a:b",
        "*",
        &long,
        &"n".repeat(5000),
    ];
    let rule = "use 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit";
    for name in names {
        // `--` is what a script writes before a name that it does not know.
        for words in [&["profile", "create", "--client-id", "x", "--", name][..], &["profile", "use", "--", name]] {
            let output = home.cogtok(words).env("DBUS_SESSION_BUS_ADDRESS", &bus).run();
            output.code(2).stderr_has("is not a profile name").stderr_has(rule);
        }
        let option = format!("--profile={name}");
        for words in
            [&["secret", "status", &option][..], &["token", "m2m", &option], &["secret", "set", "password", &option]]
        {
            let output = home.cogtok(words).env("DBUS_SESSION_BUS_ADDRESS", &bus).stdin("typed-secret").run();
            output.code(2).stderr_has(rule);
        }
        if !name.is_empty() {
            home.cogtok(["profile", "current"])
                .env("COGTOK_PROFILE", name)
                .run()
                .code(2)
                .stderr_has("COGTOK_PROFILE: ");
        }
    }
    keyring.assert_untouched();
    for dir in home.own_dirs() {
        assert!(!dir.exists(), "{}", dir.display());
    }
    for name in ["a", "9", "con", "a.b", "A-b_c.", &"n".repeat(64)] {
        home.cogtok(["profile", "create", name, "--client-id", "x"]).run().ok();
        home.cogtok(["profile", "current", "-p", name]).run().ok().stdout_is(&format!("{name}\n"));
    }
}

#[test]
fn a_bad_key_or_value_is_a_usage_error_and_leaves_the_file() {
    use std::os::unix::fs::MetadataExt;
    let home = home_with(&["ws"]);
    let (before, inode) = (file(&home), std::fs::metadata(home.config_file()).unwrap().ino());
    let set = |key: &str, value: &str| home.cogtok(["profile", "set", "ws", key, "--", value]).run();
    for (key, near) in [
        ("userpool_id", "user_pool_id"),
        ("m2m.tokenurl", "m2m.token_url"),
        ("user.auth-flow", "user.auth_flow"),
        ("scopes", "m2m.scopes"),
    ] {
        let (message, hint) = (format!("`{key}` is not a key of a profile"), format!("did you mean `{near}`?"));
        set(key, "x").code(2).stderr_has(&message).stderr_has(&hint);
    }
    set("zzz", "x").code(2).stderr_has("the keys are description, user_pool_id, ");
    for (key, value, reason) in [
        ("user_pool_id", "nounderscore", "us-east-1_AbCdEfGhI"),
        ("region", "x.evil.example/#", "is not a Region"),
        ("domain", "ws/auth.us-east-1", "is not a pool's domain"),
        ("domain", "ftp://ws.example", "neither https nor http"),
        ("m2m.token_url", "http://token.example/", "plain http is allowed only to this machine"),
        ("m2m.token_url", "http://127.0.0.1.evil.example/", "plain http is allowed only to this machine"),
        ("m2m.token_url", "https://good.example@evil.example/", "user name or password"),
        ("m2m.token_url", "https://good.example/?x=1", "no query and no fragment"),
        ("m2m.token_url", "https://good.example/#x", "no query and no fragment"),
        ("endpoint_url", "http://[::ffff:10.0.0.1]/", "plain http is allowed only to this machine"),
        ("min_validity", "90", "write it as 90s, 5m, 1h or 3d"),
        ("min_validity", "25h", "no token is valid for more than 24h"),
        ("min_validity", "-5s", "write it as 90s, 5m, 1h or 3d"),
        ("user.auth_flow", "SRP", "use one of srp, password"),
        ("user.token", "refresh", "use one of access, id"),
        ("user.username", "two words", "is not a user name"),
        ("user.client_id", "a b", "app client id: use 1 to 128 letters, digits"),
        ("m2m.auth_method", "none", "use one of client_secret_basic, client_secret_post"),
        ("m2m.scopes", "a\"b", "is not a scope"),
        ("m2m.secret_arn", "a b", "is not a secret ARN or name"),
        ("aws_profile", "", "use 1 to 256 characters"),
        ("description", "a\u{1b}[31m", "none of them a control character"),
        ("secrets", "m2m-client", "cogtok secret set"),
        ("m2m.client_secret", "typed-secret", "cogtok secret set KIND -p ws"),
        ("user.password", "typed-secret", "cogtok secret set KIND -p ws"),
    ] {
        home.canary("typed-secret");
        set(key, value).code(2).stderr_has(reason);
    }
    insta::assert_snapshot!(home.cogtok(["profile", "set", "ws", "region", "a", "b"]).run().message(), @"
    exit 2
    error: `region` takes one value (profile `ws`)
    ");
    insta::assert_snapshot!(home.cogtok(["profile", "set", "ws", "region"]).run().message(), @"
    exit 2
    error: `profile set` needs <VALUE>...
    hint: usage: cogtok profile set [OPTIONS] [NAME] <KEY> <VALUE>...
    hint: see `cogtok profile set --help`
    ");
    assert_eq!((file(&home), std::fs::metadata(home.config_file()).unwrap().ino()), (before.clone(), inode));
    // A value that is there already writes nothing either.
    set("user.client_id", "web").ok();
    assert_eq!(std::fs::metadata(home.config_file()).unwrap().ino(), inode);
    insta::assert_snapshot!(home.cogtok(["profile", "create", "new", "--region", "eu-west-1"]).run().message(), @"
    exit 2
    error: the profile needs a pool or a client
    hint: add `--user-pool-id ID --client-id ID` for users, `--m2m-client-id ID --token-url URL` for machines, or `--secret-arn ARN`
    ");
    home.cogtok(["profile", "create", "new", "--client-id", "x", "--token", "y"]).run().code(2);
    assert_eq!(file(&home), before);
}

#[test]
fn looking_at_profiles_wakes_neither_keyring_nor_network() {
    crate::harness::need("strace", "strace");
    let home = home_with(&["ws"]);
    let path = home.config_file();
    let listed =
        file(&home).replace("[profiles.ws.user]", "secrets = [\"user-client\", \"password\"]\n\n[profiles.ws.user]");
    std::fs::write(&path, listed).unwrap();
    let log = home.path("tmp/sockets");
    let sockets = |words: &[&str]| {
        let strace = ["strace", "-f", "-qq", "-e", "trace=socket,connect", "-o", log.to_str().unwrap()];
        let output = home.cogtok(words).under(strace).run();
        (output, std::fs::read_to_string(&log).unwrap())
    };
    for words in [
        &["list"][..],
        &["list", "--json"],
        &["current"],
        &["show"],
        &["use", "ws"],
        &["set", "ws", "region", "us-east-1"],
    ] {
        let (output, calls) = sockets(&[&["profile"], words].concat());
        output.ok().check(!calls.contains("socket("), &format!("it opened a socket:\n{calls}"));
    }
    // The same question put to a command that does ask the keyring, so that the silence above means something.
    let (output, calls) = sockets(&["secret", "status"]);
    output.code(7).check(calls.contains("run/no-bus"), &format!("no trace of the bus:\n{calls}"));
}
