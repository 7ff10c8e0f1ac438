//! RS256 by ring, which TLS uses already: one implementation of RSA in the program.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

/// A public key that checks RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3) and nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Rs256Key {
    /// The modulus, big-endian.
    pub n: Vec<u8>,
    /// The exponent, big-endian.
    pub e: Vec<u8>,
}

impl Rs256Key {
    /// Whether `signature` (base64url) is RS256 over `message` with this key.
    pub fn has_signed(&self, message: &str, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        let key = RsaPublicKeyComponents { n: &self.n, e: &self.e };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature).is_ok()
    }
}
