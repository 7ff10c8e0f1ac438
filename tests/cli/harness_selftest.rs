//! The harness itself: each of its services does what the tests rely on, and each oracle can fail.

use crate::harness::shell::SHELLS;
use crate::harness::tls::{Authority, Certificate};
use crate::harness::verify::{try_verify, verify};
use crate::harness::workshop::SCOPES;
use crate::harness::{Answer, Barrier, Bus, Home, Keyring, Proxy, Server, herd, http, jwt, workshop};
use rustix::process::Signal;
use serde_json::json;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

const PASSWORD: &str = "Correct-Horse-7-Battery";

/// The message of the panic that `act` must end with.
fn panics(act: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(act)).expect_err("nothing objected");
    panic.downcast_ref::<String>().cloned().expect("a message")
}

#[test]
fn the_workshop_signs_in_its_users_and_clients() {
    let workshop = workshop();
    let email = workshop.user(PASSWORD);
    let tokens = workshop.sign_in(&email, PASSWORD).unwrap();
    let access = tokens["AuthenticationResult"]["AccessToken"].as_str().unwrap();
    assert_eq!(verify(access, workshop)["client_id"], json!(workshop.web.id));
    assert!(workshop.sign_in(&email, "Wrong-Horse-7-Battery").unwrap_err().contains("NotAuthorized"));
    assert_eq!(workshop.find_user(&email).unwrap()["UserStatus"], "CONFIRMED");

    let temporary = workshop.temporary_user(PASSWORD);
    assert_eq!(workshop.find_user(&temporary).unwrap()["UserStatus"], "FORCE_CHANGE_PASSWORD");
    assert_eq!(workshop.sign_in(&temporary, PASSWORD).unwrap()["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert!(workshop.find_user("nobody@example.com").is_none());

    let claims = verify(&workshop.m2m_token(), workshop);
    assert_eq!(claims["client_id"], json!(workshop.m2m.id));
    let mut scopes: Vec<_> = claims["scope"].as_str().unwrap().split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(scopes, SCOPES);
}

#[test]
fn the_verifier_refuses_what_the_pool_did_not_sign() {
    let forged = jwt(&json!({"iss": workshop().issuer, "token_use": "access"}));
    assert!(try_verify(&forged, workshop()).unwrap_err().contains("scripted"));
    let token = workshop().m2m_token();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let tampered = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    assert!(try_verify(&tampered, workshop()).is_err());
}

#[test]
fn the_secrets_have_their_four_shapes() {
    let workshop = workshop();
    let read = |arn: &str| {
        let value = workshop.ministack.admin("secretsmanager.GetSecretValue", &json!({"SecretId": arn}));
        value["SecretString"].as_str().unwrap().to_string()
    };
    let scopes = |arn: &str| serde_json::from_str::<serde_json::Value>(&read(arn)).unwrap()["scopes"].clone();
    assert_eq!(scopes(&workshop.secret_arn), json!(SCOPES.join(" ")));
    assert_eq!(scopes(&workshop.secret_arn_list), json!(SCOPES));
    assert_eq!(read(&workshop.secret_arn_bare), workshop.m2m_secret());
    assert!(!read(&workshop.secret_arn_other).contains("client"));
    let parameter = workshop.ministack.admin("AmazonSSM.GetParameter", &json!({"Name": workshop.ssm_parameter}));
    assert!(parameter["Parameter"]["Value"].as_str().unwrap().contains(&workshop.pool_id));
}

#[test]
fn the_proxy_counts_and_delays() {
    let proxy = Proxy::new(&workshop().endpoint).delay(300);
    let start = Instant::now();
    let answer = http::get(&format!("{}/{}/.well-known/jwks.json", proxy.url(), workshop().pool_id)).unwrap();
    assert!(answer.json()["keys"].is_array());
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert_eq!(proxy.count(&format!("/{}/.well-known/jwks.json", workshop().pool_id)), 1);
    assert_eq!((proxy.count("/oauth2/token"), proxy.connections()), (0, 1));
}

#[test]
fn a_keyring_keeps_a_secret_and_can_be_locked_and_stopped() {
    let keyring = Keyring::start();
    assert!(keyring.entries().is_empty());
    let store = |user: &str, secret: &str| {
        let args = ["store", "--label=test", "service", "cogtok", "username", user];
        assert!(keyring.secret_tool(&args, secret.as_bytes()).status.success());
    };
    store("a", "first");
    store("b", "second");
    let mut found: Vec<_> = keyring.entries().iter().map(|e| (e["username"].clone(), e["secret"].clone())).collect();
    found.sort();
    assert_eq!(found, [("a".into(), "first".into()), ("b".into(), "second".into())]);

    let home = Home::new();
    let lookup = || home.program("secret-tool", ["lookup", "service", "cogtok", "username", "a"]);
    lookup().keyring(&keyring).run().ok().stdout_is("first");
    lookup().run().code(1);
    lookup().bus(&Bus::start()).run().code(1);

    keyring.stop();
    let mut stuck = lookup().keyring(&keyring).spawn();
    std::thread::sleep(Duration::from_millis(200));
    assert!(!stuck.ended(), "a stopped daemon answers nobody");
    stuck.kill();
    assert_eq!(stuck.wait().signal, Some(9));
    keyring.cont();
    lookup().keyring(&keyring).run().ok().stdout_is("first");

    keyring.lock();
    assert!(!keyring.entries().iter().any(|entry| entry.contains_key("secret")));
}

#[test]
fn the_scripted_server_answers_in_order_and_remembers() {
    let server = Server::script([
        Answer::json(200, &json!({"n": 1})),
        Answer::redirect(307, "http://elsewhere.example/"),
        Answer::close(),
        Answer::new(200, "text/plain", "slow").delay(Duration::from_millis(100)).trickle(16, Duration::from_millis(5)),
    ]);
    let post = |body: &[u8]| http::request(&server.url()[7..], "POST", "/oauth2/token?x=1", &[], body);
    assert_eq!(post(b"grant_type=a%20b").unwrap().json()["n"], 1);
    assert_eq!(post(b"").unwrap().status, 307);
    assert!(post(b"").is_err());
    let start = Instant::now();
    assert_eq!(post(b"").unwrap().body, b"slow");
    assert!(start.elapsed() >= Duration::from_millis(120));
    assert_eq!(post(b"").unwrap().status, 599);
    let first = &server.requests()[0];
    assert_eq!((first.form("grant_type").unwrap().as_str(), first.path.as_str()), ("a b", "/oauth2/token?x=1"));
    assert_eq!((server.hits(), server.connections()), (5, 5));
    assert!(panics(|| server.assert_untouched()).contains("grant_type"));
    Server::canary().assert_untouched();
}

#[test]
fn the_scripted_server_keeps_a_connection_alive_and_can_reset_one() {
    let server = Server::always(Answer::new(200, "text/plain", "ok"));
    let mut stream = std::net::TcpStream::connect(&server.url()[7..]).unwrap();
    for _ in 0..2 {
        stream.write_all(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n").unwrap();
        let mut buffer = [0; 1024];
        assert!(stream.read(&mut buffer).unwrap() > 0);
    }
    let bodies: Vec<_> = server.requests().iter().map(|request| (request.text(), request.connection)).collect();
    assert_eq!(bodies, [("hi".into(), 0), ("hi".into(), 0)]);
    let reset = Server::resetting();
    let error = http::get(&reset.url()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn tls_certificates_are_as_good_as_they_say() {
    crate::harness::need("curl", "curl");
    let home = Home::new();
    let authority = Authority::new();
    let pem = home.plant("ca.pem", authority.pem());
    let curl = |server: &Server| {
        let url = server.token_url();
        home.program("curl", ["-sS", "--noproxy", "*", "--cacert"]).arg(&pem).args(["-d", "canary=1", &url]).run()
    };
    let good = authority.serve(Certificate::Good, |_| Answer::token("t"));
    curl(&good).ok().stdout_has("access_token");
    assert!(http::find(&good.bytes(), b"canary=1").is_some());
    for bad in [
        Certificate::Expired,
        Certificate::NotYetValid,
        Certificate::WrongHost,
        Certificate::SelfSigned,
        Certificate::UnknownAuthority,
    ] {
        let server = authority.serve(bad, |_| Answer::token("t"));
        let output = curl(&server);
        output.check(output.code != Some(0), &format!("{bad:?}"));
        assert_eq!((server.hits(), server.bytes().len()), (0, 0), "{bad:?}");
    }
}

#[test]
fn every_shell_is_here_and_hermetic() {
    for shell in SHELLS {
        let home = Home::new();
        let output = home.shell(shell, "printf '%s %s' \"$HOME\" \"$GIVEN\"; exit 7").env("GIVEN", "x").run();
        output.code(7).stdout_is(&format!("{} x", home.path("").display().to_string().trim_end_matches('/')));
    }
}

#[test]
fn a_terminal_can_be_typed_at_and_its_echo_read() {
    let home = Home::new();
    home.canary("typed-in-secret");
    let script = "stty -echo; printf 'Password: '; read x; stty echo; echo; echo \"got ${#x}\"; exit 3";
    let mut terminal = home.program("sh", ["-c", script]).pty();
    terminal.expect("Password: ").expect_no_echo().send_line("typed-in-secret").expect("got 15");
    let session = terminal.wait();
    assert_eq!((session.code, session.echo, session.canonical), (Some(3), true, true));

    let left = home.program("sh", ["-c", "stty -echo; kill -INT $$"]).pty().wait();
    assert_eq!((left.code, left.echo), (None, false));
}

#[test]
fn runs_are_supervised() {
    let home = Home::new();
    let sh = |script: &str| home.program("sh", ["-c", script]);
    sh("cat; echo err >&2; exit 4").stdin("in").run().code(4).stdout_is("in").stderr_has("err");
    sh("umask").umask(0o077).run().ok().stdout_is("0077\n");
    sh("read x || echo closed").redirect("<&- 2>/dev/null").run().ok().stdout_is("closed\n");
    sh("echo $A$B").env("A", "1").env("B", "2").env_remove("B").run().ok().stdout_is("1\n");
    let mut sleeper = sh("exec sleep 60").spawn();
    sleeper.signal(Signal::TERM);
    assert_eq!(sleeper.wait().signal, Some(15));
    let output = sh("head -c 20000000 /dev/zero | tail -c 1 >/dev/null; exec sleep 0.1").run();
    assert!(output.max_rss_kib > 500, "{output:?}");
}

#[test]
fn a_herd_starts_at_once() {
    let home = Home::new();
    let outputs = herd((0..50).map(|_| home.program("date", ["+%s%N"])));
    let times: Vec<u64> = outputs.iter().map(|output| output.line().parse().unwrap()).collect();
    let spread = times.iter().max().unwrap() - times.iter().min().unwrap();
    assert!(spread < 5_000_000_000, "{spread} ns");
    let barrier = Barrier::new();
    let waiting = home.program("true", [""; 0]).barrier(&barrier).spawn();
    barrier.release(1);
    waiting.wait().ok();
}

#[test]
fn few_commands_may_print_when_they_fail() {
    let may = |line: &str| {
        let args: Vec<std::ffi::OsString> = line.split(' ').map(Into::into).collect();
        crate::harness::oracle::prints_on_failure(&args)
    };
    for line in ["token check --for alb", "-p ws token check", "token verify --json", "token verify - -o json"] {
        assert!(may(line), "{line}");
    }
    for line in ["token verify", "token inspect --json", "token m2m --json", "profile show --json", "check token"] {
        assert!(!may(line), "{line}");
    }
}

#[test]
fn each_oracle_can_fail() {
    let fails = |script: &str, oracle: &str| {
        let home = Home::new();
        home.canary("s3cr3t/canary+value");
        home.canary_token("t0ken-canary-value");
        let message = panics(|| drop(home.cogtok_like(script).run()));
        assert!(message.contains(oracle), "{script}: {message}");
    };
    fails("echo half; exit 1", "O1");
    fails("exit 101", "O2 exit 101");
    fails("kill -SEGV $$", "O2 ended by signal 11");
    fails("echo thread main panicked at x >&2", "O2 `panicked at`");
    fails("echo s3cr3t/canary+value >&2", "O3 the canary s3cr… (raw)");
    fails("echo s3cr3t%2Fcanary%2Bvalue >&2", "O3 the canary s3cr… (percent-encoded)");
    fails("printf 'some-client-id:s3cr3t/canary+value' | base64 -w0 >&2", "O3 the canary s3cr… (Base64)");
    fails("echo t0ken-canary-value >\"$HOME/leak\"", "O3 the canary t0ke… (raw) in leak");
    fails("env SECRET=s3cr3t/canary+value sleep 0.3; true", "O3 the canary s3cr… (raw) in the environ");
    fails("printf '\\033[1m' >&2", "O4");
    fails("printf '\\302\\233' >&2", "O4");
    fails("umask 022; mkdir -p \"$XDG_CACHE_HOME/cogtok\"", "O5 .cache/cogtok has mode 0755");
    fails(
        "umask 077; mkdir -p \"$XDG_CONFIG_HOME/cogtok\"; echo x >\"$XDG_CONFIG_HOME/cogtok/config.toml\"",
        "O5 .config",
    );
    fails("umask 077; mkdir -p \"$XDG_CACHE_HOME/cogtok\"; : >\"$XDG_CACHE_HOME/cogtok/.tmpX\"", "O5 temporary file");
    fails("echo x >stray", "O5 work/stray: written to the working directory");
    fails("sleep 4 >/dev/null 2>&1 & exit 0", "O6 still running: sleep 4");
    fails("seq 9 >&2; exit 1", "O7 more than 8 lines");
    fails("echo 'Some(thing)' >&2; exit 1", "O7 `Some(`");

    let home = Home::new();
    let message = panics(|| drop(home.cogtok_like("exec sleep 60").timeout(Duration::ZERO).run()));
    assert!(message.contains("O6 took"), "{message}");
    home.canary_token("t0ken-canary-value");
    let cached =
        "umask 077; mkdir -p \"$XDG_CACHE_HOME/cogtok\"; echo t0ken-canary-value >\"$XDG_CACHE_HOME/cogtok/a\"";
    home.cogtok_like(cached).run().ok();
}
