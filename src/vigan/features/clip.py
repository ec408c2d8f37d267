"""CLIP ViT-L/14@336 embeddings, as CMMD takes them (Jayasumana et al. 2024, arXiv 2401.09603; Radford et al. 2021)."""

from __future__ import annotations

import io
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from vigan.features.base import Pictures
from vigan.features.pillow_uint8 import CLIP, normalised, resized_by_pillow
from vigan.features.transformer import VisionTransformer
from vigan.features.weights import Archive, torchscript_warning_ignored

_DIGEST = "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02"
OPENAI = Archive(
    url=f"https://openaipublic.azureedge.net/clip/models/{_DIGEST}/ViT-L-14-336px.pt",
    size=934_088_680,
    sha256=_DIGEST,
    setting="clip",
)
"""OpenAI's own archive (MIT), whose digest is part of its address; its 16-bit weights are used as 32-bit ones."""


class ClipL14(VisionTransformer):
    """768 numbers of unit length: the image's embedding, projected.

    Of each image the middle square, resized by Pillow's bicubic to 336x336 and rounded to 8 bits, as the authors of
    CMMD do. Raises RecordError if the weights are missing or not the known ones.
    """

    name = "clip-l14-336"
    dimension = 768
    side = 336
    published = OPENAI
    resizing = "the middle square of each image to {side}x{side} by Pillow's bicubic, rounded to 8 bits, as CMMD does"
    architecture = "vit_large_patch14_clip_quickgelu_336"
    sizes: ClassVar = {"num_classes": dimension}

    def read(self, file: bytes) -> dict[str, Tensor]:
        """The image tower's, of a TorchScript archive of all of CLIP."""
        with torchscript_warning_ignored("load"):
            tensors = torch.jit.load(io.BytesIO(file), map_location="cpu").state_dict()
        return {name: tensor.float() for name, tensor in tensors.items() if name.startswith("visual.")}

    def resized(self, images: Pictures) -> Tensor:
        """As the authors of CMMD make them of files."""
        return resized_by_pillow(images, self.side, self.device, square=True)

    def network(self, batch: Tensor) -> Tensor:
        """Embeddings of images in [0, 255]."""
        return functional.normalize(self.module(normalised(batch, CLIP)), dim=1)
