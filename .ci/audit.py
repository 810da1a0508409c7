"""
Ask pip-audit whether any pinned version is known to be vulnerable: `audit.py LOCK…`.

Exit 1 if one is. A build without a network, or whose index knows no vulnerabilities, must not
fail for that, nor pass as audited: it says that nothing is known, and exits 0 (2 with STRICT=1).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

_UNKNOWN = "Not audited: {}. Whether a pinned version is vulnerable is not known."
_TIMEOUT_SECONDS = "15"
_LONGEST_REASON = 200


def main(locks: list[str]) -> int:
    """Audit *locks*, say what came of it, and return the exit code."""
    vulnerable, unknown = verdict(*asked(locks))
    for line in vulnerable:
        print(line, file=sys.stderr)
    if unknown:
        print(_UNKNOWN.format(unknown), file=sys.stderr)
    if vulnerable:
        return 1
    return 2 if unknown and os.environ.get("STRICT") else 0


def asked(locks: list[str]) -> tuple[dict[str, Any] | None, str]:
    """Return pip-audit's report, None if there is none, and the last that it said."""
    named = [part for lock in locks for part in ("--requirement", lock)]
    ended = subprocess.run(  # noqa: S603 - arguments of our own
        [sys.executable, "-m", "pip_audit", *named, "--disable-pip", "--format", "json",
         "--progress-spinner", "off", "--timeout", _TIMEOUT_SECONDS],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = ended.stderr.strip().splitlines() or ["pip-audit said nothing"]
    try:
        return json.loads(ended.stdout), said[-1]
    except ValueError:
        return None, said[-1]


def verdict(report: dict[str, Any] | None, said: str) -> tuple[list[str], str]:
    """Return a line for each vulnerability, and why something is not known, "" if all is."""
    if report is None:
        return [], said[:_LONGEST_REASON]
    found = report.get("dependencies", [])
    vulnerable = [
        f"{each['name']} {each['version']}: {flaw['id']}, mended in "
        f"{', '.join(flaw['fix_versions']) or 'no version yet'}"
        for each in found
        for flaw in each.get("vulns", [])
    ]
    skipped = [each["name"] for each in found if "skip_reason" in each]
    if not found:
        return vulnerable, "there was nothing to ask about"
    if skipped:
        told = f"{len(skipped)} of {len(found)} were not found where pip-audit asks"
        return vulnerable, f"{told} (such as {skipped[0]})"
    return vulnerable, ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
