"""Where secrets come from: the environment, a file, or a credential of systemd."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from inboxd.config.problems import at, noun, quoted, toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

    from inboxd.config.problems import Problems

FORMS = '{ env = "…" }, { file = "…" } or { credential = "…" }'
PLACEHOLDER = SecretStr("https://unread.invalid")
"""Stands where a secret was not read; it is no better than that."""
_LONGEST = 65_536


class Vault:
    """
    Fetches secrets for one configuration file.

    No text of its errors holds a secret, not even one that was written where its name
    should be.
    """

    def __init__(self, folder: Path, env: Mapping[str, str], *, sealed: bool = False) -> None:
        self.folder = folder
        self._env = env
        self._sealed = sealed
        self.files: list[Path] = []
        """The files that secrets were read from, so that their modes can be looked at."""

    def fetch(self, given: Mapping[str, Any]) -> SecretStr:
        """
        Return the secret that *given*, a table of one key, points at; raises ValueError.

        A sealed vault reads nothing and gives a placeholder.
        """
        if self._sealed:
            return PLACEHOLDER
        ((source, name),) = given.items()
        shown = f"= {{ {source} = {toml(name) or '…'} }};"
        value = self._read(source, name, shown).strip()
        if not value:
            raise ValueError(f"{shown} that is empty")
        if not value.isprintable():
            raise ValueError(f"{shown} that has several lines or control characters; no secret has")
        return SecretStr(value)

    def _read(self, source: str, name: str, shown: str) -> str:
        if source == "env":
            if name not in self._env:
                raise ValueError(f"{shown} that environment variable is not set")
            return self._env[name]
        if source == "file":
            return self._contents(self.folder / Path(name), shown)
        folder = self._env.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise ValueError(
                f"{shown} systemd gave no credentials (CREDENTIALS_DIRECTORY is not set); "
                f"add LoadCredential= to the unit"
            )
        if "/" in name or name in {".", ".."}:
            raise ValueError(f"{shown} a credential's name is no path")
        return self._contents(Path(folder) / name, shown)

    def _contents(self, path: Path, shown: str) -> str:
        try:
            with path.open("rb") as file:
                data = file.read(_LONGEST + 1)
            self.files.append(path)
            if len(data) > _LONGEST:
                raise ValueError(f"{shown} that file is too long for a secret")
            return data.decode()
        except UnicodeDecodeError:
            raise ValueError(f"{shown} that file is not UTF-8") from None
        except OSError as error:
            why = (error.strerror or "it cannot be read").lower()
            where = self._where(path)
            raise ValueError(f"{shown} that file cannot be read: {why}{where}") from None

    def _where(self, path: Path) -> str:
        """Return where a relative *path* led; nothing if the name may be a secret itself."""
        if not toml(path.name) or not path.is_relative_to(self.folder):
            return ""
        return f" ({quoted(str(path), most=300)})"


def resolve(
    model: type[BaseModel], table: dict[str, Any], vault: Vault, path: str, problems: Problems
) -> set[str]:
    """
    Replace every secret of *table* by its value; return the keys where that failed.

    Those get a placeholder, so that what else is wrong with the table still comes to light.
    """
    failed = set()
    for key in [key for key in table if key in secret_keys(model)]:
        try:
            table[key] = vault.fetch(_pointer(table[key]))
        except ValueError as error:
            problems.add(f"{path}.{key}", str(error))
            failed.add(key)
            table[key] = PLACEHOLDER
    return failed


def variables_in(given: object) -> Iterator[str]:
    """Yield the variables of the environment that *given*, or anything in it, names for a secret."""
    match given:
        case {"env": str(name)}:
            yield name
        case dict():
            for each in given.values():
                yield from variables_in(each)
        case list():
            for each in given:
                yield from variables_in(each)


def lacks_secret(settings: BaseModel) -> bool:
    """Return whether a placeholder stands in *settings* where a secret could not be fetched."""
    return any(value is PLACEHOLDER for _, value in settings)


def secret_keys(model: type[BaseModel]) -> set[str]:
    """Return the keys of *model* that hold a secret."""
    return {
        name for name, field in model.model_fields.items() if holds(field.annotation, SecretStr)
    }


def holds(annotation: Any, wanted: type) -> bool:  # noqa: ANN401 - annotations have no type
    """Return whether *annotation* is *wanted*, or has it among its parts."""
    parts = getattr(annotation, "__args__", ())
    return annotation is wanted or any(holds(part, wanted) for part in parts)


def _pointer(given: object) -> dict[str, str]:
    """Return *given* if it says where a secret is; raises ValueError."""
    if not isinstance(given, dict):
        there = "is written into the file" if isinstance(given, str) else f"is {noun(given)}"
        raise ValueError(f"{there}; say where the secret is instead: {FORMS}")  # noqa: TRY004 - as all here
    if unknown := given.keys() - {"env", "file", "credential"}:
        raise ValueError(f"has the unknown key {at('', min(unknown))}; a secret is {FORMS}")
    if len(given) != 1:
        raise ValueError(f"must have one source, not {len(given)}: {FORMS}")
    ((source, name),) = given.items()
    if not isinstance(name, str) or not name or "\0" in name:
        raise ValueError(f"must name its {source} in quotes: {FORMS}")
    return {source: name}
