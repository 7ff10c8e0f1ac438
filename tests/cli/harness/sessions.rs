//! A scripted Cognito that keeps sessions as the real one does and the local one does not: refresh tokens that rotate, that
//! may be used once, and whose reuse ends the session.

use super::challenges::{CLIENT, PASSWORD};
use super::message::Request;
use super::{Answer, Server, jwt};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the server knows, and how it behaves.
pub struct State {
    /// The refresh token that is good now.
    pub current: String,
    /// Those that were good once.
    pub spent: Vec<String>,
    /// Whether each renewal brings a new refresh token.
    pub rotates: bool,
    /// Whether the last spent one still works, as in Cognito's grace period.
    pub is_graceful: bool,
    /// Renewals that were granted.
    pub renewals: usize,
    /// Refresh tokens that came a second time.
    pub reuses: usize,
    /// Sign-ins with the right password.
    pub sign_ins: usize,
    /// Seconds that an access token lives.
    pub lifetime: u64,
    /// How long a renewal takes.
    pub delay: Duration,
    /// Answers to renewals that come instead of the right one, each once; the work is done all the same where the second is
    /// true.
    pub instead: Vec<(Answer, bool)>,
}

/// The server and its state.
pub struct Sessions {
    pub server: Server,
    state: Arc<Mutex<State>>,
}

impl Sessions {
    /// One whose access tokens live for `lifetime` seconds; below a minute, every call renews.
    pub fn start(rotates: bool, lifetime: u64) -> Self {
        let state = Arc::new(Mutex::new(State {
            current: String::new(),
            spent: Vec::new(),
            rotates,
            is_graceful: false,
            renewals: 0,
            reuses: 0,
            sign_ins: 0,
            lifetime,
            delay: Duration::ZERO,
            instead: Vec::new(),
        }));
        let ours = Arc::clone(&state);
        let server = Server::start(move |request| {
            let mut state = ours.lock().unwrap_or_else(PoisonError::into_inner);
            let delay = state.delay;
            answer(&mut state, request).delay(delay)
        });
        Self { server, state }
    }

    /// What the server knows.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sign-ins, renewals and reuses so far.
    pub fn counts(&self) -> (usize, usize, usize) {
        let state = self.state();
        (state.sign_ins, state.renewals, state.reuses)
    }

    /// The operations asked for, in order.
    pub fn log(&self) -> Vec<String> {
        self.server.requests().iter().map(|request| request.operation().unwrap_or("?").to_string()).collect()
    }
}

fn answer(state: &mut State, request: &Request) -> Answer {
    let body = request.json();
    match request.operation() {
        Some("InitiateAuth") if body["AuthFlow"] == "USER_PASSWORD_AUTH" => {
            if body["AuthParameters"]["PASSWORD"] != PASSWORD {
                return Answer::aws_error("NotAuthorizedException", "Incorrect username or password.");
            }
            state.sign_ins += 1;
            state.current = fresh();
            result(state, true).map_json(|body| body["ChallengeParameters"] = json!({}))
        }
        Some("GetTokensFromRefreshToken") => renew(state, &body),
        Some("RevokeToken") => {
            state.current.clear();
            Answer::json(200, &json!({}))
        }
        _ => Answer::aws_error("UnknownOperationException", "not scripted"),
    }
}

fn renew(state: &mut State, body: &Value) -> Answer {
    let token = body["RefreshToken"].as_str().unwrap_or_default().to_string();
    let in_grace = state.is_graceful && state.spent.last() == Some(&token);
    if state.spent.contains(&token) && !in_grace {
        state.reuses += 1;
        state.current.clear();
        return Answer::aws_error("RefreshTokenReuseException", "Refresh token reuse detected");
    }
    if token != state.current && !in_grace {
        return Answer::aws_error("NotAuthorizedException", "Refresh Token has been revoked");
    }
    let instead = if state.instead.is_empty() { None } else { Some(state.instead.remove(0)) };
    if let Some((answer, false)) = instead {
        return answer;
    }
    state.renewals += 1;
    if state.rotates {
        let spent = std::mem::replace(&mut state.current, fresh());
        state.spent.push(spent);
    }
    let right = result(state, state.rotates);
    instead.map_or(right, |(answer, _)| answer)
}

fn result(state: &State, brings_refresh_token: bool) -> Answer {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("clock").as_secs();
    let claims = json!({"token_use": "access", "client_id": CLIENT, "username": "sub-of-alice", "exp": now + state.lifetime,
        "scope": "aws.cognito.signin.user.admin", "jti": super::unique("jti")});
    let token = jwt(&claims);
    let mut result =
        json!({"AccessToken": token, "IdToken": token, "ExpiresIn": state.lifetime, "TokenType": "Bearer"});
    if brings_refresh_token {
        result["RefreshToken"] = json!(state.current);
    }
    Answer::json(200, &json!({"AuthenticationResult": result}))
}

/// A refresh token of Cognito's form: an encrypted JWT, here of nothing.
fn fresh() -> String {
    format!("eyJjdHkiOiJKV1QifQ.{}.c.d.e", super::unique("refresh-canary"))
}
