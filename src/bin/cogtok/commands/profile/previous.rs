//! The previous default profile, for `profile use -`. It is state, not configuration: a configuration that is shared between machines must
//! not have it.

use std::path::{Path, PathBuf};

use cogtok::error::Result;
use cogtok::settings::types::ProfileName;
use cogtok::store::previous::Previous;

use crate::app::App;

/// Remembers the default that was; that it can't be is a warning.
pub fn remember(app: &App, config: &Path, name: &ProfileName) {
    let Some(previous) = place(app, config) else { return };
    if let Err(error) = previous.set(name, app.deadline()) {
        log::warn!(target: "cogtok", "the previous default is not remembered: {error}");
    }
}

/// The default that was, where one is remembered.
pub fn recall(app: &App, config: &Path) -> Result<Option<ProfileName>> {
    place(app, config).map_or(Ok(None), |previous| previous.get())
}

/// Follows a profile to its new name.
pub fn rename(app: &App, config: &Path, old: &ProfileName, new: &ProfileName) {
    if recall(app, config).is_ok_and(|name| name.as_ref() == Some(old)) {
        remember(app, config, new);
    }
}

fn place(app: &App, config: &Path) -> Option<Previous> {
    let dir: &PathBuf = app.dirs().state.as_ref()?;
    Some(Previous::new(dir, config))
}
