//! Why there are no AWS credentials: each cause is told as what it is, with the profile and what helps.

use crate::doctor::says;
use crate::harness::{Home, Output, Run, Server};
use serde_json::json;

pub const POOL: &str = "us-east-1_Scripted0";
/// What ~/.aws/sso/cache calls the session `class`.
const SSO_CACHE: &str = ".aws/sso/cache/8d767bf5b72373d12f0efd4406677e9ed076f592.json";
const SSO: &str = "[profile class]\nsso_session = class\nsso_account_id = 111122223333\nsso_role_name = Admin\n\
                   [sso-session class]\nsso_start_url = https://class.awsapps.com/start\nsso_region = us-east-1\n";
/// A key that AWS would take, as a program might repeat it.
const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYz3X9pL2qT8";

/// A home with this AWS configuration, at a Cognito that is never to be asked.
pub fn home_of(server: &Server, config: &str) -> Home {
    let home = Home::new();
    home.config(&format!(
        "default_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"{POOL}\"\nendpoint_url = \"{}\"\n",
        server.url()
    ));
    home.plant(".aws/config", config);
    home
}

fn no_credentials(run: Run<'_>) -> Output {
    let out = run.run();
    out.code(9).stderr_has("ListUsers needs AWS credentials, and there are none that cogtok can use: ");
    out
}

#[test]
fn each_cause_is_told_with_the_profile_and_what_helps() {
    let server = Server::canary();
    let made = "[profile made]\ncredential_process = TOOL --token hunter2hunter2\n".to_owned();
    let nested = format!("[profile top]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = made\n{made}");
    for (config, name, says, helps) in [
        (
            "[profile workshop]\nregion = us-east-1\n[profile dev]\n[default]\n",
            "workshp",
            "~/.aws has no profile `workshp`",
            "did you mean `workshop`? the profiles of ~/.aws are default, dev, workshop",
        ),
        ("", "typo", "~/.aws has no profile `typo`", "there are no profiles in ~/.aws yet"),
        ("[profile bare]\nregion = us-east-1\n", "bare", "profile `bare` of ~/.aws has none", "--profile bare"),
        (SSO, "class", "profile `class` is not signed in to SSO", "`aws sso login --profile class`"),
        (
            "[profile old]\nsso_start_url = https://class.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 111122223333\nsso_role_name = Admin\n",
            "old",
            "profile `old` is not signed in to SSO",
            "`aws sso login --profile old`",
        ),
        (
            "[profile lost]\nsso_session = gone\nsso_account_id = 111122223333\nsso_role_name = Admin\n",
            "lost",
            "profile `lost` names the SSO session `gone`, which ~/.aws/config does not have",
            "aws configure sso --profile lost",
        ),
        (
            "[profile half]\nsso_session = class\n[sso-session class]\nsso_start_url = https://class.awsapps.com/start\nsso_region = us-east-1\n",
            "half",
            "profile `half` of ~/.aws signs in with SSO and has no `sso_account_id`",
            "aws configure sso --profile half",
        ),
        (
            &made,
            "made",
            "`credential_process` of profile `made` of ~/.aws: the program `TOOL` ended with exit code 3: no session for [redacted]",
            "aws sts get-caller-identity --profile made",
        ),
        (
            &nested,
            "top",
            "`credential_process` of profile `made` of ~/.aws: the program `TOOL` ended with exit code 3: no session for [redacted]",
            "--profile made",
        ),
        (
            "[profile gone]\ncredential_process = /nowhere/tool --x\n",
            "gone",
            "the program `/nowhere/tool` ended with exit code 127, which mostly means that there is no such program",
            "--profile gone",
        ),
        (
            "[profile odd]\ncredential_process = echo no-json\n",
            "odd",
            "the program `echo` printed something other than credentials",
            "--profile odd",
        ),
        (
            "[profile a]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = b\n[profile b]\nrole_arn = arn:aws:iam::1:role/y\nsource_profile = a\n",
            "a",
            "form a loop: a -> b -> a",
            "",
        ),
        (
            "[profile a]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = bse\n[profile base]\n",
            "a",
            "`source_profile` of profile `a` names `bse`, which ~/.aws does not have",
            "did you mean `base`?",
        ),
        (
            "[profile a]\nrole_arn = arn:aws:iam::1:role/x\n",
            "a",
            "profile `a` of ~/.aws assumes a role and names no credentials to do it with",
            "source_profile",
        ),
        (
            "[profile web]\nrole_arn = arn:aws:iam::111122223333:role/x\nweb_identity_token_file = /nowhere/token\n",
            "web",
            "profile `web` of ~/.aws: the web identity token in /nowhere/token can't be read: No such file",
            "check its `web_identity_token_file`",
        ),
        (
            "[profile web]\nweb_identity_token_file = /nowhere/token\n",
            "web",
            "profile `web` of ~/.aws has `web_identity_token_file` and no `role_arn`",
            "",
        ),
        (
            "[profile env]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Environment\n",
            "env",
            "profile `env` of ~/.aws takes its keys from the environment (`credential_source = Environment`), and neither \
             AWS_ACCESS_KEY_ID nor AWS_SECRET_ACCESS_KEY is set",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (
            "[profile ecs]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = EcsContainer\n",
            "ecs",
            "profile `ecs` of ~/.aws takes its credentials from the container (`credential_source = EcsContainer`), and \
             neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set",
            "or another profile here",
        ),
        (
            "[profile ec2]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Ec2InstanceMetadata\n",
            "ec2",
            "profile `ec2` of ~/.aws takes its credentials from the instance metadata service, and \
             AWS_EC2_METADATA_DISABLED turns that off",
            "unset AWS_EC2_METADATA_DISABLED",
        ),
        (
            "[profile odd]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Bogus\n",
            "odd",
            "profile `odd` of ~/.aws: `Bogus` is not valid for `credential_source`",
            "the values are `Environment`, `EcsContainer`, `Ec2InstanceMetadata`",
        ),
        (
            "[profile two]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Environment\nsource_profile = base\n[profile base]\n",
            "two",
            "profile `two` of ~/.aws has both `source_profile` and `credential_source`",
            "remove one of them",
        ),
        (
            "[profile console]\nlogin_session = arn:aws:iam::111122223333:user/me\nregion = us-east-1\n",
            "console",
            "profile `console` of ~/.aws is signed in with `aws login` (`login_session`), which cogtok can't use",
            "`eval \"$(aws configure export-credentials --profile console --format env)\"`",
        ),
        (
            "[profile sso]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n[sso-session s]\nsso_start_url = https://class.awsapps.com/start\n",
            "sso",
            "the SSO session `s` in ~/.aws/config has no `sso_region`",
            "aws configure sso --profile sso",
        ),
        (
            "[profile sso]\nsso_start_url = https://class.awsapps.com/start\nsso_account_id = 1\nsso_role_name = r\n",
            "sso",
            "profile `sso` of ~/.aws signs in with SSO and has no `sso_region`",
            "aws configure sso --profile sso",
        ),
        (
            "[profile sso]\nsso_session = s\nsso_region = us-east-1\n[sso-session s]\nsso_start_url = https://x\nsso_region = us-east-1\n",
            "sso",
            "profile `sso` of ~/.aws has both `sso_session` and `sso_region`",
            "remove `sso_region` from it",
        ),
        (
            "[profile bad]\nregion = us-east-1\naws_access_key_id\n",
            "bad",
            "profile `bad` of ~/.aws can't be read: line 3 of ~/.aws/config has no `=` after a name",
            "correct that line",
        ),
        (
            "stray\n[profile dev]\n",
            "typo",
            "~/.aws has no profile `typo`: line 1 of ~/.aws/config comes before the first profile",
            "correct that line",
        ),
        (
            "\u{feff}[profile mark]\nregion = us-east-1\n[profile other]\n",
            "mark",
            "~/.aws has no profile `mark`: line 1 of ~/.aws/config begins with a byte order mark",
            "save the file as UTF-8 without a byte order mark",
        ),
        (
            "\u{feff}[profile mark]\nregion = us-east-1\n[profile other]\n",
            "other",
            "profile `other` of ~/.aws can't be read: line 1 of ~/.aws/config begins with a byte order mark",
            "save the file as UTF-8 without a byte order mark",
        ),
        (
            "  [profile in]\nregion = us-east-1\n[profile other]\n",
            "in",
            "~/.aws has no profile `in`: line 1 of ~/.aws/config has spaces before its `[`",
            "remove the spaces",
        ),
        (
            "[profile first]\n  [profile in]\nregion = us-east-1\n",
            "first",
            "profile `first` of ~/.aws can't be read: line 2 of ~/.aws/config has spaces before its `[`",
            "remove the spaces",
        ),
        (
            "[profile first]\nregion = us-east-1\n  [profile in]\nsso_region = us-east-1\n",
            "in",
            "~/.aws has no profile `in`: line 3 of ~/.aws/config has spaces before its `[`",
            "remove the spaces",
        ),
        (
            "[profile first]\n  region = us-east-1\n",
            "first",
            "profile `first` of ~/.aws can't be read: line 2 of ~/.aws/config is indented and continues no value",
            "correct that line",
        ),
        (
            "[profile half]\naws_access_key_id = AKIAX\n",
            "half",
            "profile `half` of ~/.aws has `aws_access_key_id` and no `aws_secret_access_key`",
            "aws configure --profile half",
        ),
    ] {
        let home = home_of(&server, "");
        home.canary(KEY);
        let tool =
            home.plant("tool.sh", format!("#!/bin/sh\necho\necho 'no session for {KEY}' >&2\necho more >&2\nexit 3\n"));
        std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        home.allow(&tool);
        let [config, says] = [config, says].map(|text| text.replace("TOOL", tool.to_str().unwrap()));
        home.plant(".aws/config", config);
        let list = || home.cogtok(["user", "list"]).env("AWS_ENDPOINT_URL_STS", server.url());
        for run in [list().args(["--aws-profile", name]), list().env("AWS_PROFILE", name)] {
            let out = no_credentials(run);
            out.stderr_has(&says).stderr_has(helps).stderr_lacks("hunter2");
            for internal in ["Error {", "cargo", "provider", "ProfileFile", "SDK"] {
                out.stderr_lacks(internal);
            }
            out.check(out.stderr.contains("aws sso login") == helps.contains("aws sso login"), "only where it helps");
        }
        // The doctor says the same, and so does the log of what went before it.
        let doctor = home.cogtok(["doctor", "--json", "--aws-profile", name, "--timeout", "10s"]).run();
        let cause = says.split_once(": the program").map_or(says.as_str(), |(_, rest)| rest.trim_start_matches(' '));
        crate::doctor::says(&doctor, "aws-credentials", "warn", cause);
    }
    assert!(server.requests().iter().all(|request| request.header("x-amz-target").is_none()), "Cognito was asked");
}

#[test]
fn a_session_that_has_expired_is_told_as_one() {
    let server = Server::canary();
    let home = home_of(&server, SSO);
    home.plant(
        SSO_CACHE,
        json!({"accessToken": "sso-access-token-canary", "expiresAt": "2020-01-01T00:00:00Z", "region": "us-east-1",
            "startUrl": "https://class.awsapps.com/start"})
        .to_string(),
    );
    let out = no_credentials(home.cogtok(["user", "list", "--aws-profile", "class", "-v"]));
    out.stderr_has("the SSO session of profile `class` has expired").stderr_has("`aws sso login --profile class`");
    out.stderr_lacks("sso-access-token-canary");
}

#[test]
fn half_a_pair_of_keys_in_the_environment_is_told() {
    let server = Server::canary();
    let home = home_of(&server, "[profile dev]\n");
    for (set, unset) in [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")]
    {
        let out = no_credentials(home.cogtok(["user", "list"]).env(set, "x"));
        out.stderr_has(&format!("{set} is set and {unset} is not"));
    }
    let half = home.cogtok(["user", "list"]).env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token");
    no_credentials(half).stderr_has("AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not");
    let out = no_credentials(home.cogtok(["user", "list"]));
    out.stderr_has("no profile is given, and ~/.aws has no `default`").stderr_has("the profiles of ~/.aws are dev");
    server.assert_untouched();
}

#[test]
fn files_that_variables_name_are_called_by_their_paths() {
    let server = Server::canary();
    let home = home_of(&server, "[profile dev]\n");
    let list = |name: &str| home.cogtok(["user", "list", "--aws-profile", name]);
    let out = no_credentials(list("dev").env("AWS_CONFIG_FILE", "/nowhere/config"));
    out.stderr_has("/nowhere/config (AWS_CONFIG_FILE) and ~/.aws/credentials have no profile `dev`");
    out.stderr_has("check AWS_CONFIG_FILE: /nowhere/config does not exist").stderr_lacks("there are no profiles");
    let other = home.plant("other", "[profile made]\nlogin_session = x\n");
    let out = no_credentials(list("made").env("AWS_CONFIG_FILE", &other));
    out.stderr_has(&format!("profile `made` of {} (AWS_CONFIG_FILE) is signed in with `aws login`", other.display()));
    server.assert_untouched();
}

#[test]
fn a_profile_that_the_aws_files_lack_is_told_when_it_is_named() {
    let server = Server::canary();
    let home = home_of(&server, "[profile workshop]\n");
    let warns = "~/.aws has no profile `workshp`; did you mean `workshop`?";
    home.cogtok(["profile", "set", "ws", "aws_profile", "workshp"]).run().ok().stderr_has(warns);
    let create = ["profile", "create", "new", "--client-id", "x", "--aws-profile", "workshp"];
    home.cogtok(create).run().ok().stderr_has(warns);
    let lint = home.cogtok(["profile", "lint"]).run();
    lint.ok().stderr_has(&format!("`aws_profile` of profile `ws`: {warns}")).stdout_is("");
    home.cogtok(["profile", "set", "ws", "aws_profile", "workshop"]).run().ok().stderr_lacks("warning");
    home.cogtok(["profile", "lint", "ws"]).run().ok().quiet();
    let doctor = home.cogtok(["doctor", "-p", "new", "--json", "--region", "us-east-1", "--timeout", "10s"]).run();
    says(&doctor, "aws-credentials", "warn", "~/.aws has no profile `workshp`");
}
