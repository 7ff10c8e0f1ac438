//! Cards for a class: a page of HTML that prints eight of them on A4, each with what one attendee needs.

use std::borrow::Cow;
use std::fmt::Write;

use askama::Template;
use cogtok::error::{Error, Kind, Result, printable};
use cogtok::secret::Secret;
use qrcode::{Color, QrCode};
use zeroize::Zeroizing;

/// How many cards a page has.
const ON_A_PAGE: usize = 8;

/// The light modules that a QR code needs on every side.
const QUIET_ZONE: usize = 4;

/// From this length on, text on a card is set in small type, so that the card keeps its size.
const LONG: usize = 150;

/// Who gets a card, with what is on it.
#[derive(Debug)]
pub struct Seat {
    entries: Vec<Entry>,
    /// What is typed first, with what is said of it.
    command: (&'static str, String),
    /// What is typed from then on.
    later: Option<(&'static str, String)>,
}

/// A value on a card.
#[derive(Debug)]
struct Entry {
    label: &'static str,
    /// What it is; nothing where there is no value.
    class: &'static str,
    value: Secret,
}

impl Entry {
    fn new(label: &'static str, class: &'static str, value: &str) -> Self {
        Entry { label, class, value: Secret::new(value.to_owned()) }
    }
}

impl Seat {
    /// A user who types the password; none where the user was there before and kept theirs. `profile_option` is what names the
    /// profile in a command.
    ///
    /// # Errors
    /// [`Kind::Failure`] for a name that no command can have.
    pub fn with_password(
        username: &str,
        password: Option<&Secret>,
        is_permanent: bool,
        profile_option: &str,
    ) -> Result<Self> {
        let command = ["cogtok ", "token user", profile_option, " --username ", &*word(username)?].concat();
        let password = match password {
            None => Entry::new("Password", "", "the one you have"),
            Some(password) => {
                let label = if is_permanent { "Password" } else { "Password, for the first sign-in only" };
                Entry::new(label, "password", password.expose())
            }
        };
        let entries = vec![Entry::new("User name", "username", username), password];
        Ok(Seat { entries, command: ("Type this command:", command), later: None })
    }

    /// A user who imports a sealed file, with what opens it; none where it is the user's own identity.
    ///
    /// # Errors
    /// [`Kind::Failure`] for a name that no command can have.
    pub fn with_file(username: &str, file: &str, passphrase: Option<&Secret>, profile_option: &str) -> Result<Self> {
        let identity = if passphrase.is_none() { " --identity FILE" } else { "" };
        let import = ["cogtok ", "profile import ", &*word(file)?, identity].concat();
        let opener = match passphrase {
            None => Entry::new("What opens your file", "", "your age identity"),
            Some(passphrase) => Entry::new("Passphrase of your file", "passphrase", passphrase.expose()),
        };
        let entries = vec![Entry::new("User name", "username", username), opener];
        let later = Some(("Then, for a token:", ["cogtok ", "token user", profile_option].concat()));
        Ok(Seat { entries, command: ("Type this where your file is:", import), later })
    }
}

/// A word of a command, as a shell takes it.
fn word(text: &str) -> Result<Cow<'_, str>> {
    shlex::try_quote(text)
        .map_err(|_| Error::new(Kind::Failure, format!("no command can name {}", printable(text, 128))))
}

#[derive(Template)]
#[template(path = "cards_begin.html")]
struct Begin<'a> {
    title: &'a str,
}

#[derive(Template)]
#[template(path = "cards_page.html")]
struct Page<'a> {
    title: &'a str,
    cards: &'a [Card],
}

struct Card {
    seat: Seat,
    /// The QR code of the command: its side with the quiet zone, and its dark modules as the path of an SVG.
    side: usize,
    modules: String,
    is_long: bool,
}

/// Writes the cards page by page, so that a class of any size needs the memory of one page. Gives how many there are.
///
/// # Errors
/// The errors of `seats` and `out`; [`Kind::Failure`] if a command is too long for a QR code.
pub fn write(
    title: &str,
    seats: impl Iterator<Item = Result<Seat>>,
    mut out: impl FnMut(&[u8]) -> Result<()>,
) -> Result<usize> {
    out(render(&Begin { title })?.as_bytes())?;
    let (mut cards, mut count) = (Vec::with_capacity(ON_A_PAGE), 0);
    for seat in seats {
        cards.push(card(title, seat?)?);
        count += 1;
        if cards.len() == ON_A_PAGE {
            out(render(&Page { title, cards: &cards })?.as_bytes())?;
            cards.clear();
        }
    }
    if !cards.is_empty() {
        out(render(&Page { title, cards: &cards })?.as_bytes())?;
    }
    out(b"</body>\n</html>\n")?;
    Ok(count)
}

fn card(title: &str, seat: Seat) -> Result<Card> {
    let (width, modules) = qr_code(&seat.command.1)?;
    let values: usize = seat.entries.iter().map(|entry| entry.value.expose().chars().count()).sum();
    let commands = seat.command.1.chars().count() + seat.later.as_ref().map_or(0, |(_, later)| later.chars().count());
    let is_long = title.chars().count() + values + commands > LONG;
    Ok(Card { seat, side: width + 2 * QUIET_ZONE, modules, is_long })
}

/// The width of a QR code, and its dark modules as the path of an SVG.
fn qr_code(text: &str) -> Result<(usize, String)> {
    let code = QrCode::new(text.as_bytes())
        .map_err(|why| Error::new(Kind::Failure, format!("no QR code can hold `{}`: {why}", printable(text, 200))))?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for alike in row.chunk_by(PartialEq::eq) {
            let length = alike.len();
            if alike.first() == Some(&Color::Dark) {
                let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
            }
            x += length;
        }
    }
    Ok((width, path))
}

/// Passwords are in it, so it is wiped.
fn render(template: &impl Template) -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(64 * 1024));
    let rendered = template.render_into(&mut *text);
    rendered.map_err(|why| Error::new(Kind::Failure, format!("the cards can't be created: {why}")))?;
    Ok(text)
}
