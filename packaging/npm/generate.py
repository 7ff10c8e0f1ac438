"""usage: generate.py TARGET PROGRAM SHARE OUT: the npm packages: cogtok, which runs what @cogtok/PLATFORM brings.

SHARE holds what every package brings (README.md and the licences). Written as folders OUT/cogtok/package and
OUT/PLATFORM/package, as npm packs them."""

import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import project

target, binary, share, out = sys.argv[1], *map(pathlib.Path, sys.argv[2:])


def write(name, folder, files, facts):
    place = out / folder / "package"
    for destination, source in files.items():
        (place / destination).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place / destination)
    for file in share.iterdir():
        # Of others' code, the one that runs the program has none.
        if folder != "cogtok" or not file.name.startswith("THIRD-PARTY"):
            shutil.copyfile(file, place / file.name)
    crate = project.package()
    facts = {"name": name, "version": project.version(), **facts, "license": crate["license"],
             "homepage": crate["homepage"], "repository": {"type": "git", "url": f"git+{project.repository()}.git"}}
    (place / "package.json").write_text(json.dumps(facts, indent=2) + "\n")


platforms = sorted({project.target(name)["npm"] for name in project.PUBLISHED})
manual = {f"man/{page.name}": page for page in project.manual()}
module = {name: project.HERE / "npm" / name for name in ("program.js", "index.js", "index.d.ts")}
write("cogtok", "cogtok", {"bin/cogtok.js": project.HERE / "npm/cogtok.js", **module, **manual}, {
    "description": project.package()["description"], "keywords": project.package()["keywords"],
    "bin": {"cogtok": "bin/cogtok.js"}, "main": "index.js", "types": "index.d.ts", "man": [f"./{page}" for page in manual], "engines": {"node": ">=18"},
    "optionalDependencies": {f"@cogtok/{platform}": project.version() for platform in platforms}})

platform = project.target(target)["npm"]
system, machine = platform.split("-")
write(f"@cogtok/{platform}", platform, {f"bin/{project.program(target)}": binary}, {
    "description": f"cogtok for {platform}", "os": [system], "cpu": [machine], "preferUnplugged": True})
