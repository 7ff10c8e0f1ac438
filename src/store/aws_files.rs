//! The AWS tools' files, `~/.aws/config` and `~/.aws/credentials`.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::file;
use crate::error::{Error, Kind, Result, printable};
use crate::settings::keys::nearest;

/// The largest of these files that is read, in bytes.
const LIMIT: u64 = 16 * 1024 * 1024;

/// The most profiles that a message lists.
const MOST_LISTED: usize = 10;

/// The content of the files. It may include keys, so it has no `Debug`.
#[derive(Default)]
pub struct AwsFiles {
    /// The text of the configuration.
    pub config: String,
    /// The text of the credentials.
    pub credentials: String,
}

impl std::fmt::Debug for AwsFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AwsFiles")
    }
}

impl AwsFiles {
    /// Reads both files, through links, as the SDK does; what is not there is empty.
    ///
    /// # Errors
    /// [`Kind::AwsCredentials`] for an existing file that can't be read.
    pub fn read(paths: &[Option<PathBuf>; 2]) -> Result<Self> {
        let [config, credentials] = paths.each_ref().map(|path| path.as_deref().map(read).transpose());
        Ok(AwsFiles { config: config?.unwrap_or_default(), credentials: credentials?.unwrap_or_default() })
    }

    /// The names of the profiles.
    pub fn profiles(&self) -> BTreeSet<String> {
        let of_config = |name: String| match name.strip_prefix("profile ") {
            Some(name) => Some(name.to_owned()),
            None => (name == "default").then_some(name),
        };
        let of_config = sections(&self.config).filter_map(of_config);
        of_config.chain(sections(&self.credentials)).filter(|name| !name.is_empty()).collect()
    }

    /// Whether there is a profile of this name.
    pub fn has(&self, name: &str) -> bool {
        self.profiles().contains(name)
    }

    /// Whether there is an SSO session of this name.
    pub fn has_session(&self, name: &str) -> bool {
        sections(&self.config).any(|section| section == format!("sso-session {name}"))
    }

    /// The profile's value for a key.
    pub fn get(&self, name: &str, key: &str) -> Option<&str> {
        let config = value(&self.config, &format!("profile {name}"), key);
        let config = config.or_else(|| value(&self.config, name, key).filter(|_| name == "default"));
        config.or_else(|| value(&self.credentials, name, key)).filter(|value| !value.is_empty())
    }

    /// The advice for an unknown profile: similar names, and all that exist.
    pub fn instead_of(&self, name: &str) -> String {
        let known = self.profiles();
        if known.is_empty() {
            return "there are no profiles in ~/.aws yet: `aws configure` creates one".to_owned();
        }
        let near = nearest(name, known.iter().map(String::as_str));
        let near = near.map(|near| format!("did you mean `{}`? ", printable(near, 60))).unwrap_or_default();
        near + &self.list()
    }

    /// The profiles that there are, in a sentence.
    pub fn list(&self) -> String {
        let known = self.profiles();
        let listed: Vec<String> = known.iter().take(MOST_LISTED).map(|name| printable(name, 60)).collect();
        let more = known.len().checked_sub(MOST_LISTED).filter(|more| *more > 0);
        let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
        format!("the profiles of ~/.aws are {}{more}", listed.join(", "))
    }
}

fn read(path: &Path) -> Result<String> {
    let unusable = |why: &dyn std::fmt::Display| {
        Error::new(Kind::AwsCredentials, format!("{} can't be read: {why}", path.display()))
    };
    let target = match dunce::canonicalize(path) {
        Ok(target) => target,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(String::new());
        }
        Err(error) => return Err(unusable(&error)),
    };
    let bytes = file::read(&target, LIMIT).map_err(|error| unusable(&error))?.unwrap_or_default();
    let text = std::str::from_utf8(&bytes).map_err(|_| unusable(&"it is not UTF-8"))?;
    Ok(text.to_owned())
}

/// The name of the section that a line starts, its words separated by single spaces.
fn header(line: &str) -> Option<String> {
    Some(line.trim().strip_prefix('[')?.split_once(']')?.0.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn sections(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(header)
}

/// The value of a key in a section of such a file.
pub(crate) fn value<'a>(text: &'a str, section: &str, key: &str) -> Option<&'a str> {
    let inside = text.lines().skip_while(|line| header(line).as_deref() != Some(section)).skip(1);
    let mut pairs = inside.take_while(|line| header(line).is_none()).filter_map(|line| line.split_once('='));
    pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(key)).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_its_section_alone() {
        let text = "[default]\nx=1\n[ profile  a ]\n# x=0\n x = 2 \n[profile b]\nx=3\n";
        let value = |section| value(text, section, "x");
        assert_eq!(
            [value("default"), value("profile a"), value("profile b"), value("c")],
            [Some("1"), Some("2"), Some("3"), None]
        );
        let files = AwsFiles { config: text.to_owned(), credentials: "[a]\ny = 4\n[c]\nx = 5\n".to_owned() };
        assert_eq!(files.profiles().into_iter().collect::<Vec<_>>(), ["a", "b", "c", "default"]);
        assert_eq!([files.get("a", "x"), files.get("a", "y"), files.get("c", "x")], [Some("2"), Some("4"), Some("5")]);
        assert_eq!(files.instead_of("defualt"), "did you mean `default`? the profiles of ~/.aws are a, b, c, default");
        assert!(AwsFiles::default().instead_of("x").contains("aws configure"));
    }
}
