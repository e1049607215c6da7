"""Whether a post is spam, by what it offers and how its author behaves: pure, with a coded reason for each sign.

The rule, exactly. A post is put aside as spam when it is public, no person has said what it is, and one of these holds:

1. *Advertising.* The engine reads it as promotion, neither as a complaint nor as waiting for an answer nor as urgent,
   its author has no open case, and there is any sign.
2. *A shared offer, hard signs.* It gives a code or inviting link away that `MANY_CODE_AUTHORS` others gave away too, or
   gives one away in the words of `MANY_TEXT_AUTHORS` others, and there is a hard sign. If it asks for something beside
   that ("where is my refund? use my code …"), only where others are told in clear words to use the code: a pasted
   complaint with the brand's own coupon, or with the link of a petition, has none.
3. *A shared offer, soft signs.* As 2 with a soft sign, where it reads neither as a complaint, nor as waiting for an
   answer, nor as urgent.
4. *A shared contact.* It sends others with a promise to a handle, number or address that is not the brand's ("he got my
   money back, message him"): one to which `MANY_CONTACT_AUTHORS` others send, or `MANY_CODE_AUTHORS` with any sign
   beside, or one of its own in the words of `MANY_TEXT_AUTHORS` others. If it asks for something or reads as urgent,
   only with a clear promise (see `text.contacts`). Swindlers tell the worst stories: this goes before urgency.

Hard signs: the same text from many authors; very many posts within the hour. Soft signs: the same code or contact from
many authors (for 1 only: else it is the offer itself); one code again and again; a young profile; hardly a post without
a link.

Hence never spam: a direct message; what is read as urgent or as severity 2 or more, but for 4; what copies only words
(a campaign, a boycott, one complaint pasted everywhere), also with the brand's own handle, hashtag or number, for
without an offer no sign counts; a complaint about a code that fails or that its author paid with, a warning of a
contact, a victim's story (`text.referral` and `text.contacts` find offers only); whoever asks for something and has an
open case here, which the post joins; and what a person has judged.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from monitor.text.reason import Reason
from monitor.triage.facts import Facts

#: Others within seven days. Three that say word for word the same are no chance; two that live of one code neither.
MANY_TEXT_AUTHORS: Final = 3
MANY_CODE_AUTHORS: Final = 2
MANY_CONTACT_AUTHORS: Final = 3
MANY_POSTS_AN_HOUR: Final = 10
#: Posts of one author that give the same code away, without a week's rest between two of them.
MANY_REPEATS: Final = 3
YOUNG_DAYS: Final = 14
MANY_LINKS: Final = 0.8
GRAVE_SEVERITY: Final = 2
HARD: Final = frozenset({"spam.same_text", "spam.rate"})
SHARED: Final = frozenset({"spam.same_code", "spam.same_contact"})


def spam_reasons(facts: Facts) -> tuple[Reason, ...]:
    """The verdict and its signs, or () where the post goes the usual way."""
    if not facts.is_public or facts.is_judged_intent or facts.is_judged_complaint:
        return ()
    if facts.has_open_case and (asks(facts) or is_grave(facts)):
        return ()
    found = tuple(signs(facts))
    is_spam = sends_to_shared_contact(facts, found) or (not is_grave(facts) and _offers(facts, found))
    return (Reason("never.spam"), *found) if is_spam else ()


def asks(facts: Facts) -> bool:
    """Whatever else it is taken for."""
    return facts.complaint or facts.needs_reply or facts.intent in {"complaint", "question"}


def _offers(facts: Facts, found: Sequence[Reason]) -> bool:
    """1 to 3 of the rule."""
    is_asking = asks(facts)
    if facts.intent == "promotion" and not is_asking and not facts.has_open_case:
        return bool(found)
    if not is_shared_offer(facts) or (is_asking and not facts.has_offer_words):
        return False
    return any(sign.code in HARD or (not is_asking and sign.code not in SHARED) for sign in found)


def sends_to_shared_contact(facts: Facts, found: Sequence[Reason]) -> bool:
    """4 of the rule."""
    if not facts.contacts or not (facts.has_clear_promise or not (asks(facts) or is_grave(facts))):
        return False
    if facts.same_contact_authors >= MANY_CONTACT_AUTHORS or facts.same_text_authors >= MANY_TEXT_AUTHORS:
        return True
    return facts.same_contact_authors >= MANY_CODE_AUTHORS and any(sign.code not in SHARED for sign in found)


def is_grave(facts: Facts) -> bool:
    """Better an advertisement too many before a person than one customer too few."""
    return facts.escalate or facts.severity >= GRAVE_SEVERITY


def is_shared_offer(facts: Facts) -> bool:
    """Gives a code or link away that others give away too, or one of its own in the words of others."""
    shares_code = facts.same_code_authors >= MANY_CODE_AUTHORS
    return facts.offers > 0 and (shares_code or facts.same_text_authors >= MANY_TEXT_AUTHORS)


def signs(facts: Facts) -> Iterator[Reason]:
    """What is suspicious of the author, strongest first."""
    if facts.same_text_authors >= MANY_TEXT_AUTHORS:
        yield Reason("spam.same_text", 0, {"count": facts.same_text_authors})
    if facts.offers and facts.same_code_authors >= MANY_CODE_AUTHORS:
        yield Reason("spam.same_code", 0, {"count": facts.same_code_authors})
    if facts.contacts and facts.same_contact_authors >= MANY_CODE_AUTHORS:
        yield Reason("spam.same_contact", 0, {"count": facts.same_contact_authors})
    if facts.author_posts_in_hour >= MANY_POSTS_AN_HOUR:
        yield Reason("spam.rate", 0, {"count": facts.author_posts_in_hour})
    if facts.offers and facts.code_repeats >= MANY_REPEATS:
        yield Reason("spam.repeated_code", 0, {"count": facts.code_repeats})
    if facts.author_days_old is not None and facts.author_days_old < YOUNG_DAYS:
        yield Reason("spam.young_account", 0, {"days": facts.author_days_old})
    if facts.author_link_share is not None and facts.author_link_share >= MANY_LINKS:
        yield Reason("spam.links", 0, {"percent": round(100 * facts.author_link_share)})
