"""Learning from what a network said before, and thinned networks. Needs torch (the extra `train`)."""

from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from transformers import BertConfig, BertModel  # noqa: E402

from monitor.nlp.labels import COLUMN_COUNT, HEADS, head_slices  # noqa: E402
from monitor.nlp.train.batching import Prepared, pad  # noqa: E402
from monitor.nlp.train.calibrate import cross_fitted_errors, deciding_rows  # noqa: E402
from monitor.nlp.train.corpora import MASKED, Example  # noqa: E402
from monitor.nlp.train.network import MentionNetwork, join_pairs, load_weights, store_weights, thin  # noqa: E402
from monitor.nlp.train.plan import hold_teaching, is_right  # noqa: E402
from monitor.nlp.train.recipe import THINNED  # noqa: E402
from monitor.nlp.train.train import train  # noqa: E402


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


def tiny_network(layers=4, width=16, pieces=50):
    config = BertConfig(vocab_size=pieces, hidden_size=width, num_hidden_layers=layers, num_attention_heads=2,
                        intermediate_size=32, attn_implementation="eager")  # fmt: skip
    return MentionNetwork(BertModel(config, add_pooling_layer=False), width).eval()


def read(network, rows):
    with torch.no_grad():
        return network(*pad([np.array(row) for row in rows], torch.device("cpu")))


def test_a_thinned_network_keeps_layers_and_reads_a_post_alike_alone_and_beside_longer_ones():
    whole = tiny_network()
    thinned = thin(whole, (0, 1, 3), joined_after=1).eval()
    kept = [layer.intermediate.dense.weight for layer in thinned.encoder.encoder.layer]
    for weight, number in zip(kept, (0, 1, 3), strict=True):
        assert torch.equal(weight, whole.encoder.encoder.layer[number].intermediate.dense.weight)
    posts = [[2, 7, 8, 3], [2, 9, 3], [2, 5, 6, 7, 8, 9, 10, 3], [2, 3]]
    states, _ = thinned.read(*pad([np.array(post) for post in posts], torch.device("cpu")))
    assert states.shape[1] == 5  # the first of eight tokens, and the others in pairs
    together, places = read(thinned, posts)
    for row, post in enumerate(posts):
        alone, place = read(thinned, [post])
        assert torch.allclose(alone[0], together[row], atol=1e-5) and torch.allclose(place[0], places[row], atol=1e-5)


def test_pairs_are_joined_by_the_tokens_that_each_stands_for():
    hidden = torch.tensor([[[1.0], [2.0], [4.0], [6.0], [99.0]], [[1.0], [2.0], [99.0], [99.0], [99.0]]])
    weights = torch.tensor([[1.0, 1, 1, 1, 0], [1.0, 1, 0, 0, 0]]).unsqueeze(-1)
    joined, counted = join_pairs(hidden, weights)
    assert joined[:, :, 0].tolist() == [[1, 3, 6], [1, 2, 0]]
    assert counted[:, :, 0].tolist() == [[1, 2, 1], [1, 1, 0]]


def test_stored_weights_tell_the_shape_of_their_network(tmp_path):
    whole, thinned = tiny_network(), thin(tiny_network(), (0, 3), joined_after=1)
    for network in (whole, thinned):
        store_weights(network.state_dict(), network.joined_after, tmp_path / "run.pt")
        again = load_weights(tiny_network(), tmp_path / "run.pt").eval()
        assert (len(again.encoder.encoder.layer), again.joined_after) == (
            len(network.encoder.encoder.layer), network.joined_after,
        )  # fmt: skip
        assert torch.equal(read(again, [[2, 7, 8, 3]])[0], read(network.eval(), [[2, 7, 8, 3]])[0])


def test_a_teacher_says_what_it_thinks_where_no_label_denies_it_and_places_every_post():
    teacher = tiny_network()
    plan = SimpleNamespace(device=torch.device("cpu"))
    posts = [Prepared(np.array([2, word, 3]), [MASKED] * len(HEADS)) for word in range(5, 9)]
    said, places = read(teacher, [post.ids for post in posts])
    topic = head_slices()["topic"]
    likeliest = int(said[1, topic].argmax())
    posts[1].labels = [(likeliest + 1) % len(HEADS[head]) if head == "topic" else MASKED for head in HEADS]
    hold_teaching(plan, teacher, posts, only_right=True, embedding=True)
    assert posts[1].taught == -1 and all(post.taught >= 0 for post in (posts[0], *posts[2:]))
    for row, post in enumerate(posts):
        assert torch.allclose(plan.targets[post.target], places[row], atol=1e-5)
    own = plan.taught[posts[2].taught].float()
    assert torch.allclose(own[topic], said[2, topic].softmax(0), atol=1e-3)


def test_a_recipe_that_thins_needs_a_whole_network(tmp_path):
    with pytest.raises(SystemExit, match="name its run"):
        train(tmp_path, tmp_path / "run", recipe=THINNED)
    with pytest.raises(SystemExit, match="name its run"):
        train(tmp_path, tmp_path / "run", recipe=THINNED, former=tmp_path, first_pass=1)


def test_calibration_errors_are_of_posts_that_were_not_fitted():
    chance = np.random.default_rng(3)
    columns = chance.normal(0, 2, (900, COLUMN_COUNT)).astype(np.float32)
    examples = []
    for row in range(900):
        labels = {}
        for head, part in head_slices().items():
            odds = np.exp(columns[row, part] / 2)  # the columns are twice as sure as they should be
            labels[head] = int(chance.choice(len(odds), p=odds / odds.sum()))
        examples.append(Example(f"post {row}", ("en", "zh", "fr")[row % 3], "composed", labels, is_held_out=True))
    errors = cross_fitted_errors(examples, columns, np.zeros_like(columns))
    assert set(errors) == set(HEADS)
    assert all(error < 0.09 for head, error in errors.items() if head != "audience"), errors  # topics speak there, too


def test_thresholds_are_chosen_on_real_posts_where_there_are_enough():
    labels = dict.fromkeys(HEADS, 1)
    composed = [Example("a", "en", "composed", labels) for _ in range(700)]
    tweets = [Example("b", "en", "umsab", {"sentiment": 1})]
    real = [Example("c", "en", "complaint_triage", labels) for _ in range(600)]
    assert deciding_rows([*composed, *tweets, *real]) == list(range(701, 1301))
    assert deciding_rows([*composed, *tweets, *real[:20]]) == [*range(700), *range(701, 721)]
