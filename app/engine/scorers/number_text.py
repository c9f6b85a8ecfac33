r"""Writing numbers plainly: LaTeX and the scripts of Unicode become ASCII.

``\(9{,}500\)``, ``\frac{1}{2}``, ``−½``, ``10⁻⁵`` and ``٤٢`` become ``9,500``, ``1/2``, ``- 1/2``,
``10^-5`` and ``42``. Blanks of any kind become plain ones. All scans are linear.
"""

from __future__ import annotations

import re
import unicodedata

_COMMAND = re.compile(r"\\([A-Za-z]++|.)", re.DOTALL)
_FRACTION = re.compile(
    r"\\frac *+(?:\{([^{}]*+)\}|([0-9])) *+(?:\{([^{}]*+)\}|([0-9]))",
)
_OVER = re.compile(r"\{([^{}\\]{1,100})\\over(?![A-Za-z])([^{}\\]{1,100})\}")
_POWER = re.compile(r"\^ *+\{([^{}]*+)\}")
_DOLLAR = "\ue000"  # a private character: no sign of mathematics, as $ may be
_SPACING = frozenset([*",;: ~", "quad", "qquad", "enspace", "thinspace", "space", "newline"])
_COMMANDS_OF_LOOKS = (
    "! ( ) [ ] left right big Big bigg Bigg displaystyle textstyle limits text textbf textit "
    "textrm textsf texttt textnormal mathrm mathbf mathit mathsf mathtt mbox hbox operatorname "
    "boxed fbox framebox num unit qty si SI emph boldsymbol bm bf rm it underline ensuremath"
)
_NOTHING = frozenset(_COMMANDS_OF_LOOKS.split())
_SIGNS = {
    "$": _DOLLAR,
    "%": "%",
    "times": "×",
    "cdot": "×",
    "ast": "×",
    "div": "/",
    "approx": "≈",
    "simeq": "≈",
    "sim": "≈",
    "circ": "°",
    "degree": "°",
    "pounds": "£",
    "euro": "€",
    "pm": "±",
    "frac": "\\frac",
    "dfrac": "\\frac",
    "tfrac": "\\frac",
    "cfrac": "\\frac",
}

_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺"
_LOW = str.maketrans(_SUPERSCRIPTS, "0123456789-+")
_RAISED = re.compile(f"[{_SUPERSCRIPTS}]++")
_ASCII = str.maketrans(
    {
        **dict.fromkeys("−﹣－‐‑‒–", "-"),
        **dict.fromkeys("＋﹢", "+"),
        **dict.fromkeys("⁄∕／", "/"),
        **dict.fromkeys("，﹐٬", ","),
        **dict.fromkeys("．。｡٫", "."),
        **dict.fromkeys("’‘ʼ＇", "'"),
        **dict.fromkeys("％﹪٪", "%"),
        **dict.fromkeys("✕✖⋅·∙＊", "×"),
        **dict.fromkeys("＄﹩", "$"),
        **dict.fromkeys("˚º", "°"),
        "￡": "£",
        "￥": "¥",
        "℃": "°C",
        "℉": "°F",
        "（": "(",
        "）": ")",
        "！": "!",
        "？": "?",
        "；": ";",
        "：": ":",
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\ufeff", ""),
    }
)


def plain_number_text(text: str) -> str:
    """Return ``text`` with everything that numbers are made of in ASCII, where ASCII has it."""
    if "\\" in text or "$" in text or "{" in text:
        text = _without_latex(text)
    if not text.isascii():
        text = _RAISED.sub(lambda run: "^" + run.group().translate(_LOW), text).translate(_ASCII)
        text = "".join(map(_plain_char, text))
    return " ".join(text.split())


def _without_latex(text: str) -> str:
    if "\\" in text:
        text = text.replace("~", " ")
    text = _COMMAND.sub(lambda command: _plain_command(command.group(1)), text)
    text = text.replace("{,}", ",").replace("{.}", ".").replace("^°", "°").replace("^{°}", "°")
    text = _FRACTION.sub(_slashed, text)
    text = _OVER.sub(r" \1/\2", text)
    text = _POWER.sub(r"^\1", text).replace("{", "").replace("}", "")
    if text.count("$") % 2 == 0:  # around mathematics; a currency's sign stands alone
        text = text.replace("$", "")
    return text.replace(_DOLLAR, "$")


def _plain_command(name: str) -> str:
    if name in _SPACING:
        return " "
    if name in _NOTHING:
        return ""
    return _SIGNS.get(name, f"\\{name}")


def _slashed(fraction: re.Match[str]) -> str:
    top = (fraction.group(1) or fraction.group(2) or "").strip()
    bottom = (fraction.group(3) or fraction.group(4) or "").strip()
    return f" {top}/{bottom}"  # the blank keeps a whole number before it apart: 2\frac12


def _plain_char(char: str) -> str:
    if char.isascii():
        return char
    if char.isspace():
        return " "
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if unicodedata.decomposition(char).startswith("<fraction>"):
        return " " + unicodedata.normalize("NFKC", char).replace("⁄", "/")
    return char
