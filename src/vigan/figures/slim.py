"""An SVG file in fewer bytes, which looks the same: for figures that are kept in a repository."""

from __future__ import annotations

import base64
import io
import re

from PIL import Image

_PICTURE = re.compile(r"(?<=data:image/png;base64,)[A-Za-z0-9+/=\s]+")
_PLACE = re.compile(r'(?<= )(?:d|x|y)="[^"]*"')
_LONG = re.compile(r"-?\d+\.\d{3,}")


def slim(svg: str) -> str:
    """The SVG with its pictures in the fewest channels that hold them, and with places to a hundredth of a point."""
    return _PICTURE.sub(_repacked, _PLACE.sub(_rounded, svg))


def _rounded(place: re.Match[str]) -> str:
    return _LONG.sub(lambda number: f"{float(number[0]):.2f}", place[0])


def _repacked(picture: re.Match[str]) -> str:
    packed = io.BytesIO()
    _fewest_channels(Image.open(io.BytesIO(base64.b64decode(picture[0])))).save(packed, "PNG", optimize=True)
    return base64.b64encode(packed.getvalue()).decode("ascii")


def _fewest_channels(image: Image.Image) -> Image.Image:
    """Grey or RGB in place of RGBA, where no pixel changes by it."""
    whole = image.convert("RGBA")
    kept = (whole.convert(mode) for mode in ("L", "RGB"))
    return next((small for small in kept if small.convert("RGBA").tobytes() == whole.tobytes()), whole)
