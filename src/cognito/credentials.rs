//! AWS credentials: what the AWS tools' configuration says, save that a `credential_process` never sees our secrets.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_async::rt::sleep::TokioSleep;
use serde::Deserialize;

use super::http::Wire;
use crate::error::{Error, Kind, Result};
use crate::profile::Profile;
use crate::profile::words::Region;
use crate::secret::VARIABLES;
use crate::store::file;

const LIMIT: u64 = 16 * 1024 * 1024;

/// The key that names a process.
const PROCESS: &str = "credential_process";

/// How long the metadata service may take for one answer.
const METADATA_PATIENCE: Duration = Duration::from_secs(1);

/// The places where the AWS tools look, in their order: keys in the environment, the profile, a web identity, the
/// container's and the machine's metadata service, the last with little patience: it answers at once where it is. A profile
/// that was asked for is the only place, as with the AWS command line.
///
/// # Errors
/// [`Kind::AwsCredentials`] for a configuration file that is there and can't be looked at: what can't be looked at can't
/// be kept from our secrets.
pub fn provider(wire: &Wire, profile: &Profile, region: &Region) -> Result<SharedCredentialsProvider> {
    let settings = ProviderConfig::default()
        .with_region(Some(aws_config::Region::new(region.as_str().to_owned())))
        .with_http_client(wire.sdk_client())
        .with_sleep_impl(TokioSleep::new());
    let of_profile = of_profile(profile, &settings)?;
    if profile.is_aws_profile_asked {
        return Ok(of_profile);
    }
    let metadata = aws_config::imds::Client::builder()
        .configure(&settings)
        .connect_timeout(METADATA_PATIENCE)
        .read_timeout(METADATA_PATIENCE)
        .operation_timeout(METADATA_PATIENCE * 2)
        .max_attempts(1)
        .build();
    let web_identity = WebIdentityTokenCredentialsProvider::builder().configure(&settings).build();
    let container = EcsCredentialsProvider::builder().configure(&settings).build();
    let machine = ImdsCredentialsProvider::builder().configure(&settings).imds_client(metadata).build();
    let environment = EnvironmentVariableCredentialsProvider::new();
    let chain = CredentialsProviderChain::first_try("Environment", environment)
        .or_else("Profile", of_profile)
        .or_else("WebIdentityToken", web_identity)
        .or_else("EcsContainer", container)
        .or_else("Ec2InstanceMetadata", machine);
    Ok(SharedCredentialsProvider::new(chain))
}

/// The credentials of the profile of `~/.aws`. The SDK would hand its environment to a `credential_process`: the one of the
/// profile itself is run here; each that stands elsewhere in the files is told to drop the variables that hold our secrets.
fn of_profile(profile: &Profile, settings: &ProviderConfig) -> Result<SharedCredentialsProvider> {
    let name = profile.aws_profile.as_deref().unwrap_or("default");
    let mut provider = ProfileFileCredentialsProvider::builder().configure(settings).profile_name(name);
    let [config, credentials] = profile.aws_files.each_ref().map(|path| path.as_deref().map(read).transpose());
    let (config, credentials) = (config?.unwrap_or_default(), credentials?.unwrap_or_default());
    let has_process = |text: &String| text.to_ascii_lowercase().contains(PROCESS);
    if [&config, &credentials].into_iter().any(has_process) {
        let sections =
            [(format!("profile {name}"), &config), (name.to_owned(), &config), (name.to_owned(), &credentials)];
        let value = |key: &str| sections.iter().find_map(|(section, text)| value_of(text, section, key));
        let others = ["aws_access_key_id", "role_arn", "sso_session", "sso_start_url"];
        let command = value(PROCESS).filter(|_| !others.iter().any(|key| value(key).is_some()));
        if let Some(command) = command {
            return Ok(SharedCredentialsProvider::new(Process {
                command: command.to_owned(),
                is_inside: profile.is_inside_aws_credentials,
            }));
        }
        let files = EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, with_unset(&config, profile.is_inside_aws_credentials))
            .with_contents(EnvConfigFileKind::Credentials, with_unset(&credentials, profile.is_inside_aws_credentials));
        provider = provider.profile_files(files.build());
    }
    Ok(SharedCredentialsProvider::new(provider.build()))
}

/// The text of a configuration file of the AWS tools, through links, as the SDK reads it; empty where there is none.
fn read(path: &Path) -> Result<String> {
    let unusable = |why: &dyn std::fmt::Display| {
        Error::new(Kind::AwsCredentials, format!("{} can't be read: {why}", path.display()))
    };
    let target = match path.canonicalize() {
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

/// The value of a key in a section of an AWS configuration file.
fn value_of<'a>(text: &'a str, section: &str, key: &str) -> Option<&'a str> {
    let header = |line: &str| {
        Some(line.trim().strip_prefix('[')?.split(']').next()?.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let inside = text.lines().skip_while(|line| header(line).as_deref() != Some(section)).skip(1);
    let mut pairs = inside.take_while(|line| header(line).is_none()).filter_map(|line| line.split_once('='));
    pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(key)).map(|(_, value)| value.trim())
}

fn with_unset(text: &str, is_inside: bool) -> String {
    let before = before(is_inside);
    let lines = text.lines().map(|line| match line.split_once('=') {
        Some((key, command)) if key.trim().eq_ignore_ascii_case(PROCESS) => {
            format!("{key}= {before}{}", command.trim_start())
        }
        _ => line.to_owned(),
    });
    lines.map(|line| line + "\n").collect()
}

/// What a process that the SDK runs is told first, in the words of the shell that it runs it with.
#[cfg(not(windows))]
fn before(is_inside: bool) -> String {
    let inside = if is_inside { "export COGTOK_INSIDE=aws-credentials; " } else { "" };
    format!("unset {}; {inside}", VARIABLES.join(" "))
}

#[cfg(windows)]
fn before(is_inside: bool) -> String {
    let unset: String = VARIABLES.iter().map(|name| format!("set {name}=& ")).collect();
    let inside = if is_inside { "set COGTOK_INSIDE=aws-credentials& " } else { "" };
    format!("{unset}{inside}")
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
    // cmd takes the outer quotes off, and knows none of the escapes that an argument would get.
    shell.arg("/C").raw_arg(format!("\"{command}\""));
    shell
}

/// A `credential_process` (version 1 of its output), run without the variables that hold our secrets.
#[derive(Debug)]
struct Process {
    command: String,
    is_inside: bool,
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

impl Process {
    async fn run(&self) -> provider::Result {
        let mut command = in_shell(&self.command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        for name in VARIABLES {
            command.env_remove(name);
        }
        if self.is_inside {
            command.env("COGTOK_INSIDE", "aws-credentials");
        }
        let failed = |why: String| CredentialsError::provider_error(format!("credential_process: {why}"));
        // It ends with the call that waits for it.
        let child = tokio::process::Command::from(command).kill_on_drop(true).spawn();
        let output = child.map_err(|why| failed(why.to_string()))?.wait_with_output().await;
        let output = output.map_err(|why| failed(why.to_string()))?;
        if !output.status.success() {
            return Err(failed(output.status.to_string()));
        }
        let output: Output =
            serde_json::from_slice(&output.stdout).map_err(|_| failed("its output is malformed".to_owned()))?;
        if output.version != 1 {
            return Err(failed(format!("version {} of its output is not known", output.version)));
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

#[cfg(test)]
mod tests {
    #[test]
    fn a_value_is_found_in_its_section_alone() {
        let text = "[default]\nx=1\n[ profile  a ]\n# x=0\n x = 2 \n[profile b]\nx=3\n";
        let value = |section| super::value_of(text, section, "x");
        assert_eq!(
            [value("default"), value("profile a"), value("profile b"), value("c")],
            [Some("1"), Some("2"), Some("3"), None]
        );
    }

    #[cfg(windows)]
    #[test]
    fn only_the_process_is_changed() {
        let text = "[profile a]\ncredential_process = C:\\tool.cmd a\n";
        let changed = super::with_unset(text, true);
        assert!(
            changed.starts_with("[profile a]\ncredential_process = set COGNITO_M2M_CLIENT_SECRET=& set "),
            "{changed}"
        );
        assert!(changed.ends_with("=& set COGTOK_INSIDE=aws-credentials& C:\\tool.cmd a\n"), "{changed}");
    }

    #[cfg(not(windows))]
    #[test]
    fn only_the_process_is_changed() {
        let text = "[profile a]\nregion = x\ncredential_process = /bin/tool --a=b\n";
        let expected = "[profile a]\nregion = x\ncredential_process = unset COGNITO_M2M_CLIENT_SECRET COGNITO_PASSWORD COGTOK_M2M_CLIENT_SECRET COGTOK_MFA_CODE COGTOK_PASSPHRASE COGTOK_PASSWORD COGTOK_USER_CLIENT_SECRET; /bin/tool --a=b\n";
        assert_eq!(super::with_unset(text, false), expected);
    }
}
