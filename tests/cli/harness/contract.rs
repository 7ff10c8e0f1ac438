//! Each request to a scripted server against AWS's own models of its services, as botocore has them: the operation exists, its
//! members are known and of their type, what is required is there, and what is unsigned carries no signature.

use super::message::Request;
use super::ministack::venv;
use serde_json::{Map, Value};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The newest model of each service with X-Amz-Target, by its target prefix.
const MODELS: &str = r#"
import botocore, glob, gzip, json, os
data = os.path.join(os.path.dirname(botocore.__file__), "data")
models = {}
for service in ["cognito-idp", "cognito-identity", "secretsmanager", "ssm"]:
    with gzip.open(max(glob.glob(f"{data}/{service}/*/service-2.json.gz"))) as file:
        model = json.load(file)
    models[model["metadata"]["targetPrefix"]] = {"operations": model["operations"], "shapes": model["shapes"]}
print(json.dumps(models))
"#;

/// Unsigned, as AWS documents it, whatever this model says.
const UNSIGNED: [&str; 2] = ["GetClientToken", "GetDerivedToken"];

/// An operation that this botocore does not have yet, of a newer one.
const NEWER: &str = include_str!("../../fixtures/get_derived_token.json");

fn models() -> &'static Value {
    static MODELS_OF_AWS: OnceLock<Value> = OnceLock::new();
    MODELS_OF_AWS.get_or_init(|| {
        let output = Command::new(venv().join("bin/python")).args(["-c", MODELS]).stdin(Stdio::null()).output();
        let output = output.expect("python");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut models: Value = serde_json::from_slice(&output.stdout).expect("the models");
        let newer: Value = serde_json::from_str(NEWER).expect("a model");
        let cognito = &mut models["AWSCognitoIdentityProviderService"];
        cognito["operations"][newer["operation"]["name"].as_str().expect("a name")] = newer["operation"].clone();
        for (name, shape) in newer["shapes"].as_object().expect("shapes") {
            cognito["shapes"][name] = shape.clone();
        }
        models
    })
}

/// What AWS would not accept of a request; nothing for a request that is not one of these services'.
pub fn broken_by(request: &Request) -> Vec<String> {
    let Some((prefix, operation)) = request.header("x-amz-target").and_then(|target| target.rsplit_once('.')) else {
        return Vec::new();
    };
    let model = &models()[prefix];
    let Some(described) = model["operations"].get(operation) else {
        let is_other = prefix.is_empty();
        return if is_other { Vec::new() } else { vec![format!("{prefix} has no operation {operation}")] };
    };
    let mut broken = Vec::new();
    let is_signed = request.header("authorization").is_some();
    let wants_none = described["authtype"] == "none" || UNSIGNED.contains(&operation);
    if is_signed == wants_none {
        broken.push(if is_signed { "it is signed".to_owned() } else { "it is not signed".to_owned() });
    }
    if request.method != "POST" || request.path != "/" {
        broken.push(format!("{} {}", request.method, request.path));
    }
    match serde_json::from_slice(&request.body) {
        Ok(body) => check(&model["shapes"], &described["input"]["shape"], &body, operation, &mut broken),
        Err(error) => broken.push(format!("no JSON: {error}")),
    }
    broken.iter().map(|what| format!("{operation}: {what}")).collect()
}

fn check(shapes: &Value, name: &Value, value: &Value, at: &str, broken: &mut Vec<String>) {
    let shape = &shapes[name.as_str().expect("a shape's name")];
    let of_type = match shape["type"].as_str().expect("a type") {
        "structure" => value.as_object().map(|members| structure(shapes, shape, members, at, broken)).is_some(),
        "list" => value
            .as_array()
            .map(|items| items.iter().for_each(|item| check(shapes, &shape["member"]["shape"], item, at, broken)))
            .is_some(),
        "map" => value.as_object().map(|entries| map(shapes, shape, entries, at, broken)).is_some(),
        "string" => value.as_str().map(|text| string(shape, text, at, broken)).is_some(),
        "boolean" => value.is_boolean(),
        "integer" | "long" => value.is_i64(),
        "timestamp" | "double" | "float" => value.is_number(),
        "blob" => value.is_string(),
        other => panic!("a type of models: {other}"),
    };
    if !of_type {
        broken.push(format!("{at} is not a {}", shape["type"]));
    }
}

fn structure(shapes: &Value, shape: &Value, members: &Map<String, Value>, at: &str, broken: &mut Vec<String>) {
    for required in shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !members.contains_key(required) {
            broken.push(format!("{at} has no {required}"));
        }
    }
    for (name, value) in members {
        match shape["members"].get(name) {
            Some(member) => check(shapes, &member["shape"], value, &format!("{at}.{name}"), broken),
            None => broken.push(format!("{at} has no member {name}")),
        }
    }
}

fn map(shapes: &Value, shape: &Value, entries: &Map<String, Value>, at: &str, broken: &mut Vec<String>) {
    for (key, value) in entries {
        let at = format!("{at}.{key}");
        check(shapes, &shape["key"]["shape"], &Value::String(key.clone()), &at, broken);
        check(shapes, &shape["value"]["shape"], value, &at, broken);
    }
}

/// Enumerations and patterns. Lengths are left out: what the scripted servers hand out is shorter than AWS's.
fn string(shape: &Value, text: &str, at: &str, broken: &mut Vec<String>) {
    let values = shape["enum"].as_array();
    if values.is_some_and(|values| !values.iter().any(|value| value == text)) {
        broken.push(format!("{at} is `{text}`, which the service does not know"));
    }
    let pattern = shape["pattern"].as_str().filter(|_| shape["sensitive"] != true);
    let pattern = pattern.and_then(|pattern| regex_lite::Regex::new(&format!("^(?:{pattern})$")).ok());
    if pattern.is_some_and(|pattern| !pattern.is_match(text)) {
        broken.push(format!("{at} does not match {}", shape["pattern"]));
    }
}

#[test]
fn what_breaks_a_contract_is_found() {
    let request = |target: &str, signed: bool, body: Value| Request {
        method: "POST".into(),
        path: "/".into(),
        headers: [("X-Amz-Target", target), ("Authorization", "AWS4-HMAC-SHA256 x")][..if signed { 2 } else { 1 }]
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: body.to_string().into_bytes(),
        connection: 0,
        at: std::time::Instant::now(),
    };
    let of = |operation: &str, signed, body| {
        broken_by(&request(&format!("AWSCognitoIdentityProviderService.{operation}"), signed, body))
    };
    let fine =
        serde_json::json!({"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "abc", "AuthParameters": {"USERNAME": "a"}});
    assert_eq!(of("InitiateAuth", false, fine.clone()), [""; 0]);
    assert_eq!(of("InitiateAuth", true, fine.clone()), ["InitiateAuth: it is signed"]);
    assert_eq!(of("SignInPlease", false, fine.clone()).len(), 1);
    for (name, value) in [
        ("AuthFlow", serde_json::json!("PASSWORD")),
        ("ClientId", serde_json::json!(1)),
        ("AuthParameters", serde_json::json!({"USERNAME": 1})),
        ("Username", serde_json::json!("a")),
    ] {
        let mut body = fine.clone();
        body[name] = value;
        assert_eq!(of("InitiateAuth", false, body).len(), 1, "{name}");
    }
    let exchange = serde_json::json!({"ClientId": "abc", "SubjectToken": "x", "SubjectTokenType": "ACCESS_TOKEN"});
    assert_eq!(of("GetDerivedToken", false, exchange.clone()), [""; 0]);
    assert_eq!(of("GetDerivedToken", true, exchange.clone()), ["GetDerivedToken: it is signed"]);
    for (name, value) in [("SubjectTokenType", "urn:ietf:params:oauth:token-type:access_token"), ("Audience", "x")] {
        let mut body = exchange.clone();
        body[name] = value.into();
        assert_eq!(of("GetDerivedToken", false, body).len(), 1, "{name}");
    }
    assert_eq!(of("AdminGetUser", true, serde_json::json!({"UserPoolId": "nonsense"})).len(), 2);
}

/// An answer with every member that the operation's model has, of the model's types, but for what `said` says otherwise: a
/// value of its own, or null for a member that is not there.
pub fn full_answer(operation: &str, said: &Value) -> Value {
    let Some((shapes, output)) = output_of(operation) else { return said.clone() };
    let mut answer = made_up(shapes, output, &mut Vec::new());
    overlay(&mut answer, said);
    answer
}

/// The answer without each of its optional members, by the path of what is missing.
pub fn without_each(operation: &str, answer: &Value) -> Vec<(String, Value)> {
    let mut paths = Vec::new();
    match output_of(operation) {
        Some((shapes, output)) => optional(shapes, output, answer, "", &mut paths),
        None => every_member(answer, "", &mut paths),
    }
    let without = |path: String| {
        let mut changed = answer.clone();
        let (parent, member) = path.rsplit_once('/').expect("a path");
        let parent = changed.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        parent.remove(member);
        (path[1..].replace('/', "."), changed)
    };
    paths.into_iter().map(without).collect()
}

/// The shapes and the name of the output's shape; none for an operation that the models do not have yet, or without output.
fn output_of(operation: &str) -> Option<(&'static Value, &'static str)> {
    let models = models().as_object().expect("models by prefix").values();
    let found = models.into_iter().find_map(|model| Some((&model["shapes"], model["operations"].get(operation)?)));
    let (shapes, described) = found?;
    Some((shapes, described["output"]["shape"].as_str()?))
}

fn made_up(shapes: &'static Value, name: &'static str, above: &mut Vec<&'static str>) -> Value {
    let shape = &shapes[name];
    if above.contains(&name) {
        return Value::Null;
    }
    above.push(name);
    let inner = |part: &'static Value, above: &mut Vec<&'static str>| {
        made_up(shapes, part["shape"].as_str().expect("a shape's name"), above)
    };
    let value = match shape["type"].as_str().expect("a type") {
        "structure" => {
            let members = shape["members"].as_object().into_iter().flatten();
            Value::Object(members.map(|(name, member)| (name.clone(), inner(member, above))).collect())
        }
        "list" => Value::Array(vec![inner(&shape["member"], above)]),
        "map" => serde_json::json!({ "x": inner(&shape["value"], above) }),
        "boolean" => true.into(),
        "integer" | "long" => shape["min"].as_i64().unwrap_or(1).max(1).into(),
        "timestamp" | "double" | "float" => 1_767_225_600.into(),
        "blob" => "AAAA".into(),
        _ => shape["enum"][0].as_str().unwrap_or("x").into(),
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

/// The paths of the optional members that the answer has.
fn optional(shapes: &Value, name: &str, answer: &Value, at: &str, paths: &mut Vec<String>) {
    let shape = &shapes[name];
    match answer {
        Value::Object(members) if shape["type"] == "structure" => {
            let required =
                |name: &str| shape["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
            for (name, value) in members {
                let path = format!("{at}/{name}");
                let inner = shape["members"][name]["shape"].as_str();
                if !required(name) {
                    paths.push(path.clone());
                }
                if let Some(inner) = inner {
                    optional(shapes, inner, value, &path, paths);
                }
            }
        }
        Value::Array(items) => {
            let inner = shape["member"]["shape"].as_str().expect("a list");
            for (n, item) in items.iter().enumerate() {
                optional(shapes, inner, item, &format!("{at}/{n}"), paths);
            }
        }
        _ => {}
    }
}

fn every_member(answer: &Value, at: &str, paths: &mut Vec<String>) {
    for (name, value) in answer.as_object().into_iter().flatten() {
        let path = format!("{at}/{name}");
        paths.push(path.clone());
        every_member(value, &path, paths);
    }
}
