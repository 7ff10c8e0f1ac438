//! What is said of a command line that can't be understood, and help in every way of asking for it.

use crate::harness::Home;

#[test]
fn help_by_the_word_is_help_by_the_option() {
    let home = Home::new();
    for (words, same) in [
        ("help", "--help"),
        ("help help", "--help"),
        ("help token", "token --help"),
        ("token help", "token --help"),
        ("help token m2m", "token m2m --help"),
        ("token help m2m", "token m2m --help"),
        ("-p ws token help m2m --json", "token m2m --help"),
        ("help exec", "exec --help"),
    ] {
        let wanted = home.cogtok(same.split(' ')).run();
        home.cogtok(words.split(' ')).run().ok().quiet().stdout_is(&wanted.ok().stdout);
    }
    insta::assert_snapshot!(home.cogtok(["help", "tokn"]).run().message(), @"
    exit 2
    error: unknown command or topic `tokn`
    hint: did you mean `cogtok help token`?
    hint: `cogtok help topics` lists the topics, `cogtok --help` the commands
    ");
    insta::assert_snapshot!(home.cogtok(["token", "help", "zzz"]).run().message(), @"
    exit 2
    error: unknown command `cogtok token zzz`
    hint: the commands of `cogtok token` are user, m2m, exchange, inspect, verify, check, revoke
    ");
    for (near, meant) in [("topic", "topics"), ("option", "options")] {
        let output = home.cogtok(["help", near]).run();
        output.code(2).stderr_has(&format!("hint: did you mean `cogtok help {meant}`?\n"));
    }
    // What is named `help` is no question.
    home.cogtok(["profile", "create", "help", "--client-id", "web", "--region", "us-east-1"]).run().ok();
    home.cogtok(["profile", "use", "help"]).run().ok();
    home.cogtok(["profile", "show", "help"]).run().ok().stdout_has("web");
}

#[test]
fn each_mistake_is_one_sentence_with_what_to_type() {
    let home = Home::new();
    let help = |of: &str| format!("hint: see `cogtok {of} --help`\n");
    for (words, says, hint, of) in [
        ("secret set", "`secret set` needs <KIND>", "usage: cogtok secret set <KIND>", "secret set"),
        ("profile set", "`profile set` needs <KEY> and <VALUE>...", "[NAME] <KEY> <VALUE>...", "profile set"),
        ("profile set ws", "`profile set` needs <KEY>", "[NAME] <KEY> <VALUE>...", "profile set"),
        ("profile set ws user.token", "`profile set` needs <VALUE>...", "[NAME] <KEY> <VALUE>...", "profile set"),
        ("logout --browser", "`logout` needs --logout-uri <URI>", "cogtok logout --browser", "logout"),
        ("token m2m --nope", "unknown option `--nope` for `token m2m`", "", "token m2m"),
        ("token m2m --transport", "`--transport` needs a value: --transport <TRANSPORT>", "", "token m2m"),
        ("token m2m --timeout x", "--timeout: `x` is not a duration", "", "token m2m"),
        ("status -o xml", "invalid value `xml` for `--output`", "choose one of table, json", "status"),
        ("completions bsh", "invalid value `bsh` for `SHELL`", "did you mean `bash`?", "completions"),
        ("completions foo", "invalid value `foo` for `SHELL`", "choose one of bash, ", "completions"),
        ("status -q -v", "`--quiet` cannot be used with `--verbose`\n", "", "status"),
        ("user create a@b.c --count 3", "an e-mail address cannot be used with `--count`\n", "", "user create"),
        ("user create --count 3 a@b.c", "`--count` cannot be used with an e-mail address\n", "", "user create"),
        ("user delete ann --from x", "`USERNAME` cannot be used with `--from`\n", "", "user delete"),
        ("logout --local --global", "`--local` cannot be used with `--global`", "", "logout"),
        ("token m2m -q -q", "`--quiet` was given more than once", "", "token m2m"),
        ("status more", "unexpected argument", "usage: cogtok status", "status"),
    ] {
        let output = home.cogtok(words.split(' ')).run();
        output.code(2).stdout_is("").stderr_has(says).stderr_has(hint);
        output.check(output.stderr.ends_with(&help(of)), "the last line has the command for its help");
        let lines: Vec<_> = output.stderr.lines().collect();
        let are_plain = lines[0].starts_with("error: ") && lines[1..].iter().all(|line| line.starts_with("hint: "));
        output.check(are_plain && !output.stderr.contains("hint: <"), "one error, then hints");
    }
}

#[test]
fn a_key_without_a_value_is_named_with_what_to_type() {
    let home = Home::new();
    home.config("default_profile = \"ws\"\n[profiles.ws]\nregion = \"us-east-1\"\n");
    insta::assert_snapshot!(home.cogtok(["profile", "set", "m2m.scopes"]).run().message(), @"
    exit 2
    error: `m2m.scopes` needs a value
    hint: set it: cogtok profile set m2m.scopes VALUE
    ");
    let of_other = home.cogtok(["profile", "set", "m2m.scopes", "-p", "other"]).run();
    of_other.code(2).stderr_has("set it: cogtok profile set -p other m2m.scopes VALUE\n");
}

#[test]
fn numbers_and_addresses_are_refused_in_words() {
    let home = Home::new();
    for (words, says) in [
        ("user create --count 2.5", "`--count` takes a whole number"),
        ("user create --count x", "`--count` takes a whole number"),
        ("user create --count 99999999999999999999999", "the number for `--count` is too large"),
        ("user create --count -1", "`--count` takes no negative number: `-1`"),
        ("user create --count=-1", "`--count` takes no negative number: `-1`"),
        ("user create --count 2 --rate fast", "`--rate` takes a number"),
        ("user create --count 2 --ttl 0s", "--ttl: it is from 1s to 10 years"),
        ("user list --limit ten", "`--limit` takes a whole number"),
        ("serve --port 99999", "`--port` takes a whole number from 1 to 65535"),
        ("login --port 0", "`--port` takes a whole number from 1 to 65535"),
        ("token m2m --timeout -5", "`--timeout` takes no negative number: `-5`"),
        ("token m2m --scope -1", "unknown option `-1` for `token m2m`"),
        (
            "token m2m --endpoint-url localhost:9",
            "`localhost:9` is refused: it begins with neither https:// nor http://",
        ),
        ("login --port -5", "`--port` takes no negative number: `-5`"),
        (
            "token m2m --endpoint-url 127.0.0.1:9",
            "`127.0.0.1:9` is not a URL: it begins with neither https:// nor http://",
        ),
    ] {
        let output = home.cogtok(words.split(' ')).run();
        output.code(2).stdout_is("").stderr_has(&format!("error: {says}\n"));
    }
}

#[test]
fn the_words_of_other_tools_are_answered_with_ours() {
    let home = Home::new();
    for (words, meant) in [
        ("profile rm", "profile delete"),
        ("profile remove", "profile delete"),
        ("user rm", "user delete"),
        ("cache rm", "cache clear"),
        ("profile switch", "profile use"),
        ("profile ls", "profile list"),
        ("user add", "user create"),
        ("secret add", "secret set"),
        ("token decode", "token inspect"),
        ("decode", "token inspect"),
        ("signin", "login"),
        ("signout", "logout"),
        ("token signout", "logout"),
        ("whoami", "status"),
        ("version", "--version"),
    ] {
        let output = home.cogtok(words.split(' ')).run();
        output.code(2).stderr_has(&format!("unknown command `cogtok {words}`"));
        output.stderr_has(&format!("hint: did you mean `cogtok {meant}`?"));
        assert_eq!(output.stderr.lines().count(), 2);
    }
    let list = "hint: the commands of `cogtok token` are user, m2m, exchange, inspect, verify, check, revoke\n";
    home.cogtok(["token", "mm2"]).run().code(2).stderr_has(list);
    insta::assert_snapshot!(home.cogtok(["rm"]).run().message(), @"
    exit 2
    error: unknown command `cogtok rm`
    hint: the commands of `cogtok` are init, user, group, token, login, logout, sign-up, password, status, doctor, profile, secret, exec, header, call, mcp, mcp-proxy, serve, aws-credentials, cache, completions, help
    ");
    let long = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln";
    home.cogtok(["token", long]).run().code(2).stderr_lacks(long).stderr_has("not shown");
}

#[test]
fn a_path_in_the_place_of_a_form_leads_to_the_option_for_files() {
    let home = Home::new();
    home.config("[profiles.ws]\nregion = \"us-east-1\"\n");
    let to_file = "hint: to write a file: `--output-file /x/y`\n";
    home.cogtok(["profile", "export", "ws", "-o", "/x/y"]).run().code(2).stderr_has(to_file);
    let spaces = home.cogtok(["token", "m2m", "-o", "my token.txt"]).run();
    spaces.code(2).stderr_has("hint: to write a file: `--output-file 'my token.txt'`\n");
    // What is no path, and a command without that option.
    home.cogtok(["profile", "export", "ws", "-o", "xml"]).run().code(2).stderr_lacks("--output-file");
    home.cogtok(["status", "-o", "x.json"]).run().code(2).stderr_lacks("--output-file");
}

#[test]
fn a_kind_of_token_is_called_one() {
    let home = Home::new();
    home.scripted_user("http://127.0.0.1:9");
    let output = home.cogtok(["token", "user", "--token", "idd"]).run();
    output.code(2).stderr_has("`idd` is not a kind of token: use one of access, id");
}
