"""Everything that `decide()` may know of a post: plain values, stored with the decision, so that it can be run again.

Gathering them from the database is `triage.gathering`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

#: Channel kinds where whoever writes, writes to the brand: its page, its reviews, a file of its mentions.
ADDRESSED_CHANNELS: Final = frozenset({"account", "page", "import"})
#: Forms that live on a page or in a thread of the brand. A post or quote stands on its author's own profile.
ADDRESSED_FORMS: Final = frozenset({"comment", "review", "story_mention"})


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the cases room knows of a post's author and conversation (handed up by the pipeline)."""

    has_open_case: bool = False  # an open link for this author in this conversation
    has_recent_case: bool = False  # the same, or resolved so lately that a new word re-opens it
    is_returning: bool = False  # that case had been resolved
    unanswered_posts: int = 0  # posts of the open case since our last answer
    hours_waiting: float | None = None  # since the first of them; None where nobody waits


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one post. Scores are 0–1; `threshold` is the brand's; `is_addressed` see `is_addressed_to_us`."""

    platform: str = ""
    form: str = "post"
    arrival: str = "live"
    is_public: bool = True
    is_own: bool = False
    mentions_us: bool = False
    quotes_us: bool = False
    is_addressed: bool = False
    has_reading: bool = True  # false: deleted before anything was read, or never analysed
    language: str = ""
    intent: str = "chatter"
    needs_reply: bool = False
    needs_reply_score: float = 0.0
    sentiment: str = "neutral"
    complaint: bool = False
    complaint_score: float = 0.0
    is_judged_complaint: bool = False  # a person has read it and says so
    is_judged_intent: bool = False  # a person has said what it is for
    severity: int = 0
    escalate: bool = False
    escalate_score: float = 0.0
    topic: str = "other"
    audience: str = "none"
    entity_kinds: tuple[str, ...] = ()  # a phone or e-mail only where it is not the brand's own
    stars: int | None = None  # of a review, 1 to 5
    recommends: bool | None = None  # in a review that says so
    is_on_ad: bool = False  # stands under an ad, or came by one
    app_version: str = ""  # of the app under review
    market: str = "unknown"
    author_followers: int | None = None
    author_is_verified: bool = False
    author_is_automated: bool = False
    author_is_opted_out: bool = False
    author_recent_posts: int = 0  # earlier posts of this author that needed a reply, within a week
    offers: int = 0  # codes and inviting links that it gives away
    has_offer_words: bool = False  # tells others in clear words to use one of them
    contacts: int = 0  # handles, numbers, addresses, not the brand's, to which it sends others with a promise
    has_clear_promise: bool = False  # tells what was won back there, or promises what only swindlers promise
    same_text_authors: int = 0  # others who wrote the same within seven days
    same_code_authors: int = 0  # others who gave one of its codes away within seven days
    same_contact_authors: int = 0  # others who sent somebody to one of its contacts within seven days
    code_repeats: int = 0  # how often the author gave one of its codes away
    author_posts_in_hour: int = 0  # public posts up to this one, which counts too
    author_link_share: float | None = None  # of the latest public posts, where there are enough
    author_days_old: int | None = None  # of the profile when this was written, where the platform tells
    has_open_case: bool = False
    has_recent_case: bool = False
    is_returning: bool = False
    unanswered_posts: int = 0
    hours_waiting: float | None = None
    is_crisis: bool = False
    threshold: int = 50

    def to_json(self) -> dict[str, Any]:
        # Not `asdict`: every value is plain already, and this runs for each post.
        stored = {name: getattr(self, name) for name in FIELD_NAMES}
        stored["entity_kinds"] = list(self.entity_kinds)
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Facts":
        """Facts stored by an older version lack the newer fields: these take their default; what nothing asks any more
        is passed over. Unknown ones raise."""
        values = {name: value for name, value in stored.items() if name not in RETIRED}
        values["entity_kinds"] = tuple(values.get("entity_kinds", ()))
        unknown = values.keys() - set(FIELD_NAMES)
        if unknown:
            raise ValueError(f"Unknown facts: {sorted(unknown)}.")
        return cls(**values)

    def with_threshold(self, threshold: int) -> "Facts":
        return replace(self, threshold=threshold)


FIELD_NAMES: Final = tuple(one.name for one in fields(Facts))
#: Of the whole thread, also of the post that it began with: said nothing of who waits.
RETIRED: Final = frozenset({"hours_since_own_reply"})


def is_addressed_to_us(
    *,
    form: str,
    is_public: bool,
    mentions_us: bool,
    quotes_us: bool,
    replies_to_us: bool,
    arrival: str,
    channel_kind: str,
) -> bool:
    """Whether the author speaks to the brand and not only of it.

    A post that only a keyword search found is not addressed. An imported post is: whoever imports a file for a brand
    says that these are posts to it, and files rarely carry a mention flag.
    """
    if not is_public or mentions_us or quotes_us or replies_to_us:
        return True
    if arrival == "import" or channel_kind == "import":
        return True
    return form in ADDRESSED_FORMS and channel_kind in ADDRESSED_CHANNELS
