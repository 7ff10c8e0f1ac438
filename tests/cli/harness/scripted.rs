//! A machine-to-machine profile whose token endpoint is a server of the test.

use super::{Home, Run};

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
