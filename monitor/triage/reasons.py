"""Reason codes of triage → the sentence that people read. Codes are stored: they are never renamed."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

SENTENCES: Final[Mapping[str, Promise | str]] = {
    "complaint": _("The author says that we fell short of what they expected"),
    "severity.1": _("A mild complaint"),
    "severity.2": _("A strong complaint: blame, repeated failure or a long wait"),
    "severity.3": _("A critical complaint: fraud, danger, legal or press threat"),
    "escalate": _("A person must see this today"),
    "escalate.possible": _("May need a person today"),
    "needs_reply": _("Waits for an answer"),
    "question": _("A question"),
    "sentiment.negative": _("Negative tone"),
    "form.direct_message": _("A direct message"),
    "form.review": _("A review"),
    "topic.account_security": _("About the safety of an account"),
    "topic.order_payment": _("About an order or a payment"),
    "topic.seller_settlement": _("About a seller's payout"),
    "topic.seller_penalty": _("About a penalty on a seller"),
    "audience.seller": _("Written by a seller"),
    "exposed.personal": _("Personal details stand in public"),
    "author.reach.1000": _("The author has %(followers)s followers"),
    "author.reach.10000": _("The author has %(followers)s followers"),
    "author.reach.100000": _("The author has %(followers)s followers"),
    "author.reach.1000000": _("The author has %(followers)s followers"),
    "author.verified": _("A verified author"),
    "author.opted_out": _("The author wants no automatic messages"),
    "author.returns": ngettext_lazy(
        "%(count)s earlier post within a week needed an answer",
        "%(count)s earlier posts within a week needed an answer",
        "count",
    ),
    "waiting.repeat": ngettext_lazy(
        "Wrote %(count)s more time without an answer", "Wrote %(count)s more times without an answer", "count"
    ),
    "waiting.long": ngettext_lazy(
        "Has waited %(hours)s hour for an answer", "Has waited %(hours)s hours for an answer", "hours"
    ),
    "case.returned": _("The case had been resolved"),
    "crisis": _("A crisis is declared"),
    "watch": _("Found by search: severe, but not addressed to us"),
    "opens.addressed": _("Addressed to us and needs an answer: gets a case"),
    "opens.judged": _("A colleague read it as a complaint: gets a case"),
    "opens.direct_message": _("Every direct message gets a case"),
    "opens.escalate": _("Must be seen today: gets a case"),
    "joins.case": _("Belongs to the author's open case"),
    "joins.closing_word": _("A closing word: joins the case without opening it again"),
    "stays.needs_no_reply": _("Needs no answer: no case"),
    "stays.not_addressed": _("Not addressed to us: no case"),
    "never.own": _("Our own post"),
    "never.unread": _("Deleted before it was read"),
    "never.automated": _("Written by an automated account"),
    "never.promotion": _("Advertising: no case"),
    "never.spam": _("Put aside as spam: no case"),
    "spam.same_text": _("%(count)s others wrote the same within a week"),
    "spam.same_code": _("%(count)s others gave the same code away within a week"),
    "spam.same_contact": _("%(count)s others sent people to the same contact within a week"),
    "spam.rate": _("The author wrote %(count)s posts within an hour"),
    "spam.repeated_code": _("The author gave this code away %(count)s times"),
    "spam.young_account": ngettext_lazy(
        "The profile was %(days)s day old", "The profile was %(days)s days old", "days"
    ),
    "spam.links": _("%(percent)s%% of the author's latest posts hold a link"),
    "rule.add_priority": _("Rule “%(rule)s” changes the priority"),
    "rule.set_priority": _("Rule “%(rule)s” sets the priority"),
    "rule.never_open": _("Rule “%(rule)s” keeps this from opening a case"),
    "rule.always_open": _("Rule “%(rule)s” opens a case"),
    "rule.escalate": _("Rule “%(rule)s” escalates"),
    "rule.assign": _("Rule “%(rule)s” assigns the case"),
    "rule.tag": _("Rule “%(rule)s” adds a tag"),
    "person": _("Raised by a person"),
}
