//! What people type who know other tools, answered with what it is called here.

use crate::harness::Home;

#[test]
fn commands_of_other_tools() {
    let home = Home::new();
    for (line, meant) in [
        ("list", &["profile list", "user list", "cache list"][..]),
        ("whoami", &["status"]),
        ("token get", &["token user", "token m2m"]),
        ("token access", &["token user"]),
        ("token id", &["token user --token id"]),
        ("use", &["profile use"]),
        ("users", &["user list"]),
        ("username", &["token user --username NAME"]),
        ("secret list", &["secret status"]),
        ("user passwd", &["user set-password"]),
    ] {
        let output = home.cogtok(line.split(' ')).run();
        let hints: String = meant.iter().map(|path| format!("hint: did you mean `cogtok {path}`?\n")).collect();
        output.code(2).stdout_is("");
        assert_eq!(output.stderr, format!("error: unknown command `cogtok {line}`\n{hints}"));
        for path in meant {
            let words = path.split(' ').take_while(|word| !word.starts_with('-'));
            home.cogtok(words).arg("--help").run().ok();
        }
    }
    home.cogtok(["configure"]).run().code(2).stderr_has("did you mean `cogtok profile import`?");
}

#[test]
fn options_of_other_tools() {
    let home = Home::new();
    insta::assert_snapshot!(home.cogtok(["token", "user", "-u", "alice"]).run().message(), @"
    exit 2
    error: unknown option `-u` for `token user`
    hint: did you mean `--username`?
    hint: see `cogtok token user --help`
    ");
    insta::assert_snapshot!(home.cogtok(["token", "user", "alice@example.com"]).run().message(), @"
    exit 2
    error: unexpected argument (not shown: it may be a secret)
    hint: give a user name with `--username NAME`
    hint: usage: cogtok token user [OPTIONS]
    hint: see `cogtok token user --help`
    ");
    for (words, hint) in [
        ("token m2m ws", "hint: choose a profile with `-p NAME`\n"),
        ("status ws", "hint: choose a profile with `-p NAME`\n"),
        ("user try 0123456789abcdef", "hint: name the run with `--run RUN`\n"),
        ("mcp install cursor https://gateway.example.com/mcp", "hint: name the MCP client with `--client CLIENT`\n"),
        ("call http GET https://api.example.com/things", "hint: give the method with `-X METHOD`\n"),
        ("profile edit ws", "hint: usage: cogtok profile edit [OPTIONS]\n"),
    ] {
        let output = home.cogtok(words.split(' ')).run();
        output.code(2).stderr_has(hint);
        output.check(output.stderr.matches("`-p NAME`").count() == usize::from(hint.contains("-p")), words);
    }
    home.cogtok(["token", "m2m", "ws", "-p", "ws"]).run().code(2).stderr_lacks("choose a profile");
    // What the line has already is not what it lacks.
    for (words, hint) in [
        ("token m2m --profile=ws zz", ""),
        ("token m2m -qp ws zz", ""),
        ("token m2m -pws zz", ""),
        ("token m2m -ojson zz", "choose a profile with `-p NAME`"),
        ("token user --username bob zz", "choose a profile with `-p NAME`"),
        ("token user --username=bob -p ws zz", ""),
        ("user try --run abc zz", "choose a profile with `-p NAME`"),
        ("mcp install tools --client cursor zz", ""),
        ("call http https://x.example/ -X POST zz", ""),
        ("call http https://x.example/ -XPOST zz", ""),
        ("call http https://x.example/ --request=POST zz", ""),
    ] {
        let message = home.cogtok(words.split(' ')).run().code(2).message();
        let mut hints = message.lines().skip(2).map(|line| line.trim_start_matches("hint: "));
        let found = hints.next().filter(|hint| !hint.starts_with("usage: ")).unwrap_or_default();
        assert_eq!(found, hint, "{words}: {message}");
    }
    let export = home.cogtok(["token", "m2m", "--export", "nushell"]).prints_on_failure().run();
    export.code(2).stderr_has("did you mean `--export=nushell`?");
    insta::assert_snapshot!(home.cogtok(["secret", "set", "passwrd"]).run().message(), @"
    exit 2
    error: unknown kind of secret
    hint: did you mean `password`?
    hint: choose one of m2m-client, user-client, password, totp
    ");
}

#[test]
fn a_key_is_set_in_the_profile_in_use_where_none_is_named() {
    let home = Home::new();
    for name in ["one", "two"] {
        home.cogtok(["profile", "create", name, "--client-id", "web", "--region", "us-east-1"]).run().ok();
    }
    let show = |name: &str| home.cogtok(["profile", "show", name, "--json"]).run().ok().json();
    home.cogtok(["profile", "set", "user.username", "alice"]).run().ok().stderr_has("of profile `one`");
    home.cogtok(["profile", "set", "user.username", "bob", "-p", "two"]).run().ok().stderr_has("of profile `two`");
    home.cogtok(["profile", "set", "m2m.scopes", "api/read", "api/write"]).run().ok();
    home.cogtok(["profile", "set", "targets.tools.url", "https://example.com/mcp"]).run().ok();
    let (one, two) = (show("one"), show("two"));
    assert_eq!((&one["user.username"], &two["user.username"]), (&"alice".into(), &"bob".into()));
    assert_eq!(one["m2m.scopes"], serde_json::json!(["api/read", "api/write"]));
    assert_eq!(one["targets.tools.url"], "https://example.com/mcp");
    // With a name it is as before, and a value may look like a key.
    home.cogtok(["profile", "set", "two", "description", "user.username"]).run().ok().stderr_has("`two`");
    let list = home.cogtok(["profile", "list", "--json"]).run();
    assert_eq!(list.ok().json()[0]["user.client_id"], one["user.client_id"]);
    assert_eq!(crate::completion::names(&home, &["profile", "set", "user.auth_f"]), ["user.auth_flow"]);
    assert!(crate::completion::names(&home, &["profile", "set", "user.token", ""]).contains(&"id".to_string()));
    let nobody = Home::new();
    nobody.cogtok(["profile", "set", "user.username", "alice"]).run().code(3);
}

#[test]
fn completions_are_installed_for_the_shell_of_the_person() {
    let home = Home::new();
    let install = |shell: &str| home.cogtok(["completions", "--install"]).env("SHELL", shell).run();
    install("/usr/bin/fish").ok().stderr_has("fish/completions/cogtok.fish");
    install("/bin/tcsh").code(2).stderr_has("SHELL names no shell").stderr_has("cogtok completions bash --install");
    home.cogtok(["completions"]).env("SHELL", "/usr/bin/fish").run().code(2);
}
