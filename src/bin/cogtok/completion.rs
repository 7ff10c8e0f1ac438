//! Candidates for completion, from files of this machine only: no keyring, no network. Errors give no candidates.

mod aws;
pub mod command_line;
mod name_history;
mod programs;
pub mod targets;

use clap_complete::CompletionCandidate;
use clap_complete::env::Shells;
use cogtok::settings::keys::{Key, Settings};
use cogtok::settings::targets::Field;
use cogtok::settings::types::{
    AuthFlow, AuthMethod, FirstFactor, SecretKind, TargetKind, TokenOwner, TokenUse, Transport,
};

use cogtok::user_pool::get_derived_token::TokenType;

use crate::services::export::OWN;
use crate::services::import::SourceKind;

/// The variable by which a shell's script asks for candidates instead of running a command.
pub const VARIABLE: &str = "COGTOK_COMPLETE";

/// The variable with which PowerShell's script passes the words of the line, one a line.
pub const WORDS: &str = "_COGTOK_WORDS";

/// Completes what follows `--` of `exec` and `serve` as zsh completes that command.
const HAND_OVER_IN_ZSH: &str = r"    local -i dashes=${words[(ie)--]}
    local -a own=(${words[1,dashes-1]})
    if (( dashes < CURRENT && (${own[(Ie)exec]} || ${own[(Ie)serve]}) )); then
        shift $dashes words
        (( CURRENT -= dashes ))
        _normal -p cogtok
        return
    fi
";

pub use aws::profiles as aws_profiles;
pub use name_history::{claim_names, groups, scopes, users};
pub use programs::commands;

/// The completion script of `shell`; `None` for an unknown shell.
pub fn script(shell: &str) -> Option<String> {
    match shell {
        // clap's own script splits `--option=value` into three words.
        "bash" => return Some(include_str!("../../../completions/cogtok.bash").to_owned()),
        // clap's own scripts evaluate what is typed, or can't complete the command after `--`.
        "fish" => return Some(include_str!("../../../completions/cogtok.fish").to_owned()),
        "powershell" => return Some(include_str!("../../../completions/_cogtok.ps1").to_owned()),
        _ => {}
    }
    let mut script = Vec::new();
    let shells = Shells::builtins();
    shells.completer(shell)?.write_registration(VARIABLE, "cogtok", "cogtok", "cogtok", &mut script).ok()?;
    let script = String::from_utf8(script).ok()?;
    // An installed script is loaded by zsh at the first TAB, so it must answer at once and not only register itself.
    let register = "compdef _clap_dynamic_completer_cogtok cogtok\n";
    let answer_or_register = format!(
        "if [[ ${{funcstack[1]}} == _cogtok ]]; then\n    _clap_dynamic_completer_cogtok \"$@\"\nelse\n    {register}fi\n"
    );
    let begin = "function _clap_dynamic_completer_cogtok() {\n";
    let hand_over_first = format!("{begin}{HAND_OVER_IN_ZSH}");
    let of_zsh = |script: &str| script.replace(register, &answer_or_register).replace(begin, &hand_over_first);
    Some(if shell == "zsh" { of_zsh(&script) } else { script })
}

/// Profile names, with what each is for.
pub fn profiles() -> Vec<CompletionCandidate> {
    let Some(config) = command_line::line().config() else { return Vec::new() };
    let candidate = |name: cogtok::settings::types::ProfileName| {
        let mut settings = Settings::default();
        let _ = config.offer(&name, &mut settings);
        let first = |key| settings.list(key).first().map(|text| cogtok::error::printable(text, 60).into());
        let help = first(Key::Description).or_else(|| first(Key::UserPoolId));
        CompletionCandidate::new(name.as_str()).help(help)
    };
    config.names().into_iter().map(candidate).collect()
}

/// The keys that `profile set` takes.
pub fn keys() -> Vec<CompletionCandidate> {
    of_all().chain(targets::keys()).collect()
}

/// The keys that `profile unset` takes.
pub fn unset_keys() -> Vec<CompletionCandidate> {
    of_all().chain(targets::whole()).chain(targets::keys_with_values()).collect()
}

fn of_all() -> impl Iterator<Item = CompletionCandidate> {
    Key::ALL.iter().filter(|key| **key != Key::Secrets).map(|key| CompletionCandidate::new(key.dotted()))
}

/// The values of the key that the line sets, where they are a closed set or were seen.
pub fn values() -> Vec<CompletionCandidate> {
    match command_line::line().field() {
        Some(Field::As) => return owners(),
        Some(Field::Kind) => return words(TargetKind::ALL.iter().map(|kind| kind.as_str())),
        Some(Field::Url) => return Vec::new(),
        None => {}
    }
    match command_line::line().key() {
        Some(Key::AuthFlow) => auth_flows(),
        Some(Key::PreferredChallenge) => first_factors(),
        Some(Key::Token) => tokens(),
        Some(Key::AuthMethod) => auth_methods(),
        Some(Key::Transport) => transports(),
        Some(Key::ScopeInQuery) => words(["true", "false"].into_iter()),
        Some(Key::Region) => regions(),
        Some(Key::AwsProfile) => aws_profiles(),
        Some(Key::Username) => users(),
        Some(Key::Scopes) => scopes(),
        _ => Vec::new(),
    }
}

/// The profiles; if none matches, the keys, which may replace a profile's name.
pub fn profiles_and_keys() -> Vec<CompletionCandidate> {
    let profiles = profiles();
    let keys = if profiles.is_empty() { Vec::new() } else { keys() };
    profiles.into_iter().chain(keys.into_iter().map(|key| key.hide(true))).collect()
}

/// The values of the preceding key, if there is one, else the keys.
pub fn keys_or_values() -> Vec<CompletionCandidate> {
    let line = command_line::line();
    if line.key().is_some() || line.field().is_some() { values() } else { keys() }
}

/// The second factors.
pub fn mfa_types() -> Vec<CompletionCandidate> {
    words(["app", "sms", "email"].into_iter())
}

/// The Regions.
pub fn regions() -> Vec<CompletionCandidate> {
    words(aws::REGIONS.into_iter())
}

/// The keys that `profile export` leaves out by default.
pub fn own_keys() -> Vec<CompletionCandidate> {
    words(OWN.iter().map(|key| key.dotted()))
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

/// The ways to request a machine's token.
pub fn transports() -> Vec<CompletionCandidate> {
    words(Transport::ALL.iter().map(|transport| transport.as_str()))
}

/// The tokens of a user.
pub fn tokens() -> Vec<CompletionCandidate> {
    words(TokenUse::ALL.iter().map(|token| token.as_str()))
}

/// What a token that is exchanged may be.
pub fn token_types() -> Vec<CompletionCandidate> {
    words(TokenType::ALL.iter().map(|kind| kind.as_str()))
}

/// What a token may be exchanged for.
pub fn issued_token_types() -> Vec<CompletionCandidate> {
    words([TokenType::AccessToken, TokenType::IdToken].iter().map(|kind| kind.as_str()))
}

/// The owners of a call's token.
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
