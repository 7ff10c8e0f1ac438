//! `--cards` of `cogtok user create`: the users of a run as cards in a private file.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use cogtok::error::{Advice, Error, Result, is_unprintable};
use cogtok::secret::Secret;
use cogtok::settings::profile::Profile;

use crate::app::App;
use crate::io::terminal;
use crate::services::cards::{self, Seat};
use crate::services::journal::State;
use crate::services::journal::run::Run;
use crate::services::output_file::{self, Replacement};

/// The longest title, in characters.
const LONGEST_TITLE: usize = 80;

/// Options for cards.
#[derive(Debug, Args)]
pub struct CardFile {
    /// With `--count`, `--from` or a run: write a card for each user to a private HTML file, eight to an A4 page
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    cards: Option<PathBuf>,
    /// With `--cards`: the name of the workshop [default: the profile's name]
    #[arg(long, value_name = "TEXT", requires = "cards")]
    title: Option<String>,
    /// With `--cards`: replace a file that is there already
    #[arg(long, requires = "cards")]
    force: bool,
}

impl CardFile {
    /// Whether cards are wanted.
    pub fn is_given(&self) -> bool {
        self.cards.is_some()
    }

    /// Checks that the cards can be written, before a user is created.
    ///
    /// # Errors
    /// Those of [`CardPage::check`].
    pub fn check(&self) -> Result<()> {
        self.page().map_or(Ok(()), |page| page.check())
    }

    /// Writes a card for each created user of the run, if cards are wanted.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when the file can't be written, or the run can't be read.
    pub fn write(&self, app: &App, profile: &Profile, run: &mut Run) -> Result<()> {
        let Some(page) = self.page() else { return Ok(()) };
        let id = run.head.run.clone();
        page.write_run(app, profile, run).map_err(|error| {
            error.hint(
                Advice::new("write the cards again: cogtok user create {run}{p} --resume --cards FILE").word("run", id),
            )
        })
    }

    fn page(&self) -> Option<CardPage<'_>> {
        let (title, replaces) = (self.title.as_deref(), self.force);
        self.cards.as_deref().map(|path| CardPage { path, title, replaces })
    }
}

/// A file for cards.
#[derive(Debug)]
pub struct CardPage<'a> {
    /// Where it is to be.
    pub path: &'a Path,
    /// What every card is headed with; the profile's name where none was given.
    pub title: Option<&'a str>,
    /// Whether it may take the place of another.
    pub replaces: bool,
}

impl CardPage<'_> {
    /// Whether it can be written, as far as that is known beforehand.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) where it can't, [`Kind::Usage`](cogtok::error::Kind::Usage) for the title.
    pub fn check(&self) -> Result<()> {
        if let Some(title) = self.title {
            if title.trim().is_empty() || title.contains(is_unprintable) {
                return Err(Error::usage("`--title` has no text, or has characters that can't be printed"));
            }
            if title.chars().count() > LONGEST_TITLE {
                return Err(Error::usage(format!("`--title` has more than {LONGEST_TITLE} characters")));
            }
        }
        output_file::check(&absolute(self.path)).map_err(|why| unwritable(self.path, &why))?;
        if !self.replaces && self.path.exists() {
            return Err(there_already(self.path));
        }
        Ok(())
    }

    /// Writes the cards to a file that has no name yet.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be written, and those of `seats`.
    pub fn begin(&self, title: &str, seats: impl Iterator<Item = Result<Seat>>) -> Result<BegunCards> {
        let mut file = Replacement::begin(&absolute(self.path)).map_err(|why| unwritable(self.path, &why))?;
        let add = |bytes: &[u8]| file.write(bytes).map_err(|why| unwritable(self.path, &why));
        let count = cards::write(title, seats, add)?;
        Ok(BegunCards { file, count })
    }

    /// Gives the file its name, and says that it is there.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be written, or a file is there that it may not replace.
    pub fn finish(&self, BegunCards { file, count }: BegunCards, what: &str) -> Result<()> {
        let finished = if self.replaces { file.finish() } else { file.finish_new() };
        finished.map_err(|why| match why.kind() {
            io::ErrorKind::AlreadyExists => there_already(self.path),
            _ => unwritable(self.path, &why),
        })?;
        let cards = terminal::counted(count, "card");
        terminal::note(&format!("wrote {cards}, {what}, to {}", self.path.display()));
        Ok(())
    }

    fn write_run(&self, app: &App, profile: &Profile, run: &mut Run) -> Result<()> {
        let profile_name = app.profile_name()?.map(|name| name.to_string());
        let title = match (self.title, profile_name) {
            (Some(title), _) => title.to_owned(),
            (None, Some(name)) => name,
            (None, None) => profile.user_pool_id()?.to_string(),
        };
        let option = app.profile_option();
        let made = (0..run.len()).filter_map(|at| match run.state(at) {
            State::Done | State::Skipped => Some(run.record(at).and_then(|record| {
                let password = (record.state == State::Done).then(|| Secret::new(record.password.clone()));
                Seat::with_password(&record.username, password.as_ref(), record.is_permanent, &option)
            })),
            _ => None,
        });
        let begun = self.begin(&title, made)?;
        let with_password = run.count(&[State::Done]);
        let what = match with_password {
            0 => "without passwords".to_owned(),
            _ if with_password == begun.count => "with the passwords".to_owned(),
            some => format!("{some} of them with passwords"),
        };
        self.finish(begun, &what)
    }
}

/// Cards that are written, in a file that has no name yet.
#[derive(Debug)]
pub struct BegunCards {
    file: Replacement,
    count: usize,
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The existing file may contain the passwords of another class.
fn there_already(path: &Path) -> Error {
    Error::store(format!("{} already exists: no cards were written", path.display()))
        .hint("choose another name, or add `--force` to replace it")
}

fn unwritable(path: &Path, why: &io::Error) -> Error {
    Error::store(format!("{} can't be written: {why}", path.display()))
}
