//! `cogtok mcp remove`: what `mcp install` put into a client's configuration comes out again.

use clap::Args;
use cogtok::error::{Error, Result};

use crate::app::App;
use crate::app::options::Output;
use crate::io::terminal;
use crate::services::mcp_clients::{Change, McpClient, OwnCommand, Reach, change, servers};

/// Take a server out of the configurations that cogtok put it into
///
/// Only what starts cogtok is removed. Comments and other servers stay, and a copy of the file is kept beside it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok mcp remove tools\n  \
    cogtok mcp remove tools --client vscode --project")]
pub struct Remove {
    /// What the client calls the server
    #[arg(value_name = "NAME")]
    name: String,
    /// The MCP client [default: every one that has it]
    #[arg(long, value_enum, value_name = "CLIENT")]
    client: Option<McpClient>,
    /// From the configuration of the project in this directory instead of your own
    #[arg(long)]
    project: bool,
    /// Edit the file even where the client has a command of its own
    #[arg(long)]
    edit_file: bool,
}

pub fn run(app: &App, args: &Remove) -> Result<()> {
    app.output(&[Output::Text])?;
    let reach = if args.project { Reach::Project } else { Reach::User };
    if let Some(client) = args.client {
        client.file_or_error(reach)?;
        return remove(args, client, reach);
    }
    let has = |client: &McpClient| {
        let found = client.file(reach).and_then(|path| servers(*client, &path).ok()).unwrap_or_default();
        found.iter().any(|(name, target)| *name == args.name && target.is_some())
    };
    let clients: Vec<McpClient> = McpClient::ALL.into_iter().filter(has).collect();
    if clients.is_empty() {
        return Err(Error::usage(format!("cogtok put no server `{}` into any client's configuration", args.name))
            .hint("`cogtok mcp list` shows those that it did"));
    }
    clients.into_iter().try_for_each(|client| remove(args, client, reach))
}

fn remove(args: &Remove, client: McpClient, reach: Reach) -> Result<()> {
    let (path, name) = (client.file_or_error(reach)?, &args.name);
    let is_ours = servers(client, &path)?.iter().any(|(known, target)| known == name && target.is_some());
    let own = OwnCommand::of(client, reach).filter(|_| is_ours && !args.edit_file);
    if let Some(own) = own
        && own.remove(name)?
    {
        terminal::note(&format!("{} does not have the server `{name}` any more", client.name()));
        return Ok(());
    }
    let edited = change(client, &path, &Change::Remove(name))?;
    terminal::note(&format!("{} does not have the server `{name}` any more, in {}", client.name(), path.display()));
    if let Some(backup) = edited.backup {
        terminal::note(&format!("the file as it was is in {}", backup.display()));
    }
    Ok(())
}
