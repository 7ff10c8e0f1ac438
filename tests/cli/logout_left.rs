//! Signing out where the secret store does not delete what it has: once Cognito has ended the session, nothing else of it
//! stays, and it is said what does.

use crate::harness::challenges::PASSWORD;
use crate::harness::fake_secret_service::Act;
use crate::harness::login::REFRESH;
use crate::harness::{Answer, FakeSecretService, Home, Keyring, Server, need};
use crate::logout::{by_api, from_api};
use crate::sealed::{init, sealed_file};
use serde_json::json;

fn assert_nobody(home: &Home) {
    let rows = home.cogtok(["status", "--json"]).run().ok().json();
    assert_eq!((&rows[0]["session"], &rows[0]["access_token"]), (&json!(null), &json!(null)));
}

#[test]
fn a_keyring_that_deletes_nothing_keeps_nobody_signed_in() {
    let revoked = || Answer::json(200, &json!({}));
    let server = Server::script([from_api(), revoked(), revoked()]);
    let (home, fake) = (Home::new(), FakeSecretService::start());
    home.scripted_user(&server.url());
    home.canary(REFRESH);
    home.cogtok(["token", "user"]).fake(&fake).env("COGTOK_PASSWORD", PASSWORD).run().ok();
    assert_eq!(fake.items().len(), 1);
    fake.act("Delete", Act::Refuse);
    insta::assert_snapshot!(home.cogtok(["logout"]).fake(&fake).run().message(), @"
    exit 7
    APIs that verify tokens offline still accept the last access token until [date] +[time]
    alice@example.com is signed out of profile `ws`
    error: the keyring service refused the call (profile `ws`)
    hint: allow cogtok to use it, in the service's own window or settings
    hint: without a keyring: sign in again each time
    hint: or keep secrets in an encrypted file: cogtok secret init --help
    hint: run `cogtok logout -p ws` again to delete the rest: Cognito has ended the session already
    ");
    assert_eq!((server.requests()[1].operation(), fake.items().len()), (Some("RevokeToken"), 1));
    assert_nobody(&home);
    home.cogtok(["token", "user"]).fake(&fake).run().code(5);
    // What the hint says.
    fake.behave();
    home.cogtok(["logout"]).fake(&fake).run().ok().stderr_has("is signed out");
    assert_eq!(fake.items().len(), 0);
}

#[test]
fn a_secrets_file_that_can_not_be_replaced_keeps_nobody_signed_in() {
    need("strace", "strace");
    let server = Server::script([from_api(), Answer::json(200, &json!({}))]);
    let home = Home::new();
    home.scripted_user(&server.url());
    home.canary(REFRESH);
    let identity = init(&home);
    let run = |words: &[&str]| home.cogtok(words).env("COGTOK_SECRET_IDENTITY", &identity);
    run(&["token", "user"]).env("COGTOK_PASSWORD", PASSWORD).run().ok();
    let before = std::fs::read(sealed_file(&home)).unwrap();
    let inject = "inject=?rename,?renameat,renameat2:error=EACCES";
    let output = run(&["logout"]).under(["strace", "-f", "-qq", "-o", "/dev/null", "-e", inject]).run();
    output.code(7).stderr_has("alice@example.com is signed out of profile `ws`");
    output.stderr_has("secrets.age can't be written").stderr_has("run `cogtok logout -p ws` again");
    assert_eq!(server.requests()[1].operation(), Some("RevokeToken"));
    assert_eq!(std::fs::read(sealed_file(&home)).unwrap(), before);
    assert_nobody(&home);
}

#[test]
fn signing_out_everywhere_is_not_undone_by_a_keyring_that_is_away() {
    let server = Server::script([from_api(), Answer::json(200, &json!({}))]);
    let keyring = Keyring::start();
    let home = by_api(&server, &keyring);
    let output = home.cogtok(["logout", "--global"]).run();
    output.code(7).stderr_has("is signed out").stderr_has("there is no D-Bus session");
    assert_eq!(server.requests()[1].operation(), Some("GlobalSignOut"));
    assert_nobody(&home);
}
