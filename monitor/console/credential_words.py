"""What the fields of a channel are called and where their values come from; what each permission is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True, slots=True)
class FieldWords:
    label: Words
    hint: Words = ""
    is_secret: bool = True
    placeholder: str = ""


_X_KEYS = _("X's developer portal → your app → Keys and tokens.")
_META_TOKEN = _("A long-lived token of the Page, for example from Meta's Business Suite → System users.")
_META_SECRET = _("Meta's developer page → your app → App settings → Basic. It proves that calls come from us.")

#: platform.name first, then name alone; what stands in neither is shown under its own name.
FIELDS: Final[Mapping[str, FieldWords]] = {
    "x.consumer_key": FieldWords(_("API key"), _X_KEYS),
    "x.consumer_secret": FieldWords(_("API key secret")),
    "x.access_token": FieldWords(
        _("Access token"), _("Of the profile itself, with “Read, write and direct messages”.")
    ),
    "x.access_token_secret": FieldWords(_("Access token secret")),
    "x.bearer_token": FieldWords(_("Bearer token"), _("Of the app alone: enough for reading.")),
    "x.query": FieldWords(
        _("What to look for"),
        _("As in X's own search, 512 characters at most. Reading costs money for each post: be exact."),
        is_secret=False,
        placeholder='"my brand" -is:retweet',
    ),
    "facebook.access_token": FieldWords(_("Token of the Page"), _META_TOKEN),
    "instagram.access_token": FieldWords(_("Token of the linked Page"), _META_TOKEN),
    "app_secret": FieldWords(_("App secret"), _META_SECRET),
    "instance": FieldWords(
        _("Instance"), _("The server where the profile lives."), is_secret=False, placeholder="mastodon.example"
    ),
    "mastodon.access_token": FieldWords(
        _("Access token"), _("Preferences → Development → New application, with the scopes read and write.")
    ),
    "mastodon.query": FieldWords(
        _("What to look for"),
        _("Hashtags and profiles, parted by blanks."),
        is_secret=False,
        placeholder="#mybrand @magazine@news.example",
    ),
    "identifier": FieldWords(
        _("Handle"), _("Or the DID of the profile."), is_secret=False, placeholder="mybrand.bsky.social"
    ),
    "app_password": FieldWords(
        _("App password"),
        _(
            "Settings → Privacy and security → App passwords, with “Allow access to your direct messages”. Not the "
            "password that you log in with."
        ),
    ),
    "server": FieldWords(
        _("Server"),
        _("Only for profiles that live on a server of their own, not on Bluesky's."),
        is_secret=False,
        placeholder="pds.example",
    ),
    "bluesky.query": FieldWords(_("What to look for"), _("Words, “phrases” or hashtags."), is_secret=False),
    "username": FieldWords(_("User name"), _("Only where the publisher asks for a login."), is_secret=False),
    "password": FieldWords(_("Password")),
    "feed.external_id": FieldWords(
        _("Address of the feed"),
        _("It begins with https:// and shows RSS or Atom."),
        is_secret=False,
        placeholder="https://news.example/rss",
    ),
    "feed.query": FieldWords(
        _("Only entries with these words"),
        _("Words or phrases, parted by commas. Empty: all of them."),
        is_secret=False,
    ),
    "feed.handle": FieldWords(
        _("The name that you write under there"), _("So that your own posts count as yours."), is_secret=False
    ),
    "handle": FieldWords(_("Your own handle"), _("So that your own posts count as yours."), is_secret=False),
    "query": FieldWords(_("What to look for"), is_secret=False),
    "external_id": FieldWords(_("Id at the platform"), is_secret=False),
}

#: Permission → what it is for, as the rest of "We ask for …", and what is not there without it.
SCOPES: Final[Mapping[str, tuple[Words, Words]]] = {
    "tweet.read": (_("read posts"), _("posts cannot be read")),
    "users.read": (_("see whose profile it is"), _("it cannot be told whose profile it is")),
    "offline.access": (_("stay signed in"), _("access would end after two hours")),
    "tweet.write": (_("answer"), _("nothing can be answered")),
    "tweet.moderate.write": (_("hide replies"), _("replies cannot be hidden")),
    "like.read": (_("be told of news at once"), _("news come by polling only")),
    "like.write": (_("like posts"), _("posts cannot be liked")),
    "dm.read": (_("read direct messages"), _("direct messages cannot be read")),
    "dm.write": (_("answer direct messages"), _("direct messages cannot be answered")),
    "pages_show_list": (_("see your Pages"), _("your Pages cannot be listed")),
    "pages_read_engagement": (_("read what a Page publishes"), _("the Page cannot be read")),
    "pages_read_user_content": (_("read comments and posts of others"), _("comments of others cannot be read")),
    "pages_manage_engagement": (_("answer and hide comments"), _("comments cannot be answered or hidden")),
    "pages_manage_metadata": (_("be told of news at once"), _("news come by polling only")),
    "pages_messaging": (_("read and answer messages"), _("messages can neither be read nor answered")),
    "instagram_basic": (_("see the linked Instagram profile"), _("Instagram cannot be connected")),
    "instagram_manage_comments": (
        _("read, answer and hide comments on Instagram"),
        _("comments on Instagram can neither be read nor answered"),
    ),
    "instagram_manage_messages": (
        _("read and answer messages on Instagram"),
        _("messages on Instagram can neither be read nor answered"),
    ),
    "read": (_("read mentions, messages and posts"), _("nothing can be read")),
    "write": (_("answer"), _("nothing can be answered")),
}

#: What a newcomer wants to know of a platform before choosing it.
PLATFORMS: Final[Mapping[str, Words]] = {
    "x": _("Mentions, replies, quotes and direct messages. Reading and answering cost money at X."),
    "facebook": _("Comments, visitor posts and Messenger of your Pages, with the Instagram profiles linked to them."),
    "instagram": _("Comments and messages of a professional profile. Signing in at Facebook brings it along."),
    "mastodon": _("Mentions, direct messages and hashtags of any instance. Costs nothing and needs no approval."),
    "bluesky": _("Mentions, replies, quotes and direct messages. Costs nothing and needs no approval."),
    "feed": _("News, blogs, forums and app reviews, by the address of their feed. Costs nothing; read only."),
}

#: What a platform says about a channel that is being connected.
NOTICES: Final[Mapping[str, Words]] = {
    "direct_messages_closed": _(
        "This app password may not read direct messages; everything else works. Make one that may, and connect again."
    ),
    "version_changed": _(
        "%(platform)s answers with another version of its interface than we ask for. Update Mentiondesk."
    ),
    "address_changed": _("The publisher asks to use another address for this feed. Connect that one before this ends."),
}

#: What a person must be allowed to do on a Page (Meta's tasks).
TASKS: Final[Mapping[str, Words]] = {
    "MODERATE": _("moderate comments"),
    "MESSAGING": _("answer messages"),
}


def words_of(platform: str, name: str) -> FieldWords:
    return FIELDS.get(f"{platform}.{name}") or FIELDS.get(name) or FieldWords(name.replace("_", " ").capitalize())


def scope_use(scope: str) -> str:
    return str(SCOPES[scope][0]) if scope in SCOPES else scope


def scope_loss(scope: str) -> str:
    return str(SCOPES[scope][1]) if scope in SCOPES else scope
