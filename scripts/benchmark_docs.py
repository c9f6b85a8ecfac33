#!/usr/bin/env python3
"""Write docs/benchmarks.md, and the number of benchmarks in the README, from the definitions.

Usage: python scripts/benchmark_docs.py [--check]

With --check nothing is written: the exit code is 1 when either is not up to date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.engine.benchmarks.benchmark_registry import all_benchmarks  # noqa: E402
from app.engine.benchmarks.spec import (  # noqa: E402
    Benchmark,
    DatasetRef,
    GeneratedRef,
    LocalRef,
    Protocol,
)
from app.engine.scorers.kept_faults import kept_faults  # noqa: E402
from app.engine.types import Generation  # noqa: E402

TARGET = ROOT / "docs" / "benchmarks.md"
README = ROOT / "README.md"
_COUNT = re.compile(r"one of \d+ benchmarks")

INTRODUCTION = """\
# Benchmarks

This file is made by `scripts/benchmark_docs.py` from the definitions in
`app/engine/benchmarks/`; edit those instead.

A benchmark runs under a *protocol*: the data, prompt, parameters and scorer of one reference
(`inspect`: inspect_evals 0.26, `openbench`: openbench 0.5.3) or our own (`studio`). Prompts
equal the references' byte for byte (`scripts/parity_prompts.py` compares them with recordings);
what we do differently is listed under "Differences". For all protocols, what stands before a lone
closing `</think>` is thinking and not graded; the references grade it. The same model can score
very differently under two protocols, so compare runs of the same protocol only.

A run with a limit asks a random part, the same for all runs unless they name another
`sample_seed`: files are often sorted, so that their beginning does not stand for the whole. The
smaller of two parts is within the larger one. `order` `stratified` balances the part by category,
`first` takes the first samples.

Records come from `DATASETS_DIR/<org>__<name>/<config>/<split>.jsonl` (or `.jsonl.gz`) where that
file exists, else from earlier downloads, else from the source given below (`HF_ENDPOINT` names a
mirror of the hub). Downloads are checked against the digests that the hub names; a copy that is
damaged later is downloaded again. Generated benchmarks need no data.
"""


def document() -> str:
    """Return the whole file."""
    benchmarks = list(all_benchmarks().values())
    lines = [INTRODUCTION, *_table(benchmarks)]
    for benchmark in benchmarks:
        lines += ["", *_section(benchmark)]
    return "\n".join(lines) + "\n"


def _table(benchmarks: list[Benchmark]) -> Iterator[str]:
    yield "| Benchmark | Kind | Samples | Protocols (default first) | Needs | Licence |"
    yield "|---|---|---:|---|---|---|"
    for one in benchmarks:
        protocols = sorted(one.protocols, key=lambda name: (name != one.default_protocol, name))
        needs = ", ".join(one.requirements) or ("nothing" if one.offline else "data")
        yield (
            f"| [{one.name}](#{one.name}) | {one.category} | {one.size:,} | "
            f"{', '.join(protocols)} | {needs} | {one.license} |"
        )


def _section(one: Benchmark) -> Iterator[str]:
    yield f"## {one.name}"
    yield ""
    yield f"**{one.title}.** {one.description}"
    yield ""
    yield f"- Version: {one.version}; headline: {one.metric}"
    if one.breakdown:
        yield f"- Breakdown: by {one.breakdown}"
    low, high = one.output_tokens
    yield f"- Tokens a sample: about {one.input_tokens:,} in, {low:,} to {high:,} out"
    yield f"- Source: <{one.url}>"
    yield f"- Citation: {one.citation}"
    for protocol in one.protocols.values():
        yield ""
        yield from _protocol(protocol)


def _protocol(protocol: Protocol) -> Iterator[str]:
    yield f"### Protocol {protocol.name}"
    yield ""
    yield f"- Data: {_data(protocol)}"
    yield f"- Scorer: `{protocol.scorer}`"
    yield f"- Parameters: {_generation(protocol.generation)}; epochs {protocol.epochs}"
    if protocol.fewshot:
        yield f"- Examples in the prompt: {protocol.fewshot}"
    for difference in (*protocol.differences, *kept_faults(protocol.scorer)):
        yield f"- Difference: {difference}"
    yield ""
    yield "````text"
    yield protocol.prompt_template.strip("\n")
    yield "````"


def _pin(refs: list[DatasetRef]) -> str:
    """Say how the data are kept from changing."""
    text = f", revision `{refs[0].revision}`" if refs[0].revision else ""
    if refs[0].sha256:
        text += f", SHA-256 `{refs[0].sha256}`" if len(refs) == 1 else ", a SHA-256 for each file"
    return text or ", not pinned (the digest of the records is kept with every run)"


def _data(protocol: Protocol) -> str:
    first = protocol.datasets[0]
    if isinstance(first, GeneratedRef):
        return f"generated, seed {first.seed}, {first.size:,} records"
    if isinstance(first, LocalRef):
        return f"a file of this machine, {first.label}"
    refs = [ref for ref in protocol.datasets if isinstance(ref, DatasetRef)]
    configs = refs[0].config if len(refs) == 1 else f"{len(refs)} configs"
    text = f"`{first.repo}` {configs}"
    if len({ref.split for ref in refs}) == 1:
        text += f"/{first.split}"
    text += _pin(refs)
    if first.url:
        text += ", from " + (f"<{first.url}>" if len(refs) == 1 else "OpenAI's simple-evals")
    if first.gated:
        text += ", gated"
    return text


def _generation(generation: Generation) -> str:
    parts = [
        f"{name} {value}"
        for name, value in (
            ("temperature", generation.temperature),
            ("top_p", generation.top_p),
            ("max_tokens", generation.max_tokens),
        )
        if value is not None
    ]
    return ", ".join(parts) or "the provider's defaults"


def readme() -> str:
    """Return the README with the number of benchmarks that there are.

    Raises:
        ValueError: It has no place for the number.
    """
    wanted = f"one of {len(all_benchmarks())} benchmarks"
    text, places = _COUNT.subn(wanted, README.read_text(encoding="utf-8"))
    if places != 1:
        raise ValueError(f"README.md says {places} times '{_COUNT.pattern}', not once")
    return text


def main(arguments: list[str]) -> int:
    """Write both files, or compare them."""
    stale = [
        (path, text)
        for path, text in ((TARGET, document()), (README, readme()))
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        if "--check" in arguments:
            sys.stderr.write(f"{path.name} is out of date: run scripts/check --fix\n")
        else:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
