//! `cogtok call model`: one question to a model of Bedrock, with the AWS credentials that the user's ID token gives.

use std::time::Duration;

use clap::Args;
use cogtok::aws::bedrock::{Bedrock, Question, text};
use cogtok::error::{Error, Result, is_unprintable, is_variation_selector, printable};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ModelId, Region};
use serde_json::{Value, json};

use super::authorized_request::SILENCE;
use crate::app::App;
use crate::app::options::Output;
use crate::commands::aws_credentials::OwnerArgs;
use crate::io::terminal;
use crate::io::terminal::WriteOutcome;
use crate::services::bedrock_key;

/// How long cached AWS credentials must still be valid: one call needs them once.
const MIN_VALIDITY: Duration = Duration::from_secs(60);

/// The most bytes of a prompt.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Ask a model of Bedrock, through the profile's identity pool
///
/// The whole way from a sign-in to a model, in one call: the user's ID token, AWS credentials for it (as `aws-credentials`
/// gets them), and Converse signed with those. Where a link of it fails, the message names that link. The answer is on
/// standard output; what it cost, in tokens, is on standard error.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok call model us.amazon.nova-lite-v1:0 'Say hello' -p ws\n  \
    cogtok call model us.amazon.nova-lite-v1:0 --system 'In French' --stream\n  \
    git diff | cogtok call model us.amazon.nova-lite-v1:0 - --max-tokens 500")]
pub struct Model {
    /// The model: its id, an inference profile's, or the ARN of either
    #[arg(value_name = "MODEL")]
    model: String,
    /// What to ask, or - to read it from standard input; else it is asked for
    #[arg(value_name = "PROMPT")]
    prompt: Option<String>,
    /// Print the answer as it comes
    #[arg(long)]
    stream: bool,
    /// How the model shall answer
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    /// The longest answer, in tokens
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_tokens: Option<u32>,
    /// The Region of the model, where it is not the profile's
    #[arg(long, value_name = "REGION")]
    model_region: Option<String>,
    #[command(flatten)]
    who: OwnerArgs,
}

pub fn run(app: &App, args: &Model) -> Result<()> {
    let form = app.output(&[Output::Text, Output::Json])?;
    let model: ModelId = args.model.parse()?;
    let asked = args.model_region.as_deref().map(str::parse::<Region>).transpose()?;
    let (profile, key) = args.who.profile(app)?;
    let region = region(&profile, &model, asked)?;
    bedrock_key::warn();
    let prompt = prompt(args.prompt.as_deref())?;
    let credentials = args.who.credentials(app, &profile, &key, MIN_VALIDITY)?;
    let question =
        Question { model: &model, prompt: &prompt, system: args.system.as_deref(), max_tokens: args.max_tokens };
    let wire = app.wire()?;
    let bedrock = Bedrock::new(&wire, &profile, &region, &credentials, SILENCE);
    if args.stream {
        return app.block_on_streaming(stream(&bedrock, &question, form));
    }
    let answer = app.block_on_streaming(bedrock.converse(&question))?;
    let said = match form {
        Output::Json => terminal::json(&answer),
        _ => shown(&text(&answer)) + "\n",
    };
    terminal::data(&said)?;
    report(&answer["usage"], &answer["metrics"], &answer["stopReason"]);
    Ok(())
}

/// The Region of the model: from `--model-region` or the model's ARN, else the profile's.
fn region(profile: &Profile, model: &ModelId, asked: Option<Region>) -> Result<Region> {
    match asked.or_else(|| model.region()) {
        Some(region) => Ok(region),
        None => profile.region().cloned().map_err(|error| error.hint("or add `--model-region REGION`")),
    }
}

fn prompt(given: Option<&str>) -> Result<String> {
    let prompt = match given {
        None => terminal::ask_line("the prompt", "give it as an argument; `-` reads it from standard input")?,
        Some("-") => {
            if terminal::can_ask() {
                terminal::note("Type the prompt, then Enter and Ctrl-D.");
            }
            let bytes = terminal::stdin_up_to(MOST_BYTES)?;
            if bytes.len() > MOST_BYTES {
                return Err(Error::usage("the prompt on standard input is larger than 4 MiB"));
            }
            let text = cogtok::text::decode(&bytes).map(|text| text.as_str().to_owned());
            text.ok_or_else(|| Error::usage("the prompt on standard input is not UTF-8"))?
        }
        Some(prompt) => prompt.to_owned(),
    };
    match prompt.trim() {
        "" => Err(Error::usage("the prompt is empty")),
        _ => Ok(prompt),
    }
}

/// Prints the answer as it comes: its text, or one event a line.
async fn stream(bedrock: &Bedrock<'_>, question: &Question<'_>, form: Output) -> Result<()> {
    let mut events = bedrock.converse_stream(question).await?;
    let (mut metadata, mut stop_reason, mut has_said) = (Value::Null, Value::Null, false);
    loop {
        let event = events.next().await.inspect_err(|_| {
            // The message gets a line of its own.
            if has_said && terminal::shows_data() {
                terminal::last_data("\n");
            }
        });
        let Some((name, event)) = event? else { break };
        let said = match (form, event["delta"]["text"].as_str()) {
            (Output::Json, _) => terminal::json_line(&json!({ name.as_str(): event })),
            (_, Some(text)) => shown(text),
            _ => String::new(),
        };
        if !said.is_empty() {
            has_said = form != Output::Json;
            if terminal::data(&said)? == WriteOutcome::NobodyReads {
                return Ok(());
            }
        }
        match name.as_str() {
            "messageStop" => stop_reason = event["stopReason"].clone(),
            "metadata" => metadata = event,
            _ => {}
        }
    }
    if form != Output::Json {
        terminal::data("\n")?;
    }
    report(&metadata["usage"], &metadata["metrics"], &stop_reason);
    Ok(())
}

/// Prints the usage of the answer and why it ended.
fn report(usage: &Value, metrics: &Value, stop_reason: &Value) {
    let tokens = |name: &str| usage[name].as_u64().map_or("?".to_owned(), |count| count.to_string());
    let mut line = format!("{} tokens in, {} out", tokens("inputTokens"), tokens("outputTokens"));
    if let Some(milliseconds) = metrics["latencyMs"].as_u64() {
        line += &format!(", {milliseconds} ms");
    }
    match stop_reason.as_str() {
        None | Some("end_turn" | "stop_sequence") => {}
        Some("max_tokens") => line += "; cut off: the answer reached its limit (`--max-tokens`)",
        Some(reason) => line += &format!("; the model stopped for {}", printable(reason, 60)),
    }
    terminal::note(&line);
}

/// Text of a model as it may be shown: without control characters. Lines stay lines, and the joiners and variation selectors that some
/// scripts and emoji are written with stay.
fn shown(text: &str) -> String {
    if !terminal::shows_data() {
        return text.to_owned();
    }
    let stays =
        |c: char| matches!(c, '\n' | '\t' | '\u{200c}' | '\u{200d}') || is_variation_selector(c) || !is_unprintable(c);
    text.chars().map(|c| if stays(c) { c.to_string() } else { c.escape_unicode().to_string() }).collect()
}
