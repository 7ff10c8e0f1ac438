//! Files sealed with age for others: for recipients with an X25519 identity, or with a passphrase. Binary or ASCII armor, compatible with
//! the `age` command line.

use std::io::{Read, Write};
use std::time::Instant;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor};
use zeroize::Zeroizing;

use crate::error::{AdviceKind, Error, Kind, Result, printable};
use crate::secret::Secret;
use crate::secrets::age_store::{Key, MAX_WORK_FACTOR, WORK_FACTOR, late, secrecy, wrong_passphrase};
use crate::secrets::stanzas::{MOST_RECIPIENTS, too_much};
use crate::store::within::within;

/// How binary and armored age files begin.
const BEGINNINGS: [&str; 2] = ["age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----"];

/// scrypt's work factor for passphrases that nobody can guess: a hundredth of a second and 4 MB.
const RANDOM_WORK_FACTOR: u8 = 12;

/// The recipients of a file.
#[derive(Debug)]
pub enum Sealing {
    /// Anybody with this passphrase.
    Passphrase(Secret),
    /// Whoever knows this passphrase, which was made up at random and has 80 bits or more. It can't be guessed, so that it
    /// needs less work to keep guesses slow.
    RandomPassphrase(Secret),
    /// Each of these.
    Recipients(Vec<Recipient>),
}

/// The public key of an X25519 identity: `age1…`.
pub struct Recipient(age::x25519::Recipient);

impl std::fmt::Debug for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recipient({})", self.0)
    }
}

impl std::str::FromStr for Recipient {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
            return Err(Error::usage("a secret key is not a recipient (not shown)")
                .hint("its public key, age1…, is: age-keygen -y FILE shows it"));
        }
        text.parse().map(Recipient).map_err(|_| {
            Error::usage(format!("`{}` is not a recipient", printable(text, 80))).hint(AdviceKind::CheckRecipient)
        })
    }
}

/// How to open a sealed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A passphrase.
    Passphrase,
    /// One of the recipients' identities.
    Identity,
}

/// Whether these bytes begin as a sealed file does.
pub fn is_sealed(bytes: &[u8]) -> bool {
    BEGINNINGS.iter().any(|beginning| bytes.trim_ascii_start().starts_with(beginning.as_bytes()))
}

/// Seals `plain`, in ASCII armor where that is wanted.
///
/// # Errors
/// [`Kind::Usage`] for no recipients at all, [`Kind::Failure`] when the operating system has no random bytes.
pub fn seal(sealing: &Sealing, plain: &[u8], armor: bool) -> Result<Vec<u8>> {
    let failed = |why: &dyn std::fmt::Display| Error::new(Kind::Failure, format!("it can't be sealed: {why}"));
    let encryptor = match sealing {
        Sealing::Recipients(recipients) if recipients.len() > MOST_RECIPIENTS => {
            return Err(Error::usage(format!("a file is sealed for {MOST_RECIPIENTS} recipients at the most")));
        }
        Sealing::Passphrase(passphrase) | Sealing::RandomPassphrase(passphrase) => {
            let is_random = matches!(sealing, Sealing::RandomPassphrase(_));
            let mut recipient = age::scrypt::Recipient::new(secrecy(passphrase));
            recipient.set_work_factor(if is_random { RANDOM_WORK_FACTOR } else { WORK_FACTOR });
            Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        }
        Sealing::Recipients(recipients) => {
            Encryptor::with_recipients(recipients.iter().map(|recipient| &recipient.0 as &dyn age::Recipient))
        }
    };
    let encryptor = encryptor.map_err(|why| Error::usage(format!("it can't be sealed: {why}")))?;
    let format = if armor { Format::AsciiArmor } else { Format::Binary };
    let write = || -> std::io::Result<Vec<u8>> {
        let mut writer = encryptor.wrap_output(ArmoredWriter::wrap_output(Vec::new(), format)?)?;
        writer.write_all(plain)?;
        writer.finish()?.finish()
    };
    write().map_err(|why| failed(&why))
}

/// What this file needs to be opened.
///
/// # Errors
/// [`Kind::Usage`] for a damaged file, or one of a later version of age.
pub fn needs(sealed: &[u8]) -> Result<Needs> {
    let sealed = binary(sealed)?;
    let decryptor = Decryptor::new_buffered(sealed.as_slice()).map_err(|error| explain(&error, None))?;
    let is_scrypt = decryptor.is_scrypt();
    Ok(if is_scrypt { Needs::Passphrase } else { Needs::Identity })
}

/// Opens a sealed file. A passphrase file whose work factor is above 18 (256 MB of memory), and one for more than a thousand
/// recipients, is refused before any work.
///
/// # Errors
/// [`Kind::Store`] for the wrong passphrase or identity, and when it is not open by `deadline`; [`Kind::Usage`] for a damaged
/// or an expensive file.
pub fn open(sealed: &[u8], key: &Key, deadline: Instant) -> Result<Zeroizing<Vec<u8>>> {
    let (sealed, owned) = (binary(sealed)?, key.clone());
    let opened = within(deadline, "open", move || read(&sealed, &owned));
    let opened = opened.map_err(|why| Error::store(format!("it can't be opened: {why}")))?;
    opened.ok_or_else(|| late(&"it"))?.map_err(|error| explain(&error, Some(key)))
}

fn read(sealed: &[u8], key: &Key) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let decryptor = Decryptor::new_buffered(sealed)?;
    // Allocated at its final size, so that no copy is left behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    match key {
        Key::Identity(identity) => {
            decryptor.decrypt(std::iter::once(identity.as_ref() as &dyn age::Identity))?.read_to_end(&mut plain)
        }
        Key::Passphrase(passphrase) => {
            let mut identity = age::scrypt::Identity::new(secrecy(passphrase));
            identity.set_max_work_factor(MAX_WORK_FACTOR);
            decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))?.read_to_end(&mut plain)
        }
    }?;
    Ok(plain)
}

/// The file without its armor, where its header is one to look at.
fn binary(sealed: &[u8]) -> Result<Vec<u8>> {
    let mut binary = Vec::with_capacity(sealed.len());
    let read = ArmoredReader::new(sealed.trim_ascii_start()).read_to_end(&mut binary);
    read.map_err(|why| explain(&why.into(), None))?;
    match too_much(&binary) {
        Some(why) => Err(Error::usage(format!("it is refused: {why}"))),
        None => Ok(binary),
    }
}

fn explain(error: &DecryptError, key: Option<&Key>) -> Error {
    match (error, key) {
        (
            DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed,
            Some(key),
        ) => match key {
            Key::Identity(_) => Error::store("this identity does not open it").hint(AdviceKind::UseIdentityOfRecipient),
            Key::Passphrase(passphrase) => wrong_passphrase(&"it", passphrase),
        },
        (DecryptError::ExcessiveWork { required, .. }, _) => {
            Error::usage(format!("it is refused: its scrypt work factor is {required}, more than {MAX_WORK_FACTOR}"))
        }
        (DecryptError::UnknownFormat, _) => Error::usage("it is sealed by a later version of age"),
        _ => Error::usage("it is damaged or incomplete").hint("get the file again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + std::time::Duration::from_secs(60)
    }

    fn passphrase(text: &str) -> Key {
        Key::Passphrase(Secret::new(text.to_owned()))
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_with_no_other() {
        let [one, two, other] = [(); 3].map(|()| age::x25519::Identity::generate());
        let recipients = [&one, &two].map(|identity| identity.to_public().to_string().parse().unwrap());
        let key = |identity: &age::x25519::Identity| Key::Identity(Box::new(identity.clone()));
        for armor in [false, true] {
            let for_two = seal(&Sealing::Recipients(recipients_of(&recipients)), b"hunter2", armor).unwrap();
            assert!(is_sealed(&for_two) && needs(&for_two).unwrap() == Needs::Identity);
            assert!(!for_two.windows(7).any(|window| window == b"hunter2"));
            for identity in [&one, &two] {
                assert_eq!(open(&for_two, &key(identity), soon()).unwrap().as_slice(), b"hunter2");
            }
            for wrong in [key(&other), passphrase("correct horse")] {
                assert_eq!(open(&for_two, &wrong, soon()).unwrap_err().kind(), Kind::Store);
            }
            for by_word in [Sealing::Passphrase, Sealing::RandomPassphrase] {
                let sealed = seal(&by_word(Secret::new("correct horse".to_owned())), b"hunter2", armor).unwrap();
                assert_eq!(needs(&sealed).unwrap(), Needs::Passphrase);
                assert_eq!(open(&sealed, &passphrase("correct horse"), soon()).unwrap().as_slice(), b"hunter2");
                assert_eq!(open(&sealed, &passphrase("wrong"), soon()).unwrap_err().kind(), Kind::Store);
            }
            // An armored file is complete without its last line end.
            for end in 0..for_two.trim_ascii_end().len() {
                assert!(open(&for_two[..end], &key(&one), soon()).is_err(), "{end} bytes");
            }
        }
        assert_eq!(seal(&Sealing::Recipients(Vec::new()), b"", false).unwrap_err().kind(), Kind::Usage);
    }

    fn recipients_of(recipients: &[Recipient]) -> Vec<Recipient> {
        recipients.iter().map(|recipient| Recipient(recipient.0.clone())).collect()
    }

    #[test]
    fn an_expensive_file_is_refused_before_any_work() {
        let mut recipient = age::scrypt::Recipient::new("correct horse".to_owned().into());
        recipient.set_work_factor(2);
        let text = String::from_utf8_lossy(&age::encrypt(&recipient, b"x").unwrap()).into_owned();
        let (before, after) = text.split_once(" 2\n").unwrap();
        for factor in [19, 30, 63] {
            let sealed = format!("{before} {factor}\n{after}");
            let error = open(sealed.as_bytes(), &passphrase("correct horse"), soon()).unwrap_err();
            assert!(error.message().contains(&format!("work factor is {factor}")), "{error}");
        }
    }

    #[test]
    fn a_recipient_is_a_public_key_and_a_secret_one_is_not_repeated() {
        for bad in ["", "age1", "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1QQQQ"] {
            let error = bad.parse::<Recipient>().unwrap_err();
            assert!(!error.message().contains("KEY-1"), "{error}");
        }
    }
}
