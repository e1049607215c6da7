"""What alerts say: a sentence for each code, and what to do about it. Codes are never renamed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitor.alerts import conditions


@dataclass(frozen=True, slots=True)
class Wording:
    """`kind` is the heading over many of a kind. `sentence` may name params as %(name)s. Params that are codes (why,
    topic, stream) are put into words by whoever shows it: `why` becomes a sentence of its own."""

    kind: Promise
    sentence: Promise
    what_to_do: Promise | str


CODES: Mapping[str, Wording] = {
    "channel.auth_expired": Wording(
        _("Logins that are no longer accepted"),
        _("%(channel)s: the platform no longer accepts our login. Nothing is collected or sent through it."),
        _("Connect the channel again. What waits to be sent is kept."),
    ),
    "channel.renewal_refused": Wording(
        _("Sign-ins that have ended"),
        _("%(channel)s: the platform does not renew our sign-in any more. Nothing is collected or sent through it."),
        _("Connect the channel again. What waits to be sent is kept."),
    ),
    "channel.renewal_lost": Wording(
        _("Sign-ins that have ended"),
        _(
            "%(channel)s: the sign-in was being renewed when the platform's answer got lost, and the old one is used "
            "up. Nothing is collected or sent through it."
        ),
        _("Connect the channel again. What waits to be sent is kept."),
    ),
    "channel.authorization_revoked": Wording(
        _("Access that was withdrawn"),
        _("%(channel)s: somebody has withdrawn our access. Nothing is collected or sent through it."),
        _("Connect the channel again, or remove it if that was intended."),
    ),
    "channel.credentials_unreadable": Wording(
        _("Credentials that cannot be opened"),
        _("%(channel)s: the stored credentials cannot be opened with the keys of this installation."),
        _("Put the old key back into MENTIONDESK_CREDENTIAL_KEYS, or connect the channel again."),
    ),
    "channel.permission_missing": Wording(
        _("Permissions that are missing"),
        _("%(channel)s: the platform refuses for want of a permission (%(detail)s)."),
        _("Grant the permission in the platform's settings and connect the channel again."),
    ),
    "channel.policy_block": Wording(
        _("Blocked by the platform"),
        _("%(channel)s: the platform has blocked our app or this channel (%(detail)s)."),
        _("Look into the platform's developer console; resume the channel when the block is lifted."),
    ),
    "channel.refused": Wording(
        _("Reading that the platform refuses"),
        _("%(channel)s: the platform refuses to show us “%(stream)s”. %(why)s"),
        _("Check the channel's settings. We try again every quarter of an hour."),
    ),
    "channel.quota_spent": Wording(
        _("Reading waits for budget"),
        _("%(channel)s: the budget for today or this plan's quota is spent. We read on at %(until)s."),
        _("Raise the channel's daily cap or the plan, or wait. Replies are sent as long as money is left for them."),
    ),
    "channel.trouble": Wording(
        _("Reading that keeps failing"),
        _("%(channel)s: “%(stream)s” has failed several times in a row. %(why)s"),
        _("We go on trying. If the platform reports no outage, check the network of this server."),
    ),
    "channel.gap": Wording(
        _("Gaps in what was read"),
        _("%(channel)s: the platform can no longer show us everything between %(since)s and %(until)s."),
        _("Look at that time in the platform's own app; what was posted then may be missing here."),
    ),
    "channel.wrong_identity": Wording(
        _("Logins of somebody else"),
        _("%(channel)s: the login belongs to somebody else than this channel."),
        _("Connect the channel again with the login of the right profile or page."),
    ),
    "channel.version_changed": Wording(
        _("New versions of a platform"),
        _("%(channel)s: the platform answers with another version of its interface than we ask for."),
        _("Update Mentiondesk soon."),
    ),
    "channel.encrypted_chat": Wording(
        _("Encrypted chats"),
        _("%(channel)s: somebody wrote in an encrypted chat, which no program can read."),
        _("Open the platform's own app to read and answer it."),
    ),
    "channel.moved": Wording(
        _("Feeds that have moved away"),
        _("%(channel)s: the feed sends its readers to another place (%(detail)s). Nothing is collected any more."),
        _("Look at the new address. If it is the right one, connect it and pause the old channel."),
    ),
    "channel.retired": Wording(
        _("Feeds that were given up"),
        _("%(channel)s: the publisher has given up this feed (%(detail)s). Nothing is collected any more."),
        _("Look for another feed of the same site, or pause the channel."),
    ),
    "channel.not_public": Wording(
        _("Addresses inside a network"),
        _("%(channel)s: the address leads into a private network and is not called (%(detail)s)."),
        _("Connect an address of the public internet. If it used to be one, ask the publisher."),
    ),
    "channel.address_changed": Wording(
        _("Feeds at a new address"),
        _("%(channel)s: the publisher asks to use another address of the same site (%(to)s). It is still read."),
        _("Connect the new address before the old one ends, and pause the old channel."),
    ),
    "channel.stream_closed": Wording(
        _("Lists that we may not read"),
        _("%(channel)s: the platform does not show us “%(stream)s”. Everything else goes on."),
        _("If you want it, grant the right for it at the platform and connect again. We look again every few hours."),
    ),
    "channel.quiet": Wording(
        _("Channels that have gone quiet"),
        _("%(channel)s: nothing has come for %(silence)s, where about %(expected)s posts are usual in that time."),
        _("Look in the platform's own app whether there is something new. If there is, connect the channel again."),
    ),
    "pipeline.quarantine": Wording(
        _("Posts that were put aside"),
        _("%(count)s posts could not be worked on and were put aside."),
        _("Look at them under “Put aside”; “Try again” sends them through once more."),
    ),
    "case.escalated": Wording(
        _("Escalated cases"),
        _("Case %(reference)s was escalated."),
        _("Open the case and decide who takes it."),
    ),
    "channel.quota_exceeded": Wording(
        _("Sending waits for budget"),
        _("%(channel)s: nothing more can be sent today, the budget or the plan's quota is spent."),
        _("Raise the channel's daily cap or the plan. Replies wait and are looked at again when they can go."),
    ),
    "reply.submitted": Wording(
        _("Replies that wait for a second approval"),
        _("A reply of case %(case)s waits for a second approval."),
        _("Open the case, read the reply, and approve or decline it."),
    ),
    "reply.failed": Wording(
        _("Replies that were refused"),
        _("A reply of case %(case)s was refused by the platform. %(why)s"),
        _("Open the case: the reply can be changed, or given in the platform's own app."),
    ),
    "reply.native_task": Wording(
        _("Replies for the platform's own app"),
        _("A reply of case %(case)s can only be given in the platform's own app. %(why)s"),
        _("Open the case and follow the link to the post; the text is ready to be copied."),
    ),
    "reply.waits_for_channel": Wording(
        _("Replies that wait for a channel"),
        _("%(channel)s: approved replies wait because the channel cannot send. %(why)s"),
        _("Mend the channel on the channels page; the replies go as soon as it is healthy."),
    ),
    "effect.failed": Wording(
        _("Posts that could not be hidden, liked or deleted"),
        _("%(channel)s: the platform did not do this to a post: %(what)s. %(why)s"),
        _("Open the case: it can be asked for again there, or done in the platform's own app."),
    ),
    "drift.complaint_score": Wording(
        _("Scores that have moved"),
        _("Scores for “complaint” have moved: the last seven days differ from the four weeks before (%(index)s)."),
        _("Judge today's sample on the page “Quality”. A new model, a new channel or one big topic can do this too."),
    ),
    "drift.language": Wording(
        _("Languages that have moved"),
        _("The languages have moved: the last seven days differ from the four weeks before (index %(index)s)."),
        _("See on the page “Quality” which have grown, and whether they are read well enough."),
    ),
    "drift.unknown_language": Wording(
        _("Posts in no known language"),
        _("The share of posts in no known language differs from that of the four weeks before (index %(index)s)."),
        _("Look at some of them under “Posts”: a new language, spam, or posts without words."),
    ),
    "drift.recall": Wording(
        _("Recall that has fallen"),
        _("Fewer of all complaints are found: %(now)s %% in the last two weeks, %(before)s %% in the four before."),
        _("See on “Quality” in which language. If the model has learned lately, go back to its former version."),
    ),
    "drift.precision": Wording(
        _("Precision that has fallen"),
        _("Less of what is read as a complaint is one: %(now)s %% in two weeks, %(before)s %% in the four before."),
        _("See on “Quality” in which language. If the model has learned lately, go back to its former version."),
    ),
    "heads.resting": Wording(
        _("Corrections that rest since an update"),
        _("What the model had learned from your corrections (version %(number)s) rests: other weights are installed."),
        _("Run “mentiondesk learn” for this brand: it teaches the new weights from all corrections, in seconds."),
    ),
    "trend.spike": Wording(
        _("Unusually many complaints"),
        _("Unusually many complaints: %(count)s about “%(topic)s”."),
        _("Open the trend and see whether they have one cause."),
    ),
}
#: What is wrong with one aspect of a channel's connection speaks the same words on the channel's page.
_OF_ASPECT: Mapping[str, Promise] = {
    "token": _("Logins that need somebody"),
    "scopes": _("Rights that are missing"),
    "webhook": _("Platforms that do not push"),
    "quota": _("Allowances that run out"),
}
CODES = {
    **CODES,
    **{
        conditions.alert_code(aspect, code): Wording(_OF_ASPECT[aspect], conditions.of_channel(says), to_do)
        for (aspect, code), (says, to_do) in conditions.WORDS.items()
        if to_do  # nobody is told of what nobody can do anything about
    },
}


class _Params(dict[str, Any]):
    """A sentence with a hole is better than a page that fails."""

    def __missing__(self, name: str) -> str:
        return "?"


def sentence(code: str, params: Mapping[str, Any]) -> str:
    """What happened, in the reader's language."""
    wording = CODES.get(code)
    if wording is None:
        return gettext("Something needs attention: %(code)s.") % {"code": code}
    filled = {name: "?" if value is None else value for name, value in params.items()}
    return str(wording.sentence) % _Params(filled)


def what_to_do(code: str) -> str:
    """The next step, in the reader's language; "" where there is none to tell."""
    wording = CODES.get(code)
    return str(wording.what_to_do) if wording else ""


def kind(code: str) -> str:
    """The heading over all notices of this code, in the reader's language."""
    wording = CODES.get(code)
    return str(wording.kind) if wording else gettext("Other notices")
