//! Packs pages of docs/ for `cogtok help TOPIC`: laid out in 80 columns and compressed, so that the program has no reader of
//! Markdown, and little to carry. Tells the linker what makes the program small and quick to start.
#![allow(clippy::disallowed_methods, reason = "cargo speaks to it by its environment, and it writes where cargo says")]

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "cli")]
    {
        topics::pack()?;
        linking::tell()?;
    }
    Ok(())
}

#[cfg(feature = "cli")]
mod linking {
    use std::error::Error;
    use std::path::Path;
    use std::process::Command;

    /// The first glibc whose loader knows relocations that are packed.
    const PACKED_SINCE: (u32, u32) = (2, 36);

    /// With rustc's own linker, which it uses for this target unless it was told otherwise; others lack these options. Programs for
    /// development and tests stay as they are.
    pub fn tell() -> Result<(), Box<dyn Error>> {
        let var = |name: &str| std::env::var(name).unwrap_or_default();
        for name in ["RUSTC_LINKER", "COGTOK_PORTABLE"] {
            println!("cargo::rerun-if-env-changed={name}");
        }
        let is_told_otherwise = !var("RUSTC_LINKER").is_empty()
            || ["linker", "fuse-ld", "link-arg"].iter().any(|word| var("CARGO_ENCODED_RUSTFLAGS").contains(word));
        if var("TARGET") != "x86_64-unknown-linux-gnu" || var("PROFILE") != "release" || is_told_otherwise {
            return Ok(());
        }
        let tell = |arg: &str| println!("cargo::rustc-link-arg-bins=-Wl,{arg}");
        // A function that is the same as another is that other.
        tell("--icf=all");
        // A panic aborts, so that nothing ever unwinds; the tables for it would be a tenth of the program.
        let script = Path::new(&var("OUT_DIR")).join("no-unwinding.ld");
        std::fs::write(
            &script,
            "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.gcc_except_table*) } } INSERT AFTER .rodata;\n",
        )?;
        tell("--no-eh-frame-hdr");
        tell(&format!("-T,{}", script.display()));
        // The loader reads a twentieth of what it has to read else. A package asks for less: it is for older systems as well.
        if var("HOST") == var("TARGET") && var("COGTOK_PORTABLE").is_empty() && glibc() >= Some(PACKED_SINCE) {
            tell("-z,pack-relative-relocs");
        }
        Ok(())
    }

    /// The version of this system's C library, where it is glibc.
    fn glibc() -> Option<(u32, u32)> {
        let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?.stdout;
        let said = String::from_utf8(said).ok()?;
        let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
        let minor = minor.split('.').next()?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    }
}

#[cfg(feature = "cli")]
mod topics {
    use std::error::Error;
    use std::fmt::Write;
    use std::path::Path;

    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    /// The columns of a terminal that is not wide.
    const WIDTH: usize = 80;

    /// What stands around bold words. The program writes a terminal's sequences for them, or nothing.
    const BOLD: (char, char) = ('\u{1}', '\u{2}');

    /// The topics, in the order in which they are listed, each with its page. None is called as a command is.
    const TOPICS: [(&str, &str); 23] = [
        ("attendee", "attendee"),
        ("ci", "ci"),
        ("profiles", "profiles"),
        ("signing-in", "signing-in"),
        ("tokens", "tokens"),
        ("secrets", "secrets"),
        ("environment", "environment"),
        ("exit-codes", "exit-codes"),
        ("troubleshooting", "troubleshooting"),
        ("scripts", "scripts"),
        ("completion", "completion"),
        ("checks", "doctor"),
        ("calling", "call"),
        ("mcp-clients", "mcp"),
        ("agents", "agents"),
        ("verify", "verify"),
        ("users", "users"),
        ("organiser", "organiser"),
        ("cognito-setup", "cognito-setup"),
        ("bedrock", "bedrock"),
        ("credential-process", "aws-credentials"),
        ("fleets", "fleets"),
        ("migrating", "migrating"),
    ];

    /// Writes `topics.rs`: name, title and compressed page of each topic.
    pub fn pack() -> Result<(), Box<dyn Error>> {
        let out = std::env::var("OUT_DIR")?;
        let mut list = format!("pub const TOPICS: [Topic; {}] = [\n", TOPICS.len());
        for (name, page) in TOPICS {
            let path = format!("{}/docs/{page}.md", std::env::var("CARGO_MANIFEST_DIR")?);
            println!("cargo::rerun-if-changed={path}");
            let text = std::fs::read_to_string(&path)?;
            let title =
                text.lines().next().and_then(|line| line.strip_prefix("# ")).ok_or("a page begins with its title")?;
            let packed = miniz_oxide::deflate::compress_to_vec(laid_out(&text)?.as_bytes(), 10);
            std::fs::write(Path::new(&out).join(name), packed)?;
            let file = format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))");
            writeln!(list, "    Topic {{ name: {name:?}, title: {title:?}, packed: {file} }},")?;
        }
        std::fs::write(Path::new(&out).join("topics.rs"), list + "];\n")?;
        Ok(())
    }

    /// A page as a terminal shows it.
    fn laid_out(text: &str) -> Result<String, Box<dyn Error>> {
        let mut page = Page::default();
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            page.take(event)?;
        }
        Ok(page.text.trim_start_matches('\n').to_owned())
    }

    #[derive(Default)]
    struct Page {
        text: String,
        /// The words of the paragraph, item or cell that is not complete yet.
        words: String,
        /// The number of the next item of each list that is open; none for a list without numbers.
        lists: Vec<Option<u64>>,
        /// What the first line of the next paragraph begins with.
        bullet: Option<String>,
        is_code: bool,
        link: Option<(String, usize)>,
        rows: Vec<Vec<String>>,
    }

    impl Page {
        fn take(&mut self, event: Event<'_>) -> Result<(), Box<dyn Error>> {
            match event {
                Event::Start(Tag::Heading { .. } | Tag::Strong) => self.words.push(BOLD.0),
                Event::End(TagEnd::Strong) => self.words.push(BOLD.1),
                Event::End(TagEnd::Heading(_)) => {
                    self.words.push(BOLD.1);
                    self.text.push('\n');
                    self.paragraph();
                }
                Event::Start(Tag::Paragraph) if self.lists.is_empty() => self.text.push('\n'),
                Event::End(TagEnd::Paragraph) => self.paragraph(),
                Event::Start(Tag::List(first)) => {
                    self.paragraph();
                    if self.lists.is_empty() {
                        self.text.push('\n');
                    }
                    self.lists.push(first);
                }
                Event::End(TagEnd::List(_)) => drop(self.lists.pop()),
                Event::Start(Tag::Item) => self.bullet = Some(self.next_bullet()),
                Event::End(TagEnd::Item) => self.paragraph(),
                Event::Start(Tag::CodeBlock(_)) => {
                    self.paragraph();
                    self.text.push('\n');
                    self.is_code = true;
                }
                Event::End(TagEnd::CodeBlock) => self.is_code = false,
                Event::Start(Tag::Link { dest_url, .. }) => self.link = Some((dest_url.to_string(), self.words.len())),
                Event::End(TagEnd::Link) => self.end_link(),
                Event::Start(Tag::Table(_)) => self.rows.clear(),
                Event::Start(Tag::TableHead | Tag::TableRow) => self.rows.push(Vec::new()),
                Event::End(TagEnd::TableCell) => {
                    let cell = std::mem::take(&mut self.words);
                    self.rows.last_mut().ok_or("a cell without a row")?.push(cell);
                }
                Event::End(TagEnd::Table) => self.table(),
                Event::Text(text) if self.is_code => {
                    let indent = self.indent() + 4;
                    text.lines().for_each(|line| self.text.push_str(&format!("{:indent$}{line}\n", "")));
                }
                Event::Text(text) => self.words.push_str(&text),
                Event::Code(code) => self.words.push_str(&format!("`{code}`")),
                Event::SoftBreak | Event::HardBreak => self.words.push(' '),
                _ => {}
            }
            Ok(())
        }

        fn indent(&self) -> usize {
            2 * self.lists.len()
        }

        fn next_bullet(&mut self) -> String {
            match self.lists.last_mut() {
                Some(Some(number)) => {
                    *number += 1;
                    format!("{}. ", *number - 1)
                }
                _ => "- ".to_owned(),
            }
        }

        /// A link to another page names its topic; one that leads elsewhere shows where.
        fn end_link(&mut self) {
            let Some((to, from)) = self.link.take() else { return };
            let page = to.split('#').next().and_then(|page| page.strip_suffix(".md"));
            let topic = TOPICS.iter().find(|(_, of)| page == Some(of)).map(|(name, _)| *name);
            match topic {
                Some(name) if self.words[from..].ends_with(".md") => {
                    self.words.truncate(from);
                    self.words.push_str(&format!("`cogtok help {name}`"));
                }
                Some(name) => self.words.push_str(&format!(" (`cogtok help {name}`)")),
                None if to.starts_with("http") && self.words[from..] != to => self.words.push_str(&format!(" <{to}>")),
                None => {}
            }
        }

        /// Writes the words that are waiting, in lines that fit.
        fn paragraph(&mut self) {
            let words = std::mem::take(&mut self.words);
            if words.trim().is_empty() {
                return;
            }
            let bullet = self.bullet.take().unwrap_or_default();
            let indent = self.indent().max(bullet.len());
            let mut line = format!("{bullet:>indent$}");
            let mut is_empty = true;
            for word in words.split_whitespace() {
                if !is_empty && width(&line) + 1 + width(word) > WIDTH {
                    self.text.push_str(line.trim_end());
                    self.text.push('\n');
                    (line, is_empty) = (" ".repeat(indent), true);
                }
                if !is_empty {
                    line.push(' ');
                }
                line.push_str(word);
                is_empty = false;
            }
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }

        /// A table, or what its rows say one below the other where its words would have to be cut.
        fn table(&mut self) {
            let rows = std::mem::take(&mut self.rows);
            let columns = rows.first().map_or(0, Vec::len);
            let longest = |column: usize| {
                let cells = rows.iter().filter_map(|row| row.get(column));
                cells.flat_map(|cell| cell.split_whitespace()).map(width).max().unwrap_or_default()
            };
            let least: Vec<usize> = (0..columns).map(longest).collect();
            // Two blanks stand beside each column.
            if least.iter().map(|words| words + 2).sum::<usize>() > WIDTH {
                return self.records(rows);
            }
            let mut rows = rows.into_iter();
            let mut table = comfy_table::Table::new();
            table
                .load_style(comfy_table::presets::NOTHING)
                .set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
            table.set_width(u16::try_from(WIDTH).unwrap_or(u16::MAX));
            let head = rows.next().unwrap_or_default();
            if head.iter().any(|cell| !cell.is_empty()) {
                table.set_header(head);
            }
            table.add_rows(rows);
            for (column, least) in table.column_iter_mut().zip(least) {
                let least = u16::try_from(least + 2).unwrap_or(u16::MAX);
                column.set_constraint(comfy_table::ColumnConstraint::LowerBoundary(comfy_table::Width::Fixed(least)));
            }
            let table = table.to_string().replace([BOLD.0, BOLD.1], "");
            self.text.push('\n');
            table.lines().for_each(|line| self.text.push_str(&format!("{}\n", line.trim_end())));
        }
    }

    impl Page {
        fn records(&mut self, rows: Vec<Vec<String>>) {
            let mut rows = rows.into_iter();
            let head = rows.next().unwrap_or_default();
            for row in rows {
                self.text.push('\n');
                for (name, cell) in head.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
                    self.words = if name.is_empty() { cell } else { format!("{name}: {cell}") };
                    self.paragraph();
                    self.bullet = Some("    ".to_owned());
                }
                self.bullet = None;
            }
        }
    }

    fn width(text: &str) -> usize {
        text.chars().filter(|c| *c != BOLD.0 && *c != BOLD.1).count()
    }
}
