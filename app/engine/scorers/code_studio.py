"""Running the code of an answer however it is presented (``code/studio``).

Fences of any kind and label count, and so do answers without one; what several blocks define is
put together, so that helpers and imports are there. The tests are those of HumanEval or MBPP
where the sample has them, else its target: assertions in Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from textwrap import dedent, indent

from app.engine.sandbox.sandbox import Sandbox
from app.engine.scorers.code import Trial, code_scorer, humaneval_trial, mbpp_trial
from app.engine.scorers.verdicts import targets_of
from app.engine.types import Sample, Scorer, Verdict

_TIMEOUT_S = 30.0
_FENCE = re.compile(r"^([ \t>]*+)(`{3,}+|~{3,}+)[ \t]*+([^\n`]*+)\r?$", re.MULTILINE)
_TAGS = (("[BEGIN]", "[DONE]"), ("<code>", "</code>"), ("[PYTHON]", "[/PYTHON]"))
_OTHERS = "bash sh shell console text txt output json yaml diff java javascript js c cpp"
_OTHER_LANGUAGES = frozenset(_OTHERS.split())
_DEFINITION = re.compile(
    r"^(?:async[ \t]++def|def|class)[ \t]++(\w++)|^(\w++)[ \t]*+=(?!=)", re.MULTILINE
)
_STARTS = re.compile(
    r"^(?:async[ \t]+def |def |class |import |from \S+ import |@\w|\w+ *= *lambda\b)", re.MULTILINE
)
_PROSE = re.compile(r"^(?=\S)(?![#@)\]}'\"]|\w+[ \t]*[=(.\[:+-]|(?:async|def|class|import|from|if|"
                    r"for|while|try|except|finally|else|elif|with|return|assert|print)\b)",
                    re.MULTILINE)  # fmt: skip
_MOST_BLOCKS = 50
_INDENTED = 4
_PROMPT = re.compile(r"^(?:>>>|\.\.\.) ?(.*)$", re.MULTILINE)
_INLINE = re.compile(r"`(?:python )?+([^`\n]*\b(?:def|lambda)\b[^`\n]*)`")


def extract_code(answer: str, name: str = "") -> str:
    """Return the code of an answer.

    Args:
        answer: What the model wrote.
        name: Of the function that is asked for, if it is known.
    """
    answer = answer.replace("\r\n", "\n").replace("\u00a0", " ")
    blocks = [block for block in _blocks(answer) if block.strip()][-_MOST_BLOCKS:]
    if not blocks:
        return _unfenced(answer)
    if not name:
        return _together(blocks)
    wanted = [i for i, block in enumerate(blocks) if name in _names(block)]
    if not wanted:
        bodies = [block for block in blocks if not _names(block)]
        return (bodies or blocks)[-1]
    last = wanted[-1]
    # An earlier attempt at the same function is replaced, and an example of its use left out.
    before = [block for i, block in enumerate(blocks[:last]) if i not in wanted]
    helpers = [block for block in before if _only_defines(block)]
    after = [block for block in blocks[last + 1 :] if _only_defines(block) and _names(block)]
    return "\n\n".join([*helpers, *after, blocks[last]])


def _together(blocks: list[str]) -> str:
    """Return all blocks, each name defined once: the last attempt counts."""
    kept: list[str] = []
    seen: set[str] = set()
    for block in reversed(blocks):
        names = _names(block)
        if names and names <= seen:
            continue
        if not names and not block.lstrip().startswith(("import ", "from ")) and len(blocks) > 1:
            continue  # an example of its use
        seen |= names
        kept.insert(0, block)
    return "\n\n".join(kept or blocks[-1:])


def _names(block: str) -> set[str]:
    return {found.group(1) or found.group(2) for found in _DEFINITION.finditer(block)}


def _only_defines(block: str) -> bool:
    """Return whether every line at the margin begins a definition, an import or a value."""
    lines = (line for line in block.split("\n") if line and not line[0].isspace())
    return all(
        line.startswith(
            ("def ", "class ", "async def ", "import ", "from ", "@", "#", ")", "]", "}")
        )
        or _DEFINITION.match(line)
        for line in lines
    )


def _blocks(answer: str) -> Iterator[str]:
    """Yield the content of each fenced or tagged block; one that is never closed counts."""
    for begin, end in _TAGS:
        _, opened, rest = answer.partition(begin)
        if opened:
            content = rest.partition(end)[0]
            inner = list(_fenced(content))
            yield from inner or [content.strip("\n")]
            return
    yield from _fenced(answer)


def _fenced(text: str) -> Iterator[str]:
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif not _is_level(fence, opening):
            continue  # within the code, as in a docstring
        elif not fence.group(3).strip():
            if _is_python(opening.group(3)):
                yield _content(text, opening, fence.start())
            opening = None
        else:
            if _is_python(opening.group(3)):  # the next block begins: this one was not closed
                yield _content(text, opening, fence.start())
            opening = fence
    if opening is not None and _is_python(opening.group(3)):
        yield _content(text, opening, len(text))


def _is_level(fence: re.Match[str], opening: re.Match[str]) -> bool:
    """Return whether a fence can end a block: as long as its opening, and not indented further."""
    longest, shortest = fence.group(2), opening.group(2)
    if longest[0] != shortest[0] or len(longest) < len(shortest):
        return False
    indent, margin = fence.group(1).expandtabs(4), opening.group(1).expandtabs(4)
    return len(indent) < len(margin) + _INDENTED


def _is_python(label: str) -> bool:
    word = label.strip().strip("{}.").split(" ")[0].split(",")[0].lower()
    return word not in _OTHER_LANGUAGES


def _content(text: str, opening: re.Match[str], end: int) -> str:
    content = text[opening.end() + 1 : end]
    margin = opening.group(1)
    if margin.strip() or margin:
        lines = (line.removeprefix(margin) for line in content.split("\n"))
        content = "\n".join(lines)
    content = content.rstrip().removesuffix("```").rstrip()
    # What a session at Python's prompt shows besides are answers.
    typed = _PROMPT.findall(content) if content.lstrip().startswith(">>> ") else ()
    return "\n".join(typed) if typed else content


def _unfenced(answer: str) -> str:
    """Return the code of an answer without fences: all of it, without the prose between."""
    parts: list[str] = []
    position = 0
    while len(parts) < _MOST_BLOCKS and (start := _STARTS.search(answer, position)):
        prose = _PROSE.search(answer, start.start())
        position = prose.start() if prose else len(answer)
        parts.append(answer[start.start() : position].rstrip())
    inline = None if parts else _INLINE.search(answer)
    return inline.group(1) if inline else "\n\n".join(parts) or answer


def _humaneval(code: str, sample: Sample) -> Trial:
    name = str(sample.metadata.get("entry_point", ""))
    if name in _names(code):
        return humaneval_trial(f"\n{code}", sample)
    return humaneval_trial(indent(dedent(code).strip("\n"), "    "), sample)


def _own(code: str, sample: Sample) -> Trial:
    return Trial(code, "from answer import *\n" + "\n".join(targets_of(sample)))


def _trial(code: str, sample: Sample) -> Trial:
    if "entry_point" in sample.metadata:
        return _humaneval(code, sample)
    if "test_list" in sample.metadata or "tests" in sample.metadata:
        return mbpp_trial(code, sample)
    return _own(code, sample)


def make_code_studio(sandbox: Sandbox) -> Scorer:
    """Return the scorer of a sandbox."""

    def score(completion: str, sample: Sample) -> Verdict:
        name = str(sample.metadata.get("entry_point", ""))
        run = code_scorer(sandbox, lambda text: extract_code(text, name), _trial, _TIMEOUT_S)
        return run(completion, sample)

    return score


SANDBOXED: dict[str, Callable[[Sandbox], Scorer]] = {"code/studio": make_code_studio}
