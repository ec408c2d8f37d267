"""One small picture of a run's samples at one step, a grid of images or a scatter plot, and its WebP encoding."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from vigan.figures.samples import image_grid, reach_of

PER_SIDE = 8
"""Images along one edge of a grid."""
LARGEST = 64
"""Side in pixels of the largest images that are shown as they are; larger ones are reduced to it."""

CLOUD_SIDE = 400
DOT, RING = (60, 140, 210), (140, 140, 140)
DOT_RADIUS, RING_RADIUS, RING_WIDTH = 2, 11.0, 1.2
DOT_ALPHA, LEVELS = 0.3, 12
QUALITIES = (75, 60, 45, 30, 15)


def picture(samples: np.ndarray, means: np.ndarray | None = None) -> Image.Image:
    """Samples of one step: uint8 images (n, C, side, side) as an RGB grid, points (n, 2) as RGBA.

    Images of up to `LARGEST` pixels keep them. Points are drawn over rings at `means` (m, 2), the true modes, on a
    transparent background.
    """
    if samples.ndim == 4:
        grid = image_grid(_reduced(samples[: PER_SIDE**2]), PER_SIDE)
        return Image.fromarray(np.ascontiguousarray(grid))
    return Image.fromarray(_cloud(samples, means))


def encode(shown: Image.Image, most: int) -> bytes:
    """A picture as WebP: lossless if it has transparency, else at the best quality that fits in `most` bytes.

    If none of `QUALITIES` fits, it is at quality 1, whatever its size.
    """
    if shown.mode == "RGBA":
        return _webp(shown, lossless=True, quality=80)
    tries = (_webp(shown, lossless=False, quality=quality) for quality in QUALITIES)
    return next((packed for packed in tries if len(packed) <= most), None) or _webp(shown, lossless=False, quality=1)


def _reduced(images: np.ndarray) -> np.ndarray:
    """Images of at most `LARGEST` pixels a side: of larger ones, whose sides are multiples, means over blocks."""
    count, channels, side, _ = images.shape
    if side <= LARGEST:
        return images
    blocks = images.reshape(count, channels, LARGEST, side // LARGEST, LARGEST, side // LARGEST)
    return np.round(blocks.mean(axis=(3, 5))).astype(np.uint8)


def _webp(shown: Image.Image, *, lossless: bool, quality: int) -> bytes:
    stream = io.BytesIO()
    shown.save(stream, "WEBP", lossless=lossless, quality=quality, method=4)
    return stream.getvalue()


def _cloud(points: np.ndarray, means: np.ndarray | None) -> np.ndarray:
    """Pixels (side, side, 4), more opaque where dots overlap, in `LEVELS` steps."""
    reach = reach_of(means)
    opaque = 1 - (1 - DOT_ALPHA) ** _dots(_pixels(points, reach))
    opaque = np.round(opaque * LEVELS) / LEVELS
    rings = np.zeros_like(opaque) if means is None else _rings(_pixels(means, reach))
    pixels = np.empty((CLOUD_SIDE, CLOUD_SIDE, 4), np.uint8)
    pixels[..., :3] = np.where((opaque > 0)[..., None], DOT, RING)
    pixels[..., 3] = np.round(255 * np.maximum(opaque, rings))
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def _pixels(points: np.ndarray, reach: float) -> np.ndarray:
    """(row, column) of points, row 0 at the top."""
    return np.stack([reach - points[:, 1], reach + points[:, 0]], axis=1) * (CLOUD_SIDE / (2 * reach)) - 0.5


def _dots(places: np.ndarray) -> np.ndarray:
    """Number of dots that cover each pixel; points outside the frame cover none."""
    span = np.arange(-DOT_RADIUS, DOT_RADIUS + 1)
    disc = np.argwhere(span[:, None] ** 2 + span**2 <= DOT_RADIUS**2 + 1) - DOT_RADIUS
    inside = places[(np.abs(places - CLOUD_SIDE / 2) < CLOUD_SIDE).all(axis=1)]
    covered = (np.round(inside).astype(int)[:, None] + disc).reshape(-1, 2)
    covered = covered[((covered >= 0) & (covered < CLOUD_SIDE)).all(axis=1)]
    counts = np.zeros((CLOUD_SIDE, CLOUD_SIDE))
    np.add.at(counts, tuple(covered.T), 1)
    return counts


def _rings(places: np.ndarray) -> np.ndarray:
    rows, columns = np.mgrid[:CLOUD_SIDE, :CLOUD_SIDE]
    distances = [np.abs(np.hypot(rows - row, columns - column) - RING_RADIUS) for row, column in places]
    return np.clip(RING_WIDTH - np.minimum.reduce(distances), 0, 0.8)
