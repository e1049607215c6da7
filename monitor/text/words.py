"""Words that tell what a number near them is: an order, a parcel, a phone. Data only."""

import re

PARCEL = (
    "track", "parcel", "package", "packet", "ship", "courier", "deliver", "fedex", "dhl", r"ups\b", "usps", "awb",
    "waybill", "paket", "pacco", "colis", "paquete", "encomenda", "rastre", "suivi", "sendung", "kargo", "przesy",
    "resi", "vận đơn", "快递", "物流", "单号", "運單", "包裹", "追跡", "荷物", "配送", "송장", "택배", "พัสดุ",
    "شحن", "تتبع",
)  # fmt: skip
ORDER = (
    r"\border", r"\bpedido", r"\bcommande", "bestell(?:ung|nummer)", r"\bordine", r"\bzamówieni\w{0,6}", r"\bsipariş",
    r"\bpesanan", r"\bđơn hàng", "订单", "訂單", "注文", "주문", "คำสั่งซื้อ", "طلب", "ऑर्डर",
)  # fmt: skip
NUMBER = (
    "number", "num", "nummer", "no", "nr", "id", "n[°º]", "numéro", "número", "numero", "numarası",
    "号", "號", "編號", "番号", "番號", "번호", "رقم", "หมายเลข",
)  # fmt: skip
PHONE = (
    "phone", r"\bring\b", r"tel\b", "tel[.:]", "telefon", "telef", "call", "whats ?app", "mobile", "cell", "number is",
    "móvil", "celular", "handy", "sđt", "điện thoại", r"hp\b", "電話", "电话", "手机", "手機", "微信",
    "번호", "전화", "โทร", "เบอร์", "هاتف", "جوال", "رقم", "फोन", "नंबर",
)  # fmt: skip


def any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)
