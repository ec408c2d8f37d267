"""What a data set is: its source and the preprocessing that turns it into one array."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vigan.config.base import Strict

Side = Literal[32, 64]


class Digits(Strict):
    """scikit-learn's 1,797 handwritten digits (8x8 scans, 17 grey levels), enlarged to `side`, one channel."""

    source: Literal["digits"]
    side: Literal[32] = 32

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (channels, side, side)."""
        return (1, self.side, self.side)


class CelebA(Strict):
    """Aligned CelebA faces: centre crop of `crop` pixels, resized to `side`, three channels.

    `crop` 108 belongs to the official 178x218 files, 54 to half-size copies. `resize` is "antialias" (Pillow's
    bicubic) or "released" (TensorFlow 1's bicubic, no antialiasing). `limit` takes the first files by name only;
    `count` is how many there must be.
    Where the files are is the machine's business, not the study's: see `vigan.data.celeba.locate`.
    """

    source: Literal["celeba"]
    side: Side = 64
    crop: Annotated[int, Field(ge=8, le=178)] = 108
    resize: Literal["antialias", "released"] = "antialias"
    limit: Annotated[int, Field(ge=1)] | None = None
    count: Annotated[int, Field(ge=1)] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (channels, side, side)."""
        return (3, self.side, self.side)


class ImageFolder(Strict):
    """Every image below `path`, centre-cropped to a square, resized (antialiased bicubic) to `side`."""

    source: Literal["folder"]
    path: str
    side: Side = 64
    channels: Literal[1, 3] = 3

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (channels, side, side)."""
        return (self.channels, self.side, self.side)


class Ring(Strict):
    """`count` draws from `modes` equal Gaussians of deviation `std` on a circle of radius `radius`."""

    source: Literal["ring"]
    modes: Annotated[int, Field(ge=1)] = 8
    radius: Annotated[float, Field(gt=0)] = 2.0
    std: Annotated[float, Field(gt=0)] = 0.02
    count: Annotated[int, Field(ge=1)] = 100_000

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: two coordinates."""
        return (2,)


class Grid(Strict):
    """`count` draws from per_side x per_side equal Gaussians, `spacing` apart, centred on the origin."""

    source: Literal["grid"]
    per_side: Annotated[int, Field(ge=1)] = 5
    spacing: Annotated[float, Field(gt=0)] = 2.0
    std: Annotated[float, Field(gt=0)] = 0.05
    count: Annotated[int, Field(ge=1)] = 100_000

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: two coordinates."""
        return (2,)


Dataset = Annotated[Digits | CelebA | ImageFolder | Ring | Grid, Field(discriminator="source")]


def key(dataset: Dataset) -> str:
    """Folder name of a prepared data set: its source and a digest of everything that shapes it."""
    return f"{dataset.source}-{dataset.digest[:10]}"
