"""Types of command line options: numbers within bounds, other values of a given form."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from pathlib import Path

LARGEST = 2**63 - 1
"""Largest whole number: what a seed may be, and what libraries count with."""
EXTRACTOR = "efflite0-128"
"""What images are measured with, unless another is named."""
_DEVICE = re.compile(r"auto|cpu|cuda(:[0-9]{1,3})?")


def whole(text: str) -> int:
    """A whole number from 0 on."""
    return _whole(text, 0)


def from_one(text: str) -> int:
    """A whole number from 1 on."""
    return _whole(text, 1)


def threads(text: str) -> int:
    """A number of threads: each costs memory before it has worked, and a million of them all of it."""
    return _whole(text, 1, 1024)


def side(text: str) -> int:
    """The side of an image in pixels."""
    return _whole(text, 1, 4096)


def seeds(text: str) -> int:
    """A number of seeds, at most as many as a study may have."""
    return _whole(text, 1, 10_000)


def simulations(text: str) -> int:
    """A number of simulated studies."""
    return _whole(text, 1, 100_000)


def _whole(text: str, least: int, most: int = LARGEST) -> int:
    number = int(text) if re.fullmatch(r"-?[0-9]{1,19}", text) else None
    if number is None or not least <= number <= most:
        bounds = f"from {least} on" if most == LARGEST else f"from {least} to {most}"
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number {bounds}")
    return number


def seconds(text: str) -> float:
    """A time in seconds, 0 or more."""
    return _real(text, math.inf, "a time of 0 seconds or more")


def share(text: str) -> float:
    """A share from 0 to 1."""
    return _real(text, 1.0, "a share from 0 to 1")


def _real(text: str, most: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (0 <= number <= most and math.isfinite(number)):
        raise argparse.ArgumentTypeError(f"'{text}' is not {what}")
    return number


def device(text: str) -> str:
    """The name of a device."""
    if not _DEVICE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"'{text}' is no device: write auto, cpu, cuda or cuda:1")
    return text


def folder(text: str) -> Path:
    """The name of a folder."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty; name a folder")
    return Path(text)


def ends_in(*suffixes: str) -> Callable[[str], Path]:
    """The type of files whose names end so: one of another format is neither overwritten nor taken for it."""

    def file(text: str) -> Path:
        if Path(text).suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(f"'{text}' does not end in {' or '.join(suffixes)}; name a file that does")
        return Path(text)

    return file


def reals(text: str) -> int | str:
    """How many reference images to use: "all", "equal", or a whole number from 1 on."""
    return text if text in {"all", "equal"} else from_one(text)
