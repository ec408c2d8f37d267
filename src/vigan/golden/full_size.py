"""The compact form of recordings at the article's full size: start weights from a seed, final weights by projections.

A whole recording at dim 64 holds 6.6 million numbers twice. In the compact form the start is a seed of numpy's
RandomState, and of each final variable there are its norms, projections of its move, and, where it is small, itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

import numpy as np

NORMS, PROJECTIONS = 4, 16
DEVIATION = 0.02
"""Standard deviation of the released code's weights at the start."""

_DENSE = "flatten_fully_connected/fully_connected"
_G = (_DENSE, "Conv2d_transpose", "Conv2d_transpose_1", "Conv2d_transpose_2", "Conv2d_transpose_3")
_D = ("Conv", "Conv_1", "Conv_2", "Conv_3", _DENSE)


def initial(seed: int, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Start values, float32, of the variables named in `shapes` (TensorFlow's names and axes).

    One RandomState draws the weights, layer after layer from z to the image and from the image to the logit: normal,
    D's convolutions cut off at two standard deviations (what lies beyond is drawn again, all at once), times 0.02.
    gamma and moving_variance are 1, all else is 0.
    """
    random, start = np.random.RandomState(seed), {}
    for name in _in_order(shapes):
        leaf = name.rpartition("/")[2]
        if leaf != "weights":
            start[name] = np.full(shapes[name], leaf in ("gamma", "moving_variance"), np.float32)
            continue
        value = random.normal(size=shapes[name])
        while name.startswith("discriminator/Conv") and (beyond := np.abs(value) > 2).any():
            value[beyond] = random.normal(size=int(beyond.sum()))
        start[name] = (DEVIATION * value).astype(np.float32)
    return start


def fingerprint(start: Mapping[str, np.ndarray]) -> int:
    """CRC-32 of all start values in the order in which they were drawn."""
    return zlib.crc32(b"".join(value.astype("<f4").tobytes() for value in start.values()))


def projections(name: str, value: np.ndarray) -> np.ndarray:
    """Sums (16,) of `value` times standard normal draws, which follow from the variable's name."""
    random, flat = np.random.RandomState(zlib.crc32(name.encode())), np.ascontiguousarray(value, np.float64).ravel()
    return np.array([random.normal(size=flat.size) @ flat for _ in range(PROJECTIONS)])


def norms(final: np.ndarray, move: np.ndarray) -> np.ndarray:
    """Norms (4,): Euclidean and largest absolute value of the final value, then of its move from the start."""
    return np.array([norm for value in (final, move) for norm in (np.sqrt(np.sum(value**2)), np.abs(value).max())])


def _in_order(names: Mapping[str, object]) -> Iterator[str]:
    for role, layers in (("generator", _G), ("discriminator", _D)):
        for layer in layers:
            inner = (
                "weights",
                "biases",
                *(f"BatchNorm/{leaf}" for leaf in ("beta", "gamma", "moving_mean", "moving_variance")),
            )
            yield from (name for name in (f"{role}/{layer}/{leaf}" for leaf in inner) if name in names)
