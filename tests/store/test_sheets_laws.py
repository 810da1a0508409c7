"""The law of sheets: whatever happens, they are what a recount of everything would make of it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hypothesis import event, given, settings
from hypothesis import strategies as st

from inboxd.core.scorecard import columns
from inboxd.core.scorecard.basis import Basis
from inboxd.durations import parse_business
from inboxd.model import Evidence, Kind, Manners, ReplyVerdict, Topic
from inboxd.store import IN_MEMORY, Said, Store, Unclassified, UnjudgedReply
from inboxd.store.scorecard.days import Day, days_of
from inboxd.store.scorecard.making import TYPES, Maker
from inboxd.store.scorecard.names import Names
from tests.store.shop import answered, policy, rules, verdict
from tests.store.test_retention_laws import FOLLOWING, GAPS, QUIET, WHAT, Life

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from inboxd.core.scorecard.columns import Sheets

ZONES = [ZoneInfo(name) for name in ("Europe/Kyiv", "Asia/Kolkata", "America/St_Johns", "UTC")]
OTHER_RULES = rules(policy("other", first_response=parse_business("10m")), quiet_after=QUIET)
MORE = (
    *WHAT, "correct", "rejudge", "held", "rejudge reply", "by name", "by way of us", "erase",
    "other rules", "other zone",
)  # fmt: skip
STEPS = st.lists(
    st.tuples(st.sampled_from(MORE), st.integers(0, 1), st.sampled_from(GAPS)),
    min_size=10,
    max_size=40,
)
_HOURS = (
    "SELECT substr(sent_at, 1, 13) FROM messages UNION SELECT substr(since, 1, 13) FROM waits "
    "UNION SELECT substr(opened_at, 1, 13) FROM cases UNION SELECT substr(hour, 1, 13) FROM past_messages "
    "UNION SELECT substr(since, 1, 13) FROM past_waits "
    "UNION SELECT substr(opened_at, 1, 13) FROM past_cases "
    "UNION SELECT substr(sent_at, 1, 13) FROM past_replies"
)


class Reported(Life):
    """A life of which somebody wants a report now and then."""

    zone = ZONES[0]

    @property
    def basis(self) -> Basis:
        """Return what the present configuration says."""
        return Basis(self.zone, self.shop.rules.policies, self.shop.rules.policies[0].name)

    def _happen(self, what: str, which: int, ref: str) -> None:
        """Let something happen; nothing else may have marked what it makes stale."""
        self.look()
        ways: dict[str, Callable[[], object]] = {
            "other zone": lambda: self._move(which),
            "other rules": self._change_rules,
            "correct": self._correct,
            "rejudge": lambda: self._rejudge(which, held=False),
            "held": lambda: self._rejudge(which, held=True),
            "rejudge reply": self._rejudge_reply,
            "by name": lambda: self.shop.hear(
                answered(self.minute(), ref, f"Dear {ref}", staff="Olha", thread_id="dm:0")
            ),
            "by way of us": lambda: self._reply(which, ref),
            "erase": self._erase,
        }
        way = ways.get(what)
        if way:
            way()
        else:
            super()._happen(what, which, ref)
        self.look()

    def _move(self, which: int) -> None:
        self.zone = ZONES[(ZONES.index(self.zone) + 1 + which) % len(ZONES)]

    def _change_rules(self) -> None:
        self.shop.rules = OTHER_RULES if self.shop.rules is FOLLOWING else FOLLOWING
        self.shop.pipeline.track_open(self.shop.now)

    def _correct(self) -> None:
        for (case,) in self.shop.rows("SELECT max(id) FROM cases HAVING max(id)"):
            said = Said(Kind.PRAISE, (Topic.REFUNDS, Topic.STAFF), None, "de")
            self.done.append(self.desk.correct(case, None, said, "max", self.shop.now))

    def _erase(self) -> None:
        store = self.shop.store
        with store.transaction():
            for people in store.people.called("anna"):
                store.erasure.erase(people, "max", self.shop.now)

    def _rejudge(self, which: int, *, held: bool) -> None:
        for row in self.shop.rows(
            "SELECT id, conversation_id, sent_at, text FROM messages WHERE direction = 'inbound' "
            "AND classified_at IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?",
            which * 2,
        ):
            found = (Evidence(0, 1, "x", "hold_time"),) if held else ()
            plain = verdict(["awful", "thanks"][which])
            new = type(plain)(plain.kind, (Topic.ORDERS,), plain.urgency, "ru", {}, found)
            self.shop.pipeline.judge([(Unclassified(*row), new)], self.shop.now)

    def _rejudge_reply(self) -> None:
        for number, account, text, sent_at in self.shop.rows(
            "SELECT m.id, m.account, m.text, m.sent_at FROM messages AS m "
            "JOIN reply_verdicts AS r ON r.message_id = m.id ORDER BY m.id LIMIT 1"
        ):
            at = datetime.fromisoformat(sent_at)
            reply = UnjudgedReply(number, account, text, at, at, "")
            shares = {"deflection": 0.9, "promise": 0.0, "non_answer": 0.9}
            manners = Manners(False, False, False, True, False, "apology")
            said = ReplyVerdict(True, False, True, "de", shares, manners)
            self.shop.pipeline.judge_replies([(reply, said)], self.shop.now, "another")

    def _reply(self, which: int, ref: str) -> None:
        store, now = self.shop.store, self.shop.now
        for case, thread in self.shop.rows(
            "SELECT c.id, v.remote_id FROM cases AS c "
            "JOIN conversations AS v ON v.id = c.conversation_id "
            "WHERE c.status = 'waiting' AND v.remote_id LIKE 'dm:%' ORDER BY c.id"
        )[which : which + 1]:
            self.desk.reply(case, f"We see to it, {ref}.", "irma", now)
            for item in store.outbox.due("shop-vk", now):
                claimed = store.outbox.claim(item, now)
                assert claimed
                ours = answered(self.minute(), ref, f"We see to it, {ref}.", thread_id=thread)
                self.shop.pipeline.reply_sent(claimed, "shop-vk", "vk", ours, now)

    def look(self) -> None:
        """Refresh the sheets and hold them against a recount."""
        store = self.shop.store
        store.sheets.refresh(self.basis)
        assert self.kept() == self.recounted()
        assert self.shop.rows("SELECT * FROM sheets_stale") == []

    def kept(self) -> dict[tuple[str, str], bytes]:
        """Return the sheets as they are, but for those that lost all their rows."""
        rows = self.shop.rows("SELECT day, subject, columns FROM sheets WHERE rows > 0")
        return {(day, subject): content for day, subject, content in rows}

    def days(self) -> list[date]:
        """Return the days on which something happened."""
        hours = [hour for (hour,) in self.shop.rows(_HOURS)]
        return sorted({day for hour in hours for day in days_of(hour, self.zone)})

    def recounted(self) -> dict[tuple[str, str], bytes]:
        """Return the sheets as they would be if none had ever been made."""
        names = Names(self.shop.store.database)
        maker = Maker(self.shop.store.database, self.basis, names)
        made = {
            (day.isoformat(), subject): maker.make(subject, Day.of(day, self.zone)).tobytes()
            for day in self.days()
            for subject in TYPES
        }
        return {key: content for key, content in made.items() if content}

    def read(self) -> Sheets:
        """Return everything that ever happened."""
        days = self.days()
        until = days[-1] + timedelta(days=1)
        return self.shop.store.sheets.read(self.basis, days[0], until)


Row = tuple[Any, ...]


class Plain:
    """The same rows in plain Python, from whole tables."""

    def __init__(self, life: Reported) -> None:
        self.life = life
        self.messages = {each["id"]: each for each in self._all("messages")}
        self.cases = {each["id"]: each for each in self._all("cases")}
        self.past_cases = {each["case_id"]: each for each in self._all("past_cases")}
        self.verdicts = {each["message_id"]: each for each in self._all("past_replies")}
        self.verdicts |= {each["message_id"]: each for each in self._all("reply_verdicts")}
        self.actions = {each["id"]: each for each in self._all("actions")}
        self.networks = {each["id"]: each["network"] for each in self._all("conversations")}
        self.sent = {
            (each["receiver"], json.loads(each["receipt"])["remote_id"]): each["actor"]
            for each in self._all("outbox")
            if each["reply"] and each["state"] == "sent"
        }
        self.waits = [
            each | {"case": self.cases[each["case_id"]]} for each in self._all("waits")
        ] + [each | {"case": self.past_cases[each["case_id"]]} for each in self._all("past_waits")]

    def _all(self, table: str) -> list[dict[str, Any]]:
        cursor = self.life.shop.store.database.execute(f"SELECT * FROM {table}")  # noqa: S608 - ours
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def dimensions(self, row: dict[str, Any], began: str, staff: str) -> Row:
        """Return by what figures are told apart."""
        local = datetime.fromisoformat(began).astimezone(self.life.zone)
        return (
            row["account"], row.get("network") or self.networks[row["conversation_id"]],
            row["stream"], bool(row["public"]), row["kind"] or "",
            frozenset(json.loads(row["topics"] or "[]")), row["language"] or "",
            row["urgency"] or "", local.weekday() * 24 + local.hour, staff,
        )  # fmt: skip

    def writer(self, message: int) -> str:
        """Return who of the brand wrote a message."""
        if message not in self.messages:
            return str(self.verdicts.get(message, {}).get("staff", ""))
        found = self.messages[message]
        return str(found["staff"] or self.sent.get((found["account"], found["remote_id"]), ""))

    def judged(self, message: int | None) -> Row:
        """Return whether an answer was judged, sends elsewhere, and misses what was asked."""
        flags = self.verdicts.get(message or 0, {}).get("flags")
        said = json.loads(flags or "[]")
        return flags is not None, "deflection" in said, "non_answer" in said

    def of_waits(self) -> Counter[Row]:
        """Return the rows of waits."""
        found: Counter[Row] = Counter()
        for wait in self.waits:
            message = self.messages.get(wait["message_id"], {})
            teller = self.messages.get(wait.get("telling_id") or 0, {})
            staff = wait.get("staff", "")
            if "id" in wait and wait["outcome"] == "answered":
                staff = self.writer(wait["ended_by"])
            if "id" in wait and wait["outcome"] == "closed":
                staff = self.actions[wait["ended_by"]]["actor"]
            by_reply = wait["outcome"] in {"answered", "replaced"}
            inbound = message.get("direction") == "inbound"
            history = message.get("history", wait.get("history"))
            found[
                *self.dimensions(wait["case"], wait["since"], staff),
                wait["kind"], wait["case_id"],
                ((message if inbound else teller).get("author_id") or -1),
                ms(wait["since"]), ms(wait["due_at"]), ms(wait["ended_at"]), wait["outcome"] or "",
                wait["open_seconds"], *self.judged(wait["ended_by"] if by_reply else None),
                bool(history),
            ] += 1  # fmt: skip
        return found

    def of_cases(self) -> Counter[Row]:
        """Return the rows of cases."""
        found: Counter[Row] = Counter()
        for number, case in [*self.cases.items(), *self.past_cases.items()]:
            merged = case.get("close_reason", "").startswith("merged")
            if merged or case.get("ended_by") == "merger":
                continue
            waits = [
                each
                for each in self.waits
                if each["case_id"] == number and each["kind"] in {"first_response", "next_response"}
            ]
            answers = [each for each in waits if each["outcome"] == "answered"]
            first = min(
                answers, key=lambda e: (e["ended_at"], e.get("id", e.get("wait_id"))), default=None
            )
            staff = "" if first is None else first.get("staff") or self.writer(first["ended_by"])
            again = any(
                each["kind"] == "next_response"
                and each["outcome"] not in {"no_reply_needed", "deleted", "void"}
                for each in waits
            )
            reopened = case.get("reopened") or any(
                each["case_id"] == number and each["action"] == "reopen" and not each["undone_at"]
                for each in self.actions.values()
            )
            found[
                *self.dimensions(case, case["opened_at"], staff),
                number, ms(case["opened_at"]), ms(case["ended_at"]), case["status"],
                self.seconds(case), len(answers), bool(again or reopened),
                any(self.judged(each["ended_by"])[1] for each in answers),
                case["status"] == "resolved",
            ] += 1  # fmt: skip
        return found

    def seconds(self, case: dict[str, Any]) -> float | None:
        """Return how long a case lasted: the shop's hours never end."""
        names = {each.name for each in self.life.shop.rules.policies}
        if case["policy"] not in names or case["ended_at"] is None:
            return None
        return max(0.0, (ms(case["ended_at"]) - ms(case["opened_at"])) / 1_000)

    def of_messages(self) -> Counter[Row]:
        """Return the rows of customers' messages."""
        found: Counter[Row] = Counter()
        for each in self.messages.values():
            if each["direction"] == "inbound":
                lag = (
                    None if each["history"] else (ms(each["seen_at"]) - ms(each["sent_at"])) / 1_000
                )
                labels = [
                    span["label"]
                    for span in json.loads(each["verdict"] or "{}").get("evidence", [])
                ]
                found[
                    *self.dimensions(each, each["sent_at"], ""), each["author_id"] or -1, lag,
                    each["deleted_at"] is not None, bool(each["history"]), "hold_time" in labels,
                ] += 1  # fmt: skip
        for each in self._all("past_messages"):
            if each["direction"] == "inbound":
                found[
                    *self.dimensions(each, each["hour"], ""), -1, None,
                    bool(each["deleted"]), bool(each["history"]), bool(each["hold"]),
                ] += each["messages"]  # fmt: skip
        return found

    def of_replies(self) -> Counter[Row]:
        """Return the rows of the brand's answers."""
        found: Counter[Row] = Counter()
        for each in self.messages.values():
            if each["direction"] != "outbound":
                continue
            cases = [
                case
                for case in self.cases.values()
                if case["conversation_id"] == each["conversation_id"]
                and case["opened_at"] <= each["sent_at"]
                and not case["close_reason"].startswith("merged")
            ]
            case = max(cases, key=lambda c: (c["opened_at"], c["id"]), default={})
            plain = each | {name: case.get(name) for name in ("kind", "topics", "urgency")}
            plain["language"] = self.verdicts.get(each["id"], {}).get("language")
            found[
                *self.dimensions(plain, each["sent_at"], self.writer(each["id"])), each["id"],
                *self.judged(each["id"]),
            ] += 1  # fmt: skip
        for each in self._all("past_replies"):
            found[
                *self.dimensions(each, each["sent_at"], each["staff"]), each["message_id"],
                *self.judged(each["message_id"]),
            ] += 1  # fmt: skip
        return found


def ms(text: str | None) -> int:
    """Return an instant as a sheet has it."""
    if text is None:
        return columns.NEVER
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1_000)


def shared(sheets: Sheets, row: Any) -> Row:
    """Return the dimensions of a row of a sheet in words."""
    topics = {topic for bit, topic in enumerate(columns.TOPICS) if row["topics"] >> bit & 1}
    return (
        sheets.accounts[row["account"]], sheets.networks[row["account"]],
        columns.STREAMS[row["stream"]], bool(row["public"]), columns.KINDS[row["kind"]],
        frozenset(topics), row["language"].decode(), columns.URGENCIES[row["urgency"]],
        int(row["hour"]), sheets.staff.get(int(row["staff"]), ""),
    )  # fmt: skip


def number(value: Any) -> float | None:
    """Return a number of a sheet, None where it is unknown."""
    return None if value != value else round(float(value), 3)  # noqa: PLR0124 - nan


def assert_plain(life: Reported) -> None:
    """Hold all sheets of a life against whole tables."""
    sheets, plain = life.read(), Plain(life)
    judged = ("judged", "deflection", "non_answer")
    assert plain.of_waits() == Counter(
        (
            *shared(sheets, row), columns.WAIT_KINDS[row["wait"]], int(row["case"]),
            int(row["author"]), int(row["since"]), int(row["due"]), int(row["ended"]),
            columns.OUTCOMES[row["outcome"]], number(row["business"]),
            *(bool(row[name]) for name in judged), bool(row["history"]),
        )
        for row in sheets.waits
    )  # fmt: skip
    assert plain.of_cases() == Counter(
        (
            *shared(sheets, row), int(row["case"]), int(row["opened"]), int(row["ended"]),
            columns.STATUSES[row["status"]], number(row["business"]), int(row["answers"]),
            bool(row["reopened"]), bool(row["deflected"]), bool(row["by_answer"]),
        )
        for row in sheets.cases
    )  # fmt: skip
    messages: Counter[Row] = Counter()
    for row in sheets.messages:
        messages[
            *shared(sheets, row), int(row["author"]), number(row["lag"]), bool(row["deleted"]),
            bool(row["history"]), bool(row["hold"]),
        ] += int(row["count"])  # fmt: skip
    assert plain.of_messages() == messages
    assert plain.of_replies() == Counter(
        (*shared(sheets, row), int(row["message"]), *(bool(row[name]) for name in judged))
        for row in sheets.replies
    )


@settings(max_examples=12, deadline=None)
@given(STEPS)
def test_sheets_are_what_a_recount_makes(steps: list[tuple[str, int, float]]) -> None:
    """After messages, edits, deletions, verdicts, corrections, deeds, removals, erasures, new rules."""
    with Store(IN_MEMORY) as store:
        life = Reported(store, retention=True)
        life.live(steps)
        life.look()
        event("something was removed" if life.removed else "nothing was removed")
        assert_plain(life)
