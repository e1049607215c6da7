"""Rule 28: the length of a post against the published cases of twitter-text, whose configuration v3 X counts by."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor.text.length import weighted_length

pytestmark = pytest.mark.conformance

LIMIT = 280
_COUNTED = "CounterTest"
_BEFORE_EMOJI = "counted by configuration v2, which does not know that an emoji of several parts counts two"
#: (group, case) that we count otherwise -> (our count, why). What agrees after all must not stand here.
MISSES: Mapping[tuple[str, str], tuple[int, str]] = {
    (
        "WeightedTweetsCounterTest",
        "Count a mix of single byte single word, and double word unicode characters",
    ): (7, _BEFORE_EMOJI),
    (
        "WeightedTweetsCounterTest",
        "Count unicode emoji chars outside the basic multilingual plane with skin tone modifiers",
    ): (4, _BEFORE_EMOJI),
}
#: Cases that X refuses for their letters, whatever their length.
INVALID_LETTERS = {("UnicodeDirectionalMarkerCounterTest", "Handle invalid characters")}


@pytest.fixture(scope="module")
def cases(platform_data: Path) -> dict[tuple[str, str], Mapping[str, Any]]:
    """(group, description) -> case, of every group that counts weighted lengths."""
    published = yaml.safe_load((platform_data / "twitter-text" / "conformance_validate.yml").read_text("utf-8"))
    rows = [(group, case) for group, rows in published["tests"].items() for case in rows if group.endswith(_COUNTED)]
    named = {(group, case["description"]): case for group, case in rows}
    assert len(named) == len(rows) >= 44, "fewer cases than were published"
    return named


def test_every_published_length_is_ours_or_its_miss_is_declared(
    cases: dict[tuple[str, str], Mapping[str, Any]],
) -> None:
    counted = {name: weighted_length(case["text"]) for name, case in cases.items()}
    wrong = {name: count for name, count in counted.items() if count != cases[name]["expected"]["weightedLength"]}
    assert wrong == {name: count for name, (count, _reason) in MISSES.items()}


def test_what_is_valid_at_the_platform_is_what_we_let_pass(cases: dict[tuple[str, str], Mapping[str, Any]]) -> None:
    passes = {name: 0 < weighted_length(case["text"]) <= LIMIT for name, case in cases.items()}
    differ = {name for name, case in cases.items() if passes[name] is not case["expected"]["valid"]}
    assert differ == INVALID_LETTERS
    assert {case["expected"]["valid"] for case in cases.values()} == {True, False}
