"""Single bits flipped in files, drawn for each kind of file: `FLIPS=500 pytest -s` flips 500 and prints the ends."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator


def how_many(usual: int) -> int:
    """How many bits a test flips: as many as FLIPS says, a few where it says nothing."""
    return int(os.environ.get("FLIPS", usual))


def flipped(content: bytes, times: int, kind: str) -> Iterator[bytes]:
    """`content` with one of its bits flipped, so many times; which bits are drawn by `kind`."""
    draw = random.Random(kind)
    for _ in range(times):
        one = bytearray(content)
        one[draw.randrange(len(one))] ^= 1 << draw.randrange(8)
        yield bytes(one)


def tell(kind: str, ends: dict[str, int]) -> None:
    """Print how the flips in a kind of file ended."""
    print(f"\nFLIPS {kind}: {sum(ends.values())}: {dict(sorted(ends.items()))}")
