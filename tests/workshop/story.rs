//! The story itself.

use crate::harness;
use crate::harness::shell::path_with_cogtok;
use crate::harness::verify::try_verify;
use crate::harness::{Home, Keyring, Workshop, workshop};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

const CREATE_PROFILE: &str = "cogtok profile create ws --user-pool-id $POOL --client-id $WEB --m2m-client-id $M2M \
                              --token-url $URL --scope api.dev/read --scope api.dev/write";
const STORE_SECRET: &str = r#"printf %s "$SECRET" | cogtok secret set m2m-client -p ws"#;
const CREATE_USER: &str = "cogtok user create -p ws --json";
const USER_TOKEN: &str = r#"printf %s "$PASSWORD" | cogtok token user -p ws --username "$EMAIL" --password-stdin"#;
const M2M_EXPORT: &str = "eval $(cogtok token m2m -p ws --export); printf '%s\\n' \"$COGTOK_ACCESS_TOKEN\"";
const VERIFY: &str = "cogtok token verify -p ws --as m2m --scope api.dev/read";
const CHECK: &str = "cogtok token check -p ws --as m2m --for agentcore-gateway --allowed-client $M2M";
const IMPORT: &str = r#"cogtok profile import "$PARAMETER" --name imported"#;
const IMPORTED: &str = "cogtok token m2m -p imported";
const SWITCH: &str = "cogtok profile use imported && cogtok profile use - && cogtok profile list";
const DOCTOR: &str = "cogtok doctor -p imported";
const FROM_SECRETS_MANAGER: &str = r#"cogtok token m2m --secret-arn "$ARN" --region us-east-1"#;

/// Runs it, or leaves you in a shell afterwards.
pub fn run() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let shell = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--shell"] => true,
        _ => {
            eprintln!("usage: cargo run --example workshop [-- --shell]");
            return ExitCode::from(2);
        }
    };
    harness::set_binary(build());
    println!("Starting a local Cognito; the first time it is installed under target/.");
    let stage = Stage::new();
    match stage.story() {
        Err(line) => {
            eprintln!("\nThe story ends here: `{line}` failed.");
            return ExitCode::FAILURE;
        }
        Ok((email, password)) if shell => stage.shell(&email, &password),
        Ok(_) => println!("\nDone. `cargo run --example workshop -- --shell` lets you type your own."),
    }
    ExitCode::SUCCESS
}

/// Cargo does not build the program for an example, nor say where it is. Together with the example, the program is made of the crates
/// that the example was just made of; by itself, some hundred would be built once more for want of a feature.
fn build() -> PathBuf {
    let exe = std::env::current_exe().expect("current_exe");
    let profile = exe.ancestors().nth(2).expect("the profile's folder").to_path_buf();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--locked", "--bin", "cogtok", "--example", "workshop", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    cargo.arg("--target-dir").arg(harness::target_dir());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    println!("Building cogtok itself.");
    assert!(cargo.status().expect("cargo").success(), "cargo build --bin cogtok failed");
    profile.join("cogtok")
}

/// A throwaway home, the workshop, and where its client secret is kept.
struct Stage {
    home: Home,
    workshop: &'static Workshop,
    keyring: Option<Keyring>,
}

impl Stage {
    fn new() -> Self {
        let keyring = Keyring::available().then(Keyring::start);
        let stage = Self { home: Home::new(), workshop: workshop(), keyring };
        println!("It runs at {}, its user pool is {}.", stage.workshop.endpoint, stage.workshop.pool_id);
        println!(
            "Client secrets: {}.",
            if stage.keyring.is_some() {
                "in a real gnome-keyring, on a private bus"
            } else {
                "in the environment, as in CI (dbus-daemon, gnome-keyring-daemon or secret-tool is not installed)"
            }
        );
        stage
    }

    /// The variables that the story's lines use.
    fn env(&self) -> Vec<(&'static str, String)> {
        let workshop = self.workshop;
        let mut env = vec![
            ("POOL", workshop.pool_id.clone()),
            ("WEB", workshop.web.id.clone()),
            ("M2M", workshop.m2m.id.clone()),
            ("URL", workshop.token_url.clone()),
            ("ARN", workshop.secret_arn.clone()),
            ("PARAMETER", workshop.ssm_parameter.clone()),
            ("SECRET", workshop.m2m_secret().into()),
            ("AWS_ENDPOINT_URL", workshop.endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", "test".into()),
            ("AWS_SECRET_ACCESS_KEY", "test".into()),
            ("AWS_REGION", workshop.region.into()),
        ];
        match &self.keyring {
            Some(keyring) => env.push(("DBUS_SESSION_BUS_ADDRESS", keyring.address().into())),
            None => env.push(("COGTOK_M2M_CLIENT_SECRET", workshop.m2m_secret().into())),
        }
        env
    }

    /// Types every line; gives the made user's e-mail and password, or the line that failed.
    fn story(&self) -> Result<(String, String), &'static str> {
        self.types(CREATE_PROFILE, &[])?;
        if self.keyring.is_some() {
            self.types(STORE_SECRET, &[])?;
        }
        let made = self.types(CREATE_USER, &[])?;
        let user: Value = serde_json::from_str(&made).map_err(|_| CREATE_USER)?;
        let field = |name: &str| user[name].as_str().map(String::from).ok_or(CREATE_USER);
        let (email, password) = (field("email")?, field("password")?);
        let who = [("EMAIL", email.clone()), ("PASSWORD", password.clone())];
        for line in [USER_TOKEN, M2M_EXPORT, FROM_SECRETS_MANAGER, IMPORTED] {
            if line == IMPORTED {
                self.types(IMPORT, &who)?;
            }
            let token = self.types(line, &who)?;
            match try_verify(token.trim(), self.workshop) {
                Ok(claims) => println!("  verified by PyJWT: {}", summary(&claims)),
                Err(error) => {
                    println!("  PyJWT refuses it: {error}");
                    return Err(line);
                }
            }
        }
        for line in [VERIFY, CHECK, SWITCH, DOCTOR] {
            self.types(line, &who)?;
        }
        Ok((email, password))
    }

    /// Runs a line in sh as if it were typed, and shows both; gives stdout.
    fn types(&self, line: &'static str, more: &[(&'static str, String)]) -> Result<String, &'static str> {
        println!("\n$ {line}");
        let mut run = self.home.program("sh", ["-c", line]).env("PATH", path_with_cogtok());
        for (name, value) in self.env().iter().chain(more) {
            run = run.env(name, value);
        }
        let output = run.run();
        for line in output.stdout.lines().chain(output.stderr.lines()) {
            println!("{}", line.split(' ').map(shorten).collect::<Vec<_>>().join(" "));
        }
        if output.code == Some(0) { Ok(output.stdout) } else { Err(line) }
    }

    fn shell(&self, email: &str, password: &str) {
        let program = std::env::var_os("SHELL").unwrap_or_else(|| "sh".into());
        println!(
            "\nYour shell in the throwaway home: profile ws, $POOL $WEB $M2M $URL $ARN $PARAMETER $SECRET $EMAIL $PASSWORD. `exit` ends it."
        );
        let mut command = self.home.command(program);
        command.envs(self.env()).env("PATH", path_with_cogtok()).env("EMAIL", email).env("PASSWORD", password);
        for name in ["TERM", "COLORTERM"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
        // Whatever the shell's last command returned is not ours to report.
        let _ = command.status();
    }
}

/// A token is longer than a screen is wide.
fn shorten(word: &str) -> String {
    let at = word.find("eyJ").filter(|_| word.len() > 100);
    at.map_or_else(|| word.into(), |at| format!("{}… ({} characters)", &word[..at + 12], word.len()))
}

fn summary(claims: &Value) -> String {
    let shown = ["token_use", "client_id", "aud", "username", "scope", "iss", "exp"];
    let parts = shown.iter().filter(|name| !claims[**name].is_null()).map(|name| format!("{name}={}", claims[*name]));
    parts.collect::<Vec<_>>().join(" ")
}
