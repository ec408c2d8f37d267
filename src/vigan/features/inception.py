"""The FID's features: Inception as clean-fid uses it (Parmar, Zhang, Zhu 2022, arXiv 2104.11222; clean-fid 0.1.35)."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.jit import ScriptModule

from vigan.features.base import Features, Images, check_images, default_batch_size, extract, to_rgb
from vigan.io.files import RecordError
from vigan.runtime.download import fetch
from vigan.runtime.settings import cache_folder, expanded, setting

_SIDE = 299


@dataclass(frozen=True)
class Archive:
    """A published TorchScript archive: URL, size in bytes and SHA-256 (hex)."""

    url: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """Its file name."""
        return self.url.rpartition("/")[2]


INCEPTION = Archive(
    url="https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/inception-2015-12-05.pt",
    size=95_607_719,
    sha256="f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4",
)
"""NVIDIA's port of the Inception network of 2015-12-05 that defines the FID; clean-fid downloads the same file."""


class InceptionClean:
    """2,048 pooled activations, as clean-fid computes them in its mode "clean" (`InceptionV3W`, `build_resizer`).

    clean-fid converts each channel of a uint8 image to float32, resizes it to 299x299 by Pillow's antialiased bicubic
    filter and clips it to [0, 255], without rounding; the network's `layers` get (x - 128) / 128. The network is the
    same file; these steps are reimplemented here, on the device and in batches, so that clean-fid need not be
    installed. clean-fid does not round float images from a generator either; here images are always uint8.

    Runs in float32 without fused kernels, so that two calls give the same bits. Raises RecordError if the weights are
    missing or not the known ones.
    """

    name = "inception-clean"
    dimension = 2048

    def __init__(
        self,
        device: str = "cpu",
        batch_size: int | None = None,
        weights: Path | None = None,
        archive: Archive = INCEPTION,
    ) -> None:
        """Load the network onto `device`; see `find` for where from."""
        self.device = torch.device(device)
        self.batch_size = batch_size or default_batch_size(self.device)
        self.weights_sha256 = archive.sha256
        network = load_network(find(weights, archive), archive.sha256)
        self._network = network.to(self.device).to(memory_format=torch.channels_last)

    def __call__(self, images: Images) -> Features:
        """Features (n, 2048). Raises ImageError on anything but uint8 (n, 1 or 3, height, width), n >= 1."""
        check_images(images)
        with torch.jit.optimized_execution(False):
            return extract(images, self.batch_size, self._pooled, self.device)

    def _pooled(self, images: Images) -> Tensor:
        batch = (to_rgb(images, _SIDE, self.device) - 128) / 128
        layers = self._network.layers
        return layers(batch.contiguous(memory_format=torch.channels_last)).reshape(len(images), self.dimension)


def find(weights: Path | None = None, archive: Archive = INCEPTION) -> Path:
    """The archive's file: `weights`, else the one VIGAN_INCEPTION names, else downloaded once into the cache folder.

    Raises RecordError if a named file is missing or the download fails.
    """
    named = weights or setting("inception")
    if not named:
        return _fetched(archive)
    path = expanded(named)
    if not path.is_file():
        raise RecordError(f"{path}: no such file; set VIGAN_INCEPTION to {archive.name}, or unset it to fetch that")
    return path


def at_hand(archive: Archive = INCEPTION) -> bool:
    """Whether the archive's file is where `find` would take it from, without fetching it."""
    return Path(setting("inception") or cache_folder() / archive.name).expanduser().is_file()


def _fetched(archive: Archive) -> Path:
    try:
        path = cache_folder() / archive.name
        return fetch(archive.url, path, sha256=archive.sha256, size=archive.size)
    except RecordError as error:
        raise RecordError(f"{error}; or set VIGAN_INCEPTION to a copy, or VIGAN_CACHE to another folder") from None


def load_network(path: Path, sha256: str = INCEPTION.sha256) -> ScriptModule:
    """Network in evaluation mode, on the CPU, from a TorchScript archive with that SHA-256 (hex).

    An archive is a program, so torch gets the very bytes that were checked. Raises RecordError, before torch sees
    them, if the digest differs.
    """
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise RecordError(f"{path}: SHA-256 {found}, expected {sha256}; name {INCEPTION.name}, from {INCEPTION.url}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*torch\.jit\.load.*deprecated")
        return torch.jit.load(io.BytesIO(content), map_location="cpu").eval()
