//! AWS credentials from the AWS tools' configuration. A `credential_process` never sees cogtok's secrets.

pub(crate) mod cause;
mod configuration;
mod failure;
mod of_profile;
mod process;

use std::sync::Mutex;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_async::rt::sleep::TokioSleep;

use crate::error::Result;
use crate::http::client::HttpClient;
use crate::secret::VARIABLES;
use crate::settings::profile::Profile;
use crate::settings::types::Region;
use crate::store::aws_files::{AwsFiles, value};
use cause::{Explained, Source};
use process::{PROCESS, Process};

/// How long the metadata service may take for one answer.
const METADATA_PATIENCE: Duration = Duration::from_secs(1);

/// The places where the AWS tools look, in their order: keys in the environment, the profile, a web identity, the
/// container's and the machine's metadata service, the last with little patience: it answers at once where it is. A profile
/// that was asked for is the only place, as with the AWS command line.
///
/// # Errors
/// [`Kind::AwsCredentials`](crate::error::Kind::AwsCredentials) for a configuration file that exists and can't be read: cogtok could not
/// keep its secrets from a process named there.
pub fn provider(wire: &HttpClient, profile: &Profile, region: &Region) -> Result<SharedCredentialsProvider> {
    let settings = ProviderConfig::default()
        .with_region(Some(aws_config::Region::new(region.as_str().to_owned())))
        .with_http_client(wire.sdk_client())
        .with_sleep_impl(TokioSleep::new());
    let files = AwsFiles::read(&profile.aws_files)?;
    let of_profile = of_profile(wire, profile, &files, &settings);
    let explained = |sources| {
        SharedCredentialsProvider::new(Explained {
            sources,
            named: profile.aws_profile.clone(),
            half: profile.half_of_aws_pair,
            web_identity_token_file: profile.web_identity_token_file.clone(),
            redactor: wire.redactor().clone(),
            failed: Mutex::default(),
            files,
        })
    };
    if profile.is_aws_profile_asked {
        return Ok(explained(vec![(Source::Profile, of_profile)]));
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
    Ok(explained(vec![
        (Source::Environment, SharedCredentialsProvider::new(environment)),
        (Source::Profile, of_profile),
        (Source::WebIdentity, SharedCredentialsProvider::new(web_identity)),
        (Source::Container, SharedCredentialsProvider::new(container)),
        (Source::Machine, SharedCredentialsProvider::new(machine)),
    ]))
}

/// The credentials of the profile of `~/.aws`. The SDK would pass its environment to a `credential_process`: cogtok runs the profile's own
/// process itself, and prefixes every other one with a command that removes the variables with secrets.
fn of_profile(
    wire: &HttpClient,
    profile: &Profile,
    AwsFiles { config, credentials, .. }: &AwsFiles,
    settings: &ProviderConfig,
) -> SharedCredentialsProvider {
    let name = profile.aws_profile.as_deref().unwrap_or("default");
    let mut provider = ProfileFileCredentialsProvider::builder().configure(settings).profile_name(name);
    let has_process = |text: &&String| text.to_ascii_lowercase().contains(PROCESS);
    if [config, credentials].iter().any(has_process) {
        let sections = [(format!("profile {name}"), config), (name.to_owned(), config), (name.to_owned(), credentials)];
        let get = |key: &str| sections.iter().find_map(|(section, text)| value(text, section, key));
        let others = ["aws_access_key_id", "role_arn", "sso_session", "sso_start_url"];
        let command = get(PROCESS).filter(|_| !others.iter().any(|key| get(key).is_some()));
        if let Some(command) = command {
            return SharedCredentialsProvider::new(Process {
                command: command.to_owned(),
                is_inside: profile.is_inside_aws_credentials,
                redactor: wire.redactor().clone(),
            });
        }
        let files = EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, with_unset(config, profile.is_inside_aws_credentials))
            .with_contents(EnvConfigFileKind::Credentials, with_unset(credentials, profile.is_inside_aws_credentials));
        provider = provider.profile_files(files.build());
    }
    SharedCredentialsProvider::new(provider.build())
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

/// The prefix for a process that the SDK runs, in the syntax of the shell that runs it.
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

#[cfg(test)]
mod tests {
    #[cfg(not(windows))]
    #[test]
    fn only_the_process_is_changed() {
        let text = "[profile a]\nregion = x\ncredential_process = /bin/tool --a=b\n";
        let expected = "[profile a]\nregion = x\ncredential_process = unset COGNITO_M2M_CLIENT_SECRET COGNITO_PASSWORD COGTOK_M2M_CLIENT_SECRET COGTOK_MFA_CODE COGTOK_PASSPHRASE COGTOK_PASSWORD COGTOK_USER_CLIENT_SECRET; /bin/tool --a=b\n";
        assert_eq!(super::with_unset(text, false), expected);
    }
}
