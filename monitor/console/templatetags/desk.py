"""What the templates of the console need beside Django's own tags."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from monitor.brands.models import Channel
from monitor.console.deciding import mark
from monitor.console.discretion import came_in_private
from monitor.console.effect_words import effect_note
from monitor.console.labels import label_of
from monitor.console.reasons import act, notice, problem, sentence, short, strongest
from monitor.console.told import Mark, marks_of
from monitor.replies.guard import is_blocking as guard_blocks

register = template.Library()


@register.simple_tag
def label(table: str, code: object) -> str:
    return label_of(table, code)


@register.simple_tag(takes_context=True)
def value_label(context: dict[str, Any], dimension: str, value: str) -> str:
    """The same for a value of a filter or a breakdown: the brand names its markets itself."""
    name: str | None = context["desk"].market_names.get(value) if dimension == "market" else None
    return name or label_of(dimension, value)


@register.filter
def is_hidden_from(case: Any, desk: Any) -> bool:
    """Whether name and words of the case are private and this reader may not read such."""
    return not desk.may["answer"] and came_in_private(case)


@register.filter
def marked(text: str, deciding: Any) -> SafeString:
    """The text with its deciding words in marks."""
    return mark(text, deciding)


@register.filter
def reason_text(reason: Any) -> str:
    """A stored reason (a mapping with code and params) in the reader's language."""
    return sentence(reason)


@register.filter
def reason_chip(reason: Any) -> str:
    """The same in a word or two."""
    return short(reason)


register.filter("strongest", strongest)
register.filter("effect_text", effect_note)


@register.simple_tag
def effect_url(kind: str, brand: Any, case: Any, post: Any) -> str:
    """Where a button asks for something to be done to a post."""
    return reverse(f"case_post_{kind}", args=[brand.slug, case.reference, post.public_id])


@register.filter
def told(post: Any) -> list[Mark]:
    """What the platform told of the post beyond its words."""
    return marks_of(post)


@register.filter
def age(since: datetime | None) -> str:
    """How long ago, short: 3 min, 5 h, 2 d."""
    if since is None:
        return "—"
    return duration(timezone.now() - since)


@register.filter
def ago(since: datetime | None) -> str:
    """How long ago, within a sentence: 3 min ago, just now."""
    if since is None or timezone.now() - since < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": age(since)}


@register.filter
def remaining(until: datetime | None) -> str:
    """How long until then, short; empty where it is over or open."""
    if until is None or until <= timezone.now():
        return ""
    return duration(until - timezone.now())


def duration(span: timedelta) -> str:
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 1:
        return _("now")
    if minutes < 60:
        return ngettext("%(count)d min", "%(count)d min", minutes) % {"count": minutes}
    if minutes < 60 * 48:
        return ngettext("%(count)d h", "%(count)d h", minutes // 60) % {"count": minutes // 60}
    return ngettext("%(count)d day", "%(count)d days", minutes // 1440) % {"count": minutes // 1440}


@register.filter
def is_late(since: datetime | None) -> bool:
    """Whether somebody has waited longer than an hour: what the network calls slow."""
    return since is not None and timezone.now() - since > timedelta(hours=1)


@register.filter
def web_address(url: str) -> str:
    """The address if it is one of the web; anything else (javascript:, data: …) becomes empty and is not linked."""
    return url if url.lower().startswith(("https://", "http://")) else ""


@register.filter
def dollars(micros: int) -> str:
    return f"${micros / 1_000_000:.3f}"


@register.filter
def get(mapping: Any, key: Any) -> Any:
    return mapping.get(key) if mapping else None


@register.filter
def codes(options: Any) -> list[Any]:
    """The first of each pair."""
    return [code for code, _count in options]


#: Pages that belong to another one of the menu, by the beginning of their route's name.
_MENU_PLACES = {"channel": "channels", "rereading": "channels", "case": "queue", "reply": "queue"}


@register.simple_tag(takes_context=True)
def nav_link(context: dict[str, Any], name: str, words: str, count: int = 0) -> SafeString:
    """One line of the main menu; marks the page that the reader is on, and what waits there."""
    request = context["request"]
    match = getattr(request, "resolver_match", None)
    place = (match.url_name or "").split("_")[0] if match is not None else ""
    here = _MENU_PLACES.get(place, place) == name.split("_")[0]
    badge = format_html('<span class="badge">{}</span>', count) if count else ""
    address = reverse(name, args=[context["desk"].brand.slug])
    current = "page" if here else "false"
    return format_html('<a href="{}" aria-current="{}"><span>{}</span>{}</a>', address, current, words, badge)


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """The present address with some parameters changed; an empty value takes one away. Pages start over."""
    query = context["request"].GET.copy()
    for name in ("after", "since"):
        query.pop(name, None)
    for name, value in changes.items():
        query.pop(name, None)
        if value not in ("", None):
            query[name] = str(value)
    encoded = query.urlencode()
    return f"?{encoded}" if encoded else "?"


@register.filter
def percent(share: float) -> str:
    """A change with its sign: +25 %."""
    return f"{share * 100:+.0f} %".replace("-", "−")


@register.filter
def hundredths(share: float) -> int:
    """A share as a whole number from 0 to 100."""
    return round(share * 100)


@register.filter
def unlocalized(number: float) -> str:
    """A number for an attribute of a drawing: always with a point, whatever the reader's language."""
    return f"{number:g}"


@register.filter
def deciding(reasons: Any) -> list[Any]:
    """The reasons that decided whether there is a case: they carry no weight of their own."""
    return [reason for reason in reasons if str(reason.get("code", "")).split(".")[0] in DECIDING] or list(reasons)[:2]


DECIDING = frozenset({"opens", "joins", "stays", "never"})


@register.filter
def signed(weight: float) -> str:
    """What a reason added, with its sign: +25."""
    return f"{weight:+g}".replace("-", "−")


@register.filter
def actor(who: str) -> str:
    """Who did it: a name, or what is not a person."""
    return {"automation": _("Automation"), "system": _("The system")}.get(who, who)


@register.filter
def act_text(event: Any) -> str:
    """An act of the log in plain words."""
    return act(event.act, event.params)


@register.filter
def alert_text(alert: Any) -> str:
    return notice(alert.code, alert.params)


@register.filter
def quarantine_text(event: Any) -> str:
    return sentence({"code": event.reason_code, "params": event.params})


@register.filter
def channel_advice(channel: Any) -> str:
    return problem(channel.state_code) if channel.state_code else sentence(f"channel.{channel.state}")


@register.filter
def beginning(body: bytes) -> str:
    """The first bytes of what could not be read, as text that cannot break the page."""
    return bytes(body)[:120].decode("utf-8", "replace").replace("\0", "␀")


@register.filter
def spent_today(channel: Channel) -> int:
    """Millionths of a dollar on this UTC day, of the prefetched days."""
    today = datetime.now(UTC).date()
    return sum(each.reads_micros + each.writes_micros for each in channel.spends.all() if each.day == today)


@register.filter
def is_blocking(finding: Any) -> bool:
    return guard_blocks(finding)


@register.filter
def problem_text(code: str) -> str:
    """Why something was not done, in plain words; "" where nothing is known."""
    return problem(code) if code else ""


@register.filter
def moment(at: datetime | None) -> str:
    return _written(at, pgettext("format of a time", "j M H:i"))


@register.filter
def moment_of_year(at: datetime | None) -> str:
    return _written(at, pgettext("format of a time", "j M Y H:i"))


@register.filter
def day(at: datetime | date | None) -> str:
    return _written(at, pgettext("format of a time", "j M"))


@register.filter
def day_of_year(at: datetime | date | None) -> str:
    return _written(at, pgettext("format of a time", "j M Y"))


@register.filter
def weekday(at: datetime | None) -> str:
    return _written(at, pgettext("format of a time", "D j M"))


@register.filter
def clock(at: datetime | None) -> str:
    return _written(at, "H:i")


def _written(at: datetime | date | None, form: str) -> str:
    """In the reader's zone and language; "" for no time at all."""
    if at is None or at == "":
        return ""
    return date_format(timezone.localtime(at) if isinstance(at, datetime) else at, form)
