//! The variables of this session that cogtok also needs when a client starts it, since clients pass on only a few.

use std::path::Path;

use crate::env;

/// What a variable's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The same in every directory.
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

/// Variables that change what cogtok does and hold no secret.
const HANDED_ON: [(&str, Form); 14] = [
    ("COGTOK_CONFIG", Form::Path),
    ("COGTOK_SECRET_STORE", Form::Plain),
    ("COGTOK_SECRET_IDENTITY", Form::Path),
    ("AWS_PROFILE", Form::Plain),
    ("AWS_CONFIG_FILE", Form::AwsPath),
    ("AWS_SHARED_CREDENTIALS_FILE", Form::AwsPath),
    ("AWS_CA_BUNDLE", Form::Path),
    ("SSL_CERT_FILE", Form::Path),
    ("SSL_CERT_DIR", Form::Paths),
    ("HTTPS_PROXY", Form::Proxy),
    ("https_proxy", Form::Proxy),
    ("ALL_PROXY", Form::Proxy),
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
            Form::Plain | Form::Proxy => value.to_owned(),
            Form::AwsPath if Path::new(value).starts_with("~") => value.to_owned(),
            Form::Path | Form::AwsPath => absolute(Path::new(value)),
            Form::Paths => {
                let paths = std::env::split_paths(value).map(|path| absolute(&path));
                std::env::join_paths(paths).ok().and_then(|paths| paths.into_string().ok()).unwrap_or(value.to_owned())
            }
        }
    }

    /// Whether the value may contain a password.
    fn may_be_secret(self, value: &str) -> bool {
        // A password with an unencoded `/` or `#` moves the `@` out of what a parser takes for the user.
        self == Form::Proxy && value.contains('@')
    }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).to_string_lossy().into_owned()
}

/// The variables of this session that cogtok also needs when a client starts it, since clients pass on only a few. Those with a password
/// are left out, and named.
pub fn variables() -> (Vec<(String, String)>, Vec<&'static str>) {
    let home = directories::BaseDirs::new().map(|base| base.home_dir().to_path_buf()).unwrap_or_default();
    let set = HANDED_ON.iter().filter_map(|(name, form)| Some((*name, *form, env::var(name)?)));
    let (secret, safe): (Vec<_>, Vec<_>) = set.partition(|(_, form, value)| form.may_be_secret(value));
    let safe = safe.into_iter().map(|(name, form, value)| (name, form.anywhere(&value)));
    let places = PLACES.iter().filter_map(|(name, usual)| {
        let value = env::var(name)?;
        (Path::new(&value) != home.join(usual)).then_some((*name, value))
    });
    let kept = safe.chain(places).map(|(name, value)| (name.to_owned(), value)).collect();
    (kept, secret.into_iter().map(|(name, ..)| name).collect())
}
