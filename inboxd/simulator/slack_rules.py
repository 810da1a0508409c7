"""What Slack refuses: block limits and texts, by the names of its errors."""

from __future__ import annotations

from typing import Any

MAX_TEXT = 40_000
_MAX_BLOCKS = 50
_MAX_ATTACHMENTS = 100
# slackapi/bolt-js#2509: refused near 13,200 characters of blocks, below every documented limit.
_MAX_TOTAL = 13_200
_TYPES = frozenset(
    ("section", "header", "context", "actions", "divider", "image", "rich_text", "markdown",
     "input", "video", "file")
)  # fmt: skip
_ELEMENT_LIMITS = {"context": 10, "actions": 25}
_BUTTON_LIMITS = {"value": 2000, "url": 3000, "action_id": 255}
_OPTION_LIMITS = {"value": 150, "url": 3000}
_MOST_OPTIONS = 5

Json = dict[str, Any]


class RefusedError(Exception):
    """A message Slack does not take; *code* is Slack's name for why."""

    def __init__(self, code: str, *details: str) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def check_message(text: str, blocks: object, attachments: object) -> list[Json]:
    """Return the blocks of a message that Slack takes; raise for one that it does not."""
    if attachments is not None and not isinstance(attachments, list):
        raise RefusedError("invalid_attachments")
    if attachments and len(attachments) > _MAX_ATTACHMENTS:
        raise RefusedError("too_many_attachments")
    if blocks is None:
        blocks = []
    if not isinstance(blocks, list):
        raise RefusedError("invalid_blocks_format")
    if not text and not blocks and not attachments:
        raise RefusedError("no_text")
    problems = _block_problems(blocks)
    if problems:
        raise RefusedError("invalid_blocks", *problems)
    if sum(_characters(block) for block in blocks) > _MAX_TOTAL:
        raise RefusedError("msg_blocks_too_long")
    return blocks


def _block_problems(blocks: list[object]) -> list[str]:
    problems = []
    if len(blocks) > _MAX_BLOCKS:
        problems.append(f"no more than {_MAX_BLOCKS} items allowed [json-pointer:/blocks]")
    ids = [block.get("block_id") for block in blocks if isinstance(block, dict)]
    named = [block_id for block_id in ids if block_id is not None]
    if len(named) != len(set(named)):
        problems.append("block_id is used twice [json-pointer:/blocks]")
    for index, block in enumerate(blocks):
        where = f"[json-pointer:/blocks/{index}]"
        problems += [f"{problem} {where}" for problem in _problems_of(block)]
    return problems


def _problems_of(block: object) -> list[str]:
    if not isinstance(block, dict) or block.get("type") not in _TYPES:
        return ["unsupported block type"]
    problems = _too_long(block, "block_id", 255)
    match block["type"]:
        case "section":
            problems += _section_problems(block)
        case "header":
            problems += _text_problems(block.get("text"), 150, plain=True)
        case "image":
            problems += (
                _too_long(block, "alt_text", 2000) if block.get("alt_text") else ["no alt_text"]
            )
        case "context" | "actions" as kind:
            elements = block.get("elements")
            if not isinstance(elements, list) or not 1 <= len(elements) <= _ELEMENT_LIMITS[kind]:
                return [*problems, f"must have 1 to {_ELEMENT_LIMITS[kind]} elements"]
            for element in elements:
                problems += _element_problems(element, kind)
            ids = [each["action_id"] for each in elements if "action_id" in each]
            if len(ids) != len(set(ids)):
                problems.append("action_id is used twice")
    return problems


def _section_problems(block: Json) -> list[str]:
    fields = block.get("fields", [])
    if not isinstance(fields, list) or len(fields) > 10:
        return ["no more than 10 fields allowed"]
    if "text" not in block and not fields:
        return ["missing text or fields"]
    problems = _text_problems(block["text"], 3000) if "text" in block else []
    for field in fields:
        problems += _text_problems(field, 2000)
    accessory = block.get("accessory")
    return problems + (_element_problems(accessory, "actions") if accessory is not None else [])


def _element_problems(element: object, kind: str) -> list[str]:
    if not isinstance(element, dict) or "type" not in element:
        return ["unsupported element type"]
    if kind == "context":
        return [] if element["type"] == "image" else _text_problems(element, 2000)
    if element["type"] == "overflow":
        return _menu_problems(element)
    if element["type"] != "button":
        return _too_long(element, "action_id", 255)
    problems = _text_problems(element.get("text"), 75, plain=True)
    for name, limit in _BUTTON_LIMITS.items():
        problems += _too_long(element, name, limit)
    if element.get("style", "primary") not in ("primary", "danger"):
        problems.append("style must be primary or danger")
    return problems + _address_problems(element)


def _menu_problems(menu: Json) -> list[str]:
    problems = _too_long(menu, "action_id", 255)
    options = menu.get("options")
    if not isinstance(options, list) or not 1 <= len(options) <= _MOST_OPTIONS:
        return [*problems, f"must have 1 to {_MOST_OPTIONS} options"]
    for option in options:
        if not isinstance(option, dict) or not option.get("value"):
            return [*problems, "an option must have a value"]
        problems += _text_problems(option.get("text"), 75, plain=True)
        problems += _address_problems(option)
        for name, limit in _OPTION_LIMITS.items():
            problems += _too_long(option, name, limit)
    return problems


def _address_problems(element: Json) -> list[str]:
    """Slack wants a whole web address where a press shall lead somewhere."""
    if "url" not in element or str(element["url"]).startswith(("https://", "http://")):
        return []
    return ["url must be a web address"]


def _text_problems(text: object, limit: int, *, plain: bool = False) -> list[str]:
    """Check a text object; Slack refuses an empty one too."""
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if not isinstance(text, dict) or text.get("type") not in kinds:
        return [f"text must be an object of type {' or '.join(kinds)}"]
    content = text.get("text")
    if not isinstance(content, str) or not content:
        return ["must be more than 0 characters"]
    return [f"must be less than {limit + 1} characters"] if len(content) > limit else []


def _too_long(holder: Json, name: str, limit: int) -> list[str]:
    value = holder.get(name, "")
    if not isinstance(value, str):
        return [f"{name} must be a string"]
    return [f"{name} must be less than {limit + 1} characters"] if len(value) > limit else []


def _characters(value: object) -> int:
    """Count what people would read in a block."""
    if isinstance(value, dict):
        return sum(
            len(inner) if name == "text" and isinstance(inner, str) else _characters(inner)
            for name, inner in value.items()
        )
    if isinstance(value, list):
        return sum(_characters(inner) for inner in value)
    return 0
