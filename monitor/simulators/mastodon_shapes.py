"""How the fake Mastodon writes accounts, statuses, notifications and conversations, and the HTML of a text."""

import html
import re
from collections.abc import Sequence
from typing import Any

from monitor.simulators.mastodon_facts import INSTANCE
from monitor.simulators.world import Entry, Message, Person, World
from monitor.simulators.x_shapes import iso

Post = Entry | Message
NAME = re.compile(r"(?<![\w@/])@(\w+(?:@[\w.-]*\w)?)")
HASHTAG = re.compile(r"(?<![\w&/])#(\w+)")
_MARKED = re.compile(rf"(?P<link>https?://\S+)|{NAME.pattern}|{HASHTAG.pattern}")


def person_called(world: World, name: str) -> Person | None:
    """By the name as it is written in a text: people of our own instance may be named with or without it."""
    return world.people.get(("mastodon", name.casefold().removesuffix(f"@{INSTANCE}")))


def named_in(world: World, post: Post) -> list[Person]:
    """Those whom a post mentions. A message always names whom it is for."""
    found = [person_called(world, name) for name in NAME.findall(post.text)]
    others = [post.recipient] if isinstance(post, Message) else []
    return list(dict.fromkeys(person for person in [*others, *found] if person is not None))


def hashtags_in(text: str) -> list[str]:
    return [tag.casefold() for tag in HASHTAG.findall(text)]


def author_of(post: Post) -> Person:
    return post.sender if isinstance(post, Message) else post.author


def visibility_of(post: Post) -> str:
    return "direct" if isinstance(post, Message) else post.visibility


def find(world: World, identifier: str) -> Post | None:
    """A public post or a message that can be seen."""
    entry = world.entries.get(identifier)
    if entry is not None:
        return entry if entry.platform == "mastodon" and not entry.is_deleted else None
    messages = world.messages_with("mastodon")
    return next((message for message in messages if message.identifier == identifier), None)


def render_account(person: Person) -> dict[str, Any]:
    username, _, domain = person.handle.partition("@")
    host = domain or INSTANCE
    return {
        "id": person.external_id,
        "username": username,
        "acct": person.handle,
        "display_name": person.name,
        "locked": False,
        "bot": False,
        "note": "<p></p>",
        "url": f"https://{host}/@{username}",
        "uri": f"https://{host}/users/{username}",
        "followers_count": person.followers,
        "following_count": 12,
        "statuses_count": 34,
        "emojis": [],
        "fields": [{"name": "Site", "value": host, "verified_at": "2026-01-01T00:00:00.000+00:00"}]
        if person.is_verified
        else [],
    }


def render_status(world: World, post: Post) -> dict[str, Any]:
    author = author_of(post)
    profile = render_account(author)
    parent = find(world, post.parent_id) if post.parent_id else None
    status: dict[str, Any] = {
        "id": post.identifier,
        "uri": f"{profile['uri']}/statuses/{post.identifier}",
        "url": f"{profile['url']}/{post.identifier}",
        "created_at": iso(post.created_at),
        # The instance forgets the parent of a reply when it is deleted.
        "in_reply_to_id": parent.identifier if parent else None,
        "in_reply_to_account_id": author_of(parent).external_id if parent else None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": visibility_of(post),
        "language": None,
        "content": render_text(world, post.text),
        "reblog": None,
        "account": profile,
        "media_attachments": [],
        "mentions": [_mention(person) for person in named_in(world, post)],
        "tags": [{"name": tag, "url": f"https://{INSTANCE}/tags/{tag}"} for tag in hashtags_in(post.text)],
        "emojis": [],
        "card": None,
        "poll": None,
        "edited_at": None,
        "favourites_count": 0,
        "reblogs_count": 0,
        "replies_count": 0,
    }
    if isinstance(post, Entry):
        status |= _of_entry(world, post)
    return status


def _of_entry(world: World, entry: Entry) -> dict[str, Any]:
    """What messages of this world do not have."""
    told: dict[str, Any] = {
        "sensitive": bool(entry.warning),
        "spoiler_text": entry.warning,
        "language": entry.language or None,
        "edited_at": iso(entry.edited_at) if entry.edited_at else None,
        "favourites_count": entry.likes,
    }
    if entry.quoted_id:
        quoted = find(world, entry.quoted_id)
        shown = render_status(world, quoted) if quoted else None
        told["quote"] = {"state": "accepted" if quoted else "deleted", "quoted_status": shown}
    return told


def _mention(person: Person) -> dict[str, str]:
    profile = render_account(person)
    return {name: profile[name] for name in ("id", "username", "url", "acct")}


def render_text(world: World, text: str) -> str:
    """Paragraphs, line breaks, and links as instances write them: long addresses are cut for the eye only."""
    paragraphs = [part for part in text.split("\n\n") if part]
    return "".join(f"<p>{_marked_up(world, part)}</p>" for part in paragraphs)


def _marked_up(world: World, text: str) -> str:
    parts, end = [], 0
    for found in _MARKED.finditer(text):
        parts.append(html.escape(text[end : found.start()], quote=False))
        parts.append(_anchor(world, found))
        end = found.end()
    parts.append(html.escape(text[end:], quote=False))
    return "".join(parts).replace("\n", "<br />")


def _anchor(world: World, found: re.Match[str]) -> str:
    shown = html.escape(found[0], quote=False)
    if found["link"]:
        scheme, _, rest = shown.partition("://")
        head, tail = rest[:30], rest[30:]
        kind = "ellipsis" if tail else ""
        return (
            f'<a href="{html.escape(found[0])}" target="_blank" rel="nofollow noopener" translate="no">'
            f'<span class="invisible">{scheme}://</span><span class="{kind}">{head}</span>'
            f'<span class="invisible">{tail}</span></a>'
        )
    if shown.startswith("#"):
        tag = shown.removeprefix("#")
        address = f"https://{INSTANCE}/tags/{tag.casefold()}"
        return f'<a href="{address}" class="mention hashtag" rel="tag">#<span>{tag}</span></a>'
    person = person_called(world, shown.removeprefix("@"))
    if person is None:
        return shown
    profile = render_account(person)
    return (
        f'<span class="h-card" translate="no"><a href="{profile["url"]}" class="u-url mention">'
        f"@<span>{profile['username']}</span></a></span>"
    )


def render_notification(world: World, post: Post, kind: str) -> dict[str, Any]:
    return {
        "id": str(post.number),
        "type": kind,
        "group_key": f"ungrouped-{post.number}",
        "created_at": iso(post.created_at),
        "account": render_account(author_of(post)),
        "status": render_status(world, post),
    }


def render_conversation(world: World, messages: Sequence[Message]) -> dict[str, Any]:
    """The newest message first."""
    last, us = messages[0], world.brands["mastodon"]
    other = last.recipient if last.sender is us else last.sender
    return {
        "id": messages[-1].identifier[-9:],
        "unread": last.sender is not us,
        "accounts": [render_account(other)],
        "last_status": render_status(world, last),
    }
