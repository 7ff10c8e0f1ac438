"""usage: python3 packaging/checks WORK TOOLS LINT: what packaging/test does with the packages in WORK/packages. Every check is one
function; all are run, and what fails is told with what was seen. COGTOK_CHECKS names some of them."""

import os
import sys
import textwrap
import time
import traceback

from archives import archive, bill_of_materials, checksums, list_of_crates, other_systems, release_refused, reproducible
from common import Failed
from manifests import action, binstall, linters, manifests, one_place
from registries import npm, wheel
from systems import deb, image, rpm

CHECKS = [checksums, archive, bill_of_materials, list_of_crates, deb, rpm, wheel, npm, image, other_systems, reproducible, release_refused,
          manifests, binstall, action, linters, one_place]

wanted = os.environ.get("COGTOK_CHECKS", "").split()
checks = [check for check in CHECKS if not wanted or check.__name__ in wanted]
failed = 0
for check in checks:
    began = time.monotonic()
    try:
        check()
        print(f"ok      {check.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
    except Exception as error:
        failed += 1
        where = "".join(traceback.format_tb(error.__traceback__)[-2:])
        told = f"{error}\n{where}" if isinstance(error, Failed) else traceback.format_exc()
        print(f"FAILED  {check.__name__}\n{textwrap.indent(told, '    ')}", flush=True)
print(f"\npackaging: {len(checks) - failed} passed, {failed} failed")
sys.exit(failed > 0)
