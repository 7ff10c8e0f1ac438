//! Reads the source, and opens it if it is sealed.

use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};

use cogtok::error::{Error, Kind, Result, printable};
use cogtok::secret::{Secret, shape};
use cogtok::secrets::age_file;
use cogtok::secrets::age_file::Needs;
use cogtok::secrets::age_store::Key;
use cogtok::store::file;
use cogtok::text::decode;
use zeroize::Zeroizing;

use super::plan::Opener;
use crate::app::{App, given_passphrase};
use crate::args::token_options::secret_from_stdin;
use crate::env;
use crate::io::terminal;
use crate::io::terminal::Question;
use crate::services::import::{
    LIMIT, Looks, SourceKind, SourceLocation, absent, file_name, is_address, kind_of_content, or_in_aws, place,
};

/// The most names of a folder that are looked at for one that was meant.
const MOST_BESIDE: usize = 2000;

/// A source that was read, or one in the network.
pub enum Opened {
    /// A file or standard input.
    Text(Text),
    /// The network.
    Network(SourceKind),
}

/// The content of a file or standard input.
pub struct Text {
    pub kind: SourceKind,
    pub text: Secret,
    /// Its name in a message.
    pub shown: String,
    /// Whether COGTOK_PASSPHRASE opened it.
    pub is_opened_by_variable: bool,
}

/// The name of the source as files are named, and where it is; `asked` is its kind, if an option says it.
///
/// # Errors
/// [`Kind::Usage`] for what can only be a file and is not there.
pub fn located(named: &str, asked: Option<SourceKind>) -> Result<(String, SourceLocation)> {
    let found = file_name(named).unwrap_or_else(|| named.to_owned());
    let source = found.as_str();
    let is_closed = source.contains(['/', '\\']) && !file::is_absent(Path::new(source));
    let is_file = !is_address(source) && (is_closed || Path::new(source).exists());
    let has_folder = folder(source).is_some_and(|folder| is_for_files(&folder));
    let place = match asked {
        Some(SourceKind::Terraform | SourceKind::Env | SourceKind::Export) if source == "-" => SourceLocation::Stdin,
        Some(SourceKind::Terraform | SourceKind::Env | SourceKind::Export) => SourceLocation::File,
        Some(kind) => SourceLocation::Network(kind),
        None => {
            let beside = if is_file { Vec::new() } else { beside(source) };
            place(source, Looks { is_file, is_of_file: source != named, has_folder, beside: &beside })?
        }
    };
    Ok((found, place))
}

/// Reads the source if it is a file or standard input; `asked` is its kind, if an option says it.
pub fn open(app: &App, named: &str, asked: Option<SourceKind>, opener: &Opener) -> Result<Opened> {
    let (source, place) = located(named, asked)?;
    let source = source.as_str();
    let shown = if source == "-" { "standard input".to_owned() } else { printable(source, 120) };
    let bytes = match place {
        SourceLocation::Network(kind) => return Ok(Opened::Network(kind)),
        SourceLocation::Stdin => stdin(opener)?,
        SourceLocation::File => file_bytes(source, asked.is_none() && source == named)?,
    };
    let text = || {
        let (plain, is_opened_by_variable) = if age_file::is_sealed(&bytes) {
            unseal(app, opener, &shown, source == "-", &bytes)?
        } else {
            (bytes, false)
        };
        Ok((text_of(&plain)?, is_opened_by_variable))
    };
    let (text, is_opened_by_variable) = text().map_err(|error: Error| error.context(&shown))?;
    if text.expose().trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(Error::usage("it is empty").context(&shown));
    }
    let kind = asked.unwrap_or_else(|| kind_of_content(text.expose()));
    Ok(Opened::Text(Text { kind, text, shown, is_opened_by_variable }))
}

/// The folder that a file of this name would be in.
fn folder(source: &str) -> Option<PathBuf> {
    let folder = Path::new(source).parent()?;
    Some(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_path_buf() })
}

/// Whether a folder exists and may contain sources: parameters have names such as `/NAME` and `/dev/NAME` too.
fn is_for_files(folder: &Path) -> bool {
    folder.parent().is_some() && folder != Path::new("/dev") && folder.is_dir()
}

/// The names beside a file that is not there.
fn beside(source: &str) -> Vec<String> {
    let entries = folder(source).and_then(|folder| std::fs::read_dir(folder).ok());
    let names = entries.into_iter().flatten().take(MOST_BESIDE).flatten();
    names.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

fn stdin(opener: &Opener) -> Result<Zeroizing<Vec<u8>>> {
    if matches!(opener, Opener::Stdin) {
        return Err(Error::usage("standard input is already the source, and can't supply the passphrase as well")
            .hint("name the file: cogtok profile import FILE --passphrase-stdin"));
    }
    if std::io::stdin().is_terminal() {
        return Err(Error::usage("standard input is empty")
            .hint("pipe it in: terraform output -json | cogtok profile import - --name NAME"));
    }
    let bytes = Zeroizing::new(terminal::stdin_up_to(LIMIT)?);
    if bytes.len() > LIMIT { Err(Error::usage("it is larger than 1 MiB")) } else { Ok(bytes) }
}

fn file_bytes(source: &str, may_be_in_aws: bool) -> Result<Zeroizing<Vec<u8>>> {
    let unreadable =
        |why: &dyn std::fmt::Display| Error::usage(format!("{} can't be read: {why}", printable(source, 120)));
    let path: PathBuf = dunce::canonicalize(source).map_err(|why| match why.kind() {
        _ if file::is_of_no_file(&why) => absent(source, &beside(source)),
        // What is in a closed folder can't be told from a name in AWS.
        ErrorKind::PermissionDenied if may_be_in_aws => or_in_aws(source, unreadable(&why)),
        _ => unreadable(&why),
    })?;
    let is_pipe = || path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
    let bytes = file::read(&path, LIMIT as u64).map_err(|why| match unreadable(&why) {
        error if is_pipe() => error.hint("read a pipe as `-`: … | cogtok profile import - --name NAME"),
        error => error,
    })?;
    Ok(bytes.unwrap_or_default())
}

fn text_of(bytes: &[u8]) -> Result<Secret> {
    match decode(bytes) {
        Some(text) => Ok(Secret::new(text.as_str().to_owned())),
        None => Err(Error::usage("it is neither UTF-8 nor UTF-16 with its byte order mark")),
    }
}

/// Opens a sealed file with the identity or the passphrase that is given, or asked for, and says whether COGTOK_PASSPHRASE opened it.
fn unseal(
    app: &App,
    opener: &Opener,
    shown: &str,
    is_stdin: bool,
    sealed: &[u8],
) -> Result<(Zeroizing<Vec<u8>>, bool)> {
    let otherwise = |plain| (plain, false);
    if age_file::needs(sealed)? == Needs::Identity {
        let file = match opener {
            Opener::Identity(file) => Some(file.clone()),
            Opener::Any | Opener::Stdin => env::var("COGTOK_SECRET_IDENTITY").map(PathBuf::from),
        };
        let file = file.ok_or_else(|| {
            Error::new(Kind::NeedsHuman, "it is sealed for an age identity, and none was given")
                .hint("name yours: `--identity FILE`, or COGTOK_SECRET_IDENTITY")
        })?;
        return age_file::open(sealed, &Key::identity_from(&file, app.deadline())?, app.deadline()).map(otherwise);
    }
    match opener {
        Opener::Identity(_) => {
            return Err(Error::usage("it is sealed with a passphrase, and an identity does not open it")
                .hint("leave `--identity` out"));
        }
        Opener::Stdin => {
            let key = Key::Passphrase(secret_from_stdin(shape::passphrase)?);
            return age_file::open(sealed, &key, app.deadline()).map(otherwise);
        }
        Opener::Any => {}
    }
    if let Some(passphrase) = given_passphrase()? {
        match age_file::open(sealed, &Key::Passphrase(passphrase), app.deadline()) {
            // The failed identity or passphrase may be the one for the secrets file.
            Err(error) if error.kind() == Kind::Store && terminal::can_ask() => {
                log::warn!(target: "cogtok", "COGTOK_PASSPHRASE does not open it");
            }
            Err(error) if error.kind() == Kind::Store => {
                return Err(error.hint("COGTOK_PASSPHRASE was tried; `--passphrase-stdin` reads another"));
            }
            opened => return opened.map(|plain| (plain, true)),
        }
    }
    let instead = if is_stdin {
        "set COGTOK_PASSPHRASE, or give the file by its name: cogtok profile import FILE --passphrase-stdin"
    } else {
        "COGTOK_PASSPHRASE or `--passphrase-stdin` supplies it"
    };
    let question = Question::new(format!("Passphrase of {shown}"), "the passphrase of the sealed file");
    let opened = terminal::until_taken(|| {
        let passphrase = match terminal::ask_secret_once(question.clone(), instead)? {
            Ok(passphrase) => passphrase,
            Err(wrong) => return Ok(Err(wrong)),
        };
        match age_file::open(sealed, &Key::Passphrase(passphrase), app.deadline()) {
            Err(error) if error.kind() != Kind::Store => Err(error),
            opened => Ok(opened),
        }
    });
    opened.map(otherwise)
}
