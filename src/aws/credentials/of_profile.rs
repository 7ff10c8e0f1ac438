//! Why a profile of the AWS tools' files gives no credentials.

use aws_credential_types::provider::error::CredentialsError;

use super::cause::{Cause, Explained, of_container, of_machine, of_service, seconds, web_identity};
use super::configuration::{Base, begin_of, export, fault_of, mfa_of, word};
use super::failure::{Failure, readable, sts_operation};
use super::process::{PROCESS, program};
use crate::error::printable;

/// The variables of the keys.
const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

impl Explained {
    /// Why the profile `name` gives none. Without an error, the time ran out.
    pub(super) fn of_profile(&self, name: &str, error: Option<&CredentialsError>, failure: &Failure) -> Cause {
        let files = &self.files;
        if let Failure::Other(said) = failure
            && said.contains("could not parse profile file")
        {
            let unknown = || (format!("a line in {} is not valid", files.place()), verify(name));
            let known = files.malformed().map(|(line, advice)| (line, advice.to_owned()));
            let (line, advice) = known.unwrap_or_else(unknown);
            return Cause::new(format!("{} can't be read: {line}", files.profile(name)), [advice.into()]);
        }
        if let Some((what, hint)) = fault_of(files, name) {
            return Cause::new(what, [hint.into()]);
        }
        let begin = begin_of(files, name);
        // Keys are there at once, so what took too long is the role.
        let is_slow_role = matches!(failure, Failure::Slow) && Base::of(files, begin) == Base::Keys;
        if is_slow_role || error.and_then(sts_operation) == Some("AssumeRole") {
            return self.of_role(name, begin, failure);
        }
        let profile = files.profile(begin);
        match Base::of(files, begin) {
            Base::Environment => self.of_environment(begin),
            Base::Container => match failure {
                Failure::Nothing(_) => Cause::new(
                    format!(
                        "{profile} takes its credentials from the container (`credential_source = EcsContainer`), and \
                         neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set"
                    ),
                    ["use this profile in a container of ECS or EKS, or another profile here".into()],
                ),
                _ => of_container(failure, Some(&profile)),
            },
            Base::Machine => match failure {
                Failure::Nothing(said) if said.contains("AWS_EC2_METADATA_DISABLED") => Cause::new(
                    format!(
                        "{profile} takes its credentials from the instance metadata service, and AWS_EC2_METADATA_DISABLED \
                         turns that off"
                    ),
                    ["unset AWS_EC2_METADATA_DISABLED, or use another profile".into()],
                ),
                Failure::Nothing(said) if said.contains("404") => Cause::new(
                    format!(
                        "{profile} takes its credentials from the instance metadata service, which knows no role of this \
                         machine"
                    ),
                    ["attach an IAM role to this machine, or use another profile".into()],
                ),
                _ => of_machine(failure, Some(&profile)),
            },
            Base::WebIdentity => {
                let file = files.get(begin, "web_identity_token_file").unwrap_or_default();
                let token = format!("{profile}: the web identity token in {}", printable(file, 200));
                web_identity(&token, &profile, "check its `web_identity_token_file` and `role_arn`", failure)
            }
            Base::Sso => self.of_sso(begin, failure),
            Base::Login => Cause::new(
                format!("{profile} is signed in with `aws login` (`login_session`), which cogtok can't use"),
                [
                    format!(
                        "{} gives its credentials to cogtok (AWS CLI v2); then leave the profile out",
                        export(begin)
                    )
                    .into(),
                    format!(
                        "for every shell, name another profile with `credential_process = aws configure export-credentials \
                         --profile {} --format process`",
                        word(begin)
                    )
                    .into(),
                ],
            ),
            Base::Process => self.of_process(begin, failure),
            Base::Keys => {
                let what = match readable(&failure.said()) {
                    Some(why) => format!("{profile}: {why}"),
                    None => format!("cogtok can't tell why {profile} gives none"),
                };
                Cause::new(what, [verify(begin).into()])
            }
        }
    }

    /// STS did not let `name` assume its role with the credentials of `begin`.
    fn of_role(&self, name: &str, begin: &str, failure: &Failure) -> Cause {
        let code = match failure {
            Failure::Refused(refused) => refused.code.as_str(),
            _ => "",
        };
        let is_denied = matches!(code, "AccessDenied" | "AccessDeniedException");
        if let Some((what, hint)) = Some(name).filter(|_| is_denied).and_then(|name| mfa_of(&self.files, name)) {
            return Cause::new(what, [hint.into()]);
        }
        let base = Base::of(&self.files, begin);
        let is_of_clock = matches!(failure, Failure::Refused(refused) if refused.is_of_clock());
        let hint = match (code, base) {
            _ if is_of_clock => "check this machine's clock".to_owned(),
            _ if is_denied => {
                "check its `role_arn`, and ask whoever manages that role whether its trust policy lets you assume it"
                    .to_owned()
            }
            ("InvalidClientTokenId" | "SignatureDoesNotMatch" | "UnrecognizedClientException", Base::Keys) => {
                format!("check the access keys of profile `{0}`: `aws configure --profile {0}` sets them", word(begin))
            }
            ("ExpiredToken" | "ExpiredTokenException", Base::Keys) => {
                format!("put new temporary keys into profile `{}`: those in it have expired", printable(begin, 80))
            }
            _ => verify(name),
        };
        of_service("STS", "AssumeRole", &self.files.profile(name), failure, hint)
    }

    fn of_environment(&self, name: &str) -> Cause {
        let profile = self.files.profile(name);
        let unset = self.half.filter(|(set, _)| KEYS.contains(set)).map(|(_, unset)| unset);
        let missing = unset.map_or_else(
            || format!("neither {} nor {} is set", KEYS[0], KEYS[1]),
            |unset| format!("{unset} is not set"),
        );
        Cause::new(
            format!("{profile} takes its keys from the environment (`credential_source = Environment`), and {missing}"),
            [format!("set {} and {}, or use another profile", KEYS[0], KEYS[1]).into()],
        )
    }

    fn of_sso(&self, name: &str, failure: &Failure) -> Cause {
        let shown = printable(name, 80);
        let login = || [format!("run `aws sso login --profile {}` (AWS CLI v2)", word(name)).into()];
        let lower = failure.said().to_ascii_lowercase();
        match failure {
            Failure::Slow => Cause::of_network(
                format!("SSO did not answer in time for profile `{shown}`"),
                ["check the network and the proxy, then try again".into()],
            ),
            Failure::Unanswered(_) => of_service("SSO", "", &self.files.profile(name), failure, String::new()),
            Failure::Refused(refused) if !refused.is_refusal() => {
                of_service("SSO", "", &self.files.profile(name), failure, String::new())
            }
            _ if lower.contains("expired") || lower.contains("unauthorized") => {
                Cause::new(format!("the SSO session of profile `{shown}` has expired"), login())
            }
            _ if ["sso token", "no such file", "sso/cache"].iter().any(|words| lower.contains(words)) => {
                Cause::new(format!("profile `{shown}` is not signed in to SSO"), login())
            }
            Failure::Refused(_) => {
                let check =
                    "check its `sso_account_id` and `sso_role_name`, and whether you are assigned to that account"
                        .to_owned();
                of_service("SSO", "", &format!("profile `{shown}`"), failure, check)
            }
            _ => of_service("SSO", "", &self.files.profile(name), failure, verify(name)),
        }
    }

    fn of_process(&self, name: &str, failure: &Failure) -> Cause {
        let command = self.files.get(name, PROCESS).unwrap_or_default();
        let of = format!("`credential_process` of {}", self.files.profile(name));
        let said = failure.said();
        // Both for a process that cogtok ran and for one that the SDK ran.
        let why = match said.split_once("exited with code ") {
            _ if matches!(failure, Failure::Slow) => {
                format!("the program `{}` did not finish within {} s", program(command), seconds())
            }
            Some((_, rest)) => {
                let (status, line) = rest.split_once(". Stderr: ").unwrap_or((rest, ""));
                let status = status.replace("exit status:", "exit code");
                let line = Some(line.trim()).filter(|line| !line.is_empty());
                let line = line.map(|line| format!(": {line}")).unwrap_or_default();
                format!("the program `{}` ended with {}{line}", program(command), status.trim())
            }
            // cogtok's own words.
            None if said.starts_with("the program `") => said,
            None => {
                let why = readable(&said).map(|why| format!(": {why}")).unwrap_or_default();
                format!("the program `{}` gave no credentials{why}", program(command))
            }
        };
        Cause::new(format!("{of}: {why}"), [verify(name).into()])
    }
}

/// The command of the AWS CLI that takes the same way.
fn verify(name: &str) -> String {
    format!("check that `aws sts get-caller-identity --profile {}` works", word(name))
}
