"""Words that tell what a number near them is: an order, a parcel, a phone. Data only.

A word of a script that parts words stands alone, unless `*` says that more letters may stand there; `_` is a space, a
hyphen or nothing. Words of other scripts, and Arabic with its prefixes, match anywhere.
"""

import re

PARCEL = (
    "track* parcel* package* packet* ship ships shipp* shipment* courier* deliver* undeliver* redeliver* fedex dhl "
    "ups usps dpd gls hermes evri inpost tnt postnl yamato waybill* awb *paket* *päckchen pakke* pakje* pakket* "
    "pacco pacchi colis colissimo paquete* encomenda* rastre* seguimiento suivi* livraison* *sendung* *zending* "
    "bezorg* consegn* spedizion* envío* kargo* przesył* paczk* paczek zásilk* balík* csomag* colet* resi jne spx "
    "sicepat anteraja посылк* посилк* трек* доставк* отправлени* накладн* δέμα* αποστολ* mã_vận_đơn vận_đơn "
    "bưu_kiện kiện_hàng giao_hàng 快递 快遞 物流 单号 單號 运单 運單 包裹 顺丰 順豐 圆通 中通 申通 韵达 极兔 追跡 "
    "荷物 宅配 伝票 ヤマト 佐川 配送 송장 택배 พัสดุ ขนส่ง شحن تتبع طرد مرسوله חבילה משלוח कूरियर पार्सल"
)
ORDER = (
    "order ordernr ordernummer orderid ordre ordrer ordrenr ordrenummer pedido* orden comand* commande* bestell_nr "
    "bestell_nummer bestell_id bestellung* bestelling* bestelnr bestelnummer beställning* bestilling* auftrag "
    "auftrags_nr auftrags_nummer ordine ordini zamówieni* objednávk* rendelés* tilaus* sipariş* pesanan* orderan* "
    "đơn_hàng mã_đơn заказ* замовлен* поръчк* παραγγελί* 订单 訂單 注文 オーダー 주문 คำสั่งซื้อ ออเดอร์ طلب طلبي طلبية "
    "سفارش הזמנה ऑर्डर অর্ডার ஆர்டர் آرڈر"
)
#: What may stand between such a word and its number.
NUMBER = (
    "number num nummer no nr nro id n° nº n núm numéro número numero nomor numarası numaram номер č číslo αριθμός "
    "số code 编号 編號 号码 號碼 号 號 番号 番號 번호 هو رقم מספר شماره หมายเลข नंबर नं नम्बर संख्या নম্বর is was es est "
    "ist è é jest to adalah là saya 是 为 為 は が 는 은 이 가 है"
)
PHONE = (
    "phone phones telephone* cellphone* ring tel telef* teléf* télé tél telefon* *telefon call called calls "
    "calling cell cel mobile mobil móvil celular* cellulare handy rufnummer anrufen appel* komórk* zadzwo* zalo "
    "whatsapp whats_app wa hp sđt điện_thoại my_number mi_número meine_nummer mon_numéro contact_me text_me "
    "reach_me sms телефон* тел звони* мобильн* мой_номер τηλ* κινητό* 電話 电话 手机 手機 微信 携帯 전화 연락처 "
    "휴대폰 핸드폰 내_번호 제_번호 โทร เบอร์ هاتف جوال موبايل تلفون رقمي اتصل واتس تلفن تماس موبایل טלפון נייד फोन "
    "फ़ोन मोबाइल मेरा_नंबर ফোন"
)
#: Between a word about phones and a number these say that it is the number of something else.
OTHER = (
    "account* konto* cuenta conta compte ticket* case reference ref invoice* claim customer* member* booking "
    "serial model sku reservation* rechnung* kunden* factura* fatura* facture* счет* счёт* 账号 帳號 会员 會員 "
    "회원 계정 حساب فاتورة"
)

# Letters of the scripts whose words are parted. Arabic and Indic words are left out: prefixes and marks touch them.
_LETTER = r"[A-Za-z\u00c0-\u024f\u0370-\u052f\u1e00-\u1fff]"


def any_of(*lists: str) -> re.Pattern[str]:
    return re.compile(either(*lists), re.IGNORECASE)


def either(*lists: str) -> str:
    """Any of the words, as part of a pattern."""
    ways: dict[tuple[bool, bool], list[str]] = {}
    for word in sorted({word for words in lists for word in words.split()}, key=lambda word: (-len(word), word)):
        bare = word.strip("*")
        is_parted = re.match(_LETTER, bare) is not None
        more = rf"{_LETTER}{{0,9}}" if word.endswith("*") else ""
        ways.setdefault((is_parted and word[0] != "*", is_parted), []).append(
            re.escape(bare).replace("_", "[ -]?") + more
        )
    return "|".join(
        f"{f'(?<!{_LETTER})' * starts}(?:{'|'.join(words)}){f'(?!{_LETTER})' * stops}"
        for (starts, stops), words in ways.items()
    )
