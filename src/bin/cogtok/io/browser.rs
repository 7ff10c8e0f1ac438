//! Opening an address in a browser, which gets none of our secrets.

use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use url::Url;

use crate::env;
use crate::io::{external_program, terminal};

/// Secrets of others that a browser, which outlives us, has no use for.
const OF_OTHERS: [&str; 2] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// The separator of BROWSER's programs: a path on Windows contains a colon.
const SEPARATOR: char = if cfg!(windows) { ';' } else { ':' };

/// The opener at work.
static OPENER: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);

/// Opens `url` with BROWSER's programs, else the system's opener. If none works, a message says so. It does not wait for a browser to end.
/// `is_shown` says whether the address was printed already.
pub fn open(url: &Url, is_shown: bool) {
    let url = url.to_string();
    let commands = commands(&url);
    // Some openers run as long as the browser does.
    let opener = std::thread::Builder::new().name("browser".to_owned());
    let opener = opener.spawn(move || {
        let is_open = commands.into_iter().any(|mut command| {
            quiet(&mut command);
            let opened = command.status();
            opened.is_ok_and(|status| status.success() || tells_nothing(&command))
        });
        if !is_open && is_shown {
            terminal::note("no browser could be opened; open the address above yourself");
        } else if !is_open {
            terminal::note("no browser could be opened; open this address yourself:");
            terminal::address(&url);
        }
    });
    *OPENER.lock().unwrap_or_else(PoisonError::into_inner) = opener.ok();
}

/// Whether a browser is likely to open: BROWSER names a program, or there is a display and a program that opens addresses.
pub fn can_open() -> bool {
    let has_display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env::var(name).is_some());
    let is_likely = env::var("BROWSER").is_some() || has_display || cfg!(any(windows, target_os = "macos"));
    is_likely && !commands("http://127.0.0.1/").is_empty()
}

/// Gives the opener a moment if nothing else is waited for: it may still be searching, or about to fail.
pub fn wait() {
    let opener = OPENER.lock().unwrap_or_else(PoisonError::into_inner).take();
    let end = Instant::now() + Duration::from_secs(2);
    while opener.as_ref().is_some_and(|opener| !opener.is_finished()) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether it is Windows' Explorer, which always exits with 1.
fn tells_nothing(command: &Command) -> bool {
    let stem = std::path::Path::new(command.get_program()).file_stem().unwrap_or_default();
    cfg!(windows) && stem.eq_ignore_ascii_case("explorer")
}

fn commands(url: &str) -> Vec<Command> {
    match env::var("BROWSER") {
        Some(browsers) => browsers.split(SEPARATOR).filter_map(|browser| named(browser, url)).collect(),
        None => open::commands(url).iter().filter_map(external_program::resolved).collect(),
    }
}

/// One of BROWSER's programs: shell words, with `%s` or the end of the line for the address. No shell runs it.
fn named(browser: &str, url: &str) -> Option<Command> {
    let named = external_program::named(browser)?;
    let words: Vec<String> = named.get_args().filter_map(|word| word.to_str().map(str::to_owned)).collect();
    let mut command = Command::new(named.get_program());
    command.args(words.iter().map(|word| word.replace("%s", url)));
    if !words.iter().any(|word| word.contains("%s")) {
        command.arg(url);
    }
    external_program::resolved(&command)
}

/// Without secrets in its environment, without cogtok's streams, and without signals from Ctrl-C.
fn quiet(command: &mut Command) {
    external_program::withhold_secrets(command);
    for name in OF_OTHERS {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    // CREATE_NO_WINDOW: no console window.
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(command, 0x0800_0000);
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn browser_is_words_and_a_place_for_the_address() {
        let words = |browser: &str| {
            let command = named(browser, "https://a/?b=c&d='e'")?;
            let words = std::iter::once(command.get_program()).chain(command.get_args());
            Some(words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>())
        };
        let shell =
            |arguments: &[&str]| Some([&["/bin/sh"], arguments].concat().into_iter().map(String::from).collect());
        assert_eq!(words("/bin/sh"), shell(&["https://a/?b=c&d='e'"]));
        assert_eq!(words("/bin/sh 'a b' --x=%s y"), shell(&["a b", "--x=https://a/?b=c&d='e'", "y"]));
        assert_eq!(words("./sh"), None);
        assert_eq!(words("no-such-program-anywhere"), None);
        assert_eq!(words(""), None);
    }
}
