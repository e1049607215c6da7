"""The words for coded reasons that the rooms below leave to the console: sentences, and short forms for the queue."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

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
    "eligibility.channel_disconnected": _("The channel was disconnected."),
    "eligibility.channel_unhealthy": _("The channel must be connected again first."),
    "eligibility.only_read": _("This source can only be read; answer where it was written."),
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
    "eligibility.act_not_offered": _("The platform does not offer this to programs."),
    "eligibility.private_message": _("This is possible with public posts only."),
    "eligibility.not_our_thread": _("Only comments in threads that we began can be hidden."),
    "eligibility.not_our_post": _("Only our own answers can be deleted."),
    "eligibility.not_an_answer": _("This is no answer: delete it in the platform's own app if you must."),
    "eligibility.being_deleted": _("It is being deleted."),
    "eligibility.already_hidden": _("It is hidden already."),
    "eligibility.not_hidden": _("It is not hidden."),
    "eligibility.already_liked": _("We like it already."),
    "eligibility.not_liked": _("We do not like it."),
}

GUARD: Final[Words] = {
    "guard.empty": _("There are no words."),
    "guard.too_long": _("Too long: %(length)s of %(limit)s characters."),
    "guard.too_many_bytes": _(
        "Too long for the platform: %(length)s of %(limit)s bytes. An emoji or a letter outside English takes several."
    ),
    "guard.amount": _("Names an amount of money in public."),
    "guard.amount_private": _("Names an amount of money."),
    "guard.personal": _("Holds personal details."),
    "guard.personal_private": _("Holds personal details that this person did not write."),
    "guard.names_author": _("Names the person in public."),
    "guard.promise": _("Promises something."),
    "guard.admission": _("Admits a fault."),
    "guard.asks_personal": _("Asks for personal details in public."),
    "guard.wrong_language": _("Written in another language than the customer's."),
    "guard.forbidden_word": _("Holds a word that the brand does not use: %(word)s."),
    "guard.other_handle": _("Names somebody else's profile."),
    "guard.link": _("Holds a link, which makes it cost much more on this platform."),
}

#: Why a stretch of a channel is missing: the codes of `platforms.base.Gap`.
GAPS: Final[Words] = {
    "problem.mention_horizon": _("X shows the newest 800 mentions only."),
    "problem.own_post_horizon": _("X shows the newest 3,200 of our own posts only."),
    "problem.search_horizon": _("The platform's search looks back a week only."),
    "problem.direct_message_horizon": _("The platform shows direct messages of the last 30 days only."),
    "problem.node_unreadable": _("The platform would not show this thread or its older part."),
    "problem.feed_horizon": _("The feed no longer showed all that was new."),
}

#: Why a platform did not do something: the codes of `platforms.errors` and of the outbox.
PROBLEMS: Final[Words] = {
    "problem.permission_missing": _("The platform says that a permission is missing."),
    "problem.window_closed": _("The time in which the platform allows an answer is over."),
    "problem.not_summoned": _("X lets programs answer only posts that mention or quote the brand."),
    "problem.duplicate": _("The platform says that this was posted already."),
    "problem.unreachable": _("The person cannot be reached."),
    "problem.gone": _("The post is gone: deleted, or no longer shown to us. It is not answered any more."),
    "problem.too_long": _("The platform found it too long."),
    "problem.already_replied": _("The one private reply to this comment was already sent."),
    "problem.policy_block": _("The platform has blocked the app."),
    "problem.bad_request": _("The platform did not accept the request."),
    "problem.rate_limited": _("The platform asks us to wait."),
    "problem.quota_spent": _("The day's budget is spent."),
    "problem.quota_exceeded": _("The day's budget is spent."),
    "problem.auth_expired": _("The platform no longer accepts our login. Connect the channel again."),
    "problem.renewal_refused": _("The platform does not renew our sign-in any more. Connect the channel again."),
    "problem.renewal_lost": _(
        "The sign-in was being renewed when the platform's answer got lost, and the old one is used up. Connect the "
        "channel again."
    ),
    "problem.no_app": _(
        "The settings of the app that this channel was signed in with are missing. Set them again, or connect the "
        "channel another way."
    ),
    "problem.app_refused": _("The platform does not accept the keys of our app. Check the settings."),
    "problem.authorization_revoked": _("Somebody has withdrawn our access. Connect the channel again."),
    "problem.credentials_unreadable": _("The stored credentials cannot be opened. Connect the channel again."),
    "problem.unavailable": _("The platform does not answer. It is tried again by itself."),
    "problem.malformed_answer": _("The platform's answer could not be understood. It is tried again by itself."),
    "problem.platform_error": _("The platform answers with an error. It is tried again by itself."),
    "problem.worker_lost": _("The program was stopped while it was sending."),
    "problem.cannot_tell": _("The platform cannot say whether it went out. Look at the thread there."),
    "problem.not_found_on_platform": _("It was not found on the platform."),
    "problem.not_allowed": _("The rules of the platform do not allow it."),
    "problem.no_answer": _("The platform did not say whether it went out."),
    "problem.moved": _("It has moved to another place. Connect the new address."),
    "problem.retired": _("The publisher has given it up."),
    "problem.no_feed": _("There is nothing at this address. It is tried again by itself."),
    "problem.not_public": _("The address leads into a private network and is not called."),
    "problem.webhook_crc_failed": _(
        "X asked our address for its proof and got no right answer. The address must be reachable from outside, and "
        "MENTIONDESK_X_CONSUMER_SECRET must be the secret of the app."
    ),
    "problem.webhook_url_invalid": _("X takes only addresses that begin with https:// and name no port."),
    "problem.webhook_limit": _(
        "The app has all the webhooks that its plan allows. Remove one in X's developer console, then subscribe again."
    ),
    "problem.subscription_limit": _(
        "The app has all the subscriptions that its plan allows. Remove some in X's developer console."
    ),
    "problem.no_app_token": _(
        "Push belongs to the app: set its bearer token (MENTIONDESK_X_BEARER_TOKEN), or connect the channel with its"
        " consumer key and secret."
    ),
    "problem.recheck_budget": _("The money for look-ups is spent for today."),
    "problem.withdrawn": _("It was taken back before it was sent."),
}

#: How a channel is, in one sentence for whoever looks after it.
CHANNELS: Final[Words] = {
    "channel.healthy": _("All is well."),
    "channel.paused": _("Somebody paused it: nothing is collected or sent through it."),
    "channel.disconnected": _(
        "Somebody disconnected it: its keys are deleted, nothing is read or sent. Its posts, cases and figures stay."
    ),
    "channel.blocked": _("The platform blocks it. Look into the platform's own settings."),
    "channel.needs_reauth": _("The login is no longer accepted. Connect the channel again."),
}

PUT_ASIDE: Final[Words] = {
    "event.malformed": _("The platform sent something that does not look as it documents."),
    "event.parser_failed": _("Our reader failed on it; a newer version may read it."),
    "event.not_fetched": _(
        "The platform named it and does not show it to us: it may be deleted, private, or out of reach."
    ),
    "row.bad_id": _("The id is not usable."),
    "row.no_text": _("There is no text."),
    "row.not_an_object": _("The line is not a JSON object."),
    "row.not_csv": _("The line is no proper CSV."),
    "row.not_json": _("The line is no proper JSON."),
    "row.open_quote": _("A quotation mark is never closed."),
    "row.same_id_other_text": _("Another row with the same id has other words."),
    "row.text_is_no_text": _("The text is not text."),
    "row.text_too_long": _("The text is too long."),
    "row.too_long": _("The line is too long."),
    "row.too_many_columns": _("There are more cells than columns."),
    "pipeline.gave_up": _("Reading it failed three times."),
}

#: Acts of the log, as what follows a name: "Ana has taken over the case".
ACTS: Final[Words] = {
    "case.opened": _("opened the case"),
    "case.claimed": _("took the case over"),
    "case.released": _("gave the case back"),
    "case.assigned": _("assigned the case"),
    "case.noted": _("wrote a note"),
    "case.tagged": _("added a tag"),
    "case.untagged": _("took a tag away"),
    "case.escalated": _("escalated the case"),
    "case.snoozed": _("let the case sleep"),
    "case.woken": _("woke the case"),
    "case.resolved": _("resolved the case"),
    "case.reopened": _("opened the case again"),
    "case.returned": _("opened the case again: the customer wrote"),
    "case.closed": _("closed the case"),
    "case.merged": _("merged the case"),
    "case.merge_undone": _("undid the merge"),
    "case.split": _("split the case"),
    "case.hand_off_offered": _("led the customer to another channel"),
    "case.hand_off_confirmed": _("confirmed the hand-off"),
    "case.reading_corrected": _("corrected how it was read"),
    "case.not_a_complaint": _("said that it is not a complaint"),
    "sample.judged": _("judged a drawn post"),
    "post.corrected": _("corrected how it was read"),
    "post.hide_asked": _("wants a post hidden"),
    "post.hide_withdrawn": _("no longer wants a post hidden"),
    "post.hide_failed": _("could not hide a post"),
    "post.hidden": _("hid a post"),
    "post.unhide_asked": _("wants a post shown again"),
    "post.unhide_withdrawn": _("no longer wants a post shown again"),
    "post.unhide_failed": _("could not show a post again"),
    "post.shown": _("showed a post again"),
    "post.like_asked": _("wants a post liked"),
    "post.like_withdrawn": _("no longer wants a post liked"),
    "post.like_failed": _("could not like a post"),
    "post.liked": _("liked a post"),
    "post.unlike_asked": _("wants a like taken back"),
    "post.unlike_withdrawn": _("no longer wants a like taken back"),
    "post.unlike_failed": _("could not take a like back"),
    "post.unliked": _("took a like back"),
    "post.delete_asked": _("wants our answer deleted"),
    "post.delete_withdrawn": _("no longer wants our answer deleted"),
    "post.delete_failed": _("could not delete our answer"),
    "post.deleted": _("deleted our answer"),
    "post.deleted_there": _("our answer was deleted on the platform"),
    "reply.deleted_there": _("our answer was deleted on the platform"),
    "reply.edited": _("changed the words of an answer"),
    "reply.submitted": _("handed an answer to a lead"),
    "reply.approved": _("approved an answer"),
    "reply.guard_overridden": _("let an answer go although the guard was against it"),
    "reply.declined": _("declined an answer"),
    "reply.withdrawn": _("took an answer back"),
    "reply.sent": _("sent the answer"),
    "reply.sent_natively": _("answered in the platform's own app"),
    "reply.failed": _("could not send the answer"),
    "reply.unconfirmed": _("does not know yet whether the answer went out"),
    "reply.native_task": _("left the answer to be sent by hand"),
    "reply.acknowledged": _("acknowledged the message"),
}

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
    "author.returns": ngettext_lazy("Asked %(count)s time before", "Asked %(count)s times before", "count"),
    "waiting.repeat": _("Asks again"),
    "waiting.long": _("Waiting long"),
    "case.returned": _("Came back"),
    "crisis": _("Crisis"),
    "watch": _("Found by search"),
    "person": _("Raised by a person"),
}
