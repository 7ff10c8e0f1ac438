//! The AWS tools' environment variables.

use std::path::PathBuf;

use cogtok::settings::aws_services::Service;
use cogtok::settings::profile::{AwsEnvironment, AwsFilePath};

use super::paths::home;
use super::{secret, var};

/// The AWS tools' environment variables.
pub fn aws_environment() -> AwsEnvironment {
    let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, var(name)?)));
    let home = home();
    // The AWS tools expand `~` in these variables.
    let expanded = |path: PathBuf| match (path.strip_prefix("~"), &home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    };
    let file = |variable: &'static str, name: &str| match (var(variable), &home) {
        (Some(path), _) => Some(AwsFilePath { path: expanded(path.into()), variable: Some(variable) }),
        (None, Some(home)) => Some(AwsFilePath { path: home.join(".aws").join(name), variable: None }),
        (None, None) => None,
    };
    let endpoint = |service: &Service| Some((*service, first([service.variable(), "AWS_ENDPOINT_URL"])?));
    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let web_identity = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"];
    let half_of_pair = match (keys.map(|key| secret(key).is_some()), web_identity.map(|name| var(name).is_some())) {
        ([true, false], _) => Some((keys[0], keys[1])),
        ([false, true], _) => Some((keys[1], keys[0])),
        // A role's ARN alone is used by other tools.
        (_, [true, false]) => Some((web_identity[0], web_identity[1])),
        _ => None,
    };
    AwsEnvironment {
        half_of_pair,
        web_identity_token_file: var(web_identity[0]).map(PathBuf::from),
        profile: var("AWS_PROFILE"),
        files: [file("AWS_CONFIG_FILE", "config"), file("AWS_SHARED_CREDENTIALS_FILE", "credentials")],
        region: first(["AWS_REGION", "AWS_DEFAULT_REGION"]),
        endpoints: Service::ALL.iter().filter_map(endpoint).collect(),
    }
}
