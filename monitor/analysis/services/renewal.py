"""Reading stored posts of a brand again, when a newer model, new heads or new topics would read them differently:
a batch at a time, the newest posts first, behind everything else."""

from datetime import timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Least, Now
from django.utils import timezone

from monitor.alerts.models import AlertLevel
from monitor.alerts.services import close_alerts, raise_alert
from monitor.analysis.models import Analysis, LearnedHeads, Renewal
from monitor.analysis.services.inference import Engine, PendingPost, default_engine, infer
from monitor.analysis.services.lenses import Lens, LensName, hold_lenses, lens_names, lens_of, lock_key
from monitor.analysis.services.pending import pending_post
from monitor.analysis.services.storing import store_analyses
from monitor.brands.models import Brand
from monitor.inbox.changes import log_changes
from monitor.inbox.models import Post

#: The notice that learned heads rest since an update.
RESTING: Final = "heads.resting"
OVERLAP: Final = timedelta(hours=1)
LOOKED_AFTER: Final = timedelta(days=1)
LOOKED_AFTER_EVERY: Final = timedelta(hours=1)


def ask_renewal(*, brand_id: int, engine: Any = None) -> Renewal | None:
    """Begins, or begins again, to read the brand's stored posts anew; None where all of them are up to date.

    In the transaction of whoever changed what the brand has learned or its topics: readings in flight are waited for,
    and later ones see the change (`hold_lenses`).
    """
    chosen = default_engine(engine)
    with transaction.atomic():
        _one_at_a_time(brand_id)
        return _ask(brand_id, chosen, lens_names([brand_id], chosen)[brand_id])


def ask_due_renewals(*, engine: Any = None) -> int:
    """Asks for a renewal of every brand whose stored posts were last read otherwise than today, as after an update
    with other weights; returns how many brands. Called often and by anybody: where nothing is due it costs four
    queries, whoever comes second asks for nothing, and no model is loaded.
    """
    chosen = default_engine(engine)
    names = lens_names(Brand.objects.values_list("pk", flat=True), chosen)
    newest = Renewal.objects.order_by("brand_id", "-pk").distinct("brand_id")
    known = {renewal.brand_id: renewal for renewal in newest}
    return sum(
        _ask_where_due(brand_id, chosen, name)
        for brand_id, name in sorted(names.items())
        if _is_due(known.get(brand_id), chosen, name)
    )


def _ask_where_due(brand_id: int, engine: Engine, name: LensName) -> bool:
    with transaction.atomic():
        _one_at_a_time(brand_id)
        newest = Renewal.objects.filter(brand_id=brand_id).order_by("-pk").first()
        if not _is_due(newest, engine, name):
            return False
        if newest is not None and _is_of(newest, name):
            return _look_again(newest, name)
        _ask(brand_id, engine, name)
        _tell_what_rests(brand_id, engine)
    return True


def _is_due(newest: Renewal | None, engine: Engine, name: LensName) -> bool:
    if newest is None:
        return True
    now = timezone.now()
    if _is_of(newest, name):
        # A worker of the version before may still have stored its last batch: looked after for a day.
        is_young = newest.asked_at > now - LOOKED_AFTER and newest.looked_at < now - LOOKED_AFTER_EVERY
        return newest.finished_at is not None and is_young
    # During an update workers of two versions live side by side: they must not ask in turn.
    return newest.base_version == engine.version or newest.asked_at < now - OVERLAP


def _is_of(renewal: Renewal, name: LensName) -> bool:
    return (renewal.model_version, renewal.topic_set_version) == (name.model_version, name.topic_set_version)


def _look_again(renewal: Renewal, name: LensName) -> bool:
    """The same renewal goes on where something was stored otherwise behind its back."""
    left = _outdated(renewal.brand_id, name).count()
    again: dict[str, Any] = {"looked_at": Now()}
    if left:
        again |= {"finished_at": None, "before_post": None, "passes": 0, "total": renewal.done + left}
    Renewal.objects.filter(pk=renewal.pk).update(**again)
    return bool(left)


def _ask(brand_id: int, engine: Engine, name: LensName) -> Renewal | None:
    """Also where nothing is to be read: the row says that everything was read so."""
    Renewal.objects.filter(brand_id=brand_id, finished_at=None).update(finished_at=Now())
    total = _outdated(brand_id, name).count()
    made = Renewal.objects.create(
        brand_id=brand_id,
        total=total,
        model_version=name.model_version,
        topic_set_version=name.topic_set_version,
        base_version=engine.version,
        finished_at=None if total else Now(),
    )
    return made if total else None


def _tell_what_rests(brand_id: int, engine: Engine) -> None:
    """What was learned on other weights cannot be laid over these: people are told, once an update."""
    resting = (
        LearnedHeads.objects.filter(brand_id=brand_id, is_active=True).exclude(base_version=engine.version).first()
    )
    if resting is None:
        close_alerts(brand_id=brand_id, dedupe_key=RESTING)
        return
    params = {"number": resting.number}
    raise_alert(brand_id=brand_id, code=RESTING, level=AlertLevel.NOTE, params=params)


def renew_some(*, limit: int = 100, engine: Any = None) -> int:
    """One batch of the oldest open renewal that was asked for weights like ours; returns how many posts were read.

    Two workers may read the same batch: the second changes nothing, and does not count. After the last post it begins
    once more from the newest, for what was in flight when it passed.
    """
    chosen = default_engine(engine)
    renewal = Renewal.objects.filter(finished_at=None, base_version=chosen.version).order_by("pk").first()
    if renewal is None:
        return 0
    read = reanalyze_posts(brand_id=renewal.brand_id, limit=limit, before_id=renewal.before_post, engine=chosen)
    same = Renewal.objects.filter(
        pk=renewal.pk, before_post=renewal.before_post, passes=renewal.passes, finished_at=None
    )
    if read:
        same.update(done=Least(F("done") + len(read), F("total")), before_post=read[-1])
        return len(read)
    if renewal.passes or renewal.before_post is None:
        same.update(finished_at=Now())
        return 0
    same.update(passes=F("passes") + 1, before_post=None)
    return renew_some(limit=limit, engine=chosen)


def reanalyze_posts(*, brand_id: int, limit: int = 100, before_id: int | None = None, engine: Any = None) -> list[int]:
    """Renews the current analysis of up to `limit` posts that were read otherwise than today, the newest first.

    Returns the ids looked at, in falling order; give the last one as `before_id` for the next batch; [] is the end.
    Nothing else changes: no stage, no decision, no case. Corrections go on counting.
    """
    chosen = default_engine(engine)
    lens = lens_of(brand_id, chosen)
    posts = _posts_to_renew(brand_id, limit, before_id, lens)
    inferred = infer(chosen, posts, {brand_id: lens})
    versions = {post.post_id: post.version for post, _ in inferred.found}
    with transaction.atomic():
        if brand_id not in hold_lenses({brand_id: lens}, chosen):
            return []  # learned heads or topics have changed meanwhile, and with that another renewal was asked
        unchanged = {
            post.pk
            for post in Post.objects.select_for_update(no_key=True).filter(pk__in=versions).order_by("pk")
            if post.deleted_at is None and post.version == versions[post.pk]
        }
        pairs = [pair for pair in inferred.found if pair[0].post_id in unchanged]
        log_changes(post_ids=store_analyses(pairs, {brand_id: lens}), kind="analyzed")
    return [post.post_id for post in posts]


def _posts_to_renew(brand_id: int, limit: int, before_id: int | None, lens: Lens) -> list[PendingPost]:
    posts = _outdated(brand_id, lens)
    if before_id is not None:
        posts = posts.filter(pk__lt=before_id)
    return [pending_post(post) for post in posts.select_related("brand").order_by("-pk")[:limit]]


def _outdated(brand_id: int, lens: Lens | LensName) -> QuerySet[Post]:
    read_otherwise = Analysis.objects.filter(post_id=OuterRef("pk"), is_current=True).exclude(
        model_version=lens.model_version, topic_set_version=lens.topic_set_version
    )
    return Post.objects.filter(Exists(read_otherwise), brand_id=brand_id, deleted_at__isnull=True, is_own=False)


def _one_at_a_time(brand_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [lock_key(brand_id)])
