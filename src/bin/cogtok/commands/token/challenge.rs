//! Answers to what Cognito asks in a sign-in: from what was given on the command line, once, else from a person.

use std::collections::BTreeMap;

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::http::service_text::ServiceText;
use cogtok::secret::Secret;
use cogtok::settings::types::FirstFactor;
use cogtok::user_pool::challenge::{Challenge, ChallengeResponse, CodeFrom, SOFTWARE_TOKEN, is_email};

use super::authenticator_key::show_key;
use crate::commands::mistyped;
use crate::completion;
use crate::io::terminal;
use crate::io::terminal::Question;

/// The most attributes that are named one by one.
const NAMED: usize = 8;

/// Options that answer challenges.
#[derive(Debug, Default, Args)]
pub struct Options {
    /// The code of the second factor, or the answer to a custom challenge; else COGTOK_MFA_CODE
    #[arg(long, value_name = "CODE", conflicts_with = "mfa_code_stdin")]
    pub mfa_code: Option<String>,
    /// Read that code from standard input, from the last line where passwords come before it
    #[arg(long)]
    pub mfa_code_stdin: bool,
    /// Store the key of an authenticator app that Cognito wants set up; cogtok then makes the codes itself
    #[arg(long)]
    pub save_totp: bool,
    /// Which second factor to use or set up, where Cognito offers several: app, sms or email
    #[arg(long, value_name = "TYPE", add = ArgValueCandidates::new(completion::mfa_types))]
    pub mfa_type: Option<String>,
    /// An attribute that Cognito wants with a new password; repeat it for more
    #[arg(long, value_name = "NAME=VALUE")]
    pub attribute: Vec<String>,
}

/// Responses that were given in advance. Each is used once: a refused one is not repeated.
#[derive(Debug, Default)]
pub struct PreparedAnswers {
    /// `--new-password-stdin`.
    pub new_password: Option<Secret>,
    /// `--mfa-code`, `--mfa-code-stdin` or COGTOK_MFA_CODE.
    pub code: Option<Secret>,
    /// `--mfa-type`.
    pub mfa_type: Option<String>,
    /// `--attribute`.
    pub attributes: BTreeMap<String, String>,
    /// How many answers to the question that is open were wrong.
    pub wrong: usize,
}

impl PreparedAnswers {
    /// Whether something was given that another caller does not have.
    pub fn is_own(&self) -> bool {
        self.new_password.is_some() || self.code.is_some()
    }

    /// Whether the new password was given, so that nobody types it.
    pub const fn has_new_password(&self) -> bool {
        self.new_password.is_some()
    }

    /// The response to a challenge; `reason` is why the last one was refused.
    ///
    /// # Errors
    /// The reason, where there is no other answer; [`Kind::NeedsHuman`] with the option that answers, where there is none.
    pub fn answer(&mut self, question: &Challenge, reason: Option<Error>) -> Result<ChallengeResponse> {
        let is_first = reason.is_none();
        if let Some(reason) = reason {
            if !terminal::can_ask() {
                return Err(reason);
            }
            log::info!(target: "cogtok", "{}", reason.message());
            self.wrong += 1;
            terminal::ask_again(mistyped::why(&reason), terminal::MOST_TRIES.saturating_sub(self.wrong));
        } else {
            self.wrong = 0;
        }
        match question {
            Challenge::NewPassword { missing_attributes } => self.new_password(missing_attributes),
            Challenge::Code { from, at } => {
                let (prompt, what) = wording(*from);
                let prompt = match at {
                    Some(at) => format!("{prompt} ({at})"),
                    None => prompt.to_owned(),
                };
                self.code(Question::new(prompt, what)).map(trimmed).map(ChallengeResponse::Code)
            }
            Challenge::SelectMfa { for_setup, options } => {
                self.choose(*for_setup, options).map(ChallengeResponse::Choice)
            }
            Challenge::EnrolTotp { key, uri } => enrol(key, uri, is_first).map(ChallengeResponse::Code),
            Challenge::EmailAddress => terminal::ask_line(
                Question::new("Your e-mail address, for codes", "your e-mail address"),
                "an administrator can set the address",
            )
            .map(ChallengeResponse::EmailAddress),
            Challenge::SelectFirstFactor { options } => choose_first_factor(options).map(ChallengeResponse::Choice),
            Challenge::Custom { parameters } => {
                if terminal::can_ask() {
                    for (name, value) in parameters {
                        terminal::show(&format!("{name}: {value}\n"));
                    }
                }
                let question =
                    Question::new("Your answer", "the answer to the pool's own challenge (CUSTOM_CHALLENGE)");
                self.code(question).map(ChallengeResponse::Custom)
            }
            // The password is handled by the caller, who has it or asks for it.
            other => Err(Error::usage(format!("no option answers {}", other.name()))),
        }
    }

    fn new_password(&mut self, missing: &[ServiceText]) -> Result<ChallengeResponse> {
        let unknown: Vec<_> = missing.iter().filter(|name| !self.attributes.contains_key(name.sent())).collect();
        if !unknown.is_empty() && !terminal::can_ask() {
            return Err(Error::new(
                Kind::NeedsHuman,
                format!(
                    "Cognito wants these attributes with the new password (NEW_PASSWORD_REQUIRED): {}",
                    ServiceText::list(missing)
                ),
            )
            .hint(attributes(&unknown)));
        }
        let mut attributes = BTreeMap::new();
        for name in missing {
            let value = match self.attributes.get(name.sent()) {
                Some(value) => value.clone(),
                None => terminal::ask_line(
                    Question::new(format!("Your {name}"), format!("the attribute {name}")),
                    Advice::new("Cognito wants it with the new password: add `--attribute {attribute}=VALUE`")
                        .word("attribute", name),
                )?,
            };
            self.attributes.insert(name.sent().to_owned(), value.clone());
            attributes.insert(name.sent().to_owned(), value);
        }
        let instead = "Cognito answers NEW_PASSWORD_REQUIRED: the password was a temporary one; `--new-password-stdin` takes the new one ?? Cognito answers NEW_PASSWORD_REQUIRED: the password was a temporary one; sign in first, with a new one: cogtok token user{p}";
        let password = match self.new_password.take() {
            Some(password) => password,
            None => terminal::ask_new_secret(
                Question::new("Your password is temporary. New password", "a new password"),
                instead,
            )?,
        };
        Ok(ChallengeResponse::NewPassword { password, attributes })
    }

    fn code(&mut self, question: Question) -> Result<Secret> {
        match self.code.take() {
            Some(code) => Ok(code),
            None => terminal::ask_secret(
                question,
                "`--mfa-code CODE`, `--mfa-code-stdin` or COGTOK_MFA_CODE answer it ?? COGTOK_MFA_CODE answers it; or sign in first: cogtok token user{p}",
            ),
        }
    }

    fn choose(&mut self, for_setup: bool, options: &[ServiceText]) -> Result<ServiceText> {
        let names: Vec<String> = options.iter().map(short).collect();
        let listed = printable(&names.join(", "), 200);
        let (to, challenge) = if for_setup { ("set up", "MFA_SETUP") } else { ("use", "SELECT_MFA_TYPE") };
        let choice = |named: &str| {
            let chosen = options.iter().find(|option| short(option) == named || **option == *named);
            chosen.cloned().ok_or_else(|| {
                Error::usage(format!("`{}` is not offered as a second factor", printable(named, 40)))
                    .hint(format!("choose one of {listed}"))
            })
        };
        if let Some(named) = &self.mfa_type {
            return choice(named);
        }
        let question = Question::new(
            format!("Which second factor to {to} ({listed})"),
            format!("which second factor to {to} ({challenge}: {listed})"),
        );
        let instead = Advice::new(
            "add `--mfa-type TYPE`: one of {listed} ?? sign in first, with one of {listed}: cogtok token user{p}",
        )
        .text("listed", &listed);
        terminal::until_taken(|| {
            Ok(terminal::ask_line_once(question.clone(), instead.clone())?.and_then(|named| choice(&named)))
        })
    }
}

/// The first factor (SELECT_CHALLENGE): a person's choice, else SRP, which does not send the password.
fn choose_first_factor(options: &[ServiceText]) -> Result<ServiceText> {
    let word = |option: &str| option.to_lowercase().replace('_', "-");
    let names: Vec<String> = options.iter().map(|option| word(&option.to_string())).collect();
    let listed = printable(&names.join(", "), 200);
    let srp = FirstFactor::PasswordSrp.challenge();
    if let Some(srp) = options.iter().find(|option| **option == srp).filter(|_| !terminal::can_ask()) {
        return Ok(srp.clone());
    }
    let question =
        Question::new(format!("How to sign in ({listed})"), format!("how to sign in (SELECT_CHALLENGE: {listed})"));
    let instead = Advice::new(
        "add `--preferred-challenge FACTOR`: one of {listed} ?? sign in first, with one of {listed}: cogtok token user{p}",
    )
    .text("listed", &listed);
    terminal::until_taken(|| {
        let named = match terminal::ask_line_once(question.clone(), instead.clone())? {
            Ok(named) => named,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let chosen = options.iter().find(|option| word(option.sent()) == word(&named));
        Ok(chosen.cloned().ok_or_else(|| {
            Error::usage(format!("`{}` is not offered as a way to sign in", printable(&named, 40)))
                .hint(format!("choose one of {listed}"))
        }))
    })
}

/// Shows the key of an authenticator app, once, and asks for a code that it makes.
fn enrol(key: &Secret, uri: &Secret, is_first: bool) -> Result<Secret> {
    if !terminal::can_ask() {
        return Err(Error::new(Kind::NeedsHuman, "the pool wants an authenticator app to be set up first (MFA_SETUP)")
            .hint("sign in once at a terminal: cogtok token user{p}")
            .hint("for a test user `--save-totp` sets it up and keeps its key ?? for a test user `cogtok token user{p} --save-totp` sets it up and keeps its key"));
    }
    if is_first {
        show_key(key, uri);
    }
    terminal::ask_secret(Question::new("Code that the app shows now", "the code that the app shows now"), "")
        .map(trimmed)
}

/// Codes are often shown and copied in groups.
fn trimmed(code: Secret) -> Secret {
    Secret::new(code.expose().split_whitespace().collect())
}

/// The question for a code, and what an error calls it.
const fn wording(from: CodeFrom) -> (&'static str, &'static str) {
    match from {
        CodeFrom::App => ("Code from your authenticator app", "the code of the authenticator app (SOFTWARE_TOKEN_MFA)"),
        CodeFrom::SmsMfa => ("Code from the text message", "the code from the text message (SMS_MFA)"),
        CodeFrom::SmsOtp => ("Code from the text message", "the code from the text message (SMS_OTP)"),
        CodeFrom::Email => ("Code from the e-mail", "the code from the e-mail (EMAIL_OTP)"),
        _ => ("Code", "the code"),
    }
}

/// A short name for one of Cognito's options.
fn short(option: &ServiceText) -> String {
    match option.sent() {
        SOFTWARE_TOKEN => "app".to_owned(),
        "SMS_MFA" => "sms".to_owned(),
        email if is_email(email) => "email".to_owned(),
        _ => option.to_string(),
    }
}

/// The options that give these attributes.
fn attributes(names: &[&ServiceText]) -> Advice {
    let add = names.iter().take(NAMED).fold(Advice::new("add"), |hint, name| {
        hint.then(Advice::new(" `--attribute {attribute}=VALUE`").word("attribute", name))
    });
    let add = if names.len() > NAMED { add.then(", and so on") } else { add };
    add.then(" ?? sign in first, with a new password and these attributes: cogtok token user{p}")
}
