"""Text at the level of letters and words, where tokens get in a model's way."""

from __future__ import annotations

from random import Random
from string import ascii_lowercase

from app.engine.benchmarks.generated.family import Family, Puzzle, near_numbers
from app.engine.benchmarks.generated.vocabulary import WORDS, letters


def letter_counting(rng: Random, level: int) -> Puzzle:
    """Count a letter in words or in random letters."""
    words = rng.sample(WORDS, (2, 6, 14)[level])
    text = " ".join(words)
    repeated = [letter for letter in sorted(set(text) - {" "}) if text.count(letter) > 1]
    letter = rng.choice(repeated or text[0])
    answer = text.count(letter)
    question = f'How often does the letter "{letter}" occur in this text?\n\n{text}'
    return Puzzle(question, str(answer), near_numbers(answer, rng))


def reversal(rng: Random, level: int) -> Puzzle:
    """Reverse letters, or words, or the letters of each word."""
    words = rng.sample(WORDS, (2, 8, 6)[level])
    text = " ".join(words)
    if level == 0:
        answer, task = text[::-1], "Write this text backwards, letter by letter"
    elif level == 1:
        answer, task = " ".join(reversed(words)), "Write these words in reverse order"
    else:
        answer = " ".join(word[::-1] for word in words)
        task = "Write each word backwards and keep the order of the words"
    question = f"{task}:\n\n{text}"
    return Puzzle(question, answer, tuple(_swaps(answer, rng)))


def _swaps(text: str, rng: Random) -> list[str]:
    """Return up to three texts with two neighbouring letters swapped."""
    found: list[str] = []
    for _ in range(20):
        at = rng.randrange(len(text) - 1)
        swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        if swapped != text and "  " not in swapped and swapped == swapped.strip():
            found.append(swapped)
        if len(found) == 3:
            break
    return found


def sorting(rng: Random, level: int) -> Puzzle:
    """Sort words by a stated order."""
    words = rng.sample(WORDS, (5, 9, 12)[level])
    if level == 0:
        ordered, rule = sorted(words), "alphabetically"
    elif level == 1:
        ordered = sorted(words, key=lambda word: (len(word), word))
        rule = "by length, shortest first; words of equal length alphabetically"
    else:
        ordered = sorted(words, key=lambda word: (word[-1], word[::-1]))
        rule = (
            "as if each word were spelt backwards: alphabetically by the last letter, then by "
            "the letter before it, and so on"
        )
    question = f"Sort these words {rule}:\n\n{', '.join(words)}"
    wrong = []
    for _ in range(3):
        at = rng.randrange(len(ordered) - 1)
        slip = ordered.copy()
        slip[at], slip[at + 1] = slip[at + 1], slip[at]
        wrong.append(", ".join(slip))
    return Puzzle(question, ", ".join(ordered), tuple(wrong))


def shift_text(text: str, shift: int) -> str:
    """Move every lower-case letter on by ``shift`` places, around the end of the alphabet."""
    moved = {a: ascii_lowercase[(i + shift) % 26] for i, a in enumerate(ascii_lowercase)}
    return "".join(moved.get(letter, letter) for letter in text)


def caesar(rng: Random, level: int) -> Puzzle:
    """Encode or decode a shift cipher."""
    words = rng.sample(WORDS, (1, 2, 4)[level])
    shift = rng.randrange(1, (6, 26, 9)[level])
    plain = " ".join(words)
    if level == 0:
        answer = shift_text(plain, shift)
        question = (
            f"Replace each letter by the letter {shift} places later in the alphabet (after z "
            f"comes a): {plain}"
        )
    elif level == 1:
        answer = plain
        question = (
            f"Each letter of a text was replaced by the letter {shift} places later in the "
            f"alphabet (after z comes a). The result is: {shift_text(plain, shift)}\n"
            "What was the text?"
        )
    else:
        coded = " ".join(shift_text(word, shift + i) for i, word in enumerate(words))
        answer = plain
        question = (
            f"In the first word each letter was replaced by the letter {shift} places later in "
            f"the alphabet (after z comes a), in the second word by the letter {shift + 1} "
            "places later, and so on, one place more for each further word. The result is: "
            f"{coded}\nWhat was the text?"
        )
    return Puzzle(question, answer, (shift_text(answer, 1), shift_text(answer, -1)))


def anagrams(rng: Random, level: int) -> Puzzle:
    """Find the one option with exactly the same letters."""
    length = (6, 9, 13)[level]
    source = letters(rng, length, "aabcdeefghiilmnooprsttu")
    right = _shuffled(source, rng)
    options = [right]
    while len(options) < 5:
        at = rng.randrange(length)
        altered = source[:at] + rng.choice(ascii_lowercase) + source[at + 1 :]
        option = _shuffled(altered, rng)
        if sorted(option) != sorted(source) and option not in options:
            options.append(option)
    rng.shuffle(options)
    listed = "\n".join(f"{'ABCDE'[i]}) {option}" for i, option in enumerate(options))
    question = f'Which option uses exactly the letters of "{source}", each as often?\n\n{listed}'
    answer = "ABCDE"[options.index(right)]
    wrong = tuple(letter for letter in "ABCDE" if letter != answer)
    return Puzzle(question, answer, wrong, tuple(options))


def _shuffled(text: str, rng: Random) -> str:
    return "".join(rng.sample(text, len(text)))


def palindromes(rng: Random, level: int) -> Puzzle:
    """Count the changes that make a string a palindrome."""
    length = (rng.randrange(6, 9), rng.randrange(11, 16), rng.randrange(20, 31))[level]
    half = letters(rng, length // 2, "abcde")
    middle = rng.choice("abcde") if length % 2 else ""
    text = list(half + middle + half[::-1])
    for at in rng.sample(range(length // 2), rng.randrange(1, length // 2)):
        text[at] = rng.choice("abcde")
    answer = sum(text[i] != text[-1 - i] for i in range(length // 2))
    question = (
        "How many letters of this string must at least be replaced by other letters so that it "
        f"reads the same in both directions?\n\n{''.join(text)}"
    )
    return Puzzle(question, str(answer), near_numbers(answer, rng))


BENCHMARKS = tuple(
    family.benchmark()
    for family in (
        Family(
            name="letter_counting",
            title="Letter counting",
            category="language",
            description="Counts a letter in two to fourteen words.",
            make=letter_counting,
            scorer="exact/number",
            answer_form="<integer>",
            input_tokens=50,
        ),
        Family(
            name="reversal",
            title="Reversal",
            category="language",
            description="Writes letters or words in reverse order.",
            make=reversal,
            scorer="exact/text",
            answer_form="<the text>",
            input_tokens=46,
        ),
        Family(
            name="word_sorting",
            title="Word sorting",
            category="language",
            description="Sorts words alphabetically, by length, or by their last letters.",
            make=sorting,
            scorer="exact/list",
            answer_form="<the words in order, separated by commas>",
            input_tokens=71,
        ),
        Family(
            name="caesar",
            title="Shift cipher",
            category="reasoning",
            description="Encodes and decodes texts whose letters are shifted in the alphabet.",
            make=caesar,
            scorer="exact/text",
            answer_form="<the text>",
            input_tokens=67,
        ),
        Family(
            name="anagrams",
            title="Anagrams",
            category="language",
            description="Finds the option that has exactly the same letters.",
            make=anagrams,
            scorer="exact/choice",
            answer_form="<letter of the option>",
            input_tokens=62,
        ),
        Family(
            name="palindromes",
            title="Palindromes",
            category="language",
            description="Counts the changes that make a string read the same both ways.",
            make=palindromes,
            scorer="exact/number",
            answer_form="<integer>",
            input_tokens=59,
        ),
    )
)
