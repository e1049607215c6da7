"""Leading a customer to another support channel, as a tracked step: offered, then confirmed."""

from django.utils import timezone

from monitor.audit import services as audit
from monitor.brands.models import User
from monitor.cases.models import Case, HandOff
from monitor.cases.resolutions import HAND_OFFS
from monitor.cases.services.locking import changing


def offer_hand_off(*, user: User, case: Case, to: str, note: str = "") -> HandOff:
    """The customer was told where to go. Raises ValueError for a channel that is not known."""
    if to not in HAND_OFFS:
        raise ValueError(f"There is no hand-off to {to!r}; known are {', '.join(HAND_OFFS)}.")
    with changing(user=user, case=case) as locked:
        hand_off = HandOff.objects.create(case=locked, to=to, note=note.strip()[:200])
        audit.record(
            actor=user, act="case.hand_off_offered", brand_id=locked.brand_id, subject=locked, params={"to": to}
        )
    return hand_off


def confirm_hand_off(*, user: User, hand_off: HandOff) -> HandOff:
    """The customer arrived there. Confirming twice keeps the first time."""
    with changing(user=user, case=hand_off.case) as locked:
        row = HandOff.objects.select_for_update().get(pk=hand_off.pk, case=locked)
        if row.confirmed_at is None:
            row.confirmed_at = timezone.now()
            row.save(update_fields=["confirmed_at"])
            audit.record(
                actor=user,
                act="case.hand_off_confirmed",
                brand_id=locked.brand_id,
                subject=locked,
                params={"to": row.to},
            )
    return row
