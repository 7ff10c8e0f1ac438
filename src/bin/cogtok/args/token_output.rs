//! Writes a token to standard output, a file, or the files of GitHub Actions, in the form of `--output` or `--export`.

use std::path::{Path, PathBuf};

use cogtok::cache::single_flight::{CachePolicy, TokenResponse};
use cogtok::error::{Advice, Error, Result};
use cogtok::secret::Secret;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ProfileName, TokenUse, VarName};
use cogtok::store::file::why_others_read;
use cogtok::token::Token;
use serde_json::{Value, json};

use crate::app::App;
use crate::app::options::Output;
use crate::args::token_options::{FORMS, TokenOptions, wanted};
use crate::env;
use crate::io::shell::{Export, Variable, default_name, masks, merged, of_token};
use crate::io::{clipboard, signals, terminal};
use crate::services::bedrock_key;
use crate::services::output_file;
use crate::services::output_file::Appendable;

/// The largest `.env` file that is edited, in bytes.
const MAX_ENV: u64 = 1024 * 1024;

/// Refuses an unusable destination before a token is requested.
pub fn check(export: Option<Export>, output_file: Option<&Path>) -> Result<()> {
    if export == Some(Export::GithubActions) {
        if output_file.is_some() {
            return Err(Error::usage("`github-actions` writes to the file of GITHUB_ENV, not to `--output-file`"));
        }
        open_github_file()?;
    }
    output_file.map_or(Ok(()), |path| output_file::check(&absolute(path)).map_err(|why| unwritable(path, &why)))
}

impl TokenOptions {
    /// Checks what clap can't check, and sets the variable that a failure empties. `credentials` is the form of an export of AWS
    /// credentials.
    pub fn begin(&self, app: &App, credentials: Option<Export>, token: TokenUse) -> Result<()> {
        app.output(&FORMS)?;
        check(self.export.or(credentials), self.output_file.as_deref())?;
        match &self.env_var {
            Some(name) => name.parse::<VarName>().map(drop)?,
            None if credentials.is_none() => signals::fail_with(default_name(token)),
            None => {}
        }
        Ok(())
    }

    /// Hands the token out in the form that was asked for.
    pub fn deliver(
        &self,
        app: &App,
        profile: &Profile,
        policy: &CachePolicy,
        served: &TokenResponse,
        again: Advice,
    ) -> Result<()> {
        self.deliver_as(app, (policy, served), again, |token| {
            let tokens = &served.tokens;
            json!({
                "access_token": tokens.access.value.expose(),
                "id_token": tokens.id.as_ref().map(|id| id.value.expose()),
                "token_type": "Bearer",
                "expires_in": token.seconds_left(env::now()),
                "expires_at": token.expires_at,
                "scope": tokens.scope.as_ref().map(ToString::to_string),
                "source": served.source.as_str(),
                "profile": profile.name.as_ref().map(ProfileName::as_str),
            })
        })
    }

    /// As [`TokenOptions::deliver`], with JSON of its own.
    pub fn deliver_as(
        &self,
        app: &App,
        (policy, served): (&CachePolicy, &TokenResponse),
        again: Advice,
        json: impl FnOnce(&Token) -> Value,
    ) -> Result<()> {
        let token = wanted(served, policy)?;
        let value = token.value.expose();
        if let Some(export) = self.export {
            let name = self.env_var.as_deref().unwrap_or(default_name(policy.token));
            bedrock_key::warn_of(name);
            return self.assign(export, &of_token(name, token));
        }
        if let Some(time) = self.copy {
            let what = if policy.token == TokenUse::Id { "the ID token" } else { "the access token" };
            return if self.header {
                clipboard::lend(
                    &Secret::new(format!("Authorization: Bearer {value}")),
                    time,
                    "the Authorization header",
                )
            } else {
                clipboard::lend(&token.value, time, what)
            };
        }
        if self.header {
            return self.give(&format!("Authorization: Bearer {value}\n"));
        }
        if app.output(&FORMS)? == Output::Json {
            let json = json(token);
            let text = if self.output_file.is_some() { terminal::json_line(&json) } else { terminal::json(&json) };
            return self.give(&text);
        }
        self.give(&format!("{value}\n"))?;
        if self.output_file.is_none() && terminal::is_read_by_a_person() {
            terminal::hint(
                Advice::new("cogtok token {again}{p} --header | curl -H @- URL   keeps it out of `ps`")
                    .fill("again", again),
            );
        }
        Ok(())
    }

    /// Assigns these variables in this form.
    pub fn assign(&self, export: Export, variables: &[Variable]) -> Result<()> {
        let text = export.assignments(variables)?;
        match &self.output_file {
            Some(path) if export == Export::Dotenv => return merge(path, &text),
            _ if export != Export::GithubActions => return self.give(&text),
            _ => {}
        }
        let (path, mut file) = open_github_file()?;
        // Masked first, so that the log never shows them.
        terminal::data(&masks(variables))?;
        file.append(text.as_bytes()).map_err(|why| unwritable(&path, &why))
    }

    fn give(&self, text: &str) -> Result<()> {
        match &self.output_file {
            None => terminal::data(text).map(drop),
            Some(path) => {
                output_file::put(&absolute(path), text.as_bytes()).map_err(|why| unwritable(path, &why))?;
                warn_if_shared(path);
                Ok(())
            }
        }
    }
}

/// The words of a token command with those of its options that were given and choose the token, for the hint that repeats it.
pub fn again(command: &'static str, options: &[(&'static str, Option<&str>)]) -> Advice {
    let given = options.iter().filter_map(|(option, value)| Some((option, (*value)?)));
    given.fold(Advice::new(command), |again, (option, value)| {
        again.then(Advice::new(" {option} {value}").text("option", option).listed("value", value))
    })
}

/// Updates the assignments in a `.env` file and keeps its other lines.
fn merge(path: &Path, text: &str) -> Result<()> {
    let file = absolute(path);
    output_file::edit(&file, MAX_ENV, |old| merged(old, text)).map_err(|why| unwritable(path, &why))?;
    warn_if_shared(path);
    Ok(())
}

fn warn_if_shared(path: &Path) {
    if let Some(why) = why_others_read(path) {
        log::warn!(target: "cogtok", "{} now contains the value, and {why}", path.display());
    }
}

fn open_github_file() -> Result<(PathBuf, Appendable)> {
    let path = env::var("GITHUB_ENV").map(PathBuf::from).ok_or_else(|| {
        Error::usage("GITHUB_ENV is not set")
            .hint("`--export=github-actions` is for a step of a GitHub Actions workflow")
    })?;
    let file = Appendable::open(&path)
        .map_err(|why| unwritable(&path, &why).hint("GITHUB_ENV names the file that the runner made for this step"))?;
    Ok((path, file))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn unwritable(path: &Path, why: &std::io::Error) -> Error {
    Error::store(format!("{} can't be written: {why}", path.display()))
}
