"""Whether the posts of a channel may teach the brand's model, where its platform leaves that to whoever connects it."""

from django.db import transaction

from monitor.audit.services import record
from monitor.brands.models import Channel, User
from monitor.platforms.origins import forbidding_platform
from monitor.platforms.registry import asks_about_learning


class TeachingRefusedError(ValueError):
    """Nobody can say so of this channel. `platform` is the name of the one whose terms forbid it; "" where nobody is
    asked, because the platform's own terms decide."""

    def __init__(self, platform: str = "") -> None:
        super().__init__(f"the terms of {platform or 'the platform'} decide whether a model learns from these posts")
        self.platform = platform


def check_may_teach(*, platform: str, address: str) -> None:
    """Raises TeachingRefusedError."""
    if platform not in asks_about_learning():
        raise TeachingRefusedError
    if forbidding := forbidding_platform(address):
        raise TeachingRefusedError(forbidding)


@transaction.atomic
def say_may_teach(*, channel: Channel, may_teach: bool, user: User | None) -> None:
    """Keeps what somebody says of the channel's source, for posts of before and after. Raises TeachingRefusedError."""
    if may_teach or channel.platform not in asks_about_learning():
        check_may_teach(platform=channel.platform, address=channel.external_id)
    if Channel.objects.filter(pk=channel.pk).exclude(may_teach=may_teach).update(may_teach=may_teach):
        act = "channel.may_teach" if may_teach else "channel.may_not_teach"
        record(act=act, brand_id=channel.brand_id, actor=user, subject=channel)
    channel.may_teach = may_teach
