"""What must not leave the desk: personal data, promises, admissions, the wrong language, too many characters. Pure.

A finding is blocking or a warning; a person may override a blocking one with a reason (audited) unless it is hard.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from monitor.replies.phrasebook import FALLBACK, Phrasebook, phrasebooks
from monitor.text import fold
from monitor.text.entities import find_entities
from monitor.text.length import byte_count, grapheme_count, weighted_length
from monitor.text.links import has_link
from monitor.text.plain import to_plain
from monitor.text.reason import Reason

#: These no reason can override: the platform would refuse them.
HARD: Final = frozenset({"guard.empty", "guard.too_long", "guard.too_many_bytes"})
WARNINGS: Final = frozenset({"guard.link", "guard.amount_private", "guard.personal_private"})

_HANDLE = re.compile(r"(?<![\w@/.])@(\w{2,30})")
_NUMBERS = re.compile(r"[0-9](?:[ \-.]?[0-9]){3,}")
_NAME_PART = re.compile(r"[^\W\d_]+")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Facts:
    """Where the text goes and what it answers. `found_language` is "" where nobody can be sure of it."""

    is_public: bool = True
    link_costs_more: bool = False
    limit: int = 280
    counts_weighted: bool = True
    counts_graphemes: bool = False
    #: 0: as many as there are.
    byte_limit: int = 0
    language: str = ""
    found_language: str = ""
    post_text: str = ""
    author_name: str = ""
    author_handle: str = ""
    own_handles: tuple[str, ...] = ()
    order_patterns: tuple[str, ...] = ()
    forbidden_words: tuple[str, ...] = ()


def check(text: str, facts: Facts) -> list[Reason]:
    """Everything that is wrong with a text, the gravest first. Findings hold kinds and lengths, never the words."""
    if not text.strip():
        return [Reason("guard.empty")]
    findings = [
        *_length(text, facts),
        *_personal(text, facts),
        *_wording(text, facts),
        *_addressing(text, facts),
    ]
    unique = {(finding.code, str(sorted(finding.params.items()))): finding for finding in findings}
    return sorted(unique.values(), key=lambda finding: (not is_blocking(finding), finding.code))


def is_blocking(finding: Reason) -> bool:
    return finding.code.startswith("guard.") and finding.code not in WARNINGS


def blocking(findings: Iterable[Reason]) -> list[Reason]:
    return [finding for finding in findings if is_blocking(finding)]


def can_override(findings: Iterable[Reason]) -> bool:
    return not any(finding.code in HARD for finding in findings)


def verdict(findings: Sequence[Reason]) -> str:
    """One word: block, warn or pass."""
    if blocking(findings):
        return "block"
    return "warn" if findings else "pass"


def length_of(text: str, *, counts_weighted: bool, counts_graphemes: bool = False) -> int:
    """As the platform counts: by X's weights, by graphemes, else by characters."""
    if counts_weighted:
        return weighted_length(text)
    return grapheme_count(text) if counts_graphemes else len(text)


def _length(text: str, facts: Facts) -> Iterator[Reason]:
    length = length_of(text, counts_weighted=facts.counts_weighted, counts_graphemes=facts.counts_graphemes)
    if length > facts.limit:
        yield Reason("guard.too_long", params={"length": length, "limit": facts.limit})
    elif facts.byte_limit and (size := byte_count(text)) > facts.byte_limit:
        yield Reason("guard.too_many_bytes", params={"length": size, "limit": facts.byte_limit})


def _personal(text: str, facts: Facts) -> Iterator[Reason]:
    for entity in find_entities(text, facts.order_patterns):
        if entity.kind == "amount":
            yield Reason("guard.amount" if facts.is_public else "guard.amount_private")
        elif facts.is_public or entity.kind in {"card", "iban"}:
            yield Reason("guard.personal", params={"kind": entity.kind})
        elif _bare(entity.value) not in _bare(facts.post_text):
            # In private the person's own number may be repeated; another one may be somebody else's.
            yield Reason("guard.personal_private", params={"kind": entity.kind})
    if facts.is_public:
        if _numbers(text) & _numbers(facts.post_text):
            yield Reason("guard.personal", params={"kind": "number"})
        if names_author(text, facts.author_name):
            yield Reason("guard.names_author")


def _wording(text: str, facts: Facts) -> Iterator[Reason]:
    books = list(_books(facts))
    folded = unicodedata.normalize("NFC", text)
    for kind in ("promises", "admissions"):
        if any(pattern.search(folded) for book in books for pattern in book.guard[kind]):
            yield Reason(f"guard.{kind.removesuffix('s')}")
    if facts.is_public and any(pattern.search(folded) for book in books for pattern in book.guard["personal"]):
        yield Reason("guard.asks_personal")
    if facts.found_language and facts.language and not _same_language(facts.found_language, facts.language):
        yield Reason("guard.wrong_language", params={"is": facts.found_language, "wanted": facts.language})
    plain = fold(text)
    for word in facts.forbidden_words:
        if word.strip() and re.search(rf"(?<!\w){re.escape(fold(word.strip()))}(?!\w)", plain):
            yield Reason("guard.forbidden_word", params={"word": word.strip()})


def _addressing(text: str, facts: Facts) -> Iterator[Reason]:
    known = {fold(handle.removeprefix("@")) for handle in (facts.author_handle, *facts.own_handles) if handle}
    for handle in _HANDLE.findall(text):
        if fold(handle) not in known:
            yield Reason("guard.other_handle")
    if facts.link_costs_more and has_link(text):
        yield Reason("guard.link")


def _books(facts: Facts) -> Iterable[Phrasebook]:
    """Of the languages that the text may be in, and English; of all where nothing is known."""
    books = phrasebooks()
    wanted = {code for code in (facts.language, facts.found_language) if code in books}
    return [books[code] for code in sorted(wanted | {FALLBACK})] if wanted else books.values()


def _same_language(one: str, other: str) -> bool:
    return one.split("-")[0] == other.split("-")[0]


def names_author(text: str, name: str) -> bool:
    """Whether the text says the author's name. Words that every answer uses ("thank", "you") are no names."""
    words = unicodedata.normalize("NFC", text)
    plain = unicodedata.normalize("NFC", name).strip()
    if _CJK.search(plain):
        return len(plain) >= 2 and plain in words
    parts = [part for part in _NAME_PART.findall(plain) if len(part) >= 3 and part[:1].isupper()]
    spoken = set(_NAME_PART.findall(words))
    return any(part in spoken and fold(part) not in _vocabulary() for part in parts)


@cache
def _vocabulary() -> frozenset[str]:
    """Every word of the shipped answers."""
    words: set[str] = set()
    for book in phrasebooks().values():
        for groups in (book.situations, book.questions, book.sentences, book.details):
            for variants in groups.values():
                words.update(fold(word) for variant in variants for word in _NAME_PART.findall(variant))
    return frozenset(words)


def _numbers(text: str) -> set[str]:
    return {_bare(match) for match in _NUMBERS.findall(to_plain(text).text)}


def _bare(text: str) -> str:
    return re.sub(r"[\s\-.]", "", to_plain(text).text)
