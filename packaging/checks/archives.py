"""The archive, its checksum and its list of contents; what is made of programs that came from elsewhere."""

import json
import os
import struct
import tarfile
import zipfile

from common import NAME, PACKAGES, ROOT, SAYS, TARGET, TOOLS, VERSION, WORK, Failed, block, has, place, project, run, same


def archive():
    folder = place("archive")
    home = place("home")
    run("bash", "-euc", block("From an archive"), cwd=folder, env={**os.environ, "HOME": str(home)})
    same(run(home / ".local/bin/cogtok", "--version"), SAYS)
    same(sorted(path.name for path in folder.iterdir()), sorted([NAME, f"{NAME}.tar.gz", "SHA256SUMS"]))
    inside = {str(path.relative_to(folder / NAME)) for path in (folder / NAME).rglob("*") if path.is_file()}
    others = {f"completions/{path.name}" for path in (ROOT / "completions").iterdir()}
    same(inside, {"cogtok", "README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-LICENSES.txt",
                  "config.example.toml", "cogtok.cdx.json"} | others | {f"man/{page.name}" for page in project.manual()})
    # A byte more, and the page's commands stop.
    (folder / f"{NAME}.tar.gz").open("ab").write(b"\0")
    has(run("sha256sum", "--check", "--ignore-missing", "SHA256SUMS", code=1, cwd=folder), f"{NAME}.tar.gz: FAILED")


def checksums():
    run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=PACKAGES)
    listed = {line.split()[1] for line in (PACKAGES / "SHA256SUMS").read_text().splitlines()}
    same(listed, {path.name for path in PACKAGES.iterdir() if path.is_file()} - {"SHA256SUMS"})


def bill_of_materials():
    with tarfile.open(PACKAGES / f"{NAME}.tar.gz") as tar:
        text = tar.extractfile(f"{NAME}/cogtok.cdx.json").read().decode()
        licences = tar.extractfile(f"{NAME}/THIRD-PARTY-LICENSES.txt").read().decode()
    bill = json.loads(text)
    same((bill["bomFormat"], bill["metadata"]["component"]["version"]), ("CycloneDX", VERSION))
    names = {component["name"] for component in bill["components"]}
    # What the program has on Linux, with the version; not what it has elsewhere, and not what only tests it.
    same({"clap", "ring", "aws-config", "secret-service"} - names, set())
    same({"webpki-root-certs", "portable-pty", "rcgen"} & names, set())
    has(licences, "ring 0.17", "clap 4.", "aws-config 1.")
    if str(ROOT) in text:
        raise Failed(f"{ROOT} is in the list")


def list_of_crates():
    """A program of packaging/auditable says what it is made of where it is built as ours is, and one that says nothing is refused."""
    folder = place("auditable")
    for name, more in (("whole", '[dependencies]\npart = { path = "part" }\n[build-dependencies]\ntool = { path = "tool" }\n'
                        '[profile.release]\nlto = "fat"\npanic = "abort"\nstrip = true\n'), ("part", ""), ("tool", "")):
        inside = folder if name == "whole" else folder / name
        (inside / "src").mkdir(parents=True)
        (inside / "Cargo.toml").write_text(f'[package]\nname = "{name}"\nversion = "1.2.{len(name)}"\nedition = "2024"\n{more}')
        (inside / "src/lib.rs").write_text("")
    (folder / "build.rs").write_text("fn main() {}\n")
    (folder / "src/main.rs").write_text("fn main() {}\n")
    run(ROOT / "packaging/auditable", "build", "--release", "--offline", "--target-dir", folder / "target", cwd=folder)
    same(run("python3", ROOT / "packaging/crates.py", folder / "target/release/whole"), "part 1.2.4\nwhole 1.2.5\n")
    has(run("python3", ROOT / "packaging/crates.py", "/bin/true", code=1), "/bin/true has no list of its crates")


def other_systems():
    """What release.yml does with programs that came from elsewhere."""
    out = place("others")
    # setuptools has a program for Windows; for macOS a head without a body has to do.
    program, = TOOLS.parent.glob("lib/python*/site-packages/setuptools/cli-64.exe")
    mac = WORK / "mac"
    mac.write_bytes(struct.pack("<8I", 0xFEEDFACF, 0x0100000C, 0, 2, 0, 0, 0, 0))
    for target, binary in (("x86_64-pc-windows-msvc", program), ("aarch64-apple-darwin", mac), ("aarch64-unknown-linux-musl", "/bin/true")):
        run(ROOT / "packaging/build", "--target", target, "--binary", binary, "--out", out)
    same({path.name for path in out.iterdir()}, {
        "SHA256SUMS", "image", f"cogtok-{VERSION}.tgz",
        f"cogtok-{VERSION}-x86_64-pc-windows-msvc.zip", f"cogtok-win32-x64-{VERSION}.tgz", f"cogtok-{VERSION}-py3-none-win_amd64.whl",
        f"cogtok-{VERSION}-aarch64-apple-darwin.tar.gz", f"cogtok-darwin-arm64-{VERSION}.tgz",
        f"cogtok-{VERSION}-py3-none-macosx_11_0_arm64.whl",
        f"cogtok-{VERSION}-aarch64-unknown-linux-musl.tar.gz", f"cogtok-linux-arm64-{VERSION}.tgz",
        f"cogtok-{VERSION}-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.musllinux_1_1_aarch64.whl",
        f"cogtok_{VERSION}-1_arm64.deb", f"cogtok-{VERSION}-1.aarch64.rpm"})
    with zipfile.ZipFile(out / f"cogtok-{VERSION}-x86_64-pc-windows-msvc.zip") as packed:
        same(packed.read(f"cogtok-{VERSION}-x86_64-pc-windows-msvc/cogtok.exe"), program.read_bytes())
    same({path.name for path in (out / "image").iterdir()},
         {"Dockerfile", "arm64", "home", "ca-certificates.crt", "LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-LICENSES.txt"})


def reproducible():
    """Two builds of one commit, of the same program, are the same."""
    sums = []
    for name in ("once", "twice"):
        run(ROOT / "packaging/build", "--target", TARGET, "--binary", "/bin/true", "--out", place(name))
        sums.append((WORK / name / "SHA256SUMS").read_text())
    same(sums[0], sums[1])


def release_refused():
    if "OWNER" in project.repository():
        has(run(ROOT / "packaging/build", "--for-release", "--binary", "/bin/true", "--target", TARGET, "--out", place("no"),
                code=1), "Cargo.toml names no owner")
