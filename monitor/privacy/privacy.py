"""What this room stores of people: that somebody was erased, never who."""

COLUMNS = {
    "Erasure.key_hash": "kept: salted hash, so that a second request is recognised",
    "Erasure.source": "kept: a code",
    "Erasure.proof": "kept: counts",
}
