//! The users to create: numbered seats, or the lines of a file. A file is read to its end before any request, and all its errors are
//! reported by line.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use cogtok::error::{Error, Result, printable};
use cogtok::secret::Secret;
use cogtok::secret::shape;
use cogtok::settings::types::Username;
use serde_json::{Map, Value};

use crate::io::terminal;
use crate::services::user_file::{Content, Line, UserFile};

/// The columns of a file.
const COLUMNS: [&str; 7] = ["email", "username", "password", "group", "groups", "attributes", "phone"];

/// A file with the columns and a line that shows what goes into each; every line but the first is a user.
pub const CSV_TEMPLATE: &str = "\
    email,username,password,group,groups,attributes,phone\n\
    alice@example.com,,,class,,given_name=Alice;locale=en,\n";

/// The same as JSON lines.
pub const JSONL_TEMPLATE: &str = "{\"email\":\"alice@example.com\",\"username\":null,\"password\":null,\"group\":\"class\",\
    \"groups\":[],\"attributes\":{\"given_name\":\"Alice\",\"locale\":\"en\"},\"phone\":null}\n";

/// The most complaints that are printed.
const TOLD: usize = 10;

/// A user to create.
#[derive(Debug, Default)]
pub struct Seat {
    /// The e-mail address.
    pub email: Option<String>,
    /// The user name, where it is not the address.
    pub username: Option<String>,
    /// The password; `None` to generate one.
    pub password: Option<Secret>,
    /// The groups.
    pub groups: Vec<String>,
    /// Attributes by name.
    pub attributes: BTreeMap<String, String>,
}

impl Seat {
    /// The user name to create.
    pub fn name(&self) -> &str {
        self.username.as_deref().or(self.email.as_deref()).unwrap_or_default()
    }
}

/// How seats are called.
#[derive(Debug)]
pub struct Numbered<'a> {
    /// The prefix of the names.
    pub prefix: &'a str,
    /// The first number.
    pub start: usize,
    /// How many there are.
    pub count: usize,
    /// The domain of their e-mail addresses; `None` for users without one.
    pub domain: Option<&'a str>,
    /// Whether the user names are not the addresses.
    pub has_names: bool,
}

impl Numbered<'_> {
    /// The seat of this place: `seat-07@example.com`.
    pub fn seat(&self, at: usize) -> Seat {
        let last = self.start.saturating_add(self.count.saturating_sub(1));
        let width = last.to_string().len().max(2);
        let name = format!("{}{:0width$}", self.prefix, self.start.saturating_add(at));
        let email = self.domain.map(|domain| format!("{name}@{domain}"));
        Seat { email, username: self.has_names.then_some(name), ..Seat::default() }
    }
}

/// The errors of a file, collected while it is read.
#[derive(Debug, Default)]
struct Complaints {
    told: Vec<String>,
    count: usize,
    /// The names so far, by their hashes under a random key: of a million lines the names themselves would take 100 MB.
    names: HashSet<u64>,
    hasher: RandomState,
}

impl Complaints {
    fn add(&mut self, line: u64, what: &str) {
        self.count += 1;
        if self.told.len() < TOLD {
            self.told.push(format!("line {line}: {what}"));
        }
    }

    /// The seat, if nothing is wrong with it.
    fn check(
        &mut self,
        line: u64,
        seat: Result<Seat, String>,
        take: &mut impl FnMut(Seat) -> Result<()>,
    ) -> Result<()> {
        let seat = seat.and_then(|seat| {
            check(&seat)?;
            if self.names.insert(self.hasher.hash_one(seat.name().to_lowercase())) {
                Ok(seat)
            } else {
                Err(format!("{} is on an earlier line as well", printable(seat.name(), 80)))
            }
        });
        match seat {
            // After an error no user is created; the rest is read only for its own errors.
            Ok(seat) if self.count == 0 => take(seat),
            Ok(_) => Ok(()),
            Err(what) => {
                self.add(line, &what);
                Ok(())
            }
        }
    }

    /// The columns that the header names.
    fn columns(&mut self, line: u64, header: &[String]) -> Vec<String> {
        let columns: Vec<String> = header.iter().map(|column| column.trim().to_lowercase()).collect();
        for (at, column) in columns.iter().enumerate() {
            if !COLUMNS.contains(&column.as_str()) {
                let what = if column.is_empty() {
                    format!("column {} has no name", at + 1)
                } else {
                    format!("there is no column `{}`: the columns are {}", printable(column, 40), COLUMNS.join(", "))
                };
                self.add(line, &what);
            } else if columns.iter().take(at).any(|earlier| earlier == column) {
                self.add(line, &format!("the column `{column}` is there twice"));
            }
        }
        columns
    }

    fn end(self, name: &str) -> Result<()> {
        let Some(first) = self.told.first() else {
            return if self.names.is_empty() { Err(Error::usage(format!("{name} names no user"))) } else { Ok(()) };
        };
        let message = match self.count {
            1 => format!("{name}, {first}"),
            count => format!("{name} has {count} errors, and nothing was sent: {}", self.told.join("; ")),
        };
        let more = self.count.saturating_sub(self.told.len());
        Err(Error::usage(if more == 0 { message } else { format!("{message}; and {more} more") }))
    }
}

/// Reads the users of a file.
///
/// # Errors
/// [`cogtok::error::Kind::Usage`] with what is wrong by line, once the whole file is read; and what `take` fails with.
pub fn read(mut file: UserFile, mut take: impl FnMut(Seat) -> Result<()>) -> Result<()> {
    let (mut complaints, mut columns) = (Complaints::default(), Vec::new());
    while let Some(Line { number, content }) = file.next_line()? {
        let seat = match content {
            Ok(Content::Header(header)) => {
                columns = complaints.columns(number, &header);
                // The fields of other columns say nothing.
                if complaints.count == 0 { continue } else { break }
            }
            Ok(Content::Fields(fields)) if fields.len() == columns.len() => {
                from_fields(columns.iter().map(String::as_str).zip(fields.iter().map(String::as_str)))
            }
            Ok(Content::Fields(fields)) => {
                let has = terminal::counted(fields.len(), "field");
                Err(format!("it has {has}, and the first line has {}", columns.len()))
            }
            Ok(Content::Object(object)) => from_object(object),
            Err(what) => Err(what),
        };
        complaints.check(number, seat, &mut take)?;
    }
    complaints.end(file.name())
}

fn from_fields<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Seat, String> {
    let mut seat = Seat::default();
    for (column, text) in fields {
        let text = if column == "password" { text.strip_suffix('\r').unwrap_or(text) } else { text.trim() };
        if text.is_empty() {
            continue;
        }
        match column {
            "groups" => {
                seat.groups.extend(text.split(';').map(|group| group.trim().to_owned()).filter(|one| !one.is_empty()))
            }
            "attributes" => {
                for pair in text.split(';').filter(|pair| !pair.trim().is_empty()) {
                    let (name, value) = pair
                        .split_once('=')
                        .ok_or_else(|| format!("`{}` in attributes is not NAME=VALUE", printable(pair, 40)))?;
                    seat.attributes.insert(name.trim().to_owned(), value.trim().to_owned());
                }
            }
            _ => set(&mut seat, column, text)?,
        }
    }
    Ok(seat)
}

fn from_object(object: Map<String, Value>) -> Result<Seat, String> {
    let mut seat = Seat::default();
    for (name, value) in object {
        match (name.as_str(), value) {
            (_, Value::Null) => {}
            ("groups", Value::Array(groups)) => {
                for group in groups {
                    let group = group.as_str().ok_or("a group is not text")?;
                    seat.groups.push(group.to_owned());
                }
            }
            ("attributes", Value::Object(attributes)) => {
                for (name, value) in attributes {
                    let value = value
                        .as_str()
                        .ok_or_else(|| format!("the attribute `{}` is not text", printable(&name, 40)))?;
                    seat.attributes.insert(name, value.to_owned());
                }
            }
            (name, Value::String(text)) if COLUMNS.contains(&name) && name != "groups" && name != "attributes" => {
                if !text.is_empty() {
                    set(&mut seat, name, &text)?;
                }
            }
            (name, _) if COLUMNS.contains(&name) => return Err(format!("`{name}` has a value of another type")),
            (name, _) => {
                let name = printable(name, 40);
                return Err(format!("there is no column `{name}`: the columns are {}", COLUMNS.join(", ")));
            }
        }
    }
    Ok(seat)
}

fn set(seat: &mut Seat, column: &str, text: &str) -> Result<(), String> {
    match column {
        "email" => seat.email = Some(text.to_owned()),
        "username" => seat.username = Some(text.to_owned()),
        "group" => seat.groups.push(text.to_owned()),
        "phone" => {
            seat.attributes.insert("phone_number".to_owned(), text.to_owned());
        }
        _ => {
            let password = shape::password(Secret::new(text.to_owned()));
            seat.password = Some(password.map_err(|error| format!("the password can't be one: {}", error.message()))?);
        }
    }
    Ok(())
}

/// Why Cognito, or a spreadsheet that opens the list of users, would not take a user.
///
/// # Errors
/// What is wrong with it.
pub fn check(seat: &Seat) -> Result<(), String> {
    if seat.name().is_empty() {
        return Err("it has neither an email nor a username".to_owned());
    }
    // Spreadsheets that open the output would run it.
    let begins_a_formula = |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let fields = [("email", seat.email.as_deref()), ("username", seat.username.as_deref())];
    let named = fields.into_iter().filter_map(|(column, text)| Some((column, text?)));
    let groups = seat.groups.iter().map(|group| ("group", group.as_str()));
    let password = seat.password.as_ref().map(|password| ("password", password.expose()));
    for (column, text) in named.clone().chain(groups).chain(password) {
        if begins_a_formula(text) {
            return Err(format!("the {column} would be a formula in a spreadsheet"));
        }
    }
    for (_, text) in named {
        text.parse::<Username>().map_err(|error| error.message().to_owned())?;
    }
    if let Some(email) = &seat.email
        && !is_address(email)
    {
        return Err(format!("`{}` is not an e-mail address", printable(email, 80)));
    }
    if let Some(phone) = seat.attributes.get("phone_number")
        && !is_phone_number(phone)
    {
        return Err(format!("`{}` is not a phone number such as +14155550100", printable(phone, 40)));
    }
    Ok(())
}

fn is_address(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(name, domain)| {
        // Of what RFC 5322 allows in quotation marks alone, nothing: it is a column that is not an address.
        !name.is_empty()
            && !text.contains(['"', '(', ')', ',', ':', ';', '<', '>', '[', '\\', ']'])
            && !name.contains('@')
            && !domain.is_empty()
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    })
}

fn is_phone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_have_every_column_and_are_read() {
        assert_eq!(CSV_TEMPLATE.lines().next().unwrap(), COLUMNS.join(","));
        let mut seats = Vec::new();
        let mut take = |seat: Seat| {
            seats.push(format!("{seat:?}"));
            Ok(())
        };
        for template in [CSV_TEMPLATE, JSONL_TEMPLATE] {
            read(UserFile::of("it", Box::new(template.as_bytes())), &mut take).unwrap();
        }
        assert_eq!((seats.len(), &seats[0]), (2, &seats[1]));
        let object: Map<String, Value> = serde_json::from_str(JSONL_TEMPLATE).unwrap();
        assert_eq!(object.keys().collect::<Vec<_>>(), COLUMNS.iter().collect::<Vec<_>>());
    }
}
