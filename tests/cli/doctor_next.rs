//! The last line of `cogtok doctor` is what to type next: what fixes the first failure, what is missing, or what gets a token.

use crate::harness::{Home, workshop};
use serde_json::json;

fn last_line(home: &Home) -> String {
    let output = home.cogtok(["doctor", "--offline"]).prints_on_failure().run();
    output.stderr.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn it_is_the_one_command_that_comes_next() {
    let home = Home::new();
    assert_eq!(last_line(&home), "Next, create a profile: cogtok profile import SOURCE");
    let pool = "user_pool_id = \"us-east-1_AbCdEfGhI\"\n";
    let user = "[profiles.ws.user]\nclient_id = \"web\"\n";
    let machine = "[profiles.ws.m2m]\nclient_id = \"machine\"\ntoken_url = \"https://127.0.0.1:9/oauth2/token\"\n";
    let domain = "domain = \"https://ws.auth.us-east-1.amazoncognito.com\"\n";
    for (profile, expected) in [
        (pool.to_owned(), "Next, name the app client: cogtok profile set ws user.client_id ID"),
        (format!("{pool}{user}"), "Next, get a token: cogtok token user -p ws --username NAME"),
        (format!("{pool}{user}username = \"alice\"\n"), "Next, get a token: cogtok token user -p ws"),
        (format!("{pool}{domain}{user}"), "Next, sign in with the browser: cogtok login -p ws"),
        // The domain may be there for the machine only.
        (format!("{pool}{domain}{user}{machine}"), "Next, get a token: cogtok token user -p ws --username NAME"),
        (
            format!("{pool}{domain}{user}redirect_uris = [\"http://127.0.0.1:8484/callback\"]\n{machine}"),
            "Next, sign in with the browser: cogtok login -p ws",
        ),
        (machine.to_owned(), "Next, store the client secret: cogtok secret set m2m-client -p ws"),
        (format!("{pool}{user}{machine}"), "Next, get a token: cogtok token user -p ws --username NAME"),
    ] {
        home.config(&format!("version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\n{profile}"));
        assert_eq!(last_line(&home), expected, "{profile}");
    }
    let run = home.cogtok(["doctor", "--offline"]);
    home.config(&format!("version = 1\ndefault_profile = \"ws\"\n{machine}"));
    let output = run.env("COGTOK_M2M_CLIENT_SECRET", "of-nobody").run();
    assert_eq!(output.ok().stderr.lines().last(), Some("Next, get a token: cogtok token m2m -p ws"));
    home.config(&format!("version = 1\n{machine}"));
    assert_eq!(last_line(&home), "Next, choose a profile: cogtok profile use NAME");
}

#[test]
fn the_browser_is_named_only_where_the_app_client_takes_it() {
    let ws = workshop();
    let client = |settings: serde_json::Value| {
        let mut body = json!({"ClientName": "next", "GenerateSecret": false,
            "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
        body.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        ws.admin("CreateUserPoolClient", body)["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned()
    };
    let grant = |callback: &str| {
        json!({"AllowedOAuthFlows": ["code"], "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthScopes": ["openid"],
            "SupportedIdentityProviders": ["COGNITO"], "CallbackURLs": [callback]})
    };
    let (browser, by_name) =
        ("sign in with the browser: cogtok login -p ws", "get a token: cogtok token user -p ws --username NAME");
    for (client, expected) in [
        (client(json!({})), by_name),
        (client(grant("https://app.example/cb")), by_name),
        (client(grant("http://127.0.0.1:8484/callback")), browser),
    ] {
        let home = Home::new();
        home.config(&format!(
            "version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"{}\"\ndomain = \"{}\"\n\
             endpoint_url = \"{}\"\n[profiles.ws.user]\nclient_id = \"{client}\"\n",
            ws.pool_id, ws.endpoint, ws.endpoint
        ));
        let output = home.cogtok(["doctor"]).aws().run();
        assert_eq!(output.ok().stderr.lines().last(), Some(format!("Next, {expected}").as_str()), "{}", output.stdout);
    }
}

#[test]
fn a_machine_without_its_secret_is_not_all_right() {
    let home = Home::new();
    home.config(
        "version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\n\
         [profiles.ws.user]\nclient_id = \"web\"\n\
         [profiles.ws.m2m]\nclient_id = \"machine\"\ntoken_url = \"https://127.0.0.1:9/oauth2/token\"\n",
    );
    let doctor = || home.cogtok(["doctor", "--offline"]);
    let output = doctor().run();
    output.ok().stdout_has("! warn  m2m-token        none is cached, and the m2m-client secret of client");
    output.stdout_has("-> store it: cogtok secret set m2m-client -p ws").stderr_lacks("All checks passed");
    let supplied = doctor().env("COGTOK_M2M_CLIENT_SECRET", "of-nobody").run();
    supplied.ok().check(!supplied.stdout.contains("never stored"), "the variable has it");
}

#[test]
fn a_failure_ends_with_what_to_do_about_it() {
    let home = Home::new();
    for config in [
        "version = 1\ndefault_profile = \"gone\"\n[profiles.ws]\n",
        "version = 1\ndefault_profile = \"ws\"\nsecret_store = \"drawer\"\n[profiles.ws]\n",
        "this is not TOML\n",
        "version = 1\ndefault_profile = \"ws\"\n[profiles.ws.m2m]\nclient_id = \"machine\"\n",
        "version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\nregion = \"nowhere at all\"\n",
    ] {
        home.config(config);
        let line = last_line(&home);
        assert!(line.starts_with("hint: ") && line.contains("cogtok "), "{config}: {line}");
    }
}
