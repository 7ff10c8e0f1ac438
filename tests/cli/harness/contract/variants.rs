//! Answers made from the models: with every member, without each optional one, and with what a newer API may bring.

use super::operation;
use serde_json::{Value, json};

/// An answer with every member that the operation's model has, of the model's types and with more than one element in each list,
/// but for what `said` says otherwise: a value of its own, or null for a member that is not there.
pub fn full_answer(name: &str, said: &Value) -> Value {
    let Some((shapes, output)) = output_of(name) else { return said.clone() };
    let mut answer = made_up(shapes, output, 0, &mut Vec::new());
    overlay(&mut answer, said);
    answer
}

/// The answer without each of its optional members, by the path of what is missing.
pub fn without_each(name: &str, answer: &Value) -> Vec<(String, Value)> {
    let mut found = Found::default();
    match output_of(name) {
        Some((shapes, output)) => found.look(shapes, output, answer, ""),
        None => every_member(answer, "", &mut found.optional),
    }
    let without = |path: String| {
        let mut changed = answer.clone();
        let (parent, member) = path.rsplit_once('/').expect("a path");
        changed.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object").remove(member);
        (words(&path), changed)
    };
    found.optional.into_iter().map(without).collect()
}

/// The answer as a newer API may give it: each of its structures with members that nobody knows yet, and all of them.
pub fn with_more(name: &str, answer: &Value) -> Vec<(String, Value)> {
    let mut found = Found::default();
    if let Some((shapes, output)) = output_of(name) {
        found.look(shapes, output, answer, "");
    }
    let add = |changed: &mut Value, path: &str| {
        let members = changed.pointer_mut(path).and_then(Value::as_object_mut).expect("an object");
        for (name, value) in [
            ("ANewText", json!("new")),
            ("ANewNumber", json!(1.5)),
            ("ANewFlag", json!(true)),
            ("ANewNull", Value::Null),
            ("ANewList", json!([{"Name": "x"}, ["x"], 1])),
            ("ANewStructure", json!({"Username": "mallory", "Inner": {"AccessToken": "x"}})),
        ] {
            members.insert(name.to_owned(), value);
        }
    };
    let mut everywhere = answer.clone();
    found.structures.iter().for_each(|path| add(&mut everywhere, path));
    let one = |path: &String| {
        let mut changed = answer.clone();
        add(&mut changed, path);
        (format!("more in {}", if path.is_empty() { "the answer".to_owned() } else { words(path) }), changed)
    };
    found.structures.iter().map(one).chain([("more everywhere".to_owned(), everywhere)]).collect()
}

/// The answer with a value that this model does not have yet in the place of each value of an enumeration.
pub fn with_another_value(name: &str, answer: &Value) -> Vec<(String, Value)> {
    let mut found = Found::default();
    if let Some((shapes, output)) = output_of(name) {
        found.look(shapes, output, answer, "");
    }
    let other = |path: String| {
        let mut changed = answer.clone();
        *changed.pointer_mut(&path).expect("a value") = "SOMETHING_NEW".into();
        (words(&path), changed)
    };
    found.enumerations.into_iter().map(other).collect()
}

fn words(path: &str) -> String {
    path[1..].replace('/', ".")
}

/// The shapes and the name of the output's shape; none for an operation without output.
fn output_of(name: &str) -> Option<(&'static Value, &'static str)> {
    let operation = operation(name)?;
    Some((operation.shapes, operation.shape("output")?))
}

/// `number` is the place in a list, whose elements differ where they can.
fn made_up(shapes: &'static Value, name: &'static str, number: usize, above: &mut Vec<&'static str>) -> Value {
    let shape = &shapes[name];
    if above.contains(&name) {
        return Value::Null;
    }
    above.push(name);
    let inner = |part: &'static Value, number, above: &mut Vec<&'static str>| {
        made_up(shapes, part["shape"].as_str().expect("a shape's name"), number, above)
    };
    let value = match shape["type"].as_str().expect("a type") {
        "structure" => {
            let members = shape["members"].as_object().into_iter().flatten();
            let made = members.map(|(name, member)| (name.clone(), inner(member, number, above)));
            // A member that would have itself in it is left out.
            Value::Object(made.filter(|(_, value)| !value.is_null()).collect())
        }
        "list" => {
            let items = (0..2).map(|number| inner(&shape["member"], number, above));
            Value::Array(items.filter(|item| !item.is_null()).collect())
        }
        "map" => json!({ "x": inner(&shape["value"], 0, above), "y": inner(&shape["value"], 1, above) }),
        "boolean" => true.into(),
        "integer" | "long" => shape["min"].as_i64().unwrap_or(1).max(1).into(),
        "timestamp" | "double" | "float" => 1_767_225_600.into(),
        "blob" => "AAAA".into(),
        _ => match shape["enum"].as_array() {
            Some(values) => values[number % values.len()].clone(),
            None => ["x", "y"][number % 2].into(),
        },
    };
    above.pop();
    value
}

/// Puts what is said in the place of what was made up. A list is what is said, each item with the made-up one under it.
fn overlay(answer: &mut Value, said: &Value) {
    match (answer, said) {
        (Value::Object(members), Value::Object(said)) => {
            for (name, value) in said {
                if value.is_null() {
                    members.remove(name);
                } else {
                    overlay(members.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (Value::Array(items), Value::Array(said)) => {
            let model = items.first().cloned().unwrap_or_default();
            *items = vec![model; said.len()];
            items.iter_mut().zip(said).for_each(|(item, said)| overlay(item, said));
        }
        (answer, said) => *answer = said.clone(),
    }
}

/// Paths into an answer.
#[derive(Default)]
struct Found {
    optional: Vec<String>,
    structures: Vec<String>,
    enumerations: Vec<String>,
}

impl Found {
    fn look(&mut self, shapes: &Value, name: &str, answer: &Value, at: &str) {
        let shape = &shapes[name];
        match answer {
            Value::Object(members) if shape["type"] == "structure" => {
                self.structures.push(at.to_owned());
                let required =
                    |name: &str| shape["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
                for (name, value) in members {
                    let path = format!("{at}/{name}");
                    if !required(name) {
                        self.optional.push(path.clone());
                    }
                    if let Some(inner) = shape["members"][name]["shape"].as_str() {
                        self.look(shapes, inner, value, &path);
                    }
                }
            }
            Value::Array(items) => {
                let inner = shape["member"]["shape"].as_str().expect("a list");
                for (n, item) in items.iter().enumerate() {
                    self.look(shapes, inner, item, &format!("{at}/{n}"));
                }
            }
            Value::String(_) if shape["enum"].is_array() => self.enumerations.push(at.to_owned()),
            _ => {}
        }
    }
}

fn every_member(answer: &Value, at: &str, paths: &mut Vec<String>) {
    for (name, value) in answer.as_object().into_iter().flatten() {
        let path = format!("{at}/{name}");
        paths.push(path.clone());
        every_member(value, &path, paths);
    }
}
