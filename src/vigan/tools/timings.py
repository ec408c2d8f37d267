"""What `vigan doctor` found an iteration of each arm to take, kept for preflight among what this machine fetched."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from pathlib import Path

import torch

from vigan.config.arms import RunSpec
from vigan.config.base import digest_of
from vigan.io.files import RecordError, read_json, write_json
from vigan.runtime.settings import cache_folder


def keep(device: torch.device, seconds: Iterable[tuple[RunSpec, float]]) -> None:
    """Keep seconds of an iteration of some runs' arms on a device, beside those of other arms."""
    known = _read(device)
    write_json(_path(device), known | {_key(spec): value for spec, value in seconds})


def kept_seconds(spec: RunSpec, device: torch.device) -> float | None:
    """Seconds that an iteration was found to take on this device with this torch; None if nobody looked."""
    return _read(device).get(_key(spec))


def _read(device: torch.device) -> dict[str, float]:
    try:
        return read_json(_path(device)) if _path(device).exists() else {}
    except RecordError:
        return {}


def _path(device: torch.device) -> Path:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.node()
    return cache_folder() / "doctor" / f"{digest_of([name, torch.__version__])[:16]}.json"


def _key(spec: RunSpec) -> str:
    return digest_of([spec.arm.model_dump(mode="json"), list(spec.dataset.shape)])
