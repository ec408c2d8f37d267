"""DINOv2 ViT-L/14 features, as FD-DINOv2 takes them (Stein et al. 2023, arXiv 2306.04675; Oquab et al. 2023)."""

from __future__ import annotations

import io
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from vigan.features.base import Pictures
from vigan.features.pillow_uint8 import IMAGENET, normalised, resized_by_pillow
from vigan.features.transformer import VisionTransformer
from vigan.features.weights import Archive

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


class DinoV2(VisionTransformer):
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
    architecture = "vit_large_patch14_dinov2"
    sizes: ClassVar = {"num_classes": 0}

    def read(self, file: bytes) -> dict[str, Tensor]:
        """The transformer's, its positions resized to the input's."""
        tensors = torch.load(io.BytesIO(file), map_location="cpu", weights_only=True)
        return {**tensors, "pos_embed": positions(tensors["pos_embed"], self.side // PATCH)}

    def resized(self, images: Pictures) -> Tensor:
        """As the authors' code makes them of files."""
        return resized_by_pillow(images, self.side, self.device)

    def network(self, batch: Tensor) -> Tensor:
        """The class token of images in [0, 255]."""
        tokens = self.module.forward_features(normalised(batch, IMAGENET))
        return tokens[:, 0]


def positions(trained: Tensor, grid: int) -> Tensor:
    """Positions (1, 1 + grid^2, d) of trained ones (1, 1 + m^2, d): the class token's stays, the others are resized."""
    token, patches = trained[:, :1], trained[:, 1:]
    old = round(patches.shape[1] ** 0.5)
    square = patches.reshape(1, old, old, -1).permute(0, 3, 1, 2)
    scale = (grid + OFFSET) / old
    resized = functional.interpolate(square, scale_factor=(scale, scale), mode="bicubic")
    return torch.cat([token, resized.permute(0, 2, 3, 1).reshape(1, grid * grid, -1)], 1)
