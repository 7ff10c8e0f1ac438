//! Whose AWS credentials sign, where signed calls go, and what a credential process may see.

use crate::harness::{Answer, Home, Server, unique, workshop};
use serde_json::{Value, json};

const POOL: &str = "us-east-1_Scripted0";

/// A Cognito that knows no users, and remembers who asked.
fn no_users() -> Server {
    Server::always(Answer::json(200, &json!({"Users": []})))
}

/// A home whose profile `ws` has a pool at this server, and an AWS configuration.
fn home_of(server: &Server, aws_config: &str) -> Home {
    let home = Home::new();
    home.config(&format!("[profiles.ws]\nuser_pool_id = \"{POOL}\"\nendpoint_url = \"{}\"\n", server.url()));
    home.plant(".aws/config", aws_config);
    home
}

fn signers(server: &Server) -> Vec<String> {
    let credential = |header: &str| header.split("Credential=").nth(1).unwrap().split('/').next().unwrap().to_string();
    server.requests().iter().map(|request| credential(request.header("authorization").unwrap())).collect()
}

#[test]
fn a_profile_that_was_asked_for_comes_before_keys_in_the_environment() {
    let server = no_users();
    let config = "[profile org]\naws_access_key_id = AKIAORG\naws_secret_access_key = of-org\n\
                  [profile made]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"AKIAMADE\",\"SecretAccessKey\":\"x\"}'\n";
    let home = home_of(&server, config);
    let list = |args: &[&str]| {
        let run = home.cogtok(["user", "list", "-p", "ws"]).args(args);
        run.env("AWS_ACCESS_KEY_ID", "AKIAENV").env("AWS_SECRET_ACCESS_KEY", "of-env")
    };
    list(&["--aws-profile", "org"]).run().ok();
    list(&["--aws-profile", "made"]).run().ok();
    list(&[]).env("COGTOK_AWS_PROFILE", "org").run().ok();
    list(&[]).run().ok();
    // What AWS's own variable names is weaker than keys, as in the AWS tools.
    list(&[]).env("AWS_PROFILE", "org").run().ok();
    assert_eq!(signers(&server), ["AKIAORG", "AKIAMADE", "AKIAORG", "AKIAENV", "AKIAENV"]);
}

#[test]
fn an_endpoint_of_the_aws_configuration_counts_for_nothing() {
    let canary = Server::canary();
    let home = Home::new();
    home.plant(".aws/config", format!("[default]\nregion = us-east-1\nendpoint_url = {}\n", canary.url()));
    let create = home.cogtok(["user", "create", "--timeout", "3s"]).aws().env("COGTOK_USER_POOL_ID", POOL);
    // Nothing resolves here, so the call to AWS fails; what counts is that it was AWS that was called.
    create.run().code(6).stderr_has("cognito-idp.us-east-1.amazonaws.com");
    let token = home.cogtok(["token", "m2m", "--secret-arn", "name", "--timeout", "3s"]).aws();
    insta::assert_snapshot!(token.run().message(), @"
    exit 6
    error: GetSecretValue: no connection to secretsmanager.us-east-1.amazonaws.com: failed to lookup address information: Name or service not known
    hint: check the URL, the network and the proxy, then try again
    ");
    canary.assert_untouched();
}

#[test]
fn a_process_is_found_however_its_file_and_key_are_written() {
    let server = no_users();
    let secret = unique("secret-of-the-environment");
    for (place, variable, key) in
        [(".aws/config", None, "Credential_Process"), ("elsewhere/aws", Some("~/elsewhere/aws"), "credential_process")]
    {
        let home = home_of(&server, "");
        let dump = home.path("dump");
        let answer = "{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKIAMADE\\\",\\\"SecretAccessKey\\\":\\\"x\\\"}";
        let process = format!("sh -c \"env > '{}'; echo '{answer}'\"", dump.display());
        home.plant(place, format!("[default]\n{key} = {process}\n"));
        let mut run = home.cogtok(["user", "list", "-p", "ws"]).canary(&secret).env("COGTOK_PASSWORD", &secret);
        if let Some(value) = variable {
            run = run.env("AWS_CONFIG_FILE", value);
        }
        run.env("VISIBLE", "to-the-child").run().ok();
        let seen = std::fs::read_to_string(&dump).unwrap();
        assert!(seen.contains("VISIBLE=to-the-child") && !seen.contains(&secret), "{key}: {seen}");
    }
}

#[test]
fn a_configuration_that_cannot_be_looked_at_is_not_handed_on() {
    let home = home_of(&no_users(), "");
    home.plant(".aws/config", b"[default]\ncredential_process = x \xff\n");
    insta::assert_snapshot!(home.cogtok(["user", "list", "-p", "ws"]).run().message(), @"
    exit 9
    error: [home]/.aws/config can't be read: it is not UTF-8 (profile `ws`)
    ");
}

#[test]
fn scopes_that_were_asked_for_are_never_served_from_those_of_a_secret() {
    let token_endpoint = Server::start(|request| {
        let scope = request.form("scope").unwrap_or_default();
        Answer::token(&crate::harness::m2m_jwt("client", &scope))
    });
    let bundle = json!({
        "client_id": "client", "client_secret": "bundled-secret", "token_url": token_endpoint.token_url(), "scopes": "b c",
    });
    let body = json!({"Name": unique("scopes"), "SecretString": bundle.to_string()});
    let arn = workshop().ministack.admin("secretsmanager.CreateSecret", &body)["ARN"].as_str().unwrap().to_string();
    let home = Home::new();
    home.config(&format!(
        "default_profile = \"ws\"\n[profiles.ws]\nendpoint_url = \"{}\"\n[profiles.ws.m2m]\nsecret_arn = \"{arn}\"\nscopes = [\"a\"]\n",
        workshop().endpoint
    ));
    let scope = |args: &[&str]| {
        let run = home.cogtok(["token", "m2m", "--json"]).args(args).aws().canary("bundled-secret");
        run.run().ok().json()["scope"].clone()
    };
    assert_eq!(scope(&[]), Value::from("b c"));
    assert_eq!(scope(&["--scope", "a"]), Value::from("a"));
    assert_eq!(scope(&[]), Value::from("b c"));
    assert_eq!(token_endpoint.hits(), 2);
}
