//! A real MCP server that takes tokens of the workshop's m2m client alone.

use super::guard::Guard;
use super::ministack::mcp_venv;
use super::ports::port_of;
use super::workshop::{SCOPES, Workshop};
use std::path::{Path, PathBuf};

/// A running MCP server.
pub struct McpServer {
    port: u16,
    guard: Guard,
}

/// A file among the fixtures.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

impl McpServer {
    /// Starts one in this mode (see the fixture).
    pub fn start(mode: &str, workshop: &Workshop) -> Self {
        let (python, script) = (mcp_venv().join("bin/python"), fixture("mcp_server.py"));
        let command = [
            python.to_str().expect("a UTF-8 path"),
            script.to_str().expect("a UTF-8 path"),
            mode,
            &workshop.jwks_url,
            &workshop.issuer,
            &workshop.m2m.id,
            SCOPES[1],
        ];
        let guard = Guard::start(Guard::dir(), "/dev/null".as_ref(), &command, &[("PYTHONDONTWRITEBYTECODE", "1")]);
        Self { port: port_of(&guard), guard }
    }

    /// `http://127.0.0.1:PORT/mcp`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }

    /// All that it printed.
    pub fn log(&self) -> String {
        self.guard.log()
    }

    /// The requests that came so far, as `METHOD SESSION VERSION`.
    pub fn requests(&self) -> Vec<String> {
        let is_request = |line: &&str| ["POST ", "GET ", "DELETE "].iter().any(|start| line.starts_with(start));
        self.guard.log().lines().filter(is_request).map(String::from).collect()
    }
}
