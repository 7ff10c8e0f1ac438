//! Cards for a class: a page of HTML that prints eight of them on A4, each with what one attendee needs.

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

/// The owner of a card.
#[derive(Debug)]
pub struct Seat {
    /// The user name.
    pub username: String,
    /// The password; `None` if the user existed before and kept theirs.
    pub password: Option<Secret>,
    /// Whether the password stays after the first sign-in.
    pub is_permanent: bool,
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
    command: String,
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
    profile_option: &str,
    seats: impl Iterator<Item = Result<Seat>>,
    mut out: impl FnMut(&[u8]) -> Result<()>,
) -> Result<usize> {
    out(render(&Begin { title })?.as_bytes())?;
    let (mut cards, mut count) = (Vec::with_capacity(ON_A_PAGE), 0);
    for seat in seats {
        cards.push(card(title, profile_option, seat?)?);
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

fn card(title: &str, profile_option: &str, seat: Seat) -> Result<Card> {
    let name = shlex::try_quote(&seat.username)
        .map_err(|_| Error::new(Kind::Failure, format!("no command can name {}", printable(&seat.username, 128))))?;
    let command = ["cogtok ", "token user", profile_option, " --username ", &name].concat();
    let (width, modules) = qr_code(&command)?;
    let password = seat.password.as_ref().map_or(0, |password| password.expose().chars().count());
    let length = title.chars().count() + seat.username.chars().count() + password + command.chars().count();
    Ok(Card { seat, command, side: width + 2 * QUIET_ZONE, modules, is_long: length > LONG })
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
