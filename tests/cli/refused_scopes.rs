//! Scopes that the app client does not allow are named, and so are those that it allows where that can be known.

use crate::harness::login::{come_back, parameter};
use crate::harness::{Answer, Home, Server};
use serde_json::json;

/// A pool whose app clients allow two scopes, and a token endpoint that refuses others.
fn server(error: &'static str) -> Server {
    Server::start(move |request| match request.operation() {
        Some("DescribeUserPoolClient") => Answer::json(
            200,
            &json!({"UserPoolClient": {"ClientId": request.json()["ClientId"], "UserPoolId": "us-east-1_Scripted0",
                "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["api/read", "api/write"]}}),
        ),
        Some(other) => Answer::aws_error("UnknownOperationException", other),
        None => Answer::json(400, &json!({"error": error})),
    })
}

fn home(server: &Server) -> Home {
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    for (key, value) in [("user_pool_id", "us-east-1_Scripted0"), ("endpoint_url", server.url().as_str())] {
        home.cogtok(["profile", "set", "ws", key, value]).run().ok();
    }
    home
}

#[test]
fn a_machine_learns_which_it_requested_and_which_its_client_has() {
    for (error, code) in [("invalid_scope", 3), ("invalid_grant", 4)] {
        let server = server(error);
        let home = home(&server);
        let scopes = ["--scope", "api/read", "--scope", "api/nosuch"];
        // Nobody named AWS credentials, so none are looked for.
        let output = home.scripted_m2m(&scopes).run();
        output.code(code).stderr_has("cogtok requested: api/nosuch, api/read").stderr_lacks("the app client allows:");
        assert_eq!(server.hits(), 1, "{error}");
        let output = home.scripted_m2m(&scopes).aws().run();
        output.code(code).stderr_has("cogtok requested: api/nosuch, api/read");
        output.stderr_has("the app client allows: api/read, api/write");
        assert_eq!(server.hits(), 3, "{error}");
    }
}

#[test]
fn what_can_not_be_known_is_left_out() {
    let server = Server::start(|request| match request.operation() {
        Some(_) => Answer::aws_error("AccessDeniedException", "not allowed to look"),
        None => Answer::json(400, &json!({"error": "invalid_scope"})),
    });
    let home = home(&server);
    let output = home.scripted_m2m(&["--scope", "api/nosuch"]).aws().run();
    output.code(3).stderr_has("cogtok requested: api/nosuch").stderr_lacks("AccessDenied").stderr_lacks("allows:");
    // Another refusal is not about scopes.
    let refusing = Server::always(Answer::json(400, &json!({"error": "unauthorized_client"})));
    let home = Home::new();
    home.scripted_profile(&refusing.token_url());
    home.scripted_m2m(&[]).run().code(3).stderr_lacks("cogtok requested");
}

#[test]
fn so_does_who_signs_in_with_the_browser() {
    let server = server("never asked");
    let home = Home::new();
    home.login_profile(&server.url());
    let browser = home.fake_browser();
    let running = home.cogtok(["login", "--scope", "openid", "--scope", "api/nosuch"]).aws().browser(&browser).spawn();
    let url = browser.url();
    let state = parameter(&url, "state").unwrap();
    come_back(&url, &format!("error=invalid_scope&state={state}"));
    let output = running.wait();
    output.code(3).stderr_has("cogtok requested: api/nosuch, openid");
    output.stderr_has("the app client allows: api/read, api/write");
}
