"""
`execute`: up to 25 calls in one.

Of VKScript only what a batch needs: `return [API.method({"name": "value"}), …];`. A call that
fails answers false, and its error stands in `execute_errors`. Source: dev.vk.com/method/execute.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from inboxd.simulator.vk.protocol import VkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inboxd.simulator.vk.protocol import Json

_MOST_CALLS = 25
_LIST = re.compile(r"\s*return\s*\[(.*)\]\s*;?\s*", re.DOTALL)
_CALL = re.compile(r"\s*API\.([a-zA-Z]+\.[a-zA-Z]+)\(\s*")
_END = re.compile(r"\s*\)\s*(,|$)")


def run(code: str, call: Callable[[str, dict[str, str]], Any]) -> Json:
    """
    Return the answers of the calls in *code*, and the errors of those that failed.

    Raises error 12 for code that is no such list, 13 for too many calls.
    """
    answers: list[Any] = []
    errors: list[Json] = []
    calls = list(_calls(code))
    if len(calls) > _MOST_CALLS:
        raise VkError(13, "too many api calls")
    for method, params in calls:
        try:
            answers.append(call(method, params))
        except VkError as error:
            answers.append(False)
            told = {"method": method, "error_code": error.code, "error_msg": str(error)}
            errors.append(told)
    return {"response": answers, **({"execute_errors": errors} if errors else {})}


def _calls(code: str) -> Iterator[tuple[str, dict[str, str]]]:
    listed = _LIST.fullmatch(code)
    if listed is None:
        raise VkError(12, "the simulator runs lists of calls only")
    rest = listed[1]
    while rest.strip():
        named = _CALL.match(rest)
        if named is None:
            raise VkError(12, "unexpected token")
        try:
            params, end = json.JSONDecoder().raw_decode(rest, named.end())
        except ValueError:
            raise VkError(12, "unexpected token") from None
        ended = _END.match(rest, end)
        if ended is None or not isinstance(params, dict):
            raise VkError(12, "unexpected token")
        yield named[1], {name: _written(value) for name, value in params.items()}
        rest = rest[ended.end() :]


def _written(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(int(value)) if isinstance(value, bool) else str(value)
