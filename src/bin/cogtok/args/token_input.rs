//! An existing token: from the command line, standard input or the cache. No request is made.

use std::path::Path;

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;
use cogtok::error::{Advice, Error, Kind, Result};
use cogtok::oauth::client_credentials;
use cogtok::secret::Secret;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{TokenOwner, TokenUse};
use cogtok::store::within;
use cogtok::user_pool::user_token;

use crate::app::App;
use crate::args::token_output::again;
use crate::io::terminal;
use crate::{completion, env};

/// The most bytes that a token on standard input may have. No service takes one of a hundredth of that.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Whose cached token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OwnerChoice {
    /// The user's
    User,
    /// The machine's
    M2m,
}

/// Options of the commands that look at a token.
#[derive(Debug, Clone, Args)]
pub struct TokenInput {
    /// The token, or - to read it from standard input; else the profile's cached one
    #[arg(value_name = "TOKEN")]
    value: Option<String>,
    /// Whose cached token: the user's or the machine's
    #[arg(long = "as", value_enum, value_name = "WHO", conflicts_with = "value", hide_possible_values = true)]
    whose: Option<OwnerChoice>,
    /// Which of the user's tokens: access or id
    #[arg(long, value_name = "TOKEN", add = ArgValueCandidates::new(completion::tokens))]
    pub token: Option<String>,
    /// The user whose cached token to use
    #[arg(long, value_name = "NAME", conflicts_with = "value", add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
    #[arg(skip)]
    owner: Option<TokenOwner>,
}

impl TokenInput {
    /// The owner of the cached token, if `--as` does not say so.
    pub fn or_of(&mut self, owner: Option<TokenOwner>) {
        self.owner = owner;
    }

    /// Whether a token is given, so that none is looked for in the cache.
    pub fn is_there(&self) -> bool {
        self.value.is_some()
    }

    /// Whether it is read from standard input.
    pub fn is_on_stdin(&self) -> bool {
        self.value.as_deref() == Some("-")
    }

    /// The options that choose the same token again.
    pub fn again(&self, command: &'static str) -> Advice {
        if self.value.is_some() {
            return Advice::new(command).then(Advice::new("{p} -"));
        }
        let whose = self.whose.map(|whose| match whose {
            OwnerChoice::User => "user",
            OwnerChoice::M2m => "m2m",
        });
        let options = [("--as", whose), ("--username", self.username.as_deref()), ("--token", self.token.as_deref())];
        again(command, &options).then(Advice::new("{p}"))
    }

    /// The settings of the profile that these options are.
    pub fn settings(&self) -> Vec<(Key, Option<String>)> {
        vec![(Key::Username, self.username.clone()), (Key::Token, self.token.clone())]
    }

    /// Refuses what clap accepts: a token after `--token`, which takes a kind, and `--token` with a token that was given where it has no
    /// effect.
    pub fn check(&self, can_pin: bool) -> Result<()> {
        let Some(kind) = &self.token else { return Ok(()) };
        if kind.contains('.') || kind.len() > 40 {
            return Err(Error::usage("`--token` takes only access or id (not shown: it may be a token)")
                .hint("give the token itself without an option, or on standard input: `-`"));
        }
        if self.value.is_some() && !can_pin {
            Err(Error::usage("`--token` chooses between cached tokens, and you gave a token"))
        } else {
            Ok(())
        }
    }

    /// The token that was given.
    pub fn read(&self) -> Result<Option<Secret>> {
        let text = match self.value.as_deref() {
            None => return Ok(None),
            Some("-") => {
                let bytes = terminal::stdin_hidden_up_to(MOST_BYTES, || {
                    if terminal::can_ask() {
                        terminal::put_note("Paste the token, then Enter and Ctrl-D.");
                    }
                })?;
                if bytes.len() > MOST_BYTES {
                    return Err(Error::usage(format!("the token on standard input is larger than {MOST_BYTES} bytes")));
                }
                let text = cogtok::text::decode(&bytes);
                let text = text.ok_or_else(|| Error::usage("the token on standard input is not UTF-8"))?;
                text.as_str().to_owned()
            }
            Some(value) => value.to_owned(),
        };
        // A token may be copied from a header with spaces around it.
        let token = text.trim();
        let token = token.strip_prefix('"').and_then(|token| token.strip_suffix('"')).unwrap_or(token);
        let token = after("Bearer ", after("Authorization:", token));
        match token {
            "" => Err(Error::usage("the token is empty")),
            token if token.len() == text.len() => Ok(Some(Secret::new(text))),
            token => Ok(Some(Secret::new(token.to_owned()))),
        }
    }

    /// The profile's cached token, whatever its age, and the profile under which it was found.
    pub fn cached(&self, app: &App, profile: Profile) -> Result<(Secret, Profile)> {
        let has_user = profile.user.client_id.is_some();
        let has_machine = profile.m2m.client_id.is_some() || profile.m2m.secret_arn.is_some();
        let of_owner = self.owner.map(|owner| match owner {
            TokenOwner::User => OwnerChoice::User,
            TokenOwner::M2m => OwnerChoice::M2m,
        });
        let whose = self.whose.or(of_owner).unwrap_or(if has_machine && !has_user {
            OwnerChoice::M2m
        } else {
            OwnerChoice::User
        });
        let profile = match whose {
            OwnerChoice::User => app.resolve_user(app.resolve_region(profile), None)?,
            OwnerChoice::M2m if self.token.as_deref() == Some(TokenUse::Id.as_str()) => {
                return Err(Error::usage("a machine has no ID token"));
            }
            OwnerChoice::M2m if profile.m2m.secret_arn.is_some() => app.resolve_region(profile),
            OwnerChoice::M2m => profile,
        };
        let (key, token) = match whose {
            OwnerChoice::User => (user_token::cache_key(&profile), profile.user.token),
            OwnerChoice::M2m => (client_credentials::cache_key(&profile), TokenUse::Access),
        };
        let key = key.map_err(|error| {
            let error = app.without_profile(&profile, error);
            error.hint("or give a token: `-` reads it from standard input")
        })?;
        let tokens = app.cache().read(&key, env::now());
        let token = tokens.and_then(|tokens| tokens.of(token).map(|token| token.value.clone()));
        match token {
            Some(token) => Ok((token, profile)),
            None => Err(missing(app, &profile, whose)),
        }
    }

    /// The token that was given, else the cached one as [`TokenInput::cached`] has it.
    pub fn read_or_cached(&self, app: &App, profile: Profile) -> Result<(Secret, Profile)> {
        match self.read()? {
            Some(token) => Ok((token, profile)),
            None => self.cached(app, profile),
        }
    }
}

/// The error where the cache has no such token, with what it has instead.
fn missing(app: &App, profile: &Profile, whose: OwnerChoice) -> Error {
    let error = Error::new(Kind::Failure, format!("there is no cached token for {}", described(profile, whose)));
    let others = match whose {
        OwnerChoice::User => app.for_others(profile, None),
        OwnerChoice::M2m => Vec::new(),
    };
    let error = others.into_iter().fold(error, Error::hint);
    let other = match whose {
        OwnerChoice::User => {
            client_credentials::cache_key(profile).ok().and_then(|key| app.cache().read(&key, env::now()))
        }
        OwnerChoice::M2m => app.signed_in(profile).pop().and_then(|known| known.tokens),
    };
    let error = match (whose, other) {
        (_, None) => error,
        (OwnerChoice::User, Some(_)) => error.hint("there is a machine's token: add `--as m2m`"),
        (OwnerChoice::M2m, Some(_)) => error.hint("there is a user's token: add `--as user`"),
    };
    let gets = match (whose, &profile.user.username) {
        (OwnerChoice::M2m, _) => "`cogtok token m2m{p}` gets one",
        (OwnerChoice::User, Some(_)) => "`cogtok token user{p}` gets one",
        (OwnerChoice::User, None) => "`cogtok token user{p} --username NAME` gets one",
    };
    error.hint(Advice::new(gets).then("; `-` reads a token from standard input"))
}

fn described(profile: &Profile, whose: OwnerChoice) -> String {
    match whose {
        OwnerChoice::User => {
            profile.user.username.as_ref().map_or("the user".to_owned(), |name| format!("user {name}"))
        }
        OwnerChoice::M2m => "the machine-to-machine client".to_owned(),
    }
}

/// The content of a named file, at most 1 MiB. A byte order mark for UTF-16 makes it decode the file.
pub fn file(app: &App, path: &Path) -> Result<Vec<u8>> {
    const LIMIT: u64 = 1024 * 1024;
    let bytes = within::read_file(path, LIMIT, app.deadline())
        .map_err(|error| Error::usage(format!("{} can't be read: {error}", path.display())))?;
    bytes.map(without_mark).ok_or_else(|| Error::usage(format!("{} is larger than 1 MiB", path.display())))
}

/// The bytes as UTF-8 without the mark that PowerShell puts before them, if they are text.
pub fn without_mark(bytes: Vec<u8>) -> Vec<u8> {
    cogtok::text::decode(&bytes).map_or(bytes, |text| text.as_bytes().to_vec())
}

/// The text after the prefix and spaces. The prefix is matched without case (RFC 9110 sections 5.1 and 11.1); without it, the whole text.
fn after<'a>(prefix: &str, text: &'a str) -> &'a str {
    match text.split_at_checked(prefix.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => rest.trim_start(),
        _ => text,
    }
}
