//! `cogtok mcp list`: which clients start cogtok for which servers.

use std::path::Path;

use clap::Args;
use cogtok::error::{Result, printable};
use serde_json::{Value, json};

use crate::app::App;
use crate::app::options::Output;
use crate::io::table::table;
use crate::io::terminal;
use crate::services::mcp_clients::{McpClient, Reach, servers};

/// List the servers that cogtok added to MCP clients
///
/// cogtok looks at your own configuration of each client, and at that of the project in this directory. With `-p`, only the servers
/// whose entry names that profile are listed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok mcp list\n  \
    cogtok mcp list -p ws\n  \
    cogtok mcp list --json | jq -r '.[].name'")]
pub struct List {}

pub fn run(app: &App, _: &List) -> Result<()> {
    let form = app.output(&[Output::Table, Output::Json])?;
    let profile = app.named_profile()?.map(|name| name.to_string());
    let (mut found, mut is_complete) = (Vec::new(), true);
    for client in McpClient::ALL {
        for reach in [Reach::User, Reach::Project] {
            // Where the directory is gone, no project is in it.
            let Ok(Some(path)) = client.file(reach) else { continue };
            // In the home directory, the project's file is that of the user.
            if reach == Reach::Project && client.file(Reach::User)?.is_some_and(|own| is_same(&own, &path)) {
                continue;
            }
            match servers(client, &path) {
                Ok(servers) => {
                    let ours = servers.into_iter().filter_map(|(name, own)| Some((name, own?)));
                    let meant = ours.filter(|(_, own)| profile.is_none() || own.profile == profile);
                    found.extend(meant.map(|(name, own)| (client, name, own.target, path.clone())));
                }
                // One unreadable client must not hide the others.
                Err(error) => {
                    is_complete = false;
                    log::warn!(target: "cogtok", "{}", error.message());
                }
            }
        }
    }
    if form == Output::Json {
        let list: Vec<Value> = found
            .iter()
            .map(|(client, name, target, path)| {
                json!({"client": client.word(), "name": name, "target": target, "file": path.display().to_string()})
            })
            .collect();
        return terminal::data(&terminal::json_line(&Value::Array(list))).map(drop);
    }
    if found.is_empty() {
        terminal::note(&match profile {
            _ if !is_complete => "cogtok found none of its servers in the files that it could read".to_owned(),
            Some(profile) => format!("cogtok added no server with profile `{profile}` to any MCP client"),
            None => "cogtok added no server to any MCP client".to_owned(),
        });
        return Ok(());
    }
    let rows = found.iter().map(|(client, name, target, path)| {
        vec![printable(name, 64), client.word(), printable(target, 200), path.display().to_string()]
    });
    terminal::data(&table(&["NAME", "CLIENT", "TARGET", "FILE"], rows)).map(drop)
}

/// Whether both paths lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
