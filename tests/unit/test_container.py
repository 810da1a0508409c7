"""Promises about the Dockerfile, which cannot be built here: what can be known without is held."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
HADOLINT = shutil.which("hadolint") or shutil.which(
    "hadolint", path=str(Path(sys.executable).parent)
)


def instructions() -> list[tuple[str, str]]:
    """Return each instruction of the last stage, which is what runs, with its arguments."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    split = [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]
    last = max(number for number, (name, _) in enumerate(split) if name == "FROM")
    return split[last:]


def said(name: str) -> str:
    """Return the arguments of the one instruction *name*."""
    (arguments,) = [rest for each, rest in instructions() if each == name]
    return arguments


@pytest.mark.skipif(HADOLINT is None, reason="hadolint is not installed")
def test_hadolint_has_nothing_to_say_against_it() -> None:
    """Neither an instruction nor the shell in it is against what is advised."""
    assert HADOLINT is not None
    verdict = subprocess.run(  # noqa: S603 - our own arguments
        [HADOLINT, "--no-color", str(ROOT / "Dockerfile")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (verdict.stdout, verdict.returncode) == ("", 0)


def test_it_runs_as_a_fixed_user_that_is_not_root() -> None:
    """By number, so that the owner of a mounted folder can be set before the first start."""
    user, group = said("USER").split(":")

    assert int(user) > 0
    assert int(group) > 0
    assert all(option in said("RUN") for option in (f"--uid {user} ", f"--gid {group} "))


def test_signals_reach_the_daemon() -> None:
    """No shell stands between Docker and inboxd: everything is started in the exec form."""
    health = said("HEALTHCHECK").partition("CMD ")[2]

    started = [*json.loads(said("ENTRYPOINT")), *json.loads(said("CMD"))]
    assert started == ["inboxd", "run"]
    assert json.loads(health) == ["inboxd", "healthy"]


def test_the_python_is_one_that_is_supported() -> None:
    """The base image is in step with what pyproject.toml says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    images = re.findall(r"^FROM python:([\d.]+)-", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert len(set(images)) == 1
    assert f"Programming Language :: Python :: {images[0]}" in project["classifiers"]


def test_the_compose_example_keeps_the_container_small() -> None:
    """What docs/install.md advises can be read, and gives the container as little as it needs."""
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    composed = yaml.safe_load(example)
    service = composed["services"]["inboxd"]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["secrets"]) == composed["secrets"].keys()
    assert said("VOLUME") in {mount.split(":")[1] for mount in service["volumes"]}
