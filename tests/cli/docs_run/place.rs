//! Where the pages' commands run: a pool like that of the examples, what the tokens are for, and homes with the profile `ws`.

use crate::call_model::{converse, converse_stream, event_stream};
use crate::harness::ministack::{Ministack, aws_venv, ministack};
use crate::harness::page::Block;
use crate::harness::shell::path_with_cogtok;
use crate::harness::{Answer, Home, Keyring, Request, Server, binary, poll, unique};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-7-Battery";

/// A pool, and the words of the pages that stand for what is in it.
pub struct Pool {
    words: Vec<(String, String)>,
    env: Vec<(&'static str, String)>,
    outputs: Value,
}

/// A page's surroundings.
pub struct Place {
    pub pool: Pool,
    pub api: Arc<Server>,
    pub world: World,
}

/// A home, its keyring and what the shell of the page knows.
pub struct World {
    pub home: Home,
    keyring: Keyring,
    /// Whether the page begins with the profile `ws`, and its client secret in a variable; on a fresh home the page stores it.
    has_profile: bool,
}

impl Place {
    /// The place with a profile `ws`, as README makes it, whose user can sign in.
    pub fn new() -> Self {
        let (api, pool) = Pool::provision(ministack());
        let world = World::new(&pool, true);
        Self { pool, api, world }
    }
}

/// API, agent, MCP server and models in one, as each documents its answers.
fn answer(request: &Request, authorizer: &Value) -> Answer {
    let (method, path) = (request.method.as_str(), request.path.as_str());
    if path.ends_with("/converse-stream") {
        return event_stream(converse_stream(&["Hello, ", "Alice."]));
    }
    if path.ends_with("/converse") {
        return converse("Hello.");
    }
    if path.ends_with("/stopruntimesession") {
        return Answer::json(200, &json!({}));
    }
    if method == "GET" && path.starts_with("/runtimes/") && !path.contains("invocations") {
        return Answer::json(200, authorizer);
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    let tool = json!({"name": "weather___forecast", "description": "The weather", "inputSchema": {"type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}});
    let result = match body["method"].as_str() {
        Some("initialize") => json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": "tools", "version": "1"}}),
        Some("tools/list") => {
            let mut today = tool.clone();
            today["name"] = json!("weather___today");
            json!({"tools": [tool, today]})
        }
        Some("tools/call") => json!({"content": [{"type": "text", "text": "sunny"}]}),
        Some(_) if body.get("id").is_none() => return Answer::new(202, "text/plain", ""),
        Some(_) => json!({}),
        None => return Answer::json(200, &json!({"answer": "hello"})),
    };
    Answer::json(200, &json!({"jsonrpc": "2.0", "id": body["id"], "result": result}))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
}

impl Pool {
    fn provision(stack: &'static Ministack) -> (Arc<Server>, Self) {
        let made = stack.cognito(
            "CreateUserPool",
            &json!({"PoolName": unique("docs"), "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"],
                "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}}),
        );
        let pool = text(&made["UserPool"]["Id"]);
        let admin = |operation: &str, mut body: Value| {
            body["UserPoolId"] = json!(pool);
            stack.cognito(operation, &body)
        };
        let prefix = unique("docs");
        admin("CreateUserPoolDomain", json!({"Domain": prefix}));
        let scopes = ["read", "write"].map(|name| json!({"ScopeName": name, "ScopeDescription": name}));
        admin("CreateResourceServer", json!({"Identifier": "api", "Name": "api", "Scopes": scopes}));
        admin("CreateGroup", json!({"GroupName": "admins"}));
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let web = admin("CreateUserPoolClient", json!({"ClientName": "web", "ExplicitAuthFlows": flows}));
        let web = text(&web["UserPoolClient"]["ClientId"]);
        let m2m = json!({"ClientName": "m2m", "GenerateSecret": true, "AllowedOAuthFlows": ["client_credentials"],
            "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthScopes": ["api/read", "api/write"]});
        let m2m = admin("CreateUserPoolClient", m2m)["UserPoolClient"].clone();
        let (m2m, secret) = (text(&m2m["ClientId"]), text(&m2m["ClientSecret"]));
        for name in ["alice@example.com", "totp@example.com"] {
            let attributes =
                [json!({"Name": "email", "Value": name}), json!({"Name": "email_verified", "Value": "true"})];
            admin(
                "AdminCreateUser",
                json!({"Username": name, "MessageAction": "SUPPRESS", "UserAttributes": attributes}),
            );
            admin("AdminSetUserPassword", json!({"Username": name, "Password": PASSWORD, "Permanent": true}));
            admin("AdminAddUserToGroup", json!({"Username": name, "GroupName": "admins"}));
        }
        let (endpoint, token_url) = (stack.url(), format!("{}/oauth2/token", stack.url()));
        let issuer = format!("https://cognito-idp.us-east-1.amazonaws.com/{pool}");
        let bundle = json!({"client_id": m2m, "client_secret": secret, "token_url": token_url, "scopes": "api/read"});
        let bundle_name = unique("workshop-m2m");
        let arn = stack
            .admin("secretsmanager.CreateSecret", &json!({"Name": bundle_name, "SecretString": bundle.to_string()}));
        let arn = text(&arn["ARN"]);
        let parameter = format!("/{}/config/dev", unique("agentic-platform"));
        let config = json!({"COGNITO_USER_POOL_ID": pool, "COGNITO_USER_CLIENT_ID": web, "COGNITO_M2M_CLIENT_ID": m2m,
            "COGNITO_DOMAIN": prefix, "OAUTH_TOKEN_ENDPOINT": token_url, "M2M_CREDENTIALS_SECRET_ARN": arn});
        let value = json!({"Name": parameter, "Value": config.to_string(), "Type": "String"});
        stack.admin("AmazonSSM.PutParameter", &value);
        let provider = json!({"ProviderName": format!("cognito-idp.us-east-1.amazonaws.com/{pool}"), "ClientId": web});
        let identity_pool = stack.admin(
            "AWSCognitoIdentityService.CreateIdentityPool",
            &json!({"IdentityPoolName": "docs", "AllowUnauthenticatedIdentities": false, "CognitoIdentityProviders": [provider]}),
        );
        let identity_pool = text(&identity_pool["IdentityPoolId"]);
        let outputs =
            json!({"UserPoolId": pool, "UserPoolClientId": web, "M2MClientId": m2m, "TokenEndpoint": token_url});
        let cloud = unique("docs-stack");
        deploy(stack, &cloud, &outputs);

        let runtime = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234";
        let authorizer = json!({"agentRuntimeArn": runtime, "agentRuntimeName": "my_agent", "agentRuntimeId": "my_agent-AbCdEf1234",
            "agentRuntimeVersion": "1", "status": "READY", "authorizerConfiguration": {"customJWTAuthorizer": {
                "discoveryUrl": format!("{issuer}/.well-known/openid-configuration"), "allowedClients": [web]}}});
        let file = authorizer.to_string();
        let api = Arc::new(Server::start(move |request| answer(request, &authorizer)));
        let url = api.url();
        let words = [
            ("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI", format!("{endpoint}/{pool}")),
            ("http://127.0.0.1:4566", endpoint.clone()),
            ("us-east-1_AbCdEfGhI", pool.clone()),
            ("1example23456789abcdefghij", web.clone()),
            ("9example8765432zyxwvutsrqp", m2m.clone()),
            ("--client-id CLIENT", format!("--client-id {web}")),
            ("--m2m-client-id M2M_CLIENT", format!("--m2m-client-id {m2m}")),
            ("--allowed-client CLIENT", format!("--allowed-client {web}")),
            ("--allowed-audience CLIENT", format!("--allowed-audience {m2m}")),
            ("https://ws.auth.us-east-1.amazoncognito.com/oauth2/token", token_url.clone()),
            ("arn:aws:secretsmanager:us-east-1:111122223333:secret:m2m-AbCdEf", arn),
            ("import workshop/m2m", format!("import {bundle_name}")),
            ("/agentic-platform/config/dev", parameter),
            ("import my-stack", format!("import {cloud}")),
            ("us-east-1:12345678-90ab-cdef-1234-567890abcdef", identity_pool.clone()),
            ("https://tools-abcdef1234.gateway.bedrock-agentcore.us-west-2.amazonaws.com", url.clone()),
            ("https://GATEWAY.gateway.bedrock-agentcore.us-west-2.amazonaws.com", url.clone()),
            ("https://gateway.example.com", url.clone()),
            ("https://api.example.com", url.clone()),
            ("http://127.0.0.1:8090", url.clone()),
            ("http://localhost:8090", url.clone()),
            ("http://localhost:8080", url.clone()),
            ("age1EXAMPLE", "$RECIPIENT".to_owned()),
            ("my-unique-prefix", unique("docs")),
            ("--role-name ws-user", format!("--role-name {}", unique("ws-user"))),
            ("--stack-name ws", format!("--stack-name {}", unique("ws"))),
        ];
        let words = words.into_iter().map(|(page, here)| (page.to_owned(), here)).collect();
        let env = [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", url.clone()),
            ("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE", url.clone()),
            ("AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL", url.clone()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("PASSWORD", PASSWORD.to_owned()),
            ("COGTOK_PASSWORD", PASSWORD.to_owned()),
            ("SECRET", secret.clone()),
            ("COGTOK_M2M_CLIENT_SECRET", secret.clone()),
            ("COGNITO_USER_POOL_ID", pool),
            ("COGNITO_CLIENT_ID", web),
            ("COGNITO_USERNAME", "alice@example.com".to_owned()),
            ("COGNITO_PASSWORD", PASSWORD.to_owned()),
            ("COGNITO_M2M_CLIENT_ID", m2m),
            ("COGNITO_M2M_CLIENT_SECRET", secret.clone()),
            ("COGNITO_TOKEN_URL", token_url),
            ("COGNITO_M2M_SCOPES", "api/read".to_owned()),
            ("RUNTIME_JSON", file),
            ("IDENTITY_POOL_ID", identity_pool),
        ];
        (api, Self { words, env: env.to_vec(), outputs })
    }

    /// What a page has for an example, as it is here.
    fn here(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (page, here)| text.replace(page, here))
    }
}

/// A stack with these outputs.
fn deploy(stack: &Ministack, name: &str, outputs: &Value) {
    let of = |(name, value): (&String, &Value)| (name.clone(), json!({"Value": value}));
    let outputs: serde_json::Map<String, Value> = outputs.as_object().unwrap().iter().map(of).collect();
    let parameter = json!({"Type": "AWS::SSM::Parameter", "Properties": {"Name": format!("/{name}"), "Type": "String", "Value": "x"}});
    let template = json!({"Resources": {"Parameter": parameter}, "Outputs": outputs}).to_string();
    let create =
        [("Action", "CreateStack"), ("Version", "2010-05-15"), ("StackName", name), ("TemplateBody", &template)];
    stack.query("cloudformation", &create);
    let describe = [("Action", "DescribeStacks"), ("Version", "2010-05-15"), ("StackName", name)];
    poll("the stack is made", Duration::from_secs(20), || {
        stack.query("cloudformation", &describe).contains("CREATE_COMPLETE").then_some(())
    });
}

impl World {
    /// A home with the files that the pages speak of; `has_profile` says whether `ws` is there, as README makes it.
    pub fn new(pool: &Pool, has_profile: bool) -> Self {
        let world = Self { home: Home::new(), keyring: Keyring::start(), has_profile };
        let project = world.home.allow(world.project());
        let bin = world.home.allow(world.home.path("bin"));
        for dir in [&project, &bin] {
            std::fs::create_dir(dir).unwrap();
        }
        let file = |name: &str, text: &str| {
            let path = project.join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
        };
        file("call-the-api.sh", "#!/bin/sh\ntest -n \"$COGTOK_ACCESS_TOKEN\"\n");
        file("question.json", r#"{"prompt": "hello"}"#);
        file("payload.json", r#"{"prompt": "hello"}"#);
        file("message.json", r#"{"message": "hello"}"#);
        file("arguments.json", r#"{"city": "Ulm"}"#);
        let variables = pool.env.iter().filter(|(name, _)| name.starts_with("COGNITO_"));
        file(".env", &variables.map(|(name, value)| format!("{name}={value}\n")).collect::<String>());
        world.stand_in("terraform", &terraform(&pool.outputs), "cat \"$data\"");
        world.stand_in("cdk", &json!({"Stack": pool.outputs}), "test \"$2\" = --outputs-file && cat \"$data\" >\"$3\"");
        world.home.plant(".curlrc", "silent\n");
        let aws = format!(
            "[profile bedrock-user]\ncredential_process = {} aws-credentials -p ws\nregion = us-east-1\n",
            binary().display()
        );
        world.home.plant(".aws/config", aws);
        if has_profile {
            let make = pool.here(
                "create ws --user-pool-id us-east-1_AbCdEfGhI --client-id 1example23456789abcdefghij --username alice@example.com \
                 --m2m-client-id 9example8765432zyxwvutsrqp --scope api/read --scope api/write \
                 --token-url https://ws.auth.us-east-1.amazoncognito.com/oauth2/token",
            );
            world.home.cogtok(["profile"]).args(make.split_whitespace()).run().ok();
            let endpoint = pool.env.iter().find(|(name, _)| *name == "AWS_ENDPOINT_URL").unwrap();
            world.home.cogtok(["profile", "set", "ws", "endpoint_url", &endpoint.1]).run().ok();
        }
        world
    }

    /// A program that this machine may lack, and whose output alone matters.
    fn stand_in(&self, name: &str, data: &Value, script: &str) {
        let data_file = self.home.path("bin").join(format!("{name}.json"));
        std::fs::write(&data_file, data.to_string()).unwrap();
        let program = self.home.path("bin").join(name);
        std::fs::write(&program, format!("#!/bin/sh\ndata='{}'\n{script}\n", data_file.display())).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
    }

    /// The directory where the commands are typed.
    pub fn project(&self) -> PathBuf {
        self.home.path("project")
    }

    /// The configuration.
    pub fn profiles(&self) -> toml_edit::DocumentMut {
        std::fs::read_to_string(self.home.config_file()).unwrap().parse().unwrap()
    }

    /// Runs these lines of a block; says where they stopped and with which words.
    pub fn bash(&self, pool: &Pool, block: &Block, line: usize, text: &str) -> Option<String> {
        let state = self.home.allow(self.home.path("bin/state"));
        // Variables of one block are there in the next, as in the shell of somebody who types them.
        let before = block.mark("before:").map(|setup| format!("{setup}\n")).unwrap_or_default();
        // What stands above the block's own first line in the script.
        let offset = line as isize - before.lines().count() as isize - 2;
        let prelude = format!(
            "set -Eeuo pipefail; trap 'echo \"stopped at line $((LINENO + {offset}))\" >&2' ERR; \
             [ ! -f \"$STATE\" ] || . \"$STATE\"; set -a"
        );
        let script =
            format!("{prelude}\n{}{}set +a; export -p >\"$STATE\"\n", pool.here(&before), pool.here(text) + "\n");
        let path = [self.home.path("bin"), aws_venv().join("bin")].into_iter();
        let path = std::env::join_paths(path.chain(std::env::split_paths(&path_with_cogtok()))).unwrap();
        let mut run = self.home.program("bash", ["--norc", "--noprofile", "-c", &script]).keyring(&self.keyring);
        // COGTOK_PASSWORD stands for the person who types it.
        for (name, value) in pool.env.iter().filter(|(name, _)| self.has_profile || *name != "COGTOK_M2M_CLIENT_SECRET")
        {
            run = run.env(name, value);
        }
        if let Some(name) = block.mark("stdin: $") {
            run = run.stdin(pool.env.iter().find(|(known, _)| *known == name).expect("a variable").1.as_bytes());
        }
        let run = run.env("PATH", path).env("STATE", &state);
        let output = run.cwd(self.project()).timeout(Duration::from_secs(120)).run();
        let wanted = block.mark("exit ").map_or(0, |code| code.parse().expect("a number"));
        if output.code == Some(wanted) {
            return None;
        }
        Some(format!("{line}: exit {:?}, expected {wanted}\n{}", output.code, output.stderr))
    }
}

/// `terraform output -json` with these outputs.
fn terraform(outputs: &Value) -> Value {
    let names =
        [("user_pool_id", "UserPoolId"), ("user_client_id", "UserPoolClientId"), ("m2m_client_id", "M2MClientId")];
    let names = names.into_iter().chain([("token_endpoint", "TokenEndpoint")]);
    let output = |(name, of): (&str, &str)| {
        (name.to_owned(), json!({"sensitive": false, "type": "string", "value": outputs[of]}))
    };
    Value::Object(names.map(output).collect())
}
