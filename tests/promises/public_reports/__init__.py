"""Faults that people reported of comparable tools, one row each: what was reported, an input, the right answer here.

To add one, append a `Report` to the `REPORTS` of a module of this folder, or write a module with `REPORTS` of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Report(NamedTuple):
    """A public report: where it stands ("owner/repository#number") and what it says in a line.

    `found` makes the reported input in an empty folder, the working directory, and returns what this project makes of
    it; `right` is what it must be.
    """

    source: str
    gist: str
    found: Callable[[Path], object]
    right: object
