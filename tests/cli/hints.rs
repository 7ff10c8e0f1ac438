//! What each command advises is what can be typed there: with its own options, and for the profile and the configuration
//! that were named. The oracles look at every hint of every run; here are the ones that were wrong.

use crate::harness::challenges::{CLIENT, PASSWORD};
use crate::harness::{Home, unique, workshop};
use crate::user_create::counted;

const STORED: &str = "store it once: cogtok secret set password -p ws --username alice@example.com\n";

#[test]
fn a_missing_password_is_asked_for_with_what_the_command_takes() {
    let home = Home::new();
    home.scripted_user("http://127.0.0.1:9");
    home.canary(PASSWORD);
    home.cogtok(["profile", "set", "ws", "identity_pool.id", "us-east-1:12345678-90ab-cdef-1234-567890abcdef"])
        .run()
        .ok();
    home.cogtok(["profile", "set", "ws", "targets.t.url", "http://127.0.0.1:9/mcp"]).run().ok();
    for args in [
        &["header", "--as", "user"][..],
        &["exec", "--as", "user", "--", "true"],
        &["call", "http", "t", "--as", "user"],
        &["call", "gateway", "t", "tools", "--as", "user"],
        &["aws-credentials"],
    ] {
        let output = home.cogtok(args).run();
        output.stderr_has(&format!("hint: set COGTOK_PASSWORD, or {STORED}")).stderr_lacks("--password-stdin");
    }
    let output = home.cogtok(["token", "user"]).run();
    output.code(5).stderr_has(&format!("hint: add `--password-stdin`, set COGTOK_PASSWORD, or {STORED}"));
}

#[test]
fn a_setting_that_is_missing_is_set_in_the_profile_where_no_option_takes_it() {
    let home = Home::new();
    home.config("version = 1\n[profiles.ws]\ndescription = \"x\"\n");
    let set = |key: &str| format!("hint: run `cogtok profile set ws {key} VALUE`");
    let output = home.cogtok(["call", "http", "http://127.0.0.1:9/x", "--as", "m2m", "-p", "ws"]).run();
    output.code(3).stderr_has(&format!("{}\n", set("m2m.client_id"))).stderr_lacks("--client-id");
    let output = home.cogtok(["token", "m2m", "-p", "ws"]).run();
    output.code(3).stderr_has(&format!("{}, or add `--client-id VALUE`\n", set("m2m.client_id")));
    for args in [&["token", "inspect", "-p", "ws"][..], &["logout", "-p", "ws"]] {
        home.cogtok(args).run().stderr_lacks("--user-pool-id");
    }
}

#[test]
fn what_a_line_says_of_where_the_pool_is_is_said_again_and_so_is_the_configuration() {
    let (home, _proxy) = counted();
    let config = home.allow(home.path("moved.toml"));
    std::fs::rename(home.config_file(), &config).unwrap();
    let (config, url) = (config.to_str().unwrap(), &workshop().endpoint);
    let user = |args: &[&str]| {
        home.cogtok(["--config", config, "user"]).args(args).args(["-p", "ws", "--endpoint-url", url]).aws()
    };
    let prefix = unique("placed");
    let output = user(&["create", "--count", "1", "--prefix", &prefix, "--group", "none", "--ttl", "1d"]).run();
    let run = crate::user_create_many::id(&user(&["runs", "--json"]).run().ok().json()[0]);
    let there = format!("-p ws --endpoint-url {url}");
    let again = format!("cogtok --config {config} user create {run} {there} --resume");
    output.code(10).stderr_has(&format!("if it is interrupted, `{again}` continues it"));
    output.stderr_has(&format!("hint: continue: {again}\n")).stderr_has(&format!("user reap {there}` deletes"));
    user(&["try", "--run", &run]).run().code(1).stderr_has(&format!("hint: continue it: {again}\n"));
    // One by one as well, and from the endpoint of the profile it is seen that it is the pool at another.
    let output = user(&["create", &format!("{prefix}@example.com"), "--group", "none"]).run();
    output.code(10).stderr_has(&format!("finish it: cogtok --config {config} user create {there} --resume\n"));
    let elsewhere = home.cogtok(["--config", config, "user", "create", "--resume", "-p", "ws"]).aws().run();
    elsewhere.ok().stderr_has("there is nothing to finish at this endpoint, but there is at another");
}

#[test]
fn the_configuration_that_was_named_is_named_again() {
    let home = Home::new();
    let other = home.plant("other config.toml", format!(
        "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"http://127.0.0.1:9\"\n\
         [profiles.ws.user]\nclient_id = \"{CLIENT}\"\nusername = \"alice@example.com\"\n"
    ));
    let other = other.to_str().unwrap();
    let output = home.cogtok(["header", "--config", other, "-p", "ws", "--as", "user"]).run();
    output
        .code(5)
        .stderr_has(&format!("cogtok --config '{other}' secret set password -p ws --username alice@example.com\n"));
    let output = home.cogtok(["--config", other, "token", "m2m", "-p", "ws"]).run();
    output.code(3).stderr_has(&format!("`cogtok --config '{other}' profile set ws m2m.client_id VALUE`"));
    // A line that does not parse names the profile that it has.
    let output = home.cogtok(["token", "user", "-p", "ws", "--client-secret", "x"]).run();
    output.code(2).stderr_has("`cogtok secret set user-client -p ws` stores it");
    // Of two configurations the last counts.
    let output = home.cogtok(["--config", "/nowhere", "token", "m2m", "-p", "ws", "--config", other]).run();
    output.code(3).stderr_has(&format!("`cogtok --config '{other}' profile set ws m2m.client_id VALUE`"));
    let output = home.cogtok(["--config", other, "exec", "-p", "ws", "ls"]).run();
    output.code(125).stderr_has(&format!("goes after `--`: cogtok --config '{other}' exec -p ws -- COMMAND"));
}

#[test]
fn an_option_that_would_show_a_secret_leads_to_one_that_the_command_has() {
    let home = Home::new();
    let machine = "`cogtok secret set m2m-client -p ws` stores it, `--client-secret-stdin` reads it, or COGTOK_M2M_CLIENT_SECRET supplies it";
    let makes = "`--password-stdin` reads it from standard input; without that option cogtok makes a password";
    for (words, hint) in [
        (&["token", "user", "--password"][..], "COGTOK_PASSWORD from the environment"),
        (&["user", "create", "--password"], makes),
        (&["user", "set-password", "--password"], makes),
        (&["sign-up", "--password"], "without that option cogtok asks for it"),
        (&["password", "change", "--password"], "`--passwords-stdin` reads the current and the new one"),
        (&["password", "confirm", "--new-password"], "`--password-stdin` reads it"),
        (&["user", "create", "--new-password"], makes),
        (&["user", "set-password", "--new-password"], makes),
        (&["sign-up", "--new-password"], "without that option cogtok asks for it"),
        (&["user", "list", "--new-password"], "sets no password"),
        (&["login", "--password"], "the pool's sign-in page"),
        (&["user", "list", "--password"], "needs no password"),
        (&["profile", "import", "--password"], "`cogtok secret set password -p ws` stores it"),
        (&["secret", "set", "--password"], "`cogtok secret set password -p ws` stores it"),
        (&["header", "--password"], "COGTOK_PASSWORD supplies it"),
        (&["token", "m2m", "--client-secret"], machine),
        (&["token", "user", "--client-secret"], "`cogtok secret set user-client -p ws` stores it"),
        (&["exec", "--as", "user", "--client-secret"], "`cogtok secret set user-client -p ws` stores it"),
        (&["profile", "import", "--client-secret"], "`cogtok secret set m2m-client -p ws` for a machine's client"),
        (
            &["profile", "import", "--passphrase"],
            "`--passphrase-stdin` reads it from standard input, or COGTOK_PASSPHRASE",
        ),
    ] {
        let output = home.cogtok(words).args(["x", "-p", "ws"]).run();
        output.check(matches!(output.code, Some(2 | 125)), "refused").stderr_has(hint);
        if !words.contains(&"user") || !words.contains(&"token") {
            output.stderr_lacks("COGTOK_PASSWORD from");
        }
    }
}

#[test]
fn nothing_that_is_sent_may_end_a_line_of_http() {
    let home = Home::new();
    home.scripted_profile("http://127.0.0.1:9/oauth2/token");
    let url = "http://127.0.0.1:9/x";
    let call = |args: &[&str]| home.cogtok(["call"]).args(args).env("COGTOK_M2M_CLIENT_SECRET", "x".repeat(20)).run();
    for end in ["\r\n", "\n", "\r"] {
        for args in [
            &["http", url, "-H", &format!("A: b{end}X-Other: 1")][..],
            &["http", url, "-H", &format!("A{end}X-Other: 1")],
            &["http", url, "-X", &format!("GET{end}X")],
            &["http", &format!("{url}{end}X-Other:1")],
            &["runtime", url, "--path", &format!("a{end}b")],
            &["runtime", url, "--session-id", &format!("{}{end}X: 1", "a".repeat(40))],
        ] {
            let output = call(args);
            output.code(2).stdout_is("").stderr_lacks("X-Other");
        }
        // In a file each line is a header.
        let file = home.plant("headers", format!("A: b{end}B: c"));
        let output = call(&["http", url, "-H", &format!("@{}", file.display())]);
        output.code(if end == "\r" { 2 } else { 6 });
    }
}
