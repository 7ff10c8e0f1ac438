//! What `cogtok mcp install` takes over from the session: the client starts cogtok elsewhere, and with a few variables.

use crate::harness::{Home, Run};
use serde_json::{Value, json};

/// A home with a profile of a machine.
fn home() -> Home {
    let home = Home::new();
    home.scripted_profile("http://127.0.0.1:9/oauth2/token");
    home
}

/// `mcp install` that only shows the entry.
fn install<'h>(home: &'h Home, client: &str, more: &[&str]) -> Run<'h> {
    let install = ["mcp", "install", "https://gateway.example.com/mcp", "--name", "tools", "--client", client];
    home.cogtok(install).args(["--print", "--edit-file"]).args(more)
}

/// The entry that is shown for Cursor.
fn entry(run: Run<'_>) -> Value {
    run.run().ok().json()["mcpServers"]["tools"].clone()
}

#[test]
fn paths_hold_in_the_directory_of_the_client_too() {
    let home = home();
    std::fs::copy(home.config_file(), home.path("config.toml")).unwrap();
    let run = install(&home, "cursor", &["-p", "ws"]);
    let run = run.env("COGTOK_CONFIG", "../config.toml").env("COGTOK_SECRET_IDENTITY", "identity.txt");
    let run =
        run.env("SSL_CERT_FILE", "ca.pem").env("SSL_CERT_DIR", "certs:/etc/certs").env("AWS_CA_BUNDLE", "aws.pem");
    let run = run.env("AWS_CONFIG_FILE", "aws/config").env("AWS_SHARED_CREDENTIALS_FILE", "~/aws/credentials");
    let at = |name: &str| home.work().join(name).to_str().unwrap().to_owned();
    let wanted = json!({
        "COGTOK_CONFIG": at("../config.toml"),
        "COGTOK_SECRET_IDENTITY": at("identity.txt"),
        "SSL_CERT_FILE": at("ca.pem"),
        "SSL_CERT_DIR": format!("{}:/etc/certs", at("certs")),
        "AWS_CA_BUNDLE": at("aws.pem"),
        "AWS_CONFIG_FILE": at("aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": "~/aws/credentials",
    });
    assert_eq!(entry(run)["env"], wanted);
}

#[test]
fn only_the_address_of_a_proxy_may_contain_a_password() {
    let home = home();
    let config = home.config_file().to_str().unwrap().to_owned();
    let named = "/home/alice@corp.example.com/identity.txt";
    let run = |proxy: &str| {
        let run = install(&home, "cursor", &["-p", "ws"]).env("COGTOK_CONFIG", &config);
        let run = run.env("COGTOK_SECRET_IDENTITY", named).env("NO_PROXY", "a@b.example.com").env("https_proxy", proxy);
        let output = run.run();
        let env = output.ok().json()["mcpServers"]["tools"]["env"].clone();
        (env, output.stderr.contains("cogtok left https_proxy out"))
    };
    let wanted = json!({"COGTOK_CONFIG": config, "COGTOK_SECRET_IDENTITY": named, "NO_PROXY": "a@b.example.com"});
    for secret in ["http://u:p@127.0.0.1:9", "u:p@127.0.0.1:9", "http://u:p/w@127.0.0.1:9", "http://u:9/w@127.0.0.1:9"]
    {
        assert_eq!(run(secret), (wanted.clone(), true), "{secret}");
    }
    let (env, is_left_out) = run("http://127.0.0.1:9");
    assert_eq!((&env["https_proxy"], is_left_out), (&json!("http://127.0.0.1:9"), false));
}
