"""The daily sample: drawn once, by chance, from every language and platform; a verdict counts and has consequences."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from monitor.analysis.models import Analysis, Correction, SampledPost, SampleStratum
from monitor.analysis.quality import measure
from monitor.analysis.samples import measured_between, measured_of, next_draw, next_to_judge, progress
from monitor.analysis.selectors import current_reading
from monitor.analysis.services import CorrectionError, correct
from monitor.analysis.services.sampling import PATIENCE_DAYS, draw_due_samples, draw_sample, judge
from monitor.audit.models import AuditEvent
from monitor.brands.models import Brand
from monitor.inbox.models import Post, Stage
from tests.support.desk import analyze, make_post

pytestmark = pytest.mark.django_db

DAY = date(2026, 5, 4)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
NEXT_DAY = datetime(2026, 5, 5, 9, tzinfo=UTC)


def _make(brand: Any, count: int = 1, *, complaint: bool = False, language: str = "en", **fields: Any) -> list[Post]:
    fields = {"at": NOON, **fields}
    posts = [make_post(brand, f"Post {number}", **fields) for number in range(count)]
    for post in posts:
        read = {"intent": "complaint", "severity": 2} if complaint else {"intent": "chatter", "severity": 0}
        analyze(post, complaint=complaint, language=language, **read)
    return posts


def _drawn(**only: Any) -> set[int]:
    return set(SampledPost.objects.filter(**only).values_list("post_id", flat=True))


def test_twenty_of_one_kind_and_ten_of_the_other_are_drawn(brand: Any) -> None:
    _make(brand, 30)
    _make(brand, 15, complaint=True)
    assert draw_sample(brand_id=brand.pk, day=DAY) == 30
    assert len(_drawn(said_complaint=False)) == 20
    assert len(_drawn(said_complaint=True)) == 10


def test_a_small_day_is_drawn_whole(brand: Any) -> None:
    posts = _make(brand, 3) + _make(brand, 2, complaint=True)
    assert draw_sample(brand_id=brand.pk, day=DAY) == 5
    assert _drawn() == {post.pk for post in posts}
    one = SampledPost.objects.get(post=posts[-1])
    assert (one.said_complaint, one.language, one.platform, one.model_version) == (True, "en", "x", "test-1")
    assert (one.drawn_on, one.is_complaint) == (DAY, None)


def test_the_sizes_are_a_setting(brand: Any, settings: Any) -> None:
    settings.QUALITY_SAMPLE, settings.QUALITY_SAMPLE_COMPLAINTS = 4, 0
    _make(brand, 8)
    _make(brand, 2, complaint=True)
    assert draw_sample(brand_id=brand.pk, day=DAY) == 4
    assert not _drawn(said_complaint=True)


def test_a_day_is_drawn_once_however_often_it_is_asked_for(brand: Any) -> None:
    _make(brand, 30)
    draw_sample(brand_id=brand.pk, day=DAY)
    before = _drawn()
    _make(brand, 5)
    assert draw_sample(brand_id=brand.pk, day=DAY) == 0
    assert draw_due_samples(now=NEXT_DAY) == 0
    assert _drawn() == before


@pytest.mark.django_db(transaction=True)
def test_workers_that_draw_at_the_same_time_draw_one_sample(brand: Any) -> None:
    _make(brand, 40)

    def draw(_number: int) -> int:
        try:
            return draw_sample(brand_id=brand.pk, day=DAY)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        assert sorted(workers.map(draw, range(4))) == [0, 0, 0, 20]
    assert SampledPost.objects.count() == 20


def test_nothing_is_drawn_that_nobody_should_judge(brand: Any, other_brand: Any) -> None:
    wanted = _make(brand)
    _make(other_brand)
    _make(brand, is_own=True, author=None)
    _make(brand, deleted_at=NOON)
    make_post(brand, "Never read", at=NOON)
    _make(brand, arrival="import", at=NOON - timedelta(days=300))
    _make(brand, at=datetime(2026, 5, 3, 23, 59, 59, tzinfo=UTC))
    _make(brand, at=datetime(2026, 5, 5, tzinfo=UTC))
    draw_sample(brand_id=brand.pk, day=DAY)
    assert _drawn() == {wanted[0].pk}
    assert SampleStratum.objects.get().population == 1


def test_small_languages_and_platforms_are_not_forgotten(brand: Any, settings: Any) -> None:
    settings.QUALITY_SAMPLE = 10
    _make(brand, 60)
    _make(brand, 3, language="th")
    _make(brand, 3, platform="facebook")
    draw_sample(brand_id=brand.pk, day=DAY)
    drawn = Counter(SampledPost.objects.values_list("language", "platform"))
    assert drawn["th", "x"] >= 1 and drawn["en", "facebook"] >= 1
    assert drawn["en", "x"] >= 6


def test_within_a_stratum_chance_decides(brand: Any, settings: Any) -> None:
    settings.QUALITY_SAMPLE = 5
    posts = _make(brand, 20)
    times: Counter[int] = Counter()
    for _round in range(60):
        SampleStratum.objects.all().delete()
        SampledPost.objects.all().delete()
        draw_sample(brand_id=brand.pk, day=DAY)
        times.update(_drawn())
    # Each is expected 15 times; the chance that any misses these bounds is below one in a thousand.
    assert set(times) == {post.pk for post in posts}
    assert min(times.values()) >= 2 and max(times.values()) <= 31


def test_the_whole_population_is_counted_also_where_nothing_was_drawn(brand: Any, settings: Any) -> None:
    settings.QUALITY_SAMPLE, settings.QUALITY_SAMPLE_COMPLAINTS = 1, 1
    _make(brand, 9)
    _make(brand, 1, language="th")
    _make(brand, 2, complaint=True)
    draw_sample(brand_id=brand.pk, day=DAY)
    counted = {(one.said_complaint, one.language): one.population for one in SampleStratum.objects.all()}
    assert counted == {(False, "en"): 9, (False, "th"): 1, (True, "en"): 2}


def test_every_brand_has_its_sample_once_its_day_is_over(brand: Any, other_brand: Any) -> None:
    _make(brand, 2)
    _make(other_brand, 3)
    assert draw_due_samples(now=datetime(2026, 5, 5, 0, 30, tzinfo=UTC)) == 0, "late posts may still come in"
    assert draw_due_samples(now=NEXT_DAY) == 5
    assert set(SampledPost.objects.values_list("brand__slug", flat=True)) == {"lumora", "nordhaus"}


def test_a_day_waits_until_its_backlog_is_read(brand: Any, other_brand: Any) -> None:
    _make(brand, 2)
    late, undecided = make_post(brand, "Late", at=NOON, stage=Stage.RECEIVED), _make(brand, stage=Stage.ANALYZED)[0]
    _make(other_brand, 3)
    assert draw_due_samples(now=NEXT_DAY) == 3, "another brand does not wait for it"
    analyze(late, complaint=False, intent="chatter", severity=0)
    Post.objects.filter(pk=late.pk).update(stage=Stage.TRIAGED)
    assert draw_due_samples(now=NEXT_DAY + timedelta(days=1)) == 0
    Post.objects.filter(pk=undecided.pk).update(stage=Stage.TRIAGED)
    assert draw_due_samples(now=NEXT_DAY + timedelta(days=1)) == 4
    assert _drawn(brand=brand) >= {late.pk, undecided.pk}
    assert set(SampleStratum.objects.filter(brand=brand).values_list("drawn_on", "population")) == {(DAY, 4)}


def test_a_day_that_is_never_read_whole_is_drawn_as_it_is(brand: Any) -> None:
    _make(brand, 2)
    make_post(brand, "Stuck", at=NOON, stage=Stage.RECEIVED)
    assert draw_due_samples(now=NEXT_DAY + timedelta(days=PATIENCE_DAYS - 1)) == 0
    assert draw_due_samples(now=NEXT_DAY + timedelta(days=PATIENCE_DAYS)) == 2


def test_a_day_does_not_wait_for_what_nobody_reads(brand: Any) -> None:
    _make(brand, 2)
    make_post(brand, at=NOON, stage=Stage.RECEIVED, is_own=True)
    make_post(brand, at=NOON, stage=Stage.RECEIVED, deleted_at=NOON)
    make_post(brand, at=NOON, stage=Stage.QUARANTINED)
    make_post(brand, at=NOON + timedelta(days=1), stage=Stage.RECEIVED)
    assert draw_due_samples(now=NEXT_DAY) == 2


def test_a_brand_that_is_drawn_costs_one_query(brand: Any, django_assert_num_queries: Any) -> None:
    _make(brand, 2)
    Brand.objects.create(slug="quiet", name="Quiet")
    draw_due_samples(now=NEXT_DAY)
    with django_assert_num_queries(1):
        draw_due_samples(now=NEXT_DAY)


def test_what_was_put_aside_is_a_part_of_its_own(brand: Any, settings: Any) -> None:
    settings.QUALITY_SAMPLE_PUT_ASIDE = 4
    spam = {post.pk for post in _make(brand, 7) + _make(brand, 2, complaint=True)}
    others = _make(brand, 3)
    asked: list[tuple[int, datetime, datetime]] = []

    def put_aside(brand_id: int, since: datetime, until: datetime) -> set[int]:
        asked.append((brand_id, since, until))
        return spam

    assert draw_due_samples(now=NEXT_DAY, put_aside=put_aside) == 7
    midnight = datetime(2026, 5, 4, tzinfo=UTC)
    assert asked == [(brand.pk, midnight, midnight + timedelta(days=1))]
    assert len(_drawn(put_aside=True) & spam) == 4
    assert _drawn(put_aside=False) == {post.pk for post in others}
    strata = {(one.put_aside, one.said_complaint): one.population for one in SampleStratum.objects.all()}
    assert strata == {(True, False): 7, (True, True): 2, (False, False): 3}


def test_what_is_being_read_anew_after_an_edit_is_not_drawn(brand: Any) -> None:
    edited, kept = _make(brand, 2)
    Post.objects.filter(pk=edited.pk).update(version=2)
    draw_sample(brand_id=brand.pk, day=DAY)
    assert _drawn() == {kept.pk}
    assert SampledPost.objects.get().post_version == 1


# -- Verdicts ------------------------------------------------------------------------------------------------------


@pytest.fixture
def missed(brand: Any) -> SampledPost:
    """A complaint that was read as none."""
    (post,) = _make(brand)
    draw_sample(brand_id=brand.pk, day=DAY)
    return SampledPost.objects.get(post=post)


def test_a_verdict_that_agrees_is_stored_and_changes_nothing(missed: SampledPost, bob: Any) -> None:
    judged = judge(user=bob, sampled=missed, is_complaint=False)
    assert (judged.is_complaint, judged.judged_by, judged.judged_at is not None) == (False, bob, True)
    assert not Correction.objects.exists()
    assert Post.objects.get().stage == Stage.TRIAGED


def test_a_missed_complaint_is_corrected_and_goes_back_to_triage(missed: SampledPost, bob: Any) -> None:
    judge(user=bob, sampled=missed, is_complaint=True)
    assert Correction.objects.get(field="complaint").value == "true"
    reading = current_reading(missed.post_id)
    assert reading is not None and reading.complaint and reading.intent == "complaint"
    assert Post.objects.get().stage == Stage.ANALYZED


def test_a_wrongly_found_complaint_is_corrected_and_stays_where_it_is(brand: Any, bob: Any) -> None:
    _make(brand, complaint=True)
    draw_sample(brand_id=brand.pk, day=DAY)
    judge(user=bob, sampled=SampledPost.objects.get(), is_complaint=False)
    assert Correction.objects.get(field="complaint").value == "false"
    assert Post.objects.get().stage == Stage.TRIAGED


def test_the_verdict_is_on_record(missed: SampledPost, bob: Any) -> None:
    judge(user=bob, sampled=missed, is_complaint=True)
    event = AuditEvent.objects.get(act="sample.judged")
    assert (event.actor_id, event.params) == (bob.pk, {"is_complaint": True, "said_complaint": False})
    assert AuditEvent.objects.filter(act="post.corrected").count() == 1


def test_the_last_verdict_counts(missed: SampledPost, bob: Any, alice: Any) -> None:
    judge(user=bob, sampled=missed, is_complaint=True)
    judge(user=alice, sampled=missed, is_complaint=False)
    missed.refresh_from_db()
    assert (missed.is_complaint, missed.judged_by) == (False, alice)
    reading = current_reading(missed.post_id)
    assert reading is not None
    assert (reading.complaint, reading.intent, reading.severity) == (False, "chatter", 0)
    assert set(Correction.objects.filter(is_current=True).values_list("field", flat=True)) == {"complaint"}
    assert progress(missed.brand_id, NEXT_DAY).judged == 1


@pytest.mark.parametrize(("field", "value"), [("complaint", False), ("severity", 0), ("intent", "praise")])
def test_so_does_what_is_said_of_it_later_in_another_place(
    missed: SampledPost, bob: Any, alice: Any, field: str, value: Any
) -> None:
    judge(user=bob, sampled=missed, is_complaint=True)
    correct(user=alice, post=missed.post, field="topic", value="service")
    missed.refresh_from_db()
    assert (missed.is_complaint, missed.judged_by) == (True, bob)
    correct(user=alice, post=missed.post, field=field, value=value)
    missed.refresh_from_db()
    assert (missed.is_complaint, missed.judged_by) == (False, alice)
    (stratum,) = measured_of(missed.brand_id, NEXT_DAY).strata
    assert (stratum.judged, stratum.complaints) == (1, 0)


def test_a_correction_judges_nothing_that_nobody_judged_nor_words_that_were_edited(
    missed: SampledPost, bob: Any
) -> None:
    correct(user=bob, post=missed.post, field="complaint", value=True)
    missed.refresh_from_db()
    assert missed.is_complaint is None, "judged would be what somebody cared for, and not what chance drew"
    judge(user=bob, sampled=missed, is_complaint=True)
    Post.objects.update(version=2)
    correct(user=bob, post=missed.post, field="complaint", value=False)
    missed.refresh_from_db()
    assert missed.is_complaint is True


def test_only_those_who_answer_judge(missed: SampledPost, charlie: Any) -> None:
    with pytest.raises(PermissionDenied):
        judge(user=charlie, sampled=missed, is_complaint=False)
    missed.refresh_from_db()
    assert missed.is_complaint is None


def test_what_was_deleted_is_not_judged_and_not_shown(missed: SampledPost, bob: Any) -> None:
    Post.objects.update(deleted_at=timezone.now(), text="")
    with pytest.raises(CorrectionError):
        judge(user=bob, sampled=missed, is_complaint=False)
    assert next_to_judge(missed.brand_id, now=NEXT_DAY) is None


def test_what_was_edited_since_is_not_judged_and_not_shown(missed: SampledPost, bob: Any) -> None:
    Post.objects.update(version=2, text="Something else")
    with pytest.raises(CorrectionError):
        judge(user=bob, sampled=missed, is_complaint=True)
    missed.refresh_from_db()
    assert missed.is_complaint is None
    assert next_to_judge(missed.brand_id, now=NEXT_DAY) is None
    assert progress(missed.brand_id, NEXT_DAY).drawn == 0


def test_a_verdict_on_what_was_read_stays_when_the_post_is_edited_later(missed: SampledPost, bob: Any) -> None:
    judge(user=bob, sampled=missed, is_complaint=False)
    Post.objects.update(version=2)
    (stratum,) = measured_of(missed.brand_id, NEXT_DAY).strata
    assert stratum.judged == 1


def test_a_complaint_that_was_put_aside_is_confirmed_and_goes_back_to_triage(brand: Any, bob: Any) -> None:
    (post,) = _make(brand, complaint=True)
    draw_sample(brand_id=brand.pk, day=DAY, put_aside=lambda *_asked: [post.pk])
    sampled = SampledPost.objects.get()
    assert sampled.put_aside and sampled.said_complaint
    judge(user=bob, sampled=sampled, is_complaint=False, is_put_aside=True)
    assert Post.objects.get().stage == Stage.TRIAGED
    judge(user=bob, sampled=sampled, is_complaint=True, is_put_aside=True)
    assert Post.objects.get().stage == Stage.ANALYZED
    assert Correction.objects.get(field="complaint", is_current=True).value == "true"


# -- What the verdicts come to -------------------------------------------------------------------------------------


def test_the_model_is_measured_not_what_colleagues_mended(brand: Any, bob: Any) -> None:
    """A case that was corrected before the draw still shows what the model had said."""
    (post,) = _make(brand, complaint=True)
    correct(user=bob, post=post, field="complaint", value=False)
    draw_sample(brand_id=brand.pk, day=DAY)
    judge(user=bob, sampled=SampledPost.objects.get(), is_complaint=False)
    (stratum,) = measured_of(brand.pk, NEXT_DAY).strata
    assert (stratum.said_complaint, stratum.judged, stratum.complaints) == (True, 1, 0)


def test_strata_hold_populations_and_verdicts_of_four_weeks(brand: Any, other_brand: Any, bob: Any) -> None:
    _make(brand, 25)
    _make(brand, 24, complaint=True)
    _make(other_brand, 5)
    draw_due_samples(now=NEXT_DAY)
    later = NOON + timedelta(days=1)
    _make(brand, 25, at=later)
    _make(brand, 24, at=later, complaint=True)
    draw_due_samples(now=NEXT_DAY + timedelta(days=1))
    SampledPost.objects.filter(brand=brand).update(is_complaint=False)
    right = SampledPost.objects.filter(brand=brand, said_complaint=True).values("pk")[:15]
    SampledPost.objects.filter(pk__in=right).update(is_complaint=True)
    found = measure(measured_of(brand.pk, NEXT_DAY).strata)
    assert (found.judged_said, found.judged_unsaid) == (20, 40)
    assert found.precision is not None and found.precision.value == 0.75
    assert found.recall is not None and found.recall.value == 1
    assert measured_of(brand.pk, NEXT_DAY + timedelta(days=30)).strata == ()


def test_posts_come_for_review_mixed_the_latest_day_first_and_skipped_ones_later(brand: Any) -> None:
    _make(brand, 20)
    _make(brand, 10, complaint=True)
    draw_sample(brand_id=brand.pk, day=DAY)
    _make(brand, 1, at=NOON + timedelta(days=1))
    draw_sample(brand_id=brand.pk, day=DAY + timedelta(days=1))
    now = NEXT_DAY + timedelta(days=1)
    seen: list[SampledPost] = []
    while one := next_to_judge(brand.pk, after=seen[-1].pk if seen else None, now=now):
        seen.append(one)
    assert len(seen) == 31
    assert seen[0].drawn_on == DAY + timedelta(days=1)
    kinds = [one.said_complaint for one in seen[1:]]
    assert kinds != sorted(kinds) and kinds != sorted(kinds, reverse=True), "the order must not give the reading away"
    SampledPost.objects.filter(pk=seen[0].pk).update(is_complaint=False)
    assert next_to_judge(brand.pk, now=now) == seen[1]
    assert (progress(brand.pk, now).judged, progress(brand.pk, now).drawn) == (1, 31)
    assert next_to_judge(brand.pk, now=now + timedelta(days=10)) is None


def _counted(brand: Any, day: date, population: int, verdicts: int) -> None:
    """A day of posts read as no complaint."""
    kind = {"brand": brand, "drawn_on": day, "said_complaint": False, "model_version": "m", "language": "en"}
    SampleStratum.objects.create(platform="x", population=population, **kind)
    for _number in range(verdicts):
        SampledPost.objects.create(post=make_post(brand, at=NOON), platform="x", is_complaint=False, **kind)


def test_days_of_like_volume_are_counted_together_and_others_apart(brand: Any) -> None:
    for back, (population, verdicts) in enumerate([(100, 2), (110, 1), (1000, 2), (1, 0)]):
        _counted(brand, DAY - timedelta(days=back), population, verdicts)
    found = {(one.volume, one.population, one.judged) for one in measured_of(brand.pk, NEXT_DAY).strata}
    assert found == {(11, 210, 3), (17, 1000, 2), (0, 1, 0)}  # 1.5 ** 11 is 86, and ** 12 is 130


def test_a_span_of_days_is_measured_whatever_model_read_it(brand: Any) -> None:
    _judged_by(brand, "one", DAY - timedelta(days=3), 1, 2)
    _judged_by(brand, "two", DAY - timedelta(days=2), 1, 2)
    _judged_by(brand, "two", DAY, 4, 4)
    strata = measured_between(brand.pk, DAY - timedelta(days=3), DAY - timedelta(days=2))
    assert {(one.said_complaint, one.population, one.judged) for one in strata} == {(True, 20, 2), (False, 40, 4)}


def _judged_by(brand: Any, version: str, day: date, said: int, unsaid: int) -> None:
    """Verdicts, half of them "complaint", on readings of a model."""
    for is_said, count in ((True, said), (False, unsaid)):
        kind = {"brand": brand, "drawn_on": day, "said_complaint": is_said, "model_version": version}
        SampleStratum.objects.create(language="en", platform="x", population=10 * count, **kind)
        for number in range(count):
            post = make_post(brand, "Post", at=NOON)
            verdict = {"is_complaint": number % 2 == 0}
            SampledPost.objects.create(post=post, language="en", platform="x", **kind, **verdict)


def test_the_present_model_is_measured_by_itself_once_it_has_enough_verdicts(brand: Any) -> None:
    _judged_by(brand, "one", DAY - timedelta(days=1), 30, 30)
    _judged_by(brand, "two", DAY, 20, 20)
    found = measured_of(brand.pk, NEXT_DAY)
    assert (sum(one.judged for one in found.strata), found.former_verdicts) == (40, 0)
    assert {(one.said_complaint, one.population) for one in found.strata} == {(True, 200), (False, 200)}


def test_until_then_older_readings_are_among_them_and_that_is_told(brand: Any) -> None:
    _judged_by(brand, "one", DAY - timedelta(days=1), 30, 30)
    _judged_by(brand, "two", DAY, 19, 20)
    found = measured_of(brand.pk, NEXT_DAY)
    assert found.former_verdicts == 60
    posts, verdicts = Counter[bool](), Counter[bool]()
    for one in found.strata:
        posts[one.said_complaint] += one.population
        verdicts[one.said_complaint] += one.judged
    assert posts == {True: 490, False: 500}
    assert verdicts == {True: 49, False: 50}


def test_after_a_roll_back_the_former_model_is_the_present_one(brand: Any) -> None:
    _judged_by(brand, "one", DAY - timedelta(days=2), 20, 20)
    _judged_by(brand, "two", DAY - timedelta(days=1), 30, 30)
    _judged_by(brand, "one", DAY, 1, 1)
    found = measured_of(brand.pk, NEXT_DAY)
    assert (sum(one.judged for one in found.strata), found.former_verdicts) == (42, 0)


def test_two_models_of_one_day_are_drawn_apart(brand: Any) -> None:
    old, new = _make(brand, 2)
    Analysis.objects.filter(post=new).update(model_version="test-2")
    draw_sample(brand_id=brand.pk, day=DAY)
    assert set(SampleStratum.objects.values_list("model_version", "population")) == {("test-1", 1), ("test-2", 1)}
    assert SampledPost.objects.get(post=old).model_version == "test-1"


@pytest.mark.parametrize(("hour", "day"), [(0, 4), (1, 5), (23, 5)])
def test_the_next_sample_is_drawn_an_hour_after_midnight(hour: int, day: int) -> None:
    assert next_draw(datetime(2026, 5, 4, hour, tzinfo=UTC)) == datetime(2026, 5, day, 1, tzinfo=UTC)
