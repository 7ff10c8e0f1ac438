//! A hint as it is written, where a word that begins as an option does must not be taken for one.

/// What ends a command in a sentence.
const ENDS: [char; 4] = ['`', ';', ',', '\n'];

/// A hint's text so far.
#[derive(Debug, Default)]
pub struct CommandLine {
    /// The text.
    pub text: String,
    /// The argument that has to follow the options of the command that is being written.
    last: Option<String>,
}

impl CommandLine {
    /// Adds own text, whose commands `finished` completes.
    pub fn ours(&mut self, text: &str, finished: impl Fn(&str) -> String) {
        let end = text.find(ENDS).filter(|_| self.last.is_some());
        let (within, after) = text.split_at(end.unwrap_or(0));
        self.text.push_str(&finished(within));
        if end.is_some() {
            self.end();
        }
        self.text.push_str(&finished(after));
    }

    /// Adds a word that begins with a dash: as the value of the option before it, or after `--` as the command's last argument.
    pub fn dashed(&mut self, word: &str) {
        let before = self.text.trim_end_matches(' ').len();
        let is_of_option =
            self.text.split([' ', '`']).rfind(|word| !word.is_empty()).is_some_and(|word| word.starts_with('-'));
        match before < self.text.len() && self.is_in_command() {
            true if is_of_option => {
                self.text.truncate(before);
                self.text.push('=');
                self.text.push_str(word);
            }
            true if self.last.is_none() => {
                self.text.truncate(before);
                self.last = Some(word.to_owned());
            }
            _ => self.text.push_str(word),
        }
    }

    /// Ends the command.
    pub fn end(&mut self) {
        if let Some(word) = self.last.take() {
            self.text.push_str(" -- ");
            self.text.push_str(&word);
        }
    }

    /// Whether what is written last is a command or options, and not a sentence.
    fn is_in_command(&self) -> bool {
        let is_quoted = !self.text.matches('`').count().is_multiple_of(2);
        let last = self.text.rsplit('`').next().unwrap_or_default();
        is_quoted || last.contains("cogtok ") || last.contains("aws ")
    }
}
