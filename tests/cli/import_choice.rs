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

const ISSUED: [&str; 2] = ["1example23456789abcdefghij", "2example23456789abcdefghij"];

/// An import of this file, without a network.
fn import_of(home: &Home, text: &str, args: &[&str]) -> crate::harness::Output {
    let file = home.plant("class.env", text);
    home.cogtok(["profile", "import", "--name", "ws"]).arg(&file).args(args).run()
}

#[test]
fn one_environments_pool_never_gets_the_client_of_another() {
    let client = ISSUED[0];
    for (pool, other) in
        [("DEV_COGNITO_USER_POOL_ID", "PROD_COGNITO_CLIENT_ID"), ("COGNITO_USER_POOL_ID_DEV", "COGNITO_CLIENT_ID_PROD")]
    {
        let home = Home::new();
        let output = import_of(&home, &format!("{pool}={POOL}\n{other}={client}\n"), &[]);
        output.ok().stderr_has(&format!("skipped {other}: it does not belong with {pool}"));
        output.stderr_has("still missing for users' tokens: the app client");
        assert_eq!(settings(&home, "ws")["user.client_id"], Value::Null);
    }
    let home = Home::new();
    let nested = json!({"dev": {"UserPoolId": POOL}, "prod": {"ClientId": client}}).to_string();
    import_of(&home, &nested, &[]).ok().stderr_has("skipped prod.ClientId: it does not belong with dev.UserPoolId");
    let home = Home::new();
    home.canary("secret-of-production");
    let machine = format!(
        "DEV_M2M_CLIENT_ID={client}\nPROD_M2M_CLIENT_SECRET=secret-of-production\nPROD_TOKEN_URL=https://ws.example/oauth2/token\n"
    );
    let output = import_of(&home, &machine, &[]);
    output.ok().stderr_has("skipped PROD_M2M_CLIENT_SECRET").stderr_has("skipped PROD_TOKEN_URL");
    output.stderr_has("cogtok secret set m2m-client -p ws");
    assert_eq!(settings(&home, "ws")["m2m.token_url"], Value::Null);
}

#[test]
fn a_suffix_names_an_environment_as_a_prefix_does() {
    let home = Home::new();
    let text = format!("COGNITO_USER_POOL_ID_DEV={POOL}\nCOGNITO_CLIENT_ID_DEV=web\n");
    import_of(&home, &text, &[]).ok().stderr_lacks("skipped").stderr_lacks("missing");
    assert_eq!(settings(&home, "ws")["user.client_id"], json!("web"));
}

#[test]
fn a_client_decides_where_environments_share_a_pool_and_a_discovery_url_where_it_names_the_pool() {
    let [dev, prod] = ISSUED;
    let of = |name: &str, client: &str| {
        format!(
            "{name}_COGNITO_USER_POOL_ID={POOL}\n{name}_COGNITO_CLIENT_ID={client}\n{name}_COGNITO_DOMAIN={}.example.com\n",
            name.to_lowercase()
        )
    };
    let home = Home::new();
    let output = import_of(&home, &(of("DEV", dev) + &of("PROD", prod)), &["--client-id", prod]);
    output.ok().stderr_lacks("missing").stderr_lacks("skipped PROD").stderr_has("skipped DEV_COGNITO_DOMAIN");
    let shown = settings(&home, "ws");
    assert_eq!((&shown["user_pool_id"], &shown["domain"]), (&json!(POOL), &json!("https://prod.example.com")));

    let of = |name: &str, pool: &str, client: &str| {
        let url = format!("https://cognito-idp.us-east-1.amazonaws.com/{pool}/.well-known/openid-configuration");
        format!("{name}_DISCOVERY_URL={url}\n{name}_CLIENT_ID={client}\n")
    };
    let home = Home::new();
    let text = of("RUNTIME", "us-east-1_Runtime00", dev) + &of("IDENTITY", "us-east-1_Identity0", prod);
    import_of(&home, &text, &["--user-pool-id", "us-east-1_Identity0"]).ok().stderr_has("skipped RUNTIME_CLIENT_ID");
    assert_eq!(settings(&home, "ws")["user.client_id"], json!(prod));
}

#[test]
fn a_secret_of_no_known_client_is_named_and_unlike_names_are_doubted() {
    let home = Home::new();
    home.canary("secret-of-identity");
    let text =
        format!("RUNTIME_POOL_ID={POOL}\nRUNTIME_CLIENT_ID={}\nIDENTITY_CLIENT_SECRET=secret-of-identity\n", ISSUED[0]);
    import_of(&home, &text, &[]).ok().stderr_has("skipped IDENTITY_CLIENT_SECRET");
    let home = Home::new();
    let text = format!("RUNTIME_POOL_ID={POOL}\nIDENTITY_CLIENT_ID={}\n", ISSUED[0]);
    import_of(&home, &text, &[])
        .ok()
        .stderr_has("comes from RUNTIME_POOL_ID and `user.client_id` comes from IDENTITY_CLIENT_ID: check that they belong together");
}
