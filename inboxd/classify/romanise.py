"""
Russian and Ukrainian in Latin letters, made comparable with the Cyrillic word lists.

People write ``zakaz ne prishyol``, ``zakaz ne prishel`` or ``zakaz ne prischol`` for the
same words, so nothing is transliterated back. Instead both sides are reduced to a common
*skeleton* in which the letters that schemes disagree about are equal or gone.
"""

from __future__ import annotations

import re

_CYRILLIC = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "e",
        "ж": "z", "з": "z", "и": "i", "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l",
        "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u",
        "ф": "f", "х": "g", "ц": "c", "ч": "c", "ш": "s", "щ": "s", "ъ": "", "ы": "i",
        "ь": "", "э": "e", "ю": "u", "я": "a",
    }
)  # fmt: skip

# Longest first. г and х are both written h (Ukrainian г, Russian х), so they fall together.
_LATIN = re.compile(
    r"shch|sch|sh|zh|kh|gh|ch|ts|tz|ya|ja|yu|ju|yo|jo|ye|je|yi|ji|iy|yy|ij|y|j|h|w|x|q"
)
_SKELETON = {
    "shch": "s", "sch": "s", "sh": "s", "zh": "z", "kh": "g", "gh": "g", "ch": "c",
    "ts": "c", "tz": "c", "ya": "a", "ja": "a", "yu": "u", "ju": "u", "yo": "e", "jo": "e",
    "ye": "e", "je": "e", "yi": "i", "ji": "i", "iy": "i", "yy": "i", "ij": "i", "y": "i",
    "j": "i", "h": "g", "w": "v", "x": "g", "q": "k",
}  # fmt: skip
# Before a consonant j is the French ж of "jdu"; elsewhere it is й.
_FRENCH_J = re.compile(r"j(?=[bdklmnrt])")
_TWICE = re.compile(r"(.)\1")


def skeleton(key: str) -> str:
    """
    Return the skeleton of a folded word, whichever alphabet it is in.

    >>> skeleton("доставка") == skeleton("dostavka")
    True
    >>> skeleton("жду") == skeleton("zhdu")
    True
    """
    latin = _FRENCH_J.sub("zh", key.replace("'", ""))
    latin = _LATIN.sub(lambda match: _SKELETON[match.group()], latin)
    return _TWICE.sub(r"\1", latin.translate(_CYRILLIC))
