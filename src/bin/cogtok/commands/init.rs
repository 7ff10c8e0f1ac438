//! `cogtok init`: from what you were given to a token, by questions. It writes what `profile import` writes and signs in as
//! `token user` and `token m2m` do.

mod given;
mod machine;
mod user;

use clap::Args;
use cogtok::error::{Advice, Error, Kind, Result};
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::settings::keys::Key;
use cogtok::settings::types::{ClientId, ProfileName};

use self::given::Given;
use crate::app::App;
use crate::commands::profile::import::{Choice, ProfilePlan, Source, planned, write};
use crate::io::terminal;
use crate::services::import::SourceKind;

/// Set up a profile by questions, and sign in
///
/// SOURCE is what you were given: a file, a URL, a user pool id, an app client id, or the name of a CloudFormation stack.
/// cogtok finds out the rest, asks for what nobody else knows, and stores a token. For scripts there are `cogtok profile
/// import` and `cogtok profile create`: this command only talks to a person at a terminal.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok init\n  \
    cogtok init us-east-1_AbCdEfGhI\n  \
    cogtok init class.age\n  \
    cogtok init https://ws.auth.us-east-1.amazoncognito.com --name ws")]
pub struct Init {
    /// What you were given; without it cogtok asks
    #[arg(value_hint = clap::ValueHint::AnyPath)]
    source: Option<String>,
    /// The profile's name; else one that the source suggests
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

pub fn run(app: &mut App, args: &Init) -> Result<()> {
    if !terminal::can_ask() {
        return Err(Error::new(Kind::NeedsHuman, ["`cogtok init` asks questions, and ", terminal::nobody_there()].concat())
            .hint("create a profile: cogtok profile import SOURCE, or cogtok profile create NAME --user-pool-id ID --client-id ID")
            .hint("then get a token: `cogtok token user --username NAME`, or `cogtok token m2m`"));
    }
    app.expect_new_config();
    let named: Option<ProfileName> = args.name.as_deref().map(str::parse).transpose()?;
    if let Some(name) = named.as_ref().filter(|name| app.config().is_ok_and(|config| config.names().contains(name))) {
        return Err(Error::config(format!("there is already a profile `{name}`"))
            .hint("choose another name with `--name NAME`"));
    }
    let given = match &args.source {
        Some(source) => given::read(source)?,
        None => given::ask()?,
    };
    let mut plans = plans(app, given, named)?;
    write(app, &mut plans)?;
    plans.iter().for_each(report);
    let [plan] = plans.as_slice() else {
        terminal::hint("choose one: cogtok profile use NAME");
        return Ok(());
    };
    app.reread_config();
    app.global.profile = Some(plan.name.to_string());
    let has = |key: Key| plan.settings.iter().any(|setting| setting.key == key);
    let is_complete = |part: &str| plan.missing.iter().all(|missing| !missing.what.starts_with(part));
    let done = if has(Key::UserClientId) && is_complete("users") {
        user::sign_in(app, plan)
    } else if has(Key::M2mClientId) || has(Key::SecretArn) {
        machine::sign_in(app, plan)
    } else {
        return Ok(());
    };
    // A profile that can't be used would only block the next try.
    if let Err(error) = &done
        && error.kind() == Kind::Config
        && plan.kind == SourceKind::Issuer
    {
        terminal::note(&format!("deleted profile `{}` again", plan.name));
        crate::services::config_edit::edit(&app.config_path()?, app.deadline(), |draft| draft.remove(&plan.name))?;
    }
    done
}

/// The profiles to write for the input, after asking for missing ids.
fn plans(app: &App, given: Given, named: Option<ProfileName>) -> Result<Vec<ProfilePlan>> {
    let (pool, client_id) = match given {
        Given::Source(source, kind) => {
            let choice = Choice { user_pool_id: None, client_id: None, m2m_client_id: None };
            return planned(app, Source::Named { source, kind, choice }, named);
        }
        Given::Endpoint(url) => {
            let client = given::ask_client()?;
            return planned(app, machine(&url, &client)?, named);
        }
        Given::Client(client) => match given::ask_pool_or_endpoint()? {
            Given::Endpoint(url) => return planned(app, machine(&url, &client)?, named),
            Given::Pool(issuer) => (issuer, client),
            Given::Source(..) | Given::Client(_) => return Err(Error::usage("this is neither a pool id nor a URL")),
        },
        Given::Pool(issuer) => (issuer, given::ask_client()?),
    };
    let mut issuer = pool;
    let mut tries = 1;
    loop {
        let choice = Choice { user_pool_id: None, client_id: Some(client_id.to_string()), m2m_client_id: None };
        let source = Source::Named { source: issuer.clone(), kind: Some(SourceKind::Issuer), choice };
        match planned(app, source, named.clone()) {
            // The pool does not exist.
            Err(error) if error.kind() == Kind::Config && tries < terminal::MOST_TRIES => {
                terminal::ask_again(error.message(), terminal::MOST_TRIES - tries);
                tries += 1;
                issuer = given::ask_pool()?;
            }
            plans => return plans,
        }
    }
}

/// A machine's client and where its tokens are asked for.
fn machine(url: &str, client: &ClientId) -> Result<Source> {
    let mut found = ProfileCandidate::default();
    let key = if given::is_token_url(url) { Key::TokenUrl } else { Key::Domain };
    found.decide(key, vec![url.to_owned()], "typed")?;
    found.decide(Key::M2mClientId, vec![client.to_string()], "typed")?;
    Ok(Source::Typed(found))
}

/// Prints a line about each new profile; what the user still has to do is a hint.
fn report(plan: &ProfilePlan) {
    let role = if plan.is_default { " (now the default)" } else { "" };
    terminal::note(&format!("created profile `{}`{role}", plan.name));
    for why in &plan.left_out {
        log::warn!(target: "cogtok", "{why}");
    }
    // cogtok asks for the client secret.
    for missing in plan.missing.iter().filter(|missing| !missing.what.ends_with(machine::CLIENT_SECRET)) {
        terminal::hint(
            Advice::new("still missing for {what}: {command}")
                .text("what", &missing.what)
                .fill("command", missing.command.clone()),
        );
    }
}
