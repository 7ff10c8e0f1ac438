//! `cogtok profile export --seats`: a sealed file for each user of a class, from the organiser's machine to a token on the
//! attendee's.

use crate::harness::verify::verify;
use crate::harness::{Answer, Home, Keyring, Run, need, unique, workshop};
use crate::profile_export::keygen;
use crate::sealed::init;
use crate::user_cards::{printed_pages, text};
use crate::user_create::{behind, counted, new_email};
use regex_lite::Regex;
use serde_json::json;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

const PASSWORD: &str = "Correct-Horse-7-Battery";

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().prints_on_failure()
}

fn export<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["profile", "export", "ws"]).args(args)
}

/// A path that cogtok may write to, and the same as an argument.
fn out(home: &Home, name: &str) -> (PathBuf, String) {
    let path = home.allow(home.path(name));
    (path.clone(), path.to_str().unwrap().to_owned())
}

/// The lines of passphrases.csv: the file and what opens it by user name.
fn passphrases(dir: &Path) -> BTreeMap<String, (String, String)> {
    let text = std::fs::read_to_string(dir.join("passphrases.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("username,file,passphrase"));
    let fields = lines.map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    fields.map(|line| (line[0].clone(), (line[1].clone(), line[2].clone()))).collect()
}

/// The names in a folder, each with its mode.
fn listed(dir: &Path) -> Vec<(String, u32)> {
    let entries = std::fs::read_dir(dir).unwrap().flatten();
    let mut all: Vec<_> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().permissions().mode() & 0o777))
        .collect();
    all.sort();
    all
}

fn names(dir: &Path) -> Vec<String> {
    listed(dir).into_iter().map(|(name, _)| name).collect()
}

/// Whether a token is that of this user.
fn assert_token_of(token: &str, username: &str, client: &str) {
    let claims = verify(token, workshop());
    let known = workshop().find_user(username).unwrap();
    assert_eq!((&claims["sub"], &claims["client_id"]), (&known["Username"], &json!(client)), "{username}");
}

#[test]
fn a_class_of_nine_gets_files_and_cards_and_the_command_after_the_import_prints_a_token() {
    let (organiser, _proxy) = counted();
    let (prefix, (dir, folder), (cards, page)) =
        (unique("desk"), out(&organiser, "seats"), out(&organiser, "cards.html"));
    let csv = user(&organiser, &["create", "--count", "9", "--prefix", &prefix, "-o", "csv"]).run().ok().stdout.clone();
    let seats = organiser.plant("seats.csv", &csv);
    let args = ["--seats", seats.to_str().unwrap(), "--output-dir", &folder, "--cards", &page, "--title", "Agents"];
    let made = export(&organiser, &args).run();
    made.ok().stdout_is("").stderr_has(&format!("9 files are in {folder}")).stderr_has("wrote 9 cards");
    made.stderr_has("passphrases.csv").stderr_has(&format!("cogtok profile import {folder}/"));
    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
    let mut expected: Vec<_> = (1..=9).map(|n| (format!("{prefix}{n:02}.age"), 0o600)).collect();
    expected.push(("passphrases.csv".to_owned(), 0o600));
    expected.sort();
    assert_eq!(listed(&dir), expected);

    // Eighty bits each, every one another, and none of the passwords is in clear beside them.
    let given = passphrases(&dir);
    let shape = Regex::new("^[a-km-np-z2-9]{4}(-[a-km-np-z2-9]{4}){3}$").unwrap();
    assert!(given.values().all(|(_, passphrase)| shape.is_match(passphrase)), "{given:?}");
    let different: std::collections::BTreeSet<_> = given.values().map(|(_, passphrase)| passphrase).collect();
    assert_eq!((given.len(), different.len()), (9, 9));
    let html = std::fs::read_to_string(&cards).unwrap();
    for line in csv.lines().skip(1) {
        let (name, password) = (line.split(',').next().unwrap(), line.split(',').nth(2).unwrap());
        let (file, passphrase) = &given[name];
        for written in names(&dir) {
            let bytes = std::fs::read(dir.join(written)).unwrap();
            assert!(!bytes.windows(password.len()).any(|window| window == password.as_bytes()));
        }
        assert!(!html.contains(password));
        let card = html.split("<section ").find(|card| card.contains(passphrase)).unwrap();
        let command = card.split("<code>").nth(1).unwrap().split("</code>").next().unwrap();
        assert_eq!(text(command), format!("cogtok profile import {file}"));
        assert!(card.contains(&format!("<dd class=\"username\">{name}</dd>")) && card.contains("<h2>Agents</h2>"));
        assert!(card.contains("<code class=\"later\">cogtok token user -p ws</code>"), "{card}");
    }
    assert_eq!((html.matches("<section ").count(), printed_pages(&organiser, &cards)), (9, 2));

    // One attendee types the passphrase, and has a keyring.
    let (keyring, attendee) = (Keyring::start(), Home::new());
    let name = given.keys().nth(6).unwrap();
    let (file, passphrase) = &given[name];
    for secret in given.values().map(|(_, passphrase)| passphrase) {
        attendee.canary(secret);
    }
    let mut terminal = attendee.cogtok(["profile", "import"]).arg(dir.join(file)).keyring(&keyring).pty();
    terminal.expect("Passphrase of ").expect_no_echo().send_line(passphrase);
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{}", session.text);
    let token = attendee.cogtok(["token", "user"]).keyring(&keyring).run();
    assert_token_of(token.ok().line(), name, &workshop().web.id);

    // Another has a secrets file, and pipes the passphrase in.
    let (name, (file, passphrase)) = given.first_key_value().unwrap();
    let other = Home::new();
    let identity = init(&other);
    let import = |words: &str| {
        let run = other.cogtok(["profile", "import", "--passphrase-stdin"]).arg(dir.join(file)).stdin(words);
        run.env("COGTOK_SECRET_IDENTITY", &identity).run()
    };
    import("of-another-seat").code(7).stderr_has("this passphrase does not open it");
    import(passphrase).ok().stdout_is("").stderr_has("secret, in the secrets file");
    let token = other.cogtok(["token", "user"]).env("COGTOK_SECRET_IDENTITY", &identity).run();
    assert_token_of(token.ok().line(), name, &workshop().web.id);
}

#[test]
fn a_recipient_in_the_list_opens_its_own_file_and_a_client_with_a_secret_works() {
    need("age", "age");
    let (keyring, organiser, ws) = (Keyring::start(), Home::new(), workshop());
    organiser.workshop_profile(ws);
    organiser.canary_password(PASSWORD);
    let secret = ws.confidential.secret.as_deref().unwrap();
    organiser.canary(secret);
    organiser.cogtok(["profile", "set", "ws", "user.client_id", &ws.confidential.id]).run().ok();
    organiser.cogtok(["secret", "set", "user-client", "-p", "ws"]).stdin(secret).keyring(&keyring).run().ok();
    let (key, public) = keygen(&organiser, "attendee");
    let (one, two) = (ws.user(PASSWORD), ws.user(PASSWORD));
    let seats = organiser.allow(organiser.path("seats.csv"));
    let csv = format!("\u{feff}Email,Password,Recipient\r\n{one},{PASSWORD},{public}\r\n{two},{PASSWORD},\r\n");
    std::fs::write(&seats, csv).unwrap();
    let ((dir, folder), (cards, page)) = (out(&organiser, "seats"), out(&organiser, "cards.html"));
    let args = ["--seats", seats.to_str().unwrap(), "--output-dir", &folder, "--cards", &page];
    let made = export(&organiser, &args).keyring(&keyring).run();
    made.ok().stderr_has("the user-client secret is included (encrypted)");
    let given = passphrases(&dir);
    assert_eq!((given[&one].1.as_str(), given[&two].1.len()), ("", 19));
    let html = std::fs::read_to_string(&cards).unwrap();
    assert_eq!(html.matches("your age identity").count(), 1);
    assert!(html.contains(&format!("cogtok profile import {} --identity FILE", given[&one].0)));

    let opened = organiser.program("age", ["-d", "-i"]).arg(&key).arg(dir.join(&given[&one].0)).run();
    let table: toml::Table = opened.ok().stdout.parse().unwrap();
    assert_eq!(table["secrets"]["ws"]["password"].as_str(), Some(PASSWORD));
    assert_eq!(table["profiles"]["ws"]["user"]["username"].as_str(), Some(one.as_str()));
    let (attendee, attendees) = (Home::new(), Keyring::start());
    let run = attendee.cogtok(["profile", "import", "--identity"]).arg(&key).arg(dir.join(&given[&one].0));
    run.keyring(&attendees).run().ok();
    let token = attendee.cogtok(["token", "user"]).keyring(&attendees).run();
    assert_token_of(token.ok().line(), &one, &ws.confidential.id);

    // Its password is what each has, and no other secret of a user goes with it.
    let refused = [&args[..], &["--with-secrets=password", "--force"]].concat();
    export(&organiser, &refused).keyring(&keyring).run().code(2).stderr_has("m2m-client, user-client");
    let none = [&args[..], &["--with-secrets=m2m-client", "--force"]].concat();
    export(&organiser, &none).keyring(&keyring).run().ok().stderr_lacks("secret is included");
}

#[test]
fn a_run_is_a_list_of_seats_too_and_what_it_does_not_know_is_told() {
    let (home, _proxy) = counted();
    let (stranger, one) = (workshop().user(PASSWORD), new_email());
    let file = home.plant("class.csv", format!("email\n{one}\n{stranger}\n"));
    let create = ["create", "--from", file.to_str().unwrap(), "--if-exists", "skip", "--json"];
    let users = user(&home, &create).run().ok().json();
    let run = user(&home, &["runs", "--json"]).run().ok().json()[0]["run"].as_str().unwrap().to_owned();
    let (dir, folder) = out(&home, "seats");
    let made = export(&home, &["--run", &run[..6], "--output-dir", &folder]).run();
    made.ok().stderr_has(&format!("the file of {stranger} has no password")).stderr_has("2 files are in ");
    let given = passphrases(&dir);
    let opened = |name: &str| {
        let attendee = Home::new();
        let identity = init(&attendee);
        let import = attendee.cogtok(["profile", "import", "--passphrase-stdin"]).arg(dir.join(&given[name].0));
        import.stdin(&given[name].1).env("COGTOK_SECRET_IDENTITY", &identity).run().ok();
        attendee.cogtok(["token", "user"]).env("COGTOK_SECRET_IDENTITY", &identity).run().code
    };
    assert_eq!((opened(&one), opened(&stranger)), (Some(0), Some(5)));
    assert_eq!(users[0]["username"], one.as_str());

    // One that is not finished has files for those who are made.
    let fails = Mutex::new(true);
    let proxy = crate::harness::Proxy::with(&workshop().endpoint, move |request| {
        let is_first = request.operation() == Some("AdminCreateUser") && std::mem::take(&mut *fails.lock().unwrap());
        is_first.then(|| Answer::aws_error("NotAuthorizedException", "not now"))
    });
    let home = behind(&proxy);
    let prefix = unique("half");
    user(&home, &["create", "--count", "3", "--prefix", &prefix, "--parallel", "1", "-o", "text"]).run().code(10);
    let run = user(&home, &["runs", "--json"]).run().ok().json()[0]["run"].as_str().unwrap().to_owned();
    let (dir, folder) = out(&home, "seats");
    let made = export(&home, &["--run", &run, "--output-dir", &folder]).run();
    made.ok().stderr_has("is not finished: there is no file for one user").stderr_has("--resume");
    assert_eq!(names(&dir), [format!("{prefix}02.age"), format!("{prefix}03.age"), "passphrases.csv".to_owned()]);
    export(&home, &["--run", "ffff", "--output-dir", &folder]).run().code(1).stderr_has("there is no run");
    home.cogtok(["profile", "set", "ws", "user_pool_id", "us-east-1_Another00"]).run().ok();
    export(&home, &["--run", &run, "--output-dir", &folder, "--force"]).run().code(1).stderr_has("is of pool");
}

#[test]
fn what_fails_leaves_nothing_half_written_and_what_is_there_stays() {
    let home = Home::new();
    home.config("version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\n[profiles.ws.user]\nclient_id = \"web\"\n[profiles.other]\nregion = \"us-east-1\"\n");
    let seats = home.plant("seats.csv", "username,password\nann,Ann-Horse-7-Battery\nbob,Bob-Horse-7-Battery\n");
    let seats = seats.to_str().unwrap();
    let ((dir, folder), (cards, page)) = (out(&home, "seats"), out(&home, "cards.html"));
    let to = |args: &[&str]| export(&home, &[&["--output-dir", &folder][..], args].concat()).run();
    let planted = |name: &str, content: &str| home.plant(name, content).to_str().unwrap().to_owned();
    let bad = planted(
        "bad.csv",
        "username,password,recipient\r\nann,Ann-Horse-7-Battery,\r\nbob,Bob-Horse-7-Battery,age1x\r\n",
    );
    let none = planted("none.csv", "username\nann\n");
    let twice = planted("twice.csv", "username,password\r\nann,Ann-Horse-7-Battery\r\nann,x\r\n");
    let taken = planted("taken.html", "mine");
    let lines: Vec<String> = (0..=10_000).map(|n| format!("u{n},Ann-Horse-7-Battery")).collect();
    let many = planted("many.csv", &format!("username,password\n{}\n", lines.join("\n")));
    for (args, code, message) in [
        (&["--seats", &bad][..], 2, "bad.csv: line 3: `age1x` is not a recipient"),
        (&["--seats", &none], 2, "none.csv has no passwords"),
        (&["--seats", &twice], 2, "line 3: the user ann is in line 2 already"),
        (&["--seats", "absent.csv"], 2, "absent.csv can't be read"),
        (&["--seats", &many], 2, "for 10000 users at the most"),
        (&["--seats", seats, "--cards", &taken], 7, "already exists: no cards were written"),
        (&["--seats", seats, "--cards", "/nowhere/cards.html"], 7, "can't be written"),
        (&["--seats", seats, "--cards", &page, "--title", " "], 2, "`--title` has no text"),
        (&["--seats", seats, "--recipient", "age1x", "--with-secrets"], 2, "cannot be used with"),
        (&["--seats", seats, "--run", "ab"], 2, "cannot be used with"),
        (&["--seats", seats, "--output-file", "x"], 2, "cannot be used with"),
        (&["--seats", seats, "other"], 2, "are for one profile"),
        (&[], 2, "`--output-dir` is for the users of a class"),
    ] {
        to(args).code(code).stderr_has(message).stdout_is("");
        assert!(!dir.exists() && !cards.exists(), "{args:?}");
    }
    export(&home, &["--seats", seats]).run().code(2).stderr_has("--output-dir");
    export(&home, &["--seats", seats, "--output-dir", "/nowhere/seats"]).run().code(7).stderr_has("does not exist");
    export(&home, &["--seats", seats, "--output-dir", seats]).run().code(7).stderr_has("it is not a directory");
    let other = home.cogtok(["profile", "export", "other", "--seats", seats, "--output-dir", &folder]).run();
    other.code(3).stderr_has("profile `other`").stderr_has("user.client_id");
    assert!(!dir.exists());
    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "mine");

    // A folder that is there is filled; what has one of the names stays without `--force`, and others stay always.
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("mine.txt"), "mine").unwrap();
    std::fs::write(dir.join("bob.age"), "old").unwrap();
    to(&["--seats", seats]).code(7).stderr_has("bob.age already exists: nothing was exported").stderr_has("--force");
    assert_eq!(names(&dir), ["bob.age", "mine.txt"]);
    std::fs::create_dir(dir.join("ann.age")).unwrap();
    to(&["--seats", seats, "--cards", &page, "--force"]).code(7).stderr_has("can't be written: it is a directory");
    assert_eq!((names(&dir).len(), std::fs::read_to_string(dir.join("bob.age")).unwrap()), (3, "old".to_owned()));
    assert!(!cards.exists());
    std::fs::remove_dir(dir.join("ann.age")).unwrap();
    to(&["--seats", seats, "--cards", &page, "--force"]).ok();
    assert_eq!(names(&dir), ["ann.age", "bob.age", "mine.txt", "passphrases.csv"]);
    assert!(std::fs::read(dir.join("bob.age")).unwrap().starts_with(b"age-encryption.org/v1\n"));
    // One user has one passphrase.
    let (alone, only) = (planted("alone.csv", "username,password\nann,Ann-Horse-7-Battery\n"), out(&home, "alone").1);
    let one = export(&home, &["--seats", &alone, "--output-dir", &only]).run();
    one.ok().stderr_has(&format!("1 file is in {only}; its passphrase is in {only}/passphrases.csv\n"));
    // Where the cards come too late, the files are as they were.
    need("strace", "strace");
    let before: Vec<Vec<u8>> = names(&dir).iter().map(|name| std::fs::read(dir.join(name)).unwrap()).collect();
    let strace =
        ["strace", "-f", "-qq", "-o", "/dev/null", "-P", &page, "-e", "inject=?rename,?renameat,?renameat2:error=EIO"];
    let run =
        export(&home, &["--output-dir", &folder, "--seats", seats, "--cards", &page, "--force"]).under(strace).run();
    run.code(7).stderr_has("can't be written");
    let after: Vec<Vec<u8>> = names(&dir).iter().map(|name| std::fs::read(dir.join(name)).unwrap()).collect();
    assert!(before == after, "the files are others");
}

#[test]
fn killed_at_any_write_there_is_a_whole_folder_or_none() {
    need("strace", "strace");
    let home = Home::new();
    home.config(
        "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\n[profiles.ws.user]\nclient_id = \"web\"\n",
    );
    let seats = home.plant("seats.csv", "username,password\nann,Ann-Horse-7-Battery\nbob,Bob-Horse-7-Battery\n");
    let (dir, folder) = out(&home, "out/seats");
    std::fs::create_dir(dir.parent().unwrap()).unwrap();
    home.allow(dir.parent().unwrap());
    let (mut killed, mut whole) = (0, 0);
    for calls in ["fsync,fdatasync", "?rename,?renameat,?renameat2", "mkdir,mkdirat"] {
        for n in 1.. {
            let inject = format!("inject={calls}:signal=KILL:when={n}");
            let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &inject];
            let run = export(&home, &["--seats", seats.to_str().unwrap(), "--output-dir", &folder]);
            let output = run.under(strace).may_be_killed().run();
            if dir.exists() {
                assert_eq!(names(&dir), ["ann.age", "bob.age", "passphrases.csv"]);
                std::fs::remove_dir_all(&dir).unwrap();
                whole += 1;
            }
            if output.code == Some(0) {
                break;
            }
            killed += 1;
        }
    }
    assert!(killed >= 5 && whole >= 3, "killed {killed} times, whole {whole} times");
    // The next one removes what the others left.
    export(&home, &["--seats", seats.to_str().unwrap(), "--output-dir", &folder]).run().ok();
    assert_eq!(names(dir.parent().unwrap()), ["seats"]);
}
