"""Promises about the user and the folders that a package makes: systemd makes them as they are meant."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
SYSUSERS, TMPFILES = shutil.which("systemd-sysusers"), shutil.which("systemd-tmpfiles")


@pytest.mark.skipif(not (SYSUSERS and TMPFILES), reason="systemd is not installed")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_nobody_else_can_look_at_the_configuration_or_the_database(tmp_path: Path) -> None:
    """The secrets are root's alone, the database is the daemon's, and it has no shell to log in."""
    (tmp_path / "etc").mkdir()
    for program, file in ((SYSUSERS, "sysusers.conf"), (TMPFILES, "tmpfiles.conf")):
        arguments = ["--create"] if file == "tmpfiles.conf" else []
        done = subprocess.run(  # noqa: S603 - our own arguments
            [str(program), *arguments, f"--root={tmp_path}", str(DEPLOY / file)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    name, _, user, group, _, home, shell = (tmp_path / "etc/passwd").read_text().strip().split(":")
    assert (name, home, shell) == ("inboxd", "/var/lib/inboxd", "/usr/sbin/nologin")
    found = {
        folder: (stat.S_IMODE(it.st_mode), it.st_uid, it.st_gid)
        for folder in ("etc/inboxd", "etc/inboxd/secrets", "var/lib/inboxd")
        for it in [(tmp_path / folder).stat()]
    }
    assert found == {
        "etc/inboxd": (0o750, 0, int(group)),
        "etc/inboxd/secrets": (0o700, 0, 0),
        "var/lib/inboxd": (0o700, int(user), int(group)),
    }
