"""
The check of the seeds: their form, their repetitions and how varied they are.

    python data/check.py [DIRECTORY] [--show N]

Reads ``messages.*.jsonl`` and ``replies.*.jsonl`` in the directory (by default this file's own)
and exits with 1 if a line breaks the form told in GUIDELINE.md. Repetitions are reported, not
judged: a variant within one idea is wanted, one across ideas lets folds leak.
"""

# ruff: noqa: INP001 (a script beside its data, not a package)

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

KINDS = ("complaint", "request", "praise", "other")
URGENCIES = ("low", "normal", "high")
REGISTERS = ("vk", "tweet", "dm", "comment", "review", "rant")
TOPICS = (
    "returns",
    "refunds",
    "cancellations",
    "exchanges",
    "orders",
    "shipping",
    "tracking",
    "availability",
    "payment",
    "loyalty_points",
    "gift_cards",
    "membership",
    "staff",
    "website",
    "other",
)
MESSAGE_KEYS = frozenset({"idea", "text", "lang", "kind", "topics", "urgency", "register"})
FLAGS = ("deflection", "promise", "non_answer", "greeting", "courtesy")
REPLY_KEYS = frozenset({"idea", "text", "lang", "promise_when", "to", *FLAGS})
LARGEST_GROUP = 4
SIMILAR = 0.6
GRAM = 5
COMMON_OPENING = 0.02

_FILE = re.compile(r"(messages|replies)\.(ru|uk|de|en)\.jsonl")
_WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True, slots=True)
class Seed:
    """One well-formed line and where it stands."""

    file: str
    line: int
    text: str
    row: Mapping[str, object] = field(repr=False)

    @property
    def idea(self) -> str:
        """The group that folds keep together."""
        return str(self.row["idea"])

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.idea} {_short(self.text)}"


class Pair(NamedTuple):
    """Two lines that say nearly the same, and how nearly (1.0 is letter by letter)."""

    first: Seed
    second: Seed
    likeness: float

    @property
    def crosses_ideas(self) -> bool:
        """Whether folds made of ideas could part the two."""
        return self.first.idea != self.second.idea


class Diversity(NamedTuple):
    """How seldom a file repeats itself; both ratios are 1.0 where nothing comes twice."""

    words: int
    type_token: float
    distinct_trigrams: float


def seed_files(directory: Path) -> list[Path]:
    """Return the seed files of *directory*, sorted; any other file is none of our business."""
    return sorted(path for path in directory.iterdir() if _FILE.fullmatch(path.name))


def read(path: Path) -> tuple[list[Seed], list[str]]:
    """Return the lines of *path* that keep the form, and what is wrong with the others."""
    matched = _FILE.fullmatch(path.name)
    if matched is None:
        raise ValueError(f"{path.name} is not named as GUIDELINE.md says")
    seeds, problems = [], []
    # Not splitlines(): U+2028 within a text would end a line there.
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    for number, line in enumerate(lines if lines != [""] else [], 1):
        row, wrong = _parse(line, *matched.groups())
        problems += [f"{path.name}:{number} {what}" for what in wrong]
        if not wrong:
            seeds.append(Seed(path.name, number, str(row["text"]), row))
    return seeds, problems


def _parse(line: str, what: str, lang: str) -> tuple[dict[str, object], list[str]]:
    try:
        row = json.loads(line)
    except ValueError as error:
        return {}, [f"is not JSON: {error}"]
    if not isinstance(row, dict):
        return {}, ["is not a JSON object"]
    problems = message_problems(row, lang) if what == "messages" else reply_problems(row, lang)
    return row, list(problems)


def message_problems(row: Mapping[str, object], lang: str) -> Iterator[str]:
    """Tell what in *row* breaks the form of a message of a *lang* file."""
    if wrong := _key_problem(row, MESSAGE_KEYS):
        yield wrong
        return
    yield from _common_problems(row, lang, rf"{lang}-(\d{{4}}|p\d{{3,4}})")
    for key, allowed in (("kind", KINDS), ("urgency", URGENCIES), ("register", REGISTERS)):
        if row[key] not in allowed:
            yield f"{key} is {row[key]!r}; there are: {', '.join(allowed)}"
    yield from _topic_problems(row["topics"])


def reply_problems(row: Mapping[str, object], lang: str) -> Iterator[str]:
    """Tell what in *row* breaks the form of a brand's reply of a *lang* file."""
    if wrong := _key_problem(row, REPLY_KEYS):
        yield wrong
        return
    yield from _common_problems(row, lang, rf"{lang}-rp?\d{{3}}")
    for key in FLAGS:
        if not isinstance(row[key], bool):
            yield f"{key} is {row[key]!r}, which is neither true nor false"
    if not isinstance(row["to"], str):
        yield "to is no string"
    when = row["promise_when"]
    if not isinstance(when, str):
        yield "promise_when is no string"
    elif when and not row["promise"]:
        yield "promise_when is given where nothing is promised"
    elif when.casefold() not in str(row["text"]).casefold():
        yield f"promise_when {when!r} is not in the text"


def _key_problem(row: Mapping[str, object], expected: frozenset[str]) -> str:
    missing, unknown = sorted(expected - set(row)), sorted(set(row) - expected)
    parts = [
        f"{label} {', '.join(keys)}"
        for label, keys in (("lacks", missing), ("has an unknown", unknown))
        if keys
    ]
    return " and ".join(parts)


def _common_problems(row: Mapping[str, object], lang: str, idea: str) -> Iterator[str]:
    if not isinstance(row["text"], str) or not row["text"].strip():
        yield "text is empty"
    if row["lang"] != lang:
        yield f"lang is {row['lang']!r} in a file of {lang}"
    if not re.fullmatch(idea, str(row["idea"])):
        yield f"idea is {row['idea']!r}, which does not match {idea}"


def _topic_problems(topics: object) -> Iterator[str]:
    if not isinstance(topics, list) or not topics:
        yield "topics is no list or an empty one"
        return
    if unknown := [topic for topic in topics if topic not in TOPICS]:
        yield f"topics has {unknown!r}; there are: {', '.join(TOPICS)}"
    elif len(set(topics)) < len(topics):
        yield "topics names one twice"
    elif "other" in topics and len(topics) > 1:
        yield "topics has other beside another"


def normalised(text: str) -> str:
    """Return *text* without the differences of case and white space that make no new message."""
    return " ".join(text.casefold().split())


def shelf(seed: Seed) -> str:
    """
    Return the name of what *seed* is compared with: messages or replies of all languages.

    The two train different models. A wordless line is compared within its own file only; a
    heart is a heart in each language.
    """
    return seed.file.partition(".")[0] if words(seed.text) else seed.file


def exact_duplicates(seeds: Iterable[Seed]) -> list[list[Seed]]:
    """Return the groups of a shelf whose text is the same, case and white space aside."""
    groups: defaultdict[tuple[str, str], list[Seed]] = defaultdict(list)
    for seed in seeds:
        groups[shelf(seed), normalised(seed.text)].append(seed)
    return [group for group in groups.values() if len(group) > 1]


def grams(text: str) -> frozenset[str]:
    """Return the character 5-grams of *text*, which is padded so that short ones have some."""
    padded = f"  {normalised(text)}  "
    return frozenset(padded[at : at + GRAM] for at in range(max(1, len(padded) - GRAM + 1)))


def near_duplicates(seeds: Sequence[Seed], threshold: float = SIMILAR) -> list[Pair]:
    """
    Return all pairs whose 5-grams have a Jaccard index above *threshold*, likest first.

    Exact, not sampled: two sets that are so alike share at least one of the rarest grams of
    each (prefix filtering, Chaudhuri et al., ICDE 2006), so an index of those few finds them.
    """
    shelves: defaultdict[str, list[Seed]] = defaultdict(list)
    for seed in seeds:
        shelves[shelf(seed)].append(seed)
    pairs = [pair for each in shelves.values() for pair in _alike(each, threshold)]
    return sorted(pairs, key=lambda pair: -pair.likeness)


def _alike(seeds: Sequence[Seed], threshold: float) -> Iterator[Pair]:
    sets = [grams(seed.text) for seed in seeds]
    frequency = Counter(gram for each in sets for gram in each)
    index: defaultdict[str, list[int]] = defaultdict(list)
    for here, own in enumerate(sets):
        rarest = sorted(own, key=lambda gram: (frequency[gram], gram))
        prefix = rarest[: len(own) - ceil(threshold * len(own)) + 1]
        for there in sorted({other for gram in prefix for other in index[gram]}):
            if min(len(own), len(sets[there])) <= threshold * max(len(own), len(sets[there])):
                continue
            shared = len(own & sets[there])
            likeness = shared / (len(own) + len(sets[there]) - shared)
            if likeness > threshold:
                yield Pair(seeds[there], seeds[here], likeness)
        for gram in prefix:
            index[gram].append(here)


def oversized_ideas(seeds: Iterable[Seed]) -> dict[str, int]:
    """Return the ideas that have more than four lines, with their number of lines."""
    sizes = Counter(seed.idea for seed in seeds)
    return {idea: size for idea, size in sizes.items() if size > LARGEST_GROUP}


def words(text: str) -> list[str]:
    """Return the words of *text* in lower case; marks and emoji are none."""
    return _WORD.findall(text.casefold())


def common_openings(seeds: Sequence[Seed], share: float = COMMON_OPENING) -> dict[str, int]:
    """Return the first two words that more than *share* of the lines begin with."""
    openings = Counter(" ".join(first) for seed in seeds if len(first := words(seed.text)[:2]) == 2)
    return {each: n for each, n in openings.most_common() if n > share * len(seeds)}


def diversity(seeds: Iterable[Seed]) -> Diversity:
    """Return the ratios of different to all words and of different to all word trigrams."""
    tokens = [words(seed.text) for seed in seeds]
    flat = [word for line in tokens for word in line]
    trigrams = [three for line in tokens for three in zip(line, line[1:], line[2:], strict=False)]
    return Diversity(
        len(flat),
        len(set(flat)) / max(1, len(flat)),
        len(set(trigrams)) / max(1, len(trigrams)),
    )


def _short(text: str, width: int = 70) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _counts(seeds: Sequence[Seed], key: str) -> str:
    counted: Counter[str] = Counter()
    for seed in seeds:
        value = seed.row[key]
        counted.update(value if isinstance(value, list) else [str(value)])
    shares = ((name, n, n / max(1, len(seeds))) for name, n in counted.most_common())
    return "  ".join(f"{name} {n} ({share:.0%})" for name, n, share in shares)


def report_file(name: str, seeds: Sequence[Seed]) -> Iterator[str]:
    """Tell what one file holds and how varied it is."""
    ideas = Counter(seed.idea for seed in seeds)
    varied = diversity(seeds)
    yield f"{name}: {len(seeds)} lines, {len(ideas)} ideas"
    keys = ("kind", "topics", "urgency", "register") if name.startswith("messages") else FLAGS
    for key in keys:
        yield f"  {key}: {_counts(seeds, key)}"
    sizes = Counter(ideas.values())
    yield "  lines an idea: " + "  ".join(f"{size}: {n}" for size, n in sorted(sizes.items()))
    yield f"  words {varied.words}, type/token {varied.type_token:.3f}"
    yield f"  distinct word trigrams {varied.distinct_trigrams:.3f}"
    if common := common_openings(seeds):
        yield "  openings above 2 %: " + "  ".join(f"{each!r} {n}" for each, n in common.items())


def report_repetitions(seeds: Sequence[Seed], show: int) -> Iterator[str]:
    """Tell what comes twice in all files together, at most *show* examples of each sort."""
    exact = exact_duplicates(seeds)
    near = [pair for pair in near_duplicates(seeds) if not _same(pair)]
    across = [pair for pair in near if pair.crosses_ideas]
    large = oversized_ideas(seeds)
    yield f"exact duplicates: {len(exact)}"
    yield from (f"  {' = '.join(map(str, group))}" for group in exact[:show])
    yield f"near-duplicates: {len(across)} across ideas, {len(near) - len(across)} within"
    yield from (f"  {pair.likeness:.2f} {pair.first} ~ {pair.second}" for pair in across[:show])
    yield f"ideas above {LARGEST_GROUP} lines: {len(large)}"
    yield from (f"  {idea}: {size}" for idea, size in list(large.items())[:show])


def _same(pair: Pair) -> bool:
    return normalised(pair.first.text) == normalised(pair.second.text)


def _tell(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; return 1 if a line breaks the form, else 0."""
    parser = argparse.ArgumentParser(description="Check the seeds.")
    parser.add_argument("directory", type=Path, nargs="?", default=Path(__file__).parent)
    parser.add_argument("--show", type=int, default=20, help="examples of each finding (20)")
    options = parser.parse_args(arguments)
    everything: list[Seed] = []
    problems: list[str] = []
    for path in seed_files(options.directory):
        seeds, wrong = read(path)
        everything += seeds
        problems += wrong
        _tell(report_file(path.name, seeds))
    _tell(report_repetitions(everything, options.show))
    if problems:
        sys.stderr.write("\n  - ".join((f"{len(problems)} problems:", *problems)) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
