//! A value against a shape of a model.

use serde_json::{Map, Value};

/// Judges values by the shapes of one model.
pub struct Judge<'m> {
    pub shapes: &'m Value,
    /// Whether lengths, ranges and patterns count: of what cogtok sends. What a scripted server makes up is shorter than AWS's.
    pub is_strict: bool,
    pub broken: Vec<String>,
}

impl Judge<'_> {
    pub fn check(&mut self, name: &str, value: &Value, at: &str) {
        let shapes = self.shapes;
        let shape = &shapes[name];
        let inner = |part: &str| shape[part]["shape"].as_str().expect("a shape's name");
        let of_type = match shape["type"].as_str().expect("a type") {
            // Any JSON.
            "structure" if shape["document"] == true => true,
            "structure" => value.as_object().map(|members| self.structure(shape, members, at)).is_some(),
            "list" => match value.as_array() {
                Some(items) => {
                    items.iter().for_each(|item| self.check(inner("member"), item, at));
                    self.range(shape, items.len() as f64, "elements", at);
                    true
                }
                None => false,
            },
            "map" => match value.as_object() {
                Some(entries) => {
                    for (key, value) in entries {
                        let at = format!("{at}.{key}");
                        self.check(inner("key"), &Value::String(key.clone()), &at);
                        self.check(inner("value"), value, &at);
                    }
                    self.range(shape, entries.len() as f64, "entries", at);
                    true
                }
                None => false,
            },
            "string" => value.as_str().map(|text| self.string(shape, text, at)).is_some(),
            "boolean" => value.is_boolean(),
            "integer" | "long" => value.as_i64().map(|number| self.range(shape, number as f64, "", at)).is_some(),
            "timestamp" | "double" | "float" => value.is_number(),
            "blob" => value.is_string(),
            other => panic!("a type of models: {other}"),
        };
        if !of_type {
            self.broken.push(format!("{at} is not a {}", shape["type"]));
        }
    }

    pub fn structure(&mut self, shape: &Value, members: &Map<String, Value>, at: &str) {
        for required in shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(required) {
                self.broken.push(format!("{at} has no {required}"));
            }
        }
        if shape["union"] == true && members.len() != 1 {
            self.broken.push(format!("{at} has {} members of a union", members.len()));
        }
        for (name, value) in members {
            match shape["members"][name]["shape"].as_str() {
                Some(inner) => self.check(inner, value, &format!("{at}.{name}")),
                None => self.broken.push(format!("{at} has no member {name}")),
            }
        }
    }

    fn string(&mut self, shape: &Value, text: &str, at: &str) {
        let values = shape["enum"].as_array();
        if values.is_some_and(|values| !values.iter().any(|value| value == text)) {
            self.broken.push(format!("{at} is `{text}`, which the service does not know"));
        }
        self.range(shape, text.chars().count() as f64, "characters", at);
        // Client secrets of the suite have the characters that RFC 6749 allows, to see them encoded; AWS's own have fewer.
        let is_client_secret = [".ClientSecret", ".Secret"].iter().any(|member| at.ends_with(member));
        if let (true, Some(pattern)) = (self.is_strict && !is_client_secret, shape["pattern"].as_str()) {
            match regex_lite::Regex::new(&format!("^(?:{})$", plain(pattern))) {
                Ok(read) if read.is_match(text) => {}
                Ok(_) => self.broken.push(format!("{at} does not match {pattern}")),
                Err(error) => self.broken.push(format!("{at}: the pattern {pattern} can't be judged here: {error}")),
            }
        }
    }

    fn range(&mut self, shape: &Value, size: f64, of: &str, at: &str) {
        let is_outside = |bound: &str, beyond: &dyn Fn(f64) -> bool| shape[bound].as_f64().is_some_and(beyond);
        if self.is_strict && (is_outside("min", &|min| size < min) || is_outside("max", &|max| size > max)) {
            let (min, max) = (&shape["min"], &shape["max"]);
            self.broken.push(format!("{at} is {size} {of}, which is not within {min} and {max}"));
        }
    }
}

/// A pattern without the classes of Unicode, which the regular expressions here do not have: the same for what is neither
/// letter, mark, symbol, number nor punctuation, and that is spaces and control characters.
fn plain(pattern: &str) -> String {
    const GRAPHIC: &str = r"\x21-\x7E\u{A1}-\u{AC}\u{AE}-\u{167F}\u{1681}-\u{1FFF}\u{2010}-\u{2027}\u{2030}-\u{205E}\u{2070}-\u{2FFF}\u{3001}-\u{D7FF}\u{F900}-\u{FEFE}\u{FF00}-\u{10FFFF}";
    const SPACES: &str = r" \u{A0}\u{1680}\u{2000}-\u{200A}\u{2028}\u{2029}\u{202F}\u{205F}\u{3000}";
    pattern.replace(r"\p{L}\p{M}\p{S}\p{N}\p{P}", GRAPHIC).replace(r"\p{Z}", SPACES)
}

/// The members in a path, where it is one of this template (`/model/{modelId}/converse`).
pub fn path_members(template: &str, path: &str) -> Option<Map<String, Value>> {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let mut members = Map::new();
    for (wanted, found) in template.iter().zip(&path) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => {
                let value = format!("x={}", found.replace('+', "%2B").replace('&', "%26"));
                let value =
                    url::form_urlencoded::parse(value.as_bytes()).next().map(|(_, value)| value.into_owned())?;
                members.insert(name.to_owned(), value.into());
            }
            None if wanted == found => {}
            None => return None,
        }
    }
    (template.len() == path.len()).then_some(members)
}
