"""A word that stands nowhere else walks through the whole product, and goes from all of it with its post.

From the simulated platform through webhook, journal, reading, case, suggestion, drafts, notices, exports, learning and
replay; then the post is deleted there, the sweep runs, and every column of every table and every file is searched.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from monitor.analysis import services as analysis
from monitor.analysis.models import SampledPost
from monitor.analysis.services.sampling import draw_sample, judge
from monitor.api.services import hold_delivery, take_deliveries
from monitor.brands.models import Brand, Channel, User
from monitor.cases import services as cases
from monitor.cases.models import Case
from monitor.demo.setup import create_demo
from monitor.inbox import selectors as inbox
from monitor.inbox.models import Post, Recheck
from monitor.inbox.services import (
    PutAside,
    collect_channel,
    put_aside,
    replay_quarantined,
    request_reading_back,
    request_replay,
    reread_some,
)
from monitor.privacy import services as privacy
from monitor.replies import services as replies
from monitor.replies.models import SuggestedReply
from monitor.simulators import meta_push, x_push
from monitor.simulators.pushing import Hook, written
from monitor.simulators.world import Entry
from monitor.trends.exports import export
from tests.support.simulated import Simulated, simulated_platforms
from tests.support.traces import columns, files_with, traces_of
from workers import collect as collecting
from workers import pipeline, watch

pytestmark = pytest.mark.django_db(transaction=True)

#: In no language, brand or fixture.
WORD: Final = "quetzalwort"
#: What its author wrote first, and replaced.
OLD: Final = "zzyzxwort"
#: Where words of a deleted post may stay, and why.
ALLOWED: Final = {
    "cases_note.text": "a colleague's own words; the page and docs/privacy.md say: do not paste posts there",
    "cases_handoff.note": "the same: what a colleague wrote to whoever takes the case over",
    "analysis_brandtopic.examples": "the brand's own description of a topic; the same is said there",
}
#: Where the number of a deleted post may stay, and why.
ALLOWED_NUMBERS: Final = {
    "brands_channelstream.cursor": "how far a list was read; overwritten as it is read on",
    "inbox_conversation.external_id": "of a thread in which others go on; it goes with the last living post",
    "inbox_rawevent.body": "what somebody else's answer answers, as the platform numbers it; no words",
}


@dataclass
class Story:
    platforms: Simulated
    brand: Brand
    lead: User
    channel: Channel
    entry: Entry
    numbers: tuple[str, ...] = ()


@pytest.fixture
def platforms() -> Iterator[Simulated]:
    with simulated_platforms() as running:
        yield running


def begin(platforms: Simulated, platform: str) -> Story:
    settings.EXPORT_FOLDER.mkdir()
    brand = create_demo(platforms.address)
    lead = User.objects.get(email="mara@lumora.example")
    channel = Channel.objects.exclude(kind="search").get(platform=platform)
    handle, parent = platforms.world.brands[platform].handle, ""
    if platform in ("facebook", "instagram"):
        parent = platforms.world.publish(platform, platforms.world.brands[platform], "our news").identifier
    text = f"@{handle} my parcel {OLD} never came, this is awful, I want my money back! Order LUM-4711-{OLD}"
    story = Story(platforms, brand, lead, channel, platforms.person_says(platform, text, parent_id=parent))
    push(story, "published")
    collect(story)
    pipeline.advance()
    return story


def edit(story: Story) -> None:
    platform, world = story.channel.platform, story.platforms.world
    first = story.entry.identifier
    world.shift_clock(30)
    handle = world.brands[platform].handle
    world.edit(
        first, f"@{handle} my parcel {WORD} never came, this is awful, I want my money back! {WORD}@{WORD}.example"
    )
    push(story, "edited")
    collect(story)
    recheck(story)
    pipeline.advance()
    story.numbers = tuple(dict.fromkeys([*story.entry.history, first, story.entry.identifier]))


def push(story: Story, kind: str, about: Any = None) -> None:
    """As the platform's webhook brings it, where it has one."""
    if story.channel.platform not in ("x", "facebook", "instagram"):
        return
    hold(story, kind, about)
    take_deliveries()


def hold(story: Story, kind: str, about: Any = None, *, spoil: bool = False) -> None:
    sender, module = ("x", x_push) if story.channel.platform == "x" else ("meta", meta_push)
    hook = Hook("1", sender, "http://127.0.0.1/", "s", story.platforms.world.now())
    for body in module.bodies(story.platforms.world, hook, kind, about or story.entry):  # type: ignore[attr-defined]
        hold_delivery(sender=sender, raw=b'{"later": [' + written(body) + b"]" if spoil else written(body))


def collect(story: Story, *, from_the_start: bool = False) -> None:
    for stream in story.channel.streams.all():
        story.channel.streams.filter(pk=stream.pk).update(
            next_poll_at=timezone.now(), **({"cursor": {}} if from_the_start else {})
        )
        report = collect_channel(channel_id=story.channel.pk, stream=stream.name)
        assert not report.error and not report.skipped, (stream.name, report)


def recheck(story: Story) -> None:
    inbox.due_rechecks(limit=100)
    Recheck.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    for scope in ("cases", "recent"):
        collecting.recheck(story.channel.pk, scope)


def quote(story: Story) -> None:
    """Somebody else answers, and quotes where the platform has that: the journal holds the words with theirs."""
    world, entry = story.platforms.world, story.entry
    name = f"@{world.brands[story.channel.platform].handle}"
    answers = [story.platforms.person_says(
        story.channel.platform, f"{name} the same here", handle="tom", parent_id=entry.identifier)]  # fmt: skip
    if story.channel.platform in ("x", "bluesky", "mastodon"):
        answers.append(story.platforms.person_says(
            story.channel.platform, f"{name} look at that", handle="tom", quoted_id=entry.identifier))  # fmt: skip
    for answer in answers:
        push(story, "published", answer)
    collect(story)
    pipeline.advance()


def work_on_it(story: Story, home: Path) -> None:
    """What colleagues and machine make of it: drafts that quote it, notes, verdicts, samples, searches, files."""
    post = the_post(story)
    case = Case.objects.get(case_posts__post=post)
    assert SuggestedReply.objects.filter(post=post).exists()
    draft = replies.draft_reply(user=story.lead, case=case, text=f"About {WORD}: sorry!")
    replies.edit(user=story.lead, reply=draft, text=f"About {WORD} and {OLD}: we are sorry!")
    replies.submit(user=story.lead, reply=draft)
    cases.escalate(user=story.lead, case=case, why=f"{WORD} and {OLD}")
    cases.offer_hand_off(user=story.lead, case=case, to="email", note=f"{WORD} and {OLD}")
    cases.add_tag(user=story.lead, case=case, tag=WORD[:20])
    cases.add_note(user=story.lead, case=case, text=f"A colleague typed {WORD} and {OLD}")
    analysis.correct(user=story.lead, post=post, field="topic", value="refund", confirms=True)
    draw_sample(brand_id=story.brand.pk, day=timezone.now().date())
    for sampled in SampledPost.objects.filter(post=post):
        judge(user=story.lead, sampled=sampled, is_complaint=True)
    watch.fold_trends()
    look_at_pages(story, case)
    for kind in ("posts", "cases", "trends"):
        for format in ("csv", "jsonl", "xlsx", "parquet"):
            export(kind, format=format, out=home / "exports" / f"{kind}.{format}", with_people=True)
    spoil(story)


def look_at_pages(story: Story, case: Case) -> None:
    client = Client()
    client.force_login(story.lead)
    for path in (f"cases/{case.reference}/", f"queue/?q={WORD}", f"posts/?q={WORD}", "posts/", "alerts/", "quality/"):
        assert client.get(f"/b/{story.brand.slug}/{path}").status_code == 200, path


def spoil(story: Story) -> None:
    """What could not be read of it, in both places where that is kept."""
    params = {"kind": "post", "external_id": story.numbers[0], "author_ids": [], "post_ids": list(story.numbers)}
    body = json.dumps({"text": WORD}).encode()
    put_aside(
        brand_id=story.brand.pk, channel_id=story.channel.pk,
        found=[PutAside("mentions", "event.malformed", body, params)],
    )  # fmt: skip
    if story.channel.platform in ("x", "facebook"):
        hold(story, "edited", spoil=True)
        take_deliveries()


def the_post(story: Story) -> Post:
    return Post.objects.get(text__contains=WORD, is_own=False)


def take_away(story: Story, how: str) -> None:
    if how == "deleted":
        story.platforms.world.delete(story.entry.identifier)
    else:
        story.platforms.world.set_standing(story.entry.author, how)
    recheck(story)
    privacy.sweep_retention(now=timezone.now())


def nothing_is_left(story: Story, home: Path) -> None:
    assert set(traces_of(WORD, OLD)) <= set(ALLOWED)
    assert set(traces_of(*story.numbers)) <= set(ALLOWED_NUMBERS)
    assert files_with(home, WORD, OLD, *story.numbers) == []


def try_everything_again(story: Story, home: Path) -> None:
    """Every way by which it once came, and every one by which things come back."""
    replay_quarantined(brand_id=story.brand.pk)
    request_replay(channel=story.channel, since=timezone.now() - timedelta(days=1), user=story.lead)
    if story.channel.platform != "instagram":
        request_reading_back(channel=story.channel, days=2, user=story.lead)
    for _page in range(40):
        if reread_some() is None:
            break
    collect(story, from_the_start=True)
    spoil(story)
    pipeline.advance()
    analysis.renew_some(limit=100)
    analysis.learn(brand=story.brand)
    watch.fold_trends()
    privacy.sweep_retention(now=timezone.now())
    for kind in ("posts", "cases", "trends"):
        export(kind, format="jsonl", out=home / "exports" / f"again-{kind}.jsonl", with_people=True)


def test_the_search_sees_every_table(db: None) -> None:
    tables = {table for table, _column in columns()}
    assert {"inbox_post", "inbox_rawevent", "audit_audittext", "django_session", "api_helddelivery"} <= tables


@pytest.mark.parametrize(
    ("platform", "how"), [("x", "deleted"), ("x", "protected"), ("facebook", "deleted"), ("mastodon", "deleted")]
)
def test_a_word_goes_from_everywhere_with_its_post(platforms: Simulated, home: Path, platform: str, how: str) -> None:
    story = begin(platforms, platform)
    late = [written(body) for body in x_push.bodies(platforms.world, Hook("1", "x", "", "s", platforms.world.now()),
            "published", story.entry)] if platform == "x" else []  # fmt: skip
    edit(story)
    quote(story)
    work_on_it(story, home)
    rooms = {place.split("_")[0] for place in traces_of(WORD)}
    assert {"inbox", "cases", "replies", "audit"} <= rooms and len(files_with(home, WORD)) >= 3
    before = Post.objects.count()
    take_away(story, how)
    assert Post.objects.count() == before, "the skeleton stays"
    nothing_is_left(story, home)
    for raw in late:
        hold_delivery(sender="x", raw=raw)
    take_deliveries()
    if how != "deleted":
        story.platforms.world.set_standing(story.entry.author, "")
    try_everything_again(story, home)
    nothing_is_left(story, home)
    assert Post.objects.filter(text__contains="the same here").exists(), "the others stay"


@pytest.mark.parametrize("platform", ["x", "facebook", "mastodon"])
def test_words_that_were_replaced_go_from_everywhere(platforms: Simulated, home: Path, platform: str) -> None:
    story = begin(platforms, platform)
    assert traces_of(OLD)
    case = Case.objects.get(case_posts__post__text__contains=OLD)
    replies.draft_reply(user=story.lead, case=case, text="We are sorry!")
    for kind in ("posts", "cases"):
        export(kind, format="csv", out=home / "exports" / f"{kind}.csv", with_people=True)
    edit(story)
    privacy.sweep_retention(now=timezone.now())
    assert traces_of(OLD) == [] and files_with(home, OLD) == []
    assert traces_of(WORD), "the new ones are there"
