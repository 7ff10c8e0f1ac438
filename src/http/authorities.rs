//! Why this machine's certificate authorities can't be used, by the variables that name them for [`rustls_native_certs`].

use std::path::Path;

use rustls_native_certs::{Error, ErrorKind};

use crate::error::printable;

const FILE: &str = "SSL_CERT_FILE";
const NAMES: [&str; 2] = [FILE, "SSL_CERT_DIR"];

/// The most characters of a path.
const MOST: usize = 120;

/// What could not be read.
pub(crate) fn unread(error: &Error) -> String {
    match &error.kind {
        // A folder without a name is left out there.
        ErrorKind::Io { path, .. } if path.as_os_str().is_empty() => format!("{FILE} is empty"),
        ErrorKind::Io { inner, path } => format!("{}: {inner}", shown(path)),
        _ => printable(&error.to_string(), 200),
    }
}

/// What is wrong where nothing failed and no certificate was found; `None` where no variable names any.
pub(crate) fn none_named() -> Option<String> {
    named().map(|places| format!("there is none in {places}"))
}

/// What is wrong where reading took too long; `None` where no variable names any.
pub(crate) fn late() -> Option<String> {
    named().map(|places| format!("nothing came from {places} in time"))
}

/// The files and folders that the variables name.
#[expect(clippy::disallowed_methods, reason = "`rustls_native_certs` reads these variables itself")]
fn named() -> Option<String> {
    let place = |name: &&str| {
        let path = std::env::var_os(name).filter(|path| !path.is_empty())?;
        Some(format!("{} ({name})", shown(Path::new(&path))))
    };
    NAMES.iter().filter_map(place).reduce(|places, place| format!("{places} or {place}"))
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string(), MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_read_is_named() {
        let error = |path: &str| Error {
            context: "failed to open file",
            kind: ErrorKind::Io { inner: std::io::Error::other("no"), path: path.into() },
        };
        assert_eq!(unread(&error("/nope/ca.pem")), "/nope/ca.pem: no");
        assert_eq!(unread(&error("/a\u{1b}[2J")), "/a\\u{1b}[2J: no");
        assert_eq!(unread(&error("")), "SSL_CERT_FILE is empty");
    }
}
