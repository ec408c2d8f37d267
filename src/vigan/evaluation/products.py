"""The products behind all pairs of samples, on the device that a run is measured on."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from vigan.metrics.pairs import Product, products_by
from vigan.metrics.validate import Floats


def pairs_on(device: torch.device) -> AbstractContextManager[None]:
    """Within, pairs are multiplied on a CUDA device, in float64; metrics are the host's to 1e-12. Else nothing changes.

    Some 7 of the 9 processor seconds that 10,000 samples take (docs/performance.md). A tile takes 40 MB there.
    """
    return products_by(on_device(device)) if device.type == "cuda" else nullcontext()


def on_device(device: torch.device) -> Product:
    """Products on a device, in float64, from and to the host."""

    def product(x: Floats, y: Floats) -> Floats:
        a, b = (torch.from_numpy(rows).to(device) for rows in (x, y))
        return (a @ b.T).cpu().numpy()

    return product
