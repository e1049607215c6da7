"""Fake publishers of feeds under /feed: a brand's forum (Atom, behind a login) and an app store's reviews, in pages.

They answer as publishers should (RFC 4287, 4685, 5005, 6721, 9110): validators and 304, tombstones, older pages, the
time to come back. Starlette app; the world is in `app.state.world`.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from xml.sax.saxutils import escape, quoteattr

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor.simulators import feed_facts as facts
from monitor.simulators.world import Entry, World

FORUM_PAGE, REVIEW_PAGE = 30, 50
REVIEW_PAGES = 10
_TITLE = 60
Writer = Callable[[World, int], str]


def _served(write: Writer, *, needs_login: bool) -> Callable[[Request], Response]:
    def respond(request: Request) -> Response:
        world: World = request.app.state.world
        world.note_call(request.method, request.url.path, request.query_params.items())
        if world.is_revoked or (needs_login and not _is_welcome(request)):
            return PlainTextResponse("login", 401, {"www-authenticate": 'Basic realm="forum"'})
        is_allowed, told = world.limits.take("reader", "feed", world.now())
        headers = _limit_headers(told, world.now())
        if not is_allowed:
            return PlainTextResponse("slow down", 429, {**headers, "retry-after": headers["x-ratelimit-reset"]})
        page = _page_of(request)
        if page is None:
            return PlainTextResponse("no such page", 404)
        with world.lock:
            body = write(world, page).encode()
            changed_at = max((each.updated_at for each in _entries(world)), default=world.now())
        headers |= {"etag": f'"{hashlib.sha256(body).hexdigest()[:20]}"', "last-modified": _http_date(changed_at)}
        if _is_known(request, headers["etag"], changed_at):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/atom+xml; charset=utf-8", headers=headers)

    return respond


def _is_welcome(request: Request) -> bool:
    login = f"{facts.CREDENTIALS['username']}:{facts.CREDENTIALS['password']}".encode()
    return request.headers.get("authorization", "") == "Basic " + base64.b64encode(login).decode()


def _page_of(request: Request) -> int | None:
    """From the query (forum) or the path (store); None for what is no page."""
    told = re.search(r"page=(\w+)", request.url.path + "?" + request.url.query)
    if told is None:
        return 1
    return int(told[1]) if re.fullmatch(r"[1-9]\d{0,2}", told[1]) else None


def _limit_headers(told: dict[str, str], now: datetime) -> dict[str, str]:
    """As publishers that tell their limit write it: seconds to the end of the window."""
    seconds = max(1, int(told["x-rate-limit-reset"]) - int(now.timestamp()))
    return {
        "x-ratelimit-limit": told["x-rate-limit-limit"],
        "x-ratelimit-remaining": told["x-rate-limit-remaining"],
        "x-ratelimit-reset": str(seconds),
    }


def _is_known(request: Request, etag: str, changed_at: datetime) -> bool:
    """If-None-Match beats If-Modified-Since."""
    if wanted := request.headers.get("if-none-match"):
        return etag in wanted
    since = request.headers.get("if-modified-since")
    return since is not None and changed_at.replace(microsecond=0) <= parsedate_to_datetime(since)


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.replace(microsecond=0), usegmt=True)


def _entries(world: World, *, are_reviews: bool | None = None) -> list[Entry]:
    found = world.visible("feed")
    return [each for each in found if are_reviews is None or bool(each.rating) is are_reviews]


def write_forum(world: World, page: int) -> str:
    entries = _entries(world, are_reviews=False)
    shown = entries[(page - 1) * FORUM_PAGE : page * FORUM_PAGE]
    links = [("self", facts.FORUM_FEED), ("alternate", facts.FORUM)]
    if page * FORUM_PAGE < len(entries):
        links.append(("next", f"latest.atom?page={page + 1}"))
    gone = [each for each in world.entries.values() if each.platform == "feed" and each.is_deleted and not each.rating]
    parts = [_tombstone(entry) for entry in gone] + [_topic(entry) for entry in world.shown(shown)]
    return _feed("Lumora forum", facts.FORUM_FEED, links, parts, _latest(shown, world))


def write_reviews(world: World, page: int) -> str:
    entries = _entries(world, are_reviews=True)
    shown = entries[(page - 1) * REVIEW_PAGE : page * REVIEW_PAGE] if page <= REVIEW_PAGES else []
    links = [("self", facts.REVIEW_FEED)]
    if page < REVIEW_PAGES and page * REVIEW_PAGE < len(entries):
        links.append(("next", facts.REVIEW_FEED.replace("/id=", f"/page={page + 1}/id=")))
    return _feed(
        "Customer Reviews", facts.REVIEW_FEED, links, [_review(entry) for entry in shown], _latest(shown, world)
    )


def _latest(entries: Sequence[Entry], world: World) -> datetime:
    return max((entry.updated_at for entry in entries), default=world.now())


def _feed(title: str, identifier: str, links: Sequence[tuple[str, str]], parts: Sequence[str], at: datetime) -> str:
    told = "".join(f"<link rel={quoteattr(rel)} href={quoteattr(href)}/>" for rel, href in links)
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:im="http://itunes.apple.com/rss"'
        ' xmlns:thr="http://purl.org/syndication/thread/1.0" xmlns:at="http://purl.org/atompub/tombstones/1.0">'
        f"<id>{escape(identifier)}</id><title>{escape(title)}</title><updated>{at.isoformat()}</updated>{told}"
        f"{''.join(parts)}</feed>"
    )


def _topic(entry: Entry) -> str:
    """An entry of the forum: a short title, the words as HTML, the author's page."""
    markup = "".join(f"<p>{escape(part)}</p>" for part in entry.text.split("\n\n")).replace("\n", "<br/>")
    parent = f"<thr:in-reply-to ref={quoteattr(entry.parent_id)}/>" if entry.parent_id else ""
    return (
        f"<entry><id>{escape(entry.identifier)}</id><title>{escape(_title(entry.text))}</title>"
        f"{_author(entry, facts.FORUM + '/u/' + entry.author.handle)}"
        f"<link rel='alternate' href={quoteattr(entry.identifier)}/>{parent}"
        f"<published>{entry.created_at.isoformat()}</published><updated>{entry.updated_at.isoformat()}</updated>"
        f"<content type='html'>{escape(markup)}</content></entry>"
    )


def _review(entry: Entry) -> str:
    """An entry as the app store writes it: a bare number for an id, one date, the words twice."""
    number = entry.identifier.rpartition(":")[2]
    table = f"<table><tr><td>{escape(entry.text)}</td></tr></table>"
    return (
        f"<entry><updated>{entry.updated_at.isoformat()}</updated><id>{number}</id>"
        f"<title>{escape(_title(entry.text))}</title><content type='text'>{escape(entry.text)}</content>"
        f"<im:contentType term='Application' label='Application'/><im:rating>{entry.rating}</im:rating>"
        f"<im:version>3.2.0</im:version>{_author(entry, f'{facts.APPS}/us/reviews/id{entry.author.external_id}')}"
        f"<link rel='related' href='{facts.APPS}/us/review?id=1503811200&amp;r={number}'/>"
        f"<content type='html'>{escape(table)}</content></entry>"
    )


def _author(entry: Entry, page: str) -> str:
    return f"<author><name>{escape(entry.author.name)}</name><uri>{escape(page)}</uri></author>"


def _tombstone(entry: Entry) -> str:
    return f"<at:deleted-entry ref={quoteattr(entry.identifier)} when='{entry.updated_at.isoformat()}'/>"


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TITLE else line[:_TITLE].rstrip() + "…"


def routes() -> list[Route]:
    return [
        Route("/latest.atom", _served(write_forum, needs_login=True), methods=["GET"]),
        Route("/us/rss/customerreviews/{rest:path}", _served(write_reviews, needs_login=False), methods=["GET"]),
    ]
