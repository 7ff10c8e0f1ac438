//! A browser sign-in from both ends: a profile whose hosted pages are a server of the test, a BROWSER that hands its address
//! over instead of showing it, and a real Chromium.

use super::challenges::CLIENT;
use super::http::{self, Response};
use super::ministack::venv;
use super::ports::free_port;
use super::run::{Run, Running};
use super::workshop::{Client, Workshop};
use super::{Answer, Home, Request, jwt, need, poll, unique};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// The issuer of the scripted pool.
pub const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Scripted0";
/// The code that the pages give.
pub const CODE: &str = "b6f1a2c3-one-time-code";
/// The refresh token of a scripted sign-in.
pub const REFRESH: &str = "eyJjdHki.refresh.token.of-the.sign-in";

/// A BROWSER that writes down what it was called with.
pub struct FakeBrowser {
    dir: PathBuf,
}

impl Home {
    /// Plants a configuration with the one profile `ws`, whose pages are at `domain`; gives the redirect URI.
    pub fn login_profile(&self, domain: &str) -> Url {
        self.login_profile_with(domain, domain)
    }

    /// The same with the API elsewhere.
    pub fn login_profile_with(&self, domain: &str, endpoint: &str) -> Url {
        let uri = format!("http://127.0.0.1:{}/callback", free_port());
        for secret in [CODE, REFRESH] {
            self.canary(secret);
        }
        self.config(&format!(
            "version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\n\
             domain = \"{domain}\"\nendpoint_url = \"{endpoint}\"\n[profiles.ws.user]\nclient_id = \"{CLIENT}\"\n\
             redirect_uris = [\"{uri}\"]\n"
        ));
        Url::parse(&uri).expect("a URL")
    }

    /// A BROWSER for this home.
    pub fn fake_browser(&self) -> FakeBrowser {
        let dir = self.path(unique("browser"));
        self.allow(&dir);
        let script =
            format!("env >'{0}/env'; printf %s \"$1\" >'{0}/url.new'; mv '{0}/url.new' '{0}/url'\n", dir.display());
        let name = dir.file_name().expect("a name").to_string_lossy().into_owned();
        self.plant(format!("{name}/browser.sh"), script);
        FakeBrowser { dir }
    }
}

impl Run<'_> {
    /// With this BROWSER.
    pub fn browser(self, browser: &FakeBrowser) -> Self {
        self.env("BROWSER", browser.command())
    }
}

impl FakeBrowser {
    /// The value of BROWSER.
    pub fn command(&self) -> String {
        format!("sh {}/browser.sh %s", self.dir.display())
    }

    /// The address that it was told to open, once it was.
    pub fn url(&self) -> Url {
        let file = self.dir.join("url");
        let text = poll("the browser is opened", Duration::from_secs(20), || std::fs::read_to_string(&file).ok());
        Url::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// The environment that it was given.
    pub fn environment(&self) -> String {
        self.url();
        std::fs::read_to_string(self.dir.join("env")).expect("its environment")
    }
}

/// A parameter of an address.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// The authority and the path that a browser comes back to.
pub fn redirect_of(url: &Url) -> (String, String) {
    let uri = Url::parse(&parameter(url, "redirect_uri").expect("a redirect URI")).expect("a URL");
    let authority = format!("{}:{}", uri.host_str().expect("a host"), uri.port_or_known_default().expect("a port"));
    (authority, uri.path().to_string())
}

/// Comes back from `url` with this query, as a browser does.
pub fn come_back(url: &Url, query: &str) -> Response {
    let (authority, path) = redirect_of(url);
    let answer = http::request(&authority, "GET", &format!("{path}?{query}"), &[], b"");
    answer.unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// What ID tokens must carry, by the address that the browser comes back to.
static NONCES: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// The answer to a request as Cognito gives it: with the nonce that the sign-in was begun with in the ID token, unless the
/// token has one. A nonce of null is one that is missing.
pub fn with_nonce(request: &Request, answer: Answer) -> Answer {
    let uri = request.form("redirect_uri");
    let nonces = NONCES.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(nonce) = uri.and_then(|uri| nonces.get(&uri)) else { return answer };
    answer.map_json(|body| {
        let claims = body["id_token"].as_str().and_then(|token| token.split('.').nth(1));
        let claims = claims.and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
        let Some(Ok(mut claims)) = claims.map(|claims| serde_json::from_slice::<Value>(&claims)) else { return };
        match claims.get("nonce") {
            None => claims["nonce"] = json!(nonce),
            Some(Value::Null) => drop(claims.as_object_mut().expect("claims").remove("nonce")),
            Some(_) => return,
        }
        body["id_token"] = json!(jwt(&claims));
    })
}

/// The query of the right answer.
pub fn right(url: &Url) -> String {
    if let Some((uri, nonce)) = parameter(url, "redirect_uri").zip(parameter(url, "nonce")) {
        NONCES.lock().unwrap_or_else(PoisonError::into_inner).insert(uri, nonce);
    }
    format!("code={CODE}&state={}", parameter(url, "state").expect("a state"))
}

/// Signs in at once, and waits for the end of the run.
pub fn sign_in(run: Run<'_>, browser: &FakeBrowser) -> (super::Output, Response) {
    let running: Running<'_> = run.browser(browser).spawn();
    let url = browser.url();
    let page = come_back(&url, &right(&url));
    (running.wait(), page)
}

/// The claims of alice's access token and ID token.
pub fn claims() -> (Value, Value) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("clock").as_secs();
    let sub = "5f0c1c2e-3b4d-4e5f-8a9b-0c1d2e3f4a5b";
    let access = json!({"sub": sub, "iss": ISSUER, "client_id": CLIENT, "token_use": "access", "username": sub,
        "scope": "openid aws.cognito.signin.user.admin", "iat": now, "exp": now + 3600, "jti": unique("jti")});
    let id = json!({"sub": sub, "iss": ISSUER, "aud": CLIENT, "token_use": "id", "cognito:username": sub,
        "email": "alice@example.com", "preferred_username": "ali", "iat": now, "exp": now + 3600, "jti": unique("jti")});
    (access, id)
}

/// A token endpoint's answer with tokens of these claims.
pub fn answer(access: &Value, id: &Value) -> Answer {
    Answer::json(
        200,
        &json!({"access_token": jwt(access), "id_token": jwt(id), "refresh_token": REFRESH, "token_type": "Bearer",
            "expires_in": 3600}),
    )
}

/// A token endpoint's answer to a refresh: tokens that live this many seconds, and perhaps a new refresh token.
pub fn refreshed(seconds: u64, refresh_token: Option<&str>) -> (String, Answer) {
    let (mut access, id) = claims();
    let now = access["iat"].as_u64().expect("a number");
    access["exp"] = json!(now + seconds);
    let token = jwt(&access);
    let mut body = json!({"access_token": token, "id_token": jwt(&id), "token_type": "Bearer", "expires_in": seconds});
    if let Some(refresh_token) = refresh_token {
        body["refresh_token"] = json!(refresh_token);
    }
    (token, Answer::json(200, &body))
}

/// The answer for alice.
pub fn alice() -> Answer {
    let (access, id) = claims();
    answer(&access, &id)
}

impl Home {
    /// The profile `ws` of this workshop for a browser, with an app client of its own that comes back to this address.
    pub fn browser_profile(&self, workshop: &Workshop, uri: &str) -> Client {
        let client = workshop.login_client(&[uri], false);
        self.profile_of_browser(workshop, &client, uri, None);
        client
    }

    /// The same for this app client, and maybe with its user.
    pub fn profile_of_browser(&self, workshop: &Workshop, client: &Client, uri: &str, username: Option<&str>) {
        let create = self.cogtok(["profile", "create", "ws", "--user-pool-id", &workshop.pool_id]);
        let create = create.args(["--client-id", &client.id, "--redirect-uri", uri]);
        let create = create.args(["--domain", &workshop.endpoint, "--endpoint-url", &workshop.endpoint]);
        username.into_iter().fold(create, |create, name| create.args(["--username", name])).run().ok();
    }
}

impl Workshop {
    /// An app client for the code grant that comes back to these addresses.
    pub fn login_client(&self, uris: &[&str], has_secret: bool) -> Client {
        let made = self.admin(
            "CreateUserPoolClient",
            json!({"ClientName": unique("login"), "GenerateSecret": has_secret,
                "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
                "AllowedOAuthFlows": ["code"], "AllowedOAuthFlowsUserPoolClient": true,
                "AllowedOAuthScopes": ["openid", "email", "aws.cognito.signin.user.admin", "api.dev/read"],
                "SupportedIdentityProviders": ["COGNITO"], "CallbackURLs": uris, "LogoutURLs": uris}),
        );
        Client {
            id: made["UserPoolClient"]["ClientId"].as_str().expect("a client id").into(),
            secret: made["UserPoolClient"]["ClientSecret"].as_str().map(String::from),
        }
    }
}

/// A person who signs in with a real Chromium: the page that it ends at, as `title`, `text`, `url` and `html`.
pub fn chromium(url: &Url, username: &str, password: &str) -> Value {
    need("chromium", "chromium");
    let mut python = Command::new(venv().join("bin/python"))
        .args(["-I", "-B", "-c", include_str!("../../fixtures/browser.py"), url.as_str()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python");
    let mut stdin = python.stdin.take().expect("piped");
    write!(stdin, "{username}\n{password}\n").expect("write");
    drop(stdin);
    let done = python.wait_with_output().expect("wait");
    assert!(done.status.success(), "Chromium: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("JSON")
}
