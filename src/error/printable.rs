//! Text of others, as it may be shown on a terminal.

/// Text that may be shown on a terminal: control characters and the marks that reorder text are escaped as
/// `\u{1b}`, and more than `limit` characters are cut.
pub fn printable(text: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    for (index, c) in text.chars().enumerate() {
        if index == limit {
            shown.push('…');
            break;
        }
        match c {
            '\n' | '\r' | '\t' => shown.push(' '),
            c if is_unprintable(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// Whether a character could move the cursor, reorder text or hide: controls (C0, C1, DEL), bidirectional marks,
/// line separators and zero-width characters.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_escapes_what_a_terminal_would_obey() {
        assert_eq!(printable("a\u{1b}[31mb", 80), "a\\u{1b}[31mb");
        assert_eq!(printable("x\u{202e}y\u{9b}z\u{7f}", 80), "x\\u{202e}y\\u{9b}z\\u{7f}");
        assert_eq!(printable("line\r\nnext", 80), "line  next");
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable("abcdef", usize::MAX), "abcdef");
        assert_eq!(printable("grüße", 80), "grüße");
    }
}
