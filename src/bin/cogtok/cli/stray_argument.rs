//! What an argument too many was most likely meant for: an option of the command.

use std::ffi::OsString;

use clap::Command;

use super::command_tree;

/// Groups of commands for all profiles.
const OF_ALL: [&str; 2] = ["profile", "mcp"];

/// The option that the line lacks, for the command that is typed as `path`. The argument is not repeated: it may be a secret.
pub fn meant_for(command: &Command, path: &str, args: &[OsString]) -> Option<&'static str> {
    let has = |option: &str| command.get_arguments().any(|arg| arg.get_long() == Some(option));
    let lacks = |option: &str| !is_given(command, args, option);
    let is_without_words = command.get_positionals().next().is_none();
    if has_username(command) && lacks("username") {
        Some("give a user name with `--username NAME`")
    } else if has("client") && has("project") && lacks("client") {
        Some("name the MCP client with `--client CLIENT`")
    } else if has("request") && lacks("request") {
        Some("give the method with `-X METHOD`")
    } else if is_without_words && has("run") && lacks("run") {
        Some("name the run with `--run RUN`")
    } else {
        let group = path.split(' ').nth(1).unwrap_or_default();
        let is_of_a_profile = is_without_words && !OF_ALL.contains(&group);
        (is_of_a_profile && lacks("profile")).then_some("choose a profile with `-p NAME`")
    }
}

/// Whether the line has an option, in any form that clap takes: `--profile ws`, `--profile=ws`, `-p ws`, `-pws` and `-qp ws`.
fn is_given(command: &Command, args: &[OsString], long: &str) -> bool {
    let root = command_tree::root();
    let with_short =
        |short: char| command.get_arguments().chain(root.get_arguments()).find(|arg| arg.get_short() == Some(short));
    // The letters after one with a value are the value.
    let is_among = |letters: &str| {
        let options = letters.chars().map_while(with_short);
        let mut up_to_value = options.scan(false, |has_value, option| {
            (!std::mem::replace(has_value, option.get_action().takes_values())).then_some(option)
        });
        up_to_value.any(|option| option.get_long() == Some(long))
    };
    let mut words = args.iter().filter_map(|arg| arg.to_str()).take_while(|word| *word != "--");
    words.any(|word| match (word.strip_prefix("--"), word.strip_prefix('-')) {
        (Some(option), _) => option.split('=').next() == Some(long),
        (None, Some(letters)) => is_among(letters),
        (None, None) => false,
    })
}

/// Whether it takes a user's name, and only as an option.
pub fn has_username(command: &Command) -> bool {
    let has_words = command.get_positionals().next().is_some();
    !has_words && command.get_arguments().any(|arg| arg.get_long() == Some("username"))
}
