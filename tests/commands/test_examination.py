"""The doctor tells of what a brand has stored and what is not used for it."""

from typing import Any

from monitor.commands.examination import _examine_brands
from monitor.commands.findings import WARN


def test_a_pattern_that_is_ignored_is_told_of(brand: Any) -> None:
    assert list(_examine_brands()) == []
    brand.order_patterns = ["(LM", r"LM\d{8}"]
    brand.save()
    (finding,) = _examine_brands()
    assert (finding.state, finding.subject) == (WARN, f"brand {brand.slug}")
    assert finding.says.startswith("1 of its patterns")
