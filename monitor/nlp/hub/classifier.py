"""A foreign classifier under onnxruntime: tokens cut at the model's maximum, batches of like length."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from monitor.nlp.calibration import softmax
from monitor.nlp.encoder import open_session, plan_batches
from monitor.nlp.hub.errors import HubModelError
from monitor.nlp.hub.preparing import Prepared
from monitor.text.plain import ADDRESS, HANDLE

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

_HANDLE: Final = re.compile(HANDLE)
_ADDRESS: Final = re.compile(ADDRESS)
_CHARACTERS_A_TOKEN: Final = 16  # more than any tokeniser needs: what is beyond is cut before it costs time


class Classifier:
    """Loads on construction and answers one text, so that what cannot work is told now. Raises HubModelError.

    Its scores are the model's own softmax: as well or as badly calibrated as the model is, unlike the shipped heads,
    which were calibrated on held-out posts.
    """

    def __init__(self, prepared: Prepared, threads: int) -> None:
        self.prepared = prepared
        try:
            self._tokenizer = _open_tokenizer(prepared)
            self._session = open_session(prepared.onnx, threads)
            self._inputs = {each.name for each in self._session.get_inputs()}
            given = self.scores(["Hello"]).shape
        except Exception as error:  # noqa: BLE001 - onnxruntime and tokenizers raise classes of their own
            raise HubModelError(
                f"{prepared.model} cannot be loaded ({type(error).__name__}): "
                f"remove {prepared.folder} and it is made anew; if that changes nothing, its files are damaged."
            ) from error
        if given != (1, len(prepared.labels)):
            raise HubModelError(
                f"{prepared.onnx} gives {given[-1]} numbers a text and not one for each of the "
                f"{len(prepared.labels)} labels: it was exported for another task, so export it as text classification."
            )

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The softmax over the model's labels, a row a text, in the order given."""
        most = self.prepared.limit * _CHARACTERS_A_TOKEN
        encoded = self._tokenizer.encode_batch([as_trained(text[:most]) for text in texts])
        rows: dict[int, NDArray[np.float32]] = {}
        for batch in plan_batches([len(each.ids) for each in encoded]):
            logits = self._run([encoded[row] for row in batch])
            rows.update(zip(batch, logits, strict=True))
        return softmax(np.stack([rows[row] for row in range(len(texts))]))

    def _run(self, batch: "Sequence[Encoding]") -> NDArray[np.float32]:
        shape = len(batch), max(1, *(len(each.ids) for each in batch))
        feed = {
            "input_ids": np.full(shape, self.prepared.padding, dtype=np.int64),
            "attention_mask": np.zeros(shape, dtype=np.int64),
            "token_type_ids": np.zeros(shape, dtype=np.int64),
        }
        for row, each in enumerate(batch):
            feed["input_ids"][row, : len(each.ids)] = each.ids
            feed["attention_mask"][row, : len(each.ids)] = 1
            feed["token_type_ids"][row, : len(each.ids)] = each.type_ids
        wanted = {name: values for name, values in feed.items() if name in self._inputs}
        logits: NDArray[np.float32] = self._session.run(None, wanted)[0]
        return logits


def as_trained(text: str) -> str:
    """Handles as @user and addresses as http: the convention of TweetEval and of the models trained after it."""
    return _HANDLE.sub("@user", _ADDRESS.sub("http", text))


def _open_tokenizer(prepared: Prepared) -> "Tokenizer":
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(prepared.folder / "tokenizer.json"))
    tokenizer.enable_truncation(prepared.limit)
    tokenizer.no_padding()
    return tokenizer
