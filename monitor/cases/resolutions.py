"""Why a case was resolved, and where customers are led: codes that are stored, with the words that people read."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

RESOLUTIONS: Final[Mapping[str, Promise | str]] = {
    "answered": _("Answered"),
    "solved": _("Problem solved"),
    "handed_off": _("Led to another channel"),
    "no_answer_needed": _("No answer needed"),
    "not_a_complaint": _("Not a complaint"),
    "customer_silent": _("The customer did not come back"),
    "duplicate": _("Duplicate"),
    "spam": _("Spam"),
}

HAND_OFFS: Final[Mapping[str, Promise | str]] = {
    "app_support": _("In-app support"),
    "chatbot": _("Chatbot"),
    "email": _("E-mail"),
    "hotline": _("Hotline"),
    "seller_desk": _("Seller desk"),
}
