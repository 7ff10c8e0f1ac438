//! Bytes as text, by the mark that they may begin with: PowerShell's `>` writes UTF-16, and other tools of Windows a byte
//! order mark before UTF-8.

use zeroize::Zeroizing;

/// Decodes UTF-8, or UTF-16 with a byte order mark, and removes the mark; `None` for anything else, such as a bare UTF-16 mark.
pub fn decode(bytes: &[u8]) -> Option<Zeroizing<String>> {
    match bytes {
        [0xff, 0xfe] | [0xfe, 0xff] => None,
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => utf_8(rest),
        rest => utf_8(rest),
    }
}

/// Whether bytes begin with the mark of UTF-16.
pub fn is_utf_16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
}

/// The text of a file that may be changed and written back as UTF-8: UTF-8 with the mark that it may have, or UTF-16 without.
///
/// # Errors
/// What the file is instead, to follow its name.
pub fn of_file(bytes: &[u8]) -> Result<Zeroizing<String>, &'static str> {
    if is_utf_16(bytes) {
        decode(bytes).ok_or("begins as UTF-16, but is not valid UTF-16")
    } else {
        utf_8(bytes).ok_or("is not UTF-8")
    }
}

fn utf_8(bytes: &[u8]) -> Option<Zeroizing<String>> {
    std::str::from_utf8(bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Zeroizing<String>> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    let units = pairs.iter().map(|pair| unit(*pair));
    // Allocated at its final size, so that no copy of a secret is left behind.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    for c in char::decode_utf16(units) {
        text.push(c.ok()?);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_by_its_mark() {
        let text = "Grüße 🎻\r\n";
        let le: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let be: Vec<u8> = [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        let marked: Vec<u8> = [0xef, 0xbb, 0xbf].into_iter().chain(text.bytes()).collect();
        for bytes in [text.as_bytes(), &le, &be, &marked] {
            assert_eq!(decode(bytes).as_deref().map(String::as_str), Some(text), "{bytes:?}");
        }
        for bad in [&b"\xff"[..], b"\xff\xfe", b"\xff\xfea", b"\xff\xfe\x00\xd8", b"h\xff"] {
            assert!(decode(bad).is_none(), "{bad:?}");
        }
        assert_eq!(decode(b"").as_deref().map(String::as_str), Some(""));
    }
}
