//! The workshop's pool, made as its Terraform makes it: e-mail user names, a public web client, an m2m client with its
//! credentials in Secrets Manager, and one SSM parameter that says where everything is.

use super::http;
use super::ministack::{Ministack, ministack};
use super::{Home, Keyring, Run, unique};
use base64::Engine;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// An app client. A public one has no secret.
#[derive(Debug, Clone)]
pub struct Client {
    pub id: String,
    pub secret: Option<String>,
}

/// What was provisioned.
pub struct Workshop {
    pub ministack: &'static Ministack,
    /// `http://127.0.0.1:PORT`
    pub endpoint: String,
    pub region: &'static str,
    pub pool_id: String,
    /// AWS's, whatever the endpoint.
    pub issuer: String,
    pub jwks_url: String,
    pub domain: String,
    pub token_url: String,
    /// Public; password, SRP and refresh.
    pub web: Client,
    /// As `web`, with a secret.
    pub confidential: Client,
    /// Public; SRP and refresh only.
    pub srp_only: Client,
    /// Public; password and refresh only.
    pub password_only: Client,
    /// client_credentials with both scopes.
    pub m2m: Client,
    /// client_credentials with `api.dev/read` only.
    pub m2m_read: Client,
    /// `{client_id, client_secret, token_url, scopes: "a b"}`
    pub secret_arn: String,
    /// The same with `scopes` as a list.
    pub secret_arn_list: String,
    /// The bare client secret.
    pub secret_arn_bare: String,
    /// JSON of another shape.
    pub secret_arn_other: String,
    pub ssm_parameter: String,
}

/// Both scopes of the workshop's API.
pub const SCOPES: [&str; 2] = ["api.dev/read", "api.dev/write"];
/// The workshop's groups.
pub const GROUPS: [&str; 3] = ["super_admin", "platform_admin", "platform_user"];

/// The test process's workshop; the first caller provisions it.
pub fn workshop() -> &'static Workshop {
    static WORKSHOP: OnceLock<Workshop> = OnceLock::new();
    WORKSHOP.get_or_init(|| Workshop::provision(ministack()))
}

impl Workshop {
    /// Makes another pool with everything in it.
    pub fn provision(stack: &'static Ministack) -> Self {
        let pool = stack.cognito(
            "CreateUserPool",
            &json!({"PoolName": unique("workshop"), "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"],
                "Policies": {"PasswordPolicy": {"MinimumLength": 12, "RequireUppercase": true, "RequireLowercase": true,
                    "RequireNumbers": true, "RequireSymbols": true}}}),
        );
        let pool_id = pool["UserPool"]["Id"].as_str().expect("a pool id").to_string();
        let domain = unique("workshop");
        stack.cognito("CreateUserPoolDomain", &json!({"UserPoolId": pool_id, "Domain": domain}));
        stack.cognito(
            "CreateResourceServer",
            &json!({"UserPoolId": pool_id, "Identifier": "api.dev", "Name": "api", "Scopes": [
                {"ScopeName": "read", "ScopeDescription": "Read"}, {"ScopeName": "write", "ScopeDescription": "Write"}]}),
        );
        for (order, group) in GROUPS.iter().enumerate() {
            let body = json!({"UserPoolId": pool_id, "GroupName": group, "Precedence": order + 1});
            stack.cognito("CreateGroup", &body);
        }
        let client = |name: &str, secret: bool, flows: &[&str], scopes: &[&str]| {
            let mut body = json!({"UserPoolId": pool_id, "ClientName": name, "GenerateSecret": secret,
                "ExplicitAuthFlows": flows, "PreventUserExistenceErrors": "ENABLED"});
            if !scopes.is_empty() {
                body["AllowedOAuthFlows"] = json!(["client_credentials"]);
                body["AllowedOAuthFlowsUserPoolClient"] = json!(true);
                body["AllowedOAuthScopes"] = json!(scopes);
                body["SupportedIdentityProviders"] = json!(["COGNITO"]);
            }
            let make = || stack.cognito("CreateUserPoolClient", &body)["UserPoolClient"].clone();
            // One in a hundred of its ids is of letters alone, which no id of Cognito's is: it may be a stack's name.
            let has_digit =
                |made: &Value| made["ClientId"].as_str().is_some_and(|id| id.bytes().any(|c| c.is_ascii_digit()));
            let made = std::iter::repeat_with(make).find(has_digit).expect("a client");
            Client {
                id: made["ClientId"].as_str().expect("a client id").into(),
                secret: made["ClientSecret"].as_str().map(String::from),
            }
        };
        let (password, srp, refresh) = ("ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH");
        let m2m = client("m2m", true, &[], &SCOPES);
        let token_url = format!("{}/oauth2/token", stack.url());
        let store = |kind: &str, value: String| {
            let body = json!({"Name": format!("{}/{kind}", unique("m2m-credentials")), "SecretString": value});
            stack.admin("secretsmanager.CreateSecret", &body)["ARN"].as_str().expect("an ARN").to_string()
        };
        let bundle = |scopes: Value| {
            json!({"client_id": m2m.id, "client_secret": m2m.secret, "token_url": token_url, "scopes": scopes})
                .to_string()
        };
        let secret_arn = store("string", bundle(json!(SCOPES.join(" "))));
        let web = client("web", false, &[password, srp, refresh], &[]);
        let ssm_parameter = format!("/{}/config/dev", unique("agentic-platform"));
        let config = json!({"COGNITO_USER_POOL_ID": pool_id, "COGNITO_USER_CLIENT_ID": web.id,
            "COGNITO_M2M_CLIENT_ID": m2m.id, "COGNITO_DOMAIN": domain, "OAUTH_TOKEN_ENDPOINT": token_url,
            "M2M_CREDENTIALS_SECRET_ARN": secret_arn});
        let parameter = json!({"Name": ssm_parameter, "Value": config.to_string(), "Type": "String"});
        stack.admin("AmazonSSM.PutParameter", &parameter);
        Self {
            ministack: stack,
            endpoint: stack.url(),
            region: "us-east-1",
            issuer: format!("https://cognito-idp.us-east-1.amazonaws.com/{pool_id}"),
            jwks_url: format!("{}/{pool_id}/.well-known/jwks.json", stack.url()),
            confidential: client("confidential", true, &[password, srp, refresh], &[]),
            srp_only: client("srp-only", false, &[srp, refresh], &[]),
            password_only: client("password-only", false, &[password, refresh], &[]),
            m2m_read: client("m2m-read", true, &[], &SCOPES[..1]),
            secret_arn_list: store("list", bundle(json!(SCOPES))),
            secret_arn_bare: store("bare", m2m.secret.clone().expect("a secret")),
            secret_arn_other: store("other", json!({"username": "admin", "password": unique("p")}).to_string()),
            pool_id,
            domain,
            token_url,
            web,
            m2m,
            secret_arn,
            ssm_parameter,
        }
    }

    /// The m2m client's secret.
    pub fn m2m_secret(&self) -> &str {
        self.m2m.secret.as_deref().expect("the m2m client has a secret")
    }

    /// A Cognito admin call on this pool (`UserPoolId` is added) that must succeed.
    pub fn admin(&self, operation: &str, mut body: Value) -> Value {
        body["UserPoolId"] = json!(self.pool_id);
        self.ministack.cognito(operation, &body)
    }

    /// Makes a confirmed user with a permanent password; gives the e-mail.
    pub fn user(&self, password: &str) -> String {
        let email = self.temporary_user("Temporary-1-Password");
        self.admin("AdminSetUserPassword", json!({"Username": email, "Password": password, "Permanent": true}));
        email
    }

    /// Makes a user in FORCE_CHANGE_PASSWORD; gives the e-mail.
    pub fn temporary_user(&self, password: &str) -> String {
        let email = format!("{}@example.com", unique("user"));
        self.admin(
            "AdminCreateUser",
            json!({"Username": email, "TemporaryPassword": password, "MessageAction": "SUPPRESS", "UserAttributes": [
                {"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]}),
        );
        email
    }

    /// What AdminGetUser says, or None if there is no such user.
    pub fn find_user(&self, username: &str) -> Option<Value> {
        let body = json!({"UserPoolId": self.pool_id, "Username": username});
        let answer = self.ministack.call("AWSCognitoIdentityProviderService.AdminGetUser", &body);
        (answer.status == 200).then(|| answer.json())
    }

    /// Signs in at the public web client without cogtok: the whole answer, or its error type.
    pub fn sign_in(&self, username: &str, password: &str) -> Result<Value, String> {
        let body = json!({"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": self.web.id,
            "AuthParameters": {"USERNAME": username, "PASSWORD": password}});
        let attempt = || {
            let answer = self.ministack.call("AWSCognitoIdentityProviderService.InitiateAuth", &body);
            if answer.status == 200 { Ok(answer.json()) } else { Err(answer.json()["__type"].to_string()) }
        };
        // The local Cognito fails at times when it is asked much at once.
        let is_busy = |answer: &Result<Value, String>| answer.as_ref().is_err_and(|why| why.contains("InternalError"));
        (0..4).map(|_| attempt()).find(|answer| !is_busy(answer)).unwrap_or_else(attempt)
    }

    /// A client-credentials token without cogtok.
    pub fn m2m_token(&self) -> String {
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encode(&self.m2m.id), encode(self.m2m_secret()));
        let headers = [
            ("Authorization".into(), format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(pair))),
            ("Content-Type".into(), "application/x-www-form-urlencoded".into()),
        ];
        let (authority, path) = http::split(&self.token_url);
        let body = format!("grant_type=client_credentials&scope={}", encode(&SCOPES.join(" ")));
        let answer = http::request(authority, "POST", &path, &headers, body.as_bytes()).expect("the token endpoint");
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        answer.json()["access_token"].as_str().expect("an access token").to_string()
    }
}

impl Home {
    /// The profile `ws` of this workshop, made by the real `profile create`.
    pub fn workshop_profile(&self, workshop: &Workshop) {
        self.profile("ws", workshop, &workshop.endpoint, &workshop.token_url);
    }

    /// The same with the machine's secret in this keyring, and a token in the cache.
    pub fn workshop_machine(&self, workshop: &Workshop, keyring: &Keyring) {
        self.workshop_profile(workshop);
        let set = self.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).keyring(keyring);
        set.stdin(workshop.m2m_secret()).run().ok();
        self.cogtok(["token", "m2m", "-p", "ws"]).keyring(keyring).run().ok();
    }

    /// [`workshop_profile`](Self::workshop_profile) under another name and through other addresses (a [`Proxy`](super::Proxy), a hostile server).
    pub fn profile(&self, name: &str, workshop: &Workshop, endpoint: &str, token_url: &str) {
        self.canary(workshop.m2m_secret());
        self.canary(workshop.confidential.secret.as_deref().expect("a secret"));
        let create = self.cogtok(["profile", "create", name]).args([
            "--user-pool-id",
            &workshop.pool_id,
            "--client-id",
            &workshop.web.id,
            "--m2m-client-id",
            &workshop.m2m.id,
            "--token-url",
            token_url,
            "--scope",
            SCOPES[0],
            "--scope",
            SCOPES[1],
            "--endpoint-url",
            endpoint,
        ]);
        create.run().ok();
    }
}

impl Run<'_> {
    /// AWS credentials that ministack lets do everything.
    pub fn aws(self) -> Self {
        self.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test")
    }

    /// The workshop's m2m client secret in the environment, as in CI.
    pub fn m2m_secret(self, workshop: &Workshop) -> Self {
        self.canary(workshop.m2m_secret()).env("COGTOK_M2M_CLIENT_SECRET", workshop.m2m_secret())
    }
}
