"""The simulated Graph API answers with the official specs' fields and the contract's envelopes."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout
from aiohttp.test_utils import TestServer
from jsonschema import Draft202012Validator

from inboxd.simulator import facebook
from inboxd.simulator.facebook import fields as syntax
from inboxd.simulator.facebook import nodes
from inboxd.simulator.facebook.unserved import UNSERVED
from inboxd.simulator.facebook.view import View
from inboxd.simulator.faults import Fault, Faults, RequestLog
from inboxd.simulator.world import Item, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inboxd.simulator.people import Person

SPEC = Path(__file__).parents[2].parent / "shared" / "contracts" / "facebook-inbox-spec.json"
pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the official specs are not here")

Json = dict[str, Any]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAGE = "1234567890"
SECRET = "the app's secret"
OLD = "v21.0"


BESIDE_THE_SPECS = {"Page": {"ads_posts": "PagePost", "photos": "Photo"}}
"""Edges of Facebook's reference that the cut of the specs leaves out; what they list is in it."""


class Spec:
    """The official specs and the contract, as checks on an answer."""

    def __init__(self) -> None:
        self.loaded: Json = json.loads(SPEC.read_text(encoding="utf-8"))
        self.contract: Json = self.loaded["contract"]

    def fields(self, kind: str) -> dict[str, Any]:
        """Return the type of each field; of a message, which has no spec, an example."""
        if kind == "UnifiedMessage":
            examples: Json = self.contract["message_object"]["fields"]
            return examples
        return {one["name"]: one["type"] for one in self.loaded["objects"][kind]["fields"]}

    def edges(self, kind: str) -> dict[str, str]:
        """Return what each edge that can be read leads to."""
        apis = self.loaded["objects"].get(kind, {"apis": []})["apis"]
        named = {
            one["endpoint"]: one["return"]
            for one in apis
            if one["method"] == "GET" and "endpoint" in one
        }
        return {**named, **BESIDE_THE_SPECS.get(kind, {})}

    def check(self, kind: str, answer: Json) -> None:
        """Fail unless *answer* has only real fields, each of its type."""
        fields, edges = self.fields(kind), self.edges(kind)
        for name, value in answer.items():
            if name in edges:
                self.check_list(edges[name], value)
            elif kind == "UnifiedMessage":
                assert isinstance(value, type(fields[name])), (kind, name, value)
            else:
                self.check_type(fields[name], value)

    def check_list(self, kind: str, answer: Json) -> None:
        """Fail unless *answer* is the list envelope, with objects of *kind*."""
        assert answer.keys() <= {"data", "paging"}
        assert set(answer.get("paging", {})) <= {"cursors", "next", "previous"}
        for one in answer["data"]:
            self.check(kind, one)

    def check_type(self, declared: str, value: object) -> None:
        """Fail unless *value* is what the spec declares."""
        if declared in self.loaded["objects"]:
            assert isinstance(value, dict)
            self.check(declared, value)
        elif declared == "datetime":
            assert isinstance(value, str)
            assert datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z").tzinfo is not None
        else:
            types: dict[str, Any] = {
                "string": str, "bool": bool, "int": int, "unsigned int": int,
                "float": int | float, "Object": dict, "list": list, "User": dict,
            }  # fmt: skip
            if declared.startswith("list<"):
                assert isinstance(value, list)
                for one in value:
                    self.check_type(declared[5:-1], one)
            elif declared in self.loaded["referenced_types"]:
                fields = self.loaded["referenced_types"][declared]["fields"]
                assert isinstance(value, dict)
                assert value.keys() <= {field["name"] for field in fields}
            else:
                assert isinstance(value, types[declared]), (declared, value)

    def check_error(self, answer: Json) -> None:
        """Fail unless *answer* is the contract's error, with a code that the contract knows."""
        Draft202012Validator(self.contract["error"]["schema"]).validate(answer)
        known = {entry["code"] for entry in self.contract["error"]["codes"]}
        code = answer["error"]["code"]
        assert code in known or (200 <= code <= 299 and "200-299" in known)


@dataclass
class Clock:
    """The time of the simulated world, moved by hand."""

    at: datetime = START

    def __call__(self) -> datetime:
        """Return the simulated instant."""
        return self.at

    def ahead(self, **duration: float) -> None:
        """Let simulated time pass; the keywords are timedelta's."""
        self.at += timedelta(**duration)


@dataclass
class Graph:
    """A client that checks whatever it gets against the specs."""

    session: ClientSession
    base: str
    world: World
    faults: Faults
    log: RequestLog
    clock: Clock
    usage: facebook.Usage
    refusals: dict[int, int]
    details: dict[int, Json]
    pages: dict[str, facebook.Pages]
    spec: Spec

    async def raw(self, path: str, *, token: str = facebook.PAGE_TOKEN, **query: Any) -> Any:
        """Read; return the status and the answer, an error's envelope checked."""
        parameters = {"access_token": token} | {k: str(v) for k, v in query.items()}
        async with self.session.get(f"{self.base}/{path}", params=parameters) as response:
            answer = await response.json()
        if "error" in answer:
            self.spec.check_error(answer)
        return response.status, answer

    async def get(self, kind: str, path: str, **query: Any) -> Json:
        """Read one object of *kind*."""
        status, answer = await self.raw(path, **query)
        assert status == 200, answer
        self.spec.check(kind, answer)
        return dict(answer)

    async def page(self, kind: str, path: str, **query: Any) -> Json:
        """Read one page of objects of *kind*."""
        status, answer = await self.raw(path, **query)
        assert status == 200, answer
        self.spec.check_list(kind, answer)
        return dict(answer)

    async def batch(self, *relative_urls: str, **form: str) -> Any:
        """Send a batch of GETs; return the status and the answer."""
        calls = [{"method": "GET", "relative_url": url} for url in relative_urls]
        data = {"batch": json.dumps(calls), "access_token": facebook.PAGE_TOKEN, **form}
        async with self.session.post(f"{self.base}/v21.0/", data=data) as response:
            return response.status, await response.json()

    async def walk(self, answer: Json) -> list[str]:
        """Follow `next` to the end; return the ids that were seen."""
        seen = [one["id"] for one in answer["data"]]
        while "next" in answer.get("paging", {}):
            async with self.session.get(answer["paging"]["next"]) as response:
                answer = await response.json()
            seen += [one["id"] for one in answer["data"]]
        return seen

    async def post(self, path: str, token: str = facebook.PAGE_TOKEN, **body: Any) -> Any:
        """Write; return the status and the answer."""
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.base}/{path}"
        async with self.session.post(url, json=body, headers=headers) as response:
            answer = await response.json()
        if "error" in answer:
            self.spec.check_error(answer)
        return response.status, answer

    async def send(self, person: Person, text: str = "Уже в пути.", **body: Any) -> Any:
        """Send a message; return its id, or the code and subcode of the error."""
        recipient = {"id": str(person.id_on("facebook"))}
        _status, answer = await self.post(
            f"{PAGE}/messages", recipient=recipient, message={"text": text}, **body
        )
        if "error" in answer:
            return answer["error"]["code"], answer["error"].get("error_subcode", 0)
        assert answer.keys() == self.spec.contract["messaging_window"]["send"]["response"].keys()
        assert answer["recipient_id"] == recipient["id"]
        return answer["message_id"]

    def customer(self, key: str = "anna", name: str = "Anna Vogel") -> Person:
        """Add a customer."""
        return self.world.new_person(key, name, language="de")

    def writes(self, author: Person, text: str = "Wo ist mein Paket?", **late: Any) -> Item:
        """Let a customer write a private message now."""
        return self.world.add("facebook", "dm", text, sent_at=self.clock.at, author=author, **late)

    def posts(self, text: str = "Wir haben offen!", **author: Any) -> Item:
        """Let the Page, or an author, post to the Page now."""
        return self.world.add("facebook", "post", text, sent_at=self.clock.at, **author)

    def photo(self, text: str = "Jacke, hinten") -> Item:
        """Let the Page upload a picture now."""
        photo = self.posts(text)
        self.details[photo.serial] = {"list": "photos"}
        return photo

    def comments(self, to: Item, text: str = "?", **author: Any) -> Item:
        """Let the Page, or an author, answer an item now."""
        return self.world.reply(to.serial, text, sent_at=self.clock.at, **author)

    def id(self, item: Item) -> str:
        """Return an item's id."""
        return self.world.remote_id(item)


@pytest.fixture
async def graph(request: pytest.FixtureRequest) -> AsyncIterator[Graph]:
    """Serve an empty world; a parameter is the app's secret."""
    world, faults, log, clock = World(customers=0), Faults(), RequestLog(), Clock()
    usage, refusals, details = facebook.Usage(silent=3), dict[int, int](), dict[int, Json]()
    pages = dict[str, facebook.Pages]()
    application = facebook.app(
        world, faults, log, clock,
        app_secret=getattr(request, "param", ""), refusals=refusals, usage=usage,
        details=details, pages=pages,
    )  # fmt: skip
    server = TestServer(application)
    await server.start_server()
    async with ClientSession(timeout=ClientTimeout(total=5)) as session:
        base = str(server.make_url("")).rstrip("/")
        yield Graph(
            session, base, world, faults, log, clock, usage, refusals, details, pages, Spec()
        )
    await server.close()


# The fields parameter


def test_nested_fields_with_modifiers_are_a_tree() -> None:
    """Names, modifiers and braces at any depth; white space means nothing."""
    parsed = syntax.parse("id, comments.filter(stream) .limit(5){from{name} , message},likes")
    comments = parsed[1]
    assert [field.name for field in parsed] == ["id", "comments", "likes"]
    assert dict(comments.modifiers) == {"filter": "stream", "limit": "5"}
    assert comments.fields is not None
    assert [field.name for field in comments.fields] == ["from", "message"]
    assert comments.fields[0].fields == (syntax.Field("name"),)


def test_rendered_fields_parse_to_the_same_tree() -> None:
    """What goes into a `next` URL asks for the same again."""
    text = "id,comments.order(reverse_chronological).limit(5){from{id,name},comments{id}}"
    assert syntax.parse(syntax.render(syntax.parse(text))) == syntax.parse(text)


@pytest.mark.parametrize(
    "text", ["", ",", "id,", "id,,from", "from{", "from{}", "from{id", "from}", "a.limit(5", "a.b"]
)
def test_malformed_fields_are_refused(text: str) -> None:
    """A typing error in `fields` is not guessed at."""
    with pytest.raises(syntax.FieldsSyntaxError):
        syntax.parse(text)


@pytest.mark.parametrize("kind", sorted(set(UNSERVED) - {"UnifiedMessage"}))
async def test_every_field_of_the_specs_is_known_and_no_other(graph: Graph, kind: str) -> None:
    """A real field may be asked for, an invented one is error 100."""
    path = _one_of_each(graph)[kind]
    names = sorted(graph.spec.fields(kind))
    status, answer = await graph.raw(path, fields=",".join(names))
    assert status == 200, answer
    shown = answer["data"][0] if "data" in answer else answer
    graph.spec.check(kind, shown)
    assert shown.keys() == set(names) - UNSERVED[kind] - (
        {"parent"} if kind == "Comment" else set()
    )
    status, answer = await graph.raw(path, fields="invented")
    assert (status, answer["error"]["code"]) == (400, 100)


async def test_every_field_of_a_message_is_known(graph: Graph) -> None:
    """The fields of recorded messages."""
    message = graph.writes(graph.customer())
    names = set(graph.spec.fields("UnifiedMessage"))
    shown = await graph.get("UnifiedMessage", graph.id(message), fields=",".join(names))
    assert shown.keys() == names - UNSERVED["UnifiedMessage"]


def _one_of_each(graph: Graph) -> dict[str, str]:
    """Write one thing of each kind; return where to read it."""
    anna = graph.customer()
    graph.writes(anna)
    post = graph.posts()
    comment = graph.comments(post, author=anna)
    graph.world.add("facebook", "review", "Gut", sent_at=graph.clock.at, author=anna, positive=True)
    return {
        "Page": f"{OLD}/{PAGE}",
        "PagePost": f"{OLD}/{graph.id(post)}",
        "Comment": f"{OLD}/{graph.id(comment)}",
        "UnifiedThread": f"{OLD}/t_{anna.id_on('facebook')}",
        "Recommendation": f"{OLD}/{PAGE}/ratings",
        "Photo": f"{OLD}/{graph.photo().number}",
    }


async def test_without_fields_only_the_defaults_are_given(graph: Graph) -> None:
    """The id and little else."""
    paths = _one_of_each(graph)
    assert (await graph.get("Page", paths["Page"])).keys() == {"id", "name"}
    assert (await graph.get("PagePost", paths["PagePost"])).keys() == {
        "id", "created_time", "message",
    }  # fmt: skip
    assert (await graph.get("UnifiedThread", paths["UnifiedThread"])).keys() == {
        "id", "link", "updated_time",
    }  # fmt: skip


async def test_only_the_parts_asked_for_are_given(graph: Graph) -> None:
    """The id always, and within an object too."""
    anna = graph.customer()
    comment = graph.comments(graph.posts(), author=anna)
    shown = await graph.get("Comment", graph.id(comment), fields="message,from{name}")
    assert shown == {
        "id": graph.id(comment),
        "message": "?",
        "from": {"name": "Anna Vogel", "id": str(anna.id_on("facebook"))},
    }


async def test_the_calls_that_the_contract_recommends_are_answered(graph: Graph) -> None:
    """Each GET of `recommended_calls` works as written."""
    _one_of_each(graph)
    post = graph.posts()
    for call in graph.spec.contract["recommended_calls"]:
        method, _, rest = call.partition(" ")
        if method == "GET":
            path = rest.replace("{page-id}", PAGE).replace("{post-id}", graph.id(post))
            path, _, query = path.replace("{unix}", "0").lstrip("/").partition("?")
            parameters = {name: values[0] for name, values in parse_qs(query).items()}
            status, answer = await graph.raw(path, **parameters)
            assert status == 200, (call, answer)


DETAILS: dict[str, Json] = {
    "PagePost": {
        "story": "Anna Vogel was at Lavka Sever.",
        "full_picture": "https://scontent.example/p.jpg",
        "message_tags": [{"id": PAGE, "name": "Lavka Sever", "type": "page"}],
        "shares": {"count": 3},
    },
    "Comment": {
        "message_tags": [{"id": "24", "name": "Anna", "type": "user", "offset": 0, "length": 4}],
        "attachment": {
            "type": "sticker",
            "url": "https://www.facebook.com/sticker/1",
            "media": {"image": {"src": "https://scontent.example/s.png", "width": 240}},
            "target": {"id": "1", "url": "https://www.facebook.com/sticker/1"},
        },
        "can_comment": False,
        "is_private": True,
    },
    "UnifiedMessage": {
        "sticker": "https://scontent.example/s.png",
        "attachments": {
            "data": [
                {
                    "id": "1",
                    "mime_type": "image/jpeg",
                    "name": "a.jpg",
                    "size": 7,
                    "image_data": {"url": "https://scontent.example/a.jpg", "width": 1},
                },
                {"id": "2", "name": "b.pdf", "file_url": "https://scontent.example/b.pdf"},
            ]
        },
        "shares": {"data": [{"link": "https://shop.example/1", "name": "Jacke"}]},
        "reactions": {"data": [{"reaction": "love", "users": []}]},
        "is_unsupported": True,
    },
    "Photo": {"page_story_id": f"{PAGE}_1", "picture": "https://scontent.example/t.jpg"},
    "Recommendation": {"rating": 2},
}
"""What the world does not know of an item, as Graph writes it."""


@pytest.mark.parametrize("kind", DETAILS)
async def test_details_of_an_item_are_given_as_the_specs_have_them(graph: Graph, kind: str) -> None:
    """Tags, attachments, stickers, shares: what is asked for is there, and is of its type."""
    path = _one_of_each(graph).get(kind)
    item = {
        "Photo": lambda: graph.world.items()[-1],
        "Recommendation": lambda: graph.world.visible("facebook", "review", START)[0],
        "Comment": lambda: graph.world.visible("facebook", "comment", START)[0],
        "UnifiedMessage": lambda: graph.world.visible("facebook", "dm", START)[0],
        "PagePost": lambda: graph.world.visible("facebook", "post", START)[0],
    }[kind]()
    graph.details.setdefault(item.serial, {}).update(DETAILS[kind])

    status, answer = await graph.raw(path or graph.id(item), fields=",".join(DETAILS[kind]))

    assert status == 200, answer
    shown = answer["data"][0] if "data" in answer else answer
    graph.spec.check(kind, shown)
    assert {name: shown[name] for name in DETAILS[kind]} == DETAILS[kind]


async def test_every_edge_there_is_answers_what_the_specs_say_it_leads_to(graph: Graph) -> None:
    """Each edge of each kind of node is read, and whatever it lists is held to the specs."""
    anna = graph.customer()
    paths = {**_one_of_each(graph), "UnifiedMessage": graph.id(graph.writes(anna))}
    view = View(graph.world, START, (21, 0), graph.details)
    graph.comments(graph.posts(), author=anna)
    ad = graph.posts("Nur heute!")
    graph.details[ad.serial] = {"list": "ads_posts"}
    graph.world.add("facebook", "mention", "@", sent_at=START, author=anna, wall=anna)
    graph.posts("Besuch", author=anna)
    for item in list(graph.world.items()):
        if not item.private:
            graph.comments(graph.comments(item, author=anna), "Ja.")
    seen = set()
    for kind, path in paths.items():
        if kind == "Recommendation":
            continue  # reached through its edge; it has no id, and no edges
        node = nodes.find(view, path.removeprefix(f"{OLD}/"))
        assert node.kind == kind
        assert node.edges().keys() <= graph.spec.edges(kind).keys()
        for edge in node.edges():
            more = {"type": "uploaded"} if edge == "photos" else {}
            listed = await graph.page(graph.spec.edges(kind)[edge], f"{path}/{edge}", **more)
            assert listed["data"], (kind, edge)
            seen.add(graph.spec.edges(kind)[edge])
    assert seen | paths.keys() == set(UNSERVED)


async def test_pictures_and_ads_are_lists_of_their_own(graph: Graph) -> None:
    """Neither is in the feed; both have comments."""
    photo, ad = graph.photo(), graph.posts("Nur heute!")
    graph.details[ad.serial] = {"list": "ads_posts"}
    comment = graph.comments(photo, author=graph.customer())
    asked = {"fields": "id,comments{id}"}

    photos = await graph.page("Photo", f"{PAGE}/photos", type="uploaded", **asked)
    ads = await graph.page("PagePost", f"{PAGE}/ads_posts", include_inline_create="true", **asked)

    assert [one["id"] for one in photos["data"]] == [str(photo.number)]
    assert photos["data"][0]["comments"]["data"] == [{"id": graph.id(comment)}]
    assert graph.id(comment).startswith(f"{photo.number}_")
    assert [one["id"] for one in ads["data"]] == [graph.id(ad)]
    assert (await graph.page("PagePost", f"{PAGE}/feed"))["data"] == []
    assert (await graph.page("Photo", f"{PAGE}/photos"))["data"] == []


# Batches


async def test_a_batch_is_answered_call_by_call(graph: Graph) -> None:
    """Each as if it came alone, well or with its error, in order, and each counts."""
    comment = graph.comments(graph.posts(), author=graph.customer())

    status, answers = await graph.batch(
        f"{graph.id(comment)}?fields=message",
        "1_1",
        f"{PAGE}/feed?limit=1",
        include_headers="false",
    )

    assert (status, [one["code"] for one in answers]) == (200, [200, 400, 200])
    bodies = [json.loads(one["body"]) for one in answers]
    graph.spec.check("Comment", bodies[0])
    graph.spec.check_error(bodies[1])
    graph.spec.check_list("PagePost", bodies[2])
    assert [one.keys() for one in answers] == [{"code", "body"}] * 3
    assert graph.usage.calls == 3


@pytest.mark.parametrize("calls", [0, 51])
async def test_a_batch_holds_from_one_to_fifty_calls(graph: Graph, calls: int) -> None:
    """More is refused as a whole."""
    status, answer = await graph.batch(*[PAGE] * calls)
    graph.spec.check_error(answer)
    assert (status, answer["error"]["code"]) == (400, 100)


async def test_a_call_of_a_batch_may_fail_or_not_be_got_to(graph: Graph) -> None:
    """A fault hits it by its name, and null says that the time was up."""
    graph.faults.switch_on("facebook", Fault.PERMISSION_MISSING, endpoint="batch GET feed")
    graph.faults.switch_on("facebook", Fault.TIMEOUT, endpoint="batch GET tagged")

    _status, (feed, tagged, page) = await graph.batch(f"{PAGE}/feed", f"{PAGE}/tagged", PAGE)

    assert json.loads(feed["body"])["error"]["code"] == 200
    assert tagged is None
    assert page["code"] == 200


async def test_debug_token_tells_of_the_pages_own_token(graph: Graph) -> None:
    """Whose it is, until when it works and what it may, as the reference has it."""
    status, answer = await graph.raw("debug_token", input_token=facebook.PAGE_TOKEN)
    assert status == 200
    assert answer["data"].keys() >= {
        "type", "profile_id", "is_valid", "expires_at", "data_access_expires_at", "scopes",
    }  # fmt: skip
    assert (answer["data"]["type"], answer["data"]["profile_id"]) == ("PAGE", PAGE)
    assert (await graph.raw("debug_token", input_token="other"))[0] == 400


async def test_an_answer_to_a_review_stands_below_its_story(graph: Graph) -> None:
    """The story comes with the review, its comments with the story."""
    anna = graph.customer()
    review = graph.world.add(
        "facebook", "review", "Nie wieder", sent_at=START, author=anna, positive=False
    )
    answer = graph.comments(review, "Das tut uns leid.")

    listed = await graph.page(
        "Recommendation",
        f"{OLD}/{PAGE}/ratings",
        fields="open_graph_story{id,comments{id,message}}",
    )

    story = listed["data"][0]["open_graph_story"]
    assert story["id"] == graph.id(review)
    assert story["comments"]["data"] == [{"id": graph.id(answer), "message": "Das tut uns leid."}]


# Access


@pytest.mark.parametrize("how", ["query", "header", "form"])
async def test_the_token_is_taken_from_anywhere(graph: Graph, how: str) -> None:
    """A parameter of the URL or of the body, or the Authorization header."""
    token = {"access_token": facebook.PAGE_TOKEN}
    post = f"{graph.base}/{graph.id(graph.posts())}/comments"
    header = {"Authorization": f"Bearer {facebook.PAGE_TOKEN}"}
    sent = {
        "query": graph.session.get(f"{graph.base}/{PAGE}", params=token),
        "header": graph.session.get(f"{graph.base}/{PAGE}", headers=header),
        "form": graph.session.post(post, data={"message": "!", **token}),
    }
    for name, call in sent.items():
        if name == how:
            async with call as response:
                assert response.status == 200
        else:
            call.close()


@pytest.mark.parametrize(("token", "subcode"), [("", None), ("stale", 467)])
async def test_a_wrong_token_is_error_190(graph: Graph, token: str, subcode: int | None) -> None:
    """With the subcode that says why."""
    status, answer = await graph.raw(PAGE, token=token)
    assert (status, answer["error"]["code"]) == (401, 190)
    assert answer["error"].get("error_subcode") == subcode


@pytest.mark.parametrize("graph", [SECRET], indirect=True)
@pytest.mark.parametrize(("secret", "status"), [(SECRET, 200), ("another", 400), (None, 400)])
async def test_an_app_with_a_secret_needs_the_proof(
    graph: Graph, secret: str | None, status: int
) -> None:
    """appsecret_proof is the HMAC-SHA256 of the token under the app's secret."""
    proof = {}
    if secret is not None:
        key, message = secret.encode(), facebook.PAGE_TOKEN.encode()
        proof["appsecret_proof"] = hmac.new(key, message, hashlib.sha256).hexdigest()
    answered, _answer = await graph.raw(PAGE, **proof)
    assert answered == status


@pytest.mark.parametrize("identifier", ["1", "t_1", "m_1", "1_1", "nonsense"])
async def test_what_does_not_exist_is_error_100_with_subcode_33(
    graph: Graph, identifier: str
) -> None:
    """So is what may not be seen."""
    status, answer = await graph.raw(identifier)
    error = answer["error"]
    assert (status, error["code"], error["error_subcode"]) == (400, 100, 33)


async def test_a_path_without_version_is_the_oldest_that_there_is(graph: Graph) -> None:
    """It answers what only the oldest version still does, until that one ends."""
    for path in (f"{PAGE}/ratings", f"v3.0/{PAGE}/ratings", f"v21.0/{PAGE}/ratings"):
        assert (await graph.raw(path))[0] == 200
    graph.clock.at = datetime(2027, 1, 21, tzinfo=UTC)
    status, answer = await graph.raw(f"{PAGE}/ratings")
    assert (status, answer["error"]["code"]) == (400, 12)


async def test_a_version_to_come_is_refused(graph: Graph) -> None:
    """Nobody builds on what is not there."""
    status, answer = await graph.raw(f"v99.0/{PAGE}")
    assert (status, answer["error"]["code"]) == (400, 100)


# Conversations


async def test_conversations_come_latest_first_with_their_newest_messages(graph: Graph) -> None:
    """One call shows who wrote, whether an answer is possible, and the messages."""
    anna, boris = graph.customer(), graph.customer("boris", "Boris Frost")
    graph.writes(anna)
    graph.clock.ahead(minutes=1)
    question = graph.writes(boris, "Hello?")
    graph.clock.ahead(minutes=1)
    graph.comments(question, "Hello!")
    listed = await graph.page(
        "UnifiedThread", f"{PAGE}/conversations", platform="messenger",
        fields="id,updated_time,unread_count,message_count,can_reply,participants,"
        "messages.limit(1){from,to,message,attachments}",
    )  # fmt: skip
    first, second = listed["data"]
    assert [first["id"], second["id"]] == [f"t_{one.id_on('facebook')}" for one in (boris, anna)]
    assert (first["unread_count"], first["message_count"], first["can_reply"]) == (0, 2, True)
    assert first["updated_time"] == "2026-03-02T09:02:00+0000"
    message = first["messages"]["data"][0]
    assert (message["message"], message["from"]["id"]) == ("Hello!", PAGE)
    assert message["to"]["data"][0]["name"] == "Boris Frost"
    assert second["unread_count"] == 1


async def test_paging_through_conversations_shows_each_once(graph: Graph) -> None:
    """Cursors go on from where they were, and only the last page has no `next`."""
    people = [graph.customer(f"p{number}", f"P {number}") for number in range(5)]
    for person in people:
        graph.writes(person)
        graph.clock.ahead(minutes=1)
    first = await graph.page("UnifiedThread", f"{PAGE}/conversations", limit=2)
    graph.writes(graph.customer("late", "Late Comer"))
    seen = await graph.walk(first)
    assert seen == [f"t_{person.id_on('facebook')}" for person in reversed(people)]


@pytest.mark.parametrize(
    ("cut", "shown"),
    [
        (facebook.Pages(most=1), [1, 1, 1]),
        (facebook.Pages(unseen=5), [0, 0, 1, 2]),
    ],
)
async def test_a_page_may_be_short_or_empty_and_have_a_next(
    graph: Graph, cut: facebook.Pages, shown: list[int]
) -> None:
    """Where Graph gives less than it is asked for, or leaves out what may not be seen."""
    graph.pages["conversations"] = cut
    for number in range(3):
        graph.writes(graph.customer(f"p{number}", f"P {number}"))
        graph.clock.ahead(minutes=1)
    query, sizes = {"limit": 2}, []
    while query:
        page = await graph.page("UnifiedThread", f"{PAGE}/conversations", **query)
        sizes.append(len(page["data"]))
        paging = page["paging"]
        query = {"limit": 2, "after": paging["cursors"]["after"]} if "next" in paging else {}

    assert sizes == shown
    back = await graph.page(
        "UnifiedThread", f"{PAGE}/conversations", limit=2, before=paging["cursors"]["before"]
    )
    assert len(back["data"]) == shown[-2]


async def test_next_is_absolute_and_carries_the_token(graph: Graph) -> None:
    """The trap of the real API is there; the call can be rebuilt from cursors.after instead."""
    for number in range(3):
        graph.writes(graph.customer(f"p{number}", f"P {number}"))
    path = f"v26.0/{PAGE}/conversations"
    page = await graph.page("UnifiedThread", path, limit=2, fields="id")
    url = urlsplit(page["paging"]["next"])
    query = parse_qs(url.query)
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{graph.base}/{path}"
    assert query["access_token"] == [facebook.PAGE_TOKEN]
    assert query["after"] == [page["paging"]["cursors"]["after"]]
    after = page["paging"]["cursors"]["after"]
    rest = await graph.page("UnifiedThread", path, limit=2, fields="id", after=after)
    assert len(rest["data"]) == 1
    assert "next" not in rest["paging"]
    back = await graph.page(
        "UnifiedThread", path, limit=2, before=rest["paging"]["cursors"]["before"]
    )
    assert [one["id"] for one in back["data"]] == [one["id"] for one in page["data"]]


async def test_a_cursor_whose_item_is_gone_is_refused(graph: Graph) -> None:
    """Cursors expire with deleted items, and nonsense never was one."""
    post, anna = graph.posts(), graph.customer()
    comments = [graph.comments(post, author=anna) for _ in range(3)]
    page = await graph.page("Comment", f"{graph.id(post)}/comments", limit=1)
    graph.world.delete(comments[0].serial, at=START)
    for cursor in (page["paging"]["cursors"]["after"], "%%%", "ÿ"):
        status, answer = await graph.raw(f"{graph.id(post)}/comments", after=cursor)
        assert (status, answer["error"]["code"]) == (400, 100)


@pytest.mark.parametrize("limit", ["-1", "many"])
async def test_a_limit_that_is_no_number_is_refused(graph: Graph, limit: str) -> None:
    """It is not guessed at."""
    assert (await graph.raw(f"{PAGE}/feed", limit=limit))[0] == 400


async def test_only_the_twenty_newest_messages_have_details(graph: Graph) -> None:
    """Older ones are listed by id and time, and read alone they err as deleted."""
    anna = graph.customer()
    messages = []
    for _ in range(22):
        messages.append(graph.writes(anna))
        graph.clock.ahead(seconds=1)
    path = f"t_{anna.id_on('facebook')}/messages"
    listed = await graph.page("UnifiedMessage", path, fields="id,created_time,message", limit=100)
    assert [one["id"] for one in listed["data"]] == [graph.id(one) for one in reversed(messages)]
    assert ["message" in one for one in listed["data"]] == [True] * 20 + [False] * 2
    assert (await graph.raw(graph.id(messages[1])))[1]["error"]["code"] == 100
    assert (await graph.get("UnifiedMessage", graph.id(messages[2])))["id"] == graph.id(messages[2])


async def test_a_nested_page_goes_on_at_its_own_edge(graph: Graph) -> None:
    """`messages.limit(2)` inside a conversation has a `next` of its own, with the same fields."""
    anna = graph.customer()
    messages = [graph.writes(anna, f"{number}") for number in range(5)]
    listed = await graph.page(
        "UnifiedThread", f"{PAGE}/conversations", fields="messages.limit(2){message}"
    )
    seen = await graph.walk(listed["data"][0]["messages"])
    assert seen == [graph.id(message) for message in reversed(messages)]


async def test_instagram_has_no_conversations_here(graph: Graph) -> None:
    """The platform is a filter."""
    graph.writes(graph.customer())
    assert (await graph.raw(f"{PAGE}/conversations", platform="instagram"))[1]["data"] == []


# Posts and comments


async def test_the_feed_has_visitors_posts_and_posts_has_ours(graph: Graph) -> None:
    """Newest first; what is tagged elsewhere is a list of its own."""
    anna = graph.customer()
    ours = graph.posts()
    graph.clock.ahead(minutes=1)
    theirs = graph.posts("Lieferzeit?", author=anna)
    elsewhere = graph.world.add(
        "facebook", "mention", "@Lavka Sever", sent_at=graph.clock.at, author=anna, wall=anna
    )
    for edge, items in (
        ("feed", [theirs, ours]),
        ("posts", [ours]),
        ("visitor_posts", [theirs]),
        ("tagged", [elsewhere]),
    ):
        listed = await graph.page("PagePost", f"{PAGE}/{edge}", fields="id,from,message")
        assert [one["id"] for one in listed["data"]] == [graph.id(item) for item in items], edge


async def test_since_and_until_bound_the_feed(graph: Graph) -> None:
    """Unix seconds or a date, both ends included."""
    posts = []
    for _ in range(4):
        posts.append(graph.posts())
        graph.clock.ahead(hours=1)
    since = int((START + timedelta(hours=1)).timestamp())
    listed = await graph.page(
        "PagePost", f"{PAGE}/feed", since=since, until="2026-03-02T11:00:00+0000"
    )
    assert [one["id"] for one in listed["data"]] == [graph.id(posts[2]), graph.id(posts[1])]
    assert (await graph.raw(f"{PAGE}/feed", since="yesterday-ish"))[0] == 400


async def test_comments_are_oldest_first_unless_asked_otherwise(graph: Graph) -> None:
    """The trap of the real API is there: the default begins with what is known already."""
    post, anna = graph.posts(), graph.customer()
    comments = []
    for _ in range(3):
        comments.append(graph.comments(post, author=anna))
        graph.clock.ahead(minutes=1)
    ids = [graph.id(comment) for comment in comments]
    path = f"{graph.id(post)}/comments"
    oldest = await graph.page("Comment", path, limit=2)
    newest = await graph.page("Comment", path, limit=2, order="reverse_chronological")
    since = int((START + timedelta(minutes=1)).timestamp())
    recent = await graph.page("Comment", path, since=since, order="reverse_chronological")
    assert await graph.walk(oldest) == ids
    assert await graph.walk(newest) == ids[::-1]
    assert [one["id"] for one in recent["data"]] == ids[:0:-1]
    assert (await graph.raw(path, order="random"))[0] == 400


async def test_replies_are_in_the_stream_and_below_their_comment(graph: Graph) -> None:
    """A reply to a reply has the first-level comment as its parent."""
    post, anna = graph.posts(), graph.customer()
    top = graph.comments(post, author=anna)
    answer = graph.comments(top, "Ja.")
    thanks = graph.comments(answer, "Danke!", author=anna)
    path = f"{graph.id(post)}/comments"
    toplevel = await graph.page("Comment", path, fields="id,comment_count")
    stream = await graph.page("Comment", path, filter="stream", fields="id,parent{id}")
    below = await graph.page("Comment", f"{graph.id(top)}/comments")
    assert toplevel["data"] == [{"id": graph.id(top), "comment_count": 2}]
    assert [one.get("parent", {}).get("id") for one in stream["data"]] == [
        None, graph.id(top), graph.id(top),
    ]  # fmt: skip
    assert [one["id"] for one in below["data"]] == [graph.id(answer), graph.id(thanks)]


async def test_the_feed_can_bring_its_comments_along(graph: Graph) -> None:
    """Nested, newest first, each nested list with its own page."""
    post, anna = graph.posts(), graph.customer()
    comments = [graph.comments(post, author=anna) for _ in range(3)]
    listed = await graph.page(
        "PagePost", f"{PAGE}/feed",
        fields="id,comments.filter(stream).order(reverse_chronological).limit(2)"
        "{id,created_time,from,message,parent{id},permalink_url,is_hidden,can_hide}",
    )  # fmt: skip
    seen = await graph.walk(listed["data"][0]["comments"])
    assert seen == [graph.id(comment) for comment in reversed(comments)]


async def test_a_post_without_comments_has_no_comments_field(graph: Graph) -> None:
    """An empty edge is left out, as the real API does."""
    graph.posts()
    listed = await graph.page("PagePost", f"{PAGE}/feed", fields="id,comments{id}")
    assert listed["data"][0].keys() == {"id"}


async def test_an_edit_shows_and_a_deletion_hides_with_all_below(graph: Graph) -> None:
    """A deleted comment takes its replies along, and its id errs."""
    post, anna = graph.posts(), graph.customer()
    kept, removed = graph.comments(post, author=anna), graph.comments(post, author=anna)
    below = graph.comments(removed, "!")
    graph.clock.ahead(minutes=1)
    graph.world.edit(kept.serial, "Schon gut.", at=graph.clock.at)
    graph.world.delete(removed.serial, at=graph.clock.at)
    listed = await graph.page("Comment", f"{graph.id(post)}/comments", filter="stream")
    assert [one["message"] for one in listed["data"]] == ["Schon gut."]
    for item in (removed, below):
        assert (await graph.raw(graph.id(item)))[1]["error"]["error_subcode"] == 33


async def test_a_late_delivery_is_not_shown_before_its_time(graph: Graph) -> None:
    """It then stands at the place of its own time."""
    post, anna = graph.posts(), graph.customer()
    late = graph.comments(post, author=anna, visible_at=START + timedelta(minutes=5))
    early = graph.comments(post, author=anna)
    path = f"{graph.id(post)}/comments"
    assert [one["id"] for one in (await graph.page("Comment", path))["data"]] == [graph.id(early)]
    graph.clock.ahead(minutes=5)
    shown = [one["id"] for one in (await graph.page("Comment", path))["data"]]
    assert shown == [graph.id(late), graph.id(early)]


# Recommendations


async def test_recommendations_are_read_under_v21_and_refused_from_v22(graph: Graph) -> None:
    """They have no id; the Page's rating stays a field of the Page."""
    anna = graph.customer()
    for positive, text in ((True, "Toll"), (False, "Nie wieder")):
        graph.world.add(
            "facebook", "review", text, sent_at=graph.clock.at, author=anna, positive=positive
        )
        graph.clock.ahead(minutes=1)
    listed = await graph.page(
        "Recommendation", f"v21.0/{PAGE}/ratings",
        fields="created_time,recommendation_type,review_text,reviewer,open_graph_story",
    )  # fmt: skip
    newest = listed["data"][0]
    assert (newest["recommendation_type"], newest["review_text"]) == ("negative", "Nie wieder")
    story = await graph.get("PagePost", newest["open_graph_story"]["id"])
    assert story["message"] == "Nie wieder"
    status, answer = await graph.raw(f"v22.0/{PAGE}/ratings")
    assert (status, answer["error"]["code"]) == (400, 12)
    page = await graph.get("Page", f"v26.0/{PAGE}", fields="overall_star_rating,rating_count")
    assert (page["overall_star_rating"], page["rating_count"]) == (3.0, 2)


# Writing


async def test_a_message_arrives_within_the_window(graph: Graph) -> None:
    """The id that was given reads back."""
    anna = graph.customer()
    graph.writes(anna)
    sent = await graph.send(anna, "Heute noch.", messaging_type="RESPONSE")
    shown = await graph.get("UnifiedMessage", sent, fields="message,from")
    assert (shown["message"], shown["from"]["id"]) == ("Heute noch.", PAGE)


@pytest.mark.parametrize(
    ("hours", "response", "agent"),
    [(24, True, True), (25, False, True), (7 * 24 + 1, False, False)],
)
async def test_the_reply_window_closes_in_two_steps(
    graph: Graph, hours: int, *, response: bool, agent: bool
) -> None:
    """24 hours freely, 7 days for a human agent, then error 10 with 2018278."""
    anna = graph.customer()
    graph.writes(anna)
    graph.clock.ahead(hours=hours)
    closed = (10, 2018278)
    thread = await graph.get("UnifiedThread", f"t_{anna.id_on('facebook')}", fields="can_reply")
    assert thread["can_reply"] is agent
    assert (await graph.send(anna, messaging_type="RESPONSE") != closed) is response
    tagged = await graph.send(anna, messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")
    assert (tagged != closed) is agent


async def test_2000_characters_are_the_most(graph: Graph) -> None:
    """One more is error 100."""
    anna = graph.customer()
    graph.writes(anna)
    assert await graph.send(anna, "ü" * 2001) == (100, 0)
    assert (await graph.send(anna, "ü" * 2000)).startswith("m_")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"recipient": {"id": "1"}},
        {"recipient": "1", "message": {"text": "?"}},
        {"recipient": {"id": "1"}, "message": {"text": ""}},
    ],
)
async def test_an_incomplete_message_is_refused(graph: Graph, body: Json) -> None:
    """Nothing is guessed at."""
    status, answer = await graph.post(f"{PAGE}/messages", **body)
    assert (status, answer["error"]["code"]) == (400, 100)


async def test_an_unknown_tag_is_refused(graph: Graph) -> None:
    """MESSAGE_TAG without HUMAN_AGENT opens nothing."""
    anna = graph.customer()
    graph.writes(anna)
    assert await graph.send(anna, messaging_type="MESSAGE_TAG") == (100, 0)


async def test_who_cannot_be_written_to_is_told_by_code(graph: Graph) -> None:
    """A stranger is 100 with 2018001; a person may be unavailable."""
    anna, stranger = graph.customer(), graph.customer("stranger", "Strange Person")
    graph.writes(anna)
    graph.refusals[anna.id_on("facebook")] = 551
    assert await graph.send(anna) == (551, 0)
    assert await graph.send(stranger) == (100, 2018001)


async def test_a_comment_is_answered_below_it(graph: Graph) -> None:
    """The id that was given reads back, with its parent."""
    comment = graph.comments(graph.posts(), author=graph.customer())
    status, answer = await graph.post(f"{graph.id(comment)}/comments", message="Ja, gern.")
    shown = await graph.get("Comment", answer["id"], fields="message,from,parent{id}")
    assert status == 200
    assert (shown["message"], shown["parent"]["id"]) == ("Ja, gern.", graph.id(comment))
    assert (await graph.post(f"{graph.id(comment)}/comments"))[0] == 400
    assert (await graph.post(f"{PAGE}/comments", message="?"))[0] == 400


async def test_a_comment_can_be_hidden_and_shown(graph: Graph) -> None:
    """It stays readable to the Page."""
    comment = graph.comments(graph.posts(), author=graph.customer())
    for hidden in (True, False):
        _status, answer = await graph.post(graph.id(comment), is_hidden=hidden)
        shown = await graph.get("Comment", graph.id(comment), fields="is_hidden")
        assert (answer, shown["is_hidden"]) == ({"success": True}, hidden)


# Limits and faults


async def test_usage_headers_come_after_some_calls(graph: Graph) -> None:
    """JSON percentages, which nobody may rely on."""
    headers = []
    for _ in range(4):
        async with graph.session.get(
            f"{graph.base}/{PAGE}", params={"access_token": facebook.PAGE_TOKEN}
        ) as response:
            headers.append(response.headers.get("X-Business-Use-Case-Usage"))
            page_usage = response.headers.get("X-Page-Usage", "{}")
    assert headers[:3] == [None] * 3
    assert headers[3] is not None
    promised = graph.spec.contract["rate_limits"]["headers"]
    assert json.loads(page_usage).keys() == promised["X-Page-Usage"].keys()
    business = promised["X-Business-Use-Case-Usage"]["{page-id}"][0]
    assert json.loads(headers[3])[PAGE][0].keys() == business.keys()


async def test_the_limits_are_enforced_when_switched_on(graph: Graph) -> None:
    """80001 above the Page's share, 613 above two calls a second for conversations."""
    graph.usage.enforced, graph.usage.limit = True, 4
    answers = [(await graph.raw(f"{PAGE}/conversations"))[0] for _ in range(3)]
    assert answers == [200, 200, 403]
    graph.clock.ahead(seconds=1)
    assert (await graph.raw(f"{PAGE}/conversations"))[0] == 200
    status, answer = await graph.raw(PAGE)
    assert (status, answer["error"]["code"]) == (400, 80001)
    graph.clock.ahead(hours=24)
    assert (await graph.raw(PAGE))[0] == 200


@pytest.mark.parametrize(
    ("fault", "code", "answer"),
    [
        (Fault.RATE_LIMIT, None, (400, 80001, None)),
        (Fault.RATE_LIMIT, "4", (403, 4, None)),
        (Fault.RATE_LIMIT, "613", (403, 613, None)),
        (Fault.SERVER_ERROR, None, (503, 2, None)),
        (Fault.SERVER_ERROR, "1", (503, 1, None)),
        (Fault.TOKEN_EXPIRED, None, (401, 190, 463)),
        (Fault.TOKEN_EXPIRED, "190/460", (401, 190, 460)),
        (Fault.PERMISSION_MISSING, None, (403, 200, None)),
        (Fault.PERMISSION_MISSING, "10/2018278", (403, 10, 2018278)),
        (Fault.PERMISSION_MISSING, "368", (400, 368, None)),
    ],
)
async def test_a_fault_is_worded_as_facebook_words_it(
    graph: Graph, fault: Fault, code: str | None, answer: tuple[int, int, int | None]
) -> None:
    """Each fault is an error object with its code and status, once; then all is well again."""
    graph.faults.switch_on("facebook", fault, endpoint="GET node", times=1, code=code)
    status, body = await graph.raw(PAGE)
    assert (status, body["error"]["code"], body["error"].get("error_subcode")) == answer
    assert (await graph.raw(PAGE))[0] == 200


async def test_every_code_of_the_contract_can_be_provoked(graph: Graph) -> None:
    """A fault may carry any of them."""
    codes = [entry["code"] for entry in graph.spec.contract["error"]["codes"]]
    for code in (200 if isinstance(code, str) else code for code in codes):
        graph.faults.switch_on("facebook", Fault.SERVER_ERROR, times=1, code=str(code), status=400)
        assert (await graph.raw(PAGE))[1]["error"]["code"] == code


async def test_a_rate_limit_says_in_minutes_when_it_ends(graph: Graph) -> None:
    """In the header, and nowhere in a Retry-After."""
    graph.faults.switch_on("facebook", Fault.RATE_LIMIT, reset_after=timedelta(minutes=7))
    async with graph.session.get(f"{graph.base}/{PAGE}") as response:
        usage = json.loads(response.headers["X-Business-Use-Case-Usage"])[PAGE][0]
        assert "Retry-After" not in response.headers
    assert (usage["call_count"], usage["estimated_time_to_regain_access"]) == (100, 7)


async def test_a_front_end_that_breaks_answers_no_json(graph: Graph) -> None:
    """A bare 502, a page for people, and an answer cut in the middle."""
    graph.faults.switch_on("facebook", Fault.SERVER_ERROR, times=1, status=502, code="http")
    graph.faults.switch_on("facebook", Fault.HTML, times=1)
    graph.faults.switch_on("facebook", Fault.TRUNCATED, times=1)
    for status in (502, 200, 200):
        async with graph.session.get(
            f"{graph.base}/{PAGE}", params={"access_token": facebook.PAGE_TOKEN}
        ) as response:
            text = await response.text()
        assert response.status == status
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)


@pytest.mark.parametrize(("fault", "carried_out"), [(Fault.DROP_BEFORE, 0), (Fault.DROP_AFTER, 1)])
async def test_a_lost_answer_may_have_been_carried_out(
    graph: Graph, fault: Fault, carried_out: int
) -> None:
    """The client cannot tell which, and Facebook has no key to ask again with."""
    comment = graph.comments(graph.posts(), author=graph.customer())
    graph.faults.switch_on("facebook", fault, endpoint="POST comments", times=1)
    with pytest.raises(ClientError):
        await graph.post(f"{graph.id(comment)}/comments", message="Ja.")
    below = await graph.page("Comment", f"{graph.id(comment)}/comments")
    assert len(below["data"]) == carried_out


async def test_duplicates_show_an_item_twice(graph: Graph) -> None:
    """The last of a page, and cursors are as they were."""
    post = graph.posts()
    graph.faults.switch_on("facebook", Fault.DUPLICATES, endpoint="GET feed")
    listed = await graph.page("PagePost", f"{PAGE}/feed")
    assert [one["id"] for one in listed["data"]] == [graph.id(post)] * 2


async def test_broken_json_in_a_body_is_error_100(graph: Graph) -> None:
    """It is the caller's mistake, and no failure of the server."""
    headers = {"Content-Type": "application/json"}
    async with graph.session.post(
        f"{graph.base}/{PAGE}/messages", data=b"{", headers=headers
    ) as response:
        answer = await response.json()
    graph.spec.check_error(answer)
    assert (response.status, answer["error"]["code"]) == (400, 100)


async def test_requests_are_logged_by_method_and_edge_without_the_token(graph: Graph) -> None:
    """The log names the endpoint, and no secret."""
    await graph.raw(f"v26.0/{PAGE}/feed")
    call = graph.log.of("facebook", "GET feed")[-1]
    assert call.status == 200
    assert facebook.PAGE_TOKEN not in repr(call)
