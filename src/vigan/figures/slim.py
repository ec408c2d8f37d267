"""An SVG file in fewer bytes, which looks the same: for figures that are kept in a repository."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator

import numpy as np
from PIL import Image

_PICTURE = re.compile(r"(?<=data:image/png;base64,)[A-Za-z0-9+/=\s]+")
_PLACE = re.compile(r'(?<= )(?:d|x|y)="[^"]*"')
_LONG = re.compile(r"-?\d+\.\d{3,}")
_COLOURS = 256
"""Most colours of a palette (PNG specification, colour type 3)."""


def slim(svg: str) -> str:
    """The SVG with each picture as the smallest PNG of the same pixels, and with places to a hundredth of a point."""
    return _PICTURE.sub(_repacked, _PLACE.sub(_rounded, svg))


def _rounded(place: re.Match[str]) -> str:
    return _LONG.sub(lambda number: f"{float(number[0]):.2f}", place[0])


def _repacked(picture: re.Match[str]) -> str:
    image = Image.open(io.BytesIO(base64.b64decode(picture[0])))
    return base64.b64encode(min((_png(same) for same in _equal(image)), key=len)).decode("ascii")


def _png(image: Image.Image) -> bytes:
    packed = io.BytesIO()
    image.save(packed, "PNG", optimize=True)
    return packed.getvalue()


def _equal(image: Image.Image) -> Iterator[Image.Image]:
    """Pictures of the same pixels: in RGBA, in grey or RGB where that holds them, by a palette of few colours."""
    whole = image.convert("RGBA")
    yield whole
    lesser = (whole.convert(mode) for mode in ("L", "RGB"))
    yield from (less for less in lesser if less.convert("RGBA").tobytes() == whole.tobytes())
    pixels = np.asarray(whole).reshape(-1, 4)
    colours, numbers = np.unique(pixels, axis=0, return_inverse=True)
    if len(colours) <= _COLOURS:
        numbered = Image.frombytes("P", whole.size, numbers.astype(np.uint8).tobytes())
        numbered.putpalette(colours.tobytes(), "RGBA")
        yield numbered
