//! What `tests/platforms/run` and CI do where a package for other systems is not available: they say which, and CI goes on.

use crate::harness::{Home, Output, need};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Names and scripts.
type Programs<'a> = &'a [(&'a str, &'a str)];

/// A script where programs are looked for.
fn program(folder: &Path, name: &str, script: &str) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(name), format!("#!/bin/bash\n{script}\n")).unwrap();
    std::fs::set_permissions(folder.join(name), PermissionsExt::from_mode(0o755)).unwrap();
}

/// A run of the script on a system that has none of the packages' files, and these programs instead of Debian's.
fn on_a_bare_system(script: &str, words: &[&str], programs: Programs<'_>) -> Output {
    let home = Home::new();
    let bin = home.path("bin");
    for (name, script) in programs {
        program(&bin, name, script);
    }
    for name in ["bash", "dirname", "id", "env"] {
        std::fs::create_dir_all(&bin).unwrap();
        symlink(format!("/usr/bin/{name}"), bin.join(name)).unwrap();
    }
    program(&bin, "sudo", "exec \"$@\"");
    let run = home.program(Path::new(ROOT).join("tests/platforms").join(script), words);
    run.env("PATH", &bin).env("COGTOK_SYSTEM", home.path("system")).run()
}

/// Installs what is asked for, as far as the files go that are looked for.
const INSTALLS: &str = r#"[[ $1 == update ]] && exit
mkdir() { /usr/bin/mkdir "$@"; }
for file in /usr/bin/cargo /usr/bin/rustc /usr/bin/cargo-clippy /usr/bin/python3 /usr/lib/rustlib/src/rust/library/std/Cargo.toml; do
    mkdir -p "$COGTOK_SYSTEM${file%/*}" && : >"$COGTOK_SYSTEM$file"
done"#;

#[test]
fn it_names_the_package_that_is_not_available_and_exits_with_77() {
    let knows_all = ("apt-cache", "exit 0");
    let lacks_wine = ("apt-cache", "[[ $2 != wine64 ]]");
    let lacks_qemu = ("apt-cache", "[[ $2 != qemu-user-static ]]");
    let cases: [(&str, &[&str], Programs, &str); 7] = [
        ("run", &[], &[], "there is no apt-get for cargo-web rustc-web rust-web-src rust-web-clippy gcc-mingw-w64"),
        ("run", &[], &[("apt-get", "exit 100"), knows_all], "Debian's lists of packages are not available"),
        ("run", &[], &[("apt-get", "exit 0"), lacks_wine], "the package wine64 is not available"),
        (
            "linux",
            &["x86_64", "aarch64"],
            &[("apt-get", "exit 0"), lacks_qemu],
            "package qemu-user-static is not available",
        ),
        (
            "run",
            &["--check-only"],
            &[("apt-get", "[[ $1 == update ]]"), knows_all],
            "these packages can't be installed: cargo-web",
        ),
        // wine64 and qemu are not what these need.
        (
            "run",
            &["--check-only"],
            &[("apt-get", INSTALLS), lacks_wine],
            "gcc-mingw-w64-x86-64-win32 of this system has no /usr/bin/x86_64",
        ),
        (
            "linux",
            &["x86_64"],
            &[("apt-get", INSTALLS), lacks_qemu],
            "the package openssl of this system has no /usr/bin/openssl",
        ),
    ];
    for (script, words, programs, why) in cases {
        on_a_bare_system(script, words, programs).code(77).stderr_has("platforms: skipped, since ").stderr_has(why);
    }
    on_a_bare_system("run", &["--all"], &[]).code(2).stderr_has("usage: tests/platforms/run");
}

#[test]
fn ci_runs_all_platforms_and_fails_but_for_what_is_not_available() {
    need("bash", "bash");
    for (tests, platforms, code) in [(0, 0, 0), (0, 77, 0), (0, 1, 1), (0, 101, 1), (77, 0, 77), (1, 0, 1)] {
        let home = Home::new();
        let checkout = home.path("checkout");
        std::fs::create_dir_all(checkout.join(".ci")).unwrap();
        std::fs::copy(Path::new(ROOT).join(".ci/run"), checkout.join(".ci/run")).unwrap();
        program(&checkout.join("tests"), "run", &format!("echo tests \"$@\"; exit {tests}"));
        program(&checkout.join("tests/platforms"), "run", &format!("echo platforms \"$@\"; exit {platforms}"));
        let output = home.program("bash", [checkout.join(".ci/run")]).run();
        output.code(code);
        // With no option, such as one that leaves something out.
        let both = if tests == 0 { "tests\nplatforms\n" } else { "tests\n" };
        output.stdout_is(both);
    }
}
