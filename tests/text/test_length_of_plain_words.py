"""The quick way of counting plain words must be X's own count, whatever the letters."""

import random

from monitor.text.clean import clean
from monitor.text.length import weighted_length
from monitor.text.x_rules import x_rules

LETTERS = [chr(code) for code in range(32, 0x3000, 7)] + list("é…–“”한글ไทยنعمहिंदी谢谢ありがとう👍🏽👨‍👩‍👧♥️1️⃣#.@/:©™  ")


def test_it_counts_as_the_parser_counts() -> None:
    chance = random.Random(11)
    for _ in range(400):
        text = "".join(chance.choice(LETTERS) for _ in range(chance.randint(1, 40)))
        assert weighted_length(text) == x_rules().parse_tweet(clean(text)).weightedLength, repr(text)
