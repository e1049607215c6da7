"""Which feeds may teach: those of which somebody has said so, and of them no post that a platform shows whose terms
forbid it, however the feed came by it."""

from django.db.models import Q

from monitor.brands.models import Brand, Channel
from monitor.platforms.origins import FORBIDDEN_LINKS, forbidding_platform
from monitor.platforms.registry import asks_about_learning


def of_said_feeds(brand: Brand) -> Q:
    """The address is looked at again: the list of those that are refused grows with updates."""
    asked = asks_about_learning()
    said = Channel.objects.filter(brand=brand, platform__in=asked, may_teach=True).exclude(kind="import")
    allowed = [pk for pk, address in said.values_list("pk", "external_id") if not forbidding_platform(address)]
    shows_others = Q(url__iregex=FORBIDDEN_LINKS) | Q(external_id__iregex=FORBIDDEN_LINKS)
    return Q(platform__in=asked, channel__in=allowed) & ~shows_others
