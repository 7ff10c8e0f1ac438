//! The types of a profile's values. Parsing validates: a value of these types is safe in a URL, a file name and a terminal. Any further
//! rules are Cognito's.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Error, Result, is_control_or_mark, printable};
pub use crate::settings::endpoint::Endpoint;
pub use crate::settings::enums::{
    AuthFlow, AuthMethod, FirstFactor, SecretKind, StoreKind, TargetKind, TokenOwner, TokenType, TokenUse, Transport,
};
pub use crate::settings::scopes::Scopes;

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok($name(text.to_owned()))
                } else {
                    Err(Error::usage(format!(
                        concat!("`{}` is not ", $what, ": ", $rule),
                        printable(text, 80)
                    )))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

word!(
    /// The name of a profile.
    ProfileName, "a profile name", "use 1 to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit",
    |text| {
        text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    }
);

word!(
    /// A user pool id such as `us-east-1_AbCdEfGhI`.
    PoolId, "a user pool id", "one looks like us-east-1_AbCdEfGhI",
    |text| {
        text.len() <= 128
            && text.split_once('_').is_some_and(|(region, name)| !name.is_empty() && Region::from_str(region).is_ok())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    }
);

/// Whether `text` has the shape of a user pool id, which nothing else has.
pub fn is_pool_id(text: &str) -> bool {
    let Some((region, id)) = text.split_once('_') else { return false };
    let is_numbered = region.rsplit_once('-').is_some_and(|(_, number)| number.bytes().all(|b| b.is_ascii_digit()));
    is_numbered
        && region.split('-').count() >= 3
        && region.starts_with(|c: char| c.is_ascii_lowercase())
        && id.bytes().all(|b| b.is_ascii_alphanumeric())
        && text.parse::<PoolId>().is_ok()
}

impl PoolId {
    /// The Region, before the first underscore.
    pub fn region(&self) -> Region {
        Region(self.0.split('_').next().unwrap_or_default().to_owned())
    }

    /// The pool's name in SRP, after the first underscore.
    pub fn srp_name(&self) -> &str {
        self.0.split_once('_').map_or("", |(_, name)| name)
    }
}

word!(
    /// An app client id.
    ClientId, "an app client id", "use 1 to 128 letters, digits, `+`, `_` and `-`",
    |text| (1..=128).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "+_-".contains(c))
);

word!(
    /// An identity pool id such as `us-east-1:12345678-90ab-cdef-1234-567890abcdef`.
    IdentityPoolId, "an identity pool id", "one looks like us-east-1:12345678-90ab-cdef-1234-567890abcdef",
    |text| {
        text.len() <= 128
            && text.split_once(':').is_some_and(|(region, id)| {
                Region::from_str(region).is_ok()
                    && !id.is_empty()
                    && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            })
    }
);

impl IdentityPoolId {
    /// The Region, before the colon.
    pub fn region(&self) -> Region {
        Region(self.0.split(':').next().unwrap_or_default().to_owned())
    }
}

word!(
    /// An AWS Region such as `eu-central-1`.
    Region, "a Region", "one looks like us-east-1",
    |text| (1..=32).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !text.starts_with('-') && !text.ends_with('-')
);

word!(
    /// A user name, e-mail address or other alias, as typed.
    Username, "a user name", "use 1 to 128 characters without spaces or control characters",
    |text| (1..=128).contains(&text.chars().count()) && !text.chars().any(|c| c.is_whitespace() || is_control_or_mark(c))
);

word!(
    /// A Secrets Manager secret: its ARN or its name.
    SecretArn, "a secret ARN or name", "use letters, digits and any of :/_+=.@-",
    |text| (1..=2048).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || ":/_+=.@-".contains(c))
);

impl SecretArn {
    /// The Region in an ARN; a bare name has none.
    pub fn region(&self) -> Option<Region> {
        region_of_arn(&self.0)
    }
}

word!(
    /// A parameter of Systems Manager: its ARN or its name.
    ParameterName, "a parameter's ARN or name", "use letters, digits and any of /._:-",
    |text| (1..=2048).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._:-".contains(c))
);

impl ParameterName {
    /// The Region in an ARN; a bare name has none.
    pub fn region(&self) -> Option<Region> {
        region_of_arn(&self.0)
    }
}

word!(
    /// A CloudFormation stack: its ARN or its name.
    StackName, "a stack's ARN or name", "use letters, digits and hyphens, the first a letter",
    |text| {
        (1..=1024).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || (text.starts_with("arn:") && ":/".contains(c)))
    }
);

impl StackName {
    /// The Region in an ARN; a bare name has none.
    pub fn region(&self) -> Option<Region> {
        region_of_arn(&self.0)
    }
}

word!(
    /// The name of a target within a profile.
    TargetName, "a target's name", "use 1 to 64 letters, digits, hyphens and underscores, the first a letter or digit",
    |text| {
        (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    }
);

word!(
    /// The ARN of a runtime or gateway of Bedrock AgentCore.
    AgentcoreArn, "the ARN of an AgentCore runtime or gateway",
    "one looks like arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234",
    |text| {
        let parts: Vec<&str> = text.split(':').collect();
        let [arn, partition, service, region, account, resource] = parts[..] else { return false };
        let id = resource.strip_prefix("runtime/").or_else(|| resource.strip_prefix("gateway/"));
        text.len() <= 2048
            && (arn, service) == ("arn", "bedrock-agentcore")
            && partition.starts_with("aws")
            && partition.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && Region::from_str(region).is_ok()
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && id.is_some_and(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "_-/".contains(c)))
    }
);

impl AgentcoreArn {
    /// The Region.
    pub fn region(&self) -> Region {
        Region(self.0.split(':').nth(3).unwrap_or_default().to_owned())
    }

    /// Whether it is a gateway's, not a runtime's.
    pub fn is_gateway(&self) -> bool {
        self.0.contains(":gateway/")
    }

    /// The id of the runtime or gateway, after the first slash.
    pub fn id(&self) -> &str {
        let resource = self.0.split_once('/').map_or("", |(_, id)| id);
        // An endpoint or version may follow.
        resource.split('/').next().unwrap_or_default()
    }
}

word!(
    /// A model of Bedrock, as Converse names it: a model's id, an inference profile's id, or the ARN of either.
    ModelId, "a model id or ARN", "one looks like us.amazon.nova-lite-v1:0",
    |text| (1..=2048).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || ".:/_-".contains(c))
);

impl ModelId {
    /// The Region in an ARN; an id has none.
    pub fn region(&self) -> Option<Region> {
        region_of_arn(&self.0)
    }
}

/// The Region in an ARN.
fn region_of_arn(text: &str) -> Option<Region> {
    let mut parts = text.split(':');
    if parts.next() != Some("arn") {
        return None;
    }
    parts.nth(2).and_then(|region| region.parse().ok())
}

word!(
    /// The name of a variable in an export: a shell identifier that is not one a shell or loader obeys.
    VarName, "a variable name", "use letters, digits and underscores, and none that a shell or the loader uses",
    |text| {
        const OBEYED: [&str; 23] = [
            "STATUS", "ARGV", "GITHUB_ENV", "GITHUB_PATH",
            "PPID", "UID", "EUID", "SHELLOPTS", "BASHOPTS",
            "PATH", "IFS", "ENV", "BASH_ENV", "HOME", "SHELL", "USER", "PWD", "OLDPWD", "PS1", "PS4", "PROMPT_COMMAND",
            "CDPATH", "TERM",
        ];
        const OBEYED_PREFIXES: [&str; 7] = ["LD_", "DYLD_", "BASH_FUNC", "GIT_", "PYTHON", "PERL", "NODE_"];
        let upper = text.to_ascii_uppercase();
        text.len() <= 128
            && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !OBEYED.contains(&upper.as_str())
            && !OBEYED_PREFIXES.iter().any(|prefix| upper.starts_with(prefix))
    }
);

/// A duration as it is written in the configuration and on the command line: `90s`, `5m`, `1h`, `3d`.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) when the text is not a duration.
pub fn parse_duration(text: &str) -> Result<Duration> {
    humantime::parse_duration(text.trim()).map_err(|_| {
        Error::usage(format!("`{}` is not a duration: write it as 90s, 5m, 1h or 3d", printable(text, 40)))
    })
}

#[cfg(test)]
#[path = "types_tests.rs"]
mod tests;
