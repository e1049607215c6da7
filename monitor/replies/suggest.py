"""What we would say to a post: chosen from the phrasebook of its language, never invented. Pure, no database.

In public: acknowledge what it is about, ask for a private message, nothing else that matters. In private: ask for what
is needed and lead to the channel that can solve it. A grave post gets a serious answer and a person, no promise.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from monitor.replies import guard
from monitor.replies.hand_offs import MarketFacts, choose_hand_off
from monitor.replies.phrasebook import VERSION, Fact, Phrasebook, choose_language, find_situation, phrasebooks, topics
from monitor.text.entities import find_entities
from monitor.text.length import byte_count
from monitor.text.reason import Reason

#: Public answers stay well below what X takes, so that a person can add a word.
PUBLIC_LENGTH: Final = 240
_NO_SPACES: Final = frozenset({"zh", "ja"})
_PERSONAL_KINDS: Final = frozenset({"email", "phone", "order_number", "tracking_number", "card", "iban"})
#: Signs that no thanks is right for, whatever the words seem to say.
_ANGER: Final = ("😡", "🤬", "😠", "👎", "🤮", "🖕", "💩")
#: Who says that a private message was sent is not asked for one.
_MESSAGE_WORDS: Final = (
    "dm'd", "dmed", "dm sent", "dms sent", "sent you a dm", "sent dm", "sent a dm", "in your dm", "inboxed",
    "sent you a message", "sent a message", "sent you a private", "sent a private", "已私信", "私信了", "私信你们了",
    "dm送", "dmしました", "dm을 보냈", "dm 보냈", "sudah dm", "sdh dm", "nag-dm na", "je vous ai envoyé un message",
    "ya les escribí", "já mandei mensagem", "privat geschrieben", "özelden yazdım",
)  # fmt: skip


class Reading(Protocol):
    """What the engine, or a reviewer after it, says of the post."""

    @property
    def language(self) -> str: ...
    @property
    def intent(self) -> str: ...
    @property
    def sentiment(self) -> str: ...
    @property
    def complaint(self) -> bool: ...
    @property
    def severity(self) -> int: ...
    @property
    def escalate(self) -> bool: ...
    @property
    def topic(self) -> str: ...
    @property
    def audience(self) -> str: ...


@dataclass(frozen=True, slots=True)
class PostFacts:
    """The post that is answered. `key` chooses among variants: the same post always gets the same answer."""

    text: str
    key: str = ""
    is_public: bool = True
    link_costs_more: bool = False
    limit: int = 280
    counts_weighted: bool = True
    counts_graphemes: bool = False
    byte_limit: int = 0
    author_name: str = ""
    author_handle: str = ""
    own_handles: tuple[str, ...] = ()
    order_patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tone:
    """The brand's way of speaking, from `Brand.tone`."""

    default_language: str = "en"
    signature: str = ""
    forbidden_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`sources`: the articles used, as code, language and version. `guard`: what would keep it from being sent."""

    text: str
    language: str
    language_rule: str
    manner: str
    situation: str
    sources: tuple[dict[str, Any], ...] = ()
    hand_off: str = ""
    guard: tuple[Reason, ...] = field(default=())
    engine: str = VERSION


def suggest(
    reading: Reading,
    post: PostFacts,
    *,
    articles: Sequence[Fact] | None = None,
    tone: Tone | None = None,
    market: MarketFacts | None = None,
    now: datetime | None = None,
) -> Suggestion:
    """One answer. `articles`: the brand's own facts; without them, those that are shipped."""
    tone = tone or Tone()
    language, rule = choose_language(reading.language, tone.default_language)
    writer = _Writer(reading, post, phrasebooks()[language], articles)
    parts = writer.public_parts() if post.is_public else writer.private_parts(market, now or datetime.now(UTC))
    text = _join(parts, post, tone, language)
    findings = guard.check(text, _guard_facts(post, language, tone))
    return Suggestion(
        text=text,
        language=language,
        language_rule=rule,
        manner=writer.manner,
        situation=writer.situation,
        sources=tuple(
            {"code": fact.code, "language": fact.language, "version": fact.version}
            for fact in writer.used
            if _says(text, fact)
        ),
        hand_off=writer.hand_off,
        guard=tuple(findings),
    )


def manner_of(reading: Reading) -> str:
    """complaint, question, follow_up, praise, chatter, or unsure where the engine's answers contradict each other.

    To thank somebody who is angry is as wrong as to console somebody who is glad: then neither is done.
    """
    if reading.intent == "praise":
        return "unsure" if reading.complaint or reading.sentiment == "negative" else "praise"
    if reading.complaint or reading.intent == "complaint":
        return "unsure" if reading.sentiment == "positive" and reading.severity < 2 else "complaint"
    if reading.intent in {"question", "follow_up"}:
        return reading.intent
    if reading.severity >= 2 and reading.sentiment == "negative":
        return "complaint"
    # What must be seen today is not answered with small talk.
    return "follow_up" if reading.escalate else "chatter"


@dataclass(frozen=True, slots=True)
class _Part:
    """A sentence; those that are not `needed` are left out, the least important first, when there is no room."""

    text: str
    importance: int = 0

    @property
    def is_needed(self) -> bool:
        return self.importance == 0


class _Writer:
    """Chooses the sentences for one post."""

    def __init__(self, reading: Reading, post: PostFacts, book: Phrasebook, articles: Sequence[Fact] | None) -> None:
        self.reading, self.post, self.book = reading, post, book
        self.manner = manner_of(reading)
        if self.manner == "praise" and any(sign in post.text for sign in _ANGER):
            self.manner = "unsure"
        self.situation = find_situation(
            post.text, reading.topic, reading.language, reading.severity, is_complaint=self.manner == "complaint"
        )
        self.is_seller = reading.topic.startswith("seller_")
        self.is_grave = (reading.severity >= 3 and self.manner != "praise") or (
            reading.escalate and self.manner == "follow_up"
        )
        own = [fact for fact in articles or () if fact.language == book.language]
        self.articles = own or list(book.articles)
        self.used: list[Fact] = []
        self.hand_off = ""
        self._kinds = {entity.kind for entity in find_entities(post.text, post.order_patterns)}

    def public_parts(self) -> list[_Part]:
        parts = self._opening()
        if self.manner in {"praise", "chatter"}:
            return parts
        if self._says_message_was_sent():
            return [_Part(self._pick("message_sent"))] if self.manner == "follow_up" else [
                *parts, _Part(self._pick("message_sent"))
            ]  # fmt: skip
        if fact := self._fact():
            parts.append(_Part(fact.short, 2 if self.manner == "complaint" else 1))
        parts.append(_Part(self._pick(self._asking())))
        if self._kinds & _PERSONAL_KINDS:
            parts.append(_Part(self._pick("privacy_note"), 1))
        return parts

    def private_parts(self, market: MarketFacts | None, now: datetime) -> list[_Part]:
        parts = self._opening()
        if self.manner in {"praise", "chatter"}:
            return parts
        if self.manner == "follow_up" and not self.is_grave:
            return [_Part(self._choose(self.book.details["given"], "details"))]
        if fact := self._fact():
            parts.append(_Part(fact.body, 1))
        parts.append(_Part(self._pick_details()))
        self.hand_off = choose_hand_off(
            topic=self.reading.topic,
            situation=self.situation,
            severity=self.reading.severity,
            audience=self.reading.audience,
            market=market,
            now=now,
        )
        # Who is in real trouble, or has told us all we need, is not sent elsewhere, unless to whom it belongs.
        if (self.is_grave or "order_number" in self._kinds) and self.hand_off not in {"hotline", "seller_desk"}:
            self.hand_off = ""
        if self.hand_off:
            way = self.book.hand_offs[self.hand_off]
            self.used.append(way)
            parts.append(_Part(way.body, 1))
        return parts

    def _opening(self) -> list[_Part]:
        if self.manner == "complaint":
            parts = [_Part(self._choose(self.book.situations[self.situation], "situation"))]
            if self.is_grave:
                parts.append(_Part(self._pick("critical")))
            elif self.reading.severity == 2:
                parts.append(_Part(self._pick("strong"), 3))
            return parts
        if self.manner == "question":
            subject = "seller" if self.is_seller else self.reading.topic
            questions = self.book.questions
            return [_Part(self._choose(questions.get(subject, questions["other"]), "question"))]
        # The last of the variants only thanks for being told, which is right for whatever was meant.
        thanks = self.book.sentences["follow_up"][-1] if self.manner == "unsure" else self._pick(self.manner)
        return [_Part(thanks), _Part(self._pick("critical"))] if self.is_grave else [_Part(thanks)]

    def _asking(self) -> str:
        if self.is_grave:
            return "ask_private_critical"
        return "ask_private_question" if self.manner == "question" else "ask_private"

    def _fact(self) -> Fact | None:
        """The article on exactly this situation. Who has waited too long is not told how long it usually takes."""
        if self.manner in {"follow_up", "unsure"} or self.reading.severity >= 2 or self.is_seller:
            return None
        fact = next((fact for fact in self.articles if self.situation in fact.situations), None)
        if fact is None or (self.post.is_public and not fact.short):
            return None
        self.used.append(fact)
        return fact

    def _pick_details(self) -> str:
        if self.is_grave:
            return self._choose(self.book.details["critical"], "details")
        if "order_number" in self._kinds:
            return self._choose(self.book.details["given"], "details")
        kind = topics().details.get(self.reading.topic, "open")
        if self.reading.audience == "seller" and not self.is_seller:
            kind = "open"
        return self._choose(self.book.details[kind], "details")

    def _says_message_was_sent(self) -> bool:
        folded = self.post.text.casefold()
        return not self.is_grave and any(words in folded for words in _MESSAGE_WORDS)

    def _pick(self, group: str) -> str:
        return self._choose(self.book.sentences[group], group)

    def _choose(self, variants: Sequence[str], salt: str) -> str:
        """The same variant for the same post on every machine, spread evenly over posts."""
        digest = hashlib.sha256(f"{self.post.key or self.post.text}\0{salt}".encode("utf-8", "replace")).digest()
        return variants[int.from_bytes(digest[:4], "big") % len(variants)]


def _join(parts: Sequence[_Part], post: PostFacts, tone: Tone, language: str) -> str:
    """As many sentences as there is room for, in their order, and the signature where it still fits."""
    room = min(PUBLIC_LENGTH, post.limit) if post.is_public else post.limit
    kept = [part for part in parts if part.text]
    space = "" if language in _NO_SPACES else " "
    while True:
        text = space.join(part.text for part in kept)
        spare = [part for part in kept if not part.is_needed]
        if _fits(text, post, room) or not spare:
            break
        kept.remove(max(spare, key=lambda part: part.importance))
    signed = f"{text} – {tone.signature}" if tone.signature else text
    return signed if _fits(signed, post, post.limit) else text


def _fits(text: str, post: PostFacts, room: int) -> bool:
    length = guard.length_of(text, counts_weighted=post.counts_weighted, counts_graphemes=post.counts_graphemes)
    return length <= room and (not post.byte_limit or byte_count(text) <= post.byte_limit)


def _says(text: str, fact: Fact) -> bool:
    return fact.body in text or bool(fact.short and fact.short in text)


def _guard_facts(post: PostFacts, language: str, tone: Tone) -> guard.Facts:
    return guard.Facts(
        is_public=post.is_public,
        link_costs_more=post.link_costs_more,
        limit=post.limit,
        counts_weighted=post.counts_weighted,
        counts_graphemes=post.counts_graphemes,
        byte_limit=post.byte_limit,
        language=language,
        post_text=post.text,
        author_name=post.author_name,
        author_handle=post.author_handle,
        own_handles=post.own_handles,
        order_patterns=post.order_patterns,
        forbidden_words=tone.forbidden_words,
    )


def suggest_text(text: str, *, is_public: bool = True, default_language: str = "en") -> dict[str, Any]:
    """For the command line: reads the text with the engine and says what we would answer. No database."""
    from monitor.nlp.engine import PostInput, load_engine

    engine = load_engine()
    reading = engine.analyze([PostInput(text)])[0]
    tone = Tone(default_language=default_language)
    made = suggest(reading, PostFacts(text, is_public=is_public), tone=tone)
    private = suggest(reading, PostFacts(text, is_public=False, limit=10_000), tone=tone)
    return {
        "reply": made.text,
        "language": made.language,
        "language_rule": made.language_rule,
        "sources": list(made.sources),
        "guard": {"verdict": guard.verdict(made.guard), "findings": [finding.to_json() for finding in made.guard]},
        "direct_message": private.text,
        "direct_message_sources": list(private.sources),
        "hand_off": private.hand_off,
        "reading": {
            "language": reading.language,
            "intent": reading.intent,
            "complaint": reading.complaint,
            "severity": reading.severity,
            "topic": reading.topic,
            "audience": reading.audience,
        },
        "situation": made.situation,
        "engine": made.engine,
        "model": engine.version,
    }
