"""A small shop at half past ten on a Wednesday, as the terminal's interface finds it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from inboxd import plugins
from inboxd.clock import ManualClock
from inboxd.config import load
from inboxd.connector import Page
from inboxd.model import (
    Attachment,
    Author,
    Direction,
    Evidence,
    Kind,
    Manners,
    Message,
    Promised,
    ReplyVerdict,
    Stream,
    Topic,
    Urgency,
    Verdict,
)
from inboxd.pipeline import Origin, Pipeline
from inboxd.store import Store
from inboxd.tui.app import InboxApp
from inboxd.tui.session import opened as opened_session

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
"""10:30 in Kyiv, a Wednesday."""
BRAND = Author("brand", "Shop")
NETWORKS = {"shop-vk": "vk", "shop-fb": "facebook", "shop-x": "twitter"}
HOSTILE = (
    "[/red][b]bold?[/b] \x1b[31mred\x1b[0m \u202eesrever\u202c z\u200be\u200br\u200bo \x07 end"
)

CONFIG = """
[inboxd]
database = "inboxd.db"
timezone = "Europe/Kyiv"

[[accounts]]
name = "shop-vk"
network = "vk"
group_id = 1
token = { env = "VK_TOKEN" }
streams = ["direct_messages", "comments", "mentions"]

[[accounts]]
name = "shop-fb"
network = "facebook"
page_id = "1"
token = { env = "FB_TOKEN" }
streams = ["direct_messages", "comments", "reviews"]

[[accounts]]
name = "shop-x"
network = "twitter"
user_id = "1"
consumer_key = { env = "X_KEY" }
consumer_secret = { env = "X_SECRET" }
access_token = { env = "X_TOKEN" }
access_token_secret = { env = "X_TOKEN_SECRET" }
streams = ["mentions", "direct_messages"]
monthly_read_budget = 10_000

[[calendars]]
name = "office"
mon = ["09:00-18:00"]
tue = ["09:00-18:00"]
wed = ["09:00-18:00"]
thu = ["09:00-18:00"]
fri = ["09:00-18:00"]

[[sinks]]
name = "support"
type = "console"

[[policies]]
name = "complaints"
match = { kind = ["complaint"] }
calendar = "office"
first_response = "1h"
next_response = "2h"
resolution = "1d"
promise = "1d"
steps = [
  { at = "50%", to = ["support"] },
  { at = "100%", to = ["support"] },
]

[[policies]]
name = "requests"
match = { kind = ["request"] }
calendar = "office"
first_response = "4h"
promise = "1d"
steps = [{ at = "100%", to = ["support"] }]
"""


def ago(**span: float) -> datetime:
    """Return the instant so long before now."""
    return NOW - timedelta(**span)


class Stage:
    """Fills a database, message by message, as the daemon would have done."""

    def __init__(self, folder: Path, heard: int = 0) -> None:
        """Open the database in *folder*, into which *heard* messages without an id were told."""
        self.path = folder / "config.toml"
        self.path.write_text(CONFIG, encoding="utf-8")
        self.settings = load(self.path, plugins.networks_unloaded(), secrets=False)
        self.store = Store(self.settings.general.database)
        self.store.database.execute("PRAGMA synchronous = OFF")
        self.pipeline = Pipeline(self.store, self.settings.rules)
        self._numbers = count(heard + 1)

    def hear(self, account: str, thread: str, sent_at: datetime, text: str, **facts: Any) -> str:
        """Take in one message that was seen ten seconds after it was sent; returns its id."""
        ref = facts.pop("ref", f"m{next(self._numbers)}")
        seen_at = facts.pop("seen_at", sent_at + timedelta(seconds=10))
        plain: dict[str, Any] = {
            "remote_id": ref,
            "thread_id": thread,
            "stream": Stream.DIRECT_MESSAGES,
            "direction": Direction.INBOUND,
            "public": False,
            "sent_at": sent_at,
            "text": text,
            "url": f"https://social.example/{ref}",
        }
        page = Page({"position": ref}, [Message(**plain | facts)])
        origin = Origin(account, NETWORKS[account], "feed")
        self.pipeline.ingest(origin, page, seen_at)
        return str(ref)

    def answer(self, account: str, thread: str, sent_at: datetime, text: str, **facts: Any) -> str:
        """Take in an answer of the brand's."""
        plain = {"direction": Direction.OUTBOUND, "author": BRAND, "staff": "Olena"}
        return self.hear(account, thread, sent_at, text, **plain | facts)

    def judge(self, verdicts: dict[str, tuple[str, str, str, str, tuple[str, ...]]]) -> None:
        """Say what each message (by its id) is: kind, topic, urgency, language and evidence."""
        for each in self.store.messages.unclassified(1_000):
            ref = self.value("SELECT remote_id FROM messages WHERE id = ?", each.id)
            kind, topic, urgency, language, words = verdicts.get(
                ref, ("other", "other", "normal", "en", ())
            )
            evidence = tuple(
                Evidence(each.text.index(word), each.text.index(word) + len(word), word, kind)
                for word in words
            )
            verdict = Verdict(
                Kind(kind), (Topic(topic),), Urgency(urgency), language, {kind: 0.93}, evidence
            )
            self.pipeline.judge([(each, verdict)], datetime.fromisoformat(each.sent_at), "test")

    def judge_replies(self, promised: dict[str, tuple[str, datetime]], sent_away: set[str]) -> None:
        """Say which answers (by id) promise something, in which words, by when; and which deflect."""
        while pending := self.store.replies.unjudged(1_000):
            for reply in pending:
                ref = self.value("SELECT remote_id FROM messages WHERE id = ?", reply.id)
                words, by = promised.get(ref, ("", None))
                start = reply.text.index(words) if words else 0
                when = Promised(start, start + len(words), words, by.date(), by) if by else None
                deflects = ref in sent_away
                shares = {
                    "deflection": 0.97 if deflects else 0.02,
                    "promise": 0.97 if when else 0.02,
                    "non_answer": 0.05,
                }
                manners = Manners(True, True, False, True, True)
                verdict = ReplyVerdict(deflects, bool(when), False, "en", shares, manners, when)
                self.pipeline.judge_replies([(reply, verdict)], reply.sent_at, "test")

    def act(self, case: int, action: str, actor: str, at: datetime, detail: str = "") -> None:
        """Record what somebody did about a case."""
        with self.store.transaction():
            self.store.actions.add(case, action, actor, at, detail)
        self.pipeline.track_pending(at)

    def case_of(self, ref: str) -> int:
        """Return the case that a message opened."""
        return int(
            self.value(
                "SELECT c.id FROM cases AS c JOIN messages AS m ON m.id = c.first_message_id "
                "WHERE m.remote_id = ?",
                ref,
            )
        )

    def value(self, sql: str, *values: object) -> Any:
        """Return the one value that answers *sql*."""
        return self.store.database.execute(sql, values).fetchone()[0]


PEOPLE = {
    "anna": Author("anna", "Анна Коваль", "anna_k", 84),
    "lukas": Author("lukas", "Lukas Groß", "", None),
    "olga": Author("olga", "Ольга Петрова", "olga.p", 12_400),
    "john": Author("john", "John O'Neil", "oneil", 310),
    "iryna": Author("iryna", "Ірина Шевченко", "iryna", 95),
    "mo": Author("mo", "محمد علي", "mo_ali", 5),
    "hanako": Author("hanako", "山田花子", "hanako", 77),
    "family": Author("family", "Zoë 👩‍👩‍👧‍👦🏳️‍🌈", "zoe", 1),
}


def fill(stage: Stage) -> dict[str, int]:
    """Let a morning happen; returns the cases by a short name."""
    hear, public = stage.hear, {"stream": Stream.COMMENTS, "public": True}
    late = hear("shop-vk", "dm:1", ago(hours=18), "Где моя посылка? Жду уже две недели, это безобразие!", author=PEOPLE["olga"])  # fmt: skip
    soon = hear("shop-fb", "dm:2", ago(minutes=48), "Das Paket kam beschädigt an, ich will mein Geld zurück.", author=PEOPLE["lukas"], attachments=(Attachment("photo", "https://cdn.example/box.jpg", "box.jpg"),))  # fmt: skip
    ask = hear("shop-x", "conv:3", ago(minutes=70), "Do you ship to Norway?", author=PEOPLE["john"], stream=Stream.MENTIONS, public=True)  # fmt: skip
    taken = hear("shop-vk", "wall:4", ago(minutes=40), "Менеджер нагрубив мені по телефону, жах.", author=PEOPLE["iryna"], **public)  # fmt: skip
    mine = hear("shop-fb", "dm:5", ago(minutes=35), "My refund has not arrived. Order 4711.", author=PEOPLE["john"])  # fmt: skip
    asleep = hear("shop-vk", "dm:6", ago(hours=2), "Коли буде в наявності розмір 38?", author=PEOPLE["anna"])  # fmt: skip
    promised = hear("shop-vk", "dm:7", ago(days=1, hours=2), "Верните деньги за заказ 88!", author=PEOPLE["anna"])  # fmt: skip
    vow = stage.answer("shop-vk", "dm:7", ago(days=1, hours=1), "Здравствуйте! Деньги вернём сегодня до 18:00.")  # fmt: skip
    away = hear("shop-x", "dm:8", ago(hours=4), "Your app logs me out all the time", author=PEOPLE["hanako"])  # fmt: skip
    elsewhere = stage.answer("shop-x", "dm:8", ago(hours=3), "Hello! Please write to help@shop.example.")  # fmt: skip
    odd = hear("shop-fb", "wall:9", ago(minutes=15), HOSTILE, author=PEOPLE["family"], **public)
    right = hear("shop-x", "conv:10", ago(minutes=12), "أين طلبي؟ لم يصل بعد", author=PEOPLE["mo"], stream=Stream.MENTIONS, public=True)  # fmt: skip
    edited = hear("shop-fb", "wall:11", ago(minutes=30), "Is this in stock?", author=PEOPLE["iryna"], ref="e1", **public)  # fmt: skip
    hear("shop-fb", "wall:11", ago(minutes=30), "Is this in stock? Your site says both yes and no.", author=PEOPLE["iryna"], ref="e1", edited_at=ago(minutes=20), seen_at=ago(minutes=20), **public)  # fmt: skip
    hear("shop-fb", "wall:11", ago(minutes=25), "first!!", author=PEOPLE["mo"], ref="d1", **public)
    hear("shop-fb", "wall:11", ago(minutes=25), "", ref="d1", deleted=True, seen_at=ago(minutes=18), **public)  # fmt: skip
    done = hear("shop-fb", "dm:12", ago(hours=20), "Danke, alles gut!", author=PEOPLE["lukas"])
    answered = hear("shop-vk", "dm:13", ago(hours=3), "А самовивіз є?", author=PEOPLE["iryna"])
    stage.judge(
        {
            late: ("complaint", "shipping", "high", "ru", ("две недели", "безобразие")),
            soon: ("complaint", "refunds", "normal", "de", ("beschädigt", "mein Geld zurück")),
            ask: ("request", "shipping", "low", "en", ()),
            taken: ("complaint", "staff", "normal", "uk", ("нагрубив", "жах")),
            mine: ("complaint", "refunds", "normal", "en", ("has not arrived",)),
            asleep: ("request", "availability", "normal", "uk", ()),
            promised: ("complaint", "refunds", "high", "ru", ("Верните деньги",)),
            away: ("complaint", "website", "normal", "en", ("logs me out",)),
            odd: ("other", "other", "low", "en", ()),
            right: ("request", "orders", "normal", "ar", ()),
            edited: ("request", "availability", "normal", "en", ()),
            done: ("praise", "other", "low", "de", ()),
            answered: ("request", "shipping", "normal", "uk", ()),
        }
    )
    stage.answer("shop-vk", "dm:13", ago(hours=2, minutes=30), "Вітаємо! Так, щодня з 10 до 20.")
    stage.judge_replies({vow: ("сегодня до 18:00", ago(days=1) + timedelta(hours=7, minutes=30))}, {elsewhere})  # fmt: skip
    names = {"late": late, "soon": soon, "ask": ask, "taken": taken, "mine": mine, "asleep": asleep, "promised": promised, "away": away, "odd": odd, "right": right, "edited": edited, "done": done, "answered": answered}  # fmt: skip
    cases = {name: stage.case_of(ref) for name, ref in names.items()}
    stage.act(cases["taken"], "ack", "Max", ago(minutes=20))
    stage.act(cases["mine"], "assign", "Max", ago(minutes=10), "Olena")
    stage.act(cases["asleep"], "snooze", "Max", ago(minutes=90), "2026-11-26T07:00:00.000Z")
    stage.act(cases["done"], "close", "Olena", ago(hours=19), "no reply needed")
    return cases


@cache
def _morning() -> tuple[TemporaryDirectory[str], int, dict[str, int]]:
    """Return where a database is that was filled once, by how many messages, and its cases."""
    folder = TemporaryDirectory(prefix="inboxd-stage-")
    stage = Stage(Path(folder.name))
    cases = fill(stage)
    heard = next(stage._numbers) - 1
    stage.store.close()
    return folder, heard, cases


def filled(folder: Path) -> tuple[Stage, dict[str, int]]:
    """Return a stage on a copy of what `fill` makes, and its cases."""
    template, heard, cases = _morning()
    copy(Path(template.name) / "inboxd.db", folder)
    return Stage(folder, heard), dict(cases)


@contextmanager
def opened(folder: Path, me: str = "Olena") -> Iterator[tuple[InboxApp, Stage, dict[str, int]]]:
    """Yield the interface on a filled database, at `NOW`; its clock stands still."""
    stage, cases = filled(folder)
    try:
        with opened_session(stage.settings, me, ManualClock(NOW)) as session:
            yield InboxApp(session), stage, cases
    finally:
        stage.store.close()
