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
    *batch, height, width, channels = images.shape
    rows, columns = _weights(height, side), _weights(width, side)
    flat = images.astype(np.float64, copy=False).reshape(*batch, height, width * channels)
    return columns @ (rows @ flat).reshape(*batch, side, width, channels)


def to_uint8(values: np.ndarray) -> np.ndarray:
    """`values` on the scale 0..255, clipped and rounded to uint8."""
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


@lru_cache(maxsize=16)
def _weights(size: int, side: int) -> np.ndarray:
    """Read-only matrix (side, size) whose row i holds the four taps of sample i; taps clamped to one index add up."""
    position = np.arange(side) * size / side
    first = np.floor(position).astype(int)
    matrix = np.zeros((side, size))
    for tap in (-1, 0, 1, 2):
        index = np.clip(first + tap, 0, size - 1)
        matrix[np.arange(side), index] += _keys_cubic(position - first - tap)
    matrix.setflags(write=False)
    return matrix


def _keys_cubic(distance: np.ndarray) -> np.ndarray:
    """Keys' interpolation kernel at signed `distance` in pixels (Keys 1981, eq. 4, with free parameter a)."""
    x = np.abs(distance)
    near = ((KEYS_A + 2) * x - (KEYS_A + 3)) * x * x + 1
    far = ((KEYS_A * x - 5 * KEYS_A) * x + 8 * KEYS_A) * x - 4 * KEYS_A
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))
