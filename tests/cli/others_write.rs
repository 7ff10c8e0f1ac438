//! A configuration that others can change, and with it where secrets go: used, with a warning that says what to type.

use crate::harness::scripted::issuing_another_each_time;
use std::os::unix::fs::{PermissionsExt, lchown};

#[test]
fn a_configuration_that_others_can_change_is_warned_of() {
    let (home, _server) = issuing_another_each_time();
    let (file, dir) = (home.config_file(), home.config_dir());
    home.allow(&dir);
    let chmod = |path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    for (mode, dir_mode, chmods) in [
        (0o600, 0o700, None),
        (0o644, 0o755, None),
        (0o400, 0o1777, None),
        (0o664, 0o700, Some(format!("chmod go-w {}", file.display()))),
        (0o602, 0o700, Some(format!("chmod go-w {}", file.display()))),
        (0o644, 0o777, Some(format!("chmod o-w {}", dir.display()))),
    ] {
        chmod(&file, mode);
        chmod(&dir, dir_mode);
        let output = home.scripted_m2m(&[]).run();
        output.ok();
        match &chmods {
            None => drop(output.quiet()),
            Some(chmod) => drop(output.stderr_has("other users can").stderr_has(chmod)),
        }
        // A prompt is no place to complain.
        home.cogtok(["profile", "current", "--prompt"]).run().ok().quiet();
        // A command that is done as it says ends it.
        if let Some(chmod) = chmods {
            let words: Vec<&str> = chmod.split(' ').collect();
            assert!(std::process::Command::new(words[0]).args(&words[1..]).status().unwrap().success());
            home.scripted_m2m(&[]).run().ok().quiet();
        }
    }
    chmod(&dir, 0o700);
    // Where the tests are root, who alone can give a file away.
    if lchown(&file, Some(54_321), Some(54_321)).is_ok() {
        home.scripted_m2m(&[]).run().ok().stderr_has("user 54321 owns it");
        // Whoever owns its directory can replace it, and root is no exception.
        lchown(&dir, Some(54_321), Some(54_321)).unwrap();
        home.scripted_m2m(&[]).run().ok().stderr_has("user 54321 owns it");
        lchown(&file, Some(0), Some(0)).unwrap();
        home.scripted_m2m(&[]).run().ok().stderr_has("user 54321 can replace it");
    }
}
