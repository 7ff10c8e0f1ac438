//! `cogtok profile import` of exports that are broken, hostile or from another time.

use crate::harness::{Home, Server};
use crate::import::settings;
use crate::profile_export::keygen;
use serde_json::json;
use std::time::Duration;

fn import<'h>(home: &'h Home, text: impl AsRef<[u8]>) -> crate::harness::Run<'h> {
    home.cogtok(["profile", "import", "-"]).stdin(text)
}

#[test]
fn a_broken_or_later_export_changes_nothing() {
    let home = Home::new();
    home.canary("hunter2hunter2");
    let large = format!("cogtok_export = 1\n# {}\n", "x".repeat(1 << 20));
    let many: String = (0..1001).map(|n| format!("[profiles.p{n}]\nregion = \"us-east-1\"\n")).collect();
    for (text, code, says) in [
        ("cogtok_export = 2\n[profiles.ws]\nregion = \"us-east-1\"\n".to_string(), 7, "newer cogtok"),
        ("cogtok_export = 1\n".to_string(), 3, "there is no profile in it"),
        ("cogtok_export = 1\n[profiles.ws]\n".to_string(), 3, "there is no profile in it"),
        ("cogtok_export = true\n[profiles.ws]\n".to_string(), 3, "it is not an export"),
        ("cogtok_export = 1\n[secrets.ws]\npassword = \"hunter2hunter2\"\n".to_string(), 3, "no profile"),
        ("cogtok_export = 1\n[secrets.ws]\npassword = \"hunter2hunter2\n".to_string(), 3, "not valid TOML at line 3"),
        (format!("cogtok_export = 1\nx = {}\n", "[".repeat(100_000)), 3, "not valid TOML"),
        (format!("cogtok_export = 1\n{many}"), 3, "more than 1000 profiles"),
        (large, 2, "larger than 1 MiB"),
    ] {
        import(&home, &text).run().code(code).stderr_has(says).stdout_is("");
        import(&home, &text).args(["--from", "export"]).run().code(code);
        assert!(!home.config_dir().exists(), "{says}");
    }
    for other in ["version = 1\n[profiles.ws]\n", "A='b'\n"] {
        import(&home, other).args(["--from", "export"]).run().code(3).stderr_has("cogtok_export");
    }
    insta::assert_snapshot!(home.cogtok(["profile", "import", "nosuch.toml"]).run().message(), @"
    exit 2
    error: there is no file `nosuch.toml`
    ");
    insta::assert_snapshot!(home.cogtok(["profile", "import", "nosuch.age"]).run().message(), @"
    exit 2
    error: there is no file `nosuch.age`
    ");
}

#[test]
fn names_addresses_and_words_of_a_hostile_export_are_left_out_and_told_in_plain_characters() {
    let home = Home::new();
    let evil = Server::canary();
    let text = format!(
        "\u{feff}# \u{1b}]0;owned\u{7}\ncogtok_export = 1\nfuture = 1\n\
         [profiles.\"../x\"]\nregion = \"us-east-1\"\n[profiles.\"-p\"]\nregion = \"us-east-1\"\n[profiles.\"a\\u001b[31m\"]\nregion = \"us-east-1\"\n\
         [profiles.\"{}\"]\nregion = \"us-east-1\"\n\
         [profiles.ws]\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\nendpoint_url = \"http://127.0.0.1.evil.example\"\ndomain = \"https://user:pw@evil.example\"\n\
         description = \"a\\u001b]52;c;eA==\\u0007\\u202eb\"\nnew_thing = true\nsecrets = [\"password\", \"m2m-client\"]\naws_profile = 7\n\
         [profiles.ws.m2m]\nclient_id = \"machine\"\ntoken_url = \"http://evil.example:{}/oauth2/token\"\nsecret_arn = \"arn:aws:s3:::$(id)\"\n\
         [profiles.ws.\"\\u009b\"]\nx = 1\n",
        "n".repeat(256),
        evil.port()
    );
    // Memory and time are those of every import; nothing is asked of anybody, AWS credentials or not.
    let out = import(&home, text.replace("\u{1b}]0;owned\u{7}", "x")).aws().timeout(Duration::from_secs(5)).run();
    out.ok().stdout_is("").stderr_has("created profile `ws`");
    for told in [
        "skipped `future`",
        "skipped `../x`: it can't be a profile's name",
        "skipped `-p`",
        "skipped `endpoint_url`: `http://127.0.0.1.evil.example` is refused: plain http",
        "skipped `domain`: it looks like a secret",
        "skipped `description`: it contains control characters",
        "skipped `new_thing`: it is not a known key",
        "skipped `secrets`: it lists what another machine stores",
        "skipped `aws_profile`",
        "skipped `m2m.token_url`",
        "skipped `m2m.secret_arn`",
    ] {
        out.stderr_has(told);
    }
    assert_eq!(
        settings(&home, "ws"),
        json!({"name": "ws", "user_pool_id": "us-east-1_AbCdEfGhI", "m2m.client_id": "machine"})
    );
    evil.assert_untouched();
    // A control character outside a string is no TOML at all.
    import(&home, &text).args(["--name", "x"]).run().code(3).stderr_has("not valid TOML at line 1");
    let flood: String = (0..5000).map(|n| format!("k{n} = 1\n")).collect();
    let flood = format!("cogtok_export = 1\n{flood}[profiles.flood]\nregion = \"us-east-1\"\n{flood}");
    let out = import(&home, flood).run();
    out.ok().stderr_has("skipped 4980 more things");
    out.check(out.stderr.lines().count() < 60, "not a line each");
}

#[test]
fn a_sealed_file_that_is_cut_changed_or_expensive_is_refused_at_once() {
    let home = Home::new();
    let (key, public) = keygen(&home, "one");
    let (other, _) = keygen(&home, "other");
    let clear = home.plant("clear.toml", "cogtok_export = 1\n[profiles.ws]\nregion = \"us-east-1\"\n");
    let sealed = home.allow(home.path("sealed.age"));
    home.program("age", ["-r", &public, "-o"]).arg(&sealed).arg(&clear).run().ok();
    let whole = std::fs::read(&sealed).unwrap();
    let run = |bytes: &[u8], key: &std::path::Path| import(&home, bytes).arg("--identity").arg(key).run();
    run(&whole, &other).code(7).stderr_has("this identity does not open it");
    insta::assert_snapshot!(import(&home, &whole).run().message(), @"
    exit 5
    error: standard input: it is sealed for an age identity, and none was given
    hint: name yours: `--identity FILE`, or COGTOK_SECRET_IDENTITY
    ");
    run(&whole, &home.path("nowhere")).code(7);
    for end in [22, 60, whole.len() / 2, whole.len() - 1] {
        run(&whole[..end], &key).code(2).stderr_has("damaged");
    }
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let out = run(&changed, &key);
    out.check(matches!(out.code, Some(2 | 7)), "damaged");
    let begin = "-----BEGIN AGE ENCRYPTED FILE-----\n";
    for bad in ["", "!!!!\n", "YWJj\n-----END AGE ENCRYPTED FILE-----\n"] {
        run(format!("{begin}{bad}").as_bytes(), &key).code(2).stderr_has("damaged");
    }
    run(b"age-encryption.org/v9\n-> X\nYWJj\n--- YWJj\n", &key).code(2);
    // The header is checked after the work, so that nothing but the number counts.
    for factor in ["19", "30", "63", "64", "4294967296", "-1", "018"] {
        let header = format!(
            "age-encryption.org/v1\n-> scrypt {} {factor}\n{}\n--- {}\n",
            "A".repeat(22),
            "A".repeat(43),
            "A".repeat(43)
        );
        let bytes = [header.as_bytes(), &[0; 64]].concat();
        let out =
            import(&home, &bytes).env("COGTOK_PASSPHRASE", "hunter2hunter2").timeout(Duration::from_secs(3)).run();
        out.check(matches!(out.code, Some(2 | 7)), factor).stdout_is("");
    }
    // Sealed, but not what it should be.
    let binary = home.plant("binary", b"cogtok_export = 1\n\xff\n");
    home.program("age", ["-r", &public, "-o"]).arg(&sealed).arg(&binary).run().ok();
    run(&std::fs::read(&sealed).unwrap(), &key).code(2).stderr_has("UTF-8");
    assert!(!home.config_dir().exists());
}
