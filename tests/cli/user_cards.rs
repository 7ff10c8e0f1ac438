//! `cogtok user create --cards`: what is handed out on paper.

use crate::harness::login::chromium;
use crate::harness::workshop::GROUPS;
use crate::harness::{Home, Run, need, unique, workshop};
use crate::user_create::{counted, new_email};
use qrcode::{Color, QrCode};
use regex_lite::Regex;
use serde_json::{Value, json};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use url::Url;

const PASSWORD: &str = "Correct-Horse-7-Battery";

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().prints_on_failure()
}

/// A file for the cards, and its path as an argument.
fn cards_of(home: &Home) -> (PathBuf, String) {
    let path = home.path("cards.html");
    home.allow(&path);
    (path.clone(), path.to_str().unwrap().to_owned())
}

/// What is printed of one card.
#[derive(Debug, Clone)]
struct Card {
    title: String,
    username: String,
    password: Option<String>,
    command: String,
    modules: Vec<Vec<bool>>,
}

/// The text that HTML stands for.
pub fn text(html: &str) -> String {
    assert!(!html.contains(['<', '>', '"']), "{html}");
    let entities = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    entities.iter().fold(html.to_owned(), |text, (entity, is)| text.replace(entity, is))
}

/// The pages of a file, each with its cards.
fn pages(path: &Path) -> Vec<Vec<Card>> {
    let html = std::fs::read_to_string(path).unwrap();
    for foreign in ["<script", "<link", "<img", "href", "src=", "url(", "http://", "https://", "@import"] {
        assert!(!html.contains(foreign), "{foreign} is in the cards:\n{html}");
    }
    html.split("<main class=\"page\">")
        .skip(1)
        .map(|page| page.split("<section ").skip(1).map(card).collect())
        .collect()
}

fn card(html: &str) -> Card {
    let part = |from: &str, to: &str| {
        let (_, rest) = html.split_once(from)?;
        assert!(!rest.contains(from), "{from} is there twice:\n{html}");
        Some(text(rest.split_once(to)?.0))
    };
    let side: usize = html.split("viewBox=\"-4 -4 ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let mut modules = vec![vec![false; side - 8]; side - 8];
    let path = part("<path d=\"", "\"").unwrap();
    let piece = Regex::new(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z").unwrap();
    for found in piece.captures_iter(&path) {
        let number = |at: usize| found[at].parse::<usize>().unwrap();
        assert_eq!(number(3), number(4));
        (number(1)..number(1) + number(3)).for_each(|x| modules[number(2)][x] = true);
    }
    assert_eq!(piece.replace_all(&path, ""), "");
    Card {
        title: part("<h2>", "</h2>").unwrap(),
        username: part("<dd class=\"username\">", "</dd>").unwrap(),
        password: part("<dd class=\"password\">", "</dd>"),
        command: part("<code>", "</code>").unwrap(),
        modules,
    }
}

/// The command of a card parses into these words, and its QR code is of it.
fn assert_command(card: &Card, username: &str) {
    assert_eq!(shlex::split(&card.command).unwrap(), ["cogtok", "token", "user", "-p", "ws", "--username", username]);
    let code = QrCode::new(card.command.as_bytes()).unwrap();
    let dark: Vec<bool> = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
    assert_eq!(card.modules.concat(), dark, "{card:?}");
}

/// How many pages Chromium prints of this file.
pub fn printed_pages(home: &Home, path: &Path) -> usize {
    need("chromium", "chromium");
    let dir = home.path(unique("chromium"));
    home.allow(&dir);
    std::fs::create_dir(&dir).unwrap();
    let pdf = dir.join("cards.pdf");
    let done = std::process::Command::new("chromium")
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--no-pdf-header-footer"])
        .arg(format!("--user-data-dir={}", dir.display()))
        .arg(format!("--print-to-pdf={}", pdf.display()))
        .arg(Url::from_file_path(path).unwrap().as_str())
        .env("HOME", &dir)
        .output()
        .unwrap();
    let bytes = std::fs::read(&pdf).unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(&done.stderr)));
    let text = String::from_utf8_lossy(&bytes);
    Regex::new(r"/Type /Page\b").unwrap().find_iter(&text).count()
}

fn shown(path: &Path) -> Value {
    chromium(&Url::from_file_path(path).unwrap(), "", "")
}

#[test]
fn nine_seats_are_nine_cards_on_two_printed_pages_each_with_what_one_attendee_needs() {
    let (home, _proxy) = counted();
    let (path, cards) = cards_of(&home);
    let prefix = unique("card");
    let args = ["create", "--count", "9", "--prefix", &prefix, "--group", GROUPS[0], "--cards", &cards, "--json"];
    let output = user(&home, &args).run();
    let users = output.ok().stderr_has(&format!("wrote 9 cards, with the passwords, to {cards}")).json();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let pages = pages(&path);
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [8, 1]);
    let html = std::fs::read_to_string(&path).unwrap();
    let page = shown(&path);
    let seen = page["text"].as_str().unwrap();
    assert_eq!(page["title"], "ws");
    for (card, user) in pages.iter().flatten().zip(users.as_array().unwrap()) {
        let (name, password) = (user["username"].as_str().unwrap(), user["password"].as_str().unwrap());
        assert_eq!(
            (card.title.as_str(), card.username.as_str(), card.password.as_deref()),
            ("ws", name, Some(password))
        );
        assert_command(card, name);
        assert_eq!(seen.matches(password).count(), 1, "{password}:\n{seen}");
        assert!(seen.contains(&card.command), "{}:\n{seen}", card.command);
        assert!(workshop().sign_in(name, password).unwrap()["AuthenticationResult"].is_object());
    }
    assert_eq!(html.matches("class=\"username\"").count(), 9);
    assert_eq!(printed_pages(&home, &path), 2);
}

#[test]
fn hostile_names_titles_and_passwords_are_text_and_the_longest_fit_on_their_page() {
    let stack = workshop().ministack;
    let pool = stack.cognito("CreateUserPool", &json!({"PoolName": unique("cards")}))["UserPool"]["Id"].clone();
    let home = Home::new();
    let create =
        home.cogtok(["profile", "create", "ws", "--user-pool-id", pool.as_str().unwrap(), "--client-id", "abc"]);
    create.args(["--endpoint-url", &workshop().endpoint]).run().ok();
    let (path, cards) = cards_of(&home);
    let title = "<script>document.title=1</script> & \"Tom's\" \u{fc}ber-long name for a class &#60;!";
    let mut users = vec![
        ("<script>alert('1')</script>&\"".to_owned(), "A1b<script>alert(1)</script>&\"'".to_owned()),
        ("it's&#60;".to_owned(), "</dd></main>A1b\"'&amp;".to_owned()),
    ];
    users.extend((0..8).map(|n| (format!("{n}{}", "W".repeat(127)), format!("Aa1-{n}{}", "W".repeat(251)))));
    let lines: Vec<String> =
        users.iter().map(|(name, password)| json!({"username": name, "password": password}).to_string()).collect();
    let create = user(&home, &["create", "--from", "-", "--cards", &cards, "--title", title, "-o", "text"]);
    create.stdin(lines.join("\n")).run().ok();
    let pages = pages(&path);
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [8, 2]);
    for (card, (name, password)) in pages.iter().flatten().zip(&users) {
        assert_eq!((card.title.as_str(), &card.username, card.password.as_ref()), (title, name, Some(password)));
        assert_command(card, name);
    }
    let page = shown(&path);
    assert_eq!(page["title"], title);
    for (name, password) in &users {
        let seen = page["text"].as_str().unwrap();
        assert!(seen.contains(name.as_str()) && seen.contains(password.as_str()), "{name} {password}:\n{seen}");
    }
    assert_eq!(printed_pages(&home, &path), 2);
}

#[test]
fn a_file_that_is_there_stays_and_nothing_is_sent_where_the_cards_can_not_be_written() {
    let (home, proxy) = counted();
    let there = home.plant("there.html", "mine");
    let link = home.path("link.html");
    symlink(&there, &link).unwrap();
    let dir = home.path("folder");
    std::fs::create_dir(&dir).unwrap();
    let absent = home.path("absent/cards.html");
    for (path, message) in [
        (&there, "already exists"),
        (&link, "it is a symbolic link"),
        (&dir, "it is a directory"),
        (&absent, "its directory does not exist"),
    ] {
        let output = user(&home, &["create", "--count", "2", "--cards", path.to_str().unwrap()]).run();
        output.code(7).stderr_has(message);
    }
    let (long, there) = ("x".repeat(81), there.to_str().unwrap());
    for (args, message) in [
        (&["--cards", "cards.html"][..], "`--cards` is for the users of a run"),
        (&["--resume", "--cards", "cards.html"], "no run is to be finished"),
        (&["--count", "2", "--title", "x"], "--cards"),
        (&["--count", "2", "--force"], "--cards"),
        (&["--count", "2", "--cards", "cards.html", "--title", "a\nb"], "`--title` has"),
        (&["--count", "2", "--cards", "cards.html", "--title", " "], "`--title` has"),
        (&["--count", "2", "--cards", "cards.html", "--title", &long], "more than 80 characters"),
    ] {
        user(&home, &[&["create"], args].concat()).run().code(2).stderr_has(message);
    }
    assert_eq!(proxy.requests().len(), 0);
    user(&home, &["runs", "--json"]).run().ok().stdout_is("[]\n");
    assert_eq!(std::fs::read_to_string(there).unwrap(), "mine");

    home.allow(there);
    user(&home, &["create", "--count", "2", "--prefix", &unique("force"), "--cards", there, "--force"]).run().ok();
    assert_eq!(pages(Path::new(there)).concat().len(), 2);
    assert_eq!(std::fs::metadata(there).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_resumed_run_has_a_card_for_every_user_and_none_with_a_password_that_nobody_knows() {
    let (home, _proxy) = counted();
    let (path, cards) = cards_of(&home);
    let (stranger, one, group) = (workshop().user(PASSWORD), new_email(), unique("class"));
    let file = home.plant("class.csv", format!("email,group\n{one},\n{},{group}\n{stranger},\n", new_email()));
    let create = ["create", "--from", file.to_str().unwrap(), "--if-exists", "skip", "--temporary", "--parallel", "1"];
    let output = user(&home, &[&create[..], &["--cards", &cards, "--json"]].concat()).run();
    output.code(10).stderr_has("--resume");
    let before = if path.exists() { pages(&path).concat().len() } else { 0 };
    assert!(before < 3, "{before}");
    workshop().admin("CreateGroup", json!({"GroupName": group}));
    let users = user(&home, &["create", "--resume", "--cards", &cards, "--force", "--json"]).run().ok().json();
    let made = pages(&path).concat();
    assert_eq!(made.len(), 3);
    for (card, user) in made.iter().zip(users.as_array().unwrap()) {
        assert_eq!((&json!(card.username), &json!(card.password)), (&user["username"], &user["password"]));
    }
    assert_eq!((made[2].username.as_str(), made[2].password.as_deref()), (stranger.as_str(), None));
    let html = std::fs::read_to_string(&path).unwrap();
    assert_eq!(html.matches("the one you have").count(), 1);
    assert_eq!(html.matches("Password, for the first sign-in only").count(), 2);

    // Once it is finished the run has its name, and the same cards again.
    let run = user(&home, &["runs", "--json"]).run().ok().json()[0]["run"].as_str().unwrap().to_owned();
    std::fs::remove_file(&path).unwrap();
    user(&home, &["create", &run, "--resume", "--cards", &cards, "--json"]).run().ok();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), html);
}

#[test]
fn what_is_said_of_cards_is_how_many_have_passwords() {
    let (home, _proxy) = counted();
    let prefix = unique("bare");
    let (_, cards) = cards_of(&home);
    let made = |count: &str| {
        let args =
            ["create", "--count", count, "--prefix", &prefix, "--if-exists", "skip", "--cards", &cards, "--force"];
        user(&home, &args).run()
    };
    made("1").ok().stderr_has(&format!("wrote 1 card, with the passwords, to {cards}"));
    made("1").ok().stderr_has(&format!("wrote 1 card, without passwords, to {cards}"));
    made("3").ok().stderr_has(&format!("wrote 3 cards, 2 of them with passwords, to {cards}"));
}
