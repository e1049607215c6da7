"""Which support channel can solve it: the matrix of the market, its hours, and who asks. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.replies.phrasebook import topics

HOTLINE: Final = "hotline"
SELLER: Final = "seller_desk"
#: What may not wait for a mailbox: payment faults, money taken, parcels and frozen accounts, each when it is grave.
URGENT_SITUATIONS: Final = frozenset({"charged_twice", "payment_failed", "hacked", "locked", "safety"})
URGENT_TOPICS: Final = frozenset({"order_payment", "account_security"})


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What counts of a market. `hours`: weekday number → [["09:00", "18:00"], …] in its zone, for the hotline."""

    code: str = ""
    time_zone: str = "UTC"
    hours: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    holidays: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()


def is_open(market: MarketFacts, now: datetime) -> bool:
    """Whether the market's people work at this moment. A market without hours has no hotline."""
    local = now.astimezone(ZoneInfo(market.time_zone))
    if local.date().isoformat() in market.holidays:
        return False
    clock = local.strftime("%H:%M")
    return any(start <= clock < end for start, end in market.hours.get(str(local.weekday()), ()))


def choose_hand_off(
    *, topic: str, situation: str, severity: int, audience: str, market: MarketFacts | None, now: datetime
) -> str:
    """The channel to lead to; "" where none fits. Sellers never to the buyers' chat, nobody to a closed hotline."""
    rows = market.rows if market is not None and market.rows else topics().matrix
    present = {str(row["to"]): row for row in rows}
    if topic.startswith("seller_"):
        return SELLER if SELLER in present else ("email" if "email" in present else "")
    if audience == "seller":
        # Perhaps a seller, perhaps not: e-mail is right for both, the buyers' chat and the seller desk are not.
        return "email" if "email" in present else ""
    is_urgent = situation in URGENT_SITUATIONS or (topic in URGENT_TOPICS and severity >= 2)
    if is_urgent and HOTLINE in present and market is not None and is_open(market, now):
        return HOTLINE
    wanted = [code for code in topics().hand_offs.get(topic, ()) if code != HOTLINE and code in present]
    # Somebody who is angry or could not reach anybody is not sent to a robot.
    if severity >= 2 or topic == "service":
        wanted = [code for code in wanted if code != "chatbot"]
    if severity >= 3 and "email" in wanted:
        return "email"
    fitting = [code for code in wanted if not present[code].get("topics") or topic in present[code]["topics"]]
    return (fitting or wanted or [""])[0]
