"""DINOv2 ViT-L/14 features, as FD-DINOv2 takes them (Stein et al. 2023, arXiv 2306.04675; Oquab et al. 2023)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, ClassVar

import timm
import torch
from timm.models.vision_transformer import checkpoint_filter_fn
from torch import Tensor
from torch.nn import functional

from vigan.features.base import Extractor, Pictures
from vigan.features.pillow_input import IMAGENET, normalised, pillow_input
from vigan.features.weights import Archive, content, find

DINOV2 = Archive(
    url="https://dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/dinov2_vitl14_pretrain.pth",
    size=1_217_586_395,
    sha256="d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428",
    setting="dinov2",
)
"""Meta's own file of the ViT-L/14 without registers (Apache-2.0)."""

PATCH = 14
OFFSET = 0.1
"""What DINOv2's own code adds to a side in patches before it divides by the trained one."""


class DinoV2(Extractor):
    """1,024 numbers of the class token after the last norm, as the authors' code gives them by default.

    Images are resized by Pillow's bicubic to 224x224, rounded to 8 bits, and normalised as ImageNet's. The trained
    positions, 37x37, become 16x16 as in DINOv2's own code: bicubic, not antialiased. Raises RecordError if the weights
    are missing or not the known ones.
    """

    name = "dinov2-l14-224"
    dimension = 1024
    side = 224
    published = DINOV2
    resizing = "each image to {side}x{side} by Pillow's bicubic, rounded to 8 bits, as Stein et al. do"
    sizes: ClassVar[dict[str, Any]] = {}
    """Where they are not ViT-L/14's, as in tests."""

    def __init__(
        self,
        device: str = "cpu",
        batch_size: int | None = None,
        weights: Path | None = None,
        archive: Archive = DINOV2,
    ) -> None:
        """Load the network onto `device`; see `vigan.features.weights.find` for where from."""
        super().__init__(device, batch_size)
        self.weights_sha256 = archive.sha256
        read = io.BytesIO(content(find(archive, weights), archive))
        self.module = load_network(torch.load(read, map_location="cpu", weights_only=True), self.side, self.sizes)
        self.module.to(self.device)

    def resized(self, images: Pictures) -> Tensor:
        """As the authors' code makes them of files."""
        return pillow_input(images, self.side, self.device)

    def network(self, batch: Tensor) -> Tensor:
        """The class token of images in [0, 255]."""
        tokens = self.module.forward_features(normalised(batch, IMAGENET))
        return tokens[:, 0]


def load_network(tensors: dict[str, Tensor], side: int, sizes: dict[str, Any]) -> Any:
    """The transformer in evaluation mode, for images of `side`, of tensors by the names that Meta gives them."""
    with torch.device("meta"):
        network: Any = timm.create_model("vit_large_patch14_dinov2", img_size=side, num_classes=0, **sizes)
    named = {**tensors, "pos_embed": positions(tensors["pos_embed"], side // PATCH)}
    network.load_state_dict(checkpoint_filter_fn(named, network), assign=True)
    return network.eval().requires_grad_(False)


def positions(trained: Tensor, grid: int) -> Tensor:
    """Positions (1, 1 + grid^2, d) of trained ones (1, 1 + m^2, d): the class token's stays, the others are resized."""
    token, patches = trained[:, :1], trained[:, 1:]
    old = round(patches.shape[1] ** 0.5)
    square = patches.reshape(1, old, old, -1).permute(0, 3, 1, 2)
    scale = (grid + OFFSET) / old
    resized = functional.interpolate(square, scale_factor=(scale, scale), mode="bicubic")
    return torch.cat([token, resized.permute(0, 2, 3, 1).reshape(1, grid * grid, -1)], 1)
