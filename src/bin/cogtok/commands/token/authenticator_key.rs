//! Shows the key of an authenticator app: as a QR code that is on the screen as a whole when cogtok asks for a code, and to be typed.

use cogtok::secret::Secret;
use qrcode::{Color, EcLevel, QrCode};

use crate::io::terminal;
use crate::io::terminal::Size;

/// The lines below the picture: the key, and the question.
const BELOW: usize = 2;

/// How many light modules are around the code. The standard's four are for print.
const QUIET: usize = 2;

/// Shows the key to the person at the terminal.
pub fn show_key(key: &Secret, uri: &Secret) {
    terminal::show(&shown(key.expose(), uri.expose(), terminal::size()));
}

fn shown(key: &str, uri: &str, terminal: Size) -> String {
    // The name of the pool is the only part that an app can do without.
    let short = uri.rsplit_once("&issuer=").map_or(uri, |(rest, _)| rest);
    let mut pictures = [uri, short].into_iter().filter_map(Picture::of);
    match pictures.by_ref().find(|picture| picture.fits(terminal)) {
        Some(picture) => {
            let words = "Scan this with an authenticator app, or type the key into it:";
            format!("{words}\n{}  {key}\n", picture.painted())
        }
        None => {
            let why = match Picture::of(short).map(|picture| picture.needs()) {
                Some(needs) => format!(
                    "A QR code needs {} columns and {} lines, and this terminal has {} and {}.",
                    needs.columns, needs.rows, terminal.columns, terminal.rows
                ),
                None => "The address of this key is too long for a QR code.".to_owned(),
            };
            format!(
                "{why}\nType the key into an authenticator app, or open the address with it:\n\n  {key}\n  {uri}\n\n"
            )
        }
    }
}

/// A QR code whose modules are half a character high.
struct Picture {
    modules: Vec<Color>,
    width: usize,
}

impl Picture {
    /// The smallest one with this content; none if it is too long.
    fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L).ok()?;
        Some(Picture { width: code.width(), modules: code.into_colors() })
    }

    fn fits(&self, terminal: Size) -> bool {
        let needs = self.needs();
        needs.columns <= terminal.columns && needs.rows <= terminal.rows
    }

    /// The terminal on which it is whole beside the question.
    fn needs(&self) -> Size {
        Size { columns: self.width + 2 * QUIET, rows: self.rows().count() + BELOW }
    }

    /// The rows of modules that are in one line. A code has an odd number of rows: with one light row fewer below it, the lines are full.
    fn rows(&self) -> impl Iterator<Item = [isize; 2]> {
        let (first, end) = (-QUIET.cast_signed(), (self.width + QUIET - 1).cast_signed());
        (first..end).step_by(2).map(|row| [row, row + 1])
    }

    fn is_dark(&self, row: isize, column: isize) -> bool {
        let place = |at: isize| usize::try_from(at).ok().filter(|at| *at < self.width);
        let at = place(row).zip(place(column)).map(|(row, column)| row * self.width + column);
        at.and_then(|at| self.modules.get(at)).is_some_and(|module| *module == Color::Dark)
    }

    /// The lines in black on white whatever the terminal's colours: many apps can't read an inverted code.
    fn painted(&self) -> String {
        let columns = || -QUIET.cast_signed()..(self.width + QUIET).cast_signed();
        let line = |rows: [isize; 2]| {
            let halves = columns().map(|column| match rows.map(|row| self.is_dark(row, column)) {
                [true, true] => '\u{2588}',
                [true, false] => '\u{2580}',
                [false, true] => '\u{2584}',
                [false, false] => ' ',
            });
            format!("\u{1b}[38;5;16;48;5;231m{}\u{1b}[0m\n", halves.collect::<String>())
        };
        self.rows().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZD";

    fn uri(account: &str) -> String {
        format!("otpauth://totp/{account}?secret={KEY}&issuer=us-east-1_AbCdEfGhI")
    }

    fn on(columns: usize, rows: usize, account: &str) -> String {
        shown(KEY, &uri(account), Size { columns, rows })
    }

    /// The lines of a painted picture.
    fn picture(screen: &str) -> Vec<Vec<char>> {
        let painted = screen.lines().filter_map(|line| line.strip_prefix("\u{1b}[38;5;16;48;5;231m"));
        painted.map(|line| line.trim_end_matches("\u{1b}[0m").chars().collect()).collect()
    }

    /// The modules of a picture, row by row, with the light ones around them.
    fn modules(picture: &[Vec<char>]) -> Vec<Vec<bool>> {
        let upper = |c: &char| matches!(c, '\u{2588}' | '\u{2580}');
        let lower = |c: &char| matches!(c, '\u{2588}' | '\u{2584}');
        let halves = |line: &Vec<char>| [line.iter().map(upper).collect(), line.iter().map(lower).collect()];
        picture.iter().flat_map(halves).collect()
    }

    #[test]
    fn a_code_is_whole_on_24_lines_and_a_picture_of_the_address() {
        for account in ["a", "seat-07%40example.com", "test-3f2c9a0d1b7e%40participants.workshop.example.com"] {
            let screen = on(80, 24, account);
            let picture = picture(&screen);
            assert!(picture.len() + BELOW <= 24 && picture.iter().all(|line| line.len() <= 80), "{account}\n{screen}");
            assert_eq!(screen.lines().last(), Some(format!("  {KEY}").as_str()));
            let read = modules(&picture);
            let (uri, is_light) = (uri(account), |line: &Vec<bool>| line.iter().all(|dark| !dark));
            let short = uri.split("&issuer").next().unwrap_or_default().to_owned();
            let is_of = |text: &String| {
                let code = QrCode::with_error_correction_level(text, EcLevel::L).unwrap();
                let width = code.width();
                let inner: Vec<bool> = read
                    .iter()
                    .skip(QUIET)
                    .take(width)
                    .flat_map(|row| row[QUIET..row.len() - QUIET].to_vec())
                    .collect();
                inner == code.to_colors().iter().map(|module| *module == Color::Dark).collect::<Vec<_>>()
            };
            assert!(is_of(&uri) || is_of(&short), "{account}\n{screen}");
            assert!(read[..QUIET].iter().chain(&read[read.len() - 1..]).all(is_light), "{screen}");
        }
    }

    #[test]
    fn where_no_code_fits_the_key_and_the_address_are_shown_and_why() {
        for (columns, rows) in [(80, 10), (30, 50)] {
            let screen = on(columns, rows, "alice%40example.com");
            assert!(picture(&screen).is_empty() && screen.contains(&uri("alice%40example.com")), "{screen}");
            assert!(screen.contains(&format!("this terminal has {columns} and {rows}")), "{screen}");
        }
        let long = on(400, 400, &"x".repeat(4000));
        assert!(long.starts_with("The address of this key is too long for a QR code."), "{long}");
    }
}
