"""What must not leave the desk, in many languages."""

from dataclasses import replace
from typing import Any

import pytest

from monitor.replies.guard import Facts, blocking, can_override, check, verdict

PUBLIC = Facts(link_costs_more=True, language="en", own_handles=("lumora",), author_handle="mia")
PRIVATE = replace(PUBLIC, is_public=False, limit=10_000, counts_weighted=False)


def codes(text: str, facts: Facts = PUBLIC) -> set[str]:
    return {finding.code for finding in check(text, facts)}


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "We will refund you the full amount."),
        ("en", "We'll send you a replacement today."),
        ("en", "Your order will be refunded on Monday."),
        ("en", "You will get your money back tomorrow."),
        ("en", "I guarantee it."),
        ("zh", "我们会马上给您退款。"),
        ("zh", "我们保证您能收到。"),
        ("zh", "24小时内一定退款"),
        ("de", "Wir werden Ihnen den Betrag erstatten."),
        ("de", "Wir erstatten Ihnen alles."),
        ("de", "Sie bekommen Ihr Geld zurück, Erstattung folgt."),
        ("fr", "Nous vous rembourserons demain."),
        ("fr", "Vous recevrez votre argent."),
        ("es", "Te reembolsaremos el importe."),
        ("es", "Recibirás tu dinero mañana."),
        ("pt", "Vamos reembolsar você hoje."),
        ("it", "Ti rimborseremo tutto."),
        ("ja", "全額返金いたします。"),
        ("ja", "必ず解決します。"),
        ("ko", "바로 환불해 드리겠습니다."),
        ("ar", "سنعيد لك المبلغ غدًا"),
        ("ar", "نضمن لك ذلك"),
        ("hi", "हम आपको रिफंड देंगे।"),
        ("hi-Latn", "Hum aapko refund kar denge."),
        ("id", "Kami akan segera mengembalikan dana Kakak."),
        ("vi", "Chúng tôi sẽ hoàn tiền cho bạn."),
        ("th", "เราจะคืนเงินให้คุณ"),
        ("tr", "Paranızı iade edeceğiz."),
        ("pl", "Zwrócimy pieniądze."),
        ("nl", "We gaan je het geld terugbetalen."),
        ("tl", "Ire-refund po namin ang bayad."),
    ],
)
def test_it_stops_a_promise(language: str, text: str) -> None:
    assert "guard.promise" in codes(text, replace(PUBLIC, language=language))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "This was our fault."),
        ("en", "We are liable for the damage."),
        ("zh", "这是我们的错。"),
        ("de", "Das war unser Fehler."),
        ("fr", "C'est notre faute."),
        ("es", "Es culpa nuestra, un error nuestro: fue nuestro error."),
        ("pt", "Foi culpa nossa."),
        ("it", "È colpa nostra."),
        ("ja", "弊社のミスです。"),
        ("ko", "저희 잘못입니다."),
        ("ar", "هذا خطؤنا."),
        ("hi", "यह हमारी गलती है।"),
        ("id", "Ini kesalahan kami."),
        ("vi", "Đây là lỗi của chúng tôi."),
        ("th", "เป็นความผิดของเรา"),
        ("tr", "Bu bizim hatamız."),
        ("pl", "To nasza wina."),
        ("nl", "Dit is onze fout."),
    ],
)
def test_it_stops_an_admission_of_liability(language: str, text: str) -> None:
    assert "guard.admission" in codes(text, replace(PUBLIC, language=language))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "What is your order number?"),
        ("en", "Please tell us your e-mail address."),
        ("zh", "请提供您的订单号。"),
        ("de", "Wie lautet Ihre Bestellnummer?"),
        ("fr", "Quel est votre numéro de commande ?"),
        ("es", "¿Cuál es tu número de pedido?"),
        ("pt", "Qual é o número do pedido?"),
        ("it", "Qual è il numero d'ordine?"),
        ("ja", "注文番号を教えてください。"),
        ("ko", "주문번호를 알려 주세요."),
        ("ar", "ما رقم الطلب؟"),
        ("hi", "आपका ऑर्डर नंबर क्या है?"),
        ("id", "Nomor pesanannya berapa? Kirim nomor pesanan ya."),
        ("vi", "Cho mình xin mã đơn nhé."),
        ("th", "ขอหมายเลขคำสั่งซื้อค่ะ"),
        ("tr", "Sipariş numaranız nedir?"),
        ("pl", "Podaj numer zamówienia."),
        ("nl", "Wat is je bestelnummer?"),
        ("tl", "Ano po ang order number?"),
    ],
)
def test_in_public_it_asks_for_nothing_personal_and_in_private_it_may(language: str, text: str) -> None:
    assert "guard.asks_personal" in codes(text, replace(PUBLIC, language=language))
    assert "guard.asks_personal" not in codes(text, replace(PRIVATE, language=language))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Is it the order 12345678?", "order_number"),
        ("We wrote to mia@example.com.", "email"),
        ("We will call +44 20 7946 0958.", "phone"),
        ("Your card 4111 1111 1111 1111 was used.", "card"),
        ("The account DE89 3704 0044 0532 0130 00.", "iban"),
    ],
)
def test_personal_data_does_not_get_out(text: str, kind: str) -> None:
    found = {finding.params.get("kind") for finding in check(text, PUBLIC) if finding.code == "guard.personal"}
    assert kind in found


def test_it_does_not_repeat_a_number_of_the_post() -> None:
    facts = replace(PUBLIC, post_text="my thing 998-877 is not here")
    assert "guard.personal" in codes("Is 998877 the one?", facts)


def test_in_private_the_persons_own_number_may_be_repeated_but_anothers_is_pointed_out() -> None:
    facts = replace(PRIVATE, post_text="my order number is 12345678")
    assert codes("Thank you, we are looking at order number 12345678.", facts) == set()
    findings = check("Thank you, we are looking at order number 87654321.", facts)
    assert [finding.code for finding in findings] == ["guard.personal_private"]
    assert not blocking(findings)
    assert "guard.personal" in codes("Is it the card 4111 1111 1111 1111?", facts)


@pytest.mark.parametrize(
    ("name", "text", "is_named"),
    [
        ("Mia Brandt", "Dear Mia, we are sorry.", True),
        ("Mia Brandt", "Dear customer, we are sorry.", False),
        ("Thank You", "Thank you for writing.", False),
        ("王小明", "王小明您好，请私信我们。", True),
        ("Al B", "Al, thank you.", False),
    ],
)
def test_a_name_stays_out_of_a_public_reply(name: str, text: str, is_named: bool) -> None:
    facts = replace(PUBLIC, author_name=name, language="zh" if name == "王小明" else "en")
    assert ("guard.names_author" in codes(text, facts)) == is_named
    assert "guard.names_author" not in codes(text, replace(facts, is_public=False))


def test_handles_of_others_are_not_mentioned() -> None:
    assert codes("Thank you @mia, greetings from @lumora.") == set()
    assert codes("Ask @somebody_else.") == {"guard.other_handle"}


@pytest.mark.parametrize("text", ["See https://lumora.example/help", "See lumora.com/help"])
def test_a_link_is_pointed_out_where_it_costs_more(text: str) -> None:
    findings = check(text, PUBLIC)
    assert [finding.code for finding in findings] == ["guard.link"]
    assert verdict(findings) == "warn"
    assert codes(text, replace(PUBLIC, link_costs_more=False)) == set()


@pytest.mark.parametrize(
    ("text", "facts", "is_long"),
    [
        ("a" * 280, PUBLIC, False),
        ("a" * 281, PUBLIC, True),
        ("谢" * 140, replace(PUBLIC, language="zh"), False),
        ("谢" * 141, replace(PUBLIC, language="zh"), True),
        ("谢" * 281, replace(PRIVATE, limit=2000), False),
        ("a" * 2001, replace(PRIVATE, limit=2000), True),
    ],
)
def test_length_counts_as_the_platform_counts(text: str, facts: Facts, is_long: bool) -> None:
    findings = check(text, facts)
    assert ("guard.too_long" in {finding.code for finding in findings}) == is_long
    assert can_override(findings) != is_long


@pytest.mark.parametrize(("text", "size"), [("ü" * 500, 1_000), ("ü" * 501, 1_002), ("👩‍👩‍👧‍👦" * 41, 1_025)])
def test_bytes_are_counted_where_the_platform_counts_them(text: str, size: int) -> None:
    facts = replace(PRIVATE, limit=1_000, counts_graphemes=True, byte_limit=1_000)
    wanted = [{"length": size, "limit": 1_000}] if size > 1_000 else []
    found = [finding for finding in check(text, facts) if finding.code == "guard.too_many_bytes"]
    assert [dict(finding.params) for finding in found] == wanted
    assert can_override(found) is not bool(wanted)
    assert "guard.too_many_bytes" not in codes(text, replace(facts, byte_limit=0))


def test_an_empty_reply_is_none() -> None:
    assert codes(" \n") == {"guard.empty"}
    assert not can_override(check("", PUBLIC))


def test_the_language_must_be_the_customers_where_it_is_known() -> None:
    assert codes("Thank you", replace(PUBLIC, language="de", found_language="en")) == {"guard.wrong_language"}
    assert codes("Thank you", replace(PUBLIC, language="de", found_language="")) == set()
    assert codes("谢谢", replace(PUBLIC, language="zh-Hant", found_language="zh")) == set()


def test_the_brands_forbidden_words_are_found_as_words() -> None:
    facts = replace(PUBLIC, forbidden_words=("Competitor", " "))
    assert codes("Like COMPETITOR does.", facts) == {"guard.forbidden_word"}
    assert codes("Our competitors do.", facts) == set()


def test_money_is_not_spoken_of_in_public() -> None:
    assert "guard.amount" in codes("It was $12.50, thank you.")
    assert verdict(check("It was $12.50, thank you.", PRIVATE)) == "warn"


@pytest.mark.parametrize(
    "text",
    [
        "We will look into it with you. Please send us a private message.",
        "Wir werden uns das gemeinsam ansehen. Schreiben Sie uns bitte privat.",
        "We gaan er samen naar kijken. Stuur ons een privébericht.",
        "Refunds usually take 3–15 working days.",
        "我们会和您一起看看，请私信我们。",
    ],
)
def test_plain_words_pass(text: str) -> None:
    facts = replace(
        PUBLIC, language={"Wir": "de", "We ": "nl" if "gaan" in text else "en", "我们会": "zh"}.get(text[:3], "en")
    )
    assert codes(text, facts) == set()


def test_findings_hold_no_words_of_the_text() -> None:
    secret: Any = "mia.private@example.com"
    for finding in check(f"Write to {secret}", PUBLIC):
        assert secret not in str(finding.to_json())
