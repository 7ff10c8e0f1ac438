//! Turns the library's advice into hints: a sentence for each kind, with the profile and configuration that were named, and without options
//! that the running command does not have.

mod command_line;
mod flow_sentences;
mod hint;
mod sentences;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use cogtok::error::{Advice, AdviceKind, AdviceSaid, AdviceValue};
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ClientId, Endpoint, ProfileName, Region, Username};

use self::hint::{Hint, Running};
use crate::cli::command_tree;
use crate::env;

/// The parsed command line.
struct Command {
    options: BTreeSet<String>,
    profile: Option<String>,
    config: Option<String>,
    places: Vec<(&'static str, String)>,
    who: Vec<(&'static str, String)>,
    of_login: Vec<(&'static str, String)>,
    firsts: BTreeSet<String>,
}

/// The pool that hints are about, and the options of the aws command for it.
static POOL: Mutex<Option<(String, String)>> = Mutex::new(None);

/// Whether the line or a variable decides on the sign-in flow, and not the profile that hints are about.
static IS_FLOW_ASKED: AtomicBool = AtomicBool::new(false);

/// Names the profile whose pool and flow hints are about from now on.
pub fn set_profile(profile: &Profile) {
    IS_FLOW_ASKED.store(profile.is_flow_asked, Ordering::Relaxed);
    let pool = profile.user_pool_id.as_ref().map(|pool| (pool.to_string(), profile.aws_options()));
    *POOL.lock().unwrap_or_else(PoisonError::into_inner) = pool;
}

/// The text of advice; `None` if the running command has none of the options that it needs. `config` is the configuration that it is about,
/// where that is not the line's.
pub fn shown(advice: &Advice, profile: Option<&str>, config: Option<&str>) -> Option<String> {
    static COMMAND: OnceLock<Command> = OnceLock::new();
    // Built when needed: hints are rare, and clap's whole command tree is slow.
    let command = COMMAND.get_or_init(|| Command::of(&env::args()));
    match &*POOL.lock().unwrap_or_else(PoisonError::into_inner) {
        Some((pool, aws)) => {
            command.says_of(config, &hint(advice).word("pool", pool).fill("aws", aws.clone()), profile)
        }
        None => command.says_of(config, &hint(advice), profile),
    }
}

/// The text of advice where no command runs.
#[cfg(any(test, fuzzing))]
pub fn general(advice: &Advice) -> String {
    hint(advice).shown(&Running::any(None)).unwrap_or_default()
}

/// The advice as a line with its values in their places.
fn hint(advice: &Advice) -> Hint {
    let parts = advice.parts().iter().map(|part| {
        let said = match &part.said {
            AdviceSaid::Kind(AdviceKind::SetKey) => set_key(advice.value("key")),
            AdviceSaid::Kind(kind) => {
                let of_line = flow_sentences::sentence(*kind).filter(|_| IS_FLOW_ASKED.load(Ordering::Relaxed));
                Hint::new(of_line.or_else(|| sentences::sentence(*kind)).unwrap_or_default())
            }
            AdviceSaid::Words(_) | AdviceSaid::Text(_) => Hint::new(""),
        };
        part.values.iter().fold(Hint::of(&part.said, said), |said, (place, value)| match value {
            AdviceValue::Word(word) => said.word(place, word),
            AdviceValue::Listed(words) => said.listed(place, words),
            AdviceValue::Quoted(word) => said.quoted(place, word),
            AdviceValue::Text(text) => said.fill(place, text.clone()),
            AdviceValue::Advice(advice) => said.fill(place, hint(advice)),
        })
    });
    parts.reduce(Hint::then).unwrap_or_else(|| Hint::new(""))
}

/// How to set a setting, with the option for it.
fn set_key(dotted: Option<&str>) -> Hint {
    let option = Key::ALL.iter().find(|key| Some(key.dotted()) == dotted).and_then(|key| option_for(*key));
    let kind = if option.is_some() { AdviceKind::SetKey } else { AdviceKind::ChangeKey };
    Hint::new(sentences::sentence(kind).unwrap_or_default()).fill("option", option.unwrap_or_default())
}

/// The option for a setting, if a command has one.
fn option_for(key: Key) -> Option<&'static str> {
    Some(match key {
        Key::Domain => "--domain",
        Key::IdentityPoolId => "--identity-pool-id",
        Key::M2mClientId | Key::UserClientId => "--client-id",
        Key::SecretArn => "--secret-arn",
        Key::TokenUrl => "--token-url",
        Key::Username => "--username",
        _ => return None,
    })
}

impl Command {
    fn of(args: &[OsString]) -> Self {
        let (path, command) = command_tree::named(args);
        Command {
            options: options(&command),
            profile: profile(args),
            // The last one counts where it is given more than once.
            config: values_of(args, &["--config"]).pop(),
            places: if stores_places(&path) { Vec::new() } else { places(args) },
            who: who(args, path.ends_with(" m2m")),
            of_login: if path.ends_with(" login") { of_login(args) } else { Vec::new() },
            firsts: firsts(),
        }
    }

    #[cfg(test)]
    fn says(&self, hint: &Hint, profile: Option<&str>) -> Option<String> {
        self.says_of(None, hint, profile)
    }

    fn says_of(&self, config: Option<&str>, hint: &Hint, profile: Option<&str>) -> Option<String> {
        hint.shown(&Running {
            profile: profile.or(self.profile.as_deref()),
            config: config.or(self.config.as_deref()),
            places: &self.places,
            who: &self.who,
            of_login: &self.of_login,
            has_option: &|option| self.options.contains(option),
            is_command: &|word| self.firsts.contains(word),
        })
    }
}

/// The options of a command, as they are typed.
fn options(command: &clap::Command) -> BTreeSet<String> {
    let names = command.get_arguments().flat_map(|argument| {
        let long = argument.get_long().map(|long| format!("--{long}"));
        long.into_iter().chain(argument.get_short().map(|short| format!("-{short}")))
    });
    names.collect()
}

/// The first words of all commands.
fn firsts() -> BTreeSet<String> {
    command_tree::whole().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

/// The profile that an option names, of a line that may be malformed.
fn profile(args: &[OsString]) -> Option<String> {
    value_of(args, &["-p", "--profile"]).filter(|name| name.parse::<ProfileName>().is_ok())
}

/// Whether a command writes to a profile where its pool is, so that the next one need not say so.
fn stores_places(path: &str) -> bool {
    ["cogtok profile", "cogtok init"].iter().any(|first| path.starts_with(first))
}

/// The options of a line that say where the pool is, with valid values.
fn places(args: &[OsString]) -> Vec<(&'static str, String)> {
    let is_endpoint = |value: &String| value.parse::<Endpoint>().is_ok();
    let endpoint = value_of(args, &["--endpoint-url"]).filter(is_endpoint).map(|value| ("--endpoint-url", value));
    let is_region = |value: &String| value.parse::<Region>().is_ok();
    let region = value_of(args, &["--region"]).filter(is_region).map(|value| ("--region", value));
    endpoint.into_iter().chain(region).collect()
}

/// The options of a line that say who signs in and with which app client, with valid values. A machine's client is no user's.
fn who(args: &[OsString], is_of_machine: bool) -> Vec<(&'static str, String)> {
    let user = value_of(args, &["--username"]).filter(|name| name.parse::<Username>().is_ok());
    let client = value_of(args, &["--client-id"]).filter(|id| !is_of_machine && id.parse::<ClientId>().is_ok());
    let user = user.map(|name| ("--username", name));
    user.into_iter().chain(client.map(|id| ("--client-id", id))).collect()
}

/// The options of a sign-in with the browser that another try needs as well.
fn of_login(args: &[OsString]) -> Vec<(&'static str, String)> {
    let options = ["--domain", "--identity-provider", "--lang", "--login-hint", "--port", "--prompt", "--scope"];
    let values = |option| values_of(args, &[option]).into_iter().map(move |value| (option, value));
    let given = options.into_iter().flat_map(values).filter(|(_, value)| !value.is_empty());
    // `--sign-up` is left out: where the sign-in fails, the user exists already.
    let flags = ["--no-browser"].into_iter().filter(|flag| has_flag(args, flag));
    given.chain(flags.map(|flag| (flag, String::new()))).collect()
}

/// Whether a line has this option, which takes no value.
fn has_flag(args: &[OsString], flag: &str) -> bool {
    args.iter().take_while(|arg| *arg != "--").any(|arg| arg == flag)
}

/// The first value of an option: later words may be those of a command that `exec` runs.
fn value_of(args: &[OsString], names: &[&str]) -> Option<String> {
    values_of(args, names).into_iter().next()
}

/// All values of an option.
fn values_of(args: &[OsString], names: &[&str]) -> Vec<String> {
    let words: Vec<&str> =
        args.iter().map(|arg| arg.to_str().unwrap_or_default()).take_while(|word| *word != "--").collect();
    let value = |(at, word): (usize, &&str)| {
        if names.contains(word) {
            return words.get(at + 1).map(|value| (*value).to_owned());
        }
        names.iter().find_map(|name| word.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    };
    words.iter().enumerate().filter_map(value).collect()
}

#[cfg(test)]
mod tests;
