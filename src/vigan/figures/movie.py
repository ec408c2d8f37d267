"""Training as an animated GIF: pictures of several runs side by side, one frame a step."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

COLOURS = 96
MARGIN, HEADER, LEAST = 12, 44, 240
GROUND, INK, SOFT = (255, 255, 255), (28, 30, 33), (91, 96, 103)
MILLISECONDS, PAUSE = 180, 1500


class PictureSequence(NamedTuple):
    """One run: its label and a picture a step, or why there is none."""

    label: str
    pictures: Sequence[Image.Image | str]


def movie(sequences: Sequence[PictureSequence], steps: Sequence[int]) -> bytes:
    """GIF of `sequences` side by side at each of `steps`, looping, at native pixels; the last frame stays longer."""
    frames = [_quantised(frame) for frame in _frames(sequences, steps, _side(sequences))]
    stream = io.BytesIO()
    durations = [MILLISECONDS] * (len(frames) - 1) + [PAUSE]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=False)
    return stream.getvalue()


def _side(sequences: Sequence[PictureSequence]) -> int:
    return max(
        (shown.height for sequence in sequences for shown in sequence.pictures if not isinstance(shown, str)),
        default=LEAST,
    )


def _frames(sequences: Sequence[PictureSequence], steps: Sequence[int], side: int) -> Iterator[Image.Image]:
    pitch = side + MARGIN
    for at, step in enumerate(steps):
        frame = Image.new("RGB", (pitch * len(sequences) + MARGIN, side + HEADER + MARGIN), GROUND)
        pen = ImageDraw.Draw(frame)
        pen.text((MARGIN, 4), f"iteration {step:,}", fill=SOFT, font=ImageFont.load_default(14))
        for place, sequence in enumerate(sequences):
            left = MARGIN + place * pitch
            pen.text((left, 22), sequence.label, fill=INK, font=ImageFont.load_default(14))
            shown = sequence.pictures[at]
            if isinstance(shown, str):
                middle = (left + side // 2, HEADER + side // 2)
                pen.text(middle, shown, fill=SOFT, anchor="mm", font=ImageFont.load_default(16))
            else:
                frame.paste(shown, (left, HEADER), shown if shown.mode == "RGBA" else None)
        yield frame


def _quantised(frame: Image.Image) -> Image.Image:
    return frame.quantize(colors=COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
