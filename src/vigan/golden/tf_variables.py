"""The released graph's variables under their TensorFlow names, and the order of their axes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

_DENSE = "flatten_fully_connected/fully_connected"
_SCOPES = {
    "generator": {"linear": _DENSE, "ups.0": "Conv2d_transpose", "ups.1": "Conv2d_transpose_1",
                  "ups.2": "Conv2d_transpose_2", "to_image": "Conv2d_transpose_3"},
    "discriminator": {"from_image": "Conv", "downs.0": "Conv_1", "downs.1": "Conv_2", "downs.2": "Conv_3",
                      "linear": _DENSE},
}  # fmt: skip
_LEAVES = {"weight": "weights", "bias": "biases"}
_NORM_LEAVES = {"weight": "gamma", "bias": "beta", "moving_mean": "moving_mean", "moving_variance": "moving_variance"}


def variables(role: str, network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """(TensorFlow name, our tensor) for every parameter and moving average of the released G or D (`role`), side 64."""
    for name, tensor in network.state_dict(keep_vars=True).items():
        path, _, leaf = name.replace(".conv.", ".").rpartition(".")
        layer = path.replace("linear_norm", "linear").replace("_norms", "s")
        inner = f"BatchNorm/{_NORM_LEAVES[leaf]}" if "norm" in path else _LEAVES[leaf]
        yield f"{role}/{_SCOPES[role][layer]}/{inner}", tensor


def to_tensorflow(tensor: Tensor) -> np.ndarray:
    """A tensor with its axes as TensorFlow stores it: kernels (height, width, ...), dense layers (in, out)."""
    return tensor.detach().permute(_axes(tensor)[1]).numpy()


def from_tensorflow(array: np.ndarray, like: Tensor) -> Tensor:
    """The inverse of `to_tensorflow`, in the type of `like`."""
    return torch.from_numpy(array.transpose(_axes(like)[0])).to(like.dtype)


def _axes(tensor: Tensor) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Axes (TensorFlow to ours, ours to TensorFlow): the same rule serves convolutions and their transposes."""
    return {4: ((3, 2, 0, 1), (2, 3, 1, 0)), 2: ((1, 0), (1, 0)), 1: ((0,), (0,))}[tensor.ndim]
