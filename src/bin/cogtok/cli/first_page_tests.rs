//! The page of `cogtok --help` is clap's.
#![allow(clippy::disallowed_methods, reason = "it writes the page anew where COGTOK_UPDATE is set")]

use std::ffi::OsString;

use super::first_page::{PAGE, WIDTH};
use super::{command_tree, help_page};
use crate::io::terminal;

fn page(width: usize) -> String {
    let args = ["cogtok", "--help"].map(OsString::from);
    let (path, command) = command_tree::named(&args[..1]);
    let page = help_page::page(&command.term_width(width), &path, &command_tree::root(), &args, true);
    let marked = |text: String, (mark, sequence): &(&str, &str)| text.replace(sequence, mark);
    terminal::MARKS.iter().fold(terminal::trimmed(page.ansi().to_string()), marked)
}

#[test]
fn it_is_clap_s_page_in_any_terminal_that_is_wide_enough() {
    let page_at = [WIDTH, 81, 100, 200].map(page);
    if std::env::var_os("COGTOK_UPDATE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin/cogtok/cli/first_page.txt"), &page_at[0]).unwrap();
    }
    for page in page_at {
        assert!(!page.contains('\u{1b}'), "{page}");
        assert_eq!(page, PAGE, "COGTOK_UPDATE=1 cargo test --bin cogtok first_page rewrites it");
    }
}
