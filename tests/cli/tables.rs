//! Tables at 80 columns with values as long as real ones: none is wider, and no word breaks in its middle.

use crate::harness::{Answer, Home, Keyring, Output, Server, unique, workshop};
use serde_json::json;

const NAME: &str = "bedrock-agentcore-workshop";
const USER: &str = "test-3f2c9a0d1b7e@participants.workshop.example.com";
const POOL: &str = "ap-southeast-2_AbCdEfGhI";
const ARN: &str =
    "arn:aws:secretsmanager:ap-southeast-2:111122223333:secret:bedrock-agentcore-workshop/m2m-client-AbCdEf";
const CLIENT: &str = "9example8765432zyxwvutsrqp";

/// No line is wider than this, and each of `values` is there, broken behind a sign or a space if at all.
#[track_caller]
fn fits(output: &Output, columns: usize, values: &[&str]) {
    output.ok().check(!output.stdout.is_empty(), "a table");
    for line in output.stdout.lines() {
        output.check(line.chars().count() <= columns, &format!("wider than {columns} columns: {line:?}"));
    }
    for value in values {
        for piece in value.split_inclusive(['/', ':', '.', '@', '_', '-']).flat_map(|piece| piece.split(' ')) {
            output.check(output.stdout.contains(piece), &format!("{value:?} breaks in the middle of {piece:?}"));
        }
    }
}

fn home() -> Home {
    let home = Home::new();
    home.config(&format!(
        "default_profile = \"{NAME}\"\n[profiles.{NAME}]\ndescription = \"Bedrock AgentCore workshop, Berlin, the big room\"\n\
         user_pool_id = \"{POOL}\"\ndomain = \"https://{NAME}.auth.ap-southeast-2.amazoncognito.com\"\n\
         secrets = [\"m2m-client\", \"user-client\", \"password\", \"totp\"]\n[profiles.{NAME}.user]\nclient_id = \"{CLIENT}\"\n\
         username = \"{USER}\"\n[profiles.{NAME}.m2m]\nclient_id = \"{CLIENT}\"\nsecret_arn = \"{ARN}\"\n\
         scopes = [\"bedrock-agentcore-gateway/invoke\", \"bedrock-agentcore-gateway/list\"]\n[profiles.second]\n"
    ));
    home
}

#[test]
fn profiles_their_origin_and_their_secrets_fit() {
    let home = home();
    let keyring = Keyring::start();
    let at = |words: &[&str], columns: &str| home.cogtok(words).env("COLUMNS", columns).keyring(&keyring).run();
    fits(&at(&["profile", "list"], "80"), 80, &[NAME, POOL, "Bedrock AgentCore workshop,"]);
    fits(&at(&["status"], "80"), 80, &[NAME, "keyring: m2m-client, user-client, password, totp"]);
    fits(
        &at(&["secret", "status"], "80"),
        80,
        &[ARN, "missing from the keyring", "https://cognito-idp.ap-southeast-2.amazonaws.com"],
    );
    fits(&at(&["profile", "show", "--origin"], "80"), 80, &[NAME, POOL, ARN, USER, CLIENT, "read from user_pool_id"]);
    // Whatever the terminal's width, and however mad the variable.
    for columns in ["40", "60", "200"] {
        fits(&at(&["profile", "list"], columns), columns.parse().unwrap(), &[]);
        fits(&at(&["profile", "show", "--origin"], columns), columns.parse().unwrap(), &[]);
    }
    for columns in ["0", "1", "-5", "x", "1000000000"] {
        fits(&at(&["profile", "list"], columns), 80, &[NAME, POOL]);
    }
    for words in [&["profile", "list"][..], &["status"], &["secret", "status"], &["profile", "show", "--origin"]] {
        home.cogtok(words).args(["-o", "json"]).keyring(&keyring).run().ok().json();
    }
}

#[test]
fn who_is_signed_in_and_what_is_cached_fits() {
    let workshop = workshop();
    let home = Home::new();
    home.profile(NAME, workshop, &workshop.endpoint, &workshop.token_url);
    let email = format!("{}@participants.workshop.example.com", unique("test"));
    workshop.admin(
        "AdminCreateUser",
        json!({"Username": email, "TemporaryPassword": "Temporary-1-Password", "MessageAction": "SUPPRESS",
            "UserAttributes": [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]}),
    );
    let password = "Correct-Horse-7-Battery";
    workshop.admin("AdminSetUserPassword", json!({"Username": email, "Password": password, "Permanent": true}));
    home.cogtok(["profile", "set", NAME, "user.username", &email]).run().ok();
    home.cogtok(["token", "user", "-p", NAME]).env("COGTOK_PASSWORD", password).run().ok();
    home.cogtok(["token", "m2m", "-p", NAME]).m2m_secret(workshop).run().ok();
    let at_80 = |words: &[&str]| home.cogtok(words).args(["-p", NAME]).env("COLUMNS", "80").aws().run();
    fits(&at_80(&["status"]), 80, &[NAME, &email]);
    fits(&at_80(&["cache", "list"]), 80, &[NAME, &email]);
    fits(&at_80(&["user", "list", "--filter", &format!("email = \"{email}\"")]), 80, &[&email, "CONFIRMED"]);
    for words in [&["status"][..], &["cache", "list"], &["user", "list", "--limit", "2"]] {
        home.cogtok(words).args(["-p", NAME, "-o", "json"]).aws().run().ok().json();
    }
}

#[test]
fn scopes_and_user_names_as_long_as_they_come_fit() {
    let server = Server::always(Answer::token("cached-token"));
    let home = Home::new();
    home.config(&format!(
        "default_profile = \"{NAME}\"\n[profiles.{NAME}.m2m]\nclient_id = \"{CLIENT}\"\ntoken_url = \"{}\"\n\
         scopes = [\"bedrock-agentcore-gateway-of-the-workshop/invoke\", \"bedrock-agentcore-gateway-of-the-workshop/list\"]\n",
        server.token_url()
    ));
    home.cogtok(["token", "m2m"]).env("COGTOK_M2M_CLIENT_SECRET", "machine-secret").run().ok();
    let list = home.cogtok(["cache", "list"]).env("COLUMNS", "80").run();
    fits(&list, 80, &[NAME, "bedrock-agentcore-gateway-of-the-workshop/invoke"]);
    // A terminal whose size nobody has set says that it has no columns.
    let of_no_size = home.cogtok(["cache", "list"]).pty_of(0, 0).wait();
    assert!(of_no_size.text.contains("PROFILE") && of_no_size.text.contains(NAME), "{of_no_size:?}");
}
