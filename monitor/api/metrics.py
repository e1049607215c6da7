"""The numbers that a pager looks at, read from the database when they are asked for: any process gives the same."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.db.models import Count, Q, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from monitor.alerts.models import Alert
from monitor.api.models import Delivery, HeldDelivery
from monitor.api.quality_metrics import quality_metrics
from monitor.brands.models import Channel, ChannelCondition, ChannelState
from monitor.inbox.models import ChannelHour, Post, QuarantinedEvent, Rereading, RereadingState, Stage
from monitor.inbox.services import pending_counts
from monitor.platforms.base import CONDITION_ASPECTS, CONDITION_STATES
from monitor.replies.models import Effect, EffectState
from monitor.replies.selectors import outbox_counts
from monitor.trends.selectors import fold_lag
from monitor.triage.selectors import advertising_count, spam_count

OUTCOMES_SINCE = timedelta(hours=1)
SPAM_SINCE = timedelta(days=1)


class _Desk:
    """A collector in the sense of prometheus_client."""

    def collect(self) -> Iterator[Metric]:
        yield from _stages()
        yield from _sending()
        yield _channels()
        yield _conditions()
        yield from _completeness()
        yield from _trends()
        yield from _put_aside()
        yield from _spam()
        yield _deliveries()
        yield from _held()
        yield from quality_metrics()
        yield _labelled("mentiondesk_alerts_open", "Open alerts", "level", _open_alerts())


def render() -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Desk())
    return generate_latest(registry)


def _stages() -> Iterator[Metric]:
    counts = GaugeMetricFamily("mentiondesk_stage_posts", "Posts that wait, by stage", labels=["stage"])
    ages = GaugeMetricFamily("mentiondesk_stage_oldest_seconds", "Age of the oldest that waits", labels=["stage"])
    for stage, (count, age) in pending_counts().items():
        counts.add_metric([stage], count)
        ages.add_metric([stage], age)
    yield counts
    yield ages


def _sending() -> Iterator[Metric]:
    states = outbox_counts()
    yield _labelled("mentiondesk_effects", "Writes to platforms that are not over, by state", "state", states)
    recent = Effect.objects.filter(done_at__gte=timezone.now() - OUTCOMES_SINCE)
    outcomes = {EffectState.DONE.value: 0, EffectState.FAILED.value: 0}
    outcomes |= dict(recent.values_list("state").annotate(Count("pk")))
    yield _labelled("mentiondesk_effects_last_hour", "Writes that ended in the last hour", "state", outcomes)
    yield GaugeMetricFamily(
        "mentiondesk_effects_unconfirmed",
        "Writes of which nobody knows yet whether they arrived",
        value=states[EffectState.UNCONFIRMED.value],
    )
    yield GaugeMetricFamily(
        "mentiondesk_effects_oldest_due_seconds", "How long the oldest due write has been waiting", value=_oldest_due()
    )


def _oldest_due() -> float:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(extract(epoch FROM clock_timestamp() - min(not_before)), 0)::float8
            FROM replies_effect WHERE state = 'pending' AND not_before <= clock_timestamp()
            """
        )
        return float(cursor.fetchone()[0])


def _channels() -> Metric:
    counts = dict.fromkeys(ChannelState.values, 0)
    counts |= dict(Channel.objects.values_list("state").annotate(Count("pk")))
    return _labelled("mentiondesk_channels", "Channels, by state", "state", counts)


def _conditions() -> Metric:
    family = GaugeMetricFamily(
        "mentiondesk_channel_conditions", "What channels' connections were found to be", labels=["aspect", "state"]
    )
    counts = {(aspect, state): 0 for aspect in CONDITION_ASPECTS for state in CONDITION_STATES}
    rows = ChannelCondition.objects.values_list("aspect", "state").annotate(Count("pk"))
    counts |= {(aspect, state): count for aspect, state, count in rows.order_by("aspect", "state")}
    for labels, count in counts.items():
        family.add_metric(list(labels), count)
    return family


def _completeness() -> Iterator[Metric]:
    """Of the channels that a platform pushes to: what came by which way in the last day, and what push missed."""
    lately = ChannelHour.objects.filter(hour__gte=timezone.now() - timedelta(days=1))
    sums = lately.aggregate(*(Sum(name) for name in ("pushed", "found", "overtaken", "slow", "duplicates")))
    ways = {name.removesuffix("__sum"): count or 0 for name, count in sums.items()}
    yield _labelled("mentiondesk_ledger_last_day", "Posts by the way they came in the last day", "way", ways)
    yield GaugeMetricFamily(
        "mentiondesk_rereadings_waiting",
        "Stretches that are being read again",
        value=Rereading.objects.filter(state=RereadingState.WAITING).count(),
    )


def _trends() -> Iterator[Metric]:
    count, age = fold_lag()
    yield GaugeMetricFamily("mentiondesk_trend_changes", "Changes that are not folded into trends yet", value=count)
    yield GaugeMetricFamily("mentiondesk_trend_oldest_seconds", "Age of the oldest of them", value=age)


def _put_aside() -> Iterator[Metric]:
    posts = Post.objects.filter(stage=Stage.QUARANTINED, deleted_at=None).count()
    events = QuarantinedEvent.objects.filter(replayed_at=None).count()
    yield GaugeMetricFamily("mentiondesk_quarantined_posts", "Posts on which the pipeline gave up", value=posts)
    yield GaugeMetricFamily("mentiondesk_quarantined_events", "Updates and rows that were not understood", value=events)


def _spam() -> Iterator[Metric]:
    since = timezone.now() - SPAM_SINCE
    spam, advertising = spam_count(since=since), advertising_count(since=since)
    yield GaugeMetricFamily("mentiondesk_spam_posts_last_day", "Posts put aside as spam in the last day", value=spam)
    yield GaugeMetricFamily(
        "mentiondesk_advertising_posts_last_day", "Posts put aside as advertising in the last day", value=advertising
    )


def _deliveries() -> Metric:
    recent = Delivery.objects.filter(recorded_at__gte=timezone.now() - OUTCOMES_SINCE)
    family = GaugeMetricFamily(
        "mentiondesk_deliveries_last_hour", "Webhook deliveries", labels=["platform", "status", "reason"]
    )
    rows = recent.values_list("platform", "status", "reason_code").annotate(Count("id"))
    for platform, status, reason, count in rows.order_by("platform", "status", "reason_code"):
        family.add_metric([platform, str(status), reason], count)
    return family


def _held() -> Iterator[Metric]:
    held = dict(HeldDelivery.objects.annotate(is_odd=Q(~Q(reason_code=""))).values_list("is_odd").annotate(Count("pk")))
    yield GaugeMetricFamily("mentiondesk_deliveries_waiting", "Deliveries not read yet", value=held.get(False, 0))
    yield GaugeMetricFamily("mentiondesk_deliveries_put_aside", "Deliveries nobody could read", value=held.get(True, 0))


def _open_alerts() -> dict[str, int]:
    return dict(Alert.objects.filter(closed_at=None).values_list("level").annotate(Count("pk")))


def _labelled(name: str, says: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
