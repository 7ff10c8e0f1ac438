//! How a file is written beyond its text: the line end of Windows, and the mark that some editors begin a file with. An edit
//! leaves both as they are.

use std::borrow::Cow;

const MARK: char = '\u{feff}';

/// The byte order mark and line ends of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineEndings {
    has_mark: bool,
    is_crlf: bool,
}

impl LineEndings {
    /// Those of `raw`, and its text without them. Mixed line ends stay in the text.
    pub(crate) fn of(raw: &str) -> (Self, Cow<'_, str>) {
        let text = raw.strip_prefix(MARK).unwrap_or(raw);
        let crlf = text.matches("\r\n").count();
        let ends = LineEndings {
            has_mark: text.len() < raw.len(),
            is_crlf: crlf > 0 && crlf == text.matches('\n').count() && crlf == text.matches('\r').count(),
        };
        let text = if ends.is_crlf { text.replace("\r\n", "\n").into() } else { text.into() };
        (ends, text)
    }

    /// The content of the file with `text`.
    pub(crate) fn restore(self, text: String) -> String {
        let text = if self.is_crlf { text.replace('\n', "\r\n") } else { text };
        if self.has_mark { format!("{MARK}{text}") } else { text }
    }
}
