"""Settings of the machine a study runs on. They decide where and when, never a result."""

from __future__ import annotations

import os
import sys
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


def pass_on(study_file: str, values: Mapping[str, object]) -> None:
    """Put a study file's path and the settings among `values` into the environment of the commands started from here.

    There they are no part of a rule, so that moving a file never makes a result look outdated. `vigan` is found there
    too, whether or not the environment it lives in was activated.
    """
    os.environ["VIGAN_CONFIG"] = study_file
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for name in SETTINGS:
        if name in values:
            os.environ[f"VIGAN_{name.upper()}"] = str(values[name])


def has_gpu() -> bool:
    """Whether an NVIDIA GPU may be used here, found without loading any library."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in {"", "-1"}
    return not hidden and any(Path("/proc/driver/nvidia/gpus").glob("*"))
