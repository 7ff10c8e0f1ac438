//! What comes in another shape than it was meant in: secrets in quotes, files of Windows, domains, scopes and environments as
//! people and tools write them.

use crate::harness::{Answer, Home, Keyring, Server, m2m_jwt};
use crate::import::settings;
use serde_json::json;

const POOL: &str = "us-east-1_AbCdEfGhI";
const SECRET: &str = "1canary2b3c4d5e6f7g8h9i0j1k2l3m4n5o6p7q8r9s0t1u2v3w4x";

fn utf_16(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

/// A token endpoint that gives what it is asked for.
fn generous() -> Server {
    Server::start(|request| Answer::token(&m2m_jwt("machine", &request.form("scope").unwrap_or_default())))
}

fn machine(home: &Home, url: &str) {
    home.config(&format!(
        "default_profile = \"ws\"\n[profiles.ws]\nm2m = {{ client_id = \"machine\", token_url = \"{url}\" }}\n"
    ));
}

#[test]
fn a_secret_is_taken_out_of_what_surrounds_it_or_refused() {
    let (home, keyring, server) = (Home::new(), Keyring::start(), generous());
    home.canary(SECRET);
    machine(&home, &server.token_url());
    let set = || home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).keyring(&keyring);
    let stdin = || home.cogtok(["token", "m2m", "--no-cache", "--client-secret-stdin"]);
    let variable = |value: &str| home.cogtok(["token", "m2m", "--no-cache"]).env("COGTOK_M2M_CLIENT_SECRET", value);
    let document = json!({"client_secret": SECRET}).to_string();
    for bad in ["null", "None", "\"null\"", "undefined", &document] {
        set().stdin(bad).run().code(2).stderr_has("the m2m-client secret is not stored");
        stdin().stdin(bad).run().code(2).stderr_has("standard input: it ");
        variable(bad).run().code(2).stderr_has("COGTOK_M2M_CLIENT_SECRET: it ");
    }
    assert_eq!((keyring.entries().len(), server.hits()), (0, 0));
    let quoted = [format!("\"{SECRET}\"\n"), format!("{SECRET}\r"), format!("'{SECRET}'\r\n")];
    for good in quoted.iter().map(|text| text.as_bytes().to_vec()).chain([utf_16(&format!("{SECRET}\r\n"))]) {
        set().stdin(&good).run().ok();
        assert_eq!(keyring.entries()[0]["secret"], SECRET);
        stdin().stdin(&good).run().ok();
    }
    variable(&format!("\"{SECRET}\"")).run().ok();
    let sent: Vec<_> =
        server.requests().iter().map(|request| request.header("authorization").map(str::to_owned)).collect();
    assert!(sent.len() == 5 && sent.windows(2).all(|two| two[0] == two[1]), "one secret, however it came");
    // A password may have quotes, and is told to have them.
    home.canary_password("\"Correct-Horse-7\"");
    let pool = ["profile", "create", "users", "--user-pool-id", POOL, "--client-id", "web", "--username", "alice"];
    home.cogtok(pool).run().ok();
    let password = || home.cogtok(["secret", "set", "password", "-p", "users"]).keyring(&keyring);
    password().stdin("\"Correct-Horse-7\"").run().ok().stderr_has("begins and ends with quotes");
    password().stdin("null").run().code(2);
    let out = home.cogtok(["profile", "import", "-", "--name", "odd"]).keyring(&keyring);
    let out = out.stdin("COGNITO_M2M_CLIENT_ID=m\nCOGNITO_M2M_CLIENT_SECRET=null\n").run();
    out.ok().stderr_has("skipped the m2m-client secret (COGNITO_M2M_CLIENT_SECRET): it is the word");
}

#[test]
fn a_client_secret_in_something_longer_is_neither_stored_nor_sent() {
    let (home, keyring, server) = (Home::new(), Keyring::start(), generous());
    home.canary(SECRET);
    machine(&home, &server.token_url());
    let set = |text: &str| home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).keyring(&keyring).stdin(text).run();
    let variable =
        |value: &str| home.cogtok(["token", "m2m", "--no-cache"]).env("COGTOK_M2M_CLIENT_SECRET", value).run();
    for bad in [
        format!("client_secret={SECRET}"),
        format!("COGNITO_M2M_CLIENT_SECRET={SECRET}"),
        format!("export X='{SECRET}'"),
        format!("client_secret: {SECRET}"),
        format!("\"client_secret\": \"{SECRET}\","),
        format!("{SECRET},"),
        format!("{SECRET}\nsecond"),
        format!("Basic {SECRET}"),
        "true".to_owned(),
        "[REDACTED]".to_owned(),
        "****".to_owned(),
        "(sensitive value)".to_owned(),
        "$SECRET".to_owned(),
    ] {
        set(&bad).code(2).stderr_has("the m2m-client secret is not stored: it ");
        variable(&bad).code(2).stderr_has("COGTOK_M2M_CLIENT_SECRET: it ");
    }
    assert_eq!((keyring.entries().len(), server.hits()), (0, 0));
    for good in [format!(" {SECRET} "), format!("\t{SECRET}\n\n"), format!("\" {SECRET} \"")] {
        set(&good).ok();
        assert_eq!(keyring.entries()[0]["secret"], SECRET);
    }
    insta::assert_snapshot!(set("client_id=id\nclient_secret=x").message(), @"
    exit 2
    error: the m2m-client secret is not stored: it has more than one line (profile `ws`)
    hint: give just the value, without what is around it
    ");
    insta::assert_snapshot!(set("client_secret=x").message(), @"
    exit 2
    error: the m2m-client secret is not stored: it is a name with its value, and not just the value (profile `ws`)
    hint: give just the value, without what is around it
    ");
    insta::assert_snapshot!(set("$SECRET").message(), @"
    exit 2
    error: the m2m-client secret is not stored: it is the name of a variable, and not its value (profile `ws`)
    hint: check the quotes: a shell replaces no variable between single quotes
    ");
}

#[test]
fn a_password_that_is_none_is_refused_with_the_place_it_is_from() {
    let home = Home::new();
    home.scripted_user("https://cognito-idp.us-east-1.amazonaws.com");
    for words in [
        &["user", "set-password", "alice", "--password-stdin"][..],
        &["user", "create", "bob@example.com", "--password-stdin"],
        &["sign-up", "bob@example.com", "--password-stdin"],
        &["password", "confirm", "--code", "1", "--password-stdin"],
        &["token", "user", "--password-stdin"],
    ] {
        for bad in ["null", "true", "[REDACTED]", "one\ntwo"] {
            home.cogtok(words).aws().stdin(bad).run().code(2).stderr_has("error: standard input: it ");
        }
    }
}

#[test]
fn a_passphrase_that_is_none_seals_nothing() {
    let home = Home::new();
    home.canary(SECRET);
    home.cogtok(["secret", "init"]).run().ok();
    machine(&home, "https://ws.example/oauth2/token");
    let config = std::fs::read_to_string(home.config_file()).unwrap();
    home.config(&format!("secret_store = \"file\"\n{config}"));
    let set = |passphrase: &str| {
        let run = home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).stdin(SECRET);
        run.env("COGTOK_PASSPHRASE", passphrase).run()
    };
    for bad in ["null", "undefined", "true", "****", "one\ntwo"] {
        set(bad).code(2).stderr_has("COGTOK_PASSPHRASE: it ");
    }
    set("a passphrase of five words\r").ok();
    set("a passphrase of five words").ok();
    insta::assert_snapshot!(set("'a passphrase of five words'").message(), @"
    exit 7
    error: this passphrase does not open [home]/.local/share/cogtok/secrets.age (profile `ws`)
    hint: check the passphrase: it begins and ends with quotes, which count as part of it
    hint: was it created with another one, or with the other of COGTOK_SECRET_IDENTITY and COGTOK_PASSPHRASE?
    ");
    let export = ["profile", "export", "ws", "--with-secrets", "--passphrase-stdin"];
    let export = home.cogtok(export).env("COGTOK_PASSPHRASE", "a passphrase of five words");
    export.stdin("null").run().code(2).stderr_has("standard input: it ");
}

#[test]
fn files_of_windows_are_read_by_their_mark() {
    let home = Home::new();
    let env = format!("COGNITO_USER_POOL_ID={POOL}\r\nCOGNITO_CLIENT_ID=web\r\n");
    let marked: Vec<u8> = [0xef, 0xbb, 0xbf].into_iter().chain(env.bytes()).collect();
    for (name, bytes) in [("le", utf_16(&env)), ("marked", marked)] {
        home.cogtok(["profile", "import", "-", "--name", name]).stdin(bytes).run().ok();
        assert_eq!(settings(&home, name)["user.client_id"], json!("web"));
    }
    let identity = crate::sealed::init(&home);
    let text = std::fs::read_to_string(&identity).unwrap();
    let other = home.plant("identity-of-windows", utf_16(&text));
    home.canary(SECRET);
    let run = |words: &[&str]| home.cogtok(words).env("COGTOK_SECRET_IDENTITY", &other);
    run(&["profile", "set", "le", "m2m.client_id", "machine"]).run().ok();
    run(&["profile", "set", "le", "m2m.token_url", "https://ws.example/oauth2/token"]).run().ok();
    run(&["secret", "set", "m2m-client", "-p", "le"]).stdin(SECRET).run().ok();
    // The configuration itself, which an edit makes UTF-8.
    let config = std::fs::read_to_string(home.config_file()).unwrap();
    home.plant(".config/cogtok/config.toml", utf_16(&config));
    assert_eq!(settings(&home, "le")["user_pool_id"], json!(POOL));
    run(&["profile", "set", "le", "description", "x"]).run().ok();
    assert!(std::fs::read_to_string(home.config_file()).unwrap().contains("description = \"x\""));
    home.plant(".config/cogtok/config.toml", b"\xff\xfe\x00");
    insta::assert_snapshot!(home.cogtok(["profile", "list"]).run().message(), @"
    exit 3
    error: [home]/.config/cogtok/config.toml begins as UTF-16, but is not valid UTF-16
    ");
}

#[test]
fn a_domain_is_understood_without_its_scheme_and_as_a_prefix() {
    let home = Home::new();
    let whole = "https://ws.auth.us-east-1.amazoncognito.com";
    for (name, domain) in [("a", "ws"), ("b", "ws.auth.us-east-1.amazoncognito.com"), ("c", whole)] {
        let create = ["profile", "create", name, "--user-pool-id", POOL, "--client-id", "web", "--domain", domain];
        home.cogtok(create).args(["--m2m-client-id", "machine"]).run().ok().stderr_lacks("warning");
        assert_eq!(settings(&home, name)["domain"], json!(whole), "{domain}");
        home.cogtok(["profile", "set", name, "domain", domain]).run().ok();
        assert_eq!(settings(&home, name)["domain"], json!(whole), "{domain}");
    }
    let shown = home.cogtok(["profile", "show", "a", "--origin", "--json"]).env("COGTOK_DOMAIN", "other").run();
    shown.ok().stdout_has("https://other.auth.us-east-1.amazoncognito.com/oauth2/token");
    let bare = ["profile", "create", "bare", "--client-id", "web", "--domain", "ws"];
    insta::assert_snapshot!(home.cogtok(bare).run().message(), @"
    exit 3
    error: `ws` is the prefix of a domain, and no Region is known
    hint: add `--region REGION`, or give the whole address: https://PREFIX.auth.REGION.amazoncognito.com
    ");
    home.cogtok(bare).args(["--region", "us-east-1"]).run().ok();
    insta::assert_snapshot!(home.cogtok(["profile", "set", "a", "domain", "not a domain"]).run().message(), @"
    exit 2
    error: `not a domain` is not a pool's domain: one looks like https://ws.auth.us-east-1.amazoncognito.com, or is just its prefix (profile `a`)
    ");
    let set = |key: &str, value: &str| home.cogtok(["profile", "set", "a", key, value]).run();
    set("domain", &format!("{whole}/login")).code(2).stderr_has(&format!("has none: is it {whole}?"));
    assert_eq!(settings(&home, "a")["domain"], json!(whole));
    // What can be meant and is not likely is told when it is set.
    set("m2m.token_url", whole).ok().stderr_has(&format!("is it {whole}/oauth2/token?"));
    home.cogtok(["profile", "lint", "a"]).run().ok().stderr_has("`m2m.token_url` has no path");
    set("m2m.token_url", &format!("{whole}/oauth2/token")).ok().stderr_lacks("warning");
}

#[test]
fn scopes_with_commas_between_them_are_several() {
    let (home, server) = (Home::new(), generous());
    machine(&home, &server.token_url());
    let token = |words: &[&str]| {
        let run =
            home.cogtok(["token", "m2m", "--no-cache"]).args(words).env("COGTOK_M2M_CLIENT_SECRET", "s3cr3t-canary");
        run.run().ok();
        server.requests().last().unwrap().form("scope").unwrap()
    };
    assert_eq!(token(&["--scope", "api/read,api/write"]), "api/read api/write");
    assert_eq!(token(&["--scope", "api/read, api/write"]), "api/read api/write");
    home.cogtok(["profile", "set", "ws", "m2m.scopes", "api/read,api/write"]).run().ok();
    assert_eq!(token(&[]), "api/read api/write");
    // A comma may be in a scope.
    assert_eq!(token(&["--scope", "odd,one"]), "odd,one");
}

#[test]
fn of_four_variables_the_one_that_is_missing_is_named() {
    let (home, server) = (Home::new(), generous());
    let all = [
        ("COGNITO_M2M_CLIENT_ID", "machine"),
        ("COGNITO_M2M_CLIENT_SECRET", "s3cr3t-canary"),
        ("COGNITO_TOKEN_URL", &server.token_url()),
        ("COGNITO_M2M_SCOPES", "api/read"),
    ];
    for missing in 0..3 {
        let given = all.iter().enumerate().filter(|(index, _)| *index != missing);
        let run = given.fold(home.cogtok(["token", "m2m"]), |run, (_, (name, value))| run.env(name, value));
        let out = run.run();
        out.check(matches!(out.code, Some(3 | 5)), "it can't be done").stderr_has(all[missing].0);
        if missing != 1 {
            out.stderr_has(&format!("{} is not set", all[missing].0));
        }
    }
    all.iter().fold(home.cogtok(["token", "m2m"]), |run, (name, value)| run.env(name, value)).run().ok();
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_secret_that_stays_is_not_called_missing() {
    let (home, keyring) = (Home::new(), Keyring::start());
    home.canary(SECRET);
    let text = "COGNITO_M2M_CLIENT_ID=machine\nCOGNITO_TOKEN_URL=https://ws.example/oauth2/token\n";
    let import = |more: &[&str], text: &str| {
        home.cogtok(["profile", "import", "-", "--name", "ws"]).args(more).stdin(text).keyring(&keyring).run()
    };
    import(&[], text).ok().stderr_has("the client secret").stderr_has("cogtok secret set m2m-client -p ws");
    home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).stdin(SECRET).keyring(&keyring).run().ok();
    import(&["--replace"], text)
        .ok()
        .stderr_has("stays in the keyring")
        .stderr_lacks("missing")
        .stderr_lacks("secret set");
    // Of another client there is none.
    import(&["--replace"], &text.replace("machine", "other")).ok().stderr_has("cogtok secret set m2m-client -p ws");
}

#[test]
fn of_two_environments_in_a_source_one_is_taken_whole() {
    let home = Home::new();
    let identity_secret = "identity-client-secret-canary";
    home.canary(identity_secret);
    let (runtime, identity) = ("us-east-1_Runtime00", "us-east-1_Identity0");
    let (own, other) = ("1example23456789abcdefghij", "2example23456789abcdefghij");
    // As the AgentCore starter toolkit leaves them.
    let text = format!(
        "export RUNTIME_POOL_ID={runtime}\nexport RUNTIME_CLIENT_ID={own}\nexport IDENTITY_POOL_ID={identity}\n\
         export IDENTITY_CLIENT_ID={other}\nexport IDENTITY_CLIENT_SECRET={identity_secret}\n"
    );
    let object = json!({"runtime": {"pool_id": runtime, "client_id": own},
        "identity": {"pool_id": identity, "client_id": other, "client_secret": identity_secret}});
    for source in [text, object.to_string()] {
        let import = |more: &[&str]| {
            let run = home.cogtok(["profile", "import", "-", "--name", "ws", "--replace", "--no-secrets"]).args(more);
            run.stdin(&source).run()
        };
        import(&[]).code(5).stderr_has("more than one user pool").stderr_has(runtime).stderr_has(identity);
        for (pool, client) in [(runtime, own), (identity, other)] {
            import(&["--user-pool-id", pool]).ok();
            let shown = settings(&home, "ws");
            let of = ["user.client_id", "m2m.client_id"].map(|key| &shown[key]);
            let is_one = of.iter().filter(|value| !value.is_null()).all(|value| **value == json!(client));
            assert!(shown["user_pool_id"] == json!(pool) && is_one && of.contains(&&json!(client)), "{shown}");
        }
    }
}

#[test]
fn every_partition_has_its_own_hosts_and_issuers() {
    let home = Home::new();
    for (region, suffix) in [("eusc-de-east-1", "amazonaws.eu"), ("cn-north-1", "amazonaws.com.cn")] {
        let pool = format!("{region}_AbCdEfGhI");
        let issuer = format!("https://cognito-idp.{region}.{suffix}/{pool}");
        // Nothing resolves here: what counts is who would have been asked.
        let run =
            |words: &[&str]| home.cogtok(words).args(["--timeout", "3s"]).aws().env("COGTOK_USER_POOL_ID", &pool).run();
        let host = format!("cognito-idp.{region}.{suffix}");
        run(&["user", "list"]).code(6).stderr_has(&host);
        run(&["profile", "import", &issuer, "--name", "ws"]).code(6).stderr_has(&host);
        let wrong = issuer.replace(suffix, "amazonaws.com");
        run(&["profile", "import", &wrong, "--name", "ws"]).code(2);
    }
}
