//! Starts a child and watches it: output, time, memory, and what its own children are given.
//!
//! Memory is the kernel's high-water mark in /proc/PID/status, read while the child lives: getrusage would need unsafe code,
//! and its figure includes the test process from before the exec.

use super::home::Canary;
use super::oracle;
use super::run::Prepared;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What to start, and for how long at most.
pub struct Job {
    pub prepared: Prepared,
    pub stdin: Option<Vec<u8>>,
    pub limit: Duration,
    pub forbidden: Vec<Canary>,
    /// When the barrier opened: the clock starts there.
    pub released: Option<Arc<OnceLock<Instant>>>,
}

/// What came of it.
pub struct Raw {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub wall: Duration,
    /// How long its threads were ready to run and had no processor, all of them together: what a busy machine took.
    pub starved: Duration,
    /// 0 if the child was too short-lived to be sampled.
    pub max_rss_kib: u64,
    /// The harness had to kill it.
    pub overran: bool,
    /// What the watch itself found wrong: canaries in a child's arguments or environment, orphans.
    pub faults: Vec<String>,
}

/// A child under watch.
pub struct Supervised {
    pub pid: i32,
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Raw>,
}

impl Supervised {
    pub fn spawn(job: Job) -> Self {
        let argv = &job.prepared.argv;
        let mut child = Command::new(&argv[0])
            .args(&argv[1..])
            .env_clear()
            .envs(job.prepared.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&job.prepared.cwd)
            .stdin(if job.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", argv[0].to_string_lossy()));
        let pid = i32::try_from(child.id()).expect("a process id");
        let start = Instant::now();
        if let (Some(bytes), Some(mut pipe)) = (job.stdin, child.stdin.take()) {
            // A child that does not read its stdin is not an error of the harness.
            std::thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        let stdout = collect(child.stdout.take().expect("piped"));
        let stderr = collect(child.stderr.take().expect("piped"));
        let ended = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ended);
        let thread = std::thread::spawn(move || {
            let mut raw = watch(&mut child, start, job.limit, &job.forbidden);
            flag.store(true, Ordering::SeqCst);
            if let Some(released) = job.released.as_ref().and_then(|released| released.get()) {
                raw.wall = raw.wall.saturating_sub(released.duration_since(start));
            }
            // A child's child that outlives it and holds the pipe would block us for ever.
            for (name, source, sink) in [("stdout", stdout, &mut raw.stdout), ("stderr", stderr, &mut raw.stderr)] {
                match source.recv_timeout(Duration::from_secs(10)) {
                    Ok(bytes) => *sink = bytes,
                    Err(_) => raw.faults.push(format!("O6 an orphan process holds {name} open")),
                }
            }
            raw
        });
        Self { pid, ended, thread }
    }

    pub fn signal(&self, signal: Signal) {
        if !self.ended() {
            // It may end between the question and the signal.
            let _ = kill_process(Pid::from_raw(self.pid).expect("a process id"), signal);
        }
    }

    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    pub fn wait(self) -> Raw {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

fn watch(child: &mut Child, start: Instant, limit: Duration, forbidden: &[Canary]) -> Raw {
    let pid = child.id();
    let (mut max_rss_kib, mut overran, mut faults) = (0, false, Vec::new());
    let mut starved = Duration::ZERO;
    let mut pause = Duration::from_micros(500);
    let status = loop {
        max_rss_kib = max_rss_kib.max(peak_rss(pid).unwrap_or(0));
        for grandchild in children(pid) {
            faults.extend(inherited(pid, grandchild, forbidden));
        }
        if let Some(status) = child.try_wait().expect("try_wait") {
            break status;
        }
        starved = starved.max(waited_for_processors(pid));
        if !overran && start.elapsed() > limit + starved {
            overran = true;
            let _ = child.kill();
        }
        std::thread::sleep(pause);
        // Close watch over a short run, little load from a hundred long ones.
        pause = (pause * 5 / 4).min(Duration::from_millis(20));
    };
    let wall = start.elapsed();
    let (code, signal) = (status.code(), status.signal());
    Raw { code, signal, stdout: Vec::new(), stderr: Vec::new(), wall, starved, max_rss_kib, overran, faults }
}

fn peak_rss(pid: u32) -> Option<u64> {
    // For an instant after a spawn the child still shows the memory of the test process.
    if std::fs::read_link(format!("/proc/{pid}/exe")).ok()? == std::env::current_exe().ok()? {
        return None;
    }
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// The second figure of each thread's schedstat, in nanoseconds.
fn waited_for_processors(pid: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let waited = threads.filter_map(|thread| {
        let figures = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        figures.split(' ').nth(1)?.parse::<u64>().ok()
    });
    Duration::from_nanos(waited.sum())
}

fn children(pid: u32) -> Vec<u32> {
    let list = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn inherited(parent: u32, pid: u32, forbidden: &[Canary]) -> Vec<String> {
    let exe = |pid: u32| std::fs::read_link(format!("/proc/{pid}/exe")).ok();
    // Between fork and exec a child still shows its parent's arguments and environment.
    if exe(pid).is_none() || exe(pid) == exe(parent) {
        return Vec::new();
    }
    let mut leaks = Vec::new();
    for what in ["cmdline", "environ"] {
        let bytes = std::fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
        for canary in forbidden {
            if let Some(form) = oracle::find_canary(&bytes, &canary.value) {
                leaks.push(format!("O3 {form} in the {what} of child {:?}", exe(pid)));
            }
        }
    }
    leaks
}
