//! The help texts: examples first, a command's own options next, and one line for those that every command has.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::{ArgAction, Command};

use super::output_forms;

/// Stands in clap's template for the examples.
const EXAMPLES: char = '\u{1}';

/// The columns of a terminal that is not wide.
const WIDTH: usize = 80;

/// The most commands that get a line each, so that a group's commands and examples fit into 14 lines.
const MOST_LINES: usize = 9;

/// The lines that commands and examples may have together.
const LINES: usize = 11;

/// The help of this command, which is built. `args` is the line that asks for it.
pub fn page(command: &Command, path: &str, root: &Command, args: &[OsString], is_long: bool) -> StyledStr {
    let is_general = |arg: &clap::Arg| {
        let same = root.get_arguments().find(|other| other.get_id() == arg.get_id());
        same.is_some_and(|same| same.get_help().map(ToString::to_string) == arg.get_help().map(ToString::to_string))
            || matches!(arg.get_action(), ArgAction::Help)
    };
    // A general option with a special meaning for this command is listed with the command's own.
    let shown = command.clone().bin_name(path).mut_args(|arg| match (is_general(&arg), arg.is_global_set()) {
        (true, _) => arg.hide(true),
        (false, true) => arg.help_heading(None::<&str>),
        (false, false) => arg,
    });
    let template = format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}{EXAMPLES}\n\n{{all-args}}\n\n{}\n",
        general_line(path, args)
    );
    let examples = examples(&shown).map(|text| format!("\n\n{text}")).unwrap_or_default();
    let mut shown = shown.help_template(template);
    let page = if is_long { shown.render_long_help() } else { shown.render_help() };
    page.ansi().to_string().replacen(EXAMPLES, &examples, 1).into()
}

/// The examples of a command. clap would break long lines, which are there to be copied.
fn examples(command: &Command) -> Option<String> {
    Some(command.get_after_help().or(command.get_after_long_help())?.ansi().to_string())
}

/// The one line for the options that every command has: those that mean something to this one.
fn general_line(path: &str, args: &[OsString]) -> String {
    const END: &str = ": cogtok help options";
    let mut words = path.split(' ').skip(1);
    let of = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let forms = output_forms::of(args);
    let names: Vec<&str> = forms.iter().map(|form| output_forms::name(*form)).collect();
    let is_offline = matches!(
        of,
        (
            "profile",
            "list" | "show" | "use" | "current" | "set" | "unset" | "edit" | "rename" | "copy" | "lint" | "create"
        ) | ("secret", "init" | "status")
            | ("token", "inspect")
            | ("completions" | "help" | "cache" | "status", _)
    );
    let mut options = vec!["-q".to_owned(), "-v".to_owned()];
    if !matches!(of.0, "completions" | "help") {
        options.insert(0, "-p".to_owned());
    }
    if names.len() > 1 {
        options.insert(1, format!("-o {}", names.join("|")));
    }
    let mut line = format!("Global options: {}", options.join(", "));
    for option in ["--timeout", "--region"].iter().filter(|_| !is_offline) {
        if line.len() + 2 + option.len() + END.len() <= WIDTH {
            line = format!("{line}, {option}");
        }
    }
    line + END
}

/// The output of a group without a command: its commands and some examples, on one screen.
pub fn group(command: &Command, path: &str) -> String {
    let below: Vec<&Command> = command.get_subcommands().filter(|below| !below.is_hide_set()).collect();
    let about = |command: &Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut lines = vec![cut(&about(command)), "Commands:".to_owned()];
    if below.len() > MOST_LINES {
        let mut line = " ".to_owned();
        for below in &below {
            if line.len() + 1 + below.get_name().len() > WIDTH {
                lines.push(std::mem::replace(&mut line, " ".to_owned()));
            }
            line = format!("{line} {}", below.get_name());
        }
        lines.push(line);
    } else {
        let width = below.iter().map(|below| below.get_name().len()).max().unwrap_or_default();
        lines.extend(below.iter().map(|below| cut(&format!("  {:width$}  {}", below.get_name(), about(below)))));
    }
    let room = (LINES + 1).saturating_sub(lines.len()).min(3);
    let examples: Vec<String> = below.iter().filter_map(|below| example(below)).take(room).collect();
    if !examples.is_empty() {
        lines.push("Examples:".to_owned());
        lines.extend(examples.iter().map(|example| format!("  {example}")));
    }
    lines.push(format!("See `{path} COMMAND --help`."));
    lines.join("\n") + "\n"
}

/// The command's first example that fits on one line of a terminal.
fn example(command: &Command) -> Option<String> {
    let text = examples(command)?;
    let lines = text.lines().map(str::trim).filter(|line| line.contains("cogtok ") && !line.ends_with('\\'));
    lines.map(str::to_owned).find(|line| line.len() + 2 <= WIDTH)
}

fn cut(line: &str) -> String {
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    line.chars().take(WIDTH - 1).collect::<String>().trim_end().to_owned() + "…"
}
