"""What was asked about a person's post goes no further once they are erased, and leaves nothing that names them."""

from pathlib import Path
from typing import Any

import pytest

from monitor.audit.models import AuditEvent, AuditText
from monitor.inbox.models import Post
from monitor.privacy.services import erase_author
from monitor.replies import services
from monitor.replies.models import Effect, EffectState
from tests.replies.platform import FakePlatform
from tests.replies.posts import acts, carry_out, make_comment_case
from tests.support.desk import make_case


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> None:
    settings.HOME, settings.EXPORT_FOLDER = tmp_path, tmp_path / "exports"


def test_nothing_is_done_to_an_erased_persons_post_any_more(brand: Any, bob: Any, platform: FakePlatform) -> None:
    post = make_comment_case(brand).deciding_post
    services.request_effect(kind="like", user=bob, post=post)
    carry_out(platform)
    services.request_effect(kind="hide", user=bob, post=post)
    erase_author(platform="facebook", author="author-mia")
    assert carry_out(platform) == [] and [kind for kind, _target in acts(platform)] == ["like"]
    liked, hidden = Effect.objects.order_by("pk")
    assert (liked.state, hidden.state, hidden.error_code) == (EffectState.DONE, EffectState.FAILED, "deleted")
    # What stays are kinds, times and our own numbers: nothing leads to the person.
    post.refresh_from_db()
    kept = [str(value) for row in Effect.objects.values() for value in row.values()]
    kept += [str(event.params) + event.subject_id for event in AuditEvent.objects.filter(subject_kind="post")]
    for trace in ("author-mia", "Mia", "thieves", f"post-{post.pk}"):
        assert not any(trace.casefold() in value.casefold() for value in kept)
    assert post.author_id is None and not Post.objects.get(pk=post.pk).text


def test_why_the_guard_was_overridden_goes_with_the_person(brand: Any, bob: Any) -> None:
    case = make_case(brand)
    reply = services.draft_reply(user=bob, case=case, text="We will refund you tomorrow, please write to us.")
    services.approve(user=bob, reply=reply, override_reason="Mia is a friend of the founder")
    assert AuditText.objects.filter(after__contains="friend of the founder").count() == 1
    assert "friend" not in "".join(str(event.params) for event in AuditEvent.objects.all())
    erase_author(platform="x", author="author-mia")
    assert not AuditText.objects.filter(after__contains="friend").exists()
    assert AuditEvent.objects.filter(act="reply.guard_overridden").exists()


def test_why_an_answer_was_declined_goes_with_the_person_too(brand: Any, bob: Any) -> None:
    reply = services.draft_reply(user=bob, case=make_case(brand), text="We look into it.")
    services.decline(user=bob, reply=reply, why="Mia told us on the phone")
    assert "phone" not in "".join(str(event.params) for event in AuditEvent.objects.all())
    erase_author(platform="x", author="author-mia")
    assert not AuditText.objects.filter(after__contains="phone").exists()
