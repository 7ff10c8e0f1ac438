"""usage: licenses.py TARGET: the licences of what is linked into the program for this target, as they ask to be handed on."""

import collections
import pathlib
import re
import sys

import project

NAMES = re.compile(r"^(licen[cs]e|copying|notice|unlicense|copyright)", re.I)


def linked(everything):
    """The packages that the program contains: what it depends on, without what only builds or tests it."""
    nodes = {node["id"]: node for node in everything["resolve"]["nodes"]}
    root = everything["resolve"]["root"]
    found, left = set(), [root]
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        for dependency in nodes[name]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                left.append(dependency["pkg"])
    return [package for package in everything["packages"] if package["id"] in found - {root}]


texts = collections.defaultdict(list)
for package in linked(project.metadata("--filter-platform", sys.argv[1])):
    name = f"{package['name']} {package['version']} ({package['license'] or 'see its text'})"
    folder = pathlib.Path(package["manifest_path"]).parent
    files = sorted(path for path in folder.iterdir() if path.is_file() and NAMES.match(path.name))
    for path in files:
        texts[path.read_text(errors="replace").strip()].append(name)
    if not files:
        authors = ", ".join(package["authors"]) or "its authors"
        texts[f"(no text comes with it; by {authors})"].append(name)

print("cogtok contains these packages, under these licences.\n")
for text, names in sorted(texts.items(), key=lambda item: item[1]):
    print("=" * 100)
    print("\n".join(sorted(set(names))), end="\n\n")
    print(text, end="\n\n")
