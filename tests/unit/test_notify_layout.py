"""What people see of an alert: summary, Slack blocks, mail and console."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.model import Alert, Author, CaseCard, Kind, Standing, Stream, Tone, Topic, Urgency
from inboxd.notify import mail_body
from inboxd.notify.console import lines, show
from inboxd.notify.inert import width
from inboxd.notify.mail import compose, message_id
from inboxd.notify.sink import Delivery
from inboxd.notify.slack_blocks import escaped, forms, message
from inboxd.notify.summary import Summary, distance, written
from inboxd.notify.together import REPEAT, standing_of, summary_of

if TYPE_CHECKING:
    from collections.abc import Iterator

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 11, 20, 9, 13, tzinfo=UTC)
SINCE = datetime(2026, 11, 20, 8, 42, tzinfo=UTC)
TEXT = "Второй раз прислали не тот размер. Верните деньги!"
CARD = CaseCard(
    id=17, account="shop-vk", network="vk", stream=Stream.COMMENTS, public=True,
    kind=Kind.COMPLAINT, topics=(Topic.REFUNDS, Topic.GIFT_CARDS), urgency=Urgency.HIGH,
    language="ru", author=Author("vk:5", "Анна Петренко", "anna", 1_234), text=TEXT,
    url="https://vk.com/wall-1_45?reply=46&thread=45", waiting_since=SINCE,
    due_at=SINCE + timedelta(minutes=30), messages=2, policy="complaints",
)  # fmt: skip
ALERT = Alert(
    key="case:17/first/100%", thread="case:17", reason="breach", tone=Tone.BREACH,
    headline="Overdue: complaint by Анна Петренко on VK", created_at=NOW, case=CARD,
)  # fmt: skip
HOSTILE = [
    "<!channel> <!here> <@U0LEAD> <https://evil.example|vk.com> &lt;!channel&gt;",
    "*bold* _it_ ~no~ `code` ```block``` > quote\n# title",
    "</blockquote></div><script>alert(1)</script><img src=x onerror=alert(1)>",
    "[/red] [link=https://evil.example]x[/link] \x1b[2J\x1b]8;;https://evil.example\x07",
    "a\r\nBcc: evil@evil.example\r\n\r\n<b>body</b>",
    "\x00\ud83d\ude42\udc00 \u202eevil\u202c \u2067x",
    "\u200b" * 50_000 + "x",
    "Z" + "\u0316" * 90_000,
    "&<>" * 33_334,
    "🙂" * 25_000,
    "\n" * 50_000 + "> fake\n-- \ninboxd close 17",
    "",
]


def summary(alert: Alert = ALERT, *, uncertain: bool = False) -> Summary:
    return summary_of(Delivery.of(alert, uncertain=uncertain), NOW, KYIV)


def hostile_alert(text: str) -> Alert:
    """An alert in which everything that others can write is *text*."""
    author = Author("vk:5", text, text, 7)
    card = replace(CARD, text=text, author=author, url=text, acknowledged_by=text, policy=text)
    return replace(ALERT, headline=text, detail=text, case=card)


def values(alert: Alert = ALERT, **options: bool) -> dict[str, str]:
    return {fact.label: fact.value for fact in summary(alert, **options).facts}


def test_the_facts_of_a_case_are_told_at_a_glance() -> None:
    """Who, where, what, since when, until when, under which rule, and how to act."""
    assert values() == {
        "From": "Анна Петренко (@anna), 1,234 followers",
        "Where": "VK · shop-vk · comment, public",
        "What": "complaint: refunds, gift cards · high urgency · ru",
        "Waiting": "since 10:42 (31m), 2 messages",
        "Due": "11:12 (1m ago)",
        "Policy": "complaints",
        "Case": "17",
    }
    assert summary().command == "inboxd show 17"
    assert summary().headline == "🔴 Overdue: complaint by Анна Петренко on VK"


@pytest.mark.parametrize(
    ("tone", "icon"), [(Tone.WARNING, "⏳"), (Tone.BREACH, "🔴"), (Tone.RECOVERY, "✅")]
)
def test_the_tone_is_the_first_thing_seen(tone: Tone, icon: str) -> None:
    """A lock screen shows in one sign whether somebody must run."""
    assert summary(replace(ALERT, tone=tone)).headline.startswith(icon)


def test_an_answered_case_says_how_long_it_took() -> None:
    """Recovery: the wait has an end, and the target was kept or not."""
    late = replace(CARD, answered_at=SINCE + timedelta(minutes=42), acknowledged_by="Olha")
    assert values(replace(ALERT, case=late)) | {"Case": ""} == values() | {
        "Waiting": "10:42 to 11:24 (42m)",
        "Due": "11:12 (answered 12m late)",
        "Taken by": "Olha",
        "Case": "",
    }
    timely = replace(CARD, answered_at=SINCE + timedelta(minutes=9))
    assert values(replace(ALERT, case=timely))["Due"] == "11:12 (in time)"


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    """A deleted comment without author, kind or target still makes an alert."""
    card = replace(CARD, author=None, kind=None, topics=(), urgency=None, language="",
                   due_at=None, policy="", text="", url="")  # fmt: skip
    facts = values(replace(ALERT, case=card))
    assert facts["From"] == "unknown"
    assert facts["What"] == "not classified"
    assert "Due" not in facts
    assert summary(replace(ALERT, case=card)).quote == "(no text)"


def test_an_alert_without_a_case_tells_its_own_time() -> None:
    """A blind connector has no customer, but a moment and a detail."""
    blind = replace(ALERT, case=None, tone=Tone.NOTICE, detail="No poll since 10:40.\nCheck it.")
    assert values(blind) == {"Noticed": "11:13 (now)"}
    assert summary(blind).command == ""
    assert "No poll since 10:40.\nCheck it." in json.dumps(message(summary(blind))).replace(
        "\\n", "\n"
    )


def test_instants_are_as_short_as_they_are_clear() -> None:
    """Today needs no date and this year no year, in the team's time zone."""
    assert written(SINCE, NOW, KYIV) == "10:42"
    assert written(datetime(2026, 11, 19, 22, 30, tzinfo=UTC), NOW, KYIV) == "00:30"
    assert written(datetime(2026, 11, 18, 8, 0, tzinfo=UTC), NOW, KYIV) == "Wed 18 Nov 10:00"
    assert written(datetime(2025, 1, 2, 8, 0, tzinfo=UTC), NOW, KYIV) == "Thu 2 Jan 2025 10:00"


def test_distances_look_both_ways() -> None:
    """A deadline lies ahead or behind."""
    assert distance(NOW + timedelta(minutes=15), NOW) == "in 15m"
    assert distance(NOW - timedelta(hours=2, minutes=5), NOW) == "2h 5m ago"


def test_a_clock_that_went_back_makes_no_negative_wait() -> None:
    """A message from the future has waited for nothing."""
    card = replace(CARD, waiting_since=NOW + timedelta(hours=1))
    assert values(replace(ALERT, case=card))["Waiting"] == "since 12:13 (0s), 2 messages"


def test_a_possible_repeat_admits_it_everywhere() -> None:
    """People must not act twice on one alert because of us."""
    doubtful = summary(uncertain=True)
    assert REPEAT in json.dumps(message(doubtful))
    assert REPEAT in mail_body.text(doubtful)
    assert REPEAT in mail_body.html(doubtful)
    assert any(REPEAT in line for line in lines(doubtful))
    assert REPEAT not in json.dumps(message(summary()))


def test_a_right_to_left_name_does_not_reorder_the_facts() -> None:
    """The handle and the followers stay behind the name."""
    card = replace(CARD, author=Author("1", "משה", "moshe", 3))
    assert values(replace(ALERT, case=card))["From"] == "\u2068משה\u2069 (@moshe), 3 followers"


# Slack


def objects(node: object) -> Iterator[dict[str, Any]]:
    """Every text object in some blocks."""
    if isinstance(node, dict):
        if node.get("type") in {"plain_text", "mrkdwn"}:
            yield node
        for child in node.values():
            yield from objects(child)
    elif isinstance(node, list):
        for child in node:
            yield from objects(child)


def assert_within_limits(blocks: list[dict[str, Any]]) -> None:
    """The documented limits, counted in UTF-16 units, and the undocumented total."""
    assert 1 <= len(blocks) <= 50
    total = 0
    for block in blocks:
        limit = {"header": 150, "section": 3_000, "context": 2_000}.get(block["type"], 0)
        assert len(block.get("fields", [])) <= 10
        assert len(block.get("elements", [])) <= 10
        for found in objects(block):
            assert 1 <= width(found["text"]) <= (2_000 if "fields" in block else limit)
            total += width(found["text"])
    assert total < 13_000


@pytest.mark.parametrize("text", HOSTILE)
def test_slack_shows_hostile_texts_as_texts(text: str) -> None:
    """Nothing of a customer's is live: it stands in plain_text, or is escaped."""
    posted = message(summary(hostile_alert(text), uncertain=True))
    assert_within_limits(posted["blocks"])
    mrkdwn = [found["text"] for found in objects(posted["blocks"]) if found["type"] == "mrkdwn"]
    assert mrkdwn == ["`inboxd show 17`"]
    assert all(found.get("emoji") is False for found in objects(posted["blocks"])
               if found["type"] == "plain_text")  # fmt: skip
    assert not re.search(r"[<>]|&(?!(amp|lt|gt);)", posted["text"])
    assert posted["mrkdwn"] is False
    json.dumps(posted, ensure_ascii=False).encode()


@given(st.text(st.characters(), max_size=2_000), st.booleans())
def test_no_text_breaks_slacks_limits(text: str, uncertain: bool) -> None:  # noqa: FBT001 - drawn
    """Whatever is written, wherever, Slack takes the message."""
    assert_within_limits(message(summary(hostile_alert(text * 9), uncertain=uncertain))["blocks"])


@given(
    st.integers(1, 30),
    st.sampled_from([20, 480, 950, 1_970]),
    st.sampled_from("a&я🙂"),
    st.integers(0, 200),
)
def test_no_link_and_no_number_of_cases_breaks_slacks_limits(
    cases: int, length: int, letter: str, called: int
) -> None:
    """Networks make the links, and hold-ups the numbers: Slack takes the message all the same."""
    url = f"https://vk.com/?{letter * length}"[:2_000]
    mentions = tuple(f"S{number:020}" for number in range(called))
    alerts = tuple(
        replace(
            hostile_alert("W" * 9_000),
            key=str(number),
            mentions=mentions,
            case=replace(CARD, id=number, url=url, text="🙂" * 9_000),
        )
        for number in range(cases)
    )
    delivery = Delivery(alerts, None, 2, uncertain=True, key="k", held="limit", instead_of="s" * 80)
    blocks = message(summary_of(delivery, NOW, KYIV))["blocks"]
    assert_within_limits(blocks)
    shown = json.dumps(blocks)
    assert all(f"`inboxd show {number}`" in shown for number in range(min(cases, 20)))
    standings = [Standing(each.case, NOW, taken_by="W" * 500) for each in alerts if each.case]
    assert_within_limits(message(standing_of(standings, NOW, KYIV))["blocks"])


@pytest.mark.parametrize("cases", [1, 2, 20, 300])
def test_the_short_form_stays_far_below_what_slack_was_seen_to_refuse(cases: int) -> None:
    """Also where each character counts as its escape, and each block as it stands in JSON."""
    alerts = tuple(
        replace(hostile_alert("&" * 9_000), key=str(number), case=replace(CARD, id=number))
        for number in range(cases)
    )
    delivery = Delivery(alerts, None, 1, uncertain=True, key="k", held="limit")
    blocks = forms(summary_of(delivery, NOW, KYIV))[1]["blocks"]
    assert_within_limits(blocks)
    shown = json.dumps(blocks, ensure_ascii=False)
    assert len(shown) < 6_000
    assert all(f"inboxd show {number}" in shown for number in range(min(cases, 15)))
    ordinary = replace(delivery, alerts=(replace(ALERT, case=replace(CARD, text="W&" * 9_000)),))
    assert len(escaped(json.dumps(forms(summary_of(ordinary, NOW, KYIV))[1]))) < 6_000


def test_slack_quotes_the_customer_word_for_word() -> None:
    """An ordinary text with signs in it reads as it was written, unescaped in plain_text."""
    card = replace(CARD, text="5 < 6 & *да* <3")
    texts = [
        found["text"] for found in objects(message(summary(replace(ALERT, case=card)))["blocks"])
    ]
    assert "5 < 6 & *да* <3" in texts


def test_slack_links_to_the_message() -> None:
    """One tap leads to the conversation."""
    texts = [found["text"] for found in objects(message(summary())["blocks"])]
    assert (
        "<https://vk.com/wall-1_45?reply=46&amp;thread=45|Open on VK>  ·  `inboxd show 17`" in texts
    )


def test_slack_says_how_much_of_a_long_text_was_cut() -> None:
    """100 KB are cut, and people are told."""
    card = replace(CARD, text="я" * 100_000)
    texts = [
        found["text"] for found in objects(message(summary(replace(ALERT, case=card)))["blocks"])
    ]
    assert any("[97,100 more characters not shown]" in text for text in texts)


# Mail


class Tags(HTMLParser):
    """Collects tags, attributes and visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and where it leads."""
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "action"}]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        """Note what is read."""
        self.text += data


PLAIN_TAGS = Tags(mail_body.html(summary())).tags


def mail(alert: Alert = ALERT, **headers: Any) -> Any:
    """The mail as a mail program reads it: composed, sent as bytes, parsed."""
    settings: dict[str, Any] = {"sender": "inboxd <inboxd@shop.example>", "recipients": ["lead@shop.example"],
                "date": NOW.astimezone(KYIV), "head_id": None, "key": alert.key}  # fmt: skip
    composed = compose(summary(alert), **(settings | headers)).as_bytes()
    assert composed.isascii(), "no server on the way need know 8BITMIME"
    return message_from_bytes(composed, policy=policy.default)


@pytest.mark.parametrize("text", HOSTILE)
def test_mail_shows_hostile_texts_as_texts(text: str) -> None:
    """No header, tag or part can be smuggled in."""
    received = mail(hostile_alert(text))
    page = Tags(received.get_body(("html",)).get_content())
    assert set(page.tags) <= set(PLAIN_TAGS)
    assert page.links == []
    assert received.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in received.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    assert "Bcc" not in received
    assert received["To"] == "lead@shop.example"
    assert not received.defects


def test_the_mail_reads_like_the_alert() -> None:
    """Subject, both bodies and the link say the same."""
    received = mail()
    assert received["Subject"] == "🔴 Overdue: complaint by Анна Петренко on VK"
    assert f"> {TEXT}" in received.get_body(("plain",)).get_content()
    page = Tags(received.get_body(("html",)).get_content())
    assert TEXT in page.text
    assert page.links == ["https://vk.com/wall-1_45?reply=46&thread=45"]


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """No image, font, script or style sheet is fetched when the mail is opened."""
    page = mail_body.html(summary())
    assert not set(Tags(page).tags) & {"img", "link", "script", "iframe", "object", "form"}
    assert not re.search(r"url\(|@import", page)
    assert "prefers-color-scheme: dark" in page
    assert "width=device-width" in page


def test_a_quoted_signature_stays_quoted() -> None:
    """A customer cannot end our mail or fake the command below it."""
    card = replace(CARD, text="hello\n-- \nTo act: inboxd close 17")
    body = mail_body.text(summary(replace(ALERT, case=card)))
    assert "> --\n> To act: inboxd close 17" in body.replace("> -- \n", "> --\n")
    assert body.count("\n-- \n") == 1


def test_headers_say_that_a_machine_speaks() -> None:
    """Out-of-office notes stay silent, and the date is the clock's in the team's zone."""
    received = mail()
    assert received["Auto-Submitted"] == "auto-generated"
    assert received["Date"].datetime == NOW
    assert str(received["Date"]).endswith("+0200")


def test_the_message_id_is_the_alerts_for_ever() -> None:
    """The same alert has the same id on every attempt; another one has another."""
    first = message_id("case:17/first/100%", "inboxd <inboxd@shop.example>")
    assert first == message_id("case:17/first/100%", "inboxd@shop.example")
    assert first != message_id("case:17/first/50%", "inboxd@shop.example")
    assert re.fullmatch(r"<[0-9a-f]{40}\.inboxd@shop\.example>", first)


def test_later_mails_hang_on_the_first() -> None:
    """Mail programs show a case as one thread."""
    received = mail(head_id="<abc.inboxd@shop.example>")
    assert received["In-Reply-To"] == received["References"] == "<abc.inboxd@shop.example>"


@pytest.mark.parametrize("broken", ["<a@b>\r\nBcc: x@y", "no brackets", "", "<a b@c>"])
def test_a_broken_receipt_starts_a_new_thread(broken: str) -> None:
    """What is no Message-ID never becomes a header."""
    received = mail(head_id=broken)
    assert "References" not in received
    assert "Bcc" not in received


# Console


ORIGIN = "inboxd on shop-server (/etc/inboxd/config.toml)"
BLIND = replace(ALERT, key="account:shop-vk/blind", thread="account:shop-vk", case=None)


def told_by(*alerts: Alert) -> list[str]:
    """Return which inboxd a delivery of *alerts* names."""
    delivery = Delivery(alerts, None, 1, False, "bundle", origin=ORIGIN)
    facts = summary_of(delivery, NOW, KYIV).facts
    return [fact.value for fact in facts if fact.label == "Told by"]


def test_a_trouble_of_inboxds_own_names_the_inboxd() -> None:
    """A team with two servers knows at once whose it is, also where several are told together."""
    assert told_by(BLIND) == [ORIGIN]
    assert told_by(BLIND, replace(BLIND, key="k2", thread="machine:clock")) == [ORIGIN]
    assert told_by(ALERT, BLIND) == [ORIGIN]


def test_what_is_told_of_customers_names_no_inboxd() -> None:
    """Neither of one, nor of many who complain of the same thing."""
    spike = replace(BLIND, key="spike:3/begins", thread="gathering:3", examples=(CARD,))
    assert told_by(ALERT) == told_by(spike) == []


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say yes."""
        return True


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_the_console_shows_hostile_texts_as_texts(
    text: str, stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No escape sequence but our own, no markup and no line that is not marked as quoted."""
    monkeypatch.setenv("TERM", "xterm-256color")
    out = stream()
    show(summary(hostile_alert(text)), out)
    assert not re.search(r"\x1b(?!\[[0-9;]*m)|[\x00-\x09\x0b-\x1a\x7f\u202e]", out.getvalue())
    assert "evil.example\x1b\\" not in out.getvalue()


def test_plain_lines_mark_what_the_customer_said() -> None:
    """Where lines are read by grep, each says who speaks."""
    out = io.StringIO()
    show(summary(), out)
    assert out.getvalue() == (
        "🔴 Overdue: complaint by Анна Петренко on VK\n"
        "  From:     Анна Петренко (@anna), 1,234 followers\n"
        "  Where:    VK · shop-vk · comment, public\n"
        "  What:     complaint: refunds, gift cards · high urgency · ru\n"
        "  Waiting:  since 10:42 (31m), 2 messages\n"
        "  Due:      11:12 (1m ago)\n"
        "  Policy:   complaints\n"
        "  Case:     17\n"
        f"  | {TEXT}\n"
        "  > https://vk.com/wall-1_45?reply=46&thread=45\n"
        "  > inboxd show 17\n"
        "\n"
    )


def test_a_stream_without_unicode_gets_escapes() -> None:
    """LANG=C loses no alert."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    show(summary(), out)
    assert rb"\U0001f534 Overdue" in raw.getvalue()


def test_a_terminal_gets_a_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    """People at a terminal see a framed, coloured alert."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    show(summary(), out)
    assert "╭" in out.getvalue()
    assert "\x1b[31m" in out.getvalue()
