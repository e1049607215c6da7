"""Two wrongs in balance: swindlers who share a contact open no case, and no crowd of customers is silenced.

Each text walks from its words to its case; the engine reads "fraud" as urgent, "again" as severe and "late" as mild.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.analysis.services import analyze_posts
from monitor.brands.models import Channel, Market
from monitor.cases.models import Case
from monitor.inbox.models import Post
from monitor.text.contacts import OfferedContacts, find_offered_contacts
from monitor.triage.contacts import OwnContacts
from monitor.triage.models import OwnContact, TriageDecision
from monitor.triage.offers import offers_of, read_offers
from monitor.triage.selectors import advertising_count, spam_count, unrepeatable_decisions
from monitor.triage.services import mark_not_spam, remember_own_contacts, triage_posts
from tests.analysis.making import WordEngine, make_post, make_thread
from tests.triage.test_spam import codes_of, is_spam, triage_again, work
from workers.pipeline import open_cases

NUMBER = "+44 7700 900123"
#: A sentence that would send people to a swindler, if the number were his.
SENDS = f"Your refund is late again. Message them on WhatsApp {NUMBER} for a fast refund"

pytestmark = pytest.mark.django_db


def crowd(brand: Any, *texts: str, size: int = 6) -> list[Post]:
    """Copies if one text is given; written by as many people."""
    return [make_post(brand, texts[number % len(texts)], author=f"p{number}") for number in range(size)]


def own_post(brand: Any, text: str, **fields: Any) -> Post:
    return make_post(brand, text, author="lumora", is_own=True, own_by="us", **fields)


@pytest.mark.parametrize(
    "text",
    [
        "Fraud! My account was hacked and nobody replied, but @fixit_pro recovered it in 20 minutes. Message him!",
        "I lost 2500 dollars to fraud on Lumora, Mrs. Helen got all my money back. Contact her on WhatsApp"
        " +1 202 555 0143",
        "Is your refund late? Contact our support agent on Telegram t.me/lumora_help for fast refund",
        "Your parcel is late again? Sorry for the inconvenience, kindly message our refund department on WhatsApp"
        " +44 7700 900456",
        "Late again? DM @refund_king he helped me get $900 back from Lumora, no questions asked",
        "Lumora war late und hat nicht geholfen, aber @hacker_hilfe hat mein Konto zurückgeholt. Schreibt ihm!",
    ],
)
def test_copies_of_a_swindlers_tale_open_no_case(brand: Any, text: str) -> None:
    wave = crowd(brand, text)
    work(*wave)
    assert Case.objects.count() == 0
    assert all(is_spam(post) for post in wave)
    assert codes_of(wave[0])[:3] == ["never.spam", "spam.same_text", "spam.same_contact"]
    assert unrepeatable_decisions(brand.pk) == []


def test_other_words_and_another_spelling_around_one_contact_open_no_case(brand: Any) -> None:
    wave = crowd(
        brand,
        "Fraud! They hacked me, @fixit_pro recovered everything. Message him",
        "late refund? get it back: t.me/fixit_pro recovered mine, contact them!",
        "My order is late again. My friend @Fixit_Pro got my money back, hit up this genius",
        "Thank God for Fixit, he recovered my account after the fraud. Text him on telegram @fixit_pro",
        size=4,
    )
    work(*wave)
    assert Case.objects.count() == 0
    assert {codes_of(post)[0] for post in wave} == {"never.spam"}


def test_one_who_praises_a_helper_is_heard(brand: Any) -> None:
    work(*crowd(brand, "My refund is late, but @anna_helps got my money back. Message her", size=1))
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    "text",
    [
        "My refund is late again and @lumora does nothing, message @lumora and get my money back! #lumorafail",
        "Your support unlocked nothing, fraud! Message @lumora, the refund department @lumora sleeps",
        "Message @lumora for a fast refund, they write. My parcel is late again! #lumora",
        "Message @Lumora_Official, their refund department that never unlocked my parcel. It is late again!",
        "Everybody write to care@lumora.example, sorry for the inconvenience is all they say, my parcel is late",
        "Call 0800 555 0143 and demand your late refund #boycottlumora",
        "Warning: @refund_king is a swindler, never message him. My refund is late",
        "Fraud! @refund_king told me: message our refund department for a fast refund. He took my money",
        "My parcel is late. Contact me on WhatsApp +44 7700 900777, I want my refund",
        "Use code BF50 they say. The price went up first and my parcel is late. Shame on @lumora",
        "When I enter code SAVE20 nothing happens and my refund is late, where do I apply it?",
    ],
)
def test_a_crowd_that_pastes_one_complaint_gets_a_case_for_each(brand: Any, text: str) -> None:
    posts = crowd(brand, text)
    work(*posts)
    assert Case.objects.count() == 6, {code for post in posts for code in codes_of(post)}


def test_the_number_of_a_swindler_in_these_words_is_an_offer(brand: Any) -> None:
    work(*crowd(brand, SENDS))
    assert Case.objects.count() == 0


def test_the_number_that_the_brand_told_itself_silences_nobody(brand: Any) -> None:
    told = own_post(brand, f"We are here for you on WhatsApp: {NUMBER}")
    remember_own_contacts(post_ids=[told.pk])
    work(*crowd(brand, SENDS, SENDS.replace(NUMBER, "07700 900123")))
    assert Case.objects.count() == 6


def test_nor_does_the_number_of_its_markets(brand: Any) -> None:
    Market.objects.create(brand=brand, code="gb", name="Britain", hand_offs=[{"to": "hotline", "number": NUMBER}])
    work(*crowd(brand, SENDS))
    assert Case.objects.count() == 6


def test_nor_does_a_handle_of_it_on_another_platform(brand: Any) -> None:
    Channel.objects.create(brand=brand, platform="mastodon", kind="account", external_id="1", handle="help@lum.example")
    work(*crowd(brand, "Late again! Message t.me/help for a fast refund, they write"))
    assert Case.objects.count() == 6


def test_a_number_of_another_brand_is_no_number_of_this_one(brand: Any, other_brand: Any) -> None:
    told = own_post(other_brand, f"We are here for you on WhatsApp: {NUMBER}")
    remember_own_contacts(post_ids=[told.pk])
    post = make_post(brand, SENDS)
    offered = offers_of([post])[post.pk].contacts
    own = OwnContacts([post], {post.pk: offered.names})
    assert offered.names and own.without(brand.pk, offered) == offered


def test_only_what_the_brand_says_in_public_and_of_itself_is_kept(brand: Any) -> None:
    private = own_post(
        brand, f"We call you at {NUMBER}", form="direct_message", thread=make_thread(brand, is_public=False)
    )
    warned = own_post(brand, f"Beware, {NUMBER} is not our number")
    warned_at_home = own_post(brand, "Beware of swindlers: 07700 900123 is not our number")
    of_customer = make_post(brand, f"My number is {NUMBER}")
    remember_own_contacts(post_ids=[private.pk, warned.pk, warned_at_home.pk, of_customer.pk])
    assert not OwnContact.objects.exists()


def test_a_number_that_the_brand_told_without_the_code_of_its_country_silences_nobody(brand: Any) -> None:
    remember_own_contacts(post_ids=[own_post(brand, "Call our hotline 07700 900123, we are here for you.").pk])
    assert OwnContact.objects.count() == 1
    work(*crowd(brand, SENDS))
    assert Case.objects.count() == 6


def test_what_the_brand_told_goes_with_its_last_post_that_says_so(brand: Any) -> None:
    first, second = (own_post(brand, f"WhatsApp: {NUMBER}") for _ in range(2))
    remember_own_contacts(post_ids=[first.pk])
    remember_own_contacts(post_ids=[second.pk])
    remember_own_contacts(post_ids=[first.pk])
    assert OwnContact.objects.get().post_id == second.pk
    Post.objects.filter(pk=second.pk).delete()
    assert not OwnContact.objects.exists()


def test_the_pipeline_remembers_what_the_brand_tells(brand: Any) -> None:
    told = own_post(brand, f"We are here for you on WhatsApp: {NUMBER}", stage="analyzed")
    open_cases([told.pk])
    assert OwnContact.objects.get().post_id == told.pk


def test_words_are_read_before_any_row_of_them_is_locked(brand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told, post = own_post(brand, f"WhatsApp: {NUMBER}", stage="analyzed"), make_post(brand, SENDS)
    analyze_posts(post_ids=[post.pk], engine=WordEngine())
    seen: list[str] = []

    def watched(text: str) -> OfferedContacts:
        seen.extend(query["sql"] for query in captured.captured_queries)
        return find_offered_contacts(text)

    monkeypatch.setattr("monitor.triage.offers.find_offered_contacts", watched)
    with CaptureQueriesContext(connection) as captured:
        open_cases([told.pk, post.pk])
    written = ("triage_owncontact", "SET stage =", "inbox_postchange")
    assert seen and not [sql for sql in seen if any(word in sql for word in written)]
    assert all(any(word in query["sql"] for query in captured.captured_queries) for word in written)
    assert Case.objects.count() == 1


def test_words_that_were_edited_after_the_reading_are_read_again(brand: Any) -> None:
    post = make_post(brand, "My parcel is late")
    offers = read_offers([post.pk])
    Post.objects.filter(pk=post.pk).update(text=SENDS, version=2)
    analyze_posts(post_ids=[post.pk], engine=WordEngine())
    triage_posts(post_ids=[post.pk], case_facts={}, offers=offers)
    assert not offers[post.pk].contacts.names
    assert TriageDecision.objects.get(post=post).facts["contacts"] == 1


def test_a_customer_who_was_put_aside_in_the_wave_is_one_click_away(brand: Any, bob: Any) -> None:
    post, *_others = crowd(brand, "Late again? @refund_king helped me get $900 back. Message him")
    work(post, *_others)
    mark_not_spam(user=bob, post=post, intent="complaint")
    triage_again(post.pk)
    assert Case.objects.get().deciding_post_id == post.pk


def test_a_post_that_is_taken_for_advertising_is_one_click_away(brand: Any, bob: Any) -> None:
    post = make_post(brand, "Buy my things they write, and the cashback is fake")
    work(post)
    day = timezone.now() - timedelta(days=1)
    assert codes_of(post) == ["never.promotion"]
    assert (advertising_count(brand_id=brand.pk, since=day), spam_count(brand_id=brand.pk, since=day)) == (1, 0)
    mark_not_spam(user=bob, post=post, intent="complaint")
    triage_again(post.pk)
    assert Case.objects.get().deciding_post_id == post.pk
    assert advertising_count(since=day) == 0
