//! The codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds), for test users whose key is in the secret
//! store.

use totp_rs::{Builder, Secret as Key};

use crate::error::{Error, Result};
use crate::secret::Secret;

/// How long a code is shown, in seconds.
pub const STEP_SECONDS: u64 = 30;

/// An authenticator app for one user.
pub struct Totp(totp_rs::Totp);

impl std::fmt::Debug for Totp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Totp")
    }
}

impl Totp {
    /// The app with this key: Base32 in any case, with or without spaces and padding, or an `otpauth:` URI that has it.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) when it is neither. The key is never repeated.
    pub fn new(key: &Secret) -> Result<Self> {
        let text = key.expose().trim();
        let from_uri = url::Url::parse(text).ok().filter(|uri| uri.scheme() == "otpauth").and_then(|uri| {
            uri.query_pairs().find(|(name, _)| name == "secret").map(|(_, value)| Secret::new(value.into_owned()))
        });
        let text = from_uri.as_ref().map_or(text, Secret::expose);
        let is_filler = |c: char| c.is_whitespace() || c == '-' || c == '=';
        let base32 = Secret::new(text.chars().filter(|c| !is_filler(*c)).map(|c| c.to_ascii_uppercase()).collect());
        let key = Key::try_from_base32(base32.expose()).ok().filter(|_| !base32.expose().is_empty());
        let key = key.ok_or_else(|| {
            Error::usage("this is not the key of an authenticator app")
                .hint("it is the text in Base32 (letters and the digits 2 to 7) that is shown beside the QR code")
        })?;
        // Keys may be shorter than RFC 6238 recommends; Cognito decides whether one is right.
        Ok(Totp(Builder::new().with_secret(key).build_noncompliant()))
    }

    /// The code of a time step: the number of times [`STEP_SECONDS`] has passed since the Unix epoch.
    pub fn code(&self, step: u64) -> Secret {
        Secret::new(self.0.generate(step.saturating_mul(STEP_SECONDS)).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        // Appendix B, SHA-1; the last six of the eight digits.
        let totp = Totp::new(&Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".into())).unwrap();
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(totp.code(seconds / STEP_SECONDS).expose(), code);
        }
    }

    #[test]
    fn a_key_is_taken_as_apps_write_it() {
        let code = |text: &str| Totp::new(&Secret::new(text.into())).unwrap().code(1).expose().to_owned();
        let plain = code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for same in [
            "gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n",
            "GEZDGNBV-GY3TQOJQ-GEZDGNBV-GY3TQOJQ====",
            "otpauth://totp/Pool:alice%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Pool",
        ] {
            assert_eq!(code(same), plain, "{same}");
        }
        for bad in ["", " ", "===", "123456", "GEZDGNBV1", "otpauth://totp/x?issuer=y", "é"] {
            let error = Totp::new(&Secret::new(bad.into())).unwrap_err();
            assert!(bad.trim().is_empty() || !error.to_string().contains(bad), "{bad}");
        }
    }
}
