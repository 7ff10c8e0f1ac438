"""What a static cogtok does where there is nothing but it: python3 linux.py PROGRAM [EMULATOR]. It runs in a root directory that
holds the program alone, on a network of its own with a name server that answers for one name. Every check is one function; all
are run, and what fails is told with what was seen."""

import base64
import contextlib
import fcntl
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import traceback

SOURCES = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCES / "packaging"))
import crates
from authority import certified

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
EMULATOR = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
if os.environ.get("COGTOK_NETWORK") != "own":
    root = [] if os.geteuid() == 0 else ["sudo"]
    words = [*root, "env", "COGTOK_NETWORK=own", "unshare", "--net", "--mount", sys.executable, *map(os.path.abspath, sys.argv)]
    os.execvp(words[0], words)
HERE = pathlib.Path(tempfile.mkdtemp(prefix="cogtok-linux."))
ROOT = HERE / "root"
NAME = "tokens.example.test"
SECRET = "pässword&100%<ok>"


def loopback_up():
    with socket.socket() as any_socket:
        name = struct.pack("16sh14x", b"lo", 1 | 64)
        fcntl.ioctl(any_socket, 0x8914, name)


def part(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def token():
    now = int(time.time())
    claims = {"sub": "machine", "token_use": "access", "scope": "api/read", "auth_time": now, "iat": now, "exp": now + 3600,
              "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Scripted0", "version": 2, "jti": "jti",
              "client_id": "machine"}
    header = {"alg": "RS256", "kid": "scripted", "typ": "JWT"}
    return ".".join([part(json.dumps(header).encode()), part(json.dumps(claims).encode()), part(b"Z" * 256)])


class Handler(http.server.BaseHTTPRequestHandler):
    """An endpoint for tokens, which wants the client's secret."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        given = base64.b64decode(self.headers.get("authorization", "Basic ").split()[1]).decode()
        is_right = given.endswith(":p%C3%A4ssword%26100%25%3Cok%3E") or given == f"machine:{SECRET}"
        good = {"access_token": token(), "expires_in": 3600, "token_type": "Bearer"}
        answer = json.dumps(good if is_right else {"error": "invalid_client"}).encode()
        self.send_response(200 if is_right else 400)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def serve(context=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # What a client thinks of a certificate is its own affair, and shows there.
    server.handle_error = lambda *_: None
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def answer_names():
    """A name server that knows one name, an address of which is this machine's."""
    service = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    service.bind(("127.0.0.1", 53))

    def serve():
        while True:
            asked, client = service.recvfrom(512)
            end = asked.index(0, 12) + 5
            name = asked[12:end - 5]
            labels, at = [], 0
            while at < len(name):
                labels.append(name[at + 1:at + 1 + name[at]].decode())
                at += 1 + name[at]
            is_known, is_address = ".".join(labels) == NAME, asked[end - 4:end - 2] == b"\0\1"
            has = is_known and is_address
            head = asked[:2] + struct.pack(">HHHHH", 0x8180 | (0 if is_known else 3), 1, int(has), 0, 0)
            record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([127, 0, 0, 1]) if has else b""
            service.sendto(head + asked[12:end] + record, client)

    threading.Thread(target=serve, daemon=True).start()


class Output:
    def __init__(self, words, done):
        self.words, self.code = words, done.returncode
        self.out, self.err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))

    def __repr__(self):
        return f"$ {' '.join(self.words)}\nexit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}\n---"

    def is_code(self, code):
        assert self.code == code, f"expected exit {code}\n{self!r}"
        return self

    def says(self, *texts):
        for text in texts:
            assert text in self.err, f"not said: {text}\n{self!r}"
        return self


def cogtok(*words, stdin=b"", **more):
    emulator = ["/emulator"] if EMULATOR else []
    environment = {"HOME": "/home", "COGTOK_M2M_CLIENT_SECRET": SECRET} | more
    environment = {name: value for name, value in environment.items() if value is not None}
    done = subprocess.run([*emulator, "/cogtok", *words], input=stdin, capture_output=True, timeout=120, env=environment,
                          preexec_fn=lambda: (os.chroot(ROOT), os.chdir("/")))
    return Output(["cogtok", *words], done)


def fresh():
    """A root directory with the program, a home, and who answers for names."""
    shutil.rmtree(ROOT, ignore_errors=True)
    for folder in ("home", "etc", "tmp"):
        (ROOT / folder).mkdir(parents=True)
    shutil.copy(PROGRAM, ROOT / "cogtok")
    if EMULATOR:
        shutil.copy(EMULATOR, ROOT / "emulator")
    (ROOT / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n")


def profile(url):
    folder = ROOT / "home/.config/cogtok"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(f'default_profile = "ws"\n[profiles.ws.m2m]\nclient_id = "machine"\nscopes = ["api/read"]\n'
                                        f'token_url = "{url}/oauth2/token"\n')


CHECKS = []


def promise(check):
    CHECKS.append(check)
    return check


@promise
def the_program_needs_no_library():
    seen = subprocess.run(["readelf", "--program-headers", "--dynamic", str(PROGRAM)], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in seen and "(NEEDED)" not in seen, seen
    assert re.fullmatch(r"cogtok \d+\.\d+\.\d+\n", cogtok("--version").is_code(0).out)


@promise
def the_program_lies_at_another_address_in_each_run():
    seen = subprocess.run(["readelf", "--file-header", "--program-headers", str(PROGRAM)], capture_output=True, text=True, check=True).stdout
    # Position-independent, with tables that are read-only once the program runs.
    assert "DYN (" in seen and "GNU_RELRO" in seen, seen


@promise
def the_program_lists_its_crates():
    listed = set(crates.crates(PROGRAM))
    locked = tomllib.loads((SOURCES / "Cargo.lock").read_text())["package"]
    # What it has on Linux, at the versions of the lock file; not what it has elsewhere, and not what only tests it.
    assert listed < {(package["name"], package["version"]) for package in locked}, listed
    names = {name for name, _ in listed}
    assert {"cogtok", "clap", "ring", "aws-config", "secret-service"} <= names, names
    assert not {"webpki-root-certs", "portable-pty", "rcgen"} & names, names


@promise
def a_token_comes_over_http_from_this_machine():
    profile(f"http://127.0.0.1:{PLAIN}")
    assert cogtok("token", "m2m").is_code(0).out.count(".") == 2
    # The second one is from the cache: without the secret.
    assert cogtok("token", "m2m", COGTOK_M2M_CLIENT_SECRET=None).is_code(0).out.count(".") == 2
    cogtok("token", "m2m", "--force-refresh", COGTOK_M2M_CLIENT_SECRET="another").is_code(4)


@promise
def nothing_of_etc_is_needed():
    shutil.rmtree(ROOT / "etc")
    profile(f"http://127.0.0.1:{PLAIN}")
    got = cogtok("token", "m2m").is_code(0).out
    assert cogtok("token", "inspect", "-", stdin=got.encode()).is_code(0).out.count("api/read"), got


@promise
def a_token_is_verified_with_the_keys_of_the_pool():
    openssl = lambda *words, **more: subprocess.run(["openssl", *words], cwd=HERE, check=True, capture_output=True, **more).stdout
    openssl("genrsa", "-out", "pool.key", "2048")
    modulus = openssl("rsa", "-in", "pool.key", "-noout", "-modulus").decode().strip().partition("=")[2]
    key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "scripted", "e": "AQAB", "n": part(bytes.fromhex(modulus))}
    (ROOT / "keys.json").write_text(json.dumps({"keys": [key]}))
    signed = token().rpartition(".")[0]
    signature = part(openssl("dgst", "-sha256", "-sign", "pool.key", input=signed.encode()))
    words = ["token", "verify", "-", "--jwks", "/keys.json", "--user-pool-id", "us-east-1_Scripted0", "--client-id", "machine"]
    cogtok(*words, stdin=f"{signed}.{signature}".encode()).is_code(0)
    cogtok(*words, stdin=token().encode()).is_code(8)


@promise
def a_token_comes_over_https_by_name():
    profile(f"https://{NAME}:{SECURE}")
    (ROOT / "ca.pem").write_bytes((HERE / "ca.pem").read_bytes())
    assert cogtok("token", "m2m", SSL_CERT_FILE="/ca.pem").is_code(0).out.count(".") == 2


@promise
def authorities_are_found_where_distributions_have_them():
    profile(f"https://{NAME}:{SECURE}")
    # Debian and Alpine; Fedora and its children.
    for place in ("etc/ssl/certs/ca-certificates.crt", "etc/pki/tls/certs/ca-bundle.crt"):
        (ROOT / place).parent.mkdir(parents=True)
        (ROOT / place).write_bytes((HERE / "ca.pem").read_bytes())
        assert cogtok("token", "m2m", "--no-cache").is_code(0).out.count(".") == 2
        (ROOT / place).unlink()


@promise
def without_authorities_it_says_so():
    profile(f"https://{NAME}:{SECURE}")
    seen = cogtok("token", "m2m").is_code(6)
    assert "this machine has no CA certificates" in seen.err and "hint:" in seen.err, seen


@promise
def a_name_that_nobody_has_is_named():
    profile("https://nobody.example.test")
    (ROOT / "ca.pem").write_bytes((HERE / "ca.pem").read_bytes())
    cogtok("token", "m2m", SSL_CERT_FILE="/ca.pem").is_code(6).says("nobody.example.test")


@promise
def secrets_are_kept_in_the_file():
    profile(f"http://127.0.0.1:{PLAIN}")
    store = {"COGTOK_M2M_CLIENT_SECRET": None, "COGTOK_PASSPHRASE": "a long passphrase of four words"}
    cogtok("secret", "init", **store).is_code(0)
    cogtok("secret", "set", "m2m-client", stdin=SECRET.encode(), **store).is_code(0)
    assert cogtok("token", "m2m", **store).is_code(0).out.count(".") == 2


@promise
def secrets_are_kept_in_the_keyring():
    # The keyring is this system's, on a bus and with files of its own.
    profile(f"http://127.0.0.1:{PLAIN}")
    script = """
        printf '\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
        printf %s "$SECRET" | "$@" secret set m2m-client && "$@" token m2m && "$@" secret delete m2m-client
    """
    home = ROOT / "home"
    (home / "run").mkdir(mode=0o700)
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "SECRET": SECRET,
                   "LC_ALL": "C.UTF-8"}
    emulator = [str(EMULATOR)] if EMULATOR else []
    words = ["dbus-run-session", "--", "sh", "-ec", script, "sh", *emulator, str(PROGRAM)]
    done = subprocess.run(words, capture_output=True, env=environment, timeout=120)
    seen = Output(words[:2], done).is_code(0)
    assert seen.out.count(".") == 2, seen


def main():
    failed = []
    for check in CHECKS:
        name, started = check.__name__.replace("_", " "), time.monotonic()
        try:
            fresh()
            check()
            print(f"ok      {name} ({time.monotonic() - started:.0f} s)", flush=True)
        except Exception:
            failed.append(name)
            print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    print(f"{len(failed)} of {len(CHECKS)} checks fail" if failed else "all checks pass")
    return bool(failed)


loopback_up()
PLAIN, SECURE = serve(), serve(certified(HERE, NAME))
answer_names()
with contextlib.ExitStack() as stack:
    stack.callback(shutil.rmtree, HERE, ignore_errors=True)
    code = main()
sys.exit(code)
