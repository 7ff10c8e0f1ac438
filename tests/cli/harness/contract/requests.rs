//! What AWS would not accept of a request.

use super::shapes::{Judge, path_members};
use super::{Operation, asked};
use crate::harness::message::Request;
use serde_json::{Map, Value};

/// Unsigned, as AWS documents it, whatever this model says.
const UNSIGNED: [&str; 2] = ["GetClientToken", "GetDerivedToken"];

/// What AWS would not accept of a request; nothing for a request that is not one of these services'.
pub fn broken_by(request: &Request) -> Vec<String> {
    let operation = match asked(request) {
        Ok(Some(operation)) => operation,
        Ok(None) => return Vec::new(),
        Err(unknown) => return vec![unknown],
    };
    let mut judge = Judge { shapes: operation.shapes, is_strict: true, broken: Vec::new() };
    judge.broken.extend(signature(&operation, request));
    let members = if operation.is_of("json") {
        json(&operation, request, &mut judge.broken)
    } else if operation.is_of("query") {
        Some(form(&operation, request))
    } else {
        rest(&operation, request, &mut judge.broken)
    };
    if let (Some(members), Some(shape)) = (members, operation.shape("input")) {
        judge.structure(&operation.shapes[shape], &members, operation.name);
    }
    judge.broken.iter().map(|what| format!("{}: {what}", operation.name)).collect()
}

/// What is wrong with how it is signed.
fn signature(operation: &Operation<'_>, request: &Request) -> Option<String> {
    let wants_none = operation.described["authtype"] == "none" || UNSIGNED.contains(&operation.name);
    let Some(found) = request.header("authorization") else {
        return (!wants_none).then(|| "it is not signed".to_owned());
    };
    if wants_none {
        return Some("it is signed".to_owned());
    }
    // A runtime takes the tokens of its inbound authorizer instead, and Bedrock its API keys.
    if operation.is_of("rest-json") && found.starts_with("Bearer ") {
        return None;
    }
    let metadata = operation.metadata;
    let service = metadata["signingName"].as_str().or_else(|| metadata["endpointPrefix"].as_str()).expect("a name");
    let scope = found.strip_prefix("AWS4-HMAC-SHA256 Credential=").and_then(|rest| rest.split(',').next());
    let is_for = scope.is_some_and(|scope| scope.ends_with(&format!("/{service}/aws4_request")));
    (!is_for).then(|| format!("it is not signed for {service}"))
}

fn json(operation: &Operation<'_>, request: &Request, broken: &mut Vec<String>) -> Option<Map<String, Value>> {
    if request.method != "POST" || request.path != "/" {
        broken.push(format!("{} {}", request.method, request.path));
    }
    let kind = format!("application/x-amz-json-{}", operation.metadata["jsonVersion"].as_str().expect("a version"));
    if request.header("content-type") != Some(&kind) {
        broken.push(format!("its Content-Type is not {kind}"));
    }
    object(&request.body, broken)
}

fn object(body: &[u8], broken: &mut Vec<String>) -> Option<Map<String, Value>> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => return Some(members),
        Ok(_) => broken.push("its body is no object".to_owned()),
        Err(error) => broken.push(format!("no JSON: {error}")),
    }
    None
}

/// The fields of a form, which are text. A list's or structure's (`Tags.member.1.Key`) is not looked into.
fn form(operation: &Operation<'_>, request: &Request) -> Map<String, Value> {
    let members = operation.shape("input").map(|shape| &operation.shapes[shape]["members"]);
    let kind = |name: &str| {
        let shape = members.and_then(|members| members[name]["shape"].as_str());
        shape.and_then(|shape| operation.shapes[shape]["type"].as_str()).unwrap_or("string")
    };
    let fields = url::form_urlencoded::parse(&request.body);
    let own = fields.filter(|(name, _)| !["Action", "Version"].contains(&&**name) && !name.contains('.'));
    own.filter_map(|(name, value)| {
        let value = match kind(&name) {
            "integer" => value.parse::<i64>().map_or_else(|_| value.into(), Value::from),
            "boolean" => value.parse::<bool>().map_or_else(|_| value.into(), Value::from),
            // An empty one.
            "list" | "map" | "structure" => return None,
            _ => value.into(),
        };
        Some((name.into_owned(), value))
    })
    .collect()
}

/// What the path, the query, the headers and the body have of the members.
fn rest(operation: &Operation<'_>, request: &Request, broken: &mut Vec<String>) -> Option<Map<String, Value>> {
    let input = &operation.shapes[operation.shape("input")?];
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let located = |location: &'static str| {
        let members = input["members"].as_object().into_iter().flatten();
        members.filter(move |(_, member)| member["location"] == location)
    };
    let named = |location: &'static str, name: &str| {
        located(location).find(|(_, member)| member["locationName"] == name).map(|(member, _)| member.clone())
    };
    let mut members = Map::new();
    for (name, value) in path_members(operation.described["http"]["requestUri"].as_str()?, path)? {
        members.extend(named("uri", &name).map(|member| (member, value)));
    }
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match named("querystring", &name) {
            Some(member) => drop(members.insert(member, value.into())),
            None => broken.push(format!("it has no parameter {name}")),
        }
    }
    for (member, described) in located("header") {
        let value = described["locationName"].as_str().and_then(|name| request.header(name));
        members.extend(value.map(|value| (member.clone(), value.into())));
    }
    match input["payload"].as_str() {
        Some(payload) if operation.shapes[input["members"][payload]["shape"].as_str()?]["type"] == "blob" => {
            members.insert(payload.to_owned(), "".into());
        }
        Some(payload) => members.extend(object(&request.body, broken).map(|body| (payload.to_owned(), body.into()))),
        None if request.body.is_empty() => {}
        None => members.extend(object(&request.body, broken)?),
    }
    Some(members)
}
