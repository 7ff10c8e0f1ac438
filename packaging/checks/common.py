"""What the checks share: where things are, what a command has to do, the commands of docs/install.md, and a server to fetch from."""

import base64
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import threading
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
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
                          stdin=subprocess.DEVNULL, timeout=1200, **options)
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


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
SERVER = f"http://127.0.0.1:{server.server_address[1]}"
