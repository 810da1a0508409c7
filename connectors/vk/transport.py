"""
How VK's methods are called: a thread a token, through vk_api, never showing the token.

vk_api blocks, so each token has one thread of its own. Its exceptions carry the token
(``ApiError.values``, and VK's ``request_params``), therefore none of them leaves this module
or hangs on an exception that does: a failed call *returns* its translation, which is raised
where nothing else is being handled.
"""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from hashlib import blake2b
from threading import Lock, Timer
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import jconfig  # type: ignore[import-untyped] # comes with vk_api, without type information
import requests
import vk_api
from urllib3.exceptions import HTTPError

from connectors.vk.errors import QUOTA_REACHED, Refusal, in_doubt
from connectors.vk.origin import Origin
from connectors.vk.quotas import Quota
from inboxd import line
from inboxd.errors import (
    InboxdError,
    PermissionMissing,
    RateLimited,
    Unavailable,
    UnexpectedPayload,
    is_shortage,
)

if TYPE_CHECKING:
    from connectors.vk.settings import Settings
    from inboxd.clock import Clock
    from inboxd.connector import Ledger, Secret
    from inboxd.model import Json

API_VERSION: Final = "5.199"

# What vk_api raises on purpose, what it lets through, and how it breaks on an answer of a shape
# that it takes for granted.
_SDK_ERRORS = (
    *(vk_api.VkApiError, requests.RequestException, OSError, HTTPError),
    *(KeyError, TypeError, AttributeError, ValueError, RecursionError),
)
_NO_REFUSALS: Mapping[int, str] = MappingProxyType({})
Calls = Sequence[tuple[str, Mapping[str, Any]]]
"""Methods with their parameters."""


class _NotAsked(Unavailable):
    """VK has surely not got the call; after any other Unavailable it may have."""


def _unanswered(error: InboxdError, *, sending: bool) -> InboxdError:
    """Return what the lack of an answer means to whoever asked, or was *sending* something."""
    if isinstance(error, _NotAsked):
        return Unavailable(str(error))
    if sending and isinstance(error, Unavailable | UnexpectedPayload):
        return in_doubt(error)
    return error


def _not_begun(method: str, error: RuntimeError) -> _NotAsked:
    """Return why a call was not even begun, from Python's *error*."""
    if is_shortage(error):
        text = "this machine has no thread left (TasksMax= of the unit, or a limit of the user)"
        return _NotAsked(f"{method}: VK was not asked: {text}")
    return _NotAsked(f"{method}: the connector is closed")


def _of_status(status: int, method: str) -> InboxdError:
    """Return what an HTTP *status* means: VK itself answers with 200, errors included."""
    said = f"{method}: VK answered with HTTP status {status}"
    if status == 429:
        return RateLimited(said)
    # What a server refuses (4xx) or turns away (503) was surely not carried out.
    return _NotAsked(said) if status < 500 or status == 503 else Unavailable(said)


class _Pace:
    """When a token was used last: VK counts by token, however many connectors share it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.last = 0.0

    def used(self, at: float) -> None:
        """Note a use; *at* is in the time that vk_api counts in."""
        self.last = max(self.last, at)


# By a digest of the token, for as long as a connector lives that has it.
_PACES: weakref.WeakValueDictionary[bytes, _Pace] = weakref.WeakValueDictionary()


def _paced(sdk: type[Any], pace: _Pace, clock: Clock) -> type[Any]:
    """
    Return *sdk* with its spacing of calls shared by all who have the same *pace*.

    vk_api counts in the room's own time; a demo's seconds are shorter than that.
    """
    last = property(lambda _: pace.last, lambda _, at: pace.used(at))
    delay = clock.real(timedelta(seconds=sdk.RPS_DELAY)).total_seconds()
    return type(sdk.__name__, (sdk,), {"last_request": last, "RPS_DELAY": delay})


class Api:
    """The methods that one token may call, in a thread of its own."""

    MOST_AT_ONCE: Final = 25
    """Calls that VK takes in one `execute`."""
    _GRACE: Final = 2.0
    """Seconds that a call has to end in once its socket is gone, or its time is up."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a token is used with
        self,
        sdk: type[Any],
        token: Secret,
        words: str,
        settings: Settings,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self.words = words
        self.quota = Quota(words, ledger, clock)
        self._token = token
        self._clock = clock
        self._origin = Origin(settings.api_base, settings.timeout)
        self._limit = settings.timeout.total_seconds() + self._GRACE
        # vk_api spaces the calls: 3 a second, of a community token 20.
        digest = blake2b(token.get_secret_value().encode(), digest_size=16).digest()
        self._pace = _PACES.setdefault(digest, _Pace())
        self._vk = _paced(sdk, self._pace, clock)(
            token=token.get_secret_value(), api_version=API_VERSION,
            session=self._origin.session(), config=jconfig.MemoryConfig,
        )  # fmt: skip
        self._vk.lock = self._pace.lock
        # vk_api would repeat error 6 without end and wait for a person at error 14.
        self._vk.error_handlers.clear()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"vk {settings.name}")
        self._running: set[Future[Any]] = set()

    async def call(
        self,
        method: str,
        params: Mapping[str, Any],
        refusals: Mapping[int, str] = _NO_REFUSALS,
    ) -> Any:  # noqa: ANN401 - each method has its own answer
        """
        Return the answer of *method*.

        Booleans are to be given as 1 and 0; errors whose code is in *refusals* become
        SendRefused with that text.
        """
        return (await self._whole(method, params, refusals))["response"]

    async def send(
        self, method: str, params: Mapping[str, Any], refusals: Mapping[int, str]
    ) -> Any:  # noqa: ANN401 - as in call
        """Do as `call` does with what must not be done twice: a lost answer is OutcomeUnknown."""
        return (await self._whole(method, params, refusals, sending=True))["response"]

    async def call_all(self, calls: Calls) -> list[Any]:
        """
        Return what each of *calls* was answered or, in its place, why VK refused that one.

        Many go into one `execute`. Where VK does not take that, they are made one by one; what
        then ails the network or the token, and not one call, is raised.
        """
        answers: list[Any] = []
        for start in range(0, len(calls), self.MOST_AT_ONCE):
            some = calls[start : start + self.MOST_AT_ONCE]
            try:
                answers += await self._execute(some)
            except (UnexpectedPayload, PermissionMissing, Unavailable):
                answers += [await self._or_refusal(method, params) for method, params in some]
        return answers

    async def _or_refusal(self, method: str, params: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as in call
        try:
            return await self.call(method, params)
        except (PermissionMissing, UnexpectedPayload) as refusal:
            return refusal

    async def _execute(self, calls: Calls) -> list[Any]:
        if len(calls) == 1:
            return [await self._or_refusal(*calls[0])]
        for method, _params in calls:
            self.quota.require(method)
        written = (f"API.{method}({json.dumps(dict(params))})" for method, params in calls)
        whole = await self._whole("execute", {"code": f"return [{','.join(written)}];"})
        answers = whole["response"]
        if not isinstance(answers, list) or len(answers) != len(calls):
            raise UnexpectedPayload("execute: not one answer a call", self._masked(whole))
        errors = whole.get("execute_errors")
        refused = iter(errors if isinstance(errors, list) else ())
        return [
            self._refused(method, next(refused, None)) if answer is False else answer
            for (method, _params), answer in zip(calls, answers, strict=True)
        ]

    def _refused(self, method: str, error: object) -> InboxdError:
        """Return why a call inside `execute` failed: it answers false, the reasons stand apart."""
        told = error if isinstance(error, dict) else {}
        code = told.get("error_code")
        if not isinstance(code, int):
            return Unavailable(f"{method}: VK gave neither an answer nor a reason")
        return self._settled(Refusal(code, self._said(told), method, self.words), _NO_REFUSALS)

    async def _whole(
        self,
        method: str,
        params: Mapping[str, Any],
        refusals: Mapping[int, str] = _NO_REFUSALS,
        *,
        sending: bool = False,
    ) -> Json:
        """Return VK's whole answer, which has a `response`."""
        self.quota.require(method)
        loop = asyncio.get_running_loop()
        begun, wanted = asyncio.Event(), True

        def ask() -> Any:  # noqa: ANN401 - as in call
            if not wanted:
                return None
            loop.call_soon_threadsafe(begun.set)
            return self._ask(method, dict(params))

        try:
            future = self._executor.submit(ask)
        except RuntimeError as error:
            # It waits in the queue all the same, for the thread that may be there later.
            wanted = False
            raise _unanswered(_not_begun(method, error), sending=sending) from None
        self.quota.count(method)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        answer = await self._in_time(future, begun, method)
        if isinstance(answer, Refusal):
            raise self._settled(answer, refusals, sending=sending)
        if isinstance(answer, InboxdError):
            raise _unanswered(answer, sending=sending)
        whole: Json = answer
        return whole

    async def _in_time(self, future: Future[Any], begun: asyncio.Event, method: str) -> Any:  # noqa: ANN401 - as in call
        """
        Return what *future* brings, within the time that a call has from when it has *begun*.

        A thread that looks up a name has no socket yet that could be closed.
        """
        answered = asyncio.wrap_future(future)
        beginning = asyncio.create_task(begun.wait())
        try:
            await asyncio.wait({answered, beginning}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({answered}, timeout=self._limit + self._GRACE)
            if answered.cancelled():
                return _NotAsked(f"{method}: the connector is closed")
            if not answered.done():
                host = line.host_of(self._origin.url)
                return Unavailable(f"{method}: no answer from VK: {host} does not answer in time")
            return await answered
        finally:
            beginning.cancel()
            answered.cancel()

    def _settled(
        self, refusal: Refusal, refusals: Mapping[int, str], *, sending: bool = False
    ) -> InboxdError:
        now = self._clock.now()
        if refusal.code == QUOTA_REACHED:
            self.quota.rest(refusal.method, refusal.quota_ends(now))
        return refusal.translated(refusals, now, sending=sending)

    def _ask(self, method: str, params: dict[str, Any]) -> Any:  # noqa: ANN401 - as in call
        """Return the answer, or what went wrong without a trace of the token."""
        # requests limits the time between two bytes; an answer that drips would last for ever.
        limit = Timer(self._limit, self._origin.hang_up)
        limit.daemon = True
        try:
            limit.start()
        except RuntimeError as error:
            return _not_begun(method, error)
        try:
            answer = self._vk.method(method, params, raw=True)
        except InboxdError as error:  # from what stands before the line: nothing was sent
            return _NotAsked(f"{method}: VK was not asked: {error}")
        except _SDK_ERRORS as error:
            return self._translated(error, method)
        finally:
            limit.cancel()
        if isinstance(answer, dict) and "response" in answer:
            return answer
        return UnexpectedPayload(f"{method}: VK's answer has no response", self._masked(answer))

    def _translated(self, error: Exception, method: str) -> Refusal | InboxdError:
        if isinstance(error, vk_api.ApiError):
            return Refusal(error.code, self._said(error.error), method, self.words)
        if isinstance(error, vk_api.ApiHttpError):
            return _of_status(error.response.status_code, method)
        if isinstance(error, requests.JSONDecodeError):
            return Unavailable(f"{method}: VK answered with something that is not JSON")
        name = type(error).__name__
        if isinstance(error, requests.RequestException | OSError | HTTPError):
            refused = line.never_begun(error) or isinstance(error, requests.TooManyRedirects)
            kind = _NotAsked if refused else Unavailable
            return kind(f"{method}: no answer from VK: {self._origin.trouble(error)}")
        return UnexpectedPayload(f"{method}: VK's answer broke vk_api ({name})")

    def _said(self, error: Any) -> str:  # noqa: ANN401 - VK's error object, of whatever shape
        """Return VK's words, without the token in case they repeat it."""
        said = str(error.get("error_msg", "")) if isinstance(error, dict) else ""
        return said.replace(self._token.get_secret_value(), "***")[:300]

    def _masked(self, answer: object) -> object:
        """Return *answer* without the token, which VK echoes in places that nobody foresees."""
        written = json.dumps(answer, default=str)
        return json.loads(written.replace(self._token.get_secret_value(), "***"))

    async def close(self) -> None:
        """Let nothing begin, end what is under way, and give back thread and connections."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._origin.cut()
        under_way = [asyncio.wrap_future(future) for future in list(self._running)]
        hanging = (await asyncio.wait(under_way, timeout=self._GRACE))[1] if under_way else ()
        self._executor.shutdown(wait=not hanging)
        self._vk.http.close()
