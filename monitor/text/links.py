"""Whether a text holds a link as X makes and charges them: also a bare domain, "lumora.com/help"."""

import re
import unicodedata

from monitor.text.clean import clean
from monitor.text.x_rules import x_rules

# The parser's list of top-level domains ends in 2023: what says that it is an address counts as one in any case.
_SAYS_SO = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
# Without a dot inside of a word there is no domain, and nothing to load the rules for.
_DOTTED = re.compile(r"[^\s.]\.[^\s.]")


def has_link(text: str) -> bool:
    if _SAYS_SO.search(text):
        return True
    plain = unicodedata.normalize("NFC", clean(text))
    return _DOTTED.search(plain) is not None and bool(x_rules().extract_urls(plain))
