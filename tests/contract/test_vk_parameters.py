"""The VK connector sends nothing but what the official schema lets it send."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import vk_api
from jsonschema import Draft202012Validator

from inboxd.simulator import vk
from tests.contract.vk_shop import START, known, open_shop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.contract.vk_shop import Shop

SCHEMA = Path(__file__).parents[2].parent / "shared" / "contracts" / "vk-inbox-schema.json"
pytestmark = pytest.mark.skipif(not SCHEMA.exists(), reason="the official schemas are not here")

STREAMS = ("direct_messages", "comments", "mentions", "search")
KINDS = {vk.COMMUNITY_TOKEN: "group", vk.SERVICE_TOKEN: "service", vk.USER_TOKEN: "user"}
PAGES = {
    "messages.getConversations": 200, "messages.getHistory": 200, "wall.get": 100,
    "wall.getComments": 100, "board.getTopics": 100, "board.getComments": 100,
    "photos.getComments": 100, "photos.getAllComments": 100, "video.getComments": 100,
    "market.getComments": 100, "newsfeed.getMentions": 50, "newsfeed.search": 200,
}  # fmt: skip
Call = tuple[str, str, dict[str, Any]]
"""The kind of token, the method, the parameters."""


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Every call that goes to VK, those inside execute one by one."""
    made: list[Call] = []
    send = vk_api.VkApi.method

    def record(api: Any, method: str, values: dict[str, Any], **options: Any) -> Any:
        kind = KINDS[api.token["access_token"]]
        made.append((kind, method, values))
        inside = re.findall(r"API\.([a-zA-Z.]+)\((\{.*?\})\)", values.get("code", ""))
        made.extend((kind, name, json.loads(params)) for name, params in inside)
        return send(api, method, values, **options)

    monkeypatch.setattr(vk_api.VkApi, "method", record)
    return made


async def use_everything(shop: Shop) -> None:
    """Let the connector do all that it can, with every kind of item there."""
    await shop.poll()
    person, other = shop.world.people[0], shop.world.people[1]
    post = shop.post()
    top = shop.comment(post, "на стене")
    for number in range(12):
        shop.comment(top, f"глубже {number}")
    shop.world.add("vk", "post", "гость", sent_at=START, author=person)
    shop.dm("лично")
    shop.dm("и мне", author=other)
    shop.world.add("vk", "post", "@lavka_sever!", sent_at=START, author=person, wall=person)
    lavka = shop.world.add("vk", "post", "лавка", sent_at=START, author=other, wall=other)
    shop.comment(lavka, "да уж", author=other)
    for place in ("photo", "video", "market", "board"):
        thing = shop.world.add("vk", "post", "?", sent_at=START, place=place)
        shop.comment(thing, place)
    told = await shop.poll()
    for number, message in enumerate(told.values()):
        await shop.connector.send(shop.reply(message, "Да", key=f"reply-{number}"))
    items = [known(message) for message in told.values()]
    assert [page async for page in shop.connector.verify(items)]
    assert (await shop.connector.check()).streams


async def test_every_parameter_is_one_of_the_schemas(calls: list[Call]) -> None:
    """Names, types, ranges, required ones, and the kind of token, of every call that is made."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    changes: dict[str, Any] = {
        "user_token": vk.USER_TOKEN, "streams": STREAMS, "brand_words": ("лавка",),
    }  # fmt: skip
    async with open_shop(**changes) as shop:
        await use_everything(shop)

    made = {method for _kind, method, _params in calls}
    assert made >= {*PAGES, "execute", "messages.getByConversationMessageId", "wall.getById"}
    assert {
        f"{kind}.createComment" for kind in ("wall", "photos", "video", "market", "board")
    } < made
    for kind, method, params in calls:
        official = schema["methods"][method]
        assert kind in official["access_token_type"], method
        assert set(params) <= set(official["parameters"].get("properties", {})), method
        assert int(params.get("count", 0)) <= PAGES.get(method, 0), method
        validate(schema, official["parameters"], params)


def validate(schema: Mapping[str, Any], parameters: Mapping[str, Any], params: Any) -> None:
    """Fail unless *params* are valid once their lists are lists and their flags are flags."""
    written: defaultdict[str, Any] = defaultdict(str)
    for name, value in params.items():
        kind = parameters["properties"][name].get("type")
        items = parameters["properties"][name].get("items", {})
        if kind == "array":
            parts = str(value).split(",")
            is_text = items.get("type") != "integer"
            written[name] = parts if is_text else [int(part) for part in parts]
        elif kind == "boolean":
            assert value in (0, 1)
            assert type(value) is int
            written[name] = bool(value)
        else:
            written[name] = int(value) if kind == "integer" else value
    definition = {**parameters, "$defs": schema["$defs"]}
    Draft202012Validator(definition).validate(dict(written))
