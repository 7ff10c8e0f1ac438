//! A pool's public signing keys (JWKS, RFC 7517 section 5).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::token::crypto::Rs256Key;

/// The most keys of a set that are looked at. A pool has two.
const MOST_KEYS: usize = 100;

/// The keys of a set that RS256 signatures may be checked with.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<SigningKey>);

#[derive(Debug, Clone)]
struct SigningKey {
    id: String,
    key: Rs256Key,
    jwk: Jwk,
}

/// The parameters of an RSA key (RFC 7517 section 4, RFC 7518 section 6.3.1). One of another type makes the key unusable.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    public_key_use: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_ops: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5u: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5c: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5t: Option<String>,
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    x5t_s256: Option<String>,
    n: String,
    e: String,
}

impl KeySet {
    /// The usable keys of a JWKS document. Keys of another type are skipped (RFC 7517 section 5), and so are keys whose `use`, `key_ops` or
    /// `alg` is not for checking RS256 signatures, keys without `kid`, and weak keys: a modulus below 2048 bits, a public exponent of 1,
    /// primes of a broken generator (CVE-2017-15361).
    ///
    /// # Errors
    /// [`Kind::Network`](crate::error::Kind::Network) when the document is no JWKS, has no usable key, or has two with the
    /// same `kid`.
    pub fn parse(document: &[u8]) -> Result<Self> {
        let document: Value = serde_json::from_slice(document).map_err(|_| no_key_set("it is not JSON"))?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or_else(|| no_key_set("it has no list `keys`"))?;
        if keys.is_empty() {
            return Err(no_key_set("it has no keys"));
        }
        if keys.len() > MOST_KEYS {
            return Err(no_key_set(&format!("it has more than {MOST_KEYS} keys")));
        }
        let id = |key: &Value| key.get("kid").and_then(Value::as_str).map(str::to_owned);
        let is_repeated =
            |key: &Value| id(key).is_some() && keys.iter().filter(|other| id(other) == id(key)).count() > 1;
        if keys.iter().any(is_repeated) {
            return Err(no_key_set("two of its keys have the same `kid`"));
        }
        let usable: Vec<SigningKey> = keys.iter().filter_map(SigningKey::of).collect();
        if usable.is_empty() {
            Err(no_key_set("none of its keys can check an RS256 signature"))
        } else {
            Ok(KeySet(usable))
        }
    }

    /// The `kid` of each key.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    /// The usable keys as a JWKS document.
    pub fn to_json(&self) -> Value {
        json!({ "keys": self.0.iter().map(|key| &key.jwk).collect::<Vec<_>>() })
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Rs256Key> {
        self.0.iter().find(|key| key.id == id).map(|key| &key.key)
    }
}

impl SigningKey {
    fn of(value: &Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        let is_for_signatures = jwk.public_key_use.as_ref().is_none_or(|purpose| purpose == "sig");
        let may_check = jwk.key_ops.as_ref().is_none_or(|all| all.iter().any(|operation| operation == "verify"));
        let is_rs256 = jwk.kty == "RSA" && jwk.alg.as_ref().is_none_or(|algorithm| algorithm == "RS256");
        let n = URL_SAFE_NO_PAD.decode(&jwk.n).ok()?;
        let e = URL_SAFE_NO_PAD.decode(&jwk.e).ok()?;
        if !(is_for_signatures && may_check && is_rs256 && is_strong(&n, &e)) {
            return None;
        }
        let id = jwk.kid.clone()?;
        Some(SigningKey { id, key: Rs256Key { n, e }, jwk })
    }
}

fn no_key_set(why: &str) -> Error {
    Error::network(format!("this is not a usable key set (JWKS): {why}"))
}

fn is_strong(n: &[u8], e: &[u8]) -> bool {
    let is_long = n.len() > 256 || (n.len() == 256 && n[0] >= 0x80);
    // ring rejects leading zeros and exponents beyond 33 bits.
    let is_sound = n.len() <= 1024 && n.first() != Some(&0) && n.last().is_some_and(|last| last % 2 == 1);
    let is_exponent =
        (1..=4).contains(&e.len()) && e[0] != 0 && e.last().is_some_and(|last| last % 2 == 1) && *e != [1];
    is_long && is_sound && is_exponent && !is_roca(n)
}

/// Whether a modulus bears the mark of CVE-2017-15361 (ROCA): modulo every small prime it is a power of 65537.
fn is_roca(n: &[u8]) -> bool {
    const PRIMES: [u32; 38] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
        109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ];
    PRIMES.iter().all(|prime| {
        let rest = n.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        let powers = std::iter::successors(Some(1), |power| Some(power * 65537 % prime));
        powers.take(*prime as usize).any(|power| power == rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 65537 to the power of `exponent`, big-endian: what the broken generator's numbers are modulo each prime.
    fn power(exponent: usize) -> Vec<u8> {
        let mut number = vec![1];
        for _ in 0..exponent {
            let (shifted, mut carry) = ([number.as_slice(), &[0, 0]].concat(), 0);
            let padded = [&[0, 0], number.as_slice()].concat();
            number = shifted.iter().zip(&padded).rev().fold(Vec::new(), |mut sum: Vec<u8>, (one, other)| {
                let digit = u16::from(*one) + u16::from(*other) + carry;
                sum.push((digit & 0xff) as u8);
                carry = digit >> 8;
                sum
            });
            number.extend((carry > 0).then_some(1));
            number.reverse();
        }
        number
    }

    #[test]
    fn a_modulus_of_the_broken_generator_is_weak() {
        assert_eq!(power(1), [1, 0, 1]);
        assert_eq!(power(2), [1, 0, 2, 0, 1]);
        for exponent in [1, 2, 3, 100, 128, 129, 200] {
            let weak = power(exponent);
            assert!(is_roca(&weak), "{exponent}");
            let mut other = weak.clone();
            *other.last_mut().unwrap() += 2;
            assert!(!is_roca(&other), "{exponent}");
            if exponent >= 128 {
                assert!(!is_strong(&weak, &[1, 0, 1]) && is_strong(&other, &[1, 0, 1]), "{exponent}");
            }
        }
    }

    #[test]
    fn the_size_of_a_key_has_its_bounds() {
        let of = |bytes: usize, first: u8| [vec![first], vec![0xff; bytes - 1]].concat();
        let e = [1, 0, 1];
        assert!(is_strong(&of(256, 0x80), &e) && is_strong(&of(257, 1), &e) && is_strong(&of(1024, 0xff), &e));
        assert!(!is_strong(&of(256, 0x7f), &e) && !is_strong(&of(255, 0xff), &e) && !is_strong(&of(1025, 1), &e));
        assert!(!is_strong(&of(257, 0), &e) && !is_strong(&[], &e));
        let n = of(256, 0xff);
        for good in [&[3][..], &[1, 1], &[1, 0, 1], &[1, 0, 0, 1]] {
            assert!(is_strong(&n, good), "{good:?}");
        }
        for bad in [&[1][..], &[], &[0], &[0, 3], &[4], &[1, 0], &[1, 0, 0, 0, 1]] {
            assert!(!is_strong(&n, bad), "{bad:?}");
        }
    }

    #[test]
    fn a_set_has_a_hundred_keys_at_the_most() {
        let keys: Value = serde_json::from_str(include_str!("../../tests/fixtures/jwt/jwks.json")).unwrap();
        let set = |count: usize| {
            let key = |id: usize| {
                let mut key = keys["keys"][0].clone();
                key["kid"] = id.to_string().into();
                key
            };
            KeySet::parse(json!({ "keys": (0..count).map(key).collect::<Vec<_>>() }).to_string().as_bytes())
        };
        assert_eq!(set(100).unwrap().ids().count(), 100);
        assert!(set(101).unwrap_err().message().contains("more than 100"));
        // Without a name there is nothing to repeat.
        let unnamed = json!({ "keys": [{"kty": "oct"}, {"kty": "oct"}, keys["keys"][0]] });
        assert_eq!(KeySet::parse(unnamed.to_string().as_bytes()).unwrap().ids().count(), 1);
    }
}
