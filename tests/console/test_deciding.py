"""Why the model said "complaint": its words are marked in the post and listed beside it, and nothing else is."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from monitor.analysis.models import Analysis
from monitor.brands.models import Membership, User
from monitor.cases.models import Case
from monitor.console.deciding import mark
from tests.console.test_hostile_text import HOSTILE, RAW
from tests.support.desk import make_case, make_post, minutes_ago

TAGS = re.compile(r"</?mark[^<>]*>")
MARKED = re.compile(r"<mark[^>]*>(.*?)</mark>", re.DOTALL)


def _marked(text: str, *words: str) -> list[str]:
    found = mark(text, dict.fromkeys(words, ("complaint",)))
    assert unescape(TAGS.sub("", found)) == text, "no character is lost, added or moved"
    return [unescape(word) for word in MARKED.findall(found)]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Late, late and late again; relate, later, lates", ["late"], ["late", "late"]),
        ("It's broken. 'broken' broken!", ["broken", "It's"], ["It's", "broken", "broken"]),
        ("see https://late.example/late @late www.late.example late", ["late"], ["late"]),
        ("a refund and no refund", ["refund", "no refund"], ["refund", "no refund"]),
        ("你们的快递太慢了,太慢", ["太慢", "快递"], ["快递", "太慢", "太慢"]),
        ("商品が届かない。届かない!", ["届か", "ない"], ["届か", "ない", "届か", "ない"]),
        ("สินค้าเสียหาย", ["เสียหาย"], ["เสียหาย"]),
        ("सेवा बहुत खराब है", ["खराब"], ["खराब"]),
        ("خدمة سيئةٌ جدا", ["سيئةٌ"], ["سيئةٌ"]),
        ("لَمْ يَصِلْ طَلَبِي", ["ل", "يَصِلْ"], ["يَصِلْ"]),
        ("שֶׁלֹּא הִגִּיעַ", ["הִגִּיעַ", "ל"], ["הִגִּיעַ"]),
        ("ສິນຄ້າບໍ່ມາ", ["ຄ້າ"], ["ຄ້າ"]),
        ("https://t.co/a届かない@lumora届かない", ["届かない", "lumora"], ["届かない", "届かない"]),
        ("환불이 안 돼요", ["환불"], []),
        ("so angry 😡 \U0001f621\U0001f3fd 👩\u200d🚒", ["😡", "👩"], ["😡", "😡\U0001f3fd", "👩\u200d🚒"]),
        ("cafe\u0301 cafe", ["cafe"], ["cafe"]),
        ("𝒷ad 𝓫𝓪𝓭 bad", ["𝓫𝓪𝓭", "bad"], ["𝓫𝓪𝓭", "bad"]),
        ("1+1=(late)", ["(", "+", "late"], ["+", "(", "late"]),
        ("late\u200d", ["late"], ["late\u200d"]),
        ("nothing of it", ["late"], []),
        ("", ["late"], []),
    ],
)
def test_it_marks_whole_words_as_written(text: str, words: list[str], expected: list[str]) -> None:
    assert _marked(text, *words) == expected


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_markup_stays_text_around_and_inside_a_mark(kind: str) -> None:
    hostile = HOSTILE[kind]
    for text in (hostile, f"late {hostile} late", f"{hostile}late"):
        for word in ("late", "script", "img", hostile, "alert", "<", "&", '"', "lt", "Z"):
            _marked(text, word)
            assert not RAW.search(mark(text, {word: ("complaint", "escalate")}))


def _say_why(case: Case, **words: list[str]) -> None:
    reasons = [{"code": f"words.{head}", "weight": 0.9, "params": {"words": these}} for head, these in words.items()]
    yes: dict[str, Any] = dict.fromkeys(words, True)
    Analysis.objects.filter(post=case.deciding_post).update(reasons=reasons, **yes)


def _page(client: Client, case: Case) -> str:
    return client.get(f"/b/lumora/cases/{case.reference}/").content.decode()


def test_the_page_marks_the_words_and_lists_them(as_bob: Client, brand: Any) -> None:
    case = make_case(brand, "My parcel is late & the lawyer <b>knows</b>.")
    _say_why(case, complaint=["late"], escalate=["lawyer", "late"])
    words = _page(as_bob, case)
    said = "Weighed toward “complaint” · Weighed toward “must be seen today”"
    assert (
        f'My parcel is <mark class="escalate" title="{said}">late</mark> &amp; the '
        '<mark class="escalate" title="Weighed toward “must be seen today”">lawyer</mark> &lt;b&gt;knows&lt;/b&gt;.'
    ) in words
    assert "Why “complaint”" in words and "91 % likely" in words
    assert '<li><mark class="complaint"><bdi>late</bdi></mark></li>' in words
    assert words.index("<bdi>lawyer</bdi>") < words.rindex("<bdi>late</bdi>"), "the strongest first"


def test_a_complaint_without_one_deciding_word_says_so(as_bob: Client, case: Any) -> None:
    assert "No single word decided: the text as a whole did." in _page(as_bob, case)
    assert "<mark" not in _page(as_bob, case)


def test_a_persons_no_takes_the_marks_away(as_bob: Client, case: Any) -> None:
    _say_why(case, complaint=["parcel"])
    assert "<mark" in _page(as_bob, case)
    as_bob.post(f"/b/lumora/cases/{case.reference}/correct/", {"field": "complaint", "value": "false"})
    assert "<mark" not in _page(as_bob, case) and "Why “complaint”" not in _page(as_bob, case)
    as_bob.post(f"/b/lumora/cases/{case.reference}/correct/", {"field": "complaint", "value": "true"})
    words = _page(as_bob, case)
    assert "<mark" in words and "% likely" not in words, "how sure the model was is nothing of the person's yes"


def test_words_of_a_private_message_are_not_told_to_a_viewer(client: Client, as_bob: Client, brand: Any) -> None:
    case = make_case(brand, "A secret grievance.", is_public=False)
    _say_why(case, complaint=["grievance"])
    viewer = User.objects.create_user("vera@example.com", name="Vera")
    Membership.objects.create(user=viewer, brand=brand, role="viewer")
    client.force_login(viewer)
    assert "grievance" not in _page(client, case)
    assert "grievance</mark>" in _page(as_bob, case)


def test_words_of_a_deleted_post_are_gone(as_bob: Client, case: Any) -> None:
    _say_why(case, complaint=["parcel"])
    type(case.deciding_post).objects.filter(pk=case.deciding_post_id).update(deleted_at=minutes_ago(1), text="")
    assert "parcel</bdi></mark>" not in _page(as_bob, case)


def test_only_what_they_wrote_is_marked(as_bob: Client, case: Any) -> None:
    _say_why(case, complaint=["parcel"])
    make_post(case.brand, "Your parcel?", conversation=case.deciding_post.conversation, is_own=True, own_by="us")
    assert _page(as_bob, case).count("parcel</mark>") == 1
