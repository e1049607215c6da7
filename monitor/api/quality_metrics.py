"""Precision and recall of complaints as gauges: what people judged, never a guess; few verdicts give no number."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily

from monitor.analysis.quality import Estimate, Quality, measure, measure_by
from monitor.analysis.samples import strata_by_brand
from monitor.brands.models import Brand

EVERY_LANGUAGE: Final = "all"
SAYS: Final = {
    "precision": "Share of complaints among the posts read as one, in the last 28 days",
    "recall": "Share of complaints that were read as one, in the last 28 days",
}


def quality_metrics() -> Iterator[GaugeMetricFamily]:
    """Two queries for the verdicts, one for the brands' names."""
    found = _by_brand_and_language()
    for measured, says in SAYS.items():
        for bound, suffix, addition in (
            ("value", "", ""),
            ("low", "_low", ": lower bound of the 95 % interval"),
            ("high", "_high", ": upper bound of the 95 % interval"),
        ):
            family = GaugeMetricFamily(
                f"mentiondesk_complaint_{measured}{suffix}", says + addition, labels=["brand", "language"]
            )
            for (brand, language), quality in found.items():
                estimate: Estimate | None = getattr(quality, measured)
                if estimate is not None:
                    family.add_metric([brand, language], getattr(estimate, bound))
            yield family


def _by_brand_and_language() -> dict[tuple[str, str], Quality]:
    strata = strata_by_brand()
    slugs = dict(Brand.objects.filter(pk__in=strata).values_list("pk", "slug"))
    found: dict[tuple[str, str], Quality] = {}
    for brand_id, slug in sorted(slugs.items()):
        found[slug, EVERY_LANGUAGE] = measure(strata[brand_id])
        for language, quality in measure_by(strata[brand_id], lambda one: one.language).items():
            found[slug, language] = quality
    return found
