"""The outbox: sends what was approved, at most once, and reads back what is uncertain."""

from monitor.replies import services as replies
from workers.app import app


@app.task(name="workers.send.send_due")
def send_due() -> None:
    """Claims Effects whose time has come, each committed as `sending` before its platform is called."""
    for effect in replies.claim_effects(limit=20):
        replies.perform_effect(effect_id=effect.id)


@app.task(name="workers.send.reconcile")
def reconcile() -> None:
    """Sends with an unknown outcome are looked up on the platform, never repeated blindly."""
    replies.reconcile_unconfirmed()
