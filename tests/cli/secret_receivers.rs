//! What `cogtok secret set` says of where the secret will be sent.

use crate::harness::{Home, Keyring};

const TOKEN_URL: &str = "https://ws.auth.us-east-1.amazoncognito.com/oauth2/token";
const AS_WELL: &str =
    "only to https://ws.auth.us-east-1.amazoncognito.com and, for a token exchange, to AWS's own Cognito API\n";

fn home(of_profile: &str) -> Home {
    let home = Home::new();
    home.config(&format!(
        "version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\n{of_profile}\
         [profiles.ws.user]\nclient_id = \"1example23456789abcdefghij\"\nusername = \"alice\"\n\
         [profiles.ws.m2m]\nclient_id = \"machine\"\ntoken_url = \"{TOKEN_URL}\"\n"
    ));
    home
}

#[test]
fn a_machines_secret_is_said_to_go_to_the_cognito_api_as_well() {
    let (home, keyring) = (home(""), Keyring::start());
    let set = |kind: &str| home.cogtok(["secret", "set", kind]).keyring(&keyring).stdin("receivers-canary-1").run();
    home.canary("receivers-canary-1");
    set("m2m-client").ok().stderr_has(AS_WELL);
    // Those of users go where they were stored for, and nowhere else.
    for kind in ["user-client", "password"] {
        set(kind).ok().stderr_has("only to https://cognito-idp.us-east-1.amazonaws.com\n").stderr_lacks("exchange");
    }
}

#[test]
fn with_an_endpoint_of_its_own_it_goes_to_one_address() {
    let (home, keyring) = (home("endpoint_url = \"http://127.0.0.1:9\"\n"), Keyring::start());
    let set = home.cogtok(["secret", "set", "m2m-client"]).keyring(&keyring).stdin("receivers-canary-2").run();
    set.ok().stderr_has("only to https://ws.auth.us-east-1.amazoncognito.com\n").stderr_lacks("exchange");
}
