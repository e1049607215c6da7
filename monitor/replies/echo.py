"""Is this own post the outcome of that reply? Pure: platforms change what they show of a text."""

import re
import unicodedata
from datetime import datetime, timedelta

# X puts the names of the people of a thread in front of a reply, and shortens every address.
_LEADING_NAMES = re.compile(r"^(?:\s*@\w+[\s,:]*)+")
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
#: Clocks of platforms and ours may differ by this much.
CLOCK_SLACK = timedelta(minutes=2)


def comparable(text: str) -> str:
    """What stays the same of a text between sending and reading back."""
    plain = unicodedata.normalize("NFC", text).casefold()
    plain = plain.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    return _SPACE.sub(" ", _ADDRESS.sub("<link>", _LEADING_NAMES.sub("", plain))).strip()


def is_same_text(ours: str, theirs: str) -> bool:
    made = comparable(ours)
    return bool(made) and made == comparable(theirs)


def is_in_time(created_at: datetime | None, started_at: datetime | None) -> bool:
    """Nothing that was written before the attempt can be its outcome; an unknown time cannot rule it out."""
    if created_at is None or started_at is None:
        return True
    return created_at >= started_at - CLOCK_SLACK
