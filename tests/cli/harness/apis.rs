//! What the tokens are for: a real API and a real agent, which check them without cogtok's code.

use super::guard::Guard;
use super::ministack::{agent_venv, venv};
use super::ports::port_of;
use super::workshop::workshop;
use std::path::Path;
use std::sync::OnceLock;

/// A runtime that the agent's front knows.
pub const RUNTIME: &str = "arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234";

/// A running server.
pub struct Api {
    pub port: u16,
    guard: Guard,
}

/// The test process's API (tests/fixtures/api.py), which takes the access tokens of the workshop's pool.
pub fn api() -> &'static Api {
    static API: OnceLock<Api> = OnceLock::new();
    API.get_or_init(|| Api::start(&venv(), include_str!("../../fixtures/api.py"), &[]))
}

/// The test process's agent (tests/fixtures/agent.py), which takes those of the m2m client.
pub fn agent() -> &'static Api {
    static AGENT: OnceLock<Api> = OnceLock::new();
    AGENT.get_or_init(|| Api::start(&agent_venv(), include_str!("../../fixtures/agent.py"), &[&workshop().m2m.id]))
}

impl Api {
    fn start(venv: &Path, source: &str, args: &[&str]) -> Self {
        let dir = Guard::dir();
        std::fs::write(dir.join("server.py"), source).expect("write");
        std::fs::write(dir.join("serving.py"), include_str!("../../fixtures/serving.py")).expect("write");
        let python = venv.join("bin/python");
        let mut command = vec![python.to_str().expect("a UTF-8 path"), "-B", "server.py"];
        command.extend([workshop().jwks_url.as_str(), workshop().issuer.as_str()]);
        command.extend(args);
        let guard = Guard::start(dir, "/dev/null".as_ref(), &command, &[]);
        Self { port: port_of(&guard), guard }
    }

    /// `http://127.0.0.1:PORT` with this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What it has written.
    pub fn log(&self) -> String {
        self.guard.log()
    }
}
