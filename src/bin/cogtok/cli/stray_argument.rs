//! What an argument too many was most likely meant for: an option of the command.

use std::ffi::OsString;

use clap::Command;

/// Groups of commands for all profiles.
const OF_ALL: [&str; 2] = ["profile", "mcp"];

/// The option, for the command that is typed as `path`. The argument is not repeated: it may be a secret.
pub fn meant_for(command: &Command, path: &str, args: &[OsString]) -> Option<&'static str> {
    let has = |option: &str| command.get_arguments().any(|arg| arg.get_long() == Some(option));
    let is_without_words = command.get_positionals().next().is_none();
    if has_username(command) {
        Some("give a user name with `--username NAME`")
    } else if has("client") && has("project") {
        Some("name the MCP client with `--client CLIENT`")
    } else if has("request") {
        Some("give the method with `-X METHOD`")
    } else if is_without_words && has("run") {
        Some("name the run with `--run RUN`")
    } else {
        let group = path.split(' ').nth(1).unwrap_or_default();
        let is_of_a_profile = is_without_words && !OF_ALL.contains(&group);
        let is_chosen =
            args.iter().filter_map(|arg| arg.to_str()).any(|arg| arg.starts_with("-p") || arg == "--profile");
        (is_of_a_profile && !is_chosen).then_some("choose a profile with `-p NAME`")
    }
}

/// Whether it takes a user's name, and only as an option.
pub fn has_username(command: &Command) -> bool {
    let has_words = command.get_positionals().next().is_some();
    !has_words && command.get_arguments().any(|arg| arg.get_long() == Some("username"))
}
