//! Passwords that satisfy any ordinary policy and survive any shell.

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{CryptoRng, SeedableRng};
use zeroize::Zeroizing;

use cogtok::error::{Error, Kind, Result};
use cogtok::secret::Secret;

/// The length of a generated password, in characters.
pub const LENGTH: usize = 21;

/// The longest password that Cognito takes, in characters.
const LONGEST: usize = 256;

// Without the look-alikes I, l, 1, O and 0: people copy these from a screen.
const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const LOWER: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
const DIGITS: &[u8] = b"23456789";
// Symbols that satisfy Cognito, mean nothing to a shell, a URL, a form or JSON, and are easy to name.
const SYMBOLS: &[u8] = b"_-.";

/// A password of `length` characters, at least [`LENGTH`], from the operating system's generator: a letter first, and upper
/// and lower case, a digit and a symbol at random places.
///
/// # Errors
/// [`Kind::Failure`] when the operating system has no random bytes.
pub fn generate(length: usize) -> Result<Secret> {
    let length = length.clamp(LENGTH, LONGEST);
    let mut rng = generator()?;
    let pick = |rng: &mut _, set: &[u8]| set.choose(rng).copied().unwrap_or(b'x');
    let all: Vec<u8> = [UPPER, LOWER, DIGITS, SYMBOLS].concat();
    let letters: Vec<u8> = [UPPER, LOWER].concat();
    let mut rest: Zeroizing<Vec<u8>> =
        Zeroizing::new([UPPER, LOWER, DIGITS, SYMBOLS].iter().map(|set| pick(&mut rng, set)).collect());
    while rest.len() < length - 1 {
        let next = pick(&mut rng, &all);
        rest.push(next);
    }
    rest.shuffle(&mut rng);
    let mut password = String::with_capacity(length);
    password.push(char::from(pick(&mut rng, &letters)));
    password.extend(rest.iter().map(|byte| char::from(*byte)));
    Ok(Secret::new(password))
}

/// A client secret or the like: `length` characters that need no escape anywhere.
///
/// # Errors
/// As [`generate`].
pub fn letters_and_digits(length: usize) -> Result<Secret> {
    let mut rng = generator()?;
    let all = [LOWER, DIGITS].concat();
    let mut text = String::with_capacity(length);
    text.extend((0..length).filter_map(|_| all.choose(&mut rng).map(|byte| char::from(*byte))));
    Ok(Secret::new(text))
}

/// A passphrase of 80 bits that is read from paper and typed: four groups of four letters and digits.
///
/// # Errors
/// As [`generate`].
pub fn passphrase() -> Result<Secret> {
    let mut rng = generator()?;
    let all = [LOWER, DIGITS].concat();
    let mut text = String::with_capacity(19);
    for at in 0..16 {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        text.extend(all.choose(&mut rng).map(|byte| char::from(*byte)));
    }
    Ok(Secret::new(text))
}

/// A random e-mail address in the domain that is reserved for examples (RFC 2606).
///
/// # Errors
/// As [`generate`].
pub fn example_email() -> Result<String> {
    let mut rng = generator()?;
    let name: String =
        (0..12).filter_map(|_| [LOWER, DIGITS].concat().choose(&mut rng).map(|byte| char::from(*byte))).collect();
    Ok(format!("test-{name}@example.com"))
}

fn generator() -> Result<impl CryptoRng> {
    let mut seed = Zeroizing::new([0u8; 32]);
    getrandom::fill(seed.as_mut())
        .map_err(|why| Error::new(Kind::Failure, format!("no random bytes from the operating system: {why}")))?;
    Ok(rand::rngs::StdRng::from_seed(*seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_password_satisfies_every_class_and_begins_with_a_letter() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..500 {
            let password = generate(0).unwrap();
            let text = password.expose();
            assert_eq!(text.len(), LENGTH);
            assert_eq!(generate(99).unwrap().expose().len(), 99);
            assert!(text.as_bytes()[0].is_ascii_alphabetic());
            for set in [UPPER, LOWER, DIGITS, SYMBOLS] {
                assert!(text.bytes().any(|byte| set.contains(&byte)), "{text}");
            }
            assert!(seen.insert(text.to_owned()), "the same password twice");
        }
    }

    #[test]
    fn a_passphrase_has_eighty_bits() {
        assert_eq!(LOWER.len() + DIGITS.len(), 32);
        let passphrase = passphrase().unwrap();
        let groups: Vec<&str> = passphrase.expose().split('-').collect();
        assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [4; 4]);
    }

    #[test]
    fn addresses_are_reserved_ones_and_differ() {
        let (one, other) = (example_email().unwrap(), example_email().unwrap());
        assert!(one.starts_with("test-") && one.ends_with("@example.com") && one != other);
    }
}
