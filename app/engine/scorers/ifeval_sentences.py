"""Sentences and words of English text, counted as IFEval's reference does.

The reference asks NLTK, whose trained Punkt model is not part of a distribution. This is the
published algorithm (Kiss and Strunk 2006, "Unsupervised Multilingual Sentence Boundary
Detection") with small word lists in the place of the trained tables: a sentence may end at
``.``, ``?`` or ``!`` before white space or a bracket, quote or asterisk, and does so unless
the word is an abbreviation, an initial or an ordinal before a lower-case word.
"""

from __future__ import annotations

import re
from itertools import pairwise

_ENDS = frozenset(".?!")
_CLOSERS = frozenset(")\";}]*:@'({[?!")
_CONTEXT_CHARS = 200
_HAS_END = re.compile(r"[.?!]")
_WORD = re.compile(r"\S+")
_TOKEN = re.compile(
    r"-{2,}|\.{2,}|[^\s(\"`{\[:;&#*@)}\]\-,'?!][^\s?!)\";}\]*:@'({\[]*?"
    r"(?=\s|$|[?!)\";}\]*:@'({\[]|-{2,}|\.{2,}|,(?:$|\s|[?!)\";}\]*:@'({\[]))|\S"
)
_REALIGNED = re.compile(r"[\"')\]}]+(?:\s+|$)")
_INITIAL = re.compile(r"[^\W\d]\.")
_NUMBER = re.compile(r"-?[.,]?\d[\d,.\-]*\.?")

_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr inc ltd co corp cos bros messrs gen col lt sgt capt maj adm cmdr "
    "sen rep reps gov hon rev pres supt jan feb mar apr aug sept oct nov dec mon tues wed thurs "
    "fri ave blvd ft mt vs v etc no vol fig ed eds al ph.d m.d b.a m.a m.b.a d.d.s u.s u.k u.n "
    "u.s.a u.s.s.r e.u a.m p.m a.d b.c d.c n.y n.j n.c s.c n.d s.d n.h n.m l.a s.a ala ariz ark "
    "calif colo conn del fla ga ill ind kan ky mass mich minn miss mo mont neb nev okla ore pa "
    "tenn tex va vt wash wis wyo w.va p.s cie r.i".split()
)
_STARTERS = frozenset(
    "the a an this that these those there here it he she they we you i in on at by for from to as "
    "if but and or so yet when while since because although though however moreover meanwhile "
    "then thus therefore once until under among both all most many some each every one no not "
    "what who why how where which its his her their our your my even also after before during "
    "with without let please maybe perhaps".split()
)


def count_sentences(text: str) -> int:
    """Return the number of sentences of ``text``; a bare ``1.`` of a list counts as one."""
    text = text.rstrip()
    breaks = _breaks(text)
    sentences = 0
    for start, stop in pairwise([0, *breaks, len(text)]):
        piece = text[start:stop]
        closing = _REALIGNED.match(piece) if start else None
        sentences += bool(piece[closing.end() :] if closing else piece)
    return sentences


def _breaks(text: str) -> list[int]:
    """Return the offsets at which a sentence ends and the next begins."""
    found: list[int] = []
    if not _HAS_END.search(text):
        return found
    words = _WORD.finditer(text)
    word = next(words, None)
    while word is not None:
        following = next(words, None)
        offset = _candidate(word[0], following is not None) if _HAS_END.search(word[0]) else None
        if offset is not None:
            at_end = offset == len(word[0]) - 1
            after = (
                f" {following[0][:_CONTEXT_CHARS]}" if at_end and following else word[0][offset + 1]
            )
            before = word[0][max(0, offset + 1 - _CONTEXT_CHARS) : offset + 1]
            if _is_break(before + after):
                found.append(
                    following.start() if at_end and following else word.start() + offset + 1
                )
        word = following
    return found


def _candidate(word: str, has_next: bool) -> int | None:
    """Return the offset of the last character of ``word`` that may end a sentence."""
    last = len(word) - 1
    for offset in range(last, -1, -1):
        if word[offset] in _ENDS and (has_next if offset == last else word[offset + 1] in _CLOSERS):
            return offset
    return None


def _is_break(context: str) -> bool:
    tokens = _TOKEN.findall(context)
    return any(_ends_sentence(token, following) for token, following in pairwise(tokens))


def _ends_sentence(token: str, following: str) -> bool:
    if token in _ENDS:
        return True
    if not token.endswith("."):
        return False
    stem = token[:-1].lower()
    is_initial = _INITIAL.fullmatch(token) is not None
    starts = following[:1].isupper() and following.lower().rstrip(".") in _STARTERS
    if token.endswith("..") or (not is_initial and _is_abbreviation(stem)):
        return starts
    if is_initial:
        return starts or not following[:1].isalpha()
    if _NUMBER.fullmatch(token):
        return not (following[:1].islower() or following in {",", ";", ":"})
    return True


def _is_abbreviation(stem: str) -> bool:
    return stem in _ABBREVIATIONS or stem.rsplit("-", 1)[-1] in _ABBREVIATIONS


_SEPARATED = re.compile(r"[;@#$%&?!*\[\](){}<>\"“”«»„‘’`]|\.{2,}|-{2,}|[:,](?=\D|$)")
_CLITIC = re.compile(r"(?<=[^'\s])('[sSmMdD]|'ll|'LL|'re|'RE|'ve|'VE|n't|N'T)(?=\s|$)")
_FUSED = re.compile(r"(?i)\b(can)(not)\b|\b(gim|lem)(me)\b|\b(gon|wan)(na)\b|\b(got)(ta)\b")


def count_capital_words(text: str) -> int:
    """Return the number of tokens in capitals; ``JOHN'S`` and ``DON'T`` are two, as in NLTK.

    Tokens are those of the Penn Treebank: punctuation and clitics stand alone.
    """
    spaced = _SEPARATED.sub(r" \g<0> ", text)
    spaced = _CLITIC.sub(r" \1", spaced)
    spaced = _FUSED.sub(lambda match: " ".join(filter(None, match.groups())), spaced)
    return sum(token.isupper() for token in spaced.split())
