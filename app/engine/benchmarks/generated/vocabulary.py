"""Plain material for puzzles: names, words, places. Order matters, it is part of a version."""

from __future__ import annotations

from random import Random

_WORDS = """
anchor apple arrow autumn bakery balance bamboo banana barrel basket beacon berry blanket
blossom border bottle branch bread breeze bridge bronze bucket butter button cabin cactus
camera candle canyon carbon carpet castle cellar cement cherry circle citrus clover coast
cobalt coffee comet copper coral corner cotton cradle crystal curtain cushion dagger daisy
desert diamond dinner dolphin donkey dragon drawer eagle engine ember falcon feather fennel
fiddle finger flame flower forest fossil fountain galaxy garden garlic ginger glacier globe
goblet granite gravel guitar hammer harbor hazel helmet honey horizon hunter island ivory
jacket jasmine jungle kernel kettle kitchen ladder lagoon lantern lemon lettuce library
lizard lobster magnet mango maple marble meadow melon mirror mountain muffin nectar needle
nickel noodle nutmeg ocean olive orange orchard oyster packet paddle palace panther papaya
parcel parrot pebble pencil pepper piano pillow planet plaster pocket pollen prairie puzzle
quarry quilt rabbit radish raven ribbon river rocket saddle saffron salmon sandal satchel
shadow shelter silver spider spinach spring square stable statue summer sunset tablet teapot
temple thicket thunder ticket timber tomato trumpet tulip tunnel turtle umbrella valley
velvet village violin walnut walrus water whistle willow window winter yogurt zebra zipper
"""
WORDS = tuple(_WORDS.split())

_NAMES = """
Ada Amir Anna Aisha Ben Bruno Carla Chen Clara Dana David Diego Elena Emil Eva Farid Felix
Fiona Gina Gustav Hana Hugo Ines Ivan Jana Jonas Julia Kai Karin Kofi Lea Leo Lina Luis
Maja Marco Mei Mira Nadia Nils Nora Olga Omar Otto Paula Pedro Petra Priya Quentin Rashid
Rita Rosa Samir Sara Selma Simon Sofia Tariq Tessa Theo Tomas Uma Vera Viktor Wanda Xavier
Yara Yuki Zara Zoe
"""
NAMES = tuple(_NAMES.split())

_WOMEN = """
Ada Anna Aisha Carla Clara Dana Elena Eva Fiona Gina Hana Ines Jana Julia Karin Lea Lina
Maja Mira Nadia Nora Olga Paula Petra Priya Rita Rosa Sara Selma Sofia Tessa Vera Wanda Zoe
"""
WOMEN = tuple(_WOMEN.split())

_MEN = """
Amir Ben Bruno David Diego Emil Farid Felix Gustav Hugo Ivan Jonas Kofi Leo Luis Marco Nils
Omar Otto Pedro Quentin Rashid Samir Simon Tariq Theo Tomas Viktor Xavier Yusuf
"""
MEN = tuple(_MEN.split())

_CITIES = """
Arden Belmora Corvale Dunmere Eastwick Farrow Glenholt Harwick Ivarsund Jorvale Kestrel
Lynmouth Marlow Norvik Oakhaven Port-Elmo Quillon Ravenna Stonebridge Thornby Ulverton
Varga Westmere Yarrow Zelburg
"""
CITIES = tuple(_CITIES.split())

_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"


def invented_words(rng: Random, count: int, syllables: int = 2) -> list[str]:
    """Return different words that mean nothing, such as ``bolu``."""
    words: list[str] = []
    while len(words) < count:
        word = "".join(rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(syllables))
        if word not in words:
            words.append(word)
    return words


def letters(rng: Random, length: int, alphabet: str = "abcdefghijklmnopqrstuvwxyz") -> str:
    """Return a random string of letters."""
    return "".join(rng.choice(alphabet) for _ in range(length))


def in_words(items: list[str]) -> str:
    """Join for a sentence: ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
