"""CLIP ViT-L/14@336 embeddings, as CMMD takes them (Jayasumana et al. 2024, arXiv 2401.09603; Radford et al. 2021)."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, ClassVar

import timm
import torch
from timm.models.vision_transformer import checkpoint_filter_fn
from torch import Tensor
from torch.nn import functional

from vigan.features.base import Extractor, Pictures
from vigan.features.pillow_input import CLIP, normalised, pillow_input
from vigan.features.weights import Archive, content, find

_DIGEST = "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02"
OPENAI = Archive(
    url=f"https://openaipublic.azureedge.net/clip/models/{_DIGEST}/ViT-L-14-336px.pt",
    size=934_088_680,
    sha256=_DIGEST,
    setting="clip",
)
"""OpenAI's own archive (MIT), whose digest is part of its address; its 16-bit weights are used as 32-bit ones."""


class ClipL14(Extractor):
    """768 numbers of unit length: the image's embedding, projected.

    Of each image the middle square, resized by Pillow's bicubic to 336x336 and rounded to 8 bits, as the authors of
    CMMD do. Raises RecordError if the weights are missing or not the known ones.
    """

    name = "clip-l14-336"
    dimension = 768
    side = 336
    published = OPENAI
    resizing = "the middle square of each image to {side}x{side} by Pillow's bicubic, rounded to 8 bits, as CMMD does"
    sizes: ClassVar[dict[str, Any]] = {}
    """Where they are not ViT-L/14's, as in tests."""

    def __init__(
        self,
        device: str = "cpu",
        batch_size: int | None = None,
        weights: Path | None = None,
        archive: Archive = OPENAI,
    ) -> None:
        """Load the network onto `device`; see `vigan.features.weights.find` for where from."""
        super().__init__(device, batch_size)
        self.weights_sha256 = archive.sha256
        self.module = load_network(content(find(archive, weights), archive), self.side, self.sizes).to(self.device)

    def resized(self, images: Pictures) -> Tensor:
        """As the authors of CMMD make them of files."""
        return pillow_input(images, self.side, self.device, square=True)

    def network(self, batch: Tensor) -> Tensor:
        """Embeddings of images in [0, 255]."""
        return functional.normalize(self.module(normalised(batch, CLIP)), dim=1)


def load_network(archive: bytes, side: int, sizes: dict[str, Any]) -> Any:
    """The image tower in evaluation mode, of the tensors in a TorchScript archive of all of CLIP."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*torch\.jit\.load.*deprecated")
        tensors = torch.jit.load(io.BytesIO(archive), map_location="cpu").state_dict()
    visual = {name: tensor.float() for name, tensor in tensors.items() if name.startswith("visual.")}
    with torch.device("meta"):
        network: Any = timm.create_model(
            "vit_large_patch14_clip_quickgelu_336", img_size=side, **{"num_classes": ClipL14.dimension, **sizes}
        )
    network.load_state_dict(checkpoint_filter_fn(visual, network), assign=True)
    return network.eval().requires_grad_(False)
