"""Search tokens: what a post is found by. The same function runs on stored posts and on queries."""

import re

from monitor.text.clean import fold

# Han, kana, Hangul and Thai are written without reliable spaces between words: they are found by pairs of letters.
_PAIRED = (
    "\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
)
_TOKEN = re.compile(rf"(?P<paired>[{_PAIRED}]+)|(?P<word>(?:(?![{_PAIRED}])[\w\u0300-\u036f\u0900-\u0dff])+)")
_LONGEST_WORD = 64


def search_tokens(text: str) -> list[str]:
    """Tokens in order, repeats kept: words, and pairs of neighbours (or one alone) in unspaced scripts.

    Underscores part words; a word longer than 64 characters is cut, so that no index row grows without bound.
    """
    tokens: list[str] = []
    for match in _TOKEN.finditer(fold(text).replace("_", " ")):
        if run := match["paired"]:
            tokens += [run[at : at + 2] for at in range(max(1, len(run) - 1))]
        else:
            tokens.append(match["word"][:_LONGEST_WORD])
    return tokens
