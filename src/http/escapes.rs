//! How a character may be written in the text of a server: the escapes of URLs and their forms, of JSON, of Rust and of HTML.

/// Which escapes are read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Escapes {
    /// Those of URLs, of JSON and of Rust.
    Text,
    /// The same, with plus signs for spaces.
    Forms,
    /// Character references.
    Html,
}

impl Escapes {
    /// The escape that a text in lower case begins with, and how long it is.
    pub(crate) fn first_of(self, text: &[u8]) -> Option<(Unescaped, usize)> {
        match self {
            Escapes::Text => of_text(text),
            Escapes::Forms if text.first() == Some(&b'+') => Some((Unescaped::Byte(b' '), 1)),
            Escapes::Forms => of_text(text),
            Escapes::Html => of_html(text),
        }
    }
}

/// What an escape stands for.
pub(crate) enum Unescaped {
    Byte(u8),
    Char(char),
}

/// `%2f`, `\/`, `\u002f`, `\u{2f}`, `\x2f`.
fn of_text(text: &[u8]) -> Option<(Unescaped, usize)> {
    let hex = |digits: &[u8]| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    let byte = |digits: &[u8]| Some(Unescaped::Byte(u8::try_from(hex(digits)?).ok()?));
    let unit =
        |at: usize| text.get(at..at + 6).filter(|text| text.starts_with(br"\u")).and_then(|text| hex(&text[2..]));
    match (*text.first()?, text.get(1).copied()) {
        (b'%', Some(_)) => Some((byte(text.get(1..3)?)?, 3)),
        (b'\\', Some(b'u')) if text.get(2) == Some(&b'{') => {
            let length = text.iter().take(10).position(|byte| *byte == b'}')?;
            Some((Unescaped::Char(char::from_u32(hex(&text[3..length])?)?), length + 1))
        }
        (b'\\', Some(b'u')) => {
            let high = unit(0)?;
            match (char::from_u32(high), unit(6)) {
                (Some(c), _) => Some((Unescaped::Char(c), 6)),
                (None, Some(low)) => {
                    let c = char::decode_utf16([u16::try_from(high).ok()?, u16::try_from(low).ok()?]).next()?.ok()?;
                    Some((Unescaped::Char(c), 12))
                }
                (None, None) => None,
            }
        }
        (b'\\', Some(b'x')) => Some((byte(text.get(2..4)?)?, 4)),
        (b'\\', Some(b'n')) => Some((Unescaped::Byte(b'\n'), 2)),
        (b'\\', Some(b't')) => Some((Unescaped::Byte(b'\t'), 2)),
        (b'\\', Some(b'r')) => Some((Unescaped::Byte(b'\r'), 2)),
        (b'\\', Some(sign @ (b'"' | b'\\' | b'/' | b'\''))) => Some((Unescaped::Byte(sign), 2)),
        _ => None,
    }
}

/// The names of characters of ASCII, as in `&quot;`.
const NAMES: [(&str, u8); 40] = [
    ("amp", b'&'),
    ("apos", b'\''),
    ("ast", b'*'),
    ("bsol", b'\\'),
    ("colon", b':'),
    ("comma", b','),
    ("commat", b'@'),
    ("dollar", b'$'),
    ("equals", b'='),
    ("excl", b'!'),
    ("grave", b'`'),
    ("gt", b'>'),
    ("hat", b'^'),
    ("lbrace", b'{'),
    ("lbrack", b'['),
    ("lcub", b'{'),
    ("lowbar", b'_'),
    ("lpar", b'('),
    ("lsqb", b'['),
    ("lt", b'<'),
    ("midast", b'*'),
    ("num", b'#'),
    ("percnt", b'%'),
    ("period", b'.'),
    ("plus", b'+'),
    ("quest", b'?'),
    ("quot", b'"'),
    ("rbrace", b'}'),
    ("rbrack", b']'),
    ("rcub", b'}'),
    ("rpar", b')'),
    ("rsqb", b']'),
    ("semi", b';'),
    ("sol", b'/'),
    ("tilde", b'~'),
    ("underbar", b'_'),
    ("verbar", b'|'),
    ("vert", b'|'),
    ("dash", b'-'),
    ("hyphen", b'-'),
];

/// `&quot;`, `&#34;`, `&#x22;`.
fn of_html(text: &[u8]) -> Option<(Unescaped, usize)> {
    let end = text.iter().take(12).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(text.get(1..end)?).ok().filter(|_| text.starts_with(b"&"))?;
    let length = end + 1;
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return Some((Unescaped::Char(char::from_u32(code.ok()?)?), length));
    }
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, byte)| (Unescaped::Byte(*byte), length))
}
