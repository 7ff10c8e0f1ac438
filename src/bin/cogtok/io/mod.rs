//! Input and output of the process: terminal, shells, signals, browser. Only this module prints.

pub(crate) mod browser;
pub(crate) mod clipboard;
pub(crate) mod external_program;
pub(crate) mod json;
pub(crate) mod moment;
pub(crate) mod pager;
pub(crate) mod person;
pub(crate) mod progress;
pub(crate) mod prompt;
pub(crate) mod question;
pub(crate) mod report;
pub(crate) mod shell;
pub(crate) mod signals;
pub(crate) mod standard_input;
pub(crate) mod stream_output;
pub(crate) mod table;
pub(crate) mod terminal;
pub(crate) mod terminal_width;
pub(crate) mod tries;
