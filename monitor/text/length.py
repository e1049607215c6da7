"""Length of a post by X's own weighting (an emoji or a Han letter counts two, an address 23)."""

from twitter_text import parse_tweet

from monitor.text.clean import clean


def weighted_length(text: str) -> int:
    """Weighted length as X counts it; the limit of an ordinary post is 280."""
    return int(parse_tweet(clean(text)).weightedLength)
