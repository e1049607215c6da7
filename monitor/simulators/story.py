"""A story: what made-up people write to the brand, and when. `StoryPlayer` puts it into a world as time goes by.

A story file (YAML) has `opening` (entries that stand there from the start) and `entries`; an entry is `platform`,
`author` (handle, name, followers), `language`, `text`, and where they apply `form: direct_message`, `in_reply_to` or
`quotes` (the `key` of an earlier entry), `by_brand`, `rating` (stars of a review in a feed), `pause_seconds`. `{order}`
in a text becomes an order number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from monitor.simulators.control import inject
from monitor.simulators.world import PATHS, World

DEMO_STORY = Path(__file__).parent / "stories" / "demo.yaml"
FIRST_PAUSE_SECONDS = 0.5
QUICK_ENTRIES = 5
PAUSE_SECONDS = 3.0
# Once all has been told the story goes on slowly, told by other people.
RETELL_SECONDS = 20.0
# What parts the name from the server in a handle; elsewhere handles name no server.
_HOST_SIGNS = {"mastodon": "@", "bluesky": "."}


class StoryError(ValueError):
    """The file is no story; the message says which entry is wrong."""


@dataclass(frozen=True)
class Story:
    opening: tuple[Mapping[str, Any], ...]
    entries: tuple[Mapping[str, Any], ...]


def load_story(path: Path = DEMO_STORY) -> Story:
    """Raises StoryError, OSError."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StoryError(f"{path.name} is not YAML: {type(error).__name__}") from None
    if not isinstance(content, dict) or not isinstance(content.get("entries"), list) or not content["entries"]:
        raise StoryError(f"{path.name} has no list of entries")
    opening = tuple(_checked(entry, f"opening {at}") for at, entry in enumerate(content.get("opening") or (), start=1))
    entries = tuple(_checked(entry, f"entry {at}") for at, entry in enumerate(content["entries"], start=1))
    keys = {entry["key"] for entry in (*opening, *entries) if "key" in entry}
    for entry in entries:
        for name in ("in_reply_to", "quotes"):
            if entry.get(name) and entry[name] not in keys:
                raise StoryError(f"nothing in the story has the key {entry[name]!r}")
    return Story(opening, entries)


def _checked(entry: object, place: str) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise StoryError(f"{place} is not a set of fields")
    if entry.get("platform") not in PATHS:
        raise StoryError(f"{place} has no platform that can be simulated")
    if not isinstance(entry.get("text"), str) or not entry["text"]:
        raise StoryError(f"{place} has no text")
    if not entry.get("by_brand") and not (isinstance(entry.get("author"), dict) and entry["author"].get("handle")):
        raise StoryError(f"{place} has no author")
    return entry


@dataclass
class StoryPlayer:
    """Plays by the clock that it is told: `play(elapsed)` puts in everything that is due by then."""

    world: World
    story: Story
    told: int = 0
    next_at: float = 0.0
    _ids: dict[str, str] = field(default_factory=dict)
    _orders: int = 0

    def open(self) -> None:
        for entry in self.story.opening:
            self._tell(entry, generation=0)

    def play(self, elapsed_seconds: float) -> int:
        """Returns how many entries were told. After a long sleep it goes on from now instead of flooding."""
        count = 0
        while self.next_at <= elapsed_seconds:
            at = self.told % len(self.story.entries)
            entry = self.story.entries[at]
            self._tell(entry, generation=self.told // len(self.story.entries))
            self.told += 1
            count += 1
            self.next_at = max(self.next_at, elapsed_seconds - 60) + self._pause(entry)
        return count

    def _pause(self, entry: Mapping[str, Any]) -> float:
        if self.told >= len(self.story.entries):
            return RETELL_SECONDS
        if self.told < QUICK_ENTRIES:
            return FIRST_PAUSE_SECONDS
        return float(entry.get("pause_seconds", PAUSE_SECONDS))

    def _tell(self, entry: Mapping[str, Any], *, generation: int) -> None:
        wanted = dict(entry)
        wanted["text"] = self._with_order(entry["text"])
        for name in ("in_reply_to", "quotes"):
            if wanted.get(name):
                wanted[name] = self._ids[wanted[name]]
        if generation and not wanted.get("by_brand"):
            author = wanted["author"]
            # Where a handle names a server, that stays.
            name, sign, host = author["handle"].partition(_HOST_SIGNS.get(entry["platform"], "\0"))
            wanted["author"] = {**author, "handle": f"{name[:11]}_{generation + 1}{sign}{host}"}
        made = inject(self.world, wanted)
        if "key" in entry:
            self._ids[entry["key"]] = made.identifier

    def _with_order(self, text: str) -> str:
        """Every teller has an order number of their own."""
        if "{order}" not in text:
            return text
        self._orders += 1
        return text.replace("{order}", f"LM-{48_210_000 + self._orders * 7919 % 900_000:08d}")
