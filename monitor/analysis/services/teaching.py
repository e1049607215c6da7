"""What the corrections of a brand teach its heads: gathered, fitted, kept as a version where better, taken back."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q

from monitor.alerts.services import close_alerts
from monitor.analysis.models import Analysis, Correction, LearnedHeads
from monitor.analysis.selectors import from_word
from monitor.analysis.services.inference import default_engine
from monitor.analysis.services.lenses import learned_in_use
from monitor.analysis.services.renewal import RESTING, ask_renewal
from monitor.analysis.sources import of_said_feeds
from monitor.audit import services as audit
from monitor.brands.models import Brand, Channel, User
from monitor.brands.rights import can
from monitor.inbox.models import Post
from monitor.nlp.labels import HEADS
from monitor.platforms.registry import allows_learning, may_be_allowed

#: The newest corrected posts that are read, and uncorrected ones beside them that stand for all the others.
MOST_CORRECTED: Final = 5000
UNCORRECTED: Final = 2000
_BATCH: Final = 128


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
    nothing beats goes on into the new version. Only posts whose source allows it enter. Raises NoEncoderError.
    """
    from monitor.nlp.learning import learn as fit

    chosen: Any = default_engine(engine)
    corrected, left_out = _corrected_posts(brand)
    labels = _labels([post.pk for post in corrected])
    lessons = _lessons(chosen, [*corrected, *_uncorrected_posts(brand)], labels) if corrected else []
    number, active = learned_in_use(brand.pk, chosen)
    weights, told = fit(lessons, chosen.thresholds, active)
    report = {head: asdict(one) for head, one in told.items()}
    if not any(one.is_promoted or one.is_dropped for one in told.values()):
        return Lesson(len(corrected), left_out, None, report)
    if not weights.heads:
        use_version(brand=brand, number=0, engine=engine)
        return Lesson(len(corrected), left_out, None, report, is_back_to_shipped=True)
    kept = {
        head: _since(brand, number, head) for head in weights.heads if head not in told or not told[head].is_promoted
    }
    return Lesson(len(corrected), left_out, _keep(brand, chosen, weights.to_bytes(), report | kept), report)


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
        Brand.objects.select_for_update(no_key=True).get(pk=brand.pk)
        LearnedHeads.objects.filter(brand=brand, is_active=True).update(is_active=False)
        if number:
            version = default_engine(engine).version
            chosen = LearnedHeads.objects.get(brand=brand, number=number, base_version=version)
            LearnedHeads.objects.filter(pk=chosen.pk).update(is_active=True)
        _record(brand, "heads.chosen", number, user)
        close_alerts(brand_id=brand.pk, dedupe_key=RESTING)
        ask_renewal(brand_id=brand.pk, engine=engine)


def _keep(brand: Brand, engine: Any, weights: bytes, report: dict[str, Any]) -> LearnedHeads:
    with transaction.atomic():
        Brand.objects.select_for_update(no_key=True).get(pk=brand.pk)
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


def _corrected_posts(brand: Brand) -> tuple[list[Post], int]:
    """The newest corrected posts that may be learned from, and how many may not."""
    verdicts = Correction.objects.filter(post_id=OuterRef("pk"), is_current=True, field__in=HEADS)
    posts = Post.objects.filter(Exists(verdicts), brand=brand, deleted_at__isnull=True, is_own=False)
    allowed = may_teach(brand)
    left_out = posts.exclude(allowed).count()
    return list(posts.filter(allowed).exclude(text="").order_by("-pk")[:MOST_CORRECTED]), left_out


def _uncorrected_posts(brand: Brand) -> list[Post]:
    """The newest analysed posts without a verdict that may be learned from."""
    verdicts = Correction.objects.filter(post_id=OuterRef("pk"), is_current=True)
    analyses = Analysis.objects.filter(post_id=OuterRef("pk"), is_current=True)
    posts = Post.objects.filter(~Exists(verdicts), Exists(analyses), brand=brand, deleted_at__isnull=True, is_own=False)
    return list(posts.filter(may_teach(brand)).exclude(text="").order_by("-pk")[:UNCORRECTED])


def _labels(post_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Post → head → number of the label; a brand's own topic is none of the head's labels."""
    labels: dict[int, dict[str, int]] = {}
    rows = Correction.objects.filter(post_id__in=post_ids, is_current=True, field__in=HEADS)
    for post_id, head, word in rows.values_list("post_id", "field", "value"):
        value = from_word(head, word)
        label = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        if label in HEADS[head]:
            labels.setdefault(post_id, {})[head] = HEADS[head].index(label)
    return labels


def _lessons(engine: Any, posts: Sequence[Post], labels: dict[int, dict[str, int]]) -> list[Any]:
    from monitor.nlp.engine import PostInput
    from monitor.nlp.learning import Lesson as OnePost

    lessons = []
    for start in range(0, len(posts), _BATCH):
        part = posts[start : start + _BATCH]
        scores, embeddings = engine.measure([PostInput(post.text, post.language_hint) for post in part])
        for row, post in enumerate(part):
            own = {head: values[row] for head, values in scores.items()}
            lessons.append(OnePost(post.pk, embeddings[row], own, labels.get(post.pk, {})))
    return lessons
