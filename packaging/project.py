"""What the packages say of the project, from the one place where each fact is: Cargo.toml, and targets.tsv beside this file."""

import functools
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = ROOT / "packaging"
# What is published: the others can be built, and are for whoever asks.
PUBLISHED = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl", "x86_64-apple-darwin", "aarch64-apple-darwin",
             "x86_64-pc-windows-msvc"]


def metadata(*options):
    command = ["cargo", "metadata", "--format-version", "1", "--locked", *options]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


@functools.cache
def package():
    return metadata("--no-deps")["packages"][0]


def version():
    return package()["version"]


def repository():
    return package()["repository"]


def owner():
    return repository().split("/")[-2]


def maintainer():
    return f"The cogtok contributors <{owner()}@users.noreply.github.com>"


@functools.cache
def targets():
    rows = (line.split("\t") for line in (HERE / "targets.tsv").read_text().splitlines() if not line.startswith("#"))
    return {target: {"npm": npm, "linux": linux, "archive": archive} for target, npm, linux, archive in rows}


def target(name):
    if name not in targets():
        sys.exit(f"packaging: {name} is not in packaging/targets.tsv")
    return targets()[name]


def program(name):
    return "cogtok.exe" if "windows" in name else "cogtok"


def archive(name):
    return f"cogtok-{version()}-{name}.{target(name)['archive']}"


def seconds():
    """The time that goes into packages: the last commit's, so that two builds of one commit are alike."""
    told = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return int(told.stdout.strip() or 0) or 315532800


def readme():
    """README.md for a page elsewhere: its links lead to the repository, and the notes for the tests are gone."""
    text = re.sub(r"^<!--.*?-->\n", "", (ROOT / "README.md").read_text(), flags=re.M)
    return re.sub(r"\]\((?!https?:|#)", f"]({repository()}/blob/v{version()}/", text)


def filled(text, values):
    """A template with its @NAME@ filled in; a name without a value is a fault."""
    return re.sub(r"@([a-z0-9_:.-]+)@", lambda found: str(values[found[1]]), text)


def manual():
    pages = sorted((ROOT / "man").glob("*.1"))
    if not pages:
        sys.exit("packaging: there are no manual pages in man/")
    return pages


if __name__ == "__main__":
    facts = {
        "version": version(), "repository": repository(), "seconds": seconds(), "readme": readme(),
        "archive": lambda: archive(sys.argv[2]), "program": lambda: program(sys.argv[2]),
        "linux": lambda: target(sys.argv[2])["linux"],
    }
    fact = facts[sys.argv[1]]
    print(fact() if callable(fact) else fact)
