//! The entry of one server: how a client starts cogtok.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::McpClient;
use crate::env;
use crate::io::external_program;

/// A server in a client's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The server's name in the client.
    pub name: String,
    /// How the client reaches it.
    pub launch: Launch,
}

/// How a client reaches a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launch {
    /// The client starts this command with these arguments and variables.
    Command {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// The variables that it gets besides.
        env: Vec<(String, String)>,
    },
    /// The client calls the server itself, and runs this command for the headers.
    HeadersHelper {
        /// The server.
        url: String,
        /// The command line.
        helper: String,
    },
}

impl Entry {
    /// The entry as this client has it.
    pub fn value(&self, client: McpClient) -> Value {
        match &self.launch {
            Launch::Command { command, args, env } => {
                let mut entry = Map::new();
                if client.names_transport() {
                    entry.insert("type".to_owned(), json!("stdio"));
                }
                entry.insert("command".to_owned(), json!(command));
                entry.insert("args".to_owned(), json!(args));
                if !env.is_empty() {
                    let env: Map<String, Value> =
                        env.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
                    entry.insert("env".to_owned(), Value::Object(env));
                }
                Value::Object(entry)
            }
            Launch::HeadersHelper { url, helper } => json!({"type": "http", "url": url, "headersHelper": helper}),
        }
    }
}

/// A server that a client reaches through cogtok.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnServer {
    /// The server, as cogtok is given it.
    pub target: String,
    /// The profile that the entry names.
    pub profile: Option<String>,
}

/// The server for which an entry starts cogtok; `None` if it starts another program.
pub fn own_server(entry: &Value) -> Option<OwnServer> {
    if let Some(helper) = entry.get("headersHelper").and_then(Value::as_str) {
        let words = shlex::split(helper)?;
        let is_ours = is_cogtok(words.first()?) && words.get(1).is_some_and(|word| word == "header");
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let target = entry.get("url").and_then(Value::as_str).unwrap_or_default().to_owned();
        return is_ours.then(|| OwnServer { target, profile: profile_in(&words) });
    }
    let args: Vec<&str> = entry.get("args")?.as_array()?.iter().filter_map(Value::as_str).collect();
    let is_ours = is_cogtok(entry.get("command")?.as_str()?) && args.first() == Some(&"mcp-proxy");
    let target = args.get(1).copied().unwrap_or_default().to_owned();
    is_ours.then(|| OwnServer { target, profile: profile_in(&args) })
}

/// The profile that these arguments name.
fn profile_in(words: &[&str]) -> Option<String> {
    const NAMES: [&str; 2] = ["-p", "--profile"];
    let at = words.iter().position(|word| NAMES.contains(word));
    let within = || words.iter().find_map(|word| word.strip_prefix("--profile="));
    at.and_then(|at| words.get(at + 1).copied()).or_else(within).map(str::to_owned)
}

fn is_cogtok(command: &str) -> bool {
    // A Windows path has backslashes, and may be read on another system.
    let name = command.rsplit(['/', '\\']).next().unwrap_or_default();
    name == "cogtok" || name.eq_ignore_ascii_case("cogtok.exe")
}

/// How to start this program wherever a client is started from: the place where PATH has it, which survives an update, else its
/// own.
pub fn command_of_this_program() -> String {
    let own = env::program();
    let in_path = external_program::resolved(&std::process::Command::new("cogtok"));
    let in_path = in_path.map(|command| command.get_program().to_owned());
    let is_own = |path: &Path| matches!((path.canonicalize(), own.canonicalize()), (Ok(one), Ok(own)) if one == own);
    match in_path.filter(|path| is_own(Path::new(path))) {
        Some(path) => path.to_string_lossy().into_owned(),
        None => own.to_string_lossy().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_ours_is_known_by_what_it_starts() {
        let entry = |command: &str, args: &[&str]| json!({"command": command, "args": args});
        for command in ["cogtok", "/usr/bin/cogtok", "C:\\Program Files\\cogtok.exe"] {
            let found = own_server(&entry(command, &["mcp-proxy", "tools"])).unwrap();
            assert_eq!((found.target.as_str(), found.profile), ("tools", None), "{command}");
        }
        for words in [&["mcp-proxy", "tools", "-p", "ws"][..], &["mcp-proxy", "tools", "--as", "m2m", "--profile=ws"]] {
            assert_eq!(own_server(&entry("cogtok", words)).unwrap().profile.as_deref(), Some("ws"));
        }
        assert_eq!(own_server(&entry("npx", &["mcp-proxy", "tools"])), None);
        assert_eq!(own_server(&entry("cogtok", &["token"])), None);
        let helper =
            json!({"url": "https://a/mcp", "headersHelper": "'/opt/my tools/cogtok' header --format json -p ws"});
        let found = OwnServer { target: "https://a/mcp".to_owned(), profile: Some("ws".to_owned()) };
        assert_eq!(own_server(&helper), Some(found));
        assert_eq!(own_server(&json!({"url": "https://a/mcp", "headersHelper": "x header"})), None);
    }
}
