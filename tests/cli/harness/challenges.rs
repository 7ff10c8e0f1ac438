//! A user's profile whose Cognito is a server of the test, the challenges as Cognito writes them, and an authenticator app.

use super::ministack::venv;
use super::{Answer, Home, Output, Server, jwt};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// The user's password.
pub const PASSWORD: &str = "Correct-Horse-7-Battery";
/// A code that the script takes for right, or for wrong.
pub const CODE: &str = "913572";
/// The app client.
pub const CLIENT: &str = "1example23456789abcdefghij";
/// The client's secret, where a test gives it one.
pub const CLIENT_SECRET: &str = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmno";

impl Home {
    /// Plants a configuration with the one profile `ws`: the user `alice@example.com`, the flow without SRP's arithmetic.
    pub fn scripted_user(&self, endpoint: &str) {
        for secret in [PASSWORD, CODE, CLIENT_SECRET] {
            self.canary(secret);
        }
        self.config(&format!(
            "version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\n\
             endpoint_url = \"{endpoint}\"\n[profiles.ws.user]\nclient_id = \"{CLIENT}\"\n\
             username = \"alice@example.com\"\nauth_flow = \"password\"\n"
        ));
    }
}

/// A challenge with the session number `session`.
pub fn challenge(session: u32, name: &str, parameters: Value) -> Answer {
    let body = json!({"ChallengeName": name, "ChallengeParameters": parameters, "Session": session_text(session)});
    Answer::new(200, "application/x-amz-json-1.1", body.to_string())
}

/// The text of session number `session`, of a length that Cognito allows.
pub fn session_text(session: u32) -> String {
    format!("session-{session}-{}", "x".repeat(40))
}

/// What a sign-in ends with: the access token and the answer that carries it.
pub fn signed_in() -> (String, Answer) {
    let token = jwt(&json!({"token_use": "access", "client_id": CLIENT, "scope": "aws.cognito.signin.user.admin",
        "exp": 4_000_000_000_u64, "jti": super::unique("jti")}));
    let result = json!({"AccessToken": token, "IdToken": token, "ExpiresIn": 3600, "TokenType": "Bearer"});
    (token, Answer::json(200, &json!({"ChallengeParameters": {}, "AuthenticationResult": result})))
}

/// What an authenticator app with this Base32 key shows now (RFC 6238), by Python's own HMAC.
pub fn totp(key: &str) -> String {
    let script = "import base64, hmac, struct, sys, time\n\
        key = base64.b32decode(sys.stdin.read())\n\
        mac = hmac.digest(key, struct.pack('>Q', int(time.time() // 30)), 'sha1')\n\
        at = mac[-1] & 15\n\
        print(f\"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 10**6:06}\", end='')";
    python(script, key)
}

/// What a Python script prints for this input.
pub fn python(script: &str, input: &str) -> String {
    let mut python = Command::new(venv().join("bin/python"))
        .args(["-I", "-B", "-c", script])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python");
    python.stdin.take().expect("piped").write_all(input.as_bytes()).expect("write");
    let done = python.wait_with_output().expect("wait");
    assert!(done.status.success(), "no output for an input of {} characters", input.len());
    String::from_utf8(done.stdout).expect("UTF-8")
}

/// Signs in at a server that gives these answers.
pub fn sign_in(answers: impl IntoIterator<Item = Answer>, stdin: &str, args: &[&str]) -> (Output, Server) {
    let server = Server::script(answers);
    let home = Home::new();
    home.scripted_user(&server.url());
    let run = home.cogtok(["token", "user", "-p", "ws"]).args(args).arg("--password-stdin").stdin(stdin);
    (run.run(), server)
}

/// The ChallengeResponses of the request number `index`.
pub fn sent(server: &Server, index: usize) -> Value {
    let request = server.requests()[index].json();
    assert_eq!(request["ClientId"], CLIENT);
    request["ChallengeResponses"].clone()
}
