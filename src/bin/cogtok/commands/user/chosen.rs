//! The users whom a command is for, one after the other: very many of them are not in memory.

use std::time::Instant;

use cogtok::error::{Result, printable};
use cogtok::secret::Secret;
use serde_json::{Value, json};

use super::failures::NAMED;
use super::selection::made_in;
use super::user_file::{Row, Rows};
use crate::io::terminal;
use crate::io::terminal::WriteOutcome;
use crate::services::journal::run::Run;
use crate::services::spool::Spool;

/// How much is printed at once, in bytes.
const PIECE: usize = 64 * 1024;

/// One user.
#[derive(Debug)]
pub struct Chosen {
    /// The name to ask Cognito with.
    pub name: String,
    /// The name that says something to a person.
    pub shown: String,
    /// All that the pool calls the user, where that is known.
    pub aliases: Option<Vec<String>>,
    /// The password that a file or a run has for the user.
    pub password: Option<Secret>,
    /// The `sub` of the user whom a run made; none where any user of the name is meant.
    pub sub: Option<String>,
}

impl Chosen {
    /// A user by a name that was typed.
    pub fn named(name: &str) -> Self {
        Chosen { name: name.to_owned(), shown: name.to_owned(), aliases: None, password: None, sub: None }
    }

    /// A user as the pool has it, from [`as_json`](super::list::as_json).
    fn found(user: &Value) -> Self {
        let text = |name: &str| user[name].as_str().map(str::to_owned);
        let name = text("username").unwrap_or_default();
        let has_name = text("sub").as_ref() != Some(&name);
        let attribute = |name: &str| user["attributes"][name].as_str().map(str::to_owned);
        let known = || text("email").or_else(|| ["preferred_username", "phone_number"].into_iter().find_map(attribute));
        let shown = known().filter(|_| !has_name).unwrap_or_else(|| name.clone());
        let aliases = [Some(name.clone()), text("sub"), text("email")].into_iter().flatten().collect();
        Chosen { name, shown, aliases: Some(aliases), password: None, sub: None }
    }
}

/// The users who were meant.
#[derive(Debug)]
pub enum Selected {
    /// By name, as they were typed or as a file has them.
    Named(Box<Rows>),
    /// Those whom a run made.
    OfRun(Box<Run>, Vec<usize>),
    /// As the pool has them.
    Found(Spool),
}

impl Selected {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Selected::Named(rows) => rows.len(),
            Selected::OfRun(_, seats) => seats.len(),
            Selected::Found(users) => users.len(),
        }
    }

    /// The run that made them; none where no run is meant.
    pub fn run(&self) -> Option<&Run> {
        match self {
            Selected::OfRun(run, _) => Some(run),
            Selected::Named(_) | Selected::Found(_) => None,
        }
    }

    /// Keeps other processes from the run that is meant, if one is, until the command ends; who is of it is looked up again.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be read, or a process is at work on it when the deadline comes.
    pub fn hold(&mut self, deadline: Instant) -> Result<()> {
        if let Selected::OfRun(run, seats) = self {
            **run = Run::open(run.path(), deadline)?;
            *seats = made_in(run)?;
        }
        Ok(())
    }

    /// The users, from the first on. Of a run's the passwords are there once the run is unsealed and `has_passwords` is said.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when they can't be read; each, as well.
    pub fn users(&mut self, has_passwords: bool) -> Result<Box<dyn Iterator<Item = Result<Chosen>> + '_>> {
        let of_row = |row: Row| Chosen { password: row.password, ..Chosen::named(&row.username) };
        Ok(match self {
            Selected::Named(rows) => Box::new(rows.iter()?.map(move |row| row.map(of_row))),
            Selected::OfRun(run, seats) => Box::new(seats.iter().map(move |seat| {
                let record = if has_passwords { run.record(*seat)? } else { run.outline(*seat)? };
                let password = has_passwords.then(|| Secret::new(record.password.clone()));
                Ok(Chosen { password, sub: record.sub.clone(), ..Chosen::named(&record.username) })
            })),
            Selected::Found(users) => Box::new(users.values()?.map(|user| Ok(Chosen::found(&user?)))),
        })
    }

    /// Shows the affected users before the question; a single one is named in the question.
    ///
    /// # Errors
    /// As [`Selected::users`].
    pub fn show(&mut self) -> Result<()> {
        let count = self.len();
        for user in self.users(false)?.take(NAMED) {
            terminal::note(&format!("  {}", printable(&user?.shown, 128)));
        }
        if count > NAMED {
            terminal::note(&format!("  and {} more: `--dry-run` lists them", count - NAMED));
        }
        Ok(())
    }

    /// Prints the names that say something to a person, one a line.
    ///
    /// # Errors
    /// As [`Selected::users`], and what [`terminal::data`] fails with.
    pub fn print(&mut self) -> Result<()> {
        let mut piece = String::new();
        for user in self.users(false)? {
            piece.push_str(&format!("{}\n", printable(&user?.shown, 128)));
            if piece.len() >= PIECE && terminal::data(&std::mem::take(&mut piece))? == WriteOutcome::NobodyReads {
                return Ok(());
            }
        }
        terminal::data(&piece).map(drop)
    }

    /// Prints the users as `--json` has them.
    ///
    /// # Errors
    /// As [`Selected::print`].
    pub fn print_json(&mut self) -> Result<()> {
        let mut array = terminal::JsonArray::new();
        let values: Box<dyn Iterator<Item = Result<Value>> + '_> = match self {
            Selected::Found(users) => Box::new(users.values()?),
            named => Box::new(named.users(false)?.map(|user| Ok(json!({ "username": user?.name })))),
        };
        let mut piece = String::new();
        for value in values {
            piece.push_str(&array.item(&value?));
            if piece.len() >= PIECE && terminal::data(&std::mem::take(&mut piece))? == WriteOutcome::NobodyReads {
                return Ok(());
            }
        }
        piece.push_str(array.end());
        terminal::data(&piece).map(drop)
    }
}
