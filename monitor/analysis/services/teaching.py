"""What the corrections of a brand teach its heads: gathered, fitted, kept as a version where better, taken back."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max, Q

from monitor.alerts.services import close_alerts
from monitor.analysis.models import LearnedHeads
from monitor.analysis.services.inference import default_engine
from monitor.analysis.services.lenses import learned_in_use, lens_names
from monitor.analysis.services.lessons import gather
from monitor.analysis.services.renewal import RESTING, ask_renewal
from monitor.analysis.sources import of_said_feeds
from monitor.audit import services as audit
from monitor.brands.models import Brand, Channel, User
from monitor.brands.rights import can
from monitor.platforms.registry import allows_learning, may_be_allowed


class LearningOvertakenError(Exception):
    """Somebody changed what reads the brand's posts while `learn` was at work: nothing was changed by it."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What `learn` came to: the version that was made (None: nothing beat what is in use), and how each head did."""

    corrected_posts: int
    left_out: int  # corrected posts of sources whose terms do not allow to learn from them
    heads: LearnedHeads | None
    report: dict[str, dict[str, Any]]
    is_back_to_shipped: bool = False  # all that was learned before is worse now than the shipped heads


def learn(*, brand: Brand, engine: Any = None) -> Lesson:
    """Refits the heads from the brand's corrections, and lets them read its posts where they beat what is in use.

    New heads are fitted from the shipped ones and all corrections, never from earlier versions; a head in use that
    nothing beats goes on into the new version. Only posts whose source allows it enter. Raises NoEncoderError, and
    LearningOvertakenError where somebody chose another version meanwhile.
    """
    from monitor.nlp.learning import learn as fit

    chosen: Any = default_engine(engine)
    number, active = learned_in_use(brand.pk, chosen)
    found = gather(brand=brand, engine=chosen, allowed=may_teach(brand))
    weights, told = fit(found.lessons, chosen.thresholds, active)
    report = {head: asdict(one) for head, one in told.items()}
    lesson = Lesson(found.corrected_posts, found.left_out, None, report)
    if not any(one.is_promoted or one.is_dropped for one in told.values()):
        return lesson
    with transaction.atomic():
        _hold_unchanged(brand, chosen, number)
        if not weights.heads:
            use_version(brand=brand, number=0, engine=engine)
            return replace(lesson, is_back_to_shipped=True)
        kept = {
            head: _since(brand, number, head)
            for head in weights.heads
            if head not in told or not told[head].is_promoted
        }
        return replace(lesson, heads=_keep(brand, chosen, weights.to_bytes(), report | kept))


def _hold_unchanged(brand: Brand, engine: Any, number: int) -> None:
    """Holds what reads the brand's posts until the transaction ends. The work took a while, and whoever chose another
    version meanwhile wanted that."""
    _hold(brand)
    now = lens_names([brand.pk], engine)[brand.pk].number
    if now != number:
        raise LearningOvertakenError(f"version {now} was chosen meanwhile, where version {number} was in use")


def _hold(brand: Brand) -> None:
    Brand.objects.select_for_update(no_key=True).get(pk=brand.pk)


def _since(brand: Brand, number: int, head: str) -> dict[str, Any]:
    """What was told of a head when it was learned; `since` is the version that brought it."""
    told = LearnedHeads.objects.get(brand=brand, number=number).report.get(head, {})
    return {"since": number, **told}


def versions_of(*, brand: Brand) -> list[LearnedHeads]:
    return list(LearnedHeads.objects.filter(brand=brand).order_by("-number").defer("weights"))


def use_version(*, brand: Brand, number: int, user: User | None = None, engine: Any = None) -> None:
    """Lets an earlier version read the brand's posts again; 0: the shipped heads. Raises LearnedHeads.DoesNotExist,
    PermissionDenied."""
    if user is not None and not can(user, brand, "steer"):
        raise PermissionDenied("steer")
    with transaction.atomic():
        _hold(brand)
        LearnedHeads.objects.filter(brand=brand, is_active=True).update(is_active=False)
        if number:
            version = default_engine(engine).version
            chosen = LearnedHeads.objects.get(brand=brand, number=number, base_version=version)
            LearnedHeads.objects.filter(pk=chosen.pk).update(is_active=True)
        _record(brand, "heads.chosen", number, user)
        close_alerts(brand_id=brand.pk, dedupe_key=RESTING)
        ask_renewal(brand_id=brand.pk, engine=engine)


def _keep(brand: Brand, engine: Any, weights: bytes, report: dict[str, Any]) -> LearnedHeads:
    heads = LearnedHeads.objects.filter(brand=brand)
    heads.filter(is_active=True).update(is_active=False)
    made = LearnedHeads.objects.create(
        brand=brand,
        number=(heads.aggregate(newest=Max("number"))["newest"] or 0) + 1,
        base_version=engine.version,
        weights=weights,
        report=json.loads(json.dumps(report)),
        is_active=True,
    )
    _record(brand, "heads.learned", made.number)
    close_alerts(brand_id=brand.pk, dedupe_key=RESTING)
    ask_renewal(brand_id=brand.pk, engine=engine)
    return made


def _record(brand: Brand, act: str, number: int, user: User | None = None) -> None:
    audit.record(act=act, actor=user, brand_id=brand.pk, subject_kind="heads", subject_id=number)


def may_teach(brand: Brand) -> Q:
    """The posts that may teach: of platforms whose terms allow it, and imported ones of which the importer has said so
    of their source. Everything else, known or unknown, does not."""
    said = Channel.objects.filter(brand=brand, may_teach=True).values_list("platform", flat=True)
    return Q(platform__in=[*allows_learning(), *filter(may_be_allowed, said)]) | of_said_feeds(brand)
