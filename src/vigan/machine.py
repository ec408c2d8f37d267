"""Settings of the machine a study runs on. They decide where and when, never a result."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SETTINGS = ("celeba", "download", "cpu", "state")
"""Where CelebA is; whether to fetch it; whether to train for days on CPUs; where checkpoints live."""


def setting(name: str, otherwise: str = "") -> str:
    """A setting: VIGAN_NAME in the environment."""
    return os.environ.get(f"VIGAN_{name.upper()}", otherwise)


def switched_on(name: str) -> bool:
    """Whether a setting says yes."""
    return setting(name).lower() in {"1", "true", "yes"}


def pass_on(values: Mapping[str, object]) -> None:
    """Put settings into the environment, where every vigan command that is started from here finds them."""
    for name in SETTINGS:
        if name in values:
            os.environ[f"VIGAN_{name.upper()}"] = str(values[name])


def gpu_count() -> int:
    """NVIDIA GPUs of this machine, found without loading any library."""
    return len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
