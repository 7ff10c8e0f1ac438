//! What `cogtok mcp install` takes over from the session: the client starts cogtok elsewhere, and with a few variables.

use crate::harness::scripted::SECRET;
use crate::harness::{Home, Run, scripted};
use serde_json::{Value, json};

/// What Cognito makes for an app client, where the secret's name should be.
const MISPLACED: &str = "1a2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x5y6z";

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

#[test]
fn the_entry_has_every_setting_of_the_session_and_no_secret() {
    let home = Home::new();
    home.canary(SECRET);
    home.canary(MISPLACED);
    let settings = [
        ("COGTOK_M2M_CLIENT_ID", scripted::CLIENT),
        ("COGTOK_TOKEN_URL", "https://auth.example.com/oauth2/token"),
        ("COGTOK_SCOPES", "api/read"),
        ("COGTOK_USER_POOL_ID", "us-east-1_Example01"),
        ("COGTOK_REGION", "us-east-1"),
        ("COGTOK_CLIENT_ID", "web"),
        ("COGTOK_USERNAME", "alice@example.com"),
        ("COGTOK_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("COGNITO_USER_POOL_ID", "us-east-1_Example01"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", "http://127.0.0.1:9"),
        ("AWS_REGION", "us-east-1"),
        ("COGTOK_TIMEOUT", "60s"),
        ("all_proxy", "http://127.0.0.1:9"),
    ];
    let run =
        settings.iter().fold(install(&home, "cursor", &["--as", "m2m"]), |run, (name, value)| run.env(name, value));
    let run =
        run.env("COGTOK_M2M_CLIENT_SECRET", SECRET).env("COGTOK_SECRET_ARN", MISPLACED).env("COGTOK_PASSWORD", SECRET);
    let output = run.env("AWS_ENDPOINT_URL_STS", "https://u:Correct-Horse-7@sts.example.com").run();
    let entry = output.ok().json()["mcpServers"]["tools"].clone();
    let wanted: serde_json::Map<String, Value> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    assert_eq!(entry["env"], Value::Object(wanted));
    output.stderr_has("cogtok left COGTOK_SECRET_ARN and AWS_ENDPOINT_URL_STS out, since they may contain secrets");
    output.stderr_has(
        "hint: set COGTOK_SECRET_ARN, AWS_ENDPOINT_URL_STS and COGTOK_M2M_CLIENT_SECRET where you start Cursor",
    );
    output.stderr_has("cogtok left COGTOK_M2M_CLIENT_SECRET out, since it is a secret").stderr_lacks("COGTOK_PASSWORD");
}

#[test]
fn what_is_set_on_the_line_is_in_the_entry() {
    let home = home();
    let options = ["--region", "us-east-1", "--aws-profile", "dev", "--endpoint-url", "http://127.0.0.1:9"];
    let more = ["--ca-bundle", "ca.pem", "--timeout", "90s"];
    let wanted = |words: &[&str]| {
        let bundle = home.work().join("ca.pem");
        let more = ["--ca-bundle", bundle.to_str().unwrap(), "--timeout", "90s", "--as", "m2m"];
        [words, &["-p", "ws"], &options, &more].concat().join(" ")
    };
    let line = [&["-p", "ws"], &options[..], &more].concat();
    let args = entry(install(&home, "cursor", &line))["args"].clone();
    let args: Vec<&str> = args.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(args.join(" "), wanted(&["mcp-proxy", "https://gateway.example.com/mcp"]));
    let helper = install(&home, "claude-code", &line).arg("--headers-helper");
    let helper = entry(helper)["headersHelper"].as_str().unwrap().to_owned();
    assert!(helper.ends_with(&wanted(&["header", "--format", "json"])), "{helper}");
    let secret = install(&home, "cursor", &["-p", "ws", "--endpoint-url", "https://u:Correct-Horse-7@example.com"]);
    secret.run().code(2).stdout_is("").stderr_has("user name or password");
}

#[test]
fn what_an_entry_can_not_have_is_named_with_the_place_to_set_it() {
    let home = home();
    home.canary(SECRET);
    let config = home.config_file().to_str().unwrap().to_owned();
    let run = |client: &str, option: &str| {
        let run = install(&home, client, &["-p", "ws", option]).env("COGTOK_CONFIG", &config);
        let output = run.env("COGTOK_SCOPES", "api/read").env("COGTOK_M2M_CLIENT_SECRET", SECRET).run();
        output.ok().stdout_has("cogtok").stderr_has("cogtok left COGTOK_SCOPES and COGTOK_CONFIG out, since ");
        assert!(!output.stdout.contains("\"env\""), "{}", output.stdout);
        output.stderr_has("hint: store it before you start ").stderr_has("cogtok secret set m2m-client -p ws");
        output
    };
    run("cursor", "--project")
        .stderr_has("others may share the project's file")
        .stderr_has("hint: set COGTOK_SCOPES and COGTOK_CONFIG where you start Cursor");
    run("codex", "--project").stderr_has(
        "hint: set COGTOK_SCOPES and COGTOK_CONFIG where you start Codex, and list them in `env_vars` of the server",
    );
    run("claude-code", "--headers-helper").stderr_has("a helper gets only").stderr_has("where you start Claude Code");
}

#[test]
fn what_is_left_out_is_told_of_an_entry_that_is_there() {
    let home = home();
    home.canary("a passphrase of the secrets file");
    let file = home.plant(".cursor/mcp.json", "{");
    home.allow(file.parent().unwrap());
    let run = || {
        let install = ["mcp", "install", "https://gateway.example.com/mcp", "--name", "tools", "--client", "cursor"];
        let run = home.cogtok(install).args(["-p", "ws"]).env("COGTOK_PASSPHRASE", "a passphrase of the secrets file");
        run.env("COGTOK_M2M_CLIENT_SECRET", "a passphrase of the secrets file").run()
    };
    let failed = run();
    failed
        .check(failed.code != Some(0), "a file that is not JSON")
        .stderr_lacks("left")
        .stderr_lacks("where you start");
    assert!(failed.stderr.starts_with("error: "), "{}", failed.stderr);
    std::fs::write(&file, "{}").unwrap();
    let done = run();
    done.ok().stderr_has("cogtok left COGTOK_PASSPHRASE out, since it is a secret");
    let at = |text: &str| done.stderr.find(text).unwrap_or_else(|| panic!("{text}: {}", done.stderr));
    assert!(at("now has the server `tools`") < at("cogtok left COGTOK_M2M_CLIENT_SECRET out"), "{}", done.stderr);
    // A directory in its place is called one.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    run().code(7).stderr_has("mcp.json can't be read: it is a directory").stderr_lacks("left");
}
