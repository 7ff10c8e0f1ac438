//! `secret_store = "file"`: secrets in one file sealed with age, on machines that have no keyring and no session bus.

use crate::harness::verify::verify;
use crate::harness::{Answer, Home, Run, Server, need, workshop};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

pub const PASSPHRASE: &str = "correct horse battery staple";
const SECRET: &str = "sealed-client-secret";

/// What opens the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opener {
    /// COGTOK_SECRET_IDENTITY is a path.
    Identity,
    /// COGTOK_SECRET_IDENTITY is a descriptor that the shell gives.
    Descriptor,
    /// COGTOK_PASSPHRASE
    Passphrase,
}

impl Opener {
    pub fn apply<'h>(self, run: Run<'h>, identity: &Path) -> Run<'h> {
        match self {
            Opener::Identity => run.env("COGTOK_SECRET_IDENTITY", identity),
            Opener::Descriptor => {
                run.env("COGTOK_SECRET_IDENTITY", "/dev/fd/3").redirect(&format!("3<'{}'", identity.display()))
            }
            Opener::Passphrase => run.env("COGTOK_PASSPHRASE", PASSPHRASE),
        }
    }
}

pub fn sealed_file(home: &Home) -> PathBuf {
    home.path(".local/share/cogtok/secrets.age")
}

/// An identity that `secret init` made in this home, which also chose the file.
pub fn init(home: &Home) -> PathBuf {
    let path = home.path("keys/identity.txt");
    home.cogtok(["secret", "init"]).arg(&path).run().ok();
    home.allow(&path);
    let text = std::fs::read_to_string(&path).unwrap();
    home.canary(text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap());
    home.canary(PASSPHRASE);
    path
}

/// A profile with one m2m client, and the server that takes its secret.
pub fn scripted(home: &Home) -> Server {
    let server = Server::always(Answer::token("some-token"));
    let url = server.token_url();
    home.cogtok(["profile", "create", "ws", "--m2m-client-id", "machine", "--token-url", &url]).run().ok();
    server
}

/// The client secret that the server was sent last.
pub fn sent(server: &Server) -> String {
    use base64::Engine;
    let request = server.requests().pop().expect("a request");
    let basic = request.header("authorization").unwrap().strip_prefix("Basic ").unwrap().to_string();
    let pair = base64::prelude::BASE64_STANDARD.decode(basic).unwrap();
    String::from_utf8(pair).unwrap().split_once(':').unwrap().1.to_string()
}

/// What the `age` command line finds in the file.
pub fn by_age(home: &Home, identity: &Path) -> Value {
    need("age", "age");
    home.program("age", ["-d", "-i"]).arg(identity).arg(sealed_file(home)).run().ok().json()
}

#[test]
fn the_story_runs_on_the_sealed_file_with_no_bus_at_all() {
    let workshop = workshop();
    let bus = Server::canary();
    for opener in [Opener::Identity, Opener::Descriptor, Opener::Passphrase] {
        let home = Home::new();
        home.workshop_profile(workshop);
        let identity = init(&home);
        if opener == Opener::Descriptor {
            // The variable alone chooses the file as well.
            home.cogtok(["profile", "list"]).run().ok();
            let config = std::fs::read_to_string(home.config_file()).unwrap();
            home.config(&config.replace("secret_store = \"file\"\n", ""));
        }
        let cogtok = |words: &[&str]| {
            let run =
                home.cogtok(words).env("DBUS_SESSION_BUS_ADDRESS", format!("tcp:host=127.0.0.1,port={}", bus.port()));
            let run = if opener == Opener::Descriptor { run.env("COGTOK_SECRET_STORE", "file") } else { run };
            opener.apply(run, &identity)
        };
        let set = cogtok(&["secret", "set", "m2m-client", "-p", "ws"]).stdin(workshop.m2m_secret()).run();
        set.ok().stdout_is("").stderr_has(" in the secrets file").stderr_has("only to");
        let made = cogtok(&["user", "create", "--save-password", "--json"]).aws().run().ok().json();
        let (email, password) = (made["email"].as_str().unwrap(), made["password"].as_str().unwrap());
        home.canary_password(password);
        let user = cogtok(&["token", "user", "--username", email]).run();
        assert_eq!(verify(user.ok().line(), workshop)["client_id"], json!(workshop.web.id));
        let machine = cogtok(&["token", "m2m"]).run();
        assert_eq!(verify(machine.ok().line(), workshop)["client_id"], json!(workshop.m2m.id));
        let status = cogtok(&["secret", "status", "--json"]).env("COGTOK_USERNAME", email).run().ok().json();
        let places: Vec<_> = status.as_array().unwrap().iter().map(|row| row["place"].as_str()).collect();
        assert_eq!(places, [Some("file"), None, Some("file"), None], "{opener:?}");

        let file = sealed_file(&home);
        for (path, mode) in [(file.as_path(), 0o600), (file.parent().unwrap(), 0o700)] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, mode, "{}", path.display());
        }
        if opener != Opener::Passphrase {
            let found = by_age(&home, &identity);
            let kept = found["secrets"].as_object().unwrap().iter();
            let is_session = |account: &str| account.starts_with("refresh-token|");
            assert_eq!(kept.clone().filter(|(account, _)| is_session(account)).count(), 1);
            let mut secrets: Vec<_> =
                kept.filter(|(account, _)| !is_session(account)).map(|(_, s)| s.clone()).collect();
            secrets.sort_by_key(Value::to_string);
            let mut expected = vec![json!(workshop.m2m_secret()), json!(password)];
            expected.sort_by_key(Value::to_string);
            assert_eq!(secrets, expected);
        }
        cogtok(&["secret", "delete", "password", "--username", email]).run().ok();
        cogtok(&["secret", "delete", "m2m-client"]).run().ok().stderr_has("deleted the");
        cogtok(&["secret", "delete", "m2m-client"]).run().ok().stderr_has("there was no");
        cogtok(&["token", "m2m", "--no-cache"]).run().code(5).stderr_has("cogtok secret set m2m-client -p ws");
        bus.assert_untouched();
    }
}

#[test]
fn an_identity_through_a_pipe_serves_a_call_that_needs_two_secrets() {
    let (home, workshop) = (Home::new(), workshop());
    home.workshop_profile(workshop);
    let identity = init(&home);
    let (password, secret) = ("Sealed-Password-1!", workshop.confidential.secret.as_deref().unwrap());
    home.canary(password);
    let email = workshop.user(password);
    home.cogtok(["profile", "set", "ws", "user.client_id", &workshop.confidential.id]).run().ok();
    home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
    for (kind, value) in [("user-client", secret), ("password", password)] {
        let set = home.cogtok(["secret", "set", kind]).stdin(value);
        Opener::Identity.apply(set, &identity).run().ok();
    }
    let script = "COGTOK_SECRET_IDENTITY=/dev/fd/7 exec \"$0\" token user 7< <(cat \"$1\")";
    let run = home.program("bash", ["-c", script]).arg(crate::harness::binary()).arg(&identity);
    let token = run.run();
    assert_eq!(verify(token.ok().line(), workshop)["client_id"], json!(workshop.confidential.id));
}

#[test]
fn a_typed_passphrase_is_asked_twice_where_it_makes_the_file_and_once_where_it_opens_it() {
    let home = Home::new();
    let server = scripted(&home);
    home.cogtok(["secret", "init"]).run().ok().stderr_has("COGTOK_PASSPHRASE");
    for value in [PASSPHRASE, SECRET, "typed-something-else"] {
        home.canary(value);
    }
    let type_in = |words: &[&str], lines: &[(&str, &str)]| {
        let mut terminal = home.cogtok(words).pty();
        for (question, answer) in lines {
            terminal.expect(question).expect_no_echo().send_line(answer);
        }
        let session = terminal.wait();
        assert!(session.echo && session.canonical, "{}", session.text);
        session
    };
    let (secret, passphrase) = ("ecret of client machine", "assphrase of your secrets file: ");
    let new = "New passphrase for your secrets file, which cogtok now creates: ";
    let set: &[&str] = &["secret", "set", "m2m-client"];
    let twice = [(new, PASSPHRASE), ("Repeat new passphrase: ", "typed-something-else")];
    let differ = type_in(set, &[&[(secret, SECRET)], &twice[..], &twice, &twice].concat());
    assert_eq!((differ.code, sealed_file(&home).exists()), (Some(2), false), "{}", differ.text);
    let made = type_in(set, &[(secret, SECRET), (new, PASSPHRASE), ("Repeat new passphrase: ", PASSPHRASE)]);
    assert_eq!(made.code, Some(0), "{}", made.text);
    let sealed = std::fs::read(sealed_file(&home)).unwrap();

    let token = type_in(&["token", "m2m"], &[(passphrase, PASSPHRASE)]);
    assert!(token.code == Some(0) && token.text.contains("some-token"), "{}", token.text);
    assert_eq!(sent(&server), SECRET);
    let cached = type_in(&["token", "m2m"], &[]);
    assert!(cached.code == Some(0) && cached.text.starts_with("some-token\n"), "{}", cached.text);
    let slips = [(passphrase, "typed-something-else")].repeat(3);
    let wrong = type_in(set, &[&[(secret, SECRET)], &slips[..]].concat());
    assert_eq!(wrong.code, Some(7), "{}", wrong.text);
    assert!(wrong.text.contains("this passphrase does not open"), "{}", wrong.text);
    // Where somebody is there to type the secret, a file that does not open is not the end.
    let typed = [&slips[..], &[(secret, "typed-something-else")]].concat();
    let token = type_in(&["token", "m2m", "--no-cache"], &typed);
    assert!(token.code == Some(0) && token.text.contains("this passphrase does not open"), "{}", token.text);
    assert_eq!(std::fs::read(sealed_file(&home)).unwrap(), sealed);

    for words in [&["token", "m2m", "--no-cache"][..], set, &["secret", "status"], &["secret", "delete", "m2m-client"]]
    {
        let output = home.cogtok(words).stdin("piped-in-secret").run();
        output.code(7).stderr_has("COGTOK_SECRET_IDENTITY").stderr_has("COGTOK_PASSPHRASE");
    }
}

#[test]
fn the_age_command_line_opens_a_passphrase_file_and_makes_one_that_opens() {
    need("age", "age");
    let home = Home::new();
    let server = scripted(&home);
    home.cogtok(["secret", "init"]).run().ok();
    home.canary(PASSPHRASE);
    let set = home.cogtok(["secret", "set", "m2m-client"]).stdin(SECRET).canary(SECRET);
    Opener::Passphrase.apply(set, Path::new("")).run().ok();
    let (file, clear) = (sealed_file(&home), home.allow(home.path("clear.json")));
    let mut age = home.program("age", ["-d", "-o"]).arg(&clear).arg(&file).pty();
    age.expect("passphrase").expect_no_echo().send_line(PASSPHRASE);
    assert_eq!(age.wait().code, Some(0));
    let text = std::fs::read_to_string(&clear).unwrap();
    let content: Value = serde_json::from_str(&text).unwrap();
    let account = format!("m2m-client|machine|{}|", server.url());
    assert_eq!(content, json!({"version": 1, "secrets": {account: SECRET}}));

    std::fs::remove_file(&file).unwrap();
    std::fs::write(&clear, text.replace(SECRET, "sealed-by-age-itself")).unwrap();
    let mut age = home.program("age", ["-p", "-o"]).arg(&file).arg(&clear).umask(0o077).pty();
    age.expect("passphrase").expect_no_echo().send_line(PASSPHRASE);
    age.expect("Confirm").expect_no_echo().send_line(PASSPHRASE);
    assert_eq!(age.wait().code, Some(0));
    // On a terminal, where memory is not judged: age's own work factor takes 256 MB.
    let session = Opener::Passphrase.apply(home.cogtok(["token", "m2m"]), Path::new("")).pty().wait();
    assert_eq!((session.code, sent(&server)), (Some(0), "sealed-by-age-itself".to_string()), "{}", session.text);
}

#[test]
fn the_file_is_opened_for_a_secret_that_nothing_else_has_and_never_in_front_of_the_cache() {
    need("strace", "strace");
    let home = Home::new();
    let server = scripted(&home);
    let identity = init(&home);
    let set = home.cogtok(["secret", "set", "m2m-client"]).stdin(SECRET).canary(SECRET);
    Opener::Identity.apply(set, &identity).run().ok();
    let log = home.path("tmp/opens");
    let opens = |run: Run<'_>| {
        let run = Opener::Identity.apply(run, &identity);
        run.under(["strace", "-f", "-qq", "-e", "trace=?open,openat,?openat2", "-o", log.to_str().unwrap()]).run().ok();
        let log = std::fs::read_to_string(&log).unwrap();
        [log.contains("secrets.age"), log.contains("identity.txt")]
    };
    let token = |args: &[&str]| home.cogtok(["token", "m2m"]).args(args);
    assert_eq!(opens(token(&[])), [true; 2]);
    assert_eq!(sent(&server), SECRET);
    for args in [&[][..], &["--json"], &["--export"]] {
        assert_eq!(opens(token(args)), [false; 2], "{args:?}");
    }
    assert_eq!(opens(token(&["--no-cache"]).env("COGTOK_M2M_CLIENT_SECRET", "of-the-environment")), [false; 2]);
    assert_eq!(opens(token(&["--no-cache", "--client-secret-stdin"]).stdin(SECRET)), [false; 2]);
    assert_eq!(opens(home.cogtok(["profile", "show"])), [false; 2]);
    std::fs::remove_file(&identity).unwrap();
    let cached = Opener::Identity.apply(token(&[]), &identity).run();
    cached.ok().quiet().stdout_is("some-token\n");
}
