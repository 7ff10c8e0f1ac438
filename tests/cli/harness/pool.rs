//! A profile whose pool signs with the tests' own keys and publishes them at a server of the test.

use super::sign::{self, CLIENT, MACHINE, POOL};
use super::{Answer, Home, Run, Server};

/// Where the pool publishes its keys.
pub const JWKS: &str = "/us-east-1_Example01/.well-known/jwks.json";

/// Seconds since the Unix epoch.
pub fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("clock").as_secs()
}

/// A server that publishes the pool's keys and nothing else.
pub fn publisher() -> Server {
    Server::start(|request| match request.path.as_str() {
        JWKS => Answer::json(200, &sign::jwks()),
        _ => Answer::new(404, "text/plain", "not here"),
    })
}

impl Home {
    /// Plants a configuration with the one profile `ws`, the default, of this pool.
    pub fn pool_profile(&self, endpoint: &str) {
        self.config(&format!(
            "version = 1\ndefault_profile = \"ws\"\n\n[profiles.ws]\nuser_pool_id = \"{POOL}\"\nendpoint_url = \"{endpoint}\"\n\n\
             [profiles.ws.user]\nclient_id = \"{CLIENT}\"\nusername = \"alice\"\n\n[profiles.ws.m2m]\nclient_id = \"{MACHINE}\"\n\
             token_url = \"{endpoint}/oauth2/token\"\n"
        ));
    }

    /// `cogtok token verify -` with this token on stdin, which must not leak.
    pub fn verify<'h>(&'h self, token: &str, args: &[&str]) -> Run<'h> {
        if (100..100_000).contains(&token.len()) {
            self.canary(token);
        }
        self.cogtok(["token", "verify", "-"]).args(args).stdin(token)
    }
}
