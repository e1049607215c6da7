"""Words with which a person asks for silence, or takes it back, in a direct message (platform rules demand both)."""

import unicodedata

_STOP_WORDS = (
    "stop", "stopp", "stop all", "unsubscribe", "opt out", "optout", "quit", "cancel messages",
    "parar", "pare", "basta", "alto", "detener", "cancelar suscripción", "arrêt", "arrêter", "arret", "stoppen",
    "abmelden", "abbestellen", "fermare", "smettere", "стоп", "отписаться", "dur", "durdur", "berhenti", "dừng",
    "停止", "停", "退订", "退訂", "取消订阅", "やめて", "配信停止", "中止", "중지", "수신거부", "توقف",
    "إيقاف", "หยุด", "बंद", "रोको",
)  # fmt: skip
_START_WORDS = ("start", "unstop", "resume", "начать", "开始", "開始", "再開", "시작", "empezar", "démarrer")


def _normal(text: str) -> str:
    """Letters of the message in one spelling: no case, no accents' variants, no marks or emoji around them."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in folded)
    return " ".join(words.split())


_STOP = frozenset(_normal(word) for word in _STOP_WORDS)
_START = frozenset(_normal(word) for word in _START_WORDS)
_LONGEST = 40


def wants_silence(text: str) -> bool | None:
    """True: the whole message asks to stop; False: it asks to go on; None: it is about something else.

    Only a message that says nothing else counts: "please stop sending the wrong size" is a complaint.
    """
    if len(text) > _LONGEST:
        return None
    words = _normal(text).removeprefix("please ").removesuffix(" please")
    if words in _STOP:
        return True
    return False if words in _START else None
