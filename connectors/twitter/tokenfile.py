"""The file that keeps the tokens of OAuth 2.0: each of them is lost for good if it is not there."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

from inboxd import errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """
    A pair of tokens; without *expires_at* the access token is good until X refuses it.

    *seed* stands for the refresh token of the configuration that these go back to: whoever
    writes another one there has authorised anew, and what the file keeps is of no use any more.
    """

    access: str
    refresh: str
    seed: str
    expires_at: datetime | None = None
    scope: str = ""


def seed_of(refresh_token: str) -> str:
    """Return what stands for a refresh token without telling it."""
    return blake2b(refresh_token.encode(), digest_size=16).hexdigest()


class TokenFile:
    """Reads and writes the tokens; whoever is about to use one up holds the lock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Keep other processes from using up the same refresh token."""
        waiting = asyncio.get_running_loop().run_in_executor(None, self._lock)
        try:
            lock = await asyncio.shield(waiting)
        except asyncio.CancelledError:
            waiting.add_done_callback(_let_go)
            raise
        except OSError as error:
            raise self._failed("locked", error) from error
        try:
            yield
        finally:
            os.close(lock)

    async def read(self) -> Tokens | None:
        """Return what is kept; None if nothing is, or nothing that can be read."""
        try:
            kept = json.loads(await asyncio.to_thread(self._path.read_bytes))
            expires_at = kept["expires_at"]
            return Tokens(
                str(kept["access_token"]),
                str(kept["refresh_token"]),
                str(kept["seed"]),
                datetime.fromisoformat(expires_at) if expires_at else None,
                str(kept.get("scope", "")),
            )
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed("read", error) from error
        except (ValueError, LookupError, TypeError, AttributeError):
            return None

    async def write(self, tokens: Tokens) -> None:
        """Keep *tokens*, so that not even a power cut leaves less than one whole pair."""
        content = {
            "access_token": tokens.access,
            "refresh_token": tokens.refresh,
            "expires_at": tokens.expires_at.isoformat() if tokens.expires_at else None,
            "scope": tokens.scope,
            "seed": tokens.seed,
        }
        try:
            await asyncio.to_thread(self._replace, json.dumps(content, indent=1).encode())
        except OSError as error:
            raise self._failed("written", error) from error

    def _replace(self, content: bytes) -> None:
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(_made(fresh), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _lock(self) -> int:
        beside = self._path.with_name(f"{self._path.name}.lock")
        with suppress(FileExistsError):
            os.close(_made(beside))
        lock = os.open(beside, os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock

    def _failed(self, done: str, error: OSError) -> errors.TokenInvalid:
        why = (error.strerror or "it cannot be done").lower()
        return errors.TokenInvalid(
            f"the token_file {self._path} cannot be {done}: {why}; X's tokens can be used once "
            f"and must be kept, so none is asked for until its folder is there and writable"
        )


def _made(path: Path) -> int:
    """
    Make a new file for whom its folder belongs to, and return it opened.

    Root may have been asked to try a token: the daemon must be able to use the next one.
    """
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        with suppress(OSError):
            os.fchown(file, owner.st_uid, owner.st_gid)
    return file


def _let_go(waiting: asyncio.Future[int]) -> None:
    """Give back a lock that came when nobody waited for it any more."""
    if not waiting.cancelled() and waiting.exception() is None:
        os.close(waiting.result())
