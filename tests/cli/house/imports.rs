//! What Rust sources import from each other, by `use` or by a path in the code.

use std::collections::{BTreeMap, BTreeSet};

/// Where the program is, below `src`.
pub const BIN: &str = "bin/cogtok/";

/// A file's source by its name below `src`, and arrows from file to file with what is imported.
pub type Sources = BTreeMap<String, String>;
pub type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

/// A module's path, which begins with `lib` or `bin`.
type ModulePath = Vec<String>;

/// What a file says of others.
#[derive(Default)]
struct Module {
    file: String,
    /// What it gives on from elsewhere, by the name under which it does.
    given_on: BTreeMap<String, ModulePath>,
    /// The names that it has from elsewhere.
    names: BTreeMap<String, ModulePath>,
    /// What it imports.
    used: Vec<ModulePath>,
    /// The other paths in its code.
    inline: Vec<Vec<String>>,
}

fn module_path(file: &str) -> ModulePath {
    let (root, rest) = file.strip_prefix(BIN).map_or(("lib", file), |rest| ("bin", rest));
    let mut path: ModulePath =
        std::iter::once(root).chain(rest.trim_end_matches(".rs").split('/')).map(str::to_owned).collect();
    path.pop_if(|last| matches!(last.as_str(), "mod" | "main" | "lib"));
    path
}

/// The arrows between these files.
pub fn arrows(sources: &Sources) -> Arrows {
    let paths: BTreeSet<ModulePath> = sources.keys().map(|file| module_path(file)).collect();
    let modules: BTreeMap<ModulePath, Module> = sources
        .iter()
        .map(|(file, text)| {
            let path = module_path(file);
            let module = read_module(file, text, &path, &paths);
            (path, module)
        })
        .collect();
    let mut arrows = Arrows::new();
    for (path, module) in &modules {
        let inline = module.inline.iter().filter_map(|words| {
            absolute(path, words, &paths).or_else(|| {
                let (first, rest) = words.split_first()?;
                Some(module.names.get(first)?.iter().chain(rest).cloned().collect())
            })
        });
        for target in module.used.iter().cloned().chain(inline) {
            if let Some((file, name)) = definition(&modules, target).filter(|(file, _)| *file != module.file) {
                arrows.entry((module.file.clone(), file)).or_default().insert(name);
            }
        }
    }
    arrows
}

/// The file that a path leads to, through whatever gives it on, and the name in it.
fn definition(modules: &BTreeMap<ModulePath, Module>, mut path: ModulePath) -> Option<(String, String)> {
    for _ in 0..10 {
        let length = (1..=path.len()).rev().find(|length| modules.contains_key(&path[..*length]))?;
        let module = &modules[&path[..length]];
        let name = path.get(length).cloned();
        match name.as_ref().and_then(|name| module.given_on.get(name)).filter(|given| **given != path) {
            Some(given) => path = given.iter().chain(&path[length + 1..]).cloned().collect(),
            None => return Some((module.file.clone(), name.unwrap_or_else(|| "the module".to_owned()))),
        }
    }
    None
}

/// A path from the root; none where it leads to another crate, or to what is in the file itself.
fn absolute(module: &[String], words: &[String], modules: &BTreeSet<ModulePath>) -> Option<ModulePath> {
    let first = words.first()?.as_str();
    let (start, rest): (ModulePath, &[String]) = match first {
        "crate" => (vec![module[0].clone()], &words[1..]),
        "cogtok" if module[0] == "bin" => (vec!["lib".to_owned()], &words[1..]),
        "self" => (module.to_vec(), &words[1..]),
        "super" => {
            let count = words.iter().take_while(|word| *word == "super").count();
            (module[..module.len().saturating_sub(count)].to_vec(), &words[count..])
        }
        child => {
            let below: ModulePath = module.iter().cloned().chain([child.to_owned()]).collect();
            modules.contains(&below).then(|| (module.to_vec(), words))?
        }
    };
    Some(start.into_iter().chain(rest.iter().cloned()).collect())
}

fn read_module(file: &str, text: &str, path: &[String], modules: &BTreeSet<ModulePath>) -> Module {
    let tokens = without_tests(tokens(text));
    let mut module = Module { file: file.to_owned(), ..Module::default() };
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] == "use" {
            let end = at + tokens[at..].iter().position(|token| token == ";").expect("a `use` ends");
            let is_public = at > 0 && matches!(tokens[at - 1].as_str(), "pub" | ")");
            let mut found = Vec::new();
            use_tree(&tokens[at + 1..end], &mut Vec::new(), &mut found);
            for (words, name) in found {
                let Some(target) = absolute(path, &words, modules) else { continue };
                module.names.insert(name.clone(), target.clone());
                if is_public && name != "*" {
                    module.given_on.insert(name, target);
                } else {
                    module.used.push(target);
                }
            }
            at = end;
        } else if is_word(&tokens[at]) && (at == 0 || tokens[at - 1] != "::") {
            let mut words = vec![tokens[at].clone()];
            while tokens.get(at + 1).is_some_and(|token| token == "::")
                && tokens.get(at + 2).is_some_and(|token| is_word(token))
            {
                words.push(tokens[at + 2].clone());
                at += 2;
            }
            if words.len() > 1 {
                module.inline.push(words);
            }
        }
        at += 1;
    }
    module
}

/// The paths of a `use` and the names that they come by. What is left of `tokens` is given back.
fn use_tree<'a>(
    mut tokens: &'a [String],
    before: &mut Vec<String>,
    found: &mut Vec<(Vec<String>, String)>,
) -> &'a [String] {
    let depth = before.len();
    loop {
        match tokens {
            [first, rest @ ..] if first == "{" => {
                tokens = rest;
                while tokens.first().is_some_and(|token| token != "}") {
                    tokens = use_tree(tokens, before, found);
                    tokens = tokens.strip_prefix(&[",".to_owned()]).unwrap_or(tokens);
                }
                tokens = tokens.get(1..).unwrap_or_default();
                break;
            }
            [word, colons, rest @ ..] if colons == "::" => {
                before.push(word.clone());
                tokens = rest;
            }
            [word, rest @ ..] => {
                let mut path = before.clone();
                if word != "self" || path.is_empty() {
                    path.push(word.clone());
                }
                let mut name = path.last().cloned().unwrap_or_default();
                tokens = rest;
                if let [as_word, alias, rest @ ..] = tokens
                    && as_word == "as"
                {
                    name = alias.clone();
                    tokens = rest;
                }
                if word == "*" {
                    path.pop();
                }
                found.push((path, name));
                break;
            }
            [] => break,
        }
    }
    before.truncate(depth);
    tokens
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The words and signs of a source, without comments and without what stands in texts.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let is = |at: usize, sign: char| chars.get(at) == Some(&sign);
    let (mut tokens, mut at) = (Vec::new(), 0);
    while at < chars.len() {
        let c = chars[at];
        if c == '/' && is(at + 1, '/') {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if c == '"' {
            at += 1;
            while !is(at, '"') {
                at += if is(at, '\\') { 2 } else { 1 };
            }
            at += 1;
        } else if c == 'r' && (is(at + 1, '"') || is(at + 1, '#') && (is(at + 2, '"') || is(at + 2, '#'))) {
            let signs = chars[at + 1..].iter().take_while(|c| **c == '#').count();
            at += signs + 2;
            while !(is(at, '"') && (1..=signs).all(|sign| is(at + sign, '#'))) {
                at += 1;
            }
            at += signs + 1;
        } else if c == '\'' && is(at + 1, '\\') {
            at += 3;
            while !is(at, '\'') {
                at += 1;
            }
            at += 1;
        } else if c == '\'' && is(at + 2, '\'') {
            at += 3;
        } else if c.is_alphanumeric() || c == '_' {
            let word: String = chars[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
            at += word.chars().count();
            tokens.push(word);
        } else if c == ':' && is(at + 1, ':') {
            tokens.push("::".to_owned());
            at += 2;
        } else {
            if !c.is_whitespace() {
                tokens.push(c.to_string());
            }
            at += 1;
        }
    }
    tokens
}

/// The tokens without the items that only tests and fuzzing have.
fn without_tests(tokens: Vec<String>) -> Vec<String> {
    let end_of = |from: usize, open: &str, close: &str| {
        let mut depth = 0;
        (from..tokens.len())
            .find(|at| {
                depth += i32::from(tokens[*at] == open) - i32::from(tokens[*at] == close);
                depth == 0
            })
            .unwrap_or(tokens.len())
    };
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        let attribute = |at: usize| tokens[at] == "#" && tokens.get(at + 1).is_some_and(|token| token == "[");
        if attribute(at) && tokens.get(at + 2).is_some_and(|token| token == "cfg") {
            let end = end_of(at + 1, "[", "]");
            let words = &tokens[at..end];
            if words.iter().any(|word| word == "test" || word == "fuzzing") && !words.iter().any(|word| word == "not") {
                at = end + 1;
                while at < tokens.len() && attribute(at) {
                    at = end_of(at + 1, "[", "]") + 1;
                }
                while at < tokens.len() && tokens[at] != ";" && tokens[at] != "{" {
                    at += 1;
                }
                at = if tokens.get(at).is_some_and(|token| token == "{") { end_of(at, "{", "}") + 1 } else { at + 1 };
                continue;
            }
        }
        kept.push(tokens[at].clone());
        at += 1;
    }
    kept
}
