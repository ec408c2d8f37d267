"""Cropping and resizing: Pillow's antialiased bicubic, and TensorFlow 1's bicubic as the released code used it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image

KEYS_A = -0.75


def centre_crop(image: Image.Image, width: int, height: int) -> Image.Image:
    """The middle `width` x `height` pixels; the offset is floor((side - crop) / 2), as in the released code."""
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def antialias(image: Image.Image, side: int) -> Image.Image:
    """`image` resized to side x side with Pillow's bicubic, which widens its kernel when it shrinks."""
    return image.resize((side, side), Image.Resampling.BICUBIC)


def released_bicubic(images: np.ndarray, side: int) -> np.ndarray:
    """Images (..., H, W, C) resized to float64 (..., side, side, C) as TensorFlow 1's `resize_images` (bicubic) does.

    Keys' cubic with a = -0.75, sample i at i * H / side (no half-pixel shift), indices clamped at the border, no
    antialiasing, no clipping: values overshoot the range of the input. Source: the released preprocessing. TensorFlow
    rounds a sample's position to 1/1024 pixel; H / side is exact there when side is a power of two up to 1024.
    """
    rows = _resample(np.moveaxis(images, -3, 0), side)
    columns = _resample(np.moveaxis(rows, (-2, 0), (0, -1)), side)
    return np.moveaxis(columns, (-1, 0), (-3, -2))


def _resample(images: np.ndarray, side: int) -> np.ndarray:
    """Float64 (side, ...) from images (size, ...), along the first axis."""
    index, weights = _taps(len(images), side)
    neighbours = images.reshape(len(images), -1)[index]
    return np.einsum("ik,ikj->ij", weights, neighbours).reshape(side, *images.shape[1:])


def to_uint8(values: np.ndarray) -> np.ndarray:
    """`values` on the scale 0..255, clipped and rounded to uint8."""
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


@lru_cache(maxsize=16)
def _taps(size: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (side, 4), clamped at the border, and weights (side, 4) of the samples that make each output."""
    position = np.arange(side) * size / side
    taps = np.floor(position).astype(int)[:, None] + np.arange(-1, 3)
    index, weights = np.clip(taps, 0, size - 1), _keys_cubic(position[:, None] - taps)
    index.setflags(write=False)
    weights.setflags(write=False)
    return index, weights


def _keys_cubic(distance: np.ndarray) -> np.ndarray:
    """Keys' interpolation kernel at signed `distance` in pixels (Keys 1981, eq. 4, with free parameter a)."""
    x = np.abs(distance)
    near = ((KEYS_A + 2) * x - (KEYS_A + 3)) * x * x + 1
    far = ((KEYS_A * x - 5 * KEYS_A) * x + 8 * KEYS_A) * x - 4 * KEYS_A
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))
