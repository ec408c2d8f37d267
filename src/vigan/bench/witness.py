"""The same two folders measured by other tools and here, and statistics exchanged: the table of docs/metrics.md.

The tools are found in environments of their own, `.witness/TOOL`, which `make witness` makes. The network is a stand-in
for Inception, with random weights: it is the same for all, and what is compared is everything around it.
"""

from __future__ import annotations

import hashlib
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from vigan.bench.record import Measurement, processor
from vigan.data.load_images import open_gallery
from vigan.evaluation.anybody import made_with
from vigan.evaluation.extraction import features_of
from vigan.evaluation.statistics import Statistics, of_features, read_statistics, write_statistics
from vigan.evaluation.witness import Case, Witness, ask
from vigan.evaluation.witness_tools import TOOLS
from vigan.features.inception import INCEPTION, InceptionClean
from vigan.features.weights import Archive
from vigan.metrics.frechet import fit, frechet_distance
from vigan.metrics.kernel import kid
from vigan.metrics.protocols import Reference, feature_metrics
from vigan.rng import generator

PLACE = Path(".witness")
COUNTS = {False: 1200, True: 40}
SIDES = {"64x64 pixels": 64, "299x299 pixels": 299}
"""The second is the network's own side: nobody resizes."""

SHOWN = ("frechet", "kid_mean", "kid_of_all", "precision", "recall", "density", "coverage")


class StandIn(InceptionClean):
    """Inception's way of doing things, with fewer activations: the matrix roots of others take minutes at 2,048."""

    dimension = 256


class Network(nn.Module):
    """A stand-in for NVIDIA's archive: `layers` from (n, 3, 299, 299) to pooled activations."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=8), nn.ReLU(), nn.Conv2d(64, StandIn.dimension, 3, stride=4), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
        )  # fmt: skip

    def forward(self, img: Tensor) -> Tensor:
        """The same, of images in [0, 255]."""
        return self.layers((img - 128) / 128)


def stand_in(folder: Path) -> StandIn:
    """`StandIn` on an archive with a `Network`, whose activations vary from image to image."""
    path = folder / INCEPTION.name
    with torch.random.fork_rng(), warnings.catch_warnings(action="ignore"):
        torch.manual_seed(0)
        network = Network().eval()
        for layer in network.layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        torch.jit.save(torch.jit.script(network), path)
    content = path.read_bytes()
    archive = Archive(str(path), len(content), hashlib.sha256(content).hexdigest(), INCEPTION.setting)
    return StandIn(weights=path, archive=archive)


class Images(NamedTuple):
    """A folder of made-up real images, and one of made-up generated ones."""

    reference: Path
    images: Path


def make_images(folder: Path, count: int, side: int) -> Images:
    """Four corners of random colours, smoothed, and noise; half of the generated ones are paler and repeated."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (2, count, 2, 2, 3), dtype=np.uint8)
    half = count // 2
    coarse[1, half:] = coarse[1, half + rng.integers(0, max(half // 5, 1), count - half)] // 2 + 60
    made = Images(folder / f"reference-{side}", folder / f"images-{side}")
    for path, shapes in zip(made, coarse, strict=True):
        path.mkdir()
        for index, shape in enumerate(shapes):
            smooth = np.asarray(Image.fromarray(shape).resize((side, side), Image.Resampling.BICUBIC), np.int16)
            noisy = smooth + rng.integers(-9, 10, smooth.shape, dtype=np.int16)
            Image.fromarray(np.uint8(np.clip(noisy, 0, 255))).save(path / f"{index:05d}.png", compress_level=1)
    return made


def measure(quick: bool) -> Measurement:
    """Every number by every tool, on images that are resized and on images that are not."""
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as name:
        extractor = stand_in(Path(name))
        pairs = {words: make_images(Path(name), COUNTS[quick], side) for words, side in SIDES.items()}
        found = {words: _measured(extractor, pair, Path(name) / f"{SIDES[words]}") for words, pair in pairs.items()}
    settings = {"images": COUNTS[quick], "sides": SIDES, "network": "random weights, 256 activations", "quick": quick}
    return Measurement(processor(), settings, {words: _summary(tools) for words, tools in found.items()}, found)


def _measured(extractor: StandIn, pair: Images, folder: Path) -> dict[str, Any]:
    real, fake = (features_of(extractor, open_gallery(path), path.name) for path in (pair.reference, pair.images))
    case, ours = Case(pair.images, pair.reference, fake, real), of_features(real, made_with(extractor))
    tools: dict[str, Any] = {"vigan": {"numbers": own_numbers(real, fake)}}
    for witness in witnesses():
        exchange = folder / witness.tool
        exchange.mkdir(parents=True)
        for ending in (".npz", ".pt"):
            write_statistics(exchange / f"ours{ending}", ours, with_features=False)
        tools[witness.tool] = ask(witness, extractor, case, exchange=exchange, threads=2)
        if theirs := _theirs(exchange):
            tools[witness.tool]["numbers"]["frechet_by_theirs"] = frechet_distance(theirs.gaussian, fit(fake))
    return tools


def witnesses() -> list[Witness]:
    """The tools whose environments are there."""
    found = [Witness(tool, (PLACE / tool / "bin" / "python").absolute()) for tool in TOOLS]
    return [witness for witness in found if witness.python.exists()]


def own_numbers(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    """All that any of the tools gives, and KID of one subset that is all."""
    alone, _ = kid(real, fake, generator(0, "metric", "kid"), 1, min(len(real), len(fake)))
    numbers = {**feature_metrics(Reference(real), fake), "kid_of_all": alone}
    return {name: numbers[name] for name in SHOWN}


def _theirs(exchange: Path) -> Statistics | None:
    """The statistics that a tool wrote."""
    for ending in (".npz", ".pt"):
        if (exchange / f"theirs{ending}").exists():
            return read_statistics(exchange / f"theirs{ending}")
    return None


def _summary(tools: Mapping[str, Any]) -> dict[str, float]:
    distances = {tool: found["numbers"].get("frechet") for tool, found in tools.items()}
    return {tool: round(value, 6) for tool, value in distances.items() if value is not None}
