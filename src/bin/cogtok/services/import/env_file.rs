//! A `.env` file: lines of `NAME=VALUE`. Read by hand, since the crates for it expand `$NAME` from the environment, which
//! would carry other secrets in.

use zeroize::Zeroizing;

use cogtok::error::{Error, Result, printable};
use cogtok::oauth::client_bundle::candidates::Pair;
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::oauth::client_bundle::key_mapping;
use cogtok::secret::Secret;

/// The values in a `.env` file.
///
/// # Errors
/// [`Kind::Usage`](cogtok::error::Kind::Usage) for text that has no line of that form.
pub fn read(text: &Secret) -> Result<ProfileCandidate> {
    let lines = text.expose().trim_start_matches('\u{feff}').lines();
    let (mut found, mut pairs, mut is_empty) = (ProfileCandidate::default(), Vec::new(), true);
    for (at, line) in lines.enumerate() {
        let Some((name, value)) = pair(line) else { continue };
        is_empty = false;
        match value {
            Some(value) => pairs.push(Pair { name: name.to_owned(), value }),
            None if key_mapping::is_known(name) => {
                let (line, name) = (at + 1, printable(name, 80));
                found.leave_out(&format!("line {line}: skipped {name}: its quotes are not closed"));
            }
            None => {}
        }
    }
    if is_empty {
        return Err(Error::usage("it has no line NAME=VALUE, and is not a JSON object"));
    }
    key_mapping::take(pairs, &mut found);
    Ok(found)
}

/// The name and the value of a line; no value if it can't be parsed.
fn pair(line: &str) -> Option<(&str, Option<Zeroizing<String>>)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").or_else(|| line.strip_prefix("set ")).unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let is_name =
        !name.is_empty() && name.len() <= 200 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    is_name.then(|| (name, unquoted(value.trim())))
}

/// A value without its quotes or trailing comment; `None` if text follows the quotes, or they don't end on this line.
fn unquoted(value: &str) -> Option<Zeroizing<String>> {
    let mut rest = value.chars();
    let Some(quote @ ('"' | '\'')) = rest.next() else {
        let value = value.split(" #").next().unwrap_or_default().trim().trim_end_matches(';');
        return Some(Zeroizing::new(value.to_owned()));
    };
    // Allocated at its final size, so that no copy of a secret is left behind.
    let mut inside = Zeroizing::new(String::with_capacity(value.len()));
    loop {
        match rest.next()? {
            // Only characters that a shell escapes lose their backslash.
            '\\' if quote == '"' => match rest.next()? {
                escaped @ ('"' | '\\' | '$' | '`') => inside.push(escaped),
                other => inside.extend(['\\', other]),
            },
            c if c == quote => break,
            c => inside.push(c),
        }
    }
    let behind = rest.as_str().trim_start();
    let is_comment = behind.starts_with('#') && behind.len() < rest.as_str().len();
    (behind.is_empty() || behind.starts_with(';') || is_comment).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_every_style() {
        for (line, value) in [
            ("A=b", "b"),
            ("export A=b", "b"),
            (" A = \"b c\" # comment", "b c"),
            ("A='b#c'", "b#c"),
            ("A=b # comment", "b"),
            ("A=b#c", "b#c"),
            ("A=", ""),
            ("export A='b';", "b"),
            ("A=b=c", "b=c"),
            ("A=$B", "$B"),
            (r#"A="p#w d\"x""#, "p#w d\"x"),
            (r#"A="a\\" # "b""#, "a\\"),
            (r#"export A="\$a\`\n" ; export B"#, "$a`\\n"),
            (r"A='a\' # b", "a\\"),
            (r#"A=a"b\"c"#, "a\"b\\\"c"),
            ("A=\"\"", ""),
        ] {
            let (name, found) = pair(line).unwrap();
            assert_eq!((name, found.unwrap().as_str()), ("A", value), "{line}");
        }
        for unclear in ["A=\"b", "A='b", r#"A="b\""#, r#"A="b"c"#, "A=\"b\"#c", r"A='b'\''c'", r"A='b\'c'", "A=\""] {
            assert_eq!(pair(unclear), Some(("A", None)), "{unclear}");
        }
        for none in ["", "# A=b", "A", "=b", "A B=c", "<html a=b>"] {
            assert!(pair(none).is_none(), "{none}");
        }
    }
}
