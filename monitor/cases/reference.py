"""The public name of a case: eight Crockford characters, easy to read out, impossible to guess in order."""

import secrets
from collections.abc import Callable, Collection
from typing import Final

#: Crockford's alphabet: no I, L, O (read as 1 and 0) and no U (no accidental words).
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS: Final = ALPHABET[10:]
LENGTH: Final = 8
_READ_AS: Final = str.maketrans("ILO", "110")


def make_reference() -> str:
    """The first character is a letter: a spreadsheet must not take 12E45678 for a number."""
    return secrets.choice(_LETTERS) + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))


def make_references(count: int, taken: Callable[[Collection[str]], Collection[str]]) -> list[str]:
    """`count` different references, none of which `taken` (a look-up of those in use) knows."""
    fresh: set[str] = set()
    while len(fresh) < count:
        candidates = {make_reference() for _ in range(count - len(fresh))}
        fresh |= candidates - set(taken(candidates))
    return list(fresh)


def read_reference(typed: str) -> str:
    """What somebody typed or heard, as it is stored: case, blanks, hyphens and look-alikes do not matter."""
    return "".join(typed.split()).replace("-", "").upper().translate(_READ_AS)
