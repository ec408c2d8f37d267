"""scikit-learn's handwritten digits, which need no download."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vigan.config.datasets import Digits
from vigan.data.material import Material
from vigan.data.resize import antialias

GREY_STEPS = 16


def material(dataset: Digits) -> Material:
    """The 1,797 scans, uint8 (1797, 1, side, side), white on black; labels are the digits."""
    from sklearn.datasets import load_digits

    scans, labels = load_digits(return_X_y=True)
    grey = np.rint(np.asarray(scans).reshape(-1, 8, 8) * (255 / GREY_STEPS)).astype(np.uint8)
    images = np.stack([np.asarray(antialias(Image.fromarray(scan), dataset.side)) for scan in grey])
    return Material(
        count=len(images),
        shape=dataset.shape,
        dtype=np.dtype(np.uint8),
        blocks=(block for block in [images[:, None]]),
        labels=np.asarray(labels, dtype="<i8"),
        preprocessing=f"8x8 scans, levels 0..16 to 0..255, to {dataset.side}x{dataset.side} by Pillow's bicubic",
        notes=("UCI optical recognition of handwritten digits, test part, as shipped with scikit-learn",),
    )
