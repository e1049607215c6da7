"""The hash of n-grams: weights are stored by bucket, so it may never change by accident."""

import zlib

from monitor.nlp.ngrams import count_ngrams


def test_the_buckets_are_those_that_the_shipped_weights_were_trained_with():
    counts = count_ngrams(["Wo bleibt mein Paket? 荷物 😀", "né"], bits=18, sizes=range(2, 6), has_words=True)
    assert counts.starts.tolist() == [0, 114, 121]
    assert counts.buckets[:3].tolist() == [19, 4346, 5980]
    assert zlib.crc32(counts.buckets.astype("<i8").tobytes()) == 35948219
