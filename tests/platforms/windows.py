"""What cogtok.exe does under wine: python3 windows.py DIRECTORY, which holds the programs. Every check is one function; all
are run, and what fails is told with what was seen."""

import base64
import concurrent.futures
import fcntl
import http.server
import json
import os
import pathlib
import pty
import shutil
import subprocess
import sys
import termios
import threading
import time
import traceback

sys.dont_write_bytecode = True
from authority import certified

HERE = pathlib.Path(sys.argv[1]).resolve()
WINE = "/usr/lib/wine/wine64"
PREFIX = HERE / "prefix"
C = PREFIX / "drive_c"
USER = C / "users" / "tester"
CONFIG = USER / "AppData/Roaming/cogtok/config.toml"
CACHE = USER / "AppData/Local/cogtok/cache"
SECRET = "pässword&100%<ok>"


class Server:
    """An endpoint for tokens, which gives another one each time, and for everything else an empty answer."""

    def __init__(self):
        self.bodies, self.headers, self.operations, self.delay = [], [], [], 0
        lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                operation = self.headers.get("x-amz-target", "").rpartition(".")[2]
                with lock:
                    outer.bodies.append(body.decode())
                    outer.headers.append(dict(self.headers))
                    outer.operations.append(operation)
                    number = len(outer.bodies)
                time.sleep(outer.delay)
                answer = json.dumps(answer_to(operation, body, number)).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Many(http.server.ThreadingHTTPServer):
            request_queue_size = 128
            # Callers that were interrupted are not there any more.
            handle_error = lambda *_: None

        self.server = Many(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def secrets(self):
        return [base64.b64decode(h["authorization"].split()[1]).decode() for h in map(lower, self.headers) if "authorization" in h]


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def part(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def token(number, **more):
    now = int(time.time())
    claims = {"sub": "machine", "token_use": "access", "scope": "api/read", "auth_time": now, "iat": now, "exp": now + 3600,
              "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf123", "version": 2, "jti": f"jti-{number}",
              "client_id": "machine"} | more
    header = {"alg": "RS256", "kid": "scripted", "typ": "JWT"}
    return ".".join([part(json.dumps(header).encode()), part(json.dumps(claims).encode()), part(b"Z" * 256)])


def answer_to(operation, body, number):
    """The answer of Cognito's API, or of the token endpoint where no operation is named."""
    if operation == "RevokeToken":
        return {}
    if operation:
        client = json.loads(body)["ClientId"]
        access = token(number, sub="alice-sub", client_id=client, username="alice", scope="aws.cognito.signin.user.admin")
        identity = token(number, sub="alice-sub", token_use="id", aud=client, **{"cognito:username": "alice"})
        result = {"AccessToken": access, "IdToken": identity, "RefreshToken": f"refresh-token-number-{number}",
                  "ExpiresIn": 3600, "TokenType": "Bearer"}
        return {"ChallengeParameters": {}, "AuthenticationResult": result}
    return {"access_token": token(number), "expires_in": 3600, "token_type": "Bearer"}


SERVER = Server()


def environment(more):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    # wine takes the user's name from here, and the names of the files from the locale.
    kept |= {"WINEPREFIX": str(PREFIX), "WINEDEBUG": "-all", "WINEARCH": "win64", "USER": "tester", "LC_ALL": "C.UTF-8"}
    return kept | more


class Output:
    def __init__(self, words, done):
        self.words, self.code = words, done.returncode
        self.out, self.err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))

    def __repr__(self):
        return f"$ {' '.join(self.words)}\nexit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}\n---"

    def ok(self):
        return self.is_code(0)

    def is_code(self, code):
        assert self.code == code, f"expected exit {code}\n{self!r}"
        return self

    def lacks(self, *texts):
        for text in texts:
            assert text not in self.err + self.out, f"said: {text}\n{self!r}"
        return self

    def says(self, *texts):
        for text in texts:
            assert text in self.err, f"not said: {text}\n{self!r}"
        return self


def program(name, *words, stdin=b"", limit=120, **more):
    done = subprocess.run([WINE, str(HERE / name), *words], input=stdin, capture_output=True, env=environment(more), timeout=limit,
                          cwd=C if C.exists() else HERE)
    return Output([name, *words], done)


def at_console(*words, keys, when, limit=60, **more):
    """Runs cogtok at a terminal, which wine makes a console of, and types `keys` as soon as `when` says so of what was shown."""
    master, slave = pty.openpty()
    own = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    child = subprocess.Popen([WINE, str(HERE / "cogtok.exe"), *words], stdin=slave, stdout=subprocess.PIPE, stderr=slave, cwd=C,
                             env=environment(more | {"TERM": "xterm"}), start_new_session=True, preexec_fn=own)
    os.close(slave)
    shown = bytearray()

    def read():
        try:
            while part := os.read(master, 4096):
                shown.extend(part)
        except OSError:
            pass

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    end = time.monotonic() + limit
    while not when(shown) and child.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    os.write(master, keys)
    try:
        out = child.communicate(timeout=limit)[0]
    except subprocess.TimeoutExpired:
        child.kill()
        raise AssertionError(f"it goes on: {bytes(shown)}") from None
    reader.join(2)
    return child.returncode, out, bytes(shown)


def cogtok(*words, **more):
    return program("cogtok.exe", *words, **more)


def kept_open(path, milliseconds):
    """Another program that has the file open, and lets nobody replace it."""
    reader = subprocess.Popen([WINE, str(HERE / "helper.exe"), seen_by_windows(path), str(milliseconds)], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, env=environment({}))
    assert reader.stdout.readline().strip() == b"open"
    return reader


def helper():
    """Where the helper is, for cogtok.exe to run."""
    (C / "helper.exe").write_bytes((HERE / "helper.exe").read_bytes())
    return "C:\\helper.exe"


def for_a_user():
    """A profile whose user signs in with a password, at the API that the server stands in for."""
    CONFIG.write_text(f'default_profile = "ms"\n[profiles.ms]\nuser_pool_id = "us-east-1_AbCdEf123"\n'
                      f'endpoint_url = "{SERVER.url}"\n[profiles.ms.user]\nclient_id = "web"\nusername = "alice"\n'
                      'auth_flow = "password"\n')


def seen_by_windows(path):
    return "C:\\" + str(path.relative_to(C)).replace("/", "\\")


CHECKS = []


def promise(check):
    CHECKS.append(check)
    return check


def fresh():
    """No profile but `ws`, nothing cached, nothing asked for."""
    for directory in (CACHE, USER / "AppData/Local/cogtok/data", CONFIG.parent, USER / ".aws"):
        shutil.rmtree(directory, ignore_errors=True)
    # wine gives a new file what its folder's mode gives to others, even where its own list says not to inherit: these give nothing.
    for directory in (USER, C / "My Work", CACHE, USER / "AppData/Local/cogtok/data", CONFIG.parent):
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
    CONFIG.write_text(f'default_profile = "ws"\n[profiles.ws.m2m]\nclient_id = "machine"\nscopes = ["api/read"]\n'
                      f'token_url = "{SERVER.url}/oauth2/token"\n')
    SERVER.bodies.clear(), SERVER.headers.clear(), SERVER.operations.clear()
    SERVER.delay = 0


@promise
def the_configuration_is_where_people_look_for_it():
    shutil.rmtree(CONFIG.parent)
    cogtok("profile", "create", "made", "--user-pool-id", "us-east-1_AbCdEf123", "--client-id", "abc").ok()
    assert "[profiles.made" in CONFIG.read_text()
    for kind in ("set", "list", "lint"):
        cogtok("profile", kind, *(["made", "region", "eu-west-1"] if kind == "set" else [])).ok()


@promise
def the_credential_manager_keeps_replaces_and_forgets():
    cogtok("secret", "set", "m2m-client", "-p", "ws", stdin=b"first\r\n").ok()
    cogtok("secret", "set", "m2m-client", "-p", "ws", stdin=SECRET.encode()).ok()
    got = cogtok("token", "m2m", "-p", "ws").ok()
    assert got.out.count(".") == 2, got
    assert any("p%C3%A4ssword" in text or SECRET in text for text in SERVER.secrets() + SERVER.bodies), SERVER.bodies
    status = cogtok("secret", "status").ok()
    assert "m2m-client" in status.out, status
    # One of another client is not looked at, and one for another address is told.
    cogtok("profile", "set", "ws", "m2m.token_url", "https://elsewhere.example/oauth2/token").ok()
    cogtok("token", "m2m", "--no-cache").is_code(3).says("was stored for http://127.0.0.1")
    cogtok("profile", "set", "ws", "m2m.token_url", f"{SERVER.url}/oauth2/token").ok()
    cogtok("secret", "delete", "m2m-client", "-p", "ws").ok()
    cogtok("token", "m2m", "--no-cache").is_code(7 if "m2m-client" in CONFIG.read_text() else 5)


@promise
def every_kind_of_secret_comes_back():
    CONFIG.write_text(CONFIG.read_text() + '\n[profiles.ws]\nuser_pool_id = "us-east-1_AbCdEf123"\n[profiles.ws.user]\n'
                      'client_id = "web"\nusername = "alice"\n')
    for kind, secret in (("m2m-client", "one"), ("user-client", "two"), ("password", "three"),
                         ("totp", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")):
        cogtok("secret", "set", kind, "-p", "ws", stdin=secret.encode()).ok()
    cogtok("secret", "set", "password", "-p", "ws", "--username", "bob", stdin=b"four").ok()
    status = cogtok("secret", "status").ok()
    for kind in ("m2m-client", "user-client", "password", "totp"):
        assert kind in status.out, status
    whole = CONFIG.read_text()
    cogtok("profile", "delete", "ws", "--yes").ok()
    CONFIG.write_text(whole)
    for user in ("alice", "bob"):
        again = cogtok("secret", "delete", "password", "-p", "ws", "--username", user)
        assert "there was no" in again.err, f"the password stays\n{again!r}"


@promise
def a_secret_may_have_2560_bytes():
    cogtok("secret", "set", "m2m-client", "-p", "ws", stdin=b"x" * 2560).ok()
    cogtok("secret", "set", "m2m-client", "-p", "ws", stdin=b"x" * 2561).is_code(7).says("at most 2560 bytes", "secret init")
    cogtok("secret", "delete", "m2m-client", "-p", "ws").ok()


@promise
def fifty_callers_make_one_request():
    SERVER.delay = 1
    call = lambda _: cogtok("token", "m2m", "--timeout", "100s", COGTOK_M2M_CLIENT_SECRET="x")
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        outputs = [output.ok().out for output in pool.map(call, range(50))]
    assert len(set(outputs)) == 1 and outputs[0], set(outputs)
    assert len(SERVER.bodies) == 1, f"{len(SERVER.bodies)} requests"


@promise
def a_file_that_is_read_is_replaced_when_the_reader_is_done():
    reader = kept_open(CONFIG, 500)
    cogtok("profile", "set", "ws", "region", "eu-west-1").ok()
    reader.wait(60)
    assert 'eu-west-1' in CONFIG.read_text()


@promise
def our_readers_do_not_break_our_writers():
    CONFIG.write_text(CONFIG.read_text() + "".join(f"[profiles.p{number}]\n" for number in range(0, 24, 2)))

    def work(number):
        return cogtok("profile", "list") if number % 2 else cogtok("profile", "set", f"p{number}", "region", "eu-west-1")
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        for output in pool.map(work, range(24)):
            output.ok()
    assert CONFIG.read_text().count("eu-west-1") == 12, CONFIG.read_text()


@promise
def exports_are_for_their_shells():
    secret = {"COGTOK_M2M_CLIENT_SECRET": "x"}
    assert "$env:" in cogtok("token", "m2m", "--export=powershell", **secret).ok().out
    assert cogtok("token", "m2m", "--export=cmd", **secret).ok().out.startswith('set "')
    failed = cogtok("token", "m2m", "--export=powershell", "-p", "nobody")
    assert failed.code and "throw" in failed.out, failed


@promise
def the_case_of_a_variables_name_does_not_matter():
    cogtok("profile", "current", cogtok_Profile="of-a-variable").says("there is no profile `of-a-variable`")


@promise
def exec_becomes_the_command_as_windows_finds_it():
    secret = {"COGTOK_M2M_CLIENT_SECRET": "s3cret"}
    tools = C / "My Tools"
    tools.mkdir(exist_ok=True)
    (tools / "tool.cmd").write_bytes(b'@echo [%~1] [%COGTOK_M2M_CLIENT_SECRET%] %COGTOK_ACCESS_TOKEN%\r\n@exit /b 42\r\n')
    path = {"WINEPATH": "C:\\My Tools"}
    done = cogtok("exec", "--as", "m2m", "--", "tool", "a b", **secret, **path).is_code(42)
    assert "[a b] [" in done.out and "s3cret" not in done.out and done.out.count(".") >= 2, done
    cogtok("exec", "--as", "m2m", "--", "C:\\My Tools\\tool", "a", **secret).is_code(42)
    cogtok("exec", "--as", "m2m", "--", "cmd", "/c", "exit 7", **secret).is_code(7)
    cogtok("exec", "--as", "m2m", "--", "no-such-thing", **secret).is_code(127).says("cmd /c")


@promise
def a_command_is_served_a_token_and_has_a_fresh_one_in_a_file():
    secret = {"COGTOK_M2M_CLIENT_SECRET": "x"}
    served = cogtok("serve", "--as", "m2m", "--", "cmd", "/c", "echo %COGTOK_SERVE_URL% & exit 5", **secret).is_code(5)
    assert "http://127.0.0.1:" in served.out, served
    renewed = cogtok("exec", "--renew", "--as", "m2m", "--", "cmd", "/c", "type %COGTOK_TOKEN_FILE% & exit 6", **secret).is_code(6)
    assert renewed.out.count(".") == 2, renewed
    left = [str(path) for path in CACHE.rglob("*exec*") if path.is_file()]
    assert not left, left


@promise
def a_client_of_mcp_is_told_of_a_server():
    (USER / ".cursor").mkdir(exist_ok=True)
    place = USER / ".cursor/mcp.json"
    place.write_bytes(b'{\r\n  // mine\r\n  "mcpServers": {}\r\n}\r\n')
    words = ["tools", "--client", "cursor", "-p", "ws"]
    cogtok("mcp", "install", "https://gateway.example.com/mcp", "--name", *words, "--as", "m2m").ok()
    text = place.read_bytes().decode()
    assert "// mine" in text and '"tools"' in text and "mcp-proxy" in text and text.count("\n") == text.count("\r\n"), text
    assert "tools" in cogtok("mcp", "list").ok().out
    cogtok("mcp", "remove", *words[:3]).ok()
    assert '"tools"' not in place.read_text()


@promise
def a_prompt_without_a_console_needs_a_human():
    cogtok("token", "m2m").is_code(5).says("COGTOK_M2M_CLIENT_SECRET")
    cogtok("profile", "delete", "ws").is_code(5)


@promise
def a_credential_process_gets_no_secret_and_is_not_asked_by_itself():
    (USER / ".aws").mkdir()
    (C / "cp.cmd").write_bytes(b'@echo [%COGTOK_PASSPHRASE%%COGTOK_M2M_CLIENT_SECRET%] [%VISIBLE%] >>C:\\seen.txt\r\n'
                               b'@echo {"Version":1,"AccessKeyId":"AKIAMADE","SecretAccessKey":"x"}\r\n')
    seen = C / "seen.txt"
    config = USER / ".aws/config"
    home = {"AWS_CONFIG_FILE": seen_by_windows(config), "VISIBLE": "yes"}
    secrets = {"COGTOK_PASSPHRASE": "pp-leak", "COGTOK_M2M_CLIENT_SECRET": "s3cret"}
    CONFIG.write_text(f'[profiles.ms]\nuser_pool_id = "us-east-1_AbCdEf123"\nendpoint_url = "{SERVER.url}"\n')
    config.write_text("[default]\nregion = us-east-1\ncredential_process = C:\\cp.cmd\n"
                      "[profile away]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = base\nregion = us-east-1\n"
                      "[profile base]\ncredential_process = C:\\cp.cmd\n")
    for more in ([], ["--aws-profile", "away"]):
        seen.unlink(missing_ok=True)
        cogtok("user", "list", "-p", "ms", "--timeout", "20s", *more, **home, **secrets)
        assert seen.read_text().strip() == "[] [yes]", seen.read_text()
    # cogtok, asked by itself.
    log = C / "generations.txt"
    log.unlink(missing_ok=True)
    (C / "cogtok.exe").write_bytes((HERE / "cogtok.exe").read_bytes())
    (C / "bcryptprimitives.dll").write_bytes((HERE / "bcryptprimitives.dll").read_bytes())
    (C / "rec.cmd").write_bytes(b"@echo x>>C:\\generations.txt\r\n@C:\\cogtok.exe aws-credentials -p rec --timeout 20s\r\n")
    CONFIG.write_text(f'[profiles.rec]\nuser_pool_id = "us-east-1_AbCdEf123"\nendpoint_url = "{SERVER.url}"\n[profiles.rec.user]\n'
                      'client_id = "web"\nusername = "alice"\nauth_flow = "admin"\n[profiles.rec.identity_pool]\n'
                      'id = "us-east-1:11111111-2222-3333-4444-555555555555"\n')
    config.write_text("[default]\nregion = us-east-1\ncredential_process = C:\\rec.cmd\n")
    cogtok("aws-credentials", "-p", "rec", "--timeout", "40s", COGTOK_PASSWORD="pw", **home).is_code(9)
    assert len(log.read_text().split()) == 1, log.read_text()


@promise
def a_question_at_the_console_is_shown():
    code, _, shown = at_console("profile", "delete", "ws", keys=b"n\r", when=lambda shown: b"[y/N]" in shown)
    assert code == 1 and b"nothing was deleted" in shown, (code, shown)


@promise
def a_login_shows_its_address_and_ends_with_ctrl_c():
    CONFIG.write_text(f'[profiles.ws]\ndomain = "{SERVER.url}"\n[profiles.ws.user]\nclient_id = "web"\n')
    code, _, shown = at_console("login", "-p", "ws", "--no-browser", keys=b"\x03", when=lambda shown: b"response_type" in shown)
    assert code == 130 and b"/oauth2/authorize" in shown, (code, shown)


@promise
def ctrl_c_ends_with_130_and_the_failing_line():
    SERVER.delay = 8
    words = ["token", "m2m", "--export=powershell", "--timeout", "30s"]
    code, out, shown = at_console(*words, keys=b"\x03", when=lambda _: bool(SERVER.bodies), COGTOK_M2M_CLIENT_SECRET="x")
    assert code == 130 and b"throw" in out, (code, out, shown)


@promise
def ctrl_c_is_the_commands_that_exec_runs():
    state = C / "waits.txt"
    state.unlink(missing_ok=True)
    words = ["exec", "--as", "m2m", "--", helper(), "--wait", "C:\\waits.txt"]
    code, _, shown = at_console(*words, keys=b"\x03", when=lambda _: state.exists() and state.read_text() == "waits",
                                COGTOK_M2M_CLIENT_SECRET="x")
    assert (code, state.read_text()) == (9, "heard"), (code, state.read_text(), shown)


@promise
def a_session_is_kept_renewed_and_ended():
    for_a_user()
    password = {"COGTOK_PASSWORD": "pw"}
    first = cogtok("token", "user", **password).ok().out
    again = cogtok("token", "user", "--force-refresh").ok().out
    assert first.count(".") == again.count(".") == 2 and first != again, (first, again)
    assert json.loads(cogtok("status", "--json").ok().out)[0]["session"]["via"] == "api"
    cogtok("logout").ok().says("is signed out")
    assert "RevokeToken" in SERVER.operations, SERVER.operations
    assert json.loads(cogtok("status", "--json").ok().out)[0]["session"] is None
    cogtok("token", "user").is_code(5)


@promise
def nobody_stays_signed_in_whose_secrets_file_is_kept_open():
    for_a_user()
    identity = {"COGTOK_SECRET_IDENTITY": seen_by_windows(USER / "identity.txt")}
    (USER / "identity.txt").unlink(missing_ok=True)
    cogtok("secret", "init", seen_by_windows(USER / "identity.txt")).ok().lacks("warning")
    cogtok("token", "user", COGTOK_PASSWORD="pw", **identity).ok()
    reader = kept_open(USER / "AppData/Local/cogtok/data/secrets.age", 30000)
    left = cogtok("logout", **identity).is_code(7).lacks("\\\\?\\")
    left.says("is signed out", "secrets.age can't be written", "run `cogtok logout -p ms` again")
    reader.kill()
    assert SERVER.operations[-1] == "RevokeToken", SERVER.operations
    assert json.loads(cogtok("status", "--json").ok().out)[0]["session"] is None
    cogtok("logout", **identity).ok()


@promise
def the_lock_names_its_holder_and_what_ends_it():
    SERVER.delay = 8
    words = [WINE, str(HERE / "cogtok.exe"), "token", "m2m", "--timeout", "60s"]
    holder = subprocess.Popen(words, env=environment({"COGTOK_M2M_CLIENT_SECRET": "x"}), stdout=subprocess.PIPE, cwd=C,
                              stderr=subprocess.DEVNULL)
    while not SERVER.bodies:
        time.sleep(0.05)
    cogtok("token", "m2m", "--timeout", "2s", COGTOK_M2M_CLIENT_SECRET="x").is_code(7).says("is doing the same", "taskkill /F /PID ")
    assert holder.communicate(timeout=60)[0].count(b".") == 2


@promise
def hints_are_typed_as_windows_has_it():
    place = C / "My Work"
    place.mkdir(exist_ok=True)
    (place / "identity.txt").unlink(missing_ok=True)
    made = cogtok("secret", "init", "C:\\My Work\\identity.txt").ok()
    made.says("$env:COGTOK_SECRET_IDENTITY = 'C:\\My Work\\identity.txt'").lacks("warning")
    (place / "exp file.toml").unlink(missing_ok=True)
    exported = cogtok("profile", "export", "ws", "--output-file", "C:\\My Work\\exp file.toml").ok()
    exported.says('cogtok profile import "C:\\My Work\\exp file.toml"')
    cogtok("profile", "import", "C:\\My Work\\exp file.toml", "--name", "again").ok()
    cogtok("token", "m2m", "--nope").is_code(2).lacks("cogtok.exe")
    whole = cogtok("token", "m2m", "--help").ok()
    assert "token m2m -p ws --export=powershell | Out-String | Invoke-Expression" in whole.out and "eval $" not in whole.out, whole
    assert "%APPDATA%\\cogtok\\config.toml" in whole.out and ".exe" not in whole.out, whole
    cogtok("profile", "import", ".\\team").is_code(2).says("there is no file")


@promise
def files_are_private_wherever_they_are_made():
    # wine keeps an access list in the file's mode, where the group stands for the user's own groups. Without a list it would be 0644.
    private = lambda path: path.stat().st_mode & 0o707 in (0o600, 0o700)
    place = C / "My Work"
    for name in ("identity.txt", "to ken", "w.env", "open.env"):
        (place / name).unlink(missing_ok=True)
    (place / "open.env").write_text("FIRST=1\n")
    identity = {"COGTOK_SECRET_IDENTITY": "C:\\My Work\\identity.txt", "COGTOK_M2M_CLIENT_SECRET": "x"}
    cogtok("secret", "init", "C:\\My Work\\identity.txt").ok().lacks("warning")
    cogtok("secret", "set", "m2m-client", stdin=b"s", **identity).ok().lacks("warning")
    cogtok("token", "m2m", "--output-file", "C:\\My Work\\to ken", **identity).ok().lacks("warning")
    for name in ("w.env", "open.env"):
        done = cogtok("token", "m2m", "--export=dotenv", "--output-file", f"C:\\My Work\\{name}", **identity).ok()
        # One that is there stays as open as it was.
        done.says("other users can read it: keep it in C:\\users\\tester") if name == "open.env" else done.lacks("warning")
    written = [place / "identity.txt", place / "to ken", place / "w.env", USER / "AppData/Local/cogtok/data/secrets.age",
               *(path for path in CACHE.rglob("*.json"))]
    assert len(written) > 4 and all(map(private, written)), [(path, oct(path.stat().st_mode)) for path in written]
    assert not private(place / "open.env")
    # A file that others may read is reported, and not called private.
    for mode, said in ((0o600, "readable and private"), (0o644, "other users can read it")):
        CONFIG.chmod(mode)
        doctor = cogtok("doctor", "-p", "ws")
        assert said in doctor.out, doctor
    (place / "identity.txt").chmod(0o644)
    SERVER.bodies.clear()
    cogtok("token", "m2m", "--no-cache", COGTOK_SECRET_IDENTITY=identity["COGTOK_SECRET_IDENTITY"]).ok().says(
        "the identity in C:\\My Work\\identity.txt: other users can read it")


@promise
def a_file_that_stays_in_use_is_told_as_it_is_written():
    reader = kept_open(CONFIG, 20000)
    cogtok("profile", "set", "ws", "region", "eu-west-1").is_code(7).says("config.toml can't be written").lacks("\\\\?\\", "XDG")
    reader.kill()
    assert "eu-west-1" not in CONFIG.read_text()


@promise
def devices_and_streams_are_no_files():
    for name, why in (("NUL", "it is a device"), ("C:\\con.txt", "it is a device"), ("C:\\a:b", "it is a stream of another file")):
        cogtok("token", "m2m", "--output-file", name, COGTOK_M2M_CLIENT_SECRET="x").is_code(7).says(why)


@promise
def an_env_file_keeps_its_other_lines():
    place = USER / ".env"
    place.write_bytes(b"FIRST=1\r\nCOGTOK_ACCESS_TOKEN=old\r\n")
    place.chmod(0o600)
    words = ["token", "m2m", "--export=dotenv", "--output-file", seen_by_windows(place)]
    for _ in range(2):
        cogtok(*words, COGTOK_M2M_CLIENT_SECRET="x").ok().lacks("warning")
    text = place.read_text()
    assert "FIRST=1" in text and "old" not in text and text.count("COGTOK_ACCESS_TOKEN=") == 1, text


@promise
def the_reason_of_a_credential_process_is_told():
    (USER / ".aws").mkdir()
    config = USER / ".aws/config"
    (C / "My Tools").mkdir(exist_ok=True)
    (C / "My Tools" / "fail.cmd").write_bytes(b"@echo no session for this machine 1>&2\r\n@exit /b 3\r\n")
    config.write_text('[default]\nregion = us-east-1\ncredential_process = "C:\\My Tools\\fail.cmd" --token hunter2\n')
    for_a_user()
    got = cogtok("user", "list", AWS_CONFIG_FILE=seen_by_windows(config)).is_code(9)
    got.says("`credential_process`", "C:\\My Tools\\fail.cmd", "exit code 3: no session for this machine").lacks("hunter2")


@promise
def the_editor_and_the_browser_are_those_of_the_variables():
    tools = C / "My Tools"
    tools.mkdir(exist_ok=True)
    (tools / "helper.exe").write_bytes((HERE / "helper.exe").read_bytes())
    edited = C / "edited.txt"
    edited.unlink(missing_ok=True)
    cogtok("profile", "edit", EDITOR='"C:\\My Tools\\helper.exe" --note C:\\edited.txt').ok()
    assert edited.read_text().endswith(".toml"), edited.read_text()
    opened = C / "opened.txt"
    opened.unlink(missing_ok=True)
    CONFIG.write_text(f'[profiles.ws]\ndomain = "{SERVER.url}"\n[profiles.ws.user]\nclient_id = "web"\n')
    code, _, shown = at_console("login", "-p", "ws", keys=b"\x03", when=lambda _: opened.exists() and opened.read_text(),
                                BROWSER='C:\\none.exe;"C:\\My Tools\\helper.exe" --note C:\\opened.txt %s')
    assert code == 130 and "/oauth2/authorize?" in opened.read_text() and "&state=" in opened.read_text(), (code, shown)


@promise
def text_is_read_as_windows_writes_it():
    profile = 'COGTOK_REGION=us-east-1\r\nCOGTOK_M2M_CLIENT_ID=other\r\n'
    for number, encoding in enumerate(("utf-8", "utf-8-sig", "utf-16")):
        (C / "w.env").write_bytes(profile.encode(encoding))
        cogtok("profile", "import", "C:\\w.env", "--name", f"n{number}").ok()
        assert "other" in cogtok("profile", "show", f"n{number}").ok().out
    for encoding in ("utf-8-sig", "utf-16"):
        cogtok("secret", "set", "m2m-client", "-p", "ws", stdin="plain\r\n".encode(encoding)).ok()
        SERVER.headers.clear(), SERVER.bodies.clear()
        cogtok("token", "m2m", "-p", "ws", "--no-cache").ok()
        assert any(text.endswith(":plain") or "client_secret=plain" in text for text in SERVER.secrets() + SERVER.bodies), SERVER.bodies
    cogtok("secret", "delete", "m2m-client", "-p", "ws").ok()


@promise
def line_ends_and_paths_with_spaces_are_kept():
    place = C / "My Work"
    place.mkdir(exist_ok=True)
    (place / "a b.toml").write_bytes(b"[profiles.ws]\r\nregion = \"us-east-1\"\r\n")
    cogtok("profile", "set", "ws", "region", "eu-west-1", "--config", "C:\\My Work\\a b.toml").ok()
    text = (place / "a b.toml").read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n") and b"eu-west-1" in text, text
    out = cogtok("token", "m2m", "--output-file", "C:\\My Work\\to ken", COGTOK_M2M_CLIENT_SECRET="x").ok()
    assert (place / "to ken").read_text().count(".") == 2, out


@promise
def secrets_may_be_in_a_file():
    identity = {"COGTOK_SECRET_IDENTITY": "C:\\My Work\\identity.txt"}
    (C / "My Work").mkdir(exist_ok=True)
    (C / "My Work" / "identity.txt").unlink(missing_ok=True)
    cogtok("secret", "init", "C:\\My Work\\identity.txt").ok()
    cogtok("secret", "set", "m2m-client", "-p", "ws", stdin=b"in-the-file", **identity).ok()
    assert (USER / "AppData/Local/cogtok/data/secrets.age").exists()
    cogtok("token", "m2m", "-p", "ws", **identity).ok()


@promise
def a_server_is_checked_with_mozillas_authorities_as_well():
    # As on a fresh machine, whose own list is as good as empty.
    (C / "none.pem").touch()
    own = HERE / "tls"
    own.mkdir(exist_ok=True)
    context = certified(own, "localhost")
    secure = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SERVER.server.RequestHandlerClass)
    secure.handle_error = lambda *_: None
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    threading.Thread(target=secure.serve_forever, daemon=True).start()
    cogtok("profile", "set", "ws", "m2m.token_url", f"https://localhost:{secure.server_address[1]}/oauth2/token").ok()
    call = ["token", "m2m", "--no-cache"]
    given = {"COGTOK_M2M_CLIENT_SECRET": "x", "SSL_CERT_FILE": "C:\\none.pem"}
    cogtok(*call, **given).is_code(6).says("UnknownIssuer").lacks("no CA certificates")
    (C / "own.pem").write_bytes((own / "ca.pem").read_bytes())
    assert cogtok(*call, "--ca-bundle", "C:\\own.pem", **given).ok().out.count(".") == 2


@promise
def times_are_those_of_the_zone():
    claims = {"sub": "x", "iat": 1700000000, "exp": 1700003600}
    text = ".".join([part(b'{"alg":"RS256"}'), part(json.dumps(claims).encode()), part(b"Z")])
    shown = cogtok("token", "inspect", "-", stdin=text.encode(), TZ="America/New_York").ok()
    assert "-05:00" in shown.out, shown


@promise
def completions_are_there_for_powershell():
    script = cogtok("completions", "powershell").ok().out
    assert "Register-ArgumentCompleter" in script and "cogtok.exe" in script, script
    asked = {"COGTOK_COMPLETE": "powershell", "_COGTOK_WORDS": "cogtok\ntoken\nm2m\n-p\nw"}
    assert cogtok("--", **asked).ok().out.split() == ["ws"]


def main():
    program("cogtok.exe", "--version", limit=300).ok()
    # One program that stays: without it wine would start its Windows anew for every call.
    (C / "kept.txt").touch()
    kept_open(C / "kept.txt", 3_600_000)
    wanted, failed = sys.argv[2:], []
    for check in CHECKS:
        if wanted and not any(word in check.__name__ for word in wanted):
            continue
        name, started = check.__name__.replace("_", " "), time.monotonic()
        try:
            fresh()
            check()
            print(f"ok      {name} ({time.monotonic() - started:.0f} s)", flush=True)
        except Exception:
            failed.append(name)
            print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    subprocess.run(["/usr/lib/wine/wineserver64", "-k"], env=environment({}), check=False, stderr=subprocess.DEVNULL)
    print(f"{len(failed)} of {len(CHECKS)} checks fail" if failed else "all checks pass")
    sys.exit(bool(failed))


main()
