//! `cogtok profile show --origin`: what a command would use, and where each value comes from.

use crate::harness::{Home, Run};
use serde_json::{Value, json};

const CONFIG: &str = "version = 1\ndefault_profile = \"ws\" # mine\n\n[profiles.ws]\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\n\
    # a comment\ndomain = \"https://ws.auth.us-east-1.amazoncognito.com\"\nuser.client_id = \"web\"\n\n[profiles.ws.m2m]\n\
    client_id = \"machine\"\nscopes = [\n  \"a/x\",\n  \"a/y\",\n]\n\n[profiles.two.m2m]\n\
    secret_arn = \"arn:aws:secretsmanager:eu-west-1:111122223333:secret:x-AbCdEf\"\n\n[profiles.bare.user]\nclient_id = \"web\"\n";

fn home() -> Home {
    let home = Home::new();
    home.config(CONFIG);
    home
}

fn show<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["profile", "show", "--origin"]).args(args)
}

fn values(run: Run<'_>) -> Value {
    run.arg("--json").run().ok().json()["values"].take()
}

#[test]
fn every_value_has_its_source_and_those_of_the_profile_their_line() {
    let home = home();
    let file = home.config_file();
    let shown = show(&home, &["--json"]).run().ok().json();
    let of_profile =
        |value: Value, line: usize| json!({"value": value, "source": "profile", "file": file, "line": line});
    let default = |value: Value| json!({"value": value, "source": "default"});
    assert_eq!(
        shown["profile"],
        json!({"value": "ws", "source": "default", "name": "default_profile", "file": file, "line": 2})
    );
    let expected = json!({
        "user_pool_id": of_profile(json!("us-east-1_AbCdEfGhI"), 5),
        "region": {"value": "us-east-1", "source": "read-from", "name": "user_pool_id"},
        "domain": of_profile(json!("https://ws.auth.us-east-1.amazoncognito.com"), 7),
        "min_validity": default(json!("120s")),
        "user.client_id": of_profile(json!("web"), 8),
        "user.auth_flow": default(json!("srp")),
        "user.token": default(json!("access")),
        "user.redirect_uris": default(json!(["http://127.0.0.1:8484/callback"])),
        "m2m.client_id": of_profile(json!("machine"), 11),
        "m2m.scopes": of_profile(json!(["a/x", "a/y"]), 12),
        "m2m.token_url":
            {"value": "https://ws.auth.us-east-1.amazoncognito.com/oauth2/token", "source": "read-from", "name": "domain"},
        "m2m.auth_method": default(json!("client_secret_basic")),
        "m2m.transport": default(json!("auto")),
        "m2m.scope_in_query": default(json!("false")),
    });
    assert_eq!(shown["values"], expected);
    // A side that the profile does not have has no defaults.
    let bare = values(show(&home, &["bare"]));
    assert!(
        bare.get("user.auth_flow").is_some() && bare.get("m2m.transport").is_none() && bare.get("region").is_none()
    );
}

#[test]
fn options_win_over_variables_and_these_over_the_profile() {
    let home = home();
    let of = |value: &str, source: &str, name: &str| json!({"value": value, "source": source, "name": name});
    let region = |env: &[(&str, &str)], args: &[&str]| {
        values(env.iter().fold(show(&home, args), |run, (name, value)| run.env(name, value)))["region"].take()
    };
    let (own, aws, old) =
        (("COGTOK_REGION", "eu-west-1"), ("AWS_REGION", "eu-north-1"), ("AWS_DEFAULT_REGION", "ap-south-1"));
    assert_eq!(region(&[own, aws], &["--region", "cn-north-1"]), of("cn-north-1", "option", "--region"));
    assert_eq!(region(&[own, aws], &[]), of("eu-west-1", "variable", "COGTOK_REGION"));
    assert_eq!(region(&[aws], &[]), of("us-east-1", "read-from", "user_pool_id"));
    assert_eq!(region(&[aws], &["two"]), of("eu-west-1", "read-from", "m2m.secret_arn"));
    assert_eq!(region(&[aws, old], &["bare"]), of("eu-north-1", "aws-variable", "AWS_REGION"));
    assert_eq!(region(&[old], &["bare"]), of("ap-south-1", "aws-variable", "AWS_DEFAULT_REGION"));
    home.plant(".aws/config", "[default]\nregion = sa-east-1\n[profile organiser]\nregion = us-west-2\n");
    assert_eq!(region(&[], &["bare"]), json!({"value": "sa-east-1", "source": "aws-files"}));
    assert_eq!(region(&[("AWS_PROFILE", "organiser")], &["bare"])["value"], "us-west-2");
    let profile = values(show(&home, &[]).env("AWS_PROFILE", "organiser"))["aws_profile"].take();
    assert_eq!(profile, of("organiser", "aws-variable", "AWS_PROFILE"));
    let username = values(show(&home, &[]).env("COGTOK_USERNAME", "alice"))["user.username"].take();
    assert_eq!(username, of("alice", "variable", "COGTOK_USERNAME"));
}

#[test]
fn each_service_has_its_endpoint_where_they_differ() {
    let home = home();
    let (all, idp) =
        (("AWS_ENDPOINT_URL", "http://[::1]:4"), ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "http://[::1]:3"));
    let run = |env: &[(&str, &str)], args: &[&str]| {
        values(env.iter().fold(show(&home, args), |run, (name, value)| run.env(name, value)))
    };
    assert_eq!(
        run(&[all], &[])["endpoint_url"],
        json!({"value": "http://[::1]:4", "source": "aws-variable", "name": "AWS_ENDPOINT_URL"})
    );
    let both = run(&[all, idp], &[]);
    assert_eq!(both["endpoint_url (cognito-idp)"]["name"], idp.0);
    assert_eq!(both["endpoint_url (ssm)"]["value"], "http://[::1]:4");
    assert!(both.get("endpoint_url").is_none());
    let option = run(&[all, idp], &["--endpoint-url", "http://[::1]:1"]);
    assert_eq!(option["endpoint_url"]["name"], "--endpoint-url");
    home.cogtok(["profile", "set", "ws", "endpoint_url", "http://127.0.0.1:5"]).run().ok();
    assert_eq!(run(&[], &[])["endpoint_url"]["source"], "profile");
    let one = run(&[idp], &[]);
    assert_eq!(
        (&one["endpoint_url (cognito-idp)"]["value"], &one["endpoint_url (ssm)"]["source"]),
        (&json!(idp.1), &json!("profile"))
    );
}

#[test]
fn what_chose_the_profile_is_told() {
    let home = home();
    let chosen = |run: Run<'_>| run.arg("--json").run().ok().json()["profile"].take();
    let of = |source: &str, name: &str| json!({"value": "two", "source": source, "name": name});
    assert_eq!(chosen(show(&home, &["-p", "two"])), of("option", "--profile"));
    assert_eq!(chosen(show(&home, &[]).env("COGTOK_PROFILE", "two")), of("variable", "COGTOK_PROFILE"));
    assert_eq!(chosen(show(&home, &["two", "-p", "ws"])), json!({"value": "two", "source": "argument"}));
    insta::assert_snapshot!(show(&home, &["tow"]).run().message(), @"
    exit 3
    error: there is no profile `tow`
    hint: did you mean `two`?
    ");
    // Without a profile the variables of the old scripts may stand in for one.
    let empty = Home::new();
    insta::assert_snapshot!(show(&empty, &[]).run().message(), @"
    exit 3
    error: no profile is chosen
    hint: create one: cogtok profile import SOURCE, or cogtok profile create NAME --user-pool-id ID --client-id ID
    ");
    let old = show(&empty, &["--json"]).env("COGNITO_CLIENT_ID", "web").run().ok().json();
    assert_eq!(old["profile"], json!({"value": null}));
    assert_eq!(old["values"]["user.client_id"]["name"], "COGNITO_CLIENT_ID");
    insta::assert_snapshot!(show(&home, &[]).env("COGTOK_REGION", "no region").run().message(), @"
    exit 2
    error: COGTOK_REGION: `no region` is not a Region: one looks like us-east-1 (profile `ws`)
    ");
}

#[test]
fn the_table_says_the_same_and_show_without_it_is_as_it_was() {
    let home = home();
    let table = show(&home, &["--region", "eu-west-1"]).env("COGTOK_TOKEN", "id").run();
    let line = |key: &str| {
        let line = table.stdout.lines().find(|line| line.split_whitespace().next() == Some(key));
        line.unwrap_or_default().split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    table.ok().stderr_has(&format!("the lines are those of {}", home.config_file().display()));
    assert_eq!(line("profile"), "ws default_profile, line 2");
    assert_eq!(line("region"), "eu-west-1 --region");
    assert_eq!(line("user.token"), "id COGTOK_TOKEN");
    assert_eq!(line("user_pool_id"), "us-east-1_AbCdEfGhI profile, line 5");
    assert_eq!(line("m2m.transport"), "auto default");
    let plain = home.cogtok(["profile", "show", "--region", "eu-west-1"]).env("COGTOK_TOKEN", "id").run();
    plain.ok().quiet().check(!plain.stdout.contains("region"), "what the configuration says, and nothing else");
}
