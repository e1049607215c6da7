"""Makes a model ready once: tokeniser, labels and ONNX file in a folder below `models_folder()`, named by a hash.

A folder is written under another name and renamed when it is whole, and a kernel lock lets one program do it while
others wait. What is ready needs neither torch, nor transformers, nor a network.
"""

import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from monitor.nlp.hub.errors import HubModelError
from monitor.nlp.hub.fetching import Source, find_source, sample_of
from monitor.nlp.hub.reading import check_classifier, labels_of, longest_text, read_config, read_tokenizer
from monitor.nlp.hub.settings import models_folder

log = logging.getLogger(__name__)

_FORMAT: Final = 1  # of a prepared folder; another number is made anew
_TOLD: Final = "prepared.json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model that is ready. `limit` is the most tokens of a text, `padding` the id that fills a batch."""

    model: str
    folder: Path
    onnx: Path
    labels: tuple[str, ...]
    limit: int
    padding: int


@dataclass(frozen=True, slots=True)
class _Told:
    """What `prepared.json` holds."""

    format: int
    model: str
    labels: list[str]
    limit: int
    padding: int


def key_of(model: str) -> str:
    """Of a name and its revision as set, or of what a folder holds: the same on every machine, with a network or
    without, so that what the hub has put under a revision since is not told apart. Never raises."""
    source = find_source(model)
    if source.folder is None:
        return hashlib.sha256(f"{source.name}@{source.revision}".encode(errors="replace")).hexdigest()[:16]
    return sample_of(source.folder)[:16]


def is_prepared(model: str) -> bool:
    return _is_whole(_place_of(model))


def prepare(model: str) -> Prepared:
    """The model made ready, now or before. Raises HubModelError."""
    place = _place_of(model)
    try:
        if not _is_whole(place):
            with _alone(place):
                if not _is_whole(place):
                    _make(model, place)
        return _read(model, place)
    except OSError as error:
        raise HubModelError(
            f"{model} cannot be made ready in {place.parent} ({error.strerror or type(error).__name__}): "
            "make room or give the right to write there, or set MENTIONDESK_HOME to another folder."
        ) from error


def _place_of(model: str) -> Path:
    return models_folder() / f"{key_of(model)}-{_FORMAT}"


def _is_whole(place: Path) -> bool:
    return (place / _TOLD).is_file()


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """While this lasts no other program makes this model ready; a killed one leaves nothing locked."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(place.with_name(f".{place.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make(model: str, place: Path) -> None:
    log.info("hub_model_is_made_ready", extra={"model": model})
    source = find_source(model)
    folder = source.fetch()
    config = read_config(folder, model)
    check_classifier(config, model)
    for left in place.parent.glob(f".{place.name}-*"):
        shutil.rmtree(left, ignore_errors=True)  # of a program that was killed: we are alone here
    with tempfile.TemporaryDirectory(
        prefix=f".{place.name}-", dir=place.parent, ignore_cleanup_errors=True
    ) as unfinished:
        made = Path(unfinished) / "made"
        made.mkdir(mode=0o700)
        tokenizer = read_tokenizer(folder, model)
        tokenizer.backend_tokenizer.save(str(made / "tokenizer.json"))
        _place_weights(source, folder, made)
        told = _Told(
            format=_FORMAT,
            model=model,
            labels=labels_of(config, model),
            limit=longest_text(config, tokenizer.model_max_length),
            padding=tokenizer.pad_token_id or 0,
        )
        (made / _TOLD).write_text(json.dumps(asdict(told), ensure_ascii=False, indent=1), encoding="utf-8")
        os.rename(made, place)


def _place_weights(source: Source, folder: Path, made: Path) -> None:
    """Exports what comes without an ONNX file. The file of a local folder is used where it lies."""
    onnx = find_onnx(folder)
    if onnx is None:
        from monitor.nlp.hub.export import export

        export(source, made / "model.onnx")
    elif source.folder is None:
        for part in onnx.parent.glob("model.onnx*"):
            shutil.copyfile(part, made / part.name)


def find_onnx(folder: Path) -> Path | None:
    """The ONNX file that a folder carries, in either of the usual places."""
    for path in (folder / "model.onnx", folder / "onnx" / "model.onnx"):
        if path.is_file():
            return path
    return None


def _read(model: str, place: Path) -> Prepared:
    try:
        written = json.loads((place / _TOLD).read_text(encoding="utf-8"))
        told = _Told(**{field.name: written[field.name] for field in fields(_Told)})
    except (ValueError, TypeError, KeyError) as error:
        raise HubModelError(f"{place / _TOLD} cannot be read: remove {place}, and it is made anew.") from error
    own = find_source(model).folder
    onnx = (find_onnx(own) if own else None) or place / "model.onnx"
    return Prepared(model, place, onnx, tuple(told.labels), told.limit, told.padding)
