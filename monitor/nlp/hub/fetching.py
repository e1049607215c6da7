"""Where the files of a model come from: a folder, or the hub through its own client and cache (HF_HOME)."""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.nlp.hub.errors import HubModelError

#: What is fetched at first. Weights follow only where there is no ONNX file.
_SMALL_FILES: Final = ["*.json", "*.txt", "*.model", "model.onnx*", "onnx/model.onnx*"]
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
_SAMPLED: Final = {".json", ".onnx", ".safetensors", ".bin", ".model", ".txt"}
_PIECE: Final = 65_536
_PIECES: Final = 64


@dataclass(frozen=True, slots=True)
class Source:
    """A model as it was wished for: `folder` where there is such a folder, else a name on the hub."""

    name: str
    revision: str
    folder: Path | None

    def fetch(self) -> Path:
        """The folder with configuration, tokeniser and, if there is one, ONNX file. Raises HubModelError."""
        if self.folder is not None:
            return self.folder
        if not _NAME.fullmatch(self.name):
            raise HubModelError(
                f"There is no folder {self.name}, and it is no name of a model on the hub: "
                "give the path of the model's folder, or a name such as owner/model."
            )
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(self.name, revision=self.revision, allow_patterns=_SMALL_FILES))
        except Exception as error:  # noqa: BLE001 - the client lets errors of its HTTP library of the day through
            raise self._not_had(error) from error

    def _not_had(self, error: Exception) -> HubModelError:
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

        named = f"{self.name}@{self.revision}"
        if isinstance(error, RepositoryNotFoundError | RevisionNotFoundError):
            return HubModelError(
                f"The hub shows no model {named}: check the name, or log in with `hf auth login` if it is not public."
            )
        return HubModelError(
            f"{named} is not on this machine and the hub cannot be asked ({type(error).__name__}): "
            "fetch it where there is a network (`hf download`), and set the path of its folder instead of the name."
        )


def find_source(model: str) -> Source:
    """Touches nothing and never raises; `name@revision` is a name on the hub, unless there is such a folder."""
    path = os.path.expanduser(model)
    if os.path.isdir(path):
        return Source(model, "", Path(path).absolute())
    name, _, revision = model.partition("@")
    return Source(name, revision or "main", None)


def sample_of(folder: Path) -> str:
    """A hash of what a model's folder holds: the whole of small files and pieces of large ones, so never slow."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*"), *folder.glob("onnx/*")]):
        if path.suffix in _SAMPLED:
            digest.update(str(path.relative_to(folder)).encode(errors="replace"))
            for piece in _pieces_of(path):
                digest.update(piece)
    return digest.hexdigest()


def _pieces_of(path: Path) -> Iterator[bytes]:
    try:
        size = path.stat().st_size
        yield str(size).encode()
        with path.open("rb") as file:
            for start in range(0, size, max(_PIECE, size // _PIECES)):
                file.seek(start)
                yield file.read(_PIECE)
    except OSError:
        # What cannot be read is told when the model is loaded.
        return
