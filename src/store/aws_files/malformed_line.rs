//! Lines of the AWS tools' files that these can't read.

/// The characters that continue a line, and end none.
const SPACE: [char; 2] = [' ', '\t'];

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The file begins with the mark U+FEFF, as some editors write it.
    ByteOrderMark,
    /// A section without its end.
    Open,
    /// A section after spaces.
    Indented,
    /// A value without a section.
    Outside,
    /// An indented line that continues no value.
    ContinuesNothing,
    /// No value.
    NoValue,
}

impl Flaw {
    /// The flaw, after `line 1 of FILE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Flaw::ByteOrderMark => "begins with a byte order mark",
            Flaw::Open => "has no `]`",
            Flaw::Indented => "has spaces before its `[`",
            Flaw::Outside => "comes before the first profile",
            Flaw::ContinuesNothing => "is indented and continues no value",
            Flaw::NoValue => "has no `=` after a name",
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Flaw::ByteOrderMark => {
                "save the file as UTF-8 without a byte order mark: the AWS tools read nothing of a file with one"
            }
            Flaw::Indented => "remove the spaces: to the AWS tools the line starts no profile",
            Flaw::Open | Flaw::Outside | Flaw::ContinuesNothing | Flaw::NoValue => {
                "correct that line: the AWS tools read nothing of a file with such a line"
            }
        }
    }
}

/// Where the line belongs that is read next.
enum Place {
    Start,
    Section,
    /// A value; an empty one has values of its own in the lines that follow.
    Value {
        is_empty: bool,
    },
}

/// The number of the first line that the AWS tools can't read, and what is wrong with it. Where there is none, the first section that is
/// indented after a value: to the AWS tools it continues that value.
pub(super) fn malformed_line(text: &str) -> Option<(usize, Flaw)> {
    let mut place = Place::Start;
    let mut flaw = |line: &str| {
        if line.starts_with('\u{feff}') {
            return Some(Flaw::ByteOrderMark);
        }
        if line.trim_matches(SPACE).is_empty() || line.starts_with(['#', ';']) {
            return None;
        }
        if line.starts_with('[') {
            place = Place::Section;
            let bare = line.split(['#', ';']).next().unwrap_or_default();
            return (!bare.trim_matches(SPACE).ends_with(']')).then_some(Flaw::Open);
        }
        let value = value_of(line);
        let is_indented = line.starts_with(SPACE);
        match place {
            Place::Start if is_section(line) => Some(Flaw::Indented),
            Place::Start => Some(Flaw::Outside),
            Place::Section if is_indented && is_section(line) => Some(Flaw::Indented),
            Place::Section if is_indented => Some(Flaw::ContinuesNothing),
            Place::Value { is_empty: true } if is_indented && value.is_none() && is_section(line) => {
                Some(Flaw::Indented)
            }
            Place::Value { is_empty: true } if is_indented => value.is_none().then_some(Flaw::NoValue),
            Place::Value { is_empty: false } if is_indented => None,
            Place::Section | Place::Value { .. } => match value {
                Some(value) => {
                    place = Place::Value { is_empty: value.is_empty() };
                    None
                }
                None => Some(Flaw::NoValue),
            },
        }
    };
    let lines = || text.lines().enumerate();
    let unreadable = lines().find_map(|(index, line)| flaw(line).map(|flaw| (index + 1, flaw)));
    let indented = || lines().find(|(_, line)| line.starts_with(SPACE) && is_section(line));
    unreadable.or_else(|| indented().map(|(index, _)| (index + 1, Flaw::Indented)))
}

/// Whether a person reads the line as the start of a section.
fn is_section(line: &str) -> bool {
    let line = line.split(['#', ';']).next().unwrap_or_default().trim_matches(SPACE);
    line.starts_with('[') && line.ends_with(']')
}

/// What is after the name and `=`; a comment in it begins after a space.
fn value_of(line: &str) -> Option<&str> {
    let line = line.trim_matches(SPACE);
    let mut before = 'x';
    let comment = line.char_indices().find(|(_, c)| {
        let is_comment = ['#', ';'].contains(c) && before.is_whitespace();
        before = *c;
        is_comment
    });
    let line = comment.and_then(|(at, _)| line.get(..at)).unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    (!name.trim_matches(SPACE).is_empty()).then(|| value.trim_matches(SPACE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_the_aws_tools_cannot_read_is_found() {
        for (text, expected) in [
            ("# note\n[profile a] ; note\nx = 1\n  continued\ny =\n", None),
            ("[profile a]\r\nx = 1\r\n", None),
            ("[profile a]\ns3 =\n  max = 1 # note\n\n  min = 2\n", None),
            ("stray\n[profile a]\n", Some((1, Flaw::Outside))),
            ("[profile a\nx=1\n", Some((1, Flaw::Open))),
            ("[profile a]\n\nregion\n", Some((3, Flaw::NoValue))),
            ("[profile a]\nregion # = x\n", Some((2, Flaw::NoValue))),
            ("[profile a]\n= 1\n", Some((2, Flaw::NoValue))),
            ("[profile a]\n  x = 1\n", Some((2, Flaw::ContinuesNothing))),
            ("[profile a]\ns3 =\n  max\n", Some((3, Flaw::NoValue))),
            ("\u{feff}[profile a]\nx = 1\n", Some((1, Flaw::ByteOrderMark))),
            ("\u{feff}# note\n[profile a]\n", Some((1, Flaw::ByteOrderMark))),
            ("\n  [profile a]\nx = 1\n", Some((2, Flaw::Indented))),
            ("[profile a]\n\t[profile b] # note\n", Some((2, Flaw::Indented))),
            ("[profile a]\nx =\n [profile b]\n", Some((3, Flaw::Indented))),
            ("[profile a]\nx = 1\n [profile b]\n", Some((3, Flaw::Indented))),
            ("[profile a]\nx = 1\n [profile b]\ny\n", Some((4, Flaw::NoValue))),
        ] {
            assert_eq!(malformed_line(text), expected, "{text}");
        }
    }
}
