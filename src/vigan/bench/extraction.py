"""Features of image files by clean-fid's own code and by ours, of the same network, in turns."""

from __future__ import annotations

import hashlib
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from vigan.bench.record import Measurement, processor
from vigan.bench.timing import gains, interleaved, medians
from vigan.data.load_images import open_gallery
from vigan.evaluation.extraction import features_of
from vigan.features.inception import InceptionClean
from vigan.features.weights import Archive

COUNTS = {False: 128, True: 4}
SIDE = 64
WORKERS = 2
"""Processes in which clean-fid reads and resizes: one a core, which is faster there than its default of 12."""


class Inception(nn.Module):
    """torchvision's Inception v3 up to its pooled activations: the architecture of the FID's, with random weights."""

    def __init__(self) -> None:
        import torchvision  # a second and a half, which the tests of other benchmarks need not wait

        super().__init__()
        network = torchvision.models.inception_v3(weights=None, init_weights=False, aux_logits=False)
        parts = [part for name, part in network.named_children() if name not in ("AuxLogits", "dropout", "fc")]
        self.layers = nn.Sequential(*parts)

    def forward(self, img: Tensor) -> Tensor:
        """Features (n, 2048) of images in [0, 255]."""
        return self.layers((img - 128) / 128).flatten(1)


class Light(nn.Module):
    """A network that costs next to nothing, so that reading and resizing are what is timed."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 7, stride=16), nn.ReLU(), nn.AdaptiveAvgPool2d(16))

    def forward(self, img: Tensor) -> Tensor:
        """Features (n, 2048) of images in [0, 255]."""
        return self.layers((img - 128) / 128).flatten(1)


NETWORKS: dict[str, Callable[[], nn.Module]] = {"inception": Inception, "light": Light}


def measure(quick: bool) -> Measurement:
    """Images a second and their ratio by network, and the largest difference of features relative to their largest."""
    torch.set_num_threads(WORKERS)
    summary: dict[str, Any] = {}
    details: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as root:
        folder = _images(Path(root) / "images", COUNTS[quick])
        for name, make in NETWORKS.items():
            seconds, apart = _compared(make, folder, Path(root))
            rates = {path: round(COUNTS[quick] / value, 1) for path, value in medians(seconds).items()}
            ratio = round(gains(seconds, over="clean-fid")["ours"], 2)
            summary[name] = {"images_per_second": rates, "ratio": ratio, "largest_difference": apart}
            details[name] = seconds
    settings = {"quick": quick, "threads": WORKERS, "images": COUNTS[quick], "side": SIDE}
    return Measurement(processor(), settings, summary, details)


def _compared(make: Callable[[], nn.Module], folder: Path, root: Path) -> tuple[dict[str, list[float]], float]:
    from cleanfid import fid

    file = root / "network.pt"
    with torch.random.fork_rng(), warnings.catch_warnings(action="ignore"):
        torch.manual_seed(0)
        torch.jit.save(torch.jit.script(make().eval()), file)
        theirs = torch.jit.load(file)
    content = file.read_bytes()
    archive = Archive(str(file), len(content), hashlib.sha256(content).hexdigest(), "inception")
    ours = InceptionClean(weights=file, archive=archive)
    options = {"num_workers": WORKERS, "batch_size": 32, "device": torch.device("cpu"), "verbose": False}
    paths = {
        "clean-fid": partial(fid.get_folder_features, str(folder), theirs, mode="clean", **options),
        "ours": lambda: features_of(ours, open_gallery(folder), ""),
    }
    with warnings.catch_warnings(action="ignore"), torch.inference_mode():
        expected, found = (np.asarray(path()) for path in paths.values())
        seconds = interleaved({name: partial(_drop, path) for name, path in paths.items()}, rounds=3)
    return seconds, float(np.abs(found - expected).max() / np.abs(expected).max())


def _drop(call: Callable[[], object]) -> None:
    call()


def _images(folder: Path, count: int) -> Path:
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)
    for index, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{index:04d}.png")
    return folder
