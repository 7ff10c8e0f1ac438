//! Names of groups.

use cogtok::error::{Error, Result, printable};

/// Refuses an invalid name of a group before any request.
pub fn check_name(name: &str) -> Result<()> {
    let is_named = !name.is_empty() && name.chars().count() <= 128;
    if is_named && !name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Ok(());
    }
    let rule = "a group's name has 1 to 128 characters, and no spaces";
    Err(Error::usage(format!("`{}` is not a group's name: {rule}", printable(name, 128))))
}
