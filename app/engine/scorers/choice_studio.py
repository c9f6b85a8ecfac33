r"""Multiple choice as we read it (``choice/studio``): whatever names one option counts.

``ANSWER: B``, ``**Answer:** B``, ``\boxed{B}``, ``The answer is (B)`` and ``it seems to be B`` are
statements, and the last one wins; an option's text is as good as its letter. Without one, a reply,
last or first line that is nothing but an option counts, then ``option B is correct``, weaker words,
and the only letter in bold. Two letters are no answer. All scans are linear, and only the last
statements of the last 100,000 characters are looked at.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from app.engine.scorers.choice_statements import (
    CONCLUSION,
    CORRECTION,
    DRESS,
    FORMAT,
    OPENING,
    STATEMENT,
    STATEMENT_ANYWHERE,
    WEAK_STATEMENT,
)
from app.engine.scorers.text_folding import fold, undress
from app.engine.scorers.verdicts import compared, quoted, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_SEARCHED_CHARS = 100_000
_LOOKED_AT = 100
_LINE_CHARS = 400
_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # a letter may stand right before these
_ENDS = rf"(?![^\W_{_UNSPACED}]|_[^\W_]|['’](?![dt][iıuü]r)\w)"
_LETTER = re.compile(rf"([A-Za-z]){_ENDS}")
_NEXT = re.compile(
    r"[\s*_`\"'”’»$)}\]]*+(?:,|/|&|\bor\b|\band\b)\s*+[\s*_`\"'“‘$({\[]*+"
    r"([A-Z])(?![\w'’]| (?:is|was|isn|wasn|can|cannot|does|has)\b)"
)
_FOLLOWING_WORD = re.compile(r"[ \t]++([A-Za-z]++)")
# After the letters that are words, too: "the answer is A because ...", but not "is a number".
_REASONS = "because since as for and or but based due given with which is would so it this that"
_GOES_ON = frozenset(_REASONS.split())
_IS_RIGHT = re.compile(
    r"(?:^|[\s*_`\"“‘$(\[])([A-Za-z])[*_`\"”’$)\]]*+(?: it is\b| (?:is|would be|seems|must be) "
    r"(?:(?:the|most|likely|clearly|definitely|indeed|therefore) )*+"
    r"(?:correct|right|best|answer|true)\b| ?+(?:选项|選項)?+是?+(?:正确|正確))",
    re.MULTILINE,
)
_ALONE = re.compile(
    rf"{DRESS}{FORMAT}?+{DRESS}(?:[Oo]ption |[Cc]hoice )?+([A-Za-z])"
    r"[\s*_`\"'”’»」』】$)}\]\\.:,。]*+"
)
_LABEL = r"[*_(\[]*+(?:[Oo]ption |[Cc]hoice )?+([A-Za-z])[*_]*+(?:[).:\]][*_]*+(?:\s|$)| [-–—] )"
_LABELLED = re.compile(_LABEL)
_LABELLED_LINE = re.compile(rf"^[ \t>*+-]*+{_LABEL}", re.MULTILINE)
_SHOWN = re.compile(r"\*\*\(?([A-Z])(?:[).:][^*\n]{0,200})?\*\*|\(([A-Z])\)")
_SEVERAL = -2
_NO_OPTION = -1


@dataclass(frozen=True, slots=True)
class _Options:
    """The options of a question; an empty one was not offered."""

    texts: tuple[str, ...]
    named_by: tuple[tuple[int, str, str], ...]
    """Index, text and folded text of those that are short enough to be said."""

    def letter(self, letter: str) -> int:
        """Return the index of a letter's option; ``_NO_OPTION`` where it was not offered."""
        index = ord(letter.upper()) - ord("A")
        if not self.texts:
            return index
        return index if index < len(self.texts) and self.texts[index].strip() else _NO_OPTION

    def named(self, text: str) -> int | None:
        """Return the option that a text is, or begins with; ``None`` where it is none."""
        exactly = self.exactly(text)
        if exactly is not None:
            return exactly
        said = fold(undress(text))
        found = [(len(option), i) for i, _, option in self.named_by if _begins(said, option)]
        return max(found)[1] if found else None

    def exactly(self, text: str) -> int | None:
        """Return the option that a text is; ``None`` where it is none."""
        said = fold(undress(text))
        equal = (i for i, option, folded in self.named_by if said == folded or text == option)
        return next(equal, None)


def _options(texts: Sequence[str]) -> _Options:
    short = [(i, text) for i, text in enumerate(texts) if 0 < len(text.strip()) <= _LINE_CHARS]
    named_by = tuple((i, text.strip(), fold(undress(text)) or fold(text)) for i, text in short)
    return _Options(tuple(texts), named_by)


def _begins(text: str, option: str) -> bool:
    if not text.startswith(option):
        return False
    rest = text[len(option) :].lstrip("*_`\"'")
    return not rest or not (rest[0].isalnum() or (rest[0] in ".,-/" and rest[1:2].isalnum()))


def chosen_option(completion: str, options: Sequence[str]) -> int | None:
    """Return the index of the option that a reply names; ``None`` where it names none, or two.

    Args:
        completion: What the model wrote.
        options: As presented under A, B, C ...; an empty text was not offered. Without any, every
            letter may be named.
    """
    offered = _options(options)
    text = _plain_letters(completion[-_SEARCHED_CHARS:])
    for find in _FINDERS:
        picked = find(text, offered)
        if picked is not None:
            return picked if picked >= 0 else None
    return None


def _plain_letters(text: str) -> str:
    """Return ``text`` with full-width letters, brackets and colons as plain ones."""
    if text.isascii():
        return text
    return text.translate(_PLAIN)


_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


def _stated(text: str, offered: _Options) -> int | None:
    found = _after_last(STATEMENT, text, offered) if text.isascii() else None
    found = found or _after_last(STATEMENT_ANYWHERE, text, offered)
    if found is None:
        return None
    picked, end = found
    for correction in reversed(deque(CORRECTION.finditer(_small(text), end), _LOOKED_AT)):
        rest = text[correction.end() :]
        for find in (_weakly_stated, _declared_right, _last_line):
            instead = find(rest, offered)
            if instead is not None:
                return instead
    return picked


def _weakly_stated(text: str, offered: _Options) -> int | None:
    found = _after_last(WEAK_STATEMENT, text, offered)
    return None if found is None else found[0]


def _concluded(text: str, offered: _Options) -> int | None:
    found = _after_last(CONCLUSION, text, offered)
    return None if found is None else found[0]


def _after_last(statement: re.Pattern[str], text: str, offered: _Options) -> tuple[int, int] | None:
    """Return the option behind the last statement that names one, and where it stands."""
    ends = (found.end() for found in statement.finditer(_small(text)))
    for end in reversed(deque(ends, _LOOKED_AT)):
        picked = _read(text, end, offered)
        if picked is not None:
            return picked, end
    return None


def _small(text: str) -> str:
    small = text.lower()
    return small if len(small) == len(text) else text  # İ becomes two characters


def _read(text: str, position: int, offered: _Options) -> int | None:
    """Return the option that is named at ``position``; ``None`` where nothing is."""
    text = text[position : position + _LINE_CHARS]
    opening = OPENING.match(text)
    start = opening.end() if opening else 0
    line = text[start:].split("\n", 1)[0]
    letter = _LETTER.match(text, start)
    if letter is None or not _is_label(text, letter):
        return offered.named(_named_part(line)) if line.strip() else None
    if len(line) > 1 and (by_text := _exactly(line, offered)) is not None:
        return by_text
    other = _NEXT.match(text, letter.end())
    if other and offered.letter(other.group(1)) not in (
        _NO_OPTION,
        offered.letter(letter.group(1)),
    ):
        return _SEVERAL
    return offered.letter(letter.group(1))


def _named_part(line: str) -> str:
    return line.rstrip(" *_`\"'”’»$)}]\\")


def _exactly(line: str, offered: _Options) -> int | None:
    """Return the option whose text a line is; not where that is a single letter."""
    text = _named_part(line)
    return offered.exactly(text) if len(text) > 1 else None


def _is_label(text: str, letter: re.Match[str]) -> bool:
    """Return whether a single letter names an option rather than being a word (a, I)."""
    following = _FOLLOWING_WORD.match(text, letter.end())
    if following is None:
        return True
    goes_on = following.group(1).casefold() in _GOES_ON
    return goes_on if letter.group(1) in "AIbcdefghj" else letter.group(1).isupper()


def _whole(text: str, offered: _Options) -> int | None:
    """Return the option where the reply is nothing else."""
    stripped = text.strip()
    return _only(stripped, offered) if len(stripped) <= _LINE_CHARS else None


def _last_line(text: str, offered: _Options) -> int | None:
    return _only_of_lines(text.rstrip().rpartition("\n")[2], text, offered)


def _first_line(text: str, offered: _Options) -> int | None:
    return _only_of_lines(text.lstrip().partition("\n")[0], text, offered)


def _heading(text: str, offered: _Options) -> int | None:
    """Return the option that the first line is, with nothing else in it."""
    index = _first_line(text, offered)
    line = text.lstrip().partition("\n")[0]
    label = _LABELLED.match(line)
    is_whole = label is None or offered.exactly(line[label.end() :]) == index
    return index if is_whole else None


def _only_of_lines(line: str, text: str, offered: _Options) -> int | None:
    """Return the option that a line is; not where the text only lists options."""
    line = line.strip()
    labels = {found.group(1) for found in _LABELLED_LINE.finditer(text)}
    is_listed = len(labels) > 1 and not _ALONE.fullmatch(line)
    return None if is_listed or len(line) > _LINE_CHARS else _only(line, offered)


def _only(text: str, offered: _Options) -> int | None:
    alone = _ALONE.fullmatch(text)
    if alone:
        return offered.letter(alone.group(1))
    exactly = offered.exactly(text)
    if exactly is not None:
        return exactly
    label = _LABELLED.match(text)
    return offered.letter(label.group(1)) if label and "\n" not in text else None


def _declared_right(text: str, offered: _Options) -> int | None:
    found = deque(_IS_RIGHT.finditer(text), 1)
    return offered.letter(found[0].group(1)) if found else None


def _shown(text: str, offered: _Options) -> int | None:
    """Return the only letter that is emphasised or in parentheses."""
    letters = {found.group(1) or found.group(2) for found in _SHOWN.finditer(text)}
    return offered.letter(letters.pop()) if len(letters) == 1 else None


_FINDERS = (
    _stated,
    _whole,
    _last_line,
    _declared_right,
    _heading,
    _weakly_stated,
    _concluded,
    _first_line,
    _shown,
)


def score_choice(completion: str, sample: Sample) -> Verdict:
    """Compare the option that a reply names with the right one."""
    index = chosen_option(completion, sample.choices)
    if index is None:
        return unparsable("The reply names none of the options, or more than one.")
    letter = ascii_uppercase[index]
    targets = targets_of(sample)
    right = letter in {target.strip().upper() for target in targets}
    if not right and sample.choices:
        right = sample.choices[index] in targets
    verdict = compared(letter, targets[0], correct=right)
    if not sample.choices:
        return verdict
    said = f"The reply names option {letter} ({quoted(sample.choices[index])})"
    ending = "the right one." if right else f"the right one is {', '.join(targets)}."
    return Verdict(verdict.score, letter, f"{said}; {ending}" if not right else f"{said}, {ending}")


SCORERS: dict[str, Scorer] = {"choice/studio": score_choice}
