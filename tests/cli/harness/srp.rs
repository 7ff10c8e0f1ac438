//! The server's half of Cognito's SRP, for flows that the local Cognito lacks: written from the protocol, without the code
//! under test.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use num_bigint::{BigInt, BigUint, Sign};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const BLOCK: &str = "c2VjcmV0LWJsb2Nr";

/// What the server keeps of a password.
#[derive(Clone)]
pub struct Verifier {
    salt: BigUint,
    v: BigUint,
}

/// One exchange on the server's side.
pub struct Exchange {
    group: String,
    user: String,
    verifier: Verifier,
    a_public: BigUint,
    b: BigUint,
    b_public: BigUint,
}

fn n() -> BigUint {
    let answers: Value = serde_json::from_str(include_str!("../../fixtures/srp_vectors.json")).expect("JSON");
    BigUint::parse_bytes(answers["N"].as_str().expect("N").as_bytes(), 16).expect("hexadecimal")
}

fn pad(number: &BigUint) -> Vec<u8> {
    BigInt::from_biguint(Sign::Plus, number.clone()).to_signed_bytes_be()
}

fn hash(parts: &[&[u8]]) -> BigUint {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    BigUint::from_bytes_be(&digest.finalize())
}

impl Verifier {
    /// Of a password, as the pool would have it.
    pub fn of(group: &str, user: &str, password: &str) -> Self {
        let salt = BigUint::from(0x00a1_b2c3_d4e5_f607_u64);
        let inner = Sha256::digest(format!("{group}{user}:{password}"));
        let x = hash(&[&pad(&salt), &inner]);
        Self { salt, v: BigUint::from(2u8).modpow(&x, &n()) }
    }

    /// Of a device: the DeviceSecretVerifierConfig of ConfirmDevice.
    pub fn of_device(config: &Value) -> Self {
        let number = |name: &str| {
            let bytes = BASE64_STANDARD.decode(config[name].as_str().expect("text")).expect("Base64");
            BigUint::from_bytes_be(&bytes)
        };
        Self { salt: number("Salt"), v: number("PasswordVerifier") }
    }
}

impl Exchange {
    /// Answers SRP_A.
    pub fn new(group: &str, user: &str, verifier: Verifier, srp_a: &str) -> Self {
        let (n, g) = (n(), BigUint::from(2u8));
        let k = hash(&[&pad(&n), &pad(&g)]);
        let b = BigUint::from_bytes_be(&Sha256::digest("a private value of the server"));
        let b_public = (k * &verifier.v + g.modpow(&b, &n)) % &n;
        let a_public = BigUint::parse_bytes(srp_a.as_bytes(), 16).expect("hexadecimal");
        Self { group: group.into(), user: user.into(), verifier, a_public, b, b_public }
    }

    /// The parameters of the challenge that follows.
    pub fn parameters(&self) -> Value {
        json!({"SRP_B": self.b_public.to_str_radix(16), "SALT": self.verifier.salt.to_str_radix(16),
            "SECRET_BLOCK": BLOCK, "USER_ID_FOR_SRP": self.user, "USERNAME": self.user})
    }

    /// Whether ChallengeResponses prove the password.
    pub fn is_proven_by(&self, responses: &Value) -> bool {
        let text = |name: &str| responses[name].as_str().unwrap_or_default();
        let n = n();
        let u = hash(&[&pad(&self.a_public), &pad(&self.b_public)]);
        let s = (&self.a_public * self.verifier.v.modpow(&u, &n)).modpow(&self.b, &n);
        let mut key = [0u8; 16];
        Hkdf::<Sha256>::new(Some(&pad(&u)), &pad(&s)).expand(b"Caldera Derived Key", &mut key).expect("16 bytes");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
        let block = BASE64_STANDARD.decode(BLOCK).expect("Base64");
        for part in [self.group.as_bytes(), self.user.as_bytes(), &block, text("TIMESTAMP").as_bytes()] {
            mac.update(part);
        }
        text("PASSWORD_CLAIM_SECRET_BLOCK") == BLOCK
            && text("PASSWORD_CLAIM_SIGNATURE") == BASE64_STANDARD.encode(mac.finalize().into_bytes())
    }
}
