//! How the process ends, as it is reported.

use std::process::ExitCode;

use cogtok::error::{Kind, Result};

use crate::io::signals;
use crate::io::terminal::{complain, last_data, profile, tell};

/// The exit code of a line without a command, after the commands were shown.
pub fn incomplete() -> ExitCode {
    let code = signals::exit_code(Kind::Usage);
    if let Some(line) = signals::failing_line(code) {
        last_data(&line);
    }
    ExitCode::from(code)
}

/// Reports how a command ended and gives its exit code.
pub fn exit_code(result: Result<()>) -> ExitCode {
    let error = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(error) => error,
    };
    let code = signals::exit_code(error.kind());
    let profile = profile();
    let about = profile.as_deref().filter(|name| !error.message().contains(&format!("`{name}`")));
    let about = about.map(|name| format!(" (profile `{name}`)")).unwrap_or_default();
    complain(&format!("{}{about}", error.message()));
    error.advice().iter().for_each(tell);
    if let Some(line) = signals::failing_line(code) {
        last_data(&line);
    }
    ExitCode::from(code)
}
