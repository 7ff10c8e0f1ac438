"""What tests/bench/users runs: see there."""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM, AWS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SECTIONS = sys.argv[3:] or ["40", "limiter", "memory", "journal"]
HERE = os.path.dirname(os.path.abspath(__file__))
POOL, MANY, LIMIT = "us-east-1_Bench0000", 100_000, 50
# Seconds: about what a region of AWS nearby takes to answer.
NEARBY = 0.08

BOTO3 = """
import boto3, sys
idp = boto3.client("cognito-idp", endpoint_url=sys.argv[1])
for seat in range(int(sys.argv[2])):
    name = f"seat-{seat:02}@example.com"
    idp.admin_create_user(UserPoolId=sys.argv[3], Username=name, TemporaryPassword="Correct-Horse-7-Battery", MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": name}, {"Name": "email_verified", "Value": "true"}])
    idp.admin_set_user_password(UserPoolId=sys.argv[3], Username=name, Password="Correct-Horse-7-Battery", Permanent=True)
"""
AWS_CLI = """
set -e
for seat in $(seq -w "$2"); do
    name=seat-$seat@example.com
    "$4" cognito-idp admin-create-user --endpoint-url "$1" --user-pool-id "$3" --username "$name" --message-action SUPPRESS \\
        --temporary-password Correct-Horse-7-Battery --user-attributes Name=email,Value="$name" Name=email_verified,Value=true
    "$4" cognito-idp admin-set-user-password --endpoint-url "$1" --user-pool-id "$3" --username "$name" \\
        --password Correct-Horse-7-Battery --permanent
done
"""


@contextlib.contextmanager
def pool(rate=0, listed=0, delay=0):
    """A server, and a home whose profile is its pool."""
    server = subprocess.Popen([sys.executable, f"{HERE}/users_pool.py", str(rate), str(listed), str(delay)], stdout=subprocess.PIPE, text=True)
    home = tempfile.mkdtemp()
    try:
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        env = {"PATH": os.environ["PATH"], "HOME": home, "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench",
               "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
        create = [PROGRAM, "-q", "profile", "create", "ws", "--user-pool-id", POOL, "--endpoint-url", url]
        subprocess.run(create, env=env, check=True)
        yield url, env
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(home)


def run(command, env, stop_after=None):
    """Wall seconds and the most memory in megabytes. SIGINT ends it after so many seconds, if it is still running."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if stop_after:
        threading.Timer(stop_after, lambda: process.returncode is None and os.kill(process.pid, signal.SIGINT)).start()
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 130, -signal.SIGINT) or (process.returncode and not stop_after):
        sys.exit(f"{command} ended with {process.returncode}: {said}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def user(*words):
    return [PROGRAM, "user", *words, "-p", "ws"]


def forty():
    print(f"\n| 40 users, two requests each, {LIMIT} a second allowed, {NEARBY * 1000:.0f} ms an answer | seconds |\n| --- | ---: |")
    with pool(LIMIT, delay=NEARBY) as (url, env):
        loop = [url, "40", POOL]
        for name, command in (("cogtok user create --count 40", user("create", "--count", "40")),
                              ("the same loop of boto3", [sys.executable, "-c", BOTO3, *loop]),
                              ("the same loop of the AWS CLI", ["bash", "-c", AWS_CLI, "bash", *loop, AWS])):
            print(f"| {name} | {run(command, env)[0]:.1f} |", flush=True)


def limiter():
    best = 4000 / LIMIT
    with pool(LIMIT) as (_, env):
        took, memory = run(user("create", "--count", "4000"), env)
    print(f"\n4,000 users, {LIMIT} a second allowed: {took:.1f} s, {(took / best - 1) * 100:+.1f} % of the {best:.0f} s that this takes; {memory:.1f} MB")


def memory():
    print(f"\n| most memory in MB | 100 users | {MANY:,} users |\n| --- | ---: | ---: |")
    cases = [("user list -o csv", user("list", "--limit", "1000000", "-o", "csv", "--timeout", "20m"), None),
             ("user list, the table", user("list", "--limit", "1000000", "-o", "table", "--timeout", "20m"), None),
             ("user list --json", user("list", "--limit", "1000000", "--json", "--timeout", "20m"), None),
             ("user delete --filter, its first minute", user("delete", "--filter", 'email ^= "seat-"', "--yes"), 60)]
    for name, command, stop_after in cases:
        found = []
        for listed in (100, MANY):
            with pool(listed=listed) as (_, env):
                found.append(run(command, env, stop_after and stop_after + listed / 1000)[1])
        print(f"| {name} | {found[0]:.1f} | {found[1]:.1f} |", flush=True)
    found = []
    for count in (100, MANY):
        with pool() as (_, env):
            found.append(run(user("create", "--count", str(count), "--rate", "1000", "-o", "csv"), env)[1])
    print(f"| user create --count | {found[0]:.1f} | {found[1]:.1f} |", flush=True)


def journal():
    took = {}
    for name, state in (("disk", os.path.abspath("target")), ("memory", "/dev/shm")):
        with pool(LIMIT) as (_, env), tempfile.TemporaryDirectory(dir=state) as directory:
            took[name] = run(user("create", "--count", "1000"), env | {"XDG_STATE_HOME": directory})[0]
    cost = (took["disk"] / took["memory"] - 1) * 100
    print(f"\nthe journal: 1,000 users take {took['disk']:.2f} s with it on a disk, {took['memory']:.2f} s with it in memory: {cost:+.1f} %")


print(f"{time.strftime('%d %B %Y')}, {os.cpu_count()} processors, {platform.machine()}, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}")
for section in SECTIONS:
    {"40": forty, "limiter": limiter, "memory": memory, "journal": journal}[section]()
