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
/// cogtok looks at your own configuration of each client, and at that of the project in this directory.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok mcp list\n  \
    cogtok mcp list --json | jq -r '.[].name'")]
pub struct List {}

pub fn run(app: &App, _: &List) -> Result<()> {
    let form = app.output(&[Output::Table, Output::Json])?;
    let mut found = Vec::new();
    for client in McpClient::ALL {
        for reach in [Reach::User, Reach::Project] {
            let Some(path) = client.file(reach) else { continue };
            // In the home directory, the project's file is that of the user.
            if reach == Reach::Project && client.file(Reach::User).is_some_and(|own| is_same(&own, &path)) {
                continue;
            }
            match servers(client, &path) {
                Ok(servers) => {
                    let ours = servers.into_iter().filter_map(|(name, target)| Some((name, target?)));
                    found.extend(ours.map(|(name, target)| (client, name, target, path.clone())));
                }
                // One unreadable client must not hide the others.
                Err(error) => log::warn!(target: "cogtok", "{}", error.message()),
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
        terminal::note("cogtok added no server to any MCP client");
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
