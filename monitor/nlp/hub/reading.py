"""What a model's own files say: whether it classifies texts, its labels, its longest text, its tokeniser."""

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from monitor.nlp.hub.errors import HubModelError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

EXTRA: Final = "`make .venv/installed-train` where Mentiondesk was cloned installs it"
#: Long posts are rare, and the cost of one grows with the square of its length.
_MOST_TOKENS: Final = 1024
_USUAL_TOKENS: Final = 512


def read_config(folder: Path, model: str) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        config = None
    if not isinstance(config, dict):
        raise HubModelError(f"{model} holds no config.json that can be read: give the folder that `hf download` made.")
    return config


def check_classifier(config: dict[str, Any], model: str) -> None:
    """Raises HubModelError unless the model gives each text one of several labels."""
    architectures = [str(name) for name in config.get("architectures") or []]
    if not any(name.endswith("ForSequenceClassification") for name in architectures):
        made_for = ", ".join(architectures) or "nothing that it names"
        raise HubModelError(
            f"{model} is no sequence classifier (it is made for {made_for}): choose a text classification model."
        )
    kind = config.get("problem_type")
    if kind in ("regression", "multi_label_classification") or len(labels_of(config, model)) < 2:
        raise HubModelError(
            f"{model} does not choose one of several labels ({kind or 'it has one output'}): "
            "choose a classifier with one label a text."
        )


def labels_of(config: dict[str, Any], model: str) -> list[str]:
    """In the order of the outputs. A configuration leaves the usual two unsaid."""
    named = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
    try:
        numbered = {int(number): str(name) for number, name in named.items()}
    except (AttributeError, ValueError):
        numbered = {}
    if sorted(numbered) != list(range(len(numbered))) or not numbered:
        raise HubModelError(f"{model} has an id2label in its config.json that is no numbered list of labels: mend it.")
    return [numbered[number] for number in sorted(numbered)]


def longest_text(config: dict[str, Any], of_tokenizer: float) -> int:
    """The most tokens that the model takes, those that begin and end a text included."""
    positions = config.get("max_position_embeddings") or config.get("n_positions") or _USUAL_TOKENS
    if "roberta" in str(config.get("model_type")) or config.get("model_type") in ("camembert", "mpnet", "longformer"):
        # These count positions from behind the id that fills a batch (1 where the configuration leaves it open).
        padding = config.get("pad_token_id")
        positions -= (1 if padding is None else int(padding)) + 1
    return int(min(positions, of_tokenizer, _MOST_TOKENS))


def read_tokenizer(folder: Path, model: str) -> "PreTrainedTokenizerFast":
    """Raises HubModelError where there is none, or none that runs outside Python."""
    if not (folder / "tokenizer.json").is_file() and any(folder.glob("*.model")) and find_spec("sentencepiece") is None:
        raise HubModelError(f"The tokeniser of {model} must be converted once, with sentencepiece: {EXTRA}.")
    # It would warn that there is no torch, which is as it should be.
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    from transformers import AutoTokenizer

    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # noqa: BLE001 - whatever a foreign tokeniser fails with
        raise HubModelError(
            f"The tokeniser of {model} cannot be read ({type(error).__name__}): "
            "see that its folder holds tokenizer.json or the vocabulary."
        ) from error
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise HubModelError(f"The tokeniser of {model} runs in Python only: choose a model that has a tokenizer.json.")
    return tokenizer
