"""Codes of the product in the reader's language: topics, intents, states, platforms and the like."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language_info, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from monitor.cases.resolutions import HAND_OFFS, RESOLUTIONS
from monitor.platforms.registry import get_platform, platform_codes

Label = str | Promise

TOPICS: Final[Mapping[str, Label]] = {
    "order_payment": _("Order and payment"),
    "delivery": _("Delivery"),
    "after_sales": _("Returns and refunds"),
    "account_security": _("Login and security"),
    "promotions": _("Promotions"),
    "service": _("Customer service"),
    "app_website": _("App and website"),
    "seller_account": _("Seller: onboarding"),
    "seller_policy": _("Seller: rules and fees"),
    "seller_settlement": _("Seller: payouts"),
    "seller_penalty": _("Seller: penalties"),
    "other": _("Other"),
}
INTENTS: Final[Mapping[str, Label]] = {
    "complaint": _("Complaint"),
    "question": _("Question"),
    "follow_up": _("Follow-up"),
    "praise": _("Praise"),
    "promotion": _("Promotion"),
    "chatter": _("Chatter"),
}
SENTIMENTS: Final[Mapping[str, Label]] = {
    "negative": _("Negative"),
    "neutral": _("Neutral"),
    "positive": _("Positive"),
}
SEVERITIES: Final[Mapping[str, Label]] = {
    "0": _("No harm"),
    "1": _("Annoying"),
    "2": _("Serious"),
    "3": _("Critical"),
}
#: Languages that posts are found to be in, or that platforms name, and for which Django has no name.
LANGUAGES: Final[Mapping[str, Label]] = {
    "": _("Unknown language"),
    "und": _("Unknown language"),
    "am": _("Amharic"),
    "as": _("Assamese"),
    "ba": _("Bashkir"),
    "bo": _("Tibetan"),
    "ceb": _("Cebuano"),
    "fil": _("Tagalog"),
    "gu": _("Gujarati"),
    "ha": _("Hausa"),
    "ht": _("Haitian Creole"),
    "jv": _("Javanese"),
    "ku": _("Kurdish"),
    "lo": _("Lao"),
    "mg": _("Malagasy"),
    "mt": _("Maltese"),
    "om": _("Oromo"),
    "or": _("Odia"),
    "ps": _("Pashto"),
    "rw": _("Kinyarwanda"),
    "sd": _("Sindhi"),
    "si": _("Sinhala"),
    "so": _("Somali"),
    "su": _("Sundanese"),
    "ti": _("Tigrinya"),
    "tl": _("Tagalog"),
    "xh": _("Xhosa"),
    "yi": _("Yiddish"),
    "yo": _("Yoruba"),
    "yue": _("Cantonese"),
    "zu": _("Zulu"),
}
AUDIENCES: Final[Mapping[str, Label]] = {"buyer": _("Buyer"), "seller": _("Seller"), "none": _("Neither")}
CASE_STATES: Final[Mapping[str, Label]] = {
    "new": pgettext_lazy("case", "New"),
    "open": pgettext_lazy("case", "Open"),
    "waiting": pgettext_lazy("case", "Waiting for the customer"),
    "resolved": pgettext_lazy("case", "Resolved"),
    "closed": pgettext_lazy("case", "Closed"),
}
REPLY_STATES: Final[Mapping[str, Label]] = {
    "draft": pgettext_lazy("reply", "Draft"),
    "submitted": pgettext_lazy("reply", "Waits for a second approval"),
    "approved": pgettext_lazy("reply", "Approved, about to be sent"),
    "sending": pgettext_lazy("reply", "Being sent"),
    "sent": pgettext_lazy("reply", "Sent"),
    "failed": pgettext_lazy("reply", "Not sent"),
    "unconfirmed": pgettext_lazy("reply", "Sent or not: being checked"),
    "declined": pgettext_lazy("reply", "Declined"),
    "native_task": pgettext_lazy("reply", "To be answered in the platform's own app"),
    "deleted": pgettext_lazy("reply", "Deleted again"),
}
REPLY_KINDS: Final[Mapping[str, Label]] = {
    "reply": _("Public reply"),
    "direct_message": _("Direct message"),
    "private_reply": _("Private reply"),
    "native_task": _("In the platform's own app"),
}
#: What the composer offers.
WAYS: Final[Mapping[str, Label]] = {
    "reply": _("Answer in public"),
    "direct_message": _("Answer"),
    "private_reply": _("Answer privately"),
}
#: What may be done to a post beside answering it, as its button says it.
POST_EFFECTS: Final[Mapping[str, Label]] = {
    "hide": pgettext_lazy("act on a post", "Hide"),
    "unhide": pgettext_lazy("act on a post", "Show again"),
    "like": pgettext_lazy("act on a post", "Like"),
    "unlike": pgettext_lazy("act on a post", "Take the like back"),
    "delete": pgettext_lazy("act on a post", "Delete our answer"),
}
WHERE: Final[Mapping[str, Label]] = {
    "public": _("in public, for everybody to read"),
    "private": _("in private, to this person only"),
    "native": _("in the platform's own app"),
    "nowhere": _("nowhere"),
}
FORMS: Final[Mapping[str, Label]] = {
    "post": _("Post"),
    "comment": _("Comment"),
    "reply": pgettext_lazy("form of a post", "Reply"),
    "quote": _("Quote"),
    "review": _("Review"),
    "direct_message": _("Direct message"),
    "story_mention": _("Story mention"),
}
OWN_BY: Final[Mapping[str, Label]] = {
    "us": _("sent from here"),
    "native_app": _("sent from the platform's own app"),
    "other_tool": _("sent with another tool"),
}
ROLES: Final[Mapping[str, Label]] = {
    "viewer": _("Viewer"),
    "analyst": _("Analyst"),
    "agent": _("Agent"),
    "lead": _("Lead"),
    "admin": _("Administrator"),
}
CHANNEL_STATES: Final[Mapping[str, Label]] = {
    "healthy": _("Healthy"),
    "needs_reauth": _("Must be connected again"),
    "blocked": _("Blocked by the platform"),
    "paused": _("Paused"),
    "disconnected": _("Disconnected"),
}
CHANNEL_KINDS: Final[Mapping[str, Label]] = {
    "account": pgettext_lazy("kind of channel", "Profile"),
    "page": pgettext_lazy("kind of channel", "Page"),
    "search": pgettext_lazy("kind of channel", "Saved search"),
    "import": pgettext_lazy("kind of channel", "Import"),
    "feed": pgettext_lazy("kind of channel", "News and blogs"),
    "forum": pgettext_lazy("kind of channel", "Our forum"),
    "reviews": pgettext_lazy("kind of channel", "Reviews"),
}
STAGES: Final[Mapping[str, Label]] = {
    "received": _("Waits for analysis"),
    "analyzed": _("Waits for triage"),
    "triaged": _("Done"),
    "quarantined": _("Put aside"),
}
SWITCHES: Final[Mapping[str, Label]] = {
    "automation": _("Automation"),
    "acknowledgement": _("Acknowledgement of direct messages"),
    "crisis": _("Crisis"),
    "kill": _("Stop all sending"),
}
SWITCH_MEANINGS: Final[Mapping[str, Label]] = {
    "automation": _("Rules may act by themselves. Replies are still approved by people."),
    "acknowledgement": _("A person who writes a direct message gets one safe “we have it” at once."),
    "crisis": _("Automation pauses and delicate replies need a second approval."),
    "kill": _("Nothing leaves this desk until it is switched off again; approved replies wait."),
}
ALERT_LEVELS: Final[Mapping[str, Label]] = {"note": _("Note"), "warning": _("Warning"), "urgent": _("Urgent")}
DELETIONS: Final[Mapping[str, Label]] = {
    "deleted": _("Deleted by its author"),
    "protected": _("The author's profile is private or suspended"),
    "suspended": _("The platform suspended the author"),
    "withheld": _("Withheld by the platform"),
    "erased": _("Erased at the person's request"),
    "deleted_by_us": _("Deleted from here"),
}
ATTACHMENTS: Final[Mapping[str, Label]] = {
    "image": _("Picture"),
    "photo": _("Picture"),
    "video": _("Video"),
    "animated_gif": _("Moving picture"),
    "audio": _("Sound"),
    "file": _("File"),
    "sticker": _("Sticker"),
}
#: What a platform told beyond the words, as the filters of the lists say it.
TOLD: Final[Mapping[str, Label]] = {
    "on_ad": _("On ads"),
    "low_rated": _("1 or 2 stars, or not recommended"),
    "high_rated": _("4 or 5 stars, or recommended"),
}
ENTITIES: Final[Mapping[str, Label]] = {
    "order_number": _("Order number"),
    "tracking_number": _("Tracking number"),
    "amount": _("Amount of money"),
    "email": _("E-mail"),
    "phone": _("Phone number"),
    "card": _("Card number"),
    "iban": _("Bank connection"),
}
FIELDS: Final[Mapping[str, Label]] = {
    "complaint": _("Complaint"),
    "topic": _("Topic"),
    "severity": _("Severity"),
    "sentiment": _("Sentiment"),
    "intent": _("Intent"),
    "needs_reply": _("Needs a reply"),
    "escalate": _("Must be seen today"),
    "language": _("Language"),
    "audience": _("Audience"),
}
ANSWERS: Final[Mapping[str, Label]] = {"true": _("Yes"), "false": _("No")}

STREAMS: Final[Mapping[str, Label]] = {
    "mentions": _("Mentions"),
    "search": _("Search"),
    "own_posts": _("Our own posts"),
    "quotes": _("Quotes"),
    "direct_messages": _("Direct messages"),
    "comments": _("Comments"),
    "feed": _("Posts on the page"),
    "messages": _("Messages"),
    "conversations": _("Messages"),
    "tags": _("Tags"),
    "tagged": _("Posts elsewhere that tag us"),
    "visitor_posts": _("Posts of visitors"),
    "ads": _("Comments on ads"),
    "reviews": _("Reviews"),
    "entries": _("Entries"),
    "webhook": _("Pushed"),
    "journal": _("Journal"),
}

REREADING_STATES: Final[Mapping[str, Label]] = {
    "waiting": pgettext_lazy("reading again", "Under way"),
    "done": pgettext_lazy("reading again", "Done"),
    "stopped": pgettext_lazy("reading again", "Stopped"),
    "failed": pgettext_lazy("reading again", "Given up"),
}
WHY_NOT: Final[Mapping[str, Label]] = {
    "no_history": _("This platform shows no history."),
    "beyond_horizon": _("It lies further back than the platform shows."),
    "beyond_number": _("The platform shows only the newest posts, and these are not among them."),
}

#: Field of a reading → what a person may say instead. Topics: see `console.topics`, a brand has some of its own.
CORRECTIONS: Final[Mapping[str, list[str]]] = {
    "severity": list(SEVERITIES),
    "intent": list(INTENTS),
    "sentiment": list(SENTIMENTS),
    "complaint": list(ANSWERS),
    "needs_reply": list(ANSWERS),
}

#: What templates name: {% label "topic" case.topic %}.
TABLES: Final[Mapping[str, Mapping[str, Label]]] = {
    "topic": TOPICS,
    "intent": INTENTS,
    "sentiment": SENTIMENTS,
    "severity": SEVERITIES,
    "audience": AUDIENCES,
    "case_state": CASE_STATES,
    "reply_state": REPLY_STATES,
    "reply_kind": REPLY_KINDS,
    "where": WHERE,
    "way": WAYS,
    "post_effect": POST_EFFECTS,
    "resolution": RESOLUTIONS,
    "hand_off": HAND_OFFS,
    "form": FORMS,
    "own_by": OWN_BY,
    "role": ROLES,
    "channel_state": CHANNEL_STATES,
    "channel_kind": CHANNEL_KINDS,
    "stage": STAGES,
    "switch": SWITCHES,
    "switch_meaning": SWITCH_MEANINGS,
    "alert_level": ALERT_LEVELS,
    "deletion": DELETIONS,
    "attachment": ATTACHMENTS,
    "entity": ENTITIES,
    "told": TOLD,
    "field": FIELDS,
    "answer": ANSWERS,
    "stream": STREAMS,
    "rereading_state": REREADING_STATES,
    "why_not": WHY_NOT,
    "complaint": ANSWERS,
    "needs_reply": ANSWERS,
    "escalate": ANSWERS,
    "market": {"unknown": _("Unknown market")},
}


def label_of(table: str, code: object) -> str:
    """The words for a code; a code that a brand or a newer version added is shown as it is rather than hidden."""
    if table == "language":
        return language_name(str(code))
    if table == "topic":
        return topic_name(str(code))
    if table in ("platform", "platform_mark"):
        return platform_name(str(code), is_short=table == "platform_mark")
    return str(TABLES[table].get(str(code), str(code).replace("_", " ")))


def topic_name(code: str) -> str:
    """A brand's own topic is called as the brand wrote it, as far as its code still tells: gift_cards, Gift cards."""
    own = code.replace("_", " ")
    return str(TOPICS.get(code) or (_("Unknown topic") if code == "unknown" else own[:1].upper() + own[1:]))


def platform_name(code: str, *, is_short: bool = False) -> str:
    """As the platform's declaration says it. Imports bring posts of platforms that we cannot poll: their code stays."""
    if code not in platform_codes():
        return code
    declaration = get_platform(code).declaration
    return declaration.mark if is_short else declaration.name


def language_name(code: str) -> str:
    """The language's name in the reader's language, as far as Django or we know it; else the code."""
    base, is_romanised, _rest = code.partition("-Latn")
    if is_romanised:
        return str(_("%(language)s (Latin script)") % {"language": language_name(base)})
    if code in LANGUAGES:
        return str(LANGUAGES[code])
    code = {"zh": "zh-hans", "zh-cn": "zh-hans", "zh-tw": "zh-hant", "no": "nb"}.get(code.lower(), code)
    try:
        return str(get_language_info(code.lower())["name_translated"])
    except KeyError:
        return code
