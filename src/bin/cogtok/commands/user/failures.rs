//! What failed of very many: the first ones are warnings, and the others are counted.

use cogtok::error::{Error, printable};

/// The most users that are named one by one.
pub const NAMED: usize = 20;

/// The users for whom something failed.
#[derive(Debug, Default)]
pub struct Failures {
    first: Vec<(String, Error)>,
    count: usize,
}

impl Failures {
    /// Adds one; a warning says why, for the first ones.
    pub fn add(&mut self, name: &str, error: Error) {
        self.count += 1;
        if self.first.len() < NAMED {
            log::warn!(target: "cogtok", "{}: {error}", printable(name, 128));
            self.first.push((name.to_owned(), error));
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The names of the first ones, as they are printed.
    pub fn names(&self) -> Vec<String> {
        self.first.iter().map(|(name, _)| printable(name, 60)).collect()
    }

    /// How many are not among the first.
    pub fn others(&self) -> usize {
        self.count.saturating_sub(self.first.len())
    }

    /// Says how many there were without a warning of their own. Gives what failed first.
    pub fn end(self) -> Option<Error> {
        count_others(self.others());
        self.first.into_iter().next().map(|(_, error)| error)
    }
}

/// Says how many failed without a warning of their own.
pub fn count_others(others: usize) {
    match others {
        0 => {}
        1 => log::warn!(target: "cogtok", "1 more user failed"),
        others => log::warn!(target: "cogtok", "{others} more users failed"),
    }
}
