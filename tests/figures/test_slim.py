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
    text = '<text x="88.423055" y="-0.001" transform="rotate(-45 88.423055 1.23456)" id="p0.12345">0.12345</text>'
    assert (
        slim(text) == '<text x="88.42" y="-0.00" transform="rotate(-45 88.423055 1.23456)" id="p0.12345">0.12345</text>'
    )


def test_a_turn_by_nothing_and_indents_are_left_out() -> None:
    assert (
        slim('<g>\n  <text x="1" transform="rotate(-0 1.5 2.5)">  a</text>\n</g>')
        == '<g>\n<text x="1">  a</text>\n</g>'
    )


@pytest.mark.parametrize(
    ("path", "shorter"),
    [
        ("M 1.23456 -7.0049 \nL 12.5 3 \nL 100 3.001", "M1.23 -7l11.27 10l87.5 0"),
        ("M 0 0 \nL 5 0 \nL 5 5 \nz\nL 1 1 \nM 9 9 \nL 9 8", "M0 0l5 0l0 5zl1 1M9 9l0 -1"),
        ("M 0 3 \nC 0.8 3 1.55873 2.68 2 2 \nz", "M 0 3 \nC 0.8 3 1.56 2.68 2 2 \nz"),
    ],
)
def test_lines_go_from_point_to_point(path: str, shorter: str) -> None:
    assert slim(f'<path id="a" d="{path}" style="stroke-width: 0.12345"/>') == (
        f'<path id="a" d="{shorter}" style="stroke-width: 0.12345"/>'
    )


def test_long_lines_end_where_they_did() -> None:
    points = np.random.default_rng(0).uniform(0, 1000, (500, 2)).cumsum(axis=0)
    line = slim(f'<path d="M {" L ".join(f"{x:f} {y:f}" for x, y in points)}"/>')
    moves = np.array([[float(number) for number in move.split()] for move in line.split('"')[1][1:].split("l")])
    assert np.abs(moves.cumsum(axis=0) - points).max() <= 0.005 + 1e-9


def _markers(*styles: str) -> str:
    return "<g>\n" + "".join(f'  <use x="{i}" style="{style}"/>\n' for i, style in enumerate(styles)) + "</g>"


def test_markers_share_their_style_where_it_is_one() -> None:
    assert slim(_markers("fill: red", "fill: red")) == (
        '<g style="fill: red">\n<use x="0"/>\n<use x="1"/>\n</g>'
    )  # fmt: skip
    for apart in (_markers("fill: red", "fill: blue"), _markers("opacity: 0.5", "opacity: 0.5")):
        assert slim(apart) == apart.replace("  <use", "<use")


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
