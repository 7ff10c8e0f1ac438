//! Limits the work that an age header may cause before its author is known. The parser reads a growing header repeatedly, and tries each
//! stanza with the identity.

/// The most recipients of a file.
pub const MOST_RECIPIENTS: usize = 1000;

/// A stanza has two lines, and one more where its key is longer than those in use.
const MOST_LINES: usize = 3 * MOST_RECIPIENTS;

/// The longest of lines that mean something has some 80 characters.
const MOST_BYTES: usize = 100 * MOST_LINES;

/// Why a file's header is refused; `None` if it is acceptable. A file that is not age, or truncated, is left to the parser.
pub fn too_much(sealed: &[u8]) -> Option<String> {
    if !sealed.starts_with(b"age-encryption.org/") {
        return None;
    }
    let mut bytes = 0;
    for (at, line) in sealed.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if line.starts_with(b"---") {
            return None;
        }
        bytes += line.len();
        if at >= MOST_LINES || bytes > MOST_BYTES {
            return Some(format!("its header is larger than that of a file for {MOST_RECIPIENTS} recipients"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_for_many_is_looked_at_and_one_without_an_end_is_not() {
        let head = "age-encryption.org/v1\n";
        let stanza = format!("-> X25519 {}\n{}\n", "a".repeat(43), "b".repeat(43));
        let file = |stanzas: usize| format!("{head}{}--- mac\n{}", stanza.repeat(stanzas), "payload\n".repeat(9999));
        assert_eq!(too_much(file(1).as_bytes()), None);
        assert_eq!(too_much(file(MOST_RECIPIENTS + 1).as_bytes()), None);
        assert!(too_much(file(8000).as_bytes()).is_some());
        assert!(too_much(format!("{head}-> {}", "x".repeat(MOST_BYTES)).as_bytes()).is_some());
        assert!(too_much(format!("{head}-> a\n{}", "x\n".repeat(MOST_LINES)).as_bytes()).is_some());
        assert_eq!(too_much("garbage\n".repeat(MOST_LINES + 1).as_bytes()), None);
    }
}
