"""Random faults and kills over many posts: each wish is carried out in its order, and the last one of a post holds."""

import random
from typing import Any

import pytest
from django.utils import timezone

from monitor.inbox.models import Post
from monitor.platforms.base import Receipt, SendRequest
from monitor.platforms.errors import MalformedPayloadError, RateLimitedError, UnavailableError, UnconfirmedSendError
from monitor.replies import services
from monitor.replies.models import Effect, EffectState
from tests.replies.platform import FakePlatform, later
from tests.replies.posts import make_comment_case
from tests.support.desk import make_author

FAULTS = (*["none"] * 6, "down", "slow down", "lost before", "lost after", "odd", "killed before", "killed after")


class Killed(BaseException):
    """The worker is gone: nothing after this line runs."""


class UnreliablePlatform(FakePlatform):
    """Keeps who is hidden and liked, and fails in the way that the next draw says."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance = random.Random(seed)
        self.hidden: set[str] = set()
        self.liked: set[str] = set()
        self.order: list[tuple[str, str]] = []

    def send(self, request: SendRequest) -> Receipt:
        fault = self.chance.choice(FAULTS)
        before = {
            "down": UnavailableError("down"),
            "slow down": RateLimitedError("slow", retry_at=None),
            "lost before": UnconfirmedSendError("no answer"),
            "killed before": Killed(),
        }
        if (error := before.get(fault)) is not None:
            raise error
        target = request.target_id
        self.order.append((target, request.kind))
        of, is_added = {
            "hide": (self.hidden, True), "unhide": (self.hidden, False),
            "like": (self.liked, True), "unlike": (self.liked, False),
        }[request.kind]  # fmt: skip
        of.add(target) if is_added else of.discard(target)
        after = {"lost after": UnconfirmedSendError("no answer"), "odd": MalformedPayloadError("odd")}
        if fault == "killed after":
            raise Killed
        if (error := after.get(fault)) is not None:
            raise error
        return Receipt("")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_last_wish_of_each_post_is_how_it_is_there_and_here(seed: int, brand: Any, bob: Any) -> None:
    platform = UnreliablePlatform(seed)
    posts = [
        make_comment_case(brand, author=make_author(brand, f"P{n}", f"p{n}", "facebook")).deciding_post
        for n in range(6)
    ]
    wanted: dict[int, list[str]] = {post.pk: [] for post in posts}
    moment = timezone.now()
    for step in range(80):
        moment += later(minutes=3) - timezone.now()
        if step < 12:
            post = platform.chance.choice(posts)
            kind = platform.chance.choice(["hide", "unhide", "like", "unlike"])
            try:
                services.request_effect(kind=kind, user=bob, post=post)
                wanted[post.pk].append(kind)
            except services.EffectRefusedError:
                pass  # it would change nothing
        for effect in services.claim_effects(now=moment):
            if platform.chance.random() < 0.1:
                continue  # killed between claim and call
            try:
                services.perform_effect(effect_id=effect.pk, connector_factory=platform.connect, now=moment)
            except Killed:
                continue
        if step >= 12 and not Effect.objects.exclude(state__in=[EffectState.DONE, EffectState.FAILED]).exists():
            break
    ended = Effect.objects.exclude(error_code="withdrawn")
    assert set(ended.values_list("state", flat=True)) == {EffectState.DONE}
    for post in posts:
        now = Post.objects.get(pk=post.pk)
        hiding = [kind for kind in wanted[post.pk] if kind in ("hide", "unhide")]
        liking = [kind for kind in wanted[post.pk] if kind in ("like", "unlike")]
        assert (post.platform_id in platform.hidden) is bool(now.is_hidden) is (hiding[-1:] == ["hide"])
        assert (post.platform_id in platform.liked) is (liking[-1:] == ["like"])
        # Repeated, never out of order.
        done = [kind for target, kind in platform.order if target == post.platform_id]
        once = [kind for at, kind in enumerate(done) if at == 0 or done[at - 1] != kind]
        asked = list(Effect.objects.filter(post=post, state="done").order_by("pk").values_list("kind", flat=True))
        assert once == asked
