"""Promises about `[[watch]]` in the configuration."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.config import advice, load
from inboxd.connector import AccountSettings
from inboxd.errors import ConfigError
from inboxd.model import Stream
from inboxd.plugins import networks, networks_unloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from inboxd.config import Settings

    Read = Callable[..., Settings]
    Tell = Callable[..., Sequence[str]]

ENV = {"VK": "a-community-token", "SERVICE": "a-service-token"}
VK = """
[[accounts]]
name = "shop-vk"
network = "vk"
group_id = 1
token = { env = "VK" }
service_token = { env = "SERVICE" }
api_base = "http://vk.example"
streams = ["comments"]
"""
WATCH = '[[watch]]\nname = "yug"\nnetwork = "vk"\ngroup_id = 2\n'
OTHER = WATCH.replace("yug", "vostok").replace("2", "3")
X = """
[[accounts]]
name = "shop-x"
network = "twitter"
user_id = "1"
client_id = { env = "VK" }
refresh_token = { env = "SERVICE" }
token_file = "x.json"
streams = ["mentions"]
"""


class Guestbook(AccountSettings):
    """A network whose connector reads nothing of others."""

    streams: tuple[Stream, ...] = (Stream.COMMENTS,)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reading(*parts: str, **options: Any) -> Settings:
        path = tmp_path / "config.toml"
        path.write_text("\n".join([VK, *parts]), encoding="utf-8")
        there: Any = {**networks(), "guestbook": lambda: Guestbook}
        return load(path, options.pop("networks", there), ENV, **options)

    return reading


@pytest.fixture
def problems(read: Read) -> Tell:
    def telling(*parts: str) -> Sequence[str]:
        with pytest.raises(ConfigError) as caught:
            read(*parts)
        return [str(problem) for problem in caught.value.problems]

    return telling


def test_a_rival_may_have_a_token_of_its_own(read: Read) -> None:
    """What is not said has defaults; whatever writes text knows the secret."""
    settings = read(WATCH, 'service_token = { env = "VK" }')

    (watch,) = settings.watch
    assert (watch.poll_every, watch.backfill) == (timedelta(hours=6), timedelta(days=7))
    assert watch.api_base == "https://api.vk.ru"
    assert ENV["VK"] in settings.secrets()


def test_a_rival_may_be_read_with_an_account_s_tokens(read: Read) -> None:
    """What opens the account's network opens the rival's; what is said here stands above it."""
    borrowed, own = read(
        WATCH, 'tokens_of = "shop-vk"', OTHER, 'tokens_of = "shop-vk"',
        'api_base = "http://proxy.example"',
    ).watch  # fmt: skip

    assert borrowed.model_dump()["service_token"].get_secret_value() == ENV["SERVICE"]
    assert borrowed.api_base == "http://vk.example"
    assert own.api_base == "http://proxy.example"


def test_a_calendar_of_a_rival_alone_is_used(read: Read) -> None:
    """By it the rival's answers are timed; whoever is told that nothing uses it takes it out."""
    office = '[[calendars]]\nname = "office"\nmon = ["09:00-18:00"]\n'
    borrowed = 'tokens_of = "shop-vk"\ncalendar = "office"'

    idle, used = read(office, WATCH, 'tokens_of = "shop-vk"'), read(office, WATCH, borrowed)

    assert [hint.path for hint in advice(idle) if "calendars" in hint.path] == ["calendars[0]"]
    assert [hint.path for hint in advice(used) if "calendars" in hint.path] == []


def test_our_own_account_is_no_rival(problems: Tell) -> None:
    """Beside itself it would tell nobody anything, and be read twice."""
    own = WATCH.replace("group_id = 2", "group_id = 1")

    assert problems(own, 'tokens_of = "shop-vk"') == [
        "watch[0].group_id = 1; that is our own shop-vk; the report has it anyway"
    ]


def test_every_problem_of_a_rival_is_told_with_its_place(problems: Tell) -> None:
    """Each says what may stand there instead."""
    assert problems(
        '[[watch]]\nname = "shop-vk"\nnetwork = "vk"\ngroup_id = 0\ntokens_of = "shop-fk"',
        'calendar = "ofice"\npoll_evry = "1h"\npoll_every = "1m"\n[[calendars]]\nname = "office"',
        'mon = ["09:00-18:00"]',
        '[[watch]]\nname = "b"\nnetwork = "vkk"',
        '[[watch]]\nname = "c"\nnetwork = "guestbook"',
        '[[watch]]\nname = "d"\nnetwork = "facebook"\ntokens_of = "shop-vk"',
    )[:10] == [
        'watch[0].name = "shop-vk"; an account of ours has that name already',
        'watch[0].tokens_of = "shop-fk"; did you mean shop-vk? there are: shop-vk among the accounts on vk',
        'watch[0].calendar = "ofice"; did you mean office? there are: always, office',
        "watch[0].poll_evry is unknown; did you mean poll_every?",
        'watch[0].poll_every = "1m"; it must be at least 10m: nobody waits for what is read there',
        "watch[0].group_id = 0; it must be more than 0 (The community's number, without a minus)",
        'watch[0].service_token is missing; write { env = "…" }, { file = "…" } or { credential = "…" }',
        'watch[1].network = "vkk"; did you mean vk? there are: facebook, guestbook, twitter, vk',
        'watch[2].network = "guestbook"; its connector does not read what is public of others',
        'watch[3].tokens_of = "shop-vk"; there are none among the accounts on facebook',
    ]  # fmt: skip


def test_two_rivals_of_one_name_are_one_too_many(problems: Tell) -> None:
    """Their figures would be mixed."""
    with_token = WATCH + 'service_token = { env = "VK" }\n'
    assert problems(with_token, with_token) == [
        'watch[1].name = "yug"; watch[0] has that name already'
    ]


def test_a_rival_under_two_names_is_one_too_many(problems: Tell) -> None:
    """It would be read twice, and on X paid for twice; X's handles have no capitals."""
    on_x = (
        '[[watch]]\nname = "a"\nnetwork = "twitter"\nhandle = "Yug"\nbearer_token = { env = "VK" }'
    )
    again = on_x.replace('"a"', '"b"').replace("Yug", "yug")
    borrowed = 'tokens_of = "shop-vk"'

    assert problems(WATCH, borrowed, WATCH.replace("yug", "south"), borrowed, on_x, again) == [
        "watch[1].group_id = 2; watch[0] watches that account already",
        'watch[3].handle = "yug"; watch[2] watches that account already',
    ]


def test_an_app_s_keys_do_not_make_a_rival_our_own(read: Read) -> None:
    """Whoever writes them again instead of *tokens_of* has still somebody else's account."""
    watch = '[[watch]]\nname = "a"\nnetwork = "twitter"\nhandle = "yug"\nclient_id = { env = "VK" }'

    assert read(X, watch, 'bearer_token = { env = "SERVICE" }').watch[0].name == "a"


def test_commands_that_load_no_network_take_rivals_as_they_are(read: Read) -> None:
    """Only who reads them needs to know what each network wants to be told."""
    (watch,) = read(WATCH, 'tokens_of = "shop-vk"', networks=networks_unloaded()).watch

    assert watch.name == "yug"
