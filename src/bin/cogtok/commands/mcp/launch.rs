//! The command of an entry of `mcp install`, with the options and variables that it needs, and what is left out of it.

use std::path::Path;
use std::time::Duration;

use cogtok::error::{Advice, Error, Result};
use cogtok::settings::types::{SecretKind, TokenOwner};

use super::install::Install;
use crate::app::{App, variable};
use crate::args::token_args::TokenArgs;
use crate::commands::call::mcp_target::Server;
use crate::env;
use crate::io::terminal;
use crate::services::mcp_clients::{Launch, McpClient, command_of_this_program, session_variables};

/// What an entry lacks: to be told once the entry is there.
#[derive(Default)]
pub struct LeftOut {
    notes: Vec<Said>,
}

enum Said {
    Note(String),
    Hint(Advice),
}

impl LeftOut {
    /// Says what the entry lacks, why, and where to set it.
    pub fn tell(self) {
        for said in self.notes {
            match said {
                Said::Note(text) => terminal::note(&text),
                Said::Hint(advice) => terminal::hint(advice),
            }
        }
    }

    fn note(&mut self, text: String) {
        self.notes.push(Said::Note(text));
    }

    fn hint(&mut self, advice: impl Into<Advice>) {
        self.notes.push(Said::Hint(advice.into()));
    }
}

/// How the client starts cogtok, and what it will lack.
///
/// # Errors
/// [`Kind::Usage`](cogtok::error::Kind::Usage) for a helper of a client that runs none, and for options that an entry can't have.
pub fn launch(app: &App, args: &Install, server: &Server, source: &TokenArgs) -> Result<(Launch, LeftOut)> {
    let owner = source.whose(app)?;
    let options = [options(app)?, source.arguments(owner)?].concat();
    // Another machine has the program in another place, and other variables.
    let command = if args.project { "cogtok".to_owned() } else { command_of_this_program() };
    let has_profile = app.profile_name()?.is_some();
    let session = session_variables(has_profile);
    let why = match (args.headers_helper, args.project) {
        (true, _) => Some("a helper gets only the client's own variables"),
        (false, true) => Some("others may share the project's file"),
        (false, false) => None,
    };
    let launch = if args.headers_helper {
        helper(args.client, server, command, options)?
    } else {
        let login = (owner == TokenOwner::User && can_sign_in(app)).then(|| "--login".to_owned());
        let words = ["mcp-proxy".to_owned(), args.target.clone()].into_iter().chain(options).chain(login);
        let env = if args.project { Vec::new() } else { session.plain.clone() };
        Launch::Command { command, args: words.collect(), env }
    };
    let (mut left_out, mut names): (LeftOut, Vec<String>) = Default::default();
    if let Some(why) = why {
        names.extend(session.plain.into_iter().map(|(name, _)| name));
        left_out.add_names(&names, why);
    }
    let is_one = session.doubtful.len() == 1;
    left_out.add_names(&session.doubtful, if is_one { "it may contain a secret" } else { "they may contain secrets" });
    names.extend(session.doubtful);
    names.extend(left_out.add_secrets(args.client, owner, has_profile));
    left_out.add_place(args.client, &names);
    Ok((launch, left_out))
}

/// The options of this call that hold for the entry too.
fn options(app: &App) -> Result<Vec<String>> {
    let given = &app.global;
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string();
    let profile = app.profile_name()?.map(|profile| profile.to_string());
    let mut options = vec![("-p", profile), ("--config", given.config.as_deref().map(absolute))];
    for ((key, value), option) in app.global_options().into_iter().zip(["--region", "--aws-profile", "--endpoint-url"])
    {
        value.iter().try_for_each(|value| key.check(value))?;
        options.push((option, value));
    }
    options.push(("--ca-bundle", given.ca_bundle.as_deref().map(absolute)));
    let time = |time: Duration| match time.subsec_millis() {
        0 => format!("{}s", time.as_secs()),
        _ => format!("{}ms", time.as_millis()),
    };
    options.push(("--timeout", given.timeout.map(time)));
    let given = options.into_iter().filter_map(|(option, value)| Some([option.to_owned(), value?]));
    Ok(given.flatten().collect())
}

fn helper(client: McpClient, server: &Server, command: String, options: Vec<String>) -> Result<Launch> {
    if !client.has_headers_helper() {
        return Err(Error::usage(format!("{} can't run a command for headers", client.name()))
            .hint("leave `--headers-helper` out: the client starts `cogtok mcp-proxy`"));
    }
    let words = [vec![command, "header".to_owned(), "--format".to_owned(), "json".to_owned()], options].concat();
    let helper = shlex::try_join(words.iter().map(String::as_str))
        .map_err(|why| Error::usage(format!("the helper's command line can't be written: {why}")))?;
    Ok(Launch::HeadersHelper { url: server.url.to_string(), helper })
}

impl LeftOut {
    /// Adds which variables the entry lacks, and why.
    fn add_names(&mut self, names: &[String], why: &str) {
        if let Some(list) = listed(names) {
            self.note(format!("cogtok left {list} out, since {why}"));
        }
    }

    /// Adds where to set what the entry lacks.
    fn add_place(&mut self, client: McpClient, names: &[String]) {
        let (Some(list), name) = (listed(names), client.name()) else { return };
        let them = if names.len() == 1 { "it" } else { "them" };
        self.hint(match client {
            // These two start servers with a few variables only.
            McpClient::Codex => {
                format!("set {list} where you start {name}, and list {them} in `env_vars` of the server")
            }
            McpClient::ClaudeDesktop => {
                format!("read `cogtok help mcp-clients`: {name} passes on none of your variables")
            }
            _ => format!("set {list} where you start {name}"),
        });
    }

    /// Adds which secrets of this session the entry lacks, and how to store them. Gives those that can't be stored.
    fn add_secrets(&mut self, client: McpClient, owner: TokenOwner, has_profile: bool) -> Vec<String> {
        let (kinds, old) = match owner {
            TokenOwner::M2m => (&[SecretKind::M2mClient][..], "COGNITO_M2M_CLIENT_SECRET"),
            TokenOwner::User => (&[SecretKind::UserClient, SecretKind::Password][..], "COGNITO_PASSWORD"),
        };
        let is_set = |name: &&str| env::secret(name).is_some();
        let of_kinds = kinds.iter().filter_map(|kind| Some((*kind, variable(*kind).filter(|name| is_set(name))?)));
        for (kind, name) in of_kinds.clone().filter(|_| has_profile) {
            self.note(format!("cogtok left {name} out, since it is a secret"));
            let store = Advice::new("store it before you start {client}: cogtok secret set {kind}{p}");
            self.hint(store.text("client", client.name()).text("kind", kind));
        }
        let unstored = of_kinds.map(|(_, name)| name).chain(Some(old).filter(is_set)).filter(|_| !has_profile);
        let opens_store = "COGTOK_PASSPHRASE";
        let names: Vec<String> = unstored.chain(Some(opens_store).filter(is_set)).map(str::to_owned).collect();
        self.add_names(&names, if names.len() == 1 { "it is a secret" } else { "they are secrets" });
        names
    }
}

fn listed(names: &[String]) -> Option<String> {
    let (last, others) = names.split_last()?;
    Some(if others.is_empty() { last.clone() } else { format!("{} and {last}", others.join(", ")) })
}

/// Whether the profile has what a sign-in through the browser needs.
fn can_sign_in(app: &App) -> bool {
    app.profile(&[]).is_ok_and(|profile| profile.domain().is_ok() && profile.user_client_id().is_ok())
}
