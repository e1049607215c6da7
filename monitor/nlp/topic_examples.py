"""What topics are made from: names and example posts, checked alike for the console and for a file.

A refusal is one sentence with its values apart, so that the console can say it in the reader's language; of a file it
names the line. What the topics then find is decided in custom_topics.py.
"""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from monitor.nlp.labels import TOPICS
from monitor.text.clean import clean

FEWEST_EXAMPLES: Final = 3  # of a topic
MOST_EXAMPLES: Final = 200  # of a topic
MOST_TOPICS: Final = 30  # of a brand, or of a file
LONGEST_EXAMPLE: Final = 2000  # characters; what is beyond is not kept
_LONGEST_NAME: Final = 48
#: "unknown" is how trends and filters call posts that nobody has read.
_TAKEN: Final = frozenset({*TOPICS, "unknown"})
_COLUMNS: Final = ("topic", "text")
#: Signs between letters (d'abonnement, Wi-Fi, col·lecció, R&D, דו״ח): typed in several ways, kept in one.
_WITHIN: Final = re.compile("['&·׳״-]")
_WITHIN_AS_TYPED: Final = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-"})
#: Signs between which a joiner changes how a word is written, as in Persian and Malayalam; elsewhere nobody sees it.
_JOINERS: Final = "\u200c\u200d"
_IDLE_JOINER: Final = re.compile(f"(?<![\u0600-\u1aff])[{_JOINERS}]|[{_JOINERS}](?![\u0600-\u1aff])")


def gettext_noop(sentence: str) -> str:
    """Marks a sentence that the console translates when it is shown."""
    return sentence


_BAD_NAME: Final = gettext_noop("A topic's name has 1 to 48 letters, digits and spaces, and between letters ' - and &.")
_TAKEN_NAME: Final = gettext_noop("“%(name)s” is a topic that every brand has already.")
_TOO_FEW: Final = gettext_noop(
    "%(count)d examples are too few: it takes %(least)d different ones, and ten make a good topic."
)
_TOO_MANY: Final = gettext_noop("%(count)d examples are too many: %(most)d are read at most.")


class CustomTopicsError(ValueError):
    """The topics cannot be used; `sentence` with `params` put in says why. Never holds an example's words."""

    def __init__(self, sentence: str, **params: object) -> None:
        super().__init__(sentence % params)
        self.sentence = sentence
        self.params = params


def topic_code(name: str) -> str:
    """The name as posts, files and the API carry it: `gift_cards` for "Gift Cards". Raises CustomTopicsError."""
    # Turkish "İade" is "iade": its dot is no sign of its own once the letter is small.
    small = unicodedata.normalize("NFC", clean(name)).lower().replace("i\u0307", "i").translate(_WITHIN_AS_TYPED)
    shown = "".join(sign for sign in unicodedata.normalize("NFC", small) if not _is_unseen(sign))
    code = "_".join(_IDLE_JOINER.sub("", shown).split())
    # "Click & Collect": between words, too.
    words = [word for word in re.sub("(?<=[^_])_&_(?=[^_])", "_", code).split("_") if word]
    if not words or len(code) > _LONGEST_NAME or not all(map(_is_word, words)):
        raise CustomTopicsError(_BAD_NAME)
    if code in _TAKEN:
        raise CustomTopicsError(_TAKEN_NAME, name=code)
    return code


def _is_unseen(sign: str) -> bool:
    """Marks of direction, variation selectors and the like come along with what is pasted."""
    if "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef":
        return True
    return unicodedata.category(sign) == "Cf" and sign not in _JOINERS


def _is_word(word: str) -> bool:
    """Letters and digits with the vowel signs, tone marks and joiners that belong to them; signs within it only where
    there are some on both sides."""
    return all(
        part[:1].isalnum()
        and all(sign.isalnum() or sign in _JOINERS or unicodedata.category(sign) in ("Mn", "Mc") for sign in part)
        for part in _WITHIN.split(word)
    )


def example_texts(given: Iterable[str]) -> list[str]:
    """The different examples as they are kept, without empty ones. Raises CustomTopicsError."""
    texts = [text for text in dict.fromkeys(map(_kept, given)) if text]
    _require_count(len(texts))
    return texts


def _kept(text: str) -> str:
    return clean(text).strip()[:LONGEST_EXAMPLE]


def _require_count(count: int) -> None:
    if count < FEWEST_EXAMPLES:
        raise CustomTopicsError(_TOO_FEW, count=count, least=FEWEST_EXAMPLES)
    if count > MOST_EXAMPLES:
        raise CustomTopicsError(_TOO_MANY, count=count, most=MOST_EXAMPLES)


def read_topics_file(path: Path) -> list[tuple[str, str]]:
    """(code, example) pairs of a TSV with the columns `topic` and `text`, or of JSONL with these keys.

    A TSV without a header has these two columns alone. Raises CustomTopicsError, which names the line.
    """
    first_lines: dict[str, int] = {}
    examples: dict[str, dict[str, int]] = defaultdict(dict)  # code → text → its first line
    for number, name, text in _rows(_filled_lines(path), path.name):
        with _told_of(path.name, number):
            code, kept = topic_code(name), _kept(text)
            if not kept:
                raise CustomTopicsError("The text is empty.")
            first_lines.setdefault(code, number)
            examples[code].setdefault(kept, number)
            if len(first_lines) > MOST_TOPICS:
                raise CustomTopicsError("Here begins one topic too many: %(most)d are read at most.", most=MOST_TOPICS)
    for code, texts in examples.items():
        beyond = list(texts.values())[MOST_EXAMPLES:]
        with _told_of(path.name, beyond[0] if beyond else first_lines[code]):
            _require_count(len(texts))
    if not examples:
        raise CustomTopicsError("%(file)s is empty: it takes lines of topic, tab and example.", file=path.name)
    return [(code, text) for code, texts in examples.items() for text in texts]


@contextmanager
def _told_of(file: str, line: int) -> Iterator[None]:
    """What is refused inside is refused of this line."""
    try:
        yield
    except CustomTopicsError as error:
        raise CustomTopicsError("Line %(line)d of %(file)s: %(why)s", line=line, file=file, why=str(error)) from error


def _filled_lines(path: Path) -> list[tuple[int, str]]:
    """Lines with their numbers, as an editor counts them: signs that only Unicode takes for line ends part nothing."""
    try:
        stored = path.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise CustomTopicsError("%(file)s cannot be read: %(why)s.", file=path.name or str(path), why=why) from error
    stored = stored.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        text = stored.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        with _told_of(path.name, stored[: error.start].count(b"\n") + 1):
            # Not from the decoder's error, which holds the whole file.
            raise CustomTopicsError("This is not UTF-8: save the file as UTF-8.") from None
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _rows(lines: list[tuple[int, str]], file: str) -> Iterator[tuple[int, str, str]]:
    """(line, name, text) of each example; the first line tells which kind of file it is."""
    if not lines:
        return
    if lines[0][1].lstrip().startswith("{"):
        read: Callable[[str], tuple[str, str]] = _json_row
    else:
        with _told_of(file, lines[0][0]):
            columns = _header(lines[0][1])
        lines = lines[1:] if columns else lines
        read = partial(_table_row, columns=columns or _COLUMNS)
    for number, line in lines:
        with _told_of(file, number):
            name, text = read(line)
        yield number, name, text


def _json_row(line: str) -> tuple[str, str]:
    try:
        # Control characters inside a text are no reason to refuse it.
        stored: Any = json.loads(line, strict=False)
    except (ValueError, RecursionError):
        raise CustomTopicsError("This is not valid JSON: it takes one object a line.") from None
    name, text = (stored.get(key) if isinstance(stored, dict) else None for key in _COLUMNS)
    if not isinstance(name, str) or not isinstance(text, str):
        raise CustomTopicsError("It takes an object whose `topic` and `text` are strings.")
    return name, text


def _header(line: str) -> tuple[str, ...]:
    """The names of the columns; none where the first line is an example already."""
    names = tuple(name.strip().lower() for name in line.split("\t"))
    there = [name for name in _COLUMNS if names.count(name) == 1]
    if len(there) == 1 or len(names) > len(_COLUMNS) > len(there):
        raise CustomTopicsError("It takes a header that names the columns topic and text once each, parted by tabs.")
    return names if there else ()


def _table_row(line: str, columns: tuple[str, ...]) -> tuple[str, str]:
    cells, places = line.split("\t"), [columns.index(name) for name in _COLUMNS]
    if len(cells) <= max(places):
        raise CustomTopicsError("There is no tab between topic and text, or not as many as in the header.")
    if len(cells) > len(columns):
        raise CustomTopicsError(
            "There are %(count)d columns instead of %(expected)d: an example may hold no tab.",
            count=len(cells),
            expected=len(columns),
        )
    return cells[places[0]], cells[places[1]]
