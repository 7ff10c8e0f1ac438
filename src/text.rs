//! Text as other programs write it: UTF-8, or UTF-16 as Windows' own tools do, with a byte order mark or without.

use std::borrow::Cow;

use zeroize::Zeroizing;

/// The text without its byte order mark; none where it is neither UTF-8 nor UTF-16 with a mark. The text may be a secret:
/// what is made on the way is wiped.
pub fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let unit = match bytes {
        [0xff, 0xfe, _, ..] => u16::from_le_bytes,
        [0xfe, 0xff, _, ..] => u16::from_be_bytes,
        _ => {
            let text = std::str::from_utf8(bytes).ok()?;
            return Some(Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)));
        }
    };
    let (pairs, rest) = bytes[2..].as_chunks();
    let units: Zeroizing<Vec<u16>> = Zeroizing::new(pairs.iter().map(|pair| unit(*pair)).collect());
    let mut text = Zeroizing::new(String::with_capacity(units.len() * 3));
    for c in char::decode_utf16(units.iter().copied()) {
        text.push(c.ok()?);
    }
    rest.is_empty().then(|| Cow::Owned(std::mem::take(&mut *text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes_of).collect()
    }

    #[test]
    fn a_mark_says_how_to_read_and_is_no_part_of_the_text() {
        for text in ["", "a", "grüße 🦀\r\n"] {
            let marked = format!("\u{feff}{text}");
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(text));
            assert_eq!(decode(marked.as_bytes()).as_deref(), Some(text));
            let wide = Some(text).filter(|text| !text.is_empty());
            assert_eq!(decode(&utf16(&marked, u16::to_le_bytes)).as_deref(), wide);
            assert_eq!(decode(&utf16(&marked, u16::to_be_bytes)).as_deref(), wide);
        }
        // Half a character, half a pair, and neither.
        for bad in [&b"\xff\xfea"[..], b"\xff\xfe\x00\xd8", b"\xff\xfe\x00\xd8a\x00", b"a\xff", b"\xff"] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
    }
}
