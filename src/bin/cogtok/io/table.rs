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
    if is_for_programs() {
        let header = header.iter().map(|title| (*title).to_owned()).collect();
        return std::iter::once(header).chain(rows).map(|row: Vec<String>| row.join("\t") + "\n").collect();
    }
    let widths = widths(header, &rows, terminal_width());
    let title: Vec<String> = header.iter().map(|title| (*title).to_owned()).collect();
    let plain = |cell: &str| cell.to_owned();
    let mut text = laid_out(&title, &widths, &plain);
    for row in &rows {
        let is_marked = row.first().is_some_and(|mark| mark == "*");
        text += &laid_out(row, &widths, &|cell| match cell {
            "" => String::new(),
            "expired" | "ended" => painted(cell, "31"),
            cell if is_marked => painted(cell, "1"),
            cell => cell.to_owned(),
        });
    }
    text
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

/// The widths that make all columns fit: the widest give way first, at first between words, then after separators, at last anywhere.
fn widths(header: &[&str], rows: &[Vec<String>], total: usize) -> Vec<usize> {
    let of = |at: usize, measure: fn(&str) -> usize| {
        let title = header.get(at).map_or(0, |title| length(title));
        rows.iter().filter_map(|row| row.get(at)).map(|cell| measure(cell)).max().unwrap_or_default().max(title)
    };
    let measured = |measure| (0..header.len()).map(|at| of(at, measure)).collect::<Vec<usize>>();
    let mut widths = measured(length);
    let available = total.saturating_sub(GAP * header.len());
    for least in [measured(longest_word), measured(longest_piece), vec![1; header.len()]] {
        while widths.iter().sum::<usize>() > available {
            let can = |(at, width): &(usize, &usize)| least.get(*at).is_some_and(|least| *width > least);
            let widest = widths.iter().enumerate().filter(can).max_by_key(|(_, width)| **width).map(|(at, _)| at);
            let Some(width) = widest.and_then(|at| widths.get_mut(at)) else { break };
            *width -= 1;
        }
    }
    widths
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
