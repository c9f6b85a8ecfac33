"""What the seeded runs ask: word problems in the shape of GSM8K, and two files of one's own."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

NAMES = ("Nadia", "Tom", "Mei", "Luis", "Ada", "Omar", "Ines", "Piet")
FEWSHOT = 12


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its right answer and a wrong one."""

    text: str
    right: str
    wrong: str
    category: str = ""


def _word_problem(number: int) -> Question:
    name, count = NAMES[number % len(NAMES)], 12 + 2 * number
    kinds = (
        (
            f"{name} sells {count} loaves on Monday and half as many on Tuesday. "
            "How many does she sell in all?",
            count + count // 2,
        ),
        (
            f"{name} has 3 times as many marbles as Sam, who has {count}. How many is that?",
            3 * count,
        ),
        (
            f"A tank fills at {count} litres per minute and drains at 5 litres per minute. "
            f"{name} waits for 4 minutes. How many litres are in it then?",
            4 * (count - 5),
        ),
        (
            f"A rectangle has a perimeter of {4 * count} cm and one side of {count - 3} cm. "
            f"{name} measures the other side. How many cm does it have?",
            count + 3,
        ),
    )
    text, answer = kinds[number % len(kinds)]
    return Question(text, str(answer), str(answer + 7))


WORD_PROBLEMS = tuple(_word_problem(number) for number in range(80))
CITIES = tuple(
    Question(f"Which city is the capital of {land}?", right, wrong, part)
    for land, right, wrong, part in (
        ("France", "Paris", "Lyon", "Europe"),
        ("Portugal", "Lisbon", "Porto", "Europe"),
        ("Norway", "Oslo", "Bergen", "Europe"),
        ("Kenya", "Nairobi", "Mombasa", "Africa"),
        ("Ghana", "Accra", "Kumasi", "Africa"),
        ("Egypt", "Cairo", "Giza", "Africa"),
        ("Peru", "Lima", "Cusco", "America"),
        ("Canada", "Ottawa", "Toronto", "America"),
        ("Chile", "Santiago", "Arica", "America"),
    )
)
FACTS = tuple(
    Question(text, right, wrong)
    for text, right, wrong in (
        ("Who wrote the first program for a machine?", "Ada Lovelace", "Ada Byron King"),
        ("Which ship sank in April 1912?", "the Titanic", "the Lusitania"),
        ("Which mountain is the highest of all?", "Mount Everest", "Mount Kenya"),
        ("What is the longest river of Europe?", "Volga river", "Danube river"),
        ("Which sea lies north of Turkey?", "the Black Sea", "the Red Sea"),
        ("Which planet is nearest to the sun?", "Mercury", "Venus"),
    )
)
ALL = (*WORD_PROBLEMS, *CITIES, *FACTS)


def write_mirror(folder: Path) -> None:
    """Write the word problems as a local copy of GSM8K."""
    target = folder / "openai__gsm8k" / "main"
    target.mkdir(parents=True)
    rows = [
        json.dumps({"question": each.text, "answer": f"I work it out.\n#### {each.right}"})
        for each in WORD_PROBLEMS
    ]
    (target / "test.jsonl").write_text("\n".join(rows) + "\n")
    (target / "train.jsonl").write_text("\n".join(rows[-FEWSHOT:]) + "\n")


def cities_file() -> bytes:
    """Return the capitals as CSV, with a column for each option."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["question", "answer", "a", "b", "continent"])
    for number, each in enumerate(CITIES):
        options = (each.right, each.wrong) if number % 2 else (each.wrong, each.right)
        writer.writerow([each.text, each.right, *options, each.category])
    return out.getvalue().encode()


def facts_file() -> bytes:
    """Return the facts as JSON lines."""
    rows = [json.dumps({"question": each.text, "answer": each.right}) for each in FACTS]
    return ("\n".join(rows) + "\n").encode()
