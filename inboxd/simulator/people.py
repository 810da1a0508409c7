"""The customers of the simulated world: who they are and which id each network gives them."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from itertools import cycle, product
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Network = Literal["vk", "facebook", "twitter"]
NETWORKS: tuple[Network, ...] = ("vk", "facebook", "twitter")

# The range an id is drawn from, as each network's ids look: VK counts accounts, a Page sees
# 17-digit page-scoped ids, X accounts made since 2016 have 18- to 19-digit snowflakes.
_ID_RANGES: dict[Network, tuple[int, int]] = {
    "vk": (1_000_000, 850_000_000),
    "facebook": (24_000_000_000_000_000, 25_999_999_999_999_999),
    "twitter": (730_000_000_000_000_000, 1_790_000_000_000_000_000),
}

_FIRST_NAMES = {
    "ru": ("Анна", "Ирина", "Дмитрий", "Марина", "Сергей", "Ольга", "Павел", "Юлия", "Глеб"),
    "uk": ("Оксана", "Тарас", "Богдан", "Леся", "Соломія", "Остап", "Ганна", "Назар", "Ярина"),
    "de": ("Jürgen", "Sabine", "Lukas", "Heike", "Florian", "Katja", "Uwe", "Annika", "Mehmet"),
    "en": ("Gareth", "Priya", "Megan", "Callum", "Aisha", "Derek", "Siobhan", "Tom", "Chloe"),
}
_LAST_NAMES = {
    "ru": ("Котик", "Маслюк", "Рыбак", "Гончар", "Седых", "Черных"),
    "uk": ("Гончаренко", "Мельник", "Чорновіл", "Кравець", "Сорока", "Бойко"),
    "de": ("Brandt", "Öztürk", "Vogel", "Schröder", "Lindner", "Weiß"),
    "en": ("Hughes", "Patel", "O'Neill", "Barker", "Whitfield", "Frost"),
}
_LATIN = dict(zip("абвгдеёзийклмнопрстуфыэіґ", "abvgdeeziyklmnoprstufyeig", strict=True)) | {
    "ж": "zh",
    "х": "kh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "sch",
    "ю": "yu",
    "я": "ya",
    "ї": "yi",
    "є": "ye",
    "ъ": "",
    "ь": "",
    "ü": "ue",
    "ö": "oe",
    "ä": "ae",
    "ß": "ss",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes: a customer, or another shop, under another id on each network."""

    key: str
    name: str
    handle: str
    language: str
    followers: int
    ids: Mapping[Network, int]

    @property
    def is_shop(self) -> bool:
        """Whether it is another shop and no customer: VK counts communities below zero."""
        return self.ids["vk"] < 0

    def id_on(self, network: Network) -> int:
        """Return the id under which *network* knows this person."""
        return self.ids[network]


def make_person(
    seed: int, key: str, name: str, *, language: str = "en", followers: int = 50
) -> Person:
    """Return the person called *key*, with ids that depend on *seed* and *key* alone."""
    ids: dict[Network, int] = {
        network: _draw(f"{seed}/{network}/{key}", *_ID_RANGES[network]) for network in NETWORKS
    }
    return Person(key, name, _handle(name, key), language, followers, ids)


def make_shop(seed: int, key: str, name: str, handle: str) -> Person:
    """
    Return another shop, which writes in its own name and has walls of its own.

    On VK it is a community, whose id is negative wherever it owns or writes.
    """
    ids: dict[Network, int] = {
        "vk": -_draw(f"{seed}/vk/{key}", 1_000_000, 200_000_000),
        "facebook": _draw(f"{seed}/facebook/{key}", 100_000_000_000_000, 399_999_999_999_999),
        "twitter": _draw(f"{seed}/twitter/{key}", *_ID_RANGES["twitter"]),
    }
    return Person(key, name, handle, "en", 4_000, ids)


def crowd(seed: int, size: int) -> list[Person]:
    """
    Return *size* different people in four languages, the same ones for the same seed.

    Most have few followers and some have very many, as it really is (log-normal).
    """
    rng = random.Random(f"crowd/{seed}")
    pools = {
        language: cycle(rng.sample(list(product(first, _LAST_NAMES[language])), k=54))
        for language, first in _FIRST_NAMES.items()
    }
    people = []
    for number in range(size):
        language = rng.choices(("ru", "uk", "de", "en"), weights=(4, 2, 2, 3))[0]
        first, last = next(pools[language])
        followers = int(rng.lognormvariate(4.5, 1.6))
        person = make_person(
            seed, f"c{number:03}", f"{first} {last}", language=language, followers=followers
        )
        people.append(person)
    return people


def _draw(name: str, low: int, high: int) -> int:
    """Map *name* to a number from *low* to *high*, the same in every process."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return low + int.from_bytes(digest) % (high - low + 1)


def _handle(name: str, key: str) -> str:
    """Return a screen name that X allows: up to 15 ASCII letters, digits and underscores."""
    latin = "".join(_LATIN.get(letter, letter) for letter in name.lower())
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in latin)
    return f"{plain[: 14 - len(key)].strip('_')}_{key}"
