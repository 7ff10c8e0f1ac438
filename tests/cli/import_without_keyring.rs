//! `cogtok profile import` and `cogtok init` on a machine without a keyring: a person is offered the secrets file, and a script is told
//! only what works for an import.

use crate::harness::pty::{Pty, Session};
use crate::harness::{Home, workshop};
use crate::profile_export::CONFIG;
use crate::sealed::{init, sealed_file};
use std::path::PathBuf;

const SECRET: &str = "sealed-machine-secret";
const OF_EXPORT: &str = "the passphrase of the class";
const OWN: &str = "a passphrase of five words";

/// An attendee without a keyring, and a sealed export of `ws` with its machine's secret.
fn attendee() -> (Home, PathBuf) {
    let organiser = Home::new();
    organiser.config(CONFIG);
    [SECRET, OF_EXPORT].iter().for_each(|secret| organiser.canary(*secret));
    let identity = init(&organiser);
    let run = |words: &[&str]| organiser.cogtok(words).env("COGTOK_SECRET_IDENTITY", &identity);
    run(&["secret", "set", "m2m-client", "-p", "ws"]).stdin(SECRET).run().ok();
    let export = run(&["profile", "export", "ws", "--with-secrets"]).env("COGTOK_PASSPHRASE", OF_EXPORT);
    let sealed = export.run().ok().stdout.clone();
    let home = Home::new();
    [SECRET, OF_EXPORT, OWN].iter().for_each(|secret| home.canary(*secret));
    let file = home.allow(home.plant("class.age", sealed));
    (home, file)
}

fn hidden(terminal: &mut Pty<'_>, question: &str, answer: &str) {
    terminal.expect(question).expect_no_echo().send_line(answer);
}

#[track_caller]
fn ended(terminal: Pty<'_>, code: u32) -> Session {
    let session = terminal.wait();
    assert_eq!(session.code, Some(code), "{}", session.text);
    assert!(session.echo && session.canonical, "the terminal's modes are not restored: {session:?}");
    session
}

/// Takes the offer of the secrets file.
fn accept(terminal: &mut Pty<'_>) {
    terminal.expect("Store secrets in a file that a passphrase encrypts").expect("[Y/n] ").send_line("");
    hidden(terminal, "New passphrase for your secrets file, which cogtok now creates: ", OWN);
    hidden(terminal, "Repeat new passphrase: ", OWN);
}

#[test]
fn an_import_at_a_terminal_offers_the_secrets_file() {
    let (home, file) = attendee();
    let import = |args: &[&str]| home.cogtok(["profile", "import"]).arg(&file).args(args).pty();
    // Declined: what then works for an import is said, and nothing is imported.
    let mut terminal = import(&[]);
    hidden(&mut terminal, "Passphrase of ", OF_EXPORT);
    terminal.expect("[Y/n] ").send_line("n");
    let session = ended(terminal, 7);
    assert!(session.text.contains("nothing was imported; `--no-secrets`"), "{session:?}");
    assert!(!session.text.contains("supplies") && !home.config_file().exists(), "{session:?}");
    // Accepted: imported at once, and there is no second question of the kind.
    let mut terminal = import(&[]);
    hidden(&mut terminal, "Passphrase of ", OF_EXPORT);
    accept(&mut terminal);
    terminal.expect("created profile `ws`");
    ended(terminal, 0);
    assert!(sealed_file(&home).exists());
    let status = home.cogtok(["secret", "status", "-p", "ws"]).env("COGTOK_PASSPHRASE", OWN).run();
    status.ok().stdout_has("m2m-client").stdout_has("the secrets file");
    // What replaces a profile has to store its secrets too.
    std::fs::remove_file(sealed_file(&home)).unwrap();
    let text = std::fs::read_to_string(home.config_file()).unwrap();
    home.config(&text.replace("secret_store = \"file\"\n", "").replace("secrets = [\"m2m-client\"]\n", ""));
    let mut terminal = import(&["--replace"]);
    hidden(&mut terminal, "Passphrase of ", OF_EXPORT);
    accept(&mut terminal);
    ended(terminal, 0);
}

#[test]
fn init_offers_the_secrets_file_for_what_the_source_has() {
    let home = Home::new();
    [workshop().m2m_secret(), OWN].iter().for_each(|secret| home.canary(*secret));
    let (id, secret, url) = (&workshop().m2m.id, workshop().m2m_secret(), &workshop().token_url);
    let text = format!("COGNITO_M2M_CLIENT_ID={id}\nCOGNITO_M2M_CLIENT_SECRET={secret}\nCOGNITO_TOKEN_URL={url}\n");
    let file = home.allow(home.plant("out.env", text));
    let init = || home.cogtok(["init", "--name", "ci"]).arg(&file).env("AWS_ENDPOINT_URL", &workshop().endpoint).pty();
    let mut terminal = init();
    terminal.expect("[Y/n] ").send_line("n");
    let session = ended(terminal, 7);
    assert!(session.text.contains("cogtok profile import SOURCE --no-secrets"), "{session:?}");
    let mut terminal = init();
    accept(&mut terminal);
    terminal.expect("stored a machine-to-machine token");
    ended(terminal, 0);
    assert!(home.cogtok(["token", "m2m"]).run().ok().line().starts_with("eyJ"));
}
