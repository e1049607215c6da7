"""What platforms say of a post's language, as BCP 47 tags that language.py weighs against the text itself."""

import re
from functools import lru_cache
from typing import Final

#: Script → languages written in it, for which a platform's hint is believed where the letters do not tell.
HINTED_BY_SCRIPT: Final = {
    "Cyrillic": {"ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "mn", "tg", "uz", "tt", "ba", "cv", "ce", "os", "sah"},
    "Arabic": {"ar", "fa", "ur", "ckb", "ps", "sd", "ug", "ku", "ks", "pnb"},
    "Devanagari": {"hi", "mr", "ne", "sa", "bho", "mai", "kok"},
    "Hebrew": {"he", "yi"},
    "Bengali": {"bn", "as"},
    "Ethiopic": {"am", "ti"},
}
#: What platforms say → our tags; "" says nothing.
_HINTS: Final = {
    "in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro", "sh": "sr", "fil": "tl", "cmn": "zh", "zsm": "ms",
    "arb": "ar", "pes": "fa", "prs": "fa", "npi": "ne", "khk": "mn", "uzn": "uz", "pbt": "ps", "ekk": "et", "lvs": "lv",
    "swh": "sw", "azj": "az", "ory": "or", "hi-latn": "hi-Latn", "ja-latn": "", "zh-latn": "",
}  # fmt: skip
#: Three letters (ISO 639-2, both codes where it has two) of the languages that have two.
_THREE_LETTERS: Final = dict(
    zip(
        (
            "afr amh ara asm aze bak bel ben bih bod tib bos bre bul cat ces cze che chv cos cym wel dan deu ger div "
            "dzo ell gre eng epo est eus baq ewe fao fas per fin fra fre fry ful gla gle glg grn guj hat hau heb hin "
            "hrv hun hye arm ibo ind isl ice ita jav jpn kal kan kas kat geo kaz khm kin kir kor kur lao lat lav lin "
            "lit ltz lug mal mar mkd mac mlg mlt mon mri mao msa may mya bur nep nld dut nno nob nor nya oci ori orm "
            "oss pan pol por pus que roh ron rum run rus sag san sin slk slo slv smo sna snd som sot spa sqi alb srd "
            "srp ssw sun swa swe tah tam tat tel tgk tgl tha tir ton tsn tso tuk tur uig ukr urd uzb ven vie wol xho "
            "yid yor zho chi zul"
        ).split(),
        (
            "af am ar as az ba be bn bh bo bo bs br bg ca cs cs ce cv co cy cy da de de dv "
            "dz el el en eo et eu eu ee fo fa fa fi fr fr fy ff gd ga gl gn gu ht ha he hi "
            "hr hu hy hy ig id is is it jv ja kl kn ks ka ka kk km rw ky ko ku lo la lv ln "
            "lt lb lg ml mr mk mk mg mt mn mi mi ms ms my my ne nl nl nn nb no ny oc or om "
            "os pa pl pt ps qu rm ro ro rn ru sg sa si sk sk sl sm sn sd so st es sq sq sc "
            "sr ss su sw sv ty ta tt te tg tl th ti to tn ts tk tr ug uk ur uz ve vi wo xh "
            "yi yo zh zh zu"
        ).split(),
        strict=True,
    )
)
#: Where Chinese is written in traditional characters, if the hint names no script.
_TRADITIONAL: Final = frozenset({"hant", "tw", "hk", "mo"})
_LANGUAGE: Final = re.compile("[a-z]{2,3}")
# Codes that name no language: undetermined, several, uncoded, no language, invented; and those for private use, with
# which X marks links, hashtags and pictures (qme, qht …).
_NO_LANGUAGE: Final = re.compile("und|mul|mis|zxx|art|q[a-t][a-z]")
#: Languages of another script that people type in Latin letters as well.
_ROMANISED: Final = frozenset(
    {"el", "hy", "ka", "he", "pa", "gu", "or", "ta", "te", "kn", "ml", "si"}.union(*HINTED_BY_SCRIPT.values())
) - {"uz", "ku"}  # these write Latin letters themselves
#: Languages of another script of which Latin letters are names of products at most.
_NEVER_LATIN: Final = frozenset({"zh", "zh-Hant", "ja", "ko", "th", "lo", "my", "km", "bo", "dz", "yue"})


@lru_cache(maxsize=512)
def read_hint(hint: str) -> str:
    """The language that a platform's hint names, as our tag; "" where it names none."""
    language, *others = hint.strip().lower().replace("_", "-").split("-")
    language = _THREE_LETTERS.get(language, language)
    found = _HINTS.get(f"{language}-{others[0]}" if others else language, _HINTS.get(language, language))
    if found == "zh" and _TRADITIONAL & set(others) and "hans" not in others:
        return "zh-Hant"
    if found in _HINTS.values():
        return found
    return found if _LANGUAGE.fullmatch(found) and not _NO_LANGUAGE.fullmatch(found) else ""


def romanised(language: str) -> str:
    """The tag of this language in Latin letters ("bn" → "bn-Latn", "sv" → "sv"); "" where it is not written so."""
    if language in _NEVER_LATIN:
        return ""
    return f"{language}-Latn" if language in _ROMANISED else language
