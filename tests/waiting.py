"""Waiting for what another process, thread or clock does."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(reached: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Return as soon as `reached`, fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)
