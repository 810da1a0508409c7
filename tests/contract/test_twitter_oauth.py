"""OAuth 2.0 on X: tokens of two hours, refresh tokens that work once, and the file between them."""

from __future__ import annotations

import asyncio
import json
import os
import traceback
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from connectors.twitter import Connector, Settings
from connectors.twitter.tokenfile import TokenFile, Tokens
from inboxd.connector import OutgoingReply
from inboxd.errors import RateLimited, TokenInvalid, Unavailable
from inboxd.model import Stream
from inboxd.simulator import twitter
from inboxd.simulator.faults import Fault
from tests.contract.stage import NOW, WIRINGS, messages_of, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.simulator.people import Network
    from tests.contract.stage import Stage

KEYS = twitter.Credentials()
TOKEN = "POST /2/oauth2/token"
OAUTH_1 = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")


@pytest.fixture
def stage(staged: Callable[[Network], Stage]) -> Stage:
    return staged("twitter")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x-oauth2.json"


def keys(path: Path, **changes: Any) -> dict[str, Any]:
    """Return the settings of a confidential client; None takes one away."""
    given = {
        **dict.fromkeys(OAUTH_1),
        "client_id": KEYS.client_id,
        "client_secret": KEYS.client_secret,
        "refresh_token": KEYS.refresh_token,
        "token_file": path,
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None or name in OAUTH_1}


def kept_in(path: Path) -> dict[str, Any]:
    """Return what the file keeps."""
    kept: dict[str, Any] = json.loads(path.read_text())
    return kept


def write_into(path: Path, text: str) -> None:
    path.write_text(text)


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def refreshes(stage: Stage) -> int:
    return len(stage.simulator.log.of("twitter", TOKEN))


async def test_the_first_call_exchanges_the_token_and_keeps_what_comes(
    stage: Stage, path: Path
) -> None:
    """What X gives once is in a file that only its owner can read, before it is used."""
    stage.ask_publicly("Wo?", ago=timedelta(minutes=5))

    told = messages_of(await read(stage.connect(**keys(path))))

    assert len(told) == 1
    assert refreshes(stage) == 1
    kept = kept_in(path)
    assert kept["refresh_token"] == "simulated-refresh-1"
    assert kept["expires_at"] == (NOW + timedelta(hours=2)).isoformat()
    assert KEYS.refresh_token not in str(kept)
    assert mode_of(path) == 0o600


async def test_another_process_goes_on_with_what_was_kept(stage: Stage, path: Path) -> None:
    """A restart needs no refresh, and hours later refreshes with the token that is good now."""
    await read(stage.connect(**keys(path)))
    await read(stage.connect(**keys(path)))
    assert refreshes(stage) == 1
    stage.clock.advance(timedelta(hours=3))

    await read(stage.connect(**keys(path)))

    assert refreshes(stage) == 2
    assert kept_in(path)["refresh_token"] == "simulated-refresh-2"


async def test_a_token_is_renewed_before_it_ends(stage: Stage, path: Path) -> None:
    """No call is made with one that may end on its way."""
    connector = stage.connect(**keys(path))
    await read(connector)
    stage.clock.advance(timedelta(hours=1, minutes=59))

    await read(connector)

    assert refreshes(stage) == 2
    assert [c.status for c in stage.simulator.log.of("twitter")].count(401) == 0


async def test_a_refused_token_is_renewed_once(stage: Stage, path: Path) -> None:
    """X may withdraw one early; the call that it refused was not carried out and is repeated."""
    stage.ask_publicly("Wo?", ago=timedelta(minutes=5))
    connector = stage.connect(**keys(path))
    (question,) = messages_of(await read(connector))
    stage.simulator.faults.switch_on("twitter", Fault.TOKEN_EXPIRED, endpoint="*/tweets", times=1)
    reply = OutgoingReply(
        key="k", thread_id=question.thread_id, stream=Stream.MENTIONS, text="Morgen.",
        parent_id=question.remote_id, recipient=None, sent_after=NOW,
    )  # fmt: skip

    await connector.send(reply)

    assert refreshes(stage) == 2
    statuses = [call.status for call in stage.simulator.log.of("twitter", "POST /2/tweets")]
    assert statuses == [401, 201]


async def test_a_token_that_stays_refused_is_an_invalid_one(stage: Stage, path: Path) -> None:
    """One renewal and no more: else every poll would use up tokens."""
    stage.simulator.faults.switch_on("twitter", Fault.TOKEN_EXPIRED, endpoint="*mentions")
    connector = stage.connect(**keys(path))

    with pytest.raises(TokenInvalid):
        [page async for page in connector.poll("mentions", None)]

    assert refreshes(stage) == 2


async def test_a_public_client_shows_its_name_instead_of_a_secret(stage: Stage, path: Path) -> None:
    """Without client_secret the client_id goes into the form."""
    await read(stage.connect(**keys(path, client_secret=None)))

    (call,) = stage.simulator.log.of("twitter", TOKEN)
    assert call.status == 200
    assert call.body == {
        "grant_type": "refresh_token", "refresh_token": "***", "client_id": KEYS.client_id,
    }  # fmt: skip


async def test_a_given_access_token_is_used_until_x_refuses_it(stage: Stage, path: Path) -> None:
    """Whoever has just authorised need not use up the refresh token."""
    connector = stage.connect(**keys(path, access_token=KEYS.bearer))

    await read(connector)

    assert refreshes(stage) == 0


async def test_two_at_once_use_up_one_token(stage: Stage, path: Path) -> None:
    """The daemon and a command of `inboxd check` share the file; the second waits, and finds it."""
    connectors = [stage.connect(**keys(path)) for _process in range(3)]

    await asyncio.gather(*(connector.check() for connector in connectors))

    assert refreshes(stage) == 1


async def test_a_new_token_in_the_configuration_replaces_the_kept_ones(
    stage: Stage, path: Path
) -> None:
    """After authorising anew the file's old tokens are not tried any more."""
    old = Tokens("gone", "withdrawn", "another seed", NOW + timedelta(hours=1))
    await TokenFile(path).write(old)

    await read(stage.connect(**keys(path)))

    assert kept_in(path)["refresh_token"] == "simulated-refresh-1"


@pytest.mark.parametrize("rubbish", ["", "{}", "not json", "[1]", '{"access_token": 1}'])
async def test_a_broken_file_is_no_file(stage: Stage, path: Path, rubbish: str) -> None:
    """There is still what the configuration says."""
    write_into(path, rubbish)

    await read(stage.connect(**keys(path)))

    assert kept_in(path)["refresh_token"] == "simulated-refresh-1"


async def test_a_used_up_token_says_what_to_do(stage: Stage, path: Path) -> None:
    """Only a person can authorise anew; the account is disconnected until then."""
    connector = stage.connect(**keys(path, refresh_token="used-up-long-ago"))

    with pytest.raises(TokenInvalid, match="authorise the app anew") as raised:
        await read(connector)

    shown = "".join(traceback.format_exception(raised.value))
    assert "used-up-long-ago" not in shown
    assert "new refresh_token" in str(raised.value)


async def test_a_wrong_client_is_told_apart_from_a_used_up_token(stage: Stage, path: Path) -> None:
    """Authorising anew would not help there."""
    connector = stage.connect(**keys(path, client_secret="wrong"))

    with pytest.raises(TokenInvalid, match="check client_id"):
        await read(connector)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(Fault.SERVER_ERROR, Unavailable), (Fault.RATE_LIMIT, RateLimited), (Fault.HTML, Unavailable),
     (Fault.DROP_BEFORE, Unavailable), (Fault.TRUNCATED, Unavailable)],
)  # fmt: skip
async def test_a_failed_refresh_uses_up_nothing_that_can_be_kept(
    stage: Stage, path: Path, fault: Fault, expected: type[Exception]
) -> None:
    """Nobody is told to authorise anew because of a bad minute at X."""
    switch = stage.simulator.faults.switch_on("twitter", fault, endpoint=TOKEN)
    connector = stage.connect(**keys(path))

    with pytest.raises(expected):
        await read(connector)

    stage.simulator.faults.switch_off(switch)
    if fault is not Fault.TRUNCATED:  # where X gave new tokens and the answer was lost
        await read(connector)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unwritable for root")
async def test_no_token_is_asked_for_that_cannot_be_kept(stage: Stage, path: Path) -> None:
    """A folder that cannot be written to is found before the token is used up."""
    path.parent.chmod(0o500)

    with pytest.raises(TokenInvalid, match="token_file"):
        await read(stage.connect(**keys(path)))

    assert refreshes(stage) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_what_root_has_tried_the_daemon_can_use(stage: Stage, path: Path) -> None:
    """The renewed tokens and their lock belong to whom the folder belongs to."""
    os.chown(path.parent, 65_534, 65_534)

    await read(stage.connect(**keys(path)))

    assert {each.name: each.stat().st_uid for each in path.parent.iterdir()} == {
        path.name: 65_534,
        f"{path.name}.lock": 65_534,
    }


async def test_a_folder_that_is_not_there_is_found_before_the_token_is_used_up(
    stage: Stage, tmp_path: Path
) -> None:
    """The text names the file, and nothing was asked of X."""
    path = tmp_path / "not" / "there.json"

    with pytest.raises(TokenInvalid, match=r"there\.json"):
        await read(stage.connect(**keys(path)))

    assert refreshes(stage) == 0


async def test_who_gives_up_waiting_for_the_lock_does_not_keep_it(path: Path) -> None:
    """A cancelled call must not shut out everybody else for good."""
    file = TokenFile(path)
    async with file.locked():
        waiting = asyncio.create_task(_lock(file))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    async with asyncio.timeout(5):
        await _lock(file)


async def _lock(file: TokenFile) -> None:
    async with file.locked():
        pass


async def test_check_says_that_nobody_needs_to_renew(stage: Stage, path: Path) -> None:
    """And that the file is the only place where the token is."""
    told = await stage.connect(**keys(path)).check()

    assert "token_file" in told.renewal
    assert told.expires_at is None


# Settings


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"consumer_key": "k"}, "keep one set"),
        ({"access_token_secret": "k"}, "keep one set"),
        ({"refresh_token": None}, "lacks refresh_token"),
        ({"token_file": None}, "lacks token_file"),
        ({"client_id": None}, "lacks client_id"),
        ({"client_id": None, "client_secret": None, "refresh_token": None, "token_file": None},
         "lacks consumer_key"),
        ({"token_file": ""}, "must name a file"),
    ],
)  # fmt: skip
def test_one_whole_set_of_keys_is_wanted(path: Path, changes: dict[str, Any], told: str) -> None:
    """Both, neither, or half of one is a mistake that names what is wrong, and shows no key."""
    wiring = {**WIRINGS["twitter"].settings, **keys(path, **changes)}

    with pytest.raises(ValidationError, match=told) as raised:
        Settings(name="x", network="twitter", **wiring)

    assert KEYS.client_secret not in str(raised.value)


def test_the_file_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    """As every other path in it is."""
    wiring = {**WIRINGS["twitter"].settings, **keys(Path("secrets/x.json"))}

    settings = Settings.model_validate(
        {"name": "x", "network": "twitter", **wiring}, context={"folder": tmp_path}
    )

    assert settings.token_file == tmp_path / "secrets" / "x.json"


def test_making_a_connector_reads_no_file(stage: Stage, path: Path) -> None:
    """Nothing happens before the first call."""
    assert isinstance(stage.connect(**keys(path)), Connector)
    assert not path.exists()
