"""The interface of feature extractors, and the conversion of uint8 images to a network's input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.backends import cudnn

from vigan.errors import UserError
from vigan.features.pillow_bicubic import bicubic

Images = NDArray[np.uint8]
Features = NDArray[np.float32]

_CPU_BATCH, _ACCELERATOR_BATCH = 16, 256  # on a CPU core, 64 at a time are a third slower than 16 (cache)


class ImageError(UserError, ValueError):
    """Images that an extractor or classifier does not accept; the message says what they are and what is expected."""


class Extractor(Protocol):
    """Maps uint8 images (n, 1 or 3, height, width), any side, to features (n, `dimension`) in float32.

    `name` says network and input side: numbers under different names are never compared.
    """

    @property
    def name(self) -> str:
        """Name of the extractor, part of every protocol's name."""
        ...

    @property
    def dimension(self) -> int:
        """Number of features per image."""
        ...

    @property
    def weights_sha256(self) -> str:
        """SHA-256 (hex) of the file with the network's weights."""
        ...

    def __call__(self, images: Images) -> Features:
        """Features (n, dimension). Raises ImageError on anything but uint8 (n, 1 or 3, height, width), n >= 1."""
        ...


def check_images(images: Images, channels: tuple[int, ...] = (1, 3)) -> None:
    """Raise ImageError unless images are a uint8 array (n, c, height, width), none of them 0, c one of `channels`."""
    if images.dtype != np.uint8 or images.ndim != 4 or images.size == 0 or images.shape[1] not in channels:
        counts = " or ".join(map(str, channels))
        raise ImageError(f"images: {images.dtype} of shape {images.shape}, expected uint8 (n, {counts}, height, width)")


def default_batch_size(device: torch.device) -> int:
    """Default batch size: 16 on a CPU and 256 elsewhere."""
    return _CPU_BATCH if device.type == "cpu" else _ACCELERATOR_BATCH


def to_rgb(images: Images, side: int, device: torch.device) -> Tensor:
    """Float32 images (n, 3, side, side) in [0, 255] on `device`; grey is repeated.

    Resized on the device as Pillow resizes float images by its (antialiased) bicubic filter; clamped, not rounded.
    """
    batch = torch.from_numpy(np.array(images)).to(device).float()
    return bicubic(batch, side).clamp_(0, 255).expand(-1, 3, -1, -1)


def extract(images: Images, batch_size: int, features: Callable[[Images], Tensor]) -> Features:
    """Features (n, d), float32 on the host, of images taken `batch_size` at a time, without gradients.

    On CUDA convolutions are deterministic and in full float32 (no TF32), so that the numbers do not depend on the
    device.
    """
    exact = cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with torch.inference_mode(), exact:
        parts = [features(images[start : start + batch_size]).cpu() for start in range(0, len(images), batch_size)]
    return torch.cat(parts).numpy()
