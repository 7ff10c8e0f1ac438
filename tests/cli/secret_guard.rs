//! Secrets where a setting belongs are refused; what a key is for is not, however random it looks.

use crate::harness::{Home, Output};
use crate::import::settings;
use serde_json::json;

/// As LocalStack and moto make them.
const POOL: &str = "us-east-1_0e38338e82134edca3dee4424c9f1978";
const CLIENT: &str = "cm4ukvpv8x1gmfafqg6hxfuusd";
/// As Cognito makes them.
const SECRET: &str = "1canary2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x";

fn says_nothing_of_secrets(out: &Output) -> &Output {
    out.stderr_lacks("looks like a secret").check(!out.stdout.contains("looks like a secret"), "it is a pool's id")
}

#[test]
fn a_pool_of_a_local_cognito_is_no_secret() {
    let home = Home::new();
    let run = |words: &[&str]| home.cogtok(words);
    let create = ["profile", "create", "ls", "--user-pool-id", POOL, "--client-id", CLIENT];
    run(&create).args(["--endpoint-url", "http://127.0.0.1:1"]).run().ok();
    run(&["profile", "set", "ls", "user_pool_id", POOL]).run().ok();
    run(&["profile", "set", "ls", "description", &format!("the pool {POOL} at home")]).run().ok();
    run(&["profile", "lint"]).run().ok().quiet();
    let export = run(&["profile", "export", "ls"]).run();
    export.ok();
    // Nothing answers there, which is all that it has to say.
    says_nothing_of_secrets(&run(&["doctor", "-p", "ls", "--timeout", "5s"]).run()).stdout_has("from the pool id");
    let env = format!("COGNITO_USER_POOL_ID={POOL}\nCOGNITO_CLIENT_ID={CLIENT}\n");
    let json = json!({"UserPoolId": POOL, "ClientId": CLIENT}).to_string();
    for (name, source) in [("env", env.as_str()), ("json", &json), ("gift", &export.stdout.replace("ls", "gift"))] {
        let named: &[&str] = if name == "gift" { &[] } else { &["--name", name] };
        let out = run(&["profile", "import", "-"]).args(named).stdin(source).run();
        says_nothing_of_secrets(out.ok());
        let shown = settings(&home, name);
        assert_eq!((&shown["user_pool_id"], &shown["user.client_id"]), (&json!(POOL), &json!(CLIENT)), "{name}");
    }
    let by_option = ["profile", "import", "-", "--name", "option", "--user-pool-id", POOL];
    run(&by_option).stdin(format!("COGNITO_CLIENT_ID={CLIENT}\n")).run().ok();
    // A line that was put out of use is no secret either.
    let text = std::fs::read_to_string(home.config_file()).unwrap();
    home.config(&format!("# user_pool_id = \"{POOL}\"\n{text}"));
    run(&["profile", "lint"]).run().ok().quiet();
}

#[test]
fn a_client_secret_is_refused_wherever_it_turns_up() {
    let home = Home::new();
    home.canary(SECRET);
    home.cogtok(["profile", "create", "ws", "--client-id", CLIENT]).run().ok();
    let before = std::fs::read_to_string(home.config_file()).unwrap();
    let refused = |words: &[&str], value: &str| {
        let out = home.cogtok(words).arg(value).run();
        out.code(2).check(!out.stderr.contains(SECRET), "the secret is repeated");
        assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), before, "{words:?}");
    };
    let described = format!("m2m: {SECRET}.");
    for key in [
        "user_pool_id",
        "region",
        "domain",
        "aws_profile",
        "endpoint_url",
        "user.client_id",
        "user.username",
        "m2m.client_id",
        "m2m.scopes",
        "m2m.token_url",
        "m2m.secret_arn",
        "identity_pool.id",
        "min_validity",
        "user.auth_flow",
        "user.redirect_uris",
    ] {
        refused(&["profile", "set", "ws", key], SECRET);
    }
    refused(&["profile", "set", "ws", "description"], &described);
    for option in ["--user-pool-id", "--client-id", "--m2m-client-id", "--secret-arn", "--domain", "--username"] {
        refused(&["profile", "create", "new", option], SECRET);
    }
    home.config(&format!("[profiles.ws]\nm2m.secret_arn = \"{SECRET}\"\ndescription = \"{described}\"\n"));
    let lint = home.cogtok(["profile", "lint"]).run();
    lint.code(3).stdout_has("`m2m.secret_arn` looks like a secret").stdout_has("`description` looks like a secret");
    insta::assert_snapshot!(home.cogtok(["profile", "export", "ws"]).run().message(), @"
    exit 3
    error: `description` of profile `ws` looks like a secret
    hint: nothing was exported; remove it: cogtok profile unset ws description
    hint: `--with-secrets` includes the secrets, sealed, from the secret store
    ");
}
