//! `cogtok profile`: names for pools and clients.

mod copy;
mod create;
pub mod current;
mod delete;
mod deletion_plan;
mod edit;
mod export;
mod import;
mod lint;
mod list;
mod previous;
mod rename;
mod set;
mod show;
mod unset;
mod use_;

use clap::Subcommand;
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::settings::keys::Key;
use cogtok::settings::profile::domain;
use cogtok::settings::types::Region;
use cogtok::store::aws_files::AwsFiles;

use crate::app::{App, aws_environment};

/// What can be done with profiles.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Make a profile; the first one becomes the default
    Create(Box<create::Create>),
    /// List the profiles; * marks the one in use
    List(list::List),
    /// Show a profile as the configuration has it, or where each value in use comes from
    Show(show::Show),
    /// Make a profile the default; `-` stands for the one that was the default before
    Use(use_::Use),
    /// Print the name of the profile in use
    Current(current::Current),
    /// Set a key of a profile
    Set(set::Set),
    /// Remove keys from a profile
    Unset(unset::Unset),
    /// Edit the configuration in an editor; it is checked before it is kept
    Edit(edit::Edit),
    /// Give a profile another name
    Rename(rename::Rename),
    /// Make a profile that says what another one says
    Copy(copy::Copy),
    /// Delete a profile, with its secrets and its cached token
    Delete(delete::Delete),
    /// Say what is wrong with the configuration, with line and column
    Lint(lint::Lint),
    /// Make a profile from what a workshop leaves behind
    Import(Box<import::Import>),
    /// Print profiles for others to import
    Export(Box<export::Export>),
}

/// Refuses a secret where a setting belongs, without repeating it.
fn refuse_secret(key: &str, is_secret: bool) -> Result<()> {
    if !is_secret {
        return Ok(());
    }
    let kind = match key {
        "m2m.client_id" => "m2m-client",
        "user.client_id" => "user-client",
        _ => "KIND",
    };
    Err(Error::usage(format!(
        "the value for `{key}` looks like a secret, and secrets are not kept in the configuration"
    ))
    .hint(Advice::new("store it: cogtok secret set {kind}{p}").text("kind", kind))
    .hint("if it is a real one, change it: your shell's history may hold it"))
}

/// Values as they are kept: a domain as a whole, whose Region may be told by something else later. A domain with a path is
/// refused, since no sign-in could go there; what else is odd is told.
fn settled(key: Key, values: &[String], region: Option<&Region>) -> Result<Vec<String>> {
    let whole = |value: &String| match key {
        Key::Domain if !value.contains("://") => domain::read(value, region).map(|domain| domain.to_string()),
        _ => Ok(value.clone()),
    };
    for why in values.iter().filter_map(|value| domain::oddity(key, value)) {
        match key {
            Key::Domain => return Err(Error::usage(why)),
            _ => log::warn!(target: "cogtok", "{why}"),
        }
    }
    values.iter().map(whole).collect()
}

/// Warns where the AWS tools' files do not have the profile that is named: they are read when AWS is asked.
fn check_aws_profile(named_by: &str, name: &str) {
    let aws = aws_environment();
    let Ok(files) = AwsFiles::read(&[aws.config_file, aws.credentials_file]) else { return };
    if !files.has(name) {
        let name = printable(name, 80);
        log::warn!(target: "cogtok", "{named_by}: ~/.aws has no profile `{name}`; {}", files.instead_of(&name));
    }
}

pub fn run(app: &App, command: Command) -> Result<()> {
    if matches!(command, Command::Create(_) | Command::Import(_) | Command::Edit(_)) {
        app.expect_new_config();
    }
    match command {
        Command::Create(create) => create::run(app, &create),
        Command::List(_) => list::run(app),
        Command::Show(show) => show::run(app, &show),
        Command::Use(use_) => use_::run(app, &use_),
        Command::Current(current) => current::run(app, &current),
        Command::Set(set) => set::run(app, &set),
        Command::Unset(unset) => unset::run(app, &unset),
        Command::Edit(_) => edit::run(app),
        Command::Rename(rename) => rename::run(app, &rename),
        Command::Copy(copy) => copy::run(app, &copy),
        Command::Delete(delete) => delete::run(app, &delete),
        Command::Lint(lint) => lint::run(app, &lint),
        Command::Import(import) => import::run(app, &import),
        Command::Export(export) => export::run(app, &export),
    }
}
