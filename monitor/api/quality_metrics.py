"""Precision and recall of complaints as gauges: what people judged, never a guess; few verdicts give no number."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from monitor.analysis.quality import Estimate, Quality, Stratum, measure, measure_by
from monitor.analysis.samples import Measured, measured_by_brand
from monitor.brands.models import Brand

EVERY: Final = "all"
#: Number of `Quality` → end of the gauge's name, and what it says.
SAYS: Final = {
    "precision": ("precision", "Share of complaints among the posts read as one, in the last 28 days"),
    "recall": ("recall", "Share of complaints that were found, in the last 28 days"),
    "aside_rate": ("put_aside", "Share of complaints among the posts put aside as spam, in the last 28 days"),
}
BOUNDS: Final = (
    ("value", "", ""),
    ("low", "_low", ": lower bound of the 95 % interval"),
    ("high", "_high", ": upper bound of the 95 % interval"),
)
LABELS: Final = ["brand", "language", "platform"]


def quality_metrics() -> Iterator[GaugeMetricFamily]:
    """One query for the verdicts, one for the brands' names."""
    measured = measured_by_brand()
    slugs = dict(Brand.objects.filter(pk__in=measured).order_by("slug").values_list("slug", "pk"))
    found = {(slug, *part): quality for slug, pk in slugs.items() for part, quality in _parts(measured[pk]).items()}
    for number, (name, says) in SAYS.items():
        for bound, suffix, addition in BOUNDS:
            family = GaugeMetricFamily(f"mentiondesk_complaint_{name}{suffix}", says + addition, labels=LABELS)
            for labels, quality in found.items():
                estimate: Estimate | None = getattr(quality, number)
                if estimate is not None:
                    family.add_metric(labels, getattr(estimate, bound))
            yield family
    former = GaugeMetricFamily(
        "mentiondesk_complaint_former_verdicts",
        "Verdicts behind these numbers that are on readings of a former model",
        labels=["brand"],
    )
    for slug, pk in slugs.items():
        former.add_metric([slug], measured[pk].former_verdicts)
    yield former


def _parts(measured: Measured) -> dict[tuple[str, str], Quality]:
    """By language and platform: all together, each by itself, and both at once."""
    found = {(EVERY, EVERY): measure(measured.strata)}
    found |= {(part, EVERY): quality for part, quality in measure_by(measured.strata, _language).items()}
    found |= {(EVERY, part): quality for part, quality in measure_by(measured.strata, _platform).items()}
    for platform in sorted({one.platform for one in measured.strata}):
        of_platform = [one for one in measured.strata if one.platform == platform]
        found |= {(part, platform): quality for part, quality in measure_by(of_platform, _language).items()}
    return found


def _language(stratum: Stratum) -> str:
    return stratum.language


def _platform(stratum: Stratum) -> str:
    return stratum.platform
