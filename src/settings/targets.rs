//! A profile's targets: named APIs, agents and gateways, each with its address and the owner of its token.

use std::fmt;
use std::str::FromStr;

use crate::error::{Advice, AdviceKind, Error, Kind, Result, printable};
use crate::settings::keys::nearest;
use crate::settings::types::{AgentcoreArn, Endpoint, TargetKind, TargetName, TokenOwner};

/// The address of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// At a URL.
    Url(Endpoint),
    /// A resource of Bedrock AgentCore, whose URL follows from its ARN.
    Arn(AgentcoreArn),
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.starts_with("arn:") { text.parse().map(Address::Arn) } else { text.parse().map(Address::Url) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Url(url) => url.fmt(f),
            Address::Arn(arn) => arn.fmt(f),
        }
    }
}

/// A target of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: TargetName,
    /// The first line.
    pub kind: TargetKind,
    /// Its path.
    pub address: Address,
    /// The owner of its token; `None` if the profile has only one.
    pub owner: Option<TokenOwner>,
}

/// A setting of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `url`: the address.
    Url,
    /// `as`: whose token.
    As,
    /// `kind`: what it is.
    Kind,
}

impl Field {
    /// Every setting.
    pub const ALL: [Field; 3] = [Field::Url, Field::As, Field::Kind];

    /// The last part of its key.
    pub const fn as_str(self) -> &'static str {
        match self {
            Field::Url => "url",
            Field::As => "as",
            Field::Kind => "kind",
        }
    }

    /// Whether `text` can be its value.
    ///
    /// # Errors
    /// [`Kind::Usage`] with the rule.
    pub fn check(self, text: &str) -> Result<()> {
        match self {
            Field::Url => text.parse::<Address>().map(drop),
            Field::As => text.parse::<TokenOwner>().map(drop),
            Field::Kind => text.parse::<TargetKind>().map(drop),
        }
    }
}

/// A setting of a target as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSetting {
    /// The target.
    pub target: TargetName,
    /// The setting.
    pub field: Field,
    /// Its value, which need not be one that it can have.
    pub value: String,
}

impl TargetSetting {
    /// Its key, such as `targets.tools.url`.
    pub fn key(&self) -> String {
        format!("targets.{}.{}", self.target, self.field.as_str())
    }
}

impl Target {
    /// The target that the values of its settings make.
    ///
    /// # Errors
    /// [`Kind::Config`] when it has no address, or a value that its setting can't have.
    pub fn resolve(name: TargetName, value: impl Fn(Field) -> Option<String>) -> Result<Self> {
        let key = |field: Field| format!("targets.{name}.{}", field.as_str());
        let Some(address) = value(Field::Url) else {
            let key = key(Field::Url);
            return Err(Error::config(format!("`{key}` is not set"))
                .with_setting(&key)
                .hint(Advice::new(AdviceKind::SetTargetUrl).word("key", key)));
        };
        let wrong = |field: Field, error: Error| {
            let key = key(field);
            let error = error.with_kind(Kind::Config).context(&key).with_setting(&key);
            error.hint(crate::settings::keys::how_to_set(&key))
        };
        let address: Address = address.parse().map_err(|error| wrong(Field::Url, error))?;
        let kind =
            value(Field::Kind).map(|kind| kind.parse()).transpose().map_err(|error| wrong(Field::Kind, error))?;
        let kind = kind.unwrap_or(match &address {
            Address::Arn(arn) if arn.is_gateway() => TargetKind::Gateway,
            Address::Arn(_) => TargetKind::Runtime,
            Address::Url(_) => TargetKind::Http,
        });
        let owner = value(Field::As).map(|owner| owner.parse()).transpose().map_err(|error| wrong(Field::As, error))?;
        Ok(Target { name, kind, address, owner })
    }
}

/// The target and the setting in a key `targets.NAME.FIELD`; `None` for other keys.
///
/// # Errors
/// [`Kind::Usage`] where it begins so and names no setting of a target.
pub fn parse_key(dotted: &str) -> Result<Option<(TargetName, Field)>> {
    let Some(rest) = dotted.strip_prefix("targets.") else { return Ok(None) };
    let field = rest
        .rsplit_once('.')
        .and_then(|(name, field)| Some((name, Field::ALL.into_iter().find(|known| known.as_str() == field)?)));
    match field {
        Some((name, field)) => Ok(Some((name.parse()?, field))),
        None => Err(Error::usage(format!("`{}` is not a key of a profile", printable(dotted, 80)))
            .hint("a target has targets.NAME.url, targets.NAME.as and targets.NAME.kind")),
    }
}

/// The target in a key `targets.NAME`; `None` for other keys.
pub fn parse_whole(dotted: &str) -> Option<TargetName> {
    dotted.strip_prefix("targets.")?.parse().ok()
}

/// The key of a setting that a target has, where `dotted` is most likely a slip of it.
pub fn nearest_key(dotted: &str) -> Option<String> {
    let (name, field) = dotted.strip_prefix("targets.")?.rsplit_once('.')?;
    let near = nearest(field, Field::ALL.map(Field::as_str))?;
    Some(format!("targets.{name}.{near}"))
}
