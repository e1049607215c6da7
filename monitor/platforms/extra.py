"""What a platform tells of a post beyond its words: the stars of a review, the ad that was commented on.

A closed set of typed facts, stored with the post. Whatever else a platform tells stays in the journal.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from monitor.text.clean import clean

MOST_STARS: Final = 5
#: The longest texts that are kept, by name.
LONGEST: Final[Mapping[str, int]] = {"ad_id": 64, "app_version": 40, "device": 80}
_STARS = re.compile(r"([1-5])(?:[.,]0+)?(?:\s*(?:/|of|out of)\s*5(?:[.,]0+)?)?(?:\s*stars?)?", re.IGNORECASE)
_YES = frozenset({"yes", "true", "positive", "recommended", "recommends"})
_NO = frozenset({"no", "false", "negative", "not recommended", "does not recommend"})


@dataclass(frozen=True, slots=True)
class Extra:
    """What is not told is "" or None. Texts are cleaned and cut to LONGEST; raises ValueError for a wrong type, and
    for stars that are no whole number from 1 to 5 (`stars_in` reads what others wrote).

    `ad_id`: the ad under which it stands, as far as the platform tells (Facebook tells the post that an ad shows).
    `recommends`: Facebook's reviews of today have no stars. `app_version` and `device`: of the app under review.
    """

    ad_id: str = ""
    stars: int | None = None
    recommends: bool | None = None
    app_version: str = ""
    device: str = ""

    def __post_init__(self) -> None:
        for name, longest in LONGEST.items():
            if value := getattr(self, name):
                object.__setattr__(self, name, _bounded(name, value, longest))
        if self.stars is not None and (type(self.stars) is not int or not 1 <= self.stars <= MOST_STARS):
            raise ValueError(f"stars are a whole number from 1 to {MOST_STARS}, not {self.stars!r}")
        if self.recommends is not None and type(self.recommends) is not bool:
            raise ValueError(f"recommends is true or false, not {self.recommends!r}")

    def or_else(self, earlier: "Extra") -> "Extra":
        """With what only `earlier` tells."""
        return Extra.from_json({**earlier.to_json(), **self.to_json()})

    def to_json(self) -> dict[str, str | int | bool]:
        """What is told, and nothing else."""
        return {name: value for name, value in asdict(self).items() if value is not None and value != ""}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Extra":
        """Raises ValueError for a name that is none of these."""
        if unknown := stored.keys() - NAMES:
            raise ValueError(f"Unknown facts of a post: {sorted(unknown)}")
        return cls(**stored)


NAMES: Final = frozenset(one.name for one in fields(Extra))
#: Of most posts nothing is told.
NOTHING_TOLD: Final = Extra()


def _bounded(name: str, value: object, longest: int) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text, not {value!r}")
    return " ".join(clean(value).split())[:longest].rstrip()


def stars_in(value: object) -> int | None:
    """`4`, `4.0`, "4", "4/5" or "4 out of 5 stars" as a number of stars; None for whatever else was written there."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if value in range(1, MOST_STARS + 1) else None
    found = _STARS.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(found[1]) if found else None


def recommendation_in(value: object) -> bool | None:
    """Whether somebody recommends it, in the words of Facebook or of a table; None where neither is said."""
    if isinstance(value, bool):
        return value
    word = " ".join(value.replace("_", " ").split()).casefold() if isinstance(value, str) else ""
    return True if word in _YES else False if word in _NO else None
