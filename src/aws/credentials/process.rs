//! A `credential_process`, run without the variables that hold our secrets.

use std::process::{Command, Stdio};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use serde::Deserialize;

use crate::error::printable;
use crate::http::redact::Redactor;
use crate::secret::VARIABLES;
use crate::settings::secret_detection::is_like_a_secret;

/// The key that names a process.
pub(crate) const PROCESS: &str = "credential_process";

/// The program of the profile itself (version 1 of its output).
#[derive(Debug)]
pub(crate) struct Process {
    pub command: String,
    pub is_inside: bool,
    pub redactor: Redactor,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

/// The command as the SDK runs it.
#[cfg(not(windows))]
fn in_shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

#[cfg(windows)]
fn in_shell(command: &str) -> Command {
    use std::os::windows::process::CommandExt;
    let mut shell = Command::new("cmd.exe");
    // cmd removes the outer quotes and knows no escapes, so the argument is passed unescaped.
    shell.arg("/C").raw_arg(format!("\"{command}\""));
    shell
}

impl Process {
    async fn run(&self) -> provider::Result {
        let mut command = in_shell(&self.command);
        // Like the AWS tools, cogtok shows the process's standard error when it fails.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in VARIABLES {
            command.env_remove(name);
        }
        if self.is_inside {
            command.env("COGTOK_INSIDE", "aws-credentials");
        }
        let failed =
            |why: String| CredentialsError::provider_error(format!("the program `{}` {why}", program(&self.command)));
        // The process ends with the call that waits for it.
        let child = tokio::process::Command::from(command).kill_on_drop(true).spawn();
        let output = child.map_err(|why| failed(why.to_string()))?.wait_with_output().await;
        let output = output.map_err(|why| failed(why.to_string()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        for line in said.lines() {
            log::info!(target: "cogtok", "credential_process: {}", cleaned(line, &self.redactor));
        }
        if !output.status.success() {
            let first = said.lines().map(str::trim).find(|line| !line.is_empty());
            let first = first.map(|line| format!(": {}", cleaned(line, &self.redactor))).unwrap_or_default();
            return Err(failed(format!("ended with {}{first}", ending(&output.status))));
        }
        let output: Output = serde_json::from_slice(&output.stdout)
            .map_err(|_| failed("printed something other than credentials (version 1)".to_owned()))?;
        if output.version != 1 {
            return Err(failed(format!("printed version {}, which cogtok does not know", output.version)));
        }
        let end = output.expiration.and_then(|end| end.parse::<jiff::Timestamp>().ok()).map(SystemTime::from);
        Ok(Credentials::new(
            output.access_key_id,
            output.secret_access_key,
            output.session_token,
            end,
            "CredentialProcess",
        ))
    }
}

impl ProvideCredentials for Process {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.run())
    }
}

fn ending(status: &std::process::ExitStatus) -> String {
    match status.code() {
        // 127 is the shell's own code.
        Some(127) => "exit code 127, which mostly means that there is no such program".to_owned(),
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

/// The program of a command: its arguments may hold secrets.
pub(crate) fn program(command: &str) -> String {
    if cfg!(windows) { program_of_cmd(command) } else { program_of_sh(command) }
}

/// As cmd reads it, to which a backslash is a character as any other.
fn program_of_cmd(command: &str) -> String {
    let command = command.trim_start();
    let first = match command.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => command.split_ascii_whitespace().next(),
    };
    first.filter(|first| !first.is_empty()).map_or_else(|| "cmd".to_owned(), |first| printable(first, 120))
}

fn program_of_sh(command: &str) -> String {
    let words = shlex::split(command).unwrap_or_default();
    let is_assignment = |word: &&String| word.split_once('=').is_some_and(|(name, _)| !name.contains('/'));
    let first = words.iter().find(|word| !is_assignment(word));
    first.map_or_else(|| "sh".to_owned(), |word| printable(word, 120))
}

/// Output of a program or service as one line, without text that looks like a secret.
pub(crate) fn cleaned(text: &str, redactor: &Redactor) -> String {
    let clean = redactor.clean(text);
    let is_key = |word: &str| word.len() == 40 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b));
    let words: Vec<&str> = clean
        .split(' ')
        .map(|word| {
            let core = word.rsplit(['=', ':']).next().unwrap_or(word).trim_matches(['"', '\'', ',', '.', ';']);
            if is_like_a_secret(word) || is_key(core) { "[redacted]" } else { word }
        })
        .collect();
    printable(words.join(" ").trim(), 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_command_the_program_alone_is_shown() {
        for (command, expected) in [
            ("/opt/bin/tool --key hunter2", "/opt/bin/tool"),
            ("\"/opt/my tool\" x", "/opt/my tool"),
            ("TOKEN=hunter2 tool x", "tool"),
            ("tool 'unbalanced", "sh"),
            ("", "sh"),
        ] {
            assert_eq!(program_of_sh(command), expected);
        }
        for (command, expected) in [
            (r"C:\tools\tool.exe --key hunter2", r"C:\tools\tool.exe"),
            (r#""C:\My Tools\tool.exe" --key hunter2"#, r"C:\My Tools\tool.exe"),
            ("", "cmd"),
        ] {
            assert_eq!(program_of_cmd(command), expected);
        }
        let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYz3X9pL2qT8";
        let line = format!("no access with {key} \u{1b}[1m secret={key}");
        assert_eq!(cleaned(&line, &Redactor::default()), "no access with [redacted] \\u{1b}[1m [redacted]");
    }
}
