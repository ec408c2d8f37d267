"""D's moving averages in the released graph, where TensorFlow leaves the order of two updates open.

In a D update the passes over real and fake images are unordered nodes of one graph, and each moves the averages: a
trace holds either order, per variable. Nothing reads these averages (D is only used in training mode), but a replay
must neither reject a trace for its order nor accept what no order explains.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn

from vigan.models.batch_norm import MOMENTUM, BatchNorm


class BatchStatistics:
    """Mean and biased variance of each training pass through a network's BN layers, from now on, in order."""

    def __init__(self, network: nn.Module) -> None:
        self.passes: dict[str, list[np.ndarray]] = {}
        for name, layer in network.named_modules():
            if isinstance(layer, BatchNorm):
                layer.register_forward_pre_hook(self._recorder(name))

    def _recorder(self, name: str):  # noqa: ANN202 - a torch hook
        means = self.passes.setdefault(f"{name}.moving_mean", [])
        variances = self.passes.setdefault(f"{name}.moving_variance", [])

        def record(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            x = inputs[0].detach().transpose(0, 1).flatten(1)
            means.append(x.mean(1).numpy())
            variances.append(x.var(1, correction=0).numpy())

        return record


def in_their_order(ours: np.ndarray, theirs: np.ndarray, passes: np.ndarray, pairs: Sequence[int]) -> np.ndarray:
    """Our moving average (C,) with the passes of some D updates swapped: the order that comes closest to `theirs`.

    `passes` (N, C) are the statistics that moved it, in our order; `pairs` the positions of D's real passes, each
    followed by its fake pass. Averages are linear in the passes, so each swap adds a fixed vector; the swaps are found
    by rounded least squares and compared with "none" and "all".
    """
    left = len(passes) - 1 - np.asarray(pairs)
    step = MOMENTUM * ((1 - MOMENTUM) ** left - (1 - MOMENTUM) ** (left - 1))
    swaps = step[:, None] * (passes[np.asarray(pairs) + 1] - passes[np.asarray(pairs)])
    solved = np.linalg.lstsq(swaps.T, theirs - ours, rcond=None)[0].round().clip(0, 1)
    candidates = [ours + chosen @ swaps for chosen in (np.zeros(len(pairs)), np.ones(len(pairs)), solved)]
    return min(candidates, key=lambda value: float(np.abs(value - theirs).max()))
