//! A machine-to-machine profile whose token endpoint is a server of the test.

use super::{Answer, Home, Run, Server, m2m_jwt};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Its app client. Both this and the secret change when they are percent-encoded.
pub const CLIENT: &str = "scripted+client";
/// The client's secret.
pub const SECRET: &str = "scripted/secret+canary=42";

impl Home {
    /// Plants a configuration with the one profile `ws`, the default.
    pub fn scripted_profile(&self, token_url: &str) {
        self.canary(SECRET);
        self.config(&format!(
            "version = 1\ndefault_profile = \"ws\"\n\n[profiles.ws.m2m]\nclient_id = \"{CLIENT}\"\n\
             scopes = [\"api/read\", \"api/write\"]\ntoken_url = \"{token_url}\"\n"
        ));
    }

    /// `cogtok token m2m` with these arguments and the secret on stdin, where no child of a wrapper inherits it.
    pub fn scripted_m2m<'h>(&'h self, args: &[&str]) -> Run<'h> {
        self.cogtok(["token", "m2m", "--client-secret-stdin"]).args(args).stdin(SECRET)
    }
}

/// A home with the scripted profile, and a token endpoint that gives another token each time.
pub fn issuing_another_each_time() -> (Home, Server) {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let n = count.fetch_add(1, Ordering::SeqCst);
        Answer::token(&m2m_jwt(CLIENT, &format!("api/read api/write n{n}")))
    });
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    (home, server)
}
