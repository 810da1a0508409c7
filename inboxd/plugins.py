"""
Finds the connectors: the modules of the package ``connectors``, and installed entry points.

Their names are known without importing them; an SDK is imported only when an account uses
its network.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from inboxd.connector import AccountSettings, AnyAccount, Connector
from inboxd.errors import OperatorError
from inboxd.public import PublicReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from inboxd.clock import Clock
    from inboxd.connector import Ledger, WatchSettings

_PACKAGE = "connectors"
_GROUP = "inboxd.connectors"


def networks() -> dict[str, Callable[[], type[AccountSettings]]]:
    """Return, for each network there is, a function that loads its settings class."""
    return {name: lambda name=name: _settings(name) for name in sorted(_modules())}  # type: ignore[misc] # mypy infers no type for a default


def networks_unloaded() -> dict[str, Callable[[], type[AccountSettings]]]:
    """
    Return the networks there are without loading any: their own keys are not looked at.

    For commands that only work on the database, and are to be quick.
    """
    return dict.fromkeys(sorted(_modules()), lambda: AnyAccount)


def connect(settings: AccountSettings, clock: Clock, ledger: Ledger | None = None) -> Connector:
    """Return the connector for an account; nothing is asked of the network yet."""
    return _connector(settings.network)(settings, clock, ledger)


def watch(
    settings: WatchSettings, clock: Clock, ledger: Ledger | None = None, ours: Ledger | None = None
) -> PublicReader:
    """Return what reads somebody else's account; nothing is asked of the network yet."""
    kind = _offered(settings.network, "PublicReader")
    if not (isinstance(kind, type) and issubclass(kind, PublicReader)):
        raise OperatorError(f"the connector for {settings.network} has no class PublicReader")
    reader: PublicReader = kind(settings, clock, ledger, ours)
    return reader


def length(network: str, text: str) -> int:
    """Return how long *network* finds a public *text*."""
    return measure(network)(text)


def measure(network: str) -> Callable[[str], int]:
    """
    Return what tells how long *network* finds a public text.

    Its package may have it as ``length``, to be had without its SDK; else its connector is loaded.
    """
    found: Callable[[str], int] | None = getattr(_load(network), "length", None)
    return found or _connector(network).length


def _connector(network: str) -> type[Connector]:
    kind = _offered(network, "Connector")
    if not (isinstance(kind, type) and issubclass(kind, Connector)):
        raise OperatorError(f"the connector for {network} has no class Connector")
    return kind


def _settings(network: str) -> type[AccountSettings]:
    kind = _offered(network, "Settings")
    if not (isinstance(kind, type) and issubclass(kind, AccountSettings)):
        raise OperatorError(f"the connector for {network} has no class Settings")
    return kind


def _modules() -> dict[str, str]:
    """Return the module of each network; an entry point may not replace a file of ours."""
    found = {point.name: point.value for point in entry_points(group=_GROUP)}
    package = importlib.import_module(_PACKAGE)
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_"):
            found[module.name] = f"{_PACKAGE}.{module.name}"
    return found


@lru_cache
def _module_of(network: str) -> str:
    """Return the module of *network*; to look for it takes 15 ms, which each account would pay."""
    return _modules()[network]


def _offered(network: str, name: str) -> object:
    """Return what a network's module has under *name*, None where it has nothing."""
    module = _load(network)
    try:
        # A package may load its SDK only now.
        return getattr(module, name, None)
    except ImportError as error:
        raise _unloadable(network, error) from error


def _load(network: str) -> ModuleType:
    try:
        return importlib.import_module(_module_of(network))
    except KeyError:
        raise OperatorError(f"there is no connector for {network}") from None
    except ImportError as error:
        raise _unloadable(network, error) from error


def _unloadable(network: str, error: ImportError) -> OperatorError:
    return OperatorError(f"the connector for {network} cannot be loaded: {error}")
