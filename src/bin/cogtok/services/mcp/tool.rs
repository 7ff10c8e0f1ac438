//! Tools, and what a call of one gives.

use serde_json::{Map, Value};

/// A tool as the server describes it; every text is the server's.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The whole description.
    pub all: Value,
}

impl Tool {
    /// The tool in an element of `tools/list`; `None` without a name.
    pub fn of(all: Value) -> Option<Self> {
        let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
        let name = text("name")?;
        let description = text("description").or_else(|| text("title")).unwrap_or_default();
        Some(Tool { name, description, all })
    }

    /// The JSON schema of its arguments.
    pub fn schema(&self) -> &Value {
        self.all.get("inputSchema").unwrap_or(&Value::Null)
    }

    /// Its arguments, each with its schema; `None` if the schema does not list them.
    pub fn properties(&self) -> Option<&Map<String, Value>> {
        self.schema().get("properties").and_then(Value::as_object)
    }

    /// The arguments that a call must have.
    pub fn required(&self) -> Vec<&str> {
        let required = self.schema().get("required").and_then(Value::as_array);
        required.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

/// The result of `tools/call`.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// All of it.
    pub all: Value,
}

impl Outcome {
    /// Whether the tool reports an error.
    pub fn is_error(&self) -> bool {
        self.all.get("isError").and_then(Value::as_bool).unwrap_or_default()
    }

    /// Its texts, one after the other, each with a line end.
    pub fn text(&self) -> String {
        let texts = self.content().filter_map(|block| match block.get("type").and_then(Value::as_str) {
            Some("text") => block.get("text").and_then(Value::as_str),
            Some("resource") => block.get("resource").and_then(|resource| resource.get("text")).and_then(Value::as_str),
            _ => None,
        });
        texts.map(|text| if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }).collect()
    }

    /// The kinds of what is no text: `image`, `audio`, `resource_link`, `resource`.
    pub fn other_kinds(&self) -> Vec<&str> {
        let is_text = |block: &&Value| block.get("resource").is_some_and(|resource| resource.get("text").is_some());
        let kinds = self.content().filter(|block| !is_text(block)).filter_map(|block| block.get("type")?.as_str());
        kinds.filter(|kind| *kind != "text").collect()
    }

    /// The result as data, where the tool gives it so.
    pub fn structured(&self) -> Option<&Value> {
        self.all.get("structuredContent").filter(|value| !value.is_null())
    }

    fn content(&self) -> impl Iterator<Item = &Value> {
        self.all.get("content").and_then(Value::as_array).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_told_from_what_is_none() {
        let outcome = Outcome {
            all: json!({"isError": true, "content": [
                {"type": "text", "text": "one"}, {"type": "image", "data": "AA=="}, {"type": "text", "text": "two\n"},
                {"type": "resource", "resource": {"uri": "a:b", "text": "three"}},
                {"type": "resource", "resource": {"uri": "a:b", "blob": "AA=="}}]}),
        };
        assert_eq!((outcome.is_error(), outcome.text().as_str()), (true, "one\ntwo\nthree\n"));
        assert_eq!(outcome.other_kinds(), ["image", "resource"]);
        assert!(Outcome { all: json!({}) }.text().is_empty());
    }

    #[test]
    fn a_tool_needs_a_name_alone() {
        assert!(Tool::of(json!({"description": "x"})).is_none());
        let tool = Tool::of(json!({"name": "x"})).unwrap();
        assert!(tool.properties().is_none() && tool.required().is_empty());
    }
}
