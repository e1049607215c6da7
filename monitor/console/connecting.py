"""The form of a new channel, made from the platform's declaration; the platform is asked before anything is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from monitor.brands.models import Brand, Channel, User
from monitor.brands.registrations import simulated_address
from monitor.brands.services.signing_in import search_id, store_channel
from monitor.console.credential_words import Words, words_of
from monitor.console.reasons import problem
from monitor.platforms.base import ChannelContext, Connector, Declaration, IncomingNotice
from monitor.platforms.budget import NullBudget
from monitor.platforms.errors import (
    AuthExpiredError,
    MalformedPayloadError,
    PlatformError,
    QuotaExceededError,
    RateLimitedError,
    RejectedError,
)
from monitor.platforms.origins import forbidding_platform
from monitor.platforms.registry import get_platform
from monitor.platforms.signing import typed_server

_LONGEST = {"external_id": 128, "query": 1024, "handle": 128}
_LONGEST_SECRET = 1000
#: Credentials that are the address of a server: whoever types one may lead us anywhere.
_SERVERS = ("instance", "server")


@dataclass(frozen=True, slots=True)
class FormField:
    name: str
    label: Words
    hint: Words
    value: str
    is_secret: bool
    is_required: bool
    placeholder: str = ""
    error: str = ""
    longest: int = _LONGEST_SECRET


@dataclass(frozen=True, slots=True)
class ChannelForm:
    """What was filled in. `errors`: field → sentence; "" for the form as a whole."""

    brand: Brand
    declaration: Declaration
    kind: str
    filled: Mapping[str, str] = field(default_factory=dict, repr=False)
    channel: Channel | None = None
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_simulated(self) -> bool:
        return bool(simulated_address(self.brand, self.declaration.code))

    def credential_names(self) -> list[str]:
        """Every name that any set has. A demo's servers are given."""
        names = [name for one in self.declaration.sets_of(self.kind) for name in one]
        return [name for name in dict.fromkeys(names) if not (self.is_simulated and name in _SERVERS)]

    def sets(self) -> list[tuple[str, ...]]:
        shown = self.credential_names()
        return [tuple(name for name in one if name in shown) for one in self.declaration.sets_of(self.kind)]

    def asked(self) -> dict[str, bool]:
        """Field of the channel → whether it is required. What a connected channel is, it stays."""
        wanted = {name.rstrip("?"): not name.endswith("?") for name in self.declaration.asked_of(self.kind)}
        return (
            wanted
            if self.channel is None
            else {name: needed for name, needed in wanted.items() if name != "external_id"}
        )

    def fields(self) -> list[FormField]:
        everywhere = set.intersection(*(set(one) for one in self.sets())) if self.sets() else set()
        needed = self.asked() | {name: name in everywhere for name in self.credential_names()}
        return [self._field(name, is_required) for name, is_required in needed.items()]

    @property
    def may_teach(self) -> bool | None:
        """What the box says; None where nobody is asked."""
        if not self.declaration.learning_asked:
            return None
        if self.filled:
            return "may_teach" in self.filled
        return self.channel is not None and self.channel.may_teach

    def _field(self, name: str, is_required: bool) -> FormField:
        words = words_of(self.declaration.code, name)
        known = getattr(self.channel, name, "") if self.channel is not None and name in self.asked() else ""
        # What is secret is never sent back to the browser.
        value = "" if words.is_secret else self.filled.get(name, known)
        return FormField(
            name,
            words.label,
            words.hint,
            value,
            words.is_secret,
            is_required,
            words.placeholder,
            self.errors.get(name, ""),
            _LONGEST.get(name, _LONGEST_SECRET),
        )

    def credentials(self) -> dict[str, str]:
        given = {name: self.filled.get(name, "").strip() for name in self.credential_names()}
        return {name: value for name, value in given.items() if value}


class FormError(Exception):
    """What is wrong, by field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("the form cannot be used")
        self.errors = errors


def connect_by_form(form: ChannelForm, user: User) -> tuple[Channel, Sequence[IncomingNotice]]:
    """Asks the platform with what was filled in, then stores it. Raises FormError; nothing is stored then."""
    credentials = _checked_credentials(form)
    asked = _checked_fields(form)
    _check_may_teach(form, form.channel.external_id if form.channel is not None else asked.get("external_id", ""))
    context = ChannelContext(
        channel_id=form.channel.pk if form.channel is not None else 0,
        kind=form.kind,
        external_id=form.channel.external_id if form.channel is not None else asked.get("external_id", ""),
        handle=asked.get("handle", ""),
        credentials=credentials,
        api_url=_address_of(form),
        query=asked.get("query", ""),
    )
    refusal: PlatformError
    try:
        known, notices = _ask(form, context)
    except PlatformError as error:
        refusal = error
    else:
        if form.channel is not None and known.external_id != form.channel.external_id:
            raise FormError(
                {"": _("These belong to %(name)s, not to this channel.") % {"name": known.handle or known.external_id}}
            )
        channel = store_channel(
            brand=form.brand,
            user=user,
            platform=form.declaration.code,
            kind=form.kind,
            external_id=known.external_id,
            credentials=known.credentials,
            handle=known.handle,
            name=known.name,
            query=known.query,
            may_teach=form.may_teach,
        )
        return channel, notices
    raise FormError(_beside(form, refusal))


@dataclass(frozen=True, slots=True)
class _Known:
    external_id: str
    handle: str
    name: str
    query: str
    credentials: Mapping[str, str] = field(repr=False)


def _ask(form: ChannelForm, context: ChannelContext) -> tuple[_Known, Sequence[IncomingNotice]]:
    """Whose credentials these are, and whether they do. The platform is asked twice at most."""
    platform = get_platform(form.declaration.code)
    external_id, handle, name, credentials = context.external_id, context.handle, "", dict(context.credentials)
    is_search = form.kind == "search"
    if is_search and not external_id:
        external_id = search_id(context.query)
    if "identify" in form.declaration.abilities and not (is_search and "handle" in form.asked()):
        identify = getattr(platform.connect(context, NullBudget()), "identify")  # noqa: B009  (an ability, no part of the protocol)
        identity = identify()
        handle, credentials = identity.handle or handle, credentials | dict(identity.credentials)
        if not is_search:
            external_id, name = identity.external_id, identity.name
    ready = ChannelContext(
        context.channel_id, context.kind, external_id, handle, credentials, context.api_url, context.query
    )
    connector: Connector = platform.connect(ready, NullBudget())
    return _Known(external_id, handle, name, context.query, credentials), connector.check()


def _address_of(form: ChannelForm) -> str:
    from monitor.brands.selectors import channel_context

    channel = form.channel or Channel(
        platform=form.declaration.code, api_url=simulated_address(form.brand, form.declaration.code)
    )
    return channel_context(channel, with_credentials=False).api_url


def _checked_credentials(form: ChannelForm) -> dict[str, str]:
    given = form.credentials()
    sets = form.sets()
    if not any(set(one) <= set(given) for one in sets):
        # The set that most was filled in of is the one that was meant.
        meant = max(sets, key=lambda one: len(set(one) & set(given)) - len(one) / 100)
        raise FormError({name: _("This is needed.") for name in meant if name not in given})
    if too_long := [name for name, value in given.items() if len(value) > _LONGEST_SECRET]:
        raise FormError({name: _("This is too long.") for name in too_long})
    for name in _SERVERS:
        if name in given:
            given[name] = _checked_server(name, given[name])
    return given


def _checked_server(name: str, typed: str) -> str:
    try:
        return typed_server(typed)
    except RejectedError:
        pass
    raise FormError({name: server_problem()})


def server_problem() -> str:
    return _(
        "This is no address of a server. It looks like mastodon.example, without a path, and is reached over https."
    )


def _checked_fields(form: ChannelForm) -> dict[str, str]:
    filled = {name: form.filled.get(name, "").strip() for name in form.asked()}
    errors = {name: _("This is needed.") for name, needed in form.asked().items() if needed and not filled[name]}
    errors |= {name: _("This is too long.") for name, text in filled.items() if len(text) > _LONGEST[name]}
    if errors:
        raise FormError(errors)
    if "handle" in filled:
        filled["handle"] = filled["handle"].removeprefix("@")
    if "://" not in filled.get("external_id", "://"):
        # As people copy an address out of a browser.
        filled["external_id"] = f"https://{filled['external_id']}"
    return filled


def _check_may_teach(form: ChannelForm, address: str) -> None:
    if form.may_teach and (forbidding := forbidding_platform(address)):
        raise FormError({"may_teach": teaching_refused(forbidding)})


def teaching_refused(forbidding: str) -> str:
    said = _("This feed shows posts of %(platform)s, whose terms do not allow a model to learn from them.")
    return said % {"platform": forbidding}


def _beside(form: ChannelForm, error: PlatformError) -> dict[str, str]:
    """A refusal as a sentence beside the field that it is about; "" for the form as a whole."""
    secrets = [name for name in form.credentials() if words_of(form.declaration.code, name).is_secret]
    server = next((name for name in _SERVERS if name in form.credentials()), "")
    place = server or ("external_id" if "external_id" in form.asked() else "")
    if isinstance(error, AuthExpiredError):
        words = ngettext(
            "%(platform)s does not accept this. Copy it once more, or make a new one.",
            "%(platform)s does not accept these keys. Copy all of them once more, or make new ones.",
            len(secrets),
        )
        return {secrets[-1] if secrets else "": words % {"platform": form.declaration.name}}
    if (
        isinstance(error, RejectedError)
        and error.code == "permission_missing"
        and not form.declaration.needs_credentials
    ):
        return {form.credential_names()[0]: _("It asks for a login, or does not take this one.")}
    if isinstance(error, RejectedError) and error.code == "bad_request" and place == "external_id":
        return {
            place: _("This is no address of a web page. It looks like https://news.example/rss, without a password.")
        }
    if isinstance(error, RejectedError):
        return {_place_of_refusal(form, error.code, place): refusal_text(form.declaration, error.code)}
    if isinstance(error, RateLimitedError | QuotaExceededError):
        return {
            "": _("%(platform)s asks us to wait, so this could not be checked. Try again in some minutes.")
            % {"platform": form.declaration.name}
        }
    if isinstance(error, MalformedPayloadError):
        return {
            place: _("What answers there does not speak as %(platform)s does.") % {"platform": form.declaration.name}
        }
    return {place: _("There is no answer. Check the address and the network of this server; nothing was stored.")}


def _place_of_refusal(form: ChannelForm, code: str, place: str) -> str:
    if code == "bad_request" and form.kind == "search":
        return "query"
    return place if code in ("not_public", "no_feed", "moved", "retired", "no_instance", "bad_request", "gone") else ""


def refusal_text(declaration: Declaration, code: str) -> str:
    """A refusal of a platform while connecting, in one sentence that says what to do."""
    sentences = {
        "permission_missing": _(
            "%(platform)s says that a permission is missing. docs/channels.md lists what each platform has to grant."
        ),
        "no_profile": _(
            "No professional Instagram profile is linked to the Page of this token. Link them at Meta first."
        ),
        "bad_request": _("%(platform)s does not understand this."),
        "gone": _("There is nothing like that on %(platform)s."),
        "not_public": _("This address leads into a private network and is not called."),
        "no_feed": _("There is no feed at this address."),
        "no_instance": _("What answers there is no Mastodon instance."),
        "app_refused": _("%(platform)s does not accept the keys of our app. Check the settings."),
        "code_refused": _("%(platform)s did not accept the way back. Sign in once more."),
        "bad_server": server_problem(),
    }
    return (sentences.get(code) or problem(code)) % {"platform": declaration.name}
