"""Numbers of what was there before, taken for numbers of what is there now."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vigan.evaluation.files import measure_images

from . import Report


def _of_replaced_reference(folder: Path) -> object:
    """Whether images are measured against a reference as it is now, though features of an earlier one are kept."""
    draw = np.random.default_rng(0)
    images, first, second = draw.integers(0, 256, (3, 20, 3, 16, 16), dtype=np.uint8)
    np.save(folder / "images.npy", images)

    def measured(reference: np.ndarray, cache: str) -> object:
        np.save(folder / "reference.npy", reference)
        named = {"extractor": "efflite0-128", "samples": 20, "device": "cpu", "cache": folder / cache}
        return measure_images(folder / "images.npy", folder / "reference.npy", **named)  # type: ignore[arg-type]

    return measured(first, "kept") != measured(second, "kept") == measured(second, "empty")


REPORTS = [
    Report(
        "NVlabs/stylegan3#174",
        "images were prepared anew, and the features of the wrong ones lived on in a cache",
        _of_replaced_reference,
        True,
    ),
]
