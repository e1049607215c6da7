"""What the brand itself said through us, stored in the transaction that records that it was sent."""

from datetime import datetime

from django.utils import timezone

from monitor.brands.models import Channel
from monitor.inbox.models import Post
from monitor.inbox.rows import bounded_id
from monitor.inbox.services.storing import ingest
from monitor.platforms.base import IncomingAuthor, IncomingPost


def record_own_post(
    *,
    channel: Channel,
    external_id: str,
    text: str,
    form: str,
    conversation_id: str,
    in_reply_to: str = "",
    is_public: bool = True,
    created_at: datetime | None = None,
    url: str = "",
    own_by: str = "us",
    platform_id: str = "",
) -> int:
    """Stores our post and returns its id; takes part in the caller's transaction.

    The platform echoes it, before or after: both are one post, which stays ours. `conversation_id` and `in_reply_to`
    are the platform's ids, `external_id` and `platform_id` are the receipt's.
    """
    author = IncomingAuthor(channel.external_id, handle=channel.handle, name=channel.name)
    post = IncomingPost(
        platform=channel.platform,
        external_id=external_id,
        platform_id=platform_id,
        form=form,
        text=text,
        author=author,
        created_at=created_at or timezone.now(),
        conversation_id=conversation_id,
        in_reply_to=in_reply_to,
        url=url,
        is_public=is_public,
        is_own=True,
        own_by=own_by,
    )
    ingest(brand_id=channel.brand_id, channel_id=channel.pk, stream="send", how="send", events=[post])
    return (
        Post.objects.filter(brand_id=channel.brand_id, platform=channel.platform, external_id=bounded_id(external_id))
        .values_list("pk", flat=True)
        .get()
    )
