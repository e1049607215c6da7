"""Fixes the ranges in which the int8 file rounds what flows through its layers.

Dynamic quantisation takes the range of each tensor from the batch at hand, so that what is said of a post depends on
the posts that happen to be read with it. Here they are measured once, on posts of the training part, and written into
the graph: a post reads alike alone and in any company.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper
from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

from monitor.nlp.train.batching import encode
from monitor.nlp.train.corpora import HELD_OUT_SHARE, SEED, read_training_set
from monitor.nlp.vocabulary import open_tokenizer

POSTS: Final = 1200
LONGEST: Final = 128  # tokens of a post that is measured
#: Of the posts, those that keep wholly within a range: the rare extremes of the others are cut off, which rounds all
#: the rest more finely. From .9 on the columns are as near to the fp32 ones as with the ranges of each batch.
WITHIN: Final = 0.99

Range = tuple[float, float]


def texts_to_measure(data: Path, *, open_only: bool = False) -> list[str]:
    """Simplified texts of the training part, drawn by chance."""
    task, other = read_training_set(data, seed=SEED, held_out_share=HELD_OUT_SHARE, open_only=open_only)
    texts = [example.text for example in task + other if not example.is_held_out]
    return random.Random(SEED).sample(texts, min(POSTS, len(texts)))


def fix_ranges(folder: Path, texts: Sequence[str]) -> int:
    """Rewrites encoder.onnx in the folder by ranges measured on these texts; returns how many tensors have one now.

    A tensor whose use is not understood keeps the range of the batch.
    """
    path = folder / "encoder.onnx"
    ids = encode(open_tokenizer(folder), list(texts), LONGEST)
    ranges = measure_ranges(onnx.load(str(path)), ids)
    model = onnx.load(str(path))
    fixed = _fix(model.graph, ranges)
    onnx.save(model, str(path))
    return fixed


def measure_ranges(model: onnx.ModelProto, posts: Iterable[NDArray[np.int64]]) -> dict[str, Range]:
    """The range of each tensor that is rounded, from token ids of posts, each read alone: padding says nothing."""
    names = list(dict.fromkeys(node.input[0] for node in model.graph.node if node.op_type == "DynamicQuantizeLinear"))
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    options = SessionOptions()
    options.graph_optimization_level = GraphOptimizationLevel.ORT_DISABLE_ALL  # else the tensors are fused away
    session = InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    least, greatest = [], []
    for ids in posts:
        row = ids[None].astype(np.int64)
        found = session.run(names, {"input_ids": row, "attention_mask": np.ones_like(row)})
        least.append([tensor.min() for tensor in found])
        greatest.append([tensor.max() for tensor in found])
    low = np.minimum(np.quantile(least, 1 - WITHIN, axis=0), 0)
    high = np.maximum(np.quantile(greatest, WITHIN, axis=0), 0)
    return {name: (float(a), float(b)) for name, a, b in zip(names, low, high, strict=True)}


@dataclass(frozen=True, slots=True)
class _Product:
    """A product of rounded numbers and what makes a float of it: MatMulInteger → Cast → Mul by both scales."""

    product: NodeProto
    cast: NodeProto
    scaled: NodeProto
    scales: NodeProto
    weight_scale: str


def _fix(graph: onnx.GraphProto, ranges: dict[str, Range]) -> int:
    fixed: dict[str, list[NodeProto]] = {}  # by the first output of a node: what stands in its place
    count = 0
    for node in graph.node:
        if node.op_type != "DynamicQuantizeLinear":
            continue
        rounded, scale, zero = node.output
        users = [user for user in graph.node if rounded in user.input]
        products = [_product(graph, user, scale) for user in users if user.op_type == "MatMulInteger"]
        if None in products or any(user.op_type not in {"MatMulInteger", "QAttention"} for user in users):
            continue
        count += 1
        graph.initializer.extend(_constants(scale, zero, ranges[node.input[0]]))
        fixed[rounded] = [helper.make_node("QuantizeLinear", [node.input[0], scale, zero], [rounded])]
        for found in filter(None, products):
            fixed |= {part.output[0]: [] for part in (found.product, found.cast, found.scales)}
            inputs = [rounded, found.product.input[1], scale, found.weight_scale, zero, *found.product.input[3:]]
            fixed[found.scaled.output[0]] = [
                helper.make_node(
                    "MatMulIntegerToFloat", inputs, list(found.scaled.output), domain="com.microsoft"
                )
            ]  # fmt: skip
    nodes = [placed for node in graph.node for placed in fixed.get(node.output[0], [node])]
    del graph.node[:]
    graph.node.extend(nodes)
    return count


def _product(graph: onnx.GraphProto, product: NodeProto, scale: str) -> _Product | None:
    cast = _only_user(graph, product.output[0], "Cast")
    scaled = _only_user(graph, cast.output[0], "Mul") if cast else None
    if cast is None or scaled is None:
        return None
    factor = next(name for name in scaled.input if name != cast.output[0])
    scales = next((node for node in graph.node if factor in node.output and node.op_type == "Mul"), None)
    if scales is None or scale not in scales.input or _only_user(graph, factor, "Mul") is None:
        return None
    return _Product(product, cast, scaled, scales, next(name for name in scales.input if name != scale))


def _only_user(graph: onnx.GraphProto, name: str, kind: str) -> NodeProto | None:
    users = [node for node in graph.node if name in node.input]
    return users[0] if len(users) == 1 and users[0].op_type == kind else None


def _constants(scale: str, zero: str, bounds: Range) -> list[TensorProto]:
    step = np.float32(max(bounds[1] - bounds[0], 1e-9) / 255)
    middle: NDArray[np.uint8] = np.array(np.clip(round(-bounds[0] / step), 0, 255), dtype=np.uint8)
    return [numpy_helper.from_array(np.array(step), scale), numpy_helper.from_array(middle, zero)]
