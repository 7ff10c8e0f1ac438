//! An app client with two secrets at most, in the shapes of the service's model, and what a rotation is cut off with.

use super::{Answer, Home, Request, Server, m2m_jwt};
use base64::Engine;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

pub const CLIENT: &str = "1example23456789abcdefghij";
pub const FIRST: &str = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmno";
/// Where the client asks that fetches tokens all the while: the same origin, so the same secret.
pub const OF_CLIENT: &str = "/oauth2/token/of-the-client";

/// When the process that rotates is cut off: at its request of this number, before or after Cognito has carried it out.
#[derive(Clone, Copy)]
pub struct Cut {
    pub at: usize,
    pub is_carried_out: bool,
}

#[derive(Default)]
pub struct State {
    pub secrets: Vec<(String, String)>,
    pub made: usize,
    pub seen: usize,
    pub cut: Option<Cut>,
    pub refuses_new: bool,
}

/// Ends the client, also where the test fails.
pub struct Over<'a>(pub &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl State {
    /// One with the first secret.
    pub fn with_first() -> Self {
        let secrets = vec![(format!("{CLIENT}--1767225600000"), FIRST.to_owned())];
        Self { secrets, ..Self::default() }
    }
}

/// A home with the client's profile at this server.
pub fn home(server: &Server) -> Home {
    let home = Home::new();
    home.canary(FIRST);
    let url = server.url();
    home.config(&format!(
        "version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{url}\"\n\
         [profiles.ws.m2m]\nclient_id = \"{CLIENT}\"\ntoken_url = \"{url}/oauth2/token\"\n"
    ));
    home
}

/// Does what a request asks.
pub fn carry_out(state: &mut State, request: &Request) -> Answer {
    let json = |body: Value| Answer::new(200, "application/x-amz-json-1.1", body.to_string());
    let descriptor = |id: &str| json!({"ClientSecretId": id, "ClientSecretCreateDate": 1767225600.0});
    let Some(operation) = request.operation() else {
        let basic = request.header("authorization").unwrap().strip_prefix("Basic ").unwrap();
        let pair = String::from_utf8(base64::prelude::BASE64_STANDARD.decode(basic).unwrap()).unwrap();
        let secret = pair.split_once(':').unwrap().1;
        let is_refused = state.refuses_new && secret != FIRST;
        return if !is_refused && state.secrets.iter().any(|(_, value)| value == secret) {
            Answer::token(&m2m_jwt(CLIENT, "api/read"))
        } else {
            Answer::json(400, &json!({"error": "invalid_client"}))
        };
    };
    let body = request.json();
    assert_eq!((&body["UserPoolId"], &body["ClientId"]), (&json!("us-east-1_Scripted0"), &json!(CLIENT)));
    match operation {
        "ListUserPoolClientSecrets" => {
            let all: Vec<Value> = state.secrets.iter().map(|(id, _)| descriptor(id)).collect();
            json(json!({ "ClientSecrets": all }))
        }
        "AddUserPoolClientSecret" if state.secrets.len() >= 2 => Answer::aws_error("LimitExceededException", "two"),
        "AddUserPoolClientSecret" => {
            let value = body["ClientSecret"].as_str().unwrap();
            assert!((24..=64).contains(&value.len()) && value.chars().all(|c| c.is_ascii_alphanumeric()), "{value}");
            state.made += 1;
            let id = format!("{CLIENT}--{}", 1767225600000_u64 + state.made as u64);
            state.secrets.push((id.clone(), value.to_owned()));
            json(json!({"ClientSecretDescriptor": descriptor(&id)}))
        }
        "DeleteUserPoolClientSecret" if state.secrets.len() == 1 => {
            Answer::aws_error("InvalidParameterException", "the last")
        }
        "DeleteUserPoolClientSecret" => {
            let before = state.secrets.len();
            state.secrets.retain(|(id, _)| *id != body["ClientSecretId"].as_str().unwrap());
            if state.secrets.len() == before {
                return Answer::aws_error("ResourceNotFoundException", "no such secret");
            }
            json(json!({}))
        }
        other => panic!("{other}"),
    }
}
