//! The recipients of an export with secrets.

use std::path::{Path, PathBuf};

use clap::Args;
use cogtok::error::{Error, Result, printable};
use cogtok::secret::{Secret, shape};
use cogtok::secrets::age_file::{Recipient, Sealing};
use cogtok::settings::types::StoreKind;
use cogtok::store::file;
use cogtok::text::decode;

use crate::app::{App, given_passphrase};
use crate::args::token_options::secret_from_stdin;
use crate::env;
use crate::io::prompt::LEAST_PASSPHRASE;
use crate::io::terminal;
use crate::io::terminal::Question;

/// The largest file of recipients, in bytes.
const LIMIT: u64 = 1024 * 1024;

#[derive(Debug, Args)]
pub struct Options {
    /// Seal for this age recipient, age1…, instead of with a passphrase; repeat it for more
    #[arg(long, value_name = "RECIPIENT", requires = "with_secrets")]
    recipient: Vec<String>,
    /// Seal for the recipients in this file, one a line
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, requires = "with_secrets")]
    recipients_file: Option<PathBuf>,
    /// Read the passphrase from standard input; else COGTOK_PASSPHRASE, or it is asked for twice
    #[arg(long, requires = "with_secrets", conflicts_with_all = ["recipient", "recipients_file"])]
    passphrase_stdin: bool,
}

impl Options {
    /// The recipients that were named.
    pub fn recipients(&self) -> Result<Vec<Recipient>> {
        let mut recipients: Vec<Recipient> = self.recipient.iter().map(|text| text.parse()).collect::<Result<_>>()?;
        if let Some(path) = &self.recipients_file {
            let before = recipients.len();
            for (number, line) in text_of(path)?.lines().enumerate() {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let place = format!("{} line {}", printable(&path.display().to_string(), 120), number + 1);
                recipients.push(line.parse().map_err(|error: Error| error.context(&place))?);
            }
            if recipients.len() == before {
                return Err(Error::usage(format!("{} names no recipient", path.display())));
            }
        }
        Ok(recipients)
    }

    /// The recipients, or the passphrase that is given or asked for.
    pub fn sealing(&self, app: &App, recipients: Vec<Recipient>) -> Result<Sealing> {
        if !recipients.is_empty() {
            return Ok(Sealing::Recipients(recipients));
        }
        if self.passphrase_stdin {
            return secret_from_stdin(shape::passphrase).map(given);
        }
        // Recipients of the export get its passphrase, so it must not be the one of the exporter's own secrets file.
        let opens_store = app.store_kind()? == StoreKind::File && env::var("COGTOK_SECRET_IDENTITY").is_none();
        if let Some(passphrase) = given_passphrase()?.filter(|_| !opens_store) {
            return Ok(given(passphrase));
        }
        let instead = if opens_store {
            "`--passphrase-stdin` reads it, `--recipient age1…` needs none; COGTOK_PASSPHRASE is for your secrets file"
        } else {
            "COGTOK_PASSPHRASE or `--passphrase-stdin` supplies it; `--recipient age1…` needs none"
        };
        let question = Question::new("New passphrase for the export", "a passphrase for the export");
        terminal::ask_new_passphrase(question, instead).map(Sealing::Passphrase)
    }
}

/// Whoever gave the passphrase may have had no choice: a short one is only a warning.
fn given(passphrase: Secret) -> Sealing {
    let length = passphrase.expose().chars().count();
    if length < LEAST_PASSPHRASE {
        log::warn!(target: "cogtok", "the passphrase has only {length} characters, and it is all that protects the file: use at least {LEAST_PASSPHRASE}");
    }
    Sealing::Passphrase(passphrase)
}

fn text_of(path: &Path) -> Result<String> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Error::usage(format!("{} can't be read: {why}", printable(&path.display().to_string(), 120)))
    };
    let target = dunce::canonicalize(path).map_err(|why| unreadable(&why))?;
    let bytes = file::read(&target, LIMIT).map_err(|why| unreadable(&why))?.unwrap_or_default();
    decode(&bytes).map(|text| text.as_str().to_owned()).ok_or_else(|| unreadable(&"it is not UTF-8"))
}
