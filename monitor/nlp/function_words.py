"""Words that hold a sentence together and decide nothing: they are no reason, however often they stand in complaints.

Articles, pronouns, prepositions, conjunctions, auxiliaries. Negations, "still", "again" and "why" are not among them.
"""

from functools import lru_cache
from pathlib import Path

from monitor.nlp.normalise import normalise

_FILE = Path(__file__).with_suffix(".txt")  # a line a language


@lru_cache(maxsize=1)
def _by_language() -> dict[str, frozenset[str]]:
    lines = (line.split(": ", 1) for line in _FILE.read_text(encoding="utf-8").splitlines())
    return {language: frozenset(map(normalise, words.split())) for language, words in lines}


def function_words(language: str) -> frozenset[str]:
    """Those of a language, in the form that the models read; none where we know none. Of a language alone, since what
    is an article here ("die") decides there."""
    known = _by_language()
    return known.get(language) or known.get(language.split("-")[0], frozenset())


@lru_cache(maxsize=1)
def all_function_words() -> frozenset[str]:
    return frozenset().union(*_by_language().values())
