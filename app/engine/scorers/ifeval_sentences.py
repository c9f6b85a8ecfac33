"""Sentences and words of English text, counted as IFEval's reference does.

The reference asks NLTK, whose trained Punkt model is not part of a distribution. This is the
published algorithm (Kiss and Strunk 2006, "Unsupervised Multilingual Sentence Boundary
Detection") with small word lists in the place of the trained tables: a sentence may end at
``.``, ``?`` or ``!`` before white space or a bracket, quote or asterisk, and does so unless
the word is an abbreviation, an initial or an ordinal before a lower-case word.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise, zip_longest


def word_set(text: str) -> frozenset[str]:
    """Return the words of ``text``, for tables that are easier to read as text."""
    return frozenset(text.split())


_ENDS = frozenset(".?!")
_CLOSERS = frozenset(")\";}]*:@'({[?!")
_CONTEXT_CHARS = 200
_TOKEN = re.compile(
    r"-{2,}|\.{2,}|[^\s(\"`{\[:;&#*@)}\]\-,'?!][^\s?!)\";}\]*:@'({\[]*?"
    r"(?=\s|$|[?!)\";}\]*:@'({\[]|-{2,}|\.{2,}|,(?:$|\s|[?!)\";}\]*:@'({\[]))|\S"
)
_MOVED = re.compile(r"[\"')\]}]+")
_INITIAL = re.compile(r"[^\W\d]\.")
_NUMBER = re.compile(r"-?[.,]?\d[\d,.\-]*\.?")

_ABBREVIATIONS = word_set(
    "mr mrs ms dr prof st sr jr inc ltd co corp cos bros messrs gen col lt sgt capt maj adm "
    "sen rep reps gov hon rev supt jan feb mar apr aug sept oct nov dec mon tues wed thurs "
    "fri ave blvd ft mt vs v etc ph.d m.d b.a m.a m.b.a d.d.s u.s u.k u.n u.s.a u.s.s.r e.u "
    "a.m p.m a.d b.c d.c n.y n.j n.c s.c n.d s.d n.h n.m l.a s.a s.p.a n.v ala ariz calif "
    "colo conn fla ga ill ky mich minn neb nev okla pa tenn tex va vt wis wyo w.va p.s cie "
    "r.i ct yr"
)
_STARTERS = word_set(
    "the a an this that these those there here it he she they we you i in on at by for from to as "
    "if but and or so yet when while since because although though however moreover meanwhile "
    "then thus therefore once until under among both all most many some each every one no not "
    "what who why how where which its his her their our your my even also after before during "
    "with without let please maybe perhaps"
)


def count_sentences(text: str) -> int:
    """Return the number of sentences of ``text``; a bare ``1.`` of a list counts as one.

    Closing quotes and brackets after the end of a sentence belong to it.
    """
    sentences, is_open, is_start = 0, False, False
    words = text.split()
    for word, following in zip_longest(words, words[1:]):
        end = _end_in(word, following) if "." in word or "!" in word or "?" in word else None
        if end is None:
            is_open = is_open or not (is_start and _MOVED.fullmatch(word))
            is_start = False
            continue
        rest = word[end + 1 :]
        sentences += 1
        is_open, is_start = bool(rest) and not _MOVED.fullmatch(rest), not rest
    return sentences + is_open


def _end_in(word: str, following: str | None) -> int | None:
    """Return the offset in ``word`` of the last character of a sentence."""
    last = len(word) - 1
    if following and word[last] in "!?":
        return last
    if following and word[last] == "." and _is_plain(word[:last]):
        return last
    offset = _candidate(word, following is not None)
    if offset is None:
        return None
    at_end = following and offset == last
    after = f" {following[:_CONTEXT_CHARS]}" if following and at_end else word[offset + 1]
    before = word[max(0, offset + 1 - _CONTEXT_CHARS) : offset + 1]
    return offset if _is_break(before + after) else None


def _is_plain(stem: str) -> bool:
    return len(stem) > 1 and stem.isalpha() and stem.lower() not in _ABBREVIATIONS


def _candidate(word: str, has_next: bool) -> int | None:
    """Return the offset of the last character of ``word`` that may end a sentence."""
    last = len(word) - 1
    for offset in range(last, -1, -1):
        if word[offset] in _ENDS and (has_next if offset == last else word[offset + 1] in _CLOSERS):
            return offset
    return None


@lru_cache(maxsize=65_536)  # the forgiving variants of one answer share nearly all contexts
def _is_break(context: str) -> bool:
    tokens = _TOKEN.findall(context)
    return any(_ends_sentence(token, following) for token, following in pairwise(tokens))


def _ends_sentence(token: str, following: str) -> bool:
    if token in _ENDS:
        return True
    if not token.endswith("."):
        return False
    is_initial = _INITIAL.fullmatch(token) is not None
    starts = following[:1].isupper() and following.lower().rstrip(".") in _STARTERS
    if token.endswith("..") or (not is_initial and _is_abbreviation(token[:-1].lower())):
        return starts
    if is_initial:
        return starts or not following[:1].isalpha()
    if _NUMBER.fullmatch(token):
        return not (following[:1].islower() or following in {",", ";", ":"})
    return True


def _is_abbreviation(stem: str) -> bool:
    return stem in _ABBREVIATIONS or stem.rsplit("-", 1)[-1] in _ABBREVIATIONS


_CHUNK = re.compile(r"[^\s;@#$%&?!*\[\](){}<>\"“”«»„‘’`]+")
_INNER = re.compile(r"\.{2,}|-{2,}|[:,](?=\D|$)")
_CLITIC = re.compile(r"(?<=[^'\s])('[sSmMdD]|'ll|'LL|'re|'RE|'ve|'VE|n't|N'T)(?=\s|$)")
_FUSED = frozenset({"CANNOT", "GIMME", "LEMME", "GONNA", "WANNA", "GOTTA"})


def count_capital_words(text: str) -> int:
    """Return the number of tokens in capitals; ``JOHN'S`` and ``DON'T`` are two, as in NLTK.

    Tokens are those of the Penn Treebank: punctuation and clitics stand alone.
    """
    return sum(map(_capitals_in, filter(_has_capital, _CHUNK.findall(text))))


def _has_capital(chunk: str) -> bool:
    return chunk != chunk.lower()


@lru_cache(maxsize=65_536)
def _capitals_in(chunk: str) -> int:
    if chunk.isalpha() and chunk not in _FUSED:
        return int(chunk.isupper())
    spaced = _CLITIC.sub(r" \1", _INNER.sub(" ", chunk))
    return sum(token.isupper() + (token in _FUSED) for token in spaced.split())
