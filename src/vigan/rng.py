"""Counter-based random numbers: every draw is a function of (seed, stream, block), without any stored state."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

Stream = Literal["init", "data", "latent", "eval", "prepare", "metric", "stabiliser"]


def generator(seed: int, stream: Stream, block: int | str = 0) -> np.random.Generator:
    """NumPy generator (Philox) whose key is SHA-256 of (seed, stream, block).

    Arms of one seed share every stream, on every device: their runs are paired. `block` is a counter (a batch
    number, an epoch) or a name (a parameter).
    """
    digest = hashlib.sha256(f"{seed}|{stream}|{block}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=np.frombuffer(digest[:16], dtype=np.uint64)))


@contextmanager
def global_draws() -> Iterator[list[str]]:
    """A list that names, afterwards, whose global generator was drawn from, or seeded, within: numpy's, torch's.

    Python's is left out: libraries draw from it while they are imported, as scikit-learn does. Nor is it told that
    torch's was seeded where torch was first imported within.
    """
    drawn: list[str] = []
    before = _global_states()
    yield drawn
    drawn += [name for name, state in _global_states().items() if state != (before.get(name) or _unused())]


def numpy_state() -> bytes:
    """The state of numpy's global generator."""
    state = np.random.get_state(legacy=False)
    return repr(state).encode() + state["state"]["key"].tobytes()


def _global_states() -> dict[str, bytes]:
    torch: Any = sys.modules.get("torch")
    return {"numpy": numpy_state(), **({"torch": torch.get_rng_state().numpy().tobytes()} if torch else {})}


def _unused() -> bytes:
    """The state of torch's global generator before any draw, which every process begins with a seed of its own."""
    torch: Any = sys.modules["torch"]
    return torch.Generator().manual_seed(torch.initial_seed()).get_state().numpy().tobytes()
