"""Codes and links that a post gives away: of referral, invitation, coupon and affiliates; in every script.

A code or link counts where it is offered ("use my code X"), not where somebody says that it fails, tells of an order
of their own ("I paid with code X"), or passes on what the brand said. In doubt it is no offer: a customer who is
silenced weighs more than an advertisement that goes the usual way. Pure, and linear: every look is at a window of fixed
size.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from monitor.text.fingerprint import fingerprint
from monitor.text.plain import UNSPACED
from monitor.text.spelling import blank, ignoring_case, is_host_of, letters_of, lowered, plain_spelling

MOST_CODES: Final = 8
#: Hostile texts repeat the word "code" a thousand times; nobody who means to be read does.
MOST_CUES: Final = 64
#: Copies of fewer letters than this are what many people say by chance.
LEAST_LETTERS: Final = 20
_BEFORE: Final = 36
_AROUND: Final = 60

# What a code is called, where the name alone says that it brings its giver something.
_NAMED: Final = (
    r"(?:referr?al|refer|invit\w{0,7}|affiliate|friend|creator)(?:\s|-)?code|code\s(?:de\s)?(?:parrainage|promo|"
    r"invitation)|c[oó]digo\sde\s(?:invitaci[oó]n|referid\w|convite|indica[cç][aã]o|amig\w)|(?:einladungs|empfehlungs|"
    r"freundschafts)code|codice\s(?:invito|amico|referral|presentazione)|(?:uitnodigings|vriendschaps)code|"
    r"kod\s(?:polecaj\w{1,3}|zaprosze\w{1,4})|kod[eu]?\s(?:undangan|referr?al|jemputan|rujukan|ajakan)|"
    r"(?:davet|referans|tavsiye)\skod\w{0,6}|mã\s(?:giới\sthiệu|mời)|код\s(?:приглашения|друга|запрошення)|"
    r"реферальн\w{2,3}\s(?:код\w?|посилання)|κωδικ\w{1,3}\sπρόσκλησης|"
    r"(?:كود|رمز)\s(?:ال)?(?:دعوة|إحالة|احالة)|کد\s(?:معرف|دعوت)|קוד\s(?:הזמנה|חבר|הפניה)|"
    r"(?:रेफरल|रेफ़रल|आमंत्रण|इनवाइट)\sकोड|รหัส(?:แนะนำ|เชิญ|ชวนเพื่อน)|โค้ด(?:แนะนำ|เชิญ|ชวนเพื่อน)|"
    r"(?:추천인?|초대|친구)\s?코드|(?:招待|紹介|友達)コード|(?:邀请|邀請|推荐|推薦|分享)[码碼]"
)
# What a code is called, where it takes more to be an offer.
_PLAIN: Final = (
    r"\w{0,12}code|c[oó]digo|cup[oó][nm]|codice|kod(?:em|u|um|umu|uyla|umla|e)?|kupon\w{0,3}|coupon|voucher|mã|"
    r"(?:промо)?код\w{0,2}|κωδικ\w{1,3}(?:\sέκπτωσης)?|কোড|कोड|கோட்|குறியீடு|కోడ్|ಕೋಡ್|കോഡ്|કોડ|ਕੋਡ|(?:كود|رمز|كوبون)(?:\s(?:ال)?خصم)?|کد(?:\sتخفیف)?|קוד|קופון|"
    r"โค้ด|รหัส|(?:할인|쿠폰|프로모션)?\s?코드|(?:クーポン|プロモ|割引)?コード|(?:优惠|優惠|折扣|兑换|兌換|专属|專屬)[码碼]|口令"
)
# In scripts without spaces a word has no edges.
_UNSPACED: Final = (
    r"โค้ด|รหัส|(?:할인|쿠폰|프로모션)\s?코드|(?:クーポン|プロモ|割引)コード|口令"
    r"|(?:优惠|優惠|折扣|兑换|兌換|专属|專屬)[码碼]"
)
_CUE: Final = ignoring_case(
    rf"(?<![^\W_])(?:(?P<named>{_NAMED})|(?:{_PLAIN}))(?![a-zß-ÿ])|(?P<packed>{_NAMED})|(?:{_UNSPACED})"
)

# A code as it is written: letters and digits without a space.
_CODE: Final = r"(?<![A-Za-z0-9])[A-ZА-ЯЁІЇЄҐΑ-Ωa-z0-9][A-ZА-ЯЁІЇЄҐΑ-Ωa-z0-9_-]{3,23}(?![A-Za-z0-9_-])"
_MAY_HOLD_CODE: Final = re.compile(r"\d|[^\W\d_a-z]{4}")
_IS: Final = r"(?:is|es|é|est|ist|to|jest|adalah|ialah|là|это|هو|है|는|은|は|是|为|為)"
_AFTER_CUE: Final = re.compile(rf"(?P<gap>[^\w.!?]{{0,6}}(?:{_IS}[^\w.!?]{{0,6}})?)(?P<code>{_CODE})")
# Where the code goes first: "X kodumla", "Xコード".
_BEFORE_CUE: Final = re.compile(rf"(?P<code>{_CODE})['’]?\s?$")
_CODE_FIRST: Final = re.compile(r"kodu|कोड|コード|코드|[码碼]", re.I)

_OFFERS: Final = re.compile(
    r"\b(?:us[ea]|using|enter|apply|try|type|input|add|with|my|our|join|get|grab|redeem|search|utiliza\w?|con|mi|ingresa"
    r"|introduce|com|meu|insira|digite|utilise[zr]?|avec|mon|entre[zr]|saisi\w{0,3}|nutzt?|benutz\w{0,2}|verwende\w?|mit"
    r"|mein\w{0,2}|gib|il\smio|inserisci|gebruik|met|mijn|użyj|wpisz|mój|pakai|pake|gunakan|guna|dengan|masukkan|nhập|dùng"
    r"|với|используй\w{0,2}|введи\w{0,2}|мой|мій|по|за|с|gamitin|gamit|ilagay|mera|استخدم\w{0,2}|ادخل|أدخل|"
    r"השתמשו|הזינו)\b|\bw/|(?:मेरा|मेरे|আমার|ใช้|กรอก|使用|用|输入|輸入|填写|填寫|我的|入力|使って|입력|사용)",
    re.I,
)
# Who tells others what to do with it; "my code" or "with code" may as well be a customer's.
_TELLS: Final = re.compile(
    r"\b(?:use|enter|apply|try|type|input|join|get|grab|redeem|search|usa|utiliza|ingresa|introduce|insira|digite"
    r"|utilise[zr]?|entre[zr]|saisissez|nutzt?|benutz\w{0,2}|verwende[nt]?|gib|inserisci|gebruik|użyj|wpisz|pakai|pake"
    r"|gunakan|masukkan|nhập|dùng|используй\w{0,2}|введи\w{0,2}|gamitin|ilagay|استخدموا?|ادخل|أدخل|השתמשו|הזינו)\b"
    r"|(?:ใช้|กรอก|使用|用|输入|輸入|填写|填寫|入力|使って|입력|사용)",
    re.I,
)
_GAIN: Final = re.compile(
    r"\d\s?%|\boff\b|discount|free|cash\s?back|bonus|rabatt|descuento|desconto|sconto|korting|zniżk|diskon|indirim|giảm"
    r"|скидк|знижк|خصم|تخفیف|הנחה|छूट|ছাড়|ส่วนลด|할인|割引|オフ|折|减|減|券|立得|红包|紅包",
    re.I,
)
_ANNOUNCES: Final = re.compile(r"[:=>→👉]")
# Codes of another trade.
_OTHER_TRADE: Final = re.compile(
    r"(?:zip|post(?:al)?|pin|error|tracking|verification|security|qr|bar|otp|auth\w{0,12}|area|country|order|confirm\w{0,6}"
    r"|job|dress|source|log-?in|2fa|sms|http|status|hs|sort|swift|ifsc|product|item|model|style|return|pick-?up|access"
    r"|reservation|booking|tax|gate|door)[\s-]?$|(?:验证|驗證|取件|快递|订单|訂單|認証|確認|인증|확인)$",
    re.I,
)
# Who says that a code fails, or warns of it, gives nothing away.
_FAILS: Final = re.compile(
    r"n[o']t\s(?:\w+\s)?(?:work|appl|accept|valid|receiv|recogni|go\sthrough|g[eo]t|let)|doesn|didn|won['’]?t|can['’]?t"
    r"|cannot|couldn|invalid|expired|error|fail|reject|declin|refus|denied|never\s|unable|ignored|beware|warning|do(?:n['’]?t"
    r"|\snot)\suse|scam|fraud|fake|\blie[sd]?\b|boycott"
    r"|no\s(?:me\s)?(?:funciona|sirve|acepta|deja|aplica|vale)|não\s(?:\w+\s)?(?:funciona|aceita|aplica|consigo)|inv[áa]lid"
    r"|vencid|caducad|estafa|golpe|ne\s(?:\w+\s)?(?:marche|fonctionne|passe)|invalide|arnaque|nicht|ungültig|abgelaufen"
    r"|betrug|non\s(?:\w+\s)?(?:funziona|valido|accetta)|scadut|truffa|werkt\sniet|ongeldig|nie\s(?:działa|przyjmuje)"
    r"|nieważn|oszust|çalışm|geçersiz|tidak\s(?:\w+\s)?(?:bisa|berlaku|valid)|g(?:ak|k|a)\sbisa|gagal|penipu|không\s(?:\w+\s)?"
    r"(?:được|dùng|hợp)|hết\shạn|lừa|не\s(?:\w+\s)?(?:работа|действ|прин|срабат|прац|діє)|недейств|обман|δεν\s"
    r"|لا\s(?:يعمل|يقبل)|مش\sشغال|غير\sصالح|منتهي|نصب|احتيال|کار\sنمی|نامعتبر|לא\s(?:עובד|תקף)|नहीं|काम\sन|কাজ\sকর"
    r"|ใช้ไม่ได้|หมดอายุ|ไม่ได้|โกง|안\s?(?:돼|되|됨)|불가|만료|오류|사기|使えな|使えま|無効|期限切れ|エラー|詐欺|用不了|不能用|无法|無法|失效"
    r"|无效|無效|过期|過期|不了|骗|騙",
    re.I,
)
# What customers say of a price that stayed as it was and of answers that never come; and calls to sign a petition.
_WRONGED: Final = re.compile(
    r"(?:full|wrong|normal|original|regular)\s(?:price|amount|total)|(?:over)?charged|no\s(?:discount|reply|answer|response)"
    r"|nothing\shappens|stays?\sthe\ssame|(?:nobody|no\s?one)\s(?:answer|repl|respond|help)|without\s(?:the\s|any\s)?discount|petition"
    r"|me\s(?:cobra|descont)\w{1,6}|precio\s(?:completo|normal)|sin\sdescuento|peti[cç][ií][oó]n|cobra(?:ram|do)|preço\s"
    r"(?:cheio|normal)|sem\s(?:o\s)?desconto|abaixo-assinado|plein\starif|prix\s(?:fort|plein)|débité|facturé|n['’](?:est|a)"
    r"\spas|pas\s(?:pris|accept|appliqu|valable|valide)|pétition|vol(?:le[rn]?|ler)\spreis|abgebucht|berechnet|kein\w{0,2}\s"
    r"(?:rabatt|antwort)|prezzo\s(?:pieno|intero)|addebitat|petizione|volle\sprijs|afgeschreven|geen\skorting|pełn\w{1,3}\scen"
    r"|pobran|naliczon|tam\sfiyat|tahsil|kesildi|harga\s(?:penuh|normal)|ditagih|terpotong|giá\sgốc|trừ\stiền|полн\w{2,3}\s"
    r"цен|списал|петици|повн\w{2,3}\sцін|петиці|السعر\sالكامل|بدون\sخصم|عريضة|पूरी\sकीमत|पूरे?\sपैसे|ราคาเต็ม|전액|정가|청원"
    r"|定価|全額|署名|全额|原价|原價|没有?优惠|沒有?優惠|请愿",
    re.I,
)
# Who tells of an order of their own, or of what they were promised: "I paid with code X", "you sent me code X".
_OWN_USE: Final = re.compile(
    r"\b(?:i|we)(?:['’](?:ve|d|m))?\s(?:(?:have|had|just|already|also|then|even|did|can|could|am|was|were|try(?:ing)?|tried"
    r"|want(?:ed)?|to)\s){0,3}(?:us(?:e|ed|ing)|order(?:ed|ing)?|paid|pay|bought|buy|purchased|tried|enter(?:ed)?|appl(?:y|ied)"
    r"|typed?|put|add(?:ed)?|redeem(?:ed)?|booked|shopped)\b|\b(?:you|they|he|she|(?:your|the)\s\w{1,12})\s(?:sa(?:y|ys|id)|told"
    r"|sent|gave|promised?|offer(?:ed)?|advertised?)|was\s(?:told|given|sent|promised)|\b(?:can|could|would)\s(?:you|i|we)\b"
    r"|\b(?:to|on|for|in)\s(?:my|our)\s(?:order|cart|basket|bag|purchase|booking)|\bdice[ns]?\b|\bdiz(?:em)?\b|\bsagt\b|\bsteht\b"
    r"|\b(?:usé|utilicé|ingresé|introduje|apliqué|metí|puse|compré|pagué|pedí)\b|\bhe\s(?:usado|utilizado|comprado|pedido|pagado"
    r"|puesto|introducido|aplicado)|hice\s(?:el|un|mi)\spedido|me\s(?:dieron|dijeron|mandaron|enviaron|deram|disseram|mandaram"
    r"|enviaram)|\b(?:usei|utilizei|comprei|paguei|coloquei|inseri|apliquei|digitei)\b|fiz\s(?:o|um|meu)\spedido"
    r"|j['’]ai\s(?:\w+\s)?(?:utilis|command|pay|entr|saisi|mis|appliqu|achet|essay|reçu)\w*|nous\savons\s(?:utilis|command|pay)"
    r"|m['’](?:a|avez|ont)\s(?:dit|donné|envoyé)|\b(?:benutzte|nutzte|verwendete|bestellte|bezahlte)\b|\bhab(?:e|en)?\b.{0,60}"
    r"(?:benutzt|genutzt|verwendet|bestellt|bezahlt|eingegeben|eingelöst|gekauft|bekommen|erhalten)"
    r"|\b(?:ho|abbiamo)\s(?:\w+\s)?(?:usato|utilizzato|inserito|ordinato|pagato|comprato|applicato|acquistato|ricevuto)"
    r"|\bheb(?:ben)?\b.{0,60}(?:gebruikt|besteld|betaald|ingevuld|ingevoerd|gekocht|gekregen)|(?:użył|wpisał|zamówił|zapłacił|kupił"
    r"|zastosował|skorzystał)[ae]m|kullandı[mk]|sipariş\s(?:verdi|etti)[mk]|ödedi[mk]|girdi[mk]\b|satın\saldı[mk]"
    r"|\b(?:saya|aku|gue|gw|sudah|udah|telah|dah)\s(?:sudah\s|udah\s|telah\s|dah\s)?(?:pakai|pake|gunakan|guna|pesan|order|beli"
    r"|bayar|masukkan|masukin)|(?:đã|tôi|mình)\s(?:đã\s)?(?:dùng|nhập|đặt|mua|sử\sdụng|thanh\stoán)|ginamit\s(?:ko|namin)|nag-?order"
    r"\s(?:ako|kami)|использовал|вв[её]л|заказал|оплатил|купил|применил|воспользовал|використа[вл]|ввів|замови[вл]|оплати[вл]|купи[вл]"
    r"|застосува[вл]|χρησιμοποίησα|έβαλα|παρήγγειλα|πλήρωσα|αγόρασα|استخدمت|استعملت|طلبت|دفعت|اشتريت|[أا]دخلت|حطيت|استفاده\sکرد"
    r"|خرید\sکرد|سفارش\sداد|השתמשתי|הזנתי|הזמנתי|שילמתי|קניתי|(?:इस्तेमाल|यूज़?|प्रयोग|ऑर्डर|अप्लाई)\s(?:किया|की)|डाला|लगाया"
    r"|\b(?:use|apply|order)\s(?:kiya|kiye|kia|ki)\b|ব্যবহার\sকরে(?:ছি|ছিলাম)|অর্ডার\sকরে(?:ছি|ছিলাম)|பயன்படுத்தினேன்|వాడాను|ఉపయోగించాను"
    r"|ಬಳಸಿದೆ|ഉപയോഗിച്ചു|વાપર્યો|ਵਰਤਿਆ|(?:ใช้|สั่ง|ใส่|กรอก|จ่าย).{0,40}แล้ว|(?:사용|주문|입력|결제|구매|적용)(?:했|하였)|썼"
    r"|(?:使っ|入力し|注文し|購入し|適用し|利用し|買っ|払っ)た|(?:使い|入力し|注文し|購入し|適用し|利用し|買い|払い)まし"
    r"|我(?:们|們)?(?:已经|已經|刚|剛)?(?:使?用|输入|輸入|填)(?:了|过|過)|(?:用了|下了单|下了單|下单了|下單了|下单后|下單後)",
    re.I,
)
_CLAUSE_END: Final = re.compile(r"[.!?。！？؟।\n]")
# "I made 100 dollars, use my code X" tells of nobody's order.
_PHRASE_END: Final = re.compile(r"[.!?。！？؟।\n,;，、،；]")

_LINK: Final = re.compile(
    rf"(?:https?://|www\.)[^\s<>\"'{UNSPACED}]{{1,400}}|(?<![^\W{UNSPACED}])(?<![@.-])[a-z0-9-]{{1,40}}"
    rf"(?:\.[a-z0-9-]{{1,30}}){{0,3}}\.[a-z]{{2,8}}/[^\s<>\"'{UNSPACED}]{{1,200}}",
    re.I,
)
_PARAMETER: Final = re.compile(
    r"[?&;#](?:ref(?:erral|errer|er|code|_code|_id)?|referral_?code|inv(?:ite|iter|itation)(?:_?code|_?id)?|aff(?:id|_id|iliate"
    r"|iliate_id|_fcid|_code)?|tag|partner(?:_id)?|promo(?:_?code)?|coupon(?:_?code)?|voucher|code|discount|share_?(?:code|id))"
    r"=([A-Za-z0-9_.~%-]{3,64})",
    re.I,
)
# A shop's own coupons come in its links, too; an invitation there brings its giver something all the same.
_COUPON: Final = re.compile(r"[?&;#](?:promo(?:_?code)?|coupon(?:_?code)?|voucher|code|discount)=", re.I)
_HOST: Final = re.compile(r"(?:https?://)?(?:www\.)?([^/?#:\s]{1,120})", re.I)
_INVITING_PATH: Final = re.compile(
    r"/(?:invite|invitation|inv|referrals?|refer|ref|r|join)/([A-Za-z0-9_-]{4,40})(?=[/?#&]|$)", re.I
)
_HANDLE: Final = re.compile(r"@\w{1,40}")


@dataclass(frozen=True, slots=True)
class Referrals:
    """What a text gives away. `codes` are folded, the same for every spelling, the value of a link's parameter or path
    among them; `is_worded`: others are told to use one of them, or it has the name of an invitation (a bare link, or
    "my code", has no such words); `template` is the fingerprint of the text without them ("" where too little is left
    to compare)."""

    codes: tuple[str, ...]
    has_link: bool
    template: str
    is_worded: bool = False


def find_referrals(text: str, own_names: Collection[str] = ()) -> Referrals:
    """`own_names`: what the brand's own domains are called ("lumora" for lumora.com and shop.lumora.co.uk): a coupon in
    a link there is the brand's own."""
    plain = plain_spelling(text)
    links = list(_LINK.finditer(plain))
    # A link's own words are no sentence.
    words = blank(plain, [link.span() for link in links])
    offered = list(islice(_offered(words), MOST_CODES))
    spans = [span for span, _is_clear in offered]
    linked = list(_linked(words, links[:MOST_CUES], {letters_of(name) for name in own_names} - {""}))
    codes = dict.fromkeys([*(words[start:end].casefold() for start, end in spans), *linked])
    rest = blank(words, spans)
    is_long_enough = sum(map(str.isalpha, _HANDLE.sub(" ", rest[:2000]))) >= LEAST_LETTERS
    template = fingerprint(rest) if is_long_enough else ""
    return Referrals(tuple(codes)[:MOST_CODES], bool(links), template, any(is_clear for _span, is_clear in offered))


def _offered(words: str) -> Iterator[tuple[tuple[int, int], bool]]:
    """The spans of the codes that are given away, and whether in clear words."""
    if not _MAY_HOLD_CODE.search(words):
        return
    for cue in islice(_CUE.finditer(lowered(words)), MOST_CUES):
        before = words[max(0, cue.start() - _BEFORE) : cue.start()]
        after = _AFTER_CUE.match(words, cue.end())
        if _OTHER_TRADE.search(before[-16:]) or _OTHER_TRADE.search(cue.group()[:-4]):
            continue
        named = bool(cue["named"] or cue["packed"])
        if after is not None and _is_code(after["code"]):
            span = after.span("code")
            offers = named or _ANNOUNCES.search(after["gap"]) or _OFFERS.search(_last_clause(before))
            offers = offers or _GAIN.search(_first_clause(words[span[1] : span[1] + _BEFORE]))
        elif (first := _BEFORE_CUE.search(before)) and _CODE_FIRST.search(cue.group()) and _is_code(first["code"]):
            start = cue.start() - len(before)
            span = (start + first.start("code"), start + first.end("code"))
            offers = True
        else:
            continue
        if offers and _gives_away(words, span):
            invites = named and "promo" not in cue.group()
            yield span, invites or bool(_TELLS.search(_last_clause(before)))


def _gives_away(words: str, span: tuple[int, int]) -> bool:
    """Nothing around the code or link says that it fails, or that the author paid with it."""
    clause = _clause(words, span)
    return not (_FAILS.search(clause) or _WRONGED.search(clause) or _OWN_USE.search(_phrase(words, span)))


def _is_code(token: str) -> bool:
    """Has a digit or is all capitals: an ordinary word is no code. Very long numbers are orders and parcels."""
    if token.isdigit():
        return 5 <= len(token) <= 12
    return any(map(str.isdigit, token)) or (token.isupper() and sum(map(str.isalpha, token)) >= 4)


def _clause(words: str, span: tuple[int, int]) -> str:
    start, end = span
    return f"{_last_clause(words[max(0, start - _AROUND) : start])} {_first_clause(words[end : end + _AROUND])}"


def _phrase(words: str, span: tuple[int, int]) -> str:
    start, end = span
    before, after = words[max(0, start - _AROUND) : start], words[end : end + _AROUND]
    return f"{_PHRASE_END.split(before)[-1]} {_PHRASE_END.split(after, maxsplit=1)[0]}"


def _last_clause(before: str) -> str:
    return _CLAUSE_END.split(before)[-1]


def _first_clause(after: str) -> str:
    return _CLAUSE_END.split(after, maxsplit=1)[0]


def _linked(words: str, links: list[re.Match[str]], own_names: Collection[str]) -> Iterator[str]:
    """The codes of links that are given away. In `words` each link is one space."""
    gone = 0
    for link in links:
        at = link.start() - gone
        gone += len(link.group()) - 1
        codes = _codes_of_link(link.group(), own_names)
        if codes and _gives_away(words, (at, at + 1)):
            yield from codes


def _codes_of_link(link: str, own_names: Collection[str]) -> list[str]:
    host = _HOST.match(link)
    is_own = host is not None and is_host_of(host[1], own_names)
    found = [
        *(one[1] for one in _PARAMETER.finditer(link) if not (is_own and _COUPON.match(one.group()))),
        *_INVITING_PATH.findall(link),
    ]
    return [value.casefold() for value in found if _is_code(value)]
