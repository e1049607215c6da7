"""Which model analyses, and which heads others replace. The environment is read here as this floor has no settings."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Wish:
    """A head and the model that is to replace it: a folder, or a name on the hub with or without `@revision`.

    `labels` is "LABEL_0:negative,LABEL_1:neutral", or "" where the model's own names are understood.
    """

    head: str
    model: str
    labels: str = ""

    @property
    def setting(self) -> str:
        return f"MENTIONDESK_HEAD_{self.head.upper()}"


def read_wishes() -> dict[str, Wish]:
    """Head → what is to replace it. Nothing is checked here: a worker with a wrong setting must be able to start."""
    stated = {
        "intent": (os.environ.get("MENTIONDESK_HEAD_INTENT"), os.environ.get("MENTIONDESK_HEAD_INTENT_LABELS")),
        "needs_reply": (
            os.environ.get("MENTIONDESK_HEAD_NEEDS_REPLY"),
            os.environ.get("MENTIONDESK_HEAD_NEEDS_REPLY_LABELS"),
        ),
        "sentiment": (
            os.environ.get("MENTIONDESK_HEAD_SENTIMENT"),
            os.environ.get("MENTIONDESK_HEAD_SENTIMENT_LABELS"),
        ),
        "complaint": (
            os.environ.get("MENTIONDESK_HEAD_COMPLAINT"),
            os.environ.get("MENTIONDESK_HEAD_COMPLAINT_LABELS"),
        ),
        "severity": (os.environ.get("MENTIONDESK_HEAD_SEVERITY"), os.environ.get("MENTIONDESK_HEAD_SEVERITY_LABELS")),
        "escalate": (os.environ.get("MENTIONDESK_HEAD_ESCALATE"), os.environ.get("MENTIONDESK_HEAD_ESCALATE_LABELS")),
        "topic": (os.environ.get("MENTIONDESK_HEAD_TOPIC"), os.environ.get("MENTIONDESK_HEAD_TOPIC_LABELS")),
        "audience": (os.environ.get("MENTIONDESK_HEAD_AUDIENCE"), os.environ.get("MENTIONDESK_HEAD_AUDIENCE_LABELS")),
    }
    wishes = {
        head: Wish(head, (model or "").strip(), (labels or "").strip()) for head, (model, labels) in stated.items()
    }
    return {head: wish for head, wish in wishes.items() if wish.model}


def own_model() -> Path | None:
    """The folder of the weights that somebody trained themselves (`make train`); None: those that ship."""
    chosen = os.environ.get("MENTIONDESK_MODEL", "").strip()
    return Path(chosen).expanduser().absolute() if chosen else None


def models_folder() -> Path:
    """Where what was made ready is kept: below the home folder of `monitor.env`, which is above this floor."""
    chosen = os.environ.get("MENTIONDESK_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute() / "models"
    from platformdirs import user_data_path

    return user_data_path("mentiondesk") / "models"
