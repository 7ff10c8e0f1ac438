//! docs/troubleshooting.md has every row of the table of errors, with the advice that the program prints.

use std::collections::BTreeMap;
use std::path::Path;

/// Where the generated part begins.
const BEGIN: &str = "<!-- generated: COGTOK_UPDATE=1 cargo test --test cli troubleshooting:: -->\n";

/// The table's own headings by their first words, in the order of the page, and what the page calls them.
const SECTIONS: [(&str, &str); 15] = [
    ("Signing in", "Signing in"),
    ("The token endpoint (", "A machine's token"),
    ("The token endpoint with", "Browser sign-in"),
    ("Users, codes and passwords", "Users, codes and passwords"),
    ("Self-service", "Your own account"),
    ("Creating users", "Creating and changing users"),
    ("The pool and the service", "The pool and the service"),
    ("AWS credentials", "AWS credentials"),
    ("Parameters and stacks", "Importing from a parameter or a stack"),
    ("Secrets Manager", "Secrets Manager"),
    ("Identity pools", "Identity pools"),
    ("Bedrock's models", "Bedrock models"),
    ("The settings of Bedrock AgentCore", "AgentCore's configuration"),
    ("Revoking", "Signing out and revoking"),
    ("Unsigned calls", "Calls without AWS credentials"),
];

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The string literals of a line, and what is between and after them.
fn literals(line: &str) -> (Vec<String>, Vec<String>) {
    let (mut found, mut between, mut open, mut text) = (Vec::new(), Vec::new(), false, String::new());
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' if open => text.extend(characters.next()),
            '"' => {
                let list = if open { &mut found } else { &mut between };
                list.push(std::mem::take(&mut text));
                open = !open;
            }
            c => text.push(c),
        }
    }
    between.push(text);
    (found, between)
}

/// The sentence for each kind of advice, as somebody without a profile reads it.
fn sentences() -> BTreeMap<String, String> {
    let source = read("src/bin/cogtok/advice/sentences.rs");
    let rows = source.lines().filter_map(|line| line.trim().strip_prefix("AdviceKind::")?.split_once(" => "));
    let filled = |text: &str| {
        let text = text.split(" ?? ").next().unwrap().replace(" || ", ", or ");
        let values = [
            ("{p}", ""),
            ("{aws}", ""),
            ("{options}", ""),
            ("{name}", "NAME"),
            ("{pool}", "POOL"),
            ("{user}", "USER"),
            ("{group}", "GROUP"),
            ("{region}", "this Region"),
            ("{wanted}", "SCOPE"),
            ("{scope}", "SCOPE"),
        ];
        values.iter().fold(text, |text, (place, value)| text.replace(place, value))
    };
    let of = |(kind, text): (&str, &str)| Some((kind.to_owned(), filled(literals(text).0.first()?)));
    rows.filter_map(of).collect()
}

/// A row of the page: the error, a part of its message, the exit code, what to do.
#[derive(PartialEq)]
struct Row {
    codes: Vec<String>,
    says: String,
    exit: u8,
    advice: String,
}

/// The exit code of each kind.
fn exit_codes() -> BTreeMap<String, u8> {
    let source = read("src/error.rs");
    let arms = source.lines().filter_map(|line| line.trim().strip_prefix("Kind::")?.split_once(" => "));
    arms.filter_map(|(kind, code)| Some((kind.to_owned(), code.trim_end_matches(',').parse().ok()?))).collect()
}

/// The rows under each heading of the table.
fn table() -> BTreeMap<String, Vec<Row>> {
    let (sentences, exits) = (sentences(), exit_codes());
    let source = read("src/aws/service_error/table.rs");
    let lines = source.lines().skip_while(|line| !line.starts_with("pub(super) const TABLE")).skip(1);
    let mut sections: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let mut heading = String::new();
    for line in lines.take_while(|line| !line.starts_with("];")).map(str::trim) {
        if let Some(comment) = line.strip_prefix("// ") {
            heading = comment.to_owned();
            continue;
        }
        let (texts, between) = literals(line);
        let is_row = line.starts_with("row(");
        assert!(is_row || line.starts_with("advise("), "{line}");
        let after = between[2].trim_matches([',', ' ', ')']);
        let (kind, advice) = if is_row {
            (after, between[3].split_once(".and(").map(|(_, rest)| rest.trim_end_matches([',', ')'])))
        } else {
            let (kind, advice) = after.split_once(", ").expect("kind and advice");
            (kind, Some(advice))
        };
        let words = if is_row { Some(texts[2].clone()) } else { None };
        let sentence =
            advice.map(|kind| sentences.get(kind).unwrap_or_else(|| panic!("no sentence for {kind}")).clone());
        let advice: Vec<String> = words.into_iter().chain(sentence).collect();
        let exit = exits[kind.rsplit("::").next().unwrap()];
        let row = Row { codes: vec![texts[0].clone()], says: texts[1].clone(), exit, advice: advice.join("; ") };
        let rows = sections.entry(heading.clone()).or_default();
        match rows.iter_mut().find(|old| (&old.says, old.exit, &old.advice) == (&row.says, row.exit, &row.advice)) {
            Some(old) => old.codes.extend(row.codes),
            None => rows.push(row),
        }
    }
    sections
}

/// The error as the program prints it, with the operations of which it is in brackets.
fn name(code: &str) -> String {
    match code.split_once(' ') {
        Some((of, code)) if of.starts_with(|c: char| c.is_ascii_uppercase()) => {
            format!("`{code}` ({})", of.replace('|', ", "))
        }
        Some((_, code)) => format!("`{code}`"),
        None => format!("`{code}`"),
    }
}

fn generated() -> String {
    let mut sections = table();
    let mut page = String::new();
    for (comment, heading) in SECTIONS {
        let key = sections.keys().find(|key| key.starts_with(comment)).cloned();
        let rows = sections.remove(&key.unwrap_or_else(|| panic!("the table has no heading {comment}"))).unwrap();
        page += &format!(
            "\n### {heading}\n\n| error | its message contains | exit code | what to do |\n| --- | --- | --- | --- |\n"
        );
        for row in rows {
            let mut names: Vec<String> = row.codes.iter().map(|code| name(code)).collect();
            names.dedup();
            let advice = row.advice.replace('|', "\\|");
            page += &format!("| {} | {} | {} | {advice} |\n", names.join(", "), row.says, row.exit);
        }
    }
    assert!(sections.is_empty(), "no place on the page: {:?}", sections.keys());
    page
}

#[test]
fn the_page_has_every_row_of_the_table_of_errors() {
    let page = read("docs/troubleshooting.md");
    let (own, committed) = page.split_once(BEGIN).expect("the mark of the generated part");
    let wanted = generated();
    assert!(wanted.lines().filter(|line| line.starts_with("| `")).count() > 100, "{wanted}");
    assert!(!wanted.contains('{'), "a place is not filled in");
    if std::env::var_os("COGTOK_UPDATE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/troubleshooting.md");
        std::fs::write(path, format!("{own}{BEGIN}{wanted}")).unwrap();
        return;
    }
    let differs = wanted.lines().zip(committed.lines()).find(|(new, old)| new != old);
    assert!(
        committed == wanted,
        "docs/troubleshooting.md is not current ({differs:?}): COGTOK_UPDATE=1 cargo test --test cli troubleshooting::"
    );
}

/// The part that is written by hand quotes messages in its first column.
#[test]
fn the_messages_that_the_page_quotes_are_in_the_sources() {
    fn texts(folder: &Path, found: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                texts(&path, found);
            } else {
                found.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut sources = String::new();
    texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
    let page = read("docs/troubleshooting.md");
    let own = page.split_once(BEGIN).expect("the mark of the generated part").0;
    let quoted = own.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let quoted: Vec<&str> = quoted.filter(|cell| !["message", "---"].contains(cell)).collect();
    assert!(quoted.len() >= 12, "{quoted:?}");
    for message in quoted {
        // An ellipsis stands for a name.
        for part in message.split('…').map(str::trim).filter(|part| part.len() > 3) {
            assert!(sources.contains(part), "docs/troubleshooting.md quotes {part:?}, which no source has");
        }
    }
}
