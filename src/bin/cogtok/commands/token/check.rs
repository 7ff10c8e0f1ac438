//! `cogtok token check`: would a service take this token?

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Result, printable};
use cogtok::settings::profile::{Profile, issuers};
use cogtok::token::authorizer::{Authorizer, DISCOVERY};
use cogtok::token::resource_server::{Finding, ResourceServer, check, refusal};
use serde_json::json;

use super::agentcore_authorizer::{self, Live};
use crate::app::App;
use crate::app::options::{Output, not_empty};
use crate::args::jwks_args::Keys;
use crate::args::token_input;
use crate::args::token_input::{TokenInput, without_mark};
use crate::io::terminal;
use crate::{completion, env};

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// The most bytes of a configuration that is pasted.
const MOST_BYTES: usize = 1024 * 1024;

/// Check whether a service accepts a token, and why not
///
/// Prints each rule of the service with pass or FAIL. The options say how the service is configured, or the JSON that
/// AWS prints of it; its pool is the profile's unless one of them names another.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok token check --for agentcore-runtime --allowed-client CLIENT -p ws\n  \
    cogtok token check --for apigateway-http --allowed-audience CLIENT --as m2m\n  \
    cogtok token check --for agentcore-gateway --authorizer gateway.json\n  \
    cogtok token check --arn $RUNTIME_ARN -p ws")]
pub struct Check {
    #[command(flatten)]
    given: TokenInput,
    /// The service: agentcore-runtime, agentcore-gateway, apigateway-http, apigateway-rest, alb or identity-pool
    #[arg(long = "for", value_name = "SERVICE", value_parser = PossibleValuesParser::new(ResourceServer::ALL.map(ResourceServer::as_str)), hide_possible_values = true, required_unless_present = "arn")]
    service: Option<String>,
    /// The runtime or gateway of AgentCore itself, by its ARN or the name of a target: its configuration is read from AWS
    #[arg(long, value_name = "ARN", conflicts_with_all = ["discovery_url", "allowed_client", "allowed_audience", "allowed_scope", "authorizer"])]
    arn: Option<String>,
    /// Its discovery URL or issuer
    #[arg(long, value_name = "URL", value_parser = not_empty)]
    discovery_url: Option<String>,
    /// An app client that it accepts; repeat it for several
    #[arg(long, value_name = "ID", value_parser = not_empty)]
    allowed_client: Vec<String>,
    /// An audience that it accepts; repeat it for several
    #[arg(long, value_name = "AUD", value_parser = not_empty)]
    allowed_audience: Vec<String>,
    /// A scope that it accepts; repeat it for several
    #[arg(long, value_name = "SCOPE", value_parser = not_empty, add = ArgValueCandidates::new(completion::scopes))]
    allowed_scope: Vec<String>,
    /// Its configuration as AWS gives it: a JSON file, or - for standard input
    #[arg(long, value_name = "FILE", value_parser = not_empty, value_hint = ValueHint::AnyPath, conflicts_with_all = ["discovery_url", "allowed_client", "allowed_audience"])]
    authorizer: Option<String>,
    #[command(flatten)]
    keys: Keys,
}

pub fn run(app: &App, args: &Check) -> Result<()> {
    let form = app.output(&FORMS)?;
    args.given.check(false)?;
    let named = args.service.as_deref();
    let named = named.and_then(|named| ResourceServer::ALL.into_iter().find(|known| known.as_str() == named));
    if args.given.is_there() && (args.discovery_url.is_some() || args.authorizer.is_some()) {
        app.allow_missing_config();
    }
    let profile = app.profile(&args.given.settings())?;
    let mut given = args.given.clone();
    let (service, authorizer) = match (&args.arn, named) {
        (Some(arn), _) => match agentcore_authorizer::read(app, &profile, arn, named)? {
            (service, Live::Tokens(authorizer), owner) => {
                given.or_of(owner);
                (service, authorizer)
            }
            (service, Live::Otherwise(findings), _) => return tell(app, service, &findings, form),
        },
        (None, Some(service)) => (service, authorizer(app, args, service, &profile)?),
        (None, None) => return Err(Error::usage("unknown service")),
    };
    if let Some(what) = service.lacks(&authorizer) {
        return Err(Error::usage(format!("{} needs {what}, and none was given", service.as_str())).hint(
            "add --allowed-client, --allowed-audience or --allowed-scope as the service has them, or --authorizer FILE",
        ));
    }
    for what in service.ignores(&authorizer) {
        log::warn!(target: "cogtok", "{} does not check {what}: what you gave has no effect", service.as_str());
    }
    let (token, profile) = given.read_or_cached(app, profile)?;
    let found = check(service, &authorizer, token.expose(), env::now(), |issuer, id| {
        args.keys.with(app, &profile, Some(issuer), |source, fetch| {
            cogtok::client::verification::keys(id, source, env::now, fetch)
        })
    });
    let findings = found.map_err(|error| error.context("NOT checked"))?;
    tell(app, service, &findings, form)
}

/// Prints the rules, and ends as the verdict is.
fn tell(app: &App, service: ResourceServer, findings: &[Finding], form: Output) -> Result<()> {
    let name = service.as_str();
    let refusal = refusal(service, findings);
    // Loads the profile's name for the hints.
    let _ = app.profile_name();
    let fix = |finding: &Finding| terminal::shown(finding.fix.as_ref()?);
    terminal::data(&match form {
        Output::Json => {
            let rules: Vec<_> = findings
                .iter()
                .map(|finding| {
                    json!({
                        "rule": finding.rule, "passes": finding.passes, "detail": finding.detail, "fix": fix(finding),
                    })
                })
                .collect();
            terminal::json(&json!({ "service": name, "accepted": refusal.is_none(), "rules": rules }))
        }
        _ => in_lines(findings),
    })?;
    let Some(error) = refusal else {
        if form == Output::Text {
            terminal::note(&format!("{name} would accept this token."));
        }
        return Ok(());
    };
    Err(match app.clock_is_off() {
        Some(words) => error.hint(format!("{words}: set it")),
        None => error,
    })
}

fn authorizer(app: &App, args: &Check, service: ResourceServer, profile: &Profile) -> Result<Authorizer> {
    let mut authorizer = match args.authorizer.as_deref() {
        Some("-") if args.given.is_on_stdin() => {
            return Err(Error::usage("the token and the authorizer can't both be on standard input"));
        }
        Some("-") => Authorizer::read(service, &without_mark(terminal::stdin_up_to(MOST_BYTES)?))?,
        Some(path) => Authorizer::read(service, &token_input::file(app, path.as_ref())?)
            .map_err(|error| error.context(&printable(path, 120)))?,
        None => Authorizer {
            clients: args.allowed_client.clone(),
            audiences: args.allowed_audience.clone(),
            ..Authorizer::default()
        },
    };
    // The scopes of a route or method are set outside the authorizer.
    authorizer.scopes.extend(args.allowed_scope.iter().cloned());
    if let Some(url) = &args.discovery_url {
        authorizer.set_discovery_url(url);
    }
    if authorizer.issuers.is_empty() {
        let pool = profile
            .user_pool_id()
            .map_err(|error| app.without_profile(profile, error).hint("or add --discovery-url URL"))?;
        authorizer.set_discovery_url(&format!("{}{DISCOVERY}", issuers(pool)[0]));
    }
    if service == ResourceServer::IdentityPool && authorizer.clients.is_empty() {
        authorizer.clients.extend(profile.user.client_id.as_ref().map(ToString::to_string));
    }
    Ok(authorizer)
}

fn in_lines(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.rule.chars().count()).max().unwrap_or_default();
    let line = |finding: &Finding| {
        let verdict = if finding.passes { "pass" } else { "FAIL" };
        format!("{verdict}  {:width$}  {}\n", finding.rule, finding.detail)
    };
    findings.iter().map(line).collect()
}
