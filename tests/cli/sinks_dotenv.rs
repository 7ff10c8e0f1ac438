//! `--output-file .env` with `--export=dotenv`: a file that others keep, in which a few lines are ours.

use crate::export::{issuing, m2m};
use crate::harness::{Home, herd, m2m_jwt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::PathBuf;

const KEPT: &str = "# Ours\nDATABASE_URL=\"postgres://x\ny\"\n\nCOGTOK_ACCESS_TOKEN=old # here\nexport LAST='1'";

fn env_file(home: &Home, content: impl AsRef<[u8]>, mode: u32) -> PathBuf {
    let dir = home.allow(home.path("place"));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join(".env");
    std::fs::write(&file, content).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
    file
}

#[test]
fn only_its_own_lines_change_and_mode_and_owner_stay() {
    let token = m2m_jwt("c", "api/read");
    let (home, _server) = issuing(&token);
    let file = env_file(&home, KEPT, 0o640);
    // Where the tests are root, who alone can give a file away.
    let is_theirs = lchown(&file, Some(54_321), Some(54_321)).is_ok();
    for _ in 0..2 {
        let output = m2m(&home, &["--export=dotenv", "--output-file"]).arg(&file).run();
        output.ok().stdout_is("").stderr_has("other users can read it").stderr_has("chmod 600");
        let text = std::fs::read_to_string(&file).unwrap();
        let (before, rest) = text.split_once("COGTOK_ACCESS_TOKEN=").unwrap();
        let end = rest.split_once("\nexport LAST='1'\nCOGTOK_ACCESS_TOKEN_EXPIRES_AT=").unwrap();
        assert_eq!((before, end.0), ("# Ours\nDATABASE_URL=\"postgres://x\ny\"\n\n", token.as_str()));
        assert!(end.1.trim_end().parse::<u64>().is_ok() && end.1.ends_with('\n'), "{text}");
        let metadata = file.metadata().unwrap();
        assert_eq!((metadata.mode() & 0o7777, metadata.uid() == 54_321), (0o640, is_theirs));
    }
    // Every other form is a file of its own, and so is one that is not there yet.
    std::fs::remove_file(&file).unwrap();
    m2m(&home, &["--export=dotenv", "--output-file"]).arg(&file).run().ok().quiet();
    assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o600);
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 2);
    m2m(&home, &["--output-file"]).arg(&file).run().ok();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{token}\n"));
}

#[test]
fn many_at_once_lose_nothing_of_each_other() {
    let (home, _server) = issuing(&m2m_jwt("c", "api/read"));
    m2m(&home, &[]).run().ok();
    let file = env_file(&home, KEPT, 0o600);
    for is_there in [true, false] {
        if !is_there {
            std::fs::remove_file(&file).unwrap();
        }
        let names: Vec<String> = (0..12).map(|n| format!("TOKEN_{n}")).collect();
        let run = |name: &String| m2m(&home, &["--export=dotenv", "--env-var", name, "--output-file"]).arg(&file);
        for output in herd(names.iter().map(run)) {
            output.ok();
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for name in names {
            assert_eq!(
                text.matches(&format!("\n{name}=")).count() + usize::from(text.starts_with(&format!("{name}="))),
                1
            );
        }
        assert_eq!(text.contains("DATABASE_URL"), is_there);
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing else is left there");
    }
}

#[test]
fn what_is_no_text_stays_as_it_is() {
    let (home, _server) = issuing(&m2m_jwt("c", "api/read"));
    for content in [&b"A=\xff\n"[..], &[b'#'; (1 << 20) + 1]] {
        let file = env_file(&home, content, 0o600);
        let output = m2m(&home, &["--export=dotenv", "--output-file"]).arg(&file).run();
        output.code(7).stderr_has("can't be written");
        assert_eq!(std::fs::read(&file).unwrap(), content);
    }
}
