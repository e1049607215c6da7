"""Posts that can be hidden, liked or deleted: a comment under our own post, and an answer of ours."""

from typing import Any

from monitor.cases.models import Case
from monitor.inbox.models import Conversation, Post
from monitor.replies import services
from monitor.replies.models import Effect
from tests.replies.conftest import ANSWER, approved
from tests.replies.platform import FakePlatform
from tests.support.desk import make_case, make_channel, make_post

PAGE = "104217600000001"


def make_comment_case(brand: Any, text: str = "Thieves! Call me on 0151 2345678.", **fields: Any) -> Case:
    """Somebody comments under a post of our Facebook page."""
    make_channel(brand, "facebook", external_id=PAGE)
    root = make_post(brand, "New lamps are here!", platform="facebook", is_own=True)
    Post.objects.filter(pk=root.pk).update(external_id=f"{PAGE}_{root.pk}")
    Conversation.objects.filter(pk=root.conversation_id).update(external_id=f"{PAGE}_{root.pk}")
    root = Post.objects.select_related("conversation").get(pk=root.pk)
    comment = make_post(
        brand, text, platform="facebook", conversation=root.conversation, form="comment", in_reply_to=root.external_id
    )
    return make_case(brand, post=comment, **fields)


def answered(user: Any, case: Case, platform: FakePlatform) -> Post:
    """Our answer, as it was sent."""
    reply = approved(user, case, ANSWER)
    carry_out(platform)
    reply.refresh_from_db()
    assert reply.own_post is not None
    return reply.own_post


def carry_out(platform: FakePlatform, **options: Any) -> list[Effect]:
    """What the worker does until nothing is due."""
    done: list[Effect] = []
    while claimed := services.claim_effects(**options):
        for effect in claimed:
            services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect, **options)
        done += claimed
        if len(done) > 20:
            raise AssertionError("the same effects are claimed again and again")
    return done


def acts(platform: FakePlatform) -> list[tuple[str, str]]:
    return [(request.kind, request.target_id) for request in platform.requests]
