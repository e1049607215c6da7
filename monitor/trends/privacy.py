"""What this room stores of people: nothing. Counts go on when a post is erased."""

_LABEL = "kept: a label, counted"

COLUMNS = {
    **{
        f"{model}.{column}": _LABEL
        for model in ("Contribution", "TrendBucket")
        for column in ("platform", "market", "language", "topic", "intent", "audience")
    },
    "TrendLine.dimension": _LABEL,
    "TrendLine.value": _LABEL,
    "Spike.dimension": _LABEL,
    "Spike.value": _LABEL,
}
