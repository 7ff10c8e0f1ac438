//! Prints an agent's server-sent events, as text or as JSON, part by part.

use cogtok::error::{Error, Kind, Result, is_unprintable, is_variation_selector};
use cogtok::http::service_text::ServiceText;
use cogtok::http::sse::Events;
use cogtok::http::streaming::Streamed;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::response::BodySink;
use crate::io::terminal;
use crate::io::terminal::WriteOutcome;

/// The form in which events are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON strings as their text, joined; anything else on a line of its own.
    Text,
    /// The data of each as one line of JSON.
    Json,
}

/// The state of printing one answer.
#[derive(Debug)]
pub struct EventPrinter {
    form: Form,
    events: Events,
    is_line_open: bool,
    failure: Option<String>,
}

impl EventPrinter {
    pub fn new(form: Form) -> Self {
        EventPrinter { form, events: Events::default(), is_line_open: false, failure: None }
    }

    /// The form.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Prints the events that the next part of the body completes.
    pub fn put(&mut self, sink: &mut BodySink, part: &[u8]) -> Result<WriteOutcome> {
        let pushed = self.events.push(part);
        let delivered = self.tell_complete(sink)?;
        pushed.map(|()| delivered)
    }

    /// Handles the end of the body. An incomplete last event is printed: the server may have omitted its empty line.
    ///
    /// # Errors
    /// `Kind::Network` for an incomplete event if nothing shows that the body is complete.
    pub fn finish(&mut self, sink: &mut BodySink, answer: &Streamed) -> Result<()> {
        if !self.events.is_cut() {
            return Ok(());
        }
        self.events.finish();
        self.tell_complete(sink)?;
        if !answer.has_certain_end() {
            return Err(answer.broke_off("it ends in the middle of an event").into());
        }
        log::warn!(target: "cogtok", "the last event of the answer has no empty line after it, so it may be cut off");
        Ok(())
    }

    fn tell_complete(&mut self, sink: &mut BodySink) -> Result<WriteOutcome> {
        let mut text = String::new();
        while let Some(event) = self.events.next() {
            self.tell(&event.data, &mut text);
        }
        if text.is_empty() { Ok(WriteOutcome::Yes) } else { sink.put(text.as_bytes()) }
    }

    /// Ends an unfinished line of text.
    pub fn end(&mut self, sink: &mut BodySink) -> Result<()> {
        if std::mem::take(&mut self.is_line_open) { sink.put(b"\n").map(drop) } else { Ok(()) }
    }

    /// The error in the agent's last event, if it was one; `said` makes its text safe to show.
    pub fn failure(self, said: impl Fn(&str) -> ServiceText) -> Result<()> {
        self.failure.map_or(Ok(()), |why| {
            Err(Error::new(Kind::Failure, format!("the agent failed: {}", said(&why)))
                .hint("the token was accepted; see the agent's log"))
        })
    }

    fn tell(&mut self, data: &str, text: &mut String) {
        if self.form == Form::Json {
            let line = one_line(data).unwrap_or_else(|| terminal::json_line(&Value::String(data.to_owned())));
            text.push_str(&line);
        }
        let value = serde_json::from_str(data);
        if let Ok(Value::Object(fields)) = &value
            && let Some((error, kind)) = fields.get("error").zip(fields.get("error_type"))
            && let Some((error, kind)) = error.as_str().zip(kind.as_str())
        {
            self.failure = Some(format!("{kind}: {error}"));
        }
        match (self.form, value) {
            (Form::Json, _) => {}
            (Form::Text, Ok(Value::String(words))) => {
                self.is_line_open = if words.is_empty() { self.is_line_open } else { !words.ends_with('\n') };
                text.push_str(&words);
            }
            (Form::Text, _) => {
                if std::mem::take(&mut self.is_line_open) {
                    text.push('\n');
                }
                text.push_str(data);
                text.push('\n');
            }
        }
    }
}

/// One JSON value on one line, with a line end; `None` if it is not JSON. Numbers and the order of members are kept; control characters are
/// escaped.
pub fn one_line(json: &str) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(json).ok()?;
    let mut line = String::with_capacity(json.len() + 1);
    let (mut is_string, mut is_escaped) = (false, false);
    for c in json.chars() {
        match c {
            ' ' | '\t' | '\r' | '\n' if !is_string => continue,
            '"' if !is_escaped => is_string = !is_string,
            c if is_unprintable(c) && !is_variation_selector(c) => {
                line.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
                is_escaped = false;
                continue;
            }
            _ => {}
        }
        is_escaped = c == '\\' && !is_escaped;
        line.push(c);
    }
    line.push('\n');
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(form: Form, data: &[&str]) -> String {
        let (mut told, mut text) = (EventPrinter::new(form), String::new());
        data.iter().for_each(|data| told.tell(data, &mut text));
        text
    }

    #[test]
    fn text_flows_and_anything_else_has_its_line() {
        let data = [r#""Hel""#, r#""lo""#, r#"{"tool": "x"}"#, r#""a\n""#, r#""""#, "plain words", "5", r#""end""#];
        assert_eq!(told(Form::Text, &data), "Hello\n{\"tool\": \"x\"}\na\nplain words\n5\nend");
        assert_eq!(
            told(Form::Json, &data[..6]),
            "\"Hel\"\n\"lo\"\n{\"tool\":\"x\"}\n\"a\\n\"\n\"\"\n\"plain words\"\n"
        );
        assert_eq!(told(Form::Json, &["two\nlines"]), "\"two\\nlines\"\n");
    }

    #[test]
    fn json_on_a_line_is_the_same_json() {
        for (json, line) in [
            (
                "{ \"b\" : 1.00,\n\"a\" : [ 12345678901234567890123 , 1e400 ] }",
                r#"{"b":1.00,"a":[12345678901234567890123,1e400]}"#,
            ),
            (r#" "a \" b \\" "#, r#""a \" b \\""#),
            (r#"{"\\":"\\\" "}"#, r#"{"\\":"\\\" "}"#),
            ("\"\u{9b}\u{202e}\u{7f}\"", r#""\u009b\u202e\u007f""#),
        ] {
            assert_eq!(one_line(json).unwrap().trim_end_matches('\n'), line);
        }
        assert!(one_line("{").is_none() && one_line("").is_none() && one_line("1 2").is_none());
    }

    #[test]
    fn the_sdks_word_for_a_failure_is_one() {
        for (data, failed) in [
            (r#"{"error": "boom", "error_type": "ValueError", "message": "An error occurred during streaming"}"#, true),
            (r#"{"error": "boom"}"#, false),
            (r#"{"error": null, "error_type": null}"#, false),
            (r#""error""#, false),
        ] {
            let mut told = EventPrinter::new(Form::Text);
            told.tell(data, &mut String::new());
            assert_eq!(told.failure.is_some(), failed, "{data}");
        }
    }
}
