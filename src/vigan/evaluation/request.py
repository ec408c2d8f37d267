"""What is asked for where one's own images are measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vigan.config.base import ConfigError
from vigan.data.load_images import NOTHING, Fitting
from vigan.evaluation.witness import Witness


@dataclass(frozen=True)
class Request:
    """What is to be measured, and how.

    `samples` of the images are drawn, all without it; `reals` are "all" of the reference, as many as samples ("equal"),
    or a number; ConfigError for one that is none. `made_with` and `made_of` are the extractor and the number of images
    ("unknown" will do) of a reference file that does not say. `witnesses` are other tools that measure the same images;
    `infinity` asks for the distance of infinitely many of them.
    """

    images: Path
    reference: Path
    extractor: str
    device: str
    cache: Path
    samples: int | None = None
    reals: int | Literal["all", "equal"] = "all"
    fitting: Fitting = NOTHING
    made_with: str | None = None
    made_of: str | None = None
    witnesses: tuple[Witness, ...] = ()
    infinity: bool = False

    def __post_init__(self) -> None:
        for name, number in (("samples", self.samples), ("reals", self.reals)):
            if number not in (None, "all", "equal") and (not isinstance(number, int) or number < 1):
                raise ConfigError(f"'{name}' is {number!r}: write a whole number from 1 on")
