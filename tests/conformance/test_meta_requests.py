"""Every node, edge, field and parameter that the connectors ask of Meta is in Meta's own code-generation lists.

The connectors are run over everything that they can do, against the simulator; what they ask is noted on its way out.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from monitor.platforms.base import ChannelContext, IncomingNotice, SendRequest
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import PlatformError
from monitor.platforms.meta.graph import Graph
from monitor.platforms.registry import get_platform
from monitor.simulators.graph_fields import Field, parse_fields
from monitor.simulators.world import PAGE_ID, PROFILE_ID, Entry, World
from tests.support.signing import app_for, grant
from tests.support.simulated import Simulated, simulated_platforms

pytestmark = pytest.mark.conformance

#: Parameters of every read and of the transport (https://developers.facebook.com/docs/graph-api/overview).
COMMON = frozenset({"fields", "limit", "after", "appsecret_proof", "method"})
#: Kinds of nodes that the folder has no list of: the recordings that use their names, or why there is nothing.
NEAREST: Mapping[str, tuple[str, ...]] = {
    # Webhooks about reviews name them as the list does, with `_id` and `_name` where it has an object.
    "Recommendation": ("restfb/webhooks/ratings-*.json",),
    "UnifiedMessage": ("restfb/misc/root_conversation.json", "restfb/misc/v10_0_instagram-message*.json"),
}
#: (kind, name) that nothing in the folder lists.
DECLARED: Mapping[tuple[str, str], str] = {
    ("Application", "subscribed_fields"): "the answer of page/subscribed_apps; listed as a parameter of its POST only",
    ("User", "permissions"): "the login's own node: the folder holds lists of Pages and profiles only",
    ("User", "accounts"): "the login's own node, as above; it gives Pages",
    ("User", "ids_for_pages"): "the app-scoped user: the folder has what it returns, UserIDForPage",
    ("User", "name"): "a person's public name, of whom the folder has no list",
    ("Page", "tasks"): "told by me/accounts only, beside the fields of a Page",
    ("UnifiedMessage", "sticker"): "no recording has one: graph-api/reference/message names it",
}
#: What the edges of a login give.
OF_LOGIN = {"accounts": "Page", "ids_for_pages": "UserIDForPage", "permissions": "Permission"}


class Asked:
    """What went out: (kind of node, edge or "", method, parameters)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: list[tuple[str, str, str, dict[str, Any]]] = []

    def note(self, path: str, args: Mapping[str, Any], method: str) -> None:
        _version, _, place = path.partition("/")
        node, _, edge = place.strip("/").partition("/")
        if node in ("app", "debug_token"):
            return
        if "batch" in args:
            for each in args["batch"]:
                self._note_text(each["relative_url"])
            return
        if "ids" in args:
            for each in str(args["ids"]).split(","):
                self.calls.append((self.kind_of(each), "", "GET", {"fields": args["fields"]}))
            return
        self.calls.append((self.kind_of(node), edge, method, dict(args)))

    def _note_text(self, relative: str) -> None:
        path, _, query = relative.partition("?")
        args = dict(each.split("=", 1) for each in query.split("&"))
        self.calls.append(
            (self.kind_of(path.rpartition("/")[2]), "", "GET", {"fields": args["fields"].replace("%2C", ",")})
        )

    def kind_of(self, node: str) -> str:
        if node in (PAGE_ID, PROFILE_ID):
            return {PAGE_ID: "Page", PROFILE_ID: "IGUser"}[node]
        if node == "me":
            # Pages' own tokens ask about the Page, a login's about the person; the latter is told by the edge.
            return "me"
        entry = self.world.entries.get(node)
        if isinstance(entry, Entry):
            kinds = {"facebook": ("PagePost", "Comment"), "instagram": ("IGMedia", "IGComment")}[entry.platform]
            return kinds[bool(entry.parent_id)]
        return "UnifiedThread" if node.startswith("t_") else "User"


@pytest.fixture
def simulated() -> Iterator[Simulated]:
    with simulated_platforms() as running:
        yield running


@pytest.fixture
def asked(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> Asked:
    noted, request = Asked(simulated.world), Graph.request

    def note(graph: Graph, path: str, args: Any = None, post_args: Any = None, *rest: Any, **more: Any) -> Any:
        told = {**(args or {}), **(post_args or {})}
        method = (
            "POST" if post_args is not None else more.get("method") or (rest[1] if len(rest) > 1 else None) or "GET"
        )
        noted.note(path, told, str(told.get("method", method)).upper())
        return request(graph, path, args, post_args, *rest, **more)

    monkeypatch.setattr(Graph, "request", note)
    return noted


def fill(simulated: Simulated) -> dict[str, list[Any]]:
    """Something on every list, so much that every page has a next one."""
    world, made = simulated.world, {}
    for code in ("facebook", "instagram"):
        ours = world.publish(code, world.brands[code], "New lamps!")
        comments = [
            simulated.person_says(code, f"{n}?", handle=f"person{n}", parent_id=ours.identifier) for n in range(60)
        ]
        answers = [
            simulated.person_says(code, f"me too {n}", handle=f"person{n}", parent_id=comments[0].identifier)
            for n in range(60)
        ]
        for number in range(45):
            message = simulated.person_writes(code, f"in private {number}")
        tagged = simulated.person_says(code, "with @lumora", kind="tagged")
        world.delete(comments[-1].identifier)
        made[code] = [ours, comments[0], answers[0], message, tagged, comments[-1]]
    simulated.person_says("facebook", "great shop", kind="review", rating=5)
    world.publish("facebook", world.brands["facebook"], "an ad", kind="ad")
    return made


def use_everything(simulated: Simulated, code: str, made: list[Any]) -> None:
    """All streams to their ends, all writes, and every look; refusals of the simulator are answers as well."""
    ours, comment, answer, message, tagged, gone = made
    connector: Any = simulated.connect(code)
    now = simulated.world.now()
    for stream in connector.streams():
        cursor, has_more = {}, True
        while has_more:
            batch = connector.collect(stream, cursor)
            cursor, has_more = batch.cursor, batch.has_more
    where = {"target_id": comment.identifier, "conversation_id": ours.identifier, "last_inbound_at": now}
    whom = {"recipient_id": message.sender.external_id}
    writes = {"reply", "direct_message", "private_reply", "hide", "unhide", "like", "unlike", "delete"}
    requests = [
        SendRequest(kind, f"words of {kind}", **where, **whom)
        for kind in sorted(get_platform(code).declaration.abilities & writes)
    ]
    requests += [
        SendRequest("reply", "hello", target_id=each.identifier, conversation_id=each.identifier)
        for each in (ours, tagged)
    ]
    for request in requests:
        tried(connector.send, request)
        tried(connector.read_back, request, since=now)
    known = [ours.identifier, comment.identifier, answer.identifier, tagged.identifier, gone.identifier]
    tried(connector.recheck, known[:2])
    tried(connector.recheck, known)
    post = {"post_id" if code == "facebook" else "media_id": ours.identifier}
    for named in (post, {**post, "comment_id": comment.identifier}):
        tried(connector.fetch, IncomingNotice("mention_to_fetch", named))
    for look in (connector.identify, connector.check, connector.examine):
        tried(look)
    tried(connector.subscribe, "")
    if code == "facebook":
        tried(connector.aliases, "10160000000000001")


def tried(look: Any, *arguments: Any, **options: Any) -> None:
    try:
        look(*arguments, **options)
    except PlatformError:
        return


class Lists:
    """Meta's lists: fields and edges of each kind of node, and what they give."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.used_declarations: set[tuple[str, str]] = set()

    def of(self, kind: str) -> Any:
        path = self.folder / "meta-sdk-codegen" / f"{kind}.json"
        return json.loads(path.read_text("utf-8")) if path.is_file() else {"fields": [], "apis": []}

    def edge(self, kind: str, method: str, edge: str) -> Any:
        """The list's own entry; an update of the node itself has a name in place of an edge."""
        wanted = {"GET": "#get", "POST": "#update", "DELETE": "#delete"}[method]
        apis = self.of(kind)["apis"]
        found = [
            api
            for api in apis
            if api["method"] == method and (api.get("endpoint") == edge if edge else api.get("name") == wanted)
        ]
        return found[0] if found else None

    def gives(self, kind: str, name: str) -> str:
        """The kind of what stands in this field or edge; AssertionError where no list and no declaration knows it."""
        if name == "id":
            return ""
        if kind == "User" and name in OF_LOGIN:
            self.used_declarations.add((kind, name))
            return OF_LOGIN[name]
        for field in self.of(kind)["fields"]:
            if field["name"] == name:
                return str(field["type"]).removeprefix("list<").removesuffix(">")
        if api := self.edge(kind, "GET", name):
            return str(api["return"])
        if name in self._recorded(kind):
            return {"reviewer": "User", "open_graph_story": "Story"}.get(name, "")
        assert (kind, name) in DECLARED, f"no list of Meta's has {kind}.{name}"
        self.used_declarations.add((kind, name))
        return ""

    def _recorded(self, kind: str) -> set[str]:
        names: set[str] = set()
        for pattern in NEAREST.get(kind, ()):
            paths = sorted(self.folder.glob(pattern))
            assert paths, pattern
            for path in paths:
                try:
                    names |= _names_in(json.loads(path.read_text("utf-8")))
                except ValueError:
                    continue
        return names | {name.removesuffix("_id") for name in names}

    def check_fields(self, kind: str, fields: tuple[Field, ...]) -> int:
        """How many names were looked up."""
        count = 0
        for field in fields:
            count += 1 + self.check_fields(self.gives(kind, field.name), field.fields)
        return count

    def check(self, kind: str, edge: str, method: str, args: Mapping[str, Any]) -> int:
        if kind == "me":
            kind = "User" if edge in OF_LOGIN else "Page"
        target = kind
        if method == "GET":
            target = self.gives(kind, edge) if edge else kind
        api = self.edge(kind, method, edge)
        if method != "GET":
            assert api is not None, f"no list of Meta's has {method} {kind}/{edge}"
        listed = {param["name"] for param in api["params"]} if api else set()
        if kind != "User":
            assert set(args) - COMMON <= listed, (kind, edge, method, set(args) - COMMON - listed)
        return self.check_fields(target, parse_fields(str(args.get("fields", "id")))) if method == "GET" else 1


def _names_in(body: Any) -> set[str]:
    if isinstance(body, list):
        return {name for each in body for name in _names_in(each)}
    if not isinstance(body, dict):
        return set()
    return set(body) | {name for value in body.values() for name in _names_in(value)}


def test_all_that_is_asked_of_meta_is_in_its_lists(platform_data: Path, simulated: Simulated, asked: Asked) -> None:
    made = fill(simulated)
    for code in ("facebook", "instagram"):
        use_everything(simulated, code, made[code])
    signing = get_platform("facebook").signing
    assert signing is not None
    grant(signing, app_for(simulated, "facebook"))
    lists = Lists(platform_data)
    names = sum(lists.check(*call) for call in asked.calls)
    edges = {(kind, edge, method) for kind, edge, method, _args in asked.calls}
    assert lists.used_declarations == set(DECLARED), "what needs no excuse any more has none"
    assert names > 500 and len(edges) >= 30, edges


def test_an_invented_field_or_edge_would_be_noticed(platform_data: Path, simulated: Simulated, asked: Asked) -> None:
    lists = Lists(platform_data)
    page = ChannelContext(1, "page", PAGE_ID, "lumora", simulated.context("facebook").credentials, simulated.address)
    assert get_platform("facebook").connect(page, NullBudget()).streams()
    for call in (
        ("Page", "feed", "GET", {"fields": "id,mood"}),
        ("Page", "feelings", "GET", {"fields": "id"}),
        ("Comment", "", "POST", {"is_loud": True}),
        ("Page", "ratings", "GET", {"fields": "reviewer{id,shoe_size}"}),
    ):
        with pytest.raises(AssertionError):
            lists.check(*call)
