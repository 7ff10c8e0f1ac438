//! Edits a list of strings: items that stay keep their line and their comment.

use toml_edit::{Array, RawString, Value};

/// An item with the lines above it and the comment after it.
struct Entry {
    value: Value,
    above: String,
    behind: String,
}

/// The list of these words, laid out over several lines like `old`.
pub(crate) fn relist<'w>(old: &Array, words: impl Iterator<Item = &'w str>) -> Array {
    let tail = text(Some(old.trailing()));
    let is_on_lines = old.iter().any(|item| text(item.decor().prefix()).contains('\n')) || tail.contains('\n');
    if !is_on_lines && !old.iter().any(|item| text(item.decor().suffix()).contains('\n')) {
        return words.collect();
    }
    let (opening, mut entries, closing) = taken_apart(old);
    let first = entries.first().map(|entry| entry.above.clone());
    let indent = first.as_ref().map_or("  ", |above| above.rsplit('\n').next().unwrap_or_default());
    let indent = format!("\n{indent}");
    let mut wanted: Vec<Entry> = words
        .map(|word| match entries.iter().position(|entry| entry.value.as_str() == Some(word)) {
            Some(at) => entries.remove(at),
            None => Entry { value: Value::from(word), above: indent.clone(), behind: String::new() },
        })
        .collect();
    if let Some(entry) = wanted.first_mut().filter(|entry| !entry.above.contains('\n'))
        && first.is_some_and(|above| above.contains('\n'))
    {
        entry.above = indent;
    }
    put_together(opening, wanted, &closing, old.trailing_comma())
}

/// The text after the opening bracket, the items, and the text before the closing bracket. The parser puts a comment after an item's comma
/// into the next item's prefix.
fn taken_apart(old: &Array) -> (String, Vec<Entry>, String) {
    let (mut opening, mut entries) = (String::new(), Vec::<Entry>::new());
    let last = old.len().saturating_sub(1);
    let mut closing = text(Some(old.trailing()));
    for (at, item) in old.iter().enumerate() {
        let (behind, above) = split(&text(item.decor().prefix()));
        entries.last_mut().map_or(&mut opening, |before| &mut before.behind).push_str(&behind);
        let mut value = item.clone();
        if at == last && !old.trailing_comma() {
            closing = text(item.decor().suffix());
            value.decor_mut().set_suffix("");
        }
        entries.push(Entry { value, above, behind: String::new() });
    }
    let (behind, closing) = split(&closing);
    entries.last_mut().map_or(&mut opening, |before| &mut before.behind).push_str(&behind);
    (opening, entries, closing)
}

fn put_together(opening: String, entries: Vec<Entry>, closing: &str, has_comma: bool) -> Array {
    let (mut list, mut before) = (Array::new(), opening);
    let has_comma = has_comma && !entries.is_empty();
    let count = entries.len();
    for (at, Entry { mut value, above, behind }) in entries.into_iter().enumerate() {
        value.decor_mut().set_prefix(joined(&before, &above));
        if at + 1 == count && !has_comma {
            value.decor_mut().set_suffix(joined(&behind, closing));
        }
        before = behind;
        list.push_formatted(value);
    }
    list.set_trailing_comma(has_comma);
    if has_comma || count == 0 {
        list.set_trailing(joined(&before, closing));
    }
    list
}

/// A comment ends with its line.
fn joined(behind: &str, above: &str) -> String {
    let is_open = behind.contains('#') && !above.starts_with('\n');
    format!("{behind}{}{above}", if is_open { "\n" } else { "" })
}

/// The text on the same line, and the text from the next line on.
fn split(gap: &str) -> (String, String) {
    match gap.split_once('\n') {
        Some((behind, above)) => (behind.to_owned(), format!("\n{above}")),
        None => (String::new(), gap.to_owned()),
    }
}

fn text(raw: Option<&RawString>) -> String {
    raw.and_then(RawString::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relisted(list: &str, words: &str) -> String {
        let document: toml_edit::DocumentMut = format!("a = {list}\n").parse().unwrap();
        let list = relist(document["a"].as_array().unwrap(), words.split_ascii_whitespace());
        let text = list.to_string();
        let read: toml::Table = format!("a = {text}").parse().unwrap();
        let read: Vec<&str> = read["a"].as_array().unwrap().iter().filter_map(toml::Value::as_str).collect();
        assert_eq!(read.join(" "), words, "{text}");
        text.trim_start().to_owned()
    }

    #[test]
    fn what_stays_keeps_its_comment() {
        for comma in [",", ""] {
            let list = format!(
                "[ # scopes\n  # first\n  \"a/read\", # to read\n\n  # second\n  \"a/write\"{comma} # to write\n  # end\n]"
            );
            assert_eq!(relisted(&list, "a/read a/write"), list);
            let one = format!("[ # scopes\n  # first\n  \"a/read\"{comma} # to read\n  # end\n]");
            assert_eq!(relisted(&list, "a/read"), one);
            let added = format!("[ # scopes\n  # first\n  \"a/read\", # to read\n  \"b/x\"{comma}\n  # end\n]");
            assert_eq!(relisted(&list, "a/read b/x"), added);
            let turned = relisted(&list, "a/write a/read");
            assert!(turned.contains("# second\n  \"a/write\", # to write\n  # first\n  \"a/read\""), "{turned}");
            assert_eq!(relisted(&list, ""), "[ # scopes\n  # end\n]");
        }
        assert_eq!(relisted("[\n \"a\", \"b\", # of b\n \"c\"\n]", "b a d"), "[\n \"b\", # of b\n \"a\",\n \"d\"\n]");
        assert_eq!(relisted("[\"a\" # of a\n, \"b\"]", "b c"), "[ \"b\",\n\"c\"]");
    }

    #[test]
    fn a_list_on_one_line_stays_on_it() {
        assert_eq!(relisted("[ \"a\",\"b\" ]", "a c"), "[\"a\", \"c\"]");
        assert_eq!(relisted("[]", "a c"), "[\"a\", \"c\"]");
    }
}
