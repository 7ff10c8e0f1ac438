//! What fails for very many users: twenty warnings, a line that counts the others, and what to do.

use crate::harness::{Answer, Home, Run, Server};
use serde_json::{Value, json};
use std::time::Duration;

/// On a busy machine thirty users take their time.
const TIMEOUT: Duration = Duration::from_secs(120);

fn answer(body: &Value) -> Answer {
    Answer::new(200, "application/x-amz-json-1.1", body.to_string())
}

/// A pool of thirty users in which nothing about a user is allowed but for the last two.
fn refusing() -> (Home, Server) {
    let server = Server::start(|request| {
        let body = request.json();
        let is_one_of_two = body["Username"].as_str().is_some_and(|name| name.contains("29") || name.contains("30"));
        match request.operation() {
            Some("ListUsers") => {
                let user = |seat: usize| {
                    json!({"Username": format!("seat-{seat:02}"), "UserStatus": "CONFIRMED", "Enabled": true,
                        "UserCreateDate": 1_700_000_000, "Attributes": []})
                };
                answer(&json!({"Users": (1..=30).map(user).collect::<Vec<_>>()}))
            }
            Some("AdminCreateUser") if is_one_of_two => answer(
                &json!({"User": {"Username": body["Username"], "UserStatus": "FORCE_CHANGE_PASSWORD", "Attributes": []}}),
            ),
            _ if is_one_of_two => answer(&json!({})),
            _ => Answer::aws_error("UserLambdaValidationException", "not this one").unlike_aws(),
        }
    });
    let home = Home::new();
    home.config(&format!(
        "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{}\"\n",
        server.url()
    ));
    (home, server)
}

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().prints_on_failure().warns_of_many().timeout(TIMEOUT)
}

#[test]
fn twenty_of_them_are_warnings_and_the_others_are_counted() {
    let (home, _server) = refusing();
    for args in [
        &["create", "--count", "30"][..],
        &["delete", "--filter", "status = \"Enabled\"", "--yes"],
        &["set-password", "--filter", "status = \"Enabled\"", "--yes"],
    ] {
        let output = user(&home, args).run();
        output.code(10).stderr_has("2 of 30 users").stderr_has("8 more users failed");
        let warnings = output.stderr.lines().filter(|line| line.starts_with("warning: "));
        // Here is no place for the key that seals passwords.
        let warnings = warnings.filter(|line| !line.contains("no secret store can be opened"));
        let (of_users, others): (Vec<&str>, Vec<&str>) = warnings.partition(|line| line.contains("not this one"));
        assert_eq!((of_users.len(), others.len()), (20, 1), "{}", output.describe());
    }
}
