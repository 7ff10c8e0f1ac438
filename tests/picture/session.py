#!/usr/bin/env python3
"""Draws docs/session.svg: what a terminal shows while a person types the commands below. Nothing in it is invented.

    cargo build --locked && python3 tests/picture/session.py

starts a local Cognito (the one of the tests: `tests/run` installs it under target/), makes a pool, a user and a machine client in it,
and runs the commands in a pseudo-terminal of 80 columns, in an empty home. `--text` prints the session instead.
"""

import html
import json
import os
import pty
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import fcntl
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
COLUMNS = 80
USER, PASSWORD, PASSPHRASE = "alice@example.com", "Correct-Horse-7-Battery", "a passphrase for the class"

# The command, then each question with its answer.
STORY = [
    ("cogtok profile import class.age", [("assphrase", PASSPHRASE)]),
    (f"cogtok token user --username {USER}", [("assword", PASSWORD)]),
    ("cogtok token verify", []),
    ("cogtok token m2m", []),
    ("cogtok status", []),
]


class Cognito:
    """ministack on a free port."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        env = dict(os.environ, GATEWAY_PORT=str(self.port), EDGE_PORT=str(self.port), BIND_HOST="127.0.0.1",
                   MINISTACK_HOST="127.0.0.1", IOT_MTLS_ENABLED="0", AUTH="true", TMPDIR=folder)
        program = TARGET / "ministack-venv/bin/ministack"
        self.process = subprocess.Popen([program], env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}"
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_ministack/ready")
                return
            except OSError:
                if time.monotonic() > end:
                    sys.exit("the local Cognito does not start")
                time.sleep(0.2)

    def call(self, operation, **body):
        sign = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}", "Authorization": sign,
                   "Content-Type": "application/x-amz-json-1.1"}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        return json.load(urllib.request.urlopen(request))


def provision(stack):
    pool = stack.call("CreateUserPool", PoolName="workshop", UsernameAttributes=["email"])["UserPool"]["Id"]
    stack.call("CreateUserPoolDomain", UserPoolId=pool, Domain="workshop-dev")
    scopes = [{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")]
    stack.call("CreateResourceServer", UserPoolId=pool, Identifier="api", Name="api", Scopes=scopes)
    flows = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    web = stack.call("CreateUserPoolClient", UserPoolId=pool, ClientName="web", ExplicitAuthFlows=flows)["UserPoolClient"]
    m2m = stack.call("CreateUserPoolClient", UserPoolId=pool, ClientName="m2m", GenerateSecret=True,
                     AllowedOAuthFlows=["client_credentials"], AllowedOAuthFlowsUserPoolClient=True,
                     AllowedOAuthScopes=["api/read", "api/write"])["UserPoolClient"]
    stack.call("AdminCreateUser", UserPoolId=pool, Username=USER, MessageAction="SUPPRESS",
               UserAttributes=[{"Name": "email", "Value": USER}, {"Name": "email_verified", "Value": "true"}])
    stack.call("AdminSetUserPassword", UserPoolId=pool, Username=USER, Password=PASSWORD, Permanent=True)
    return pool, web["ClientId"], m2m["ClientId"], m2m["ClientSecret"]


def quiet(command, env, text=None):
    """What the organiser did before, and the attendee's own secret store."""
    subprocess.run(command, env=env, input=text, text=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def typed(command, answers, env, cwd):
    """What the terminal shows of this command."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        words = command.split()
        os.execvpe(words[0], words, env)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    shown, answers = b"", list(answers)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                read = os.read(terminal, 65536)
            except OSError:
                break
            if not read:
                break
            shown += read
        # A question is asked when the terminal shows it and echoes nothing any more.
        elif answers and answers[0][0].encode() in shown and not termios.tcgetattr(terminal)[3] & termios.ECHO:
            os.write(terminal, answers.pop(0)[1].encode() + b"\n")
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0 or answers:
        sys.exit(f"{command} failed:\n{shown.decode()}")
    # What a line showed while cogtok waited is gone from the screen when the line begins anew.
    lines = shown.decode().replace("\r\n", "\n").split("\n")
    return "\n".join(re.sub(r"\x1b\[[0-9]*K", "", line.rstrip("\r").rsplit("\r", 1)[-1]) for line in lines)


def session():
    """The lines of the terminal, each with what was typed marked by a leading `$ `."""
    folder = tempfile.mkdtemp()
    stack = Cognito(folder)
    try:
        pool, web, m2m, secret = provision(stack)
        homes = [Path(folder, name) for name in ("organiser", "attendee")]
        envs = []
        for home in homes:
            home.mkdir()
            env = {"HOME": str(home), "PATH": f"{TARGET / 'debug'}:{os.environ['PATH']}", "TERM": "xterm-256color",
                   "LANG": "C.UTF-8", "TZ": "Europe/Berlin", "AWS_ENDPOINT_URL": stack.url}
            quiet(["cogtok", "secret", "init", str(home / "identity")], env)
            envs.append(env | {"COGTOK_SECRET_IDENTITY": str(home / "identity")})
        organiser, attendee = envs
        quiet(["cogtok", "profile", "create", "ws", "--user-pool-id", pool, "--client-id", web, "--m2m-client-id", m2m,
               "--token-url", f"{stack.url}/oauth2/token", "--scope", "api/read"], organiser)
        quiet(["cogtok", "secret", "set", "m2m-client"], organiser, secret)
        export = ["cogtok", "profile", "export", "ws", "--with-secrets", "--passphrase-stdin",
                  "--output-file", str(homes[1] / "class.age")]
        quiet(export, organiser, PASSPHRASE)
        lines = []
        for command, answers in STORY:
            lines.append(f"$ {command}")
            lines += typed(command, answers, attendee, homes[1]).rstrip("\n").split("\n") + [""]
        return lines[:-1]
    finally:
        stack.process.terminate()
        stack.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


COLOURS = {"1": "font-weight:bold", "2": "fill:#8b949e", "31": "fill:#ff7b72", "32": "fill:#7ee787", "33": "fill:#e3b341",
           "36": "fill:#79c0ff"}


def pieces(line):
    """Text with its style, from a terminal's sequences."""
    style = ""
    for part in re.split(r"(\x1b\[[0-9;]*[a-zA-Z])", line):
        if part.startswith("\x1b"):
            codes = part[2:-1].split(";") if part.endswith("m") else []
            for code in codes:
                style = "" if code in ("", "0") else ";".join(filter(None, [style, COLOURS.get(code, "")]))
        elif part:
            yield part, style


def rows(lines):
    """The lines as the terminal breaks them; a token is cut after its first row."""
    for line in lines:
        if line.startswith("eyJ"):
            yield [(line[: COLUMNS - 1] + "…", "fill:#8b949e")]
        elif line.startswith("$ "):
            yield [("$ ", "fill:#7ee787"), (line[2:], "font-weight:bold")]
        else:
            row, left = [], COLUMNS
            for text, style in pieces(line):
                while len(text) > left:
                    row.append((text[:left], style))
                    text = text[left:]
                    yield row
                    row, left = [], COLUMNS
                row.append((text, style))
                left -= len(text)
            yield row


def svg(lines):
    drawn, height = [], 18
    all_rows = list(rows(lines))
    for at, row in enumerate(all_rows):
        spans = "".join(f'<tspan{f" style={style!r}" if style else ""}>{html.escape(text)}</tspan>' for text, style in row)
        drawn.append(f'<text x="16" y="{40 + at * height}" xml:space="preserve">{spans}</text>')
    width, total = 16 * 2 + int(COLUMNS * 8.43), 40 + len(all_rows) * height
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" width="{width}" height="{total}" role="img"'
        ' aria-label="A session of cogtok in a terminal">',
        '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
        '<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,\'DejaVu Sans Mono\',monospace" font-size="14" fill="#e6edf3">',
        *drawn, "</g>", "</svg>", ""])


if __name__ == "__main__":
    shown = session()
    if "--text" in sys.argv:
        print("\n".join(shown))
    else:
        (ROOT / "docs/session.svg").write_text(svg(shown))
