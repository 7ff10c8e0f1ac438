"""What tests/bench/run runs: see there. Needs nothing but Python's own library."""

import base64
import hashlib
import http.server
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time


def installed(program):
    """A copy, as an installed program is. What a linker wrote piece by piece lies in memory so, and each piece costs a page fault."""
    copy = os.path.abspath(f"{sys.argv[1]}/bench/installed/{os.path.basename(program)}")
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    shutil.copy2(program, copy)
    return copy


TARGET, COGTOK, RUNS = sys.argv[1], installed(sys.argv[2]), int(sys.argv[3])
EMPTY = installed(f"{TARGET}/bench/empty")


class Endpoint(http.server.BaseHTTPRequestHandler):
    """A token endpoint that answers at once; /slow/ waits for half a second first."""

    protocol_version = "HTTP/1.1"
    requests = 0
    token = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "RS256"}, {"exp": int(time.time()) + 3600, "scope": "api/read"})
    ) + "." + "c2ln" * 85

    def do_POST(self):
        Endpoint.requests += 1
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/slow/"):
            time.sleep(0.5)
        body = json.dumps({"access_token": self.token, "expires_in": 3600, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.request_queue_size = 256
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def once(command, env):
    """One run: wall milliseconds and CPU milliseconds."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = (time.perf_counter() - started) * 1000
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}")
    return wall, (usage.ru_utime + usage.ru_stime) * 1000


def table(title, rows, runs, env):
    """Times the rows in turn and prints medians, and ratios to the first row."""
    times = {name: [] for name, _ in rows}
    for _ in range(2):
        for _, command in rows:
            once(command, env)
    for _ in range(runs):
        for name, command in rows:
            times[name].append(once(command, env))
    print(f"\n{title}: medians of {runs} runs, in turn\n")
    print(f"| {'program':44} | {'wall ms':>9} | {'CPU ms':>9} | {'wall ratio':>10} |")
    print(f"| {'-' * 44} | {'-' * 8}: | {'-' * 8}: | {'-' * 9}: |")
    floor = [sample[0] for sample in times[rows[0][0]]]
    for name, _ in rows:
        wall, cpu = (statistics.median(sample[i] for sample in times[name]) for i in range(2))
        ratio = statistics.median(sample[0] / base for sample, base in zip(times[name], floor))
        print(f"| {name:44} | {wall:9.2f} | {cpu:9.2f} | {ratio:10.2f} |")
        if name in GOALS and rows[0][0] == "empty Rust program":
            goal(f"{name}: times an empty program", ratio, GOALS[name])


def others():
    """Programs that do the same job or a smaller one, as far as this machine has them; those that it lacks are named."""
    client = "import botocore.session as b; b.get_session().create_client('cognito-idp', region_name='us-east-1')"
    python = os.path.abspath(f"{TARGET}/ministack-venv/bin/python")
    rows = [
        ("cogtok token m2m, cached", [COGTOK, "token", "m2m"]),
        ("gh auth token, from its variable", ["gh", "auth", "token"]),
        ("cogtok token inspect", [COGTOK, "token", "inspect", "--as", "m2m"]),
        ("jwt decode (jwt-cli)", ["jwt", "decode", Endpoint.token]),
        ("botocore: import, and a client of Cognito", [python, "-c", client]),
        ("aws --version", ["aws", "--version"]),
    ]
    missing = [name for name, command in rows if not shutil.which(command[0])]
    if missing:
        print(f"\nnot on this machine: {', '.join(missing)}")
    return [row for row in rows if row[0] not in missing]


def herd(env, url):
    """100 calls at once on a cold cache, before a server that takes half a second."""
    home = tempfile.mkdtemp()
    try:
        env = env | {"COGTOK_CONFIG": f"{env['HOME']}/.config/cogtok/config.toml", "HOME": home, "COGTOK_TOKEN_URL": url}
        single_started = time.perf_counter()
        once([COGTOK, "token", "m2m", "--no-cache"], env)
        single = time.perf_counter() - single_started
        Endpoint.requests = 0
        started = time.perf_counter()
        processes = [
            subprocess.Popen([COGTOK, "token", "m2m"], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            for _ in range(100)
        ]
        answers = {process.communicate()[0] for process in processes}
        wall = time.perf_counter() - started
        print(f"\n100 calls at once, cold cache, server of 500 ms: {Endpoint.requests} request, {len(answers)} answer, ", end="")
        print(f"{wall * 1000:.0f} ms in all, one cold call {single * 1000:.0f} ms")
    finally:
        shutil.rmtree(home)


def loader(program, env):
    """What the system's loader says of its own work."""
    said = subprocess.run([program, "--version"], env=env | {"LD_DEBUG": "statistics"}, capture_output=True, text=True).stderr
    facts = [line.split(":", 1)[1].strip() for line in said.splitlines() if "total startup" in line or "relocation" in line]
    return ", ".join(" ".join(fact.split()) for fact in facts[:2])


# What is allowed beside an empty Rust program (wall time), and what a cached call may execute.
GOALS = {"cogtok token m2m, cached": 1.4, "cogtok --version": 1.7, "cogtok --help": 1.7, "TAB after a command": 1.7}
MOST_INSTRUCTIONS = {"cogtok token m2m, cached": 650_000}
MOST_MEGABYTES = 12.0
RECORD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "published_on_record.json" if "--published" in sys.argv else "on_record.json")
goals = []


def goal(what, value, most):
    """Notes whether a figure is within its goal."""
    goals.append((what, value, most, value <= most))


def instructions(command, env):
    out = subprocess.run(
        ["valgrind", "--tool=callgrind", "--trace-children=yes", "--callgrind-out-file=/dev/null", *command], env=env, capture_output=True, text=True
    ).stderr
    return next((int(line.split(":")[-1]) for line in out.splitlines() if "Collected" in line), None)


def system_calls(command, env):
    with tempfile.NamedTemporaryFile("r") as log:
        subprocess.run(["strace", "-f", "-o", log.name, *command], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return sum("(" in line and "resumed" not in line for line in log)


def page_faults(command, env):
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_minflt


def relocations(program):
    out = subprocess.run(["readelf", "-rW", program], capture_output=True, text=True).stdout
    packed = [line for line in out.splitlines() if len(line) == 16 and not set(line) - set("0123456789abcdef")]
    return sum("R_" in line for line in out.splitlines()) + len(packed)


def budget(rows, env):
    """What a call costs that a clock can't blur, beside what is on record; a growth of more than 3 % is named."""
    print(f"\n| {'cost of a call':44} | {'instructions':>12} | {'system calls':>12} | {'page faults':>11} |")
    print(f"| {'-' * 44} | {'-' * 11}: | {'-' * 11}: | {'-' * 10}: |")
    now = {"binary bytes": os.path.getsize(COGTOK)}
    if shutil.which("readelf"):
        now["relocations"] = relocations(COGTOK)
    for name, command in rows:
        costs = {
            "instructions": instructions(command, env) if shutil.which("valgrind") else None,
            "system calls": system_calls(command, env) if shutil.which("strace") else None,
            "page faults": statistics.median(page_faults(command, env) for _ in range(9)),
        }
        shown = [f"{int(cost):,}" if cost is not None else "-" for cost in costs.values()]
        print(f"| {name:44} | {shown[0]:>12} | {shown[1]:>12} | {shown[2]:>11} |")
        now |= {f"{name}: {what}": cost for what, cost in costs.items() if cost is not None and name != rows[0][0]}
        if costs["instructions"] and name in MOST_INSTRUCTIONS:
            goal(f"{name}: instructions", costs["instructions"], MOST_INSTRUCTIONS[name])
    print(f"\nrelocations: {now.get('relocations', '-')}; the loader: {loader(COGTOK, env) or 'none'}")
    if "--record" in sys.argv:
        with open(RECORD, "w") as file:
            json.dump(now, file, indent=1)
            file.write("\n")
    try:
        with open(RECORD) as file:
            record = json.load(file)
    except FileNotFoundError:
        record = {}
    for what, cost in now.items():
        if cost > record.get(what, cost) * 1.03:
            print(f"GREW: {what}: {int(cost):,}, on record {int(record[what]):,}")


def told_goals():
    print(f"\n| {'goal':44} | {'figure':>12} | {'at most':>12} | met |\n| {'-' * 44} | {'-' * 11}: | {'-' * 11}: | --- |")
    for what, value, most, met in goals:
        shown = [f"{number:,.2f}" if number < 1000 else f"{int(number):,}" for number in (value, most)]
        print(f"| {what:44} | {shown[0]:>12} | {shown[1]:>12} | {'yes' if met else 'NO':3} |")


def stem(key):
    """The name of a key's file in the cache."""
    text = "".join(f"{len(name)}:{name}={len(value)}:{value};" for name, value in key)
    return f"{key[0][1]}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def crowd(home):
    """1,000 profiles, and 1,000 cached tokens of which one profile has 100."""
    config, cache, now = f"{home}/.config/cogtok", f"{home}/.cache/cogtok", int(time.time())
    for directory in (config, cache):
        os.makedirs(directory, mode=0o700)
    with open(f"{config}/config.toml", "w") as file:
        file.write('version = 1\ndefault_profile = "p500"\n')
        for n in range(1000):
            file.write(f'[profiles.p{n}]\ndescription = "workshop {n}"\nuser_pool_id = "us-east-1_Pool{n}"\n')
            file.write(f'[profiles.p{n}.user]\nclient_id = "client{n}"\n[profiles.p{n}.m2m]\nclient_id = "m{n}"\n')
            file.write(f'token_url = "https://w{n}.example/oauth2/token"\nscopes = ["api/read", "api/write"]\n')
    for n in range(1000):
        client, user = "client500" if n < 100 else f"client{n}", f"user{n}@example.com"
        key = [["kind", "user"], ["endpoint", "https://cognito-idp.us-east-1.amazonaws.com"], ["client_id", client], ["username", user]]
        claims = {"exp": now + 3000, "username": user, "cognito:groups": [f"group{n % 7}"], "pad": "p" * 400}
        parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "RS256"}, claims))
        token = ".".join(parts) + "." + "c2ln" * 85
        stored = {"version": 1, "key": key, "access_token": token, "access_expires_at": now + 3000, "id_token": token,
                  "id_expires_at": now + 3000, "scope": None, "asked": "", "obtained_at": now * 1000}
        with open(f"{cache}/{stem(key)}.json", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            json.dump(stored, file)


def completion(env, runs):
    """One TAB as the shells' scripts ask for it."""
    home = tempfile.mkdtemp()
    try:
        crowd(home)
        env = env | {"HOME": home, "COGTOK_COMPLETE": "fish"}
        tab = lambda *words: [COGTOK, "--", "cogtok", *words]
        rows = [("empty Rust program", [EMPTY]), ("TAB after a command", tab("tok")), ("TAB after -p", tab("token", "m2m", "-p", "")),
                ("TAB after --username", tab("token", "user", "--username", "")), ("TAB after --scope", tab("token", "m2m", "--scope", ""))]
        table("Completion with 1,000 profiles and 1,000 cached tokens", rows, runs, env)
    finally:
        shutil.rmtree(home)


def main():
    port = serve()
    home = tempfile.mkdtemp()
    url = f"http://127.0.0.1:{port}/oauth2/token"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "COGTOK_M2M_CLIENT_SECRET": "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmno",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    profile = ["--m2m-client-id", "1example23456789abcdefghij", "--token-url", url, "--scope", "api/read"]
    subprocess.run([COGTOK, "-q", "profile", "create", "ws", *profile], env=env, check=True)
    basic = base64.b64encode(b"1example23456789abcdefghij:abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmno").decode()
    curl = ["curl", "-sS", "-o", "/dev/null", "-H", f"Authorization: Basic {basic}", "-d", "grant_type=client_credentials&scope=api%2Fread", url]
    rows = [("empty Rust program", [EMPTY]), ("cogtok token m2m, cached", [COGTOK, "token", "m2m"]), ("cogtok --version", [COGTOK, "--version"]),
            ("cogtok --help", [COGTOK, "--help"]), ("cogtok profile list", [COGTOK, "profile", "list"]), ("cogtok header", [COGTOK, "header", "--as", "m2m"])]
    try:
        print(f"binary: {os.path.getsize(COGTOK) / 1e6:.2f} MB")
        table("Without a request", rows, RUNS, env)
        cold = [("curl, the same request", curl), ("cogtok token m2m, cold", [COGTOK, "token", "m2m", "--force-refresh"])]
        table("With one request to a server on this machine", cold, RUNS, env)
        completion(env, RUNS)
        table("Beside other programs that give a token or are asked for one", others(), max(5, RUNS // 8), env | {"GH_TOKEN": "gho_" + "x" * 36})
        tab = ("TAB after a command", ["/usr/bin/env", "COGTOK_COMPLETE=fish", COGTOK, "--", "cogtok", "tok"])
        budget([*rows, tab, cold[1]], env)
        herd(env, f"http://127.0.0.1:{port}/slow/oauth2/token")
        goal("megabytes of the program", os.path.getsize(COGTOK) / 1e6, MOST_MEGABYTES)
        told_goals()
    finally:
        shutil.rmtree(home)


main()
