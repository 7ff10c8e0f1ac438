//! The passwords of a run, sealed with a key of its own: whoever has the file and not the key has none of them.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, Zeroizing};

use cogtok::error::{Error, Kind, Result};
use cogtok::secret::Secret;

/// The bytes of a key.
const KEY: usize = 32;

/// The bytes of a nonce: enough that random ones never meet.
const NONCE: usize = 24;

/// The key of one run, which is wiped when it is dropped.
#[derive(Clone)]
pub struct RunKey(XChaCha20Poly1305);

impl std::fmt::Debug for RunKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RunKey([redacted])")
    }
}

impl RunKey {
    /// A new, random key, and the text that the secret store has of it.
    ///
    /// # Errors
    /// [`Kind::Failure`] when the operating system has no random bytes.
    pub fn generate() -> Result<(Self, Secret)> {
        let bytes: Zeroizing<[u8; KEY]> = random().map(Zeroizing::new)?;
        Ok((Self::of(&bytes), Secret::new(STANDARD_NO_PAD.encode(bytes.as_slice()))))
    }

    /// The key of a text that [`RunKey::generate`] gave; none for any other text.
    pub fn from_text(text: &Secret) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD_NO_PAD.decode(text.expose()).ok()?);
        <&[u8; KEY]>::try_from(bytes.as_slice()).ok().map(Self::of)
    }

    fn of(bytes: &[u8; KEY]) -> Self {
        RunKey(XChaCha20Poly1305::new(<&Key>::from(bytes)))
    }

    /// Seals the password of the user at this place of a run: it opens nowhere else.
    ///
    /// # Errors
    /// As the operating system says, when it has no random bytes.
    pub fn seal(&self, run: &str, seat: usize, password: &str) -> io::Result<String> {
        let nonce: [u8; NONCE] = random().map_err(|error| io::Error::other(error.message().to_owned()))?;
        let place = place(run, seat);
        let payload = Payload { msg: password.as_bytes(), aad: place.as_bytes() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| io::Error::other("a password could not be sealed"))?;
        Ok(STANDARD_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what [`RunKey::seal`] gave.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] where it was sealed with another key, for another place, or was changed since.
    pub fn open(&self, run: &str, seat: usize, sealed: &str) -> io::Result<Secret> {
        let other = || io::Error::new(io::ErrorKind::InvalidData, "the key of the run does not open a password in it");
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| other())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or_else(other)?;
        let place = place(run, seat);
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let plain = self.0.decrypt(&XNonce::from(*nonce), payload).map_err(|_| other())?;
        String::from_utf8(plain).map(Secret::new).map_err(|error| {
            error.into_bytes().zeroize();
            other()
        })
    }
}

fn place(run: &str, seat: usize) -> String {
    format!("cogtok run {run} user {seat}")
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes)
        .map_err(|why| Error::new(Kind::Failure, format!("no random bytes from the operating system: {why}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_opens_with_its_key_in_its_place_and_not_otherwise() {
        let (key, text) = RunKey::generate().unwrap();
        let again = RunKey::from_text(&text).unwrap();
        let sealed = key.seal("0123", 7, "hunter2").unwrap();
        assert_ne!(sealed, key.seal("0123", 7, "hunter2").unwrap());
        assert_eq!(again.open("0123", 7, &sealed).unwrap().expose(), "hunter2");
        let (other, _) = RunKey::generate().unwrap();
        assert!(other.open("0123", 7, &sealed).is_err());
        assert!(key.open("0123", 8, &sealed).is_err() && key.open("4567", 7, &sealed).is_err());
        for end in 0..sealed.len() {
            assert!(key.open("0123", 7, &sealed[..end]).is_err(), "{end}");
        }
        for no_key in ["", "AAAA", "!"] {
            assert!(RunKey::from_text(&Secret::new(no_key.to_owned())).is_none());
        }
        assert!(!format!("{key:?}").contains(text.expose()));
    }
}
