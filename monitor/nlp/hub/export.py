"""The one-time export of a model to ONNX. The only place of the product that imports torch, and only when called."""

import warnings
from importlib.util import find_spec
from pathlib import Path

from monitor.nlp.hub.errors import HubModelError
from monitor.nlp.hub.fetching import Source
from monitor.nlp.hub.reading import EXTRA

_OPSET = 17


def can_export() -> bool:
    return find_spec("torch") is not None and find_spec("onnx") is not None


def export(source: Source, out: Path) -> None:
    """Writes the whole network in fp32, as it was trained. Raises HubModelError."""
    if not can_export():
        raise HubModelError(
            f"{source.name} comes without an ONNX file, and exporting it once needs torch: {EXTRA}; "
            "or do it on a machine that has torch, and copy the folder `models` of its MENTIONDESK_HOME here."
        )
    import torch
    from transformers import AutoModelForSequenceClassification

    class Logits(torch.nn.Module):
        """The network with two inputs and one output."""

        def __init__(self, network: torch.nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return self.network(input_ids=input_ids, attention_mask=attention_mask).logits

    try:
        network = AutoModelForSequenceClassification.from_pretrained(
            str(source.folder or source.name), revision=source.revision or "main", attn_implementation="eager",
            dtype=torch.float32, trust_remote_code=False,
        ).eval()  # fmt: skip
        _to_onnx(Logits(network), out)
    except Exception as error:  # noqa: BLE001 - whatever a foreign network fails with
        raise HubModelError(
            f"{source.name} could not be exported to ONNX ({type(error).__name__}): "
            "see that its weights are whole, or export it with other tools and set the folder that holds model.onnx."
        ) from error


def _to_onnx(network: "object", out: Path) -> None:
    import torch

    sample = (torch.tensor([[2, 5, 3], [2, 3, 4]]), torch.tensor([[1, 1, 1], [1, 1, 0]]))
    inputs = ["input_ids", "attention_mask"]
    axes = dict.fromkeys(inputs, {0: "batch", 1: "length"}) | {"logits": {0: "batch"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the classic exporter warns of its age, and of shapes that stay fixed
        torch.onnx.export(
            network, sample, str(out), dynamo=False, opset_version=_OPSET,
            input_names=inputs, output_names=["logits"], dynamic_axes=axes,
        )  # fmt: skip
