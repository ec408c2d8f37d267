"""A network's input as Pillow makes it of 8-bit images: bicubic, antialiased, rounded to 8 bits."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from vigan.features.base import Images, Pictures

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
"""Means and deviations (red, green, blue) of images in [0, 1] that networks are trained with."""


def resized_by_pillow(images: Pictures, side: int, device: torch.device, *, square: bool = False) -> Tensor:
    """Float32 images (n, 3, side, side) of whole numbers in [0, 255]; with `square`, of their middle square."""
    made = np.stack([_resized(_rgb(image), side, square) for image in images])
    return torch.from_numpy(made).to(device).permute(0, 3, 1, 2).float()


def normalised(batch: Tensor, mean_and_deviation: tuple[tuple[float, ...], tuple[float, ...]]) -> Tensor:
    """Images in [0, 255] less the mean, over the deviation, of images in [0, 1]."""
    mean, deviation = (torch.tensor(values, device=batch.device)[:, None, None] for values in mean_and_deviation)
    return (batch / 255 - mean) / deviation


def _rgb(image: Images) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(np.moveaxis(np.broadcast_to(image, (3, *image.shape[1:])), 0, 2)))


def _resized(image: Image.Image, side: int, square: bool) -> np.ndarray:
    if square:
        width, height = image.size
        least = min(width, height)
        left, top = (width - least) // 2, (height - least) // 2
        image = image.crop((left, top, left + least, top + least))
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))
