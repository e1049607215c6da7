"""What was asked of a platform about a post, and what became of it, in one sentence."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from monitor.console.reasons import problem
from monitor.replies.selectors import EffectNote

#: (kind, state) → the sentence; with and without somebody who is known to have asked.
_BY_SOMEBODY: Final[Mapping[tuple[str, str], Promise]] = {
    ("hide", "done"): gettext_lazy("Hidden by %(name)s, %(at)s."),
    ("like", "done"): gettext_lazy("Liked by %(name)s, %(at)s."),
    ("hide", "waits"): gettext_lazy("Waits to be hidden (asked by %(name)s, %(at)s)."),
    ("unhide", "waits"): gettext_lazy("Waits to be shown again (asked by %(name)s, %(at)s)."),
    ("like", "waits"): gettext_lazy("Waits to be liked (asked by %(name)s, %(at)s)."),
    ("unlike", "waits"): gettext_lazy("Waits for the like to be taken back (asked by %(name)s, %(at)s)."),
    ("delete", "waits"): gettext_lazy("Waits to be deleted (asked by %(name)s, %(at)s)."),
}
_PLAIN: Final[Mapping[tuple[str, str], Promise]] = {
    ("hide", "elsewhere"): gettext_lazy("Hidden in the platform's own app, %(at)s."),
    ("hide", "failed"): gettext_lazy("Could not be hidden: %(why)s"),
    ("unhide", "failed"): gettext_lazy("Could not be shown again: %(why)s"),
    ("like", "failed"): gettext_lazy("Could not be liked: %(why)s"),
    ("unlike", "failed"): gettext_lazy("The like could not be taken back: %(why)s"),
    ("delete", "failed"): gettext_lazy("Could not be deleted: %(why)s"),
}


def effect_note(note: EffectNote) -> str:
    """An effect that waits names what it waits for."""
    key = (note.kind, note.state)
    words = str(_BY_SOMEBODY[key] if key in _BY_SOMEBODY else _PLAIN[key])
    why = problem(note.code) if note.code else ""
    name = str(note.by) if note.by is not None else _("somebody who has left")
    said = words % {"name": name, "at": _when(note.at), "why": why}
    return f"{said} {why}".strip() if note.state == "waits" else said


def _when(at: datetime | None) -> str:
    """Only the hour where it was today."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    is_today = local.date() == timezone.localdate()
    return date_format(local, "H:i" if is_today else pgettext("format of a time", "j M H:i"))
