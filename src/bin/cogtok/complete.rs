//! What TAB offers: from the command tree and the configuration file alone; no keyring, no network. An error offers
//! nothing.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::CommandFactory;
use clap_complete::CompletionCandidate;
use clap_complete::env::Shells;
use cogtok::error::printable;
use cogtok::flows::import::SourceKind;
use cogtok::profile::keys::{Key, Settings};
use cogtok::profile::targets::{Address, Target};
use cogtok::profile::words::{
    AuthFlow, AuthMethod, FirstFactor, SecretKind, TargetKind, TokenOwner, TokenUse, Transport,
};
use cogtok::store::config::Config;

use crate::cli::Cli;
use crate::{app, env, terminal};

/// The variable by which a shell's script asks for candidates instead of running a command.
pub const VARIABLE: &str = "COGTOK_COMPLETE";

/// The configuration file that the line being completed names.
static CONFIG: OnceLock<Option<PathBuf>> = OnceLock::new();

/// The profile that it names.
static PROFILE: OnceLock<Option<String>> = OnceLock::new();

/// Answers a shell that asks for candidates; says whether one did.
pub fn answer(args: &[OsString]) -> bool {
    let words: Vec<OsString> = args.iter().skip_while(|arg| *arg != "--").skip(1).cloned().collect();
    let (shells, shell) = (Shells::builtins(), env::var(VARIABLE));
    // The variable alone, left over in an environment, must not make every command succeed and do nothing.
    let Some(shell) = shell.filter(|_| !words.is_empty()) else { return false };
    let Some(shell) = shells.completer(&shell) else { return true };
    let _ = CONFIG.set(value_of(&words, &["--config"]).map(PathBuf::from));
    let _ = PROFILE.set(value_of(&words, &["--profile", "-p"]).and_then(|name| name.into_string().ok()));
    let mut command = Cli::command();
    command.build();
    let mut candidates = Vec::new();
    if shell.write_complete(&mut command, words, env::current_dir().as_deref(), &mut candidates).is_ok() {
        terminal::last_data(&String::from_utf8_lossy(&candidates));
    }
    true
}

/// What follows one of these options on a command line.
fn value_of(words: &[OsString], options: &[&str]) -> Option<OsString> {
    let is_option = |word: &OsString| options.iter().any(|option| word == option);
    let behind = words.iter().position(is_option).and_then(|index| words.get(index + 1));
    let joined = || {
        let values = words.iter().filter_map(|word| word.to_str()?.split_once('='));
        values.filter(|(option, _)| options.contains(option)).map(|(_, value)| OsString::from(value)).next()
    };
    behind.cloned().or_else(joined)
}

/// The script that makes `shell` ask; none for a shell that is not known.
pub fn script(shell: &str) -> Option<String> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    shells.completer(shell)?.write_registration(VARIABLE, "cogtok", "cogtok", "cogtok", &mut script).ok()?;
    let script = String::from_utf8(script).ok()?;
    // Installed, zsh loads the script at the first TAB, which it must then answer rather than only prepare for the next.
    let register = "compdef _clap_dynamic_completer_cogtok cogtok\n";
    let answer_or_register = format!(
        "if [[ ${{funcstack[1]}} == _cogtok ]]; then\n    _clap_dynamic_completer_cogtok \"$@\"\nelse\n    {register}fi\n"
    );
    Some(if shell == "zsh" { script.replace(register, &answer_or_register) } else { script })
}

/// Profile names, with what each is for.
pub fn profiles() -> Vec<CompletionCandidate> {
    let named = CONFIG.get().and_then(Option::as_deref);
    let Ok(config) = app::config_path(named).and_then(|path| Config::load(&path)) else { return Vec::new() };
    let candidate = |name: cogtok::profile::words::ProfileName| {
        let mut settings = Settings::default();
        let _ = config.offer(&name, &mut settings);
        let first = |key| settings.list(key).first().map(|text| printable(text, 60).into());
        let help = first(Key::Description).or_else(|| first(Key::UserPoolId));
        CompletionCandidate::new(name.as_str()).help(help)
    };
    config.names().into_iter().map(candidate).collect()
}

/// The targets of the profile that `call http` can call, with what each is.
pub fn http_targets() -> Vec<CompletionCandidate> {
    targets(|target| matches!(target.address, Address::Url(_)))
}

/// The targets of the profile that are agents.
pub fn runtime_targets() -> Vec<CompletionCandidate> {
    targets(|target| target.kind == TargetKind::Runtime)
}

fn targets(is_wanted: impl Fn(&Target) -> bool) -> Vec<CompletionCandidate> {
    let named = CONFIG.get().and_then(Option::as_deref);
    let Ok(config) = app::config_path(named).and_then(|path| Config::load(&path)) else { return Vec::new() };
    let profile = PROFILE.get().cloned().flatten().or_else(|| env::var("COGTOK_PROFILE"));
    let profile = profile.map_or_else(|| config.default_profile().ok().flatten(), |name| name.parse().ok());
    let Some(profile) = profile else { return Vec::new() };
    let found = config.targets(&profile).into_iter().filter_map(|name| config.target(&profile, &name).ok());
    let candidate = |target: Target| {
        let help = printable(&format!("{}: {}", target.kind, target.address), 80);
        CompletionCandidate::new(target.name.as_str()).help(Some(help.into()))
    };
    found.filter(is_wanted).map(candidate).collect()
}

/// The keys that `profile set` takes.
pub fn keys() -> Vec<CompletionCandidate> {
    words(Key::ALL.iter().filter(|key| **key != Key::Secrets).map(|key| key.dotted()))
}

/// The kinds of secret.
pub fn secret_kinds() -> Vec<CompletionCandidate> {
    words(SecretKind::STORED_BY_HAND.iter().map(|kind| kind.as_str()))
}

/// The sign-in flows.
pub fn auth_flows() -> Vec<CompletionCandidate> {
    words(AuthFlow::ALL.iter().map(|flow| flow.as_str()))
}

/// The first factors of the flow that offers a choice.
pub fn first_factors() -> Vec<CompletionCandidate> {
    words(FirstFactor::ALL.iter().map(|factor| factor.as_str()))
}

/// The ways in which a client authenticates.
pub fn auth_methods() -> Vec<CompletionCandidate> {
    words(AuthMethod::ALL.iter().map(|method| method.as_str()))
}

/// Where a machine's token is asked for.
pub fn transports() -> Vec<CompletionCandidate> {
    words(Transport::ALL.iter().map(|transport| transport.as_str()))
}

/// The tokens of a user.
pub fn tokens() -> Vec<CompletionCandidate> {
    words(TokenUse::ALL.iter().map(|token| token.as_str()))
}

/// Whose token a call carries.
pub fn owners() -> Vec<CompletionCandidate> {
    words(TokenOwner::ALL.iter().map(|owner| owner.as_str()))
}

/// The kinds of source that a profile is imported from.
pub fn source_kinds() -> Vec<CompletionCandidate> {
    words(SourceKind::ALL.iter().map(|kind| kind.as_str()))
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> Vec<CompletionCandidate> {
    words.map(CompletionCandidate::new).collect()
}
