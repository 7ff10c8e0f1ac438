//! Text of others, as it may be shown on a terminal.

/// Text that may be shown on a terminal: control characters, the marks that reorder text and what is invisible are escaped as
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

/// Whether a character could move the cursor, reorder text or hide: controls (C0, C1, DEL), bidirectional marks, line separators, and
/// what is invisible or has no width.
pub fn is_unprintable(c: char) -> bool {
    is_control_or_mark(c) || is_invisible(c)
}

/// Whether nothing is shown for a character: Default_Ignorable_Code_Point of Unicode 17.0, and the format characters (Cf) that have no
/// glyph of their own. What [`is_control_or_mark`] has is left out.
fn is_invisible(c: char) -> bool {
    is_variation_selector(c)
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character chooses how the one before it is drawn, as in many emoji: text of any length may have it.
pub fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}')
}

/// Whether a character could move the cursor or reorder text, or has no width: controls (C0, C1, DEL), bidirectional marks, line
/// separators and zero-width characters. Cognito's user names have none of them, but may have what is invisible otherwise.
pub fn is_control_or_mark(c: char) -> bool {
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
        let hidden = "\u{ad}\u{34f}\u{115f}\u{1160}\u{17b4}\u{180b}\u{180e}\u{3164}\u{fe0f}\u{ffa0}\u{fff9}\u{fffb}\u{e0001}\u{e007f}\u{e0100}";
        assert_eq!(printable(hidden, 80), hidden.escape_unicode().to_string());
        assert_eq!(printable("é한ก็אَ😀", 80), "é한ก็אَ😀");
        assert_eq!(printable("line\r\nnext", 80), "line  next");
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable("abcdef", usize::MAX), "abcdef");
        assert_eq!(printable("grüße", 80), "grüße");
    }
}
