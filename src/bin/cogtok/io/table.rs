//! Tables that stay readable on narrow terminals: words stay whole as long as possible, and ids and addresses break after a separator.

use crate::env;
use crate::io::terminal::{painted, shows_data};
use crate::io::terminal_width::terminal_width;

/// Spaces between two columns.
const GAP: usize = 2;

/// Words up to this length, such as a date, are never broken.
const SHORT: usize = 12;

/// A longer word may break after one of these.
const BREAKS: [char; 9] = ['/', ':', '.', '@', '_', '-', '?', '&', '='];

/// A table for standard output. At a terminal, or with COLUMNS set, it has columns; elsewhere it has tabs between complete values, for
/// programs.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.into_iter().collect();
    let mut columns = Columns::new(header);
    rows.iter().for_each(|row| columns.measure(row));
    let layout = columns.layout();
    std::iter::once(layout.header()).chain(rows.iter().map(|row| layout.row(row))).collect()
}

/// The columns of a table whose rows come twice: to be measured, and to be laid out.
#[derive(Debug)]
pub struct Columns {
    header: Vec<String>,
    /// The longest cell, the longest word and the longest piece of a word in each column.
    lengths: Vec<usize>,
    words: Vec<usize>,
    pieces: Vec<usize>,
}

impl Columns {
    /// Columns of these titles.
    pub fn new(header: &[&str]) -> Self {
        let header: Vec<String> = header.iter().map(|title| (*title).to_owned()).collect();
        let titles: Vec<usize> = header.iter().map(|title| length(title)).collect();
        Columns { header, lengths: titles.clone(), words: titles.clone(), pieces: titles }
    }

    /// Makes room for a row.
    pub fn measure(&mut self, row: &[String]) {
        let most = |of: &mut Vec<usize>, measure: fn(&str) -> usize| {
            of.iter_mut().zip(row).for_each(|(most, cell)| *most = measure(cell).max(*most));
        };
        most(&mut self.lengths, length);
        most(&mut self.words, longest_word);
        most(&mut self.pieces, longest_piece);
    }

    /// The columns as they are for all rows that were measured.
    pub fn layout(self) -> Layout {
        let widths = (!is_for_programs()).then(|| self.widths(terminal_width()));
        Layout { header: self.header, widths }
    }

    /// The widths that make all columns fit: the widest give way first, at first between words, then after separators, at last anywhere.
    fn widths(&self, total: usize) -> Vec<usize> {
        let mut widths = self.lengths.clone();
        let available = total.saturating_sub(GAP * self.header.len());
        for least in [&self.words, &self.pieces, &vec![1; self.header.len()]] {
            while widths.iter().sum::<usize>() > available {
                let can = |(at, width): &(usize, &usize)| least.get(*at).is_some_and(|least| *width > least);
                let widest = widths.iter().enumerate().filter(can).max_by_key(|(_, width)| **width).map(|(at, _)| at);
                let Some(width) = widest.and_then(|at| widths.get_mut(at)) else { break };
                *width -= 1;
            }
        }
        widths
    }
}

/// How the rows of a table are printed.
#[derive(Debug)]
pub struct Layout {
    header: Vec<String>,
    /// The columns' widths; none for programs.
    widths: Option<Vec<usize>>,
}

impl Layout {
    /// The line of the titles.
    pub fn header(&self) -> String {
        self.lines(&self.header, &str::to_owned)
    }

    /// The lines of a row.
    pub fn row(&self, row: &[String]) -> String {
        let is_marked = row.first().is_some_and(|mark| mark == "*");
        self.lines(row, &|cell| match cell {
            "" => String::new(),
            "expired" | "ended" => painted(cell, "31"),
            cell if is_marked => painted(cell, "1"),
            cell => cell.to_owned(),
        })
    }

    fn lines(&self, row: &[String], paint: &dyn Fn(&str) -> String) -> String {
        match &self.widths {
            Some(widths) => laid_out(row, widths, paint),
            None => row.join("\t") + "\n",
        }
    }
}

/// The lines of a row.
fn laid_out(row: &[String], widths: &[usize], paint: &dyn Fn(&str) -> String) -> String {
    let wrapped: Vec<Vec<String>> = row.iter().zip(widths).map(|(cell, width)| wrap(cell, *width)).collect();
    let lines = wrapped.iter().map(Vec::len).max().unwrap_or_default();
    let cells =
        |at: usize| -> Vec<String> { wrapped.iter().map(|cell| cell.get(at).cloned().unwrap_or_default()).collect() };
    (0..lines).map(|at| line(&cells(at), widths, paint)).collect()
}

/// One line of a table. Colours have no width.
fn line(cells: &[String], widths: &[usize], paint: &dyn Fn(&str) -> String) -> String {
    let cells = cells.iter().zip(widths).map(|(cell, width)| {
        let fill = " ".repeat(width.saturating_sub(length(cell)));
        format!(" {}{fill} ", paint(cell))
    });
    format!("{}\n", cells.collect::<String>().trim_end())
}

/// Whether a program reads standard output. COLUMNS, which shells do not hand on, asks for columns.
pub fn is_for_programs() -> bool {
    !shows_data() && env::var("COLUMNS").is_none()
}

/// Whether a table fits with all words whole, without its empty columns.
pub fn fits(header: &[&str], rows: &[Vec<String>]) -> bool {
    let words = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| longest_word(cell)).max().unwrap_or(0);
    if is_for_programs() {
        return true;
    }
    let used = header.iter().enumerate().map(|(at, title)| (words(at), length(title))).filter(|(words, _)| *words > 0);
    used.map(|(words, title)| words.max(title) + GAP).sum::<usize>() <= terminal_width()
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn longest_word(cell: &str) -> usize {
    cell.split(' ').map(length).max().unwrap_or_default()
}

fn longest_piece(cell: &str) -> usize {
    let of_word = |word: &str| word.split_inclusive(BREAKS).map(length).max().unwrap_or_default();
    cell.split(' ')
        .map(|word| if length(word) <= SHORT { length(word) } else { of_word(word) })
        .max()
        .unwrap_or_default()
}

/// The lines of a cell.
fn wrap(cell: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut put = |piece: &str, is_apart: bool| {
        let Some(line) = lines.last_mut() else { return };
        let space = if is_apart && !line.is_empty() { " " } else { "" };
        if length(line) + space.len() + length(piece) <= width {
            line.push_str(space);
            line.push_str(piece);
        } else if line.is_empty() {
            line.push_str(piece);
        } else {
            lines.push(piece.to_owned());
        }
    };
    for word in cell.split(' ') {
        if length(word) <= width {
            put(word, true);
            continue;
        }
        for (at, piece) in word.split_inclusive(BREAKS).enumerate() {
            let chars: Vec<char> = piece.chars().collect();
            for (part, chunk) in chars.chunks(width.max(1)).enumerate() {
                put(&chunk.iter().collect::<String>(), at == 0 && part == 0);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_wrap_between_words_then_behind_signs_then_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("arn:aws:ssm:us", 8), ["arn:aws:", "ssm:us"]);
        assert_eq!(wrap("a abcdefghij", 4), ["a", "abcd", "efgh", "ij"]);
        assert_eq!(wrap("é@ü", 1), ["é", "@", "ü"]);
    }

    fn widths(header: &[&str], rows: &[Vec<String>], total: usize) -> Vec<usize> {
        let mut columns = Columns::new(header);
        rows.iter().for_each(|row| columns.measure(row));
        columns.widths(total)
    }

    #[test]
    fn a_table_is_never_wider_than_it_may_be() {
        let row = |words: [&str; 3]| words.map(str::to_owned).to_vec();
        for total in [20, 40, 80] {
            let rows = [row(["x".repeat(90).as_str(), "alice@example.com", "one two"]), row(["a", "", "x.y/z"])];
            let widths = widths(&["NAME", "USER", "WORDS"], &rows, total);
            assert!(widths.iter().sum::<usize>() + 3 * GAP <= total, "{total}: {widths:?}");
        }
        assert_eq!(widths(&["A", "B"], &[row(["ab", "abc", ""])], 80), [2, 3]);
    }
}
