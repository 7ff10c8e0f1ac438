//! Variables in the place of a profile, one of which is missing: every command names that one.

use crate::harness::{Answer, Home, Server, m2m_jwt};

const POOL: &str = "us-east-1_AbCdEfGhI";
const SECRET: &str = "s3cr3t-canary";

#[test]
fn a_machines_client_is_missing_for_every_command_that_takes_a_token() {
    let (home, server) = (Home::new(), Server::canary());
    let url = server.token_url();
    home.canary(SECRET);
    let old = [("COGNITO_M2M_CLIENT_SECRET", SECRET), ("COGNITO_TOKEN_URL", &url)];
    let own = [("COGTOK_M2M_CLIENT_SECRET", SECRET), ("COGTOK_TOKEN_URL", &url)];
    for words in [
        &["token", "m2m"][..],
        &["header"],
        &["header", "--as", "m2m"],
        &["call", "http", "https://api.example.com"],
        &["serve"],
        &["doctor", "--offline"],
    ] {
        for (given, missing) in [(old, "COGNITO_M2M_CLIENT_ID"), (own, "COGTOK_M2M_CLIENT_ID")] {
            let run = given.iter().fold(home.cogtok(words), |run, (name, value)| run.env(name, value));
            let out = run.run();
            // A table folds its lines.
            let said = format!("{}{}", out.stdout, out.stderr);
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            out.code(3).check(said.contains(&format!("{missing} is not set, while ")), "named");
            out.check(said.contains(&format!("set {missing} as well")), "what to do");
            out.check(!said.contains("replace it"), "nothing is complete");
        }
    }
    let exec = home.cogtok(["exec", "--", "true"]).env(old[0].0, SECRET).env(old[1].0, &url);
    exec.run()
        .code(125)
        .stderr_has("COGNITO_M2M_CLIENT_ID is not set, while COGNITO_TOKEN_URL and COGNITO_M2M_CLIENT_SECRET are");
    let own_only = home.cogtok(["token", "m2m"]).env("COGTOK_M2M_CLIENT_ID", "machine");
    insta::assert_snapshot!(own_only.env("COGTOK_M2M_CLIENT_SECRET", SECRET).run().message(), @"
    exit 3
    error: no profile is chosen, and COGTOK_TOKEN_URL is not set, while COGTOK_M2M_CLIENT_ID and COGTOK_M2M_CLIENT_SECRET are
    hint: set COGTOK_TOKEN_URL as well
    hint: create one: cogtok profile import SOURCE, or cogtok profile create NAME --m2m-client-id ID --token-url URL
    ");
    let doctor = home.cogtok(["doctor", "--offline"]).env("COGNITO_M2M_CLIENT_ID", "machine").run();
    doctor.code(3).stdout_has("COGNITO_TOKEN_URL is not");
    // A secret may be meant for a profile.
    let secret = home.cogtok(["token", "m2m"]).env("COGTOK_M2M_CLIENT_SECRET", SECRET).run();
    secret.code(3).stderr_has("`m2m.client_id` is not set");
    server.assert_untouched();
    let server = Server::always(Answer::token(&m2m_jwt("machine", "")));
    let all =
        home.cogtok(["header"]).env("COGNITO_M2M_CLIENT_ID", "machine").env("COGNITO_TOKEN_URL", server.token_url());
    all.env("COGNITO_M2M_CLIENT_SECRET", SECRET).run().ok();
}

#[test]
fn of_the_four_of_a_user_the_one_that_is_missing_is_named() {
    let (home, server) = (Home::new(), Server::canary());
    home.canary_password("Correct-Horse-7-Battery");
    let all = [
        ("COGNITO_USER_POOL_ID", POOL),
        ("COGNITO_CLIENT_ID", "1example23456789abcdefghij"),
        ("COGNITO_USERNAME", "alice@example.com"),
        ("COGNITO_PASSWORD", "Correct-Horse-7-Battery"),
    ];
    for (missing, (name, _)) in all.iter().enumerate() {
        let given = all.iter().enumerate().filter(|(index, _)| *index != missing);
        let run = home.cogtok(["token", "user", "--endpoint-url", &server.url()]);
        let out = given.fold(run, |run, (_, (name, value))| run.env(name, value)).run();
        if *name == "COGNITO_PASSWORD" {
            out.code(5).stderr_has("set COGNITO_PASSWORD as well, as COGNITO_USER_POOL_ID is");
        } else {
            out.code(3).stderr_has(&format!("no profile is chosen, and {name} is not set, while "));
            out.stderr_has(&format!("set {name} as well")).stderr_lacks("profile set");
        }
    }
    let list = home.cogtok(["user", "list"]).aws().env("COGNITO_CLIENT_ID", "1example23456789abcdefghij").run();
    list.code(3).stderr_has("COGNITO_USER_POOL_ID is not set, while COGNITO_CLIENT_ID is");
    server.assert_untouched();
}
