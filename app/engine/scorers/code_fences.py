"""Finding the code in an answer, as inspect_evals 0.26 and openbench 0.5.3 do.

All scans are linear: openings and endings of a block are searched apart from one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PYTHON = r"```[ \t]*(?:python3?|py)"
_PYTHON_OPENING = re.compile(
    rf"{_PYTHON}[ \t]*\r?\n|^{_PYTHON}(?![^\s`])[^\n]*\n", re.IGNORECASE | re.MULTILINE
)
_ANY_OPENING = re.compile(r"^```[ \t]*+([^\s`]*+)[^\n]*+\n", re.MULTILINE)
# A line that begins with a fence, or a fence that ends a line of code.
_ENDING = re.compile(r"^```|(?<=\S)```[ \t\r]*$", re.MULTILINE)
_BARE_FENCE = re.compile(r"```[ \t\r]*$", re.MULTILINE)
_BODY = ":\n    "

_PLAIN_PYTHON_OPENING = "```python\n"
_BEGIN, _DONE = "[BEGIN]", "[DONE]"


def extract_fenced(answer: str) -> str:
    """Return the first block fenced as Python, else the first plain one, else the answer.

    A block that is labelled may follow text on its line and need not be closed; a plain one
    must. Blocks of white space do not count.
    """
    code = _first_block(answer)
    return answer if code is None else code


def extract_fenced_body(answer: str) -> str:
    """Return what follows the first line that ends in a colon of the fenced code, else the answer.

    That line is taken for the ``def`` of the function, which the prompt has already. A block
    without such a line loses its first character, as in inspect_evals, and will not compile.
    """
    code = _first_block(answer)
    if code is None:
        return answer
    code = code.replace("\r\n", "\n")
    return code[code.find(_BODY) + 2 :]


def _first_block(answer: str) -> str | None:
    labelled = (code for _label, code, _is_closed in _blocks(_PYTHON_OPENING, answer))
    code = next((code for code in labelled if code.strip()), None)
    if code is not None:
        return code
    plain = (
        code
        for label, code, is_closed in _blocks(_ANY_OPENING, answer)
        if not label and is_closed and code.strip()
    )
    return next(plain, None)


def _blocks(opening: re.Pattern[str], text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield label, content and whether it is closed, of each block in turn."""
    position = 0
    while start := opening.search(text, position):
        label = start.group(1) if opening.groups else "python"
        end = _ENDING.search(text, start.end())
        if end is None:
            yield label, text[start.end() :], False
            return
        yield label, text[start.end() : end.start()], True
        # A fence with more on its line ends this block and may open the next one.
        bare = _BARE_FENCE.match(text, end.start())
        position = bare.end() if bare else end.start()


def extract_python_fence(answer: str) -> str:
    r"""Return what stands between ```` ```python\n ```` and the next fence, else the answer."""
    _, opened, rest = answer.partition(_PLAIN_PYTHON_OPENING)
    code, closed, _ = rest.partition("```")
    return code if opened and closed else answer


def extract_tagged(answer: str) -> str | None:
    """Return what stands between ``[BEGIN]`` and ``[DONE]``; ``None`` without both."""
    _, opened, rest = answer.partition(_BEGIN)
    code, closed, _ = rest.partition(_DONE)
    return code.strip() if opened and closed else None
