"""Makes values safe and alike in every file: times in UTC, no live formulas, no cell that a spreadsheet refuses."""

from datetime import UTC, date, datetime
from decimal import Decimal

# What makes a spreadsheet run a cell (OWASP's list), also in full width, which some turn back into the plain sign.
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = frozenset("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
# Passed over by spreadsheets before they look at the first sign.
BLANKS = (
    " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u200c\u200d\u202f\u205f\u2060\u3000\ufeff"
)
CELL_LIMIT = 32_767

Value = str | int | float | bool | datetime | date | Decimal | None


def guard(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    first = text.lstrip(BLANKS)[:1] if text[:1] in BLANKS else text[:1]
    return f"'{text}" if first in FORMULA_STARTS and first else text


def spell(value: Value) -> str | int | float | None:
    """Plain words for files without types: times as ISO 8601 in UTC with a Z, flags as true and false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return value


def spell_guarded(value: Value) -> str | int | float | None:
    """As `spell`, with texts guarded. The common case first: this runs for every cell of an export."""
    if type(value) is str:
        return guard(value)
    return spell(value)


def cut_to_cell(text: str) -> str:
    """A spreadsheet cell holds 32,767 characters (counted in UTF-16); what is longer ends with three points."""
    if len(text) * 2 <= CELL_LIMIT or len(text.encode("utf-16-le")) // 2 <= CELL_LIMIT:
        return text
    kept = text.encode("utf-16-le")[: 2 * (CELL_LIMIT - 1)].decode("utf-16-le", "ignore")
    return f"{kept}\u2026"
