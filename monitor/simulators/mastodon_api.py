"""A fake Mastodon instance under /mastodon: lists with Link headers, threads, posts, and refusals as published.

Starlette app; the world is in `app.state.world`. https://docs.joinmastodon.org/methods/
"""

import hmac
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.simulators.limits import MASTODON_LIMITS
from monitor.simulators.mastodon_facts import TOKEN
from monitor.simulators.mastodon_shapes import (
    NAME,
    Post,
    author_of,
    find,
    hashtags_in,
    named_in,
    person_called,
    render_account,
    render_conversation,
    render_notification,
    render_status,
    visibility_of,
)
from monitor.simulators.mastodon_sign_in import is_granted
from monitor.simulators.world import Entry, Message, Person, World

_TEXT_LIMIT = 500
_LINK = re.compile(r"https?://\S+")
_KEY_HOLDS = timedelta(hours=1)
Handler = Callable[[World, Request], Awaitable[Response]]


class MastodonError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def _gone() -> MastodonError:
    return MastodonError(404, "Record not found")


def _guarded(handler: Handler, limit: str, *, is_open: bool) -> Callable[[Request], Awaitable[Response]]:
    """Token, limits and refusals around a handler. Without a token only what is open can be read."""

    async def respond(request: Request) -> Response:
        world: World = request.app.state.world
        world.note_call(request.method, request.url.path, request.query_params.items())
        is_allowed, headers = world.limits.take_mastodon(limit, world.now())
        try:
            if not is_allowed:
                raise MastodonError(429, "Too many requests")
            _check_token(world, request, is_open=is_open)
            response = await handler(world, request)
        except MastodonError as error:
            response = JSONResponse({"error": str(error)}, error.status)
        response.headers.update(headers)
        return response

    return respond


def _check_token(world: World, request: Request, *, is_open: bool) -> None:
    header = request.headers.get("authorization", "")
    if not header and is_open:
        return
    if not header:
        raise MastodonError(401, "This method requires an authenticated user")
    if world.is_revoked:
        raise MastodonError(401, "The access token was revoked")
    is_demo = hmac.compare_digest(header.encode(), f"Bearer {TOKEN}".encode())
    if not is_demo and not is_granted(world, header.removeprefix("Bearer ")):
        raise MastodonError(401, "The access token is invalid")


def _is_ours(request: Request) -> bool:
    return bool(request.headers.get("authorization"))


def _page(request: Request, rows: Sequence[tuple[int, Any]], *, default: int, most: int) -> Response:
    """`rows`: (id, what is shown or None), the newest first. `min_id`: the page right above; `since_id`: the top."""
    query = request.query_params
    limit = min(most, int(query.get("limit") or default))
    above = int(query.get("min_id") or query.get("since_id") or -1)
    below = int(query["max_id"]) if "max_id" in query else None
    inside = [row for row in rows if row[0] > above and (below is None or row[0] < below)]
    page = inside[-limit:] if "min_id" in query else inside[:limit]
    headers = {}
    if page:
        base = str(request.url.replace(query=""))
        kept = [(name, value) for name, value in query.multi_items() if name not in ("max_id", "min_id", "since_id")]
        older, newer = (
            urlencode([*kept, (name, str(identifier))])
            for name, identifier in (("max_id", page[-1][0]), ("min_id", page[0][0]))
        )
        headers["link"] = f'<{base}?{older}>; rel="next", <{base}?{newer}>; rel="prev"'
    return JSONResponse([shown for _identifier, shown in page if shown is not None], headers=headers)


def _posts(world: World, posts: Sequence[Post]) -> list[tuple[int, Any]]:
    ordered = sorted(posts, key=lambda post: int(post.identifier), reverse=True)
    return [(int(post.identifier), _unless_withheld(world, post, render_status(world, post))) for post in ordered]


def _unless_withheld(world: World, post: Post, shown: Any) -> Any:
    return None if post.identifier in world.withheld else shown


def _everything(world: World) -> list[Post]:
    return [*world.visible("mastodon"), *world.messages_with("mastodon")]


def _is_visible(world: World, request: Request, post: Post) -> bool:
    us = world.brands["mastodon"]
    is_for_us = author_of(post) is us or us in named_in(world, post)
    return visibility_of(post) in ("public", "unlisted") or (_is_ours(request) and is_for_us)


async def _me(world: World, request: Request) -> Response:
    return JSONResponse(render_account(world.brands["mastodon"]))


async def _notifications(world: World, request: Request) -> Response:
    """Mentions and quotes by others. People whom we do not know are set aside unless they are asked for."""
    us, query = world.brands["mastodon"], request.query_params
    wanted = query.getlist("types[]") or ["mention", "quote"]
    rows = []
    for post in _everything(world):
        kind = _kind_of_notice(world, post, us)
        is_filtered = isinstance(post, Message) and query.get("include_filtered") != "true"
        if author_of(post) is not us and kind in wanted and not is_filtered:
            rows.append((post.number, _unless_withheld(world, post, render_notification(world, post, kind))))
    rows.sort(key=lambda row: row[0], reverse=True)
    return _page(request, rows, default=40, most=80)


def _kind_of_notice(world: World, post: Post, us: Person) -> str:
    if us in named_in(world, post):
        return "mention"
    quoted = world.entries.get(post.quoted_id) if isinstance(post, Entry) else None
    return "quote" if quoted is not None and quoted.author is us else ""


async def _conversations(world: World, request: Request) -> Response:
    us = world.brands["mastodon"]
    threads: dict[Person, list[Message]] = {}
    for message in world.messages_with("mastodon"):
        threads.setdefault(message.recipient if message.sender is us else message.sender, []).append(message)
    rows = [
        (int(each[0].identifier), _unless_withheld(world, each[0], render_conversation(world, each)))
        for each in threads.values()
    ]
    rows.sort(key=lambda row: row[0], reverse=True)
    return _page(request, rows, default=20, most=40)


async def _account_statuses(world: World, request: Request) -> Response:
    person = world.person_by_id("mastodon", request.path_params["account_id"])
    if person is None:
        raise _gone()
    written = [post for post in _everything(world) if author_of(post) is person]
    return _page(
        request, _posts(world, [each for each in written if _is_visible(world, request, each)]), default=20, most=40
    )


async def _lookup(world: World, request: Request) -> Response:
    person = person_called(world, request.query_params.get("acct", ""))
    if person is None:
        raise _gone()
    return JSONResponse(render_account(person))


async def _hashtag(world: World, request: Request) -> Response:
    tag = request.path_params["tag"].casefold()
    found = [each for each in world.visible("mastodon") if tag in hashtags_in(each.text)]
    return _page(request, _posts(world, [each for each in found if each.visibility == "public"]), default=20, most=40)


async def _statuses(world: World, request: Request) -> Response:
    identifiers = request.query_params.getlist("id[]")
    if len(identifiers) > 20:
        raise MastodonError(422, "Validation failed: too many ids")
    found = [find(world, identifier) for identifier in identifiers]
    return JSONResponse([render_status(world, each) for each in found if each and _is_visible(world, request, each)])


def _wanted(world: World, request: Request) -> Post:
    identifier = request.path_params["status_id"]
    post = find(world, identifier) or world.find_or_adopt("mastodon", identifier)
    if post is None or not _is_visible(world, request, post):
        raise _gone()
    return post


async def _status(world: World, request: Request) -> Response:
    return JSONResponse(render_status(world, _wanted(world, request)))


async def _context(world: World, request: Request) -> Response:
    post = _wanted(world, request)
    ancestors: list[Post] = []
    above = find(world, post.parent_id)
    while above is not None and above not in ancestors:
        ancestors.insert(0, above)
        above = find(world, above.parent_id)
    below, reached = [], {post.identifier}
    for each in sorted(_everything(world), key=lambda one: int(one.identifier)):
        if each.parent_id in reached:
            reached.add(each.identifier)
            below.append(each)
    shown = {
        name: [render_status(world, each) for each in posts if _is_visible(world, request, each)]
        for name, posts in (("ancestors", ancestors), ("descendants", below))
    }
    return JSONResponse(shown)


async def _search(world: World, request: Request) -> Response:
    """Only addresses of posts are found: the rest of the search is no part of this instance."""
    address = request.query_params.get("q", "")
    identifier = address.rpartition("/")[2]
    post = find(world, identifier) or world.find_or_adopt("mastodon", identifier)
    shown = [render_status(world, post)] if post is not None else []
    return JSONResponse(
        {"accounts": [], "statuses": [each for each in shown if each["uri"] == address], "hashtags": []}
    )


async def _create(world: World, request: Request) -> Response:
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    text, parent_id = form.get("status", ""), form.get("in_reply_to_id", "")
    visibility, key = form.get("visibility", "public"), request.headers.get("idempotency-key", "")
    made = world.idempotency.get(key) if key else None
    if made is not None and world.now() - made[0] < _KEY_HOLDS and (earlier := find(world, made[1])) is not None:
        return JSONResponse(render_status(world, earlier))
    _check_text(text)
    parent = (find(world, parent_id) or world.find_or_adopt("mastodon", parent_id)) if parent_id else None
    if parent_id and parent is None:
        raise MastodonError(404, "The post you are trying to reply to does not appear to exist.")
    post = _publish(world, text, parent, visibility)
    if key:
        world.idempotency[key] = (world.now(), post.identifier)
    return JSONResponse(render_status(world, post))


def _check_text(text: str) -> None:
    """Links count as 23 and names without their instance."""
    if not text.strip():
        raise MastodonError(422, "Validation failed: Text can't be blank")
    counted = NAME.sub(lambda found: "@" + found[1].partition("@")[0], _LINK.sub("x" * 23, text))
    if len(counted) > _TEXT_LIMIT:
        raise MastodonError(422, f"Validation failed: Text character limit of {_TEXT_LIMIT} exceeded")


def _publish(world: World, text: str, parent: Post | None, visibility: str) -> Post:
    us, parent_id = world.brands["mastodon"], parent.identifier if parent else ""
    named = [person for name in NAME.findall(text) if (person := person_called(world, name)) and person is not us]
    if visibility == "direct" and named:
        return world.say("mastodon", us, named[0], text, parent_id=parent_id)
    return world.publish("mastodon", us, text, parent_id=parent_id, visibility=visibility)


async def _favourite(world: World, request: Request) -> Response:
    post = _wanted(world, request)
    if isinstance(post, Entry):
        post.likes = 1
    return JSONResponse({**render_status(world, post), "favourited": True})


async def _unfavourite(world: World, request: Request) -> Response:
    post = _wanted(world, request)
    if isinstance(post, Entry):
        post.likes = 0
    return JSONResponse({**render_status(world, post), "favourited": False})


async def _delete(world: World, request: Request) -> Response:
    post = find(world, request.path_params["status_id"])
    if post is None or author_of(post) is not world.brands["mastodon"]:
        raise _gone()
    shown = {**render_status(world, post), "text": post.text}
    if isinstance(post, Message):
        world.messages.remove(post)
    else:
        world.delete(post.identifier)
    return JSONResponse(shown)


def routes() -> list[Route]:
    # method, path, handler, whether it can be read without a token
    table: list[tuple[str, str, Handler, bool]] = [
        ("GET", "/accounts/verify_credentials", _me, False),
        ("GET", "/accounts/lookup", _lookup, True),
        ("GET", "/accounts/{account_id}/statuses", _account_statuses, True),
        ("GET", "/notifications", _notifications, False),
        ("GET", "/conversations", _conversations, False),
        ("GET", "/conversations/", _conversations, False),
        ("GET", "/timelines/tag/{tag}", _hashtag, True),
        ("GET", "/statuses", _statuses, True),
        ("GET", "/statuses/{status_id}", _status, True),
        ("GET", "/statuses/{status_id}/context", _context, True),
        ("POST", "/statuses", _create, False),
        ("POST", "/statuses/{status_id}/favourite", _favourite, False),
        ("POST", "/statuses/{status_id}/unfavourite", _unfavourite, False),
        ("DELETE", "/statuses/{status_id}", _delete, False),
    ]
    search = Route("/api/v2/search", _guarded(_search, "calls", is_open=False), methods=["GET"])
    first = [
        Route(f"/api/v1{path}", _guarded(handler, _limit_of(method), is_open=is_open), methods=[method])
        for method, path, handler, is_open in table
    ]
    return [*first, search]


def _limit_of(method: str) -> str:
    limit = "deletions" if method == "DELETE" else "calls"
    assert limit in MASTODON_LIMITS
    return limit
