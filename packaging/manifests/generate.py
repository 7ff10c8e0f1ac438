"""usage: packaging/manifests/generate.py SHA256SUMS OUT: what Homebrew, Scoop, winget and Nix are told of this version.

SHA256SUMS is that of the release, with the archives of every published target."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import project

sums, out = map(pathlib.Path, sys.argv[1:])
known = dict(reversed(line.split()) for line in sums.read_text().splitlines())
values = {"version": project.version(), "repository": project.repository(), "homepage": project.package()["homepage"],
          "owner": project.owner(), "description": project.package()["description"]}
missing = []
for target in project.PUBLISHED:
    archive = project.archive(target)
    values[f"url:{target}"] = f"{project.repository()}/releases/download/v{project.version()}/{archive}"
    values[f"sha256:{target}"] = known.get(archive)
    missing += [archive] * (archive not in known)
if missing:
    sys.exit(f"packaging: {sums} lacks {', '.join(missing)}")

here = pathlib.Path(__file__).parent
for template in sorted(here.rglob("*")):
    if template.suffix in (".rb", ".json", ".nix", ".yaml"):
        name = out / template.relative_to(here)
        if name.parent.name == "winget":
            name = name.with_name(f"{project.owner()}.{name.name}")
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_text(project.filled(template.read_text(), values))
        print(name)
