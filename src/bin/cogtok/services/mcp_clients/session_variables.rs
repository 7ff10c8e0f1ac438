//! The variables of this session that cogtok also needs when a client starts it, since clients pass on only a few.

use std::path::Path;

use cogtok::settings::aws_services::Service;
use cogtok::settings::keys::{Key, OLD_VARIABLES};
use cogtok::settings::secret_detection::{is_like_a_secret, is_misplaced};

use crate::env;

/// What a variable's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A setting of a profile.
    Setting(Key),
    /// The same in every directory, and never a secret.
    Plain,
    /// A path.
    Path,
    /// A path in which the AWS tools expand `~`.
    AwsPath,
    /// Several paths.
    Paths,
    /// The address of a proxy, perhaps with a user name and a password.
    Proxy,
}

/// Variables that change what cogtok does, besides those of the settings.
const OTHERS: [(&str, Form); 18] = [
    ("COGTOK_CONFIG", Form::Path),
    ("COGTOK_SECRET_STORE", Form::Plain),
    ("COGTOK_SECRET_IDENTITY", Form::Path),
    ("COGTOK_TIMEOUT", Form::Plain),
    ("AWS_PROFILE", Form::Plain),
    ("AWS_CONFIG_FILE", Form::AwsPath),
    ("AWS_SHARED_CREDENTIALS_FILE", Form::AwsPath),
    ("AWS_REGION", Form::Plain),
    ("AWS_DEFAULT_REGION", Form::Plain),
    ("AWS_CA_BUNDLE", Form::Path),
    ("SSL_CERT_FILE", Form::Path),
    ("SSL_CERT_DIR", Form::Paths),
    ("HTTPS_PROXY", Form::Proxy),
    ("https_proxy", Form::Proxy),
    ("ALL_PROXY", Form::Proxy),
    ("all_proxy", Form::Proxy),
    ("NO_PROXY", Form::Plain),
    ("no_proxy", Form::Plain),
];

/// Variables of this session that name the usual place, mostly.
const PLACES: [(&str, &str); 4] = [
    ("XDG_CONFIG_HOME", ".config"),
    ("XDG_CACHE_HOME", ".cache"),
    ("XDG_STATE_HOME", ".local/state"),
    ("XDG_DATA_HOME", ".local/share"),
];

impl Form {
    /// The value as it holds in the directory in which a client starts its servers.
    fn anywhere(self, value: &str) -> String {
        match self {
            Form::Setting(_) | Form::Plain | Form::Proxy => value.to_owned(),
            Form::AwsPath if Path::new(value).starts_with("~") => value.to_owned(),
            Form::Path | Form::AwsPath => absolute(Path::new(value)),
            Form::Paths => {
                let paths = std::env::split_paths(value).map(|path| absolute(&path));
                std::env::join_paths(paths).ok().and_then(|paths| paths.into_string().ok()).unwrap_or(value.to_owned())
            }
        }
    }

    /// Whether the value may contain a secret.
    fn may_be_secret(self, value: &str) -> bool {
        match self {
            Form::Setting(key) => is_misplaced(key, value),
            // A password with an unencoded `/` or `#` moves the `@` out of what a parser takes for the user.
            Form::Proxy => value.contains('@'),
            // An identity may be where its file should be named.
            Form::Path => !value.contains(['/', '\\']) && is_like_a_secret(value),
            Form::Plain | Form::AwsPath | Form::Paths => false,
        }
    }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).to_string_lossy().into_owned()
}

/// The variables of this session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionVariables {
    /// Those that an entry may contain, with values that hold in every directory.
    pub plain: Vec<(String, String)>,
    /// The names of those whose values may contain a secret.
    pub doubtful: Vec<String>,
}

/// The variables of this session that cogtok also needs when a client starts it, since clients pass on only a few. The old scripts'
/// variables are needed where no profile is in use.
pub fn session_variables(has_profile: bool) -> SessionVariables {
    let settings = Key::ALL.iter().filter_map(|key| Some((key.variable()?, Form::Setting(*key))));
    let old = OLD_VARIABLES.iter().filter(|_| !has_profile).map(|(key, name)| (*name, Form::Setting(*key)));
    let services = Service::ALL.iter().map(|service| service.variable()).chain(["AWS_ENDPOINT_URL"]);
    let services = services.map(|name| (name, Form::Setting(Key::EndpointUrl)));
    let known = settings.chain(old).chain(services).chain(OTHERS);
    // Windows ignores the case of names, so it has each of them once.
    let known = known.filter(|(name, _)| !cfg!(windows) || !name.starts_with(|first: char| first.is_ascii_lowercase()));
    let set = known.filter_map(|(name, form)| Some((name.to_owned(), form, env::var(name)?)));
    let (doubtful, plain): (Vec<_>, Vec<_>) = set.partition(|(_, form, value)| form.may_be_secret(value));
    let home = directories::BaseDirs::new().map(|base| base.home_dir().to_path_buf()).unwrap_or_default();
    let places = PLACES.iter().filter_map(|(name, usual)| {
        let value = env::var(name)?;
        (Path::new(&value) != home.join(usual)).then(|| ((*name).to_owned(), value))
    });
    let plain = plain.into_iter().map(|(name, form, value)| (name, form.anywhere(&value)));
    SessionVariables {
        plain: plain.chain(places).collect(),
        doubtful: doubtful.into_iter().map(|(name, ..)| name).collect(),
    }
}
