"""Counter-based random numbers: every draw is a function of (seed, stream, block), without any stored state."""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np

Stream = Literal["init", "data", "latent", "eval", "prepare", "metric", "stabiliser"]


def generator(seed: int, stream: Stream, block: int | str = 0) -> np.random.Generator:
    """NumPy generator (Philox) whose key is SHA-256 of (seed, stream, block).

    Arms of one seed share every stream, on every device: their runs are paired. `block` is a counter (a batch
    number, an epoch) or a name (a parameter).
    """
    digest = hashlib.sha256(f"{seed}|{stream}|{block}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=np.frombuffer(digest[:16], dtype=np.uint64)))
