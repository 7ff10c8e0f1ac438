//! `cogtok token inspect`: the content of a token.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::token::jwt::{Unverified, described_actor};
use cogtok::token::relative_time::relative;
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::app::options::Output;
use crate::args::token_input::TokenInput;
use crate::io::terminal;
use crate::{completion, env};

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// The claims that are times, in seconds since the Unix epoch.
const TIMES: [&str; 4] = ["exp", "iat", "nbf", "auth_time"];

/// Show what a token contains, NOT VERIFIED
///
/// Prints the header and the claims, with their times, of the token that you give or of the profile's cached one. Of a token
/// on behalf of somebody (`act`) it names who acts, and who acted before.
/// cogtok sends no request and checks nothing: anyone could have written what it shows. `cogtok token verify` checks.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok token inspect -p ws\n  \
    cogtok token inspect --as m2m --json | jq .claims.scope\n  \
    cogtok token user -p ws --token id | cogtok token inspect - --claim email")]
pub struct Inspect {
    #[command(flatten)]
    given: TokenInput,
    /// Print only the value of this claim, unchanged
    #[arg(long, value_name = "NAME", conflicts_with_all = ["json", "output"], add = ArgValueCandidates::new(completion::claim_names))]
    claim: Option<String>,
}

pub fn run(app: &App, args: &Inspect) -> Result<()> {
    let form = app.output(&FORMS)?;
    args.given.check(false)?;
    let token = match args.given.read()? {
        Some(token) => token,
        None => args.given.cached(app, app.profile(&args.given.settings())?)?.0,
    };
    let read = Unverified::read(token.expose())?;
    drop(token);
    if let Some(name) = &args.claim {
        let value = raw(&read.claims, name)?;
        not_verified(&args.given);
        return terminal::data(&value).map(drop);
    }
    if form == Output::Json {
        not_verified(&args.given);
        let kind = read.kind().as_str();
        let actors: Vec<Value> = read.actors().into_iter().map(alone).collect();
        let object = json!({
            "verified": false, "kind": kind, "actors": actors, "header": read.header, "claims": read.claims,
        });
        drop(read);
        return terminal::data(&terminal::json(&object)).map(drop);
    }
    terminal::data(&in_lines(&read, &args.given, env::now())).map(drop)
}

/// An actor without those who acted before it.
fn alone(actor: &Value) -> Value {
    let mut alone = actor.clone();
    if let Some(members) = alone.as_object_mut() {
        members.remove("act");
    }
    alone
}

fn not_verified(given: &TokenInput) {
    terminal::note(&warning(given));
}

fn warning(given: &TokenInput) -> String {
    let check = Advice::new("; check it: ").then(given.again("cogtok token verify"));
    let check = terminal::shown(&check).unwrap_or_default();
    format!("NOT VERIFIED: anyone could have written this{check}")
}

/// One claim: text without quotes, anything else as JSON. Control characters are escaped at a terminal.
fn raw(claims: &Map<String, Value>, name: &str) -> Result<String> {
    let value = match claims.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => {
            let names: Vec<String> = claims.keys().take(30).map(|name| printable(name, 40)).collect();
            return Err(Error::new(Kind::Failure, format!("the token has no claim `{}`", printable(name, 80)))
                .hint(format!("it has {}", names.join(", "))));
        }
    };
    Ok(if terminal::shows_data() { printable(&value, usize::MAX) } else { value } + "\n")
}

fn in_lines(read: &Unverified, given: &TokenInput, now: u64) -> String {
    let mut text = format!("{}\n\n", warning(given));
    let mut line = |name: &str, value: &str| text.push_str(&format!("{:<18} {value}\n", printable(name, 60)));
    line("kind", read.kind().described());
    let end = match read.claims.get("exp") {
        Some(value) => value.as_i64().map_or_else(|| "at no time that can be read".to_owned(), |at| moment(at, now)),
        None => "never: there is no `exp`, and no service accepts such a token".to_owned(),
    };
    line("expires", &end);
    for (index, actor) in read.actors().into_iter().enumerate() {
        line(if index == 0 { "actor" } else { "actor before it" }, &described_actor(actor));
    }
    for (title, values) in [("header", &read.header), ("claims", &read.claims)] {
        line("", "");
        line(title, "");
        for (name, value) in values {
            let time = value.as_i64().filter(|_| title == "claims" && TIMES.contains(&name.as_str()));
            let shown = match (value, time) {
                (_, Some(at)) => format!("{at}  {}", moment(at, now)),
                (Value::String(text), _) => printable(text, 400),
                (value, _) => printable(&value.to_string(), 400),
            };
            line(&format!("  {name}"), &shown);
        }
    }
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// A moment in this machine's time zone, and how far away it is.
fn moment(at: i64, now: u64) -> String {
    match jiff::Timestamp::from_second(at) {
        Ok(moment) => {
            let local = moment.to_zoned(jiff::tz::TimeZone::system());
            format!("{} ({})", local.strftime("%Y-%m-%d %H:%M:%S %:z"), relative(at, now))
        }
        Err(_) => "(beyond the calendar)".to_owned(),
    }
}
