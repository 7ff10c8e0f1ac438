//! `cogtok profile import` against real services: what each source becomes, and that the profile works afterwards.

use crate::doctor::says;
use crate::harness::verify::verify;
use crate::harness::{Answer, Home, Run, Server, poll, unique, workshop};
use serde_json::{Value, json};
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-7-Battery";

/// `cogtok profile import` as on a workshop's machine, with AWS credentials and a Region, at the local Cognito.
pub fn import<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.canary(workshop().m2m_secret());
    home.canary(workshop().confidential.secret.as_deref().unwrap());
    let run = home.cogtok(["profile", "import"]).args(args).aws().env("AWS_REGION", "us-east-1");
    run.args(["--endpoint-url", &workshop().endpoint])
}

/// What the profile says, by its keys.
pub fn settings(home: &Home, name: &str) -> Value {
    home.cogtok(["profile", "show", name, "--json"]).run().ok().json()
}

/// A token of the workshop's machine client comes with nothing but the profile and AWS credentials.
#[track_caller]
fn assert_machine_token(home: &Home, name: &str) {
    let token = home.cogtok(["token", "m2m", "-p", name]).aws().run().ok().quiet().line().to_string();
    let claims = verify(&token, workshop());
    let mut scopes: Vec<&str> = claims["scope"].as_str().unwrap().split(' ').collect();
    scopes.sort_unstable();
    assert_eq!((&claims["client_id"], scopes), (&json!(workshop().m2m.id), vec!["api.dev/read", "api.dev/write"]));
}

/// What the profile of the whole workshop says.
fn whole(name: &str) -> Value {
    let ws = workshop();
    json!({"name": name, "user_pool_id": ws.pool_id, "endpoint_url": ws.endpoint, "domain": ws.endpoint,
        "user.client_id": ws.web.id, "user.auth_flow": "srp", "m2m.client_id": ws.m2m.id, "m2m.token_url": ws.token_url,
        "m2m.scopes": ["api.dev/read", "api.dev/write"], "m2m.secret_arn": ws.secret_arn})
}

/// A stack with these outputs; gives its ARN.
pub fn stack(name: &str, outputs: &Value) -> String {
    let outputs: serde_json::Map<String, Value> =
        outputs.as_object().unwrap().iter().map(|(key, value)| (key.clone(), json!({"Value": value}))).collect();
    let parameter = json!({"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}});
    let template = json!({"Resources": {"Parameter": parameter}, "Outputs": outputs}).to_string();
    let stack = workshop().ministack;
    let create =
        [("Action", "CreateStack"), ("Version", "2010-05-15"), ("StackName", name), ("TemplateBody", &template)];
    stack.query("cloudformation", &create);
    let describe = [("Action", "DescribeStacks"), ("Version", "2010-05-15"), ("StackName", name)];
    let text = poll("the stack is made", Duration::from_secs(20), || {
        let text = stack.query("cloudformation", &describe);
        text.contains("CREATE_COMPLETE").then_some(text)
    });
    text.split("<StackId>").nth(1).unwrap().split('<').next().unwrap().to_string()
}

#[test]
fn a_workshops_parameter_is_all_that_tokens_need() {
    let (home, ws) = (Home::new(), workshop());
    let out = import(&home, &[&ws.ssm_parameter, "--name", "ws"]).run();
    out.ok().stdout_is("").stderr_has("created profile `ws` (now the default)").stderr_has("cogtok token m2m -p ws");
    out.stderr_lacks("warning").stderr_lacks("missing").stderr_has("COGNITO_USER_POOL_ID");
    // A value that is long stands alone, and every other line fits a terminal.
    let too_wide = |line: &&str| line.chars().count() > 80 && !line.ends_with(ws.secret_arn.as_str());
    out.check(!out.stderr.lines().any(|line| too_wide(&line)), "wider than 80 columns");
    assert_eq!(settings(&home, "ws"), whole("ws"));
    assert_machine_token(&home, "ws");
    let email = ws.user(PASSWORD);
    let sign_in = home.cogtok(["token", "user", "-p", "ws", "--username", &email, "--password-stdin"]).stdin(PASSWORD);
    verify(sign_in.canary_password(PASSWORD).run().ok().line(), ws);
}

#[test]
fn its_arn_and_an_endpoint_from_the_environment_do_as_well() {
    let (home, ws) = (Home::new(), workshop());
    let arn = format!("arn:aws:ssm:us-east-1:000000000000:parameter{}", ws.ssm_parameter);
    // Before the environment comes what is asked for, and a profile that is in use counts for nothing.
    home.cogtok(["profile", "create", "other", "--client-id", "x", "--endpoint-url", "http://127.0.0.1:1"]).run().ok();
    let run = home.cogtok(["profile", "import", &arn]).aws().env("AWS_ENDPOINT_URL", &ws.endpoint);
    let out = run.env("COGTOK_PROFILE", "other").env("COGTOK_CLIENT_ID", "stray").canary(ws.m2m_secret()).run();
    // The parameter's path without what every path has.
    let name = ws.ssm_parameter.trim_start_matches('/').replace("/config/", "-");
    out.ok().stderr_has(&format!("created profile `{name}`:")).stderr_lacks("default");
    assert_eq!(settings(&home, &name), whole(&name));
    assert_machine_token(&home, &name);
}

#[test]
fn a_secret_is_referred_to_or_copied() {
    let ws = workshop();
    let name = ws.secret_arn.rsplit_once(":secret:").unwrap().1.rsplit_once('-').unwrap().0;
    for (source, from) in [(ws.secret_arn.as_str(), None), (ws.secret_arn_list.as_str(), None), (name, Some("secret"))]
    {
        let home = Home::new();
        let run = import(&home, &[source, "--name", "ws"]);
        let run = from.into_iter().fold(run, |run, kind| run.args(["--from", kind]));
        run.run().ok().stderr_has("stays in Secrets Manager").stderr_lacks("missing");
        let shown = settings(&home, "ws");
        let arn = if source == ws.secret_arn_list { &ws.secret_arn_list } else { &ws.secret_arn };
        assert_eq!(shown["m2m.secret_arn"], json!(arn), "the whole ARN, so that the Region is known");
        assert_eq!(shown["m2m.client_id"], json!(ws.m2m.id));
        assert_machine_token(&home, "ws");
    }
}

#[test]
fn a_copied_secret_needs_no_aws_credentials_afterwards() {
    let (home, ws) = (Home::new(), workshop());
    let identity = crate::sealed::init(&home);
    let sealed = |run: Run<'_>| run.env("COGTOK_SECRET_IDENTITY", &identity).run();
    for source in [&ws.secret_arn, &ws.ssm_parameter] {
        let out = sealed(import(&home, &[source, "--name", "ws", "--copy-secret", "--replace"]));
        out.ok().stderr_has("in the secrets file").stderr_lacks("missing");
        let shown = settings(&home, "ws");
        assert_eq!((&shown["m2m.secret_arn"], &shown["secrets"]), (&Value::Null, &json!(["m2m-client"])));
        let token = sealed(home.cogtok(["token", "m2m", "-p", "ws", "--no-cache"]));
        verify(token.ok().line(), ws);
    }
    // Where there is no secret store nothing is kept, and nothing is written either.
    let bare = Home::new();
    let refused = import(&bare, &[&ws.secret_arn, "--name", "ws", "--copy-secret"]).run();
    refused.code(7).stderr_has("nothing was imported");
    assert!(!bare.config_file().exists());
}

#[test]
fn a_stacks_outputs_are_known_by_name_and_by_shape() {
    let (home, ws) = (Home::new(), workshop());
    let name = unique("Workshop");
    let arn = stack(
        &name,
        &json!({"AuthUserPoolRef3F2A1B9C": ws.pool_id, "WebClientIdD1A2B3C4": ws.web.id, "M2MClientId": ws.m2m.id,
            "TokenEndpoint": ws.token_url, "M2mCredentialsSecretArn": ws.secret_arn, "GoogleClientId": ws.password_only.id,
            "DatabaseSecretArn": ws.secret_arn_other, "ApiUrl": "https://api.example.com/", "Bucket": "workshop-assets"}),
    );
    import(&home, &[&name, "--from", "stack", "--region", "us-east-1", "--name", "ws"])
        .run()
        .ok()
        .stderr_lacks("warning");
    let mut expected = whole("ws");
    expected["region"] = json!("us-east-1");
    assert_eq!(settings(&home, "ws"), expected);
    assert_machine_token(&home, "ws");
    // Named after the stack, where its ARN says everything.
    import(&home, &[&arn]).run().ok().stderr_has(&format!("created profile `{name}`"));
    assert_eq!(settings(&home, &name), whole(&name));
}

#[test]
fn an_issuer_needs_no_credentials() {
    let (home, ws) = (Home::new(), workshop());
    for end in ["", "/", "/.well-known/openid-configuration", "/.well-known/jwks.json"] {
        let url = format!("{}/{}{end}", ws.endpoint, ws.pool_id);
        let out =
            home.cogtok(["profile", "import", &url, "--client-id", &ws.web.id, "--name", "ws", "--replace"]).run();
        out.ok();
        let expected = json!({"name": "ws", "user_pool_id": ws.pool_id, "endpoint_url": ws.endpoint,
            "domain": ws.endpoint, "user.client_id": ws.web.id});
        assert_eq!(settings(&home, "ws"), expected, "{end}");
    }
    let url = format!("{}/{}", ws.endpoint, ws.pool_id);
    let out = home.cogtok(["profile", "import", &url]).run();
    out.ok().stderr_has("cogtok profile set").stderr_has("user.client_id ID");
    assert_eq!(settings(&home, &ws.pool_id)["user_pool_id"], json!(ws.pool_id));
    let unknown = format!("{}/us-east-1_NoSuchPool/.well-known/jwks.json", ws.endpoint);
    insta::assert_snapshot!(home.cogtok(["profile", "import", &unknown, "--name", "x"]).run().message(), @"
    exit 3
    error: there is no discovery document at http://127.0.0.1:[port]/us-east-1_NoSuchPool/.well-known/openid-configuration (HTTP 404) (profile `x`)
    hint: check the pool id and its Region
    ");
}

#[test]
fn a_pool_with_one_client_of_each_kind_asks_nothing() {
    let home = Home::new();
    let identity = crate::sealed::init(&home);
    let stack = workshop().ministack;
    let pool = stack.cognito("CreateUserPool", &json!({"PoolName": "Tür 7 / pool"}))["UserPool"]["Id"].clone();
    let client = |body: Value| {
        let mut body = body;
        body["UserPoolId"] = pool.clone();
        stack.cognito("CreateUserPoolClient", &body)["UserPoolClient"].clone()
    };
    stack.cognito(
        "CreateResourceServer",
        &json!({"UserPoolId": pool, "Identifier": "api", "Name": "api", "Scopes": [{"ScopeName": "read", "ScopeDescription": "Read"}]}),
    );
    let app = client(json!({"ClientName": "app", "GenerateSecret": true, "ExplicitAuthFlows":
        ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}));
    let machine =
        client(json!({"ClientName": "jobs", "GenerateSecret": true, "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthScopes": ["api/read"]}));
    let [app_secret, machine_secret] = [&app, &machine].map(|client| client["ClientSecret"].as_str().unwrap());
    let out = import(&home, &[pool.as_str().unwrap()]).canary(app_secret).canary(machine_secret);
    let out = out.env("COGTOK_SECRET_IDENTITY", &identity).run();
    out.ok().stderr_has("created profile `T-r-7-pool`").stderr_has("(DescribeUserPoolClient)").stderr_lacks("missing");
    let shown = settings(&home, "T-r-7-pool");
    assert_eq!(shown["user.client_id"], app["ClientId"]);
    assert_eq!(shown["user.auth_flow"], json!("password"));
    assert_eq!(shown["m2m.client_id"], machine["ClientId"]);
    assert_eq!(
        (&shown["m2m.scopes"], &shown["secrets"]),
        (&json!(["api/read"]), &json!(["user-client", "m2m-client"]))
    );
    let email = format!("{}@example.com", unique("user"));
    for (operation, body) in [
        ("AdminCreateUser", json!({"MessageAction": "SUPPRESS", "TemporaryPassword": "Temporary-1-Password"})),
        ("AdminSetUserPassword", json!({"Password": PASSWORD, "Permanent": true})),
    ] {
        let mut body = body;
        body["UserPoolId"] = pool.clone();
        body["Username"] = json!(email);
        stack.cognito(operation, &body);
    }
    let run = |args: &[&str]| home.cogtok(args).env("COGTOK_SECRET_IDENTITY", &identity);
    run(&["token", "m2m"]).run().ok().line();
    let user = run(&["token", "user", "--username", &email, "--password-stdin"]).stdin(PASSWORD);
    user.canary_password(PASSWORD).run().ok().line();
}

#[test]
fn the_flow_that_the_client_allows_is_the_profiles_so_that_the_first_sign_in_works() {
    let ws = workshop();
    let email = ws.user(PASSWORD);
    let client = ws.password_only.id.as_str();
    let parameter = format!("/{}/config/dev", unique("password-only"));
    let value = json!({"COGNITO_USER_POOL_ID": ws.pool_id, "COGNITO_USER_CLIENT_ID": client}).to_string();
    ws.ministack.admin("AmazonSSM.PutParameter", &json!({"Name": parameter, "Value": value, "Type": "String"}));
    let issuer = format!("{}/{}", ws.endpoint, ws.pool_id);
    let sources: [&[&str]; 3] =
        [&[&parameter], &[&issuer, "--client-id", client], &[&ws.pool_id, "--client-id", client]];
    for source in sources {
        let home = Home::new();
        import(&home, source).args(["--name", "ws"]).run().ok();
        assert_eq!(settings(&home, "ws")["user.auth_flow"], json!("password"), "{source:?}");
        let sign_in = home.cogtok(["token", "user", "--username", &email, "--password-stdin"]).stdin(PASSWORD);
        verify(sign_in.canary_password(PASSWORD).run().ok().line(), ws);
        says(home.cogtok(["doctor", "--json"]).aws().run().ok(), "user-client", "ok", "`password`");
    }
    // Credentials that a container's platform names are at hand as well.
    let platform = Server::always(Answer::json(
        200,
        &json!({"AccessKeyId": "test", "SecretAccessKey": "test", "Token": "test", "Expiration": "2099-01-01T00:00:00Z"}),
    ));
    let args = ["profile", "import", &issuer, "--client-id", client, "--name", "ws"];
    let home = Home::new();
    let run = home.cogtok(args).env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/creds", platform.url()));
    run.run().ok();
    assert_eq!((settings(&home, "ws")["user.auth_flow"].clone(), platform.hits()), (json!("password"), 1));
    // Where nothing names any, none are looked for.
    let home = Home::new();
    home.cogtok(args).run().ok();
    assert_eq!(settings(&home, "ws")["user.auth_flow"], Value::Null);
    says(home.cogtok(["doctor", "--json"]).aws().run().code(3), "user-client", "fail", "`srp`");
}
