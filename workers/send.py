"""The outbox: sends what was approved, at most once, and reads back what is uncertain."""

from collections.abc import Sequence

from monitor.logs import get_logger
from monitor.replies import services as replies
from monitor.replies.models import Effect
from workers.app import app

log = get_logger(__name__)


@app.task(name="workers.send.send_due")
def send_due() -> None:
    """Claims Effects whose time has come, each committed as `sending` before its platform is called."""
    send_claimed(replies.claim_effects(limit=20))


@app.task(name="workers.send.reconcile")
def reconcile() -> None:
    """Sends with an unknown outcome are looked up on the platform, never repeated blindly."""
    replies.reconcile_unconfirmed()


def send_claimed(effects: Sequence[Effect]) -> int:
    """One that fails in a way nobody foresaw does not hold the others; its lease ends, and then it is read back."""
    for effect in effects:
        try:
            replies.perform_effect(effect_id=effect.pk)
        except Exception as error:  # noqa: BLE001  (see above)
            log.error("send_raised", extra={"effect": effect.pk, "error": type(error).__name__})
    return len(effects)
