"""Numbers as strangers' files write them: each is read as what it says, or refused with its place."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from vigan.io.files import RecordError

LARGEST = 2**53
"""Largest step: beyond it floats skip whole numbers, and no training gets there."""
LARGEST_SEED = 2**63 - 1
_WHOLE = re.compile(r"\+?([0-9]{1,19})(\.0{1,6})?")
_REAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,5})?")
_NOT_FINITE = re.compile(r"[-+]?(nan|inf|infinity)", re.IGNORECASE)
LONGEST_NUMBER = 400


class Number(NamedTuple):
    """One number of a run: `value` may be NaN or infinite, and is None where the file says that none was measured.

    `metric` and `protocol` are as the file calls them (None: it does not say); `place` is where it stands.
    """

    seed: int
    step: int
    metric: str
    protocol: str | None
    value: float | None
    place: str


def whole(text: str, what: str, place: str) -> int:
    """A seed or a step: a whole number from 0 on, as "3" or "3.0". Raises RecordError naming the place."""
    found = _WHOLE.fullmatch(text.strip())
    most = LARGEST_SEED if what == "seed" else LARGEST
    if found is None or int(found[1]) > most:
        raise RecordError(f"{place}: {what} '{short(text)}' is not a whole number from 0 on, or too large")
    return int(found[1])


def real(text: str, what: str, place: str) -> float | None:
    """A value; None for an empty cell, NaN or infinite where it says so. Raises RecordError naming the place."""
    text = text.strip()
    if not text:
        return None
    if _NOT_FINITE.fullmatch(text):
        return float(text)
    if len(text) > LONGEST_NUMBER or not _REAL.fullmatch(text):
        raise RecordError(f"{place}: {what} '{short(text)}' is no number; leave it empty where nothing was measured")
    value = float(text)
    if math.isinf(value):
        raise RecordError(f"{place}: {what} '{short(text)}' is larger than a number can be here; write inf if meant")
    return value


def short(text: str) -> str:
    """The beginning of a text that may be long."""
    return text if len(text) <= 40 else f"{text[:40]}..."
