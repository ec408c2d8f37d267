"""Slim SVGs look the same."""

from __future__ import annotations

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from vigan.figures.slim import slim


def _svg(pixels: np.ndarray) -> tuple[str, str]:
    """An SVG element that holds the pixels as matplotlib embeds them, and what its attribute says."""
    stream = io.BytesIO()
    Image.fromarray(pixels).convert("RGBA").save(stream, "PNG")
    code = "\n" + base64.b64encode(stream.getvalue()).decode()
    return f'<image xlink:href="data:image/png;base64,{code}" id="image1.23456"/>', code


def _pixels(svg: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(svg.split("base64,")[1].split('"')[0])))


GREY = np.arange(64, dtype=np.uint8).reshape(8, 8)
COLOUR = np.dstack([GREY, GREY.T, GREY])
CLEAR = np.dstack([COLOUR, 4 * GREY])


RAMP = np.arange(4096, dtype=np.uint32).reshape(64, 64)
MANY = np.dstack([RAMP % 251, RAMP // 16, RAMP % 256]).astype(np.uint8)
MANY_CLEAR = np.dstack([MANY, RAMP % 253]).astype(np.uint8)
FEW = np.random.default_rng(0).choice(CLEAR.reshape(-1, 4), size=(64, 64))


@pytest.mark.parametrize(
    ("pixels", "mode"),
    [
        (GREY, "L"),
        (np.dstack([GREY] * 3), "L"),
        (MANY, "RGB"),
        (MANY_CLEAR, "RGBA"),
        (FEW, "P"),
        (FEW[..., :3], "P"),
        (CLEAR[:1, :1], "RGBA"),
    ],
)
def test_a_picture_keeps_every_pixel_in_the_smallest_form_that_holds_them(pixels: np.ndarray, mode: str) -> None:
    svg, code = _svg(pixels)
    found = _pixels(slim(svg))
    assert found.mode == mode
    assert found.convert("RGBA").tobytes() == _pixels(svg).tobytes()
    assert len(slim(svg)) <= len(svg.replace(code, code.strip()))


def test_places_are_rounded_and_nothing_else_is() -> None:
    svg = '<path id="p0.12345" d="M 1.23456 -7.0049 \nL 12.5 3" style="stroke-width: 0.12345"/>'
    text = '<text x="88.423055" y="-0.001" transform="rotate(-0 88.423055 1.23456)">0.12345</text>'
    assert slim(svg) == '<path id="p0.12345" d="M 1.23 -7.00 \nL 12.5 3" style="stroke-width: 0.12345"/>'
    assert slim(text) == '<text x="88.42" y="-0.00" transform="rotate(-0 88.423055 1.23456)">0.12345</text>'


def test_what_is_slim_stays_as_it_is() -> None:
    figure, axes = plt.subplots()
    axes.imshow(GREY, cmap="gray")
    axes.plot([0.123456, 7.654321])
    stream = io.StringIO()
    figure.savefig(stream, format="svg")
    plt.close(figure)
    once = slim(stream.getvalue())
    assert len(once) < len(stream.getvalue())
    assert slim(once) == once
