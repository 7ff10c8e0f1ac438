//! The keys of a profile: what `profile set` accepts, what the configuration may contain, and each one's variable.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Advice, AdviceKind, Error, Result, printable};
use crate::settings::profile::domain;
use crate::settings::redirect_uri::RedirectUri;
use crate::settings::types::{
    AuthFlow, AuthMethod, ClientId, Endpoint, FirstFactor, IdentityPoolId, PoolId, Region, Scopes, SecretArn,
    SecretKind, TokenUse, Transport, Username, parse_duration,
};

macro_rules! keys {
    ($($(#[$doc:meta])* $variant:ident = $dotted:literal, $variable:expr, $check:expr;)+) => {
        /// A key of a profile.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key { $($(#[$doc])* $variant),+ }

        impl Key {
            /// Every key, in the order in which a profile is shown.
            pub const ALL: &'static [Key] = &[$(Key::$variant),+];

            /// The key as it is written in `profile set` and, as a path, in the configuration file.
            pub const fn dotted(self) -> &'static str {
                match self { $(Key::$variant => $dotted),+ }
            }

            /// Its environment variable, if it has one.
            pub const fn variable(self) -> Option<&'static str> {
                match self { $(Key::$variant => $variable),+ }
            }

            /// Whether `text` can be this key's value.
            ///
            /// # Errors
            /// [`Kind::Usage`](crate::error::Kind::Usage) with the rule.
            pub fn check(self, text: &str) -> Result<()> {
                match self { $(Key::$variant => { let check: fn(&str) -> Result<()> = $check; check(text) }),+ }
            }
        }
    };
}

fn is<T: FromStr<Err = Error>>(text: &str) -> Result<()> {
    text.parse::<T>().map(drop)
}

/// Of all kinds, with those in the error that a person may store.
fn is_kind_of_secret(text: &str) -> Result<()> {
    is::<SecretKind>(text).map_err(|_| {
        let kinds: Vec<&str> = SecretKind::STORED_BY_HAND.iter().map(|kind| kind.as_str()).collect();
        let (shown, kinds) = (printable(text, 40), kinds.join(", "));
        Error::usage(format!("`{shown}` is not a kind of secret: use one of {kinds}"))
    })
}

fn is_name(text: &str) -> Result<()> {
    if text.is_empty() || text.len() > 256 || text.chars().any(crate::error::is_control_or_mark) {
        Err(Error::usage(format!(
            "`{}` is invalid: use 1 to 256 characters, none of them a control character",
            printable(text, 80)
        )))
    } else {
        Ok(())
    }
}

/// A yes or no as the configuration has it.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for anything but `true` and `false`.
pub fn parse_bool(text: &str) -> Result<bool> {
    text.parse().map_err(|_| Error::usage(format!("`{}` is neither true nor false", printable(text, 40))))
}

/// The longest life of Cognito's access and ID tokens.
pub const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a cached token must still be valid: what none can be would make each call ask for a new one.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for what is no duration, or longer than [`LONGEST_LIFE`].
pub fn parse_min_validity(text: &str) -> Result<Duration> {
    let duration = parse_duration(text)?;
    if duration > LONGEST_LIFE {
        Err(Error::usage(format!("`{}` is too long: no token is valid for more than 24h", printable(text, 40))))
    } else {
        Ok(duration)
    }
}

/// How many requests may be made in an hour.
///
/// # Errors
/// [`Kind::Usage`](crate::error::Kind::Usage) for anything but a whole number from 1 to 1000000.
pub fn parse_max_requests(text: &str) -> Result<u32> {
    text.parse()
        .ok()
        .filter(|most| (1..=1_000_000).contains(most))
        .ok_or_else(|| Error::usage(format!("`{}` is not a whole number from 1 to 1000000", printable(text, 40))))
}

keys! {
    /// The purpose of the profile, shown by completion and `profile list`.
    Description = "description", None, is_name;
    /// The user pool.
    UserPoolId = "user_pool_id", Some("COGTOK_USER_POOL_ID"), is::<PoolId>;
    /// The Region; else read from the pool id.
    Region = "region", Some("COGTOK_REGION"), is::<Region>;
    /// The pool's domain: its URL, its host, or just the prefix.
    Domain = "domain", Some("COGTOK_DOMAIN"), domain::check;
    /// The profile of `~/.aws` whose credentials sign admin calls.
    AwsProfile = "aws_profile", Some("COGTOK_AWS_PROFILE"), is_name;
    /// Another endpoint for the AWS APIs, such as a local Cognito.
    EndpointUrl = "endpoint_url", Some("COGTOK_ENDPOINT_URL"), is::<Endpoint>;
    /// How long a served token must still be valid.
    MinValidity = "min_validity", Some("COGTOK_MIN_VALIDITY"), |text| parse_min_validity(text).map(drop);
    /// The secrets that `secret set` has stored.
    Secrets = "secrets", None, is_kind_of_secret;
    /// The app client that users sign in with.
    UserClientId = "user.client_id", Some("COGTOK_CLIENT_ID"), is::<ClientId>;
    /// The user who signs in.
    Username = "user.username", Some("COGTOK_USERNAME"), is::<Username>;
    /// The sign-in flow.
    AuthFlow = "user.auth_flow", Some("COGTOK_AUTH_FLOW"), is::<AuthFlow>;
    /// The first factor to sign in with, where the flow is `user-auth`.
    PreferredChallenge = "user.preferred_challenge", Some("COGTOK_PREFERRED_CHALLENGE"), is::<FirstFactor>;
    /// The token that `token user` prints.
    Token = "user.token", Some("COGTOK_TOKEN"), is::<TokenUse>;
    /// The redirect URIs for the hosted pages, in the order in which they are tried.
    RedirectUris = "user.redirect_uris", Some("COGTOK_REDIRECT_URIS"), |text| RedirectUri::list([text]).map(drop);
    /// The machine-to-machine app client.
    M2mClientId = "m2m.client_id", Some("COGTOK_M2M_CLIENT_ID"), is::<ClientId>;
    /// The scopes that `token m2m` asks for.
    Scopes = "m2m.scopes", Some("COGTOK_SCOPES"), |text| Scopes::parse([text]).map(drop);
    /// The token endpoint; else the domain's.
    TokenUrl = "m2m.token_url", Some("COGTOK_TOKEN_URL"), is::<Endpoint>;
    /// The Secrets Manager secret that holds the client secret.
    SecretArn = "m2m.secret_arn", Some("COGTOK_SECRET_ARN"), is::<SecretArn>;
    /// The identity pool that gives AWS credentials for an ID token.
    IdentityPoolId = "identity_pool.id", Some("COGTOK_IDENTITY_POOL_ID"), is::<IdentityPoolId>;
    /// How the client authenticates at the token endpoint.
    AuthMethod = "m2m.auth_method", Some("COGTOK_AUTH_METHOD"), is::<AuthMethod>;
    /// The endpoint for the token.
    Transport = "m2m.transport", Some("COGTOK_TRANSPORT"), is::<Transport>;
    /// Whether the token endpoint also gets the scopes in the URL, for a cache in front of it.
    ScopeInQuery = "m2m.scope_in_query", Some("COGTOK_SCOPE_IN_QUERY"), |text| parse_bool(text).map(drop);
    /// How many machine-to-machine tokens this machine may ask for in an hour.
    MaxRequestsPerHour = "m2m.max_requests_per_hour", None, |text| parse_max_requests(text).map(drop);
}

/// The variables of the scripts that cogtok replaces: together they replace a profile.
pub const OLD_VARIABLES: [(Key, &str); 6] = [
    (Key::UserPoolId, "COGNITO_USER_POOL_ID"),
    (Key::UserClientId, "COGNITO_CLIENT_ID"),
    (Key::Username, "COGNITO_USERNAME"),
    (Key::M2mClientId, "COGNITO_M2M_CLIENT_ID"),
    (Key::TokenUrl, "COGNITO_TOKEN_URL"),
    (Key::Scopes, "COGNITO_M2M_SCOPES"),
];

impl Key {
    /// Whether the value is a list in the configuration file.
    pub const fn is_list(self) -> bool {
        matches!(self, Key::RedirectUris | Key::Scopes | Key::Secrets)
    }

    /// Whether the value is true or false in the configuration file, without quotes.
    pub const fn is_bool(self) -> bool {
        matches!(self, Key::ScopeInQuery)
    }

    /// Whether the value is a whole number in the configuration file, without quotes.
    pub const fn is_number(self) -> bool {
        matches!(self, Key::MaxRequestsPerHour)
    }

    /// The key with this dotted name.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) with the nearest names.
    pub fn parse(dotted: &str) -> Result<Self> {
        Key::ALL.iter().copied().find(|key| key.dotted() == dotted).ok_or_else(|| {
            let error = Error::usage(format!("`{}` is not a key of a profile", printable(dotted, 80)));
            let ends = format!(".{dotted}");
            let ending: Vec<&str> =
                Key::ALL.iter().map(|key| key.dotted()).filter(|key| key.ends_with(&ends)).collect();
            if !ending.is_empty() {
                return error.hint(format!("did you mean `{}`?", ending.join("` or `")));
            }
            match nearest(dotted, Key::ALL.iter().map(|key| key.dotted())) {
                Some(name) => error.hint(format!("did you mean `{name}`?")),
                None => error.hint(format!(
                    "the keys are {}, targets.NAME.url, targets.NAME.as, targets.NAME.kind",
                    Key::ALL.iter().map(|key| key.dotted()).collect::<Vec<_>>().join(", ")
                )),
            }
        })
    }
}

/// The one of `names` that `typed` is most likely a slip of.
#[cfg(feature = "m2m")]
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(typed, name), name))
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

/// Only the program suggests spellings.
#[cfg(not(feature = "m2m"))]
pub fn nearest<'a>(_: &str, _: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    None
}

/// The origin of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueOrigin {
    /// A command-line option.
    Flag,
    /// This environment variable.
    Variable(&'static str),
    /// The profile.
    Profile,
}

/// Settings by key, each from the strongest source that has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    values: BTreeMap<Key, (Vec<String>, Option<ValueOrigin>)>,
}

impl Settings {
    /// Sets `key` to `values`, unless a stronger source has set it before.
    pub fn offer(&mut self, key: Key, values: Vec<String>, origin: ValueOrigin) {
        self.values.entry(key).or_insert((values, Some(origin)));
    }

    /// Removes the values of `key`.
    pub fn forget(&mut self, key: Key) {
        self.values.remove(&key);
    }

    /// The values of `key`; empty where it is not set.
    pub fn list(&self, key: Key) -> &[String] {
        self.values.get(&key).map_or(&[], |(values, _)| values)
    }

    /// The origin of the value of `key`.
    pub fn origin(&self, key: Key) -> Option<&ValueOrigin> {
        self.values.get(&key).and_then(|(_, origin)| origin.as_ref())
    }

    /// The value of `key`, parsed.
    ///
    /// # Errors
    /// As the type's parser, naming the source: [`Kind::Usage`](crate::error::Kind::Usage) for an option or a variable,
    /// [`Kind::Config`](crate::error::Kind::Config) for the profile.
    pub fn get<T: FromStr<Err = Error>>(&self, key: Key) -> Result<Option<T>> {
        self.get_with(key, T::from_str)
    }

    /// As [`Settings::get`], with a parser of one's own.
    ///
    /// # Errors
    /// As [`Settings::get`].
    pub fn get_with<T>(&self, key: Key, parse: impl FnOnce(&str) -> Result<T>) -> Result<Option<T>> {
        let Some((values, origin)) = self.values.get(&key) else { return Ok(None) };
        let Some(value) = values.first() else { return Ok(None) };
        parse(value).map(Some).map_err(|error| self.blame(key, origin.as_ref(), error))
    }

    pub(crate) fn blame(&self, key: Key, origin: Option<&ValueOrigin>, error: Error) -> Error {
        let error = error.with_setting(key.dotted());
        match origin {
            Some(ValueOrigin::Variable(name)) => error.context(name),
            Some(ValueOrigin::Profile) => {
                error.with_kind(crate::error::Kind::Config).context(key.dotted()).hint(how_to_set(key.dotted()))
            }
            Some(ValueOrigin::Flag) | None => error,
        }
    }
}

/// Advice on how to set a key of a profile.
pub fn how_to_set(dotted: &str) -> Advice {
    Advice::new(AdviceKind::ChangeKey).word("key", dotted)
}

pub(crate) fn from_variable<T: std::str::FromStr<Err = Error>>((name, value): &(&'static str, String)) -> Result<T> {
    value.parse().map_err(|error: Error| error.context(name))
}
