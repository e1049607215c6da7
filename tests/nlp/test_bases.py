"""Training from bases of other families, and what int8 may cost. Needs torch (the extra `train`)."""

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel  # noqa: E402

from monitor.nlp.encoder import Encoder  # noqa: E402
from monitor.nlp.labels import EMBEDDING_SIZE, HEADS  # noqa: E402
from monitor.nlp.train import corpora, export  # noqa: E402
from monitor.nlp.train import prune as pruning  # noqa: E402
from monitor.nlp.train import train as train_module  # noqa: E402
from monitor.nlp.train.__main__ import STEPS, main, named_folder  # noqa: E402
from monitor.nlp.train.calibrate import name_of_weights  # noqa: E402
from monitor.nlp.train.corpora import Example  # noqa: E402
from monitor.nlp.train.export import check_int8, load_trained  # noqa: E402
from monitor.nlp.train.languages import read_posts  # noqa: E402
from monitor.nlp.train.network import SHIPPED, WHOLE, turning  # noqa: E402
from monitor.nlp.train.ranges import fix_ranges, texts_to_measure  # noqa: E402
from monitor.nlp.train.recipe import SHORT, Recipe, Thinning  # noqa: E402
from monitor.nlp.train.train import train  # noqa: E402

COLUMNS = ["id", "text", "lang", "audience", *(head for head in HEADS if head != "audience")]
LATE = ["buyer", "complaint", "yes", "negative", "yes", "1", "no", "delivery"]
FINE = ["buyer", "praise", "no", "positive", "no", "0", "no", "delivery"]
SMALL = Recipe(other_shares=(0.0, 0.0), longest=24, batch_tokens=120, learning_rate=1e-3, similarity_posts=4,
               thinning=Thinning((0, 2), joined_after=1, shares=(0.0,), learning_rate=1e-3, depth=3))  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny XLM-R with a unigram tokeniser, as `save_pretrained` leaves it."""
    folder = tmp_path_factory.mktemp("base")
    signs = [(sign, -3.0) for sign in "▁abcdefghijklmnopqrstuvwxyz0123456789"]
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *signs, ("▁late", -1.0), ("<mask>", 0.0)]
    pieces[-1:-1] = [(f"▁{sign}unused", -2.0) for sign in "abcdefgh"]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
        cls_token="<s>", sep_token="</s>", mask_token="<mask>",
    ).save_pretrained(folder)  # fmt: skip
    config = XLMRobertaConfig(vocab_size=len(pieces), hidden_size=32, num_hidden_layers=3, num_attention_heads=2,
                              intermediate_size=48, max_position_embeddings=130, pad_token_id=1)  # fmt: skip
    torch.manual_seed(1)
    XLMRobertaModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    ours = tmp_path / "ours"
    ours.mkdir()
    for name in ("parallel", "composed", "tweets"):
        (ours / f"{name}.tsv").write_text("\t".join(COLUMNS) + "\n", encoding="utf-8")
    (ours / "labels.tsv").write_text("file\tname\n", encoding="utf-8")
    rows = [[f"l{n}", f"parcel {n} is late", "en", *LATE] for n in range(60)]
    rows += [[f"f{n}", f"parcel {n} is fine", "en", *FINE] for n in range(60)]
    (tmp_path / "composed").mkdir()
    (tmp_path / "composed" / "train.tsv").write_text(
        "\n".join("\t".join(row) for row in [COLUMNS, *rows]) + "\n", encoding="utf-8"
    )
    monkeypatch.setattr(corpora, "OUR_FOLDER", ours)
    return tmp_path


def test_a_base_with_its_own_tokeniser_is_trained_thinned_exported_and_read(data, base, tmp_path):
    run, out = tmp_path / "run", tmp_path / "model"
    assert train(data, run, base=str(base), recipe=SMALL)
    assert (run / "tokenizer.json").exists() and not (run / "vocabulary.txt").exists()
    whole, thinned = load_trained(run, str(base), "whole.pt"), load_trained(run, str(base))
    assert [len(network.encoder.encoder.layer) for network in (whole, thinned)] == [3, 2]
    export.export(run, out, str(base))
    assert fix_ranges(out, texts_to_measure(data)) > 4 and not dynamic_ranges(out)
    check_int8(data, run, out)
    encoder = Encoder(out, threads=1, weights=run / "fp32.onnx")
    own = encoder.read(["parcel 7 is late", "parcel 7 is fine and a longer post than the other one"])
    ids = encoder._tokenizer.encode("parcel 7 is late", add_special_tokens=False).ids
    with torch.no_grad():
        columns, _ = thinned(torch.tensor([[0, *ids, 2]]), torch.ones(1, len(ids) + 2, dtype=torch.long))
    assert np.allclose(own.columns[0], columns[0].numpy(), atol=1e-3)
    assert own.embeddings.shape == (2, EMBEDDING_SIZE)  # the tiny encoder has 32


def test_a_large_vocabulary_is_cut_and_two_teachers_teach(data, base, tmp_path, monkeypatch):
    monkeypatch.setattr(train_module, "MOST_PIECES", 20)
    monkeypatch.setattr(train_module, "MOST_LETTERS", 0)
    monkeypatch.setattr(pruning, "_ROUNDS", (34,))
    learnt = []
    monkeypatch.setattr(train_module, "hold_teaching", partial(remember, learnt, train_module.hold_teaching))
    run = tmp_path / "run"
    assert train(data, run, base=str(base), recipe=replace(SMALL, teachers=2))
    rows = len(load_trained(run, str(base)).encoder.get_input_embeddings().weight)
    assert (
        Tokenizer.from_file(str(run / "tokenizer.json")).get_vocab_size() == rows < 50
    )  # the base has eight pieces more
    (teachers,) = learnt
    assert len(teachers) == 2 and not same(teachers[0].state_dict(), teachers[1].state_dict())
    assert train(data, tmp_path / "whole", base=str(base), recipe=replace(SMALL, teachers=2, thinning=None))
    assert len(learnt) == 1  # nobody is taught, so nobody teaches


def remember(learnt, hold, plan, networks, *rest, **options):
    learnt.append(networks)
    hold(plan, networks, *rest, **options)


def dynamic_ranges(model: Path) -> list[str]:
    nodes = onnx.load(str(model / "encoder.onnx")).graph.node
    return [node.name for node in nodes if node.op_type.startswith("DynamicQuantize")]


@pytest.mark.parametrize("width", [32, 768])
def test_an_embedding_of_another_width_keeps_likeness(width):
    states = torch.randn(40, width, generator=torch.Generator().manual_seed(3))
    placed = states @ turning(width)
    before, after = (torch.nn.functional.normalize(each) for each in (states, placed))
    assert placed.shape == (40, EMBEDDING_SIZE)
    assert (before @ before.T - after @ after.T).abs().max() < (1e-5 if width < EMBEDDING_SIZE else 0.2)


def test_a_training_that_would_end_in_nothing_does_not_begin(data, tmp_path, monkeypatch, capsys):
    (tmp_path / "latin1" / "composed").mkdir(parents=True)
    (tmp_path / "latin1" / "composed" / "train.tsv").write_bytes("text\ttopic\nréponse\tother\n".encode("latin-1"))
    shutil.copytree(data / "composed", tmp_path / "late" / "composed")
    (tmp_path / "late" / "complaint_triage").mkdir()
    (tmp_path / "late" / "complaint_triage" / "dev.tsv").write_text("post\ttopic\nwhere\tdelivery\n", encoding="utf-8")
    for arguments, said in (
        (["--data", str(tmp_path / "late")], "complaint_triage/dev.tsv must have a header and tab-separated columns"),
        (["--data", str(tmp_path / "typo")], "name the folder of the labelled sets"),
        (["--data", str(tmp_path / "latin1")], "is not in UTF-8"),
        (["--data", str(data), "--recipe", "further"], "name its folder of checkpoints"),
        (["--data", str(data), "--former", str(tmp_path)], "holds no averaged.pt"),
    ):
        monkeypatch.setattr("sys.argv", ["train", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2 and said in capsys.readouterr().err


def test_what_ships_teaches_without_a_folder_of_sets_and_the_languages_stay(tmp_path, monkeypatch, capsys):
    asked = {}

    def stands_in(data, run, **options):
        asked.update(options, data=data, run=run)
        return False  # another worker goes on

    monkeypatch.setattr("monitor.nlp.train.__main__.train", stands_in)
    monkeypatch.setenv("HOME", str(tmp_path))
    words = ["--data", "~/no sets", "--checkpoints", "~/run", "--out", "~/model", "--open-only", "--recipe", "short"]
    monkeypatch.setattr("sys.argv", ["train", *words])
    main()
    assert "no sets holds neither complaint_triage/train.tsv nor composed/train.tsv" in capsys.readouterr().err
    assert (asked["data"], asked["run"]) == (tmp_path / "no sets", tmp_path / "run")
    assert asked["open_only"] and asked["recipe"] is SHORT and (tmp_path / "model").is_dir()
    assert named_folder("~/x") == tmp_path / "x"
    assert "languages" not in STEPS


def test_the_open_part_teaches_languages_from_open_texts_alone(data):
    (data / "umsab").mkdir()
    (data / "umsab" / "train.tsv").write_text("text\tlang\nbonjour à tous\tfr\n", encoding="utf-8")
    everything, open_part = read_posts(data), read_posts(data, open_only=True)
    assert ("umsab/train.tsv", "fr") in everything
    assert {path for path, _ in open_part} == {"composed/train.tsv", "parallel.tsv"}


def test_other_weights_have_another_version(tmp_path):
    (tmp_path / "linear.npz").write_bytes(b"one")
    before = name_of_weights(tmp_path)
    (tmp_path / "linear.npz").write_bytes(b"two")
    assert name_of_weights(tmp_path) != before


def test_a_thinned_network_is_taught_on_by_its_whole_one(data, base, tmp_path):
    run, later, later_still = tmp_path / "run", tmp_path / "later", tmp_path / "later_still"
    train(data, run, base=str(base), recipe=SMALL)
    standing = replace(SMALL, other_shares=(), thinning=replace(SMALL.thinning, learning_rate=0.0))
    learning = replace(SMALL, other_shares=())
    assert train(data, later, base=str(base), recipe=standing, former=run)
    assert train(data, later_still, base=str(base), recipe=learning, former=run)
    runs = (run, later, later_still)
    wholes, thinned = ([load_trained(each, str(base), name).state_dict() for each in runs] for name in (WHOLE, SHIPPED))
    assert same(wholes[0], wholes[1]) and same(wholes[0], wholes[2])
    assert same(thinned[0], thinned[1]) and not same(thinned[0], thinned[2])


def test_a_base_of_fewer_layers_stays_whole_and_is_gone_on_with_in_its_own_folder(data, base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shallow = replace(SMALL, thinning=replace(SMALL.thinning, depth=6))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / WHOLE).write_bytes(b"of another run")
    assert train(data, Path("run"), base=str(base), recipe=shallow)
    assert not (tmp_path / "run" / WHOLE).exists()
    assert len(load_trained(tmp_path / "run", str(base)).encoder.encoder.layer) == 3
    with pytest.raises(SystemExit, match="cannot be thinned: it has 3 layers"):
        train(data, tmp_path / "on", base=str(base), recipe=replace(shallow, other_shares=()), former=tmp_path / "run")
    assert train(data, Path("run"), base=str(base), recipe=replace(SMALL, other_shares=()), former=tmp_path / "run")
    assert len(load_trained(tmp_path / "run", str(base)).encoder.encoder.layer) == 2


def test_what_ships_is_enough_for_a_model(data, base, tmp_path):
    (data / "composed" / "train.tsv").rename(corpora.OUR_FOLDER / "composed.tsv")
    run, out, nothing = tmp_path / "run", tmp_path / "model", tmp_path / "nothing"
    assert train(nothing, run, base=str(base), recipe=replace(SMALL, thinning=None), open_only=True)
    export.export(run, out, str(base))
    check_int8(nothing, run, out, open_only=True)
    assert Encoder(out, threads=1).read(["parcel 7 is late"]).columns.shape[0] == 1


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.allclose(value, other[name], atol=1e-6) for name, value in one.items())


class Answers:
    """Stands for an encoder that is right about so many of a hundred posts."""

    def __init__(self, right: int) -> None:
        self.right = right

    def read(self, texts):
        columns = np.zeros((len(texts), sum(map(len, HEADS.values()))))
        columns[self.right :, 1] = 1.0
        return type("Reading", (), {"columns": columns})


def test_int8_that_answers_worse_by_half_a_point_does_not_ship(monkeypatch, tmp_path):
    head = next(iter(HEADS))
    posts = [Example("a", "en", "composed", dict.fromkeys(HEADS, 0), is_held_out=True) for _ in range(100)]
    assert export.mean_accuracy(Answers(92), posts) == pytest.approx(1 - 0.08 / len(HEADS)), head
    monkeypatch.setattr(export, "read_training_set", lambda *_args, **_options: (posts, []))
    lost = {"fp32.onnx": 100, "encoder.onnx": 100}
    monkeypatch.setattr(export, "Encoder", lambda _folder, threads, weights: Answers(lost[weights.name]))
    check_int8(tmp_path, tmp_path, tmp_path)
    lost["encoder.onnx"] = 95
    with pytest.raises(SystemExit, match="must not ship"):
        check_int8(tmp_path, tmp_path, tmp_path)
