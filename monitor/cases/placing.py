"""Where a post belongs: which case it joins, or that it opens a new one. Works on what was loaded, writes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from monitor.cases.models import Case, CaseConversation
from monitor.cases.states import ACTIVE, REOPEN_DAYS, RESOLVED
from monitor.inbox.models import Post
from monitor.triage.services import TriageOutcome

#: A person who writes again elsewhere on the same platform within this time means the same matter.
JOIN_HOURS: Final = 72

Writer = tuple[int, int | None]  # conversation, author


@dataclass(slots=True)
class Placement:
    """A case, old or to be made, with what comes to it in this batch."""

    case: Case
    is_new: bool
    posts: list[tuple[Post, TriageOutcome]] = field(default_factory=list)
    new_links: list[Writer] = field(default_factory=list)


def wrote_at(post: Post) -> datetime:
    """An undated import counts from when it was stored."""
    return post.created_at or post.stored_at


class Desk:
    """The open links and active cases around a batch of posts; `place` says where each post goes."""

    def __init__(
        self,
        links: Iterable[CaseConversation],
        cases: Mapping[int, Case],
        now: datetime,
        *,
        author_cases: Iterable[int],
    ) -> None:
        """`cases`: locked rows by id, of the links and of `author_cases` (active ones of the batch's authors)."""
        self._now = now
        self.placements: list[Placement] = []
        self.ended_links: list[int] = []
        self._of_case = {case_id: Placement(case, is_new=False) for case_id, case in cases.items()}
        self._links = {(link.conversation_id, link.author_id): link for link in links}
        self._of_author: dict[tuple[int | None, str], list[Placement]] = {}
        for case_id in sorted(author_cases):
            placement = self._of_case[case_id]
            self._of_author.setdefault((placement.case.author_id, placement.case.platform), []).append(placement)
        self._new: dict[Writer, Placement] = {}

    def place(self, post: Post, outcome: TriageOutcome) -> Placement | None:
        """None: the post belongs to no case. A placement that gets its first post is kept in `placements`."""
        placement = self._linked(post) or (self._of_same_author(post) if outcome.opens_case else None)
        if placement is None and outcome.opens_case:
            placement = self._open(post)
        if placement is None:
            return None
        if not placement.posts:
            self.placements.append(placement)
        placement.posts.append((post, outcome))
        return placement

    def _linked(self, post: Post) -> Placement | None:
        """The case that this author (or the whole thread) has in this conversation, unless that is over."""
        writer = (post.conversation_id, post.author_id)
        if writer in self._new:
            return self._new[writer]
        for key in (writer, (post.conversation_id, None)):
            link = self._links.get(key)
            if link is None:
                continue
            placement = self._of_case[link.case_id]
            if self._takes_posts(placement.case):
                return placement
            self.ended_links.append(link.pk)
            del self._links[key]
        return None

    def _takes_posts(self, case: Case) -> bool:
        if case.state in ACTIVE:
            return True
        since = self._now - timedelta(days=REOPEN_DAYS)
        return case.state == RESOLVED and case.resolved_at is not None and case.resolved_at >= since

    def _of_same_author(self, post: Post) -> Placement | None:
        """Only the same profile on the same platform, close in time: linking profiles is for people."""
        if post.author_id is None or post.created_at is None:
            return None
        for placement in self._of_author.get((post.author_id, post.platform), []):
            last = placement.case.last_inbound_at
            if last is not None and abs(post.created_at - last) <= timedelta(hours=JOIN_HOURS):
                self._link(placement, post)
                return placement
        return None

    def _open(self, post: Post) -> Placement:
        placement = Placement(Case(brand_id=post.brand_id, author_id=post.author_id, platform=post.platform), True)
        placement.case.last_inbound_at = wrote_at(post)
        self._link(placement, post)
        if post.author_id is not None:
            self._of_author.setdefault((post.author_id, post.platform), []).append(placement)
        return placement

    def _link(self, placement: Placement, post: Post) -> None:
        writer = (post.conversation_id, post.author_id)
        placement.new_links.append(writer)
        self._new[writer] = placement
