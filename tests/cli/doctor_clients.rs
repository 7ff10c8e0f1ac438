//! `cogtok doctor` and AWS: what the app clients allow against what the profile does with them, and whose credentials tell.

use crate::doctor::{hint, is_clean, says};
use crate::doctor_faults::doctor;
use crate::harness::ports::closed_port;
use crate::harness::{Answer, Client, Home, Proxy, workshop};
use serde_json::json;

/// A home whose profile `ws` is the workshop's with this client for users.
fn with_client(client: &Client) -> Home {
    let home = Home::new();
    home.workshop_profile(workshop());
    home.cogtok(["profile", "set", "ws", "user.client_id", &client.id]).run().ok();
    home
}

#[test]
fn a_client_that_does_not_allow_the_flow_is_exit_3_and_the_hint_mends_it() {
    let ws = workshop();
    for (client, flow) in [(&ws.password_only, "password"), (&ws.web, "srp")] {
        let home = with_client(client);
        let other = if flow == "password" { "srp" } else { "custom" };
        home.cogtok(["profile", "set", "ws", "user.auth_flow", other]).run().ok();
        let output = doctor(&home, &[]).aws().run();
        says(output.code(3), "user-client", "fail", &format!("`{other}`"));
        let command = hint(&output, "user-client", "fail");
        assert_eq!(command, format!("cogtok profile set ws user.auth_flow {flow}"));
        home.cogtok(command.split(' ').skip(1)).run().ok();
        says(doctor(&home, &[]).aws().run().ok(), "user-client", "ok", &format!("`{flow}`"));
    }
    let machine = with_client(&ws.m2m);
    let output = doctor(&machine, &[]).aws().run();
    says(output.code(3), "user-client", "warn", "is for machines");
    let home = with_client(&ws.confidential);
    let output = doctor(&home, &[]).aws().run();
    says(output.code(3), "user-client", "fail", "has a secret, but none is stored");
    is_clean(&output, &[ws.confidential.secret.as_deref().unwrap()]);
    let supplied = doctor(&home, &[]).aws().env("COGTOK_USER_CLIENT_SECRET", "user-client-canary").run();
    says(supplied.ok(), "user-client", "ok", "srp");
    let public = doctor(&with_client(&ws.web), &[]).aws().env("COGTOK_USER_CLIENT_SECRET", "user-client-canary").run();
    says(public.code(3), "user-client", "fail", "has no secret");
    let unknown = with_client(&Client { id: "nosuchclient".into(), secret: None });
    says(doctor(&unknown, &[]).aws().run().code(3), "user-client", "fail", "DescribeUserPoolClient was refused");
}

#[test]
fn scopes_grants_and_redirect_uris_are_compared() {
    let (home, ws) = (Home::new(), workshop());
    home.workshop_profile(ws);
    home.cogtok(["profile", "set", "ws", "m2m.scopes", "api.dev/read", "api.dev/admin"]).run().ok();
    let output = doctor(&home, &[]).aws().run();
    says(output.code(3), "m2m-client", "fail", "does not allow the scope api.dev/admin");
    assert_eq!(hint(&output, "m2m-client", "fail"), "cogtok profile set ws m2m.scopes \"api.dev/read api.dev/write\"");
    home.cogtok(["profile", "set", "ws", "m2m.client_id", &ws.web.id]).run().ok();
    says(doctor(&home, &[]).aws().run().code(3), "m2m-client", "fail", "does not allow client_credentials");
    home.cogtok(["profile", "set", "ws", "m2m.client_id", &ws.m2m.id]).run().ok();
    home.cogtok(["profile", "set", "ws", "m2m.scopes", "api.dev/read"]).run().ok();
    home.cogtok(["profile", "set", "ws", "m2m.transport", "api"]).run().ok();
    says(doctor(&home, &[]).aws().run().code(3), "m2m-client", "fail", "the profile uses GetClientToken");
    home.cogtok(["profile", "set", "ws", "m2m.transport", "endpoint"]).run().ok();

    let body = json!({"ClientName": "browser", "GenerateSecret": false, "AllowedOAuthFlows": ["code"],
        "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthScopes": ["openid"], "SupportedIdentityProviders": ["COGNITO"],
        "CallbackURLs": ["http://127.0.0.1:8484/callback", "https://app.example/cb"],
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
    let browser = ws.admin("CreateUserPoolClient", body)["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
    home.cogtok(["profile", "set", "ws", "user.client_id", &browser]).run().ok();
    home.cogtok(["profile", "set", "ws", "domain", &ws.endpoint]).run().ok();
    says(
        doctor(&home, &[]).aws().run().ok(),
        "user-client",
        "ok",
        "redirects the browser to http://127.0.0.1:8484/callback",
    );
    let uris = |list: &[&str]| {
        home.cogtok(["profile", "set", "ws", "user.redirect_uris"]).args(list).run().ok();
    };
    uris(&["http://127.0.0.1:8484/callback", "http://127.0.0.1:8485/callback"]);
    says(doctor(&home, &[]).aws().run().ok(), "user-client", "warn", "http://127.0.0.1:8485/callback");
    uris(&["http://127.0.0.1:8484/callback/"]);
    let output = doctor(&home, &[]).aws().run();
    says(output.code(3), "user-client", "fail", "http://127.0.0.1:8484/callback/");
    let command = hint(&output, "user-client", "fail");
    assert_eq!(command, "cogtok profile set ws user.redirect_uris http://127.0.0.1:8484/callback");
    home.cogtok(["profile", "set", "ws", "user.client_id", &ws.web.id]).run().ok();
    says(doctor(&home, &[]).aws().run().ok(), "user-client", "warn", "does not allow the code grant");
}

#[test]
fn who_may_not_look_at_clients_is_told_and_fails_nothing() {
    let home = Home::new();
    home.workshop_profile(workshop());
    let output = doctor(&home, &[]).run();
    says(output.ok(), "aws-credentials", "warn", "the profile's tokens don't");
    says(&output, "user-client", "skip", "skipped: ");
    let proxy = Proxy::with(&workshop().endpoint, |request| {
        (request.operation() == Some("DescribeUserPoolClient"))
            .then(|| Answer::aws_error("AccessDeniedException", "User: x is not authorized to perform: y"))
    });
    home.profile("no", workshop(), &proxy.url(), &proxy.token_url());
    let output = doctor(&home, &["-p", "no"]).aws().run();
    for check in ["user-client", "m2m-client"] {
        says(output.ok(), check, "skip", "skipped: DescribeUserPoolClient was refused");
    }
}

#[test]
fn aws_credentials_that_the_profile_needs_are_looked_for_and_told_whose() {
    let (home, ws) = (Home::new(), workshop());
    let config = |arn: &str| {
        home.config(&format!(
            "default_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"{}\"\nendpoint_url = \"{}\"\nm2m.secret_arn = \"{arn}\"\n",
            ws.pool_id, ws.endpoint
        ));
    };
    config(&ws.secret_arn);
    let output = doctor(&home, &[]).run();
    says(output.code(9), "aws-credentials", "fail", "Secrets Manager needs them");
    says(&output, "secret", "skip", "without AWS credentials");
    let output = doctor(&home, &[]).aws().canary(ws.m2m_secret()).run();
    says(output.ok(), "aws-credentials", "ok", "arn:aws:");
    says(&output, "secret", "ok", "can be read");
    says(&output, "token-url", "ok", &ws.endpoint);
    says(&output, "m2m-client", "ok", &ws.m2m.id);
    is_clean(&output, &[ws.m2m_secret()]);
    config("arn:aws:secretsmanager:us-east-1:000000000000:secret:none-AbCdEf");
    says(doctor(&home, &[]).aws().run().code(3), "secret", "fail", "GetSecretValue was refused");
    config(&ws.secret_arn);
    // A bare secret says not whose it is, and `doctor` has no option to say so.
    let bare = Proxy::with(&ws.endpoint, |request| {
        let is_meant = request.header("x-amz-target").is_some_and(|target| target.ends_with("GetSecretValue"));
        let body = json!({"ARN": ws.secret_arn, "Name": "x", "SecretString": "bare-client-secret"});
        is_meant.then(|| Answer::json(200, &body))
    });
    home.canary("bare-client-secret");
    let output = doctor(&home, &["--endpoint-url", &bare.url()]).aws().run();
    says(output.code(3), "secret", "fail", "`m2m.client_id` is not set");
    output.stderr_has("cogtok profile set ws m2m.client_id VALUE").stderr_lacks("--client-id");
    let refusing = Proxy::with(&ws.endpoint, |request| {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>no \u{202e}</Message></Error></ErrorResponse>";
        request.text().contains("GetCallerIdentity").then(|| Answer::new(403, "text/xml", body))
    });
    let output = doctor(&home, &["--endpoint-url", &refusing.url()]).aws().run();
    says(output.code(9), "aws-credentials", "fail", "InvalidClientTokenId: no \\u{202e}");
    is_clean(&output, &[]);
    let sts = doctor(&home, &[]).aws().env("AWS_ENDPOINT_URL_STS", format!("http://127.0.0.1:{}", closed_port())).run();
    says(sts.ok(), "aws-credentials", "warn", "GetCallerIdentity: no connection");
    home.cogtok(["profile", "set", "ws", "region", "eu-west-1"]).run().ok();
    says(&doctor(&home, &["--offline"]).run(), "region", "warn", "the pool is in us-east-1");
}

#[test]
fn a_pool_where_anybody_may_sign_up_is_told_where_an_identity_pool_stands_behind_it() {
    let (home, ws) = (Home::new(), workshop());
    home.workshop_profile(ws);
    // Without an identity pool that is the pool's own business.
    assert!(!doctor(&home, &[]).aws().run().ok().stdout.contains("self-sign-up"));
    home.cogtok(["profile", "set", "ws", "identity_pool.id"]).arg(crate::aws_credentials::identity_pool()).run().ok();
    let output = doctor(&home, &[]).aws().run();
    says(output.ok(), "self-sign-up", "warn", &format!("anyone may sign up at {}", ws.pool_id));
    assert!(hint(&output, "self-sign-up", "warn").contains("AllowAdminCreateUserOnly"));

    let told = |config: Option<serde_json::Value>| {
        let mut pool = json!({"UserPool": {"Id": ws.pool_id, "Name": "x"}});
        if let Some(config) = config {
            pool["UserPool"]["AdminCreateUserConfig"] = config;
        }
        Proxy::with(&ws.endpoint, move |request| {
            (request.operation() == Some("DescribeUserPool")).then(|| Answer::json(200, &pool))
        })
    };
    let with = |config| {
        let proxy = told(config);
        doctor(&home, &["--endpoint-url", &proxy.url()]).aws().run()
    };
    says(with(Some(json!({"AllowAdminCreateUserOnly": true}))).ok(), "self-sign-up", "ok", "only administrators");
    // What is not said is not taken for a yes or a no.
    says(with(None).ok(), "self-sign-up", "skip", "does not say");

    says(doctor(&home, &[]).run().ok(), "self-sign-up", "skip", "AWS credentials");
    says(doctor(&home, &["--offline"]).aws().run().ok(), "self-sign-up", "skip", "--offline");
    let refusing = Proxy::with(&ws.endpoint, |request| {
        (request.operation() == Some("DescribeUserPool"))
            .then(|| Answer::aws_error("AccessDeniedException", "User: x is not authorized to perform: y"))
    });
    let output = doctor(&home, &["--endpoint-url", &refusing.url()]).aws().run();
    says(output.ok(), "self-sign-up", "skip", "skipped: DescribeUserPool was refused");
}
