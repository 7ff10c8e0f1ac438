//! Sealed exports: with a passphrase or for recipients, opened and made by the `age` command line as well.

use crate::harness::{Home, Keyring, need};
use crate::profile_export::{CONFIG, keygen};
use crate::sealed::{PASSPHRASE, init};
use std::path::PathBuf;

const SECRET: &str = "sealed-machine-secret";

/// A home with the profile `ws` and its secret, and the identity of its secrets file.
fn stored() -> (Home, PathBuf) {
    let home = Home::new();
    home.config(CONFIG);
    home.canary(SECRET);
    let identity = init(&home);
    let set = home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).stdin(SECRET);
    set.env("COGTOK_SECRET_IDENTITY", &identity).run().ok();
    (home, identity)
}

/// An attendee whose secrets are in a file, and its identity.
fn attendee() -> (Home, PathBuf) {
    let home = Home::new();
    home.canary(SECRET);
    let identity = init(&home);
    (home, identity)
}

/// The secret that `ws` has in this home, as `age` finds it in the secrets file.
fn secret_of(home: &Home, identity: &std::path::Path) -> String {
    let found = crate::sealed::by_age(home, identity);
    let account = "m2m-client|machine|https://ws.example|";
    found["secrets"][account].as_str().unwrap_or_default().to_string()
}

#[test]
fn age_opens_what_is_sealed_for_recipients_binary_and_armored() {
    let (home, identity) = stored();
    let (key, public) = keygen(&home, "one");
    let (second, also) = keygen(&home, "two");
    let export = |args: &[&str]| {
        let run =
            home.cogtok(["profile", "export", "ws", "--with-secrets", "--recipient", &public, "--recipient", &also]);
        run.args(args).env("COGTOK_SECRET_IDENTITY", &identity).run()
    };
    let printed = export(&[]);
    printed.ok().stdout_has("-----BEGIN AGE ENCRYPTED FILE-----").stderr_lacks("user-client");
    let both = home.cogtok(["profile", "export", "--all", "--with-secrets=m2m-client,totp", "--recipient", &public]);
    let both = both.env("COGTOK_SECRET_IDENTITY", &identity).run();
    both.ok().stderr_has("profile `w.2`: no m2m-client secret is stored").stderr_has("profile `ws`: no totp secret");
    let (binary, armored) = (home.allow(home.path("binary.age")), home.allow(home.path("armored.age")));
    export(&["--output-file", binary.to_str().unwrap()]).ok().stdout_is("");
    export(&["--output-file", armored.to_str().unwrap(), "--armor"]).ok().stdout_is("");
    let piped = home.allow(home.path("piped.age"));
    std::fs::write(&piped, &printed.stdout).unwrap();
    for file in [&binary, &armored, &piped] {
        for key in [&key, &second] {
            let opened = home.program("age", ["-d", "-i"]).arg(key).arg(file).run();
            let table: toml::Table = opened.ok().stdout.parse().unwrap();
            assert_eq!(table["secrets"]["ws"]["m2m-client"].as_str(), Some(SECRET));
            assert!(table["profiles"]["ws"].get("aws_profile").is_none());
            assert!(opened.stdout.contains("WITH SECRETS: keep it encrypted"), "{}", opened.stdout);
        }
        let text = std::fs::read(file).unwrap();
        assert_eq!(text.starts_with(b"-----BEGIN"), *file != binary);
        let (attendee, own) = attendee();
        let run = attendee.cogtok(["profile", "import"]).arg(file).arg("--identity").arg(&key);
        run.env("COGTOK_SECRET_IDENTITY", &own).run().ok().stderr_has("secret, in the secrets file");
        assert_eq!(secret_of(&attendee, &own), SECRET);
    }
}

#[test]
fn age_makes_files_for_identities_that_are_imported() {
    let (home, own) = attendee();
    let (key, public) = keygen(&home, "one");
    let clear = home.allow(home.path("clear.toml"));
    std::fs::write(&clear, format!("{}\n[secrets.ws]\nm2m-client = \"{SECRET}\"\n", exported())).unwrap();
    for armor in [&[][..], &["-a"]] {
        let sealed = home.allow(home.path("by-age"));
        home.program("age", ["-r", &public, "-o"]).arg(&sealed).args(armor).arg(&clear).run().ok();
        let run = home.cogtok(["profile", "import", "--replace"]).arg(&sealed).arg("--identity").arg(&key);
        run.env("COGTOK_SECRET_IDENTITY", &own).run().ok();
        assert_eq!(secret_of(&home, &own), SECRET);
        // From a pipe, with the identity in the environment.
        let bytes = std::fs::read(&sealed).unwrap();
        let run = home.cogtok(["profile", "import", "-", "--no-secrets", "--replace"]).stdin(&bytes);
        run.env("COGTOK_SECRET_IDENTITY", &key).run().ok();
        // Opened by age itself, which leaves the rest to the import.
        let script = "age -d -i \"$1\" \"$2\" | \"$0\" profile import - --replace";
        let pipe = home.program("sh", ["-c", script]).arg(crate::harness::binary()).arg(&key).arg(&sealed);
        pipe.env("COGTOK_SECRET_IDENTITY", &own).run().ok();
        assert_eq!(secret_of(&home, &own), SECRET);
    }
}

#[test]
fn a_sealed_file_of_another_kind_is_opened_and_then_looked_at() {
    let home = Home::new();
    let (key, public) = keygen(&home, "one");
    let clear = home.plant("work.env", "COGNITO_USER_POOL_ID=us-east-1_AbCdEfGhI\nCOGNITO_CLIENT_ID=web\n");
    let sealed = home.allow(home.path("work.env.age"));
    home.program("age", ["-r", &public, "-o"]).arg(&sealed).arg(&clear).run().ok();
    let out = home.cogtok(["profile", "import", "--name", "ws"]).arg(&sealed).arg("--identity").arg(&key).run();
    out.ok().stderr_has("COGNITO_CLIENT_ID");
}

/// What `profile export` prints of `ws`.
fn exported() -> String {
    let home = Home::new();
    home.config(CONFIG);
    home.cogtok(["profile", "export", "ws", "-q"]).run().ok().stdout.clone()
}

#[test]
fn a_passphrase_is_asked_for_twice_and_opens_it_in_age_and_in_the_import() {
    need("age", "age");
    let (home, identity) = stored();
    let file = home.allow(home.path("class.age"));
    let export = |lines: &[(&str, &str)]| {
        let run = home.cogtok(["profile", "export", "ws", "--with-secrets", "--output-file"]).arg(&file);
        let mut terminal = run.env("COGTOK_SECRET_IDENTITY", &identity).pty();
        for (question, answer) in lines {
            terminal.expect(question).expect_no_echo().send_line(answer);
        }
        terminal.wait()
    };
    let question = "New passphrase for the export: ";
    let differ = export(&[(question, PASSPHRASE), ("Repeat new passphrase: ", "something else")].repeat(3));
    assert_eq!((differ.code, file.exists()), (Some(2), false), "{}", differ.text);
    let made = export(&[(question, PASSPHRASE), ("Repeat new passphrase: ", PASSPHRASE)]);
    assert_eq!(made.code, Some(0), "{}", made.text);
    let clear = home.allow(home.path("clear.toml"));
    let mut age = home.program("age", ["-d", "-o"]).arg(&clear).arg(&file).pty();
    age.expect("passphrase").expect_no_echo().send_line(PASSPHRASE);
    assert_eq!(age.wait().code, Some(0));
    assert!(std::fs::read_to_string(&clear).unwrap().contains(SECRET));

    let (attendee, own) = attendee();
    attendee.canary(PASSPHRASE);
    let import = |answer: &str| {
        let mut terminal = attendee.cogtok(["profile", "import"]).arg(&file).env("COGTOK_SECRET_IDENTITY", &own).pty();
        for _ in 0..if answer == PASSPHRASE { 1 } else { 3 } {
            terminal.expect("Passphrase of ").expect_no_echo().send_line(answer);
        }
        terminal.wait()
    };
    let wrong = import("something else");
    assert_eq!(wrong.code, Some(7), "{}", wrong.text);
    assert!(
        wrong.text.contains("this passphrase does not open it") && !attendee.config_file().exists()
            || secret_of_is_empty(&attendee)
    );
    let taken = import(PASSPHRASE);
    assert!(taken.code == Some(0) && taken.echo && taken.canonical, "{}", taken.text);
    assert_eq!(secret_of(&attendee, &own), SECRET);
}

fn secret_of_is_empty(home: &Home) -> bool {
    !crate::sealed::sealed_file(home).exists()
}

#[test]
fn what_age_seals_with_a_passphrase_is_imported() {
    need("age", "age");
    let (home, own) = attendee();
    home.canary(PASSPHRASE);
    let (clear, sealed) = (home.allow(home.path("clear.toml")), home.allow(home.path("by-age")));
    std::fs::write(&clear, format!("{}\n[secrets.ws]\nm2m-client = \"{SECRET}\"\n", exported())).unwrap();
    let mut age = home.program("age", ["-p", "-a", "-o"]).arg(&sealed).arg(&clear).umask(0o077).pty();
    age.expect("passphrase").expect_no_echo().send_line(PASSPHRASE);
    age.expect("Confirm").expect_no_echo().send_line(PASSPHRASE);
    assert_eq!(age.wait().code, Some(0));
    // On a terminal, where memory is not judged: age's own work factor takes 256 MB.
    let mut terminal = home.cogtok(["profile", "import"]).arg(&sealed).env("COGTOK_SECRET_IDENTITY", &own).pty();
    terminal.expect("Passphrase of ").expect_no_echo().send_line(PASSPHRASE);
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{}", session.text);
    assert_eq!(secret_of(&home, &own), SECRET);
}

#[test]
fn without_a_terminal_the_passphrase_comes_from_the_environment_or_standard_input_and_never_that_of_the_store() {
    let (home, identity) = stored();
    home.canary("of-the-organiser");
    let export = || home.cogtok(["profile", "export", "ws", "--with-secrets"]).env("COGTOK_SECRET_IDENTITY", &identity);
    insta::assert_snapshot!(export().run().message(), @"
    exit 5
    warning: `odd` of `ws` is not exported: it is not a known key
    error: a passphrase for the export is needed, and there is no terminal to ask at (profile `ws`)
    hint: COGTOK_PASSPHRASE or `--passphrase-stdin` supplies it; `--recipient age1…` needs none
    ");
    let by_variable = export().env("COGTOK_PASSPHRASE", PASSPHRASE).run().ok().stdout.clone();
    let by_stdin = export().arg("--passphrase-stdin").stdin(format!("{PASSPHRASE}\n")).run().ok().stdout.clone();
    export().arg("--passphrase-stdin").stdin("").run().code(2);
    // A short one may be all that there is.
    let short = export().arg("--passphrase-stdin").stdin("short-one").run();
    short.ok().stderr_has("warning: the passphrase has only 9 characters").stderr_has("use at least 15");
    export().env("COGTOK_PASSPHRASE", "short-one").run().ok().stderr_has("use at least 15");
    for sealed in [&by_variable, &by_stdin] {
        let (attendee, own) = attendee();
        attendee.canary(PASSPHRASE);
        let file = attendee.allow(attendee.path("class.age"));
        std::fs::write(&file, sealed).unwrap();
        let import = |args: &[&str]| {
            attendee.cogtok(["profile", "import"]).arg(&file).args(args).env("COGTOK_SECRET_IDENTITY", &own)
        };
        let asked = import(&[]).run();
        asked.code(5).stderr_has("COGTOK_PASSPHRASE or `--passphrase-stdin`").stderr_lacks("by its name");
        let piped = attendee.cogtok(["profile", "import", "-"]).stdin(sealed).run();
        piped.code(5).stderr_has("give the file by its name: cogtok profile import FILE --passphrase-stdin");
        let wrong = import(&[]).env("COGTOK_PASSPHRASE", "of-the-organiser").run();
        wrong.code(7).stderr_has("this passphrase does not open it").stderr_has("COGTOK_PASSPHRASE was tried");
        import(&["--passphrase-stdin"]).stdin("wrong").run().code(7);
        import(&["--identity", own.to_str().unwrap()]).run().code(2).stderr_has("sealed with a passphrase");
        assert!(secret_of_is_empty(&attendee));
        import(&["--passphrase-stdin"]).stdin(PASSPHRASE).run().ok();
        import(&["--replace"]).env("COGTOK_PASSPHRASE", PASSPHRASE).run().ok();
        assert_eq!(secret_of(&attendee, &own), SECRET);
        let piped = attendee.cogtok(["profile", "import", "-", "--passphrase-stdin"]).stdin(sealed).run();
        piped.code(2).stderr_has("standard input is already the source");
    }
    // The passphrase of the organiser's own secrets is for nobody else.
    let own = Home::new();
    own.config(&format!("secret_store = \"file\"\n{CONFIG}"));
    own.canary(SECRET);
    own.canary("of-the-organiser");
    let with = |words: &[&str]| own.cogtok(words).env("COGTOK_PASSPHRASE", "of-the-organiser");
    with(&["secret", "set", "m2m-client", "-p", "ws"]).stdin(SECRET).run().ok();
    let refused = with(&["profile", "export", "ws", "--with-secrets"]).run();
    refused.code(5).stderr_has("COGTOK_PASSPHRASE is for your secrets file").stdout_is("");
    with(&["profile", "export", "ws", "--with-secrets", "--passphrase-stdin"]).stdin(PASSPHRASE).run().ok();
}

#[test]
fn a_passphrase_of_the_file_that_is_not_that_of_the_store_is_told_apart() {
    let (home, identity) = stored();
    let export = home.cogtok(["profile", "export", "ws", "--with-secrets"]).env("COGTOK_SECRET_IDENTITY", &identity);
    let sealed = export.env("COGTOK_PASSPHRASE", PASSPHRASE).run().ok().stdout.clone();
    let own = Home::new();
    own.config(
        "secret_store = \"file\"\n[profiles.own.m2m]\nclient_id = \"own\"\ntoken_url = \"https://own.example/\"\n",
    );
    own.canary(SECRET);
    own.canary(PASSPHRASE);
    own.canary("of-my-own-store");
    let with = |words: &[&str], passphrase: &str| own.cogtok(words).env("COGTOK_PASSPHRASE", passphrase);
    with(&["secret", "set", "m2m-client", "-p", "own"], "of-my-own-store").stdin("own-secret").run().ok();
    let file = own.plant("class.age", sealed);
    let file = file.to_str().unwrap();
    let refused = with(&["profile", "import", file], PASSPHRASE).run();
    refused.code(7).stderr_has("this passphrase does not open ").stderr_lacks("was it created");
    refused.stderr_has(&format!("COGTOK_PASSPHRASE opened {file}, and your secrets file has another passphrase"));
    refused.stderr_has("`--passphrase-stdin`").stderr_has("nothing was imported");
    // As it says.
    with(&["profile", "import", file, "--passphrase-stdin"], "of-my-own-store").stdin(PASSPHRASE).run().ok();
}

#[test]
fn recipients_are_checked_before_a_secret_is_looked_for() {
    let (keyring, home) = (Keyring::start(), Home::new());
    home.config(CONFIG);
    keyring.stop();
    let (key, public) = keygen(&home, "one");
    let secret_key = std::fs::read_to_string(&key).unwrap().lines().last().unwrap().to_string();
    let file = |name: &str, text: &str| home.plant(name, text).to_str().unwrap().to_string();
    for (option, value, says) in [
        ("--recipient", "age1x".to_string(), "`age1x` is not a recipient"),
        ("--recipient", "ssh-ed25519 AAAA".to_string(), "X25519 public keys"),
        ("--recipient", secret_key.to_lowercase(), "not shown"),
        ("--recipients-file", file("none", "# nobody\n\n"), "names no recipient"),
        ("--recipients-file", file("odd", &format!("{public}\nage1\u{1b}[31m\n")), "line 2"),
        ("--recipients-file", key.to_str().unwrap().to_string(), "not shown"),
        ("--recipients-file", "/nowhere".to_string(), "can't be read"),
    ] {
        let out = home.cogtok(["profile", "export", "ws", "--with-secrets", option, &value]).keyring(&keyring).run();
        out.code(2).stderr_has(says);
    }
    let stopped =
        home.cogtok(["profile", "export", "ws", "--with-secrets", "--recipient", &public]).keyring(&keyring).run();
    stopped.code(7).stdout_is("");
    keyring.cont();
}
