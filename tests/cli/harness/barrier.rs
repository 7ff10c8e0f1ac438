//! Starts any number of runs in the same instant.

use super::output::Output;
use super::run::{Run, Running};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// What the waiting runs know of their barrier.
pub(super) struct Gate {
    pub(super) dir: tempfile::TempDir,
    pub(super) released: Arc<OnceLock<Instant>>,
}

/// A gate at which any number of runs wait, to start in the same instant.
pub struct Barrier {
    pub(super) state: Arc<Gate>,
    gate: std::fs::File,
}

impl Default for Barrier {
    fn default() -> Self {
        Self::new()
    }
}

impl Barrier {
    /// A closed gate.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("cogtok-barrier-").tempdir().expect("a temporary directory");
        let fifo = dir.path().join("gate");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
        assert!(made.success(), "mkfifo");
        // Open for both, so that neither this open nor the readers' waits for the other.
        let gate = std::fs::OpenOptions::new().read(true).write(true).open(&fifo).expect("open");
        Self { state: Arc::new(Gate { dir, released: Arc::default() }), gate }
    }

    /// Opens the gate when `count` runs stand before it.
    pub fn release(self, count: usize) {
        super::poll("the runs reach the barrier", Duration::from_secs(60), || {
            let waiting = std::fs::read_dir(self.state.dir.path()).expect("read_dir").count() - 1;
            (waiting >= count).then_some(())
        });
        self.state.released.set(Instant::now()).expect("released once");
        drop(self.gate);
    }
}

/// Starts all `runs` in the same instant and waits for them.
pub fn herd<'h>(runs: impl IntoIterator<Item = Run<'h>>) -> Vec<Output> {
    let barrier = Barrier::new();
    let running: Vec<_> = runs.into_iter().map(|run| run.barrier(&barrier).spawn()).collect();
    barrier.release(running.len());
    running.into_iter().map(Running::wait).collect()
}
