"""Random numbers of stabilisers, as functions of (seed, stabiliser, iteration, update), without any stored state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from vigan import rng

Kind = Literal["rand", "randn", "iteration"]


class Draws:
    """Random numbers of all stabilisers of a run, drawn on the host by NumPy, so they are the same on every device.

    A captured CUDA graph reads its numbers from fixed buffers, one for each draw that an earlier iteration made:
    `fill_buffers` writes an iteration's numbers before each replay; within `from_buffers`, draws read the buffers.
    """

    def __init__(self, seed: int, like: Tensor) -> None:
        """Draw for a run's `seed`, in the dtype and on the device of `like`."""
        self.seed, self.like = seed, like
        self.known: dict[str, tuple[Kind, tuple[int, ...]]] = {}
        self.buffers: dict[str, Tensor] = {}
        self.reads_buffers = False
        self.calls: Counter[str] = Counter()
        self.begin(0)

    def begin(self, iteration: int) -> None:
        """Go to an iteration, counted from 0."""
        self.iteration = iteration
        self.at("")

    def at(self, update: str) -> None:
        """Go to an update of this iteration, by its name: its draws do not depend on those of other updates."""
        self.update, self.calls = update, Counter()

    def of(self, stabiliser: str) -> Stream:
        """The numbers of one stabiliser."""
        return Stream(self, stabiliser)

    def fill_buffers(self) -> None:
        """Write this iteration's numbers into the buffers."""
        for block, (_, shape) in self.known.items():
            place = self.buffers.setdefault(block, self.like.new_empty(shape))
            place.copy_(self._numbers(block), non_blocking=True)

    @contextmanager
    def from_buffers(self) -> Iterator[None]:
        """Within, draws read the buffers. Raises KeyError for a draw that no earlier iteration made."""
        self.reads_buffers = True
        try:
            yield
        finally:
            self.reads_buffers = False

    def take(self, stabiliser: str, kind: Kind, shape: tuple[int, ...]) -> Tensor:
        """The next numbers of a stabiliser in this update."""
        block = f"{stabiliser}.{self.update}.{self.calls[stabiliser]}"
        self.calls[stabiliser] += 1
        if self.reads_buffers:
            return self.buffers[block]
        self.known[block] = kind, shape
        return self._numbers(block).to(self.like)

    def _numbers(self, block: str) -> Tensor:
        kind, shape = self.known[block]
        if kind == "iteration":
            return torch.tensor(float(self.iteration))
        draws = rng.generator(self.seed, "stabiliser", f"{self.iteration}.{block}")
        numbers = draws.standard_normal(shape, np.float32) if kind == "randn" else draws.random(shape, np.float32)
        return torch.from_numpy(np.asarray(numbers))


class Stream(NamedTuple):
    """The random numbers of one stabiliser: new ones in every update, the same in every run of the seed."""

    draws: Draws
    stabiliser: str

    def rand(self, *shape: int) -> Tensor:
        """Uniform on [0, 1), as `torch.rand`."""
        return self.draws.take(self.stabiliser, "rand", shape)

    def randn(self, *shape: int) -> Tensor:
        """Standard normal, as `torch.randn`."""
        return self.draws.take(self.stabiliser, "randn", shape)

    def iteration(self) -> Tensor:
        """The iteration, counted from 0, as a scalar tensor: a number of Python would be frozen in a CUDA graph."""
        return self.draws.take(self.stabiliser, "iteration", ())
