"""How a sample is split: exactly its size, nobody forgotten, nothing drawn that is not there."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.analysis.allotting import allot


@example([0, 1], 1, 0.0)
@example([3, 1], 4, 1 - 1e-12)
@given(
    populations=st.lists(st.integers(0, 100_000), max_size=60),
    size=st.integers(0, 60),
    start=st.floats(0, 1, exclude_max=True),
)
def test_the_sample_has_its_size_and_no_more_than_there_is(populations: list[int], size: int, start: float) -> None:
    drawn = allot(populations, size, start)
    assert sum(drawn) == min(size, sum(populations))
    assert all(0 <= count <= there for count, there in zip(drawn, populations, strict=True))


def test_a_small_language_is_not_forgotten_and_a_large_one_not_drowned() -> None:
    assert allot([10_000, 100], 20, 0.5) == [18, 2]  # by size alone it would be 20 and 0


def test_the_smallest_have_their_turn() -> None:
    populations = [4000] + [1] * 40
    random = np.random.default_rng(1)
    drawn = np.sum([allot(populations, 20, random.random()) for _day in range(280)], axis=0)
    assert min(drawn) > 0


@pytest.mark.parametrize("populations", [[3, 50, 800], [1, 1, 2, 9, 400, 12_000]])
def test_over_the_days_each_stratum_gets_its_share(populations: list[int]) -> None:
    """The mean over evenly spread starts is the share itself."""
    starts = [float(Fraction(2 * step + 1, 2000)) for step in range(1000)]
    drawn = np.mean([allot(populations, 10, start) for start in starts], axis=0)
    roots = np.sqrt(populations)
    free = 10 * roots / roots.sum() < populations
    assert drawn[free] / drawn[free].sum() == pytest.approx(roots[free] / roots[free].sum(), abs=0.01)
