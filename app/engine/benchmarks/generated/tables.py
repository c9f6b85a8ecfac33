"""Reading tables: look a cell up, filter, aggregate; Markdown and CSV."""

from __future__ import annotations

from random import Random

from app.engine.benchmarks.generated.family import Family, Puzzle, near_numbers
from app.engine.benchmarks.generated.vocabulary import CITIES, WORDS

ROWS = (6, 12, 24)
Row = dict[str, str | int]
COLUMNS = ("product", "city", "year", "units", "price")


def _rows(rng: Random, level: int) -> list[Row]:
    """Draw orders with different products, few cities and different prices."""
    count = ROWS[level]
    products = rng.sample(WORDS, count)
    cities = rng.sample(CITIES, 3 + level)
    prices = rng.sample(range(5, 400), count)
    units = rng.sample(range(1, 300), count)
    return [
        {
            "product": products[i],
            "city": rng.choice(cities),
            "year": rng.randrange(2018, 2026),
            "units": units[i],
            "price": prices[i],
        }
        for i in range(count)
    ]


def as_markdown(rows: list[Row]) -> str:
    """Write rows as a Markdown table."""
    lines = [" | ".join(COLUMNS), " | ".join("---" for _ in COLUMNS)]
    lines += [" | ".join(str(row[column]) for column in COLUMNS) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def as_csv(rows: list[Row]) -> str:
    """Write rows as CSV with a header line."""
    lines = [",".join(COLUMNS)]
    lines += [",".join(str(row[column]) for column in COLUMNS) for row in rows]
    return "\n".join(lines)


def lookup(rng: Random, level: int) -> Puzzle:
    """Find one cell: by name, by a maximum, or by a maximum among some rows."""
    rows = _rows(rng, level)
    if level == 0:
        row = rng.choice(rows)
        question = f"In which city was the product {row['product']} ordered?"
        answer, pool = str(row["city"]), "city"
    else:
        column = rng.choice(("units", "price"))
        word, best = rng.choice((("highest", max), ("lowest", min)))
        among, part = "", rows
        if level == 2:
            city = rng.choice(rows)["city"]
            year = rng.choice([row["year"] for row in rows if row["city"] == city])
            part = [r for r in rows if r["city"] == city and int(r["year"]) >= int(year)]
            among = f" among the orders from {city} in {year} or later"
        row = best(part, key=lambda r: int(r[column]))
        question = f"Which product has the {word} value of {column}{among}?"
        answer, pool = str(row["product"]), "product"
    others = sorted({str(r[pool]) for r in rows} - {answer})
    wrong = tuple(rng.sample(others, min(4, len(others))))
    return Puzzle(f"{as_markdown(rows)}\n\n{question}", answer, wrong)


def aggregate(rng: Random, level: int) -> Puzzle:
    """Add up a column, count rows, or add up products of columns under a condition."""
    rows = _rows(rng, level)
    city = rng.choice(rows)["city"]
    part = [row for row in rows if row["city"] == city]
    if level == 0:
        question = f"What is the sum of units over all orders from {city}?"
        answer = sum(int(row["units"]) for row in part)
    elif level == 1:
        limit = rng.randrange(50, 250)
        if rng.random() < 0.5:
            question = f"How many orders have a price above {limit}?"
            answer = sum(int(row["price"]) > limit for row in rows)
        else:
            question = f"What is the sum of units over all orders with a price above {limit}?"
            answer = sum(int(row["units"]) for row in rows if int(row["price"]) > limit)
    else:
        year = rng.randrange(2019, 2025)
        question = (
            f"The revenue of an order is units times price. What is the total revenue of the "
            f"orders from {city} in {year} or later?"
        )
        answer = sum(int(r["units"]) * int(r["price"]) for r in part if int(r["year"]) >= year)
    return Puzzle(f"{as_csv(rows)}\n\n{question}", str(answer), near_numbers(answer, rng))


BENCHMARKS = tuple(
    family.benchmark()
    for family in (
        Family(
            name="table_lookup",
            title="Table lookup",
            category="reasoning",
            description="Finds a cell in a Markdown table of 6 to 24 rows, with conditions.",
            make=lookup,
            scorer="exact/text",
            answer_form="<the value, as in the table>",
            input_tokens=202,
        ),
        Family(
            name="table_aggregate",
            title="Table sums",
            category="math",
            description="Counts and adds up rows of a CSV table of 6 to 24 rows.",
            make=aggregate,
            scorer="exact/number",
            answer_form="<integer>",
            input_tokens=148,
        ),
    )
)
