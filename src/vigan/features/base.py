"""The interface of feature extractors, and the conversion of uint8 images to a network's input."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
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
_BYTES_AN_IMAGE = 17 << 20
"""Memory that an image takes at most on its way through a network: Inception's at 299 pixels, 4.2 GiB for 256."""
_SPARED = 0.5
"""Share of a device's free memory that a batch may fill: runs train beside."""
_ON_DEVICE = threading.Lock()
_CPU = torch.device("cpu")


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
    """Images a network takes at a time unless told otherwise: 16 on a CPU, 256 elsewhere, or what has room on CUDA."""
    if device.type != "cuda":
        return _CPU_BATCH if device.type == "cpu" else _ACCELERATOR_BATCH
    room = int(_SPARED * torch.cuda.mem_get_info(device)[0]) // _BYTES_AN_IMAGE
    return min(_ACCELERATOR_BATCH, 1 << max(room.bit_length() - 1, 0))


def to_rgb(images: Images, side: int, device: torch.device) -> Tensor:
    """Float32 images (n, 3, side, side) in [0, 255] on `device`; grey is repeated.

    Resized on the device as Pillow resizes float images by its (antialiased) bicubic filter; clamped, not rounded.
    """
    batch = torch.from_numpy(np.array(images)).to(device).float()
    return bicubic(batch, side).clamp_(0, 255).expand(-1, 3, -1, -1)


def extract(
    images: Images, batch_size: int, features: Callable[[Images], Tensor], device: torch.device = _CPU
) -> Features:
    """Features (n, d), float32 on the host, of images taken `batch_size` at a time, without gradients.

    On CUDA convolutions are deterministic and in full float32 (no TF32), so that the numbers do not depend on the
    device. Off the CPU one extraction runs at a time, whatever the number of threads, and a batch for which there is no
    memory is halved until there is.
    """
    exact = cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with _alone(device), torch.inference_mode(), exact:
        return torch.cat(list(_parts(images, batch_size, features))).numpy()


def _alone(device: torch.device) -> AbstractContextManager[object]:
    return nullcontext() if device.type == "cpu" else _ON_DEVICE


def _parts(images: Images, size: int, features: Callable[[Images], Tensor]) -> Iterator[Tensor]:
    start = 0
    while start < len(images):
        try:
            part = features(images[start : start + size]).cpu()
        except RuntimeError as error:  # TorchScript raises no OutOfMemoryError, and says so in words
            if size == 1 or "out of memory" not in str(error):
                raise
            size //= 2
        else:
            yield part
            start += size
