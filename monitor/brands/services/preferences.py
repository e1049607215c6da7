"""What a person sets for themselves, and what a lead sets for a brand."""

from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from monitor.audit.services import record
from monitor.brands.models import Brand, User


def set_preferences(*, user: User, name: str, language: str, time_zone: str) -> None:
    """Raises ValueError for a language that the console does not speak or a zone there is not."""
    if language not in dict(settings.LANGUAGES):
        raise ValueError(f"The console does not speak {language!r}.")
    if time_zone not in available_timezones():
        raise ValueError(f"There is no time zone {time_zone!r}.")
    user.name, user.language, user.time_zone = " ".join(name.split())[:120], language, time_zone
    user.save(update_fields=["name", "language", "time_zone"])


@transaction.atomic
def set_password(*, user: User, password: str) -> None:
    """Raises ValidationError, with the reasons, for a password that is too easy."""
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    record(act="password.set", brand_id=None, actor=user, subject=user)


@transaction.atomic
def set_thresholds(*, brand: Brand, flag_threshold: int, acknowledgement_cooldown_hours: int, user: User) -> None:
    """From which priority on a case is flagged, and how long one person gets no second acknowledgement.

    Counts for decisions from now on. Raises ValueError outside 0–100 and 1–720 hours.
    """
    if not 0 <= flag_threshold <= 100:
        raise ValueError("A threshold lies between 0 and 100.")
    if not 1 <= acknowledgement_cooldown_hours <= 720:
        raise ValueError("The pause lasts 1 to 720 hours.")
    before = {"flag": brand.flag_threshold, "cooldown": brand.acknowledgement_cooldown_hours}
    brand.flag_threshold = flag_threshold
    brand.acknowledgement_cooldown_hours = acknowledgement_cooldown_hours
    brand.save(update_fields=["flag_threshold", "acknowledgement_cooldown_hours"])
    after = {"flag": flag_threshold, "cooldown": acknowledgement_cooldown_hours}
    record(act="thresholds.set", brand_id=brand.pk, actor=user, subject=brand, params={"from": before, "to": after})
