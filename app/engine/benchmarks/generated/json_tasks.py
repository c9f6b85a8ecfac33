"""Structured output: extract JSON from prose, and change a JSON document as told."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from app.engine.benchmarks.generated.family import Family, Puzzle
from app.engine.benchmarks.generated.vocabulary import CITIES, NAMES, WORDS, in_words

NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _spoilt(value: dict[str, Any], rng: Random) -> tuple[str, ...]:
    """Return the object with one key missing, and with one value altered."""
    key = rng.choice([key for key in sorted(value) if value[key] is not None])
    missing = {k: v for k, v in value.items() if k != key}
    altered = {**value, key: None}
    return (_dump(missing), _dump(altered))


def extraction(rng: Random, level: int) -> Puzzle:
    """Extract an order from prose."""
    name, city = rng.choice(NAMES), rng.choice(CITIES)
    number = rng.randrange(1000, 99_999)
    count = (1, 2, 4)[level]
    items = [
        {"name": word, "quantity": rng.randrange(1, 10), "price": rng.randrange(2, 200)}
        for word in rng.sample(WORDS, count)
    ]
    day = f"2025-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
    express = rng.random() < 0.5
    phrases = [
        f"{NUMBER_WORDS[int(str(item['quantity']))]} {item['name']} at {item['price']} dollars each"
        for item in items
    ]
    text = f"{name} from {city} placed order {number} on {day}: {in_words(phrases)}."
    value: dict[str, Any] = {"customer": name, "city": city, "order": number, "items": items}
    keys = (
        '"customer" (string), "city" (string), "order" (number), "items" (a list of objects '
        'with "name", "quantity" and "price", in the order of the text)'
    )
    if level > 0:
        value |= {"date": day, "express": express}
        text += " It is to be sent by express." if express else " There is no hurry."
        keys += ', "date" (string, YYYY-MM-DD), "express" (true or false)'
    if level > 1:
        coupon = rng.choice((None, f"SAVE{rng.randrange(5, 50)}"))
        total = sum(int(str(i["quantity"])) * int(str(i["price"])) for i in items)
        value |= {"coupon": coupon, "total": total}
        text += f" The coupon {coupon} was used." if coupon else " No coupon was used."
        keys += (
            ', "coupon" (string or null) and "total" (number: the sum of quantity times price, '
            "ignoring the coupon)"
        )
    question = f"{text}\n\nExtract this order as one JSON object with the keys {keys}."
    return Puzzle(question, _dump(value), _spoilt(value, rng))


def json_edit(rng: Random, level: int) -> Puzzle:
    """Apply instructions to a JSON document."""
    document: dict[str, Any] = {
        "name": rng.choice(WORDS),
        "size": rng.randrange(1, 100),
        "tags": rng.sample(WORDS, 3),
        "place": {"city": rng.choice(CITIES), "floor": rng.randrange(1, 30)},
    }
    before = json.dumps(document, indent=2)
    steps = rng.sample(_EDITS, (1, 3, 5)[level])
    lines = [f"{i}. {step(document, rng)}" for i, step in enumerate(steps, start=1)]
    question = (
        f"Apply these changes to the JSON document in order and give the whole result.\n\n"
        f"{before}\n\n{chr(10).join(lines)}"
    )
    return Puzzle(question, _dump(document), _spoilt(document, rng))


def _rename(document: dict[str, Any], _rng: Random) -> str:
    document["title"] = document.pop("name")
    return 'Rename the key "name" to "title".'


def _multiply(document: dict[str, Any], rng: Random) -> str:
    factor = rng.randrange(2, 9)
    document["size"] *= factor
    return f'Multiply the value of "size" by {factor}.'


def _append(document: dict[str, Any], rng: Random) -> str:
    word = rng.choice(WORDS)
    document["tags"].append(word)
    return f'Append "{word}" to the end of "tags".'


def _reverse(document: dict[str, Any], _rng: Random) -> str:
    document["tags"].reverse()
    return 'Reverse the order of "tags".'


def _delete(document: dict[str, Any], _rng: Random) -> str:
    del document["place"]["floor"]
    return 'Delete the key "floor" inside "place".'


def _nest(document: dict[str, Any], rng: Random) -> str:
    name = rng.choice(NAMES)
    document["place"]["owner"] = {"name": name, "active": True}
    return (
        f'Inside "place", add the key "owner" with an object whose "name" is "{name}" and whose '
        '"active" is true.'
    )


def _null(document: dict[str, Any], _rng: Random) -> str:
    document["note"] = None
    return 'Add the key "note" with the value null.'


_EDITS = (_rename, _multiply, _append, _reverse, _delete, _nest, _null)

BENCHMARKS = tuple(
    family.benchmark()
    for family in (
        Family(
            name="json_extraction",
            title="JSON extraction",
            category="instructions",
            description="Extracts an order from prose as JSON with given keys.",
            make=extraction,
            scorer="exact/json",
            answer_form="<the JSON object>",
            input_tokens=133,
            output_tokens=(60, 300),
        ),
        Family(
            name="json_edit",
            title="JSON editing",
            category="instructions",
            description="Applies one to five changes to a JSON document.",
            make=json_edit,
            scorer="exact/json",
            answer_form="<the JSON document>",
            input_tokens=121,
            output_tokens=(60, 300),
        ),
    )
)
