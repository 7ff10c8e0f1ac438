//! The command by which a client takes a server into its configuration itself.

use std::process::{Command, Output, Stdio};

use cogtok::error::{Error, Kind, Result, printable};

use super::{Entry, Launch, McpClient, Reach};
use crate::io::external_program;

/// A client's own program, where it is installed and has such a command.
#[derive(Debug)]
pub struct OwnCommand {
    client: McpClient,
    program: Command,
}

impl OwnCommand {
    /// The command of `client` for the user's configuration. Files of a project are edited, since these commands find the project by their
    /// working directory.
    pub fn of(client: McpClient, reach: Reach) -> Option<Self> {
        let name = match (client, reach) {
            (McpClient::ClaudeCode, Reach::User) => "claude",
            (McpClient::Codex, Reach::User) => "codex",
            (McpClient::Vscode, Reach::User) => "code",
            _ => return None,
        };
        let program = external_program::resolved(&Command::new(name))?;
        Some(OwnCommand { client, program })
    }

    /// The command line that adds `entry`.
    pub fn add_words(&self, entry: &Entry) -> Vec<String> {
        let value = entry.value(self.client);
        let words: Vec<String> = match (self.client, &entry.launch) {
            (McpClient::Codex, Launch::Command { command, args, env }) => {
                let mut words = ["mcp", "add"].map(str::to_owned).to_vec();
                for (name, value) in env {
                    words.extend(["--env".to_owned(), format!("{name}={value}")]);
                }
                words.extend([entry.name.clone(), "--".to_owned(), command.clone()]);
                words.extend(args.iter().cloned());
                words
            }
            (McpClient::Vscode, _) => {
                let mut named = serde_json::Map::new();
                named.insert("name".to_owned(), entry.name.clone().into());
                named.extend(value.as_object().cloned().unwrap_or_default());
                vec!["--add-mcp".to_owned(), serde_json::Value::Object(named).to_string()]
            }
            _ => {
                let words = ["mcp", "add-json", "--scope", "user"].map(str::to_owned);
                [words.as_slice(), &[entry.name.clone(), value.to_string()]].concat()
            }
        };
        [vec![self.program.get_program().to_string_lossy().into_owned()], words].concat()
    }

    /// Adds `entry`; `is_there` says that it replaces one of that name.
    ///
    /// # Errors
    /// [`Kind::Failure`] with the program's message.
    pub fn add(&self, entry: &Entry, is_there: bool) -> Result<()> {
        // Claude Code refuses an existing name.
        if is_there && self.client == McpClient::ClaudeCode {
            self.run(["mcp", "remove", "--scope", "user", &entry.name].map(str::to_owned).to_vec())?;
        }
        self.run(self.add_words(entry).split_off(1))
    }

    /// Removes the server of this name; returns whether the client supports that.
    ///
    /// # Errors
    /// [`Kind::Failure`] with the program's message.
    pub fn remove(&self, name: &str) -> Result<bool> {
        let words = match self.client {
            McpClient::ClaudeCode => ["mcp", "remove", "--scope", "user", name].map(str::to_owned).to_vec(),
            McpClient::Codex => ["mcp", "remove", name].map(str::to_owned).to_vec(),
            _ => return Ok(false),
        };
        self.run(words).map(|()| true)
    }

    fn run(&self, words: Vec<String>) -> Result<()> {
        let mut command = Command::new(self.program.get_program());
        command.args(words).stdin(Stdio::null());
        external_program::withhold_secrets(&mut command);
        let shown = self.program.get_program().to_string_lossy().into_owned();
        let failed = |why: &str| Error::new(Kind::Failure, format!("`{shown}` failed: {}", printable(why, 300)));
        let Output { status, stdout, stderr } = command.output().map_err(|why| failed(&why.to_string()))?;
        if status.success() {
            return Ok(());
        }
        let said = [stderr, stdout].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        let said = said.into_iter().find(|text| !text.is_empty()).unwrap_or_else(|| status.to_string());
        Err(failed(&said).hint("edit the file instead with `--edit-file`"))
    }
}
