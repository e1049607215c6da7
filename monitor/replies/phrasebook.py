"""What can be said, in every language shipped: reads `articles/*.yaml`. A new language is a new file, no code.

Sentences, cues (words that tell what a post is about), articles and the words that the guard looks for.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from monitor.text import fold

FOLDER: Final = Path(__file__).parent / "articles"
VERSION: Final = "phrases-1"
FALLBACK: Final = "en"

# In these scripts a word has no edges that a pattern could see, or takes prefixes (Arabic): cues match anywhere.
_NO_EDGES = re.compile("[\u0600-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Fact:
    """An article: `short` is one sentence for the public, `body` the whole of it for a private message."""

    code: str
    language: str
    topics: tuple[str, ...]
    situations: tuple[str, ...]
    title: str
    body: str
    short: str = ""
    audience: str = "buyer"
    version: int = 1


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """One language. `sentences` are the groups with no topic; each group holds variants of one thought."""

    language: str
    name: str
    cues: Mapping[str, re.Pattern[str]]
    situations: Mapping[str, tuple[str, ...]]
    questions: Mapping[str, tuple[str, ...]]
    sentences: Mapping[str, tuple[str, ...]]
    details: Mapping[str, tuple[str, ...]]
    hand_offs: Mapping[str, Fact]
    articles: tuple[Fact, ...]
    acknowledgements: tuple[str, ...]
    opt_out_word: str
    guard: Mapping[str, tuple[re.Pattern[str], ...]]


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic → what it may be about, what is asked for in private and where it can be solved."""

    situations: Mapping[str, tuple[str, ...]]
    details: Mapping[str, str]
    hand_offs: Mapping[str, tuple[str, ...]]
    any_topic: tuple[str, ...]
    matrix: tuple[Mapping[str, Any], ...]
    aliases: Mapping[str, str]


SENTENCE_GROUPS: Final = (
    "praise",
    "chatter",
    "follow_up",
    "strong",
    "critical",
    "message_sent",
    "ask_private",
    "ask_private_question",
    "ask_private_critical",
    "privacy_note",
)


@cache
def phrasebooks() -> Mapping[str, Phrasebook]:
    """Language → its phrasebook. Raises KeyError for a file that lacks a part: a half language must not ship."""
    files = sorted(path for path in FOLDER.glob("*.yaml") if path.stem != "situations")
    books = [_read(_load(path)) for path in files]
    return {book.language: book for book in books}


@cache
def topics() -> Topics:
    plan = _load(FOLDER / "situations.yaml")
    rows: Mapping[str, Mapping[str, Any]] = plan["topics"]
    return Topics(
        situations={topic: tuple(row["situations"]) for topic, row in rows.items()},
        details={topic: row["details"] for topic, row in rows.items()},
        hand_offs={topic: tuple(row["hand_offs"]) for topic, row in rows.items()},
        any_topic=tuple(plan["any_topic"]),
        matrix=tuple(plan["hand_offs"]),
        aliases=plan["aliases"],
    )


def choose_language(wanted: str, default: str = FALLBACK) -> tuple[str, str]:
    """The language to answer in and the rule that chose it: customer, same_language, brand_default or fallback.

    "zh-Hant" is answered in "zh" (same_language); a language without phrasebook in the brand's own.
    """
    books = phrasebooks()
    for code, rule in ((wanted, "customer"), (_base(wanted), "same_language")):
        code = topics().aliases.get(code, code)
        if code in books:
            return code, rule
    for code, rule in ((default, "brand_default"), (_base(default), "brand_default")):
        if code in books:
            return code, rule
    return FALLBACK, "fallback"


def find_situation(text: str, topic: str, language: str, severity: int, *, is_complaint: bool = True) -> str:
    """What within the topic the post speaks of: the first situation with a cue in the text; else the topic itself.

    Cues of the post's own language count first, then those of all others: many posts mix languages.
    """
    plan = topics()
    wanted = [*plan.situations.get(topic, ())]
    if is_complaint and severity >= 2:
        wanted = [*plan.any_topic, *wanted]
    folded = fold(text)
    own = phrasebooks().get(language)
    books = [own] if own is not None else [*phrasebooks().values()]
    for situation in wanted:
        if any(situation in book.cues and book.cues[situation].search(folded) for book in books):
            return situation
    if own is not None and language != FALLBACK:
        english = phrasebooks()[FALLBACK]
        found = [situation for situation in wanted if english.cues[situation].search(folded)]
        if found:
            return found[0]
    return topic if topic in plan.situations else "other"


def _load(path: Path) -> Any:
    """The parser in C where PyYAML has it: the one in Python takes a second for all languages."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  (both are safe loaders)


def _base(code: str) -> str:
    return code.replace("_", "-").split("-")[0].lower()


def _read(page: Mapping[str, Any]) -> Phrasebook:
    language = page["language"]
    hand_offs = {
        code: Fact(code, language, (), (), row["title"], row["body"]) for code, row in page["hand_offs"].items()
    }
    return Phrasebook(
        language=language,
        name=page["name"],
        cues={situation: _cue(words) for situation, words in page["cues"].items()},
        situations=_groups(page["situations"]),
        questions=_groups(page["questions"]),
        sentences=_groups({name: page[name] for name in SENTENCE_GROUPS}),
        details=_groups(page["details"]),
        hand_offs=hand_offs,
        articles=tuple(_fact(row, language) for row in page["articles"]),
        acknowledgements=tuple(page["acknowledgement"]),
        opt_out_word=page["opt_out_word"],
        guard={kind: tuple(map(_compile, patterns)) for kind, patterns in page["guard"].items()},
    )


def _groups(groups: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(variants) for name, variants in groups.items()}


def _fact(row: Mapping[str, Any], language: str) -> Fact:
    return Fact(
        row["code"],
        language,
        tuple(row["topics"]),
        tuple(row["situations"]),
        row["title"],
        row["body"],
        row["short"],
    )


def _cue(words: Sequence[str]) -> re.Pattern[str]:
    """Cues are beginnings of words ("cancel" finds "cancelled"); up to four letters they are whole words."""
    return re.compile("|".join(_cue_pattern(fold(word)) for word in words))


def _cue_pattern(word: str) -> str:
    if _NO_EDGES.match(word):
        return re.escape(word)
    return rf"(?<!\w){re.escape(word)}" + (r"(?!\w)" if len(word) <= 4 else "")


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
