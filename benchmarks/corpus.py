"""
Messages to measure with: varied texts in four languages, in the mix that a shop sees.

The words are made up from the syllables of each language and drawn as words are in real
texts (the r-th most frequent about 1/r as often), so the full-text index has about as
much to do. Where the labelled sets of ``../shared/data`` are, real texts take their place.
"""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inboxd.model import Author, Direction, Message, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
PAGE = 100
BEGINS = datetime(2026, 9, 14, 7, 0, tzinfo=UTC)
"""A Monday morning."""
PACE = timedelta(seconds=40)
"""Between two messages: a busy shop, and some 20,000 of them are nine days."""

_WORDS_A_LANGUAGE = 2_500
_SYLLABLES = {
    "ru": "за пре да вы то ка ник ста ре ско мо жет при во зв рат дос тав ко рзи на ло",
    "uk": "за ми лка по ве рне ння їх ав ці тка до ста вк ґу дзи ки спа си бі не має",
    "de": "be ste llung wa nn kom mt lie fer rück gel d ver sch ickt pa ket ge tan ich",
    "en": "ord er ship ping wh ere re fund ca nt an swer de lay par cel shop mo ney is",
}
_SETS = ("ru_sentirueval", "uk_uagec", "de_germeval17", "en_airline")
_LENGTHS = (40, 150)


def texts(count: int, seed: int = 1) -> list[str]:
    """Return *count* texts of about 85 characters, a quarter in each language."""
    rng = random.Random(seed)
    pool = _real_texts() or _made_up_texts(rng, min(count, 8_000))
    return [_varied(rng, pool[rng.randrange(len(pool))]) for _ in range(count)]


def origin() -> str:
    """Return, for the table, where the texts come from."""
    return "texts of ../shared/data" if _real_texts() else "generated texts"


def _varied(rng: random.Random, text: str) -> str:
    """Add an order number, so that no two texts are the same."""
    return f"{text} {rng.randrange(10**6):06}"


def _made_up_texts(rng: random.Random, count: int) -> list[str]:
    languages = [_Language(rng, syllables.split()) for syllables in _SYLLABLES.values()]
    return [languages[number % len(languages)].text(rng) for number in range(count)]


def _real_texts() -> list[str]:
    """Return texts of the labelled sets, a thousand each, or none where one is missing."""
    found: list[str] = []
    for path in (DATA / f"{name}.jsonl.gz" for name in _SETS):
        if not path.exists():
            return []
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = (json.loads(line)["text"] for line in lines)
            some = (text for text in rows if _LENGTHS[0] < len(text) < _LENGTHS[1])
            found.extend(text for text, _ in zip(some, range(2_000), strict=False))
    return found


class _Language:
    """Words of one language with how often each is used."""

    def __init__(self, rng: random.Random, syllables: Sequence[str]) -> None:
        self._words = [
            "".join(rng.choices(syllables, k=rng.choice((1, 2, 2, 3, 4))))
            for _ in range(_WORDS_A_LANGUAGE)
        ]
        self._weights = list(accumulate(1 / rank for rank in range(1, _WORDS_A_LANGUAGE + 1)))

    def text(self, rng: random.Random) -> str:
        words = rng.choices(self._words, cum_weights=self._weights, k=rng.randint(8, 20))
        return " ".join(words).capitalize()[:140] + rng.choice(".?!")


def pages(count: int, seed: int = 1) -> Iterator[tuple[datetime, list[Message]]]:
    """
    Yield *count* pages and when each was read.

    Of a hundred messages 70 begin a conversation, 25 go on in one that is known, and five
    are the shop's answers.
    """
    rng = random.Random(seed)
    known: list[tuple[str, Author]] = []
    number = 0
    all_texts = texts(count * PAGE, seed)
    for _ in range(count):
        page = []
        for _ in range(PAGE):
            sent_at = BEGINS + number * PACE
            page.append(_message(rng, known, number, sent_at, all_texts[number]))
            number += 1
        yield BEGINS + number * PACE, page


def _message(
    rng: random.Random,
    known: list[tuple[str, Author]],
    number: int,
    sent_at: datetime,
    text: str,
) -> Message:
    chance = rng.random()
    if chance < 0.70 or not known:
        author = Author(f"{10_000_000 + number}", f"Customer {number}", f"customer{number}")
        known.append((f"dm:{author.remote_id}", author))
        thread = known[-1][0]
    else:
        thread, author = known[-rng.randint(1, min(len(known), 3_000))]
    outbound = chance >= 0.95
    return Message(
        remote_id=f"dm:{number}",
        thread_id=thread,
        stream=Stream.DIRECT_MESSAGES,
        direction=Direction.OUTBOUND if outbound else Direction.INBOUND,
        public=False,
        sent_at=sent_at,
        text=text,
        author=Author("shop", "The shop", "shop") if outbound else author,
        url=f"https://vk.com/gim123456?sel={author.remote_id}",
        raw=_raw(number, author, sent_at, text),
    )


def _raw(number: int, author: Author, sent_at: datetime, text: str) -> dict[str, Any]:
    """Return what a network sends with a message: the shape of VK's, which is middling."""
    return {
        "id": number,
        "date": int(sent_at.timestamp()),
        "peer_id": int(author.remote_id),
        "from_id": int(author.remote_id),
        "conversation_message_id": number % 17,
        "text": text,
        "out": 0,
        "version": 10_000_000 + number,
        "random_id": 0,
        "important": False,
        "is_hidden": False,
        "attachments": [],
        "fwd_messages": [],
    }
