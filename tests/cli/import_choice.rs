//! `cogtok profile import` of pools and stacks that leave a choice: a person or an option makes it.

use crate::harness::{Answer, Home, Keyring, Request, Server};
use crate::import::settings;
use crate::import_hostile::{AMZ, POOL, assert_untouched, at, stack_answer};
use serde_json::{Value, json};

/// A pool with these clients, by name and ExplicitAuthFlows, over as many pages as there are clients.
fn pool_of(clients: &'static [(&'static str, &'static str)]) -> Server {
    Server::start(move |request: &Request| {
        let body = if request.body.is_empty() { Value::Null } else { request.json() };
        let answer = match request.operation() {
            Some("DescribeUserPool") => json!({"UserPool": {"Id": POOL, "Name": "scripted"}}),
            Some("ListUserPoolClients") => {
                let at: usize = body["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
                let next = (at + 1 < clients.len()).then(|| (at + 1).to_string());
                let page: Vec<Value> = clients
                    .get(at)
                    .into_iter()
                    .map(|(name, _)| json!({"ClientId": name, "ClientName": format!("{name} \u{1b}[31m")}))
                    .collect();
                let mut answer = json!({"UserPoolClients": page});
                if let Some(next) = next {
                    answer["NextToken"] = next.into();
                }
                answer
            }
            Some("DescribeUserPoolClient") => {
                let id = body["ClientId"].as_str().unwrap();
                let flows = clients.iter().find(|(name, _)| *name == id).map_or("", |(_, flows)| flows);
                let machine = id.starts_with("machine");
                json!({"UserPoolClient": {"ClientId": id, "ClientName": format!("{id} \u{1b}[31m"), "ExplicitAuthFlows": flows.split(' ').collect::<Vec<_>>(),
                    "AllowedOAuthFlows": if machine { vec!["client_credentials"] } else { vec![] }}})
            }
            _ => return Answer::json(404, &json!({})),
        };
        Answer::new(200, AMZ, answer.to_string())
    })
}

const CLIENTS: &[(&str, &str)] = &[
    ("web", "ALLOW_USER_PASSWORD_AUTH ALLOW_REFRESH_TOKEN_AUTH"),
    ("mobile", "ALLOW_USER_SRP_AUTH ALLOW_USER_PASSWORD_AUTH"),
    ("refresh", "ALLOW_REFRESH_TOKEN_AUTH"),
];

#[test]
fn of_several_clients_one_is_chosen_by_a_person_or_an_option() {
    let (home, server) = (Home::new(), pool_of(CLIENTS));
    let out = at(&home, &server, &[POOL]).run();
    out.code(5)
        .stderr_has("more than one app client for users")
        .stderr_has("`--client-id ID`")
        .stderr_has("mobile (app client");
    assert_untouched(&home);
    assert_eq!(server.requests().iter().filter(|r| r.operation() == Some("ListUserPoolClients")).count(), 3);
    for (typed, flow) in [("1", "password"), ("mobile", "srp")] {
        let mut terminal = at(&home, &server, &[POOL, "--replace"]).pty();
        terminal
            .expect("2  mobile (app client mobile \\u{1b}[31m)")
            .expect("Which app client for users? [1-3]")
            .send_line(typed);
        let session = terminal.wait();
        assert_eq!(session.code, Some(0), "{}", session.text);
        assert_eq!(settings(&home, "ws")["user.auth_flow"], json!(flow));
    }
    let mut terminal = at(&home, &server, &[POOL, "--replace"]).pty();
    for _ in 0..3 {
        terminal.expect("[1-3]").send_line("4");
    }
    assert_eq!(terminal.wait().code, Some(2));
    let before = server.hits();
    at(&home, &server, &[POOL, "--replace", "--client-id", "web"]).run().ok();
    assert_eq!(settings(&home, "ws")["user.client_id"], json!("web"));
    let more: Vec<String> =
        server.requests()[before..].iter().filter_map(|r| r.operation().map(String::from)).collect();
    assert_eq!(more, ["DescribeUserPool", "DescribeUserPoolClient"], "no more than is needed");
    let out = at(&home, &server, &[POOL, "--replace", "--client-id", "refresh"]).run();
    out.ok().stderr_has("no sign-in with a user name");
    assert_eq!(settings(&home, "ws")["user.auth_flow"], Value::Null);
}

#[test]
fn what_a_client_is_for_shows_in_its_settings() {
    let secret = "scripted-client-secret";
    let describe = move |id: &str| match id {
        "jobs" => json!({"ClientId": "jobs", "ClientSecret": secret, "ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"]}),
        _ => {
            json!({"ClientId": "web", "ClientSecret": secret, "ExplicitAuthFlows": ["ALLOW_USER_AUTH"], "AllowedOAuthFlows": ["code"],
            "CallbackURLs": ["https://app.example/callback", "http://127.0.0.1:8484/callback", "app://callback", "http://localhost:9000/"]})
        }
    };
    let server = Server::start(move |request: &Request| {
        let answer = match request.operation() {
            Some("DescribeUserPool") => {
                json!({"UserPool": {"Id": POOL, "Name": "scripted", "CustomDomain": "auth.example.com"}})
            }
            Some("ListUserPoolClients") => json!({"UserPoolClients": [{"ClientId": "jobs"}, {"ClientId": "web"}]}),
            Some("DescribeUserPoolClient") => {
                json!({"UserPoolClient": describe(request.json()["ClientId"].as_str().unwrap())})
            }
            _ => return Answer::json(404, &json!({})),
        };
        Answer::new(200, AMZ, answer.to_string())
    });
    let (keyring, home) = (Keyring::start(), Home::new());
    at(&home, &server, &[POOL]).keyring(&keyring).canary(secret).run().ok().stderr_lacks("missing");
    let shown = settings(&home, "ws");
    assert_eq!((&shown["user.client_id"], &shown["user.auth_flow"]), (&json!("web"), &json!("user-auth")));
    assert_eq!(shown["user.redirect_uris"], json!(["http://127.0.0.1:8484/callback", "http://localhost:9000/"]));
    assert_eq!((&shown["m2m.client_id"], &shown["m2m.transport"]), (&json!("jobs"), &json!("api")));
    assert_eq!(shown["domain"], json!("https://auth.example.com"));
    // The users' client proves itself at the API and at the domain alike.
    let mut accounts: Vec<String> = keyring.entries().iter().map(|entry| entry["username"].clone()).collect();
    accounts.sort();
    let url = server.url();
    let expected = [
        format!("m2m-client|jobs|{url}|"),
        format!("user-client|web|{url}|"),
        "user-client|web|https://auth.example.com|".into(),
    ];
    assert_eq!(accounts, expected);
    // Nor is a token asked for anywhere while a profile is made.
    let operations = ["DescribeUserPool", "ListUserPoolClients", "DescribeUserPoolClient"];
    assert!(server.requests().iter().all(|request| operations.contains(&request.operation().unwrap_or_default())));
}

#[test]
fn outputs_that_name_two_pools_are_not_mixed() {
    let output = |key: &str, value: &str| {
        format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>")
    };
    let outputs =
        output("BluePoolId", "us-east-1_Blue") + &output("GreenPoolId", "us-east-1_Green") + &output("ClientId", "web");
    let server = Server::start(move |request: &Request| {
        if request.text().contains("DescribeStacks") { stack_answer(&outputs) } else { Answer::json(404, &json!({})) }
    });
    let home = Home::new();
    let out = at(&home, &server, &["stack", "--from", "stack"]).run();
    out.code(5)
        .stderr_has("us-east-1_Blue (BluePoolId), us-east-1_Green (GreenPoolId)")
        .stderr_has("`--user-pool-id ID`");
    assert_untouched(&home);
    at(&home, &server, &["stack", "--from", "stack", "--user-pool-id", "us-east-1_Green"]).run().ok();
    assert_eq!(settings(&home, "ws")["user_pool_id"], json!("us-east-1_Green"));
}
