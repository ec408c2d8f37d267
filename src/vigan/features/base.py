"""The interface of feature extractors, and the conversion of uint8 images to a network's input."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.backends import cudnn

from vigan.errors import UserError
from vigan.features.pillow_float import bicubic
from vigan.features.weights import Archive

Images = NDArray[np.uint8]
Pictures = Images | Sequence[Images]
"""Images of one size (n, channels, height, width), or each of its own (channels, height, width), channels 1 or 3."""
Features = NDArray[np.float32]

_CPU_BATCH, _ACCELERATOR_BATCH = 16, 256  # on a CPU core, 64 at a time are a third slower than 16 (cache)
_BYTES_AN_IMAGE = 17 << 20
"""Memory that an image takes at most on its way through a network: Inception's at 299 pixels, 4.2 GiB for 256."""
_SPARED = 0.5
"""Share of a device's free memory that a batch may fill: runs train beside."""
_NO_ROOM = ("out of memory", "can't allocate memory")
"""What torch says, on CUDA and on a CPU, where there is no memory for a batch."""
_ON_DEVICE = threading.Lock()
_CPU = torch.device("cpu")


class ImageError(UserError, ValueError):
    """Images that an extractor or classifier does not accept; the message says what they are and what is expected."""


class Extractor(ABC):
    """Maps uint8 images (n, 1 or 3, height, width), or a list of such, to features (n, `dimension`) in float32.

    `name` says network and input side: numbers from two names are never compared. `side` is that of the network's
    input, `resizing` how images get there, in words; `weights_sha256` is the digest (hex) of the file with its weights.
    `module` is the torch module that holds them, `published` the file if it is fetched from somewhere.
    """

    name: ClassVar[str]
    dimension: ClassVar[int]
    side: ClassVar[int]
    resizing: ClassVar[str] = "each image to {side}x{side} by Pillow's antialiased bicubic, as clean-fid does"
    published: ClassVar[Archive | None] = None
    weights_sha256: str
    module: Any

    def __init__(self, device: str = "cpu", batch_size: int | None = None) -> None:
        """Run on `device`, `batch_size` images at a time: by default 16 on a CPU and 256 elsewhere."""
        self.device = torch.device(device)
        self.batch_size = batch_size or default_batch_size(self.device)

    def __call__(self, images: Pictures) -> Features:
        """Features (n, dimension). Raises ImageError on anything but uint8 (n, 1 or 3, height, width), n >= 1."""
        check_images(images)
        return extract(images, self.batch_size, lambda part: self.network(self.resized(part)), self.device)

    def resized(self, images: Pictures) -> Tensor:
        """The network's input, float32 (n, 3, side, side) in [0, 255]."""
        return to_rgb(images, self.side, self.device)

    @abstractmethod
    def network(self, batch: Tensor) -> Tensor:
        """Features (n, dimension) of an input, scaled as the network wants it and not before."""


def check_images(images: Pictures, channels: tuple[int, ...] = (1, 3)) -> None:
    """Raise ImageError unless images are uint8, (c, height, width) each, none of them 0, c one of `channels`."""
    if not isinstance(images, np.ndarray):
        for image in images:
            check_images(np.asarray(image)[None], channels)
        if not images:
            raise ImageError("images: an empty list")
    elif not _is_batch(images, channels):
        counts = " or ".join(map(str, channels))
        raise ImageError(f"images: {images.dtype} of shape {images.shape}, expected uint8 (n, {counts}, height, width)")


def _is_batch(images: Images, channels: tuple[int, ...]) -> bool:
    return images.dtype == np.uint8 and images.ndim == 4 and images.size > 0 and images.shape[1] in channels


def default_batch_size(device: torch.device) -> int:
    """Images a network takes at a time unless told otherwise: 16 on a CPU, 256 elsewhere, or what has room on CUDA."""
    if device.type != "cuda":
        return _CPU_BATCH if device.type == "cpu" else _ACCELERATOR_BATCH
    room = int(_SPARED * torch.cuda.mem_get_info(device)[0]) // _BYTES_AN_IMAGE
    return min(_ACCELERATOR_BATCH, 1 << max(room.bit_length() - 1, 0))


def to_rgb(images: Pictures, side: int, device: torch.device) -> Tensor:
    """Float32 images (n, 3, side, side) in [0, 255] on `device`; grey is repeated.

    Resized on the device as Pillow resizes float images by its (antialiased) bicubic filter; clamped, not rounded.
    """
    if not isinstance(images, np.ndarray) and len({image.shape for image in images}) > 1:
        return torch.cat([to_rgb(image[None], side, device) for image in images])
    batch = torch.from_numpy(np.array(images)).to(device)
    return bicubic(batch, side).clamp_(0, 255).expand(-1, 3, -1, -1)


def extract(
    images: Pictures, batch_size: int, features: Callable[[Pictures], Tensor], device: torch.device = _CPU
) -> Features:
    """Features (n, d), float32 on the host, of images taken `batch_size` at a time, without gradients.

    On CUDA convolutions are deterministic and in full float32 (no TF32), so that the numbers do not depend on the
    device. Off the CPU one extraction runs at a time, whatever the number of threads. A batch for which there is no
    memory is halved until there is.
    """
    exact = cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with _alone(device), torch.inference_mode(), exact:
        return torch.cat(list(_parts(images, batch_size, features))).numpy()


def _alone(device: torch.device) -> AbstractContextManager[object]:
    return nullcontext() if device.type == "cpu" else _ON_DEVICE


def _parts(images: Pictures, size: int, features: Callable[[Pictures], Tensor]) -> Iterator[Tensor]:
    start = 0
    while start < len(images):
        try:
            part = features(images[start : start + size]).cpu()
        except RuntimeError as error:  # TorchScript raises no OutOfMemoryError, and says so in words
            if size == 1 or not any(words in str(error) for words in _NO_ROOM):
                raise
            size //= 2
        else:
            yield part
            start += size
