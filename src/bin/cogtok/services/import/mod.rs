//! Creates profiles from the output of a workshop: each source gives values, which become settings and secrets. One file per source; this
//! one has the common parts.

mod absent;
pub mod cloudformation;
pub mod enrich;
pub mod env_file;
pub mod issuer;

pub mod pool;
pub mod profile_export;
pub mod secrets_manager;
pub mod ssm;
mod targets;

use std::path::Path;

pub use absent::absent;
use cogtok::choice;
use cogtok::error::{Advice, Error, Result, printable};
use cogtok::settings::types::{ParameterName, StackName, is_pool_id};

/// The largest file that is read, in bytes.
pub const LIMIT: usize = 1024 * 1024;

choice!(
    /// The kinds of sources for a profile.
    SourceKind, "kind of source" {
        /// A Secrets Manager secret.
        Secret = "secret",
        /// A parameter of Systems Manager.
        Parameter = "ssm",
        /// The outputs of a CloudFormation stack.
        Stack = "stack",
        /// The outputs of Terraform, and other JSON objects of names and values.
        Terraform = "terraform",
        /// Lines of `NAME=VALUE`.
        Env = "env",
        /// An issuer or a discovery URL.
        Issuer = "issuer",
        /// A user pool, by its id.
        Pool = "pool",
        /// The output of `profile export`.
        Export = "export",
    }
);

/// The location of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceLocation {
    /// Standard input.
    Stdin,
    /// A file; what is in it tells its kind.
    File,
    /// The network.
    Network(SourceKind),
}

/// The file system's view of a source that may be a file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Looks<'a> {
    /// A file of that name exists.
    pub is_file: bool,
    /// It can only be a file's name, as it was written.
    pub is_of_file: bool,
    /// Its folder exists and is not the root.
    pub has_folder: bool,
    /// The names in that folder.
    pub beside: &'a [String],
}

impl Looks<'_> {
    /// Whether a text that is no file's name can only have been meant for one's: it begins as a path does, leads into a folder
    /// that there is, or ends as names of files do.
    fn is_path(&self, text: &str) -> bool {
        let (folder, name) = text.rsplit_once(['/', '\\']).unwrap_or(("", text));
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        let is_extension = |extension: &str| {
            (1..=8).contains(&extension.len())
                && extension.bytes().all(|b| b.is_ascii_alphanumeric())
                && extension.bytes().any(|b| b.is_ascii_alphabetic())
        };
        let is_drive = text.split_once(":\\").is_some_and(|(drive, _)| drive.len() == 1);
        ["./", "../", "~/", ".\\", "..\\"].iter().any(|start| text.starts_with(start))
            || is_drive
            || self.is_of_file
            || (self.has_folder && !folder.is_empty())
            || extension.is_some_and(is_extension)
    }
}

/// The path of a file whose name only a shell or a browser would understand: one below `~`, which stays as it is at a prompt and between
/// quotes, or a `file://` URL. `None` for every other name.
pub fn file_name(text: &str) -> Option<String> {
    if Path::new(text).exists() {
        return None;
    }
    let path = match text.parse::<url::Url>() {
        Ok(url) if url.scheme() == "file" => url.to_file_path().ok()?,
        _ => {
            let below = text.strip_prefix("~/").or_else(|| text.strip_prefix("~\\").filter(|_| cfg!(windows)))?;
            directories::BaseDirs::new()?.home_dir().join(below)
        }
    };
    path.into_os_string().into_string().ok()
}

/// Whether a text begins as only an address or an ARN does, whatever the file system thinks of such a name.
pub fn is_address(text: &str) -> bool {
    ["https://", "http://", "arn:"].iter().any(|start| text.starts_with(start))
}

/// The error for a text that is no file, with how to look for it in AWS where something there can have that name.
pub fn or_in_aws(text: &str, error: Error) -> Error {
    match text.parse::<ParameterName>().is_ok() && !text.starts_with('.') {
        true if text.starts_with('/') => error.hint("`--from ssm` looks for a parameter of that name in AWS"),
        true if text.contains('/') => error.hint("`--from secret` looks for a secret of that name in AWS"),
        _ => error,
    }
}

/// The location that `text` names, by its form; `looks` is the file system's view.
///
/// # Errors
/// [`Kind::Usage`](cogtok::error::Kind::Usage) for what looks like none, or like two.
pub fn place(text: &str, looks: Looks<'_>) -> Result<SourceLocation> {
    let shown = printable(text, 120);
    let kinds = SourceKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    let unknown = |why: &str| {
        Err(Error::usage(format!("`{shown}` {why}"))
            .hint(Advice::new("`--from` names the kind: {kinds}").text("kinds", &kinds)))
    };
    let of_service = |service: &str| text.split(':').nth(2) == Some(service);
    Ok(match text {
        "-" => SourceLocation::Stdin,
        _ if looks.is_file => SourceLocation::File,
        _ if text.starts_with("file:") && !looks.is_of_file => {
            return Err(Error::usage(format!(
                "`{shown}` does not name a file: the URL of a file contains its whole path"
            ))
            .hint("write `file:///` and the path from the root, or the file's name without `file://`"));
        }
        _ if text.starts_with("https://") || text.starts_with("http://") => SourceLocation::Network(SourceKind::Issuer),
        _ if text.starts_with("arn:") && of_service("secretsmanager") => SourceLocation::Network(SourceKind::Secret),
        _ if text.starts_with("arn:") && of_service("ssm") => SourceLocation::Network(SourceKind::Parameter),
        _ if text.starts_with("arn:") && of_service("cloudformation") => SourceLocation::Network(SourceKind::Stack),
        _ if text.starts_with("arn:") && of_service("cognito-idp") => SourceLocation::Network(SourceKind::Pool),
        _ if text.starts_with("arn:") => return unknown("is an ARN of a service that cogtok does not import from"),
        _ if looks.is_path(text) => {
            let error = absent(text, looks.beside);
            return Err(if looks.is_of_file { error } else { or_in_aws(text, error) });
        }
        _ if text.starts_with('/') => SourceLocation::Network(SourceKind::Parameter),
        _ if is_pool_id(text) => SourceLocation::Network(SourceKind::Pool),
        _ if text.parse::<StackName>().is_ok() => {
            return unknown("is not a file; it could be a stack or a secret");
        }
        _ if text.parse::<cogtok::settings::types::SecretArn>().is_ok() => SourceLocation::Network(SourceKind::Secret),
        _ => return unknown("is not a file, and not a name that cogtok can import from"),
    })
}

/// The kind of a file, by what is in it.
pub fn kind_of_content(text: &str) -> SourceKind {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    match text.starts_with(['{', '[']) {
        true => SourceKind::Terraform,
        false if profile_export::is_marked(text) => SourceKind::Export,
        false => SourceKind::Env,
    }
}

/// A valid profile name from any words; `None` if nothing is left.
pub fn name_from(text: &str) -> Option<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
    let name = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let name: String = name.trim_matches(['-', '.', '_']).chars().take(64).collect();
    (!name.is_empty()).then_some(name)
}

/// Names of files that say nothing of what is in them: such a file is called after its folder, which is mostly a project's.
const COMMON_NAMES: [&str; 8] = ["env", "dotenv", "output", "outputs", "terraform", "config", "cognito", "settings"];

/// A profile's name from that of the file that it is read from; none for a file that says nothing, in the home directory or
/// in no folder that has a name.
pub fn name_of_file(file: &Path) -> Option<String> {
    let stem = file.file_name()?.to_str()?.trim_start_matches('.').split('.').next()?;
    if !COMMON_NAMES.contains(&stem.to_ascii_lowercase().as_str()) {
        return name_from(stem);
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let folder = dunce::canonicalize(folder).ok()?;
    let is_home = directories::BaseDirs::new()
        .is_some_and(|base| dunce::canonicalize(base.home_dir()).is_ok_and(|home| home == folder));
    if is_home {
        return None;
    }
    name_from(folder.file_name()?.to_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_found_by_looking() {
        let none = Looks::default();
        let at = |text: &str| place(text, none).unwrap();
        let network = SourceLocation::Network;
        for (text, expected) in [
            ("-", SourceLocation::Stdin),
            ("arn:aws:secretsmanager:us-east-1:111122223333:secret:x-AbCdEf", network(SourceKind::Secret)),
            ("arn:aws-cn:ssm:cn-north-1:111122223333:parameter/a/b", network(SourceKind::Parameter)),
            ("arn:aws:cloudformation:us-east-1:111122223333:stack/x/1-2", network(SourceKind::Stack)),
            ("arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_abc", network(SourceKind::Pool)),
            ("/agentic-platform/config/dev", network(SourceKind::Parameter)),
            ("us-east-1_AbCdEfGhI", network(SourceKind::Pool)),
            ("us-gov-west-1_AbCdEfGhI", network(SourceKind::Pool)),
            ("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc", network(SourceKind::Issuer)),
            ("m2m/credentials", network(SourceKind::Secret)),
        ] {
            assert_eq!(at(text), expected, "{text}");
        }
        assert_eq!(place("/etc/dev.env", Looks { is_file: true, ..none }).unwrap(), SourceLocation::File);
        for unclear in [
            "",
            "workshop",
            "x.json",
            "x.age",
            "x.txt",
            "C:\\x",
            "..\\x",
            "/somewhere/else.age",
            ".env.local",
            "./x",
            "a b",
            "\u{1b}[31m",
            "arn:aws:s3:::bucket",
            "arn:",
        ] {
            assert!(place(unclear, none).is_err(), "{unclear}");
        }
    }

    #[test]
    fn a_file_is_a_name_unless_it_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("my project");
        std::fs::create_dir(&project).unwrap();
        for (file, name) in [
            ("dev.env", Some("dev")),
            ("class-1.outputs.json", Some("class-1")),
            (".env", Some("my-project")),
            (".env.local", Some("my-project")),
            ("outputs.json", Some("my-project")),
            ("\u{1b}.env", None),
        ] {
            assert_eq!(name_of_file(&project.join(file)).as_deref(), name, "{file}");
        }
        assert_eq!(name_of_file(Path::new("-")), None);
        assert_eq!(name_of_file(Path::new("/.env")), None);
    }

    #[test]
    fn a_name_is_made_of_what_there_is() {
        assert_eq!(name_from("/agentic platform/config/dev").as_deref(), Some("agentic-platform-config-dev"));
        assert_eq!(name_from("\u{1b}..//").as_deref(), None);
        assert_eq!(name_from(&"x/".repeat(100)).map(|name| name.len()), Some(64));
    }
}
