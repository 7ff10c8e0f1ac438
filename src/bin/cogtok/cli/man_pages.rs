//! The manual pages in man/, from the same tree of commands as the help texts. They are written and compared by the test below;
//! the program has nothing of them.
#![allow(clippy::disallowed_methods, reason = "it writes the repository's files, where no home is")]

use std::collections::BTreeMap;
use std::path::Path;

use clap::{ArgAction, Command};
use clap_mangen::Man;

use super::command_tree;

/// Every page by the name of its file.
fn pages() -> BTreeMap<String, String> {
    let mut root = command_tree::whole();
    root.build();
    let mut pages = BTreeMap::new();
    add(&root, &[], &mut pages);
    pages
}

fn add(command: &Command, above: &[&str], pages: &mut BTreeMap<String, String>) {
    let path = [above, &[command.get_name()]].concat();
    let name = path.join("-");
    pages.insert(format!("{name}.1"), page(command, &path));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        add(below, &path, pages);
    }
}

fn page(command: &Command, path: &[&str]) -> String {
    let is_root = path.len() == 1;
    let mut shown = command.clone().display_name(path.join("-")).bin_name(path.join(" ")).disable_version_flag(true);
    if !is_root {
        // Options of every command are described in cogtok(1); a command's own text about one stays.
        shown = shown.mut_args(|arg| {
            let is_general = arg.is_global_set() || matches!(arg.get_action(), ArgAction::Help | ArgAction::Version);
            if is_general { arg.hide(true) } else { arg }
        });
    }
    let examples = shown.get_after_long_help().or(shown.get_after_help()).map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().bin_name(path.join(" ")).render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    let man =
        Man::new(shown.override_usage(usage)).title(path.join("-")).source("cogtok").manual("cogtok's manual").date("");
    let mut bytes = Vec::new();
    man.render_title(&mut bytes).unwrap();
    man.render_name_section(&mut bytes).unwrap();
    man.render_synopsis_section(&mut bytes).unwrap();
    man.render_description_section(&mut bytes).unwrap();
    if command.has_subcommands() {
        man.render_subcommands_section(&mut bytes).unwrap();
    }
    man.render_options_section(&mut bytes).unwrap();
    let mut text = String::from_utf8(bytes).unwrap().replace(".SH SUBCOMMANDS", ".SH COMMANDS");
    // An empty date needs quotes, or the next word is read as the date.
    text = text.replacen(&format!(".TH {} 1  ", path.join("-")), &format!(".TH {} 1 \"\" ", path.join("-")), 1);
    text.push_str(&after(&examples));
    text.push_str(".SH \"SEE ALSO\"\n");
    text.push_str(&see_also(path));
    text
}

/// The part of the help text after the options: headings, and lines that keep their form.
fn after(help: &str) -> String {
    let mut text = String::new();
    for paragraph in help.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        let (heading, rest) = paragraph.trim_matches('\n').split_once(":\n").unwrap_or(("Notes", paragraph));
        let lines: Vec<String> = rest.lines().map(|line| escaped(line.strip_prefix("  ").unwrap_or(line))).collect();
        text.push_str(&format!(".SH \"{}\"\n.nf\n{}\n.fi\n", heading.to_uppercase(), lines.join("\n")));
    }
    text
}

/// A line of a text as roff shows it unchanged.
fn escaped(line: &str) -> String {
    let line = line
        .replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('\'', "\\(aq")
        .replace('`', "\\(ga")
        .replace('^', "\\(ha")
        .replace('~', "\\(ti");
    if line.starts_with('.') { format!("\\&{line}") } else { line }
}

fn see_also(path: &[&str]) -> String {
    match path {
        [_] => "The pages of its commands, such as \\fBcogtok\\-token\\-m2m\\fR(1).\n".to_owned(),
        [.., _] => {
            let above = (1..path.len()).map(|end| format!("\\fB{}\\fR(1)", path[..end].join("\\-")));
            format!("{}\n", above.collect::<Vec<_>>().join(", "))
        }
        [] => String::new(),
    }
}

#[test]
fn the_manual_pages_are_what_the_help_texts_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let pages = pages();
    assert!(pages.contains_key("cogtok.1") && pages.contains_key("cogtok-token-m2m.1"), "{:?}", pages.keys());
    for (name, page) in &pages {
        let title = format!("\n.TH {} 1 \"\" cogtok \"cogtok's manual\"\n", name.trim_end_matches(".1"));
        assert!(page.contains(&title), "{name}: no {title}");
    }
    if std::env::var_os("COGTOK_UPDATE").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        pages.iter().for_each(|(name, page)| std::fs::write(folder.join(name), page).unwrap());
    }
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
    let committed: BTreeMap<String, String> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
        .collect();
    let differs: Vec<&String> =
        pages.iter().filter(|page| committed.get(page.0) != Some(page.1)).map(|page| page.0).collect();
    let left: Vec<&String> = committed.keys().filter(|name| !pages.contains_key(*name)).collect();
    assert!(
        differs.is_empty() && left.is_empty(),
        "not current: {differs:?}, of no command: {left:?}: COGTOK_UPDATE=1 cargo test --bin cogtok manual_pages rewrites man/"
    );
}
