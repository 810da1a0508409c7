"""From a file to settings: every problem at once, or a configuration that holds together."""

from __future__ import annotations

import os
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from inboxd.config.calendars import ALWAYS, CalendarSettings, always
from inboxd.config.closures import UnusableFile
from inboxd.config.keeping import BackupSettings, kept_too_short
from inboxd.config.parsing import Unreadable, parsed
from inboxd.config.policies import PolicySettings, aimless, lost_references, misplaced_steps
from inboxd.config.problems import Problems, at, no_choice, unknown_key, wrong
from inboxd.config.secrets import FORMS, Vault, lacks_secret, variables_in
from inboxd.config.settings import (
    SINKS,
    ClassifierSettings,
    GeneralSettings,
    GroupingSettings,
    HeartbeatSettings,
    HttpSettings,
    Receivers,
    Settings,
)
from inboxd.config.telling import DigestSettings, ReportSettings, SpikeSettings
from inboxd.config.triage import TuiSettings, misfits
from inboxd.config.validation import validated
from inboxd.config.watching import borrowing, misfits_of_watch
from inboxd.core.queries import Known
from inboxd.durations import format_duration, parse_duration
from inboxd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from inboxd.config.settings import AnySink
    from inboxd.connector import AccountSettings, WatchSettings
    from inboxd.core.digest import Digest
    from inboxd.core.hours import OpeningHours
    from inboxd.core.policies import Policy
    from inboxd.core.reports import Report
    from inboxd.core.spikes import Spikes

    Networks = Mapping[str, Callable[[], type[AccountSettings]]]

TABLES = ("inboxd", "http", "heartbeat", "classifier", "grouping", "spikes", "tui", "backups")
LISTS = ("accounts", "calendars", "sinks", "policies", "digests", "watch", "reports")
_LEAST = {"poll_every": timedelta(seconds=1), "timeout": timedelta(seconds=1)}


def load(
    path: Path,
    networks: Networks,
    env: Mapping[str, str] = os.environ,
    *,
    secrets: bool = True,
) -> Settings:
    """
    Return the configuration in *path*.

    *networks* names the connectors' settings classes, each to be imported only if it is
    used; *env* is where secrets and systemd's credentials are looked up. Without *secrets*
    none is read: who only looks at the database need not hold the tokens. Raises ConfigError
    with everything that is wrong.
    """
    try:
        data = parsed(path)
    except Unreadable as error:
        raise ConfigError(str(path), [error.problem]) from None
    loading = Loading(data, networks, Vault(path.absolute().parent, env, sealed=not secrets))
    settings = loading.settings(path)
    if settings is None or loading.problems:
        raise ConfigError(str(path), loading.problems.listed())
    return settings


class Loading:
    """One configuration on its way in."""

    def __init__(self, data: dict[str, Any], networks: Networks, vault: Vault) -> None:
        self.problems = Problems()
        self._data = data
        self._closed_files: list[Path] = []
        self._networks = networks
        self._vault = vault
        # Now, and of every table: what secrets become stands in their place afterwards, and
        # whoever does without networks does not know which of their keys hold one.
        self._secret_variables = frozenset(variables_in(data))

    def settings(self, path: Path) -> Settings | None:
        """Return the whole; None, or with problems noted, where it does not hold together."""
        for key in self._data:
            if key not in {*TABLES, *LISTS} and not self.problems.full:
                self.problems.add(at("", key), unknown_key(key, [*TABLES, *LISTS]))
        general = self._validated(GeneralSettings, self._data.get("inboxd", {}), "inboxd")
        served = self._http()
        beat = self._data.get("heartbeat")
        pressed = None if beat is None else self._validated(HeartbeatSettings, beat, "heartbeat")
        table = self._data.get("classifier", {})
        classifier = self._validated(ClassifierSettings, table, "classifier")
        grouping = self._validated(GroupingSettings, self._data.get("grouping", {}), "grouping")
        accounts = self._accounts()
        calendars = self._calendars(general or GeneralSettings())
        sinks = self._sinks()
        policies = self._policies(calendars)
        self._alert_to()
        spikes, digests = self._spikes(), self._digests(calendars, general or GeneralSettings())
        reports = self._reports(general or GeneralSettings())
        tui = self._tui()
        backups = self._keeping()
        watched = self._watch()
        if general is None or classifier is None or grouping is None or tui is None:
            return None
        return Settings(
            path, general, served, accounts, calendars, sinks, policies,
            tuple(self._vault.files), classifier, grouping.grouping, pressed, spikes, digests,
            tuple(self._closed_files), tui, self._secret_variables, backups, watched, reports,
        )  # fmt: skip

    def receivers(self) -> Receivers:
        """Return the sinks that are good, of which those that are named come alone."""
        general = self._data.get("inboxd", {})
        valid: GeneralSettings | None = self._validated(GeneralSettings, general, "inboxd")
        sinks = {sink.name: sink for sink in self._sinks() if not lacks_secret(sink)}
        chosen = valid or GeneralSettings()
        named = [sinks[name] for name in chosen.alert_to if name in sinks]
        return Receivers(
            tuple(named or sinks.values()),
            chosen.timezone,
            tuple(str(problem) for problem in self.problems.listed()),
        )

    def _http(self) -> HttpSettings | None:
        """Return where monitors are answered; strangers only where they must say who they are."""
        raw = self._data.get("http")
        if raw is None:
            return None
        made: HttpSettings | None = self._validated(HttpSettings, raw, "http")
        if made and made.token is None and "token" not in raw and not made.listen.is_loopback:
            self.problems.add(
                "http.token",
                f"is missing; others can reach {made.listen.host}: give a secret to ask them for, "
                f"{FORMS}, or listen at 127.0.0.1",
            )
        return made

    def _validated(self, model: Any, raw: object, path: str) -> Any:  # noqa: ANN401 - see validated()
        return validated(model, raw, path, self._vault, self.problems)

    def _tables(self, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each table below ``[[key]]`` with its path; names that were there are noted."""
        given = self._data.get(key, [])
        if isinstance(given, dict):
            self.problems.add(key, f"is a single table; write [[{key}]] with two brackets for each")
            return
        if not isinstance(given, list):
            self.problems.add(key, wrong(given, f"write [[{key}]] for each"))
            return
        first: dict[str, str] = {}
        for number, raw in enumerate(given):
            if self.problems.full:
                return
            path = at(key, number)
            if not isinstance(raw, dict):
                self.problems.add(path, wrong(raw, "it must be a table"))
                continue
            name = raw.get("name")
            if isinstance(name, str) and first.setdefault(name, path) != path:
                self.problems.add(
                    at(path, "name"), wrong(name, f"{first[name]} has that name already")
                )
            yield path, raw

    def _names(self, key: str) -> set[str]:
        """Return the names below ``[[key]]``, also of what has problems of its own."""
        names = (raw.get("name") for _, raw in self._tables_again(key))
        return {name for name in names if isinstance(name, str) and name.isprintable()}

    def _accounts(self) -> tuple[AccountSettings, ...]:
        if self._data.get("accounts", []) == []:
            self.problems.add("accounts", "are missing; give at least one [[accounts]]")
        made = [self._account(path, raw) for path, raw in self._tables("accounts")]
        return tuple(account for account in made if account)

    def _account(self, path: str, raw: dict[str, Any]) -> AccountSettings | None:
        model = self._settings_of(path, raw)
        if model is None:
            return None
        for key, least in _LEAST.items():
            if _shorter(raw.get(key), least):
                text = wrong(raw[key], f"it must be at least {format_duration(least)}")
                self.problems.add(at(path, key), text)
        account: AccountSettings | None = self._validated(model, raw, path)
        return account

    def _settings_of(self, path: str, raw: dict[str, Any]) -> type[AccountSettings] | None:
        """Return the settings class of the network that a table names."""
        network = raw.get("network")
        if not isinstance(network, str) or network not in self._networks:
            there_are = ", ".join(sorted(self._networks)) or "none"
            missing = f"is missing; there are: {there_are}"
            text = no_choice(network, self._networks) if "network" in raw else missing
            self.problems.add(at(path, "network"), text)
            return None
        try:
            return self._networks[network]()
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises, the file names it
            why = f"its connector cannot be loaded: {type(error).__name__}: {error}"
            self.problems.add(at(path, "network"), wrong(network, why))
            return None

    def _watch(self) -> tuple[WatchSettings, ...]:
        made = []
        earlier: dict[str, Mapping[str, Any]] = {}
        accounts = [raw for _, raw in self._tables_again("accounts")]
        calendars = {ALWAYS, *self._names("calendars")}
        for path, raw in self._tables("watch"):
            for key, text in misfits_of_watch(raw, earlier, accounts, calendars):
                self.problems.add(at(path, key), text)
            earlier[path] = raw
            model = self._settings_of(path, raw)
            if model is None:
                continue
            if model.WATCHED_AS is None:
                why = "its connector does not read what is public of others"
                self.problems.add(at(path, "network"), wrong(raw["network"], why))
                continue
            whole = borrowing(raw, accounts, model.WATCHED_AS)
            watched: WatchSettings | None = self._validated(model.WATCHED_AS, whole, path)
            made += [watched] if watched else []
        return tuple(made)

    def _calendars(self, general: GeneralSettings) -> dict[str, OpeningHours]:
        calendars = {ALWAYS: always(general.timezone)}
        for path, raw in self._tables("calendars"):
            if raw.get("name") == ALWAYS:
                text = wrong(ALWAYS, "that calendar is built in; it is open at all times")
                self.problems.add(at(path, "name"), text)
                continue
            made: CalendarSettings | None = self._validated(CalendarSettings, raw, path)
            try:
                if made:
                    calendars[made.name] = made.hours(general.timezone)
                    self._closed_files += [made.closed_file] if made.closed_file else []
            except UnusableFile as error:
                self.problems.add(at(path, "closed_file"), wrong(raw["closed_file"], str(error)))
            except ValueError:
                self.problems.add(
                    path, 'is never open; give it hours, such as mon = ["09:00-18:00"]'
                )
        return calendars

    def _sinks(self) -> tuple[AnySink, ...]:
        sinks: list[AnySink] = []
        for path, raw in self._tables("sinks"):
            kind = raw.get("type")
            if not isinstance(kind, str) or kind not in SINKS:
                missing = f"is missing; there are: {', '.join(sorted(SINKS))}"
                text = no_choice(kind, SINKS) if "type" in raw else missing
                self.problems.add(at(path, "type"), text)
                continue
            for key, text in SINKS[kind].conflicts(raw):
                self.problems.add(at(path, key) if key else path, text)
            sink: AnySink | None = self._validated(SINKS[kind], raw, path)
            if sink:
                self._peace(sink, path)
                sinks.append(sink)
        self._fallbacks()
        return tuple(sinks)

    def _peace(self, sink: AnySink, path: str) -> None:
        """Note where quiet hours leave no time at all."""
        try:
            sink.restraint(UTC)
        except ValueError as error:
            self.problems.add(at(path, "quiet"), str(error))

    def _fallbacks(self) -> None:
        """Note fallbacks that are no sinks, and those that lead back to where they began."""
        names = self._names("sinks")
        falls_to = {
            raw["name"]: (at(path, "fallback"), raw["fallback"])
            for path, raw in self._tables_again("sinks")
            if isinstance(raw.get("name"), str) and isinstance(raw.get("fallback"), str)
        }
        for name, (path, fallback) in falls_to.items():
            if fallback not in names:
                self.problems.add(path, no_choice(fallback, names))
                continue
            seen, there = {name}, fallback
            while there in falls_to and there not in seen:
                seen.add(there)
                there = falls_to[there][1]
            if there == name:
                self.problems.add(path, wrong(fallback, f"it leads back to {name}"))

    def _tables_again(self, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the tables below ``[[key]]`` that are tables, with their paths."""
        given = self._data.get(key, [])
        for number, raw in enumerate(given if isinstance(given, list) else ()):
            if isinstance(raw, dict):
                yield at(key, number), raw

    def _policies(self, calendars: Mapping[str, OpeningHours]) -> tuple[Policy, ...]:
        policies = []
        known = {
            "calendar": {ALWAYS, *self._names("calendars")},
            "sink": self._names("sinks"),
            "account": self._names("accounts"),
            "network": set(self._networks),
        }
        for path, raw in self._tables("policies"):
            for parts, text in lost_references(raw, known):
                self.problems.add(at(path, *parts), text)
            if aimless(raw):
                self.problems.add(
                    path,
                    "has steps but no target; give it first_response, next_response, resolution "
                    "or promise",
                )
            policy: PolicySettings | None = self._validated(PolicySettings, raw, path)
            if policy:
                hours = calendars.get(policy.calendar, calendars[ALWAYS])
                for parts, text in misplaced_steps(policy, hours):
                    self.problems.add(at(path, *parts), text)
                policies.append(policy.policy(hours))
        return tuple(policies)

    def _alert_to(self) -> None:
        general = self._data.get("inboxd")
        given = general.get("alert_to") if isinstance(general, dict) else None
        self._are_sinks("inboxd.alert_to", given)

    def _are_sinks(self, path: str, given: object) -> None:
        """Note which of the names in a list are no sinks'."""
        names = self._names("sinks")
        for place, sink in enumerate(given if isinstance(given, list) else ()):
            if isinstance(sink, str) and sink not in names:
                self.problems.add(at(path, place), no_choice(sink, names))

    def _spikes(self) -> Spikes | None:
        raw = self._data.get("spikes")
        if raw is None:
            return None
        made: SpikeSettings | None = self._validated(SpikeSettings, raw, "spikes")
        if isinstance(raw, dict):
            self._are_sinks("spikes.to", raw.get("to"))
        return made.rule if made else None

    def _keeping(self) -> BackupSettings | None:
        for text in kept_too_short(self._data):
            self.problems.add("inboxd.retain", wrong(self._data["inboxd"]["retain"], f"it {text}"))
        raw = self._data.get("backups")
        made: BackupSettings | None = (
            None if raw is None else self._validated(BackupSettings, raw, "backups")
        )
        return made

    def _tui(self) -> TuiSettings | None:
        raw = self._data.get("tui", {})
        if isinstance(raw, dict):
            known = Known(self._names("accounts"), set(self._networks))
            for path, text in misfits(raw, known):
                self.problems.add(f"tui.{path}", text)
        made: TuiSettings | None = self._validated(TuiSettings, raw, "tui")
        return made

    def _digests(
        self, calendars: Mapping[str, OpeningHours], general: GeneralSettings
    ) -> tuple[Digest, ...]:
        digests = []
        known = {ALWAYS, *self._names("calendars")}
        for path, raw in self._tables("digests"):
            self._are_sinks(at(path, "to"), raw.get("to"))
            calendar = raw.get("calendar")
            if isinstance(calendar, str) and calendar not in known:
                self.problems.add(at(path, "calendar"), no_choice(calendar, known))
            made: DigestSettings | None = self._validated(DigestSettings, raw, path)
            if made:
                digests.append(made.digest(calendars, general.timezone))
        return tuple(digests)

    def _reports(self, general: GeneralSettings) -> tuple[Report, ...]:
        reports = []
        known = {"account": self._names("accounts"), "network": set(self._networks)}
        for path, raw in self._tables("reports"):
            self._are_sinks(at(path, "to"), raw.get("to"))
            for parts, text in lost_references({"match": raw.get("match")}, known):
                self.problems.add(at(path, *parts), text)
            made: ReportSettings | None = self._validated(ReportSettings, raw, path)
            if made:
                reports.append(made.report(general.timezone))
        return tuple(reports)


def _shorter(value: object, least: timedelta) -> bool:
    """Return whether *value* is a duration under *least*."""
    try:
        return parse_duration(value) < least
    except ValueError:
        return False
