//! The AWS tools' files, `~/.aws/config` and `~/.aws/credentials`.

mod malformed_line;

use std::collections::BTreeSet;
use std::path::Path;

use super::file;
use crate::error::{Error, Kind, Result, printable};
use crate::settings::keys::nearest;
use crate::settings::profile::AwsFilePath;
use malformed_line::malformed_line;

/// The largest of these files that is read, in bytes.
const LIMIT: u64 = 16 * 1024 * 1024;

/// The most profiles that a message lists.
const MOST_LISTED: usize = 10;

/// What the two files are called in `~/.aws`.
const NAMES: [&str; 2] = ["~/.aws/config", "~/.aws/credentials"];

/// The content of the files. It may include keys, so it has no `Debug`.
#[derive(Default)]
pub struct AwsFiles {
    /// The text of the configuration.
    pub config: String,
    /// The text of the credentials.
    pub credentials: String,
    paths: [Option<AwsFilePath>; 2],
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
    pub fn read(paths: &[Option<AwsFilePath>; 2]) -> Result<Self> {
        let text = |path: &Option<AwsFilePath>| path.as_ref().map_or(Ok(String::new()), |path| read(&path.path));
        Ok(AwsFiles { config: text(&paths[0])?, credentials: text(&paths[1])?, paths: paths.clone() })
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
        sections(&self.config).any(|section| section == session(name))
    }

    /// The SSO session's value for a key.
    pub fn get_of_session(&self, name: &str, key: &str) -> Option<&str> {
        value(&self.config, &session(name), key).filter(|value| !value.is_empty())
    }

    /// The profile's value for a key.
    pub fn get(&self, name: &str, key: &str) -> Option<&str> {
        let config = value(&self.config, &format!("profile {name}"), key);
        let config = config.or_else(|| value(&self.config, name, key).filter(|_| name == "default"));
        config.or_else(|| value(&self.credentials, name, key)).filter(|value| !value.is_empty())
    }

    /// The files as a person knows them: `~/.aws`, or what the variables name.
    pub fn place(&self) -> String {
        match self.variables().next() {
            Some(_) => format!("{} and {}", self.file(0), self.file(1)),
            None => "~/.aws".to_owned(),
        }
    }

    /// A profile and where it is: ``profile `x` of ~/.aws``.
    pub fn profile(&self, name: &str) -> String {
        let of_config = sections(&self.config).any(|section| section == name || section == format!("profile {name}"));
        let place = match self.variables().next() {
            Some(_) => self.file(usize::from(!of_config)),
            None => self.place(),
        };
        format!("profile `{}` of {place}", printable(name, 80))
    }

    /// The configuration file, as a person knows it.
    pub fn config_file(&self) -> String {
        self.file(0)
    }

    /// That there is no such profile.
    pub fn lacks(&self, name: &str) -> String {
        let have = if self.variables().next().is_some() { "have" } else { "has" };
        format!("{} {have} no profile `{}`", self.place(), printable(name, 80))
    }

    /// The advice for an unknown profile: similar names, and all that exist.
    pub fn instead_of(&self, name: &str) -> String {
        let absent = self.variables().find(|(_, path)| file::is_absent(path));
        if let Some((variable, path)) = absent {
            return format!("check {variable}: {} does not exist", printable(&path.to_string_lossy(), 200));
        }
        let known = self.profiles();
        if known.is_empty() {
            return format!("there are no profiles in {} yet: `aws configure` creates one", self.place());
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
        format!("the profiles of {} are {}{more}", self.place(), listed.join(", "))
    }

    /// The first line that the AWS tools can't read, with its file, and what to do; they then read nothing.
    pub fn malformed(&self) -> Option<(String, &'static str)> {
        let of = |index: usize, text: &str| {
            malformed_line(text)
                .map(|(line, why)| (format!("line {line} of {} {}", self.file(index), why.as_str()), why.advice()))
        };
        of(0, &self.config).or_else(|| of(1, &self.credentials))
    }

    /// The variables that name a file, and the file.
    fn variables(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        self.paths.iter().flatten().filter_map(|file| Some((file.variable?, file.path.as_path())))
    }

    fn file(&self, index: usize) -> String {
        let named = self.paths.get(index).and_then(|path| path.as_ref());
        match named.and_then(|path| Some((path.variable?, &path.path))) {
            Some((variable, path)) => format!("{} ({variable})", printable(&path.to_string_lossy(), 200)),
            None => NAMES.get(index).copied().unwrap_or("~/.aws").to_owned(),
        }
    }
}

fn session(name: &str) -> String {
    format!("sso-session {name}")
}

fn read(path: &Path) -> Result<String> {
    let unusable = |why: &dyn std::fmt::Display| {
        Error::new(Kind::AwsCredentials, format!("{} can't be read: {why}", path.display()))
    };
    let target = match dunce::canonicalize(path) {
        Ok(target) => target,
        Err(error) if file::is_of_no_file(&error) => return Ok(String::new()),
        Err(error) => return Err(unusable(&error)),
    };
    let bytes = file::read(&target, LIMIT).map_err(|error| unusable(&error))?.unwrap_or_default();
    let text = std::str::from_utf8(&bytes).map_err(|_| unusable(&"it is not UTF-8"))?;
    Ok(text.to_owned())
}

/// The name of the section that a line starts, its words separated by single spaces. To the AWS tools an indented line starts none.
fn header(line: &str) -> Option<String> {
    Some(line.strip_prefix('[')?.split_once(']')?.0.split_whitespace().collect::<Vec<_>>().join(" "))
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
        let files = AwsFiles {
            config: text.to_owned(),
            credentials: "[a]\ny = 4\n[c]\nx = 5\n".to_owned(),
            ..AwsFiles::default()
        };
        assert_eq!(files.profiles().into_iter().collect::<Vec<_>>(), ["a", "b", "c", "default"]);
        assert_eq!([files.get("a", "x"), files.get("a", "y"), files.get("c", "x")], [Some("2"), Some("4"), Some("5")]);
        assert_eq!(files.instead_of("defualt"), "did you mean `default`? the profiles of ~/.aws are a, b, c, default");
        assert!(AwsFiles::default().instead_of("x").contains("aws configure"));
    }

    #[test]
    fn files_that_variables_name_are_called_by_their_paths() {
        let at = |path: &str, variable| Some(AwsFilePath { path: path.into(), variable });
        let mut files = AwsFiles {
            config: "[profile a]\n".to_owned(),
            credentials: "[b]\n".to_owned(),
            paths: [at("/home/me/.aws/config", None), at("/home/me/.aws/credentials", None)],
        };
        assert_eq!(files.profile("a"), "profile `a` of ~/.aws");
        assert_eq!(files.lacks("x"), "~/.aws has no profile `x`");
        files.paths[0] = at("/nowhere/config", Some("AWS_CONFIG_FILE"));
        assert_eq!(files.profile("a"), "profile `a` of /nowhere/config (AWS_CONFIG_FILE)");
        assert_eq!(files.profile("b"), "profile `b` of ~/.aws/credentials");
        assert_eq!(files.lacks("x"), "/nowhere/config (AWS_CONFIG_FILE) and ~/.aws/credentials have no profile `x`");
        assert_eq!(files.instead_of("x"), "check AWS_CONFIG_FILE: /nowhere/config does not exist");
    }
}
