"""Foreign classifiers in place of heads: ready once, labels matched, one sentence for whatever cannot be."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from monitor.env import home_folder
from monitor.nlp.hub import preparing
from monitor.nlp.hub.classifier import Classifier, as_trained
from monitor.nlp.hub.errors import HubModelError
from monitor.nlp.hub.labels import match_labels
from monitor.nlp.hub.preparing import prepare
from monitor.nlp.hub.reading import longest_text
from monitor.nlp.hub.replacements import Replacements, load_head
from monitor.nlp.hub.settings import Wish, models_folder, read_wishes
from monitor.nlp.labels import HEADS
from tests.support.tiny_classifier import FEELING_NAMES, FEELINGS, make_classifier

HAS_TORCH = find_spec("torch") is not None and find_spec("onnx") is not None
needs_torch = pytest.mark.skipif(not HAS_TORCH, reason="exporting needs torch and onnx (the extra `train`)")
without_torch = pytest.mark.skipif(HAS_TORCH, reason="tells what is said where torch is missing")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MENTIONDESK_HOME", str(tmp_path / "home"))
    # Nobody is asked, whatever a test wishes for.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "home"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return make_classifier(tmp_path / "tiny")


def sentiment_of(model: object, labels: str = "") -> Wish:
    return Wish("sentiment", str(model), labels)


def softmax_of(*words: str) -> np.ndarray:
    total = np.sum([np.zeros(3), *(FEELINGS[word] for word in words)], axis=0)
    return np.exp(total) / np.exp(total).sum()


def put_on_the_hub(cache: Path, name: str, revision: str = "main", **more: object) -> Path:
    """The model as the hub's client leaves it after a download."""
    commit = "a" * 40
    store = cache / f"models--{name.replace('/', '--')}"
    (store / "refs").mkdir(parents=True)
    (store / "refs" / revision).write_text(commit)
    return make_classifier(store / "snapshots" / commit, **more)  # type: ignore[arg-type]


# -- Settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", HEADS)
def test_every_head_can_be_wished_for(head: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert head not in read_wishes()
    monkeypatch.setenv(f"MENTIONDESK_HEAD_{head.upper()}", " owner/model@v2 ")
    monkeypatch.setenv(f"MENTIONDESK_HEAD_{head.upper()}_LABELS", "A:b")
    assert read_wishes() == {head: Wish(head, "owner/model@v2", "A:b")}
    assert read_wishes()[head].setting == f"MENTIONDESK_HEAD_{head.upper()}"


def test_models_lie_in_the_home_folder_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert models_folder() == home_folder() / "models"
    monkeypatch.delenv("MENTIONDESK_HOME")
    assert models_folder() == home_folder() / "models"


def test_importing_asks_nobody_and_loads_nothing_heavy() -> None:
    script = (
        "import sys, socket\nsocket.socket.connect = None\nfrom monitor.nlp.engine import load_engine\nload_engine()\n"
        "from monitor.nlp.hub.replacements import Replacements\nfrom monitor.nlp.hub.settings import Wish\n"
        "assert Replacements({'sentiment': Wish('sentiment', 'owner/model')}, 1).tag\n"
        "print(sorted({'transformers', 'torch', 'huggingface_hub', 'onnxruntime', 'django'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


# -- What labels mean ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "names", "means"),
    [
        ("sentiment", ["Negative", "NEUTRAL", "positive"], ["negative", "neutral", "positive"]),
        ("sentiment", ["pos", "neu", "neg"], ["positive", "neutral", "negative"]),
        (
            "sentiment",
            ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"],
            ["negative", "negative", "neutral", "positive", "positive"],
        ),
        ("complaint", ["not_complaint", "complaint"], ["no", "yes"]),
        ("needs_reply", ["True", "False"], ["yes", "no"]),
        ("intent", ["Follow-up", *(name for name in HEADS["intent"] if name != "follow_up")], None),
        ("severity", ["none", "low", "medium", "high"], ["0", "1", "2", "3"]),
        ("topic", [name.upper() for name in HEADS["topic"]], list(HEADS["topic"])),
    ],
)
def test_usual_names_are_understood(head: str, names: list[str], means: list[str] | None) -> None:
    table = match_labels(Wish(head, "m"), names)
    assert (table.sum(axis=1) == 1).all()
    assert [HEADS[head][column] for column in table.argmax(axis=1)] == (
        means or ["follow_up", *(name for name in HEADS["intent"] if name != "follow_up")]
    )


def test_a_setting_says_what_labels_mean_and_may_leave_some_out() -> None:
    table = match_labels(Wish("sentiment", "m", "label_0:Negative, LABEL_1:positive"), ["LABEL_0", "LABEL_1"])
    assert table.tolist() == [[1, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("wish", "names"),
    [
        (Wish("sentiment", "m"), ["LABEL_0", "LABEL_1", "LABEL_2"]),
        (Wish("sentiment", "m"), ["negative", "positive"]),
        (Wish("sentiment", "m", "LABEL_0:negative"), ["LABEL_0", "LABEL_1"]),
        (Wish("sentiment", "m", "LABEL_0:negative,LABEL_9:positive"), ["LABEL_0", "LABEL_1"]),
        (Wish("sentiment", "m", "LABEL_0:bad,LABEL_1:positive"), ["LABEL_0", "LABEL_1"]),
        (Wish("sentiment", "m", "LABEL_0,LABEL_1"), ["LABEL_0", "LABEL_1"]),
        (Wish("complaint", "m", "LABEL_0:no,LABEL_1:no"), ["LABEL_0", "LABEL_1"]),
    ],
)
def test_labels_that_do_not_match_are_named_beside_ours(wish: Wish, names: list[str]) -> None:
    with pytest.raises(HubModelError) as caught:
        match_labels(wish, names)
    said = str(caught.value)
    assert f"({', '.join(names)})" in said and f"({', '.join(HEADS[wish.head])})" in said
    assert f'{wish.setting}_LABELS="{names[0]}:' in said and said.count(". ") == 0


# -- A model made ready ----------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["model.onnx", "onnx/model.onnx"])
def test_a_folder_with_an_onnx_file_needs_no_torch(tmp_path: Path, place: str) -> None:
    model = make_classifier(tmp_path / "m", onnx=place)
    prepared = prepare(str(model))
    assert prepared.onnx == model / place  # not copied
    assert (prepared.labels, prepared.limit, prepared.padding) == (FEELING_NAMES, 16, 0)
    scores = Classifier(prepared, threads=1).scores(["Awful parcel", "thanks", "nothing known"])
    expected = [softmax_of("awful", "parcel"), softmax_of("thanks"), softmax_of()]
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_answers_keep_the_order_of_texts_of_any_length(tiny: Path) -> None:
    classifier = Classifier(prepare(str(tiny)), threads=1)
    texts = ["late " * count + "lovely" for count in (9, 0, 300, 2, 13, 1)] + ["", "\ufffd", "a" * 100_000]
    together = classifier.scores(texts)
    alone = np.concatenate([classifier.scores([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)


def test_a_long_text_is_cut_at_the_models_maximum(tiny: Path) -> None:
    classifier = Classifier(prepare(str(tiny)), threads=1)
    # Sixteen tokens, of which the first and the last are not the text's.
    cut, longer = classifier.scores(["late " * 13 + "lovely", "late " * 14 + "lovely"])
    assert cut[2] > longer[2]
    np.testing.assert_allclose(longer, classifier.scores(["late " * 14])[0], atol=1e-6)


def test_handles_and_addresses_are_read_as_the_models_were_trained() -> None:
    assert as_trained("@lumora see https://example.com/a?b or mail me@example.com") == (
        "@user see http or mail me@example.com"
    )
    assert as_trained("HTTPS://t.co/a荷物が届かない @lumora何で") == "http荷物が届かない @user何で"


@pytest.mark.parametrize(
    ("config", "of_tokenizer", "limit"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512}, 1e30, 512),
        ({"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 1e30, 512),
        ({"model_type": "bert", "max_position_embeddings": 512}, 128, 128),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": None}, 1e30, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514}, 1e30, 512),
        ({"model_type": "roberta", "max_position_embeddings": 513, "pad_token_id": 0}, 1e30, 512),
        ({"model_type": "xlnet"}, 1e30, 512),
        ({"model_type": "modernbert", "max_position_embeddings": 8192}, 8192, 1024),
    ],
)
def test_the_maximum_is_what_configuration_and_tokeniser_allow(config: dict, of_tokenizer: float, limit: int) -> None:
    assert longest_text(config, of_tokenizer) == limit


def test_a_model_is_made_ready_once(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(str(tiny))
    monkeypatch.setattr(preparing, "_make", lambda *_: pytest.fail("made again"))
    assert prepare(str(tiny)) == first
    copied = tiny.with_name("elsewhere")
    tiny.rename(copied)
    assert prepare(str(copied)).folder == first.folder  # what a folder holds counts, not where it lies


def test_what_is_ready_is_read_without_transformers(tiny: Path) -> None:
    prepare(str(tiny))
    script = (
        "import sys\nfrom monitor.nlp.hub.replacements import load_head\nfrom monitor.nlp.hub.settings import Wish\n"
        f"head = load_head(Wish('sentiment', {str(tiny)!r}), 1)\n"
        "print(head.classifier.scores(['awful']).argmax(), 'transformers' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout == "0 False\n"


def test_two_programs_at_once_make_it_once(tiny: Path) -> None:
    script = (
        "from monitor.nlp.hub import preparing\nmake, made = preparing._make, []\n"
        "preparing._make = lambda *told: (made.append(1), make(*told))\n"
        f"preparing.prepare({str(tiny)!r})\nprint(len(made))"
    )
    programs = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [program.communicate(timeout=300)[0] for program in programs]
    assert [program.returncode for program in programs] == [0, 0]
    assert sorted(told) == ["0\n", "1\n"]
    shown = [path for path in models_folder().iterdir() if not path.name.startswith(".")]
    assert shown == [prepare(str(tiny)).folder]


def test_a_program_that_dies_while_it_makes_leaves_nothing_half_done(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(preparing.os, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            prepare(str(tiny))
    assert not preparing.is_prepared(str(tiny))
    (lock,) = models_folder().iterdir()
    # What a program leaves that could not even tidy up.
    lock.with_name(lock.name.replace(".lock", "-killed")).mkdir()
    assert Classifier(prepare(str(tiny)), threads=1).scores(["lovely"]).argmax() == 2
    assert {path.suffix for path in models_folder().iterdir() if path.name.startswith(".")} == {".lock"}


def test_a_model_in_the_cache_of_the_hub_needs_no_network(tmp_path: Path) -> None:
    snapshot = put_on_the_hub(tmp_path / "hub", "owner/feelings", "v2", onnx="onnx/model.onnx")
    prepared = prepare("owner/feelings@v2")
    assert Classifier(prepared, threads=1).scores(["awful"]).argmax() == 0
    (snapshot / "onnx" / "model.onnx").unlink()
    assert prepare("owner/feelings@v2").onnx.is_file()  # a copy: the hub's own cache may be cleaned


def test_what_is_ready_says_only_what_is_used_and_older_notes_with_more_are_read(tiny: Path) -> None:
    prepared = prepare(str(tiny))
    note = prepared.folder / "prepared.json"
    told = json.loads(note.read_text())
    assert set(told) == {"format", "model", "labels", "limit", "padding"}
    note.write_text(json.dumps({**told, "commit": "a" * 40}))
    assert prepare(str(tiny)) == prepared
    note.write_text(json.dumps({"format": 1}))
    with pytest.raises(HubModelError, match="and it is made anew"):
        prepare(str(tiny))


# -- What cannot be --------------------------------------------------------------------------------


def refusal(model: object, labels: str = "") -> str:
    with pytest.raises(HubModelError) as caught:
        load_head(sentiment_of(model, labels), threads=1)
    said = str(caught.value)
    assert "\n" not in said and said.endswith(".") and ". " not in said
    return said


def test_a_model_that_nobody_has_is_one_sentence() -> None:
    said = refusal("nobody/nothing")
    assert "nobody/nothing@main is not on this machine and the hub cannot be asked" in said
    assert "path of its folder" in said


@pytest.mark.parametrize("model", ["/no/such/folder", "./none", "~/none/of/this", "a/b/c", "bad name"])
def test_a_folder_that_is_not_there_is_one_sentence(model: str) -> None:
    assert refusal(model).startswith(f"There is no folder {model}")


@without_torch
def test_a_missing_torch_names_the_extra(tmp_path: Path) -> None:
    assert "needs torch: `make .venv/installed-train`" in refusal(make_classifier(tmp_path / "m", onnx=""))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"architectures": ["BertForMaskedLM"]}, "is no sequence classifier (it is made for BertForMaskedLM)"),
        ({"architectures": None}, "is no sequence classifier (it is made for nothing that it names)"),
        ({"problem_type": "multi_label_classification"}, "does not choose one of several labels"),
        ({"id2label": {"0": "score"}}, "does not choose one of several labels (it has one output)"),
        ({"id2label": {"a": "b"}}, "no numbered list of labels"),
        ({"id2label": {"0": "negative", "1": "positive"}}, "do not match those of sentiment"),
        ({"id2label": {"0": "neg", "1": "neu", "2": "pos", "3": "positive"}}, "gives 3 numbers a text and not one"),
    ],
)
def test_a_model_for_something_else_is_one_sentence(tmp_path: Path, config: dict, said: str) -> None:
    assert said in refusal(make_classifier(tmp_path / "m", **config))


def test_damaged_files_are_one_sentence(tiny: Path, tmp_path: Path) -> None:
    (tiny / "model.onnx").write_bytes(b"\x08\x08 cut short")
    assert "cannot be loaded" in refusal(tiny)
    (tiny / "tokenizer.json").write_text("{")
    assert "The tokeniser of" in refusal(tiny)
    (tiny / "config.json").unlink()
    assert "holds no config.json" in refusal(tiny)


def test_a_home_that_cannot_be_written_is_one_sentence(tiny: Path, home: Path) -> None:
    home.mkdir()
    (home / "models").write_text("in the way")
    assert "set MENTIONDESK_HOME to another folder" in refusal(tiny)


# -- What the engine holds --------------------------------------------------------------------------


def tag_of(*wishes: Wish) -> str:
    return Replacements({wish.head: wish for wish in wishes}, threads=1).tag


def test_a_tag_names_heads_models_and_meanings(tiny: Path, tmp_path: Path) -> None:
    tag = tag_of(sentiment_of(tiny))
    assert tag.startswith("~sentiment:") and len(tag.rpartition(":")[2]) == 6
    assert tag_of(sentiment_of(tiny)) == tag
    assert tag_of(sentiment_of(tiny, "negative:positive")) != tag
    other = make_classifier(tmp_path / "other", {**FEELINGS, "late": (9.0, 0.0, 0.0)})
    assert tag_of(sentiment_of(other)) != tag
    assert tag_of(sentiment_of("owner/a")) != tag_of(sentiment_of("owner/a@v2"))
    assert tag_of(*(Wish(head, "owner/a") for head in HEADS)).startswith("~8-heads:")
    assert "~complaint,topic:" in tag_of(Wish("topic", "owner/a"), Wish("complaint", "owner/a"))


def test_a_replaced_head_is_exchanged_and_the_others_stay(tiny: Path) -> None:
    replaced = Replacements({"sentiment": sentiment_of(tiny)}, threads=1)
    scores = {head: np.full((2, len(labels)), 0.5, dtype=np.float32) for head, labels in HEADS.items()}
    given = replaced.apply(scores, ["Lovely, thanks!", "awful"])
    np.testing.assert_allclose(given["sentiment"], [softmax_of("lovely", "thanks"), softmax_of("awful")], atol=1e-5)
    assert all(given[head] is scores[head] for head in HEADS if head != "sentiment")


def test_nothing_is_replaced_where_nothing_is_wished_for() -> None:
    none = Replacements({}, threads=1)
    scores = {"sentiment": np.zeros((1, 3), dtype=np.float32)}
    assert none.tag == "" and none.apply(scores, ["Hello"]) == scores


# -- With torch ------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["bert", "xlm-roberta"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A real network with weights of chance, saved as its library saves it."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    folder = make_classifier(tmp_path_factory.mktemp("trained") / request.param, onnx="", limit=32)
    torch.manual_seed(3)
    config = AutoConfig.for_model(
        request.param, vocab_size=16, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=32,
        max_position_embeddings=34, pad_token_id=0, type_vocab_size=2, num_labels=3, initializer_range=0.5,
        id2label=dict(enumerate(FEELING_NAMES)), label2id={name: row for row, name in enumerate(FEELING_NAMES)},
    )  # fmt: skip
    AutoModelForSequenceClassification.from_config(config).eval().save_pretrained(folder)
    yield folder


@needs_torch
def test_the_exported_network_answers_as_torch_does(trained: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    texts = ["awful parcel", "late " * 40, "", "thanks lovely parcel late awful", "@lumora parcel"]
    prepared = prepare(str(trained))
    assert prepared.onnx == prepared.folder / "model.onnx"
    given = Classifier(prepared, threads=1).scores(texts)
    network = AutoModelForSequenceClassification.from_pretrained(trained).eval()
    tokenizer = AutoTokenizer.from_pretrained(trained)
    with torch.no_grad():
        for text, row in zip(texts, given, strict=True):
            feed = tokenizer(as_trained(text), return_tensors="pt", truncation=True, max_length=prepared.limit)
            logits = network(input_ids=feed["input_ids"], attention_mask=feed["attention_mask"]).logits
            np.testing.assert_allclose(row, logits.softmax(1)[0].numpy(), atol=1e-4)
    assert given.std(axis=0).max() > 0.01  # texts are told apart


@needs_torch
def test_an_exported_network_is_not_exported_again(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(str(trained))
    monkeypatch.setattr(preparing, "_make", lambda *_: pytest.fail("made again"))
    assert prepare(str(trained)) == first


@needs_torch
def test_weights_that_are_missing_are_one_sentence(tmp_path: Path) -> None:
    assert "could not be exported to ONNX" in refusal(make_classifier(tmp_path / "m", onnx=""))
