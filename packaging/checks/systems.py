""".deb, .rpm and the image, each installed into a system of its own."""

import json
import pathlib
import textwrap

from common import PACKAGES, ROOT, SAYS, SUDO, VERSION, Failed, block, has, place, project, run, same

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


def inside(script):
    """What the script prints in a system of its own."""
    script = f"mkdir /root/here\ncd /root/here\ncat >tab.py <<'EOF'\n{TAB}EOF\n{script}"
    return run(*SUDO, "unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", INSIDE, "inside", script)


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
