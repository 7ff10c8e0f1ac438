//! Cognito's variant of SRP-6a (USER_SRP_AUTH, PASSWORD_VERIFIER) and its SECRET_HASH.
//!
//! The group is the 3072-bit one of RFC 5054 appendix A with `g = 2`. Where Cognito differs: integers are hashed as
//! two's-complement bytes instead of being padded to the group's length, the session key is HKDF with the info
//! `Caldera Derived Key`, and the proof is an HMAC over pool, user, secret block and time.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use jiff::tz::TimeZone;
use num_bigint::{BigInt, BigUint, Sign};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::secret::Secret;

const N_HEX: &[u8] = b"\
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd\
    ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
    ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f\
    83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b\
    e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510\
    15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7\
    abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c\
    bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff";

static N: LazyLock<BigUint> = LazyLock::new(|| BigUint::parse_bytes(N_HEX, 16).unwrap_or_default());
static G: LazyLock<BigUint> = LazyLock::new(|| BigUint::from(2u8));

/// The client's half of one SRP exchange.
pub struct SrpClient {
    a: BigUint,
    public: BigUint,
}

/// The parameters of a PASSWORD_VERIFIER challenge, as Cognito sent them.
pub struct PasswordVerifierChallenge<'a> {
    /// SRP_B, in hexadecimal.
    pub srp_b: &'a str,
    /// SALT, in hexadecimal, perhaps with an odd number of digits.
    pub salt: &'a str,
    /// SECRET_BLOCK, in Base64.
    pub secret_block: &'a str,
    /// USER_ID_FOR_SRP.
    pub user_id: &'a str,
}

/// The answer to a PASSWORD_VERIFIER challenge.
#[derive(Debug, PartialEq, Eq)]
pub struct Proof {
    /// PASSWORD_CLAIM_SIGNATURE, in Base64.
    pub signature: String,
    /// TIMESTAMP.
    pub timestamp: String,
}

impl SrpClient {
    /// An exchange with 1,024 random bits from the operating system.
    ///
    /// # Errors
    /// [`Kind::Failure`] when the operating system has no random bytes.
    pub fn start() -> Result<Self> {
        Self::with_private(BigUint::from_bytes_be(random::<128>()?.as_ref()))
    }

    fn with_private(a: BigUint) -> Result<Self> {
        let a = a % &*N;
        let public = G.modpow(&a, &N);
        if a == BigUint::ZERO {
            Err(Error::new(Kind::Failure, "the operating system's random bytes are all zero"))
        } else {
            Ok(SrpClient { a, public })
        }
    }

    /// SRP_A: the public value in lower-case hexadecimal, unpadded.
    pub fn srp_a(&self) -> String {
        self.public.to_str_radix(16)
    }

    /// Proves that the password is known, for the pool named `pool_name` (see
    /// [`PoolId::srp_name`](crate::settings::types::PoolId::srp_name)) at `now`, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`Kind::Network`] when the challenge is malformed or would give the password away (B or u is 0 modulo N).
    pub fn prove(
        &self,
        pool_name: &str,
        challenge: &PasswordVerifierChallenge<'_>,
        password: &Secret,
        now: u64,
    ) -> Result<Proof> {
        let key = self.session_key(pool_name, challenge, password)?;
        let block = STANDARD.decode(challenge.secret_block).map_err(|_| malformed("SECRET_BLOCK"))?;
        let timestamp = timestamp(now)?;
        let mut mac = hmac(key.as_ref())?;
        for part in [pool_name.as_bytes(), challenge.user_id.as_bytes(), &block, timestamp.as_bytes()] {
            mac.update(part);
        }
        Ok(Proof { signature: STANDARD.encode(mac.finalize().into_bytes()), timestamp })
    }

    fn session_key(
        &self,
        pool_name: &str,
        challenge: &PasswordVerifierChallenge<'_>,
        password: &Secret,
    ) -> Result<Zeroizing<[u8; 16]>> {
        let b = hex(challenge.srp_b, "SRP_B")?;
        let salt = hex(challenge.salt, "SALT")?;
        let u = hash(&[&pad(&self.public), &pad(&b)]);
        if &b % &*N == BigUint::ZERO || u == BigUint::ZERO {
            return Err(malformed("SRP_B"));
        }
        let x = private_key(pool_name, challenge.user_id, &salt, password);
        let k = hash(&[&pad(&N), &pad(&G)]);
        let base = (&b % &*N + &*N - (k * G.modpow(&x, &N)) % &*N) % &*N;
        let s = base.modpow(&(&self.a + &u * &x), &N);
        let mut key = Zeroizing::new([0u8; 16]);
        Hkdf::<Sha256>::new(Some(&pad(&u)), &pad(&s))
            .expand(b"Caldera Derived Key", key.as_mut())
            .map_err(|_| Error::new(Kind::Failure, "HKDF refused a 16-byte key"))?;
        Ok(key)
    }
}

/// The `x` of SRP: a hash over salt, pool, user and password.
fn private_key(pool_name: &str, user_id: &str, salt: &BigUint, password: &Secret) -> BigUint {
    let mut inner = Sha256::new();
    for part in [pool_name, user_id, ":", password.expose()] {
        inner.update(part.as_bytes());
    }
    hash(&[&pad(salt), &inner.finalize()])
}

/// DeviceSecretVerifierConfig: what Cognito checks a device's password against.
#[derive(Debug, PartialEq, Eq)]
pub struct DeviceVerifier {
    /// PasswordVerifier, in Base64.
    pub password_verifier: String,
    /// Salt, in Base64.
    pub salt: String,
}

/// A password for a device: 40 random bytes of the operating system in Base64.
///
/// # Errors
/// [`Kind::Failure`] when the operating system has no random bytes.
pub fn device_password() -> Result<Secret> {
    Ok(Secret::new(STANDARD.encode(*random::<40>()?)))
}

/// The verifier of a device's password, with a salt of 16 random bytes.
///
/// # Errors
/// [`Kind::Failure`] when the operating system has no random bytes.
pub fn device_verifier(group_key: &str, device_key: &str, password: &Secret) -> Result<DeviceVerifier> {
    let salt = BigUint::from_bytes_be(random::<16>()?.as_ref());
    Ok(device_verifier_with(group_key, device_key, password, &salt))
}

fn device_verifier_with(group_key: &str, device_key: &str, password: &Secret, salt: &BigUint) -> DeviceVerifier {
    let verifier = G.modpow(&private_key(group_key, device_key, salt, password), &N);
    DeviceVerifier { password_verifier: STANDARD.encode(pad(&verifier)), salt: STANDARD.encode(pad(salt)) }
}

fn random<const LENGTH: usize>() -> Result<Zeroizing<[u8; LENGTH]>> {
    let mut bytes = Zeroizing::new([0u8; LENGTH]);
    getrandom::fill(bytes.as_mut())
        .map_err(|why| Error::new(Kind::Failure, format!("no random bytes from the operating system: {why}")))?;
    Ok(bytes)
}

/// SECRET_HASH: Base64 of HMAC-SHA256 with the client secret over user name and client id.
///
/// # Errors
/// [`Kind::Failure`], which HMAC never gives for a key of any length.
pub fn secret_hash(username: &str, client_id: &str, client_secret: &Secret) -> Result<String> {
    let mut mac = hmac(client_secret.expose().as_bytes())?;
    mac.update(username.as_bytes());
    mac.update(client_id.as_bytes());
    Ok(STANDARD.encode(mac.finalize().into_bytes()))
}

fn hmac(key: &[u8]) -> Result<Hmac<Sha256>> {
    Hmac::new_from_slice(key).map_err(|_| Error::new(Kind::Failure, "HMAC refused the key"))
}

/// The shortest two's-complement bytes of a non-negative integer, as Java's `BigInteger.toByteArray` gives them.
fn pad(n: &BigUint) -> Vec<u8> {
    BigInt::from_biguint(Sign::Plus, n.clone()).to_signed_bytes_be()
}

fn hash(parts: &[&[u8]]) -> BigUint {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    BigUint::from_bytes_be(&digest.finalize())
}

fn hex(text: &str, name: &str) -> Result<BigUint> {
    let is_hex = !text.is_empty() && text.len() <= 2048 && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_hex.then(|| BigUint::parse_bytes(text.as_bytes(), 16)).flatten().ok_or_else(|| malformed(name))
}

fn malformed(name: &str) -> Error {
    Error::network(format!("the challenge to prove a password has a malformed {name}"))
}

/// The TIMESTAMP of a proof: English names, UTC, the day of the month without padding.
fn timestamp(now: u64) -> Result<String> {
    let moment = i64::try_from(now).ok().and_then(|now| jiff::Timestamp::from_millisecond(now).ok());
    let moment = moment.ok_or_else(|| Error::new(Kind::Failure, "this machine's clock is out of range"))?;
    Ok(moment.to_zoned(TimeZone::UTC).strftime("%a %b %-d %H:%M:%S UTC %Y").to_string())
}

#[cfg(test)]
#[path = "srp_tests.rs"]
mod tests;
