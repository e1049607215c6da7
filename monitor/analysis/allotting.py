"""How many posts of each stratum are drawn. Pure, given one random number."""

from collections.abc import Sequence
from math import ceil, sqrt


def allot(populations: Sequence[int], size: int, start: float) -> list[int]:
    """Splits a sample by the square roots of the populations (power allocation, Bankier 1988): a language of a hundred
    posts a day gets a tenth, not a hundredth, of what one of ten thousand gets.

    The shares are fractions; systematic rounding from a random `start` in [0, 1) gives each stratum its share rounded
    up or down, so that the smallest has its turn on some days, and the whole is exactly `size` (or all there is).
    """
    size = min(size, sum(populations))
    drawn, passed, taken = [], 0.0, 0
    for share in _shares(populations, size):
        passed += share
        # Points lie at start, start + 1, …; those before the end of the share are in it. The shares are sums of floats:
        # rounded, and the start kept a hair from 1, whole numbers stay whole, and the last share ends at `size`.
        upto = min(size, max(taken, ceil(round(passed, 9) - min(start, 1 - 1e-6) - 1e-10)))
        drawn.append(upto - taken)
        taken = upto
    return drawn


def _shares(populations: Sequence[int], size: int) -> list[float]:
    """In proportion to the roots, but none more than its stratum holds; what that leaves goes to the others."""
    shares = [0.0] * len(populations)
    free = set(range(len(populations)))
    left = float(size)
    while free:
        roots = sum(sqrt(populations[place]) for place in free)
        wanted = {place: left * sqrt(populations[place]) / roots for place in free} if roots else {}
        full = {place for place, share in wanted.items() if share >= populations[place]}
        for place in full or wanted:
            shares[place] = float(populations[place]) if full else wanted[place]
        if not full:
            break
        left -= sum(populations[place] for place in full)
        free -= full
    return shares
