//! `cogtok profile lint`: what is wrong with a configuration, where, and never with which value.

use crate::harness::{Home, Output};
use serde_json::{Value, json};

/// Line, column and message of each finding.
fn found(output: &Output) -> Vec<(u64, u64, String)> {
    let list = output.json();
    let finding = |finding: &Value| {
        let number = |name: &str| finding[name].as_u64().unwrap();
        (number("line"), number("column"), finding["message"].as_str().unwrap().to_owned())
    };
    list.as_array().unwrap().iter().map(finding).collect()
}

#[test]
fn each_mistake_is_told_with_its_place_and_the_way_out() {
    let home = Home::new();
    let path = home.config(
        "defaultprofile = \"ws\"\ndefault_profile = \"wss\"\nsecret_store = \"vault\"\nversion = \"1\"\n\
         [profiles.ws]\nuserpool_id = \"x\"\n  region = 5 # five\nsecrets = [\"m2m-client\", \"m2m\"]\nmin_validity = \"soon\"\n\
         m2m = { client_id = \"a\", token_url = \"http://a.example\", scopes = [\"a/b\", \"c\\\"d\"], scope_in_query = \"no\" }\n\
         [profiles.ws.user]\nauth_flow = \"SRP\"\n\"namé\" = 1\n[profiles.ws.user.deep]\nx = 1\n[profiles.\"a b\"]\n[profiles]\nz = 3\n",
    );
    let output = home.cogtok(["profile", "lint", "--json"]).run();
    output.code(3).stderr_has("16 things are wrong with ").stderr_has(path.to_str().unwrap());
    let expected: Vec<(u64, u64, &str)> = vec![
        (1, 1, "`defaultprofile` is not a known key"),
        (2, 19, "`default_profile` names a profile that this file does not have"),
        (3, 16, "`secret_store` is not a secret store: use one of keyring, file"),
        (4, 11, "`version` is not a number: it is 1"),
        (6, 1, "`userpool_id` is not a known key"),
        (7, 12, "`region` is not a string"),
        (8, 26, "`secrets` is not a kind of secret: use one of m2m-client, user-client, password, totp"),
        (9, 16, "`min_validity` is not a duration: write it as 90s, 5m, 1h or 3d"),
        (
            10,
            38,
            "`m2m.token_url` is refused: plain http is allowed only to this machine (127.0.0.1, [::1], localhost)",
        ),
        (10, 75, "`m2m.scopes` is not a scope (RFC 6749 section 3.3)"),
        (10, 101, "`m2m.scope_in_query` is neither true nor false"),
        (12, 13, "`user.auth_flow` is not a sign-in flow: use one of srp, password, user-auth, admin, custom"),
        (13, 1, "`user.namé` is not a known key"),
        (14, 19, "`user.deep` is not a known key"),
        (16, 11, "this can't be a profile's name, so the profile is ignored"),
        (18, 1, "this profile is not a table"),
    ];
    let got = found(&output);
    let got: Vec<(u64, u64, &str)> = got.iter().map(|(line, column, text)| (*line, *column, text.as_str())).collect();
    assert_eq!(got, expected);
}

#[test]
fn it_says_what_was_meant_and_what_to_type() {
    let home = Home::new();
    let path = home.config(
        "default_profile = \"worksop\"\n[profiles.workshop]\nscopes = [\"a/b\"]\nregion = [\"us-east-1\"]\nm2m.tokenurl = \"x\"\n",
    );
    let file = path.display();
    let output = home.cogtok(["profile", "lint"]).run();
    output.code(3).stdout_is(&format!(
        "{file}:1:19: `default_profile` names a profile that this file does not have; did you mean `workshop`?\n\
         {file}:3:1: `scopes` is not a known key (profile `workshop`); did you mean `m2m.scopes`?\n\
         {file}:4:10: `region` is not a string (profile `workshop`); run `cogtok profile set workshop region VALUE`\n\
         {file}:5:5: `m2m.tokenurl` is not a known key (profile `workshop`); did you mean `m2m.token_url`?\n"
    ));
    output.stderr_has("4 things are wrong with ");
}

#[test]
fn a_file_without_mistakes_is_exit_0_and_silence() {
    let home = Home::new();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml");
    home.cogtok(["profile", "lint", example]).run().ok().quiet().stdout_is("");
    home.cogtok(["profile", "lint", example, "--json"]).run().ok().quiet().stdout_is("[]\n");
    home.cogtok(["profile", "lint"]).run().ok().stdout_is("").stderr_has("there is no ");
    home.cogtok(["profile", "create", "ws", "--user-pool-id", "us-east-1_AbCdEfGhI", "--client-id", "web"]).run().ok();
    home.cogtok(["profile", "lint"]).run().ok().quiet().stdout_is("");
    home.config("");
    home.cogtok(["profile", "lint"]).run().ok().quiet().stdout_is("");
}

#[test]
fn what_the_export_wrote_is_no_mistake_but_for_secrets_in_plain_text() {
    let home = Home::new();
    home.cogtok(["profile", "create", "ws", "--user-pool-id", "us-east-1_AbCdEfGhI", "--client-id", "web"]).run().ok();
    let export = home.cogtok(["profile", "export", "ws"]).run().ok().stdout.clone();
    let lint = |text: &str| home.cogtok(["profile", "lint"]).arg(home.plant("ws.toml", text)).run();
    lint(&export).ok().quiet().stdout_is("");
    home.canary("hunter2hunter2");
    let secrets = "\n[secrets.ws]\npassword = \"hunter2hunter2\"\npasswort = \"x\"\n[secrets.two]\ntotp = 1\n";
    let told = lint(&format!("{export}{secrets}"));
    told.code(3).stdout_has(": `secrets.ws.password` is a secret in plain text; seal it: cogtok profile export");
    told.stdout_has("`secrets.ws.passwort` is not a kind of secret; choose one of m2m-client, ");
    told.stdout_has("`secrets.two` belongs to no profile").stdout_has("`secrets.two.totp` is not a string");
    told.stderr_has("4 things are wrong");
    lint(&export.replace("cogtok_export = 1", "cogtok_export = 2")).code(3).stdout_has("is that of a newer cogtok");
    lint(&format!("default_profile = \"ws\"\n{export}")).code(3).stdout_has("`default_profile` is not a known key");
    lint(&export.replace("region", "regoin").replace("user_pool_id", "pool_id")).code(3).stdout_has("did you mean");
    // In the configuration itself nothing reads the mark.
    home.config(&export);
    home.cogtok(["profile", "lint"]).run().code(3).stdout_has("`cogtok_export` is not a known key");
}

#[test]
fn a_secret_in_the_file_is_told_and_never_repeated() {
    let home = Home::new();
    let cases = [
        ("client_secret = \"VALUE\"", "short-one"),
        ("[profiles.ws]\nm2m.client_secret = \"VALUE\"", "any-thing-at-all"),
        ("[profiles.ws]\nuser.password = \"VALUE\"", "hunter2hunter2"),
        ("[profiles.ws]\nuser = { totp_seed = \"VALUE\" }", "JBSWY3DPEHPK3PXP"),
        ("[profiles.ws]\nuser.passwd = \"VALUE\"", "hunter2hunter2"),
        ("[profiles.ws]\nuser.refresh_token = \"VALUE\"", "opaque-token-text"),
        ("[profiles.ws]\nclient_secret = 'VALUE'", "1f5g7h9j2k4l6m8n0p1q3r5s7t9v1w3x5y7z9a1b3c5d7e9f1g3"),
        ("[profiles.ws]\nm2m.client_id = \"VALUE\"", "1f5g7h9j2k4l6m8n0p1q3r5s7t9v1w3x5y7z9a1b3c5d7e9f1g3"),
        ("[profiles.ws]\ndescription = \"VALUE\"", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYz3X9pL2qT8"),
        ("[profiles.ws]\nuser.username = \"VALUE\"", "9f86d081884c7d659a2feaa0c55ad015"),
        ("[profiles.ws]\ndescription = \"VALUE\"", "eyJraWQiOiJhIiwiYWxnIjoiUlMyNTYifQ.eyJzdWIiOiJ4In0.c2ln"),
        ("[profiles.ws]\ndescription = \"VALUE\"", "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQ"),
        ("[profiles.ws]\nsomething = \"VALUE\"", "1f5g7h9j2k4l6m8n0p1q3r5s7t9v1w3x5y7z9a1b3c5d7e9f1g3"),
        ("[profiles.ws]\nm2m.token_url = \"VALUE\"", "https://me:hunter2hunter2@t.example/"),
        ("[profiles.ws]\n# m2m.client_secret = \"VALUE\"", "commented-out"),
        ("[profiles.ws]\n  ## password = VALUE", "commented-out"),
        ("[profiles.ws]\n# client_id = \"VALUE\"", "1f5g7h9j2k4l6m8n0p1q3r5s7t9v1w3x5y7z9a1b3c5d7e9f1g3"),
    ];
    for (text, value) in cases {
        let home = Home::new();
        home.canary(value);
        home.config(&text.replace("VALUE", value));
        for form in ["text", "json"] {
            let output = home.cogtok(["profile", "lint", "-o", form]).run();
            output.code(3).stdout_has("cogtok secret set").stderr_has("one thing is wrong");
            output.check(!output.stdout.contains(value), "the value is repeated");
        }
    }
    // A value that breaks a rule may be a secret in the wrong place.
    for (key, value) in [
        ("region", "hunter2!hunter2"),
        ("user.auth_flow", "hunter2hunter2"),
        ("user.username", "my secret words"),
        ("m2m.scopes", "hunter2\\\"hunter2"),
        ("m2m.token_url", "ftp://hunter2.example"),
        ("min_validity", "hunter2hunter2"),
        ("user.redirect_uris", "hunter2hunter2"),
        ("secrets", "hunter2hunter2"),
        ("user_pool_id", "hunter2hunter2"),
        ("identity_pool.id", "hunter2hunter2"),
        ("m2m.scope_in_query", "hunter2hunter2"),
    ] {
        home.config(&format!("[profiles.ws]\n{key} = \"{value}\"\n"));
        let output = home.cogtok(["profile", "lint"]).run();
        let is_told = output.stdout.contains("hunter2") || output.stdout.contains("my secret");
        output.code(3).stdout_has(&format!("`{key}`")).check(!is_told, "the value is repeated");
    }
}

#[test]
fn what_is_no_secret_is_not_taken_for_one() {
    let home = Home::new();
    home.config(
        "[profiles.ws]\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\nsecrets = [\"password\", \"user-client\"]\n\
         description = \"password flow for the workshop of 2026, see https://example.com/a/b?c=d\"\n\
         user.client_id = \"1example23456789abcdefghij\"\nuser.username = \"12345678-90ab-cdef-1234-567890abcdef\"\n\
         m2m.secret_arn = \"bedrock-agentcore-workshop-2026/m2m-client-secret-AbCdEf\"\n\
         m2m.scopes = [\"bedrock-agentcore-gateway-of-workshop-2026/invoke\"]\n\
         # secrets = [\"password\"]\n# the password flow = srp\n# secret_arn = \"arn:aws:secretsmanager:x\"\n\
         [profiles.two]\nuser.username = \"test-12345678-90ab-cdef-1234-567890abcdef@example.com\"\n",
    );
    home.cogtok(["profile", "lint"]).run().ok().quiet().stdout_is("");
}

#[test]
fn a_file_that_is_not_toml_is_told_with_its_place_and_without_its_text() {
    let home = Home::new();
    home.canary("pasted-by-mistake");
    for (text, line, column) in [
        ("[profiles.ws]\nsecret = \"pasted-by-mistake\n", 2, 28),
        ("[profiles.ws]\nregion = pasted-by-mistake\n", 2, 10),
        ("a = 1\n\npasted-by-mistake = 1\npasted-by-mistake = 2\n", 4, 1),
    ] {
        home.config(text);
        let output = home.cogtok(["profile", "lint", "--json"]).run();
        let found = found(output.code(3));
        assert_eq!((found[0].0, found[0].1), (line, column), "{text:?}: {found:?}");
        output.check(found[0].2.starts_with("not valid TOML: "), "what is wrong");
        output.check(!output.stdout.contains("pasted-by-mistake"), "the text is repeated");
        // One profile of it can't be told from the others.
        home.cogtok(["profile", "lint", "ws"]).run().code(3).stdout_has("not valid TOML");
    }
}

#[test]
fn one_profile_or_another_file_is_looked_at_alone() {
    let home = Home::new();
    home.config("odd = 1\n[profiles.good]\nregion = \"us-east-1\"\n[profiles.bad]\nregion = 1\n");
    home.cogtok(["profile", "lint", "good"]).run().ok().quiet().stdout_is("");
    let bad = home.cogtok(["profile", "lint", "bad", "--json"]).run();
    let (bad, file) = (bad.code(3).json(), home.config_file());
    assert_eq!(bad[0]["profile"], "bad");
    assert_eq!((&bad[0]["file"], &bad[0]["key"]), (&json!(file.to_str().unwrap()), &json!("region")));
    assert_eq!(bad.as_array().unwrap().len(), 1);
    insta::assert_snapshot!(home.cogtok(["profile", "lint", "god"]).run().message(), @"
    exit 3
    error: there is no profile `god`
    hint: did you mean `good`?
    ");
    insta::assert_snapshot!(home.cogtok(["profile", "lint", "./nowhere.toml"]).run().message(), @"
    exit 3
    error: there is no [home]/work/nowhere.toml
    ");
    let other = home.plant("tmp/other.toml", "[profiles.x]\nodd = 1\n");
    home.cogtok(["profile", "lint", other.to_str().unwrap()]).run().code(3).stdout_has("other.toml:2:1: `odd`");
    // A file of that name in the current directory is not a profile's.
    home.cogtok(["profile", "lint", "other.toml"]).cwd(home.path("tmp")).run().code(3).stdout_has("other.toml:2:1");
    let wrong = home.cogtok(["profile", "lint", "-o", "csv"]).run();
    wrong.code(2).stderr_has("use -o text or -o json");
}

#[test]
fn nothing_of_a_file_is_obeyed_by_the_terminal() {
    let home = Home::new();
    home.config(
        "default_profile = \"a\\u001b[31m\"\n\"odd\\u001b]0;x\\u0007\" = 1\n[profiles.\"a\\u001b[31\"]\nregion = 5\n\
         \"key\\u202e\" = 1\nuser.\"pass\\u001b[2Jword\" = \"x\"\nuser.auth_flow = \"\\u001b[31m\"\n",
    );
    for form in ["text", "json"] {
        let output = home.cogtok(["profile", "lint", "-o", form]).run();
        output.code(3).check(output.stdout.chars().all(crate::harness::oracle::printable), "escaped");
    }
}

#[test]
fn a_file_from_the_future_and_thousands_of_mistakes_are_survived() {
    let home = Home::new();
    home.config("version = 2\nnovel = 1\n");
    let output = home.cogtok(["profile", "lint"]).run();
    output.code(3).stdout_has("`version` is that of a newer cogtok; update cogtok").stdout_has("`novel`");
    let text: String = (0..10_000).map(|n| format!("[profiles.p{n}]\nregion = {n}\n")).collect();
    home.config(&text);
    let output = home.cogtok(["profile", "lint", "--json"]).run();
    assert_eq!(found(output.code(3)).len(), 10_000);
}

#[test]
fn what_mends_another_file_names_that_file() {
    let home = Home::new();
    home.config("[profiles.ws]\nregion = \"us-east-1\"\n");
    let text = "default_profile = 3\n[profiles.ws]\nregion = 5\nclient_secret = \"hunter2hunter2\"\n";
    let file = home.plant("bad.toml", text);
    let file = file.to_str().unwrap();
    let lint = home.cogtok(["profile", "lint", file]).run();
    lint.code(3).stdout_has(&format!("run `cogtok --config {file} profile use NAME`"));
    lint.stdout_has(&format!("`cogtok --config {file} profile set ws region VALUE`"));
    lint.stdout_has(&format!("(cogtok --config {file} profile unset ws client_secret)"));
    lint.stdout_has(&format!("cogtok --config {file} secret set KIND -p ws"));
    // As it says.
    home.cogtok(["--config", file, "profile", "unset", "ws", "client_secret"]).run().ok();
    home.cogtok(["--config", file, "profile", "use", "ws"]).run().ok();
    home.cogtok(["--config", file, "profile", "set", "ws", "region", "us-east-1"]).run().ok();
    home.cogtok(["profile", "lint", file]).run().ok().quiet().stdout_is("");
    // What is wrong with the configuration in use is mended there.
    home.config(text);
    home.cogtok(["profile", "lint"]).run().code(3).stdout_has("`cogtok profile set ws region VALUE`");
}

#[test]
fn a_sealed_export_is_named_as_one() {
    let home = Home::new();
    for beginning in ["age-encryption.org/v1\n-> X25519 \u{0}\n", "-----BEGIN AGE ENCRYPTED FILE-----\nYWJj\n"] {
        let file = home.plant("class.age", [beginning.as_bytes(), b"\xff"].concat());
        let lint = home.cogtok(["profile", "lint", "class.age"]).cwd(home.path("")).run();
        lint.code(3).stdout_is("").stderr_has(&format!("{} is sealed with age", file.display()));
        lint.stderr_has("hint: to see what is in it: cogtok profile import class.age --dry-run\n");
    }
}
