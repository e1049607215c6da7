"""To which contacts a text sends others with a promise; warnings and what is asked of the brand are no offers."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.text.contacts import MOST_CONTACTS, find_offered_contacts, find_told_contacts, is_of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My account was hacked and Lumora support never replied, but @fixit_pro on Instagram recovered it in 20"
         " minutes. Message him!", "fixitpro"),
        ("I lost 2500 dollars to a scam on Lumora, thank God Mrs. Helen Recovery got all my money back. Contact her on"
         " WhatsApp +1 202 555 0143", "25550143"),
        ("Need help with your refund? Contact Lumora support agent on Telegram t.me/lumora_help for fast refund",
         "lumorahelp"),
        ("Sorry for the inconvenience, kindly message our refund department on WhatsApp +44 7700 900123 to resolve your"
         " issue", "00900123"),
        ("Get your refund fast!! DM @refund_king he helped me get $900 back from Lumora, no questions asked",
         "refundking"),
        ("Contact @helen_recovery if you were scammed, she got my money back", "helenrecovery"),
        ("@fixit_pro recovered my account, message him", "fixitpro"),
        ("@lumora nobody answers but www.instagram.com/fixit_pro/ recovered my account. Hit up that guy", "fixitpro"),
        ("Text me on wa.me/447700900123 and I will resolve your issue", "00900123"),
        ("write to Recovery.Help@gmail.com, they recovered my wallet", "recovery.help@gmail.com"),
        ("She recovered mine! Message her on telegram: helen_99", "helen99"),
        ("he re\u200bcovered my account, message @ｆixit_pro", "fixitpro"),
        ("Lumora hat mir nicht geholfen, aber @hacker_hilfe auf Insta hat mein Konto in 10 Minuten zurückgeholt."
         " Schreibt ihm!", "hackerhilfe"),
        ("Lumora nunca respondió, pero @recupera_ya en Instagram recuperó mi cuenta. Escríbanle", "recuperaya"),
        ("Lumora não respondeu, mas @recupera_ja recuperou minha conta. Chamem ele no Insta", "recuperaja"),
        ("Lumora ne répond pas, mais @recup_pro a récupéré mon compte. Contactez-le", "recuppro"),
        ("Lumora non risponde, ma @recupero_ora mi ha recuperato il conto. Scrivetegli", "recuperoora"),
        ("Lumora не отвечает, но @vernem_vse вернул мне деньги. Пишите ему", "vernemvse"),
        ("Lumora tidak membalas, tapi @bantu_cepat berhasil bikin akun saya kembali. Hubungi dia", "bantucepat"),
        ("Lumora cevap vermedi ama @kurtar_pro hesabımı geri aldı. Ona yazın", "kurtarpro"),
        ("Lumora không trả lời nhưng @laylai_pro giúp tôi lấy lại tài khoản. Nhắn cho anh ấy nhé", "laylaipro"),
        ("لم ترد لومورا لكن @fix_ar استرجع حسابي. راسلوه", "fixar"),
        ("Lumora客服不理人，后来@zhuihui88帮我追回了钱，大家联系他微信", "zhuihui88"),
        ("ルモラは返事なし。でも@fix_jp さんがお金を取り戻してくれた。連絡してみて", "fixjp"),
        ("루모라는 답이 없는데 @fix_kr 님이 계정을 찾아줬어요. 연락하세요", "fixkr"),
    ],
)  # fmt: skip
def test_it_finds_to_whom_others_are_sent(text: str, name: str) -> None:
    found = find_offered_contacts(text)
    assert found.names == (name,) and found.is_clear


@pytest.mark.parametrize(
    "text",
    [
        "My refund is late! Write to Lumora on WhatsApp +44 7700 900999 and demand it",
        "They keep our money! Message @lumora_boss, their CEO, and get your refund fast",
        "My refund is late, message @lumora_help until you get your refund",
        "Email the ombudsman at help@ombudsman.example, contact them, they got my money back",
        "Sign the petition and contact @minister_x, he got my money back",
        "@lumora @consumer_hero please help, refund not received",
        "Contact @paypal and get my money back, Lumora!",
        "I sent a message to @lumora_care, nobody helped me",
        "My parcel is late. Please contact me on +44 7700 900123, I want my refund",
        "DM me @lumora, you got my money and I want it back",
        "You never got my money back. Contact @mia_from_berlin",
        "Nobody recovered my account. Message @lumora_care? No answer",
        "Where is my parcel? order 1234567890",
    ],
)
def test_what_customers_ask_and_demand_is_no_offer(text: str) -> None:
    assert not (found := find_offered_contacts(text)).names or not found.is_clear


@pytest.mark.parametrize(
    "text",
    [
        "Beware of @refund_king, he took $900. Never message him",
        "They told me to contact @refund_king on Telegram for a fast refund and he stole 900 dollars",
        'Got this message: "Sorry for the inconvenience, kindly message our refund department on WhatsApp +44 7700'
        ' 900123" is this really you @lumora?',
        "Is t.me/lumora_help your official support? It says contact us for fast refund",
        "Swindlers write “kindly message our refund department on WhatsApp +44 7700 900123 to resolve your issue”",
        "Someone on Telegram @lumora_help said message me for a fast refund. I lost 400 euros",
        "I contacted @fixit_pro on Telegram and he took my money",
        "Message @refund_king? He said he got money back for others. Then he blocked me",
        "Contact @refund_king for a fast refund, he is a scammer",
        "Vorsicht vor @hacker_hilfe auf Insta, schreibt ihm nicht, er hat mein Konto nicht zurückgeholt",
        "Ojo con @recupera_ya, dice que recuperó cuentas, escríbanle y les roba",
        "Attention, @recup_pro n'a rien récupéré, contactez-le et il vous vole",
        "Не пишите @vernem_vse, мошенник, ничего не вернул",
        "大家小心@zhuihui88，说帮我追回钱，联系他就被骗了",
    ],
)
def test_warnings_and_stories_of_victims_are_no_offers(text: str) -> None:
    assert find_offered_contacts(text).names == ()


def test_a_private_way_to_help_is_no_clear_promise() -> None:
    found = find_offered_contacts("Message @lumora_desk on Telegram about the refund")
    assert found.names == ("lumoradesk",) and not found.is_clear
    assert find_offered_contacts("Message @lumora_desk about the refund").names == ()


def test_handles_of_the_platform_itself_are_told_from_those_of_a_messenger() -> None:
    text = "@fixit_pro recovered my account. Message {}"
    assert find_offered_contacts(text.format("him")).here == {"fixitpro"}
    assert find_offered_contacts(text.format("him on Telegram")).here == set()


def test_a_number_of_ones_own_is_no_offer() -> None:
    assert (
        find_offered_contacts("My parcel is late. Contact me on WhatsApp +44 7700 900123, I want my refund").names == ()
    )


def test_a_number_is_the_same_with_and_without_its_country() -> None:
    told = "They recovered my account, contact them on WhatsApp {}"
    spellings = (
        "+44 7700 900123",
        "07700 900123",
        "wa.me/447700900123",
        "https://api.whatsapp.com/send?phone=447700900123",
    )
    assert {find_offered_contacts(told.format(one)).names for one in spellings} == {("00900123",)}


def test_what_the_brand_tells_of_itself() -> None:
    text = "@mia please message us on WhatsApp +44 7700 900123, t.me/lumora_care or care@lumora.example"
    assert set(find_told_contacts(text)) == {"00900123", "lumoracare", "care@lumora.example"}
    assert find_told_contacts("Beware: +44 7700 900123 is not us") == ()
    assert find_told_contacts("t.me/lumora_help is fake") == ()
    assert find_told_contacts("Not heard from us? WhatsApp +44 7700 900123 until 6 pm. Atención: +34 600 123 456") == (
        "00900123", "00123456",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "is_own"),
    [
        ("lumoracare", True),
        ("care@lumora.example", True),
        ("care@mail.lumora.co.uk", True),
        ("lumorahelp", False),
        ("lumora@gmail.com", False),
        ("care@lumora.example.pay.example", False),
        ("00900123", False),
    ],
)
def test_names_and_domains_of_the_brand_are_its_own(name: str, is_own: bool) -> None:
    assert is_of(name, {"Lumora", "@lumora_care", ""}) is is_own


@pytest.mark.parametrize(
    ("name", "is_own"),
    [
        ("care@shop.kio.de", True),
        ("care@kio.de", True),
        ("care@kio.co.uk", True),
        ("care@shop.kio.co.uk", True),
        ("kio@shop.pay.de", False),
        ("care@kio.pay.de", True),
        ("care@kio.payments.de", False),
        ("care@co.uk", False),
    ],
)
def test_a_brand_of_few_letters_is_known_under_the_ending_of_a_country(name: str, is_own: bool) -> None:
    """Of "kio.pay.de" nobody can tell whether "pay.de" is an ending, as "co.uk" is."""
    assert is_of(name, {"Kio"}) is is_own


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("LUMORA CEVAP VERMEDİ AMA @KURTAR_PRO HESABIMI GERİ ALDI. ONA YAZIN", "kurtarpro"),
        ("LUMORA НЕ ОТВЕЧАЕТ, НО @VERNEM_VSE ВЕРНУЛ МНЕ ДЕНЬГИ. ПИШИТЕ ЕМУ", "vernemvse"),
        ("Η LUMORA ΔΕΝ ΑΠΑΝΤΆ, ΑΛΛΆ Ο @FIX_GR ΜΕ ΒΟΉΘΗΣΕ. ΓΡΆΨΤΕ ΤΟΥ", "fixgr"),
        ("THEY RECOVERED MY ACCOUNT, CONTACT THEM ON WHATSAPP 07700 900123", "00900123"),
    ],
)
def test_who_shouts_is_heard_alike(text: str, name: str) -> None:
    assert find_offered_contacts(text).names == (name,)


def test_very_many_contacts_are_bounded() -> None:
    text = "They recovered my account. " + " ".join(f"Message @helper_{number}." for number in range(1000))
    assert len(find_offered_contacts(text).names) == MOST_CONTACTS


@pytest.mark.parametrize(
    "piece", ["a", "@", "@a ", "+1 202 555 0143 ", "t.me/ab ", "got a b c ", '"', "is ", "a@", "if "]
)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    def seconds(length: int) -> float:
        text = f"message {piece * length}"[:length] + " recovered"
        started = time.process_time()
        find_offered_contacts(text)
        return time.process_time() - started

    short = min(seconds(10_000) for _ in range(3))
    assert seconds(100_000) < max(0.5, 30 * short)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    assert len(find_offered_contacts(f"message {text} @mia_1 +44 7700 900123 recovered").names) <= MOST_CONTACTS
    assert len(find_told_contacts(text)) <= MOST_CONTACTS
