//! The configurations of MCP clients: where each keeps its servers, in which shape, and the entry that starts cogtok.
//!
//! Shapes and places are those of each client's documentation on 2026-11-28; Claude Code 2.1.197 and Codex 0.171 were also run.

mod backup;
mod edit;
mod entry;
mod json_servers;
mod own_command;
mod session_variables;
mod toml_servers;

use std::path::PathBuf;

use clap::ValueEnum;
use cogtok::error::{Error, Result};

pub use edit::{Change, change, servers};
pub use entry::{Entry, Launch, command_of_this_program};
pub use own_command::OwnCommand;
pub use session_variables::session_variables;

/// A program that uses MCP servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum McpClient {
    /// Claude Code: ~/.claude.json, with --project .mcp.json
    ClaudeCode,
    /// Claude Desktop: claude_desktop_config.json
    ClaudeDesktop,
    /// Codex: ~/.codex/config.toml, with --project .codex/config.toml
    Codex,
    /// Cursor: ~/.cursor/mcp.json, with --project .cursor/mcp.json
    Cursor,
    /// Gemini CLI: ~/.gemini/settings.json, with --project .gemini/settings.json
    Gemini,
    /// Kiro: ~/.kiro/settings/mcp.json, with --project .kiro/settings/mcp.json
    Kiro,
    /// VS Code: mcp.json of the user, with --project .vscode/mcp.json
    Vscode,
    /// Windsurf: ~/.codeium/windsurf/mcp_config.json
    Windsurf,
}

/// The scope of a client's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The user's, for all projects.
    User,
    /// The project's, in the current directory.
    Project,
}

impl McpClient {
    /// Every client.
    pub const ALL: [McpClient; 8] = [
        McpClient::ClaudeCode,
        McpClient::ClaudeDesktop,
        McpClient::Codex,
        McpClient::Cursor,
        McpClient::Gemini,
        McpClient::Kiro,
        McpClient::Vscode,
        McpClient::Windsurf,
    ];

    /// The client as its makers call it.
    pub const fn name(self) -> &'static str {
        match self {
            McpClient::ClaudeCode => "Claude Code",
            McpClient::ClaudeDesktop => "Claude Desktop",
            McpClient::Codex => "Codex",
            McpClient::Cursor => "Cursor",
            McpClient::Gemini => "Gemini CLI",
            McpClient::Kiro => "Kiro",
            McpClient::Vscode => "VS Code",
            McpClient::Windsurf => "Windsurf",
        }
    }

    /// The client as `--client` takes it.
    pub fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The key of the table with the servers.
    const fn key(self) -> &'static str {
        match self {
            McpClient::Vscode => "servers",
            McpClient::Codex => "mcp_servers",
            _ => "mcpServers",
        }
    }

    /// Whether an entry needs a type for commands.
    const fn names_transport(self) -> bool {
        matches!(self, McpClient::ClaudeCode | McpClient::Vscode)
    }

    /// Whether it runs a command for the headers of each connection.
    pub const fn has_headers_helper(self) -> bool {
        matches!(self, McpClient::ClaudeCode)
    }

    /// The file with its servers; `None` if it has none for this scope.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) where the project's directory is gone.
    pub fn file(self, reach: Reach) -> Result<Option<PathBuf>> {
        match reach {
            Reach::Project => {
                self.project_file().map(|path| std::path::absolute(path).map_err(no_directory)).transpose()
            }
            Reach::User => Ok(self.user_file()),
        }
    }

    fn project_file(self) -> Option<&'static str> {
        Some(match self {
            McpClient::ClaudeCode => ".mcp.json",
            McpClient::Codex => ".codex/config.toml",
            McpClient::Cursor => ".cursor/mcp.json",
            McpClient::Gemini => ".gemini/settings.json",
            McpClient::Kiro => ".kiro/settings/mcp.json",
            McpClient::Vscode => ".vscode/mcp.json",
            McpClient::ClaudeDesktop | McpClient::Windsurf => return None,
        })
    }

    fn user_file(self) -> Option<PathBuf> {
        let base = directories::BaseDirs::new()?;
        let (home, config) = (base.home_dir(), base.config_dir());
        let path = match self {
            McpClient::ClaudeCode => home.join(".claude.json"),
            McpClient::ClaudeDesktop => config.join("Claude/claude_desktop_config.json"),
            McpClient::Codex => home.join(".codex/config.toml"),
            McpClient::Cursor => home.join(".cursor/mcp.json"),
            McpClient::Gemini => home.join(".gemini/settings.json"),
            McpClient::Kiro => home.join(".kiro/settings/mcp.json"),
            McpClient::Vscode => config.join("Code/User/mcp.json"),
            McpClient::Windsurf => home.join(".codeium/windsurf/mcp_config.json"),
        };
        path.is_absolute().then_some(path)
    }

    /// As [`McpClient::file`].
    ///
    /// # Errors
    /// As [`McpClient::file`], and [`Kind::Usage`](cogtok::error::Kind::Usage) where it has none.
    pub fn file_or_error(self, reach: Reach) -> Result<PathBuf> {
        self.file(reach)?.ok_or_else(|| match reach {
            Reach::Project => Error::usage(format!("{} has no configuration for a project", self.name()))
                .hint("leave `--project` out"),
            Reach::User => Error::store("there is no home directory").hint("set HOME"),
        })
    }
}

fn no_directory(why: std::io::Error) -> Error {
    let error = Error::store(match why.kind() {
        std::io::ErrorKind::NotFound => "the current directory no longer exists".to_owned(),
        _ => format!("the current directory can't be found: {why}"),
    });
    error.hint("change to the directory of the project")
}
