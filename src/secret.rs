//! The one type for what must not be seen.

pub mod shape;

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::text::decode;

/// The most bytes that a secret read from a stream may have.
pub const MAX_BYTES: usize = 64 * 1024;

/// The variables that hold secrets. No child process gets them.
pub const VARIABLES: [&str; 7] = [
    "COGNITO_M2M_CLIENT_SECRET",
    "COGNITO_PASSWORD",
    "COGTOK_M2M_CLIENT_SECRET",
    "COGTOK_MFA_CODE",
    "COGTOK_PASSPHRASE",
    "COGTOK_PASSWORD",
    "COGTOK_USER_CLIENT_SECRET",
];

/// A client secret, password, code or token: it has no `Display`, its `Debug` is redacted, it is wiped from memory
/// when dropped, and [`Secret::expose`] is the only way to its value.
///
/// ```compile_fail
/// let secret = cogtok::secret::Secret::new("hunter2".to_owned());
/// format!("{secret}");
/// ```
///
/// ```compile_fail
/// let secret = cogtok::secret::Secret::new("hunter2".to_owned());
/// serde_json::to_string(&secret);
/// ```
#[derive(Clone, Debug)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes ownership of the value; other copies are the caller's responsibility.
    pub fn new(value: String) -> Self {
        Secret(SecretString::from(value))
    }

    /// The value, for the one place that sends or stores it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// A secret as it was read from a stream: UTF-8, or UTF-16 with its mark, at most [`MAX_BYTES`], one trailing line end (`\n` or `\r\n`)
    /// removed and nothing else changed.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for empty input, NUL bytes, invalid UTF-8 or too many bytes. The
    /// content is never repeated.
    #[doc(hidden)]
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self> {
        let bytes = Zeroizing::new(bytes);
        if bytes.len() > MAX_BYTES {
            return Err(Error::usage(format!("the secret is larger than {MAX_BYTES} bytes")));
        }
        let text = decode(&bytes).ok_or_else(|| Error::usage("the secret is not valid UTF-8"))?;
        let text = text.as_str();
        let text = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        if text.is_empty() {
            return Err(Error::usage("the secret is empty"));
        }
        if text.contains('\0') {
            return Err(Error::usage("the secret contains a NUL byte"));
        }
        Ok(Secret::new(text.to_owned()))
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Secret::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_stripped_and_nothing_else() {
        for (given, kept) in [("pw", "pw"), ("pw\n", "pw"), ("pw\r\n", "pw"), ("pw\n\n", "pw\n"), (" p w ", " p w ")] {
            assert_eq!(Secret::from_bytes(given.into()).unwrap().expose(), kept, "{given:?}");
        }
        assert_eq!(Secret::from_bytes(vec![b'a'; MAX_BYTES]).unwrap().expose().len(), 65_536);
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_without_repeating_it() {
        for bad in [b"".to_vec(), b"\n".to_vec(), b"hun\0ter".to_vec(), vec![b'h', 0xff], vec![b'a'; MAX_BYTES + 1]] {
            let error = Secret::from_bytes(bad).unwrap_err();
            assert_eq!(error.kind().exit_code(), 2);
            assert!(!error.message().contains("hun"), "{error}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert!(!format!("{:?}", Secret::new("hunter2".into())).contains("hunter2"));
    }
}
