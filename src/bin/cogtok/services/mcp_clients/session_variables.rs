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
    ("HTTPS_PROXY", Form::Plain),
    ("https_proxy", Form::Plain),
    ("ALL_PROXY", Form::Plain),
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
            Form::Plain => value.to_owned(),
            Form::AwsPath if Path::new(value).starts_with("~") => value.to_owned(),
            Form::Path | Form::AwsPath => absolute(Path::new(value)),
            Form::Paths => {
                let paths = std::env::split_paths(value).map(|path| absolute(&path));
                std::env::join_paths(paths).ok().and_then(|paths| paths.into_string().ok()).unwrap_or(value.to_owned())
            }
        }
    }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).to_string_lossy().into_owned()
}

/// The variables of this session that cogtok also needs when a client starts it, since clients pass on only a few. Those with a password
/// are left out, and named.
pub fn variables() -> (Vec<(String, String)>, Vec<&'static str>) {
    let home = directories::BaseDirs::new().map(|base| base.home_dir().to_path_buf()).unwrap_or_default();
    let set = HANDED_ON.iter().filter_map(|(name, form)| Some((*name, form.anywhere(&env::var(name)?))));
    let (safe, secret): (Vec<_>, Vec<_>) = set.partition(|(_, value)| !value.contains('@'));
    let places = PLACES.iter().filter_map(|(name, usual)| {
        let value = env::var(name)?;
        (Path::new(&value) != home.join(usual)).then_some((*name, value))
    });
    let kept = safe.into_iter().chain(places).map(|(name, value)| (name.to_owned(), value)).collect();
    (kept, secret.into_iter().map(|(name, _)| name).collect())
}
