"""A story played: `StoryPlayer` does in a world what its steps say, as time goes by. `story_file.py` reads the file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.simulators.control import inject
from monitor.simulators.faults import Fault
from monitor.simulators.push_control import revoke
from monitor.simulators.pushing import Mishap
from monitor.simulators.story_file import DEMO_STORY, Story, StoryError, find_story, load_story
from monitor.simulators.world import World

__all__ = ["DEMO_STORY", "Story", "StoryError", "StoryPlayer", "find_story", "load_story"]

FIRST_PAUSE_SECONDS = 0.5
QUICK_ENTRIES = 5
PAUSE_SECONDS = 3.0
# Once all has been told the story goes on slowly, told by other people.
RETELL_SECONDS = 20.0
# What parts the name from the server in a handle; elsewhere handles name no server.
_HOST_SIGNS = {"mastodon": "@", "bluesky": "."}


@dataclass
class StoryPlayer:
    """Plays by the clock that it is told: `play(elapsed)` does everything that is due by then."""

    world: World
    story: Story
    told: int = 0
    next_at: float = 0.0
    _ids: dict[str, str] = field(default_factory=dict)
    _orders: int = 0

    @property
    def is_over(self) -> bool:
        return not self.story.retells and self.told >= len(self.story.entries)

    def open(self) -> None:
        for entry in self.story.opening:
            self._do(entry, generation=0)

    def play(self, elapsed_seconds: float) -> int:
        """Returns how many steps were done. After a long sleep it goes on from now instead of flooding."""
        count = 0
        while self.next_at <= elapsed_seconds and not self.is_over:
            at = self.told % len(self.story.entries)
            entry = self.story.entries[at]
            self._do(entry, generation=self.told // len(self.story.entries))
            self.told += 1
            count += 1
            self.next_at = max(self.next_at, elapsed_seconds - 60) + self._pause(entry)
        return count

    def _pause(self, entry: Mapping[str, Any]) -> float:
        if self.told >= len(self.story.entries):
            return RETELL_SECONDS
        if self.told < QUICK_ENTRIES and "pause_seconds" not in entry:
            return FIRST_PAUSE_SECONDS
        return float(entry.get("pause_seconds", PAUSE_SECONDS))

    def _do(self, step: Mapping[str, Any], *, generation: int) -> None:
        rest = {name: value for name, value in step.items() if name not in ("fault", "push", "to", "pause_seconds")}
        if "platform" in step:
            self._tell(step, generation=generation)
        elif "edit" in step:
            # An edit on X has an id of its own.
            self._ids[step["edit"]] = self.world.edit(
                self._ids[step["edit"]], self._with_order(step["text"])
            ).identifier
        elif "delete" in step:
            self.world.delete(self._ids[step["delete"]])
        elif "fault" in step:
            self.world.faults.add(Fault(step["fault"], **rest))
        elif "push" in step:
            self.world.pushes.add_mishap(Mishap(step["push"], step.get("to", ""), **rest))
        elif step.get("token") == "revoked":
            revoke(self.world)
        elif "token" in step:
            self.world.is_revoked = False
        else:
            self.world.shift_clock(step["clock"])

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
