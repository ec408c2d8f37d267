"""The FID's features: Inception as clean-fid uses it (Parmar, Zhang, Zhu 2022, arXiv 2104.11222; clean-fid 0.1.35)."""

from __future__ import annotations

import io
from pathlib import Path

import torch
from torch import Tensor
from torch.jit import ScriptModule

from vigan.features import weights as weights_files
from vigan.features.base import Extractor, Features, Pictures
from vigan.features.weights import Archive, content, find, torchscript_warning_ignored

INCEPTION = Archive(
    url="https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/inception-2015-12-05.pt",
    size=95_607_719,
    sha256="f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4",
    setting="inception",
)
"""NVIDIA's port of the Inception network of 2015-12-05 that defines the FID; clean-fid downloads the same file."""


class InceptionClean(Extractor):
    """2,048 pooled activations, as clean-fid computes them in its mode "clean" (`InceptionV3W`, `build_resizer`).

    clean-fid converts each channel of a uint8 image to float32, resizes it to 299x299 by Pillow's antialiased bicubic
    filter and clips it to [0, 255], without rounding; the network's `layers` get (x - 128) / 128. The network is the
    same file; these steps are reimplemented here, on the device and in batches, so that clean-fid need not be
    installed. clean-fid does not round float images from a generator either; here images are always uint8.

    Batch norm is folded into the convolutions, which moves features by rounding alone. Runs in float32 without fused
    kernels, so that two calls give the same bits. Raises RecordError if the weights are missing or not the known ones.
    """

    name = "inception-clean"
    dimension = 2048
    side = 299
    published = INCEPTION

    def __init__(
        self,
        device: str = "cpu",
        batch_size: int | None = None,
        weights: Path | None = None,
        archive: Archive = INCEPTION,
    ) -> None:
        """Load the network onto `device`; see `vigan.features.weights.find` for where from."""
        super().__init__(device, batch_size)
        self.weights_sha256 = archive.sha256
        network = load_network(find(archive, weights), archive)
        self.module = network.to(self.device).to(memory_format=torch.channels_last)
        self._folded = _folded(self.module.layers)

    def __call__(self, images: Pictures) -> Features:
        """Features (n, 2048). Raises ImageError on anything but uint8 (n, 1 or 3, height, width), n >= 1."""
        with torch.jit.optimized_execution(False):
            return super().__call__(images)

    def network(self, batch: Tensor) -> Tensor:
        """Activations of images in [0, 255]."""
        scaled = ((batch - 128) / 128).contiguous(memory_format=torch.channels_last)
        layers = self.module.layers if torch.jit.is_tracing() else self._folded  # constants cannot be traced
        return layers(scaled).flatten(1)


def at_hand() -> bool:
    """Whether the network's file is here, so that it need not be fetched."""
    return weights_files.at_hand(INCEPTION)


def load_network(path: Path, archive: Archive = INCEPTION) -> ScriptModule:
    """Network in evaluation mode, on the CPU, from a TorchScript archive.

    Raises RecordError, before torch sees them, if the file's bytes are others.
    """
    read = content(path, archive)
    with torchscript_warning_ignored("load"):
        return torch.jit.load(io.BytesIO(read), map_location="cpu").eval()


def _folded(layers: ScriptModule) -> ScriptModule:
    """The layers with their weights as constants, and batch norm's scale and shift within those of the convolutions."""
    with torchscript_warning_ignored("freeze"):
        return torch.jit.freeze(layers)
