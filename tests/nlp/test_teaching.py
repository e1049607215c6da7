"""Learning from what a network said before, and thinned networks. Needs torch (the extra `train`)."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from transformers import BertConfig, BertModel, DebertaV2Config, DebertaV2Model  # noqa: E402

from monitor.nlp.labels import COLUMN_COUNT, HEADS, head_slices  # noqa: E402
from monitor.nlp.train.batching import Prepared, pad  # noqa: E402
from monitor.nlp.train.calibrate import cross_fitted_errors, deciding_rows  # noqa: E402
from monitor.nlp.train.corpora import MASKED, OTHER_CORPORA, Example  # noqa: E402
from monitor.nlp.train.folds import main as judge_by_folds  # noqa: E402
from monitor.nlp.train.folds import read_once  # noqa: E402
from monitor.nlp.train.network import (  # noqa: E402
    SHIPPED,
    WHOLE,
    MentionNetwork,
    join_pairs,
    load_weights,
    store_weights,
    thin,
    why_not_thinned,
)
from monitor.nlp.train.plan import Plan, hold_teaching, is_right  # noqa: E402
from monitor.nlp.train.recipe import FULL, FURTHER, SHORT, THINNED  # noqa: E402
from monitor.nlp.train.train import make_room, train  # noqa: E402
from monitor.nlp.vocabulary import OWN_TOKENIZER, VOCABULARY, build_tokenizer  # noqa: E402


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


@pytest.mark.parametrize(
    ("depth", "kept", "joined_after"),
    [
        (12, [0, 2, 4, 7, 9, 11], 2),
        (24, [0, 1, 4, 5, 8, 9, 14, 15, 18, 19, 22, 23], 4),
        (18, [0, 1, 3, 4, 6, 7, 11, 14, 17], 4),
    ],
)
def test_of_a_deeper_base_the_layers_in_their_place_are_kept(depth, kept, joined_after):
    found, joined = THINNED.thinning.of(depth)
    assert (found, joined) == (kept, joined_after)
    deep = thin(tiny_network(layers=depth), found, joined)
    assert len(deep.encoder.encoder.layer) == len(found) and read(deep.eval(), [[2, 7, 8, 3]])[0].isfinite().all()


def test_a_network_of_few_layers_or_of_another_build_stays_whole():
    config = DebertaV2Config(vocab_size=50, hidden_size=16, num_hidden_layers=12, num_attention_heads=2,
                             intermediate_size=32)  # fmt: skip
    assert "it is deberta-v2" in why_not_thinned(MentionNetwork(DebertaV2Model(config), 16), THINNED.thinning)
    assert "it has 11 layers" in why_not_thinned(tiny_network(layers=11), THINNED.thinning)
    assert why_not_thinned(tiny_network(layers=12), THINNED.thinning) == ""
    assert why_not_thinned(tiny_network(layers=3), replace(THINNED.thinning, depth=3)) == ""


@pytest.mark.parametrize("other", [{"width": 32}, {"layers": 3}])
def test_weights_of_another_base_are_refused_in_one_sentence(tmp_path, other):
    store_weights(tiny_network().state_dict(), 0, tmp_path / SHIPPED)
    with pytest.raises(SystemExit, match="come from another base: name the one of that run"):
        load_weights(tiny_network(**other), tmp_path / SHIPPED)
    assert len(load_weights(tiny_network(pieces=70), tmp_path / SHIPPED).encoder.get_input_embeddings().weight) == 50


def test_what_another_run_left_is_not_taken_for_a_part_of_this_one(tmp_path):
    former, run = tmp_path / "former", tmp_path / "run"
    for folder, names in ((run, (WHOLE, SHIPPED, OWN_TOKENIZER)), (former, (WHOLE, SHIPPED, VOCABULARY))):
        folder.mkdir()
        for name in names:
            (folder / name).write_text(folder.name)
    make_room(run, tmp_path / "former" / ".." / "run")  # the same folder by another name
    assert {file.name for file in run.iterdir()} == {WHOLE, SHIPPED, OWN_TOKENIZER}
    make_room(run, former)
    assert {file.name: file.read_text() for file in run.iterdir()} == {WHOLE: "former", VOCABULARY: "former"}
    make_room(run, None)
    assert not list(run.iterdir()) and len(list(former.iterdir())) == 3


def test_a_copy_is_judged_and_learnt_once(tmp_path, monkeypatch, capsys):
    (corpus,) = [corpus for corpus in OTHER_CORPORA if corpus.name == "complaints_acl2019"]
    monkeypatch.setattr("sys.argv", ["folds", "--data", str(tmp_path)])
    with pytest.raises(SystemExit):
        judge_by_folds()
    assert f"holds no {corpus.path}: name the folder" in capsys.readouterr().err
    (tmp_path / corpus.path).parent.mkdir()
    rows = ["@a where is it\tcomplaint", "@b where is it\tcomplaint", "lovely\tnot_complaint"]
    (tmp_path / corpus.path).write_text("\n".join(["text\tlabel", *rows]) + "\n", encoding="utf-8")
    assert sorted(example.labels["complaint"] for example in read_once(tmp_path, corpus)) == [0, 1]


def test_teachers_say_what_they_think_where_no_label_denies_it_and_the_first_places_every_post():
    teacher, other = tiny_network(), tiny_network()
    plan = SimpleNamespace(device=torch.device("cpu"))
    posts = [Prepared(np.array([2, word, 3]), [MASKED] * len(HEADS)) for word in range(5, 9)]
    said, places = read(teacher, [post.ids for post in posts])
    topic = head_slices()["topic"]
    likeliest = int(said[1, topic].argmax())
    posts[1].labels = [(likeliest + 1) % len(HEADS[head]) if head == "topic" else MASKED for head in HEADS]
    hold_teaching(plan, [teacher], posts, only_right=True, embedding=True)
    assert posts[1].taught == -1 and all(post.taught >= 0 for post in (posts[0], *posts[2:]))
    for row, post in enumerate(posts):
        assert torch.allclose(plan.targets[post.target], places[row], atol=4e-3)  # half the bits, where they are borne
    own = plan.taught[posts[2].taught].float()
    assert torch.allclose(own[topic], said[2, topic].softmax(0), atol=4e-3)
    hold_teaching(plan, [teacher, other], posts, embedding=True)
    both = (said[2, topic].softmax(0) + read(other, [posts[2].ids])[0][0, topic].softmax(0)) / 2
    assert torch.allclose(plan.taught[posts[2].taught].float()[topic], both, atol=4e-3)
    assert torch.allclose(plan.targets[posts[2].target], places[2], atol=4e-3)


def test_every_recipe_that_begins_from_the_base_ends_at_what_is_small_enough_to_ship():
    assert all(recipe.thinning for recipe in (SHORT, FULL, THINNED)) and FURTHER.thinning is None


def test_teachers_alone_judge_texts_made_out_of_tweets(tmp_path):
    tweets = [Example(f"late again {n} they said", "en", "umsab", {"sentiment": 0}) for n in range(12)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "late", "again", "they", "said"]
    made = {}
    for recipe in (FURTHER, THINNED):
        plan = Plan(tmp_path, [], tweets, [], build_tokenizer(pieces), recipe, torch.device("cpu"))
        for with_pool in (False, True):
            posts = [post for batch in plan.passes((1.0,), 1, with_pool=with_pool)[0] for post in batch]
            made[recipe is THINNED, with_pool] = sum(set(post.labels) == {MASKED} for post in posts)
    assert made == {(False, False): 0, (False, True): 0, (True, False): 0, (True, True): 5 * len(tweets)}


def test_a_recipe_that_thins_needs_a_whole_network(tmp_path):
    with pytest.raises(SystemExit, match="name its run"):
        train(tmp_path, tmp_path / "run", recipe=THINNED)


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
