"""Whose posts may teach: a list of platforms, and what an importer says of a source; never what a platform forbids."""

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.analysis.services import learn
from monitor.analysis.services.teaching import may_teach
from monitor.audit.models import AuditEvent
from monitor.brands.models import Channel
from monitor.brands.services import TeachingRefusedError, say_may_teach
from monitor.inbox.importing import ImportFileError, import_file
from monitor.inbox.models import Post
from monitor.platforms.registry import allows_learning, asks_about_learning, code_of, may_be_allowed, platform_codes
from tests.analysis.making import make_channel, make_post
from tests.analysis.test_teaching import NumberEngine, correct_topics


def write(folder: Path, *texts: str) -> Path:
    path = folder / "posts.jsonl"
    path.write_text("".join(json.dumps({"id": f"{n}", "text": text}) + "\n" for n, text in enumerate(texts)), "utf-8")
    return path


def teaching(brand: Any) -> set[str]:
    return set(Post.objects.filter(may_teach(brand), brand=brand).values_list("platform", flat=True))


@pytest.mark.parametrize("platform", ["import", "survey", "twitter", "x", "app_store", "mastodon", "bluesky", "feed"])
def test_posts_of_a_source_of_which_nobody_has_said_so_teach_nothing(brand: Any, bob: Any, platform: str) -> None:
    correct_topics(NumberEngine(), brand, bob, platform=platform)
    lesson = learn(brand=brand, engine=NumberEngine())
    assert (lesson.corrected_posts, lesson.left_out, lesson.heads, lesson.report) == (0, 60, None, {})


def test_what_the_importer_says_of_a_source_is_kept_for_it_alone(brand: Any, other_brand: Any, tmp_path: Path) -> None:
    path = write(tmp_path, "late rude agent", "late parcel")
    for word, said in (("survey", True), ("forum", None)):
        report = import_file(path, brand_slug=brand.slug, platform=word, may_teach=said)
        assert report.can_teach is bool(said)
    import_file(path, brand_slug=other_brand.slug, platform="survey")
    assert teaching(brand) == {"survey"} and teaching(other_brand) == set()
    assert AuditEvent.objects.filter(act="import.may_teach", brand_id=brand.pk).count() == 1
    # A later import that says nothing changes nothing; one that says no takes it back.
    assert import_file(path, brand_slug=brand.slug, platform="survey").can_teach
    assert not import_file(path, brand_slug=brand.slug, platform="survey", may_teach=False).can_teach
    assert teaching(brand) == set()
    assert AuditEvent.objects.filter(act="import.may_not_teach", brand_id=brand.pk).count() == 1


def test_posts_filed_as_twitter_are_posts_of_x(brand: Any, tmp_path: Path) -> None:
    report = import_file(write(tmp_path, "late parcel"), brand_slug=brand.slug, platform="twitter")
    assert (report.platform, Post.objects.get().platform, report.can_teach) == ("x", "x", False)


@pytest.mark.parametrize("word", ["x", "twitter", "bluesky", "mastodon", "import", "feed"])
def test_nobody_can_say_so_where_the_terms_say_otherwise_or_no_source_is_named(
    brand: Any, tmp_path: Path, word: str
) -> None:
    with pytest.raises(ImportFileError, match="terms of|Name their source"):
        import_file(write(tmp_path, "late"), brand_slug=brand.slug, platform=word, may_teach=True)
    assert not Post.objects.exists() and not Channel.objects.filter(may_teach=True).exists()


def test_a_word_of_before_that_is_another_name_of_x_never_teaches(brand: Any) -> None:
    """Stored before the name was known, and said to be allowed by whatever way."""
    make_post(brand, "late parcel", platform="twitter")
    Channel.objects.create(brand=brand, platform="twitter", kind="import", external_id="files", may_teach=True)
    assert teaching(brand) == set()


# -- Feeds: of each channel somebody says ---------------------------------------------------------------------------


def feed(brand: Any, address: str = "https://news.example/rss", **fields: Any) -> Channel:
    return Channel.objects.create(brand=brand, platform="feed", kind="feed", external_id=address, **fields)


def taught_by(brand: Any) -> set[str]:
    return set(Post.objects.filter(may_teach(brand), brand=brand).values_list("text", flat=True))


def test_a_feed_teaches_only_where_somebody_has_said_so_of_it(brand: Any, alice: Any) -> None:
    said, unsaid = feed(brand), feed(brand, "https://forum.example/latest.rss")
    make_post(brand, "late, says the one", platform="feed", channel=said)
    make_post(brand, "late, says the other", platform="feed", channel=unsaid)
    assert taught_by(brand) == set()
    say_may_teach(channel=said, may_teach=True, user=alice)
    say_may_teach(channel=said, may_teach=True, user=alice)
    assert taught_by(brand) == {"late, says the one"}
    say_may_teach(channel=said, may_teach=False, user=alice)
    assert taught_by(brand) == set()
    acts = AuditEvent.objects.filter(brand_id=brand.pk).order_by("id").values_list("act", "actor_id")
    assert list(acts) == [("channel.may_teach", alice.pk), ("channel.may_not_teach", alice.pk)]


@pytest.mark.parametrize(
    ("address", "platform"),
    [
        ("https://instance.example/@lumora.rss", "Mastodon"),
        ("https://bsky.app/profile/lumora.example/rss", "Bluesky"),
        ("https://bridges.example/?bridge=TwitterBridge&u=lumora", "X"),
    ],
)
def test_nobody_can_say_so_of_a_feed_of_posts_that_may_not_teach(
    brand: Any, alice: Any, address: str, platform: str
) -> None:
    channel = feed(brand, address)
    with pytest.raises(TeachingRefusedError) as refused:
        say_may_teach(channel=channel, may_teach=True, user=alice)
    assert refused.value.platform == platform
    assert not Channel.objects.filter(may_teach=True).exists() and not AuditEvent.objects.exists()
    # Said before the address was known to be one of those, or by whatever way.
    Channel.objects.update(may_teach=True)
    make_post(brand, "late parcel", platform="feed", channel=channel)
    assert taught_by(brand) == set()


def test_entries_that_repeat_posts_that_may_not_teach_are_left_out_of_any_feed(brand: Any, alice: Any) -> None:
    """A bridge whose own address tells nothing."""
    channel = feed(brand, "https://feeds.example/4711.xml")
    say_may_teach(channel=channel, may_teach=True, user=alice)
    for number, url in enumerate(
        ["https://x.com/mia/status/1", "https://instance.example/@mia/113456789012345678", "https://news.example/1", ""]
    ):
        make_post(brand, f"late {number}", platform="feed", channel=channel, url=url)
    Post.objects.create(
        brand=brand, platform="feed", external_id="https://nitter.net/mia/status/2", channel=channel, form="post",
        conversation=Post.objects.earliest("pk").conversation, text="late 4",
    )  # fmt: skip
    assert taught_by(brand) == {"late 2", "late 3"}


def test_of_other_platforms_nobody_is_asked(brand: Any, alice: Any) -> None:
    channel = make_channel(brand, platform="x")
    for may_teach_ in (True, False):
        with pytest.raises(TeachingRefusedError):
            say_may_teach(channel=channel, may_teach=may_teach_, user=alice)


def test_what_is_said_of_a_feed_counts_for_its_brand_alone(brand: Any, other_brand: Any, alice: Any) -> None:
    say_may_teach(channel=feed(brand), may_teach=True, user=alice)
    make_post(other_brand, "late", platform="feed", channel=feed(other_brand))
    assert taught_by(other_brand) == set()


def test_platforms_teach_only_where_their_declaration_says_so() -> None:
    assert allows_learning() == {"facebook", "instagram"} and asks_about_learning() == {"feed"}
    assert code_of("twitter") == "x" and code_of("survey") == "survey"
    assert [code for code in platform_codes() if may_be_allowed(code)] == []
    assert may_be_allowed("survey") and not may_be_allowed("twitter")
