//! The templates of docs/cognito-setup.md, taken from the page and deployed: strangers can't make themselves users, and users
//! ask the models that are named.

use crate::harness::ministack::{Ministack, aws_venv};
use crate::harness::shell::path_with_cogtok;
use crate::harness::{Answer, Home, Keyring, Proxy, Run, unique};
use serde_json::{Value, json};

const PAGE: &str = include_str!("../../docs/cognito-setup.md");

/// The blocks in this language of the section with this title.
fn blocks(title: &str, language: &str) -> Vec<&'static str> {
    let rest = PAGE.split(&format!("\n## {title}\n")).nth(1).unwrap_or_else(|| panic!("no section {title}"));
    let section = rest.split("\n## ").next().unwrap();
    section.split(&format!("\n```{language}\n")).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

/// `script` in bash with the real AWS CLI, against this ministack.
fn bash<'h>(home: &'h Home, stack: &Ministack, keyring: &Keyring, script: &str) -> Run<'h> {
    let path =
        std::env::join_paths(std::iter::once(aws_venv().join("bin")).chain(std::env::split_paths(&path_with_cogtok())));
    let dir = home.allow(home.path("project"));
    std::fs::create_dir_all(&dir).unwrap();
    let run = home.program("bash", ["--norc", "--noprofile", "-euo", "pipefail", "-c", script]);
    run.env("PATH", path.unwrap())
        .env("AWS_ENDPOINT_URL", stack.url())
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .aws()
        .keyring(keyring)
        .cwd(dir)
        .timeout(std::time::Duration::from_secs(120))
}

/// What a JSON API of this ministack lists, and each pool in it.
fn pools(stack: &Ministack) -> Vec<Value> {
    let listed = stack.cognito("ListUserPools", &json!({"MaxResults": 60}))["UserPools"].clone();
    let ids = listed.as_array().unwrap().iter().map(|pool| pool["Id"].clone());
    ids.map(|id| stack.cognito("DescribeUserPool", &json!({"UserPoolId": id}))["UserPool"].clone()).collect()
}

/// A stranger, without a signature and with nothing but the public client's id, tries to become a user of the one pool that is there.
/// The local Cognito takes SignUp whatever the pool says, so what stands before it refuses as Cognito does, by the pool's own setting.
fn attack(home: &Home, stack: &Ministack) -> bool {
    let pool = &pools(stack)[0];
    let is_closed = pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] == true;
    let proxy = Proxy::with(&stack.url(), move |request| {
        assert_eq!(request.header("authorization"), None);
        (request.operation() == Some("SignUp") && is_closed)
            .then(|| Answer::aws_error("NotAuthorizedException", "SignUp is not permitted for this user pool"))
    });
    let stranger = format!("{}@example.com", unique("stranger"));
    let sign_up = home.cogtok(["sign-up", &stranger, "-p", "ws", "--password-stdin", "--endpoint-url", &proxy.url()]);
    let output = sign_up.stdin("Correct-Horse-7-Stranger").run();
    let users = stack.cognito("ListUsers", &json!({"UserPoolId": pool["Id"]}))["Users"].to_string();
    assert_eq!((proxy.log(), output.code == Some(0)), (vec!["SignUp".to_owned()], users.contains(&stranger)));
    output.code == Some(0)
}

/// The one pool that is there is closed, and stays so before a stranger; the same pool, opened, would not.
#[track_caller]
fn is_closed(home: &Home, stack: &Ministack) {
    let pools = pools(stack);
    assert_eq!(pools.len(), 1, "{pools:?}");
    assert_eq!(pools[0]["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"], true, "{}", pools[0]);
    assert!(!attack(home, stack), "a stranger is a user of {}", pools[0]);
}

#[track_caller]
fn is_taken_when_open(home: &Home, stack: &Ministack) {
    let open =
        json!({"UserPoolId": pools(stack)[0]["Id"], "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": false}});
    stack.cognito("UpdateUserPool", &open);
    assert!(attack(home, stack), "the attack shows nothing");
}

/// The role's policy, as IAM gives it back, names models and nothing like all of them.
#[track_caller]
fn names_models(policy: &str) {
    let policy: Value = serde_json::from_str(policy).unwrap_or_else(|error| panic!("{error}: {policy}"));
    let resources = policy["Statement"][0]["Resource"].as_array().unwrap_or_else(|| panic!("{policy}"));
    assert!(!resources.is_empty());
    for resource in resources {
        let resource = resource.as_str().unwrap();
        let model = resource.rsplit('/').next().unwrap();
        assert!(resource.starts_with("arn:aws:bedrock:") && !model.contains('*') && model.contains('.'), "{resource}");
    }
}

const POLICY: &str = "aws iam get-role-policy --role-name \"$ROLE\" --policy-name bedrock --query PolicyDocument";

#[test]
fn those_of_the_aws_cli() {
    let (home, stack, keyring) = (Home::new(), Ministack::start(), Keyring::start());
    let mut script: Vec<&str> = blocks("With the aws CLI", "sh");
    script.extend(blocks("Identity pool and role", "sh"));
    assert_eq!(script.len(), 2);
    let script = format!("{}\nROLE=ws-user\n{POLICY} >policy.json", script.join("\n"));
    bash(&home, &stack, &keyring, &script).run().ok();
    is_closed(&home, &stack);
    names_models(&std::fs::read_to_string(home.path("project/policy.json")).unwrap());
    // What was made is what cogtok needs, and `doctor` sees nothing wrong with who may sign up.
    let output = bash(&home, &stack, &keyring, "cogtok token m2m -p ws >/dev/null; cogtok doctor -p ws --json").run();
    crate::doctor::says(output.ok(), "self-sign-up", "ok", "only administrators");
    is_taken_when_open(&home, &stack);
}

#[test]
fn that_of_cloudformation() {
    let (home, stack, keyring) = (Home::new(), Ministack::start(), Keyring::start());
    let template = blocks("With CloudFormation", "yaml");
    let script = blocks("With CloudFormation", "sh");
    assert_eq!((template.len(), script.len()), (1, 1));
    let role = "aws cloudformation describe-stack-resource --stack-name ws --logical-resource-id UserRole \
                --query StackResourceDetail.PhysicalResourceId --output text";
    let script =
        format!("cat >ws.yaml <<'END'\n{}\nEND\n{}\nROLE=$({role})\n{POLICY} >policy.json", template[0], script[0]);
    bash(&home, &stack, &keyring, &script).run().ok();
    is_closed(&home, &stack);
    names_models(&std::fs::read_to_string(home.path("project/policy.json")).unwrap());
    // The stack's domain is one of AWS's, which is not reached from here.
    let output = bash(&home, &stack, &keyring, "cogtok doctor -p ws --json || test $? = 6").run();
    crate::doctor::says(output.ok(), "self-sign-up", "ok", "only administrators");
}

/// Terraform itself is not here: its text is looked at.
#[test]
fn that_of_terraform() {
    let template = blocks("With Terraform", "hcl");
    assert_eq!(template.len(), 1);
    let resource = |kind: &str| {
        let rest = template[0].split(&format!("resource \"{kind}\" ")).nth(1).unwrap();
        rest.split("\n}\n").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let pool = resource("aws_cognito_user_pool");
    assert!(pool.contains("admin_create_user_config { allow_admin_create_user_only = true }"), "{pool}");
    let policy = resource("aws_iam_role_policy");
    let models = policy.split("Resource = [").nth(1).and_then(|rest| rest.split(']').next());
    let models: Vec<&str> = models.expect("a list").split(", ").filter(|model| model.contains("arn:")).collect();
    assert!(models.iter().all(|model| model.contains("amazon.nova-lite-v1:0")) && models.len() == 2, "{policy}");
}

/// No page and no script of ours makes a pool that is open, in any form.
#[test]
fn no_other_sample_makes_an_open_pool() {
    let root = env!("CARGO_MANIFEST_DIR");
    let docs = std::fs::read_dir(format!("{root}/docs")).unwrap().map(|entry| entry.unwrap().path());
    let others = ["README.md", "SECURITY.md", "tests/live/make.sh"].map(|name| format!("{root}/{name}").into());
    let mut makers = 0;
    for path in docs.chain(others) {
        let text = std::fs::read_to_string(&path).unwrap();
        for made in [
            "create-user-pool ",
            "create-user-pool |",
            "Type: AWS::Cognito::UserPool\n",
            "\"aws_cognito_user_pool\" \"",
        ] {
            for (at, _) in text.match_indices(made) {
                makers += 1;
                let (from, to) =
                    (text[..at].char_indices().rev().nth(400).map_or(0, |(i, _)| i), (at + 400).min(text.len()));
                let around = text.get(from..to).unwrap_or(&text[from..]).to_lowercase().replace('_', "");
                assert!(around.contains("allowadmincreateuseronly"), "{}: {made:?} near\n{around}", path.display());
            }
        }
        assert!(!text.contains("\"Resource\": \"*\",") && !text.contains("Resource: \"*\"\n"), "{}", path.display());
    }
    assert!(makers >= 4, "{makers} found");
}
