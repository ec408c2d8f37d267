"""What extractors by a published vision transformer share: its file, checked, and timm's network filled from it."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import timm
import torch
from timm.models.vision_transformer import checkpoint_filter_fn
from torch import Tensor

from vigan.features.base import Extractor
from vigan.features.weights import Archive, content, find


class VisionTransformer(Extractor):
    """An extractor whose network is timm's `architecture`, with the weights of `published`.

    Raises RecordError if the weights are missing or not the known ones.
    """

    architecture: ClassVar[str]
    sizes: ClassVar[dict[str, Any]] = {}
    """Where they are not the architecture's, as in tests."""

    def __init__(
        self,
        device: str = "cpu",
        batch_size: int | None = None,
        weights: Path | None = None,
        archive: Archive | None = None,
    ) -> None:
        """Load the network onto `device`; see `vigan.features.weights.find` for where from."""
        super().__init__(device, batch_size)
        known = archive or self.published
        assert known is not None
        self.weights_sha256 = known.sha256
        self.module = self._filled(self.read(content(find(known, weights), known))).to(self.device)

    @abstractmethod
    def read(self, file: bytes) -> dict[str, Tensor]:
        """The image network's tensors in a file of weights, on the CPU, by the names that its authors give them."""

    def _filled(self, tensors: dict[str, Tensor]) -> Any:
        with torch.device("meta"):
            network: Any = timm.create_model(self.architecture, img_size=self.side, **self.sizes)
        network.load_state_dict(checkpoint_filter_fn(tensors, network), assign=True)
        return network.eval().requires_grad_(False)
