"""Which language a text is written in, as far as IFEval asks: by script, letters and words.

The reference uses the langdetect package, a Bayesian model of letter triples that is random
by design and unreliable below a few words. This is a fixed rule of our own: the script with
the most letters decides, web addresses and tags aside; scripts that several languages share
are told apart by letters that only one of them uses, and by the number of common words. A
text without letters has no language; a short one without a single common word has an unknown
one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping

UNKNOWN = "und"
"""ISO 639 for undetermined: there are letters, but too few to tell."""

_READ_CHARS = 10_000
_ENOUGH_LETTERS = 20
_TAG = re.compile(r"<[^<>\n]{0,40}>")
_ADDRESS_SIGNS = ("://", "www.", "@")
_WORD = re.compile(r"[^\s\d!-&(-/:-@\[-`{-~।॥،؟؛۔«»“”„…–—]+")  # \w would leave out vowel signs

_ONE_LANGUAGE_SCRIPTS = {
    "BENGALI": "bn", "GUJARATI": "gu", "GURMUKHI": "pa", "HANGUL": "ko", "HEBREW": "he",
    "KANNADA": "kn", "MALAYALAM": "ml", "TAMIL": "ta", "TELUGU": "te", "THAI": "th",
    "GREEK": "el", "HIRAGANA": "ja", "KATAKANA": "ja", "ARMENIAN": "hy", "GEORGIAN": "ka",
    "SINHALA": "si", "KHMER": "km", "LAO": "lo", "MYANMAR": "my", "ETHIOPIC": "am",
}  # fmt: skip

_MARKS: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "CYRILLIC": {
        "uk": (3, "і ї є ґ"),
        "bg": (3, "ъ"),
        "ru": (3, "ы э ё"),
        "sr": (3, "ђ ј љ њ ћ џ"),
        "be": (9, "ў"),
    },
    "ARABIC": {"ur": (3, "ٹ ڈ ڑ ے ں ھ ہ"), "fa": (1, "پ چ ژ گ ک ی"), "ar": (1, "ة ى أ إ ي ك")},
    "DEVANAGARI": {
        "mr": (3, "ळ च्या ायला ांना ाचे ाची ाचा ामध्ये ण्या ावर आहे णे"),
        "ne": (3, "बाट लाई हरू ुहोस् पछि गर्न हुन् एको ँछ न्छ"),
        "hi": (1, "ों ें ड़ ढ़ ंगे ेगा ाएं"),
    },
}
"""By script and language: a weight, and letters or endings that set the language apart."""

_WORDS: Mapping[str, Mapping[str, str]] = {
    "DEVANAGARI": {
        "hi": "है हैं में के की का को से और नहीं यह था थी थे पर कर लिए हो एक "
        "भी ने आप मैं हम ही तो जो",
        "mr": "आहे आहेत आणि च्या मध्ये नाही हे ही तो ते या मी आपण तुम्ही झाले "
        "होते होता केले साठी का पण ला ची चा चे",
        "ne": "छ छन् हो र मा को का लाई गर्न गर्नुहोस् तपाईं भएको यो "
        "त्यो हुन्छ थियो पनि हामी म बाट देखि सम्म लागि गर्दै",
    },
    "CYRILLIC": {
        "ru": "и в не на я что он с как это по но из за то все так его для мы вы",
        "bg": "и на се за да от не са с е си по като това ще че бе който съм",
        "uk": "і в не на що він з як це та до але у за так його для ми ви є",
    },
    "ARABIC": {
        "ar": "في من على إلى أن هذا التي الذي ما لا مع كان هذه عن هو هي و أو",
        "fa": "و در به از که این را با است برای آن یک های می شود شما ما بود تا هم",
        "ur": "کے کی میں ہے اور سے کا کو نے پر ہیں یہ کہ ہو نہیں تھا بھی کر ایک آپ",
    },
    "LATIN": {
        "en": "the of and to in is a that it for was on are as with be this by at from or an have "
        "not you your we our they their i my he she his her has had but can will if would there "
        "all one so what who which when how do does did don't it's i'm no more than into about up "
        "out just like me us them its were been being some any then also only new time get make "
        "too over after before because while where why let's here these those other",
        "es": "de la que el en y los del se las por un para con no una su al lo como más pero sus "
        "le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay es son está",
        "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se "
        "ce il sont la avec ou cette d'un l'on nous vous je elle mais ses être aux c'est",
        "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als "
        "auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie ich wir "
        "ihr nur oder aber vor zur bis mehr durch man sein wenn haben kann zum sehr über",
        "it": "di che e la il un a per in una sono non con si da come le ma i lo della del nel "
        "alla più anche questo è gli dei delle ci mi ti o al se ha ho nella sul",
        "pt": "de a o que e do da em um para com não uma os no se na por mais as dos como mas ao "
        "ele das seu sua ou quando muito nos já eu também só pelo pela até isso é são está você",
        "nl": "de van een het en in is dat op te zijn met voor niet aan er om ook als maar bij "
        "uit dan naar nog wel wij je ik hij zij door over wordt worden heeft",
        "fi": "ja on ei että se oli hän mutta ovat joka kun niin myös tai kuin sen olen olla voi "
        "minä sinä me te he tämä jos mitä ole sekä siitä kanssa kaikki hyvin",
        "sw": "ya na wa kwa ni katika la za kuwa cha hii kama au pia hiyo huo watu yake wao sana "
        "mimi wewe yeye sisi hapa lakini kila baada kabla ili bila vya ambayo ambaye si",
        "vi": "của và là có được cho không một các trong với những người này đã để khi đến về như "
        "từ tôi bạn thì ra rất cũng nhưng chúng nhiều vào hay sẽ năm trên lại",
        "pl": "i w na z do się nie to że jest o jak za od po ale przez dla są tak co już był czy "
        "ich tym jego oraz przy także może bardzo",
        "tr": "ve bir bu da de için ile çok olarak daha ne gibi en kadar olan ama o var mi değil "
        "sonra ben sen biz her şey ya ki",
        "id": "yang dan di dengan untuk tidak ini dari dalam akan pada itu juga adalah ke saya "
        "kami anda mereka ada atau oleh bisa karena telah sudah kita seperti",
        "ro": "de și în a la cu pe nu o un că este din mai care pentru sunt ca să au fost dar sau "
        "prin acest după al lui ei ale",
        "sv": "och i att det som en på är av för med den till inte ett om han de har jag var vi "
        "från men så kan hon när ska",
        "da": "og i at det er en til på som af for med den ikke de et har jeg var vi fra men så "
        "kan han når skal blev",
        "cs": "a v se na je že s z do to o i k ale za by jako pro jsem podle od který jsou po si "
        "tak však být",
        "hu": "a az és hogy nem is egy van meg ez de el csak ha már vagy volt mint még ki le fel "
        "azt ezt lesz kell",
        "tl": "ang ng sa na at mga ay ko mo ito siya hindi ni para kung may kanyang din ako ikaw "
        "kami tayo isang",
        "so": "waa iyo in ka ku ay uu oo ah waxaa soo la si u aan laga wax",
        "af": "die en van in is het nie te om dit wat vir met op aan hy sy ek jy ons daar word",
    },
}  # fmt: skip
_COMMON = {
    script: {language: frozenset(words.split()) for language, words in languages.items()}
    for script, languages in _WORDS.items()
}
_FOREIGN_LETTERS = re.compile(r"[à-öø-ÿāăąćčďđēęěğīıłńňōőœřśşšťūůűźżžạ-ỹơư]")


def detect_language(text: str) -> str | None:
    """Return an ISO 639-1 code, ``UNKNOWN``, or ``None`` where ``text`` has no letters."""
    words = _TAG.sub(" ", text[:_READ_CHARS]).lower().split()
    text = " ".join(word for word in words if not any(sign in word for sign in _ADDRESS_SIGNS))
    letters = Counter(_script(letter) for letter in text if letter.isalpha())
    if not letters:
        return None
    if letters["HIRAGANA"] + letters["KATAKANA"] > letters["CJK"] // 10:
        letters["HIRAGANA"] += letters.pop("CJK", 0)
    script, count = letters.most_common(1)[0]
    if script in _ONE_LANGUAGE_SCRIPTS:
        return _ONE_LANGUAGE_SCRIPTS[script]
    if script == "CJK":
        return "zh-cn"
    if script == "LATIN":
        return _latin_language(text, count)
    return _shared_script_language(script, text)


def _script(letter: str) -> str:
    return "LATIN" if letter.isascii() else unicodedata.name(letter, "UNKNOWN").split()[0]


def _hits(script: str, text: str) -> Counter[str]:
    found = Counter(word.replace("’", "'").strip("'") for word in _WORD.findall(text))
    return Counter(
        {
            language: sum(found[word] for word in words)
            for language, words in _COMMON.get(script, {}).items()
        }
    )


def _shared_script_language(script: str, text: str) -> str:
    if script not in _MARKS:
        return UNKNOWN
    scores = _hits(script, text)
    for language, (weight, marks) in _MARKS[script].items():
        scores[language] += weight * sum(text.count(mark) for mark in marks.split())
    language, score = scores.most_common(1)[0]
    return language if score else UNKNOWN


def _latin_language(text: str, letters: int) -> str:
    scores = _hits("LATIN", text)
    language, score = scores.most_common(1)[0]
    if score:
        return "en" if scores["en"] == score else language
    plain = letters >= _ENOUGH_LETTERS and not _FOREIGN_LETTERS.search(text)
    return "en" if plain else UNKNOWN
