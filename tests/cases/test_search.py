"""Cases are found by the words of their posts and by who wrote them, through an index, in every script."""

from typing import Any

import pytest
from django.db import connection

from monitor.cases.models import Case
from monitor.cases.search import saying, words_of
from monitor.cases.services import open_cases
from monitor.inbox.models import Post
from monitor.triage.services import TriageOutcome
from tests.support.desk import analyze, make_author, make_case, make_post


def found(*words: str, with_private: bool = True) -> set[int]:
    return set(saying(Case.objects.all(), words, with_private=with_private).values_list("pk", flat=True))


def test_every_word_must_begin_a_word_of_the_case(brand: Any) -> None:
    kettle = make_case(brand, "The kettle simply EXPLODED, order AB-12345.")
    make_case(brand, "The kettle is fine")
    assert found("kettle", "explo") == found("AB-12345") == found("12345") == {kettle.pk}
    assert found("ettle") == found("kettle", "nothing") == set()
    assert len(found("kettle")) == len(found("!!")) == 2


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("我的包裹还没有到", "包裹"),
        ("배송이 늦어요", "배송"),
        ("डिलीवरी नहीं हुई", "डिलीवरी"),
        ("CAFE\u0301 fermé", "café"),
        ("it's O'Brien\\'", "o'brien"),
    ],
)
def test_every_script_is_found(brand: Any, text: str, word: str) -> None:
    case = make_case(brand, text)
    make_case(brand, "something else")
    assert found(word) == {case.pk}


def test_names_and_handles_and_references_find_their_case(brand: Any) -> None:
    zoe = make_case(brand, author=make_author(brand, "Zoe Lind", "zoe_99"))
    make_case(brand)
    assert found("@zoe_99") == found("lind") == found(zoe.reference.lower()) == {zoe.pk}


def test_private_words_and_names_are_found_only_by_who_may_read_them(brand: Any) -> None:
    make_case(brand, "my secret", is_public=False, author=make_author(brand, "Zoe Lind", "zoe"))
    assert len(found("secret")) == len(found("zoe")) == 1
    assert found("secret", with_private=False) == found("zoe", with_private=False) == set()


def test_a_case_is_found_from_the_moment_it_is_opened_and_by_its_new_words_after_an_edit(brand: Any) -> None:
    post = make_post(brand, "Where is my kettle?")
    analyze(post)
    outcome = TriageOutcome(
        post_id=post.pk, opens_case=True, joins_case=False, needs_answer=True, priority=50, is_flagged=False,
        reasons=(), actions=(),
    )  # fmt: skip
    [case_id] = open_cases(outcomes=[outcome])
    assert found("kettle") == {case_id}
    Post.objects.filter(pk=post.pk).update(text="Where is my toaster?", version=2)
    open_cases(outcomes=[outcome])
    assert (found("kettle"), found("toaster")) == (set(), {case_id})


def test_the_index_is_asked_and_no_post_is_read(brand: Any) -> None:
    make_case(brand, "kettle")
    with connection.cursor() as cursor:
        # Among few rows any way is short: only one that leads over the words is left open.
        for way in ("seqscan", "indexscan", "indexonlyscan", "nestloop"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    plan = saying(Case.objects.all(), ["kettle"], with_private=True).values("pk").explain()
    assert "words_of_cases" in plan
    assert "inbox_post" not in plan


def test_words_of_a_post_without_an_author_are_its_text(brand: Any) -> None:
    assert words_of(Post(text="a b a")) == "'a' 'b'"
