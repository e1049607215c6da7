"""What labelled files call a language, as our tag, and when an answer of the identifier says the same."""

from typing import Final

from monitor.nlp.language import UNKNOWN
from monitor.nlp.language_hints import CODE, NO_LANGUAGE, read_hint, romanised

#: Names that tables write instead of a code, of the languages that we tell.
_NAMES: Final = {
    "hinglish": "hi-Latn", "unknown": UNKNOWN, "afrikaans": "af", "albanian": "sq", "amharic": "am", "arabic": "ar",
    "armenian": "hy", "bashkir": "ba", "belarusian": "be", "bengali": "bn", "bangla": "bn", "bulgarian": "bg",
    "burmese": "my", "chinese": "zh", "mandarin": "zh", "cantonese": "zh", "simplified chinese": "zh-Hans",
    "chinese (simplified)": "zh-Hans", "traditional chinese": "zh-Hant", "chinese (traditional)": "zh-Hant",
    "croatian": "hr", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en", "estonian": "et", "farsi": "fa",
    "filipino": "tl", "finnish": "fi", "french": "fr", "georgian": "ka", "german": "de", "greek": "el",
    "gujarati": "gu", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "indonesian": "id", "italian": "it",
    "japanese": "ja", "kannada": "kn", "kazakh": "kk", "khmer": "km", "korean": "ko", "kurdish": "ku",
    "kyrgyz": "ky", "lao": "lo", "latvian": "lv", "lithuanian": "lt", "macedonian": "mk", "malay": "ms",
    "malayalam": "ml", "marathi": "mr", "mongolian": "mn", "nepali": "ne", "norwegian": "no", "odia": "or",
    "pashto": "ps", "persian": "fa", "polish": "pl", "portuguese": "pt", "punjabi": "pa", "romanian": "ro",
    "russian": "ru", "serbian": "sr", "sindhi": "sd", "sinhala": "si", "slovak": "sk", "slovenian": "sl",
    "somali": "so", "spanish": "es", "swahili": "sw", "swedish": "sv", "tagalog": "tl", "tajik": "tg", "tamil": "ta",
    "tatar": "tt", "telugu": "te", "thai": "th", "tibetan": "bo", "turkish": "tr", "ukrainian": "uk", "urdu": "ur",
    "uyghur": "ug", "uzbek": "uz", "vietnamese": "vi",
}  # fmt: skip
#: Several languages in one post; and what tables write where nothing is known.
_NO_LABEL: Final = frozenset({"mul", "nan", "nil"})
#: Chinese in characters is written alike, whatever is spoken.
_CHINESE: Final = frozenset({"zh", "zho", "chi", "cmn", "yue"})
#: Script or region → the spelling; a script goes first. Our "zh" is simplified, or what both spellings share.
_SPELLINGS: Final = {
    "hant": "zh-Hant", "hans": "zh-Hans", "tw": "zh-Hant", "hk": "zh-Hant", "mo": "zh-Hant", "cn": "zh-Hans",
    "sg": "zh-Hans",
}  # fmt: skip


def read_language(label: str) -> str:
    """Our tag of a label ("pt-BR" → "pt", "Hinglish" → "hi-Latn", "zh_TW" → "zh-Hant"); "" where it is none."""
    code, *more = label.strip().lower().replace("_", "-").split("-")
    if named := _NAMES.get(label.strip().lower()):
        return named
    if code in _NO_LABEL:
        return ""
    if NO_LANGUAGE.fullmatch(code):
        return UNKNOWN
    if code in _CHINESE:
        return next((tag for part, tag in _SPELLINGS.items() if part in more), "zh")
    found = read_hint(code) if CODE.fullmatch(code) else ""
    return (romanised(found) or f"{found}-Latn") if found and "latn" in more else found


def as_labelled(answer: str, label: str) -> str:
    """The answer as finely as the label speaks: to a label "hi" "hi-Latn" is right, to "zh" "zh-Hant"."""
    is_same = answer.startswith(f"{label}-") or (label, answer) == ("zh-Hans", "zh")
    return label if is_same else answer
