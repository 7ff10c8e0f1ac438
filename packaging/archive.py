"""usage: archive.py DIRECTORY ARCHIVE SECONDS: packs the directory under its own name, alike for alike contents.

What may be run is told by the name: only `bin/*` and the program at the top are programs."""

import gzip
import pathlib
import sys
import tarfile
import time
import zipfile

directory, archive, seconds = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
files = sorted(path for path in directory.rglob("*") if path.is_file())


def mode(path):
    is_program = path.name in ("cogtok", "cogtok.exe", "cogtok.js") and path.parent.name in (directory.name, "bin")
    return 0o755 if is_program else 0o644


if archive.suffix == ".zip":
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            name = str(path.relative_to(directory.parent))
            # A zip counts from 1980.
            info = zipfile.ZipInfo(name, time.gmtime(max(seconds, 315532800))[:6])
            info.external_attr, info.compress_type = (0o100000 | mode(path)) << 16, zipfile.ZIP_DEFLATED
            packed.writestr(info, path.read_bytes())
else:
    with archive.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in files:
                info = tarfile.TarInfo(str(path.relative_to(directory.parent)))
                info.size, info.mode, info.mtime = path.stat().st_size, mode(path), seconds
                with path.open("rb") as content:
                    tar.addfile(info, content)
