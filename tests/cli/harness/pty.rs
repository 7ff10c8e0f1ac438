//! cogtok on a terminal.

use super::home::{Home, Kind};
use super::oracle::find_canary;
use super::run::Run;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::termios::LocalModes;
use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(30);

/// What asks a terminal where its cursor is.
const WHERE: &str = "\u{1b}[6n";

#[derive(Default)]
struct Screen {
    text: Mutex<String>,
    grown: Condvar,
}

/// A program on a pseudo-terminal of 24 lines, of 120 columns where nothing else is said.
pub struct Pty<'h> {
    home: &'h Home,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    // Kept open, so that the terminal's modes can still be read when the program has ended.
    slave: Option<Box<dyn SlavePty + Send>>,
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    screen: Arc<Screen>,
    reader: Option<std::thread::JoinHandle<()>>,
    seen: usize,
}

/// What a terminal session gave.
#[derive(Debug)]
pub struct Session {
    /// None if a signal ended it.
    pub code: Option<u32>,
    pub signal: Option<String>,
    /// Everything that was shown, carriage returns taken out.
    pub text: String,
    /// Whether the terminal shows what is typed, after the end.
    pub echo: bool,
    /// Whether the terminal gives whole lines, after the end.
    pub canonical: bool,
}

impl<'h> Run<'h> {
    /// Runs it on a pseudo-terminal: stdin, stdout and stderr, and as the controlling terminal.
    pub fn pty(self) -> Pty<'h> {
        self.pty_that(24, 120, false)
    }

    /// As [`Run::pty`], on one of so many lines and columns.
    pub fn pty_of(self, rows: u16, cols: u16) -> Pty<'h> {
        self.pty_that(rows, cols, false)
    }

    /// As [`Run::pty`], on a terminal that says where its cursor is when it is asked: always in the upper left corner.
    pub fn answering_pty(self) -> Pty<'h> {
        self.pty_that(24, 120, true)
    }

    fn pty_that(self, rows: u16, cols: u16, answers: bool) -> Pty<'h> {
        let prepared = self.prepare();
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::from_argv(prepared.argv);
        command.env_clear();
        for (name, value) in prepared.env {
            command.env(name, value);
        }
        command.env("TERM", "xterm-256color");
        command.cwd(prepared.cwd);
        self.home.state().alive += 1;
        let child = pair.slave.spawn_command(command).expect("spawn");
        let mut source = pair.master.try_clone_reader().expect("a reader");
        let screen = Arc::new(Screen::default());
        let shown = Arc::clone(&screen);
        let writer = Arc::new(Mutex::new(pair.master.take_writer().expect("a writer")));
        let typist = Arc::clone(&writer);
        let reader = std::thread::spawn(move || {
            let (mut bytes, mut rest, mut answered) = ([0; 4096], Vec::new(), 0);
            // The end is an error (EIO) on Linux.
            while let Ok(count @ 1..) = source.read(&mut bytes) {
                rest.extend_from_slice(&bytes[..count]);
                // A character may come in two pieces.
                let whole = match std::str::from_utf8(&rest) {
                    Err(error) if error.error_len().is_none() => error.valid_up_to(),
                    _ => rest.len(),
                };
                let text = String::from_utf8_lossy(&rest[..whole]).into_owned();
                rest.drain(..whole);
                let mut whole = shown.text.lock().unwrap_or_else(PoisonError::into_inner);
                whole.push_str(&text);
                let asked = if answers { whole.matches(WHERE).count() } else { 0 };
                drop(whole);
                shown.grown.notify_all();
                for _ in answered..asked {
                    // Who asked may be gone.
                    let _ = typist.lock().unwrap_or_else(PoisonError::into_inner).write_all(b"\x1b[1;1R");
                }
                answered = asked;
            }
        });
        Pty {
            home: self.home,
            child,
            master: pair.master,
            slave: Some(pair.slave),
            writer,
            screen,
            reader: Some(reader),
            seen: 0,
        }
    }
}

impl Pty<'_> {
    /// Waits until `text` is shown after what was expected before.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> &mut Self {
        let start = Instant::now();
        let mut shown = self.screen.text.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(at) = shown[self.seen..].find(text) {
                self.seen += at + text.len();
                drop(shown);
                return self;
            }
            assert!(start.elapsed() < LIMIT, "never shown: {text:?}\n--- terminal\n{shown}\n---");
            let (next, _) = self
                .screen
                .grown
                .wait_timeout(shown, Duration::from_millis(100))
                .unwrap_or_else(PoisonError::into_inner);
            shown = next;
        }
    }

    /// Types `text`; a line ends with `\r`.
    pub fn send(&mut self, text: impl AsRef<[u8]>) -> &mut Self {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write_all(text.as_ref()).expect("type");
        writer.flush().expect("flush");
        drop(writer);
        self
    }

    /// Types a line.
    pub fn send_line(&mut self, line: &str) -> &mut Self {
        self.send(format!("{line}\r"))
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = self.child.process_id().and_then(|pid| i32::try_from(pid).ok()).expect("a process id");
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).expect("a process id"), signal)
            .expect("kill");
    }

    /// Whether the terminal shows what is typed now.
    pub fn echo(&self) -> bool {
        self.modes().contains(LocalModes::ECHO)
    }

    /// Waits until the program has turned the echo off, as it must before it asks for a secret.
    pub fn expect_no_echo(&mut self) -> &mut Self {
        super::poll("the echo is off", LIMIT, || (!self.echo()).then_some(()));
        self
    }

    /// What is shown so far.
    pub fn text(&self) -> String {
        self.screen.text.lock().unwrap_or_else(PoisonError::into_inner).replace('\r', "")
    }

    /// Waits for the end; no canary that is a secret or a password may have been shown.
    #[track_caller]
    pub fn wait(mut self) -> Session {
        let status: ExitStatus =
            super::poll("the program on the terminal ends", LIMIT, || self.child.try_wait().expect("try_wait"));
        let modes = self.modes();
        // With the last slave closed the reader meets the end after the last byte.
        drop(self.slave.take());
        self.reader.take().expect("joined once").join().expect("the reader");
        let text = self.text();
        let state = self.home.state();
        for canary in state.canaries.iter().filter(|canary| canary.kind != Kind::Token) {
            let found = find_canary(text.as_bytes(), &canary.value);
            assert!(found.is_none(), "O3 {} on the terminal\n{text}", found.unwrap_or_default());
        }
        let mut faults = Vec::new();
        if state.alive == 1 {
            super::state::check(self.home, &state, status.success(), &mut faults);
        }
        drop(state);
        assert!(faults.is_empty(), "the oracles say:\n  {}\n{text}", faults.join("\n  "));
        assert!(!text.contains("panicked at"), "O2 a panic:\n{text}");
        let signal = status.signal().map(String::from);
        Session {
            code: signal.is_none().then(|| status.exit_code()),
            signal,
            text,
            echo: modes.contains(LocalModes::ECHO),
            canonical: modes.contains(LocalModes::ICANON),
        }
    }

    fn modes(&self) -> LocalModes {
        let tty = self.master.tty_name().expect("the terminal's name");
        let tty =
            rustix::fs::open(tty, rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NOCTTY, rustix::fs::Mode::empty());
        rustix::termios::tcgetattr(tty.expect("the terminal")).expect("tcgetattr").local_modes
    }
}

impl Drop for Pty<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.home.state().alive -= 1;
    }
}
