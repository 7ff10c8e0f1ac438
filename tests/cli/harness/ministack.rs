//! The local Cognito, one for the whole test process.

use super::contract;
use super::guard::Guard;
use super::http::{self, Response};
use super::ports::free_port;
use super::proxy::forward;
use super::server::Server;
use serde_json::Value;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// A running ministack.
pub struct Ministack {
    port: u16,
    /// What cogtok talks to: it passes everything on, and what AWS would not have accepted is the run's fault.
    front: Server,
    guard: Guard,
}

/// The test process's ministack; the first caller starts it.
pub fn ministack() -> &'static Ministack {
    static MINISTACK: OnceLock<Ministack> = OnceLock::new();
    MINISTACK.get_or_init(Ministack::start)
}

/// The Python environment with ministack and PyJWT; made if missing, by one process at a time.
pub fn venv() -> PathBuf {
    static VENV: OnceLock<PathBuf> = OnceLock::new();
    VENV.get_or_init(|| make_venv("ministack-venv", include_str!("../../fixtures/requirements.txt"))).clone()
}

/// The Python environment with the AWS CLI; made if missing, by one process at a time.
pub fn aws_venv() -> PathBuf {
    static VENV: OnceLock<PathBuf> = OnceLock::new();
    VENV.get_or_init(|| make_venv("aws-venv", include_str!("../../fixtures/requirements-aws.txt"))).clone()
}

/// The Python environment with MCP's own client and server; made if missing, by one process at a time.
pub fn mcp_venv() -> PathBuf {
    static VENV: OnceLock<PathBuf> = OnceLock::new();
    VENV.get_or_init(|| make_venv("mcp-venv", include_str!("../../fixtures/requirements-mcp.txt"))).clone()
}

/// The Python environment with an agent of Bedrock AgentCore; made if missing, by one process at a time.
pub fn agent_venv() -> PathBuf {
    static VENV: OnceLock<PathBuf> = OnceLock::new();
    VENV.get_or_init(|| make_venv("agent-venv", include_str!("../../fixtures/requirements-agent.txt"))).clone()
}

/// The Python environment with what programs that use the module `cogtok` use as well; made if missing, by one process at a time.
pub fn module_venv() -> PathBuf {
    static VENV: OnceLock<PathBuf> = OnceLock::new();
    VENV.get_or_init(|| make_venv("module-venv", include_str!("../../fixtures/requirements-module.txt"))).clone()
}

fn make_venv(name: &str, wanted: &str) -> PathBuf {
    let target = super::target_dir();
    let lock = File::create(target.join(format!("{name}.lock"))).expect("the venv's lock file");
    lock.lock().expect("lock");
    let requirements = target.join(format!("{name}-requirements.txt"));
    std::fs::write(&requirements, wanted).expect("write");
    let done = Command::new("sh")
        .args(["-c", include_str!("../../fixtures/venv.sh"), "venv.sh"])
        .args([&target, &requirements])
        .arg(name)
        .stdin(Stdio::null())
        .output()
        .expect("sh");
    assert!(
        done.status.success(),
        "{name} needs Python 3 with venv and pip:\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
    target.join(name)
}

impl Ministack {
    /// Starts one on a free port. Another process can take the port in between, hence the tries.
    pub fn start() -> Self {
        let program = venv().join("bin/ministack");
        let program = program.to_str().expect("a UTF-8 path");
        let mut log = String::new();
        for _ in 0..5 {
            let port = free_port();
            let dir = Guard::dir();
            let number = port.to_string();
            let env = [
                ("GATEWAY_PORT", number.as_str()),
                ("EDGE_PORT", &number),
                ("BIND_HOST", "127.0.0.1"),
                ("MINISTACK_HOST", "127.0.0.1"),
                ("IOT_MTLS_ENABLED", "0"),
                ("AUTH", "true"),
                ("TMPDIR", dir.to_str().expect("a UTF-8 path")),
                ("PYTHONDONTWRITEBYTECODE", "1"),
            ];
            let guard = Guard::start(dir.clone(), "/dev/null".as_ref(), &[program], &env);
            let up = super::poll("ministack gets ready", Duration::from_secs(60), || {
                let ready = http::get(&format!("http://127.0.0.1:{port}/_ministack/ready"));
                match ready {
                    // The answer may be another process's ministack if ours lost the port.
                    Ok(answer) if answer.status == 200 => Some(!guard.ended()),
                    _ if guard.ended() => Some(false),
                    _ => None,
                }
            });
            if up {
                let authority = format!("127.0.0.1:{port}");
                let front = Server::lasting(contract::note, move |request| forward(&authority, request));
                return Self { port, front, guard };
            }
            log = guard.log();
        }
        panic!("ministack does not start:\n{log}");
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        self.front.url()
    }

    /// ministack's own log.
    pub fn log(&self) -> String {
        self.guard.log()
    }

    /// A signed-looking call of an AWS JSON API, `target` as in X-Amz-Target (`….AdminGetUser`).
    pub fn call(&self, target: &str, body: &Value) -> Response {
        let service = match target.split('.').next() {
            Some("AWSCognitoIdentityProviderService") => "cognito-idp",
            Some("AWSCognitoIdentityService") => "cognito-identity",
            Some("secretsmanager") => "secretsmanager",
            Some("AmazonSSM") => "ssm",
            _ => panic!("unknown service in {target}"),
        };
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let headers = [
            ("X-Amz-Target".to_string(), target.to_string()),
            ("Content-Type".to_string(), "application/x-amz-json-1.1".to_string()),
            ("Authorization".to_string(), signature),
        ];
        let authority = format!("127.0.0.1:{}", self.port);
        http::request(&authority, "POST", "/", &headers, body.to_string().as_bytes())
            .unwrap_or_else(|error| panic!("{target}: {error}"))
    }

    /// A signed-looking call of an AWS Query API that must succeed: the XML of its answer.
    pub fn query(&self, service: &str, parameters: &[(&str, &str)]) -> String {
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let headers = [
            ("Content-Type".to_string(), "application/x-www-form-urlencoded".to_string()),
            ("Authorization".to_string(), signature),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let answer = http::request(&format!("127.0.0.1:{}", self.port), "POST", "/", &headers, body.as_bytes())
            .unwrap_or_else(|error| panic!("{service}: {error}"));
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 200, "{service} {parameters:?}: {text}");
        text
    }

    /// [`call`](Self::call) of an operation that must succeed.
    pub fn admin(&self, target: &str, body: &Value) -> Value {
        let answer = self.call(target, body);
        assert_eq!(answer.status, 200, "{target} {body}: {}", String::from_utf8_lossy(&answer.body));
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// [`admin`](Self::admin) for a Cognito user pool operation by its bare name.
    pub fn cognito(&self, operation: &str, body: &Value) -> Value {
        self.admin(&format!("AWSCognitoIdentityProviderService.{operation}"), body)
    }
}
