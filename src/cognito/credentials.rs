//! AWS credentials: what the AWS tools' configuration says, save that a `credential_process` never sees our secrets.

use std::path::Path;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use crate::profile::Profile;
use crate::secret::VARIABLES;
use crate::store::file;

const LIMIT: u64 = 4 * 1024 * 1024;

/// The configuration files of the AWS tools with each `credential_process` told to drop the variables that hold our
/// secrets: the SDK would hand them on, and a process can't take variables out of its own environment safely. None where
/// no such process is configured: the SDK reads the files itself then.
pub fn files_without_our_secrets(profile: &Profile) -> Option<EnvConfigFiles> {
    if !cfg!(unix) {
        return None;
    }
    let read = |path: &Path| {
        // A link is followed, as the SDK follows it; a file that can't be read is left for the SDK to complain about.
        let bytes = file::read(&path.canonicalize().ok()?, LIMIT).ok()??;
        std::str::from_utf8(&bytes).ok().map(str::to_owned)
    };
    let [config, credentials] =
        profile.aws_files.each_ref().map(|path| path.as_deref().and_then(read).unwrap_or_default());
    if ![&config, &credentials].iter().any(|text| text.contains("credential_process")) {
        return None;
    }
    let files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, with_unset(&config))
        .with_contents(EnvConfigFileKind::Credentials, with_unset(&credentials));
    Some(files.build())
}

fn with_unset(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once('=') {
        Some((key, command)) if key.trim() == "credential_process" => {
            format!("{key}= unset {}; {}", VARIABLES.join(" "), command.trim_start())
        }
        _ => line.to_owned(),
    });
    lines.map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_the_process_is_changed() {
        let text = "[profile a]\nregion = x\ncredential_process = /bin/tool --a=b\n";
        let expected = "[profile a]\nregion = x\ncredential_process = unset COGTOK_M2M_CLIENT_SECRET COGTOK_PASSPHRASE COGTOK_PASSWORD COGTOK_USER_CLIENT_SECRET; /bin/tool --a=b\n";
        assert_eq!(super::with_unset(text), expected);
    }
}
