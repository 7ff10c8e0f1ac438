"""usage: nfpm.py ARCH BINARY STAGE: nfpm.yaml filled in, and STAGE/copyright for Debian."""

import pathlib
import re
import subprocess
import sys

import project

arch, binary, stage = sys.argv[1:]


def read(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def needed():
    """What the program is linked to: the packages of Debian, and of those with .rpm. A static one needs none."""
    libraries = re.findall(r"\(NEEDED\).*\[(.+)\]", read("readelf", "--dynamic", binary))
    if not libraries:
        return [], []
    strange = [name for name in libraries if not re.match(r"(libc|libm|libgcc_s|ld-linux.*)\.so", name)]
    if strange:
        sys.exit(f"packaging: {binary} is linked to {', '.join(strange)}, and nobody has said whose that is")
    named = read("readelf", "--version-info", "--wide", binary)
    # The loader's support of packed relocations has no number; it came with this one.
    versions = re.findall(r"GLIBC_(\d+(?:\.\d+)+)", named.replace("GLIBC_ABI_DT_RELR", "GLIBC_2.36"))
    oldest = max(versions, key=lambda version: tuple(map(int, version.split("."))))
    has_gcc = any(name.startswith("libgcc_s") for name in libraries)
    return [f"libc6 (>= {oldest})"] + has_gcc * ["libgcc-s1"], [f"glibc >= {oldest}"] + has_gcc * ["libgcc"]


crate = project.package()
deb, rpm = needed()
mit = (project.ROOT / "LICENSE-MIT").read_text()
holder = re.search(r"Copyright \(c\) (.+)", mit)[1]
paragraphs = "\n".join(f" {line}" if line.strip() else " ." for line in mit.split("\n\n", 2)[2].strip().splitlines())
(pathlib.Path(stage) / "copyright").write_text(f"""\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: cogtok
Source: {project.repository()}
Comment: What is linked into the program is under the licences in THIRD-PARTY-LICENSES.txt.gz.

Files: *
Copyright: {holder}
License: Expat or Apache-2.0

License: Expat
{paragraphs}

License: Apache-2.0
 See /usr/share/common-licenses/Apache-2.0.
""")
print(project.filled((project.HERE / "nfpm.yaml").read_text(), {
    "arch": arch, "version": project.version(), "repository": project.repository(), "license": crate["license"],
    "maintainer": project.maintainer(), "description": crate["description"], "deb_depends": deb, "rpm_depends": rpm,
    "stage": stage, "root": project.ROOT}))
