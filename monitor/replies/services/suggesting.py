"""Stores what we would say to the newest question of each case, once; loads the shipped articles into a brand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, cached_property

from django.db import transaction

from monitor.analysis.selectors import Reading, current_readings
from monitor.brands.models import Brand
from monitor.cases.models import Case, CasePost
from monitor.cases.services import note_suggested
from monitor.inbox.models import Post
from monitor.replies import gathering
from monitor.replies.models import Article, SuggestedReply
from monitor.replies.phrasebook import VERSION, Fact, phrasebooks
from monitor.replies.selectors import replies_of_people
from monitor.replies.suggest import Tone, suggest


def suggest_for_cases(*, case_ids: Sequence[int], now: datetime | None = None) -> int:
    """One suggestion for the newest asking post of each case; again for the same post it does nothing.

    Once more where a reviewer has corrected how the post is read, until a person has written an answer. Returns how
    many were made. Queries do not grow with the cases, only with brands, platforms and markets.
    """
    # Before anything else of the cases: what joins one from now on leaves it waiting.
    versions = dict(Case.objects.filter(pk__in=case_ids).values_list("pk", "version"))
    made = _suggestions(case_ids, now)
    stored = SuggestedReply.objects.bulk_create(made, ignore_conflicts=True)
    note_suggested(versions=versions, by=VERSION)
    return len(stored)


def _suggestions(case_ids: Sequence[int], now: datetime | None) -> list[SuggestedReply]:
    newest = _newest_questions(case_ids)
    readings = current_readings([post.pk for post in newest.values()])
    wanted = _without_suggestion(
        {case: post for case, post in newest.items() if post.pk in readings and _may_be_answered(post)}, readings
    )
    if not wanted:
        return []
    cases = Case.objects.select_related("market").in_bulk(list(wanted))
    moment = now or gathering.database_now()
    voices: dict[tuple[int, str, int | None], _Voice] = {}
    made = []
    for case_id, post in wanted.items():
        market_id = cases[case_id].market_id
        voice = voices.setdefault((post.brand_id, post.platform, market_id), _Voice(post, market_id))
        made.append(_suggest(cases[case_id], post, readings[post.pk], voice, moment))
    return made


def load_articles(*, brand: Brand) -> int:
    """Imports the shipped articles of every language; returns how many rows were made or brought up to date.

    Rows that people have edited (version above 1) or that belong to one market are kept as they are.
    """
    changed = 0
    with transaction.atomic():
        rows = {
            (row.code, row.language): row
            for row in Article.objects.select_for_update().filter(brand=brand, market=None)
        }
        missing = []
        for fact in _shipped():
            row = rows.get((fact.code, fact.language))
            fields = _article_fields(fact)
            if row is None:
                missing.append(Article(brand=brand, code=fact.code, language=fact.language, **fields))
            elif row.version == 1 and any(getattr(row, name) != value for name, value in fields.items()):
                changed += Article.objects.filter(pk=row.pk, version=1).update(**fields)
        changed += len(Article.objects.bulk_create(missing, ignore_conflicts=True))
    return changed


def _newest_questions(case_ids: Sequence[int]) -> dict[int, Post]:
    """Case id → the post that the customer wrote last."""
    rows = (
        CasePost.objects.filter(case_id__in=case_ids)
        .select_related("post__conversation", "post__author", "post__brand")
        .order_by("case_id", "-post__created_at", "-post_id")
        .distinct("case_id")
    )
    return {row.case_id: row.post for row in rows}


def _may_be_answered(post: Post) -> bool:
    return post.deleted_at is None and not post.is_own


def _without_suggestion(posts: Mapping[int, Post], readings: Mapping[int, Reading]) -> dict[int, Post]:
    """Those for which this way of reading them has not been tried yet."""
    rows = SuggestedReply.objects.filter(case_id__in=posts, post__in=posts.values())
    known = set(rows.values_list("case_id", "post_id", "post_version", "engine"))
    read_before = {key[:3] for key in known if key[3].split("+")[0] == VERSION}
    # Somebody has begun to answer: other words would only be in the way.
    taken = set(replies_of_people().filter(target__in=posts.values()).values_list("target_id", flat=True))
    return {
        case: post
        for case, post in posts.items()
        if (case, post.pk, post.version, engine_of(readings[post.pk])) not in known
        and not ((case, post.pk, post.version) in read_before and post.pk in taken)
    }


def engine_of(reading: Reading) -> str:
    """Whose words these are: the phrasebook's version, and the latest verdict of a reviewer that it went by."""
    return f"{VERSION}+{reading.correction_id}" if reading.correction_id else VERSION


class _Voice:
    """How one brand speaks on one platform in one market; read once a batch."""

    def __init__(self, post: Post, market_id: int | None) -> None:
        self._post = post
        self._market_id = market_id

    @cached_property
    def handles(self) -> tuple[str, ...]:
        return gathering.own_handles(self._post.brand_id, self._post.platform)

    @cached_property
    def articles(self) -> list[Fact]:
        return gathering.brand_articles(self._post.brand_id, self._market_id)

    @cached_property
    def tone(self) -> Tone:
        return gathering.tone_of(self._post.brand)


def _suggest(case: Case, post: Post, reading: Reading, voice: _Voice, moment: datetime) -> SuggestedReply:
    made = suggest(
        reading,
        gathering.post_facts(post, voice.handles),
        articles=voice.articles,
        tone=voice.tone,
        market=gathering.market_facts(case.market),
        now=moment,
    )
    rule = {"rule": f"language.{made.language_rule}", "language": made.language, "asked": reading.language}
    return SuggestedReply(
        brand_id=post.brand_id,
        case=case,
        post=post,
        post_version=post.version,
        language=made.language,
        text=made.text,
        sources=[*made.sources, rule] if made.language_rule != "customer" else list(made.sources),
        hand_off=made.hand_off,
        guard=[finding.to_json() for finding in made.guard],
        engine=engine_of(reading),
    )


@cache
def _shipped() -> tuple[Fact, ...]:
    return tuple(fact for book in phrasebooks().values() for fact in book.articles)


def _article_fields(fact: Fact) -> Mapping[str, object]:
    return {
        "topics": list(fact.topics),
        "situations": list(fact.situations),
        "audience": fact.audience,
        "title": fact.title,
        "body": fact.body,
        "short": fact.short,
    }
