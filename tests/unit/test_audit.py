"""Promises about asking for known vulnerabilities: what is not known is not passed off as good."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
FLAW = {"id": "PYSEC-2026-1", "fix_versions": ["1.0.1"], "aliases": [], "description": ""}
GOOD = {"name": "good", "version": "2.0", "vulns": []}
BAD = {"name": "bad", "version": "1.0", "vulns": [FLAW]}
UNKNOWN = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_vulnerable_version_is_named_with_the_one_that_mends_it(audit: ModuleType) -> None:
    """Also beside others that nothing is known of."""
    vulnerable, unknown = audit.verdict({"dependencies": [GOOD, BAD, UNKNOWN]}, "")
    assert vulnerable == ["bad 1.0: PYSEC-2026-1, mended in 1.0.1"]
    assert unknown.startswith("1 of 3 were not found")


def test_all_well_is_said_only_where_all_were_asked_about(audit: ModuleType) -> None:
    """pip-audit itself exits 0 where its index knows none of the packages."""
    assert audit.verdict({"dependencies": [GOOD]}, "") == ([], "")
    assert audit.verdict({"dependencies": [UNKNOWN]}, "")[1]
    assert audit.verdict({"dependencies": []}, "")[1]


@pytest.mark.parametrize(("strict", "code"), [("", 0), ("1", 2)])
def test_a_build_without_a_network_is_told_and_goes_on(
    audit: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    strict: str,
    code: int,
) -> None:
    """Unless it is wanted strict, as before a release."""
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("STRICT", strict)
    lock = tmp_path / "lock.txt"
    digest = "0" * 64
    lock.write_text(f"inboxd-test-only==1.0 --hash=sha256:{digest}\n")
    assert audit.main([str(lock)]) == code
    assert "Not audited" in capsys.readouterr().err
