"""The order in which the hub's ``datasets`` library shuffles, without numpy.

References shuffle with ``dataset.shuffle(seed)``, which is
``numpy.random.default_rng(seed).permutation(n)``. To ask the same questions with the same
few-shot examples we need the same order, but not a dependency of 70 MB: the generator is
PCG64 (O'Neill, HMC-CS-2014-0905) seeded by numpy's ``SeedSequence`` (NEP 19).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

_M32 = (1 << 32) - 1
_M64 = (1 << 64) - 1
_M128 = (1 << 128) - 1
_PCG_MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645


@lru_cache(maxsize=8)
def hub_permutation(size: int, seed: int) -> tuple[int, ...]:
    """Return the row numbers ``0 .. size - 1`` in shuffled order.

    Args:
        size: Number of rows.
        seed: Non-negative, below 2**32.
    """
    order = list(range(size))
    words = _pcg64_words(seed)
    for last in range(size - 1, 0, -1):
        mask = (1 << last.bit_length()) - 1
        pick = next(words) & mask
        while pick > last:
            pick = next(words) & mask
        order[last], order[pick] = order[pick], order[last]
    return tuple(order)


def _pcg64_words(seed: int) -> Iterator[int]:
    """Yield 32-bit words: the lower half of each 64-bit output first."""
    high, low, seq_high, seq_low = _seed_words(seed)
    increment = ((((seq_high << 64) | seq_low) << 1) | 1) & _M128
    state = (increment + ((high << 64) | low)) & _M128
    state = (state * _PCG_MULTIPLIER + increment) & _M128
    while True:
        state = (state * _PCG_MULTIPLIER + increment) & _M128
        rotation = state >> 122
        folded = (state >> 64) ^ (state & _M64)
        output = ((folded >> rotation) | (folded << (64 - rotation))) & _M64
        yield output & _M32
        yield output >> 32


def _seed_words(seed: int) -> list[int]:
    """Return four 64-bit words of entropy (``SeedSequence(seed).generate_state(4)``)."""
    pool = _entropy_pool(seed)
    factor = 0x8B51F9DD
    halves = []
    for index in range(8):
        value = pool[index % 4] ^ factor
        factor = factor * 0x58F38DED & _M32
        value = value * factor & _M32
        halves.append(value ^ (value >> 16))
    return [halves[2 * i] | halves[2 * i + 1] << 32 for i in range(4)]


def _entropy_pool(seed: int) -> list[int]:
    factor = 0x43B0D7E5

    def scramble(value: int) -> int:
        nonlocal factor
        value ^= factor
        factor = factor * 0x931E8875 & _M32
        value = value * factor & _M32
        return value ^ (value >> 16)

    pool = [scramble(seed if index == 0 else 0) for index in range(4)]
    for source in range(4):
        for target in range(4):
            if source != target:
                mixed = (0xCA01F9DD * pool[target] - 0x4973F715 * scramble(pool[source])) & _M32
                pool[target] = mixed ^ (mixed >> 16)
    return pool
