"""Family relations in a tree of four generations."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from app.engine.benchmarks.generated.family import Family, Puzzle
from app.engine.benchmarks.generated.vocabulary import MEN, WOMEN

WORDS_OF: dict[str, tuple[str, str]] = {
    "parent": ("mother", "father"),
    "sibling": ("sister", "brother"),
    "grandparent": ("grandmother", "grandfather"),
    "grandchild": ("granddaughter", "grandson"),
    "parent_sibling": ("aunt", "uncle"),
    "sibling_child": ("niece", "nephew"),
    "great_grandparent": ("great-grandmother", "great-grandfather"),
    "great_grandchild": ("great-granddaughter", "great-grandson"),
    "cousin": ("cousin", "cousin"),
    "parent_in_law": ("mother-in-law", "father-in-law"),
    "child_in_law": ("daughter-in-law", "son-in-law"),
}
ASKED: tuple[tuple[str, ...], ...] = (
    ("parent", "sibling"),
    ("grandparent", "grandchild", "parent_sibling", "sibling_child"),
    ("great_grandparent", "great_grandchild", "cousin", "parent_in_law", "child_in_law"),
)


@dataclass(eq=False, slots=True)
class Person:
    """One member of the tree; who married into it has no ``parents``."""

    name: str
    woman: bool
    parents: tuple[Person, ...] = ()
    spouse: Person | None = None


@dataclass(slots=True)
class Tree:
    """A family that descends from one couple."""

    women: list[str]
    men: list[str]
    people: list[Person] = field(default_factory=list)

    def add(self, rng: Random, parents: tuple[Person, ...] = ()) -> Person:
        """Add a child of ``parents``, or somebody without parents in the tree."""
        woman = rng.random() < 0.5
        name = (self.women if woman else self.men).pop()
        person = Person(name, woman, parents)
        self.people.append(person)
        return person

    def couple(self, rng: Random, member: Person) -> tuple[Person, Person]:
        """Marry a member to somebody new of the other sex."""
        name = (self.men if member.woman else self.women).pop()
        spouse = Person(name, not member.woman, spouse=member)
        member.spouse = spouse
        self.people.append(spouse)
        return member, spouse

    def facts(self) -> list[str]:
        """State every marriage and every child once."""
        lines = []
        for person in self.people:
            if person.parents:
                word = "daughter" if person.woman else "son"
                a, b = person.parents
                lines.append(f"{person.name} is the {word} of {a.name} and {b.name}.")
            if person.spouse and person.woman:
                lines.append(f"{person.name} is married to {person.spouse.name}.")
        return lines


def grow(rng: Random, level: int) -> Tree:
    """Grow two to four generations, of more people on higher levels."""
    tree = Tree(rng.sample(WOMEN, len(WOMEN)), rng.sample(MEN, len(MEN)))
    couples = [tree.couple(rng, tree.add(rng))]
    generations = (1, 2, 3)[level]
    for generation in range(generations):
        children = []
        for index, couple in enumerate(couples):
            count = 2 if generation < 2 or index == 0 else 0
            children += [tree.add(rng, couple) for _ in range(count)]
        if generation < generations - 1:
            married = children if generation == 0 else rng.sample(children, 2)
            couples = [tree.couple(rng, child) for child in married]
    return tree


def _ancestors(person: Person) -> dict[Person, int]:
    """Return the ancestors of a person with their distance in generations."""
    found: dict[Person, int] = {}
    generation, distance = list(person.parents), 1
    while generation:
        found.update((member, distance) for member in generation)
        generation = [parent for member in generation for parent in member.parents]
        distance += 1
    return found


def relation(who: Person, to: Person) -> str | None:
    """Name what ``who`` is to ``to``; ``None`` where no word in ``WORDS_OF`` fits."""
    above_to, above_who = _ancestors(to), _ancestors(who)
    if who in above_to:
        return {1: "parent", 2: "grandparent", 3: "great_grandparent"}[above_to[who]]
    if to in above_who:
        return {1: None, 2: "grandchild", 3: "great_grandchild"}[above_who[to]]
    shared = [(above_who[p], above_to[p]) for p in above_who if p in above_to]
    if shared:
        return {
            (1, 1): "sibling",
            (1, 2): "parent_sibling",
            (2, 1): "sibling_child",
            (2, 2): "cousin",
        }.get(min(shared))
    if to.spouse and who in to.spouse.parents:
        return "parent_in_law"
    if who.spouse and to in who.spouse.parents:
        return "child_in_law"
    return None


def kinship(rng: Random, level: int) -> Puzzle:
    """Ask what one member of a tree is to another."""
    tree = grow(rng, level)
    wanted = rng.choice(ASKED[level])
    pairs = [(a, b) for a in tree.people for b in tree.people if a is not b]
    who, to = rng.choice([pair for pair in pairs if relation(*pair) == wanted])
    facts = tree.facts()
    rng.shuffle(facts)
    question = (
        "\n".join(facts)
        + f"\n\nWhat is {who.name} to {to.name}? Answer with one word such as mother, nephew, "
        "granddaughter, great-grandson, cousin or father-in-law."
    )
    woman = 0 if who.woman else 1
    answer = WORDS_OF[wanted][woman]
    others = [words[woman] for words in WORDS_OF.values() if words[woman] != answer]
    return Puzzle(question, answer, tuple(rng.sample(others, 3)))


BENCHMARKS = (
    Family(
        name="kinship",
        title="Family relations",
        category="reasoning",
        description="Names how two members of a family tree are related.",
        make=kinship,
        scorer="exact/text",
        answer_form="<relation>",
        input_tokens=127,
    ).benchmark(),
)
