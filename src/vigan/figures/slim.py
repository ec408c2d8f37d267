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
_LINES = re.compile(r'(?<= d=")[MLz\d.\-\s]+(?=")')
_POINT = re.compile(r"([ML]) (\S+) (\S+)|z")
_MARKERS = re.compile(r'<g([^>]*)>\n((?: *<use [^>]* style="[^"]*"/>\n)+)( *)</g>')
_STYLE = re.compile(r' style="[^"]*"')
_OF_A_WHOLE = re.compile(r"(?<!-)opacity")
_NOTHING = re.compile(r'(?m)^ +| transform="rotate\(-?0 [^"]*"')
_COLOURS = 256
"""Most colours of a palette (PNG specification, colour type 3)."""


def slim(svg: str) -> str:
    """The SVG as matplotlib writes it, in fewer bytes and of the same look.

    Each picture is the smallest PNG of the same pixels, places are rounded to a hundredth of a point, lines go from
    point to point, markers of one style share it, and what changes nothing is left out.
    """
    rounded = _LINES.sub(_from_point_to_point, _PLACE.sub(_rounded, svg))
    return _PICTURE.sub(_repacked, _NOTHING.sub("", _MARKERS.sub(_of_one_style, rounded)))


def _rounded(place: re.Match[str]) -> str:
    return _LONG.sub(lambda number: f"{float(number[0]):.2f}", place[0])


def _from_point_to_point(lines: re.Match[str]) -> str:
    """Each point but the first of a line as its distance from the one before, counted in hundredths: without error."""
    written: list[str] = []
    start = here = (0, 0)
    for point in _POINT.finditer(lines[0]):
        if point[0] == "z":
            here = start
            written.append("z")
            continue
        before, here = here, tuple(round(100 * float(number)) for number in point.groups()[1:])
        if point[1] == "M":
            start = here
            written.append("M" + _place(here))
        else:
            written.append("l" + _place((here[0] - before[0], here[1] - before[1])))
    return "".join(written)


def _place(hundredths: tuple[int, ...]) -> str:
    return " ".join(f"{number / 100:.2f}".rstrip("0").rstrip(".") for number in hundredths)


def _of_one_style(group: re.Match[str]) -> str:
    """Markers' style, where all have one, as that of their group."""
    styles = set(_STYLE.findall(group[2]))
    if len(styles) > 1 or _OF_A_WHOLE.search(group[2]):
        return group[0]
    return f"<g{group[1]}{styles.pop()}>\n{_STYLE.sub('', group[2])}{group[3]}</g>"


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
