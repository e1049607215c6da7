"""What an examination finds."""

from dataclasses import dataclass

GOOD, WARN, BAD = "good", "warn", "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """`says` holds what was found and, where something is wrong, what to do."""

    state: str
    subject: str
    says: str
