"""The languages of Whisper, by their codes.

The order is that of Whisper's vocabulary, most training data first; ``yue`` came with large-v3.
"""

import re

NAMES: dict[str, str] = {
    "en": "English", "zh": "Chinese", "de": "German", "es": "Spanish", "ru": "Russian", "ko": "Korean",
    "fr": "French", "ja": "Japanese", "pt": "Portuguese", "tr": "Turkish", "pl": "Polish", "ca": "Catalan",
    "nl": "Dutch", "ar": "Arabic", "sv": "Swedish", "it": "Italian", "id": "Indonesian", "hi": "Hindi",
    "fi": "Finnish", "vi": "Vietnamese", "he": "Hebrew", "uk": "Ukrainian", "el": "Greek", "ms": "Malay",
    "cs": "Czech", "ro": "Romanian", "da": "Danish", "hu": "Hungarian", "ta": "Tamil", "no": "Norwegian",
    "th": "Thai", "ur": "Urdu", "hr": "Croatian", "bg": "Bulgarian", "lt": "Lithuanian", "la": "Latin",
    "mi": "Maori", "ml": "Malayalam", "cy": "Welsh", "sk": "Slovak", "te": "Telugu", "fa": "Persian",
    "lv": "Latvian", "bn": "Bengali", "sr": "Serbian", "az": "Azerbaijani", "sl": "Slovenian",
    "kn": "Kannada", "et": "Estonian", "mk": "Macedonian", "br": "Breton", "eu": "Basque",
    "is": "Icelandic", "hy": "Armenian", "ne": "Nepali", "mn": "Mongolian", "bs": "Bosnian", "kk": "Kazakh",
    "sq": "Albanian", "sw": "Swahili", "gl": "Galician", "mr": "Marathi", "pa": "Punjabi", "si": "Sinhala",
    "km": "Khmer", "sn": "Shona", "yo": "Yoruba", "so": "Somali", "af": "Afrikaans", "oc": "Occitan",
    "ka": "Georgian", "be": "Belarusian", "tg": "Tajik", "sd": "Sindhi", "gu": "Gujarati", "am": "Amharic",
    "yi": "Yiddish", "lo": "Lao", "uz": "Uzbek", "fo": "Faroese", "ht": "Haitian Creole", "ps": "Pashto",
    "tk": "Turkmen", "nn": "Nynorsk", "mt": "Maltese", "sa": "Sanskrit", "lb": "Luxembourgish",
    "my": "Myanmar", "bo": "Tibetan", "tl": "Tagalog", "mg": "Malagasy", "as": "Assamese", "tt": "Tatar",
    "haw": "Hawaiian", "ln": "Lingala", "ha": "Hausa", "ba": "Bashkir", "jw": "Javanese",
    "su": "Sundanese", "yue": "Cantonese",
}  # fmt: skip

_ALIKE = (
    {"af", "nl"}, {"as", "bn"}, {"az", "tr"}, {"ba", "tt"}, {"be", "ru"}, {"bg", "mk"}, {"bs", "hr", "sr"},
    {"ca", "es"}, {"cs", "sk"}, {"da", "no", "nn"}, {"de", "lb"}, {"de", "yi"}, {"es", "gl"}, {"fa", "tg"},
    {"fo", "is"}, {"gl", "pt"}, {"hi", "mr"}, {"hi", "ne"}, {"hi", "ur"}, {"id", "jw", "ms", "su"},
    {"no", "nn", "sv"}, {"pa", "ur"}, {"sd", "ur"}, {"yue", "zh"},
)  # fmt: skip

_REGIONAL = re.compile(r"([a-z]{2,3})[-_](?:[a-z]{2}|[a-z]{4}|\d{3})")  # a country, a script or an area (BCP 47)
_CODES: dict[str, str] = {name.lower(): code for code, name in NAMES.items()}


def code_of(language: str) -> str | None:
    """The code of a language given by its code, with a region or without, or its English name, in any case.

    None if Whisper lacks it.
    """
    wanted = language.strip().lower()
    if regional := _REGIONAL.fullmatch(wanted):
        wanted = regional[1]
    return wanted if wanted in NAMES else _CODES.get(wanted)


def are_alike(one: str, other: str) -> bool:
    """Whether they are the same, or so alike that Whisper takes one for the other, now and then."""
    return one == other or any({one, other} <= group for group in _ALIKE)
