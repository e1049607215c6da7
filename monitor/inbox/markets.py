"""Which market a post belongs to. A customer's record comes first (known to the database only); then this order:
the channel, a stated place, the brand's language table; else unknown, which is shown and never guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MarketTable:
    """What a brand says of its markets. Names and codes are casefolded."""

    channel_market_id: int | None = None
    by_name: Mapping[str, int] = field(default_factory=dict)
    by_language: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        *,
        channel_market_id: int | None,
        markets: list[tuple[int, str, str]],
        language_markets: Mapping[str, str],
    ) -> "MarketTable":
        """`markets` are (id, code, name); a language that names a market the brand lacks is left out."""
        by_code = {code.casefold(): market_id for market_id, code, _ in markets}
        by_name = {name.casefold(): market_id for market_id, _, name in markets if name} | by_code
        by_language = {
            language.casefold(): by_code[code.casefold()]
            for language, code in language_markets.items()
            if code.casefold() in by_code
        }
        return cls(channel_market_id, by_name, by_language)

    def choose(self, *, place: str, language: str) -> tuple[int | None, str]:
        """The market and where it comes from."""
        if self.channel_market_id is not None:
            return self.channel_market_id, "channel"
        if place and self.by_name and (found := self._of_place(place)) is not None:
            return found, "place"
        if language and self.by_language:
            tag = language.casefold()
            market_id = self.by_language.get(tag, self.by_language.get(tag.split("-")[0]))
            if market_id is not None:
                return market_id, "language"
        return None, UNKNOWN

    def _of_place(self, place: str) -> int | None:
        """ "Berlin, Germany" is Germany's; the last part that names a market counts, the most general comes last."""
        for part in reversed(place.casefold().split(",")):
            if (market_id := self.by_name.get(part.strip())) is not None:
                return market_id
        return None
