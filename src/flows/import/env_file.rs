//! A `.env` file: lines of `NAME=VALUE`. Read by hand, since the crates for it expand `$NAME` from the environment, which
//! would carry other secrets in.

use zeroize::Zeroizing;

use super::found::Found;
use super::{Pair, names};
use crate::error::{Error, Result};
use crate::secret::Secret;

/// What a `.env` file says.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for text that has no line of that form.
pub fn read(text: &Secret) -> Result<Found> {
    let lines = text.expose().trim_start_matches('\u{feff}').lines();
    let pairs: Vec<Pair> = lines.filter_map(pair).collect();
    if pairs.is_empty() {
        return Err(Error::usage("there is no line NAME=VALUE in it, and it is no JSON object"));
    }
    let mut found = Found::default();
    names::take(pairs, &mut found);
    Ok(found)
}

fn pair(line: &str) -> Option<Pair> {
    let line = line.trim();
    let line = line.strip_prefix("export ").or_else(|| line.strip_prefix("set ")).unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let is_name =
        !name.is_empty() && name.len() <= 200 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    is_name.then(|| Pair { name: name.to_owned(), value: Zeroizing::new(unquoted(value.trim()).to_owned()) })
}

/// A value without its quotes, or without the comment behind it.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inside, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inside;
        }
    }
    value.split(" #").next().unwrap_or_default().trim().trim_end_matches(';')
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
        ] {
            let pair = pair(line).unwrap();
            assert_eq!((pair.name.as_str(), pair.value.as_str()), ("A", value), "{line}");
        }
        for none in ["", "# A=b", "A", "=b", "A B=c", "<html a=b>"] {
            assert!(pair(none).is_none(), "{none}");
        }
    }
}
