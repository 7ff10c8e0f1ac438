//! Coming from the old scripts: their variables stand in for a profile, and every new command line of the page works.

use crate::harness::verify::verify;
use crate::harness::{Home, Keyring, Proxy, Run, Server, unique, workshop};
use crate::user_create::assert_signs_in;
use serde_json::json;

const PASSWORD: &str = "Correct-Horse-7-Battery";

/// A home where no output may show the variables' secrets.
fn watchful_home() -> Home {
    let home = Home::new();
    home.canary(PASSWORD);
    home.canary(workshop().m2m_secret());
    home
}

/// The four variables of the machine script, and nothing else.
fn with_m2m<'h>(run: Run<'h>, token_url: &str) -> Run<'h> {
    let workshop = workshop();
    run.env("COGNITO_M2M_CLIENT_ID", &workshop.m2m.id)
        .env("COGNITO_M2M_CLIENT_SECRET", workshop.m2m_secret())
        .env("COGNITO_TOKEN_URL", token_url)
        .env("COGNITO_M2M_SCOPES", "api.dev/read")
}

/// The four variables of the user scripts.
fn with_user<'h>(run: Run<'h>, username: &str) -> Run<'h> {
    run.env("COGNITO_USER_POOL_ID", &workshop().pool_id)
        .env("COGNITO_CLIENT_ID", &workshop().web.id)
        .env("COGNITO_USERNAME", username)
        .env("COGNITO_PASSWORD", PASSWORD)
}

#[test]
fn the_machine_scripts_four_variables_are_enough_for_a_token() {
    let (home, proxy) = (watchful_home(), Proxy::new(&workshop().endpoint));
    let token = || with_m2m(home.cogtok(["token", "m2m"]), &proxy.token_url());
    let first = token().run();
    let claims = verify(first.ok().quiet().line(), workshop());
    assert_eq!((&claims["client_id"], &claims["scope"]), (&json!(workshop().m2m.id), &json!("api.dev/read")));
    assert_eq!(token().run().ok().quiet().line(), first.line());
    assert_eq!(proxy.log(), ["/oauth2/token"], "the second comes from the cache");
    assert!(!home.config_dir().exists(), "no profile is made of them");

    // Both lists of scopes: the variable's are separated by spaces, commas are no separator anywhere.
    let both = token().env("COGNITO_M2M_SCOPES", "api.dev/read  api.dev/write").arg("--json").run().ok().json();
    assert_eq!((&both["scope"], &both["profile"]), (&json!("api.dev/read api.dev/write"), &json!(null)));
    let none = token().env_remove("COGNITO_M2M_SCOPES").arg("--no-cache").run();
    none.ok().quiet().line();
    token().env("COGNITO_M2M_SCOPES", "").arg("--no-cache").run().ok().quiet().line();
    // They are named by -v and their secret by nothing.
    let said = token().args(["-vv", "--no-cache"]).run();
    said.ok().stderr_has("COGNITO_M2M_CLIENT_ID").stderr_has("COGNITO_TOKEN_URL");
}

#[test]
fn the_user_scripts_variables_are_enough_to_make_a_user_and_sign_in() {
    let (home, proxy) = (watchful_home(), Proxy::new(&workshop().endpoint));
    let email = workshop().user(PASSWORD);
    let token = || with_user(home.cogtok(["token", "user"]), &email).env("AWS_ENDPOINT_URL", proxy.url());
    let output = token().run();
    let claims = verify(output.ok().keeps_no_session().line(), workshop());
    assert_eq!((&claims["client_id"], &claims["token_use"]), (&json!(workshop().web.id), &json!("access")));
    assert_eq!(proxy.log(), ["InitiateAuth", "RespondToAuthChallenge"], "SRP, where the script sent the password");
    token().args(["--token", "id", "--auth-flow", "password", "--no-cache"]).run().ok().quiet().line();

    let create = home.cogtok(["user", "create", "--json"]).aws().env("AWS_ENDPOINT_URL", &workshop().endpoint);
    let made = create.env("COGNITO_USER_POOL_ID", &workshop().pool_id).run();
    assert_signs_in(&made.ok().quiet().json());
    for words in [&["user", "show", &email][..], &["user", "list", "--limit", "1"], &["user", "set-password", &email]] {
        let run = home.cogtok(words).aws().env("AWS_ENDPOINT_URL", &workshop().endpoint);
        run.env("COGNITO_USER_POOL_ID", &workshop().pool_id).run().ok();
    }
}

#[test]
fn a_chosen_profile_takes_nothing_from_the_variables_not_even_what_it_lacks() {
    let canary = Server::canary();
    let email = workshop().user(PASSWORD);
    let pool = &workshop().pool_id;
    let config = |default: &str| {
        format!(
            "version = 1\n{default}[profiles.bare]\nregion = \"us-east-1\"\n[profiles.half]\nuser_pool_id = \"{pool}\"\n\
             user.client_id = \"{}\"\nm2m.client_id = \"{}\"\nm2m.token_url = \"{}\"\n",
            workshop().web.id,
            workshop().m2m.id,
            workshop().token_url
        )
    };
    let chosen: [(&str, &[&str], Option<&str>); 3] =
        [("", &["-p", "bare"], None), ("", &[], Some("bare")), ("default_profile = \"bare\"\n", &[], None)];
    for (default, option, variable) in chosen {
        let home = watchful_home();
        home.config(&config(default));
        let all = |words: &[&str]| {
            let run = with_user(with_m2m(home.cogtok(words).args(option), &canary.token_url()), &email);
            let run = run.env("AWS_ENDPOINT_URL", canary.url()).aws();
            if let Some(name) = variable { run.env("COGTOK_PROFILE", name) } else { run }
        };
        for (words, missing) in [
            (&["token", "m2m"][..], "m2m.client_id"),
            (&["token", "user"], "user.client_id"),
            (&["user", "create"], "user_pool_id"),
            (&["user", "list"], "user_pool_id"),
        ] {
            all(words).run().code(3).stderr_has("`bare`").stderr_has(missing);
        }
    }
    // A profile that has everything but the secrets does not get these either.
    let home = watchful_home();
    home.config(&config(""));
    let half = |words: &[&str]| {
        let run = with_user(with_m2m(home.cogtok(words).args(["-p", "half"]), &canary.token_url()), &email);
        run.env("AWS_ENDPOINT_URL", canary.url())
    };
    insta::assert_snapshot!(half(&["token", "m2m"]).run().message(), @"
    exit 5
    error: the secret of client [client] is needed, and there is no terminal to ask at (profile `half`)
    hint: store it once: cogtok secret set m2m-client -p half; or set COGTOK_M2M_CLIENT_SECRET, or add `--client-secret-stdin`
    ");
    insta::assert_snapshot!(half(&["token", "user", "--username", &email]).run().message(), @"
    exit 5
    error: the password of user-[unique]@example.com is needed, and there is no terminal to ask at (profile `half`)
    hint: add `--password-stdin`, set COGTOK_PASSWORD, or store it once: cogtok secret set password -p half --username user-[unique]@example.com
    ");
    insta::assert_snapshot!(half(&["token", "user"]).run().message(), @"
    exit 3
    error: `user.username` is not set (profile `half`)
    hint: run `cogtok profile set half user.username VALUE`, or add `--username VALUE`
    hint: or, if the app client has the code grant, sign in with the browser: `cogtok login -p half`
    ");
    // A profile that is chosen and is not there is no reason to fall back.
    home.config("version = 1\ndefault_profile = \"gone\"\n");
    let gone = with_m2m(home.cogtok(["token", "m2m"]), &canary.token_url());
    insta::assert_snapshot!(gone.run().message(), @"
    exit 3
    error: there is no profile `gone`, which `default_profile` in [home]/.config/cogtok/config.toml names
    hint: create one: cogtok profile import SOURCE, or cogtok profile create NAME --user-pool-id ID --client-id ID
    ");
    canary.assert_untouched();
}

#[test]
fn options_and_cogtok_variables_win_over_the_old_ones() {
    let (home, canary) = (watchful_home(), Server::canary());
    let other = &workshop().m2m_read;
    let secret = other.secret.as_deref().unwrap();
    home.canary(secret);
    let old = |words: &[&str]| with_m2m(home.cogtok(words), &canary.token_url()).env("COGNITO_M2M_CLIENT_ID", "old");
    let claims = |run: Run<'_>| verify(run.run().ok().line(), workshop());
    let options = ["--client-id", &other.id, "--token-url", &workshop().token_url, "--client-secret-stdin"];
    let run = old(&["token", "m2m", "--no-cache"]).args(options).stdin(secret);
    assert_eq!(claims(run)["client_id"], other.id.as_str());
    let run = old(&["token", "m2m", "--no-cache"])
        .env("COGTOK_M2M_CLIENT_ID", &other.id)
        .env("COGTOK_M2M_CLIENT_SECRET", secret)
        .env("COGTOK_TOKEN_URL", &workshop().token_url)
        .env("COGTOK_SCOPES", "api.dev/read");
    assert_eq!(claims(run)["client_id"], other.id.as_str());
    canary.assert_untouched();

    let email = workshop().user("Another-Horse-9-Battery");
    let run = with_user(home.cogtok(["token", "user"]), "somebody@example.com").env("COGTOK_USERNAME", &email);
    let run = run.env("COGTOK_PASSWORD", "Another-Horse-9-Battery").env("AWS_ENDPOINT_URL", &workshop().endpoint);
    verify(run.run().ok().line(), workshop());
}

#[test]
fn an_old_variable_that_is_missing_or_malformed_is_named() {
    let home = watchful_home();
    for (left_out, named) in [
        ("COGNITO_M2M_CLIENT_ID", "no profile is chosen"),
        ("COGNITO_TOKEN_URL", "no profile is chosen"),
        ("COGNITO_M2M_CLIENT_SECRET", "COGTOK_M2M_CLIENT_SECRET"),
    ] {
        let run = with_m2m(home.cogtok(["token", "m2m"]), &workshop().token_url).env_remove(left_out).run();
        run.code(if left_out.ends_with("SECRET") { 5 } else { 3 }).stderr_has(named);
    }
    for (name, value) in [
        ("COGNITO_TOKEN_URL", "http://token.example/oauth2/token"),
        ("COGNITO_TOKEN_URL", "not a url"),
        ("COGNITO_M2M_CLIENT_ID", "two words"),
        ("COGNITO_M2M_SCOPES", "api/read\u{1b}[2J"),
    ] {
        let run = with_m2m(home.cogtok(["token", "m2m"]), &workshop().token_url).env(name, value).run();
        run.code(2).stderr_has(name);
    }
    let pool = with_user(home.cogtok(["token", "user"]), "alice@example.com").env("COGNITO_USER_POOL_ID", "../pool");
    insta::assert_snapshot!(pool.run().message(), @"
    exit 2
    error: COGNITO_USER_POOL_ID: `../pool` is not a user pool id: one looks like [pool]
    ");
}

#[test]
fn their_secrets_reach_no_child_and_no_output() {
    let (home, dump) = (watchful_home(), Home::new());
    let dump = home.allow(dump.path("work").join("dump"));
    std::fs::create_dir_all(dump.parent().unwrap()).unwrap();
    let script = format!(
        "#!/bin/sh\nenv >'{}'\necho '{{\"Version\":1,\"AccessKeyId\":\"test\",\"SecretAccessKey\":\"test\"}}'\n",
        dump.display()
    );
    let program = home.plant("credentials.sh", script);
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    home.plant(".aws/config", format!("[profile org]\ncredential_process = {}\n", program.display()));
    let run = with_user(with_m2m(home.cogtok(["user", "create", "-vv"]), &workshop().token_url), "alice@example.com");
    let run = run.args(["--aws-profile", "org"]).env("AWS_ENDPOINT_URL", &workshop().endpoint).env("VISIBLE", "yes");
    run.run().ok();
    let seen = std::fs::read_to_string(&dump).unwrap();
    assert!(seen.contains("VISIBLE=yes"), "the program was never run:\n{seen}");
    for name in ["COGNITO_M2M_CLIENT_SECRET", "COGNITO_PASSWORD", PASSWORD, workshop().m2m_secret()] {
        assert!(!seen.contains(name), "the child was given {name}");
    }
}

/// The new command lines of a section of the page, each with the comment that has the old one.
fn lines_of(section: &str) -> Vec<(String, String)> {
    let page = std::fs::read_to_string(format!("{}/docs/migrating.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let rest = page.split(&format!("# {section}\n")).nth(1).unwrap_or_else(|| panic!("no section {section}"));
    let block = rest.split("\n```sh\n").nth(1).unwrap().split("\n```").next().unwrap();
    let entries = block.split("\n\n").map(|entry| {
        let (comments, commands): (Vec<&str>, Vec<&str>) = entry.lines().partition(|line| line.starts_with("# "));
        assert!(comments.len() == 1 && !commands.is_empty(), "{entry}");
        (comments[0].to_string(), commands.join("\n"))
    });
    entries.collect()
}

/// What the page has for an example, as it is in the workshop.
fn in_the_workshop(line: &str, email: &str, api: &Server) -> String {
    let workshop = workshop();
    let mut line = line.to_string();
    for (example, real) in [
        ("us-east-1_AbCdEfGhI", workshop.pool_id.as_str()),
        ("1example23456789abcdefghij", &workshop.web.id),
        ("9example8765432zyxwvutsrqp", &workshop.m2m.id),
        ("https://ws.auth.us-east-1.amazoncognito.com/oauth2/token", &workshop.token_url),
        ("arn:aws:secretsmanager:us-east-1:111122223333:secret:m2m-AbCdEf", &workshop.secret_arn),
        ("api/", "api.dev/"),
        ("alice@example.com", email),
        ("https://api.example.com/", &api.url()),
    ] {
        line = line.replace(example, real);
    }
    line
}

#[test]
fn every_new_command_line_of_the_page_does_what_its_old_one_did() {
    let (home, keyring, api) = (Home::new(), Keyring::start(), Server::canary());
    // Its progress bar is no concern of this test.
    home.plant(".curlrc", "silent\n");
    let mut count = 0;
    let mut email = String::new();
    for (section, has_variables) in
        [("With the variables set", true), ("With options", false), ("From variables to a profile", true)]
    {
        // The last section goes on with the user of the one before.
        if !section.starts_with("From") {
            email = format!("{}@example.com", unique("alice"));
        }
        for (old, line) in lines_of(section) {
            let script = in_the_workshop(&line, &email, &api);
            let script =
                format!("set -euo pipefail\nunset -v TOKEN\n{script}\necho \"${{TOKEN-}}${{COGTOK_ACCESS_TOKEN-}}\"");
            let has_variables = has_variables && !old.contains("without a variable");
            let mut run =
                home.shell("bash", &script).keyring(&keyring).aws().env("AWS_ENDPOINT_URL", &workshop().endpoint);
            if has_variables {
                run = with_user(with_m2m(run, &workshop().token_url), &email);
            }
            if !old.contains("without a variable") {
                run = run.env("PASSWORD", PASSWORD).env("SECRET", workshop().m2m_secret());
            }
            let output = run.run();
            output.check(output.code == Some(0), &old).stderr_lacks("error: ").stderr_lacks("warning: ");
            let is_token = line.contains("cogtok token") && !line.contains("--json") && !line.contains("curl");
            let tokens: Vec<&str> = output.stdout.split_whitespace().collect();
            output.check(!is_token || !tokens.is_empty(), "a token is printed or in a variable");
            for token in tokens.iter().filter(|_| is_token) {
                verify(token, workshop());
            }
            count += 1;
        }
    }
    assert_eq!(count, 11 + 7 + 3, "each entry of the page is typed");
    assert_eq!(api.hits(), 1);
    assert!(api.requests()[0].header("authorization").is_some_and(|value| value.starts_with("Bearer ey")));
}
