"""Exports trained weights to the int8 ONNX file that ships.

Steps: torch → ONNX (the classic exporter, whose graph the optimiser can fuse), fusion of attention and layer norms,
dynamic quantisation a channel at a time (whose ranges `ranges.py` fixes afterwards). The fp32 file stays in the run
folder for comparison.
"""

import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime import InferenceSession
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model

from monitor.nlp.encoder import Encoder
from monitor.nlp.labels import head_slices
from monitor.nlp.train.corpora import HELD_OUT_SHARE, SEED, Example, read_training_set
from monitor.nlp.train.network import SHIPPED, MentionNetwork, load_base, load_weights
from monitor.nlp.train.recipe import BASE
from monitor.nlp.vocabulary import OWN_TOKENIZER, VOCABULARY

MOST_MEGABYTES = 30
MOST_LOST = 0.005  # of the mean accuracy over all heads, by int8


def load_trained(run: Path, base: str, file: str = SHIPPED) -> MentionNetwork:
    encoder, _ = load_base(base)
    return load_weights(MentionNetwork(encoder, encoder.config.hidden_size), run / file).eval()


def to_onnx(network: MentionNetwork, path: Path) -> None:
    sample = (torch.tensor([[2, 5, 3], [2, 3, 0]]), torch.tensor([[1, 1, 1], [1, 1, 0]]))
    inputs, outputs = ["input_ids", "attention_mask"], ["columns", "embedding"]
    axes = dict.fromkeys(inputs, {0: "batch", 1: "length"}) | dict.fromkeys(outputs, {0: "batch"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the classic exporter warns of its age, and of shapes that stay fixed
        torch.onnx.export(
            network, sample, str(path), dynamo=False, opset_version=17,
            input_names=inputs, output_names=outputs, dynamic_axes=axes,
        )  # fmt: skip


def fuse(path: Path, network: MentionNetwork, out: Path) -> None:
    options = FusionOptions("bert")
    options.enable_embed_layer_norm = False
    config = network.encoder.config
    heads, width = config.num_attention_heads, config.hidden_size
    model = optimize_model(str(path), "bert", num_heads=heads, hidden_size=width, optimization_options=options)
    model.save_model_to_file(str(out))


def quantize(path: Path, out: Path, reduce_range: bool) -> None:
    """int8 weights by channel. `reduce_range` keeps to seven bits, for processors that saturate (AVX2 without VNNI)."""
    quantize_dynamic(
        str(path), str(out), per_channel=True, reduce_range=reduce_range, weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )  # fmt: skip


def largest_difference(one: Path, other: Path, pieces: int) -> float:
    """Of the columns, on random token ids: a rough check that the graph still computes the same."""
    ids = np.random.default_rng(0).integers(5, pieces, (4, 24))
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    a, b = (
        InferenceSession(str(p), providers=["CPUExecutionProvider"]).run(["columns"], feed)[0] for p in (one, other)
    )
    return float(np.abs(a - b).max())


def export(run: Path, out: Path, base: str, *, reduce_range: bool = True) -> None:
    """Writes encoder.onnx and its vocabulary into `out`, and fp32.onnx into `run`.

    Raises SystemExit for a file of the base of what ships that is too large to ship.
    """
    network = load_trained(run, base)
    pieces = len(network.encoder.get_input_embeddings().weight)
    fp32, int8 = run / "fp32.onnx", out / "encoder.onnx"
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.onnx"
        to_onnx(network, raw)
        fuse(raw, network, fp32)
        print(f"fusion changes columns by {largest_difference(raw, fp32, pieces):.2g}")
    out.mkdir(parents=True, exist_ok=True)
    quantize(fp32, int8, reduce_range)
    for name in (VOCABULARY, OWN_TOKENIZER):
        (out / name).unlink(missing_ok=True)
        if (run / name).exists():
            shutil.copy(run / name, out / name)
    megabytes = int8.stat().st_size / 1e6
    print(f"int8 changes columns by {largest_difference(fp32, int8, pieces):.2g}; {megabytes:.1f} MB")
    if base == BASE and megabytes > MOST_MEGABYTES:
        raise SystemExit(f"The int8 file is larger than {MOST_MEGABYTES} MB.")


def check_int8(data: Path, run: Path, out: Path, *, open_only: bool = False) -> None:
    """Compares the int8 file with the fp32 one on the held-out posts. Raises SystemExit where it loses MOST_LOST."""
    task, _ = read_training_set(data, seed=SEED, held_out_share=HELD_OUT_SHARE, open_only=open_only)
    posts = [example for example in task if example.is_held_out]
    files = {"fp32": run / "fp32.onnx", "int8": out / "encoder.onnx"}
    right = {name: mean_accuracy(Encoder(out, threads=2, weights=file), posts) for name, file in files.items()}
    print(f"mean accuracy over heads, {len(posts)} held-out posts: fp32 {right['fp32']:.4f}, int8 {right['int8']:.4f}")
    if right["fp32"] - right["int8"] > MOST_LOST:
        raise SystemExit("The int8 file answers worse than the fp32 one by half a point or more: it must not ship.")


def mean_accuracy(encoder: Encoder, posts: list[Example]) -> float:
    """The mean over heads of how often the likeliest label is the given one."""
    columns = encoder.read([post.text for post in posts]).columns
    shares = []
    for head, part in head_slices().items():
        rows = [row for row, post in enumerate(posts) if head in post.labels]
        said = columns[rows][:, part].argmax(1)
        shares.append(float(np.mean([said[at] == posts[row].labels[head] for at, row in enumerate(rows)])))
    return float(np.mean(shares))
