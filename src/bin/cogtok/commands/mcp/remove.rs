//! `cogtok mcp remove`: what `mcp install` put into a client's configuration comes out again.

use clap::Args;
use cogtok::error::{Advice, Error, Result};

use crate::app::App;
use crate::app::options::Output;
use crate::io::terminal;
use crate::services::mcp_clients::{Change, McpClient, OwnCommand, Reach, change, servers};

/// Remove a server that cogtok added to an MCP client
///
/// cogtok removes only what it added. Comments and other servers stay, and so does a copy of the file as you left it, beside it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok mcp remove tools\n  \
    cogtok mcp remove tools --client vscode --project")]
pub struct Remove {
    /// The server's name in the client
    #[arg(value_name = "NAME")]
    name: String,
    /// The MCP client [default: every one that has it]
    #[arg(long, value_enum, value_name = "CLIENT")]
    client: Option<McpClient>,
    /// Remove it from the project in this directory instead of your own configuration
    #[arg(long)]
    project: bool,
    /// Edit the file even if the client has a command that removes servers
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
    let (mut clients, mut unreadable) = (Vec::new(), None);
    for client in McpClient::ALL {
        let Some(path) = client.file(reach)? else { continue };
        match servers(client, &path) {
            Ok(found) if found.iter().any(|(name, target)| *name == args.name && target.is_some()) => {
                clients.push(client)
            }
            Ok(_) => {}
            Err(error) => {
                log::warn!(target: "cogtok", "{}", error.message());
                unreadable = unreadable.or(Some(error.kind()));
            }
        }
    }
    let is_found = !clients.is_empty();
    clients.into_iter().try_for_each(|client| remove(args, client, reach))?;
    let name = &args.name;
    match unreadable {
        Some(kind) => {
            Err(Error::new(kind, format!("cogtok could not look for the server `{name}` in every client's file"))
                .hint("fix the file that the warning names, then run this command again"))
        }
        None if is_found => Ok(()),
        None => {
            let error = Error::usage(format!("cogtok added no server `{name}` to any MCP client"));
            let elsewhere = match reach {
                Reach::User if is_in(Reach::Project, name)? => {
                    "it is in this project: cogtok mcp remove {name} --project"
                }
                Reach::Project if is_in(Reach::User, name)? => {
                    "it is in your own configuration: cogtok mcp remove {name}"
                }
                _ => return Err(error.hint("list the servers that it added: `cogtok mcp list`")),
            };
            Err(error.hint(Advice::new(elsewhere).word("name", name)))
        }
    }
}

/// Whether cogtok added the server there. Files that can't be read are passed over.
fn is_in(reach: Reach, name: &str) -> Result<bool> {
    for client in McpClient::ALL {
        let Some(path) = client.file(reach)? else { continue };
        let found = servers(client, &path).unwrap_or_default();
        if found.iter().any(|(known, target)| known == name && target.is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn remove(args: &Remove, client: McpClient, reach: Reach) -> Result<()> {
    let (path, name) = (client.file_or_error(reach)?, &args.name);
    let is_ours = servers(client, &path)?.iter().any(|(known, target)| known == name && target.is_some());
    let own = OwnCommand::of(client, reach).filter(|_| is_ours && !args.edit_file);
    if let Some(own) = own
        && own.remove(name)?
    {
        terminal::note(&format!("removed `{name}` from {}", client.name()));
        return Ok(());
    }
    let edited = change(client, &path, &Change::Remove(name))?;
    terminal::note(&format!("removed `{name}` from {} ({})", client.name(), path.display()));
    if let Some(backup) = edited.backup {
        terminal::note(&backup.shown());
    }
    Ok(())
}
