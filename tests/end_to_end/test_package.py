"""Promises about what is released: complete, the same for whoever builds it, and it runs."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from importlib.util import find_spec
from pathlib import Path
from shutil import copy, copytree, ignore_patterns

import pytest

from inboxd import __version__

ROOT = Path(__file__).parents[2]
WHEEL = f"inboxd-{__version__}-py3-none-any.whl"
SOURCES = f"inboxd-{__version__}.tar.gz"
SHIPPED = {"man/man1/inboxd.1", "bash-completion/completions/inboxd", "zsh/site-functions/_inboxd"}
"""Some of what goes into share/, where man and the shells look for it."""

pytestmark = pytest.mark.skipif(
    find_spec("hatchling") is None, reason="hatchling, which builds the package, is not installed"
)


def run(*command: object, cwd: Path, **environment: str) -> str:
    """Return what a command prints, which must end well; it sees little of this process."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        [str(each) for each in command],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def built(what: str, source: Path, into: Path) -> None:
    """Build the wheel or the source distribution (sdist) of *source*, without a network."""
    run(
        *(sys.executable, "-m", "hatchling", "build", "--target", what, "--directory", into),
        cwd=source,
        SOURCE_DATE_EPOCH="1700000000",
        PYTHONPATH=os.environ.get("PYTHONPATH", ""),
    )


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, what is in it, and the wheel that is built of that."""
    folder = tmp_path_factory.mktemp("released")
    built("sdist", ROOT, folder)
    with tarfile.open(folder / SOURCES) as sources:
        sources.extractall(folder, filter="data")
    built("wheel", folder / f"inboxd-{__version__}", folder)
    return folder


@pytest.fixture(scope="module")
def fresh(released: Path) -> Path:
    """An environment with the wheel; what inboxd depends on is looked up in this one."""
    environment = released / "environment"
    venv.create(environment, with_pip=False)
    pip = (sys.executable, "-m", "pip", "--python", environment / "bin" / "python")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", released / WHEEL, cwd=released)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "elsewhere.pth").write_text(sysconfig.get_path("purelib"))
    return environment


def test_two_builds_are_equal_to_the_byte(released: Path, tmp_path: Path) -> None:
    """Whoever distrusts a release can build it anew and compare."""
    built("sdist", ROOT, tmp_path)
    built("wheel", ROOT, tmp_path)

    assert (tmp_path / SOURCES).read_bytes() == (released / SOURCES).read_bytes()
    assert (tmp_path / WHEEL).read_bytes() == (released / WHEEL).read_bytes()


def test_the_sources_are_complete(released: Path) -> None:
    """Whoever has them can test, document, build and run inboxd: nothing but leavings is missing."""
    tracked = run("git", "ls-files", cwd=ROOT) if (ROOT / ".git").exists() else "README.md"
    there = released / f"inboxd-{__version__}"

    assert [name for name in tracked.splitlines() if not (there / name).is_file()] == []


def test_the_image_is_built_of_all_that_the_package_needs(released: Path, tmp_path: Path) -> None:
    """What .dockerignore lets through makes the very same wheel."""
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        name = line.removeprefix("!")
        if line.startswith("!") and (ROOT / name).is_dir():
            copytree(ROOT / name, tmp_path / name, ignore=ignore_patterns("__pycache__"))
        elif line.startswith("!"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            copy(ROOT / name, tmp_path / name)

    built("wheel", tmp_path, tmp_path / "dist")

    assert (tmp_path / "dist" / WHEEL).read_bytes() == (released / WHEEL).read_bytes()


def test_what_is_beside_the_program_is_installed(fresh: Path) -> None:
    """The manual page, completion, documentation, units and an example, below share/."""
    share = fresh / "share"
    documents = share / "doc" / "inboxd"

    assert [name for name in SHIPPED if not (share / name).is_file()] == []
    completes = (share / "bash-completion/completions/inboxd").read_text(encoding="utf-8")
    assert completes == run(fresh / "bin" / "inboxd", "completion", "bash", cwd=fresh)
    for name in ("config.example.toml", "docs/operations.md", "systemd/inboxd.service"):
        assert (documents / name).read_bytes() == (ROOT / name).read_bytes()


def test_the_installed_program_works_without_a_checkout(fresh: Path, tmp_path: Path) -> None:
    """The wheel has the connectors, the word lists and the models, and knows its version."""
    inboxd, python = fresh / "bin" / "inboxd", fresh / "bin" / "python"
    found = "import inboxd, connectors; print(inboxd.__file__, connectors.__file__)"
    code = "from inboxd.plugins import networks; print(*sorted(networks()))"

    assert run(python, "-c", found, cwd=tmp_path).count(str(fresh)) == 2
    assert run(inboxd, "--version", cwd=tmp_path) == f"inboxd, version {__version__}\n"
    assert run(python, "-c", code, cwd=tmp_path) == "facebook twitter vk\n"
    (tmp_path / "letters.jsonl").write_text('{"text": "Where is my parcel? Two weeks!"}\n')
    judged = run(inboxd, "classify", "letters.jsonl", cwd=tmp_path)
    assert '"kind": "request"' in judged
