//! The AWS tools' environment variables.

use std::path::PathBuf;

use cogtok::settings::aws_services::Service;
use cogtok::settings::profile::AwsEnvironment;

use super::{secret, var};

/// The AWS tools' environment variables.
pub fn aws_environment() -> AwsEnvironment {
    let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, var(name)?)));
    let home = directories::BaseDirs::new().map(|base| base.home_dir().to_path_buf());
    // The AWS tools expand `~` in these variables.
    let expanded = |path: PathBuf| match (path.strip_prefix("~"), &home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    };
    let file = |variable: &str, name: &str| {
        let named = var(variable).map(PathBuf::from).map(expanded);
        named.or_else(|| home.as_ref().map(|home| home.join(".aws").join(name)))
    };
    let endpoint = |service: &Service| Some((*service, first([service.variable(), "AWS_ENDPOINT_URL"])?));
    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let half_of_keys = match keys.map(|key| secret(key).is_some()) {
        [true, false] => Some((keys[0], keys[1])),
        [false, true] => Some((keys[1], keys[0])),
        _ => None,
    };
    AwsEnvironment {
        half_of_keys,
        profile: var("AWS_PROFILE"),
        config_file: file("AWS_CONFIG_FILE", "config"),
        credentials_file: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        region: first(["AWS_REGION", "AWS_DEFAULT_REGION"]),
        endpoints: Service::ALL.iter().filter_map(endpoint).collect(),
    }
}
