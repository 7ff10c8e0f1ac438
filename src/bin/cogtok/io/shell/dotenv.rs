//! A `.env` file of which cogtok owns only some variables.

use zeroize::Zeroizing;

/// The text with `assignments`, lines of `NAME=value`, in the place of those of the same names, or at its end. Everything else
/// stays to the byte, and so does `export ` before a name.
pub fn merged(text: &str, assignments: &str) -> Zeroizing<String> {
    let ours: Vec<(&str, &str)> =
        assignments.lines().filter_map(|line| Some((line.split_once('=')?.0, line))).collect();
    let mut missing = vec![true; ours.len()];
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut merged = Zeroizing::new(String::with_capacity(text.len() + assignments.len() + 4 * (ours.len() + 1)));
    let mut rest = text;
    while !rest.is_empty() {
        let (item, behind) = rest.split_at(length(rest));
        rest = behind;
        let at = name(item).and_then(|name| ours.iter().position(|(own, _)| *own == name));
        let Some(at) = at else {
            merged.push_str(item);
            continue;
        };
        missing[at] = false;
        merged.push_str(&item[..start(item)]);
        merged.push_str(ours[at].1);
        merged.push_str(&item[item.trim_end_matches(['\r', '\n']).len()..]);
    }
    for ((_, line), _) in ours.iter().zip(&missing).filter(|(_, is_missing)| **is_missing) {
        if !merged.is_empty() && !merged.ends_with('\n') {
            merged.push_str(end);
        }
        merged.push_str(line);
        merged.push_str(end);
    }
    merged
}

/// The position of an assignment's name.
fn start(item: &str) -> usize {
    let bare = item.trim_start_matches(['\u{feff}', ' ', '\t']);
    let behind = bare.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t']));
    item.len() - behind.map_or(bare, |rest| rest.trim_start_matches([' ', '\t'])).len()
}

/// The name that a line assigns to.
fn name(item: &str) -> Option<&str> {
    let (name, _) = item.lines().next()?[start(item)..].split_once('=')?;
    let name = name.trim_end();
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)))
        .then_some(name)
}

/// The length of the first assignment: a quoted value may have several lines.
fn length(text: &str) -> usize {
    let line = text.find('\n').map_or(text.len(), |at| at + 1);
    if name(&text[..line]).is_none() {
        return line;
    }
    let value = text[..line].find('=').map_or(line, |at| at + 1);
    let value = line - text[value..line].trim_start_matches([' ', '\t']).len();
    let mut inside = text[value..].char_indices();
    let Some((_, quote @ ('"' | '\'' | '`'))) = inside.next() else { return line };
    while let Some((at, c)) = inside.next() {
        match c {
            '\\' if quote == '"' => drop(inside.next()),
            c if c == quote => {
                let close = value + at;
                return text[close..].find('\n').map_or(text.len(), |end| close + end + 1);
            }
            _ => {}
        }
    }
    // An unclosed quote must not hide what follows.
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_lines_are_replaced_and_every_other_byte_stays() {
        let ours = "T=new\nT_END=9\n";
        for (before, after) in [
            ("", "T=new\nT_END=9\n"),
            ("A=1", "A=1\nT=new\nT_END=9\n"),
            ("# T=old\nT=old\nTT=1\nT_END=1\n", "# T=old\nT=new\nTT=1\nT_END=9\n"),
            ("T_END=1\n\nA=1\nT='old' # x", "T_END=9\n\nA=1\nT=new"),
            ("export T=\"old\"\n  export\tT_END=1;\n", "export T=new\n  export\tT_END=9\n"),
            ("A=1\r\nT=old\r\n", "A=1\r\nT=new\r\nT_END=9\r\n"),
            ("\u{feff}T=old\nexport=1\nexportT=1\n", "\u{feff}T=new\nexport=1\nexportT=1\nT_END=9\n"),
            ("A=\"\nT=inside\n\"\nT=old\n", "A=\"\nT=inside\n\"\nT=new\nT_END=9\n"),
            ("A=\"\\\"\nT=inside\"\nT = \"o\nl\nd\"\nB=2", "A=\"\\\"\nT=inside\"\nT=new\nB=2\nT_END=9\n"),
            ("A='never ends\nT=old\n", "A='never ends\nT=new\nT_END=9\n"),
            ("A=it's\nT=old\nB=it's\n", "A=it's\nT=new\nB=it's\nT_END=9\n"),
            ("# A=\"\nT=old\n\"\n", "# A=\"\nT=new\n\"\nT_END=9\n"),
            ("=\"\nT=old\n\"\n", "=\"\nT=new\n\"\nT_END=9\n"),
            ("A='x\\'\nT=old\nB='y'\n", "A='x\\'\nT=new\nB='y'\nT_END=9\n"),
            ("T=1\nT=2\n", "T=new\nT=new\nT_END=9\n"),
            ("ü=\"é\nT\n", "ü=\"é\nT\nT=new\nT_END=9\n"),
        ] {
            assert_eq!(*merged(before, ours), after, "{before:?}");
            assert_eq!(*merged(after, ours), after, "again");
        }
    }
}
