//! `cogtok profile import` of files and standard input, and what it writes: names, `--dry-run`, `--replace`, `-o json`.

use crate::harness::{Home, Keyring, Run, Server, workshop};
use crate::import::{import, settings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

const POOL: &str = "us-east-1_AbCdEfGhI";
const TERRAFORM: &str = include_str!("../fixtures/terraform_output.json");
const TERRAFORM_SECRET: &str = "terraform-client-secret-canary";

/// Every file of the home but those that a test's helper makes anew.
fn everything(home: &Home) -> BTreeMap<PathBuf, Vec<u8>> {
    crate::harness::state::files(&home.path(""))
}

fn from_stdin<'h>(home: &'h Home, text: &str, args: &[&str]) -> Run<'h> {
    home.cogtok(["profile", "import", "-"]).args(args).stdin(text)
}

/// The value that each expression of an output in docs/cognito-setup.md has.
const VALUES: [(&str, &str); 11] = [
    ("!Ref Pool", POOL),
    ("!Ref Web", "1example23456789abcdefghij"),
    ("!Ref Machine", "9example8765432zyxwvutsrqp"),
    (
        "!Sub \"https://${Prefix}.auth.${AWS::Region}.amazoncognito.com\"",
        "https://my-prefix.auth.us-east-1.amazoncognito.com",
    ),
    ("!Ref IdentityPool", "us-east-1:11111111-2222-3333-4444-555555555555"),
    ("aws_cognito_user_pool.ws.id", POOL),
    ("aws_cognito_user_pool_client.web.id", "1example23456789abcdefghij"),
    ("aws_cognito_user_pool_client.m2m.id", "9example8765432zyxwvutsrqp"),
    ("aws_cognito_user_pool_domain.ws.domain", "my-prefix"),
    ("aws_cognito_identity_pool.ws.id", "us-east-1:11111111-2222-3333-4444-555555555555"),
    ("aws_cognito_user_pool_client.m2m.client_secret", TERRAFORM_SECRET),
];

#[test]
fn what_the_page_for_administrators_puts_out_makes_a_profile_that_lacks_nothing() {
    let page = include_str!("../../docs/cognito-setup.md");
    let value =
        |of: &str| VALUES.iter().find(|(text, _)| *text == of).unwrap_or_else(|| panic!("the value of `{of}`")).1;
    let (_, outputs) = page.split_once("\nOutputs:\n").unwrap();
    let stack: serde_json::Map<String, Value> = outputs
        .lines()
        .map_while(|line| line.trim().strip_suffix('}')?.split_once(": {Value: "))
        .map(|(name, of)| (name.to_owned(), json!(value(of))))
        .collect();
    let terraform: serde_json::Map<String, Value> = page
        .split("\noutput \"")
        .skip(1)
        .map(|output| {
            let (name, rest) = output.split_once('"').unwrap();
            let mut lines = rest.lines().map_while(|line| (line != "}").then_some(line));
            let is_sensitive = rest.split_once("\n}").unwrap().0.contains("sensitive = true");
            let of = lines.find_map(|line| line.trim().strip_prefix("value")).unwrap().trim().trim_start_matches("= ");
            (name.to_owned(), json!({"sensitive": is_sensitive, "type": "string", "value": value(of)}))
        })
        .collect();
    assert_eq!((stack.len(), terraform.len()), (5, 6), "{stack:?} {terraform:?}");
    let home = Home::new();
    home.canary(TERRAFORM_SECRET);
    let identity = crate::sealed::init(&home);
    for (name, outputs) in [("stack", json!({"ws": stack})), ("tf", json!(terraform))] {
        let out = from_stdin(&home, &outputs.to_string(), &["--name", name]).env("COGTOK_SECRET_IDENTITY", &identity);
        out.run().ok().stderr_lacks("the token endpoint").stderr_lacks("warning");
        let mut expected = json!({"name": name, "user_pool_id": POOL,
            "domain": "https://my-prefix.auth.us-east-1.amazoncognito.com",
            "identity_pool.id": "us-east-1:11111111-2222-3333-4444-555555555555",
            "user.client_id": "1example23456789abcdefghij", "m2m.client_id": "9example8765432zyxwvutsrqp"});
        if name == "tf" {
            expected["secrets"] = json!(["m2m-client"]);
        }
        assert_eq!(settings(&home, name), expected);
    }
}

#[test]
fn terraforms_outputs_from_a_file_and_from_a_pipe() {
    let (home, ws) = (Home::new(), workshop());
    home.canary(TERRAFORM_SECRET);
    let file = home.path("outputs.json");
    std::fs::write(&file, TERRAFORM).unwrap();
    home.allow(&file);
    let expected = |name: &str| {
        json!({"name": name, "user_pool_id": POOL, "domain": "https://agentic-platform-dev.auth.us-east-1.amazoncognito.com",
            "user.client_id": "1example23456789abcdefghij", "m2m.client_id": "9example8765432zyxwvutsrqp",
            "m2m.scopes": ["api.dev/read", "api.dev/write"],
            "m2m.token_url": "https://agentic-platform-dev.auth.us-east-1.amazoncognito.com/oauth2/token"})
    };
    // The name is the domain's; the secret is not taken where there is no place for it.
    let out = home.cogtok(["profile", "import"]).arg(&file).arg("--no-secrets").run();
    out.ok()
        .stderr_has("created profile `agentic-platform-dev`")
        .stderr_has("skipped the m2m-client secret (m2m_client_secret)");
    out.stderr_has("still missing").stderr_has("cogtok secret set m2m-client -p agentic-platform-dev");
    assert_eq!(settings(&home, "agentic-platform-dev"), expected("agentic-platform-dev"));
    insta::assert_snapshot!(from_stdin(&home, TERRAFORM, &["--name", "piped"]).run().message(), @"
    exit 7
    error: no keyring service is reachable: there is no D-Bus session (wanted: the m2m-client secret of client [client]) (profile `piped`)
    hint: log in to a desktop session
    hint: or keep secrets in an encrypted file: cogtok secret init --help
    hint: nothing was imported; `--no-secrets` imports without the secrets
    ");
    home.cogtok(["profile", "show", "piped"]).run().code(3);
    let identity = crate::sealed::init(&home);
    let out = from_stdin(&home, TERRAFORM, &["--name", "piped"]).env("COGTOK_SECRET_IDENTITY", &identity).run();
    out.ok().stderr_has("in the secrets file").stderr_lacks("missing").stderr_lacks("warning");
    let mut with_secret = expected("piped");
    with_secret["secrets"] = json!(["m2m-client"]);
    assert_eq!(settings(&home, "piped"), with_secret);
    // The state itself says `sensitive` of sensitive outputs alone.
    let state = json!({"version": 4, "terraform_version": "1.9.0", "outputs": {
        "user_pool_id": {"value": POOL, "type": "string"}, "m2m_client_id": {"value": "9example8765432zyxwvutsrqp", "type": "string"},
        "m2m_scopes": {"value": ["api.dev/read"], "type": ["list", "string"]},
        "m2m_client_secret": {"value": TERRAFORM_SECRET, "type": "string", "sensitive": true}}, "resources": []});
    let expected = json!({"name": "state", "user_pool_id": POOL, "m2m.client_id": "9example8765432zyxwvutsrqp",
        "m2m.scopes": ["api.dev/read"]});
    for text in [
        state,
        json!({"user_pool_id": {"value": POOL}, "m2m_client_id": {"value": "9example8765432zyxwvutsrqp"},
        "m2m_scopes": {"value": ["api.dev/read"]}}),
    ] {
        from_stdin(&home, &text.to_string(), &["--name", "state", "--no-secrets", "--replace"]).run().ok();
        assert_eq!(settings(&home, "state"), expected, "{text}");
    }
    // Other objects of names and values: the CDK's, Amplify's, and the workshop's parameter as a file.
    for text in [
        json!({"Stack": {"UserPoolId": ws.pool_id, "WebClientId": ws.web.id}}),
        json!({"auth": {"user_pool_id": ws.pool_id, "user_pool_client_id": ws.web.id, "aws_region": "us-east-1"}, "version": "1"}),
        json!({"COGNITO_USER_POOL_ID": ws.pool_id, "COGNITO_USER_CLIENT_ID": ws.web.id}),
        json!({"aws_user_pools_id": ws.pool_id, "aws_user_pools_web_client_id": ws.web.id, "aws_project_region": "us-east-1"}),
    ] {
        from_stdin(&home, &text.to_string(), &["--name", "json", "--replace"]).run().ok();
        let expected = json!({"name": "json", "user_pool_id": ws.pool_id, "user.client_id": ws.web.id});
        assert_eq!(settings(&home, "json"), expected, "{text}");
    }
}

#[test]
fn an_env_file_gives_settings_to_the_file_and_secrets_to_the_keyring() {
    let (keyring, home) = (Keyring::start(), Home::new());
    let secrets = ["env-machine-secret", "env-user-client-secret", "env-user-password"];
    secrets.iter().for_each(|secret| home.canary(*secret));
    let text = format!(
        "# of the workshop\r\nexport COGNITO_USER_POOL_ID=\"{POOL}\"\r\nCOGNITO_CLIENT_ID=web # the app\nCOGNITO_CLIENT_SECRET='{}'\n\
         COGNITO_USERNAME=alice@example.com\nCOGNITO_PASSWORD={}\nCOGNITO_M2M_CLIENT_ID=machine\nCOGNITO_M2M_CLIENT_SECRET={}\n\
         COGNITO_TOKEN_URL=https://ws.example/oauth2/token\nCOGNITO_M2M_SCOPES=api/read api/write\nGITHUB_CLIENT_ID=Iv1.abc\n\
         OPENAI_API_KEY=sk-not-ours\nPATH=/evil\n",
        secrets[1], secrets[2], secrets[0]
    );
    let file = home.path("work.env");
    std::fs::write(&file, &text).unwrap();
    home.allow(&file);
    let run = home.cogtok(["profile", "import", "--name", "ws"]).arg(&file).keyring(&keyring);
    let out = run.run();
    out.ok().stdout_is("").stderr_has("secret, in the keyring").stderr_lacks("missing").stderr_lacks("warning");
    let expected = json!({"name": "ws", "user_pool_id": POOL, "user.client_id": "web", "user.username": "alice@example.com",
        "m2m.client_id": "machine", "m2m.scopes": ["api/read", "api/write"], "m2m.token_url": "https://ws.example/oauth2/token",
        "secrets": ["m2m-client", "user-client", "password"]});
    assert_eq!(sorted_secrets(settings(&home, "ws")), sorted_secrets(expected));
    let mut accounts: Vec<String> = keyring.entries().iter().map(|entry| entry["username"].clone()).collect();
    accounts.sort();
    let api = "https://cognito-idp.us-east-1.amazonaws.com";
    assert_eq!(
        accounts,
        [
            "m2m-client|machine|https://ws.example|".to_string(),
            format!("password|web|{api}|alice@example.com"),
            format!("user-client|web|{api}|")
        ]
    );
}

fn sorted_secrets(mut shown: Value) -> Value {
    if let Some(secrets) = shown["secrets"].as_array_mut() {
        secrets.sort_by_key(|kind| kind.as_str().map(String::from));
    }
    shown
}

#[test]
fn a_dry_run_says_it_all_and_changes_nothing() {
    let (home, ws) = (Home::new(), workshop());
    let silent = Server::canary();
    let bus = format!("tcp:host=127.0.0.1,port={}", silent.port());
    home.config("# mine\ndefault_profile = \"old\"\n[profiles.old.user]\nclient_id = \"x\" # kept\n");
    let before = everything(&home);
    let stack_arn = crate::import::stack(&crate::harness::unique("Dry"), &json!({"UserPoolId": ws.pool_id}));
    let issuer = format!("{}/{}", ws.endpoint, ws.pool_id);
    let file = home.path("dry.env");
    std::fs::write(&file, format!("COGNITO_USER_POOL_ID={POOL}\nCOGNITO_M2M_CLIENT_ID=m\nCOGNITO_M2M_CLIENT_SECRET=dry-run-secret\nCOGNITO_DOMAIN=ws\n")).unwrap();
    home.allow(&file);
    home.canary("dry-run-secret");
    for source in [&ws.ssm_parameter, &ws.secret_arn, &stack_arn, &issuer, &file.to_str().unwrap().to_string()] {
        for more in [&["--name", "new"][..], &["--name", "old", "--replace"], &["--name", "new", "-o", "json"]] {
            let out = import(&home, &[source, "--dry-run"]).args(more).env("DBUS_SESSION_BUS_ADDRESS", &bus).run();
            out.ok().stderr_has("nothing was written (--dry-run)").stderr_has("would be ");
            if more.len() == 4 {
                assert_eq!((&out.json()["is_written"], &out.json()["name"]), (&json!(false), &json!("new")));
            } else {
                out.stdout_is("");
            }
            let mut after = everything(&home);
            after.remove(&file);
            assert_eq!(after, before, "{source} {more:?}");
        }
    }
    silent.assert_untouched();
}

#[test]
fn the_json_form_says_what_was_found_where_and_what_is_missing() {
    let (home, ws) = (Home::new(), workshop());
    let said = import(&home, &[&ws.ssm_parameter, "--name", "ws", "--json"]).run().ok().json();
    assert_eq!((&said["name"], &said["source_kind"], &said["is_written"]), (&json!("ws"), &json!("ssm"), &json!(true)));
    assert_eq!(said["settings"]["m2m.scopes"], json!(["api.dev/read", "api.dev/write"]));
    assert_eq!(said["settings"]["user_pool_id"], json!(ws.pool_id));
    assert_eq!(said["origins"]["user_pool_id"], json!("COGNITO_USER_POOL_ID"));
    assert_eq!((&said["missing"], &said["stored_secrets"]), (&json!([]), &json!([])));
    let text = "COGNITO_M2M_CLIENT_ID=m\nOAUTH_TOKEN_ENDPOINT=http://evil.example/oauth2/token\n";
    let said = from_stdin(&home, text, &["--name", "two", "-o", "json", "-q"]).run();
    said.ok().quiet();
    let commands: Vec<&str> = said.json()["missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|missing| missing["command"].as_str().unwrap().to_string().leak() as &str)
        .collect();
    assert_eq!(commands, ["cogtok profile set two m2m.token_url URL", "cogtok secret set m2m-client -p two"]);
    assert_eq!(said.json()["left_out"][0], json!("skipped OAUTH_TOKEN_ENDPOINT: it can't be `m2m.token_url`"));
    insta::assert_snapshot!(home.cogtok(["profile", "import", "-", "-o", "csv"]).stdin(text).run().message(), @"
    exit 2
    error: `profile import` can't print CSV
    hint: use -o text or -o json
    ");
}

#[test]
fn a_profile_is_replaced_on_demand_alone_and_what_goes_is_said() {
    let (keyring, home) = (Keyring::start(), Home::new());
    home.config(&format!(
        "# mine\nversion = 1\ndefault_profile = \"ws\"\n\n[profiles.ws]\n# the pool\nuser_pool_id = \"{POOL}\" # pool\ndescription = \"Berlin\"\nodd = \"kept?\"\n\n\
         [profiles.ws.user]\nclient_id = \"web\"\nusername = \"alice\"\n\n[profiles.ws.m2m]\nclient_id = \"old\"\ntoken_url = \"https://old.example/oauth2/token\"\n\n# other\n[profiles.other.user]\nclient_id = \"o\"\n"
    ));
    for (kind, secret) in [("m2m-client", "old-machine-secret"), ("user-client", "kept-user-secret")] {
        home.canary(secret);
        home.cogtok(["secret", "set", kind, "-p", "ws"]).stdin(secret).keyring(&keyring).run().ok();
    }
    let before = std::fs::read_to_string(home.config_file()).unwrap();
    let text = format!(
        "COGNITO_USER_POOL_ID={POOL}\nCOGNITO_CLIENT_ID=web\nCOGNITO_M2M_CLIENT_ID=new\nCOGNITO_M2M_CLIENT_SECRET=new-machine-secret\nCOGNITO_TOKEN_URL=https://new.example/oauth2/token\n"
    );
    home.canary("new-machine-secret");
    let again = |args: &[&str]| from_stdin(&home, &text, &["--name", "ws"]).args(args).keyring(&keyring).run();
    again(&[]).code(3).stderr_has("profile `ws` already exists").stderr_has("--replace");
    assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), before);
    let out = again(&["--replace"]);
    out.ok()
        .stderr_has("replaced profile `ws`")
        .stderr_has("unchanged")
        .stderr_has("was old)")
        .stderr_has("was Berlin");
    out.stderr_has("(your own, unchanged)").stderr_has("removed from the keyring").stderr_has("(of client old)");
    out.stderr_has("was https://old.example/oauth2/token").stderr_has("odd");
    let after = std::fs::read_to_string(home.config_file()).unwrap();
    assert!(after.contains("# the pool\nuser_pool_id = \"us-east-1_AbCdEfGhI\" # pool\n"), "{after}");
    assert!(after.contains("# other\n[profiles.other.user]") && after.contains("default_profile = \"ws\""), "{after}");
    for gone in ["Berlin", "odd", "old"] {
        assert!(!after.contains(gone), "{gone} is still there:\n{after}");
    }
    let shown = sorted_secrets(settings(&home, "ws"));
    assert_eq!(shown["secrets"], json!(["m2m-client", "user-client"]));
    let mut accounts: Vec<String> = keyring.entries().iter().map(|entry| entry["username"].clone()).collect();
    accounts.sort();
    let api = "https://cognito-idp.us-east-1.amazonaws.com";
    assert_eq!(accounts, ["m2m-client|new|https://new.example|".to_string(), format!("user-client|web|{api}|")]);
    // Again the same: nothing changes.
    again(&["--replace"]).ok();
    assert_eq!(std::fs::read_to_string(home.config_file()).unwrap().matches("client_id").count(), 3);
}

#[test]
fn names_are_given_or_found_and_are_always_names() {
    let home = Home::new();
    let text = "COGNITO_CLIENT_ID=web\nAWS_REGION=eu-west-1\n";
    insta::assert_snapshot!(from_stdin(&home, text, &[]).run().message(), @"
    exit 2
    error: the source suggests no name for the profile
    hint: add `--name NAME`
    ");
    for bad in ["../x", "a b", "", "-x=", "a/b"] {
        let name = format!("--name={bad}");
        from_stdin(&home, text, &[&name]).run().code(2).stderr_has("is not a profile name");
    }
    insta::assert_snapshot!(from_stdin(&home, text, &["-p", "ws"]).run().message(), @"
    exit 2
    error: `-p` chooses a profile, and this command creates one
    hint: name it with `--name NAME`
    ");
    assert!(!home.config_dir().exists());
    from_stdin(&home, text, &["--name", "ws"]).run().ok();
    assert_eq!(settings(&home, "ws")["region"], json!("eu-west-1"));
    from_stdin(&home, &format!("POOL={POOL}\n"), &[]).run().ok().stderr_has(&format!("created profile `{POOL}`"));
    insta::assert_snapshot!(from_stdin(&home, &format!("POOL={POOL}\n"), &[]).run().message(), @"
    exit 3
    error: profile `[pool]` already exists
    hint: add `--replace` to replace it, or `--name NAME` for another; `--dry-run --replace` shows what would change
    ");
}

#[test]
fn a_quoted_value_of_an_env_file_is_taken_whole_or_not_at_all() {
    let (keyring, home) = (Keyring::start(), Home::new());
    let password = r#"p#w d"x\"#;
    home.canary_password(password);
    let about =
        "COGNITO_USER_POOL_ID=us-east-1_AbCdEfGhI\nCOGNITO_CLIENT_ID=web\nCOGNITO_USERNAME='alice' # the user\n";
    let text = format!("{about}COGNITO_PASSWORD=\"p#w d\\\"x\\\\\" # hers\n");
    from_stdin(&home, &text, &["--name", "ws"]).keyring(&keyring).run().ok().stderr_lacks("warning");
    assert_eq!(keyring.entries()[0]["secret"], password);
    home.canary_password("half-of-a-password");
    for unclear in
        ["\"half-of-a-password", "'half-of-a-password'\\''x'", "\"half-of-a-password\"x", "\"half-of-a-password\\\""]
    {
        let text = format!("{about}OTHERS_KEY=\"-----BEGIN\nCOGNITO_PASSWORD={unclear}\n");
        let out = from_stdin(&home, &text, &["--name", "ws", "--replace"]).keyring(&keyring).run();
        out.ok().stderr_has("line 5: skipped COGNITO_PASSWORD: its quotes are not closed");
        out.stderr_lacks("OTHERS_KEY");
        assert_eq!(keyring.entries()[0]["secret"], password);
    }
}
