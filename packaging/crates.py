"""usage: python3 crates.py PROGRAM: prints the crates that it says it is made of, a name and a version on each line. The exit code is
1 where it says nothing."""

import json
import pathlib
import re
import sys
import zlib

# Thousands of crates would fit.
LIMIT = 1 << 18


def crates(program):
    """Names and versions of what is in the program, without what only built it. The list is compressed, in a section whose
    place each system has elsewhere: it is recognised by how it begins."""
    data = memoryview(pathlib.Path(program).read_bytes())
    for head in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        try:
            text = zlib.decompressobj().decompress(data[head.start():head.start() + LIMIT])
        except zlib.error:
            continue
        if text.startswith(b'{"packages":['):
            packages = json.loads(text)["packages"]
            return sorted((package["name"], package["version"]) for package in packages if package.get("kind") != "build")
    return []


if __name__ == "__main__":
    found = crates(sys.argv[1])
    for name, version in found:
        print(name, version)
    if not found:
        sys.exit(f"packaging: {sys.argv[1]} has no list of its crates: build it with packaging/auditable")
