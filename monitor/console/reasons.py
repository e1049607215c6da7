"""Coded reasons in the reader's language: full sentences for a case's page, a word or two for the queue.

Each room below keeps the sentences of its own codes; this table brings them together.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from monitor.triage.reasons import SENTENCES as TRIAGE

Words = Mapping[str, Promise | str]

ELIGIBILITY: Final[Words] = {
    "eligibility.own_post": _("This is our own post."),
    "eligibility.deleted": _("The post was deleted."),
    "eligibility.kill_switch": _("All sending is stopped for this brand."),
    "eligibility.no_platform_id": _("The platform's id of this post is not known."),
    "eligibility.imported": _("The post came from a file: there is no channel to answer through."),
    "eligibility.no_channel": _("No connected channel can answer here."),
    "eligibility.channel_read_only": _("The channel may only read."),
    "eligibility.channel_paused": _("The channel is paused."),
    "eligibility.channel_unhealthy": _("The channel must be connected again first."),
    "eligibility.not_offered": _("The platform offers no such reply to programs."),
    "eligibility.opted_out": _("The person asked not to be written to."),
    "eligibility.not_summoned": _("X lets programs answer only posts that mention or quote the brand."),
    "eligibility.not_written_to_us": _("The person has not written to us in private."),
    "eligibility.unreachable": _("It is not known whom a private message would go to."),
    "eligibility.window_closed": _("The time in which the platform allows an answer is over."),
    "eligibility.human_window": _("The first 24 hours are over: only a person may still answer."),
    "eligibility.not_public": _("The message is already private."),
    "eligibility.already_replied": _("The one private reply to this comment was already sent."),
    "eligibility.automation_off": _("Automation is switched off."),
    "eligibility.crisis": _("Automation pauses during a crisis."),
    "eligibility.author_automated": _("The author is a program."),
    "eligibility.automation_window": _("Too late for an automatic answer."),
}

#: Rooms in the order of the house; a code belongs to one of them.
SENTENCES: Final[Words] = {**TRIAGE, **ELIGIBILITY}

#: A word or two for the queue, where a sentence would not fit.
SHORT: Final[Words] = {
    "complaint": _("Complaint"),
    "severity.1": _("Mild"),
    "severity.2": _("Strong"),
    "severity.3": _("Critical"),
    "escalate": _("Must be seen today"),
    "escalate.possible": _("Perhaps urgent"),
    "needs_reply": _("Needs an answer"),
    "question": _("Question"),
    "sentiment.negative": _("Negative"),
    "form.direct_message": _("Direct message"),
    "form.review": _("Review"),
    "topic.account_security": _("Safety of an account"),
    "topic.order_payment": _("Money"),
    "topic.seller_settlement": _("Payout"),
    "topic.seller_penalty": _("Penalty"),
    "audience.seller": _("Seller"),
    "exposed.personal": _("Personal details in public"),
    "author.reach.1000": _("%(followers)s followers"),
    "author.reach.10000": _("%(followers)s followers"),
    "author.reach.100000": _("%(followers)s followers"),
    "author.reach.1000000": _("%(followers)s followers"),
    "author.verified": _("Verified"),
    "author.opted_out": _("No automatic messages"),
    "author.returns": _("Wrote %(count)s times this week"),
    "waiting.repeat": _("Asks again"),
    "waiting.long": _("Waiting long"),
    "case.returned": _("Came back"),
    "crisis": _("Crisis"),
    "watch": _("Found by search"),
    "person": _("Raised by a person"),
}


def sentence(reason: Mapping[str, Any] | str) -> str:
    """A stored reason as a sentence; an unknown code is shown as it is rather than hidden."""
    return _render(SENTENCES, reason)


def short(reason: Mapping[str, Any]) -> str:
    return _render(SHORT if reason["code"] in SHORT else SENTENCES, reason)


def strongest(reasons: list[Mapping[str, Any]], count: int = 4) -> list[Mapping[str, Any]]:
    """The reasons that added most; those that add nothing explain no priority."""
    weighed = [reason for reason in reasons if reason.get("weight")]
    return sorted(weighed, key=lambda reason: -abs(reason["weight"]))[:count]


def _render(table: Words, reason: Mapping[str, Any] | str) -> str:
    if isinstance(reason, str):
        reason = {"code": reason}
    code = str(reason["code"])
    words = str(table.get(code, code))
    try:
        return words % reason.get("params", {})
    except (KeyError, ValueError, TypeError):
        return words  # a translation that names a parameter we lack must not break the page
