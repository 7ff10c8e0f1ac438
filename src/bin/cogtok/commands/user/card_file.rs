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
    /// [`Kind::Store`](cogtok::error::Kind::Store) where they can't, [`Kind::Usage`](cogtok::error::Kind::Usage) for the title.
    pub fn check(&self) -> Result<()> {
        let Some(path) = &self.cards else { return Ok(()) };
        if let Some(title) = &self.title {
            if title.trim().is_empty() || title.contains(is_unprintable) {
                return Err(Error::usage("`--title` has no text, or has characters that can't be printed"));
            }
            if title.chars().count() > LONGEST_TITLE {
                return Err(Error::usage(format!("`--title` has more than {LONGEST_TITLE} characters")));
            }
        }
        output_file::check(&absolute(path)).map_err(|why| unwritable(path, &why))?;
        if !self.force && path.exists() {
            return Err(there_already(path));
        }
        Ok(())
    }

    /// Writes a card for each created user of the run, if cards are wanted.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when the file can't be written, or the run can't be read.
    pub fn write(&self, app: &App, profile: &Profile, run: &mut Run) -> Result<()> {
        let Some(path) = &self.cards else { return Ok(()) };
        let id = run.head.run.clone();
        let count = self.write_to(path, app, profile, run).map_err(|error| {
            error.hint(
                Advice::new("write the cards again: cogtok user create {run}{p} --resume --cards FILE").word("run", id),
            )
        })?;
        let cards = if count == 1 { "1 card".to_owned() } else { format!("{count} cards") };
        terminal::note(&format!("wrote {cards}, with the passwords, to {}", path.display()));
        Ok(())
    }

    fn write_to(&self, path: &Path, app: &App, profile: &Profile, run: &mut Run) -> Result<usize> {
        let profile_name = app.profile_name()?.map(|name| name.to_string());
        let title = match (&self.title, profile_name) {
            (Some(title), _) => title.clone(),
            (None, Some(name)) => name,
            (None, None) => profile.user_pool_id()?.to_string(),
        };
        let mut file = Replacement::begin(&absolute(path)).map_err(|why| unwritable(path, &why))?;
        let made = (0..run.len()).filter_map(|at| match run.state(at) {
            State::Done | State::Skipped => Some(run.record(at).map(|record| Seat {
                username: record.username.clone(),
                password: (record.state == State::Done).then(|| Secret::new(record.password.clone())),
                is_permanent: record.is_permanent,
            })),
            _ => None,
        });
        let add = |bytes: &[u8]| file.write(bytes).map_err(|why| unwritable(path, &why));
        let count = cards::write(&title, &app.profile_option(), made, add)?;
        let finished = if self.force { file.finish() } else { file.finish_new() };
        finished.map_err(|why| match why.kind() {
            io::ErrorKind::AlreadyExists => there_already(path),
            _ => unwritable(path, &why),
        })?;
        Ok(count)
    }
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
