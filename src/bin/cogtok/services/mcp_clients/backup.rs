//! Copies of a client's file from before cogtok's changes. There is one for each state that a person or the client left it in, and none for
//! what cogtok itself has put there.

use std::io;
use std::path::{Path, PathBuf};

use cogtok::error::Result;
use cogtok::store::file;
use cogtok::text;
use serde_json::json;

use super::McpClient;
use super::edit::{LIMIT, read, with};
use super::entry::own_server;
use crate::services::output_file;

/// A copy of a client's file as it was before cogtok changed it.
#[derive(Debug)]
pub struct Backup {
    path: PathBuf,
    before: Before,
}

/// The change before which a copy was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    This,
    First,
    Another,
}

impl Backup {
    /// Where the copy is, as a message says it.
    pub fn shown(&self) -> String {
        let which = match self.before {
            Before::This => "the old file",
            Before::First => "the file before cogtok's first change",
            Before::Another => "the file before an earlier change",
        };
        format!("{which} is {}", self.path.display())
    }
}

/// The copy that has all of this file that is not cogtok's: a new one if none of those beside it has. None for a file that cogtok made.
///
/// # Errors
/// The operating system's error.
pub fn keep(client: McpClient, place: &Path, (bytes, text): (&[u8], &str)) -> io::Result<Option<Backup>> {
    let rest = Rest::of(client, text);
    let is_own = rest.as_ref().is_ok_and(|rest| rest.has_own && Rest::of(client, "").is_ok_and(|none| none.is(rest)));
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    for number in 1u32.. {
        let ending = if number == 1 { String::new() } else { format!("-{number}") };
        let path = place.with_file_name(format!("{name}.before-cogtok{ending}"));
        if let (Ok(rest), Some(copied)) = (&rest, Rest::of_copy(client, &path))
            && copied.is(rest)
        {
            let before = if number == 1 && !copied.has_own { Before::First } else { Before::Another };
            return Ok(Some(Backup { path, before }));
        }
        if is_own && file::is_absent(&path) {
            break;
        }
        match output_file::put_new(&path, bytes) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            done => return done.map(|()| Some(Backup { path, before: Before::This })),
        }
    }
    Ok(None)
}

/// A client's file without cogtok's entries.
struct Rest {
    text: String,
    /// Whether there were any.
    has_own: bool,
}

impl Rest {
    fn of(client: McpClient, text: &str) -> Result<Self> {
        // An entry that comes and goes leaves the table of the servers as each change of cogtok's does.
        const PASSING: &str = "cogtok-passing";
        let mut text = with(client, text, PASSING, Some(&json!({"command": PASSING})))?;
        let own = read(client, &text)?.into_iter().filter(|(_, entry)| own_server(entry).is_some());
        let own: Vec<String> = own.map(|(name, _)| name).collect();
        for name in own.iter().map(String::as_str).chain([PASSING]) {
            text = with(client, &text, name, None)?;
        }
        Ok(Rest { text, has_own: !own.is_empty() })
    }

    fn of_copy(client: McpClient, path: &Path) -> Option<Self> {
        let bytes = file::read(path, LIMIT).ok()??;
        Rest::of(client, &text::of_file(&bytes).ok()?).ok()
    }

    /// Whether both say the same. Spaces and commas are left as an entry that was removed found them.
    fn is(&self, other: &Rest) -> bool {
        let said =
            |text: &str| text.chars().filter(|c| !c.is_whitespace() && !",\u{feff}".contains(*c)).collect::<String>();
        said(&self.text) == said(&other.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_cogtoks_is_the_same_before_and_after_its_entries() {
        let entry = json!({"command": "cogtok", "args": ["mcp-proxy", "tools"]});
        for (client, text) in [
            (McpClient::Cursor, ""),
            (McpClient::Cursor, "{}"),
            (
                McpClient::Cursor,
                "{\n  // mine\n  \"mcpServers\": {\n    \"a\": {\"command\": \"x\"}, // one\n  },\n  \"z\": 1\n}\n",
            ),
            (McpClient::Codex, ""),
            (McpClient::Codex, "# mine\nmodel = \"x\"\n\n[mcp_servers.a]\ncommand = \"x\" # one\n"),
        ] {
            let before = Rest::of(client, text).unwrap();
            let one = with(client, text, "one", Some(&entry)).unwrap();
            let two = with(client, &one, "two", Some(&entry)).unwrap();
            let back = with(client, &two, "one", None).unwrap();
            for later in [one, two, back] {
                let after = Rest::of(client, &later).unwrap();
                assert!(after.has_own && !before.has_own && after.is(&before), "{text}: {later}: {}", after.text);
            }
            let other = with(client, text, "mine", Some(&json!({"command": "y"}))).unwrap();
            assert!(!Rest::of(client, &other).unwrap().is(&before), "{other}");
        }
    }
}
