//! `cogtok init`: from ids and a password, or a machine's secret, to a token in one command.

use crate::harness::pty::{Pty, Session};
use crate::harness::verify::verify;
use crate::harness::{Home, workshop};

const PASSWORD: &str = "Init-Donkey-7-Charger";
const WRONG: &str = "Wrong-Donkey-8-Charger";
const PASSPHRASE: &str = "a passphrase of five words";

fn fresh() -> Home {
    let home = Home::new();
    [PASSWORD, WRONG, PASSPHRASE].iter().for_each(|secret| home.canary(*secret));
    home.canary(workshop().m2m_secret());
    home.canary(workshop().confidential.secret.as_deref().unwrap());
    home
}

/// `cogtok init` on a terminal of 80 columns, with the local Cognito in the place of AWS.
fn init<'h>(home: &'h Home, args: &[&str]) -> Pty<'h> {
    home.cogtok(["init"]).args(args).env("AWS_ENDPOINT_URL", &workshop().endpoint).pty_of(24, 80)
}

fn hidden(terminal: &mut Pty<'_>, question: &str, answer: &str) {
    terminal.expect(question).expect_no_echo().send_line(answer);
}

/// Declines the offer of a secrets file.
fn decline(terminal: &mut Pty<'_>) {
    terminal.expect("Store secrets in a file that a passphrase encrypts").expect("[Y/n] ").send_line("n");
}

#[track_caller]
fn done(terminal: Pty<'_>) -> Session {
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{}", session.text);
    assert!(session.echo && session.canonical, "the terminal's modes are not restored: {session:?}");
    session
}

/// The lines that a text takes at 80 columns.
fn lines(text: &str) -> usize {
    text.lines().map(|line| line.chars().count().div_ceil(80).max(1)).sum()
}

#[test]
fn four_answers_lead_from_ids_and_a_password_to_a_token_on_one_screen() {
    let email = workshop().user(PASSWORD);
    let home = fresh();
    let mut terminal = init(&home, &[]);
    terminal.expect("Source: ").send_line(&workshop().pool_id);
    terminal.expect("App client id: ").send_line(&workshop().web.id);
    terminal.expect("User name: ").send_line(&email);
    hidden(&mut terminal, &format!("Password for {email}: "), PASSWORD);
    // There is no keyring here: the first sign-in offers the file, as docs/signing-in.md says.
    decline(&mut terminal);
    terminal.expect("is signed in").expect("cogtok token user -p ");
    let session = done(terminal);
    assert!(lines(&session.text) <= 23, "{} lines\n{}", lines(&session.text), session.text);
    assert!(!session.text.contains("eyJ"), "no token floods the screen: {}", session.text);
    assert!(session.text.contains("created profile `") && session.text.contains("(now the default)"), "{session:?}");
    assert!(session.text.contains("cogtok secret init"), "{session:?}");
    // The token is stored, and so is who signed in: nothing is asked any more.
    let output = home.cogtok(["token", "user"]).run();
    verify(output.ok().line(), workshop());
    home.cogtok(["profile", "show"]).run().ok().stdout_has(&email).stdout_has("domain ");
    home.cogtok(["doctor", "--offline"]).run().ok();
}

#[test]
fn what_was_mistyped_is_asked_again() {
    let email = workshop().user(PASSWORD);
    let home = fresh();
    // The client first, a pool that is not there, and a wrong password.
    let mut terminal = init(&home, &["--name", "ws"]);
    terminal.expect("Source: ").send_line(&workshop().web.id);
    terminal.expect("User pool id").expect(": ").send_line("nonsense");
    terminal.expect("looks like us-east-1_AbCdEfGhI. 2 tries left.").expect(": ").send_line("us-east-1_NoSuchPool");
    terminal.expect("no discovery document").expect("User pool id: ").send_line(&workshop().pool_id);
    terminal.expect("User name: ").send_line(&email);
    hidden(&mut terminal, "Password for ", WRONG);
    terminal.expect("Wrong user name or password. 2 tries left.");
    hidden(&mut terminal, "Password for ", PASSWORD);
    decline(&mut terminal);
    terminal.expect("is signed in");
    done(terminal);
    verify(home.cogtok(["token", "user", "-p", "ws"]).run().ok().line(), workshop());
    // A name that is taken is refused before anything is asked.
    let session = init(&home, &["--name", "ws"]).wait();
    assert!(session.code == Some(3) && session.text.contains("already a profile `ws`"), "{session:?}");
}

#[test]
fn a_client_that_does_not_exist_leaves_no_profile() {
    let home = fresh();
    let mut terminal = init(&home, &[&workshop().pool_id]);
    terminal.expect("App client id: ").send_line("1example23456789abcdefghij");
    terminal.expect("User name: ").send_line("alice@example.com");
    hidden(&mut terminal, "Password for ", PASSWORD);
    let session = terminal.wait();
    assert_eq!(session.code, Some(3), "{session:?}");
    assert!(session.text.contains("deleted profile `"), "{session:?}");
    let list = home.cogtok(["profile", "list"]).run();
    list.ok().check(!list.stdout.contains(&workshop().pool_id), "the profile is gone");
}

#[test]
fn that_a_client_has_a_secret_is_found_out_and_the_password_is_typed_once() {
    let email = workshop().user(PASSWORD);
    let home = fresh();
    let client = &workshop().confidential;
    let mut terminal = init(&home, &[&workshop().pool_id]);
    terminal.expect("App client id: ").send_line(&client.id);
    terminal.expect("User name: ").send_line(&email);
    hidden(&mut terminal, "Password for ", PASSWORD);
    hidden(&mut terminal, "Client secret: ", client.secret.as_deref().unwrap());
    // It has to be stored, and there is no keyring.
    terminal.expect("[Y/n] ").send_line("");
    hidden(&mut terminal, "New passphrase for your secrets file, which cogtok now creates: ", PASSPHRASE);
    hidden(&mut terminal, "Repeat new passphrase: ", PASSPHRASE);
    terminal.expect("is signed in");
    let session = done(terminal);
    assert_eq!(session.text.matches("Password for").count(), 1, "{session:?}");
    verify(home.cogtok(["token", "user"]).run().ok().line(), workshop());
    home.cogtok(["secret", "status"]).env("COGTOK_PASSPHRASE", PASSPHRASE).run().ok().stdout_has("the secrets file");
}

#[test]
fn a_machine_needs_its_token_url_its_client_and_its_secret() {
    let home = fresh();
    let mut terminal = init(&home, &[&workshop().token_url, "--name", "ci"]);
    terminal.expect("App client id: ").send_line(&workshop().m2m.id);
    hidden(&mut terminal, "Client secret: ", WRONG);
    terminal.expect("[Y/n] ").send_line("y");
    hidden(&mut terminal, "New passphrase", PASSPHRASE);
    hidden(&mut terminal, "Repeat new passphrase: ", PASSPHRASE);
    terminal.expect("Wrong client id or secret. 2 tries left.");
    hidden(&mut terminal, "Client secret: ", workshop().m2m_secret());
    terminal.expect("stored a machine-to-machine token").expect("cogtok token m2m -p ci");
    done(terminal);
    assert!(home.cogtok(["token", "m2m"]).run().ok().line().starts_with("eyJ"));
    // The client first leads there as well.
    let mut terminal = init(&home, &[&workshop().m2m.id]);
    terminal.expect("its token URL or domain").expect(": ").send_line(&workshop().token_url);
    // Its secret is stored and its token cached: nothing more is asked.
    terminal.expect("stored a machine-to-machine token");
    done(terminal);
}

#[test]
fn a_file_is_imported_and_its_user_signs_in() {
    let email = workshop().user(PASSWORD);
    let home = fresh();
    let file = home.allow(home.path("class.env"));
    let text = format!("COGNITO_USER_POOL_ID={}\nCOGNITO_CLIENT_ID={}\n", workshop().pool_id, workshop().web.id);
    std::fs::write(&file, text).unwrap();
    let mut terminal = init(&home, &[]);
    terminal.expect("Source: ").send_line(file.to_str().unwrap());
    terminal.expect("User name: ").send_line(&email);
    hidden(&mut terminal, "Password for ", PASSWORD);
    decline(&mut terminal);
    terminal.expect("is signed in");
    done(terminal);
    verify(home.cogtok(["token", "user"]).run().ok().line(), workshop());
}

#[test]
fn the_first_sign_in_offers_a_place_for_the_session_without_a_keyring() {
    let email = workshop().user(PASSWORD);
    let home = fresh();
    let mut terminal = init(&home, &[&workshop().pool_id]);
    terminal.expect("App client id: ").send_line(&workshop().web.id);
    terminal.expect("User name: ").send_line(&email);
    hidden(&mut terminal, "Password for ", PASSWORD);
    terminal.expect("Store secrets in a file that a passphrase encrypts").expect("[Y/n] ").send_line("");
    hidden(&mut terminal, "New passphrase for your secrets file, which cogtok now creates: ", PASSPHRASE);
    hidden(&mut terminal, "Repeat new passphrase: ", PASSPHRASE);
    terminal.expect("is signed in");
    let session = done(terminal);
    assert!(!session.text.contains("sign in again") && !session.text.contains("Save "), "{session:?}");
    // The session renews the token.
    let renewed = home.cogtok(["token", "user", "--force-refresh"]).env("COGTOK_PASSPHRASE", PASSPHRASE).run();
    verify(renewed.ok().line(), workshop());
}

#[test]
fn an_export_whose_name_is_taken_gets_another() {
    let home = fresh();
    home.cogtok(["profile", "create", "ws", "--user-pool-id", "us-east-1_Another00", "--client-id", "web"]).run().ok();
    let organiser = Home::new();
    organiser.workshop_profile(workshop());
    let export = organiser.cogtok(["profile", "export", "ws", "-q"]).run().ok().stdout.clone();
    let file = home.plant("ws.toml", export);
    let mut terminal = init(&home, &[file.to_str().unwrap()]);
    terminal.expect("there is already a profile `ws`: the new one is `ws-2`").expect("created profile `ws-2`");
    terminal.expect("User name: ").send("\u{3}");
    terminal.wait();
    home.cogtok(["profile", "show", "ws"]).run().ok().stdout_has("us-east-1_Another00");
    home.cogtok(["profile", "show", "ws-2"]).run().ok().stdout_has(&workshop().pool_id);
}

#[test]
fn a_file_below_the_home_directory_is_found_at_the_question() {
    let home = fresh();
    home.plant("Downloads/class.env", "COGNITO_USER_POOL_ID=us-east-1_AbCdEfGhI\nCOGNITO_CLIENT_ID=web\n");
    let mut terminal = init(&home, &[]);
    terminal.expect("Source: ").send_line("~/Downloads/class.env");
    terminal.expect("User name: ").send("\u{3}");
    terminal.wait();
}

#[test]
fn without_a_terminal_it_asks_nothing_and_says_which_commands_do_it() {
    let home = fresh();
    for args in [&["init"][..], &["init", "us-east-1_AbCdEfGhI"]] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(home.cogtok(args).stdin("").run().message(), @"
            exit 5
            error: `cogtok init` asks questions, and there is no terminal to ask at
            hint: create a profile: cogtok profile import SOURCE, or cogtok profile create NAME --user-pool-id ID --client-id ID
            hint: then get a token: `cogtok token user --username NAME`, or `cogtok token m2m`
            ");
        }
    }
    home.cogtok(["init", "--no-input"]).run().code(5).stderr_has("asks questions, and this call asks nothing\n");
    let session = home.cogtok(["init", "--no-input"]).pty().wait();
    assert_eq!(session.code, Some(5), "{session:?}");
    assert!(home.own_dirs().iter().all(|dir| !dir.exists()), "nothing is written");
    // Nor does `cogtok` alone ask in a script.
    let alone = home.cogtok([""; 0]).stdin("y\n").run();
    alone.ok().quiet().check(!alone.stdout.contains("[Y/n]"), "nothing is asked");
    let captured = home.allow(home.path("tmp/out"));
    let session = home.shell("bash", &format!("cogtok >'{}'", captured.display())).pty().wait();
    assert!(session.code == Some(0) && !session.text.contains("[Y/n]"), "{session:?}");
}

#[test]
fn cogtok_alone_leads_to_the_questions_where_there_is_no_profile() {
    let home = fresh();
    let mut terminal = home.cogtok([""; 0]).pty_of(24, 80);
    terminal.expect("Set up a profile now? [Y/n] ").send_line("");
    terminal.expect("What were you given?").expect("Source: ").send("\u{3}");
    assert_eq!(terminal.wait().code, Some(130));
    // A file that is not there is asked for again.
    let mut terminal = home.cogtok(["init"]).pty_of(24, 80);
    terminal.expect("Source: ").send_line("./class.age");
    terminal.expect("There is no file `./class.age`. 2 tries left.").expect("Source: ").send("\u{3}");
    assert_eq!(terminal.wait().code, Some(130));
    home.cogtok(["profile", "create", "ws", "--client-id", "web"]).run().ok();
    let session = home.cogtok([""; 0]).pty().wait();
    assert!(session.code == Some(0) && !session.text.contains("[Y/n]"), "{session:?}");
}
