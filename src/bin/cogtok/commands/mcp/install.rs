//! `cogtok mcp install`: one server into the configuration of one MCP client.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Result};

use super::launch::launch;
use crate::app::App;
use crate::app::options::Output;
use crate::args::token_args::TokenArgs;
use crate::commands::call::mcp_target::Server;
use crate::completion;
use crate::io::terminal;
use crate::services::mcp_clients::{Change, Entry, McpClient, OwnCommand, Reach, change, servers};

/// Add an MCP server to a client, always with a fresh token
///
/// The client then starts `cogtok mcp-proxy`, which sends the current token. If the client has a command that adds servers, cogtok
/// runs it. Otherwise cogtok edits the client's file: comments and other servers stay, and so does a copy of the file as you left
/// it, beside it. cogtok writes no secret into it: sign in, or store the secret, before you start the client.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok mcp install tools --client cursor -p ws\n  \
    cogtok mcp install tools --client claude-code -p ws --as m2m\n  \
    cogtok mcp install https://gateway.example.com/mcp --name tools \\\n    \
    --client vscode --project -p ws\n  \
    cogtok mcp install tools --client codex -p ws --print")]
pub struct Install {
    /// The server: its URL, its ARN, or the name of a target
    #[arg(value_name = "TARGET", add = ArgValueCandidates::new(completion::targets::gateways))]
    pub(super) target: String,
    /// The MCP client
    #[arg(long, value_enum, value_name = "CLIENT")]
    pub(super) client: McpClient,
    /// The server's name in the client [default: the target's name, or the first part of its host]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Add it to the project in this directory, which others may share, instead of your own configuration
    #[arg(long)]
    pub(super) project: bool,
    /// Let the client call the server itself and run cogtok for the header (only Claude Code)
    #[arg(long)]
    pub(super) headers_helper: bool,
    /// Replace a server of that name that cogtok did not add
    #[arg(long)]
    replace: bool,
    /// Edit the file even if the client has a command that adds servers
    #[arg(long)]
    edit_file: bool,
    /// Only show what would be written
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    source: TokenArgs,
}

pub fn run(app: &App, args: &Install) -> Result<()> {
    app.output(&[Output::Text])?;
    let server = Server::find(app, &args.target)?;
    if app.profile_name()?.is_some() {
        app.profile(&[])?;
    }
    let mut source = args.source.clone();
    source.or_of(server.place.owner);
    let client = args.client;
    let reach = if args.project { Reach::Project } else { Reach::User };
    let (launch, left_out) = launch(app, args, &server, &source)?;
    let entry = Entry { name: name(args, &server)?, launch };
    let path = client.file_or_error(reach)?;
    let own = OwnCommand::of(client, reach).filter(|_| !args.edit_file);
    if args.print {
        match &own {
            Some(own) => {
                let words = own.add_words(&entry);
                let line = shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default();
                terminal::note(&format!("cogtok would run: {line}"));
            }
            None => terminal::note(&format!("cogtok would add this to {}:", path.display())),
        }
        let shown = entry.shown(client)?;
        left_out.tell();
        return terminal::data(&shown).map(drop);
    }
    let name = &entry.name;
    let there = servers(client, &path)?.into_iter().find(|(known, _)| known == name);
    match own {
        Some(own) => {
            if there.as_ref().is_some_and(|(_, target)| target.is_none()) && !args.replace {
                return Err(Error::usage(format!(
                    "{} already has a server `{name}` that cogtok did not add",
                    client.name()
                ))
                .hint("choose another name with `--name NAME`, or replace it with `--replace`"));
            }
            own.add(&entry, there.is_some())?;
            terminal::note(&format!("{} now has the server `{name}`", client.name()));
        }
        None => {
            let edited = change(client, &path, &Change::Put(&entry, args.replace))?;
            terminal::note(&format!("{} now has the server `{name}`, in {}", client.name(), path.display()));
            if let Some(backup) = edited.backup {
                terminal::note(&backup.shown());
            }
        }
    }
    left_out.tell();
    terminal::note(&format!("restart {} to use it", client.name()));
    Ok(())
}

/// The server's name in the client's configuration.
fn name(args: &Install, server: &Server) -> Result<String> {
    let name = match (&args.name, args.target.contains(':')) {
        (Some(name), _) => name.clone(),
        (None, false) => args.target.split(['/', '?']).next().unwrap_or_default().to_owned(),
        (None, true) => match args.target.strip_prefix("arn:").and_then(|arn| arn.rsplit('/').next()) {
            Some(id) => id.to_owned(),
            None => {
                let host = server.url.host_str().unwrap_or_default();
                let is_address = host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[');
                let first = if is_address { "server" } else { host.split('.').next().unwrap_or("server") };
                first.to_owned()
            }
        },
    };
    // Every client accepts these characters; Claude Code refuses any others.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
        return Err(Error::usage("a server's name has 1 to 64 letters, digits, `-` and `_`")
            .hint("choose one with `--name NAME`"));
    }
    Ok(name)
}
