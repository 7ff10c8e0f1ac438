//! What passes between cogtok and a service of AWS, against AWS's own models of its services, as botocore has them. A request
//! is of an operation that exists, signed for it or not, with members of their type, length and pattern. An answer has what
//! the operation's output has, or a code of its errors.

mod answers;
mod requests;
mod shapes;
mod variants;

pub use answers::not_of_aws;
pub use requests::broken_by;
pub use variants::{full_answer, with_another_value, with_more, without_each};

use super::message::Request;
use super::ministack::venv;
use super::promises;
use serde_json::Value;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

/// An operation that this botocore does not have yet, of a newer one.
const NEWER: &str = include_str!("../../fixtures/get_derived_token.json");

/// An operation of a service.
#[derive(Clone, Copy)]
struct Operation<'m> {
    name: &'m str,
    /// What the model has of it.
    described: &'m Value,
    shapes: &'m Value,
    /// Of the service.
    metadata: &'m Value,
}

impl<'m> Operation<'m> {
    /// The name of the shape that goes in (`input`) or comes out (`output`), where the operation has one.
    fn shape(&self, end: &str) -> Option<&'m str> {
        self.described[end]["shape"].as_str()
    }

    fn is_of(&self, protocol: &str) -> bool {
        self.metadata["protocol"] == protocol
    }
}

fn models() -> &'static Value {
    static MODELS_OF_AWS: OnceLock<Value> = OnceLock::new();
    MODELS_OF_AWS.get_or_init(|| {
        let mut python = Command::new(venv().join("bin/python"));
        let output = python.args(["-I", "-B", "-c", include_str!("../../fixtures/models.py")]).stdin(Stdio::null());
        let output = output.output().expect("python");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut models: Value = serde_json::from_slice(&output.stdout).expect("the models");
        let newer: Value = serde_json::from_str(NEWER).expect("a model");
        let cognito = &mut models["cognito-idp"];
        cognito["operations"][newer["operation"]["name"].as_str().expect("a name")] = newer["operation"].clone();
        for (name, shape) in newer["shapes"].as_object().expect("shapes") {
            cognito["shapes"][name] = shape.clone();
        }
        // AWS's model lacks it, and Cognito has it: GetClientToken needs it.
        let flows = cognito["shapes"]["ExplicitAuthFlowsType"]["enum"].as_array_mut().expect("flows");
        flows.push("ALLOW_CLIENT_TOKEN_AUTH".into());
        models
    })
}

fn operations() -> impl Iterator<Item = Operation<'static>> {
    let models = models().as_object().expect("models").values();
    models.flat_map(|model| {
        let operations = model["operations"].as_object().expect("operations");
        operations.iter().map(|(name, described)| Operation {
            name,
            described,
            shapes: &model["shapes"],
            metadata: &model["metadata"],
        })
    })
}

/// The operation of this name.
fn operation(name: &str) -> Option<Operation<'static>> {
    operations().find(|operation| operation.name == name)
}

/// The operation that a request is for: none where it is for no service of AWS, an error where AWS has no such operation.
fn asked(request: &Request) -> Result<Option<Operation<'static>>, String> {
    if let Some((prefix, name)) = request.header("x-amz-target").and_then(|target| target.rsplit_once('.')) {
        let of_service = |one: &Operation<'_>| one.name == name && one.metadata["targetPrefix"] == prefix;
        let found = operations().find(of_service).map(Some);
        return found.ok_or_else(|| format!("{prefix} has no operation {name}"));
    }
    let is_form =
        request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if let (true, Some(action), Some(version)) = (is_form, request.form("Action"), request.form("Version")) {
        let mut of_service = operations().filter(|one| one.is_of("query") && one.metadata["apiVersion"] == *version);
        let Some(any) = of_service.next() else { return Ok(None) };
        let found = std::iter::once(any).chain(of_service).find(|one| one.name == action).map(Some);
        return found.ok_or_else(|| {
            format!("{} has no operation {action}", any.metadata["serviceId"].as_str().unwrap_or("it"))
        });
    }
    let path = request.path.split('?').next().unwrap_or_default();
    Ok(operations().find(|one| {
        let http = &one.described["http"];
        let at = http["requestUri"].as_str().unwrap_or_default();
        one.is_of("rest-json") && http["method"] == *request.method && shapes::path_members(at, path).is_some()
    }))
}

/// Whether a request is for a service of AWS, with or without such an operation.
pub fn is_for_aws(request: &Request) -> bool {
    !matches!(asked(request), Ok(None))
}

/// Notes that so many requests were judged.
pub fn held(requests: usize) {
    promises::held(
        "a request to AWS is one that AWS's own model of the operation allows, signed or not as it says",
        requests,
    );
}

/// What was broken in front of a server that outlives the tests. The run that did it is judged after its requests, and takes it.
static BROKEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Notes what AWS would not have accepted of one request or answer.
pub fn note(broken: Vec<String>) {
    if broken.is_empty() {
        return;
    }
    BROKEN.lock().unwrap_or_else(PoisonError::into_inner).extend(broken);
}

/// What was noted since the last time.
pub fn noted() -> Vec<String> {
    std::mem::take(&mut *BROKEN.lock().unwrap_or_else(PoisonError::into_inner))
}
