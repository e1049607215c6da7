"""Going on from a former run: what the network said is held where it was right. Needs torch (the extra `train`)."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from monitor.nlp.labels import COLUMN_COUNT, HEADS, head_slices  # noqa: E402
from monitor.nlp.train.batching import Prepared  # noqa: E402
from monitor.nlp.train.corpora import MASKED  # noqa: E402
from monitor.nlp.train.train import is_right  # noqa: E402


def said(**labels):
    """The columns of a network that is sure of these labels, and of the first one of every other head."""
    columns = torch.zeros(1, COLUMN_COUNT)
    for head, part in head_slices().items():
        columns[0, part.start + HEADS[head].index(labels.get(head, HEADS[head][0]))] = 9.0
    return columns


def post(**labels):
    return Prepared(np.array([1, 2]), [HEADS[head].index(labels[head]) if head in labels else MASKED for head in HEADS])


def test_an_answer_is_right_where_no_label_denies_it():
    assert is_right(said(topic="delivery", complaint="yes"), [post(topic="delivery", complaint="yes")]).all()
    assert is_right(said(topic="delivery"), [post()]).all()
    assert not is_right(said(topic="delivery", complaint="no"), [post(topic="delivery", complaint="yes")]).any()
