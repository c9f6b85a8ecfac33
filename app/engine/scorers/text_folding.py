r"""Comparing texts without regard to how they are dressed: case, quotes, emphasis, a full stop.

Both sides are dressed alike: a text always equals itself, and its dress is taken off both or off
neither. So the answer ``U.S.A`` is ``U.S.A.``, and ``$5`` is not ``5``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_QUOTES = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʼ＇`´′", "'"),
        **dict.fromkeys("“”„‟″＂", '"'),
        **dict.fromkeys("‐‑‒–−﹣－", "-"),
        # Written and invisible: soft hyphen, zero-width blanks, marks of direction.
        **dict.fromkeys("\u00ad\u200b\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e"),
        **dict.fromkeys("\u2066\u2067\u2068\u2069"),
    }
)
# Other spellings of the same letter; not raised or lowered ones, for 10² is not 102.
_SAME_LETTER: tuple[str, ...] = (
    "<compat>",
    "<wide>",
    "<narrow>",
    "<noBreak>",
    "<font>",
    "<initial>",
    "<medial>",
)
_SAME_LETTER += ("<final>", "<isolated>", "<vertical>", "<small>")
_PAIRS = {
    '"': '"',
    "'": "'",
    "«": "»",
    "»": "«",
    "‹": "›",
    "「": "」",
    "『": "』",
    "《": "》",
    "〈": "〉",
    "*": "*",
    "_": "_",
    "$": "$",
}
_COMMANDS = (
    ("\\boxed{", "}"),
    ("\\fbox{", "}"),
    ("\\text{", "}"),
    ("\\textbf{", "}"),
    ("\\mathrm{", "}"),
    ("\\mathbf{", "}"),
    ("\\(", "\\)"),
    ("\\[", "\\]"),
)
_EMPHASIS = "*_` \t\r\n"
_STOPS = ".。．｡"
_MOST_LAYERS = 8
_BLANKS = re.compile(r"\s++")
_COMMAND_OR_BRACE = re.compile(r"[{}]")


def fold(text: str) -> str:
    """Return ``text`` without case, with plain quotes, dashes and single blanks, composed (NFC).

    Full-width letters, ligatures and other spellings of a letter become the letter itself.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", "".join(map(_same_letter, text))).translate(_QUOTES)
        text = unicodedata.normalize("NFC", text.casefold()).replace("i\u0307", "i")  # of İ
    else:
        text = text.replace("`", "'").casefold()
    return _BLANKS.sub(" ", text).strip()


def undress(text: str) -> str:
    """Return ``text`` without emphasis, quotes, mathematical signs and full stops around it.

    Quotes and dollar signs go in pairs only, so ``$5`` keeps its own.
    """
    for _ in range(_MOST_LAYERS):
        bare = _without_layer(text.strip())
        if bare == text:
            break
        text = bare
    return text


def same_text(answer: str, targets: Iterable[str]) -> bool:
    """Return whether ``answer`` is one of the targets, dressed or undressed alike."""
    given = _layers(answer)
    return any(
        left and left == right
        for target in targets
        for left, right in zip(given, _layers(target), strict=True)
    )


def _layers(text: str) -> tuple[str, str, str]:
    """Return a text as it is, without emphasis, and without all dress, folded."""
    return fold(text), fold(text.strip(_EMPHASIS)), fold(undress(text))


def _same_letter(char: str) -> str:
    if char.isascii() or not unicodedata.decomposition(char).startswith(_SAME_LETTER):
        return char
    return unicodedata.normalize("NFKC", char)


def _without_layer(text: str) -> str:
    text = text.strip(_EMPHASIS)
    folded = text.translate(_QUOTES)
    if len(text) > 1 and len(folded) == len(text):
        first, last = folded[0], folded[-1]
        inner = folded[1:-1]
        if _PAIRS.get(first) == last and first not in inner and last not in inner:
            return text[1:-1].strip()
        if text[0] == "„" and text[-1] in "“”":
            return text[1:-1].strip()
    for opening, closing in _COMMANDS:
        if text.startswith(opening) and text.endswith(closing) and _is_one(text, opening):
            return text[len(opening) : -len(closing)].strip()
    return text.rstrip(_STOPS)


def _is_one(text: str, opening: str) -> bool:
    """Return whether the brace that ``opening`` opens is the one that ``text`` ends with."""
    if not opening.endswith("{"):
        return text.find(opening, 1) < 0
    depth = 0
    for brace in _COMMAND_OR_BRACE.finditer(text):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return brace.end() == len(text)
    return False
